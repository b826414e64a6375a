# SPDX-License-Identifier: BSD-2-Clause
"""The filter of system calls: what a tshark that is taken over can still call, call by call, in every mode."""

import collections
import contextlib
import errno
import json
import os
import platform
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

import espcap
import frames
import others

SOURCE = os.path.join(os.path.dirname(__file__), "probe.c")

# What may end other than with EPERM inside the sandbox, and how: all else is EPERM.
MAY = {
    "own limit get": "done", "own limit by id": "done", "own limit set": "done",
    "own core limit get": "done", "own affinity": "done",
    "own affinity by id": "done", "own kill": "done", "own tgkill": "done", "own thread": "done", "own name": "done",
    "own memory": "done", "own descriptor": "done", "own flags": "done", "own pipe": "done", "own random": "done",
    "own null": "done", "own exec": "ENOENT", "own wait": "ECHILD",
    "own clone3": "ENOSYS", "unknown": "ENOSYS", "unknown far": "ENOSYS", "x32": "ENOSYS",
}
# What the same probe can do without the sandbox, where it can do it at all: else a refusal would mean nothing.
CAN = (
    "prlimit get", "prlimit set", "setpriority process", "getpriority", "nice", "sched_setscheduler", "sched_setparam",
    "sched_setattr", "sched_getattr", "sched_getscheduler", "sched_getparam", "sched_getaffinity other",
    "sched_setaffinity", "ioprio_set process", "ioprio_set user", "ioprio_get", "kill", "kill group", "kill all",
    "kill own group", "kill high", "tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open",
    "setpgid", "getsid", "fork", "clone own descriptors", "personality",
    "core limit set", "core limit set by id", "core limit set high", "core limit set old",
    "F_SETOWN", "F_SETOWN_EX", "F_SETSIG", "F_SETFL O_ASYNC", "F_SETPIPE_SZ", "F_SETLEASE", "F_NOTIFY", "F_SETLK",
    "F_OFD_SETLK", "F_SETFL high", "flock", "FIOASYNC", "tee", "splice", "vmsplice",
    "chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "utimensat", "futimens", "utime", "truncate", "link",
    "unlink", "symlink", "rename", "unlinkat", "mkdir", "rmdir", "mknod", "inotify", "sync", "fsync",
    "shmget", "shmctl", "semget", "semctl", "msgget", "msgctl", "mq_open", "mq_unlink", "add_key", "keyctl",
    "memfd_create", "timer_create", "timerfd_create", "signalfd", "epoll_create", "seccomp", "membarrier",
    "socket unix", "socket inet", "socket netlink", "socketpair", "sendto path", "sendto abstract", "sendmsg", "connect",
    "PDEATHSIG", "DUMPABLE", "SUBREAPER", "PR high", "setuid", "capset", "close 0",
)

# Runs a command in a user namespace in which nobody can make another one. Only root can map others than himself.
NO_NAMESPACES = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
uid, gid = os.geteuid(), os.getegid()
turn, done = os.pipe(), os.pipe()
first = os.getpid()
if os.fork() == 0:
    os.read(turn[0], 1)
    with open("/proc/%d/setgroups" % first, "w") as target:
        target.write("allow" if uid == 0 else "deny")
    for kind, number in (("uid", uid), ("gid", gid)):
        with open("/proc/%d/%s_map" % (first, kind), "w") as target:
            target.write("0 0 65536" if uid == 0 else "%d %d 1" % (number, number))
    os.write(done[1], b"x")
    os._exit(0)
if libc.unshare(0x10000000) != 0:       # CLONE_NEWUSER
    sys.exit("unshare: " + os.strerror(ctypes.get_errno()))
os.write(turn[1], b"x")
os.read(done[0], 1)
os.wait()
with open("/proc/sys/user/max_user_namespaces", "w") as target:
    target.write("0")
os.execvp(sys.argv[1], sys.argv[1:])
"""
NESTED = [sys.executable, "-c", NO_NAMESPACES]

Mode = collections.namedtuple("Mode", "prefix has_namespaces user")


def espcap_user():
    """Who espcap becomes if root starts it."""
    for name in ("espcap", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("there is neither a user espcap nor a user nobody")


def can_nest(prefix):
    done = subprocess.run([*prefix, *NESTED, "true"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return done.returncode == 0


@pytest.fixture(params=("namespaces", "no namespaces"))
def has_namespaces(request):
    return request.param == "namespaces"


@pytest.fixture(params=("root", "plain") if os.geteuid() == 0 else ("plain",))
def mode(request, has_namespaces, unprivileged):
    """Who starts espcap, and whether it can have namespaces."""
    prefix = unprivileged if request.param == "plain" else []
    if not has_namespaces:
        if not can_nest(prefix):
            pytest.skip("no user namespace can be made here")
        prefix = [*prefix, *NESTED]
    user = espcap_user().pw_uid if request.param == "root" else 65534 if os.geteuid() == 0 else os.getuid()
    return Mode(prefix, has_namespaces, user)


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The compiled probe, as bytes."""
    path = str(tmp_path_factory.mktemp("probe") / "probe")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-Wall", "-Werror", "-o", path, SOURCE, "-lpthread"], check=True)
    with open(path, "rb") as source:
        return source.read()


