# SPDX-License-Identifier: BSD-2-Clause
"""The rule for paths (PATHS in the manual page), for every option that names one, as root and as a plain user.

What an option names is read, written or made with the rights that espcap was started with.
"""

import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile

import pytest

import espcap
import fake_faults as faults
import fake_server
import frames
import mmdb
from deliveries import QUICK

PLAIN = 65534
WHO = ["root", "plain"] if os.geteuid() == 0 else ["plain"]
# What --help=OPTION says of a path.
KINDS = {"reads": "a file that is read", "lists": "a directory that is read", "runs": "a program that is run",
         "writes": "a file that is written", "fills": "a directory in which files are made"}


def option_table():
    """Each option with what it takes, as espcap has it."""
    return re.findall(r"^ {2,}(?:-\w, )?--([a-z-]+)=([^\s,]+)", espcap.run("--help=all").output.decode(), re.MULTILINE)


def kind_of(option):
    text = " ".join(espcap.run("--help=" + option).output.decode().split())
    found = [kind for kind, words in KINDS.items() if "names %s, see PATHS" % words in text]
    assert len(found) <= 1, text
    return found[0] if found else None


# How each option is used: FILE or DIR stands for the path. A server that rejects everything is at NODE.
DOCUMENTS = ["--file=PACKETS"]
DELIVERY = [*DOCUMENTS, "--node=NODE", "--dead-letter=-"]
READS = {
    "config": [*DOCUMENTS, "--config=FILE"], "file": ["--file=FILE"], "replay": ["--replay=FILE", "--node=NODE", "--dead-letter=-"],
    "protocols": [*DOCUMENTS, "--protocols=FILE"], "typed": [*DOCUMENTS, "--typed=FILE"],
    "geoip": [*DOCUMENTS, "--geoip=FILE"],
    "tls-keys": [*DOCUMENTS, "--tls-keys=FILE"], "fields": [*DOCUMENTS, "--fields=@FILE"],
    "password-file": [*DELIVERY, "--user=me", "--password-file=FILE"], "api-key-file": [*DELIVERY, "--api-key-file=FILE"],
    "ca-file": [*DELIVERY, "--ca-file=FILE"], "cert": [*DELIVERY, "--cert=FILE", "--key=KEY"],
    "key": [*DELIVERY, "--cert=CERT", "--key=FILE"],
    # Nobody answers there.
    "kafka-config": ["--kafka=127.0.0.1:9", "--topic=t", "--duration=500ms", "--grace=1ms", "--kafka-config=client.id=@FILE"],
}
LISTS = {"dir": ["--dir=DIR"], "watch": ["--watch=DIR", "--duration=1s"]}
RUNS = {"tshark": [*DOCUMENTS, "--tshark=FILE"]}
WRITES = {
    "dead-letter": [*DOCUMENTS, "--node=NODE", "--dead-letter=FILE"], "metrics": [*DOCUMENTS, "--metrics=FILE"],
    "summary-json": [*DOCUMENTS, "--summary-json=FILE"], "registry": ["--watch=IN", "--duration=1s", "--registry=FILE"],
}
FILLS = {
    "spool": ["--nic=lo", "--duration=1s", "--spool=DIR"], "ring": ["--nic=lo", "--duration=1s", "--ring=DIR"],
    "after": ["--watch=IN", "--duration=1s", "--watch-idle=1s", "--after=move:DIR"],
}
USES = {"reads": READS, "lists": LISTS, "runs": RUNS, "writes": WRITES, "fills": FILLS}
# Options with a value of another kind that hides a path.
HIDDEN = {"fields": "LIST", "after": "WHAT", "kafka-config": "KEY=VALUE"}


def test_every_option_has_a_row():
    """An option that takes a path follows the rule, and is tried below."""
    kinds = {}
    for option, value in option_table():
        kind = kind_of(option)
        assert (kind is not None) == (value in ("FILE", "DIR", "PATH") or option in HIDDEN), option
        if kind:
            kinds.setdefault(kind, set()).add(option)
    assert kinds == {kind: set(rows) for kind, rows in USES.items()}


