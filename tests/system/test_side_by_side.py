# SPDX-License-Identifier: BSD-2-Clause
"""Two runs at the same time in one folder: neither keeps the other from running, and what each rejects is found."""

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time

import pytest

import conserve
import conftest
import espcap
import fake_faults as faults
import fake_server
from deliveries import DEAD_LETTER, PACKETS, QUICK, deliver

# The first run waits for the rest of what it reads when it has rejected some.
EVERY = 10
WHO = ["root", "plain"] if os.geteuid() == 0 else ["plain"]


@pytest.fixture(params=WHO)
def who(request, plain_user):
    """A command prefix: nothing, or what makes it a plain user."""
    return plain_user if request.param == "plain" else []


@pytest.fixture
def place(tmp_path, who):
    """A folder that the user who starts espcap may write to, and nobody else: that espcap becomes another user must not matter."""
    tmp_path.chmod(0o700)
    if who:
        os.chown(tmp_path, 65534, 65534)
    return tmp_path


@pytest.fixture
def packets(numbered):
    """The capture, where everybody can read it."""
    folder = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(folder, 0o755)
    copy = shutil.copy(numbered, folder)
    os.chmod(copy, 0o644)
    yield copy
    shutil.rmtree(folder)


def rejecting():
    return fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=EVERY, times=None))


def until(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "no %s" % what
        time.sleep(0.05)


@contextlib.contextmanager
def holding(server, packets, place, who, *options):
    """A run that has written to the dead letter file and has not ended: all but the last packet has come. Ends it at the end."""
    with open(packets, "rb") as source:
        content = source.read()
    process = subprocess.Popen(
        [*who, *espcap.command("--file=-", "--node", server.url, "--chunk=10", "--latency=100ms", "--quiet", *options)],
        cwd=place, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**espcap.ENVIRONMENT, **QUICK})
    try:
        process.stdin.write(content[:-20])
        process.stdin.flush()
        until(lambda: (place / DEAD_LETTER).exists() and (place / DEAD_LETTER).stat().st_size > 0, "dead letter")
        yield process
        errors = process.communicate(content[-20:], timeout=60)[1].decode()
        assert process.returncode == 6, errors
        assert "documents were rejected: they are in %s with the reasons" % DEAD_LETTER in errors
    finally:
        process.kill()
        process.wait()


