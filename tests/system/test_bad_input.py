# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: a clear line on stderr that names it, the right exit status, everything readable printed, the other files go on."""

import gzip
import json
import os
import pwd
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import time
import unicodedata

import pytest

import conftest
import espcap
import fakes
import frames
import tshark

PACKETS = 30
RECORD = struct.Struct("<IIII")


@pytest.fixture
def folder():
    """An empty folder that every user may read."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def put(folder, name, content):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    with open(path, "wb") as target:
        target.write(content)
    return os.fsdecode(path)


def plain_packets(count=PACKETS):
    """Packets that do not depend on each other, so that each has the same document whatever becomes of the others."""
    return [frames.plain(b"packet %d " % number + b"x" * number) for number in range(1, count + 1)]


@pytest.fixture
def good(folder):
    return put(folder, "good.pcap", frames.pcap(plain_packets()))


@pytest.fixture(scope="session")
def good_lines():
    """What the good capture becomes, whatever its name."""
    with tempfile.TemporaryDirectory() as folder:
        path = put(folder, "good.pcap", frames.pcap(plain_packets()))
        result = espcap.run("--file", path)
    assert result.code == 0, result.errors
    return [anonymous(document) for document in result.documents]


def anonymous(document):
    """Without what tells one file from another."""
    kept = {name: value for name, value in document.items() if name not in ("file", "file_name", "file_date_utc")}
    # A pipe has no places.
    kept["espcap"] = {name: value for name, value in document["espcap"].items() if name not in ("offset", "section", "context")}
    return kept


def assert_names(result, name):
    """Exactly the file is named, in lines that begin as messages do."""
    lines = [line for line in result.messages.split("\n") if line]
    assert any(name in line for line in lines), result.errors
    assert all(line.startswith("espcap: ") for line in lines), result.errors


def assert_documents(result, good_lines, numbers):
    assert [anonymous(document) for document in result.documents] == [good_lines[number - 1] for number in numbers]


def damage(result, code, name, good_lines, numbers):
    assert result.code == code, result.errors
    assert_names(result, name)
    assert_documents(result, good_lines, numbers)


# Files that cannot be read, or not to their end.

HEADER = 24
FIRST = HEADER + 16 + len(plain_packets()[0])
CONTENT = frames.pcap(plain_packets())
NG_MAGIC = b"\x0a\x0d\x0d\x0a"


def corrupt_length(length):
    """The third record claims this length."""
    offset = HEADER + sum(16 + len(data) for data in plain_packets()[:2])
    second, fraction, _, wire = RECORD.unpack_from(CONTENT, offset)
    return CONTENT[:offset] + RECORD.pack(second, fraction, length, wire) + CONTENT[offset + 16:]


BROKEN = {
    "empty": (b"", []),
    "no capture": (b"#!/bin/sh\necho this is no capture at all, but long enough to look at\n", []),
    "random bytes": (bytes(range(256)) * 8, []),
    "cut in the magic": (CONTENT[:3], []),
    "cut in the header": (CONTENT[:10], []),
    "cut behind most of the header": (CONTENT[:23], []),
    "cut in a record header": (CONTENT[:FIRST + 7], [1]),
    "cut in a record": (CONTENT[:-5], range(1, PACKETS)),
    "cut in the first record": (CONTENT[:HEADER + 20], []),
    "length of 4 GB": (corrupt_length(0xFFFFFFFF), [1, 2]),
    "length of 1 GB": (corrupt_length(1 << 30), [1, 2]),
    "length beyond the end": (corrupt_length(300_000), [1, 2]),
    "pcapng cut in its header": (NG_MAGIC + b"\x1c\0\0\0\x4d\x3c", []),
    "pcapng of a wrong length": (NG_MAGIC + struct.pack("<IIHHqI", 29, 0x1A2B3C4D, 1, 0, -1, 29), []),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_damaged_file(kind, folder, good, good_lines):
    content, numbers = BROKEN[kind]
    bad = put(folder, "bad file", content)
    damage(espcap.run("--file", bad), 3, bad, good_lines, numbers)
    both = espcap.run("--file", bad, "--file", good)
    damage(both, 3, bad, good_lines, [*numbers, *range(1, PACKETS + 1)])
    assert both.counts["read"] == both.counts["printed"]


@pytest.mark.parametrize("kind", BROKEN)
def test_damaged_standard_input(kind, good_lines):
    content, numbers = BROKEN[kind]
    result = espcap.run("--file", "-", stdin=content)
    assert result.code == 3, result.errors
    assert_documents(result, good_lines, numbers)


def test_header_only(folder):
    result = espcap.run("--file", put(folder, "header.pcap", CONTENT[:HEADER]))
    assert (result.code, result.output) == (0, b""), result.errors
    assert result.counts["read"] == 0


@pytest.mark.parametrize("cut", (5, 20, 100))
def test_gzip_cut_short(cut, folder, good_lines):
    packed = gzip.compress(CONTENT)
    bad = put(folder, "cut.pcap.gz", packed[:-cut])
    result = espcap.run("--file", bad)
    assert result.code == 3, result.errors
    assert_names(result, bad)
    assert_documents(result, good_lines, range(1, len(result.documents) + 1))
    if cut < 8:
        # Only the check sum and the length (RFC 1952, section 2.3.1) are cut: all packets are there.
        assert len(result.documents) == PACKETS


def test_gzip_of_rubbish(folder, good, good_lines):
    bad = put(folder, "bad.gz", gzip.compress(b"no capture " * 100))
    damage(espcap.run("--file", bad, "--file", good), 3, bad, good_lines, range(1, PACKETS + 1))


def test_unknown_link_type(folder):
    bad = put(folder, "link.pcap", frames.pcap(plain_packets(3), linktype=64000))
    result = espcap.run("--file", bad)
    assert result.code == 3, result.errors
    assert_names(result, bad)
    assert result.counts["read"] == 3
    assert result.counts["undissected"] == 3


@pytest.mark.parametrize("options", ([], ["--split", "--jobs=2"], ["--dissection=ek"]))
def test_unknown_link_type_and_cut_short(options, folder):
    """Both reasons are said, once each."""
    bad = put(folder, "link.pcap", frames.pcap(plain_packets(3), linktype=64000)[:-1])
    result = espcap.run("--file", bad, *options)
    assert result.code == 3, result.errors
    assert_names(result, bad)
    assert result.messages.count("cut short in packet 3, at byte") == 1, result.errors
    assert result.messages.count("network type 64000 unknown") == 1, result.errors
    assert (result.counts["read"], result.counts["undissected"]) == (2, 2)


def test_missing_file(folder, good, good_lines):
    missing = os.path.join(folder, "missing.pcap")
    damage(espcap.run("--file", missing, "--file", good), 3, missing, good_lines, range(1, PACKETS + 1))


@pytest.mark.parametrize("words", [["--file"], ["--dir"], ["--watch"], []], ids=["file", "dir", "watch", "no option"])
def test_missing_input(folder, words):
    """The same words, final line and exit status for each."""
    missing, summary = os.path.join(folder, "missing"), os.path.join(folder, "summary.json")
    result = espcap.run(*words, missing, "--summary-json", summary)
    assert (result.code, result.output) == (3, b"")
    assert result.messages == "espcap: %s: No such file or directory\n" % missing
    assert set(result.counts.values()) == {0}
    with open(summary, encoding="utf-8") as file:
        assert json.load(file) == {**result.counts, "exit": 3}
    os.unlink(summary)


def test_missing_among_captures(folder, good, good_lines):
    missing = os.path.join(folder, "missing.pcap")
    damage(espcap.run(missing, good), 3, missing, good_lines, range(1, PACKETS + 1))


def test_directory_for_a_file(folder, good, good_lines):
    damage(espcap.run("--file", folder, "--file", good), 3, folder, good_lines, range(1, PACKETS + 1))


def test_file_for_a_directory(good):
    result = espcap.run("--dir", good)
    assert (result.code, result.output) == (3, b"")
    assert_names(result, good)


def test_device_for_a_file(good, good_lines):
    damage(espcap.run("--file", "/dev/zero", "--file", good), 3, "/dev/zero", good_lines, range(1, PACKETS + 1))


def test_no_permission(folder, good, good_lines, unprivileged):
    secret = put(folder, "secret.pcap", CONTENT)
    os.chmod(secret, 0)
    result = espcap.run("--file", secret, "--file", good, prefix=unprivileged,
                        environment={"XDG_CACHE_HOME": os.path.join(folder, "none")})
    damage(result, 3, secret, good_lines, range(1, PACKETS + 1))
    assert "ermission" in result.messages


def test_no_permission_for_the_directory(folder, unprivileged):
    closed = os.path.join(folder, "closed")
    os.mkdir(closed, 0o700)
    os.chmod(closed, 0)
    result = espcap.run("--dir", closed, prefix=unprivileged)
    assert (result.code, result.output) == (3, b""), result.errors
    assert_names(result, closed)


@conftest.needs_root
def test_root_reads_what_only_root_may(folder, good_lines):
    """The file is opened before root is given up, and tshark needs no right to it."""
    inner = os.path.join(folder, "inner")
    os.mkdir(inner, 0o700)
    for name in ("a.pcap", "b.pcap"):
        os.chmod(put(inner, name, CONTENT), 0o600)
    result = espcap.run("--dir", inner)
    assert result.code == 0, result.errors
    assert_documents(result, good_lines, [*range(1, PACKETS + 1)] * 2)


# Directories.

# Where each link leads, and whether that is in the folder or below.
LINKS = {"relative.pcap": ("deep/real.pcap", True), "absolute.pcap": ("%s/deep/real.pcap", True), "chain.pcap": ("relative.pcap", True),
         "around.pcap": ("deep/../../inner/deep/real.pcap", True), "out.pcap": ("../outside/secret.pcap", False),
         "far.pcap": ("%s/../outside/secret.pcap", False), "chained.pcap": ("out.pcap", False), "through.pcap": ("door/secret.pcap", False),
         "door": ("../outside", False)}


@pytest.fixture
def linked(folder):
    """A folder with a capture, a folder beside it with another, and links to both."""
    inner, outside = os.path.join(folder, "inner"), os.path.join(folder, "outside")
    for name in (inner, os.path.join(inner, "deep"), outside):
        os.mkdir(name, 0o755)
    put(os.path.join(inner, "deep"), "real.pcap", CONTENT)
    put(outside, "secret.pcap", CONTENT)
    for name, (target, _) in LINKS.items():
        os.symlink(target.replace("%s", inner), os.path.join(inner, name))
    return inner


def read_from(result):
    return sorted({os.path.basename(document["file"]["path"]) for document in result.documents})


@pytest.mark.skipif(os.geteuid() != 0, reason="others follow all links")
@pytest.mark.parametrize("recursive", [[], ["--recursive"]], ids=["flat", "recursive"])
def test_links_out_of_a_folder(recursive, linked):
    result = espcap.run("--dir", linked, *recursive)
    assert result.code == 0, result.errors
    inside = [name for name, (_, inner) in LINKS.items() if inner]
    assert read_from(result) == sorted(inside + ["real.pcap"] * len(recursive))
    for name, (_, inner) in LINKS.items():
        said = "%s: skipped: the link leaves the directory, and root follows links only within it\n" % os.path.join(linked, name)
        assert (said in result.errors) == (not inner), result.errors


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_links_of_another_user(linked):
    """Who is not root reads what links lead to, if he may."""
    result = espcap.run("--dir", linked, user=65534, group=65534, extra_groups=[], cwd="/",
                        environment={"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"})
    assert result.code == 0, result.errors
    assert read_from(result) == sorted(name for name in LINKS if name != "door")


@pytest.mark.skipif(os.geteuid() != 0, reason="others follow all links")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_link_in_the_place_of_a_file(what, linked, fake):
    """It was a file when the folder was listed."""
    put(linked, "a.pcap", frames.pcap(big_packets(2000)))
    os.mkdir(os.path.join(linked, "z"), 0o755)
    last = put(os.path.join(linked, "z"), "secret.pcap", CONTENT)
    fake.behave(fakes.WAITS_FOR_GO)
    with start("--dir", linked, "--recursive", "--jobs", "1", "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("ready") is not None)
        if what == "file":
            os.unlink(last)
            os.symlink("../../outside/secret.pcap", last)
        else:
            os.rename(os.path.dirname(last), os.path.join(linked, "moved"))
            os.symlink("../outside", os.path.dirname(last))
        fake.raise_flag("go")
        result = finish(child)
    assert result.code == 3, result.errors
    assert "%s: leads out of the directory\n" % last in result.errors
    assert "secret.pcap" not in read_from(result) and "relative.pcap" in read_from(result)


@pytest.mark.usefixtures("good")
def test_what_is_no_capture_is_skipped(folder, good_lines):
    put(folder, "readme", b"no capture\n" * 10)
    put(folder, "empty", b"")
    os.mkfifo(os.path.join(folder, "fifo"))
    os.mkdir(os.path.join(folder, "deeper"))
    names = ["readme", "empty", "fifo", "deeper"]
    if os.geteuid() == 0:
        os.mknod(os.path.join(folder, "device"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        names.append("device")
    result = espcap.run("--dir", folder, timeout=30)
    assert result.code == 0, result.errors
    for name in names:
        assert_names(result, os.path.join(folder, name))
    assert_documents(result, good_lines, range(1, PACKETS + 1))


@pytest.mark.usefixtures("good")
def test_a_damaged_capture_of_a_directory_is_an_error(folder, good_lines):
    bad = put(folder, "bad.pcap", CONTENT[:-5])
    damage(espcap.run("--dir", folder), 3, bad, good_lines, [*range(1, PACKETS), *range(1, PACKETS + 1)])


def test_directory_without_captures(folder):
    result = espcap.run("--dir", folder)
    assert (result.code, result.output) == (0, b""), result.errors
    assert result.counts["read"] == 0


NAMES = ("with space.pcap", "new\nline.pcap", "quote\".pcap", "apostrophe'.pcap", "-leading.pcap", "--file=x.pcap",
         "back\\slash.pcap", "tab\there.pcap", "escape\x1b[31m.pcap", "ünïcödé.pcap", "$(id).pcap", "%s%n.pcap",
         b"not-utf8-\xff\xfe.pcap", "gnp\u202e.pcap", "iso\u2066late\u2069.pcap", "no\u200bspace\ufeff.pcap", "soft\u00adhyphen\u061c.pcap",
         "line\u2028and\u2029paragraph\u0085.pcap", "tag\U000e0041\ufff9.pcap")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_strange_names(name, folder, good_lines):
    put(folder, name, CONTENT)
    shown = os.fsencode(name).decode("utf-8", "replace")
    alone = espcap.run(b"--file=" + os.fsencode(name), cwd=folder)
    assert alone.code == 0, alone.errors
    assert_documents(alone, good_lines, range(1, PACKETS + 1))
    assert {document["file_name"] for document in alone.documents} == {shown}
    assert {document["file"]["path"] for document in alone.documents} == {os.path.join(folder, shown)}
    listed = espcap.run("--dir", folder)
    assert listed.code == 0, listed.errors
    assert {document["file_name"] for document in listed.documents} == {os.path.join(folder, shown)}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_strange_names_in_messages(name, folder):
    """One line a message, and nothing in it that a terminal would obey."""
    put(folder, name, CONTENT[:-5])
    result = espcap.run("--dir", folder)
    assert result.code == 3
    lines = result.errors.rstrip("\n").split("\n")
    assert len(lines) == 2, result.errors
    assert all(line.startswith("espcap: ") for line in lines)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp") for line in lines for char in line), result.errors


def test_every_character_in_messages(folder):
    """Those that change how others are shown become \\xNN; what is seen, or combines with what is seen, stays."""
    # Seen by nobody, although they are letters and marks: Default_Ignorable_Code_Point of Unicode.
    fillers = {0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x3164, 0xffa0,
               *range(0xfe00, 0xfe10), *range(0xe0100, 0xe01f0)}
    kinds = {code: unicodedata.category(chr(code)) for code in range(1, 0x110000)}
    hidden = [code for code, kind in kinds.items() if kind in ("Cc", "Cf", "Zl", "Zp") or code in fillers]
    seen = [code for code, kind in kinds.items() if kind[0] in "LMNPSZ" and code not in hidden and chr(code) not in "/\\"]
    assert len(hidden) > 400 and len(seen) > 100_000
    words = ["".join(map(chr, codes[at:at + 50])) for codes in (hidden, seen) for at in range(0, len(codes), 50)]
    lines = []
    for at in range(0, len(words), 500):
        some = words[at:at + 500]
        result = espcap.run(*("--file=" + os.path.join(folder, word) for word in some), "--jobs=1")
        assert result.code == 3
        found = result.errors.split("\n")[:-2]
        assert len(found) == len(some)
        lines += found
    for word, line in zip(words, lines):
        shown = "".join("".join("\\x%02x" % byte for byte in char.encode()) if ord(char) in hidden else char for char in word)
        assert line == "espcap: %s: No such file or directory" % os.path.join(folder, shown)


def test_what_a_tshark_says_of_itself(folder):
    """It is shown by --version, on a terminal."""
    path = put(folder, "tshark\u202e", b"#!/bin/sh\nprintf 'TShark (Wireshark) 4.0.17 \\033[31m\\342\\200\\256x\\n'\n")
    os.chmod(path, 0o755)
    result = espcap.run("--version", "--tshark", path)
    assert result.code == 0 and not result.errors, result.errors
    shown = os.path.join(folder, "tshark\\xe2\\x80\\xae")
    assert "%s: TShark (Wireshark) 4.0.17 \\x1b[31m\\xe2\\x80\\xaex" % shown in result.output.decode().splitlines()


def test_file_that_grows_while_it_is_read(folder, fake):
    big = put(folder, "growing.pcap", frames.pcap(big_packets(2000)))
    fake.behave(fakes.WAITS_FOR_GO)
    with start("--file", big, "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("ready") is not None)
        with open(big, "ab") as target:
            target.write(frames.pcap_record(plain_packets()[0]))
        fake.raise_flag("go")
        result = finish(child)
    assert result.code == 0, result.errors
    assert len(result.lines) in (2000, 2001)


def test_file_that_vanishes_while_it_is_read(folder, fake):
    big = put(folder, "vanishing.pcap", frames.pcap(big_packets(400)))
    later = put(folder, "worse.pcap", CONTENT)
    fake.behave(fakes.WAITS_FOR_GO)
    with start("--dir", folder, "--jobs", "1", "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("ready") is not None)
        os.unlink(big)
        os.unlink(later)
        fake.raise_flag("go")
        result = finish(child)
    assert result.code == 3, result.errors
    assert_names(result, later)
    assert len(result.documents) == 400


def test_file_that_shrinks_while_it_is_read(folder, fake):
    big = put(folder, "shrinking.pcap", frames.pcap(big_packets(2000)))
    fake.behave(fakes.WAITS_FOR_GO)
    with start("--file", big, "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("ready") is not None)
        os.truncate(big, 1000)
        fake.raise_flag("go")
        result = finish(child)
    assert result.code in (0, 3), result.errors
    assert result.counts["read"] == len(result.documents) < 2000


def big_packets(count):
    return [frames.udp(bytes(1400)) for _ in range(count)]


def test_an_empty_file_costs_no_tshark(folder, fake):
    """Starting one takes a quarter of a second: a directory may hold thousands of files that are nothing."""
    fake.behave(fakes.LEAVES_TRACE)
    for number in range(3):
        put(folder, "empty%d" % number, b"")
    result = espcap.run("--dir", folder, "--tshark", fake.path, fakes.FREE)
    assert result.code == 0, result.errors
    assert fake.flag("started") is None


def test_ten_thousand_files(folder, fake):
    """Some hold a packet, the others nothing; and a tshark that costs little: all come, in order, with few descriptors."""
    step = 50 if conftest.is_sanitized(espcap.PROGRAM) else 5
    many = os.path.join(folder, "many")
    os.mkdir(many)
    content = frames.pcap(plain_packets(1))
    for number in range(10_000):
        put(many, "%05d" % number, b"" if number % step else content)
    fake.write("quick", (fakes.QUICK % {"folder": fake.folder}).encode(), 0o755)
    result = espcap.run("--dir", many, "--tshark", os.path.join(fake.folder, "quick"), timeout=280,
                        prefix=["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"])
    assert result.code == 0, result.errors[-2000:]
    assert [os.path.basename(document["file_name"]) for document in result.documents] == \
        ["%05d" % number for number in range(0, 10_000, step)]
    assert sum("/many/" in line for line in result.messages.split("\n")) == 10_000 - 10_000 // step


# The command line.

USAGE = {
    "--count 0": ["--count", "0"],
    "--count -1": ["--count", "-1"],
    "--count 1x": ["--count", "1x"],
    "--count empty": ["--count", ""],
    "--count too large": ["--count", "99999999999999999999999"],
    "--count of 0x10": ["--count", "0x10"],
}


@pytest.mark.parametrize("kind", USAGE)
def test_bad_count(kind, good):
    result = espcap.run("--file", good, *USAGE[kind])
    assert (result.code, result.output) == (2, b"")
    assert "--count" in result.errors


def test_two_inputs_or_none(folder, good):
    result = espcap.run("--file", good, "--dir", folder)
    assert (result.code, result.output) == (2, b"")
    assert "--file" in result.errors and "--dir" in result.errors
    result = espcap.run()
    assert (result.code, result.output) == (2, b"")
    assert "--file" in result.errors and "--dir" in result.errors


def test_unknown_option_and_argument(good):
    for words in (["--no-such-option"], ["--file", good, "left over"], ["--file"], ["--file", good, "--jobs", "0"]):
        result = espcap.run(*words)
        assert (result.code, result.output) == (2, b""), words
        assert result.errors.startswith("espcap: ")


BAD_FILTERS = ("tcp port", "no such word", "host 1.2.3.4.5", "-w /tmp/x", "tcp[", "((tcp)")


@pytest.mark.parametrize("expression", BAD_FILTERS)
def test_bad_bpf(expression, good, fake):
    """With libpcap's own words. No tshark reads packets: one is only asked whether the text is a display filter."""
    fake.behave(fakes.LEAVES_TRACE_OF_PACKETS)
    result = espcap.run("--file", good, "--bpf", expression, "--tshark", fake.path, fakes.FREE)
    assert (result.code, result.output) == (2, b""), result.errors
    assert fake.flag("dissected") is None
    words = libpcap_words(expression)
    assert words and words in result.errors, words
    assert_names(result, "--bpf")


