# SPDX-License-Identifier: BSD-2-Clause
"""--bpf over captures of several link types: each is asked by itself, and no packet is in no count."""

import os
import signal
import struct
import subprocess

import pytest

import espcap
import frames

RAW, USB_LINUX = 101, 189
IP_UDP = frames.udp(b"hello")
ARP = b"\xff" * 6 + b"\2\0\0\0\0\1\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + bytes(20)
BARE = IP_UDP[14:]
# A header of usbmon with nothing that it could hold.
USB = bytes(48)


def block(kind, body):
    length = 12 + len(body) + (-len(body) & 3)
    return struct.pack("<II", kind, length) + body + bytes(-len(body) & 3) + struct.pack("<I", length)


def section(linktypes, packets):
    """A section of a pcapng file; packets: (interface, bytes)."""
    content = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    content += b"".join(block(1, struct.pack("<HHI", linktype, 0, 0)) for linktype in linktypes)
    for number, (interface, data) in enumerate(packets):
        stamp = (frames.START + number) * 1_000_000
        content += block(6, struct.pack("<IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data)) + data)
    return content


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.fixture
def mixed(tmp_path):
    return put(tmp_path, "mixed.pcapng", section([frames.ETHERNET, RAW], [(0, ARP), (1, BARE), (0, ARP), (1, BARE)]))


@pytest.fixture
def usb(tmp_path):
    return put(tmp_path, "usb.pcap", frames.pcap([USB] * 3, linktype=USB_LINUX))


def numbers(result):
    return [document["frame_number"] for document in result.documents]


def check(result, code, expected, skipped):
    assert result.code == code, result.errors
    assert numbers(result) == expected
    assert (result.counts["read"], result.counts["skipped"]) == (len(expected), skipped), result.errors


def test_it_rejects_all_of_one_link_type(mixed):
    whole = espcap.run("--file", mixed)
    result = espcap.run("--file", mixed, "--bpf=arp")
    check(result, 0, [1, 3], 2)
    assert result.lines == [whole.lines[0], whole.lines[2]]
    assert result.messages.count("rejects all packets (link type 101, RAW)") == 1, result.errors
    check(espcap.run("--file", mixed, "--bpf=not arp"), 0, [2, 4], 2)
    check(espcap.run("--file", mixed, "--bpf=udp"), 0, [2, 4], 2)


@pytest.mark.parametrize("options", (["--split", "--jobs=2"], ["--count=2"], ["--quiet"]))
def test_the_same_with_other_options(options, mixed):
    result = espcap.run("--file", mixed, "--bpf=arp", *options)
    check(result, 0, [1, 3], 1 if options == ["--count=2"] else 2)
    assert result.messages.count("--bpf") == (options != ["--quiet"]), result.errors


def test_from_a_pipe(mixed):
    check(espcap.run("--file=-", "--bpf=arp", stdin=mixed.read_bytes()), 0, [1, 3], 2)


@pytest.mark.parametrize("linktype, data, expression", ((RAW, BARE, "arp"), (frames.ETHERNET, ARP, "ip and arp")))
def test_it_rejects_everything(linktype, data, expression, tmp_path):
    path = put(tmp_path, "one.pcap", frames.pcap([data] * 2, linktype=linktype))
    result = espcap.run("--file", path, "--bpf", expression)
    check(result, 0, [], 2)
    assert result.messages.count("rejects all packets (link type %d, " % linktype) == 1, result.errors


def test_a_link_type_without_the_primitive(tmp_path):
    """The packets of the others are there, and why those are not is said."""
    path = put(tmp_path, "usb.pcapng", section([USB_LINUX, frames.ETHERNET], [(0, USB), (1, IP_UDP), (0, USB), (1, ARP)]))
    result = espcap.run("--file", path, "--bpf=udp port 9")
    check(result, 0, [2], 3)
    assert result.messages.count("(link type 189, USB_LINUX)") == 1, result.errors


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=2"]))
def test_no_link_type_has_the_primitive(options, usb):
    result = espcap.run("--file", usb, "--bpf=udp", *options)
    check(result, 2, [], 3)
    assert "cannot be applied to any of its packets" in result.messages
    assert result.messages.count("(link type 189, USB_LINUX)") == 1, result.errors
    check(espcap.run("--file", usb, "--bpf=greater 10", *options), 0, [1, 2, 3], 0)


def test_once_for_each_link_type_of_many_interfaces_and_sections(tmp_path):
    many = section([RAW, frames.ETHERNET] * 70, [(number, BARE if number % 2 == 0 else ARP) for number in range(140)])
    path = put(tmp_path, "many.pcapng", many + many)
    result = espcap.run("--file", path, "--bpf=arp")
    check(result, 0, list(range(2, 281, 2)), 140)
    assert result.messages.count("--bpf") == 1, result.errors


def test_link_types_of_a_run_are_those_of_all_files(usb, tmp_path):
    """2 is of what the run has seen: one file of another link type is no mistake in the filter."""
    more = put(tmp_path, "more.pcap", usb.read_bytes())
    good = put(tmp_path, "good.pcap", frames.pcap([IP_UDP]))
    result = espcap.run("--file", usb, "--file", more, "--bpf=udp")
    check(result, 2, [], 6)
    assert result.messages.count("packets of this link type are skipped") == 1, result.errors
    result = espcap.run("--file", usb, "--file", good, "--file", more, "--bpf=udp")
    check(result, 0, [1], 6)
    for path in (usb, more):
        assert "%s: the --bpf filter cannot be applied" % path in result.messages


def test_2_counts_before_3(usb):
    """Both reasons are said."""
    usb.write_bytes(usb.read_bytes()[:-1])
    result = espcap.run("--file", usb, "--bpf=udp")
    check(result, 2, [], 2)
    assert "cannot be applied to any of its packets; cut short in packet 3" in result.messages


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=2"]))
def test_damage_counts_where_the_filter_is_excused(options, usb, tmp_path):
    usb.write_bytes(usb.read_bytes()[:-1])
    good = put(tmp_path, "good.pcap", frames.pcap([IP_UDP]))
    result = espcap.run("--file", usb, "--file", good, "--bpf=udp", *options)
    check(result, 3, [1], 2)
    assert "cannot be applied to any of its packets; cut short in packet 3" in result.messages


OPAQUE = b"+---------+---------------+----------+\n10:00:00,000,000   ETHER\n|0   |" + ARP.hex("|").encode() + b"|\n\n"


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=2"], ["--display-filter=http"]))
def test_a_format_that_only_tshark_reads(options, tmp_path):
    path = put(tmp_path, "opaque.txt", OPAQUE)
    assert espcap.run("--file", path).counts["printed"] == 1
    result = espcap.run("--file", path, "--bpf=arp", *options)
    check(result, 2, [], 0)
    assert "--bpf needs pcap or pcapng: only tshark can read this format" in result.messages
    assert "tshark failed" not in result.messages


@pytest.mark.parametrize("content", (b"# Not a capture\n" * 20, b'{"a": [1, 2, 3]}\n'))
def test_what_is_no_capture_is_no_matter_of_the_filter(content, tmp_path):
    path = put(tmp_path, "README.md", content)
    good = put(tmp_path, "good.pcap", frames.pcap([IP_UDP, ARP]))
    result = espcap.run("--file", path, "--file", good, "--bpf=arp")
    check(result, 3, [2], 1)
    result = espcap.run("--dir", tmp_path, "--bpf=arp")
    check(result, 0, [2], 1)
    assert "README.md: skipped: not a capture that tshark can read" in result.messages


def test_a_watched_file_that_no_packet_could_be_asked_of_stays(usb, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    process = subprocess.Popen(
        espcap.command("--watch", folder, "--bpf=udp", "--after=delete", "--watch-idle=1s", "--verbose"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**espcap.ENVIRONMENT, "XDG_STATE_HOME": str(tmp_path / "state")})
    errors = b""
    for line in process.stderr:
        errors += line
        if b": watching " in line:
            put(folder, "usb.pcap", usb.read_bytes())
            put(folder, "good.pcap", frames.pcap([IP_UDP, ARP]))
        if b"stays where it is" in line or b"good.pcap: deleted" in line:
            if errors.count(b"stays where it is") + errors.count(b"good.pcap: deleted") == 2:
                process.send_signal(signal.SIGTERM)
    output = process.stdout.read()
    process.stdout.close()
    process.stderr.close()
    assert not espcap.SANITIZER.search(errors.decode("utf-8", "replace")), errors
    assert (process.wait(timeout=60), output.count(b"\n")) == (0, 1), errors
    assert os.listdir(folder) == ["usb.pcap"]
