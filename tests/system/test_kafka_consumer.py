# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka --consumer against a real broker: Pycapa's file, order, odd messages, where it begins and ends."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import transfers
from transfers import brokers, capture  # noqa: F401 (a fixture)

SECOND = 10**9
# Three packets as the real Pycapa sent them, and its consumer's file of them.
PYCAPA = (
    ("00051c10e29e53bc", "ffffffffffff0210ac000002080600010800060400010210ac000002ac100002000000000000ac100001"),
    ("00060a24181e4000", "02000000000102000000000208004500001c000100004011b85f0a0000010a0000023039003500080000"),
    ("0000000000000001", "00"))
PYCAPA_SHA256 = "5c37db8fa347bad2c23e1f1f9f98f422334b1e04bf2022bdebb04223a2822ccc"


def packets_of(result):
    return transfers.read_pcap(result.stdout)[2]


def plain(numbers, headers=None):
    """Messages with the times of these numbers, in microseconds, and the number as the packet."""
    return [(transfers.key(number * 1000), b"%d" % number, 0, headers) for number in numbers]


@pytest.mark.skipif(sys.byteorder != "little", reason="the reference was written on a little-endian machine")
def test_file_of_pycapa(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in PYCAPA])
    result = transfers.consume(brokers, topic)
    assert len(result.stdout) == 157 and hashlib.sha256(result.stdout).hexdigest() == PYCAPA_SHA256
    assert result.lines == []
    short = transfers.consume(brokers, topic, "-s", 128, "-m", 2)
    assert short.stdout[16:20] == b"\x80\0\0\0" and len(packets_of(short)) == 2


@pytest.mark.parametrize("name", ["http.pcap", "nanosecond.pcap", "raw-ip.pcap", "snaplen.pcap"])
def test_what_was_produced(brokers, name, tmp_path):
    """As tshark, which shares nothing with espcap's readers, sees both."""
    topic = brokers.create_topic(partitions=5)
    transfers.produce(brokers, topic, "--file", capture(name))
    out = tmp_path / "out.pcap"
    transfers.consume(brokers, topic, "--write", out, "--nanosecond")
    assert out.stat().st_mode & 0o777 == 0o600
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.encap_type", "-e", "frame.len", "-e", "frame.cap_len"]
    for options in (fields, ["-x"]):
        shown = [subprocess.run(["tshark", "-r", path, *options], capture_output=True, check=True).stdout
                 for path in (capture(name), out)]
        assert shown[0] == shown[1] and shown[0]


def test_link_types(brokers):
    topic = brokers.create_topic(partitions=2)
    transfers.produce(brokers, topic, "--file", capture("two-links.pcapng"))
    result = transfers.consume(brokers, topic)
    found = transfers.counts(result, transfers.CONSUMED)
    assert found["written"] > 0 and found["other_link"] > 0 and found["read"] == 35
    assert any("--pcapng" in line for line in result.lines)
    both = transfers.consume(brokers, topic, "--pcapng")
    shown = subprocess.run(["tshark", "-r", "-", "-T", "fields", "-e", "frame.encap_type"], input=both.stdout,
                           capture_output=True, check=True).stdout.split()
    assert len(shown) == 35 and len(set(shown)) == 2
    assert both.lines == []


def test_order_of_partitions(brokers):
    topic = brokers.create_topic(partitions=4)
    numbers = list(range(1, 801))
    random.Random(16).shuffle(numbers)
    parts = [sorted(numbers[part::4]) for part in range(4)]
    brokers.produce(topic, [(transfers.key(number * 1000), b"%d" % number, part) for part in range(4) for number in parts[part]])
    assert [int(packet.data) for packet in packets_of(transfers.consume(brokers, topic))] == list(range(1, 801))


def test_reorder_is_bounded(brokers):
    """An idle partition holds up the others for --reorder, no longer."""
    topic = brokers.create_topic(partitions=2)
    brokers.produce(topic, plain([1]))
    begin = time.monotonic()
    result = transfers.run(brokers, "-c", "-t", topic, "-o", "begin", "-m", 1, "--reorder", "2s")
    assert 2 <= time.monotonic() - begin < 12 and len(packets_of(result)) == 1


