# SPDX-License-Identifier: BSD-2-Clause
"""A tshark that misbehaves on demand: it answers questions about itself like the real one, and does with captures what a test says."""

import os
import tempfile

import tshark

# It lives in a folder that everybody may read, because espcap lets another user run it. It stays the same
# file for all tests, so that espcap asks it for its fields only once; what it does stands in a file beside it.
SCRIPT = """#!/usr/bin/python3 -IS
import os, re, shutil, signal, struct, subprocess, sys, time
HERE, REAL = %r, %r
words = sys.argv[1:]
def send(name):
    with open(os.path.join(HERE, name), "rb") as source:
        shutil.copyfileobj(source, sys.stdout.buffer)
    sys.exit(0)
if words[:1] in (["--version"], ["-v"]):
    send("version")
if words[:1] == ["-G"]:
    send("fields")
if "-z" in words and not os.path.exists(os.path.join(HERE, "knows-plugin")):
    sys.exit('tshark: Invalid -z argument "%%s"' %% words[words.index("-z") + 1])
out = sys.stdout.buffer
def say(data):
    out.write(data)
    out.flush()
def real():
    try:
        child = subprocess.Popen([REAL, *words], stdin=0, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except PermissionError:
        sys.exit("inside the sandbox the real tshark cannot be started: the test has to give fakes.FREE")
    yield from child.stdout
def simple():
    # Inside the sandbox it can start no other program. These are the lines of UDP packets, as far as anybody looks.
    source = sys.stdin.buffer
    source.read(24)
    for count in range(1, sys.maxsize):
        header = source.read(16)
        if len(header) < 16:
            return
        seconds, _, captured, length = struct.unpack("<IIII", header)
        payload = source.read(captured)[42:].hex(":")
        yield b'{"index":{"_index":"packets-2020-09-13"}}\\n'
        yield (b'{"timestamp":"%%d","layers":{"frame":{"frame_frame_number":"%%d","frame_frame_len":"%%d",'
               b'"frame_frame_cap_len":"%%d","frame_frame_marked":false,"frame_frame_protocols":"eth:ethertype:ip:udp:data"},'
               b'"udp":{"udp_udp_length":"8"},"data":{"data_data_data":"%%s"}}}\\n'
               %% (seconds * 1000, count, length, captured, payload.encode()))
def number(line, name=b"number"):
    match = re.search(b'"frame_frame_' + name + b'":"(\\\\d+)"', line)
    return int(match.group(1)) if match else None
def is_at(line, *numbers):
    # espcap leaves a packet out by giving it no bytes.
    return number(line) in numbers and number(line, b"cap_len") > 0
def flag(name):
    path = os.path.join(HERE, "flags", name)
    if os.path.exists(path):
        return False
    open(path, "w").close()
    return True
def die(signal_number):
    signal.signal(signal_number, signal.SIG_DFL) if signal_number != signal.SIGKILL else None
    os.kill(os.getpid(), signal_number)
with open(os.path.join(HERE, "behaviour")) as source:
    behaviour = source.read()
exec(behaviour)
"""

# For a fake that runs the real tshark, leaves flags or looks at itself: inside the sandbox it could do neither.
FREE = "--no-sandbox"


class Fake:
    """The fake tshark of a test run."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="espcap-fake-")
        os.chmod(self.folder, 0o755)
        self.flags = os.path.join(self.folder, "flags")
        os.mkdir(self.flags)
        os.chmod(self.flags, 0o1777)
        self.path = os.path.join(self.folder, "tshark")
        self.write("version", tshark.run(["--version"]))
        self.write("fields", tshark.run(["-G", "fields"]))
        self.write("tshark", (SCRIPT % (self.folder, tshark.program())).encode(), 0o755)

    def write(self, name, content, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as target:
            target.write(content)
        os.chmod(path, mode)

    def behave(self, source):
        """From now on it does this with a capture. Forgets the flags of the test before."""
        for name in os.listdir(self.flags):
            os.unlink(os.path.join(self.flags, name))
        if os.path.exists(os.path.join(self.folder, "knows-plugin")):
            os.unlink(os.path.join(self.folder, "knows-plugin"))
        self.write("behaviour", source.encode())

    def knows_plugin(self):
        """From now on until the next behaviour it takes -z, as a tshark that has loaded the plugin."""
        self.write("knows-plugin", b"")

    def flag(self, name):
        """What it left under this name, or None."""
        path = os.path.join(self.flags, name)
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as source:
            return source.read()

    def raise_flag(self, name):
        with open(os.path.join(self.flags, name), "w", encoding="utf-8"):
            pass


# What it can be told.
HONEST = """
for line in real():
    out.write(line)
