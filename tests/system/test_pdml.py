# SPDX-License-Identifier: BSD-2-Clause
"""--dissection=pdml: what PDML prints unlike -T ek is undone, and a tshark that prints it badly is noticed. Whether its documents are those of the other ways: test_dissection.py."""

import base64
import os
import random
import subprocess
import time

import pytest

import compare
import conftest
import espcap
import fakes
import frames
import pdml
import sections
import test_dissection
import test_normalisations

PACKETS = 30
HOW = "--dissection=pdml"


@pytest.fixture
def good(folder):
    """A capture of packets that do not depend on each other."""
    path = os.path.join(folder, "good.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"packet %d " % number + b"x" * number)
                                  for number in range(1, PACKETS + 1)]))
    return path


def made(folder, *packets):
    path = os.path.join(folder, "made.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap(list(packets)))
    return path


# --- What PDML prints unlike -T ek --------------------------------------------

STAND_INS = {case[0]: case[1] for case in test_normalisations.CASES}


@pytest.fixture(scope="module")
def lossy(tmp_path_factory):
    """Documents made of PDML, and what the oracle reads in the PDML of the same packets: pairs of a text and documents."""
    folder = tmp_path_factory.mktemp("lossy")
    os.chmod(folder, 0o755)
    captures = [made(str(folder), frames.http_with_every_byte(), frames.http_with_controls(),
                     frames.ntp_without_time(), frames.udp(b"\0\1\2", 9, 40000))]
    # Segments put together, and expert infos.
    captures += [name for name in conftest.CAPTURES if os.path.basename(name) in ("http.pcap", "retransmission.pcap")]
    pairs = []
    for capture in captures:
        result = espcap.run("--file", capture, HOW)
        assert result.code == 0, result.errors
        text = sections.tshark.read(capture, (), "-T", "pdml")
        pairs.append((text, result.documents))
    return pairs


def lossy_differences(pairs):
    found = []
    for text, documents in pairs:
        try:
            packets = [sections.Packet(nodes) for nodes in pdml.parse(text)]
        except (pdml.PdmlError, ValueError, sections.pdml.xml.parsers.expat.ExpatError) as error:
            return [repr(error)]
        for packet, document in zip(packets, documents):
            try:
                found += compare.layers_differences(packet, document["layers"])
            except pdml.PdmlError as error:
                found.append(repr(error))
    return found


def test_nothing_is_lost(lossy):
    assert lossy_differences(lossy) == []


# PDML has the exact names: nothing is to be done about homonyms. Bytes that are no UTF-8 a real tshark prints too
# seldom: test_bytes_that_are_not_utf8.
@pytest.mark.parametrize("function", [item for item in pdml.NORMALISATIONS
                                      if item not in (pdml.homonym, pdml.mend_encoding)],
                         ids=lambda function: function.__name__)
def test_each_difference_occurs_and_is_undone(function, lossy, monkeypatch):
    """Without this normalisation in the oracle the documents differ from what tshark printed: the reader has it, too."""
    monkeypatch.setattr(pdml, function.__name__, STAND_INS[function])
    assert lossy_differences(lossy) != []


@pytest.mark.parametrize("make", (frames.http_with_every_byte, frames.http_with_controls, frames.ntp_without_time),
                         ids=lambda make: make.__name__)
def test_odd_values_are_the_same_in_all_ways(make, folder):
    test_dissection.in_all_ways("--file", made(folder, make()))


TEXTS = (b"\x07f", b"\x0bc", b"\\x07f", b"\\x0b", b"\\x7f", b"\x01\x02\x03a", b"\x7f1", b"\x1b[31m", b"\x1f\x00", b"a\tb\x0c", b"\\a\x07",
         b"\x07\\x7f\x07f\x0bc\\x0bc", b"\xc3\xa9\x07\x0b", b"\x0b\t")
ALPHABET = (b"\x07", b"\x0b", b"\\", b"x", b"7", b"f", b"c", b"a", b"\x1b", b"\x7f", b"\xc3\xa9", b"\t", b"\0", b"\\x", b"\\x7f",
            b"\x01", b"v", b"0")


def in_protocols(number, text):
    """Packets that hold the text, which Wireshark reads, formats and puts together in different ways."""
    return [
        frames.tcp(b"GET /" + text + b" HTTP/1.1\r\nHost: h" + text + b"\r\nCookie: a=" + text + b"\r\n\r\n", source=5000 + number),
        frames.udp(b"<13>Oct 11 22:14:15 m su: " + text + b" end", source=600 + number, destination=514),
        frames.dns_query(name=text, number=number),
        frames.tcp(b"USER " + text + b"\r\n", source=7000 + number, destination=21),
        frames.tcp(b"MAIL FROM:<" + text + b">\r\n", source=8000 + number, destination=25),
        frames.udp(b"M-SEARCH * HTTP/1.1\r\nHOST: " + text + b'\r\nMAN: "' + text + b'"\r\n\r\n', 9000 + number, 1900),
        frames.udp(b"INVITE sip:" + text + b"@h SIP/2.0\r\nVia: SIP/2.0/UDP " + text + b"\r\nFrom: <sip:" + text
                   + b"@h>\r\nCall-ID: " + text + b"\r\nCSeq: 1 INVITE\r\n\r\n", 5060, 5060),
        frames.udp(b"\0\1" + text.replace(b"\0", b"") + b"\0octet\0", 3000 + number, 69),
    ]


def test_ambiguous_texts_are_the_same_in_all_ways(folder):
    """PDML shows BEL and f as it shows DEL, and both as it shows four characters of the packet."""
    chosen = random.Random(13)
    texts = [*TEXTS, *(b"".join(chosen.choices(ALPHABET, k=chosen.randrange(1, 9))) for _ in range(25))]
    packets = [packet for number, text in enumerate(texts) for packet in in_protocols(number, text)]
    results = test_dissection.in_all_ways("--file", made(folder, *packets), "--verbose")
    hosts = [document["layers"]["application"]["http.request.full_uri"] for document in results["pdml"].documents[::8]]
    assert hosts[:3] == ["http://h\x07f/\x07f", "http://h\x0bc/\x0bc", "http://h\\x07f/\\x07f"]
    assert "unknown" not in results["pdml"].errors


def test_texts_that_nothing_explains_are_counted(folder):
    """What is decoded (here base64) has bytes that tell nothing."""
    request = b"GET / HTTP/1.1\r\nAuthorization: Basic " + base64.b64encode(b"u\x07f:p") + b"\r\n\r\n"
    result = espcap.run("--file", made(folder, frames.tcp(request)), HOW, "--verbose")
    assert "1 texts are as PDML shows them, which may hide control characters" in result.errors
    assert "unknown" not in espcap.run("--file", made(folder, frames.tcp(request)), HOW).errors


# --- A tshark that prints PDML badly ------------------------------------------

# packets(): what stands in front, the packets, what stands behind.
PACKETWISE = r"""
def packets():
    front, *rest = re.split(rb"(?=<packet>\n)", b"".join(real()))
    if not rest:
        return front, [], b""
    *most, last = rest
    end = last.index(b"</pdml>")
    return front, [*most, last[:end]], last[end:]
def is_packet(text, *numbers):
    shown = lambda name: int(re.search(b'name="frame.' + name + b'" .*show="(\\d+)"', text).group(1))
    # espcap leaves a packet out by giving it no bytes.
    return shown(b"number") in numbers and shown(b"cap_len") > 0
front, most, end = packets()
out.write(front)
"""

CRASHES_AT = PACKETWISE + """
for packet in most:
    if is_packet(packet, %s):
        out.flush() if "-l" in words else None
        die(signal.SIGSEGV)
    out.write(packet)
say(end)
"""

ENDS_INSIDE = PACKETWISE + """
for packet in most:
    if is_packet(packet, %d):
        say(packet[:int(len(packet) * %f)])
        %s
    say(packet)
say(end)
"""

EACH_PACKET = PACKETWISE + """
for packet in most:
    say(%s)
say(end)
"""


def run(fake, capture, *options):
    return espcap.run("--file", capture, "--tshark", fake.path, fakes.FREE, HOW, *options)


def numbers(result):
    return [document["frame_number"] for document in result.documents]


@pytest.fixture
def expected(good):
    result = espcap.run("--file", good, HOW)
    assert result.code == 0, result.errors
    return {document["frame_number"]: document for document in result.documents}


def assert_all_but(result, expected, *missing):
    assert numbers(result) == [number for number in range(1, PACKETS + 1) if number not in missing]
    assert all(document == expected[document["frame_number"]] for document in result.documents)
    assert result.counts["read"] == PACKETS
    assert result.counts["undissected"] == len(missing)
    assert result.code == (4 if missing else 0), result.errors


@pytest.mark.parametrize("dead", ((1,), (17,), (PACKETS,), (3, 4, 20)), ids=str)
def test_tshark_crashes(dead, good, fake, expected):
    fake.behave(CRASHES_AT % ", ".join(map(str, dead)))
    assert_all_but(run(fake, good), expected, *dead)


def test_tshark_crashes_with_a_display_filter(good, fake):
    fake.behave(CRASHES_AT % "5, 6")
    result = run(fake, good, "--display-filter=frame.number > 3 && frame.number < 9")
    assert result.code == 4, result.errors
    assert numbers(result) == [4, 7, 8]
    assert (result.counts["undissected"], result.counts["filtered"]) == (2, PACKETS - 5)


@pytest.mark.parametrize("number", (1, 9, PACKETS))
@pytest.mark.parametrize("part", (0.0005, 0.02, 0.5, 0.99))
def test_output_ends_inside_of_a_packet(number, part, good, fake, expected):
    """As if all were well: with status 0."""
    fake.behave(ENDS_INSIDE % (number, part, "sys.exit(0)"))
    assert_all_but(run(fake, good), expected, number)


def test_output_ends_inside_of_a_packet_that_a_filter_wants(good, fake):
    """Nothing is missed in the count of documents; only the end of the output tells."""
    fake.behave(ENDS_INSIDE % (9, 0.5, "sys.exit(0)"))
    result = run(fake, good, "--display-filter=frame.number < 20")
    assert result.code == 4, result.errors
    assert numbers(result) == [number for number in range(1, 20) if number != 9]
    assert result.counts["undissected"] == 1


def test_tshark_is_killed_once(good, fake, expected):
    fake.behave(ENDS_INSIDE % (11, 0.5, "die(signal.SIGKILL) if flag('killed') else say(packet[len(packet) // 2:])\n"
                                        "        continue"))
    result = run(fake, good, fakes.FREE)
    assert fake.flag("killed") is not None
    assert_all_but(result, expected)


def test_rubbish_between(good, fake, expected):
    fake.behave(EACH_PACKET % 'b"** (tshark:1) WARNING **: <b> no PDML & more\\n{}\\n\\xff\\xfe\\n" + packet')
    result = run(fake, good)
    assert_all_but(result, expected)
    assert result.messages.count("tshark printed") == 1


def test_only_rubbish(good, fake):
    for text in ('os.urandom(1 << 20)', 'b"<field name=" * 100000', "b'{\"index\":{}}\\n{\"layers\":{}}\\n' * 100"):
        fake.behave("sys.stdin.buffer.read()\nsay(%s)\n" % text)
        result = run(fake, good)
        assert (result.code, result.output) == (4, b""), result.errors
        assert result.counts["undissected"] == PACKETS
        assert len(result.errors) < 20_000


def test_a_packet_that_is_not_well_formed(good, fake, expected):
    fake.behave(EACH_PACKET % 'packet.replace(b"  </proto>\\n", b"", 1) if is_packet(packet, 5, 20) else packet')
    result = run(fake, good)
    assert_all_but(result, expected, 5, 20)
    assert "not well-formed" in result.errors


HOSTILE = {
    "entities": """b'<!DOCTYPE pdml [\\n<!ENTITY a "lol">\\n' + b''.join(
        b'<!ENTITY b%d "%s">\\n' % (n, (b"&b%d;" % (n - 1) if n else b"&a;") * 50) for n in range(12)) + b']>\\n'""",
    "a file": """b'<!DOCTYPE pdml [ <!ENTITY b11 SYSTEM "file:///etc/passwd"> ]>\\n'""",
    "a DTD": """b'<!DOCTYPE pdml SYSTEM "http://127.0.0.1:9/a.dtd">\\n'""",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pdml(kind, good, fake, expected):
    """Entities are never declared: a packet that uses one is no good, all others are."""
    fake.behave(PACKETWISE.replace("out.write(front)", "out.write(front.replace(b'<pdml', %s + b'<pdml'))"
                                   % HOSTILE[kind]) + """
for packet in most:
    say(packet.replace(b'show="1"', b'show="&b11;"', 1) if is_packet(packet, 7) else packet)
say(end)
""")
    begin = time.monotonic()
    result = run(fake, good)
    assert_all_but(result, expected, 7)
    assert "tshark printed a declaration" in result.errors and "root:" not in result.errors
    assert time.monotonic() - begin < 60


def test_bytes_that_are_not_utf8(good, fake):
    fake.behave(EACH_PACKET % r"""re.sub(b'(name="frame.marked" .*show=")[^"]*', b'\\1a\xff\xc3(b', packet)""")
    result = run(fake, good)
    assert result.code == 0, result.errors
    assert [document["layers"]["frame"]["frame.marked"] for document in result.documents] == ["a\ufffd\ufffd(b"] * PACKETS
    assert "UTF-8" in result.messages


def test_nested_three_hundred_deep(good, fake):
    fake.behave(EACH_PACKET % """packet.replace(b"<packet>\\n", b"<packet>\\n" + b'<proto name="http">' * 300
        + b'<field name="http.host" show="bottom"/>' + b"</proto>" * 300)""")
    result = run(fake, good)
    assert result.code == 0, result.errors
    assert len(result.documents) == PACKETS      # .documents refuses what is nested too deep
    assert all(b'"bottom' in line for line in result.lines)


# So many megabytes in the first packet, in an attribute.
HUGE = PACKETWISE + """
piece = b"0123456789abcdef" * 65536
for packet in most:
    if not is_packet(packet, 1):
        say(packet)
        continue
    head, tail = packet.split(b'  <proto name="frame"', 1)
    head2, tail = tail.split(b"\\n", 1)
    out.write(head + b'  <proto name="frame"' + head2 + b'\\n<field name="frame.comment" %s="')
    for _ in range(%d):
        out.write(piece)
    say(b'"/>' + tail)
say(end)
"""


@conftest.needs_plain
@pytest.mark.parametrize("attribute", ("show", "showname", 'show="a\\\\x1fb" value'))
def test_memory_of_a_huge_value(attribute, good, fake):
    """A value of 110 MB is kept up to --max-doc; what nobody reads is not kept at all."""
    fake.behave(HUGE % (attribute, 110))
    peak = 0
    with subprocess.Popen([espcap.PLAIN, "--file", good, "--tshark", fake.path, fakes.FREE, HOW], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=espcap.ENVIRONMENT) as child:
        lines = 0
        while True:
            data = child.stdout.read1(1 << 20)
            if not data:
                break
            lines += data.count(b"\n")
            peak = max(peak, espcap.high_water(child.pid))
        errors = child.stderr.read().decode()
    assert child.returncode == 0, errors
    assert lines == PACKETS
    assert 0 < peak < (64 + (0 if attribute == "showname" else 6 * 16)) << 10, peak


def test_huge_value_is_cut_to_max_doc(good, fake):
    fake.behave(HUGE % ("show", 3))
    result = run(fake, good, "--max-doc=100k")
    assert result.code == 0, result.errors
    assert 90_000 < len(result.lines[0]) <= 100 << 10
    assert result.documents[0]["espcap"]["truncated"] == ["frame.comment"]


def test_rules_are_refused_as_ever(good):
    result = espcap.run("--file", good, "--display-filter=no.such == ", HOW)
    assert result.code == 2, result.errors
    assert "tshark refuses --display-filter" in result.errors
