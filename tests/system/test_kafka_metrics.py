# SPDX-License-Identifier: BSD-2-Clause
"""--metrics of espcap-kafka against a real broker, and its messages to the service manager."""

import os
import shutil
import signal
import socket
import stat
import tempfile

import pytest

import espcap
import exposition
import kafka
import transfers
from conftest import needs_root
from test_service import Manager
from transfers import brokers, capture  # noqa: F401 (a fixture)

NOWHERE = "127.0.0.1:9"


@pytest.fixture
def folder():
    """One that every user may write to."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o777)
    yield path
    os.chmod(path, 0o700)
    shutil.rmtree(path)


def listed():
    """The names that the manual page has."""
    with open(os.path.join(espcap.ROOT, "docs", "espcap-kafka.1"), encoding="utf-8") as source:
        lines = [line for line in source if line.startswith(".It Cm espcap_kafka_")]
    return {name for line in lines for name in line.split() if name.startswith("espcap_kafka_")}


def test_files_and_back(brokers, folder):
    """The counts of the final lines; and both together have all names of the manual page but those of a live capture."""
    topic = brokers.create_topic(partitions=2)
    path, back = os.path.join(folder, "x.prom"), os.path.join(folder, "y.prom")
    sent = transfers.counts(transfers.produce(brokers, topic, "--file", capture("http.pcap"), "--bpf=tcp", "--metrics", path))
    metrics = exposition.read(path)
    for outcome in ("delivered", "failed", "dropped"):
        assert metrics("espcap_kafka_packets_total", outcome=outcome) == sent[outcome]
    assert metrics("espcap_kafka_packets_captured_total") == sent["captured"] > 0
    assert metrics("espcap_kafka_packets_filtered_total") == sent["filtered"]
    assert metrics("espcap_kafka_packets_pending") == metrics("espcap_kafka_packets_unconfirmed") == 0
    assert metrics("espcap_kafka_running") == 0 and metrics("espcap_kafka_exit_status") == 0
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644

    brokers.produce(topic, [(None, b"no key")])
    read = transfers.counts(transfers.consume(brokers, topic, "--metrics", back), transfers.CONSUMED)
    found = exposition.read(back)
    assert found("espcap_kafka_messages_read_total") == read["read"] == sent["delivered"] + 1
    assert found("espcap_kafka_messages_total", outcome="written") == read["written"] == sent["delivered"]
    assert found("espcap_kafka_messages_total", outcome="keyless") == 1
    assert found("espcap_kafka_messages_pending") == found("espcap_kafka_messages_missed_total") == 0
    assert listed() - metrics.names() - found.names() == {
        "espcap_kafka_capture_drops_total", "espcap_kafka_queue_bytes", "espcap_kafka_queue_limit_bytes"}
    assert sorted(os.listdir(folder)) == ["x.prom", "y.prom"]


@needs_root
def test_live(brokers, folder):
    """While it runs, and at the end; in a folder that only root may write, from where nothing is kept from the manager."""
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "lo.prom")
    topic = brokers.create_topic()
    with Manager("@espcap-kafka-%d" % os.getpid()) as manager:
        process = transfers.start(
            brokers, "--producer", "--interface=lo", "--bpf=udp port 9", "--kafka-topic", topic, "--metrics", path,
            "--spool", folder, environment={**espcap.ENVIRONMENT, **manager.environment(watchdog=1)})
        transfers.wait_for_line(process, "Starting packet capture")
        kafka.wait_until(lambda: manager.times("READY=1"))
        metrics = exposition.read(path)
        assert metrics("espcap_kafka_running", interface="lo") == 1
        assert "espcap_kafka_exit_status" not in metrics.names()
        for queue in ("capture", "spool"):
            assert metrics("espcap_kafka_queue_bytes", interface="lo", queue=queue) == 0
        assert metrics("espcap_kafka_queue_limit_bytes", interface="lo", queue="capture") == 64 << 20
        assert metrics("espcap_kafka_queue_limit_bytes", interface="lo", queue="spool") == 1 << 30
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(20):
                sender.sendto(b"x", ("127.0.0.1", 9))
        kafka.wait_until(lambda: brokers.count(topic) == 20)
        kafka.wait_until(lambda: manager.times("WATCHDOG=1"))
        assert not manager.times("STOPPING=1")
        process.send_signal(signal.SIGTERM)
        sent = transfers.counts(transfers.finish(process))
        kafka.wait_until(lambda: manager.times("STOPPING=1"))
    metrics = exposition.read(path)
    assert metrics("espcap_kafka_packets_captured_total", interface="lo") == sent["captured"] == 20
    assert metrics("espcap_kafka_packets_total", interface="lo", outcome="delivered") == 20
    for cause in ("queue", "kernel", "interface"):
        assert metrics("espcap_kafka_capture_drops_total", interface="lo", cause=cause) == 0
    assert metrics("espcap_kafka_running", interface="lo") == metrics("espcap_kafka_exit_status", interface="lo") == 0
    assert all(("interface", "lo") in labels for _, labels in metrics.values)


def test_broker_reachable(folder):
    """Nobody listens: it is said at the start, and what is given up has failed or was never read."""
    path = os.path.join(folder, "x.prom")
    process = transfers.start(NOWHERE, "--producer", "--kafka-topic", "t", "--file", capture("http.pcap"), "--metrics", path,
                              "--grace=100ms")
    transfers.wait_for_line(process, "No broker answers")
    metrics = exposition.read(path)
    assert metrics("espcap_kafka_broker_reachable") == 0 and metrics("espcap_kafka_running") == 1
    process.send_signal(signal.SIGINT)
    assert transfers.finish(process).code == 130
    metrics = exposition.read(path)
    assert metrics("espcap_kafka_exit_status") == 130 and metrics("espcap_kafka_running") == 0


@pytest.mark.parametrize("name", ["none/x.prom", "folder", "link"])
def test_cannot_be_written(folder, name):
    os.mkdir(os.path.join(folder, "folder"))
    os.symlink("/dev/null", os.path.join(folder, "link"))
    result = transfers.run(NOWHERE, "--producer", "--kafka-topic", "t", "--file", capture("http.pcap"), "--metrics",
                           os.path.join(folder, name), code=2)
    assert any("--metrics=%s" % os.path.join(folder, name) in line for line in result.lines), result.lines


@needs_root
def test_without_root(brokers, folder):
    """The sandbox lets the one file be replaced."""
    path = os.path.join(folder, "x.prom")
    os.chmod(folder, 0o777)
    result = transfers.produce(brokers, brokers.create_topic(), "--file", capture("http.pcap"), "--metrics", path, prefix=[
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    assert transfers.counts(result)["delivered"] == 57
    assert exposition.read(path)("espcap_kafka_packets_captured_total") == 57 and os.listdir(folder) == ["x.prom"]
