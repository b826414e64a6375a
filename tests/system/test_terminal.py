# SPDX-License-Identifier: BSD-2-Clause
"""What a terminal shows: the progress line fits its width at each moment, and nothing else is disturbed by it."""

import contextlib
import itertools
import json
import os
import re
import subprocess
import threading

import pytest

import conftest
import conserve
import espcap
import frames
import screens
import sensing
from fake_faults import Slow
from fake_server import Server
from sensing import line, needs_namespaces  # noqa: F401 pylint: disable=unused-import

WIDTHS = [20, 300, 21, 40, 79, 80, 81, 120, 35, 160, 250, 20]
# The parts of a progress line; a number whose end is cut off is marked.
PART = re.compile(r"(\d+/\d+ files|\d+ packets(/s)?|[\d.]+ k?B of \S+( k?B)?|(-:--|\d+:\d\d) left"
                  r"|\d+ (indexed|duplicate|rejected|discarded|retries|in flight|dropped))$")


class Feed:
    """A capture on standard input that goes on until it is told to end."""

    def __init__(self, pause=0.02):
        self.source, target = os.pipe()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.write, args=(target, pause), daemon=True)
        self.thread.start()
        self.count = 0

    def write(self, target, pause):
        with open(target, "wb", buffering=0) as out, contextlib.suppress(BrokenPipeError):
            out.write(frames.pcap_header())
            for data in itertools.cycle(conserve.make_packets(200, 1)):
                if self.done.wait(pause):
                    return
                out.write(frames.pcap_record(data, frames.START, self.count))
                self.count += 1

    def end(self):
        self.done.set()
        self.thread.join()


def assert_fits(screen, drawn=None):
    """Each progress line left the last column free, of the terminal as it was when it came or a moment before."""
    for shown in drawn if drawn is not None else screen.drawn:
        assert shown.cells < shown.columns, shown
        assert not shown.text.endswith(" ")


def parts_of(text, interface=None):
    if interface and text.startswith(interface + ": "):
        text = text[len(interface) + 2:]
    if text.endswith("..."):
        return []
    parts = text.split(", ")
    for part in parts:
        assert PART.match(part), "no part of a progress line: %r in %r" % (part, text)
    return parts


def through_widths(terminal, interface=None):
    """Resizes while it runs, and returns the widest line of each width."""
    widest = {}
    for columns in WIDTHS:
        terminal.resize(columns)
        before = len(terminal.screen.drawn)
        # The first may have been on its way already.
        terminal.until(lambda screen, want=before + 2: len(screen.drawn) >= want, "progress lines")
        with terminal.lock:
            drawn = terminal.screen.drawn[before + 1:]
        assert_fits(terminal.screen, drawn)
        for shown in drawn:
            parts_of(shown.text, interface)
            assert " packets" in shown.text
            if len(shown.text) > len(widest.get(columns, "")):
                widest[columns] = shown.text
    return widest


def messages_of(lines):
    """Nothing but messages: no rest of a progress line."""
    for text in lines:
        assert text.startswith("espcap: "), lines
    return lines


@pytest.fixture
def feed():
    feed = Feed()
    yield feed
    feed.end()


def test_fits_every_width(feed):
    terminal = screens.Terminal("--file=-", stdin=feed.source, stdout=subprocess.DEVNULL)
    os.close(feed.source)
    widest = through_widths(terminal)
    assert re.fullmatch(r"\d+ packets", widest[20])
    assert re.fullmatch(r"0/1 files, \d+ packets, .* of \?, \d+ packets/s, -:-- left", widest[80])
    assert widest[300] == widest[160] or len(widest[300]) <= len(widest[160]) + 4
    assert not terminal.screen.wrapped
    # Nothing scrolled: all was drawn in the first row.
    assert len(terminal.screen.rows) == 1
    feed.end()
    lines = messages_of(terminal.wait())
    assert len(lines) == 1 and lines[0].startswith("espcap: read=%d printed=%d " % (feed.count, feed.count))


def test_fits_every_width_with_a_server(feed, tmp_path):
    with Server() as server:
        terminal = screens.Terminal("--file=-", "--node", server.url, "--latency=0.1s", stdin=feed.source, cwd=tmp_path)
        os.close(feed.source)
        widest = through_widths(terminal)
        # Nothing was rejected: counters that are zero go first.
        assert re.fullmatch(r"\d+ packets", widest[20])
        assert " indexed" in widest[79] and " rejected" not in widest[79]
        assert " 0 rejected, 0 discarded, 0 retries, " in widest[300]
        assert not terminal.screen.wrapped
        feed.end()
        lines = messages_of(terminal.wait())
        assert lines[-1].startswith("espcap: read=%d indexed=%d " % (feed.count, feed.count))


