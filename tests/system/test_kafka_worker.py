# SPDX-License-Identifier: BSD-2-Clause
"""espcap --kafka against a real broker: documents, context, commits, members that come and go."""

import collections
import json
import os
import re
import signal
import subprocess
import time

import pytest

import conftest
import conserve
import conserve_kafka
import deliveries
import engines
import espcap
import fake_faults
import fake_server
import kafka
import transfers
from transfers import brokers, capture  # noqa: F401 (a fixture)

FINAL = re.compile(r"^espcap: read=\d+ .*$", re.MULTILINE)
PARTS = ("indexed", "printed", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "released", "unsent")
# What a document from a topic says otherwise than that of the file, and why.
OTHERWISE = re.compile("|".join((
    # where the packet comes from
    "type$", "file_name$", r"file\.", "file_date_utc$", r"espcap\.kafka\.", r"espcap\.(offset|section|context)$", r"host\.", r"observer\.",
    # the stream of a partition is a pcapng of its own
    r"layers\.frame\.frame\.(interface_(id|name|description)|section_number|comment)$", r"layers\.pkt_comment",
    # streams are numbered in each partition
    r".*\.stream$",
    # sequence numbers are those of the packet: where a stream begins is not known
    r".*tcp\.(seq|ack|nxtseq)$", r".*tcp\.options\.sack(_|\.|\.d?sack_)[lr]e$", "info$",
    # packets of other partitions are not between
    r".*frame\.time_(delta|delta_displayed|relative)$", r".*tcp\.time_(delta|relative)$",
    # texts that quote these
    r".*_ws\.expert\..*", r".*\.text$")))


def flat(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, name + "." + key if name else key)
    else:
        yield name, value


def by_packet(documents):
    found = {(one["espcap"]["capture"], one["espcap"]["ordinal"]): one for one in documents}
    assert len(found) == len(documents)
    return found


def sums(errors):
    line, = FINAL.findall(errors)
    found = {name: int(value) for name, value in (word.split("=") for word in line.split()[1:])}
    assert found["read"] == sum(found.get(part, 0) for part in PARTS), line
    return found


Outcome = collections.namedtuple("Outcome", "documents sums errors")


def words(brokers, topic, *options):
    group = [] if "--group" in options else ["--group", "espcap-" + topic]
    return ["--kafka", brokers.address, "--topic", topic, *group, *options]


def offset_of(document):
    return document["espcap"]["kafka"]["offset"]


def read_topic(brokers, topic, *options, code=0):
    """One worker up to the end of the topic."""
    done = espcap.run(*words(brokers, topic, "--exit-at-end", *options))
    assert done.code == code, done.errors
    return Outcome(done.documents, sums(done.errors), done.errors)


def file_documents(path, *options):
    done = espcap.run("--file", path, *options)
    assert done.code == 0, done.errors
    return done.documents


@pytest.mark.parametrize("name", ["http.pcap", "dns.pcap", "retransmission.pcap", "two-links.pcapng", "nanosecond.pcap",
                                  "fragments.pcap", "snaplen.pcap"])
def test_documents_are_those_of_the_file(brokers, name):
    """In partitions there are fewer packets between, which what a document says of its packet does not depend on."""
    topic = brokers.create_topic(partitions=4)
    transfers.produce(brokers, topic, "--file", capture(name))
    found = read_topic(brokers, topic)
    here, there = by_packet(found.documents), by_packet(file_documents(capture(name)))
    assert here.keys() == there.keys()
    for packet, document in here.items():
        own, other = dict(flat(document)), dict(flat(there[packet]))
        differ = {name for name in own.keys() | other.keys() if own.get(name) != other.get(name)}
        assert not {name for name in differ if not OTHERWISE.match(name)}, packet
        assert document["type"] == "pcap_kafka" and document["espcap"]["kafka"]["topic"] == topic
        assert document["host"]["name"] == document["observer"]["name"] == os.uname().nodename
        assert document["frame_number"] == document["espcap"]["ordinal"] == int(document["layers"]["frame"]["frame.number"])


def test_goes_on_where_the_group_was(brokers):
    topic = brokers.create_topic(partitions=2)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    first = read_topic(brokers, topic)
    total = len(first.documents)
    assert sum(brokers.committed("espcap-" + topic, topic).values()) == total
    assert read_topic(brokers, topic).sums["read"] == 0
    transfers.produce(brokers, topic, "--file", capture("dns.pcap"))
    second = read_topic(brokers, topic, "--warmup=60s,10")
    assert second.sums["warmed"] > 0
    assert len(by_packet(first.documents + second.documents)) == brokers.count(topic)
    again = read_topic(brokers, topic, "--from=begin")
    assert len(again.documents) == brokers.count(topic)