def test_good_bpf_is_dissected(good, fake):
    """What test_bad_bpf relies on."""
    fake.behave(fakes.LEAVES_TRACE_OF_PACKETS)
    assert espcap.run("--file", good, "--bpf", "ip or not ip", "--tshark", fake.path, fakes.FREE).code == 0
    assert fake.flag("dissected") is not None


def libpcap_words(expression):
    """libpcap's message, as tcpdump passes it on."""
    text = subprocess.run(["tcpdump", "-d", "-y", "EN10MB", "--", expression], capture_output=True,
                          text=True, check=False).stderr
    last = [line for line in text.split("\n") if line.startswith("tcpdump: ")][-1]
    return last[len("tcpdump: "):].strip()


BAD_DISPLAY_FILTERS = ("tcp.port ==", "no.such.field", "ip.addr == 1.2.3.4.5", "((tcp)")


@pytest.mark.parametrize("expression", BAD_DISPLAY_FILTERS)
def test_bad_display_filter(expression, good):
    """With tshark's own words."""
    text = subprocess.run([tshark.program(), "-r", good, "-Y", expression], capture_output=True,
                          text=True, check=False, env=tshark.ENVIRONMENT).stderr
    words = [line for line in text.split("\n") if line.startswith("tshark: ")][0][len("tshark: "):]
    result = espcap.run("--file", good, "--display-filter", expression)
    assert (result.code, result.output) == (2, b""), result.errors
    assert words.strip() in result.errors
    assert_names(result, "--display-filter")