@needs_namespaces
def test_fits_every_width_while_live():
    name = "\u6f22\u5b57\u7db2\u8def"
    for step in (("add", name, "type", "veth", "peer", "name", "v2"), ("set", name, "up")):
        sensing.ip("link", *step, namespace=sensing.SENSOR)
    try:
        terminal = screens.Terminal("--nic", name, stdout=subprocess.DEVNULL,
                                    prefix=("ip", "netns", "exec", sensing.SENSOR))
        widest = through_widths(terminal, interface=name)
        # Eight cells of the name, and eleven more.
        assert widest[20] == name + ": 0 packets"
        assert re.fullmatch(name + r": \d+ packets, \d+ packets/s", widest[40])
        assert re.fullmatch(name + r": \d+ packets, \d+ packets/s, 0 dropped", widest[80])
        terminal.process.send_signal(2)
        messages_of(terminal.wait())
    finally:
        sensing.ip("link", "del", name, namespace=sensing.SENSOR)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": None}, {"TERM": ""}])
def test_a_dumb_terminal_has_no_progress_line(environment, feed):
    terminal = screens.Terminal("--file=-", stdin=feed.source, stdout=subprocess.DEVNULL, environment=environment)
    os.close(feed.source)
    while feed.count < 80:
        assert terminal.process.poll() is None
    feed.end()
    messages_of(terminal.wait())
    assert b"\x1b" not in terminal.raw and not terminal.screen.drawn


def test_no_terminal_has_no_progress_line_but_with_the_option(feed):
    process = subprocess.Popen(espcap.command("--file=-"), stdin=feed.source, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, "TERM": "xterm", "COLUMNS": "20"})
    os.close(feed.source)
    while feed.count < 80:
        assert process.poll() is None
    feed.end()
    assert b"\x1b" not in process.communicate(timeout=60)[1] and process.returncode == 0
    done = espcap.run("--file", espcap.captures()[0], "--progress")
    assert re.search(r"\r1/1 files, .* packets/s, .* left\x1b\[K", done.errors)


def test_the_width_is_not_that_of_the_environment(feed):
    terminal = screens.Terminal("--file=-", stdin=feed.source, stdout=subprocess.DEVNULL, columns=120,
                                environment={"COLUMNS": "20"})
    os.close(feed.source)
    terminal.until(lambda screen: any(" files, " in shown.text for shown in screen.drawn), "wide line")
    terminal.resize(0, shown=80)
    terminal.until(lambda screen: len(screen.drawn) > 10, "lines without a width")
    feed.end()
    messages_of(terminal.wait())


@pytest.mark.parametrize("form", [("--output=json", "--fields=udp.length"), (), ("--pretty", "--fields=udp.length")])
def test_output_and_progress_on_one_terminal(form, feed):
    """What is printed goes through the progress line without a trace of it, however wide it is."""
    terminal = screens.Terminal("--file=-", "--quiet", "--progress", *form, stdin=feed.source, columns=60)
    os.close(feed.source)
    # --quiet silences the progress, too.
    while feed.count < 20:
        assert terminal.process.poll() is None
    feed.end()
    quiet = terminal.wait()
    assert not terminal.screen.drawn and len([text for text in quiet if text.startswith("espcap: ")]) == 1
    other = Feed()
    terminal = screens.Terminal("--file=-", *form, stdin=other.source, columns=60)
    os.close(other.source)
    terminal.until(lambda screen: len(screen.drawn) > 8, "progress lines")
    other.end()
    lines = terminal.wait()
    assert_fits(terminal.screen)
    printed = [text for text in lines if not text.startswith("espcap: ")]
    assert other.count > 20
    if form and form[0] == "--pretty":
        assert json.JSONDecoder().raw_decode("\n".join(printed))[0]["frame_number"] == 1
        assert printed.count("{") == printed.count("}") == other.count
        return
    assert len(printed) == other.count
    for number, text in enumerate(printed):
        found = espcap.parse_line(text.encode())["frame_number"] if form else int(text.split()[0])
        assert found == number + 1


TEXT = re.compile(r" *(?P<number>\d+) (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})"
                  r" (?P<source>\S+) -> (?P<destination>\S+) (?P<protocol>\S+)(?: (?P<info>.*))?")
HINT = "espcap: one line of text a packet; --output=json prints the documents"


def first(document, *path):
    for name in path:
        document = document.get(name, {}) if isinstance(document, dict) else {}
    return document or None