def test_context(brokers):
    """A worker that goes on in the middle of a connection knows what came before."""
    topic = brokers.create_topic()
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    half = 30
    first = read_topic(brokers, topic, "--count", str(half))
    assert first.sums["read"] == half and brokers.committed("espcap-" + topic, topic) == {0: half}
    second = read_topic(brokers, topic)
    assert second.sums["warmed"] == half
    whole = by_packet(file_documents(capture("http.pcap")))
    both = by_packet(first.documents + second.documents)
    assert both.keys() == whole.keys()
    for packet, document in both.items():
        for section, fields in whole[packet]["layers"].items():
            if section != "application":
                continue
            assert document["layers"][section] == fields or {
                name for name in fields if fields[name] != document["layers"][section].get(name)} <= {
                    name for name in fields if OTHERWISE.match("layers.application." + name)}, packet


def test_messages_of_others(brokers):
    """Without a header it is Pycapa's message; what is no packet is skipped, counted and committed."""
    topic = brokers.create_topic()
    packet = next(iter(transfers.read_pcap(open(capture("http.pcap"), "rb").read())[2])).data
    good = transfers.key(1_700_000_000 * 10**9)
    brokers.produce(topic, [
        (good, packet, 0), (None, b'{"a": 1}', 0), (b"short", packet, 0), (good + b"more", packet, 0), (good, b"", 0),
        (good, packet, 0, transfers.header(linktype=70000)), (good, packet, 0, transfers.header(length=1)),
        (good, packet, 0, [("espcap", b"2 x")]), (good, packet, 0, transfers.header(length=len(packet))),
        (good, b"x" * 600_000, 0), (transfers.key(2**33 * 10**9), packet, 0)])
    found = read_topic(brokers, topic)
    # Of several captures, which have a tshark each, documents come in any order.
    by_offset = {one["espcap"]["kafka"]["offset"]: one for one in found.documents}
    # A length below the value's is one that capture files have, too.
    assert sorted(by_offset) == [0, 3, 4, 6, 8, 10]
    assert found.sums["malformed"] == 5 and found.sums["read"] == 6
    assert brokers.committed("espcap-" + topic, topic) == {0: 11}
    plain = by_offset[0]
    assert plain["frame_number"] == 1 and "host" not in plain
    assert by_offset[3]["frame_number"] == 4 and by_offset[3]["espcap"]["capture"] == plain["espcap"]["capture"]
    assert by_offset[8]["observer"]["ingress"]["interface"]["name"] == "eth0"
    assert by_offset[10]["@timestamp"].startswith("2242-03-16T12:56:32")
    assert "no packet" in found.errors


def test_selection(brokers):
    topic = brokers.create_topic(partitions=3)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    total = brokers.count(topic)
    lean = read_topic(brokers, topic, "--display-filter=http", "--group", "one-" + topic)
    assert lean.sums["printed"] > 0 and lean.sums["printed"] + lean.sums["filtered"] == total
    assert all(one["protocol"] == "http" for one in lean.documents)
    some = read_topic(brokers, topic, "--bpf=src port 80", "--group", "two-" + topic)
    assert 0 < some.sums["printed"] < total and some.sums["printed"] + some.sums["skipped"] == total
    few = read_topic(brokers, topic, "--bpf=src port 80", "--count=5", "--group", "three-" + topic)
    assert few.sums["printed"] == 5