def test_bad_decode_as(good):
    result = espcap.run("--file", good, "--decode-as", "no.such==1,http")
    assert (result.code, result.output) == (2, b""), result.errors
    assert_names(result, "--decode-as")


@pytest.mark.parametrize("value", ("no.such.field", "ip.src,ip.scr", "", ",", "@/no/such/file"))
def test_bad_fields(value, good):
    result = espcap.run("--file", good, "--fields", value)
    assert (result.code, result.output) == (2, b""), result.errors
    wrong = {"ip.src,ip.scr": "ip.scr", "@/no/such/file": "/no/such/file"}.get(value, value.strip(","))
    assert_names(result, wrong or "--fields")


@pytest.mark.parametrize("option", ("--protocols", "--typed", "--tls-keys"))
def test_missing_configuration(option, good):
    result = espcap.run("--file", good, option, "/no/such/file")
    assert (result.code, result.output) == (2, b""), result.errors
    assert "/no/such/file" in result.errors


# A tshark that is none.

def script(fake, name, text, mode=0o755):
    fake.write(name, text.encode(), mode)
    return os.path.join(fake.folder, name)


def test_tshark_missing(good):
    result = espcap.run("--file", good, "--tshark", "/no/such/tshark")
    assert (result.code, result.output) == (2, b""), result.errors
    assert "/no/such/tshark" in result.errors
    result = espcap.run("--file", good, environment={"PATH": "/nonexistent"})
    assert (result.code, result.output) == (2, b""), result.errors
    assert "tshark" in result.errors


