# SPDX-License-Identifier: BSD-2-Clause
"""--watch: a folder that others fill, with tcpdump, dumpcap, or bit by bit; every packet in it once, and no file forgotten."""

import collections
import gzip
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

import conserve
import deliveries
import espcap
import exposition
import fake_faults as faults
import fake_server
import frames
from conftest import needs_root

FINAL_LINE = re.compile(
    r"^espcap: read=(?P<read>\d+) (?:printed|indexed)=(?P<delivered>\d+) duplicate=(?P<duplicate>\d+)"
    r" rejected=(?P<rejected>\d+) discarded=(?P<discarded>\d+) filtered=(?P<filtered>\d+) undissected=(?P<undissected>\d+)"
    r" dropped=(?P<dropped>\d+) unsent=(?P<unsent>\d+) skipped=(?P<skipped>\d+) retries=(?P<retries>\d+)$", re.MULTILINE)
PARTS = ("delivered", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "unsent")


class Watch:
    """A run of espcap over a folder, whose output is read all the time."""

    started = []

    def __init__(self, place, *options, node=None, prefix=(), folder="in"):
        self.errors, self.output, self.parsed = [], [], []
        target = ["--node", node.url, "--chunk=20"] if node else []
        self.process = subprocess.Popen(
            [*prefix, *espcap.command("--watch", folder, "--verbose", *target, *options)], cwd=place,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**espcap.ENVIRONMENT, "XDG_STATE_HOME": str(place / "state"), "ESPCAP_TEST_BACKOFF_MS": "20"})
        self.threads = [threading.Thread(target=self.collect, args=given, daemon=True)
                        for given in ((self.process.stderr, self.errors), (self.process.stdout, self.output))]
        for thread in self.threads:
            thread.start()
        self.started.append(self.process)

    @staticmethod
    def collect(stream, lines):
        for entry in stream:
            lines.append(entry)

    @property
    def messages(self):
        return b"".join(self.errors).decode("utf-8", "replace")

    def until(self, condition, what, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "no %s: %s" % (what, self.messages)
            if self.process.poll() is not None:
                time.sleep(0.3)
                assert condition(), "no %s: %s" % (what, self.messages)
                return
            time.sleep(0.02)

    def says(self, pattern, times=1, seconds=40):
        self.until(lambda: len(re.findall(pattern, self.messages, re.MULTILINE)) >= times,
                   "message %r" % pattern, seconds)

    def finished(self, *names):
        for name in names:
            self.says(r"in/%s: finished" % re.escape(name))

    def printed(self, count):
        self.until(lambda: len(self.output) >= count, "%d documents" % count)

    @property
    def documents(self):
        while len(self.parsed) < len(self.output):
            self.parsed.append(espcap.parse_line(self.output[len(self.parsed)]))
        return self.parsed

    def end(self, code=0, number=signal.SIGTERM, seconds=60):
        """The counts of the final line, which add up."""
        if number:
            self.process.send_signal(number)
        try:
            found = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for thread in self.threads:
            thread.join(5)
        assert not espcap.SANITIZER.search(self.messages), self.messages
        assert found == code, "exit %d, not %d: %s" % (found, code, self.messages)
        match = FINAL_LINE.search(self.messages)
        assert match, self.messages
        counts = {key: int(value) for key, value in match.groupdict().items()}
        assert counts["read"] == sum(counts[part] for part in PARTS), self.messages
        return counts


@pytest.fixture
def place(tmp_path):
    """A folder with the watched one, which all may enter."""
    tmp_path.chmod(0o755)
    (tmp_path / "in").mkdir()
    yield tmp_path
    while Watch.started:
        process = Watch.started.pop()
        if process.poll() is None:
            process.kill()
        process.wait()


def capture(path, count, seed):
    return conserve.make_capture(str(path), count, seed)


def records(count, seed, start=0):
    return [frames.pcap_record(data, frames.START + (start + number) // 1000, (start + number) % 1000 * 1000)
            for number, data in enumerate(conserve.make_packets(count, seed))]


def names_of(documents):
    """The files in the order in which their documents came, and how many."""
    found = []
    for document in documents:
        name = os.path.basename(document["file"]["path"])
        if not found or found[-1][0] != name:
            found.append([name, 0])
        found[-1][1] += 1
    return found


Entry = collections.namedtuple("Entry", "version capture file size changed packets mark state rejected failed time name")


def registry_of(place):
    """The entries of the only registry."""
    (name,) = (place / "state" / "espcap").iterdir()
    assert os.stat(name).st_mode & 0o777 == 0o600
    return [Entry(*line.split(" ")) for line in name.read_text().split("\n") if line and not line.startswith("#")]


def states_of(place):
    return sorted((entry.name, entry.state) for entry in registry_of(place))


def append(path, data):
    with open(path, "ab") as target:
        target.write(data)


def payloads(packets):
    return collections.Counter(packet[42:] for packet in packets)


# Files that are there, that come, that grow.

def test_order_of_names_and_a_signal(place):
    for number, name in enumerate(["cap", "cap10", "cap2", "cap1"]):
        capture(place / "in" / name, 3, number + 1)
        os.utime(place / "in" / name, (time.time() - 300,) * 2)
    (place / "in" / ".hidden").write_bytes(b"x" * 100)
    watch = Watch(place)
    watch.printed(12)
    capture(place / "cap11", 3, 9)
    os.rename(place / "cap11", place / "in" / "cap11")
    watch.printed(15)
    counts = watch.end()
    assert names_of(watch.documents) == [["cap", 3], ["cap1", 3], ["cap2", 3], ["cap10", 3], ["cap11", 3]]
    assert watch.documents[0]["file_name"] == "in/cap"
    assert watch.documents[0]["file"]["path"] == str(place / "in" / "cap")
    assert counts["read"] == counts["delivered"] == 15


def test_half_records_are_waited_for(place):
    """Written in pieces that end anywhere: each document comes when its record is whole, and nothing is cut short."""
    path = place / "in" / "grows.pcap"
    parts = records(6, 1)
    data = frames.pcap_header() + b"".join(parts)
    watch = Watch(place)
    append(path, data[:10])
    watch.says("begins")
    time.sleep(0.6)
    append(path, data[10:24 + len(parts[0]) + 7])
    watch.printed(1)
    time.sleep(0.6)
    assert len(watch.output) == 1
    append(path, data[24 + len(parts[0]) + 7:24 + len(parts[0]) + len(parts[1])])
    watch.printed(2)
    append(path, data[24 + len(parts[0]) + len(parts[1]):-3])
    watch.printed(5)
    time.sleep(0.6)
    assert len(watch.output) == 5
    append(path, data[-3:])
    watch.printed(6)
    watch.end()
    assert "cut short" not in watch.messages
    assert collections.Counter(map(conserve.payload_of, watch.documents)) == payloads(conserve.make_packets(6, 1))


def test_compressed_while_it_grows(place):
    data = gzip.compress(frames.pcap_header() + b"".join(records(50, 1)))
    watch = Watch(place, "--watch-idle=2s")
    append(place / "in" / "a.pcap.gz", data[:len(data) // 2])
    watch.says("begins")
    time.sleep(1)
    append(place / "in" / "a.pcap.gz", data[len(data) // 2:])
    watch.printed(50)
    watch.finished("a.pcap.gz")
    watch.end()


def test_cut_short_is_told_when_it_is_finished(place):
    """The run goes on with the next file, and the exit status tells it at the end."""
    whole = frames.pcap_header() + b"".join(records(5, 1))
    append(place / "in" / "cap1", whole[:-4])
    watch = Watch(place)
    watch.printed(4)
    assert "cut short" not in watch.messages
    capture(place / "in" / "cap2", 3, 2)
    watch.says(r"in/cap1: cut short in packet 5")
    watch.printed(7)
    counts = watch.end(code=3)
    assert counts["read"] == 7
    assert states_of(place) == [("cap1", "incomplete"), ("cap2", "partial")]


def test_deleted_and_renamed_while_it_is_read(place):
    """What the open descriptor gives is read to its end."""
    path = place / "in" / "cap"
    data = records(6, 1)
    watch = Watch(place)
    writer = open(path, "wb", buffering=0)
    writer.write(frames.pcap_header() + data[0])
    watch.printed(1)
    os.rename(path, place / "in" / "other")
    writer.write(data[1])
    watch.printed(2)
    writer.write(data[2])
    os.unlink(place / "in" / "other")
    watch.finished("cap")
    watch.says("in/cap: finished: read=3")
    writer.close()
    counts = watch.end()
    assert counts["delivered"] == 3
    assert len(re.findall(": begins", watch.messages)) == 1
    assert [entry.name for entry in registry_of(place)] == ["other"]


def test_written_anew_in_its_place(place):
    """As tcpdump -W does: the same file, cut off, and another capture in it; here as long as the one before."""
    path = place / "in" / "ring0"
    capture(path, 5, 1)
    watch = Watch(place)
    watch.printed(5)
    time.sleep(0.5)
    with open(path, "r+b") as target:
        target.truncate(0)
        time.sleep(0.01)
        target.write(frames.pcap_header() + b"".join(records(5, 1, start=70000)))
    watch.says("truncated and rewritten")
    watch.printed(10)
    counts = watch.end()
    assert counts["delivered"] == 10
    assert len({document["espcap"]["capture"] for document in watch.documents}) == 2


def test_passed_over(place):
    """No capture, no file, a link to a file that is none of the folder's: nothing of it is read, and nothing fails."""
    (place / "in" / "README").write_text("no capture\n" * 30)
    (place / "in" / "folder").mkdir()
    capture(place / "secret", 3, 3)
    os.symlink(place / "secret", place / "in" / "link")
    os.mkfifo(place / "in" / "fifo")
    watch = Watch(place, "--watch-idle=1s")
    watch.says(r"in/README: skipped: ")
    capture(place / "in" / "good", 2, 1)
    watch.printed(2)
    append(place / "in" / "README", b"more\n")
    time.sleep(1)
    watch.end()
    assert len(watch.documents) == 2
    assert len(re.findall("README: skipped: ", watch.messages)) == 1


def test_vanished_before_it_was_read(place):
    """While the server takes nothing the second file cannot be begun; it is deleted meanwhile."""
    with fake_server.Server(faults.Hang(seconds=6)) as server:
        watch = Watch(place, "--memory=1M", "--jobs=1", node=server)
        capture(place / "in" / "a", 3000, 1)
        watch.says("in/a: begins")
        capture(place / "in" / "b", 10, 2)
        time.sleep(1)
        os.unlink(place / "in" / "b")
        watch.says(r"in/b: disappeared before it was read")
        watch.until(lambda: len(server.ledger) == 3000, "documents")
        watch.end(code=3)


def test_folder_removed(place):
    capture(place / "in" / "a", 3, 1)
    watch = Watch(place)
    watch.printed(3)
    shutil.rmtree(place / "in")
    counts = watch.end(code=3, number=None)
    watch.says("the directory was removed")
    assert counts["delivered"] == 3


def test_no_folder(place):
    watch = Watch(place, folder="nowhere")
    assert watch.process.wait(30) == 3
    watch.says("nowhere: No such file")


def test_count_and_duration(place):
    capture(place / "in" / "a", 5, 1)
    capture(place / "in" / "b", 5, 2)
    watch = Watch(place, "--count=7", "--watch-idle=1s")
    assert watch.end(number=None)["read"] == 7
    watch = Watch(place, "--duration=8s", "--watch-idle=1s")
    # What was printed before is not printed again.
    counts = watch.end(number=None)
    assert counts["read"] == 5 and counts["duplicate"] == 2 and counts["delivered"] == 3


def test_tsharks_of_finished_files_are_counted(place):
    (place / "metrics").mkdir()
    (place / "metrics").chmod(0o777)
    for seed, name in enumerate(("a.pcap", "b.pcap")):
        capture(place / "in" / name, 3, seed)
        os.utime(place / "in" / name, (time.time() - 300,) * 2)
    watch = Watch(place, "--metrics=metrics/x.prom", "--watch-idle=1")
    watch.finished("a.pcap", "b.pcap")
    watch.end()
    assert exposition.read(place / "metrics" / "x.prom")("espcap_tsharks_started_total") == 2


def test_status(place):
    capture(place / "in" / "a", 5, 1)
    watch = Watch(place)
    watch.printed(5)
    watch.process.send_signal(signal.SIGUSR1)
    watch.says(r"so far: read=5 printed=5 ")
    watch.end()


# Real writers.

TRAFFIC = """
import os, socket, subprocess, sys, time
sys.path.insert(0, %r)
import conserve
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
writer = subprocess.Popen(sys.argv[3:], stdout=subprocess.DEVNULL)
time.sleep(1.5)
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind(("lo", 0))
for packet in conserve.make_packets(int(sys.argv[1]), 1):
    line.send(packet)
    time.sleep(float(sys.argv[2]))
time.sleep(1)
writer.terminate()
writer.wait()
""" % os.path.dirname(os.path.abspath(__file__))


def write_traffic(place, count, pause, writer):
    """Numbered packets on a line of their own, captured into place by a real program. Returns what that said."""
    if not shutil.which(writer[0]):
        pytest.skip("%s is not installed" % writer[0])
    return subprocess.run(["unshare", "-n", sys.executable, "-c", TRAFFIC, str(count), str(pause), *writer],
                          cwd=place, check=True, capture_output=True, text=True, timeout=120).stderr


@needs_root
@pytest.mark.parametrize("count, pause, writer", [
    (400, 0.01, ["tcpdump", "-i", "lo", "-Z", "root", "-U", "-G", "1", "-w", "in/cap-%s.pcap"]),
    (20000, 0.00005, ["tcpdump", "-i", "lo", "-Z", "root", "-C", "1", "-w", "in/cap.pcap"]),
    (2000, 0.001, ["dumpcap", "-q", "-i", "lo", "-b", "packets:300", "-w", "in/cap.pcapng"]),
], ids=["tcpdump-G", "tcpdump-C", "dumpcap"])
def test_real_writer(place, count, pause, writer):
    with fake_server.Server() as server:
        watch = Watch(place, "--watch-idle=3s", node=server)
        write_traffic(place, count, pause, writer)
        names = os.listdir(place / "in")
        assert len(names) >= 2
        for name in names:
            watch.finished(name)
        counts = watch.end()
        assert server.violations == []
        # Only runs over files ask for that.
        assert server.refreshed == [] and server.exchanges[-1].is_bulk
        wanted = payloads(conserve.make_packets(count, 1))
        found = collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)
        # What a writer's kernel dropped is in no file.
        assert all(found[payload] == 1 for payload in found) and not found - wanted
        in_files = subprocess.run(["sh", "-c", "for f in in/*; do tshark -r $f; done | wc -l"], cwd=place, check=True,
                                  capture_output=True, text=True).stdout
        assert counts["delivered"] == counts["read"] == len(server.ledger) == int(in_files)
        assert int(in_files) > count * 0.9


@needs_root
def test_ring_that_deletes_its_oldest_file(place):
    """What is gone by the time it is finished was read while it was there."""
    with fake_server.Server() as server:
        watch = Watch(place, "--watch-idle=3s", node=server)
        said = write_traffic(place, 800, 0.01, ["dumpcap", "-q", "-i", "lo", "-b", "packets:100", "-b", "files:3",
                                                "-w", "in/ring.pcapng"])
        captured = int(re.search(r"Packets captured: (\d+)", said).group(1))
        left = os.listdir(place / "in")
        assert captured > 700 and len(left) == 3
        watch.finished(*left)
        counts = watch.end()
        assert watch.messages.count(": begins") >= 8
        assert counts["delivered"] == counts["read"] == len(server.ledger) == captured
        found = collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)
        assert set(found.values()) == {1} and not set(found) - set(payloads(conserve.make_packets(800, 1)))


# The registry.

def test_finished_files_are_not_read_again(place):
    with fake_server.Server() as server:
        for number in range(3):
            capture(place / "in" / ("cap%d" % number), 30, number + 1)
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.finished("cap0", "cap1", "cap2")
        watch.end()
        assert len(server.ledger) == 90
        assert sorted((entry.name, entry.packets, entry.state) for entry in registry_of(place)) == [
            ("cap0", "30", "delivered"), ("cap1", "30", "delivered"), ("cap2", "30", "delivered")]
        requests = len(server.bulks)
        os.unlink(place / "in" / "cap0")
        os.rename(place / "in" / "cap1", place / "in" / "renamed")
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.says("was read before", times=2)
        capture(place / "in" / "cap3", 30, 4)
        watch.finished("cap3")
        counts = watch.end()
        assert counts["read"] == counts["delivered"] == 30
        assert len(server.bulks) - requests == 2
        # What is gone may come back; the renamed one has another entry.
        assert {entry.name for entry in registry_of(place)} == {"cap0", "cap1", "renamed", "cap2", "cap3"}


@pytest.mark.parametrize("damage", ["lost", "torn", "garbage", "unwritable"])
def test_registry_lost_or_damaged(place, damage):
    """The ids still prevent doubles."""
    with fake_server.Server() as server:
        for number in range(2):
            capture(place / "in" / ("cap%d" % number), 30, number + 1)
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.finished("cap0", "cap1")
        watch.end()
        (registry,) = (place / "state" / "espcap").iterdir()
        text = registry.read_bytes()
        if damage == "lost":
            registry.unlink()
        elif damage == "torn":
            registry.write_bytes(text[:-20])
        elif damage == "garbage":
            registry.write_bytes(os.urandom(3000) + b"\n" + text[-50:])
        else:
            registry.unlink()
            registry.mkdir()
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.says(r"was read before|finished", times=2)
        counts = watch.end()
        assert len(server.ledger) == 60 and server.violations == []
        assert counts["delivered"] == 0 and counts["duplicate"] == counts["read"] == (30 if damage == "torn" else 60)
        assert ("damaged lines" in watch.messages) == (damage in ("torn", "garbage"))
        assert ("continuing without" in watch.messages) == (damage == "unwritable")


def test_what_is_beside_the_registry_stays(place):
    """It is written anew at each start, by way of another file: that is one of its own."""
    capture(place / "in" / "cap1", 3, 1)
    for name in ("mine.new", "mine.tmp"):
        (place / name).write_text("not the registry's")
    for messages in ("finished", "skipped: it was read before"):
        watch = Watch(place, "--registry=mine", "--watch-idle=1s")
        watch.says("in/cap1: " + messages)
        watch.end()
        assert (place / "mine").read_bytes()
        assert sorted(path.name for path in place.iterdir() if path.is_file()) == ["mine", "mine.new", "mine.tmp"]
        assert {(place / name).read_text() for name in ("mine.new", "mine.tmp")} == {"not the registry's"}


def test_the_former_name_of_a_registry(place):
    """A file of the default name of before is used on; --ledger means --registry."""
    capture(place / "in" / "cap", 3, 1)
    watch = Watch(place, "--watch-idle=1s")
    watch.finished("cap")
    watch.end()
    (file,) = (place / "state" / "espcap").iterdir()
    assert file.suffix == ".registry"
    file.rename(file.with_suffix(".ledger"))
    watch = Watch(place, "--watch-idle=1s")
    watch.says(r"registry .*\.ledger: 1 files")
    watch.says("was read before")
    assert watch.end()["read"] == 0
    assert [path.name for path in (place / "state" / "espcap").iterdir()] == [file.with_suffix(".ledger").name]
    (place / "named").write_bytes(file.with_suffix(".ledger").read_bytes())
    watch = Watch(place, "--ledger=named", "--watch-idle=1s")
    watch.says("registry named: 1 files")
    watch.says("was read before")
    assert watch.end()["read"] == 0


def test_a_registry_that_is_something_else(place):
    """It would be replaced by a registry."""
    capture(place / "in" / "a", 3, 1)
    for content in (records(500, 1), [b"7 lines of\n", b"# text\n"]):
        (place / "mine").write_bytes(frames.pcap_header() * (len(content) > 2) + b"".join(content))
        before = (place / "mine").read_bytes()
        watch = Watch(place, "--registry=mine")
        assert watch.process.wait(30) == 2
        watch.says("--registry=mine: this file is not a registry")
        assert (place / "mine").read_bytes() == before
    (place / "mine").write_bytes(b"")
    watch = Watch(place, "--registry=mine", "--watch-idle=1s")
    watch.finished("a")
    watch.end()
    # Damaged, but one of its own.
    (place / "mine").write_bytes((place / "mine").read_bytes().split(b"\n")[0] + b"\n" + os.urandom(100))
    watch = Watch(place, "--registry=mine", "--watch-idle=1s")
    watch.finished("a")
    watch.end()


def test_one_registry_for_one_run(place):
    capture(place / "in" / "a", 3, 1)
    watch = Watch(place, "--registry=mine")
    watch.printed(3)
    other = Watch(place, "--registry=mine")
    assert other.process.wait(30) == 2
    other.says("another espcap uses this registry")
    watch.end()
    assert (place / "mine").exists() and not (place / "state").exists()


def test_only_what_is_new_is_printed(place):
    """Of a file that goes on after a restart, on standard output too."""
    path = place / "in" / "cap"
    data = records(9, 1)
    append(path, frames.pcap_header() + b"".join(data[:4]) + data[4][:5])
    watch = Watch(place)
    watch.printed(4)
    assert watch.end()["delivered"] == 4
    append(path, data[4][5:] + data[5])
    again = Watch(place, "--watch-idle=1s")
    again.printed(2)
    again.finished("cap")
    # A file that was finished, and grows nevertheless.
    append(path, data[6])
    again.printed(3)
    counts = again.end()
    assert counts["delivered"] == 3
    ordinals = [document["espcap"]["ordinal"] for document in watch.documents + again.documents]
    assert ordinals == [1, 2, 3, 4, 5, 6, 7]


def test_killed_in_the_middle(place):
    """Each packet is on the server once, whatever the registry knew."""
    with fake_server.Server(faults.Slow(0.05, times=None)) as server:
        for number in range(4):
            capture(place / "in" / ("cap%d" % number), 200, number + 1)
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.until(lambda: len(server.ledger) > 300, "documents")
        watch.process.kill()
        watch.process.wait()
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.says(r"was read before|finished", times=4)
        watch.end()
        assert server.violations == []
        found = collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)
        assert found == sum((payloads(conserve.make_packets(200, number + 1)) for number in range(4)),
                            collections.Counter())


# What becomes of files that were delivered.

def test_after_delete(place):
    """When everything is acknowledged, not when everything is sent; and nothing that somebody may still write to."""
    with fake_server.Server(faults.Hang(seconds=3)) as server:
        capture(place / "in" / "a", 30, 1)
        watch = Watch(place, "--watch-idle=1s", "--after=delete", node=server)
        watch.until(lambda: len(server.bulks) > 0, "bulk request")
        capture(place / "b", 30, 2)
        os.rename(place / "b", place / "in" / "b")
        time.sleep(1.5)
        assert (place / "in" / "a").exists()
        watch.until(lambda: os.listdir(place / "in") == [], "empty folder")
        assert len(server.ledger) == 60
        watch.end()


def test_after_move_never_overwrites(place):
    (place / "done").mkdir()
    (place / "done" / "a").write_text("old")
    watch = Watch(place, "--watch-idle=1s", "--after=move:done")
    watch.says("watching")
    capture(place / "a", 3, 1)
    os.rename(place / "a", place / "in" / "a")
    watch.until(lambda: os.listdir(place / "in") == [], "empty folder")
    watch.says("in/a: moved to done/a.1")
    watch.end()
    assert (place / "done" / "a").read_text() == "old"
    assert len(conserve.payloads_of_capture(str(place / "done" / "a.1"))) == 3


def test_after_not_for_what_was_rejected_or_damaged(place):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", text=b'in/a"', times=None)) as server:
        capture(place / "in" / "a", 30, 1)
        watch = Watch(place, "--watch-idle=1s", "--after=delete", node=server)
        watch.says("in/a: begins")
        whole = frames.pcap_header() + b"".join(records(5, 2))
        append(place / "in" / "b", whole[:-4])
        capture(place / "in" / "c", 30, 3)
        watch.says(r"in/a: stays where it is")
        watch.says(r"in/b: stays where it is")
        watch.until(lambda: not (place / "in" / "c").exists(), "deleted file")
        assert sorted(os.listdir(place / "in")) == ["a", "b"]
        counts = watch.end(code=6)
        assert counts["rejected"] == 30
        assert states_of(place) == [
            ("a", "incomplete"), ("b", "incomplete"), ("c", "delivered")]


def test_after_what_a_former_run_did_not_get_to(place):
    with fake_server.Server() as server:
        capture(place / "in" / "a", 30, 1)
        watch = Watch(place, "--watch-idle=1s", node=server)
        watch.finished("a")
        watch.end()
        capture(place / "in" / "b", 30, 1)
        os.utime(place / "in" / "a", (time.time() - 300,) * 2)
        requests = len(server.bulks)
        watch = Watch(place, "--watch-idle=1s", "--after=delete", node=server)
        watch.until(lambda: not (place / "in" / "a").exists(), "deleted file")
        watch.end()
        assert len(server.bulks) == requests


def test_after_more_files_than_descriptors(place):
    """All have to be compared with what a former run delivered."""
    capture(place / "in" / "first", 30, 1)
    for number in range(100):
        shutil.copy(place / "in" / "first", place / "in" / ("copy%d" % number))
    watch = Watch(place, "--watch-idle=1s", "--jobs=1")
    watch.says("was read before", times=100)
    watch.end()
    watch = Watch(place, "--watch-idle=1s", "--after=delete", prefix=["prlimit", "--nofile=80"])
    # Somebody may still write to the last one.
    watch.until(lambda: len(list((place / "in").iterdir())) == 1, "empty folder")
    watch.end()
    assert "has changed" not in watch.messages


@pytest.mark.parametrize("after, why", [("move:nowhere/deeper", "No such file"), ("move:in", "the watched directory itself"),
                                        ("burn", "takes delete or move:DIR")])
def test_after_that_cannot_be(place, after, why):
    watch = Watch(place, "--after=" + after)
    assert watch.process.wait(30) == 2
    watch.says(why)


def test_after_on_another_file_system(place):
    if os.stat("/dev/shm").st_dev == os.stat(place).st_dev:
        pytest.skip("/dev/shm is no file system of its own")
    watch = Watch(place, "--after=move:/dev/shm")
    assert watch.process.wait(30) == 2
    watch.says("another file system")


# Rights.

@needs_root
def test_files_of_root(place):
    """In a folder that the user whom espcap becomes may not enter."""
    (place / "in").chmod(0o700)
    watch = Watch(place, "--watch-idle=1s", "--after=delete")
    watch.says("watching")
    for number in range(2):
        capture(place / "x", 5, number + 1)
        (place / "x").chmod(0o600)
        os.rename(place / "x", place / "in" / str(number))
    watch.printed(10)
    watch.until(lambda: os.listdir(place / "in") == [], "empty folder")
    with open("/proc/%d/status" % watch.process.pid, encoding="ascii") as source:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in source if ":\t" in line)
    assert status["Uid"].split()[0] != "0" and int(status["CapEff"], 16) == 0
    watch.end()


@needs_root
def test_another_user(plain_user, request):
    place = pathlib.Path(tempfile.mkdtemp())
    request.addfinalizer(lambda: shutil.rmtree(place))
    place.chmod(0o755)
    (place / "in").mkdir()
    os.chown(place / "in", 65534, 65534)
    (place / "state").mkdir()
    os.chown(place / "state", 65534, 65534)
    capture(place / "in" / "a", 3, 1)
    capture(place / "in" / "b", 3, 2)
    (place / "in" / "a").chmod(0o600)
    watch = Watch(place, "--watch-idle=1s", prefix=plain_user)
    watch.says("in/a: Permission denied")
    watch.finished("b")
    # It is given the right: that is noticed.
    (place / "in" / "a").chmod(0o644)
    watch.finished("a")
    assert watch.end(code=3)["delivered"] == 6