def test_capture_times(brokers):
    """--since and --until: others are counted, committed, and context for tshark if they are just before."""
    topic = brokers.create_topic()
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    with open(capture("http.pcap"), "rb") as file:
        times = [packet.time // 10**6 for packet in transfers.read_pcap(file.read())[2]]
    total, first, last = len(times), times[20], times[40]
    wanted = [number for number, time in enumerate(times) if first <= time < last]
    assert 0 < len(wanted) < total
    bounds = ("--since=%d.%03d" % divmod(first, 1000), "--until=%d.%03d" % divmod(last, 1000))
    whole = by_packet(file_documents(capture("http.pcap")))
    for group, options in (("near", ()), ("far", ("--warmup=0",))):
        found = read_topic(brokers, topic, "--group", group + topic, *bounds, *options)
        assert sorted(one["espcap"]["kafka"]["offset"] for one in found.documents) == wanted
        assert found.sums["read"] == len(wanted) and found.sums["skipped"] == total - len(wanted)
        assert found.sums["warmed"] == found.sums["malformed"] == 0
        assert brokers.committed(group + topic, topic) == {0: total}
        if group == "near":
            assert all(document["protocol"] == whole[packet]["protocol"] for packet, document in by_packet(found.documents).items())
    few = read_topic(brokers, topic, "--group", "count-" + topic, bounds[0], "--count=3")
    assert few.sums["printed"] == 3 and few.sums["skipped"] == wanted[0]


def test_retention(brokers):
    topic = brokers.create_topic()
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    read_topic(brokers, topic, "--count=20")
    brokers.expire(topic)
    transfers.produce(brokers, topic, "--file", capture("dns.pcap"))
    found = read_topic(brokers, topic)
    start, end = brokers.ends(topic)[0]
    assert found.sums["missed"] == start - 20 and found.sums["read"] == end - start
    assert "deleted before they were read" in found.errors


def start_worker(brokers, topic, output, *options):
    return subprocess.Popen(espcap.command(*words(brokers, topic, *options)), stdin=subprocess.DEVNULL,
                            stdout=output, stderr=subprocess.PIPE, preexec_fn=transfers.take_signals,
                            env=espcap.ENVIRONMENT)


def test_a_signal_ends_it(brokers, tmp_path):
    topic = brokers.create_topic(partitions=2)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"))
    with open(tmp_path / "documents", "wb") as output:
        worker = start_worker(brokers, topic, output, "--commit-every=200ms")
    kafka.wait_until(lambda: sum(brokers.committed("espcap-" + topic, topic).values()) == brokers.count(topic))
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    result = transfers.finish(worker)
    assert result.code == 0 and time.monotonic() - began < 8, result.lines
    assert len((tmp_path / "documents").read_bytes().splitlines()) == brokers.count(topic)


def test_two_read_to_the_end(brokers, tmp_path):
    """The one that joins the other waits for its share, and ends, too."""
    topic = brokers.create_topic(partitions=4)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"), "--partition=key")
    outputs = [tmp_path / "first", tmp_path / "second"]
    workers = []
    for path in outputs:
        with open(path, "wb") as output:
            workers.append(start_worker(brokers, topic, output, "--exit-at-end", "-X", "heartbeat.interval.ms=500",
                                        # One that ends within a rebalance may not tell the group in time.
                                        "-X", "session.timeout.ms=6000"))
    results = [transfers.finish(worker) for worker in workers]
    assert [result.code for result in results] == [0, 0], results
    documents = [espcap.parse_line(line) for path in outputs for line in path.read_bytes().splitlines()]
    assert {(one["espcap"]["kafka"]["partition"], one["espcap"]["kafka"]["offset"]) for one in documents} == {
        (number, offset) for number, (_, end) in brokers.ends(topic).items() for offset in range(end)}


def test_ends_when_the_group_is_at_the_end(brokers, tmp_path):
    """What another has, and does not read, is waited for, and read when it comes; at first there is nothing."""
    topic = brokers.create_topic(partitions=2)
    transfers.produce(brokers, topic, "--file", capture("http.pcap"), "--partition=key")
    ends = {number: end for number, (_, end) in brokers.ends(topic).items()}
    other = brokers.consumer("espcap-" + topic, **{"partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 500})
    other.subscribe([topic])

    def has_all():
        other.poll(0.05)
        return len(other.assignment()) == 2

    kafka.wait_until(has_all)
    with open(tmp_path / "documents", "wb") as output:
        worker = start_worker(brokers, topic, output, "--exit-at-end", "--commit-every=100ms", "-X", "heartbeat.interval.ms=500")

    def is_half_read():
        # Without it the other would not give a partition up.
        other.poll(0.05)
        committed = brokers.committed("espcap-" + topic, topic)
        return len(committed) == 1 and all(ends[number] == offset for number, offset in committed.items())

    kafka.wait_until(is_half_read)
    other.close()
    result = transfers.finish(worker)
    assert result.code == 0, result.lines
    assert brokers.committed("espcap-" + topic, topic) == ends
    documents = [espcap.parse_line(line) for line in (tmp_path / "documents").read_bytes().splitlines()]
    assert {(one["espcap"]["kafka"]["partition"], offset_of(one)) for one in documents} == {
        (number, offset) for number, end in ends.items() for offset in range(end)}


@conftest.needs_root
def test_no_room_for_the_dead_letters(brokers, tmp_path):
    """What was put aside is committed; what could not be is not: the next worker has it again."""
    topic, group = brokers.create_topic(), "full"
    first, rest = 20, 200
    transfers.numbered(tmp_path / "first.pcap", first, size=100)
    transfers.numbered(tmp_path / "rest.pcap", rest, size=300)
    small = deliveries.shared(tmp_path) / "small"
    small.mkdir()
    prefix = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=96k none "$0" || exit; "$@"; code=$?; cp "$0/letters" "$0.kept"; '
              'exit $code', str(small)]
    options = words(brokers, topic, "--group", group, "--chunk=10", "--commit-every=100ms")
    fault = fake_faults.Items(400, "document_parsing_exception", "no", every=2, times=None)
    with fake_server.Server(fault) as server:
        worker = deliveries.Running([server], None, tmp_path, *options, "--dead-letter", str(small / "letters"), prefix=prefix)
        transfers.produce(brokers, topic, "--file", tmp_path / "first.pcap")
        kafka.wait_until(lambda: brokers.committed(group, topic) == {0: first})
        transfers.produce(brokers, topic, "--file", tmp_path / "rest.pcap")
        done = worker.wait()
        assert done.code == 5, done.errors
        done.says("letters", "space")
        counts = sums(done.errors)
        assert counts["rejected"] >= first // 2 and counts["unsent"] > 0
        with open(str(small) + ".kept", "rb") as kept:
            aside = {offset_of(json.loads(line)["document"]) for line in kept if line.endswith(b"\n")}
        assert len(aside) >= counts["rejected"]
        committed = brokers.committed(group, topic)[0]
        assert first <= committed < first + rest
        assert set(range(committed)) <= aside | {offset_of(entry.document) for entry in server.ledger}
        fault.lift()
        done = deliveries.Running([server], None, tmp_path, *options, "--exit-at-end").wait()
        assert done.code == 0, done.errors
        assert brokers.committed(group, topic) == {0: first + rest}
        offsets = [offset_of(entry.document) for entry in server.ledger]
        assert set(offsets) | aside == set(range(first + rest)) and len(set(offsets)) == len(offsets)


def test_lag_while_nothing_is_read(brokers):
    """A worker that stands still, with all its buffers full, knows of what is sent meanwhile."""
    topic = brokers.create_topic()
    first, more = 2500, 40
    packet = transfers.udp(1, 2, bytes(60_000))
    brokers.produce(topic, [(transfers.key(number * 1000), packet, 0) for number in range(1, first + 1)],
                    **{"compression.codec": "zstd"})
    # Nobody reads its documents.
    worker = start_worker(brokers, topic, subprocess.PIPE, "-X", "queued.max.messages.kbytes=1024", "--warmup=0", "--verbose")
    lags = []

    def look():
        worker.send_signal(signal.SIGUSR1)
        line = transfers.wait_for_line(worker, "lag of topic")[-1]
        lags.append(int(line.rsplit(" ", 1)[1]))
        return lags[-1]

    transfers.wait_for_line(worker, "assigned, from offset")
    # It stands when the lag is the same again and again: what the first documents of the pipe leave.
    kafka.wait_until(lambda: look() >= 40 and len(lags) > 30 and len(set(lags[-20:])) == 1)
    before = lags[-1]
    brokers.produce(topic, [(transfers.key(number * 1000), packet, 0) for number in range(first + 1, first + more + 1)])
    kafka.wait_until(lambda: look() == before + more)
    worker.kill()
    worker.communicate()


def test_no_broker():
    began = time.monotonic()
    done = espcap.run("--kafka=127.0.0.1:9", "--topic=packets", "--duration=500ms", "--grace=1s")
    assert done.code == 0 and time.monotonic() - began < 20
    assert "127.0.0.1:9" in done.errors


@pytest.mark.parametrize("seed,kinds", [(1, ["kill"]), (2, ["stop", "join"]), (3, ["helper", "tshark"]), (4, ["broker"])])
def test_conservation(brokers, seed, kinds):
    """More of these by hand: tests/system/conserve_kafka.py."""
    with engines.running("elasticsearch-8.8.2") as server:
        conserve_kafka.cycle(seed, brokers, conserve.RealBackend(server), kinds)
        brokers.revive()