UNUSABLE = {
    "not executable": ("#!/bin/sh\n", 0o644),
    "not a program": ("\x7fELF rubbish", 0o755),
    "no such interpreter": ("#!/no/such/interpreter\n", 0o755),
    "says nothing": ("#!/bin/sh\n", 0o755),
    "something else": ("#!/bin/sh\necho 'ls (GNU coreutils) 9.1'\n", 0o755),
    "fails": ("#!/bin/sh\nexit 3\n", 0o755),
    "too old": ("#!/bin/sh\necho 'TShark (Wireshark) 3.2.18 (Git v3.2.18)'\n", 0o755),
    "much too old": ("#!/bin/sh\necho 'TShark 1.10.6 (v1.10.6 from master-1.10)'\n", 0o755),
    "without version": ("#!/bin/sh\necho 'TShark (Wireshark)'\n", 0o755),
    "prints rubbish": ("#!/bin/sh\nexec head -c 100000 /dev/urandom\n", 0o755),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_tshark(kind, good, fake):
    text, mode = UNUSABLE[kind]
    path = script(fake, "unusable-" + kind.replace(" ", "-"), text, mode)
    result = espcap.run("--file", good, "--tshark", path)
    assert (result.code, result.output) == (2, b""), result.errors
    assert path in result.errors
    if "old" in kind:
        assert ("3.2.18" if "3.2" in text else "1.10.6") in result.errors and "3.4" in result.errors


def test_tshark_without_field_list(good, fake):
    path = script(fake, "fieldless", "#!/bin/sh\ncase $1 in --version) exec cat %s/version;; -G) echo P;; esac\n"
                  % fake.folder)
    result = espcap.run("--file", good, "--tshark", path)
    assert result.code in (2, 4) and result.output == b"", result.errors
    assert path in result.errors or "field" in result.errors


# A tshark that fails on the way.

@pytest.mark.parametrize("numbers", ((1,), (2,), (17,), (PACKETS,), (3, 4, 20), (1, PACKETS)), ids=str)
@pytest.mark.parametrize("from_pipe", (False, True), ids=("file", "pipe"))
def test_tshark_crashes(numbers, from_pipe, good, fake, good_lines):
    """The packets that crash it are counted; all others come, as if nothing had been."""
    fake.behave(fakes.CRASHES_AT % ", ".join(map(str, numbers)))
    result = run_fake(fake, good, from_pipe)
    assert result.code == 4, result.errors
    assert_documents(result, good_lines, [n for n in range(1, PACKETS + 1) if n not in numbers])
    assert result.counts["undissected"] == len(numbers)
    assert result.counts["read"] == PACKETS
    assert_names(result, "-: " if from_pipe else good)


def run_fake(fake, capture, from_pipe, *options):
    if not from_pipe:
        return espcap.run("--file", capture, "--tshark", fake.path, fakes.FREE, *options)
    with open(capture, "rb") as source:
        return espcap.run("--file", "-", "--tshark", fake.path, fakes.FREE, *options, stdin=source.read())


def test_tshark_crashes_on_a_pipe_that_cannot_be_taken_up(fake):
    """Its second section numbers interfaces anew: what tshark had is counted, and the run fails."""
    capture = os.path.join(espcap.CAPTURE_DIR, "comments.pcapng")
    with open(capture, "rb") as source:
        twice = source.read() * 2
    fake.behave("while sys.stdin.buffer.read(65536):\n    pass\nos.kill(os.getpid(), signal.SIGSEGV)")
    result = espcap.run("--file=-", "--dissection=ek", "--tshark", fake.path, fakes.FREE, stdin=twice)
    assert result.code == 4 and result.documents == [], result.errors
    assert result.counts["read"] == result.counts["undissected"] == 12 and result.counts["unsent"] == 0


def test_tshark_crashes_in_the_midst_of_a_conversation(fake):
    """What was dissected before the crash is still known behind it."""
    capture = next(name for name in conftest.plain_captures()
                   if any(document["protocol"] == "http" for document in conftest.full_run(name).documents))
    # As the fake prints them.
    full = espcap.run("--file", capture, "--dissection=ek", *espcap.options_for(capture)).documents
    at = next(document["frame_number"] for document in full if document["protocol"] == "http") + 1
    fake.behave(fakes.CRASHES_AT % at)
    result = espcap.run("--file", capture, "--tshark", fake.path, fakes.FREE, *espcap.options_for(capture))
    assert result.code == 4
    assert result.documents[:at - 1] == full[:at - 1]
    assert [document["frame_number"] for document in result.documents] == \
        [document["frame_number"] for document in full if document["frame_number"] != at]
    streams = {document["frame_number"]: document["layers"].get("transport", {}).get("tcp.stream") for document in full}
    for document in result.documents:
        assert document["layers"].get("transport", {}).get("tcp.stream") == streams[document["frame_number"]]


def test_tshark_crashes_with_a_display_filter(good, fake):
    fake.behave(fakes.CRASHES_AT % "5, 6")
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--display-filter", "frame.number > 3 && frame.number < 9")
    assert result.code == 4, result.errors
    numbers = [document["frame_number"] for document in result.documents]
    assert numbers == [4, 7, 8]
    counts = result.counts
    assert (counts["read"], counts["undissected"], counts["filtered"]) == (PACKETS, 2, PACKETS - 5)


def test_tshark_crashes_with_bpf_and_count(good, fake):
    fake.behave(fakes.CRASHES_AT % "5")
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--bpf", "greater 26", "--count", "12")
    assert result.code in (0, 4), result.errors
    expected = espcap.run("--file", good, "--bpf", "greater 26", "--count", "12")
    wanted = [document["frame_number"] for document in expected.documents]
    assert [document["frame_number"] for document in result.documents] == [n for n in wanted if n != 5]
    assert result.counts["skipped"] == expected.counts["skipped"]
    assert result.counts["undissected"] == (5 in wanted)


def test_tshark_crashes_again_and_again(good, fake, good_lines):
    """At some point it is given up; the count is still whole."""
    fake.behave(fakes.CRASHES_AT % ", ".join(map(str, range(5, 26))))
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 4
    counts = result.counts
    assert counts["read"] == PACKETS
    assert 5 - 1 <= counts["printed"] <= PACKETS - 10
    assert_documents(result, good_lines, [document["frame_number"] for document in result.documents])


def test_tshark_crashes_and_the_other_file_goes_on(folder, good, fake, good_lines):
    other = put(folder, "other.pcap", frames.pcap(plain_packets(3)))
    fake.behave(fakes.CRASHES_AT % PACKETS)
    result = espcap.run("--file", good, "--file", other, "--tshark", fake.path, fakes.FREE)
    assert result.code == 4
    assert_documents(result, good_lines, [*range(1, PACKETS), 1, 2, 3])


@pytest.mark.parametrize("how,from_pipe", (("HANGS_AT", False), ("HANGS_AT", True), ("SPINS_AT", False)))
def test_tshark_hangs(how, from_pipe, good, fake, good_lines):
    fake.behave(getattr(fakes, how) % "7")
    result = run_fake(fake, good, from_pipe, "--tshark-timeout", "1s")
    assert result.code == 4, result.errors
    assert_documents(result, good_lines, [n for n in range(1, PACKETS + 1) if n != 7])
    assert result.counts["undissected"] == 1


@pytest.mark.parametrize("from_pipe", (False, True), ids=("file", "pipe"))
def test_tshark_is_killed(from_pipe, good, fake, good_lines):
    """Once, by somebody else: at most the packet it was at is lost."""
    fake.behave(fakes.KILLED_ONCE_AT % "11")
    result = run_fake(fake, good, from_pipe, fakes.FREE)
    counts = result.counts
    assert counts["undissected"] <= 1
    assert result.code == 4 or (result.code == 0 and counts["undissected"] == 0)
    assert counts["read"] == PACKETS
    numbers = [document["frame_number"] for document in result.documents]
    assert set(range(1, PACKETS + 1)) - set(numbers) <= {11}
    assert_documents(result, good_lines, numbers)


def test_tshark_prints_rubbish_between(good, fake, good_lines):
    fake.behave(fakes.RUBBISH_BETWEEN)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 0, result.errors
    assert_names(result, good)
    assert_documents(result, good_lines, range(1, PACKETS + 1))


def test_tshark_prints_only_rubbish(good, fake):
    fake.behave(fakes.RUBBISH_ONLY)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert (result.code, result.output) == (4, b""), result.errors
    assert result.counts["undissected"] == PACKETS
    assert_names(result, good)
    assert len(result.errors) < 20_000


@pytest.mark.parametrize("number", (1, 9, PACKETS))
def test_tshark_prints_half_a_line(number, good, fake, good_lines):
    fake.behave(fakes.HALF_A_LINE_AT % number)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 4, result.errors
    assert_documents(result, good_lines, [n for n in range(1, PACKETS + 1) if n != number])
    assert result.counts["undissected"] == 1


def test_line_that_is_not_utf8(good, fake):
    fake.behave(fakes.NOT_UTF8)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 0, result.errors
    assert len(result.documents) == PACKETS
    for document in result.documents:
        assert document["layers"]["frame"]["frame.marked"] == "a\ufffd\ufffd(b"
    assert "UTF-8" in result.messages


def test_nested_three_hundred_deep(good, fake):
    fake.behave(fakes.NESTED)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 0, result.errors
    assert len(result.documents) == PACKETS      # .documents refuses what is nested too deep
    assert all(b'"bottom' in line for line in result.lines)


def test_stderr_flood(good, fake, good_lines):
    fake.behave(fakes.STDERR_FLOOD)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 0, result.errors[:2000]
    assert_documents(result, good_lines, range(1, PACKETS + 1))
    assert len(result.errors) < 20_000


# Who tshark is, and that it goes.

@conftest.needs_root
def test_root_is_given_up(good, fake):
    fake.behave(fakes.TELLS_ABOUT_ITSELF)
    with open("/dev/null", "rb") as extra:
        os.set_inheritable(extra.fileno(), True)
        result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, close_fds=False,
                            environment={"LD_LIBRARY_PATH": "/nonexistent", "WIRESHARK_CONFIG_DIR": "/tmp", "SECRET": "x"})
    assert result.code == 0, result.errors
    told = json.loads(fake.flag("self"))
    user = dissecting_user()
    assert told["uid"] == [user.pw_uid] * 3
    assert told["gid"] == [user.pw_gid] * 3
    assert set(told["groups"]) <= {user.pw_gid}