def assert_same_packet(text, document):
    """A line says what the document of the packet says."""
    found = TEXT.fullmatch(text)
    assert found, text
    assert int(found["number"]) == document["frame_number"]
    assert found["time"].replace(" ", "T") == document["@timestamp"][:26]
    assert found["protocol"] == document["protocol"]
    assert (found["info"] or "") == document.get("info", "")
    for end, link in (("source", "eth.src"), ("destination", "eth.dst")):
        # Of ARP the line has the link-layer addresses, as Wireshark's columns do.
        ip = first(document, end, "ip") if "type" in document["network"] else None
        address = ip or first(document, "layers", "link", link)
        if isinstance(address, str):
            assert found[end] == address, text


def test_text_says_what_the_document_says(capture):
    documents = conftest.full_run(capture).documents
    done = espcap.run("--file", capture, "--output=text", *espcap.options_for(capture))
    assert b"\x1b" not in done.output and "--output" not in done.errors
    lines = done.output.decode().splitlines()
    assert len(lines) == len(documents) == done.counts["printed"]
    for text, document in zip(lines, documents):
        assert_same_packet(text, document)


@pytest.mark.parametrize("options, is_text", [((), True), (("--output=json",), False), (("--output=text",), True)])
def test_a_terminal_gets_text(options, is_text):
    capture = espcap.captures()[0]
    terminal = screens.Terminal("--file", capture, *options, columns=1000, environment={"NO_COLOR": "1"})
    lines = terminal.wait()
    documents = conftest.full_run(capture).documents
    printed = [text for text in lines if not text.startswith("espcap: ")]
    assert len(printed) == len(documents) and not terminal.screen.colors
    assert lines.count(HINT) == (1 if is_text and not options else 0)
    for text, document in zip(printed, documents):
        if is_text:
            assert_same_packet(text, document)
        else:
            assert espcap.parse_line(text.encode()) == document


