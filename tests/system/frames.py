# SPDX-License-Identifier: BSD-2-Clause
"""Makes packets and capture files byte by byte, for tests that need a certain one."""

import struct

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
ETHERNET = 1
START = 1_600_000_000


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(payload, protocol, source=1, destination=2):
    header = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                         10, 0, 0, source, 10, 0, 0, destination)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + header + payload


def udp(payload, source=40000, destination=9):
    return ip(struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload, 17)


def tcp(payload, source=40000, destination=80, sequence=1):
    return ip(struct.pack("!HHIIBBHHH", source, destination, sequence, 1, 0x50, 0x18, 1000, 0, 0)
              + payload, 6)


def http_with_every_byte():
    """A request with a header line that holds every byte but the line ends."""
    line = bytes(byte for byte in range(1, 256) if byte not in b"\r\n")
    return tcp(b"GET / HTTP/1.1\r\nHost: a\r\nX-All: " + line + b" \\x1f \\\\ \xc3\xa9\r\n\r\n")


def http_with_controls():
    """The same, but every byte is ASCII."""
    line = bytes(byte for byte in range(1, 128) if byte not in b"\r\n")
    return tcp(b"GET / HTTP/1.1\r\nHost: a\r\nX-All: " + line + b" \\x1f \\\\\r\n\r\n")


def ntp_without_time():
    """An NTP client request whose times are all zero."""
    return udp(b"\x23" + bytes(47), 123, 123)


def plain(text):
    """A packet that no dissector keeps a memory of: the Ethernet type is one for experiments (IEEE 802)."""
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5" + text


def dns_query(name=b"example", number=1):
    return udp(struct.pack("!HHHHHH", number & 0xFFFF, 0x100, 1, 0, 0, 0)
               + bytes([len(name)]) + name + b"\0" + struct.pack("!HH", 1, 1), 40000, 53)


def pcap_header(magic=MICRO, linktype=ETHERNET, snaplen=262144):
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)


def pcap_record(data, second=START, fraction=0, wire=None):
    return struct.pack("<IIII", second, fraction, len(data), wire or len(data)) + data


def pcap(packets, **header):
    """A pcap file of these packets, one a second."""
    return pcap_header(**header) + b"".join(
        pcap_record(data, START + number) for number, data in enumerate(packets))


def read_pcap(content):
    """(second, fraction, data, wire length) of each packet of a pcap file in any byte order."""
    order = "<" if content[:4] in (struct.pack("<I", MICRO), struct.pack("<I", NANO)) else ">"
    offset = 24
    while offset < len(content):
        second, fraction, length, wire = struct.unpack_from(order + "IIII", content, offset)
        offset += 16
        yield second, fraction, content[offset:offset + length], wire
        offset += length


def read_pcapng(content):
    """(link type, data, wire length) of each packet of a pcapng file of one section in our byte order, as tshark writes it."""
    linktypes = []
    offset = 0
    while offset < len(content):
        kind, length = struct.unpack_from("<II", content, offset)
        if kind == 1:       # Interface Description Block
            linktypes.append(struct.unpack_from("<H", content, offset + 8)[0])
        elif kind == 6:     # Enhanced Packet Block
            interface, _, _, captured, wire = struct.unpack_from("<IIIII", content, offset + 8)
            yield linktypes[interface], content[offset + 28:offset + 28 + captured], wire
        elif kind == 3:     # Simple Packet Block
            (wire,) = struct.unpack_from("<I", content, offset + 8)
            yield linktypes[0], content[offset + 12:offset + 12 + min(wire, length - 16)], wire
        offset += length
