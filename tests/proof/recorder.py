# SPDX-License-Identifier: BSD-2-Clause
"""A tshark that keeps its arguments, its environment and every byte of its standard input, and has another program do the work."""

import contextlib
import json
import os
import shutil
import tempfile

import fakes

# It hands on what it gets, and its output is that of the program; what tshark says of itself it knows, as that takes
# long. The environment is that of its start: what is preloaded
# into it takes itself out of os.environ. A program that ends before its input does is followed when nothing more
# comes, so that what was on the way is in the record, however fast the machine is.
SCRIPT = """#!/usr/bin/python3 -IS
import ctypes, json, os, select, shutil, signal, subprocess, sys
HERE = %r
ANSWERS = {"--version": "version", "-G": "fields"}
QUIET = 0.3
def create(suffix, number):
    return os.open("%%s/started/%%04d.%%s" %% (HERE, number, suffix), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
def claim():
    for number in range(1, 10000):
        try:
            return number, create("stdin", number)
        except FileExistsError:
            pass
def keep(fd, data):
    while data:
        data = data[os.write(fd, data):]
def copy(kept, target, ended):
    over = False
    while True:
        ready = select.select([0] if over else [0, ended], [], [], QUIET if over else None)[0]
        if over and not ready:
            return
        over = over or ended in ready
        if 0 not in ready:
            continue
        data = os.read(0, 65536)
        if not data:
            return
        keep(kept, data)
        try:
            keep(target, data)
        except OSError:
            pass
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
with open(HERE + "/target") as source:
    program, answers = source.read().split("\\n")
with open("/proc/self/environ", "rb") as source:
    environment = dict(word.split(b"=", 1) for word in source.read().split(b"\\0") if word)
number, kept = claim()
about = create("about", number)
keep(about, json.dumps({"arguments": sys.argv[1:], "environment": sorted(
    b"=".join(pair).decode() for pair in environment.items())}).encode())
os.close(about)
if answers and sys.argv[1] in ANSWERS:
    with open(answers + "/" + ANSWERS[sys.argv[1]], "rb") as told:
        shutil.copyfileobj(told, sys.stdout.buffer)
    sys.exit(0)
source, target = os.pipe()
libc = ctypes.CDLL(None)
child = subprocess.Popen([program, *sys.argv[1:]], stdin=source, env=environment, close_fds=False,
                         preexec_fn=lambda: libc.prctl(1, signal.SIGKILL))
os.close(source)
copy(kept, target, os.pidfd_open(child.pid))
os.close(target)
code = child.wait()
if code < 0:
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


class Started:
    """One tshark that was started: its arguments, its environment, and what its standard input gave it."""

    def __init__(self, about, given):
        self.arguments = about["arguments"]
        self.environment = about["environment"]
        self.given = given


class Recorder:
    """The recording tshark, always the same file, so that espcap asks it for its fields only once; and the fake behind it."""

    def __init__(self, program):
        self.program = program
        self.fake = fakes.Fake()
        self.folder = tempfile.mkdtemp(prefix="espcap-proof-tshark-")
        os.chmod(self.folder, 0o755)
        self.path = os.path.join(self.folder, "tshark")
        self.put("tshark", SCRIPT % self.folder, 0o755)
        self.reset()

    def remove(self):
        for folder in (self.folder, self.fake.folder):
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)
        os.chmod(path, mode)

    def reset(self):
        """Nothing was started, and the real tshark does the work."""
        started = os.path.join(self.folder, "started")
        shutil.rmtree(started, ignore_errors=True)
        os.mkdir(started)
        os.chmod(started, 0o1777)
        self.target(self.program, self.fake.folder)

    def target(self, program, answers=""):
        """From now on this program does the work; it is not asked about itself if the answers are in that folder."""
        self.put("target", "%s\n%s" % (program, answers))

    def behave(self, source, knows_plugin=False):
        """From now on the fake does the work, like this."""
        self.fake.behave(source)
        if knows_plugin:
            self.fake.knows_plugin()
        self.target(self.fake.path, self.fake.folder)

    def started(self):
        """What was started until now, in the order of the starts."""
        found, folder = [], os.path.join(self.folder, "started")
        for name in sorted(os.listdir(folder)):
            base, _, suffix = name.rpartition(".")
            # One that was killed at once has told nothing.
            if suffix != "stdin":
                continue
            about = {"arguments": ["killed before it told"], "environment": []}
            with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, base + ".about"), "rb") as source:
                about = json.loads(source.read() or json.dumps(about))
            with open(os.path.join(folder, name), "rb") as source:
                found.append(Started(about, source.read()))
        return found
