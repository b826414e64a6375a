# SPDX-License-Identifier: BSD-2-Clause
"""Interfaces of other kinds: without an address, of another link type, and all of them at once."""

import fcntl
import os
import socket
import struct

from sensing import (  # noqa: F401 (line is a fixture)
    Capture, Inside, PEER, SENSOR, ip, line, needs_namespaces, numbered, send, stop_and_check)

pytestmark = needs_namespaces


def test_an_interface_without_an_address():
    """As those are that only listen."""
    ip("link", "add", "mute0", "netns", SENSOR, "type", "veth", "peer", "name", "mute1", "netns", PEER)
    for namespace, name in ((SENSOR, "mute0"), (PEER, "mute1")):
        ip("link", "set", name, "addrgenmode", "none", "up", namespace=namespace)
    capture = Capture(nic="mute0")
    packets = numbered(50)
    send(packets, device="mute1")
    capture.printed(50)
    stop_and_check(capture, packets)
    ip("link", "del", "mute0", namespace=SENSOR)


def test_an_interface_that_is_down():
    """Not a mistake in the options: a service may try again until it is up."""
    ip("link", "add", "down0", "netns", SENSOR, "type", "veth", "peer", "name", "down1", "netns", PEER)
    capture = Capture(nic="down0", start=False)
    capture.wait(3)
    assert "--nic=down0: the interface is down: bring it up (ip link set down0 up)" in capture.messages
    ip("link", "del", "down0", namespace=SENSOR)


class Tunnel:
    """tun7 of the sensor: an interface without a link layer, on which what this writes arrives."""

    def __enter__(self):
        with Inside(SENSOR):
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            # TUNSETIFF with IFF_TUN | IFF_NO_PI: linux/if_tun.h
            fcntl.ioctl(self.fd, 0x400454CA, struct.pack("16sH22x", b"tun7", 0x1001))
        ip("link", "set", "tun7", "addrgenmode", "none", "up", namespace=SENSOR)
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def send(self, packets):
        for packet in packets:
            os.write(self.fd, packet[14:])


def test_link_types():
    """A tunnel by itself, whose packets begin with IP; then any: tunnel, Ethernet and loopback in one capture."""
    packets = [numbered(20, seed) for seed in range(3)]
    with Tunnel() as tunnel:
        capture = Capture("--bpf=udp", nic="tun7")
        tunnel.send(packets[0])
        capture.printed(20)
        stop_and_check(capture, packets[0])
        assert all("eth.src" not in document["layers"].get("link", {}) for document in capture.documents)
        capture = Capture("--bpf=udp", nic="any")
        tunnel.send(packets[0])
        send(packets[1])
        with Inside(SENSOR), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for packet in packets[2]:
                sender.sendto(packet[42:], ("127.0.0.1", 9))
        capture.printed(60)
        stop_and_check(capture, sum(packets, []))
