# SPDX-License-Identifier: BSD-2-Clause
"""Captures that were joined with cat(1), and pcap as others wrote it: what is read is what is in them."""

import functools
import gzip
import os
import pathlib
import signal
import struct
import subprocess
import tempfile

import pytest

import conftest
import espcap
import fakes
import frames
from test_bpf import ARP, BARE, IP_UDP, RAW, put, section

DNS = os.path.join(espcap.CAPTURE_DIR, "dns.pcap")
FILE = ("file", "file_name", "file_date_utc")


def pcap(packets, order="<", magic=frames.MICRO, linktype=frames.ETHERNET, start=frames.START, snaplen=262144, extra=b""):
    """A pcap file with these bytes behind each record's 16."""
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype) + b"".join(
        struct.pack(order + "IIII", start + number, 7, len(data), len(data)) + extra + data
        for number, data in enumerate(packets))


def some(number, count=3):
    return [frames.udp(b"part %d packet %d" % (number, packet), 40000 + number) for packet in range(count)]


def without(document, *names):
    return {name: value for name, value in document.items() if name not in names + FILE}


def without_place(document):
    """Records of variants have headers of another length, and a pipe has no places."""
    own = {name: value for name, value in document["espcap"].items() if name not in ("offset", "section", "context")}
    return {**without(document), "espcap": own}