def dissecting_user():
    """"espcap" if there is such a user, else "nobody"."""
    try:
        return pwd.getpwnam("espcap")
    except KeyError:
        return pwd.getpwnam("nobody")


@conftest.needs_root
def test_root_that_lost_its_groups_too(good, fake):
    """A supplementary group of root's shell must not reach tshark."""
    fake.behave(fakes.TELLS_ABOUT_ITSELF)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE,
                        prefix=["setpriv", "--groups", "0,4,6"])
    assert result.code == 0, result.errors
    assert set(json.loads(fake.flag("self"))["groups"]) <= {dissecting_user().pw_gid}


def test_what_tshark_inherits(good, fake):
    fake.behave(fakes.TELLS_ABOUT_ITSELF)
    read_end, write_end = os.pipe()
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, pass_fds=(read_end, write_end),
                        environment={"WIRESHARK_CONFIG_DIR": "/tmp", "SECRET": "x"})
    os.close(read_end)
    os.close(write_end)
    assert result.code == 0, result.errors
    told = json.loads(fake.flag("self"))
    assert told["fds"] == [0, 1, 2]
    assert set(told["environment"]) == {"HOME", "PATH", "LC_ALL"}
    assert told["environment"]["LC_ALL"] == "C.UTF-8"
    assert told["home"] == []
    # It is given a wide buffer; what does that is not handed on to programs of its own.
    assert told["wide"]
    assert told["cwd"] == "/"
    assert told["group"]
    assert not os.path.exists(told["environment"]["HOME"]), "the private folder is left behind"


