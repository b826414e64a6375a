# SPDX-License-Identifier: BSD-2-Clause
"""The examples of Pycapa's own pages, of 2016 and of 2017, as they are printed there: only the interface, the address of the
broker and the topic are others, and the program is espcap-kafka under the name pycapa."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import espcap
import kafka
import transfers
from conftest import needs_root
from transfers import brokers  # noqa: F401 (a fixture)

LIMIT = 60
INTERFACES = "seed%d" % (os.getpid() % 100000), "peer%d" % (os.getpid() % 100000)
# What each of the two pages says that a run prints.
CONNECTING = r"INFO:root:Connecting to Kafka; \{'bootstrap\.servers': '%s', 'group\.id': '[A-Z]{12}'\}"
STARTING = "INFO:root:Starting packet capture"
WAITING = r"INFO:root:Waiting for '[0-9]+' message\(s\) to flush"
SUM = r"INFO:root:'%s' packet\(s\) in, '%s' packet\(s\) out"


@pytest.fixture(scope="module")
def pycapa():
    """A folder with the program under its old name."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    os.symlink(transfers.PROGRAM, os.path.join(folder, "pycapa"))
    yield folder
    shutil.rmtree(folder)


class Traffic:
    """Frames on an interface of this machine, as fast as a quiet office."""

    def __init__(self):
        subprocess.run(["ip", "link", "add", INTERFACES[0], "type", "veth", "peer", "name", INTERFACES[1]], check=True)
        for name in INTERFACES:
            with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % name, "w", encoding="ascii") as switch:
                switch.write("1")
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        number = 0
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind((INTERFACES[1], 0))
            while not self.is_over.wait(0.005):
                sender.send(transfers.udp(1, 2, b"%08d" % number, number))
                number += 1

    def end(self):
        self.is_over.set()
        self.thread.join()
        subprocess.run(["ip", "link", "del", INTERFACES[0]], check=True)


@pytest.fixture
def traffic():
    if os.geteuid() != 0:
        pytest.skip("makes an interface: needs root")
    found = Traffic()
    yield found
    found.end()


def start(text, pycapa, address, topic, folder, **keywords):
    """Runs the words of a page by a shell."""
    text = re.sub(r"\bkafka1:6667\b|\blocalhost:9092\b", address, text)
    text = re.sub(r"(--(?:kafka-)?topic) pcap\b", r"\1 " + topic, text)
    text = re.sub(r"(-i|--interface) (eth0|en0)\b", r"\1 " + INTERFACES[0], text)
    environment = {**espcap.ENVIRONMENT, "PATH": pycapa + ":" + os.environ["PATH"], **keywords.pop("environment", {})}
    # exec: the signal of a test is for the program. With a pipe the shell stays.
    return subprocess.Popen(["bash", "-c", text if "|" in text else "exec " + text], cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                            preexec_fn=transfers.take_signals, **keywords)


def form(lines, *patterns):
    """Lines of the log have this form; the line of espcap-kafka's own sum follows them."""
    shown = [line for line in lines if line.startswith("INFO:")]
    assert len(shown) == len(patterns), lines
    for line, pattern in zip(shown, patterns):
        assert re.fullmatch(pattern, line), line


# ---- Producer mode

@pytest.mark.parametrize("text", [
    "pycapa --producer --kafka localhost:9092 --topic pcap -i eth0",
    "pycapa --producer \\\n      --interface eth0 \\\n      --kafka-broker localhost:9092 \\\n      --kafka-topic pcap",
], ids=["2016", "2017"])
def test_until_it_is_interrupted(text, brokers, traffic, pycapa, tmp_path):
    topic = brokers.create_topic()
    process = start(text, pycapa, brokers.address, topic, tmp_path)
    begin = transfers.wait_for_line(process, STARTING)
    kafka.wait_until(lambda: brokers.count(topic) >= 7)
    process.send_signal(signal.SIGINT)
    result = transfers.finish(process)
    count = transfers.counts(result)["captured"]
    form(begin + result.lines, CONNECTING % brokers.address, STARTING, "INFO:root:Clean shutdown process started", WAITING,
         SUM % (count, count))
    assert result.code == 0 and brokers.count(topic) == count and result.stdout == b""


