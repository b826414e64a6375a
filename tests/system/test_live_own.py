# SPDX-License-Identifier: BSD-2-Clause
"""What espcap does not capture: its own connections to the servers, wherever these are."""

import collections
import os
import shutil
import time

import pytest

import conserve
import fake_server
from sensing import (  # noqa: F401 (line is a fixture)
    ADDRESSES, Capture, Inside, MACS, PEER, SENSOR, ip, line, needs_namespaces, numbered, payloads, send)

pytestmark = needs_namespaces

# More than enough for what one packet too many would breed: each breeds the next within milliseconds.
SETTLE = float(os.environ.get("ESPCAP_TEST_SETTLE", "3"))


def found(server):
    return collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)


def settle_and_check(capture, server, packets, cut=False):
    """With cut a server ended before, perhaps between its index and its answer: those documents are sent again."""
    capture.until(lambda: len(server.ledger) >= len(packets), "the documents")
    time.sleep(SETTLE)
    capture.interrupt()
    capture.wait()
    assert found(server) == payloads(packets)
    counts = capture.counts
    assert counts["read"] == counts["delivered"] + counts["duplicate"] == len(packets) and server.violations == []
    assert cut or counts["duplicate"] == 0
    # Only runs over files refresh.
    assert server.refreshed == []


def test_a_node_over_ipv6(tmp_path):
    """The server is at the sensor itself, at ::1; the capture on loopback sees the packets of the test alone."""
    packets = numbered(100)
    with Inside(SENSOR):
        server = fake_server.Server(host="::1")
        server.start()
    try:
        capture = Capture("--node", server.url, "--chunk=10", nic="lo", folder=tmp_path)
        send(packets, device="lo", namespace=SENSOR)
        settle_and_check(capture, server, packets)
        capture = Capture("--node", server.url, "--chunk=10", "--include-own-traffic", nic="lo", folder=tmp_path)
        send(packets[:1], device="lo", namespace=SENSOR)
        capture.until(lambda: len(server.ledger) > len(packets) + 20, "own traffic")
        capture.interrupt()
        capture.wait()
    finally:
        server.stop()


@pytest.fixture(name="hosts")
def hosts_file():
    """Says where search.test is, in the namespace of the sensor alone: ip-netns(8)."""
    folder = "/etc/netns/" + SENSOR
    os.makedirs(folder)

    def say(address):
        # In place: the file is mounted where it is read.
        with open(folder + "/hosts", "w", encoding="ascii") as target:
            target.write("%s search.test\n" % address)

    yield say
    shutil.rmtree(folder)
    if not os.listdir("/etc/netns"):
        os.rmdir("/etc/netns")


def test_a_node_that_moves(tmp_path, hosts):
    """The name leads to another address: the connections there are not captured either."""
    second = "10.77.0.3"
    ip("addr", "add", second + "/24", "dev", "v1", namespace=PEER)
    # Else the line would carry a question for its hardware address, which is nobody's own traffic.
    ip("neigh", "add", second, "lladdr", MACS["v1"], "dev", "v0", namespace=SENSOR)
    packets = numbered(200)
    hosts(ADDRESSES["v1"])
    with Inside(PEER):
        first = fake_server.Server(host=ADDRESSES["v1"])
        first.start()
    capture = Capture("--node", "http://search.test:%d" % first.port, "--chunk=10", folder=tmp_path)
    send(packets[:100])
    capture.until(lambda: len(first.ledger) >= 100, "the first documents")
    with Inside(PEER):
        moved = fake_server.Server(host=second, port=first.port, shares=first)
        first.stop()
        hosts(second)
        moved.start()
    send(packets[100:])
    settle_and_check(capture, moved, packets, cut=True)
    moved.stop()
    assert moved.accepted > 0
    ip("addr", "del", second + "/24", "dev", "v1", namespace=PEER)


@pytest.fixture(name="zone")
def link_local_addresses():
    """One of each side, which know each other's hardware address."""
    sides = ((SENSOR, "v0", "fe80::10", "fe80::11", MACS["v1"]), (PEER, "v1", "fe80::11", "fe80::10", MACS["v0"]))
    for namespace, name, own, other, mac in sides:
        ip("addr", "add", own + "/64", "dev", name, "nodad", namespace=namespace)
        ip("neigh", "add", other, "lladdr", mac, "dev", name, namespace=namespace)
    yield "fe80::11%25v0"
    for namespace, name, own, other, _ in sides:
        ip("neigh", "del", other, "dev", name, namespace=namespace)
        ip("addr", "del", own + "/64", "dev", name, namespace=namespace)


def test_a_node_with_a_zone(tmp_path, zone):
    """All but what the kernels tell each other of new addresses is the test's."""
    packets = numbered(100)
    with Inside(PEER):
        server = fake_server.Server(host="::")
        server.start()
    try:
        capture = Capture("--node", "http://[%s]:%d" % (zone, server.port), "--chunk=10", "--bpf=ip or (ip6 and tcp)",
                          folder=tmp_path)
        send(packets)
        settle_and_check(capture, server, packets)
    finally:
        server.stop()
