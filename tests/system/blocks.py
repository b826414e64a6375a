# SPDX-License-Identifier: BSD-2-Clause
"""Reads pcap and pcapng, another way than espcap does: the oracle of what extracts must hold."""

import gzip
import hashlib
import struct
import subprocess

SECTION, INTERFACE, OLD, SIMPLE, NAMES, ENHANCED, SECRETS = 0x0A0D0D0A, 1, 2, 3, 4, 6, 10
NO_INTERFACE = (9, 0x204, 0x216, 0x221, 0xBAD, 0x40000BAD)
MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D


class Damaged(Exception):
    pass


class Interface:
    def __init__(self, linktype, snaplen, options, order):
        self.linktype, self.snaplen, self.options = linktype, snaplen, options
        resolution = options.get(9, [b"\6"])[0][0]
        self.units = 2 ** (resolution & 127) if resolution & 128 else 10 ** resolution
        self.shift = struct.unpack(order + "q", options[14][0])[0] if 14 in options else 0


class Packet:
    """time: nanoseconds, None for none."""

    def __init__(self, interface, time, wirelen, data, options=None, order="<"):
        self.linktype = interface.linktype
        self.interface = interface
        self.time, self.wirelen, self.data = time, wirelen, data
        self.caplen = len(data)
        options = options or {}
        self.comments = options.get(1, [])
        self.flags = [struct.unpack(order + "I", value)[0] for value in options.get(2, [])]

    def identity(self, capture, ordinal):
        """The 16 bytes of its id, see docs/document.md."""
        sec, nsec = (0, 0xFFFFFFFF) if self.time is None else divmod(self.time, 10 ** 9)
        head = capture.encode().ljust(32, b"\0") + struct.pack(
            "<QQQQQ", ordinal, sec % 2 ** 64, nsec, self.caplen, self.wirelen)
        return hashlib.sha256(head + self.data).digest()[:16]


def content(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    if data[:4] == b"\x04\x22\x4d\x18":
        return subprocess.run(["lz4", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    return data


def _options(body, at, order):
    options = {}
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        if code == 0:
            break
        options.setdefault(code, []).append(body[at + 4:at + 4 + length])
        at += 4 + (length + 3 & ~3)
    return options


def _order(data, at):
    magic = data[at + 8:at + 12]
    if magic not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
        raise Damaged("no section")
    return "<" if magic == b"\x4d\x3c\x2b\x1a" else ">"


def _interface(body, order):
    linktype, _, snaplen = struct.unpack_from(order + "HHI", body)
    return Interface(linktype, snaplen, _options(body, 8, order), order)


def _time(interface, high, low):
    return ((high << 32 | low) * 10 ** 9) // interface.units + interface.shift * 10 ** 9


def _packet(kind, body, order, interfaces):
    if kind == SIMPLE:
        wirelen = struct.unpack_from(order + "I", body)[0]
        caplen = min(wirelen, interfaces[0].snaplen or wirelen)
        return Packet(interfaces[0], None, wirelen, body[4:4 + caplen])
    if kind == OLD:
        number, _, high, low, caplen, wirelen = struct.unpack_from(order + "HHIIII", body)
    else:
        number, high, low, caplen, wirelen = struct.unpack_from(order + "IIIII", body)
    interface = interfaces[number]
    return Packet(interface, _time(interface, high, low), wirelen, body[20:20 + caplen],
                  _options(body, 20 + (caplen + 3 & ~3), order), order)


def blocks_of(data, at=0):
    """Of a pcapng: offset, type, body and byte order of each block."""
    order = "<"
    while at < len(data):
        if len(data) - at < 12:
            raise Damaged("cut short")
        if struct.unpack_from("<I", data, at)[0] == SECTION:
            order = _order(data, at)
        kind, length = struct.unpack_from(order + "II", data, at)
        length = length + 3 & ~3
        if length < 12 or at + length > len(data):
            raise Damaged("a block of %d bytes" % length)
        yield at, kind, data[at + 8:at + length - 4], order
        at += length


def _pcap_order(data, at=0):
    for order in "<>":
        magic = struct.unpack_from(order + "I", data, at)[0] if len(data) >= at + 24 else 0
        if magic in (MICRO, NANO):
            return order, 10 ** 9 if magic == NANO else 10 ** 6
    raise Damaged("no pcap")


def _pcap_packet(data, at, head):
    order, units = _pcap_order(data, head)
    snaplen, linktype = struct.unpack_from(order + "II", data, head + 16)
    interface = Interface(linktype & 0xFFFF, snaplen, {9: [b"\x09" if units == 10 ** 9 else b"\6"]}, order)
    if len(data) - at < 16:
        raise Damaged("cut short")
    sec, part, caplen, wirelen = struct.unpack_from(order + "IIII", data, at)
    if len(data) - at - 16 < caplen:
        raise Damaged("cut short")
    return Packet(interface, sec * 10 ** 9 + part * (10 ** 9 // units), wirelen, data[at + 16:at + 16 + caplen])


def _is_pcapng(data, at=0):
    return data[at:at + 4] == b"\x0a\x0d\x0d\x0a"


def packets(path):
    data = content(path)
    made = []
    if not _is_pcapng(data):
        at = 24
        while at < len(data):
            made.append(_pcap_packet(data, at, 0))
            at += 16 + made[-1].caplen
        return made
    interfaces = []
    for _, kind, body, order in blocks_of(data):
        if kind == SECTION:
            interfaces = []
        elif kind == INTERFACE:
            interfaces.append(_interface(body, order))
        elif kind in (ENHANCED, OLD, SIMPLE):
            made.append(_packet(kind, body, order, interfaces))
        elif kind in NO_INTERFACE:
            made.append(Packet(Interface(-1, 0, {}, order), None, 0, body))
    return made


def packet_at(data, offset, section, context):
    """The packet of a document, from nothing but what it names."""
    if not _is_pcapng(data, section):
        return _pcap_packet(data, offset, section)
    interfaces = []
    for _, kind, body, order in blocks_of(data, section):
        if kind in (ENHANCED, OLD, SIMPLE) or kind in NO_INTERFACE:
            break
        if kind == INTERFACE:
            interfaces.append(_interface(body, order))
    order = _order(data, section)
    kind, length = struct.unpack_from(order + "II", data, offset)
    body = data[offset + 8:offset + (length + 3 & ~3) - 4]
    if kind in NO_INTERFACE:
        raise Damaged("block %d is no packet of an interface" % kind)
    number = 0 if kind == SIMPLE else struct.unpack_from(order + ("H" if kind == OLD else "I"), body)[0]
    for at in context:
        late, length = struct.unpack_from(order + "II", data, at)
        if late == INTERFACE and number >= len(interfaces):
            interfaces = {number: _interface(data[at + 8:at + length - 4], order)}
    return _packet(kind, body, order, interfaces)


def sections(path):
    data = content(path)
    return sum(kind == SECTION for _, kind, _, _ in blocks_of(data)) if _is_pcapng(data) else 1


def secrets(path):
    data = content(path)
    return [body[8:8 + struct.unpack_from(order + "I", body, 4)[0]] for _, kind, body, order in blocks_of(data)
            if kind == SECRETS] if _is_pcapng(data) else []


def capture_id(first):
    """The id of a capture that begins with this packet."""
    sec, nsec = divmod(first.time, 10 ** 9)
    head = struct.pack("<QQQQQ", first.linktype, sec, nsec, first.caplen, first.wirelen)
    return hashlib.sha256(head + first.data).hexdigest()[:32]
