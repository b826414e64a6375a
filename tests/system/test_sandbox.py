# SPDX-License-Identifier: BSD-2-Clause
"""The sandbox: what a tshark that is taken over can still do, and that nothing of it stays."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

import conftest
import espcap
import fakes
import frames

PACKETS = 5
FILTER = "only the system calls that tshark needs"

# Tries what it must not do, and tells in a document how each try ended: "done", or the name of the error.
PROBE = """
import errno, json, socket, threading
HOME = os.environ["HOME"]
def attempt(action):
    try:
        return action() or "done"
    except OSError as error:
        return errno.errorcode[error.errno]
    except MemoryError:
        return "MemoryError"
def call(number, *arguments):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
def connect():
    socket.create_connection(("127.0.0.1", %(port)d), 2)
def listen_unix():
    socket.socket(socket.AF_UNIX).bind("\\0espcap-test")
def threads():
    over = threading.Event()
    threading.stack_size(1 << 17)
    started = []
    try:
        while len(started) < 3000:
            thread = threading.Thread(target=over.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        raise OSError(errno.EAGAIN, "")
    finally:
        over.set()
        for thread in started:
            thread.join()
def bomb():
    children = []
    try:
        while len(children) < 3000:
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
def descriptors():
    found = []
    for fd in range(1000):
        try:
            os.fstat(fd)
            found.append(fd)
        except OSError:
            pass
    return found
def status():
    with open("/proc/thread-self/status") as source:
        return source.read()
machine = os.uname().machine
ptrace = {"x86_64": 101, "aarch64": 117}[machine]
unshare = {"x86_64": 272, "aarch64": 97}[machine]
# In a PID namespace the parent has no number.
with open(os.path.join(HERE, "flags", "espcap")) as source:
    espcap = int(source.read())
result = {
    "shadow": attempt(lambda: open("/etc/shadow") and None),
    "secret": attempt(lambda: open(%(secret)r) and None),
    "tmp": attempt(lambda: open(%(folder)r + "/probe", "w") and None),
    "beside": attempt(lambda: open(os.path.join(HERE, "flags", "probe"), "w") and None),
    "home": attempt(lambda: open(os.path.join(HOME, "probe"), "w") and None),
    "home listed": attempt(lambda: os.listdir(HOME)),
    "null": attempt(lambda: open("/dev/null", "w").write("x") and None),
    "environ": attempt(lambda: open("/proc/%%d/environ" %% espcap) and None),
    "connect": attempt(connect),
    "unix": attempt(listen_unix),
    "ptrace": attempt(lambda: call(ptrace, 16, espcap, 0, 0)),
    "unshare": attempt(lambda: call(unshare, 0x10000000)),
    "kill": attempt(lambda: os.kill(espcap, 0)),
    "setuid": attempt(lambda: os.setuid(0)),
    "fork": attempt(bomb), "threads": attempt(threads),
    "memory": attempt(lambda: bytearray(1 << 40) and None),
    "uid": os.getresuid(), "groups": os.getgroups(), "descriptors": descriptors(),
    "environment": sorted(os.environ), "cwd": os.getcwd(), "pid": os.getpid(),
}
for line in simple():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":' + json.dumps(json.dumps(result)).encode()))
"""

# For /proc/PID/status: it has to be looked at from outside.
WAITS = """
sys.stdin.buffer.read()
time.sleep(600)
"""

# Tries to change the key log, by any way to it, for those who read it next, and tells what it found.
PLANTS = """
import errno, json, mmap
def plant(action):
    try:
        action()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
def rewrite():
    os.fchmod(3, 0o666)
    with open("/dev/fd/3", "r+b") as target:
        target.write(b"# planted\\n")
def map_again():
    with open("/dev/fd/3", "r+b") as target:
        mmap.mmap(target.fileno(), 0)[:4] = b"EVIL"
def map_it():
    mmap.mmap(3, 0)[:4] = b"EVIL"
result = {"place": os.lseek(3, 0, os.SEEK_CUR), "text": os.read(3, 100).decode(),
          "tries": [plant(action) for action in (map_it, map_again, rewrite, lambda: os.write(3, b"EVIL"),
                                                 lambda: os.pwrite(3, b"EVIL", 0), lambda: os.ftruncate(3, 0),
                                                 lambda: os.truncate("/dev/fd/3", 0))]}
for line in simple():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":' + json.dumps(json.dumps(result)).encode()))
"""

@pytest.fixture
def good(folder):
    path = os.path.join(folder, "good.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"packet %d" % number) for number in range(PACKETS)]))
    return path


@pytest.fixture
def prefix(request, unprivileged):
    """A command prefix for whom espcap is started by: us, but for a test that is parametrized with BOTH."""
    return unprivileged if getattr(request, "param", "us") == "unprivileged" else []


BOTH = pytest.mark.parametrize("prefix", ("us", "unprivileged") if os.geteuid() == 0 else ("us",), indirect=True)


@pytest.fixture(scope="module")
def caches():
    """One cache for every user who runs espcap here: to ask tshark for its fields takes long."""
    path = tempfile.mkdtemp(prefix="espcap-test-caches-")
    os.chmod(path, 0o1777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def place(folder, caches, prefix):
    """Where private folders go, so that what stays is seen."""
    return {"XDG_CACHE_HOME": os.path.join(caches, "plain" if prefix else "ours"), "TMPDIR": folder}


def private(folder):
    return [name for name in os.listdir(folder) if name.startswith("espcap-")]


def fences(good, prefix, place):
    """What --verbose says of each fence."""
    result = espcap.run("--file", good, "--verbose", prefix=prefix, environment=place)
    assert result.code == 0, result.errors
    lines = [line[len("espcap: sandbox: "):] for line in result.messages.split("\n")
             if line.startswith("espcap: sandbox: ")]
    assert len(lines) == 8, lines
    assert all(line.endswith(": active") or ": unavailable (" in line for line in lines), lines
    return {line.split(" (")[0].split(":")[0]: line.endswith(": active") for line in lines}


def tells_its_number(fake):
    """A command prefix: a fake tshark finds the number of what follows beside itself."""
    return ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", os.path.join(fake.flags, "espcap")]


@BOTH
def test_what_a_hostile_tshark_can_do(good, fake, prefix, place, folder):
    hold = fences(good, prefix, place)
    assert hold["no privileges"] and hold["limits"]
    secret = os.path.join(folder, "password")
    with open(secret, "w", encoding="ascii") as target:
        target.write("secret")
    os.chmod(secret, 0o644)
    with socket.create_server(("127.0.0.1", 0)) as server:
        fake.behave(PROBE % {"port": server.getsockname()[1], "secret": secret, "folder": folder})
        result = espcap.run("--file", good, "--tshark", fake.path, prefix=[*prefix, *tells_its_number(fake)],
                            environment=place)
    assert result.code == 0, result.errors
    told = json.loads(result.documents[0]["layers"]["frame"]["frame.marked"])
    assert told["shadow"] == "EACCES" and told["setuid"] in ("EPERM", "EINVAL")    # not even known in the namespace
    assert told["memory"] == "MemoryError"
    assert told["descriptors"] == [0, 1, 2]
    assert set(told["environment"]) == {"HOME", "PATH", "LC_ALL"}
    assert 0 not in told["uid"] and told["cwd"] == "/"
    assert told["null"] == "done"
    if hold["files only read"]:
        denied = ("secret", "tmp", "beside", "home", "environ")
        assert {told[name] for name in denied} == {"EACCES"}, told
        assert told["home listed"] == "done"        # an empty list
        assert told["kill"] in ("ESRCH" if hold["no other processes"] else "EPERM", "EPERM")
    if hold["no network"]:
        assert told["threads"] == "EAGAIN"
        assert told["fork"] == ("EPERM" if hold[FILTER] else "EAGAIN")
    if hold[FILTER]:
        denied = ("connect", "unix", "ptrace", "unshare", "fork", "kill")
        assert {told[name] for name in denied} == {"EPERM"}, told
    assert not hold["files only read"] or not os.path.exists(os.path.join(folder, "probe"))
    assert private(folder) == []


def test_without_sandbox_it_could(good, fake, folder, place):
    """The same probe outside: so its tries are real ones. And it is said."""
    secret = os.path.join(folder, "password")
    with open(secret, "w", encoding="ascii") as target:
        target.write("secret")
    os.chmod(secret, 0o644)
    with socket.create_server(("127.0.0.1", 0)) as server:
        fake.behave((PROBE % {"port": server.getsockname()[1], "secret": secret, "folder": folder}).replace("< 3000", "< 30"))
        result = espcap.run("--file", good, "--quiet", "--no-sandbox", "--tshark", fake.path,
                            prefix=tells_its_number(fake), environment=place)
    assert result.code == 0, result.errors
    assert "--no-sandbox" in result.messages
    told = json.loads(result.documents[0]["layers"]["frame"]["frame.marked"])
    for name in ("secret", "tmp", "beside", "connect", "unix", "kill", "fork", "threads", "null"):
        assert told[name] == "done", (name, told)
    # The folder is removed with what was left in it.
    assert told["home"] == "done"
    assert private(folder) == []


def children(pid):
    text = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in text.split("\n") if line]
    return {int(row[0]): row[2] for row in rows if row[1] == str(pid)}


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as source:
        return dict(line.rstrip("\n").split(":\t", 1) for line in source if ":\t" in line)


@BOTH
@pytest.mark.parametrize("number", (signal.SIGKILL, signal.SIGSEGV), ids=lambda s: s.name)
def test_nothing_stays(number, good, fake, prefix, place, folder):
    """What the kernel says of a running tshark; and that it, all helpers and the private folder go with espcap."""
    hold = fences(good, prefix, place)
    fake.behave(WAITS)
    with subprocess.Popen([*prefix, *espcap.command("--file", good, "--tshark", fake.path)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**espcap.ENVIRONMENT, **place}) as child:
        try:
            def tshark():
                return [pid for pid, words in children(child.pid).items() if fake.path in words and " -r " in words
                        and "espcap --file" not in words]
            wait_for(tshark)
            time.sleep(0.5)
            others = list(children(child.pid))
            status = status_of(tshark()[0])
            assert len(private(folder)) == 1
        finally:
            child.send_signal(number)
        child.wait(timeout=30)
    wait_for(lambda: not any(map(espcap.is_running, others)))
    wait_for(lambda: private(folder) == [])
    assert status["NoNewPrivs"] == "1"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    if hold["no network"] or (os.geteuid() == 0 and not prefix):
        assert status["CapBnd"] == "0" * 16
    if hold[FILTER]:
        assert status["Seccomp"] == "2"
    assert "0" not in status["Uid"].split("\t")


# Leaves behind what would stay: that which left its group and session and holds nothing, that which holds standard
# output, that which is stopped, and that which no signal but one ends.
SURVIVES = """
import ctypes
def leave(action):
    try:
        if os.fork() != 0:
            return
    except OSError:
        return
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(1, 0)
        if os.fork() == 0:
            action()
            time.sleep(600)
    finally:
        os._exit(0)
leave(lambda: os.closerange(0, 256))
leave(lambda: None)
leave(lambda: os.kill(os.getpid(), signal.SIGSTOP))
leave(lambda: [signal.signal(number, signal.SIG_IGN) for number in (1, 2, 15)])
for line in simple():
    out.write(line)
out.flush()
"""


def of_fake(fake, word=b""):
    """The processes that were started for this fake, espcap's own among them; or those with this word as well."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % name, "rb") as source:
                words = source.read().split(b"\0")
            if os.fsencode(fake.path) in words and word in words:
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@BOTH
@pytest.mark.parametrize("how", ("end", "kill"))
def test_nothing_of_a_hostile_tshark_stays(how, good, fake, prefix, place):
    """Nor is an end held up by what holds the output."""
    hold = fences(good, prefix, place)
    fake.behave(SURVIVES if how == "end" else SURVIVES + "time.sleep(600)\n")
    with subprocess.Popen([*prefix, *espcap.command("--file", good, "--tshark", fake.path)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**espcap.ENVIRONMENT, **place}) as child:
        try:
            lines = [child.stdout.readline() for _ in range(PACKETS)]
            if how == "kill":
                child.kill()
            assert child.wait(timeout=30) == (0 if how == "end" else -signal.SIGKILL)
        finally:
            child.kill()
    assert all(lines)
    if hold["no other processes"]:
        wait_for(lambda: not of_fake(fake))


def test_what_would_stay(good, fake, place):
    """The same outside of the sandbox: so they would."""
    fake.behave(SURVIVES)
    result = espcap.run("--file", good, "--no-sandbox", "--tshark", fake.path, environment=place)
    left = of_fake(fake)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert result.code == 0, result.errors
    assert len(left) == 4


@conftest.needs_root
@pytest.mark.parametrize("user", ("root", "unprivileged"))
def test_without_namespaces_it_is_said(user, good, fake, place, folder, unprivileged):
    """espcap works all the same, and tshark and its helpers go with it."""
    prefix = [*conftest.no_namespaces(folder), *(unprivileged if user == "unprivileged" else [])]
    result = espcap.run("--file", good, "--verbose", prefix=prefix, environment={"TMPDIR": folder})
    assert result.code == 0 and len(result.documents) == PACKETS, result.errors
    said = [line for line in result.messages.split("\n") if line.startswith("espcap: sandbox: ")]
    for name in ("no other processes", "no network", "limit of processes"):
        assert [line for line in said if name in line and line.endswith(": unavailable (Operation not permitted)")], said
    assert "espcap: sandbox: processes that tshark starts may outlive espcap" in said
    fake.behave(WAITS)
    with subprocess.Popen([*prefix, *espcap.command("--file", good, "--tshark", fake.path)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**espcap.ENVIRONMENT, **place}) as child:
        try:
            wait_for(lambda: of_fake(fake, b"-r"))
        finally:
            child.kill()
    wait_for(lambda: not of_fake(fake))


# Tells which process it is. The first one waits in the middle.
TELLS_ITS_NUMBER = """
for line in simple():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":"%d %d"' % (os.getpid(), os.getppid())))
    if number(line) == 2 and not os.path.exists(os.path.join(HERE, "flags", "second")):
        time.sleep(600)
"""


def init_of(pid):
    """The first process of the PID namespace, which is a child of espcap."""
    return next(child for child in children(pid) if status_of(child)["NSpid"].split()[1:] == ["1"])


@BOTH
def test_a_killed_init_is_replaced(good, fake, prefix, place):
    """As if memory had run out. A fresh tshark is inside as the first was."""
    if not fences(good, prefix, place)["no other processes"]:
        pytest.skip("there is no PID namespace here")
    fake.behave(TELLS_ITS_NUMBER)
    with subprocess.Popen([*prefix, *espcap.command("--file", good, "--tshark", fake.path)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, **place}) as child:
        try:
            lines = [child.stdout.readline() for _ in range(2)]
            first = init_of(child.pid)
            fake.raise_flag("second")
            os.kill(first, signal.SIGKILL)
            output, errors = child.communicate(timeout=60)
        finally:
            child.kill()
    result = espcap.Result(child.returncode, b"".join(lines) + output, errors)
    assert not espcap.SANITIZER.search(result.errors), result.errors
    assert result.code == 0, result.errors
    told = [document["layers"]["frame"]["frame.marked"].split() for document in result.documents]
    assert [document["frame_number"] for document in result.documents] == list(range(1, PACKETS + 1))
    # Numbers begin again, and nobody outside has one.
    assert all(int(number) < 20 and parent == "0" for number, parent in told), told
    assert not espcap.is_running(first)


def test_a_tshark_that_runs_out_hands_over(good, fake, place):
    """It is told, costs no packet, and shows in the exit status."""
    fake.behave(fakes.RUNS_OUT_BEHIND % 2)
    result = espcap.run("--file", good, "--tshark", fake.path, environment=place)
    assert result.code == 4, result.errors
    assert [document["frame_number"] for document in result.documents] == list(range(1, PACKETS + 1))
    assert "tshark ran out of the memory allowed (--tshark-memory); a fresh one takes over after packet 2" \
        in result.messages
    assert "packets after 2 were dissected without" in result.messages
    assert result.counts["undissected"] == 0


def test_a_packet_that_takes_all_memory(good, fake, place):
    """Whoever has it fails, however fresh: it is left out."""
    fake.behave(fakes.RUNS_OUT_BEHIND.replace("seen > %d", "number(line) == 3 and number(line, b'cap_len') > 0"))
    result = espcap.run("--file", good, "--tshark", fake.path, environment=place)
    assert result.code == 4, result.errors
    assert [document["frame_number"] for document in result.documents] == [1, 2, 4, 5]
    assert result.counts["undissected"] == 1


def test_other_words_are_no_want_of_memory_without_a_limit(good, fake, place):
    fake.behave(fakes.RUNS_OUT_BEHIND % 2)
    result = espcap.run("--file", good, "--no-sandbox", "--tshark", fake.path, environment=place)
    assert "--tshark-memory" not in result.messages


def new_flows(path, count):
    """Packets of which each begins a conversation."""
    with open(path, "wb") as target:
        target.write(frames.pcap([]))
        for number in range(count):
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, 0, 0, 64, 6, 0, 0x0A000000 + number, 0x0B000000 + number)
            tcp = struct.pack(">HHIIBBHHH", 1024 + number % 60000, 80, 1, 0, 0x50, 2, 1024, 0, 0)
            target.write(frames.pcap_record(b"\2" * 12 + b"\x08\0" + ip + tcp))
    return path


