# SPDX-License-Identifier: BSD-2-Clause
"""Rewrite a capture file without touching a packet.

    rewrite.py swap IN OUT       the pcap file IN in the other byte order
    rewrite.py anonymous IN OUT  the pcapng file IN without the options that
                                 tell the machine (hardware, operating system)

Both want files that a little-endian machine wrote.  Block and option numbers:
draft-ietf-opsawg-pcapng.
"""

import struct
import sys

SECTION, INTERFACE = 0x0A0D0D0A, 1
SHB_HARDWARE, SHB_OS, IF_OS, IF_HARDWARE = 2, 3, 12, 15
DROPPED = {SECTION: (24, {SHB_HARDWARE, SHB_OS}),
           INTERFACE: (16, {IF_OS, IF_HARDWARE})}


def swap(data):
    out = [struct.pack(">IHHiIII", *struct.unpack("<IHHiIII", data[:24]))]
    at = 24
    while at < len(data):
        record = struct.unpack("<IIII", data[at:at + 16])
        at += 16
        out.append(struct.pack(">IIII", *record))
        out.append(data[at:at + record[2]])
        at += record[2]
    return b"".join(out)


def padded(length):
    return (length + 3) & ~3


def without_options(block, start, numbers):
    """The block with these options left out and its two lengths mended."""
    kept = [block[:start]]
    at = start
    while at < len(block) - 4:
        number, length = struct.unpack("<HH", block[at:at + 4])
        end = at + 4 + padded(length)
        if number not in numbers:
            kept.append(block[at:end])
        at = end
    body = b"".join(kept)
    size = struct.pack("<I", len(body) + 4)
    return body[:4] + size + body[8:] + size


def anonymous(data):
    out = []
    at = 0
    while at < len(data):
        kind, length = struct.unpack("<II", data[at:at + 8])
        block = data[at:at + length]
        if kind in DROPPED:
            block = without_options(block, *DROPPED[kind])
        out.append(block)
        at += length
    return b"".join(out)


what, source, target = sys.argv[1:]
with open(source, "rb") as f:
    content = f.read()
with open(target, "wb") as f:
    f.write({"swap": swap, "anonymous": anonymous}[what](content))