@pytest.mark.parametrize("columns", [20, 79, 80, 100, 300])
def test_lines_of_text_fit(columns):
    """Info is cut where a row ends; the rest is whole."""
    capture = os.path.join(espcap.CAPTURE_DIR, "http.pcap")
    whole = espcap.run("--file", capture, "--output=text").output.decode().splitlines()
    terminal = screens.Terminal("--file", capture, "--output=text", "--quiet", columns=columns)
    terminal.wait()
    shown = [text for text in terminal.screen.lines if re.match(r" *\d+ \d{4}-", text)]
    assert len(shown) == len(whole) > 10
    rows = set()
    for text, full in zip(shown, whole):
        found, given = TEXT.fullmatch(text), TEXT.fullmatch(full)
        assert found and found.group("number", "time", "source", "destination", "protocol") == given.group(
            "number", "time", "source", "destination", "protocol"), (text, full)
        before = len(full) - len(given["info"])
        room = -(-before // columns) * columns
        assert screens.cells(text) <= room
        if len(full) <= room:
            assert text == full
        elif room - before > 3:
            assert text == full[:room - 3] + "..."
        rows.add(-(-len(text) // columns))
    assert columns < 79 or rows == {1}


def test_hint_only_before_packets(tmp_path):
    """What fails before there is a packet is not preceded by words on text."""
    for code, options in (3, ["--file=missing.pcap"]), (2, ["--file", espcap.captures()[0], "--display-filter=no.such"]):
        lines = screens.Terminal(*options, cwd=tmp_path).wait(code)
        assert lines and HINT not in lines


def test_files_are_named(tmp_path):
    """On a terminal, and only if there are several."""
    names = [os.path.join(espcap.CAPTURE_DIR, name) for name in ("dns.pcap", "http.pcap")]
    options = ["--count=9", "--output=text", "--display-filter=ip", "--jobs=1"]
    whole = espcap.run(*names, *options).output.decode().splitlines()
    assert len(whole) == 9 and not any(text.startswith("==>") for text in whole)
    terminal = screens.Terminal(*names, *options[1:], "--quiet", columns=1000)
    lines = terminal.wait()
    at = lines.index("==> %s <==" % names[1])
    assert lines[0] == "==> %s <==" % names[0] and lines[at - 1] == ""
    assert [text[:5] for text in lines[1:9]] == [text[:5] for text in whole[:8]]
    assert lines[at + 1].startswith("    1 ") and lines.count("") <= 2
    assert sum(text.startswith("==>") for text in lines) == 2
    lines = screens.Terminal(names[0], *options, "--quiet", columns=1000).wait()
    assert not any(text.startswith("==>") for text in lines)
    hostile = tmp_path / "a\x1b[2J.pcap"
    hostile.write_bytes(open(names[0], "rb").read())
    lines = screens.Terminal("--file", hostile, "--file", names[0], "--output=text", "--quiet", columns=1000).wait()
    assert "==> %s/a\\x1b[2J.pcap <==" % tmp_path in lines


@pytest.mark.parametrize("environment, has_color", [
    ({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "0"}, False), ({"TERM": "dumb"}, False),
    ({"TERM": None}, False)])
def test_colors(environment, has_color):
    terminal = screens.Terminal("--file", espcap.captures()[0], "--quiet",
                                environment={"NO_COLOR": None, **environment})
    lines = terminal.wait()
    assert HINT not in lines
    assert bool(terminal.screen.colors) == has_color == (b"\x1b[" in terminal.raw)
    # Each line ends without a color.
    assert terminal.screen.colors[1::2] == ["m"] * (len(terminal.screen.colors) // 2)


@pytest.mark.parametrize("options, shown", [((), False), (("--progress",), True)], ids=["", "progress"])
def test_no_progress_beside_a_pipe(options, shown):
    """A program that reads documents may print to the same terminal."""
    terminal = screens.Terminal("--file", os.path.join(espcap.CAPTURE_DIR, "http.pcap"), *options, stdout=subprocess.PIPE)
    assert terminal.process.stdout.read().count(b"\n") > 10
    lines = terminal.wait()
    assert bool(terminal.screen.drawn) == shown
    assert len(lines) == 1 and lines[0].startswith("espcap: read=")


def test_a_pipe_gets_documents():
    capture = espcap.captures()[0]
    terminal = screens.Terminal("--file", capture, stdout=subprocess.PIPE)
    output = terminal.process.stdout.read()
    lines = terminal.wait()
    assert HINT not in lines
    assert [espcap.parse_line(text) for text in output.splitlines()] == conftest.full_run(capture).documents


def test_text_of_some_fields(capture):
    """Addresses are there although --fields does not keep them."""
    options = ("--file", capture, "--output=text", "--count=20", *espcap.options_for(capture))
    assert espcap.run(*options, "--fields=frame.len").output == espcap.run(*options).output


@pytest.mark.parametrize("options, message", [
    (("--output=xml",), '--output takes json or text, not "xml"'),
    (("--output=text", "--pretty"), "--pretty and --output=text exclude each other"),
    (("--output=text", "--node=localhost:1"), "--node and --output exclude each other")])
def test_refused(options, message):
    done = espcap.run("--file", espcap.captures()[0], *options)
    assert done.code == 2 and message in done.errors


def test_hostile_text(tmp_path):
    """Escapes and characters that reorder text, in a name that the Info column shows."""
    name = "\u202e\x1b[2Jevil\u2066.example".encode()
    query = bytes.fromhex("123401000001000000000000") + bytes([len(name)]) + name + bytes.fromhex("0000010001")
    path = tmp_path / "a.pcap"
    path.write_bytes(frames.pcap_header() + frames.pcap_record(frames.udp(query, destination=53), frames.START, 0))
    done = espcap.run("--file", path, "--output=text")
    assert done.code == 0 and done.output.count(b"\n") == 1
    assert b"evil" in done.output
    assert not any(char in done.output.decode() for char in "\x1b\u202e\u2066")


def test_time_left_waits_for_the_server(tmp_path):
    """All of the file is read while the server holds back its answers: it is not done."""
    capture = conserve.make_capture(tmp_path / "a.pcap", 60)
    with Server(Slow(seconds=1, times=1000)) as server:
        terminal = screens.Terminal("--file", capture, "--node", server.url, "--chunk=2", columns=200, cwd=tmp_path)
        terminal.wait()
        assert server.bulks
    shown = [dict(zip(("left", "indexed"), re.search(r"(\S+) left, (\d+) indexed", line.text).groups()))
             for line in terminal.screen.drawn]
    waiting = [line for line in shown if line["indexed"] != "60"]
    assert len(waiting) > 3
    assert all(line["left"] != "0:00" for line in waiting), shown
    assert shown[-1] == {"left": "0:00", "indexed": "60"}


def test_a_server_that_is_down(tmp_path):
    """A message says how long espcap tries, and the progress line what it waits for."""
    terminal = screens.Terminal("--file", espcap.captures()[0], "--node=127.0.0.1:1", "--retry-for=2s", cwd=tmp_path)
    lines = terminal.wait(5)
    assert lines[0] == "espcap: http://127.0.0.1:1: cannot connect: Connection refused; trying again for 2s (--retry-for)"
    assert lines[1].startswith("espcap: gave up after ")
    assert_fits(terminal.screen)
    shown = [drawn.text for drawn in terminal.screen.drawn]
    assert len(shown) > 3 and all("waiting for the server" in text for text in shown[1:]), shown