def test_ten_packets(brokers, traffic, pycapa, tmp_path):
    topic = brokers.create_topic()
    result = transfers.finish(start(
        "pycapa --producer \\\n      --interface eth0 \\\n      --kafka-broker localhost:9092 \\\n      --kafka-topic pcap \\\n"
        "      --max-packets 10", pycapa, brokers.address, topic, tmp_path))
    form(result.lines, CONNECTING % brokers.address, STARTING, WAITING, SUM % (10, 10))
    assert result.code == 0 and len(brokers.consume(topic)) == 10


@pytest.mark.parametrize("text, every", [
    ("pycapa --producer --kafka localhost:9092 --topic pcap -i eth0 --debug 100", 100),
    ("pycapa --producer \\\n      --interface en0 \\\n      --kafka-broker localhost:9092 \\\n      --kafka-topic pcap \\\n"
     "      --pretty-print 10", 10),
], ids=["2016", "2017"])
def test_every_tenth_is_printed(text, every, brokers, traffic, pycapa, tmp_path):
    process = start(text, pycapa, brokers.address, brokers.create_topic(), tmp_path)
    lines = []
    while "%d packet(s) received" % (2 * every) not in lines:
        lines.append(process.stdout.readline().decode().rstrip("\n"))
        assert lines[-1], lines
    process.send_signal(signal.SIGINT)
    result = transfers.finish(process)
    assert result.code == 0
    assert lines[0] == "%d packet(s) received" % every
    # 50 bytes.
    assert all(re.fullmatch("(?:[0-9a-f]{2} ){15}[0-9a-f]{2}", line) for line in lines[1:4])
    assert re.fullmatch("(?:[0-9a-f]{2} )?[0-9a-f]{2}", lines[4]) and lines[5] == "%d packet(s) received" % (2 * every)


# ---- Consumer mode

def feed(brokers, topic, is_over):
    """Messages of Pycapa come until a consumer, which begins at the end, has had enough."""
    until = time.monotonic() + LIMIT
    number = 0
    while not is_over():
        assert time.monotonic() < until
        brokers.produce(topic, [(transfers.key((number + i) * 1000), transfers.udp(1, 100, b"x", number + i))
                                for i in range(25)])
        number += 25


def run_and_feed(brokers, topic, process):
    feed(brokers, topic, lambda: process.poll() is not None)
    return transfers.finish(process)


@pytest.mark.parametrize("text, count", [
    ("pycapa --consumer --kafka localhost:9092 --topic pcap --n 100 > out.pcap", 100),
    ("pycapa --consumer \\\n      --kafka-broker localhost:9092 \\\n      --kafka-topic pcap \\\n      --max-packets 10 \\\n"
     "      > out.pcap", 10),
], ids=["2016", "2017"])
def test_into_a_file(text, count, brokers, pycapa, tmp_path):
    topic = brokers.create_topic()
    result = run_and_feed(brokers, topic, start(text, pycapa, brokers.address, topic, tmp_path))
    # Pycapa's consumer prints nothing.
    assert (result.code, result.stdout, result.lines) == (0, b"", [])
    linktype, snaplen, packets = transfers.read_pcap((tmp_path / "out.pcap").read_bytes())
    assert (linktype, snaplen, len(packets)) == (1, 65535, count)
    done = subprocess.run(["tshark", "-r", "out.pcap"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == count and "10.0.0.1" in done.stdout


def test_into_tshark(brokers, pycapa, tmp_path):
    """tshark reads a pipe as it comes."""
    topic = brokers.create_topic()
    result = run_and_feed(brokers, topic, start(
        "pycapa --consumer \\\n      --kafka-broker localhost:9092 \\\n      --kafka-topic pcap \\\n      --max-packets 10 \\\n"
        "      | tshark -i -", pycapa, brokers.address, topic, tmp_path))
    lines = result.stdout.decode().splitlines()
    assert len(lines) == 10 and re.match(r" +1   0\.000000 +10\.0\.0\.1 → 10\.0\.0\.100 ", lines[0]), lines
    assert any(line.startswith("Capturing on ") for line in result.lines), result.lines
    assert any(line.startswith("10 packets captured") for line in result.lines), result.lines


def test_printed(brokers, pycapa, tmp_path):
    topic = brokers.create_topic()
    process = start("pycapa --consumer --kafka localhost:9092 --topic pcap --debug 10", pycapa, brokers.address, topic, tmp_path)
    lines = []
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline()))
    reader.start()
    feed(brokers, topic, lambda: not reader.is_alive())
    assert lines == [b"10 packet(s) received\n"]
    process.send_signal(signal.SIGINT)
    assert transfers.finish(process).code == 0