def test_the_real_tshark_runs_out(folder, place):
    """On as many new flows as a second one takes up. Its address space is bounded, so it needs the plain espcap's speed."""
    count = 120_000
    capture = new_flows(os.path.join(folder, "flows.pcap"), count)
    output = os.path.join(folder, "output")
    with open(output, "wb") as target:
        done = subprocess.run([espcap.PLAIN, "--file", capture, "--tshark-memory=384M", "--fields=frame.number"],
                              stdout=target, stderr=subprocess.PIPE, check=False, timeout=300,
                              env={**espcap.ENVIRONMENT, **place})
    result = espcap.Result(done.returncode, b"", done.stderr)
    assert result.code == 4, result.errors
    assert "tshark ran out of the memory allowed (--tshark-memory)" in result.messages
    assert result.counts["printed"] == count
    with open(output, "rb") as source:
        numbers = [json.loads(line)["frame_number"] for line in source]
    assert numbers == list(range(1, count + 1))


def test_too_little_memory_to_start_is_told(good, fake, place):
    path = os.path.join(fake.folder, "poor")
    fake.write("poor", b"#!/bin/sh\necho 'tshark: libz.so: failed to map segment from shared object' >&2\nexit 127\n", 0o755)
    result = espcap.run("--file", good, "--tshark", path, environment=place)
    assert (result.code, result.output) == (4, b""), result.errors
    assert "--tshark-memory" in result.messages


