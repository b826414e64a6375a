# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka with topics that others fill, change and delete while it works."""

import json
import os
import random
import signal
import struct
import subprocess
import time

import pytest

import kafka
import transfers
from transfers import brokers, capture  # noqa: F401 (a fixture)

SECOND = 10**9
# Changes to a topic are noticed after so long.
SOON = ("-X", "topic.metadata.refresh.interval.ms=500")


def packets_of(result):
    return transfers.read_pcap(result.stdout)[2]


def read(brokers, topic, *arguments, **keywords):
    """What the consumer makes of a topic: its counts and packets."""
    result = transfers.consume(brokers, topic, *arguments, "-ll", "DEBUG", **keywords)
    return transfers.counts(result, transfers.CONSUMED), packets_of(result)


# ---- Messages that are none


def test_topic_full_of_json(brokers):
    """Without keys, with short ones, and with keys of 8 bytes that could be times."""
    topic = brokers.create_topic(partitions=2)
    value = json.dumps({"user": "x" * 50}).encode()
    messages = [(None, value), (b"id-1", value), (b"", value), (b"user-123", value), (b"user-0123456789", value)]
    brokers.produce(topic, messages * 100 + [(transfers.key(5 * SECOND), b"packet")])
    found, packets = read(brokers, topic)
    # What a key of 8 bytes or more says is a time that no capture file can hold.
    assert (found["read"], found["keyless"], found["timeless"], found["written"]) == (501, 300, 200, 1)
    assert [packet.data for packet in packets] == [b"packet"]


def test_headers_that_lie(brokers):
    """Each is taken as it is or skipped; what follows is read."""
    topic = brokers.create_topic()
    plain = transfers.header(nanoseconds=1000)[0][1]
    words = plain.split(b" ")
    lies = [b"", b" ", b"1", b"1 " * 8, plain + b" x", plain.replace(b"1 ", b"2 ", 1), b"1" + b" %" * 7, plain + b"%4",
            plain + b"%00", plain + b"\xff", b"x" * 100000, b"\0" * 60, b" ".join(words[:4] + [b"-1"] + words[5:]),
            b" ".join(words[:4] + [b"4294967296"] + words[5:]), b" ".join(words[:3] + [b"65536"] + words[4:]),
            b" ".join(words[:2] + [b"0"] + words[3:]), b" ".join(words[:5] + [b"1000000000"] + words[6:])]
    brokers.produce(topic, [(transfers.key(1000), b"lie", 0, [("espcap", lie)]) for lie in lies] +
                    [(transfers.key(1000), b"short", 0, transfers.header(length=2, nanoseconds=1000)),
                     (transfers.key(1000), b"none", 0, transfers.header(length=0, nanoseconds=1000)),
                     (transfers.key(1000), b"last", 0, [("espcap", b"first")] * 999 + transfers.header(nanoseconds=1000))])
    found, packets = read(brokers, topic)
    assert (found["odd"], found["written"]) == (len(lies), 3)
    assert [packet.data for packet in packets] == [b"short", b"none", b"last"]
    for options in ((), ("--pcapng",), ("--nanosecond",)):
        result = transfers.consume(brokers, topic, *options)
        shown = subprocess.run(["tshark", "-r", "-", "-T", "fields", "-e", "frame.cap_len", "-e", "frame.len"],
                               input=result.stdout, capture_output=True, check=True).stdout.split()
        assert shown == [b"5", b"2", b"4", b"0", b"4", b"60"]