@pytest.fixture(params=WHO)
def who(request):
    return request.param


class Place:
    """A folder of the user who starts espcap that nobody else may enter, and one that is closed to that user if it is a plain one."""

    def __init__(self, who, top, caches):
        self.who, self.top, self.caches = who, top, caches
        self.own, self.closed, self.common = (os.path.join(top, name) for name in ("own", "closed", "common"))
        for path, mode in ((self.own, 0o700), (self.closed, 0o700), (self.common, 0o755)):
            os.mkdir(path)
            os.chmod(path, mode)
        self.packets = self.put(self.common, "packets.pcap", frames.pcap([frames.plain(b"packet")]), 0o644)
        self.inside = os.path.join(self.own, "in")
        os.mkdir(self.inside)
        self.put(self.inside, "cap0", frames.pcap([frames.plain(b"packet")]), 0o644)
        if who == "plain" and os.geteuid() == 0:
            for path in (self.own, self.inside, os.path.join(self.inside, "cap0")):
                os.chown(path, PLAIN, PLAIN)

    @property
    def uid(self):
        return PLAIN if self.who == "plain" and os.geteuid() == 0 else os.geteuid()

    def give(self, path):
        os.chown(path, self.uid, self.uid, follow_symlinks=False)
        return path

    @staticmethod
    def put(folder, name, content, mode):
        path = os.path.join(folder, name)
        with open(path, "wb") as target:
            target.write(content)
        os.chmod(path, mode)
        return path

    def run(self, words, path, server=None, **more):
        """espcap with the path in the place of FILE or DIR, as this user."""
        # A loopback of its own.
        prefix = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"] if "--nic=lo" in words else []
        if self.who == "plain" and os.geteuid() == 0:
            prefix += ["setpriv", "--reuid=%d" % PLAIN, "--regid=%d" % PLAIN, "--clear-groups", "--inh-caps=+net_raw",
                      "--ambient-caps=+net_raw"]
        known = {"FILE": path, "DIR": path, "PACKETS": self.packets, "IN": self.inside, **more}
        arguments = [re.sub(r"(?<=[=:@])(FILE|DIR|PACKETS|IN|KEY|CERT|NODE)$",
                            lambda found: server.url if found[1] == "NODE" else known[found[1]], word) for word in words]
        state = os.path.join(self.own, "state")
        return espcap.run(*arguments, prefix=prefix, cwd=self.common if os.geteuid() == 0 else self.own,
                          environment={**QUICK, "XDG_STATE_HOME": state, **self.caches})


@pytest.fixture
def place(who, plain_cache):
    top = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(top, 0o755)
    yield Place(who, top, {"XDG_CACHE_HOME": plain_cache} if who == "plain" else {})
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def server():
    """It rejects each document, so that there is a dead letter."""
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", times=None)) as running:
        yield running


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "2", "-keyout",
                    str(folder / "key"), "-out", str(folder / "cert")], check=True, stderr=subprocess.DEVNULL)
    return (folder / "cert").read_bytes(), (folder / "key").read_bytes()


def content_of(option, pem):
    with open(os.path.join(espcap.ROOT, "conf", "protocols.list"), "rb") as protocols, \
            open(os.path.join(espcap.ROOT, "conf", "typed.list"), "rb") as typed:
        letter = b'{"index":"packets-2026-01-01","id":"x","status":400,"type":"x","reason":"x","document":{"n":1}}\n'
        return {"config": b"pretty = yes\n", "file": frames.pcap([frames.plain(b"packet")]), "replay": letter, "protocols": protocols.read(),
                "typed": typed.read(), "geoip": mmdb.country(), "tls-keys": b"", "fields": b"ip.src\n", "password-file": b"secret\n",
                "api-key-file": b"a2V5\n", "ca-file": pem[0], "cert": pem[0], "key": pem[1], "kafka-config": b"name\n"}[option]