def test_odd_messages(brokers):
    topic = brokers.create_topic()
    good = transfers.header(length=1500, nanoseconds=5000)
    messages = [
        (None, b"no key"), (b"", b"empty key"), (b"1234", b"4 bytes"),
        (transfers.key(3000) + b"rest.", b"13 bytes"), (transfers.key(4000), b""),
        (transfers.key(5000), b"header", 0, good),
        (transfers.key(5000), b"thousand", 0, [("other", b"x")] * 999 + good),
        (transfers.key(6000), b"twice", 0, [("espcap", b"nonsense")] + transfers.header(nanoseconds=6000)),
        (transfers.key(7000), b"link type", 0, transfers.header(linktype="x", nanoseconds=7000)),
        (transfers.key(7000), b"percent", 0, [("espcap", b"1 %zz 1 1 60 7000 i h")]),
        (transfers.key(7000), b"time", 0, transfers.header(nanoseconds=123456)),
        (transfers.key(7000), b"json", 0, [("espcap", b"{}")]),
        (transfers.key(8000), b"no value", 0, [("espcap", None)]),
        (transfers.key(4294967295 * SECOND), b"2106"), (transfers.key(4294967296 * SECOND), b"too late"),
        (b"\xff" * 8, b"before 1970"), (transfers.key(9000), b"x" * 900000)]
    brokers.produce(topic, messages)
    result = transfers.consume(brokers, topic)
    found = transfers.counts(result, transfers.CONSUMED)
    assert {name: found[name] for name in ("read", "keyless", "odd", "timeless", "other_link")} == {
        "read": 17, "keyless": 3, "odd": 4, "timeless": 2, "other_link": 0}
    packets = packets_of(result)
    assert [packet.data[:9] for packet in packets] == [b"13 bytes", b"", b"header", b"thousand", b"twice", b"no value", b"2106", b"x" * 9]
    assert packets[2] == transfers.Packet(5000, 1500, b"header") and len(packets[7].data) == 900000
    assert sum("Skipped the message" in line for line in result.lines) == 3


def test_where_it_begins(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, plain([1, 2, 3]))
    process = transfers.start(brokers, "-c", "-t", topic, "-m", 2)
    # The header comes before any packet.
    assert len(os.read(process.stdout.fileno(), 100)) == 24
    # The next is read, not those that were there: it is ready when its header is written.
    brokers.produce(topic, plain([4, 5, 6]))
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and b"4" in stdout and b"5" in stdout and len(stdout) == 34
    result = transfers.run(brokers, "-c", "-t", topic, "-o", "begin", "-m", 2)
    assert [packet.data for packet in packets_of(result)] == [b"1", b"2"]
    at = transfers.run(brokers, "-c", "--at", "%s:0:3+2" % topic)
    assert [packet.data for packet in packets_of(at)] == [b"4", b"5"]
    transfers.run(brokers, "-c", "--at", "%s:7:3" % topic, code=2)
    # The link type of a topic that says nothing now is that of its last packet.
    cooked = brokers.create_topic()
    transfers.produce(brokers, cooked, "--file", capture("cooked.pcap"))
    process = transfers.start(brokers, "-c", "-t", cooked)
    assert transfers.read_pcap(os.read(process.stdout.fileno(), 100))[0] == 276
    process.terminate()
    assert transfers.finish(process).code == 0


def test_stored_offsets(brokers):
    topic = brokers.create_topic(partitions=2)
    options = ("-c", "-t", topic, "-o", "stored", "-X", "group.id=reader-%s" % topic, "--reorder", "1ms")
    brokers.produce(topic, [(transfers.key(number * 1000), b"%d" % number, number % 2) for number in range(1, 11)])
    first = transfers.run(brokers, *options, "-m", 4)
    second = transfers.run(brokers, *options, "-m", 6)
    assert sorted(int(packet.data) for packet in packets_of(first) + packets_of(second)) == list(range(1, 11))
    assert brokers.committed("reader-%s" % topic, topic) == {0: 5, 1: 5}


