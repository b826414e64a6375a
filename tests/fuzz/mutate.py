# SPDX-License-Identifier: BSD-2-Clause
"""Changes capture files by a seed: what a bad disk, a bad writer and an attacker make of them."""

import gzip
import random
import shutil
import struct
import subprocess

# Values at the edge of what lengths, times and link types may be.
EDGES = (0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 20, 24, 31, 32, 47, 64, 127, 128, 255, 256, 1500, 32767, 32768, 65535, 65536,
         262144, 262145, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1)
LINKTYPES = (0, 1, 6, 7, 9, 12, 14, 50, 51, 101, 104, 105, 107, 108, 109, 113, 117, 119, 127, 129, 147, 162, 187, 189, 192, 195,
             220, 225, 228, 229, 239, 240, 249, 251, 252, 253, 256, 265, 266, 272, 276, 280, 290, 65535)
# What readers of text stumble over.
TEXTS = (b"\x07f", b"\x0bc", b"\\x07f", b"\\x0b", b"\x7f", b"\x1b[31m", b"\xff\xfe", b"\xc3\xa9", b"\xe2\x80\xae", b"\0", b"\t\r\n",
         b'"}]', b"&amp;", b"<proto>", b"\\u0000", b"\\", b"' OR 1")
PCAP = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}


