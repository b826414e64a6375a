# SPDX-License-Identifier: BSD-2-Clause
"""One capture by several tsharks: the same bytes as by one, whatever they do."""

import gzip
import itertools
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time

import pytest

import conftest
import conserve
import espcap
import exposition
import fakes
import frames
import test_dissection
import test_tsharks

DNS = os.path.join(espcap.CAPTURE_DIR, "dns.pcap")
HOW = [pytest.param("plugin", marks=test_dissection.needs_plugin), "ek", "pdml"]


def ethernet_packets():
    """The packets of all plain pcap files of Ethernet, one of each file in turn."""
    found = []
    for capture in espcap.captures():
        with open(capture, "rb") as source:
            content = source.read()
        if content[:4] == struct.pack("<I", frames.MICRO) and content[20:24] == struct.pack("<I", 1):
            found.append([data for _, _, data, _ in frames.read_pcap(content)])
    turns = itertools.zip_longest(*found)
    return [data for turn in turns for data in turn if data is not None]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """All conversations at the same time."""
    path = tmp_path_factory.mktemp("mixed") / "mixed.pcap"
    packets = ethernet_packets()
    assert len(packets) > 400
    path.write_bytes(frames.pcap(packets))
    for place in (path, path.parent):
        place.chmod(0o755)
    return str(path)


def both(capture, *options, jobs=3, **keywords):
    """The result with --split, which must be that of one tshark."""
    one = espcap.run("--file", capture, "--jobs=1", *options, **keywords)
    split = espcap.run("--file", capture, "--split", "--jobs=%d" % jobs, *options, **keywords)
    assert split.errors == one.errors
    assert split.code == one.code
    assert split.lines == one.lines
    return split