def start(*arguments, program=espcap.PROGRAM, **keywords):
    """espcap in the background; use it with `with`."""
    return Running(subprocess.Popen(espcap.command(*arguments, program=program), **{
        "bufsize": 0, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
        "env": espcap.ENVIRONMENT, **keywords}))


class Running:
    """A running espcap that ends with the block, whatever happens there."""

    def __init__(self, child):
        self.child = child

    def __enter__(self):
        return self.child

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            if stream is not None:
                stream.close()


def finish(child, timeout=60):
    output, errors = child.communicate(timeout=timeout)
    result = espcap.Result(child.returncode, output, errors)
    assert not espcap.SANITIZER.search(result.errors), result.errors
    return result


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("kill", (signal.SIGKILL, signal.SIGSEGV, signal.SIGHUP, signal.SIGQUIT), ids=lambda s: s.name)
def test_tshark_never_survives(kill, good, fake):
    fake.behave(fakes.TELLS_PID_AND_WAITS)
    with start("--file", good, "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("pid") is not None)
        pid = int(fake.flag("pid"))
        assert espcap.is_running(pid)
        others = descendants(child.pid)
        assert pid in others
        child.send_signal(kill)
        child.wait(timeout=20)
    wait_for(lambda: not any(map(espcap.is_running, others)), 5)


def descendants(pid):
    found = []
    for line in subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True,
                               check=True).stdout.split("\n"):
        if line.split()[1:] == [str(pid)]:
            found += [int(line.split()[0]), *descendants(int(line.split()[0]))]
    return found


