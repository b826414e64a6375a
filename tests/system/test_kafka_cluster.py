# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka with a cluster that loses nodes, with one whose disk is full, and with one that makes no topics by itself."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import kafka
import transfers
from transfers import capture

# So that a node that is gone is found out soon.
SOON = ("-X", "reconnect.backoff.max.ms=500", "-X", "topic.metadata.refresh.interval.ms=1000")


@pytest.fixture(scope="module")
def cluster():
    with kafka.running(own=True, nodes=3, settings={"auto.create.topics.enable": "false"}) as found:
        yield found


def test_topic_that_nobody_makes(cluster):
    """It is given up on after --retry-for, by both."""
    result = transfers.produce(cluster, "packets-missing", "-r", capture("http.pcap"), "--retry-for", "1s", code=5)
    assert any("the topic packets-missing does not exist; given up after" in line for line in result.lines), result
    assert transfers.counts(result)["captured"] == 0
    result = transfers.consume(cluster, "packets-missing", "--retry-for", "1s", code=3)
    assert any("the topic packets-missing does not exist; given up after" in line for line in result.lines), result
    assert cluster.partitions("packets-missing") == {}


def test_topic_that_comes_late(cluster):
    """Somebody makes it while it is waited for."""
    topic = "packets-late-%d" % os.getpid()
    process = transfers.start(cluster, "--producer", "-t", topic, "-r", capture("http.pcap"), *SOON)
    reader = transfers.start(cluster, "-c", "-t", topic, "-o", "begin", "-m", 57, *SOON)
    transfers.wait_for_line(process, "the topic %s does not exist" % topic)
    cluster.create_topic(name=topic, copies=3)
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == 57
    result = transfers.finish(reader)
    assert result.code == 0 and len(transfers.read_pcap(result.stdout)[2]) == 57


def test_two_of_three_are_away(cluster):
    """Nothing is confirmed then; all is when one is back."""
    topic = cluster.create_topic(copies=3)
    gone = [node for node in (1, 2, 3) if node != cluster.partitions(topic)[0].leader]
    for node in gone:
        cluster.pause(node)
    process = transfers.start(cluster, "--producer", "-t", topic, "-r", capture("http.pcap"), *SOON, "--grace", "1s")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    result = transfers.finish(process)
    found = transfers.counts(result)
    assert found["delivered"] == 0 and found["captured"] == found["failed"] + found["dropped"], result
    cluster.resume()
    kafka.wait_until(lambda: cluster.partitions(topic)[0].leader > 0)
    transfers.produce(cluster, topic, "-r", capture("http.pcap"))


class Feeder(threading.Thread):
    """Gives a producer bytes on its standard input while the test goes on."""

    def __init__(self, process, data):
        super().__init__(daemon=True)
        self.process, self.data = process, data
        self.start()

    def run(self):
        self.process.stdin.write(self.data)
        self.process.stdin.flush()


def test_leader_dies_under_load(cluster, tmp_path):
    """Of a partition that is written and read: all once, in order."""
    topic = cluster.create_topic(partitions=3, copies=3)
    packets = transfers.numbered(tmp_path / "in.pcap", 60000, size=300)
    with open(tmp_path / "in.pcap", "rb") as file:
        data = file.read()
    process = transfers.start(cluster, "--producer", "-t", topic, "-r", "-", *SOON, "-X", "queue.buffering.max.messages=2000",
                              stdin=subprocess.PIPE)
    reader = transfers.start(cluster, "-c", "-t", topic, "-o", "begin", "-m", len(packets), "--write", tmp_path / "out.pcap",
                             "--reorder", "10s", *SOON)
    half = len(data) // 2
    Feeder(process, data[:half]).join()
    kafka.wait_until(lambda: cluster.count(topic) > 5000)
    killed = cluster.partitions(topic)[0].leader
    feeder = Feeder(process, data[half:])
    cluster.kill9(killed)
    kafka.wait_until(lambda: cluster.partitions(topic)[0].leader not in (-1, killed))
    feeder.join()
    process.stdin.close()
    process.stdin = None
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == len(packets), result
    assert transfers.finish(reader).code == 0
    with open(tmp_path / "out.pcap", "rb") as file:
        read = transfers.read_pcap(file.read())[2]
    assert sorted(packet.data for packet in read) == sorted(packet.data for packet in packets)
    messages = cluster.consume(topic)
    assert sorted(message.value for message in messages) == sorted(packet.data for packet in packets)
    for partition in range(3):
        numbers = [transfers.read_header(message.headers).ordinal for message in messages if message.partition == partition]
        assert numbers == sorted(numbers) and numbers


@contextlib.contextmanager
def small_disk():
    with tempfile.TemporaryDirectory(dir="/var/tmp") as path:
        os.chmod(path, 0o755)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=777", "none", path], check=False).returncode != 0:
            pytest.skip("mounts a small disk: needs root")
        try:
            yield path
        finally:
            subprocess.run(["umount", "-l", path], check=True)


def test_full_disk_of_the_broker(tmp_path):
    """The broker ends; with more room and a new start all of it arrives, once, in order."""
    with small_disk() as path, kafka.running(own=True, data=path) as brokers:
        topic = brokers.create_topic(segment_bytes=4 << 20)
        packets = transfers.numbered(tmp_path / "in.pcap", 70000, size=900)
        process = transfers.start(brokers, "--producer", "-t", topic, "-r", tmp_path / "in.pcap", "-X", "compression.codec=none",
                                  "-X", "queue.buffering.max.messages=5000", *SOON)
        kafka.wait_until(lambda: not brokers.is_alive())
        subprocess.run(["mount", "-o", "remount,size=400m", path], check=True)
        brokers.start()
        result = transfers.finish(process)
        assert result.code == 0 and transfers.counts(result)["delivered"] == len(packets), result
        assert [message.value for message in brokers.consume(topic)] == [packet.data for packet in packets]