# ---- The rest

def test_help(pycapa, tmp_path):
    """All options of both pages are there."""
    result = transfers.finish(start("pycapa -h", pycapa, "", "", tmp_path))
    text = result.stdout.decode()
    for option in ("producer", "consumer", "kafka-broker", "kafka-topic", "interface", "max-packets", "pretty-print",
                   "log-level", "snaplen", "kafka", "topic", "debug"):
        assert "--" + option in text, option
    assert result.code == 0 and "-X" in text


def test_more_logs(brokers, pycapa, tmp_path):
    result = transfers.finish(start(
        "pycapa --producer --kafka-broker localhost:9092 --kafka-topic pcap --file %s -X debug=all --log-level DEBUG" %
        transfers.capture("http.pcap"), pycapa, brokers.address, brokers.create_topic(), tmp_path))
    assert result.code == 0
    assert len([line for line in result.lines if line.startswith("DEBUG:root:")]) > 100
    assert any("'debug': 'all'" in line for line in result.lines)


@needs_root
def test_kerberos(traffic, pycapa, tmp_path):
    """With a real KDC, inside the sandbox: a ticket of its own, and the three properties of the page."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o777)
    with kafka.running(secure=True, kerberos=True) as guarded:
        try:
            topic = guarded.create_topic(name="packets-%s" % INTERFACES[0])
            for path in (guarded.krb5_conf, guarded.keytab("sensor")):
                os.chmod(shutil.copy(path, folder), 0o644)
            keytab = os.path.join(folder, "sensor.keytab")
            text = ("pycapa --producer \\\n      --interface eth0 \\\n      --kafka-broker kafka1:6667 \\\n"
                    "      --kafka-topic pcap --max-packets 10 \\\n      -X security.protocol=SASL_PLAINTEXT \\\n"
                    "      -X sasl.kerberos.keytab=%s \\\n      -X sasl.kerberos.principal=sensor@%s" % (keytab, kafka.REALM))
            result = transfers.finish(start(
                text, pycapa, guarded.kerberos_address, topic, tmp_path,
                environment={"KRB5_CONFIG": os.path.join(folder, "krb5.conf"), "KRB5CCNAME": "FILE:%s/tickets" % folder}))
            assert result.code == 0, result
            shown = next(line for line in result.lines if "Connecting to Kafka; {" in line)
            for name, value in (("security.protocol", "SASL_PLAINTEXT"), ("sasl.kerberos.keytab", keytab),
                                ("sasl.kerberos.principal", "sensor@" + kafka.REALM)):
                assert "'%s': '%s'" % (name, value) in shown
            form([line for line in result.lines if "Connecting" not in line], STARTING, WAITING, SUM % (10, 10))
            assert guarded.count(topic) == 10

            # By password over TLS, as docs/kafka.md has it.
            secrets = kafka.options(guarded.properties("sensor"))
            ca = shutil.copy(guarded.ca, folder)
            os.chmod(ca, 0o644)
            secrets = [word.replace(guarded.ca, ca) for word in secrets]
            sent = transfers.produce(guarded.address, topic, "--file", transfers.capture("http.pcap"), *secrets)
            assert transfers.counts(sent)["delivered"] == 57
        finally:
            shutil.rmtree(folder)