def test_bytes_of_no_meaning(brokers):
    """Whatever stands in key, header and value: it is counted once, and sanitizers have nothing to say."""
    dice = random.Random(16)
    topic = brokers.create_topic(partitions=3)
    good = transfers.header(nanoseconds=1000)[0][1]

    def damaged():
        data = bytearray(good)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        return bytes(data)

    brokers.produce(topic, [
        (dice.choice([None, b"", dice.randbytes(dice.randrange(1, 20)), transfers.key(1000)]), dice.randbytes(dice.randrange(200)),
         dice.randrange(3), dice.choice([None, [("espcap", damaged())], [("espcap", None)], [("espcap", good), ("x", None)]]))
        for _ in range(3000)])
    for options in ((), ("--pcapng",), ("--bpf", "tcp or udp")):
        result = transfers.consume(brokers, topic, "-ll", "DEBUG", *options)
        found = transfers.counts(result, transfers.CONSUMED)
        assert found["read"] == 3000 and found["missed"] == found["unwritten"] == 0
        subprocess.run(["capinfos", "-c", "-"], input=result.stdout, check=True, capture_output=True)


def test_large_values(brokers, tmp_path):
    """10 MB: a packet that no other tool makes, in the file as it is; and packets of IP's greatest length."""
    topic = brokers.create_topic(max_message_bytes=11 << 20)
    large = os.urandom(10 << 20)
    brokers.produce(topic, [(transfers.key(1000), b"before"), (transfers.key(2000), large), (transfers.key(3000), b"after")],
                    **{"message.max.bytes": 11 << 20})
    found, packets = read(brokers, topic)
    assert [packet.data for packet in packets] == [b"before", large, b"after"] and found["written"] == 3
    # The largest packets that there are go through a topic of usual limits.
    data = transfers.udp(1, 2, os.urandom(65507))
    transfers.write_pcap(tmp_path / "in.pcap", [transfers.Packet(SECOND, len(data), data)] * 20)
    result = transfers.produce(brokers, brokers.create_topic(), "-r", tmp_path / "in.pcap")
    assert transfers.counts(result)["delivered"] == 20


def test_times(brokers, tmp_path):
    """From 1970 to 2106, there and back."""
    topic = brokers.create_topic()
    seconds = [0, 1, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1]
    packets = [transfers.Packet(second * SECOND + number, 60, b"%d" % second + bytes(50)) for number, second in enumerate(seconds)]
    transfers.write_pcap(tmp_path / "in.pcap", packets)
    transfers.produce(brokers, topic, "-r", tmp_path / "in.pcap")
    _, found = read(brokers, topic, "--nanosecond")
    assert found == packets
    assert [struct.unpack(">Q", message.key)[0] for message in brokers.consume(topic)] == [second * 10**6 for second in seconds]


# ---- Topics that change


def feed(brokers, topic, *options):
    """A producer whose standard input the test writes."""
    return transfers.start(brokers, "--producer", "-t", topic, "-r", "-", *SOON, *options, stdin=subprocess.PIPE)


def parts(path, *counts):
    """A capture in pieces of so many packets each."""
    packets = transfers.numbered(path, sum(counts))
    with open(path, "rb") as file:
        data = file.read()
    pieces, at, number = [], 0, 0
    for count in counts:
        end = (at or 24) + sum(16 + len(packet.data) for packet in packets[number:number + count])
        pieces.append(data[at:end])
        at, number = end, number + count
    return packets, pieces


def give(process, piece, last=False):
    process.stdin.write(piece)
    process.stdin.flush()
    if last:
        process.stdin.close()
        process.stdin = None


def test_partitions_are_added_while_it_sends(brokers, tmp_path):
    topic = brokers.create_topic()
    packets, pieces = parts(tmp_path / "in.pcap", 500, 500)
    process = feed(brokers, topic)
    give(process, pieces[0])
    kafka.wait_until(lambda: brokers.count(topic) == 500)
    brokers.add_partitions(topic, 4)
    time.sleep(1.5)
    give(process, pieces[1], last=True)
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == 1000
    messages = brokers.consume(topic)
    assert sorted(message.value for message in messages) == sorted(packet.data for packet in packets)
    assert {message.partition for message in messages} == {0, 1, 2, 3}