def test_version_is_asked_inside_the_fences(fake, place, folder):
    path = os.path.join(fake.folder, "nosy")
    fake.write("nosy", ("#!/bin/sh\nif echo >%s/trace; then echo outside; else exec cat %s/version; fi\n"
                        % (folder, fake.folder)).encode(), 0o755)
    result = espcap.run("--version", "--tshark", path, environment=place)
    assert result.code == 0 and b"TShark" in result.output
    assert not os.path.exists(os.path.join(folder, "trace"))
    outside = espcap.run("--version", "--no-sandbox", "--tshark", path, environment=place)
    assert b"TShark" not in outside.output
    assert os.path.exists(os.path.join(folder, "trace"))


@BOTH
def test_a_wrapper_works(good, fake, prefix, place):
    """A script that starts the system's tshark with a variable of its own."""
    fake.write("wrapper", b"#!/bin/sh\nTZ=UTC exec tshark \"$@\" 2>/dev/null\n", 0o755)
    result = espcap.run("--file", good, "--tshark", os.path.join(fake.folder, "wrapper"), prefix=prefix,
                        environment=place)
    assert result.code == 0, result.errors
    assert len(result.documents) == PACKETS


@pytest.mark.parametrize("shell", ("sh", "bash"))
def test_a_wrapper_that_starts_programs_is_told(shell, good, fake, place):
    """It has no processes; the message says what to do, and that works."""
    if not fences(good, [], place)[FILTER]:
        pytest.skip("no filter of system calls on this machine")
    path = os.path.join(fake.folder, "pipe-" + shell)
    fake.write("pipe-" + shell, ("#!/bin/%s\ntshark \"$@\" | cat\nexit 1\n" % shell).encode(), 0o755)
    result = espcap.run("--file", good, "--tshark", path, environment=place)
    assert (result.code, result.output) == (2, b""), result.errors
    assert path + " does not run in the sandbox" in result.errors and "--no-sandbox" in result.errors
    fake.write("pipe-" + shell, ("#!/bin/%s\ntshark \"$@\" | cat\n" % shell).encode(), 0o755)
    result = espcap.run("--file", good, "--tshark", path, fakes.FREE, environment=place)
    assert (result.code, len(result.documents)) == (0, PACKETS), result.errors