"""

CRASHES_AT = """
for line in real():
    if is_at(line, %s):
        out.flush() if "-l" in words else None
        die(signal.SIGSEGV)
    out.write(line)
    out.flush() if "-l" in words else None
"""

HANGS_AT = """
for line in real():
    if is_at(line, %s):
        out.flush()
        time.sleep(600)
    say(line)
"""

SPINS_AT = """
for line in real():
    if is_at(line, %s):
        out.flush()
        while True:
            pass
    say(line)
"""

KILLED_ONCE_AT = """
for line in real():
    if is_at(line, %s) and flag("killed"):
        die(signal.SIGKILL)
    say(line)
"""

RUBBISH_BETWEEN = """
say(b"Capturing on 'rubbish'\\n\\n{\\n[1,2]\\n\\xff\\xfe\\0\\n")
for line in real():
    say(b"** (tshark:1) WARNING **: no JSON\\n" + line)
"""

RUBBISH_ONLY = """
sys.stdin.buffer.read()
say(os.urandom(1 << 20).replace(b"\\n", b"") + b"\\n" + b"{" * 5000)
"""

HALF_A_LINE_AT = """
for line in real():
    if is_at(line, %s):
        say(line[:len(line) // 2])
        sys.exit(0)
    say(line)
"""

NOT_UTF8 = """
for line in real():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":"a\\xff\\xc3(b"'))
"""

NESTED = """
for line in real():
    deep = b'"http":' + b'{"http":' * 300 + b'{"http_http_host":"bottom"}' + b"}" * 300
    say(line.replace(b'"layers":{', b'"layers":{' + deep + b",") if b'"layers"' in line else line)
"""

STDERR_FLOOD = """
for line in real():
    say(line)
    sys.stderr.write(("flood " * 1000 + "\\n") * 200)
"""

# %d megabytes in the first packet's line.
HUGE_LINE = """
piece = b"0123456789abcdef" * 65536
for line in real():
    head, key, tail = line.partition(b'"frame_frame_marked":')
    if not key or not is_at(line, 1):
        say(line)
        continue
    out.write(head + b'"frame_frame_comment":"')
    for _ in range(%d):
        out.write(piece)
    say(b'",' + key + tail)
"""

# Runs out of memory at a packet once it has read so many others. Inside the sandbox, where memory is limited.
RUNS_OUT_BEHIND = """
seen = 0
for line in simple():
    if number(line) and number(line, b"cap_len") > 0:
        seen += 1
    if seen > %d:
        out.flush()
        sys.stderr.write("** (tshark:1): failed to allocate 8388608 bytes\\n")
        sys.stderr.flush()
        die(signal.SIGABRT)
    say(line)
"""

LEAVES_TRACE = """
flag("started")
for line in real():
    say(line)
"""

LEAVES_TRACE_OF_PACKETS = """
for line in real():
    flag("dissected")
    say(line)
"""

TELLS_ABOUT_ITSELF = """
import json
loaded = open("/proc/self/maps").read()
fds = sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name))
with open(os.path.join(HERE, "flags", "self"), "w") as target:
    json.dump({"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "fds": fds,
               "environment": dict(os.environ), "cwd": os.getcwd(), "group": os.getpgrp() == os.getpid(),
               "home": os.listdir(os.environ["HOME"]), "wide": "/wide_stdout.so" in loaded}, target)
for line in real():
    say(line)
"""

TELLS_PID_AND_WAITS = """
with open(os.path.join(HERE, "flags", "pid.tmp"), "w") as target:
    target.write(str(os.getpid()))
os.rename(os.path.join(HERE, "flags", "pid.tmp"), os.path.join(HERE, "flags", "pid"))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""

# Reads nothing until the test raises the flag "go".
WAITS_FOR_GO = """
open(os.path.join(HERE, "flags", "ready"), "w").close()
while not os.path.exists(os.path.join(HERE, "flags", "go")):
    time.sleep(0.01)
for line in real():
    say(line)
"""

# For captures of one packet, without the quarter of a second that a real one needs to start.
QUICK = """#!/bin/sh
case "$1" in
--version) exec cat '%(folder)s/version' ;;
-G) exec cat '%(folder)s/fields' ;;
esac
while read -r line; do :; done
echo '{"index":{"_index":"packets-2020-09-13"}}'
echo '{"timestamp":"1600000000000","layers":{"frame":{"frame_frame_number":"1","frame_frame_protocols":"eth:ethertype:ip:udp"},"eth":{"eth_eth_type":"0x0800"},"ip":{"ip_ip_ttl":"64"},"udp":{"udp_udp_length":"8"}}}'
"""
