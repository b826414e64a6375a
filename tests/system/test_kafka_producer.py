# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka --producer against a real broker: messages, partitions, accounting, faults."""

import collections
import os
import re
import signal
import socket
import subprocess
import time

import kafka
import transfers
from transfers import brokers, capture  # noqa: F401 (a fixture)


def log_lines(result):
    return [line for line in result.lines if ":root:" in line]


def test_messages(brokers, tmp_path):
    """Keys, values and headers, by an implementation of our own; the record's time is that of sending."""
    topic = brokers.create_topic(partitions=4)
    packets = transfers.numbered(tmp_path / "in.pcap", 100)
    begin = time.time()
    result = transfers.produce(brokers, topic, "--file", tmp_path / "in.pcap")
    assert transfers.counts(result)["delivered"] == 100
    found = sorted((transfers.read_header(message.headers).ordinal, message) for message in brokers.consume(topic))
    assert [ordinal for ordinal, _ in found] == list(range(1, 101))
    for (ordinal, message), packet in zip(found, packets):
        assert message.value == packet.data
        assert message.key == transfers.key(packet.time)
        header = transfers.read_header(message.headers)
        assert header == transfers.Header(header.capture, ordinal, 1, packet.wirelen, packet.time % 10**9, "", socket.gethostname())
        assert re.fullmatch("[0-9a-f]{32}", header.capture)
    assert len({transfers.read_header(message.headers).capture for _, message in found}) == 1
    stamps = subprocess.run(["kcat", "-b", brokers.address, "-C", "-t", topic, "-e", "-q", "-f", "%T\n"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert len(stamps) == 100 and all(begin - 5 <= int(stamp) / 1000 <= time.time() + 5 for stamp in stamps)


def test_log_as_pycapa(brokers):
    topic = brokers.create_topic()
    result = transfers.run(None, "--producer", "--kafka", brokers.address, "--topic", topic, "-r", capture("http.pcap"), "-n", 10)
    shown = r"INFO:root:Connecting to Kafka; \{'bootstrap.servers': '%s', 'group.id': '[A-Z]{12}'\}" % brokers.address
    assert re.fullmatch(shown, log_lines(result)[0])
    assert log_lines(result)[1] == "INFO:root:Starting packet capture"
    assert re.fullmatch(r"INFO:root:Waiting for '\d+' message\(s\) to flush", log_lines(result)[2])
    assert log_lines(result)[3:] == ["INFO:root:'10' packet(s) in, '10' packet(s) out"]


def test_pretty_print(brokers):
    result = transfers.produce(brokers, brokers.create_topic(), "--file", capture("dns.pcap"), "-pp", 20, "-ll", "ERROR")
    lines = result.stdout.decode().splitlines()
    assert [line for line in lines if "received" in line] == ["20 packet(s) received", "40 packet(s) received"]
    with open(capture("dns.pcap"), "rb") as file:
        data = transfers.read_pcap(file.read())[2][19].data
    shown = lines[1:lines.index("40 packet(s) received")]
    assert bytes.fromhex("".join(shown)) == data
    assert all(len(line.split(" ")) == 16 for line in shown[:-1])
    assert log_lines(result) == []


def test_conversations_stay_together(brokers, tmp_path):
    topic = brokers.create_topic(partitions=6)
    transfers.numbered(tmp_path / "in.pcap", 600, hosts=30)
    transfers.produce(brokers, topic, "--file", tmp_path / "in.pcap")
    messages = brokers.consume(topic)
    places = collections.defaultdict(set)
    for message in messages:
        places[frozenset([message.value[26:30], message.value[30:34]])].add(message.partition)
    assert all(len(partitions) == 1 for partitions in places.values())
    assert set().union(*places.values()) == set(range(6))
    for partition in range(6):
        ordinals = [transfers.read_header(message.headers).ordinal for message in messages
                    if message.partition == partition]
        assert ordinals == sorted(ordinals)


def test_partition_as_told(brokers):
    topic = brokers.create_topic(partitions=3)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"), "--partition", 2)
    assert {message.partition for message in brokers.consume(topic)} == {2}
    other = brokers.create_topic(partitions=3)
    transfers.produce(brokers, other, "--file", capture("http.pcap"), "--partition", "key")
    assert len({message.partition for message in brokers.consume(other)}) == 3
    result = transfers.produce(brokers, topic, "--file", capture("http.pcap"), "--partition", 3, code=5)
    assert transfers.counts(result)["failed"] == 57
    assert any("Unknown partition" in line for line in result.lines)


def test_filters_and_files(brokers):
    topic = brokers.create_topic(partitions=2)
    with open(capture("gzip.pcap.gz"), "rb") as piped:
        result = transfers.produce(brokers, topic, "-r", capture("icmpv6.pcap"), "-r", "-", "-r", capture("zstd.pcap.zst"),
                                   "--bpf", "udp port 53", "--snaplen", 64, stdin=piped)
    found = transfers.counts(result)
    assert found["captured"] == found["delivered"] == 1 + 24 + 24 and found["filtered"] == 20 + 24 + 24
    assert {len(message.value) for message in brokers.consume(topic)} == {64}
    # Numbers of packets are those of the file, whatever is filtered out.
    limited = brokers.create_topic()
    transfers.produce(brokers, limited, "-r", capture("two-links.pcapng"), "--max-packets", 3, "--bpf", "tcp")
    assert len(brokers.consume(limited)) == 3


def test_joined_captures(brokers, tmp_path):
    """Each is a capture by itself, as for espcap --file."""
    joined = tmp_path / "joined.pcap"
    names = ("http.pcap", "dns.pcap")
    joined.write_bytes(b"".join(open(capture(name), "rb").read() for name in names))
    found = []
    for files in ([joined], [capture(name) for name in names]):
        topic = brokers.create_topic()
        transfers.produce(brokers, topic, *(word for file in files for word in ("--file", file)))
        headers = [transfers.read_header(message.headers) for message in brokers.consume(topic)]
        found.append([(header.capture, header.ordinal) for header in headers])
    assert found[0] == found[1] and len(set(found[0])) == len(found[0])


def test_bad_files(brokers, tmp_path):
    topic = brokers.create_topic()
    cut = tmp_path / "cut.pcap"
    with open(capture("http.pcap"), "rb") as file:
        cut.write_bytes(file.read()[:-10])
    (tmp_path / "text").write_text("This is no capture.\n" * 10)
    result = transfers.produce(brokers, topic, "-r", cut, "-r", tmp_path / "text", "-r", capture("ntp.pcap"), code=3)
    assert transfers.counts(result)["delivered"] == 56 + 6
    assert any(str(cut) in line and "cut short" in line for line in result.lines)
    assert any("text: no pcap or pcapng file" in line for line in result.lines)
    transfers.produce(brokers, topic, "-r", tmp_path / "nosuch", code=3)


def test_larger_than_the_topic_allows(brokers, tmp_path):
    """Those that are too large fail alone: batches keep to the limit."""
    topic = brokers.create_topic(max_message_bytes=2000)
    packets = transfers.numbered(tmp_path / "small.pcap", 400, size=100)
    large = [transfers.Packet(1700000001 * 10**9, 3000, transfers.udp(1, 2, bytes(2958)))] * 2
    transfers.write_pcap(tmp_path / "in.pcap", packets[:200] + large + packets[200:])
    result = transfers.produce(brokers, topic, "--file", tmp_path / "in.pcap", "-X", "compression.codec=none", code=6)
    found = transfers.counts(result)
    assert (found["delivered"], found["failed"], found["too_large"]) == (400, 2, 2)
    assert any("larger than the topic allows" in line for line in result.lines)
    assert sorted(message.value for message in brokers.consume(topic)) == sorted(packet.data for packet in packets)


def test_compacted_topic(brokers):
    topic = brokers.create_topic(cleanup_policy="compact")
    result = transfers.produce(brokers, topic, "--file", capture("http.pcap"), code=2)
    assert any("compacted" in line for line in result.lines)
    assert brokers.count(topic) == 0


def test_queue_full_stops_reading(brokers, tmp_path):
    """librdkafka's queue holds 100 messages; all of the file arrives nevertheless, in order and once."""
    topic = brokers.create_topic()
    packets = transfers.numbered(tmp_path / "in.pcap", 3000)
    result = transfers.produce(brokers, topic, "--file", tmp_path / "in.pcap", "-X", "queue.buffering.max.messages=100",
                               "-X", "linger.ms=1")
    assert transfers.counts(result)["delivered"] == 3000
    assert [message.value for message in brokers.consume(topic)] == [packet.data for packet in packets]


def test_properties(brokers):
    topic = brokers.create_topic()
    refused = (("nosuch.property=1", "No such configuration property"), ("acks=0", "refused"), ("acks=x", "acks"),
               ("transactional.id=x", "refused"), ("nothing", "KEY=VALUE"))
    for text, reason in refused:
        result = transfers.produce(brokers, topic, "--file", capture("http.pcap"), "-X", text, code=2)
        assert any(reason in line for line in result.lines), result.lines
    result = transfers.produce(brokers, topic, "--file", capture("ntp.pcap"), "-X", "sasl.password=hunter2=", "-X", "acks=1")
    assert transfers.counts(result)["delivered"] == 6
    assert "'sasl.password': '***'" in log_lines(result)[1] and not any("hunter2" in line for line in result.lines)
    assert "sasl.password=@FILE" in log_lines(result)[0]


def test_without_a_broker(tmp_path):
    """It waits, and an end is over in --grace."""
    process = transfers.start("localhost:1", "--producer", "-t", "pcap", "-r", capture("http.pcap"), "--grace", "1s")
    transfers.wait_for_line(process, "No broker answers")
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    result = transfers.finish(process)
    assert result.code == 128 + signal.SIGINT and time.monotonic() - begin < 5
    assert transfers.counts(result)["captured"] == 0


def test_missing_topic(brokers):
    """The brokers make it, or it is given up on."""
    result = transfers.produce(brokers, "packets-made-%d" % os.getpid(), "--file", capture("ntp.pcap"))
    assert transfers.counts(result)["delivered"] == 6
    assert not any("WARNING" in line for line in result.lines)
    result = transfers.produce(brokers, "no/topic", "--file", capture("ntp.pcap"), "--retry-for", "1s", code=5)
    assert any("given up after" in line and "--retry-for" in line for line in result.lines)
    assert transfers.counts(result)["captured"] == 0


def test_broker_that_dies(brokers, tmp_path):
    """Killed in the middle and started again: each packet once, in order. An end meanwhile is over in --grace."""
    packets = transfers.numbered(tmp_path / "in.pcap", 50000, size=400)
    options = ("--file", tmp_path / "in.pcap", "-X", "queue.buffering.max.messages=500", "-X", "compression.codec=none",
               "-X", "reconnect.backoff.max.ms=1000")
    topic, other = brokers.create_topic(), brokers.create_topic()
    whole = transfers.start(brokers, "--producer", "-t", topic, *options)
    ended = transfers.start(brokers, "--producer", "-t", other, *options, "--grace", "1s")
    kafka.wait_until(lambda: brokers.count(topic) > 0 and brokers.count(other) > 0)
    brokers.kill9()
    transfers.wait_for_line(whole, "No broker answers")
    begin = time.monotonic()
    ended.send_signal(signal.SIGTERM)
    result = transfers.finish(ended)
    assert result.code == 128 + signal.SIGTERM and time.monotonic() - begin < 6
    assert transfers.counts(result)["failed"] > 0
    brokers.start()
    result = transfers.finish(whole)
    assert result.code == 0, result
    assert transfers.counts(result)["delivered"] == 50000
    assert [message.value for message in brokers.consume(topic)] == [packet.data for packet in packets]
