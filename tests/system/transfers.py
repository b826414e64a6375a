# SPDX-License-Identifier: BSD-2-Clause
"""Runs espcap-kafka, and knows by its own means what a message and a capture file must be."""

import collections
import os
import re
import signal
import struct
import subprocess
import time
import urllib.parse

import pytest

import espcap
import kafka

PROGRAM = os.path.abspath(os.environ.get("ESPCAP_KAFKA", os.path.join(os.path.dirname(espcap.PROGRAM), "espcap-kafka")))
LIMIT = 60

PRODUCED = re.compile(
    r"^espcap-kafka: captured=(?P<captured>\d+) delivered=(?P<delivered>\d+) failed=(?P<failed>\d+) dropped=(?P<dropped>\d+)"
    r" filtered=(?P<filtered>\d+) too_large=(?P<too_large>\d+) uncertain=(?P<uncertain>\d+)"
    r" kernel_drop=(?P<kernel_drop>\d+) interface_drop=(?P<interface_drop>\d+)$")
CONSUMED = re.compile(
    r"^espcap-kafka: read=(?P<read>\d+) written=(?P<written>\d+) unwritten=(?P<unwritten>\d+) filtered=(?P<filtered>\d+)"
    r" keyless=(?P<keyless>\d+) odd=(?P<odd>\d+) other_link=(?P<other_link>\d+) timeless=(?P<timeless>\d+)"
    r" missed=(?P<missed>\d+)$")


@pytest.fixture(scope="module")
def brokers():
    with kafka.running() as found:
        yield found


def capture(name):
    return os.path.join(espcap.CAPTURE_DIR, name)


Result = collections.namedtuple("Result", "code stdout lines")
# A packet of a capture file, time in nanoseconds.
Packet = collections.namedtuple("Packet", "time wirelen data")


def words(brokers, *arguments):
    """The command line; brokers is an address, or None."""
    where = ["--kafka-broker", getattr(brokers, "address", brokers)] if brokers else []
    secrets = kafka.options(brokers.properties()) if hasattr(brokers, "properties") else []
    return [PROGRAM, *where, *secrets, *map(str, arguments)]


def finish(process, timeout=LIMIT):
    """Its end. No sanitizer may have complained."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        _, stderr = process.communicate()
        raise AssertionError("not over in %d s: %s" % (timeout, stderr.decode())) from None
    text = stderr.decode()
    assert not espcap.SANITIZER.search(text), text
    return Result(process.returncode, stdout, text.splitlines())


def start(brokers, *arguments, stdin=subprocess.DEVNULL, environment=None, prefix=(), stdout=subprocess.PIPE):
    return subprocess.Popen([*prefix, *words(brokers, *arguments)], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                            env=environment or espcap.ENVIRONMENT, preexec_fn=take_signals)


def take_signals():
    """Whoever starts tests in the background has them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(brokers, *arguments, code=0, timeout=LIMIT, **keywords):
    result = finish(start(brokers, *arguments, **keywords), timeout)
    assert result.code == code, result
    return result


def counts(result, pattern=PRODUCED):
    """The final line; packets are conserved."""
    matches = [match for match in map(pattern.match, result.lines) if match]
    assert len(matches) == 1, result.lines
    found = {name: int(value) for name, value in matches[0].groupdict().items()}
    if pattern is PRODUCED:
        assert found["captured"] == found["delivered"] + found["failed"] + found["dropped"], found
    else:
        assert found["read"] == sum(found[name] for name in (
            "written", "unwritten", "filtered", "keyless", "odd", "other_link", "timeless")), found
    return found


def produce(brokers, topic, *arguments, **keywords):
    return run(brokers, "--producer", "--kafka-topic", topic, *arguments, **keywords)


def consume(brokers, topic, *arguments, **keywords):
    return run(brokers, "--consumer", "--kafka-topic", topic, "--exit-at-end", *arguments, **keywords)


def wait_for_line(process, text):
    """Reads standard error up to a line with this text; the lines so far."""
    found = []
    until = time.monotonic() + LIMIT
    while not found or text not in found[-1]:
        assert time.monotonic() < until, found
        line = process.stderr.readline().decode()
        assert line, found
        found.append(line.rstrip("\n"))
    return found


# ---- Messages

def key(time_ns):
    return struct.pack(">q", time_ns // 1000)


def read_key(data):
    return struct.unpack(">q", data[:8])[0] * 1000


Header = collections.namedtuple("Header", "capture ordinal linktype length nanoseconds interface host")


def read_header(headers):
    """The one header of a message, strictly."""
    (name, value), = headers
    assert name == "espcap"
    version, *fields = value.decode("ascii").split(" ")
    assert version == "1" and len(fields) == 7 and all(fields), value
    capture, ordinal, linktype, length, nanoseconds, interface, host = (
        "" if field == "-" else urllib.parse.unquote(field, errors="strict") for field in fields)
    return Header(capture, int(ordinal), int(linktype), int(length), nanoseconds and int(nanoseconds), interface, host)


def header(capture="c" * 32, ordinal=1, linktype=1, length=60, nanoseconds=0, interface="eth0", host="sensor"):
    fields = [urllib.parse.quote(str(field), safe="") or "-" for field in
              (capture, ordinal, linktype, length, nanoseconds, interface, host)]
    return [("espcap", " ".join(["1", *fields]).encode())]


# ---- Capture files

def read_pcap(data):
    """Link type, snaplen and packets of a whole pcap file in the byte order of this machine."""
    magic, major, minor, zone, accuracy, snaplen, linktype = struct.unpack_from("=IHHiIII", data)
    unit = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
    assert (major, minor, zone, accuracy) == (2, 4, 0, 0)
    packets, at = [], 24
    while at < len(data):
        seconds, fraction, caplen, wirelen = struct.unpack_from("=IIII", data, at)
        assert at + 16 + caplen <= len(data)
        packets.append(Packet(seconds * 10**9 + fraction * unit, wirelen, data[at + 16:at + 16 + caplen]))
        at += 16 + caplen
    return linktype, snaplen, packets


def write_pcap(path, packets, linktype=1):
    """A pcap file in nanoseconds."""
    with open(path, "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, linktype))
        for packet in packets:
            out.write(struct.pack("=IIII", packet.time // 10**9, packet.time % 10**9, len(packet.data), packet.wirelen))
            out.write(packet.data)
    return str(path)


def udp(source, destination, payload, number=0):
    """An Ethernet frame of UDP between 10.0.0.source and 10.0.0.destination."""
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), number & 0xffff, 0, 64, 17, 0) + bytes(
        [10, 0, 0, source, 10, 0, 0, destination])
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def numbered(path, count, hosts=20, size=0):
    """A capture of count packets of many conversations, one a microsecond; the packets."""
    packets = []
    for number in range(count):
        data = udp(1 + number % hosts, 100 + number * 7 % hosts, struct.pack(">I", number) + bytes(size), number)
        packets.append(Packet(1700000000 * 10**9 + number * 1000 + number % 1000, len(data), data))
    write_pcap(path, packets)
    return packets
