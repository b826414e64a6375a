# SPDX-License-Identifier: BSD-2-Clause
"""Packets back from documents, driven by extract_driver.c: the same as tshark writes of the original, from files that
are where they were and from those that are not, with everything accounted for."""

import gzip
import json
import os
import random
import resource
import signal
import struct
import subprocess

import pytest

import blocks
import espcap
import extracts
import frames

COUNTS = "found %d = written %d + missing %d + changed %d + twin %d"


@pytest.fixture(scope="module", autouse=True)
def driver():
    made = subprocess.run(["make", "-s", extracts.DRIVER], cwd=extracts.BUILD, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(order="<", options=b""):
    return block(blocks.SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(name, order="<", resolution=6, linktype=1):
    options = option(2, name, order) + option(9, bytes([resolution]), order) + option(0, b"", order)
    return block(blocks.INTERFACE, struct.pack(order + "HHI", linktype, 0, 0) + options, order)


def enhanced(number, stamp, data, order="<", options=b""):
    head = struct.pack(order + "IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
    return block(blocks.ENHANCED, head + data + b"\0" * (-len(data) % 4) + options, order)


def secrets(text, order="<"):
    return block(blocks.SECRETS, struct.pack(order + "II", 0x544C534B, len(text)) + text, order)


def pcap(path, packets, magic=blocks.MICRO):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, 1))
        for number, data in enumerate(packets):
            file.write(struct.pack("<IIII", frames.START + number, number, len(data), len(data)) + data)
    return str(path)


def fabricated(path, ordinals=None, **own):
    """Documents of a file as espcap would write them, made without it; of packets by their numbers."""
    data = blocks.content(path)
    packets, at = [], 24
    while at < len(data):
        packets.append((at, blocks.packet_at(data, at, 0, [])))
        at += 16 + packets[-1][1].caplen
    first = packets[0][1]
    name = blocks.capture_id(first)
    made = []
    for number in ordinals or range(1, len(packets) + 1):
        place, packet = packets[number - 1]
        document = {"type": "pcap_file", "file": {"path": str(path)}, "network": {"bytes": packet.wirelen},
                    "espcap": {"capture": name, "ordinal": number, "offset": place, **own}}
        made.append(extracts.hit(document, packet))
    return made


@pytest.fixture()
def numbered(tmp_path):
    """A capture of ten packets and hits of all."""
    path = pcap(tmp_path / "a.pcap", [frames.plain(b"packet %d" % number) for number in range(10)])
    return path, fabricated(path)


@pytest.mark.parametrize("name", ["secrets.pcapng", "two-links.pcapng", "comments.pcapng", "zstd.pcap.zst"])
def test_same_as_tshark(name, tmp_path):
    capture = os.path.join(espcap.ROOT, "test_pcaps", name)
    lines = extracts.hits(capture, extracts.documents(capture))
    assert extracts.difference(capture, lines, None, tmp_path) is None
    some = sorted(random.Random(name).sample(range(1, len(lines) + 1), len(lines) // 2))
    assert extracts.difference(capture, lines, some, tmp_path) is None


@pytest.mark.parametrize("order", "<>")
def test_interfaces_names_and_secrets_behind_packets(order, tmp_path):
    """What a packet needs may stand anywhere in front of it."""
    path = tmp_path / "late.pcapng"
    data = frames.plain(b"x")
    flags = option(2, struct.pack(order + "I", 1), order) + option(1, b"a comment", order) + option(0, b"", order)
    stamp = frames.START * 10 ** 9 + 123456789
    path.write_bytes(section(order) + interface(b"one", order) + enhanced(0, frames.START * 10 ** 6, data, order)
                     + interface(b"two", order, 9) + secrets(b"CLIENT_RANDOM 00 11\n", order)
                     + enhanced(1, stamp, data, order, flags)
                     + section(order) + interface(b"three", order, 9) + enhanced(0, stamp + 1, data, order))
    documents = extracts.documents(str(path))
    own = [json.loads(line)["espcap"] for line in documents]
    assert [len(part.get("context", [])) for part in own] == [0, 2, 0]
    assert own[2]["section"] > own[1]["offset"] and own[0]["section"] == 0
    lines = extracts.hits(str(path), documents)
    assert extracts.difference(str(path), lines, None, tmp_path) is None
    assert extracts.difference(str(path), lines, [2], tmp_path) is None
    extract = blocks.packets(tmp_path / "ours.pcapng")
    assert [packet.interface.options[2] for packet in extract] == [[b"two"]]
    assert extract[0].comments == [b"a comment"] and extract[0].flags == [1]
    assert blocks.secrets(tmp_path / "ours.pcapng") == [b"CLIENT_RANDOM 00 11\n"]
    # Those that were not needed yet do not come along.
    assert extracts.extract(lines[:1], tmp_path / "first.pcapng")[0] == 0
    assert blocks.secrets(tmp_path / "first.pcapng") == []


def test_files_that_are_elsewhere(numbered, tmp_path):
    """Compressed since, moved; else it is said what is not there."""
    path, lines = numbered
    content = open(path, "rb").read()
    os.rename(path, tmp_path / "kept")
    with gzip.open(path + ".gz", "wb") as file:
        file.write(content)
    assert extracts.extract(lines, tmp_path / "1.pcap") == (0, COUNTS % (10, 10, 0, 0, 0))
    assert open(tmp_path / "1.pcap", "rb").read() == content
    os.makedirs(tmp_path / "other")
    os.rename(path + ".gz", tmp_path / "other" / "under another name")
    code, said = extracts.extract(lines, tmp_path / "2.pcapng")
    assert code == 3 and said.split("\n") == [
        COUNTS % (10, 0, 10, 0, 0), "10 missing: %s: No such file or directory" % path]
    assert blocks.packets(tmp_path / "2.pcapng") == []
    assert extracts.extract(lines, tmp_path / "3.pcap", "--look-in=%s" % (tmp_path / "other"))[0] == 0
    assert open(tmp_path / "3.pcap", "rb").read() == content


def test_files_that_are_not_what_they_were(numbered, tmp_path):
    path, lines = numbered
    content = bytearray(open(path, "rb").read())
    # One packet has another byte.
    content[-1] ^= 1
    open(path, "wb").write(content)
    code, said = extracts.extract(lines, tmp_path / "1.pcapng")
    assert (code, said.split("\n")) == (3, [COUNTS % (10, 9, 0, 1, 0), "1 changed: %s: other bytes are in its place" % path])
    # Cut in the last packet but one.
    open(path, "wb").write(content[:-40])
    code, said = extracts.extract(lines, tmp_path / "2.pcapng")
    assert code == 3 and said.startswith(COUNTS % (10, 8, 1, 1, 0)) and "the file ends before it" in said
    # Another file of the same name and size.
    content[30] ^= 1
    open(path, "wb").write(bytes(content[:24]) + content[24:].replace(b"packet", b"PACKET"))
    code, said = extracts.extract(lines, tmp_path / "3.pcapng")
    assert (code, said.split("\n")) == (
        3, [COUNTS % (10, 0, 0, 10, 0), "10 changed: %s: the file was replaced by another" % path])
    # The real one is still somewhere.
    pcap(tmp_path / "b.pcap", [frames.plain(b"packet %d" % number) for number in range(10)])
    assert extracts.extract(lines, tmp_path / "4.pcapng", "--look-in=%s" % tmp_path)[0] == 0
    os.remove(path)
    os.mkfifo(path)
    code, said = extracts.extract(lines, tmp_path / "5.pcapng")
    assert code == 3 and "is a FIFO" in said


def test_documents_of_an_older_index(numbered, tmp_path):
    """Without an offset a packet is found by its ordinal; without an id of ours by its time and length."""
    path, lines = numbered
    content = open(path, "rb").read()
    old = [line.replace(b'"offset": ', b'"no": ') for line in lines]
    assert extracts.extract(old, tmp_path / "1.pcap")[0] == 0
    assert open(tmp_path / "1.pcap", "rb").read() == content
    alone = json.loads(lines[3])["_source"]
    alone["@timestamp"] = "2020-09-13T12:26:43.000003000Z"
    assert extracts.extract([json.dumps(alone).encode()], tmp_path / "2.pcap") == (0, COUNTS % (1, 1, 0, 0, 0))
    alone["@timestamp"] = "2020-09-13T12:26:43.000004Z"
    assert extracts.extract([json.dumps(alone).encode()], tmp_path / "3.pcap")[1].startswith(COUNTS % (1, 0, 0, 1, 0))


def test_merged_by_time(tmp_path):
    """Files in one another, each in its own order; named twice, a packet is written once."""
    lines = []
    for name, magic in (("a.pcap", blocks.MICRO), ("b.pcap", blocks.NANO)):
        path = pcap(tmp_path / name, [frames.plain(b"%s %d" % (name.encode(), number)) for number in range(50)], magic)
        lines += fabricated(path)
    random.Random(1).shuffle(lines)
    code, said = extracts.extract(lines + lines[:7], tmp_path / "all.pcapng", "--memory=1", "--snaplen=20")
    assert (code, said) == (0, COUNTS % (107, 100, 0, 0, 7))
    packets = blocks.packets(tmp_path / "all.pcapng")
    assert [packet.time for packet in packets] == sorted(packet.time for packet in packets)
    assert {packet.caplen for packet in packets} == {20} and min(packet.wirelen for packet in packets) > 20
    for name in (b"a.pcap", b"b.pcap"):
        numbers = [int(packet.time // 10 ** 9) for packet in packets if packet.data[14:20] == name]
        assert len(numbers) == 50 and numbers == sorted(numbers)


def test_dedup(tmp_path):
    data = [frames.plain(b"same"), frames.plain(b"same"), frames.plain(b"else"), frames.plain(b"same")]
    lines = fabricated(pcap(tmp_path / "a.pcap", data))
    assert extracts.extract(lines, tmp_path / "1.pcapng", "--dedup=1500000000") == (0, COUNTS % (4, 3, 0, 0, 1))
    assert extracts.extract(lines, tmp_path / "2.pcapng", "--dedup=5000000000") == (0, COUNTS % (4, 2, 0, 0, 2))


def ring(path, capture, ordinals):
    stamp = (frames.START + ordinals[0]) * 10 ** 6
    path.write_bytes(
        section(options=option(1, b"espcap.capture: " + capture.encode()) + option(0, b"")) + interface(b"eth0")
        + b"".join(enhanced(0, stamp + number, frames.plain(b"live %d" % number),
                            options=option(5, struct.pack("<Q", number)) + option(0, b"")) for number in ordinals))


def test_ring(tmp_path):
    """Packets of a live capture are in the files of its ring; what was rotated away is missing."""
    capture = "6b86b273-ff34-fce1-9d6b-804eff5a3f57"[:32]
    ring(tmp_path / "2.pcapng", capture, range(20, 30))
    ring(tmp_path / "1.pcapng", capture, [10, 11, 13, 14])
    ring(tmp_path / "other.pcapng", "another", range(1, 50))
    lines = []
    for number in (5, 10, 12, 14, 15, 25, 29):
        data = frames.plain(b"live %d" % number)
        base = 10 if number < 20 else 20
        packet = blocks.Packet(blocks.Interface(1, 0, {}, "<"), (frames.START + base) * 10 ** 9 + number * 1000, len(data), data)
        lines.append(extracts.hit({"type": "pcap_live", "espcap": {"capture": capture, "ordinal": number}}, packet))
    code, said = extracts.extract(lines, tmp_path / "x.pcap", "--look-in=%s" % tmp_path)
    assert code == 3 and said.split("\n") == [
        COUNTS % (7, 4, 3, 0, 0), "1 missing: it was rotated away: the files of the ring begin later",
        "1 missing: it is not among the packets of the ring", "1 missing: the file ends before it"]
    assert [packet.data[14:] for packet in blocks.packets(tmp_path / "x.pcap")] == [b"live 10", b"live 14", b"live 25", b"live 29"]
    assert "--look-in=DIR names the directory of its --ring" in extracts.extract(lines, tmp_path / "y.pcap")[1]


NOWHERE = [
    b" ", b"[]", b"null", b"{", b'"x"', b"{}", b'{"type":"pcap_file"}', b'{"type":"pcap_file","espcap":{"ordinal":1}}',
    b'{"type":"pcap_kafka","espcap":{"kafka":{"topic":"a","partition":0,"offset":3}}}',
    b'{"type":"pcap_live","espcap":{"capture":"a"}}']


def test_documents_that_name_no_file(tmp_path):
    code, said = extracts.extract(NOWHERE, tmp_path / "x.pcapng")
    assert code == 3 and said.startswith(COUNTS % (len(NOWHERE), 0, len(NOWHERE), 0, 0)), said
    counted = [int(line.split()[0]) for line in said.split("\n")[1:]]
    assert sum(counted) == len(NOWHERE) and len(counted) == 6


def test_a_hostile_index(tmp_path):
    """It may name any file: what is not a capture is of no use, whatever the place."""
    lines = []
    for path in ("/etc/passwd", "/dev/zero", "/proc/self/mem", "/tmp", "/etc/../etc/passwd", "relative", "/" + "x" * 5000,
                 "/etc/passwd\0.pcap", "/no\nline"):
        for own in ({}, {"section": 2 ** 62}, {"context": [1, 2]}):
            for offset in (0, 24, 2 ** 63 - 1, -5, 10 ** 30):
                document = {"type": "pcap_file", "file": {"path": path}, "network": {"bytes": 60},
                            "espcap": {"capture": "x" * 32, "ordinal": 1, "offset": offset, **own}}
                lines.append(json.dumps(document).encode())
    code, said = extracts.extract(lines, tmp_path / "x.pcapng")
    assert code == 3 and " written 0 " in said and " twin 0" in said, said
    assert sum(int(line.split()[0]) for line in said.split("\n")[1:]) == len(lines), said
    assert blocks.packets(tmp_path / "x.pcapng") == []


def test_places_that_are_none(numbered, tmp_path):
    """Another place in the right file, and the right place with the id of another packet."""
    _, lines = numbered
    wrong = []
    for change in ({"offset": 25}, {"offset": 26, "section": 25}, {"offset": 10 ** 9}, {"ordinal": 7}, {"section": 2 ** 40},
                   {"capture": "0" * 32}):
        made = json.loads(lines[2])
        made["_source"]["espcap"].update(change)
        line = b'{"_id":"%s","_source":%s}' % (made["_id"].encode(), json.dumps(made["_source"]).encode())
        wrong.append(line)
    code, said = extracts.extract(wrong, tmp_path / "x.pcapng")
    assert code == 3 and said.startswith("found %d = written 0 " % len(wrong)) and " twin 0\n" in said, said


def test_what_is_written_to(numbered, tmp_path):
    path, lines = numbered
    target = tmp_path / "x.pcapng"
    target.write_bytes(b"mine")
    code, said = extracts.extract(lines, target)
    assert code == 2 and "exists; --force replaces it" in said and target.read_bytes() == b"mine"
    assert extracts.extract(lines, target, "--force")[0] == 0 and len(blocks.packets(target)) == 10
    assert extracts.extract(lines, tmp_path / "none" / "x.pcapng")[0] == 2
    assert extracts.extract(lines, tmp_path, "--force")[0] == 2
    with open(tmp_path / "piped", "wb") as pipe:
        assert extracts.extract(lines, "-", capture_output=False, stdout=pipe, stderr=subprocess.PIPE)[0] == 0
    assert blocks.packets(tmp_path / "piped") and os.listdir(tmp_path).count("-") == 0


def test_one_link_type_in_pcap(tmp_path):
    path = tmp_path / "two.pcapng"
    stamp = frames.START * 10 ** 6
    packets = [enhanced(0, stamp, b"\x45" * 20), enhanced(1, stamp, b"\x45" * 20)]
    head = section() + interface(b"a") + interface(b"b", linktype=101)
    path.write_bytes(head + b"".join(packets))
    lines = []
    for number, linktype in ((0, 1), (1, 101)):
        packet = blocks.Packet(blocks.Interface(linktype, 0, {}, "<"), stamp * 1000, 20, b"\x45" * 20)
        document = {"type": "pcap_file", "file": {"path": str(path)}, "espcap": {
            "capture": "a", "ordinal": number + 1, "section": 0, "offset": len(head) + number * len(packets[0])}}
        lines.append(extracts.hit(document, packet))
    code, said = extracts.extract(lines, tmp_path / "x.pcap")
    assert code == 2 and "several; name a file that ends with .pcapng" in said
    assert os.listdir(tmp_path) == ["two.pcapng"]
    assert extracts.extract(lines[1:], tmp_path / "x.pcap")[0] == 0
    assert [packet.linktype for packet in blocks.packets(tmp_path / "x.pcap")] == [101]


def test_full_disk(numbered, tmp_path):
    def bound():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    code, said = extracts.extract(numbered[1], tmp_path / "x.pcapng", preexec_fn=bound)
    assert code == 5 and "File too large" in said
    assert os.listdir(tmp_path) == ["a.pcap"]