# Read.

@pytest.mark.parametrize("option", READS)
def test_file_is_read_with_the_rights_of_the_start(option, place, server, pem):
    """Root reads what only root may, also by a link; a plain user is refused what is closed to it."""
    common = {"CERT": place.give(place.put(place.own, "cert", pem[0], 0o600)),
              "KEY": place.give(place.put(place.own, "key", pem[1], 0o600))}
    own = place.give(place.put(place.own, "mine", content_of(option, pem), 0o600))
    closed = place.put(place.closed, "theirs", content_of(option, pem), 0o600)
    link = os.path.join(place.own, "link")
    os.symlink(own, link)
    for path in (own, link, closed):
        done = place.run(READS[option], path, server, **common)
        if path == closed and place.uid != 0:
            assert done.code in (2, 3) and "Permission denied" in done.errors, done.errors
        else:
            # The server rejects each document.
            assert done.code == (6 if "NODE" in " ".join(READS[option]) else 0), done.errors


@pytest.mark.parametrize("option", LISTS)
def test_folder_is_read_with_the_rights_of_the_start(option, place):
    for folder in (place.inside, place.closed):
        place.put(folder, "cap1", frames.pcap([frames.plain(b"another")]), 0o600)
        place.give(os.path.join(place.inside, "cap1"))
        done = place.run(LISTS[option], folder)
        if folder == place.closed and place.uid != 0:
            assert done.code in (2, 3) and "Permission denied" in done.errors, done.errors
        else:
            assert done.code == 0 and done.counts["printed"] >= 1, done.errors


@pytest.mark.parametrize("option", [*READS, *LISTS, *RUNS])
def test_what_is_read_is_not_made(option, place, server, pem):
    common = {"CERT": place.give(place.put(place.own, "cert", pem[0], 0o600)),
              "KEY": place.give(place.put(place.own, "key", pem[1], 0o600))}
    missing = os.path.join(place.common if option in RUNS else place.own, "missing")
    done = place.run({**READS, **LISTS, **RUNS}[option], missing, server, **common)
    assert done.code in (2, 3) and "No such file or directory" in done.errors, done.errors
    assert not os.path.lexists(missing)


@pytest.mark.parametrize("option", RUNS)
def test_program_is_run_without_the_rights_of_root(option, place):
    """It is read by the user who runs it, so one that is closed to others does not help root either."""
    program = place.put(place.common, "tshark", b"#!/bin/sh\nexec tshark \"$@\"\n", 0o755)
    assert place.run(RUNS[option], program).code == 0
    closed = place.put(place.closed, "tshark", b"#!/bin/sh\nexec tshark \"$@\"\n", 0o755)
    assert place.run(RUNS[option], closed).code == 2


# Files that are written.

def assert_written(option, place, path):
    found = os.lstat(path)
    assert stat.S_ISREG(found.st_mode) and found.st_size > 0 and found.st_uid == place.uid, option
    if option in ("dead-letter", "registry"):
        assert stat.S_IMODE(found.st_mode) == 0o600


def is_done(option, done):
    return done.code == (6 if option == "dead-letter" else 0)


@pytest.mark.parametrize("option", WRITES)
def test_file_is_written_with_the_rights_of_the_start(option, place, server):
    """In a folder that the user whom root becomes may not enter; the file belongs to who started espcap. And again, to the same file."""
    path = os.path.join(place.own, "written")
    for _ in range(2):
        done = place.run(WRITES[option], path, server)
        assert is_done(option, done), done.errors
        assert_written(option, place, path)
    theirs = os.path.join(place.closed, "written")
    done = place.run(WRITES[option], theirs, server)
    if place.uid == 0:
        assert is_done(option, done), done.errors
        assert_written(option, place, theirs)
    else:
        assert done.code == 2 and re.search(r"%s: Permission denied" % re.escape(theirs), done.errors), done.errors
    assert set(os.listdir(place.closed)) <= {"written"}
    assert set(os.listdir(place.own)) == {"in", "written"}