def test_deleted_messages(brokers):
    topic = brokers.create_topic()
    options = ("-c", "-t", topic, "-o", "stored", "-X", "group.id=late-%s" % topic)
    brokers.produce(topic, plain(range(1, 11)))
    transfers.run(brokers, *options, "-m", 4)
    brokers.expire(topic)
    brokers.produce(topic, plain([11]))
    result = transfers.run(brokers, *options, "-m", 1)
    assert [packet.data for packet in packets_of(result)] == [b"11"]
    assert transfers.counts(result, transfers.CONSUMED)["missed"] == 6


def test_partitions_are_added(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, plain([1]))
    process = transfers.start(brokers, "-c", "-t", topic, "-o", "begin", "-m", 2, "-X", "topic.metadata.refresh.interval.ms=1000")
    assert len(os.read(process.stdout.fileno(), 100)) >= 24
    brokers.add_partitions(topic, 3)
    brokers.produce(topic, [(transfers.key(2000), b"2", 2)])
    assert transfers.finish(process).code == 0


def test_pretty_print(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, plain(range(1, 8)))
    result = transfers.consume(brokers, topic, "--pretty-print", 3)
    assert result.stdout.decode() == "3 packet(s) received\n33\n6 packet(s) received\n36\n"


def test_filter(brokers):
    topic = brokers.create_topic(partitions=2)
    transfers.produce(brokers, topic, "--file", capture("dns.pcap"))
    result = transfers.consume(brokers, topic, "--bpf", "udp port 53", "-ll", "DEBUG")
    found = transfers.counts(result, transfers.CONSUMED)
    assert found["written"] == found["filtered"] == 24 and len(packets_of(result)) == 24


def test_reader_goes_away(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, plain(range(1, 8)))
    process = transfers.start(brokers, "-c", "-t", topic, "-o", "begin")
    os.read(process.stdout.fileno(), 24)
    process.stdout.close()
    process.stdout = None
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == b""


def test_full_disk(brokers):
    topic = brokers.create_topic()
    brokers.produce(topic, plain(range(1, 8)))
    result = transfers.consume(brokers, topic, "--write", "/dev/full", code=5)
    assert any("/dev/full: No space left on device" in line for line in result.lines)
    assert transfers.counts(result, transfers.CONSUMED)["written"] == 0


def test_slow_reader(brokers):
    """Memory stays bounded, and everything comes."""
    topic = brokers.create_topic()
    brokers.produce(topic, [(transfers.key(number * 1000), b"%08d" % number + bytes(5000)) for number in range(4000)])
    process = transfers.start(brokers, "-c", "-t", topic, "--exit-at-end")
    time.sleep(2)
    with open("/proc/%d/statm" % process.pid) as file:
        resident = int(file.read().split()[1]) * 4096
    result = transfers.finish(process)
    assert result.code == 0 and len(packets_of(result)) == 4000
    assert resident < 400 << 20


def test_signals(brokers):
    topic = brokers.create_topic()
    for number in (signal.SIGINT, signal.SIGTERM):
        process = transfers.start(brokers, "-c", "-t", topic)
        os.read(process.stdout.fileno(), 24)
        begin = time.monotonic()
        process.send_signal(number)
        assert transfers.finish(process).code == 0 and time.monotonic() - begin < 5


def test_without_a_broker():
    """The header is written although nothing is known."""
    process = transfers.start("localhost:1", "-c", "-t", "pcap")
    transfers.wait_for_line(process, "No broker answers")
    process.send_signal(signal.SIGTERM)
    result = transfers.finish(process)
    assert result.code == 0
    result = transfers.run("localhost:1", "-c", "-t", "pcap", "-X", "security.protocol=nonsense", code=2)
    assert any("security.protocol" in line for line in result.lines)