@pytest.mark.parametrize("how", HOW)
def test_the_same_bytes(how):
    """Every capture of ours."""
    for options, captures in test_tsharks.batches().items():
        words = ["--dissection=" + how, *options, *(word for capture in captures for word in ("--file", capture))]
        one, split = espcap.run("--jobs=1", *words), espcap.run("--split", "--jobs=3", *words)
        assert one.code == split.code == 0, split.errors
        assert one.errors == split.errors
        for left, right in zip(one.lines, split.lines):
            assert left == right
        assert len(one.lines) == len(split.lines) == one.counts["read"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("jobs", (2, 5))
def test_all_conversations_at_once(mixed, jobs, how):
    result = both(mixed, "--dissection=" + how, jobs=jobs)
    streams = [document["layers"]["transport"]["tcp.stream"] for document in result.documents
               if "tcp.stream" in document["layers"].get("transport", {})]
    assert len(set(map(str, streams))) > 5


def started(folder, *arguments):
    """How many tsharks a run started that ended well."""
    path = os.path.join(folder, "metrics.prom")
    result = espcap.run(*arguments, "--metrics", path)
    assert result.code == 0, result.errors
    return exposition.read(path)("espcap_tsharks_started_total")


def test_as_many_tsharks_as_are_needed(folder, mixed):
    """More jobs than conversations, and a file with one."""
    one = os.path.join(folder, "one.pcap")
    with open(one, "wb") as target:
        target.write(frames.pcap([frames.dns_query(number=number) for number in range(20)]))
    assert started(folder, "--file", one, "--split", "--jobs=40") <= 2
    assert len(both(one, jobs=40).lines) == 20
    assert started(folder, "--file", mixed, "--split", "--jobs=3") == 3
    assert started(folder, "--file", mixed, "--split", "--jobs=1") == 1
    both(mixed, jobs=40)


@pytest.mark.parametrize("options", (["--count=7"], ["--bpf=tcp"], ["--bpf=udp or icmp", "--count=31"],
                                     ["--fields=tcp.stream,udp.stream,ip.src"], ["--max-doc=4k"], ["--pretty"]),
                         ids=" ".join)
def test_with_other_options(mixed, options):
    both(mixed, *options)


def test_compressed(folder, mixed):
    packed = os.path.join(folder, "mixed.gz")
    with open(mixed, "rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    both(packed)


def test_several_files(folder, mixed):
    for name in "ab":
        shutil.copy(mixed, os.path.join(folder, name))
    one = espcap.run("--dir", folder, "--jobs=1")
    assert espcap.run("--dir", folder, "--jobs=3", "--split").lines == one.lines


def test_a_pipe_is_read_by_one(mixed):
    with open(mixed, "rb") as source:
        content = source.read()
    result = espcap.run("--file=-", "--split", "--jobs=3", stdin=content)
    alone = espcap.run("--file=-", stdin=content)
    assert (result.code, result.lines) == (0, alone.lines)


def test_standard_input_that_is_a_file(folder, mixed):
    """Each tshark gets it from the place where it stands."""
    path = os.path.join(folder, "metrics.prom")
    before = os.path.join(folder, "before")
    with open(mixed, "rb") as source, open(before, "wb") as target:
        target.write(b"read by somebody else" + source.read())
    with open(before, "rb", buffering=0) as source:
        source.read(21)
        result = espcap.run("--file=-", "--split", "--jobs=3", "--metrics", path, stdin=source)
        alone = espcap.run("--file=-", stdin=source)
    assert (result.code, result.lines) == (0, alone.lines)
    assert exposition.read(path)("espcap_tsharks_started_total") == 3


def test_files_that_are_no_good(folder):
    """What is wrong is said once, as of one tshark."""
    with open(DNS, "rb") as source:
        content = source.read()
    for name, bad in (("cut", content[:-7]), ("empty", b""), ("text", b"no capture\n" * 9), ("header", content[:24]),
                      ("wild", content + b"\xff" * 64)):
        path = os.path.join(folder, name)
        with open(path, "wb") as target:
            target.write(bad)
        both(path, jobs=7)
    both(os.path.join(folder, "none"))


def test_format_that_only_tshark_knows(folder, mixed):
    path = os.path.join(folder, "foreign.k12")
    subprocess.run(["editcap", "-F", "k12text", mixed, path], check=True, stdout=subprocess.DEVNULL)
    assert len(both(path).lines) > 400


@pytest.mark.parametrize("numbers", ("1", "5", "3, 90, 91"))
def test_a_tshark_crashes(mixed, fake, numbers):
    """Only its share is done again, and the rest is as if nothing had been."""
    fake.behave(fakes.CRASHES_AT % numbers)
    dead = [int(number) for number in numbers.split(",")]
    result = espcap.run("--file", mixed, "--split", "--jobs=3", "--tshark", fake.path, fakes.FREE, "--dissection=ek")
    whole = espcap.run("--file", mixed, "--jobs=1", "--tshark", fake.path, fakes.FREE, "--dissection=ek")
    assert result.code == 4 and result.counts["undissected"] == len(dead)
    numbers = [json.loads(line)["frame_number"] for line in result.lines]
    assert numbers == [number for number in range(1, result.counts["read"] + 1) if number not in dead]
    assert result.lines == whole.lines


@pytest.mark.parametrize("how", HOW[:2])
def test_a_tshark_is_killed(tmp_path, how):
    """Its share is done again by another, and no packet is lost or doubled."""
    tmp_path.chmod(0o755)
    capture = str(tmp_path / "capture.pcap")
    dice = conserve.random.Random(5)
    with open(capture, "wb") as target:
        target.write(frames.pcap([
            frames.ip(struct.pack("!HHHH", 4000, 9, 8 + len(payload), 0) + payload, 17, 1, 2 + number % 40)
            for number in range(12000) for payload in [conserve.make_payload(number, dice)]]))
    with open(tmp_path / "documents", "wb") as output, open(tmp_path / "errors", "wb") as errors:
        child = subprocess.Popen(espcap.command("--file", capture, "--split", "--jobs=3", "--verbose",
                                                "--dissection=" + how),
                                 stdout=output, stderr=errors, env=espcap.ENVIRONMENT)
        try:
            working = conserve.tsharks_at_work(child, 3)
            # It stays where it is, and the others go on as far as they can without it.
            espcap.stop(working[-1])
            time.sleep(1)
            os.kill(working[-1], signal.SIGKILL)
            code = child.wait(120)
        finally:
            child.kill()
            child.wait()
    result = espcap.Result(code, (tmp_path / "documents").read_bytes(), (tmp_path / "errors").read_bytes())
    assert code == 0 and not espcap.SANITIZER.search(result.errors), result.errors
    assert "killed by signal 9" in result.errors
    assert [document["frame_number"] for document in result.documents] == list(range(1, 12001))
    conserve.judge(result.documents, capture)


def test_an_interrupt_ends_it_at_one_packet(tmp_path):
    """What was read is still delivered: all packets up to some one."""
    tmp_path.chmod(0o755)
    capture = str(tmp_path / "capture.pcap")
    with open(capture, "wb") as target:
        target.write(frames.pcap([frames.ip(struct.pack("!HHHH", 4000, 9, 12, 0) + b"abcd", 17, 1, 2 + number % 40)
                                  for number in range(150000)]))
    with open(tmp_path / "documents", "wb") as output:
        child = subprocess.Popen(espcap.command("--file", capture, "--split", "--jobs=3"), stdout=output,
                                 stderr=subprocess.PIPE, env=espcap.ENVIRONMENT)
        end = time.monotonic() + 60
        while os.path.getsize(tmp_path / "documents") == 0 and child.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        errors = child.communicate(timeout=120)[1].decode()
    assert child.returncode == -signal.SIGINT, errors
    printed = int(re.search(r"printed=(\d+)", errors).group(1))
    assert 0 < printed < 150000
    with open(tmp_path / "documents", "rb") as lines:
        assert [json.loads(line)["frame_number"] for line in lines] == list(range(1, printed + 1))




@pytest.mark.parametrize("how", HOW)
def test_one_pair_has_nearly_all(folder, how):
    """The memory of espcap has a bound, and the others wait without harm."""
    path = os.path.join(folder, "uneven.pcap")
    big = frames.ip(struct.pack("!HHHH", 4000, 9, 8 + 1200, 0) + bytes(1200), 17, 1, 2)
    small = [frames.ip(struct.pack("!HHHH", 4000, 9, 12, 0) + b"abcd", 17, 3, 4 + number) for number in range(6)]
    with open(path, "wb") as target:
        target.write(frames.pcap(small[:3] + [big] * 1500 + small[3:] + [big] * 1500 + small))
    both(path, "--dissection=" + how, jobs=4)


def test_what_it_does_not_go_with():
    for option in ("--display-filter=http", "--watch=."):
        result = espcap.run("--split", *(["--file", DNS] if "watch" not in option else []), option)
        name = option.split("=", maxsplit=1)[0]
        assert result.code == 2
        wanted = "--split goes with --file or --dir only" if name == "--watch" else "--split and %s exclude each other: give one" % name
        assert wanted in result.errors


@conftest.needs_plain
def test_memory(tmp_path):
    """Four tsharks that are far apart: espcap holds what the fast ones printed, within bounds."""
    tmp_path.chmod(0o755)
    path = tmp_path / "capture.pcap"
    slow = frames.http_with_every_byte()
    quick = [frames.ip(struct.pack("!HHHH", 4000, 9, 12, 0) + b"abcd", 17, 3, 4 + number % 50) for number in range(60000)]
    path.write_bytes(frames.pcap([slow] * 3000 + quick))
    peak = 0
    with subprocess.Popen(espcap.command("--file", path, "--split", "--jobs=4", program=espcap.PLAIN),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=espcap.ENVIRONMENT) as child:
        while child.poll() is None:
            peak = max(peak, espcap.high_water(child.pid) or 0)
            time.sleep(0.02)
        errors = child.stderr.read().decode()
    assert child.returncode == 0 and "printed=63000" in errors
    assert 0 < peak < 64 * 1024


def ipv4(payload, protocol, source, destination):
    return frames.ip(payload, protocol, source, destination)[14:]


def ipv6(payload, following, source, destination):
    address = b"\xfd" + bytes(14)
    return (struct.pack("!IHBB", 6 << 28, len(payload), following, 64)
            + address + bytes([source]) + address + bytes([destination]) + payload)


ETHER = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
# What may stand between an IP header and the packet that it carries: the protocol in that header, and the bytes.
CARRIERS = {
    "IP in IP": (4, b""),
    "GRE": (47, b"\0\0\x08\0"),
    "GRE with a key": (47, b"\x20\0\x08\0\0\0\0\7"),
    "NVGRE": (47, b"\x20\0\x65\x58\0\0\7\0" + ETHER),
    "MPLS in GRE": (47, b"\0\0\x88\x47\0\1\1\x40"),
    "ERSPAN I": (47, b"\0\0\x88\xbe" + ETHER),
    "ERSPAN II": (47, b"\x10\0\x88\xbe\0\0\0\1\x10\x01\0\1\0\0\0\0" + ETHER),
    "ERSPAN III": (47, b"\x10\0\x22\xeb\0\0\0\1\x20\x01\0\1\0\0\0\0\0\0\0\0" + ETHER),
    "Ethernet in IP": (97, b"\x30\0" + ETHER),
    "MPLS in IP": (137, b"\0\1\1\x40"),
    "PIM Register": (103, b"\x21\0\xde\xff" + bytes(4)),
    "null bit in PIM Register": (103, b"\x21\0\x9e\xff\x40" + bytes(3)),
    "PIM Register, version 1": (2, b"\x14\1\xdb\xfe\x10" + bytes(3)),
    "AH": (51, b"\4\4" + bytes(2) + b"\0\0\1\0\0\0\0\1" + bytes(12)),
}
FORMS = {
    "IPv4": lambda protocol, header, inner, outer: ETHER + ipv4(header + inner, protocol, 100 + outer, 200),
    "IPv6": lambda protocol, header, inner, outer: (
        ETHER[:12] + b"\x86\xdd" + ipv6(header + inner, protocol, 100 + outer, 200)),
    "IPv6 with options": lambda protocol, header, inner, outer: (
        ETHER[:12] + b"\x86\xdd" + ipv6(bytes([60, 0, 1, 4, 0, 0, 0, 0, protocol, 0, 1, 4, 0, 0, 0, 0]) + header + inner,
                                      0, 100 + outer, 200)),
    "SNAP": lambda protocol, header, inner, outer: (
        ETHER[:12] + struct.pack("!H", 28 + len(header + inner)) + b"\xaa\xaa\3\0\0\0\x08\0"
        + ipv4(header + inner, protocol, 100 + outer, 200)),
}


def in_carriers(form, carriers):
    """Conversations of which each has packets between three pairs of outer addresses, and one without a tunnel."""
    packets = []
    for number in range(1, 9):
        there = ipv4(struct.pack("!HHHH", 4000 + number, 9, 13, 0) + b"hello", 17, number, 50)
        back = ipv4(struct.pack("!HHHH", 9, 4000 + number, 13, 0) + b"hello", 17, 50, number)
        packets.append(ETHER + there)
        for outer in range(3):
            packets += [FORMS[form](protocol, header, back if outer == 1 else there, outer)
                        for protocol, header in carriers]
    return packets


@pytest.mark.parametrize("form", FORMS)
def test_conversations_in_several_tunnels(form, folder):
    """tshark knows a conversation by its inner addresses: so does the choice of a shard."""
    # IGMP, of which version 1 of PIM is a part, is IPv4's.
    carriers = [carrier for carrier in CARRIERS.values() if carrier[0] != 2 or not form.startswith("IPv6")]
    path = os.path.join(folder, "carriers.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap(in_carriers(form, carriers)))
    result = both(path, jobs=5)
    assert result.code == 0
    found = [document["layers"]["transport"]["udp.stream"] for document in result.documents
             if "transport" in document["layers"]]
    # All packets are dissected down to the conversation, so that the comparison means something.
    assert len(found) == len(result.documents)
    assert sorted(set(found)) == [str(number) for number in range(8)]