def test_topic_is_deleted_and_made_anew(brokers, tmp_path):
    """Producer and consumer go on in the new one; what was confirmed before went with the old one."""
    topic = brokers.create_topic()
    packets, pieces = parts(tmp_path / "in.pcap", 500, 500)
    reader = transfers.start(brokers, "-c", "-t", topic, "-o", "begin", "-m", 1000, "-X", "allow.auto.create.topics=false", *SOON)
    process = feed(brokers, topic, "-X", "allow.auto.create.topics=false", "-X", "topic.metadata.propagation.max.ms=1000")
    give(process, pieces[0])
    kafka.wait_until(lambda: brokers.count(topic) == 500)
    brokers.delete_topic(topic)
    time.sleep(2)
    brokers.create_topic(name=topic)
    give(process, pieces[1], last=True)
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == 1000, result
    assert [message.value for message in brokers.consume(topic)] == [packet.data for packet in packets[500:]]
    result = transfers.finish(reader)
    assert result.code == 0, result
    assert [packet.data for packet in packets_of(result)] == [packet.data for packet in packets]


def test_offsets_that_are_gone(brokers):
    """Retention is faster than the reader: what was missed is counted, and it goes on."""
    topic = brokers.create_topic()
    value = bytes(5000)
    brokers.produce(topic, [(transfers.key(number * 1000), b"%08d" % number + value) for number in range(3000)])
    process = transfers.start(brokers, "-c", "-t", topic, "-o", "begin", "-X", "queued.max.messages.kbytes=100",
                              "-X", "fetch.message.max.bytes=50000", "-ll", "DEBUG")
    os.read(process.stdout.fileno(), 24)
    time.sleep(1)
    brokers.expire(topic)
    brokers.produce(topic, [(transfers.key(10**10), b"end of it")])
    data = b""
    while not data.endswith(b"end of it"):
        data += os.read(process.stdout.fileno(), 1 << 20)
    process.send_signal(signal.SIGTERM)
    result = transfers.finish(process)
    assert result.code == 0
    found = transfers.counts(result, transfers.CONSUMED)
    assert found["read"] + found["missed"] == 3001 and 0 < found["missed"] < 3000, found
    assert any("%d messages of partition 0 were deleted" % found["missed"] in line for line in result.lines)


def test_group_that_is_ahead(brokers):
    """A group's offset of a topic that was made anew since: what there is is read."""
    topic = brokers.create_topic()
    options = ("-o", "stored", "-X", "group.id=ahead-%s" % topic)
    brokers.produce(topic, [(transfers.key(1000), b"old")] * 10)
    assert len(packets_of(transfers.consume(brokers, topic, *options))) == 10
    held = brokers.consumer("ahead-%s" % topic)
    from confluent_kafka import TopicPartition
    held.commit(offsets=[TopicPartition(topic, 0, 50)], asynchronous=False)
    held.close()
    result = transfers.consume(brokers, topic, *options)
    assert len(packets_of(result)) == 10 and any("50 is stored" in line for line in result.lines)


# ---- What is bounded


def test_memory_with_many_partitions(brokers):
    """Partitions share what is held of them: a reader that does not read costs little, however many there are."""
    topic = brokers.create_topic(partitions=16)
    data = os.urandom(1 << 20)
    brokers.produce(topic, [(transfers.key(number * 1000), data[number:number + 20000], number % 16) for number in range(12000)],
                    **{"queue.buffering.max.kbytes": 1 << 20})
    program = os.path.join(os.path.dirname(os.environ.get("ESPCAP_PLAIN", "")) or os.path.dirname(transfers.PROGRAM), "espcap-kafka")
    process = subprocess.Popen([program, "-k", brokers.address, "-c", "-t", topic, "-o", "begin"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.read(process.stdout.fileno(), 24)
    time.sleep(2)
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        peak = int(next(row for row in file if row.startswith("VmHWM")).split()[1])
    process.kill()
    process.communicate()
    assert peak < 160 << 10