# Signals, and where the output goes.

@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=lambda s: s.name)
def test_one_signal_delivers_what_was_read(number, good_lines):
    """The input does not end by itself."""
    with start("--file", "-", stdin=subprocess.PIPE) as child:
        child.stdin.write(CONTENT)
        child.stdin.flush()
        first = child.stdout.readline()
        child.send_signal(number)
        child.stdin, pipe = None, child.stdin
        result = finish(child)
        pipe.close()
    assert result.code == -number, result.errors
    result = espcap.Result(0, first + result.output, result.errors.encode())
    assert_documents(result, good_lines, range(1, PACKETS + 1))
    assert result.counts["read"] == PACKETS


def test_one_signal_in_a_large_file(folder):
    big = put(folder, "big.pcap", frames.pcap(big_packets(20_000)))
    with start("--file", big) as child:
        first = child.stdout.readline()
        child.send_signal(signal.SIGINT)
        result = finish(child)
    assert result.code == -signal.SIGINT, result.errors
    result = espcap.Result(0, first + result.output, result.errors.encode())
    assert [document["frame_number"] for document in result.documents] == list(range(1, len(result.documents) + 1))
    assert 0 < result.counts["read"] == len(result.documents) < 20_000


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=lambda s: s.name)
def test_second_signal_ends_at_once(number, good, fake):
    fake.behave(fakes.TELLS_PID_AND_WAITS)
    with start("--file", good, "--tshark", fake.path, fakes.FREE) as child:
        wait_for(lambda: fake.flag("pid") is not None)
        child.send_signal(number)
        time.sleep(0.5)
        assert child.poll() is None, "the first signal waits for tshark"
        begin = time.monotonic()
        child.send_signal(number)
        child.wait(timeout=20)
        assert time.monotonic() - begin < 3
        assert child.returncode == -number
    wait_for(lambda: not espcap.is_running(int(fake.flag("pid"))), 5)


