# SPDX-License-Identifier: BSD-2-Clause
"""What does not fit into the queue of a live capture waits on disk: in order, within its bound, and gone with the process."""

import os
import pathlib
import re
import signal
import tempfile
import time

import pytest

import conserve
import espcap
import exposition
import frames
from sensing import Capture, line, needs_namespaces, numbered, send  # noqa: F401 (line is a fixture)

pytestmark = needs_namespaces

TMPFS = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=$1 none "$0" && shift && exec "$@"']


def big(total):
    """Packets that fill a queue soon, and know their place."""
    return [frames.udp(b"%08d" % number + b"." * 1000) for number in range(total)]


def spool_of(capture):
    """The file of the process that captures: its length, and how it is named."""
    folder = "/proc/%d/fd" % capture.find("capture")
    for name in os.listdir(folder):
        link = os.readlink(os.path.join(folder, name))
        if link.startswith("/") and not link.startswith("/dev"):
            return os.stat(os.path.join(folder, name)), link
    return None


def read_all(capture):
    capture.threads[1].start()
    capture.interrupt()
    capture.wait()
    return [conserve.payload_of(document) for document in capture.documents]


@pytest.fixture(name="public")
def public_folder():
    """One that every user may write in."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o777)
        yield pathlib.Path(path)


def test_no_packet_is_lost(tmp_path, public):
    """Nobody reads the documents for a while: what waits is on disk, and all of it comes in order."""
    packets = big(6000)
    os.makedirs(tmp_path / "spool")
    file = str(public / "espcap.prom")
    capture = Capture("--queue=1M", "--spool", str(tmp_path / "spool"), "--metrics", file, read=False)
    send(packets)
    capture.says(r"the queue of 1M is full: packets wait in the spool in ")
    capture.until(lambda: spool_of(capture)[0].st_size > 100000, "spool")
    found, name = spool_of(capture)
    assert found.st_nlink == 0 and found.st_mode & 0o777 == 0o600 and name.startswith(str(tmp_path))
    assert list((tmp_path / "spool").iterdir()) == []
    assert read_all(capture) == [packet[42:] for packet in packets]
    metrics = exposition.read(file)
    assert metrics("espcap_queue_bytes", interface="v0", queue="spool") == 0
    assert metrics("espcap_queue_limit_bytes", interface="v0", queue="spool") == 1 << 30
    counts = capture.counts
    assert counts["read"] == counts["delivered"] == 6000 and counts["queue_drop"] == 0 == counts["kernel_drop"]
    numbers = [document["espcap"]["ordinal"] for document in capture.documents]
    assert numbers == list(range(1, 6001))


def test_memory_first_again(tmp_path):
    """Once the spool is empty, its disk is given back, and the next flood may use it anew."""
    packets = big(12000)
    capture = Capture("--queue=1M", "--spool", str(tmp_path), read=False)
    send(packets[:6000])
    capture.until(lambda: spool_of(capture)[0].st_size > 100000, "spool")
    capture.threads[1].start()
    capture.printed(6000)
    capture.until(lambda: spool_of(capture)[0].st_size == 0, "end of the spool")
    send(packets[6000:])
    capture.printed(12000)
    capture.interrupt()
    capture.wait()
    assert [conserve.payload_of(document) for document in capture.documents] == [packet[42:] for packet in packets]


def test_bound(tmp_path):
    """A small spool fills, too: what does not fit is counted, and everything else comes in order."""
    total = 12000
    capture = Capture("--queue=1M", "--spool", str(tmp_path), "--spool-size=2M", read=False)
    send(big(total))
    capture.says(r"the queue of 1M and the spool of 2M are full: packets are dropped, \d+ so far "
                 r"\(--spool-size\)")
    assert spool_of(capture)[0].st_size <= 2 << 20
    found = read_all(capture)
    counts = capture.counts
    assert counts["queue_drop"] > 0 and counts["unsent"] == 0 and counts["kernel_drop"] == 0
    assert counts["read"] == total == len(found) + counts["queue_drop"]
    assert len(found) == counts["delivered"] > 3 * 900 and found == sorted(set(found))


def test_full_disk(tmp_path):
    """What the disk has no room for is counted; the capture goes on, and the spool is used again when there is room."""
    total = 8000
    prefix = [*TMPFS, str(tmp_path), "2m"]
    capture = Capture("--queue=1M", "--spool", str(tmp_path), read=False, prefix=prefix)
    packets = big(total + 10)
    send(packets[:total])
    capture.says(r"the spool in \S+ cannot be written: No space left on device: packets are dropped, \d+ so far; "
                 r"espcap keeps trying")
    capture.threads[1].start()
    capture.until(lambda: spool_of(capture)[0].st_size == 0, "end of the spool")
    time.sleep(1.1)
    before = len(capture.output)
    send(packets[total:])
    capture.until(lambda: len(capture.output) >= before + 10, "more documents")
    capture.interrupt()
    capture.wait()
    found = [conserve.payload_of(document) for document in capture.documents]
    counts = capture.counts
    assert counts["queue_drop"] > 0 and counts["kernel_drop"] == 0
    assert counts["read"] == total + 10 == len(found) + counts["queue_drop"]
    assert len(found) > 3 * 900 and found == sorted(set(found))
    assert found[-10:] == [packet[42:] for packet in packets[total:]]


@pytest.mark.parametrize("who", ["espcap", "capture"])
def test_nothing_is_left(tmp_path, who):
    capture = Capture("--queue=1M", "--spool", str(tmp_path), read=False)
    send(big(6000))
    capture.until(lambda: spool_of(capture)[0].st_size > 100000, "spool")
    pid = capture.find("capture")
    if who == "espcap":
        capture.interrupt(signal.SIGKILL)
        capture.process.wait(10)
    else:
        os.kill(pid, signal.SIGKILL)
        capture.threads[1].start()
        capture.wait(4)
    end = time.monotonic() + 5
    while espcap.is_running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not espcap.is_running(pid) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind, text", [
    ("no parent", r"--spool=\S+: No such file or directory; make the directory above it first"),
    ("file", r"--spool=\S+: Not a directory; name a directory, not a file"),
    ("read-only", r"--spool=\S+: Read-only file system; name a directory in which espcap can make a file"),
    ("not mine", r"--spool=\S+: Permission denied; name a directory in which espcap can make a file")])
def test_refused(tmp_path, kind, text):
    folder, prefix = tmp_path / "spool", ()
    if kind == "file":
        folder.write_text("kept")
    elif kind == "no parent":
        folder = folder / "below"
    else:
        folder.mkdir(0o700)
    if kind == "read-only":
        prefix = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none "$0" && exec "$@"', str(folder)]
    elif kind == "not mine":
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_raw",
                  "--ambient-caps=+net_raw"]
        folder.chmod(0o755)
        for above in tmp_path.parents[:2]:
            above.chmod(0o755)
        tmp_path.chmod(0o755)
    done = Capture("--spool", str(folder), start=False, prefix=prefix).wait(2)
    assert re.search(text, done.messages), done.messages
    assert done.output == []


def test_usage():
    assert "--spool-size goes with --spool only" in Capture("--spool-size=2M", start=False).wait(2).messages
    limited = Capture("--spool=/tmp", "--spool-size=2M", start=False, prefix=["prlimit", "--fsize=1048576"]).wait(2)
    assert "files may not be longer than 1048576 bytes here (ulimit -f)" in limited.messages


def test_rights(tmp_path):
    """The process may write nothing but its spool, and no further than told."""
    capture = Capture("--spool", str(tmp_path), "--spool-size=3M")
    pid = capture.find("capture")
    with open("/proc/%d/limits" % pid, encoding="ascii") as source:
        limits = {entry[:26].strip(): entry[26:].split()[:2] for entry in source}
    assert limits["Max file size"] == ["3145728", "3145728"]
    packets = numbered(5)
    send(packets)
    capture.printed(5)
    capture.interrupt()
    capture.wait()
    assert capture.counts["delivered"] == 5