@functools.lru_cache(maxsize=None)
def documents_of(part, *options):
    """Those of a capture by itself, which many tests want of the same few."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        result = espcap.run("--file", put(pathlib.Path(folder), "alone", part), *options)
    assert result.code == 0, result.errors
    return result.documents


def from_its_header(document):
    """What espcap knows of a packet, with its place from the header of its part on; a pipe has no places."""
    own = dict(document["espcap"])
    section, offset = own.pop("section", 0), own.pop("offset", None)
    return own, None if offset is None else offset - section


def check_alone(documents, parts, *options):
    """Capture, ordinal, place and content are those of each part by itself; frame numbers go on."""
    alone = [document for part in parts for document in documents_of(part, *options)]
    assert [document["frame_number"] for document in documents] == list(range(1, len(alone) + 1))
    for document, one in zip(documents, alone):
        (own, place), (expected, place_alone) = from_its_header(document), from_its_header(one)
        assert own == expected and place in (place_alone, None)
        for name in ("@timestamp", "source", "destination", "protocol", "info"):
            assert document.get(name) == one.get(name), name
    return alone


# Parts whose headers agree: one tshark reads them as one capture.

def merged(paths, target):
    subprocess.run(["mergecap", "-a", "-F", "pcap", "-w", target, *paths], check=True, capture_output=True)
    return target


JOIN = {
    "the same": [pcap(some(1)), pcap(some(2)), pcap(some(3))],
    "of another byte order": [pcap(some(1)), pcap(some(2), ">"), pcap(some(3))],
    "one with another snaplen": [pcap(some(1)), pcap(some(2), snaplen=4000)],
    "one without packets": [pcap(some(1)), pcap([]), pcap(some(2))],
    "the first without packets": [pcap([]), pcap(some(1)), pcap([])],
    "of one packet each": [pcap(some(number, 1)) for number in range(5)],
    "written by Red Hat and Nokia": [pcap(some(1)), pcap(some(2), extra=bytes(8)), pcap(some(3), extra=bytes(4))],
    "the same twice": [pcap(some(1)), pcap(some(1))],
}


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=3"], ["--dissection=ek"]), ids=" ".join)
@pytest.mark.parametrize("kind", JOIN)
def test_parts_in_one_format(kind, options, tmp_path):
    """But for capture and ordinal the documents are those of mergecap -a."""
    parts = JOIN[kind]
    path = put(tmp_path, "joined.pcap", b"".join(parts))
    result = espcap.run("--file", path, *options)
    assert result.code == 0, result.errors
    alone = check_alone(result.documents, parts, *options)
    assert result.messages.count("another capture follows after packet ") == 1, result.errors
    whole = merged([put(tmp_path, "part-%d" % number, part) for number, part in enumerate(parts)], tmp_path / "merged.pcap")
    expected = espcap.run("--file", whole, *options)
    assert "joined" not in expected.messages
    for document in result.documents + expected.documents:
        del document["espcap"]
    assert [without(document) for document in result.documents] == [without(document) for document in expected.documents]
    assert len(expected.documents) == len(alone)


# Parts that cannot stand in one stream: each has a tshark of its own.

DIFFERENT = {
    "another link type": [pcap(some(1)), pcap([BARE] * 2, linktype=RAW), pcap(some(2))],
    "nanoseconds": [pcap(some(1)), pcap(some(2), magic=frames.NANO), pcap(some(3), magic=frames.NANO), pcap(some(4))],
    "pcap and pcapng": [pcap(some(1)), section([frames.ETHERNET, RAW], [(0, ARP), (1, BARE)]), pcap(some(2), ">")],
    "pcapng and pcap": [section([frames.ETHERNET], [(0, ARP), (0, IP_UDP)]), pcap(some(2)), pcap(some(3))],
    "empty ones between": [pcap([]), pcap([], linktype=RAW), section([], []), pcap(some(1)), pcap([], linktype=RAW)],
}


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=3"], ["--dissection=ek"], ["--dissection=pdml"]), ids=" ".join)
@pytest.mark.parametrize("kind", DIFFERENT)
def test_parts_in_different_formats(kind, options, tmp_path):
    """But for frame numbers the documents are those of each part by itself."""
    parts = DIFFERENT[kind]
    path = put(tmp_path, "joined", b"".join(parts))
    result = espcap.run("--file", path, *options)
    assert result.code == 0, result.errors
    check_alone(result.documents, parts, *options)
    assert result.messages.count("another capture follows after packet ") == 1, result.errors
    for number, document in enumerate(result.documents):
        assert document["layers"]["frame"]["frame.number"] == str(number + 1)


@pytest.mark.parametrize("way", ("pipe", "gzip", "gzip members", "zcat"))
@pytest.mark.parametrize("parts", (JOIN["the same"], *DIFFERENT.values()), ids=("the same", *DIFFERENT))
def test_other_ways_in(parts, way, tmp_path):
    plain = documents_of(b"".join(parts))
    if way == "gzip":
        result = espcap.run("--file", put(tmp_path, "joined.gz", gzip.compress(b"".join(parts))))
    elif way == "gzip members":
        result = espcap.run("--file", put(tmp_path, "joined.gz", b"".join(map(gzip.compress, parts))))
    elif way == "zcat":
        result = espcap.run("--file=-", stdin=b"".join(map(gzip.compress, parts)))
    else:
        result = espcap.run("--file=-", stdin=b"".join(parts))
    assert result.code == 0, result.errors
    same = without_place if way in ("zcat", "pipe") else without
    assert list(map(same, result.documents)) == list(map(same, plain))


@pytest.mark.parametrize("options, numbers, skipped", (
    (["--count=5"], range(1, 6), 0), (["--bpf=udp port 40002"], [4, 5, 6], 8), (["--display-filter=raw"], [7, 8], 0),
    (["--bpf=udp", "--count=7"], range(1, 8), 0), (["--split", "--jobs=2", "--count=8"], range(1, 9), 0)))
def test_options_that_select(options, numbers, skipped, tmp_path):
    parts = [pcap(some(1)), pcap(some(2)), pcap([BARE] * 2, linktype=RAW), pcap(some(3))]
    path = put(tmp_path, "joined.pcap", b"".join(parts))
    whole = espcap.run("--file", path).documents
    result = espcap.run("--file", path, *options)
    assert result.code == 0, result.errors
    assert [document["frame_number"] for document in result.documents] == list(numbers)
    assert result.counts["skipped"] == skipped
    if "--display-filter=raw" not in options:
        assert result.documents == [whole[number - 1] for number in numbers]


def test_streams_of_parts(tmp_path):
    """One tshark numbers streams through; one of its own begins anew, also with --split."""
    parts = [pcap(some(1)), pcap(some(2)), pcap(some(3), magic=frames.NANO), pcap(some(4), magic=frames.NANO)]
    path = put(tmp_path, "joined.pcap", b"".join(parts))
    for options in ([], ["--split", "--jobs=2"]):
        documents = espcap.run("--file", path, *options).documents
        streams = [document["layers"]["transport"]["udp.stream"] for document in documents]
        assert streams == ["0"] * 3 + ["1"] * 3 + ["0"] * 3 + ["1"] * 3


# The first shard, which has what belongs to no conversation, goes on late with the next part.
LINGERS = """
late = False
for line in simple():
    late = late or is_at(line, 1)
    if %s:
        out.flush() if "-l" in words else None
        die(signal.SIGSEGV)
    out.write(line)
    out.flush() if "-l" in words else None