@pytest.mark.parametrize("option", WRITES)
def test_link_in_the_place_of_a_file(option, place, server):
    """Nothing is written through it; a link to the folder is followed."""
    target = place.give(place.put(place.own, "target", b"mine\n", 0o600))
    for name, to in (("link", target), ("dangling", os.path.join(place.own, "nowhere"))):
        link = os.path.join(place.own, name)
        os.symlink(to, link)
        done = place.run(WRITES[option], link, server)
        assert done.code == 2 and "%s: is a link" % link in done.errors, done.errors
    with open(target, "rb") as source:
        assert source.read() == b"mine\n"
    assert not os.path.lexists(os.path.join(place.own, "nowhere"))
    folder = os.path.join(place.common, "folder")
    os.symlink(place.own, folder)
    done = place.run(WRITES[option], os.path.join(folder, "written"), server)
    assert is_done(option, done), done.errors
    assert_written(option, place, os.path.join(place.own, "written"))


@pytest.mark.parametrize("option", WRITES)
def test_folder_of_a_file_is_not_made(option, place, server):
    path = os.path.join(place.own, "missing", "file")
    done = place.run(WRITES[option], path, server)
    assert done.code == 2, done.errors
    assert "%s: No such file or directory; the directory must exist" % path in done.errors
    assert not os.path.lexists(os.path.dirname(path))


# Folders that are filled.

def prepared(option):
    if option in ("spool", "ring") and os.geteuid() != 0:
        pytest.skip("needs the right to capture")


@pytest.mark.parametrize("option", FILLS)
def test_missing_folder_is_made(option, place):
    """Only that one, for who makes files in it."""
    prepared(option)
    path = os.path.join(place.own, "filled")
    done = place.run(FILLS[option], path)
    assert done.code == 0, done.errors
    found = os.lstat(path)
    assert stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    assert found.st_uid == (working_user() if option == "ring" else place.uid)
    deeper = os.path.join(place.own, "missing", "filled")
    done = place.run(FILLS[option], deeper)
    assert done.code == 2, done.errors
    assert "%s: No such file or directory; make the directory above it first" % deeper in done.errors
    assert not os.path.lexists(os.path.dirname(deeper))


def working_user():
    """Whom root becomes."""
    for name in ("espcap", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


@pytest.mark.parametrize("option", FILLS)
def test_folder_is_opened_with_the_rights_of_the_start(option, place):
    """One that is there, and a link to it; one that is closed is refused to a plain user."""
    prepared(option)
    path = os.path.join(place.own, "filled")
    os.mkdir(path)
    os.chown(path, *[working_user() if option == "ring" and place.uid == 0 else place.uid] * 2)
    link = os.path.join(place.own, "link")
    os.symlink(path, link)
    for name in (path, link):
        done = place.run(FILLS[option], name)
        assert done.code == 0, done.errors
    closed = os.path.join(place.closed, "filled")
    os.mkdir(closed)
    os.chown(closed, *[working_user() if option == "ring" and place.uid == 0 else 0] * 2)
    done = place.run(FILLS[option], closed)
    if place.uid == 0:
        assert done.code == 0, done.errors
    else:
        assert done.code == 2 and "%s: Permission denied" % closed in done.errors, done.errors


@pytest.mark.parametrize("option", FILLS)
def test_file_in_the_place_of_a_folder(option, place):
    prepared(option)
    path = place.give(place.put(place.own, "file", b"mine\n", 0o600))
    done = place.run(FILLS[option], path)
    assert done.code == 2 and "%s: Not a directory; name a directory, not a file" % path in done.errors, done.errors
    with open(path, "rb") as source:
        assert source.read() == b"mine\n"
