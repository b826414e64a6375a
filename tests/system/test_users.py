# SPDX-License-Identifier: BSD-2-Clause
"""Who tshark runs as when root starts espcap: a user whose files and processes are nobody's concern."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

import conftest
import espcap
import frames

pytestmark = conftest.needs_root

OURS, ITS = "espcap", "espcap-tshark"
SCRIPT = os.path.join(espcap.ROOT, "scripts", "install-user")
USERS = os.path.join(espcap.ROOT, "conf", "espcap.sysusers")

# What follows runs with these files in the place of the machine's own.
PRIVATE = """mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && shift && exec "$@" """

# Waits with what was asked for until it is killed.
WAITS = """
sys.stdin.buffer.read()
time.sleep(600)
"""

# Tells in a document what it could do to a folder of espcap's user.
TOUCHES = """
import errno, json
def attempt(action):
    try:
        return action() or "done"
    except OSError as error:
        return errno.errorcode[error.errno]
HOME = os.environ["HOME"]
result = {"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
          "mode": attempt(lambda: os.chmod(HOME, 0o777)), "times": attempt(lambda: os.utime(HOME, (0, 0)))}
for line in simple():
    say(line.replace(b'"frame_frame_marked":false', b'"frame_frame_marked":' + json.dumps(json.dumps(result)).encode()))
"""


HANGS = """
for line in simple():
    if is_at(line, 3):
        time.sleep(600)
    say(line)
"""


def free_id(used):
    return next(number for number in range(989, 100, -1) if number not in used)


class Users:
    """The users of a machine, changed for what is started with `prefix` alone."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "users")
        os.mkdir(self.folder)
        self.ids = {}
        for name in ("passwd", "group"):
            with open("/etc/" + name, encoding="utf-8") as source:
                lines = [line for line in source if line.split(":")[0] not in (OURS, ITS)]
            self.write(name, lines)
        self.prefix = ["unshare", "--mount", "sh", "-c", PRIVATE, "sh", self.folder]

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as source:
            return source.readlines()

    def write(self, name, lines):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as target:
            target.writelines(lines)

    def add(self, name, number=None):
        """With a group of the same name and number."""
        passwd, group = self.read("passwd"), self.read("group")
        if number is None:
            number = free_id({int(line.split(":")[2]) for line in passwd + group})
        self.ids[name] = number
        self.write("passwd", [*passwd, "%s:x:%d:%d::/:/usr/sbin/nologin\n" % (name, number, number)])
        self.write("group", [*group, "%s:x:%d:\n" % (name, number)])

    def join(self, name, number):
        """Makes it a member of one more group."""
        self.write("group", [*self.read("group"), "more:x:%d:%s\n" % (number, name)])


@pytest.fixture
def users(folder):
    return Users(folder)


@pytest.fixture
def both(users):
    users.add(OURS)
    users.add(ITS)
    users.join(OURS, 4242)
    return users