def order_of(content):
    """The byte order of a pcap or pcapng file, None of any other."""
    if bytes(content[:4]) in PCAP:
        return PCAP[bytes(content[:4])]
    if content[:4] == b"\n\r\r\n":
        return {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(bytes(content[8:12]))
    return None


def is_pcap(content):
    return bytes(content[:4]) in PCAP


def records(content):
    """(begin, end) of the records of a pcap file or the blocks of a pcapng file, as far as they can be followed."""
    order = order_of(content)
    if order is None:
        return []
    found, at = [], 24 if is_pcap(content) else 0
    while at + 16 <= len(content):
        length = (16 + struct.unpack_from(order + "I", content, at + 8)[0] if is_pcap(content)
                  else struct.unpack_from(order + "I", content, at + 4)[0])
        if length < 12 or at + length > len(content):
            break
        found.append((at, at + length))
        at += length
    return found


def put(content, at, value, order="<"):
    if at + 4 <= len(content):
        struct.pack_into(order + "I", content, at, value & 0xFFFFFFFF)
    return content


def payload(rng, content):
    """Where the bytes of some packet are."""
    found = records(content)[0 if is_pcap(content) else 1:]
    if not found:
        return 0, len(content)
    begin, end = rng.choice(found)
    return min(begin + (16 if is_pcap(content) else 28), end), end


# Each mutator takes a random.Random, the content as a bytearray, and that of another capture; it returns a bytearray.

def flip_bits(rng, content, _):
    for _ in range(rng.choice((1, 1, 2, 8, 32))):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return content


def flip_in_packet(rng, content, _):
    begin, end = payload(rng, content)
    for _ in range(rng.choice((1, 2, 8))):
        if end > begin:
            content[rng.randrange(begin, end)] = rng.randrange(256)
    return content


def write_text(rng, content, _):
    begin, end = payload(rng, content)
    text = rng.choice(TEXTS)
    if end - begin > len(text):
        at = rng.randrange(begin, end - len(text))
        content[at:at + len(text)] = text
    return content


def truncate(rng, content, _):
    return content[:rng.randrange(len(content) + 1)]


def change_length(rng, content, _):
    found = records(content)
    if not found:
        return content
    begin, end = rng.choice(found)
    places = (8, 12) if is_pcap(content) else (4, 20, 24, end - begin - 4)
    near = struct.unpack_from(order_of(content) + "I", content, begin + 8)[0] + rng.randrange(-4, 5)
    return put(content, begin + rng.choice(places), rng.choice((*EDGES, near, near)), order_of(content))


def change_time(rng, content, _):
    found = records(content)
    if found:
        begin, _ = rng.choice(found)
        at = rng.choice((0, 4)) if is_pcap(content) else rng.choice((12, 16))
        put(content, begin + at, rng.choice((*EDGES, 999999, 10**6, 10**9, rng.getrandbits(32))), order_of(content))
    return content


def change_link_type(rng, content, _):
    if is_pcap(content):
        return put(content, 20, rng.choice(LINKTYPES), order_of(content))
    blocks = [begin for begin, _ in records(content) if struct.unpack_from(order_of(content) + "I", content, begin)[0] == 1]
    if blocks:
        struct.pack_into(order_of(content) + "H", content, rng.choice(blocks) + 8, rng.choice(LINKTYPES))
    return content


def change_snaplen(rng, content, _):
    if is_pcap(content):
        return put(content, 16, rng.choice(EDGES), order_of(content))
    blocks = [begin for begin, _ in records(content) if struct.unpack_from(order_of(content) + "I", content, begin)[0] == 1]
    return put(content, rng.choice(blocks) + 12, rng.choice(EDGES), order_of(content)) if blocks else content


def swap_records(rng, content, _):
    found = records(content)
    if len(found) < 2:
        return content
    (a, b), (c, d) = sorted(rng.sample(found, 2))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def repeat_record(rng, content, _):
    found = records(content)
    if not found:
        return content
    begin, end = rng.choice(found)
    return content[:end] + content[begin:end] * rng.choice((1, 2, 30)) + content[end:]


def drop_record(rng, content, _):
    found = records(content)
    if not found:
        return content
    begin, end = rng.choice(found)
    return content[:begin] + content[end:]


def splice(rng, content, other):
    """Records of another capture of the same format and byte order."""
    if order_of(content) is None or is_pcap(content) != is_pcap(other) or order_of(content) != order_of(other):
        return content
    ours, theirs = records(content), records(other)
    if not ours or not theirs:
        return content
    at = rng.choice(ours)[1]
    first = rng.randrange(len(theirs))
    last = min(first + rng.choice((0, 1, 5)), len(theirs) - 1)
    return content[:at] + other[theirs[first][0]:theirs[last][1]] + content[at:]


def add_option(rng, content, _):
    """An option of an interface: the unit and the offset of its time stamps, or one of any kind."""
    order = order_of(content)
    if order is None or is_pcap(content):
        return content
    for begin, end in records(content):
        if struct.unpack_from(order + "I", content, begin)[0] == 1:
            code, value = rng.choice(((9, bytes([rng.choice((0, 3, 6, 9, 12, 19, 20, 127, 0x80, 0x8A, 0xBF, 0xFF))])),
                                      (14, struct.pack(order + "q", rng.choice((-1, 2**40, -2**40, 2**63 - 1, -2**63)))),
                                      (rng.randrange(20), bytes(rng.randrange(9)))))
            option = struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
            length = struct.pack(order + "I", end - begin + len(option))
            return (content[:begin + 4] + length + content[begin + 8:begin + 16] + option + content[begin + 16:end - 4]
                    + length + content[end:])
    return content


MUTATORS = (flip_bits, flip_in_packet, flip_in_packet, write_text, write_text, truncate, change_length, change_time,
            change_link_type, change_snaplen, swap_records, repeat_record, drop_record, splice, splice, add_option)


def packed(rng, content):
    """In a compressed wrapper, which may be cut short or damaged itself."""
    kind = rng.choice(("gzip", "gzip members", "zstd", "lz4"))
    if kind == "gzip":
        content = gzip.compress(content, mtime=0)
    elif kind == "gzip members":
        half = len(content) // 2
        content = gzip.compress(content[:half], mtime=0) + gzip.compress(content[half:], mtime=0)
    elif shutil.which(kind):
        content = subprocess.run([kind, "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout
    content = bytearray(content)
    damage = rng.choice((None, None, None, truncate, flip_bits))
    return damage(rng, content, b"") if damage and content else content


def mutate(seed, sources):
    """The content that this seed makes of some of the sources (contents of captures that are not compressed), and what was done."""
    rng = random.Random(seed)
    content = bytearray(rng.choice(sources))
    done = []
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        mutator = rng.choice(MUTATORS)
        content = mutator(rng, content, rng.choice(sources))
        done.append(mutator.__name__)
    if rng.random() < 0.1:
        content = packed(rng, content)
        done.append("packed")
    return bytes(content), done