@pytest.fixture(scope="module")
def caches():
    path = tempfile.mkdtemp(prefix="espcap-test-caches-")
    os.chmod(path, 0o1777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def good(folder):
    path = os.path.join(folder, "good.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"packet")]))
    return path


class Targets:
    """What a hostile tshark would like to reach, all of it its own user's."""

    def __init__(self, folder, user):
        self.folder = os.path.join(folder, "owned")
        os.mkdir(self.folder)
        self.file = os.path.join(self.folder, "private")
        with open(self.file, "w", encoding="ascii") as target:
            target.write("private")
        os.chmod(self.file, 0o600)
        os.chmod(self.folder, 0o700)
        if os.geteuid() == 0:
            os.chown(self.file, user, user)
            os.chown(self.folder, user, user)
        self.path = os.path.join(folder, "log")
        self.abstract = "espcap-test-%d" % os.getpid()
        self.sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        self.sockets[0].bind(self.path)
        os.chmod(self.path, 0o666)
        self.sockets[1].bind("\0" + self.abstract)
        become = ["setpriv", "--reuid=%d" % user, "--regid=%d" % user, "--clear-groups"] if os.geteuid() == 0 else []
        self.other = subprocess.Popen([*become, "sleep", "600"])

    def words(self):
        return "%d %s %s %s %s\n" % (self.other.pid, self.file, self.folder, self.path, self.abstract)

    def untouched(self):
        """Whether all is as it was made."""
        status = os.stat(self.file)
        assert (status.st_mode & 0o7777, status.st_size) == (0o600, 7)
        assert os.listdir(self.folder) == ["private"]
        for listener in self.sockets:
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.recv(100)
        assert self.other.poll() is None
        assert os.getpriority(os.PRIO_PROCESS, self.other.pid) == os.getpriority(os.PRIO_PROCESS, 0)
        with open("/proc/%d/limits" % self.other.pid, encoding="ascii") as source:
            limits = source.read()
        with open("/proc/self/limits", encoding="ascii") as source:
            assert limits == source.read()

    def close(self):
        for listener in self.sockets:
            listener.close()
        self.other.kill()
        self.other.wait()


@pytest.fixture
def targets(folder, mode):
    made = Targets(folder, mode.user)
    yield made
    made.close()


def has_filter(messages):
    line = next(line for line in messages.split("\n") if "seccomp" in line)
    assert line.endswith(": active") or ": unavailable (" in line, line
    return line.endswith(": active")


def holds(messages, beginning):
    return any(line.startswith("espcap: sandbox: " + beginning) and line.endswith(": active") for line in messages.split("\n"))


def named(number):
    return "done" if number == 0 else errno.errorcode[number]


def outcomes(result):
    """What the probe told of each call."""
    assert result.code == 0 and len(result.documents) == 1, result.errors
    told = result.documents[0]["layers"]["frame"]["frame.marked"]
    found = [entry.rpartition("=") for entry in told.split("|")]
    assert len({what for what, _, _ in found}) == len(found)
    return {what: named(int(number)) for what, _, number in found}


def run_probe(mode, fake, probe, good, targets, caches, *options):
    fake.write("probe", probe, 0o755)
    fake.write("targets", targets.words().encode())
    cache = os.path.join(caches, str(mode.user) + str(mode.has_namespaces))
    return espcap.run("--file", good, "--dissection=ek", "--verbose", "--tshark", os.path.join(fake.folder, "probe"),
                      *options, prefix=mode.prefix, environment={"XDG_CACHE_HOME": cache})


def test_what_a_probe_can_call(mode, fake, probe, good, targets, caches):
    """Over a hundred calls: those of the table, and no others."""
    result = run_probe(mode, fake, probe, good, targets, caches)
    assert mode.has_namespaces or not holds(result.messages, "no network"), result.messages
    if not has_filter(result.messages):
        pytest.skip("no filter of system calls on this machine")
    found = outcomes(result)
    assert len(found) >= 100
    assert {what: end for what, end in found.items() if end != MAY.get(what, "EPERM")} == {}
    targets.untouched()


@pytest.mark.parametrize("has_namespaces", [True])
def test_without_sandbox_the_probe_can(mode, fake, probe, good, targets, caches):
    """So its calls are real ones."""
    found = outcomes(run_probe(mode, fake, probe, good, targets, caches, "--no-sandbox"))
    assert {what: found[what] for what in CAN if found[what] != "done"} == {}
    with pytest.raises(AssertionError):
        targets.untouched()


# What trials did, as a fake that then goes on as a tshark. Each ends every try, whatever becomes of it.
TRIES = """
import json, resource, socket
other, file, folder, path, abstract = open(os.path.join(HERE, "targets")).read().split()
ended = []
def attempt(action, *arguments):
    try:
        action(*arguments)
        ended.append("done")
    except OSError as error:
        ended.append(error.strerror)
%s
for line in simple():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":' + json.dumps(json.dumps(ended)).encode()))
"""
HOSTILE = {
    "limits": """
for pid in (int(other), os.getppid()):
    # Where it sees no parent, 0 would be itself.
    if pid > 0:
        attempt(resource.prlimit, pid, resource.RLIMIT_CPU, (1, 1))
        attempt(resource.prlimit, pid, resource.RLIMIT_NOFILE, (0, 0))
        attempt(os.setpriority, os.PRIO_PROCESS, pid, 19)
        attempt(os.sched_setaffinity, pid, {0})
        attempt(os.kill, pid, signal.SIGKILL)
""",
    "sockets": """
message = b"<86>sshd[1]: Accepted publickey for root from 10.0.0.1 port 22"
try:
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
except OSError as error:
    ended.append(error.strerror)
else:
    attempt(ours.sendto, message, path)
    attempt(ours.sendto, message, "\\0" + abstract)
""",
    "files": """
attempt(os.chmod, file, 0o4777)
attempt(os.chmod, folder, 0o777)
attempt(os.chown, file, -1, os.getgid())
attempt(os.utime, file, (1, 1))
attempt(os.setxattr, file, "user.espcap", b"x")
attempt(os.rename, file, file + ".moved")
attempt(os.unlink, file)
attempt(os.mkdir, os.path.join(folder, "made"))
attempt(open, os.path.join(folder, "written"), "w")
""",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_tsharks_reach_nothing(kind, mode, fake, good, targets, caches):
    """espcap goes on to its end, and what they aimed at is as it was."""
    fake.write("targets", targets.words().encode())
    fake.behave(TRIES % HOSTILE[kind])
    result = espcap.run("--file", good, "--dissection=ek", "--verbose", "--tshark", fake.path, prefix=mode.prefix,
                        environment={"XDG_CACHE_HOME": os.path.join(caches, str(mode.user) + str(mode.has_namespaces))})
    if not has_filter(result.messages):
        pytest.skip("no filter of system calls on this machine")
    assert (result.code, result.counts["printed"]) == (0, 1), result.errors
    ended = json.loads(result.documents[0]["layers"]["frame"]["frame.marked"])
    assert ended and set(ended) <= {"Operation not permitted", "Permission denied"}
    targets.untouched()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls by the numbers of i386")
@pytest.mark.parametrize("inside", (True, False), ids=("inside", "outside"))
def test_another_architecture_ends_it(inside, fake, probe, good):
    """The numbers of a list mean other calls there."""
    fake.write("probe", probe, 0o755)
    fake.write("targets", b"0 foreign - - -\n")
    result = espcap.run("--file", good, "--dissection=ek", "--verbose", "--tshark", os.path.join(fake.folder, "probe"),
                        *([] if inside else ["--no-sandbox"]))
    if inside and not has_filter(result.messages):
        pytest.skip("no filter of system calls on this machine")
    if inside:
        assert result.code == 4 and "killed by signal 31" in result.messages, result.errors
    elif "killed by signal 11" in result.messages:
        pytest.skip("this kernel has no calls of i386")
    else:
        assert result.code == 0 and len(result.documents) == 1, result.errors


WAYS = [(None, how) for how in ("auto", "ek", "pdml")] + [(version, "ek") for version in others.versions()]


@pytest.mark.parametrize("version, how", WAYS, ids=["%s-%s" % (version or "system", how) for version, how in WAYS])
def test_documents_are_the_same_inside(version, how, caches):
    """Over all captures, and the messages too."""
    options = ["--dir", espcap.CAPTURE_DIR, "--dissection=" + how, *(["--tshark", others.get(version).path] if version else [])]
    environment = {"XDG_CACHE_HOME": os.path.join(caches, "same")}
    outside = espcap.run(*options, "--no-sandbox", environment=environment)
    # Asks tshark for its fields anew: that, too, is done inside.
    shutil.rmtree(os.path.join(caches, "same"), ignore_errors=True)
    result = espcap.run(*options, environment=environment)
    assert result.code == outside.code == 0, result.errors
    assert result.output == outside.output
    assert result.errors == outside.errors.partition("\n")[2]