@pytest.fixture
def good(folder):
    path = os.path.join(folder, "good.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"packet %d" % number) for number in range(5)]))
    return path


@pytest.fixture
def place(folder):
    """Where private folders go, and a cache of that user, who may write there."""
    os.chmod(folder, 0o1777)
    return {"TMPDIR": folder, "XDG_CACHE_HOME": os.path.join(folder, "cache")}


def private(folder):
    return [name for name in os.listdir(folder) if name.startswith("espcap-")]


def said(result, beginning):
    """What --verbose says of this restriction."""
    found = re.findall(r"^espcap: sandbox: %s.*?: (active|unavailable \(.*\))$" % re.escape(beginning), result.messages,
                       re.MULTILINE)
    assert len(found) == 1, result.errors
    return found[0]


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as source:
        return dict(line.rstrip("\n").split(":\t", 1) for line in source if ":\t" in line)


def processes(word):
    """The processes with this in their command line, but for tests."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % name, "rb") as source:
                words = source.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if os.fsencode(word) in words:
            found[int(name)] = [os.fsdecode(each) for each in words]
    return found


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_tshark_runs_as_another_user(good, fake, both, place, folder):
    """It alone; it has no group of espcap's, obeys, and goes with espcap though that is killed."""
    fake.behave(WAITS)
    command = [*both.prefix, *espcap.command("--file", good, "--tshark", fake.path)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**espcap.ENVIRONMENT, **place}) as child:
        try:
            def tshark():
                return [pid for pid, words in processes(fake.path).items() if "-r" in words]
            wait_for(tshark)
            theirs, ours = status_of(tshark()[0]), status_of(child.pid)
            home = os.stat(os.path.join(folder, private(folder)[0]))
        finally:
            child.kill()
        child.wait(timeout=30)
    wait_for(lambda: not processes(fake.path))
    wait_for(lambda: private(folder) == [])
    for key in ("Uid", "Gid"):
        assert theirs[key].split("\t") == [str(both.ids[ITS])] * 4
        assert ours[key].split("\t") == [str(both.ids[OURS])] * 4
    assert theirs["Groups"].split() == [] and "4242" in ours["Groups"].split()
    assert {theirs[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert theirs["PPid"] == str(child.pid)
    assert home.st_uid == both.ids[OURS] and home.st_mode & 0o777 == 0o711


def test_the_files_of_espcap_are_not_its_own(good, fake, both, place):
    fake.behave(TOUCHES)
    result = espcap.run("--file", good, "--verbose", "--tshark", fake.path, prefix=both.prefix, environment=place)
    assert result.code == 0, result.errors
    told = json.loads(result.documents[0]["layers"]["frame"]["frame.marked"])
    assert told == {"uid": [both.ids[ITS]] * 3, "gid": [both.ids[ITS]] * 3, "groups": [], "mode": "EPERM",
                    "times": "EPERM"}
    assert said(result, "separate user") == "active"


def test_a_tshark_that_hangs_is_ended(good, fake, both, place):
    """By espcap, whose user it is not."""
    fake.behave(HANGS)
    result = espcap.run("--file", good, "--tshark", fake.path, "--tshark-timeout=1s", prefix=both.prefix,
                        environment=place)
    assert result.code == 4, result.errors
    assert result.counts["undissected"] == 1 and result.counts["printed"] == 4


@pytest.mark.parametrize("mask", ("022", "077"))
def test_the_plugin_is_found(mask, both, place):
    """It is linked in a folder of espcap's user, and no document shows whether tshark could read it."""
    capture = next(name for name in conftest.CAPTURES if name.endswith("http.pcap"))
    plain = espcap.run("--file", capture, "--dissection=plugin", environment=place)
    if "--dissection=plugin: " in plain.messages:
        pytest.skip("there is no plugin for this tshark")
    umask = ["sh", "-c", "umask %s; exec \"$@\"" % mask, "sh"]
    for dissection in ("plugin", "auto"):
        result = espcap.run("--file", capture, "--verbose", "--dissection=" + dissection, prefix=[*both.prefix, *umask],
                            environment=place)
        assert (result.code, result.output) == (0, plain.output), result.errors
        assert "tshark runs with the plugin " in result.messages
        assert "tshark runs without" not in result.messages
        assert said(result, "separate user") == "active"


def test_a_temporary_folder_that_is_closed_to_it(both, folder):
    """Then the private folder is in /tmp, where the plugin is found."""
    closed = os.path.join(folder, "closed")
    os.mkdir(closed, 0o700)
    os.chown(closed, both.ids[OURS], both.ids[OURS])
    capture = next(name for name in conftest.CAPTURES if name.endswith("http.pcap"))
    result = espcap.run("--file", capture, "--verbose", prefix=both.prefix, environment={"TMPDIR": closed})
    assert result.code == 0, result.errors
    assert "without the plugin" not in result.messages


def test_the_key_log_reaches_it(both, place, folder):
    capture = next(name for name in conftest.CAPTURES if espcap.key_log(name))
    keys = shutil.copy(espcap.key_log(capture), folder)
    os.chmod(keys, 0o600)
    as_before = espcap.run("--file", capture, "--tls-keys", keys, environment=place)
    opened = espcap.run("--file", capture, "--tls-keys", keys, prefix=both.prefix, environment=place)
    locked = espcap.run("--file", capture, prefix=both.prefix, environment=place)
    assert (opened.code, locked.code) == (0, 0), opened.errors + locked.errors
    assert opened.output == as_before.output and len(opened.output) > len(locked.output)


def test_without_that_user(good, users, place):
    """tshark runs as who espcap becomes, and that is said."""
    users.add(OURS)
    result = espcap.run("--file", good, "--verbose", prefix=users.prefix, environment=place)
    assert result.code == 0 and len(result.documents) == 5, result.errors
    assert said(result, "separate user") == "unavailable (there is no user espcap-tshark; make install-user adds it)"


def test_that_user_is_the_same(good, users, place):
    users.add(OURS)
    users.add(ITS, users.ids[OURS])
    result = espcap.run("--file", good, "--verbose", prefix=users.prefix, environment=place)
    assert result.code == 0, result.errors
    assert said(result, "separate user") == "unavailable (the user espcap-tshark is the one espcap runs as)"


def test_that_user_is_root(good, users, place):
    users.add(ITS, 0)
    result = espcap.run("--file", good, prefix=users.prefix, environment=place)
    assert (result.code, result.output) == (2, b"")
    assert "the user espcap-tshark has the rights of root" in result.messages


def test_without_namespaces(good, both, place, folder):
    result = espcap.run("--file", good, "--verbose", prefix=[*both.prefix, *conftest.no_namespaces(folder)],
                        environment=place)
    assert result.code == 0 and len(result.documents) == 5, result.errors
    assert said(result, "separate user") == "unavailable (no user namespace: Operation not permitted)"
    assert said(result, "no other processes") == "unavailable (Operation not permitted)"
    assert said(result, "no network") == "unavailable (Operation not permitted)"


# A loopback of its own.
ALONE = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
WARNING = "espcap: there is no user espcap: the files of --ring belong to the user nobody, and every program that runs as " \
          "nobody can read, change and delete these packets; make install-user adds the user espcap\n"


def capture(folder, prefix, *options):
    return espcap.run("--nic=lo", "--duration=1s", *options, prefix=[*prefix, *ALONE], cwd=folder)


def test_files_of_nobody(users, folder):
    """They are anybody's, and espcap warns of that, even if it is to say little; the user espcap has its own."""
    for options in (["--ring=first"], ["--ring=first", "--quiet"]):
        result = capture(folder, users.prefix, *options)
        assert result.code == 0 and result.errors.count(WARNING) == 1, result.errors
    assert {os.stat(os.path.join(folder, "first", name)).st_uid for name in os.listdir(os.path.join(folder, "first"))} == {65534}
    users.add(OURS)
    result = capture(folder, users.prefix, "--ring=second")
    assert result.code == 0 and "there is no user" not in result.errors, result.errors
    made = os.listdir(os.path.join(folder, "second"))
    assert made and {os.stat(os.path.join(folder, "second", name)).st_uid for name in made} == {users.ids[OURS]}
    # What is there belongs to nobody still: the message says what to do.
    result = capture(folder, users.prefix, "--ring=first")
    assert result.code == 2 and "chown espcap first" in result.errors, result.errors


def test_no_warning_without_files_of_nobody(users, folder, unprivileged):
    """Other files belong to root, and those of a plain user to that user."""
    result = capture(folder, users.prefix, "--spool=spool", "--metrics=metrics", "--summary-json=summary")
    assert result.code == 0 and "there is no user" not in result.errors, result.errors
    assert {os.stat(os.path.join(folder, name)).st_uid for name in ("spool", "metrics", "summary")} == {0}
    mine = os.path.join(folder, "mine")
    os.mkdir(mine)
    os.chown(mine, 65534, 65534)
    plain = [*unprivileged, "--inh-caps=+net_raw", "--ambient-caps=+net_raw"]
    result = espcap.run("--nic=lo", "--duration=1s", "--ring=ring", prefix=[*users.prefix, *ALONE, *plain], cwd=mine)
    assert result.code == 0 and "there is no user" not in result.errors, result.errors


# A copy of /etc takes its place; $2 is a program to take away.
INSTALL = """set -e
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
if [ -n "$2" ]; then mount --bind /dev/null "$2"; fi
sed -i '/^espcap/d' /etc/passwd /etc/group /etc/shadow /etc/gshadow
"$3" "$4" >&2
cp /etc/passwd "$1/first"
"$3" "$4" >&2
cmp /etc/passwd "$1/first"
getent passwd espcap espcap-tshark
"""


@pytest.mark.parametrize("tool", ("systemd-sysusers", "useradd"))
def test_install_user(tool, folder):
    """Both users, each with a group of its own; a second time nothing changes."""
    assert shutil.which(tool), tool + " is missing"
    away = shutil.which("systemd-sysusers") if tool == "useradd" else None
    done = subprocess.run(["unshare", "--mount", "sh", "-c", INSTALL, "sh", folder, away or "", SCRIPT, USERS],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = [line.split(":") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == [OURS, ITS]
    assert len({row[2] for row in rows} | {"0"}) == 3 and len({row[3] for row in rows} | {"0"}) == 3
    assert [row[5] for row in rows] == ["/var/lib/espcap", "/"]
    assert all(row[6].endswith(("nologin", "false")) for row in rows)


def test_install_user_needs_root(unprivileged):
    done = subprocess.run([*unprivileged, SCRIPT, USERS], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "only root" in done.stderr