out.flush()
time.sleep(0.3 if late else 0)
"""


def for_shards(pattern):
    """A for a part with packets for all shards, F for one with packets for the first shard alone; no two formats in a row agree."""
    parts = []
    for number, letter in enumerate(pattern):
        packets = [ARP] * 3
        if letter == "A":
            packets += [frames.ip(struct.pack("!HHHH", 4000, 9, 14, 0) + b"shards", 17, 1, 2 + peer) for peer in range(20)]
        parts.append(pcap(packets, magic=(frames.MICRO, frames.NANO)[number % 2]))
    return b"".join(parts)


@pytest.mark.parametrize("pattern, jobs, options, crash", (
    ("AFA", 2, [], "False"), ("FFA", 2, [], "False"), ("AFF", 2, [], "False"), ("AFFAFA", 3, [], "False"),
    ("AFA", 2, ["--count=25"], "False"), ("AFA", 3, ["--bpf=udp"], "False"),
    ("AFA", 2, ["--bpf=udp", "--count=22"], "False"), ("AFA", 2, [], "is_at(line, 2)")))
def test_shards_without_packets_in_some_parts(pattern, jobs, options, crash, fake, tmp_path):
    """A shard that has nothing in a part is not ahead of those that have."""
    fake.behave(LINGERS % crash)
    path = put(tmp_path, "joined.pcap", for_shards(pattern))
    words = ["--file", path, "--tshark", fake.path, "--dissection=ek", *options]
    split = espcap.run(*words, "--split", "--jobs=%d" % jobs)
    whole = espcap.run(*words, "--jobs=1")
    assert split.code == whole.code == (0 if crash == "False" else 4), split.errors
    assert split.lines == whole.lines
    assert split.counts == whole.counts
    assert split.counts["undissected"] == (0 if crash == "False" else 3)
    assert len(split.lines) > (20 if options else 25)


@pytest.mark.parametrize("order, magic", (("<", frames.MICRO), (">", frames.NANO)))
def test_cut_in_the_second_header(order, magic, tmp_path):
    """No packet is made of it."""
    header = pcap([], order, magic)
    for length in (3, 8, 16, 17, 23):
        path = put(tmp_path, "cut.pcap", pcap(some(1)) + header[:length])
        result = espcap.run("--file", path)
        assert (result.code, result.counts["printed"]) == (3, 3), (length, result.errors)
        assert "cut short" in result.messages


def test_last_part_cut_short(tmp_path):
    for second in (pcap(some(2)), pcap(some(2), magic=frames.NANO), section([frames.ETHERNET], [(0, ARP), (0, ARP)])):
        result = espcap.run("--file", put(tmp_path, "cut", pcap(some(1)) + second[:-1]))
        assert (result.code, result.counts["printed"]) == (3, 3 + len(some(2)) - 1 if second[:1] != b"\n" else 4), result.errors
        assert "cut short in packet %d" % (result.counts["printed"] + 1) in result.messages


def test_a_header_inside_a_packet_is_data(tmp_path):
    for header in (pcap([]), pcap([], ">"), section([], [])):
        path = put(tmp_path, "inside.pcap", pcap([frames.udp(header), frames.plain(header * 3)]))
        result = espcap.run("--file", path)
        assert (result.code, result.counts["printed"]) == (0, 2), result.errors
        assert "joined" not in result.messages


NOT_QUITE = {
    "version": struct.pack("<IHHiIII", frames.MICRO, 2, 3, 0, 0, 65535, 1),
    "zone": struct.pack("<IHHiIII", frames.MICRO, 2, 4, 1, 0, 65535, 1),
    "link type": struct.pack("<IHHiIII", frames.MICRO, 2, 4, 0, 0, 65535, 0x3FF0001),
    "magic": struct.pack("<IHHiIII", frames.MICRO + 1, 2, 4, 0, 0, 65535, 1),
}


@pytest.mark.parametrize("kind", NOT_QUITE)
def test_what_is_no_whole_header_is_a_record(kind, tmp_path):
    """As tshark reads it."""
    path = put(tmp_path, "odd.pcap", pcap(some(1)) + NOT_QUITE[kind])
    result = espcap.run("--file", path)
    shown = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.number"], capture_output=True, check=False)
    assert result.counts["read"] == len(shown.stdout.split()), result.errors
    assert "joined" not in result.messages


@pytest.mark.parametrize("from_pipe", (False, True))
@pytest.mark.parametrize("number", (2, 5))
def test_tshark_crashes_in_a_part(number, from_pipe, fake, tmp_path):
    """The packet that ends it is lost alone, and the parts behind it are read."""
    fake.behave(fakes.CRASHES_AT % number)
    parts = [[frames.plain(b"packet %d" % packet) for packet in range(3 * part + 1, 3 * part + 4)] for part in range(3)]
    content = pcap(parts[0]) + pcap(parts[1], magic=frames.NANO) + pcap(parts[2])
    given = {"stdin": content} if from_pipe else {}
    path = "-" if from_pipe else put(tmp_path, "joined.pcap", content)
    result = espcap.run("--file", path, "--dissection=ek", "--tshark", fake.path, fakes.FREE, **given)
    assert result.counts["read"] == 9, result.errors
    assert result.counts["printed"] + result.counts["undissected"] == 9


def test_a_part_of_an_unknown_link_type(tmp_path):
    content = pcap(some(1)) + pcap(some(2), linktype=64000) + pcap(some(3))
    result = espcap.run("--file", put(tmp_path, "joined.pcap", content))
    assert result.code == 3, result.errors
    assert (result.counts["printed"], result.counts["undissected"]) == (6, 3)
    assert [document["frame_number"] for document in result.documents] == [1, 2, 3, 7, 8, 9]
    assert result.messages.count("network type 64000 unknown") == 1


@pytest.mark.parametrize("second", (pcap(some(2)), pcap(some(2), magic=frames.NANO)), ids=("fits", "differs"))
def test_joined_to_a_watched_file(second, tmp_path):
    """The header comes when the file has been read to its end, in two pieces."""
    folder = tmp_path / "in"
    folder.mkdir()
    path = put(folder, "grows.pcap", pcap(some(1)))
    process = subprocess.Popen(espcap.command("--watch", folder, "--watch-idle=1s", "--verbose"), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**espcap.ENVIRONMENT, "XDG_STATE_HOME": str(tmp_path / "state")})
    target = open(path, "ab")
    numbers = []
    for line in process.stdout:
        numbers.append(espcap.parse_line(line)["frame_number"])
        if numbers[-1] == 3:
            target.write(second[:17])
            target.flush()
            target.write(second[17:])
            target.close()
        if numbers[-1] == 6:
            process.send_signal(signal.SIGTERM)
    errors = process.stderr.read().decode("utf-8", "replace")
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=60) == 0, errors
    assert numbers == [1, 2, 3, 4, 5, 6], errors
    assert not espcap.SANITIZER.search(errors), errors


# pcap as others wrote it.

def captured(path):
    """(length, captured, time) of each packet as the tshark of this system reads the file."""
    fields = ["-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.time_epoch"]
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", *fields], capture_output=True, check=True)
    return done.stdout.decode().split("\n")[:-1]


def shown(documents):
    return ["\t".join(document["layers"]["frame"]["frame." + name] for name in ("len", "cap_len", "time_epoch"))
            for document in documents]


@pytest.mark.parametrize("from_pipe", (False, True))
@pytest.mark.parametrize("kind", ("nokiapcap", "rh6_1pcap", "suse6_3pcap", "modpcap", "nsecpcap", "pcap"))
def test_variants_of_pcap(kind, from_pipe, tmp_path):
    path = tmp_path / "variant.pcap"
    subprocess.run(["editcap", "-F", kind, DNS, path], check=True, capture_output=True)
    result = espcap.run("--file=-", stdin=path.read_bytes()) if from_pipe else espcap.run("--file", path)
    assert result.code == 0, result.errors
    assert list(map(without_place, result.documents)) == list(map(without_place, conftest.full_run(DNS).documents))
    assert shown(result.documents) == captured(path)


MODIFIED = 0xA1B2CD34
# Interface, protocol, packet type; of SuSE two numbers of processors, and padding.
PATCHED = struct.pack("<IHBx", 2, 0x800, 4)
VARIANTS = {"nokia": (frames.MICRO, bytes(4)), "nokia with its mark": (frames.MICRO, struct.pack("<I", 0x9FBFB601)),
            "red hat": (frames.MICRO, PATCHED),
            "ss991029": (MODIFIED, PATCHED), "suse": (MODIFIED, PATCHED + bytes(4))}


@pytest.mark.parametrize("count", (1, 3))
@pytest.mark.parametrize("kind", VARIANTS)
def test_variants_of_any_length(kind, count, tmp_path):
    magic, extra = VARIANTS[kind]
    packets = some(1, count)
    path = put(tmp_path, "variant.pcap", pcap(packets, magic=magic, extra=extra))
    result = espcap.run("--file", path)
    assert result.code == 0, result.errors
    assert shown(result.documents) == captured(path)
    assert [document["info"] for document in result.documents] == ["40001 → 9 Len=%d" % (len(data) - 42) for data in packets]
    result = espcap.run("--file", put(tmp_path, "cut.pcap", path.read_bytes()[:-1]))
    assert result.code == 3, result.errors
    if count > 1:
        assert [document["frame_number"] for document in result.documents] == list(range(1, count))
        assert "cut short in packet %d" % count in result.messages


@pytest.mark.parametrize("extra", (b"", bytes(4)), ids=("standard", "nokia"))
def test_a_slow_pipe_need_not_be_waited_for(extra):
    """What its variant is the next packets would tell, but the first one is whole."""
    content = pcap(some(1), extra=extra)
    first = 24 + 16 + len(extra) + len(some(1)[0])
    process = subprocess.Popen(espcap.command("--file=-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=espcap.ENVIRONMENT)
    for piece in (content[:24], content[24:first]):
        process.stdin.write(piece)
        process.stdin.flush()
    document = espcap.parse_line(process.stdout.readline())
    assert document["info"] == "40001 → 9 Len=15"
    output, errors = process.communicate(content[first:])
    assert (process.returncode, output.count(b"\n")) == (0, 2), errors
    assert not espcap.SANITIZER.search(errors.decode("utf-8", "replace")), errors


@pytest.mark.parametrize("order, mark", ((">", 0xBFBFD902), ("<", 0x01020304)))
def test_other_marks_of_nokia(order, mark, tmp_path):
    path = put(tmp_path, "variant.pcap", pcap(some(1), order, extra=struct.pack(order + "I", mark)))
    result = espcap.run("--file", path)
    assert result.code == 0, result.errors
    assert shown(result.documents) == captured(path)


def test_atm_of_nokia_is_refused(tmp_path):
    path = put(tmp_path, "atm.pcap", pcap([bytes(60)] * 3, linktype=13, extra=bytes(4)))
    result = espcap.run("--file", path)
    assert (result.code, result.output) == (3, b""), result.errors
    assert "ATM in Nokia's variant" in result.messages and "editcap" in result.messages


@pytest.mark.parametrize("fraction, wire, snaplen", ((2_000_000, 0, 9999), (1, 20, 9999), (1, 0, 40)))
def test_odd_lengths_are_no_variant(fraction, wire, snaplen, tmp_path):
    """Fractions of more than a second, more captured than on the wire, than the snaplen: still what it says it is."""
    content = frames.pcap_header(snaplen=snaplen)
    for number, data in enumerate(some(1)):
        content += struct.pack("<IIII", frames.START, fraction, len(data), wire if number else len(data)) + data
    path = put(tmp_path, "odd.pcap", content)
    result = espcap.run("--file", path)
    assert result.code == 0, result.errors
    assert [document["protocol"] for document in result.documents] == ["udp"] * 3
    assert [document["layers"]["frame"]["frame.cap_len"] for document in result.documents] == ["57"] * 3
