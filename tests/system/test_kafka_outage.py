# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka while brokers go away and come back: a live capture, its queue and its spool; and every end is prompt."""

import collections
import contextlib
import os
import signal
import subprocess
import time

import pytest

import kafka
import relays
import transfers
from sensing import PEER, SENSOR, line, needs_namespaces, pids, send  # noqa: F401 (line is a fixture)
from transfers import brokers, capture  # noqa: F401 (a fixture)

pytestmark = needs_namespaces

# So that a cut line is tried again soon.
SOON = ("-X", "reconnect.backoff.max.ms=500")


@pytest.fixture(name="relay")
def relay_to_broker(brokers):
    with relays.Relay(brokers.port, brokers.port, SENSOR) as found:
        yield found
    # A test that failed leaves them, and the next one would take them for its own.
    for pid in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def sensor(relay, topic, *options):
    """A producer in the namespace of the sensor; it captures when this returns."""
    before = capturing()
    process = transfers.start(relay.address, "--producer", "-i", "v0", "-t", topic, *SOON, *options,
                              prefix=["ip", "netns", "exec", SENSOR])
    kafka.wait_until(lambda: capturing() > before or process.poll() is not None)
    return process


def capturing():
    """How many packet sockets are bound to an interface, and run."""
    rows = subprocess.run(["ip", "netns", "exec", SENSOR, "cat", "/proc/net/packet"], capture_output=True, text=True,
                          check=True).stdout.splitlines()[1:]
    return sum(1 for row in map(str.split, rows) if row[4] != "0" and row[5] == "1")


def processes():
    return [pid for pid in pids(SENSOR) if pid != os.getpid()]


def packets(count, first=0, size=20):
    """Of four conversations, each with its number."""
    return [transfers.udp(1 + number % 4, 9, b"%08d" % number + bytes(size)) for number in range(first, first + count)]


def arrived(brokers, topic):
    """The packets of a topic, and that those of each partition are in order."""
    messages = brokers.consume(topic)
    ordinals = collections.defaultdict(list)
    for message in messages:
        header = transfers.read_header(message.headers)
        assert (header.interface, header.length, header.linktype) == ("v0", len(message.value), 1)
        ordinals[message.partition, header.capture].append(header.ordinal)
    assert all(numbers == sorted(numbers) for numbers in ordinals.values())
    return collections.Counter(message.value for message in messages)


def finished(process, number=signal.SIGINT, code=0):
    process.send_signal(number)
    result = transfers.finish(process)
    assert result.code == code, result
    assert processes() == []
    return transfers.counts(result)


def test_every_packet_once(brokers, relay):
    topic = brokers.create_topic(partitions=3)
    sent = packets(3000)
    process = sensor(relay, topic)
    send(sent[:1000])
    kafka.wait_until(lambda: brokers.count(topic) == 1000)
    # What is under way when the signal comes is captured and delivered, too.
    send(sent[1000:])
    found = finished(process, signal.SIGTERM)
    assert found["captured"] == found["delivered"] == 3000 and found["kernel_drop"] == 0
    assert arrived(brokers, topic) == collections.Counter(sent)


def test_killed_and_started_again(brokers, relay):
    """What was delivered stays, once; the next run goes on, as a capture of its own; no process is left behind."""
    topic = brokers.create_topic(partitions=3)
    sent = packets(3000)
    for first in (0, 1000):
        process = sensor(relay, topic)
        send(sent[first:first + 1000])
        kafka.wait_until(lambda first=first: brokers.count(topic) == first + 1000)
        process.kill()
        process.communicate()
        kafka.wait_until(lambda: processes() == [])
    process = sensor(relay, topic)
    send(sent[2000:])
    kafka.wait_until(lambda: brokers.count(topic) == 3000)
    assert finished(process)["delivered"] == 1000
    assert arrived(brokers, topic) == collections.Counter(sent)
    captures = {transfers.read_header(message.headers).capture for message in brokers.consume(topic)}
    assert len(captures) == 3


def test_two_producers(brokers, relay):
    """Each captures all; who reads can tell them apart."""
    topic = brokers.create_topic(partitions=3)
    sent = packets(500)
    both = [sensor(relay, topic), sensor(relay, topic)]
    kafka.wait_until(lambda: len(processes()) == 4)
    send(sent)
    kafka.wait_until(lambda: brokers.count(topic) == 1000)
    for process in both:
        process.send_signal(signal.SIGINT)
        assert transfers.counts(transfers.finish(process))["delivered"] == 500
    assert arrived(brokers, topic) == collections.Counter(sent + sent)
    numbers = collections.Counter((header.capture, header.ordinal) for header in (
        transfers.read_header(message.headers) for message in brokers.consume(topic)))
    assert len(numbers) == 1000 and len({name for name, _ in numbers}) == 2


def test_no_broker_at_the_start(brokers, relay):
    """What is captured meanwhile waits."""
    topic = brokers.create_topic(partitions=3)
    relay.cut()
    sent = packets(1000)
    process = sensor(relay, topic)
    send(sent)
    transfers.wait_for_line(process, "No broker answers")
    relay.restore()
    kafka.wait_until(lambda: brokers.count(topic) == 1000)
    found = finished(process)
    assert found["captured"] == found["delivered"] == 1000
    assert arrived(brokers, topic) == collections.Counter(sent)