def test_key_log_reaches_tshark(folder, place):
    """As descriptor 3, also to another user."""
    capture = next(name for name in conftest.CAPTURES if espcap.key_log(name))
    keys = shutil.copy(espcap.key_log(capture), folder)
    os.chmod(keys, 0o600)
    locked = espcap.run("--file", capture, environment=place)
    opened = espcap.run("--file", capture, "--tls-keys", keys, environment=place)
    assert (locked.code, opened.code) == (0, 0), locked.errors + opened.errors
    assert len(opened.output) > len(locked.output)


@BOTH
@pytest.mark.parametrize("options", ([], [fakes.FREE]), ids=("sandbox", "free"))
def test_key_log_stays_as_it_is(options, good, fake, prefix, place):
    """All tsharks read the same copy: none of them changes what the others find, nor where they are in it."""
    text = "# secret\nCLIENT_RANDOM %s %s\n" % ("00" * 32, "11" * 48)
    fake.behave(PLANTS)
    result = espcap.run("--file", good, "--file", good, "--jobs=1", "--tls-keys=/dev/stdin", "--tshark", fake.path,
                        *options, stdin=text.encode(), prefix=prefix, environment=place)
    assert result.code == 0, result.errors
    told = [json.loads(document["layers"]["frame"]["frame.marked"]) for document in result.documents]
    assert len(told) == 2 * PACKETS
    for each in told:
        assert (each["place"], each["text"]) == (0, text[:100])
        assert len(each["tries"]) == 7 and "done" not in each["tries"], each