def letters(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open(path, "rb") as source:
        return [espcap.parse_line(line) for line in source.read().split(b"\n")[:-1]]


def test_second_run_has_a_file_of_its_own(packets, place, who):
    """Both reject; each file has what its run rejected, the messages and the summary name it, and a replay of both delivers all."""
    other = DEAD_LETTER + ".1"
    with rejecting() as server:
        with holding(server, packets, place, who):
            second = deliver(server, packets, place, "--index=second", "--summary-json=summary", prefix=who, dead_letter=other)
            assert second.code == 6, second.errors
            assert len(second.rejected) == second.counts["rejected"] == PACKETS // EVERY
            second.says(r"they are in %s \(another espcap writes to %s\) with the reasons" %
                        (re.escape(other), re.escape(DEAD_LETTER)))
            summary = json.loads((place / "summary").read_text())
            assert summary["dead_letter"] == other and summary["rejected"] == PACKETS // EVERY and summary["exit"] == 6
        assert {letter["index"].split("-")[0] for letter in letters(place / DEAD_LETTER)} == {"packets"}
        assert {letter["index"].split("-")[0] for letter in letters(place / other)} == {"second"}
        assert sorted(os.listdir(place)) == sorted([DEAD_LETTER, other, "summary"])
    with fake_server.Server() as server:
        count = len(letters(place / DEAD_LETTER))
        for name, wanted in ((DEAD_LETTER, count), (other, PACKETS // EVERY)):
            again = deliver(server, None, place, "--replay=" + name, "--dead-letter=again", prefix=who)
            assert again.code == 0 and again.counts["indexed"] == wanted, again.errors
        assert not (place / "again").exists()


def test_second_run_that_rejects_nothing(packets, place, who):
    """It has no use for the file of the first."""
    with rejecting() as server, holding(server, packets, place, who), fake_server.Server() as good:
        second = deliver(good, packets, place, "--summary-json=summary", prefix=who)
        assert second.code == 0 and second.counts["indexed"] == PACKETS, second.errors
        assert "another" not in second.errors
        assert "dead_letter" not in json.loads((place / "summary").read_text())
        assert sorted(os.listdir(place)) == [DEAD_LETTER, "summary"]


def test_nothing_is_left_by_the_check_at_the_start(packets, place, who):
    """Neither by a run that rejects nothing, nor by one that ends before it has begun."""
    with fake_server.Server() as server:
        assert deliver(server, packets, place, prefix=who).code == 0
        assert deliver(server, packets, place, "--display-filter=no such filter", prefix=who).code == 2
    assert os.listdir(place) == []


def test_file_that_cannot_be_made(packets, place, who):
    """That is said at the start, before anything is sent."""
    (place / "letters").mkdir()
    (place / "open").write_text("")
    (place / "open").chmod(0o644)
    (place / "link").symlink_to("elsewhere")
    with rejecting() as server:
        for name, why in (("none/letters", "No such file or directory"), ("letters", "Is a directory"),
                          ("open", "others may read or write it"), ("link", "is a link"), ("letters/", "Is a directory")):
            run = deliver(server, packets, place, "--dead-letter=" + name, prefix=who)
            assert run.code == 2, run.errors
            run.says(r"the dead letter file %s: %s.*; --dead-letter=FILE names another" % (name, why))
        assert server.ledger == []
    assert not (place / "elsewhere").exists()


def test_file_that_cannot_be_made_any_more(packets, place, who):
    """Exit status 5 at the first rejection, and nothing counts as rejected."""
    (place / "folder").mkdir()
    if who:
        os.chown(place / "folder", 65534, 65534)
    with rejecting() as server:
        with open(packets, "rb") as source:
            content = source.read()
        process = subprocess.Popen(
            [*who, *espcap.command("--file=-", "--node", server.url, "--dead-letter=folder/letters")], cwd=place,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, **QUICK})
        until(lambda: "/_index_template/espcap-packets" in server.templates, "start")
        (place / "folder").rmdir()
        errors = process.communicate(content, timeout=60)[1].decode()
    assert process.returncode == 5, errors
    assert "the dead letter file folder/letters: No such file or directory" in errors
    counts = conserve.final_line(errors)
    assert counts["rejected"] == 0 and counts["unsent"] > 0


def test_replay_does_not_write_to_what_it_reads(packets, place, who):
    """The file is that of the run itself, or it is the next one that the run would take."""
    other = DEAD_LETTER + ".1"
    with rejecting() as server:
        with holding(server, packets, place, who):
            assert deliver(server, packets, place, prefix=who, dead_letter=other).code == 6
            before = letters(place / other)
            refusing = faults.Items(400, "document_parsing_exception", "no", times=None)
            with fake_server.Server(refusing) as strict:
                again = deliver(strict, None, place, "--replay=" + other, prefix=who, dead_letter=DEAD_LETTER + ".2")
                assert again.code == 6 and len(again.rejected) == len(before), again.errors
            assert letters(place / other) == before
        itself = deliver(server, None, place, "--replay=" + DEAD_LETTER, prefix=who)
        assert itself.code == 2, itself.errors
        itself.says("it is also the dead letter file of this run")


@conftest.needs_root
def test_files_of_root_are_roots(packets, tmp_path):
    """The privileged broker makes it in a folder that the user whom espcap becomes may not even enter."""
    tmp_path.chmod(0o700)
    with rejecting() as server:
        done = deliver(server, packets, tmp_path)
        assert done.code == 6 and len(done.rejected) == PACKETS // EVERY, done.errors
    assert (tmp_path / DEAD_LETTER).stat().st_uid == 0