@pytest.mark.parametrize("way", ["cut", "stall"])
def test_spool(brokers, relay, tmp_path, way):
    """The brokers are away for longer than queues hold; the rest waits on disk, and all of it comes, in order."""
    topic = brokers.create_topic(partitions=3)
    sent = packets(9000, size=1000)
    # A stalled line is noticed when a request has had no answer for long.
    process = sensor(relay, topic, "--queue", "1M", "--spool", tmp_path, "-X", "queue.buffering.max.messages=500",
                     "-X", "request.timeout.ms=3000", "-X", "socket.timeout.ms=3000")
    send(sent[:1000])
    kafka.wait_until(lambda: brokers.count(topic) == 1000)
    getattr(relay, way)()
    send(sent[1000:])
    transfers.wait_for_line(process, "packets wait in the spool in ")
    time.sleep(1)
    relay.restore()
    kafka.wait_until(lambda: brokers.count(topic) >= 9000)
    found = finished(process)
    assert found["captured"] == found["delivered"] == 9000
    assert arrived(brokers, topic) == collections.Counter(sent)


def test_without_a_spool(brokers, relay):
    """What does not fit is dropped and counted, the rest comes."""
    topic = brokers.create_topic(partitions=3)
    sent = packets(9000, size=1000)
    process = sensor(relay, topic, "--queue", "1M", "-X", "queue.buffering.max.messages=500")
    # In portions that the queue holds: on a busy machine none may have left before the last is captured.
    for first in range(0, 1000, 200):
        send(sent[first:first + 200])
        kafka.wait_until(lambda expected=first + 200: brokers.count(topic) == expected)
    relay.cut()
    send(sent[1000:])
    transfers.wait_for_line(process, "the queue of 1M is full")
    relay.restore()
    kafka.wait_until(lambda: brokers.count(topic) >= 2000)
    # Those that waited are all there before the last ones.
    last = packets(100, first=9000)
    send(last)
    found = finished(process)
    assert found["captured"] == 9100 and found["dropped"] > 1000 and found["failed"] == 0, found
    delivered = arrived(brokers, topic)
    assert sum(delivered.values()) == found["delivered"] and set(delivered.values()) == {1}
    assert set(delivered) <= set(sent + last) and set(sent[:1000] + last) <= set(delivered)


def test_idle_producer_knows_that_brokers_are_back(brokers, relay):
    """With nothing to send."""
    topic = brokers.create_topic()
    process = sensor(relay, topic)
    send(packets(10))
    kafka.wait_until(lambda: brokers.count(topic) == 10)
    relay.cut()
    transfers.wait_for_line(process, "No broker answers")
    relay.restore()
    transfers.wait_for_line(process, "Kafka answers again")
    assert finished(process)["delivered"] == 10


@pytest.mark.parametrize("options,pattern", [(("--producer", "-i", "v0"), transfers.PRODUCED), (("--consumer",), transfers.CONSUMED)])
def test_signal_at_the_start(options, pattern):
    """Before the client of Kafka has started, too, there is a final line."""
    for _ in range(3):
        process = transfers.start("127.0.0.1:9", *options, "-t", "t", "--log-level", "DEBUG",
                                  prefix=["ip", "netns", "exec", SENSOR])
        transfers.wait_for_line(process, "Connecting to Kafka")
        process.send_signal(signal.SIGTERM)
        result = transfers.finish(process)
        assert result.code == 0 and set(transfers.counts(result, pattern).values()) == {0}, result


@pytest.mark.parametrize("way", ["cut", "stall"])
def test_ends_while_the_brokers_are_away(brokers, relay, way):
    """Live, within --grace; what was not confirmed counts as failed."""
    topic = brokers.create_topic()
    process = sensor(relay, topic, "--grace", "1s")
    send(packets(100))
    kafka.wait_until(lambda: brokers.count(topic) == 100)
    getattr(relay, way)()
    send(packets(100, first=100))
    time.sleep(0.5)
    begin = time.monotonic()
    found = finished(process, code=5)
    assert time.monotonic() - begin < 6
    assert (found["captured"], found["delivered"], found["failed"], found["dropped"]) == (200, 100, 100, 0)


@pytest.mark.parametrize("way", ["cut", "stall"])
def test_consumer_ends_while_the_brokers_are_away(brokers, relay, way):
    """With offsets to store: over within --grace, and what could not be stored is read again."""
    topic = brokers.create_topic()
    brokers.produce(topic, [(transfers.key(1000), b"1")])
    options = ("-c", "-t", topic, "-o", "stored", "-X", "group.id=reader-%s" % topic, "--grace", "1s", *SOON)
    process = transfers.start(relay.address, *options, prefix=["ip", "netns", "exec", SENSOR])
    assert len(os.read(process.stdout.fileno(), 1000)) >= 24
    kafka.wait_until(lambda: brokers.committed("reader-%s" % topic, topic) == {0: 1})
    brokers.produce(topic, [(transfers.key(2000), b"2")])
    # Headers and packets: the second ends with what it is.
    while not os.read(process.stdout.fileno(), 1000).endswith(b"2"):
        pass
    getattr(relay, way)()
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    result = transfers.finish(process)
    assert result.code == 0 and time.monotonic() - begin < 4, result
    assert any("offsets may not be stored" in line for line in result.lines)
    again = transfers.run(brokers, *options, "-m", 1)
    assert transfers.read_pcap(again.stdout)[2][0].data == b"2"


@pytest.mark.parametrize("start", ["end", "stored"])
def test_consumer_that_is_kept_waiting(brokers, relay, start):
    """The broker accepts connections and says nothing: the header is written, and signals are heard at once."""
    relay.stall()
    process = transfers.start(relay.address, "-c", "-t", "packets", "-o", start, "-X", "group.id=espcap",
                              prefix=["ip", "netns", "exec", SENSOR])
    assert len(os.read(process.stdout.fileno(), 1000)) == 24
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert transfers.finish(process).code == 0 and time.monotonic() - begin < 1
