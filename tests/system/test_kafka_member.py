# SPDX-License-Identifier: BSD-2-Clause
"""The Kafka process of a worker against a real broker, driven by member_driver.c: who has which partition, from where.

By hand, because it takes long: a pause of 30 s with max.poll.interval.ms=10000; a broker that is killed and started again.
"""

import os
import re
import signal
import subprocess
import threading
import time

import pytest

import espcap
import kafka
import transfers
from transfers import brokers  # noqa: F401 (a fixture)

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = "tests/system/member_driver"
LIMIT = 30
# The shortest that the broker allows: who is gone is found out soon.
QUICK = ("session.timeout.ms=6000", "heartbeat.interval.ms=500")


@pytest.fixture(scope="module", autouse=True)
def driver():
    made = subprocess.run(["make", "-s", DRIVER], cwd=BUILD, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


class Member:
    """A running driver: what it has told, by kind. after: of a partition that moved, only what came later."""

    def __init__(self, brokers, group, *topics, properties=(), options=()):
        settings = ["bootstrap.servers=%s" % getattr(brokers, "address", brokers), "group.id=%s" % group, *QUICK, *properties]
        words = [word for setting in settings for word in ("-X", setting)]
        self.process = subprocess.Popen([os.path.join(BUILD, DRIVER), *words, *options, *topics], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        errors = self.process.stderr.read()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def order(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def told(self, kind):
        """The words of each line of this kind, without the kind."""
        return [line.split()[1:] for line in list(self.lines) if line.split()[0] == kind]

    def wait(self, kind, count=1, limit=LIMIT):
        try:
            kafka.wait_until(lambda: len(self.told(kind)) >= count or self.process.poll() is not None, limit)
        except AssertionError:
            raise AssertionError("no %d times '%s': %s" % (count, kind, self.lines[-20:])) from None
        found = self.told(kind)
        assert len(found) >= count, self.lines[-20:]
        return found

    def places(self):
        """What it has: the start, the first offset, the end and the missed of each partition by its assignment."""
        gone = {words[0] for words in self.told("revoked")}
        return {int(words[0]): Place(*words) for words in self.told("assigned") if words[0] not in gone}

    def partitions(self):
        return {place.partition for place in self.places().values()}

    def offsets(self, assignment):
        return [int(words[1]) for words in self.told("message") if int(words[0]) == assignment]

    def helper(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as text:
            return int(text.read().split()[0])

    def leave(self, grace=3000):
        """Seconds that it took."""
        begin = time.monotonic()
        self.order("leave", grace)
        assert self.process.wait(LIMIT) == 0
        self.reader.join()
        assert self.told("over")
        return time.monotonic() - begin


class Place:
    def __init__(self, assignment, topic, partition, *more):
        self.assignment, self.topic, self.partition = int(assignment), int(topic), int(partition)
        words = dict(word.split("=") for word in more)
        self.start, self.warm, self.end, self.missed = (int(words[name]) for name in ("start", "warm", "end", "missed"))
        self.cluster = words["cluster"]


def fill(brokers, topic, count, partitions=1, value=b"packet"):
    """So many messages in each partition."""
    brokers.produce(topic, [(transfers.key(number * 1000), value, part) for number in range(count) for part in range(partitions)])


def commit(brokers, group, topic, **offsets):
    consumer = brokers.consumer(group)
    consumer.commit(offsets=[kafka.confluent_kafka.TopicPartition(topic, int(part[1:]), offset) for part, offset in offsets.items()],
                    asynchronous=False)
    consumer.close()


def delete_before(brokers, topic, offset):
    place = kafka.confluent_kafka.TopicPartition(topic, 0, offset)
    brokers.admin().delete_records([place])[place].result(LIMIT)


def group_of(topic):
    return "espcap-%s" % topic


def test_group_shares(brokers):
    """Partitions move only when they are released, their offset goes along, and who is killed is replaced."""
    topic = brokers.create_topic(partitions=8)
    fill(brokers, topic, 100, 8)
    group = group_of(topic)
    with Member(brokers, group, topic) as first:
        first.wait("end", 8)
        assert len(first.places()) == 8 and len(first.told("message")) == 800
        assert {place.cluster for place in first.places().values()} - {""}
        with Member(brokers, group, topic, options=["-a"]) as second:
            second.wait("settled")
            revoked = [int(words[0]) for words in first.wait("revoked", 4)]
            assert all(words[1] == "lost=0" for words in first.told("revoked"))
            time.sleep(1)
            assert not second.places()
            for assignment in revoked:
                first.order("commit", assignment, 60)
                first.order("release", assignment)
            second.wait("assigned", 4)
            assert [place.start for place in second.places().values()] == [60] * 4
            second.wait("end", 4)
            assert all(second.offsets(assignment) == list(range(60, 100)) for assignment in second.places())
            assert first.partitions() | second.partitions() == set(range(8))
            kafka.wait_until(lambda: set(brokers.committed(group, topic).values()) == {100})
            # What it had and never committed is begun again.
            os.kill(first.helper(), signal.SIGKILL)
            assert first.wait("failed")[0][1:] == ["the", "Kafka", "process", "was", "killed"]
            assert first.process.wait(LIMIT) == 0
            second.wait("assigned", 8)
            second.wait("end", 8)
            assert sorted(place.start for place in second.places().values()) == [0] * 4 + [60] * 4
            kafka.wait_until(lambda: brokers.committed(group, topic) == {part: 100 for part in range(8)})
            assert second.leave() < 3


def test_three_members(brokers):
    """Everybody joins, nothing is read twice by who commits what it has, and those that leave make room at once."""
    topic = brokers.create_topic(partitions=8)
    fill(brokers, topic, 50, 8)
    group = group_of(topic)
    with Member(brokers, group, topic, options=["-a"]) as first:
        first.wait("end", 8)
        kafka.wait_until(lambda: brokers.committed(group, topic) == {part: 50 for part in range(8)})
        with Member(brokers, group, topic, options=["-a"]) as second, Member(brokers, group, topic, options=["-a"]) as third:
            members = (first, second, third)
            kafka.wait_until(lambda: sorted(len(member.places()) for member in members) == [2, 3, 3])
            assert set().union(*(member.partitions() for member in members)) == set(range(8))
            fill(brokers, topic, 10, 8)
            kafka.wait_until(lambda: sum(len(member.told("message")) for member in members) >= 480)
            kafka.wait_until(lambda: brokers.committed(group, topic) == {part: 60 for part in range(8)})
            assert sum(len(member.told("message")) for member in members) == 480
            third.leave()
            second.leave()
            kafka.wait_until(lambda: len(first.places()) == 8, 5)
            assert sum(len(member.told("message")) for member in members) == 480


def test_warm_up(brokers):
    """The context before the start: by number, by time of sending, by both; never the start itself."""
    topic = brokers.create_topic()
    for part in range(3):
        time.sleep(1.2 if part > 0 else 0)
        fill(brokers, topic, 100)
    commit(brokers, group_of(topic), topic, p0=250)
    for options, warm in (("0,30", 220), ("1800,0", 100), ("1800,120", 130), ("600000,10", 240), ("600000,0", 0)):
        with Member(brokers, group_of(topic), topic, options=["-w", options]) as member:
            member.wait("end")
            place = member.places()[1]
            assert (place.start, place.warm, place.end, place.missed) == (250, warm, 300, 0), options
            assert member.offsets(1) == list(range(warm, 300)), options
            member.leave()


@pytest.mark.parametrize("start, offset", [("begin", 0), ("latest", 20), ("4102444800000", 20)])
def test_from(brokers, start, offset):
    topic = brokers.create_topic()
    fill(brokers, topic, 20)
    commit(brokers, group_of(topic), topic, p0=10)
    with Member(brokers, group_of(topic), topic, options=["-f", start, "-w", "60000,5"]) as member:
        member.wait("end")
        assert (member.places()[1].start, member.places()[1].warm) == (offset, max(offset - 5, 0))
        member.leave()


def test_latest_with_added_partitions(brokers):
    """What is sent to a partition that is added after the start is not old, though it was there before it is found."""
    topic = brokers.create_topic()
    fill(brokers, topic, 10)
    properties = ["topic.metadata.refresh.interval.ms=500"]
    with Member(brokers, group_of(topic), topic, options=["-f", "latest"], properties=properties) as member:
        member.wait("end")
        assert not member.told("message")
        brokers.add_partitions(topic, 2)
        fill(brokers, topic, 5, 2)
        kafka.wait_until(lambda: len(member.told("message")) == 10)
        assert {place.partition: place.start for place in member.places().values()} == {0: 10, 1: 0}
        member.leave()


def test_deleted(brokers):
    """What retention deleted is counted: before the start, and in mid-run; and a topic that is made anew is read anew."""
    topic = brokers.create_topic()
    fill(brokers, topic, 100)
    commit(brokers, group_of(topic), topic, p0=10)
    delete_before(brokers, topic, 30)
    small = ("fetch.message.max.bytes=20000", "queued.max.messages.kbytes=8", "queued.min.messages=10",
             "topic.metadata.refresh.interval.ms=500")
    with Member(brokers, group_of(topic), topic, properties=small) as member:
        member.wait("end")
        assert (member.places()[1].start, member.places()[1].missed) == (30, 20)
        member.order("pause")
        member.order("memory")
        member.wait("memory")
        fill(brokers, topic, 10000, value=bytes(1000))
        delete_before(brokers, topic, 9000)
        member.order("resume")
        kafka.wait_until(lambda: member.offsets(1)[-1] == 10099)
        read = member.offsets(1)
        assert read == sorted(set(read)) and read[-1100:] == list(range(9000, 10100))
        assert sum(int(words[1]) for words in member.told("missed")) == 10100 - 30 - len(read)
        brokers.delete_topic(topic)
        brokers.create_topic(name=topic)
        fill(brokers, topic, 7)
        # Either the group takes it away, or its offsets start anew: both are a revocation.
        for words in member.wait("revoked", limit=60):
            member.order("release", words[0])
        member.wait("assigned", 2)
        kafka.wait_until(lambda: member.offsets(max(member.places())) == list(range(7)))
        member.leave()


def test_paused_member_stays(brokers):
    """Who does not read is still a member, its memory has a bound, and it hears what is beside the messages."""
    topic = brokers.create_topic(partitions=2)
    fill(brokers, topic, 30000, 2, value=bytes(1000))
    group = group_of(topic)
    with Member(brokers, group, topic, options=["-q"], properties=["max.poll.interval.ms=6000"]) as member:
        member.wait("rebalance")
        member.wait("settled")
        member.order("pause")
        member.order("commit", 1, 100)
        member.wait("committed")
        time.sleep(7)
        member.order("memory")
        assert int(member.wait("memory")[0][0]) < 800_000_000
        with Member(brokers, group, topic, options=["-a", "-q"]) as other:
            # The other's arrival is heard of without reading messages.
            assignment, lost = member.wait("revoked")[0]
            assert lost == "lost=0"
            member.order("release", assignment)
            other.wait("assigned")
            member.order("resume")
            kafka.wait_until(lambda: member.told("end") and other.told("end"))
            member.leave()
            assert int(re.search(r"messages=(\d+)", member.lines[-1]).group(1)) >= 30000
            other.leave()


def test_odd_messages(brokers):
    """Empty and missing keys and values, many headers, a long header, a large message."""
    topic = brokers.create_topic(max_message_bytes=12_000_000)
    brokers.produce(topic, [(None, None, 0), (b"", b"", 0), (b"k", b"v", 0, [("other", b"x")] * 999 + [("espcap", b"last")]),
                            (b"k", b"v", 0, [("espcap", b"h" * 100_000)]), (b"k", b"v", 0, [("espcap", None)]),
                            (b"k" * 70_000, bytes(10_000_000), 0)], **{"message.max.bytes": 12_000_000})
    with Member(brokers, group_of(topic), topic) as member:
        member.wait("end")
        assert [words[2:] for words in member.told("message")] == [
            ["key=-1", "header=-1", "value=-1"], ["key=0", "header=-1", "value=0"], ["key=1", "header=4", "value=1"],
            ["key=1", "header=65536", "value=1"], ["key=1", "header=-1", "value=1"],
            ["key=65536", "header=-1", "value=10000000"]]
        member.leave()


@pytest.mark.parametrize("setting", ["enable.auto.commit=true", "auto.offset.reset=latest", "enable.partition.eof=false",
                                     "partition.assignment.strategy=range", "no.such.property=1", "fetch.min.bytes=few"])
def test_refused_properties(setting):
    with Member("localhost:1", "espcap", "packets", properties=[setting]) as member:
        member.process.wait(LIMIT)
        member.reader.join()
        assert member.lines[0].startswith("refused 2 -X %s" % setting.split("=")[0]), member.lines


def test_dies_with_espcap(brokers):
    topic = brokers.create_topic()
    with Member(brokers, group_of(topic), topic) as member:
        member.wait("settled")
        helper = member.helper()
        member.process.kill()
        kafka.wait_until(lambda: not os.path.exists("/proc/%d" % helper), 5)


def test_broker_away(brokers):
    """It is said, heard again, offsets go on; and a member leaves in its grace when no broker answers."""
    topic = brokers.create_topic(partitions=2)
    fill(brokers, topic, 10, 2)
    properties = ["socket.timeout.ms=1000", "fetch.wait.max.ms=100"]
    with Member(brokers, group_of(topic), topic, options=["-a"], properties=properties) as stays, \
            Member(brokers, group_of(topic) + "-2", topic, properties=properties) as leaves, \
            Member(brokers, group_of(topic) + "-3", topic, properties=["group.instance.id=one"]) as has_nothing:
        for member in (stays, leaves, has_nothing):
            member.wait("end", 2)
        brokers.pause()
        try:
            assert stays.wait("cut_off")[0] == ["1"]
            leaves.order("commit", 1, 5)
            assert leaves.leave(1000) < 4
            assert has_nothing.leave(1000) < 1
        finally:
            brokers.resume()
        assert stays.wait("cut_off", 2)[1] == ["0"]
        fill(brokers, topic, 5, 2)
        kafka.wait_until(lambda: brokers.committed(group_of(topic), topic) == {0: 15, 1: 15})
        assert stays.leave() < 4