def test_reader_goes_away(folder):
    big = put(folder, "big.pcap", frames.pcap(big_packets(3000)))
    with start("--file", big) as child:
        first = child.stdout.readline()
        child.stdout.close()
        child.stdout = None
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert json.loads(first)["frame_number"] == 1
    lines = errors.decode().rstrip("\n").split("\n")
    assert len(lines) == 1, errors
    espcap.Result(0, b"", errors).counts


def test_reader_is_gone_from_the_start(good):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with start("--file", good, stdout=write_end) as child:
        os.close(write_end)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors


def test_full_disk(good):
    with open("/dev/full", "wb") as full, start("--file", good, stdout=full) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 5, errors
    result = espcap.Result(5, b"", errors)
    assert "No space left" in result.messages
    counts = result.counts
    assert counts["printed"] == 0 and counts["read"] > 0


def test_file_size_limit(good, folder):
    """A limit behind some documents: what fits is there, and the sum says the rest was not sent."""
    path = os.path.join(folder, "output")
    with open(path, "wb") as target, start(
            "--file", good, stdout=target,
            preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), limit_file_size(20_000))) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 5, errors
    counts = espcap.Result(5, b"", errors).counts
    with open(path, "rb") as source:
        assert source.read().count(b"\n") == counts["printed"]
    assert counts["unsent"] > 0


def limit_file_size(size):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_closed_output(good):
    result = espcap.run("--file", good, prefix=["sh", "-c", 'exec "$@" >&-', "sh"])
    assert result.code == 5, result.errors


# Memory.

MIB = 1024


def peak_of(child):
    """Polls the peak resident set (KiB) of a running process until its output ends."""
    peak = 0
    lines = 0
    size = 0
    os.set_blocking(child.stdout.fileno(), True)
    while True:
        data = os.read(child.stdout.fileno(), 1 << 20)
        if not data:
            return peak, lines, size
        lines += data.count(b"\n")
        size += len(data)
        peak = max(peak, espcap.high_water(child.pid))


@conftest.needs_plain
def test_memory_of_a_huge_line(good, fake, folder):
    """A line of 110 MB costs three times --max-doc at most, and is cut to it."""
    fake.behave(fakes.HUGE_LINE % 110)
    path = os.path.join(folder, "output")
    with open(path, "wb") as target, start("--file", good, "--tshark", fake.path, fakes.FREE, stdout=target,
                                         program=espcap.PLAIN) as child:
        peak = 0
        while child.poll() is None:
            peak = max(peak, espcap.high_water(child.pid))
            time.sleep(0.005)
        errors = child.stderr.read()
    assert child.returncode == 0, errors
    assert peak < (64 + 3 * 16) * MIB
    with open(path, "rb") as source:
        lines = source.read().split(b"\n")[:-1]
    assert len(lines) == PACKETS
    assert 15 << 20 < len(lines[0]) <= 16 << 20
    document = espcap.parse_line(lines[0])
    assert document["espcap"]["truncated"] == ["frame.comment"]
    assert document["layers"]["frame"]["frame.number"] == "1"
    assert all("truncated" not in espcap.parse_line(line)["espcap"] for line in lines[1:])


def test_huge_line_is_cut_to_max_doc(good, fake):
    fake.behave(fakes.HUGE_LINE % 3)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--max-doc", "100k")
    assert result.code == 0, result.errors
    assert 90_000 < len(result.lines[0]) <= 100 << 10
    assert result.documents[0]["espcap"]["truncated"] == ["frame.comment"]


@conftest.needs_plain
def test_memory_of_a_capture_bomb(folder):
    """A small gzip that becomes hundreds of megabytes of documents."""
    content = frames.pcap([frames.udp(bytes(60_000)) for _ in range(600)])
    bomb = put(folder, "bomb.pcap.gz", gzip.compress(content))
    assert os.path.getsize(bomb) < 60_000
    with start("--file", bomb, program=espcap.PLAIN) as child:
        peak, lines, size = peak_of(child)
        errors = child.stderr.read()
        child.wait(timeout=60)
    assert child.returncode == 0, errors
    assert lines == 600
    assert size > 100 << 20
    assert peak < 64 * MIB


@conftest.needs_plain
def test_memory_of_ordinary_traffic(folder):
    capture = put(folder, "ordinary.pcap", frames.pcap([frames.dns_query()] * 10_000))
    with start("--file", capture, program=espcap.PLAIN) as child:
        peak, lines, _ = peak_of(child)
        child.wait(timeout=60)
    assert lines == 10_000
    assert peak < 64 * MIB
