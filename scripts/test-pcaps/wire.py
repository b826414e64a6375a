# SPDX-License-Identifier: BSD-2-Clause
"""Wires that the kernel may lack: a lossy cable, a VLAN port, a tunnel end.

    wire.py cable IF1 IF2 [drop=IF:N] [hold=IF:N] [dropsyn=IF]
    wire.py vlan  NAME IF TPID:VID [TPID:VID]
    wire.py gre   NAME LOCAL REMOTE KEY
    wire.py ipip  NAME LOCAL REMOTE

cable joins two interfaces; it loses the N-th TCP segment with payload that
came in on IF, or holds it back until the next one has passed, or loses the
first SYN.  The others make the interface NAME, whose frames or packets travel
with VLAN tags over IF, or in GRE or IP in IP between two IPv4 addresses.
They run until they are killed and print "ready" once traffic flows.
"""

import fcntl
import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 0x10
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000
GRE_KEY_PRESENT = 0x2000
ETHERTYPES = {4: 0x0800, 6: 0x86DD}
PROTOCOLS = {4: 4, 6: 41}


def ready():
    print("ready", flush=True)


def open_tun(name, kind):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                           kind | IFF_NO_PI))
    return fd


def open_packet(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                      socket.htons(ETH_P_ALL))
    s.bind((name, ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return s


def receive_frame(s):
    """One incoming frame with its outer tag, which Linux hands out apart."""
    frame, ancillary, _, address = s.recvmsg(65536, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, value in ancillary:
        if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
        if status & TP_STATUS_VLAN_VALID:
            frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def tcp_part(frame):
    """(flags, payload length) of a TCP segment in IPv4, else (0, 0)."""
    if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
        return 0, 0
    ip_len = (frame[14] & 15) * 4
    total = struct.unpack("!H", frame[16:18])[0]
    tcp = frame[14 + ip_len:14 + total]
    return tcp[13], len(tcp) - (tcp[12] >> 4) * 4


class Cable:
    def __init__(self, names, rules):
        self.ends = dict(zip(names, (open_packet(n) for n in names)))
        self.other = {names[0]: names[1], names[1]: names[0]}
        self.rules = set(rules)
        self.seen = dict.fromkeys(names, 0)
        self.held = dict.fromkeys(names)

    def fate(self, name, frame):
        flags, payload = tcp_part(frame)
        if flags & 2 and "dropsyn=" + name in self.rules:
            self.rules.remove("dropsyn=" + name)
            return "drop"
        if payload <= 0:
            return "pass"
        self.seen[name] += 1
        for word in ("drop", "hold"):
            if "%s=%s:%d" % (word, name, self.seen[name]) in self.rules:
                return word
        return "pass"

    def carry(self, name):
        frame = receive_frame(self.ends[name])
        if frame is None:
            return
        fate = self.fate(name, frame)
        if fate == "hold":
            self.held[name] = frame
        elif fate == "pass":
            out = self.ends[self.other[name]]
            out.send(frame)
            if self.held[name] is not None:
                out.send(self.held[name])
                self.held[name] = None

    def run(self):
        by_socket = {s: n for n, s in self.ends.items()}
        while True:
            for s in select.select(list(by_socket), [], [])[0]:
                self.carry(by_socket[s])


def vlan(name, interface, tags):
    header = b"".join(struct.pack("!HH", int(tpid, 16), int(vid))
                      for tpid, vid in (t.split(":") for t in tags))
    tap, wire = open_tun(name, IFF_TAP), open_packet(interface)
    ready()
    while True:
        for end in select.select([tap, wire], [], [])[0]:
            if end is tap:
                frame = os.read(tap, 65536)
                wire.send(frame[:12] + header + frame[12:])
                continue
            frame = receive_frame(wire)
            if frame and frame[12:12 + len(header)] == header:
                os.write(tap, frame[:12] + frame[12 + len(header):])


def raw_ip(protocol, local, remote):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    s.bind((local, 0))
    s.connect((remote, 0))
    return s


def gre(name, local, remote, key):
    header = struct.pack("!HxxI", GRE_KEY_PRESENT, int(key))
    tun = open_tun(name, IFF_TUN)
    outer = raw_ip(socket.IPPROTO_GRE, local, remote)
    ready()
    while True:
        for end in select.select([tun, outer], [], [])[0]:
            if end is tun:
                packet = os.read(tun, 65536)
                kind = struct.pack("!H", ETHERTYPES[packet[0] >> 4])
                outer.send(header[:2] + kind + header[4:] + packet)
                continue
            packet = outer.recv(65536)
            os.write(tun, packet[(packet[0] & 15) * 4 + len(header):])


def ipip(name, local, remote):
    tun = open_tun(name, IFF_TUN)
    outer = {v: raw_ip(p, local, remote) for v, p in PROTOCOLS.items()}
    ready()
    while True:
        for end in select.select([tun, *outer.values()], [], [])[0]:
            if end is tun:
                packet = os.read(tun, 65536)
                outer[packet[0] >> 4].send(packet)
                continue
            packet = end.recv(65536)
            os.write(tun, packet[(packet[0] & 15) * 4:])


def main(mode, *words):
    if mode == "cable":
        cable = Cable(words[:2], words[2:])
        ready()
        cable.run()
    elif mode == "vlan":
        vlan(words[0], words[1], words[2:])
    elif mode == "gre":
        gre(*words)
    elif mode == "ipip":
        ipip(*words)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
