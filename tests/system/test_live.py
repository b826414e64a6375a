# SPDX-License-Identifier: BSD-2-Clause
"""Live capture, in network namespaces that the tests make: every packet sent is in one document or in one counter."""

import collections
import http.client
import http.server
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import pytest

import conserve
import espcap
import fake_server
import fakes
import frames
from sensing import (  # noqa: F401 (line is a fixture)
    ADDRESSES, Capture, Inside, PEER, SENSOR, ip, line, make_veth, needs_namespaces, numbered, payloads, pids, send,
    status, stop_and_check)
from test_dissection import needs_plugin

pytestmark = needs_namespaces


# Which interface.

@pytest.mark.parametrize("name", [
    "TCP@127.0.0.1:2002", "rpcap://127.0.0.1/v0", "/etc/passwd", "-", "../v0", "dbus-session", "bluetooth0", "nflog",
    "usbmon0", "randpkt", "v0:1", "V0", " v0", "v0 ", "v0,lo", "\x1b[31mv0", "$(id)", "%n", "a" * 5000])
def test_only_interfaces_are_captured_on(name):
    done = Capture("--count=1", nic=name, start=False).wait(2)
    assert "no such network interface; this machine has" in done.messages and "v0" in done.messages
    assert "\x1b" not in done.messages and done.output == []


@pytest.mark.parametrize("options, text", [
    (["--bpf=nonsense"], "syntax error"), (["--bpf=udp) or (tcp"], "syntax error"), (["--file=x"], "exclude each other"),
    (["--snaplen=63"], "--snaplen takes"), (["--on-interface-loss=no"], "takes exit or wait"),
    (["--promisc", "--no-promisc"], "exclude each other")])
def test_usage(options, text):
    assert text in Capture(*options, start=False).wait(2).messages


def test_needs_the_right_and_says_how():
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    refused = Capture("--count=1", start=False, prefix=user).wait(2)
    assert "not permitted" in refused.messages
    assert refused.messages.endswith("setcap cap_net_raw+ep " + os.path.realpath(espcap.PROGRAM)), refused.messages
    with_right = [*user, "--inh-caps=+net_raw", "--ambient-caps=+net_raw"]
    capture = Capture(prefix=with_right)
    for pid in (capture.process.pid, capture.find("capture"), capture.find("tshark")):
        assert int(status(pid)["CapPrm"], 16) == int(status(pid)["CapAmb"], 16) == 0
        assert status(pid)["NoNewPrivs"] == "1"
    packets = numbered(3)
    send(packets)
    capture.printed(3)
    stop_and_check(capture, packets)


# What comes out.

def test_documents_and_rights(tmp_path):
    packets = numbered(200)
    summary = tmp_path / "summary.json"
    capture = Capture("--summary-json", str(summary), "--bpf=udp")
    pid = capture.find("capture")
    found = status(pid)
    assert found["Uid"].split() == ["65534"] * 4 and found["Groups"].split() in ([], ["65534"])
    assert int(found["CapPrm"], 16) == int(found["CapEff"], 16) == 0 and found["NoNewPrivs"] == "1"
    assert all(stat.S_ISSOCK(os.stat("/proc/%d/fd/%s" % (pid, fd)).st_mode) or
               stat.S_ISFIFO(os.stat("/proc/%d/fd/%s" % (pid, fd)).st_mode) for fd in os.listdir("/proc/%d/fd" % pid))
    send([frames.plain(b"not wanted")] + packets)
    capture.printed(200)
    capture.interrupt(signal.SIGUSR1)
    capture.says(r"so far: read=200 printed=200 .*queue_drop=0")
    counts = stop_and_check(capture, packets)
    assert json.loads(summary.read_text()) == {
        **{name: value for name, value in counts.items() if name != "delivered"}, "printed": 200, "exit": 0}
    documents = capture.documents
    assert [document["espcap"]["ordinal"] for document in documents] == list(range(1, 201))
    assert len({document["espcap"]["capture"] for document in documents}) == 1
    assert re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", documents[0]["espcap"]["capture"])
    for document in documents:
        assert document["type"] == "pcap_live"
        assert not [key for key in document if key.startswith("file")]
        assert document["observer"]["name"] == socket.gethostname()
        assert document["observer"]["ingress"] == {"interface": {"name": "v0"}}
        assert abs(document["sniff_timestamp"] / 1000 - time.time()) < 60


def test_snaplen_count_and_immediate():
    packet = frames.udp(b"x" * 500)
    capture = Capture("--snaplen=64", "--count=3", "--immediate")
    send([packet] * 5)
    capture.wait()
    assert len(capture.documents) == 3 and capture.counts["read"] == 3
    for document in capture.documents:
        assert document["layers"]["frame"]["frame.cap_len"] == "64"
        assert document["layers"]["frame"]["frame.len"] == str(len(packet))


def test_any_and_duration():
    """Two kinds of interfaces in one capture, which ends by itself."""
    packets = numbered(20)
    began = time.monotonic()
    capture = Capture("--duration=6s", "--bpf=udp", nic="any")
    send(packets)
    with Inside(SENSOR), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"over loopback", ("127.0.0.1", 9))
    capture.wait()
    assert time.monotonic() - began >= 6
    found = capture.found()
    # What loopback has is seen on its way in only.
    assert found == payloads(packets) + collections.Counter([b"over loopback"])


def test_display_filter_and_lifetime():
    """Fresh tsharks go on where others end, and what is filtered is counted."""
    packets = numbered(100)
    other = [frames.plain(b"other %d" % number) for number in range(50)]
    capture = Capture("--tshark-lifetime=40", "--display-filter=udp", "--verbose")
    send([packet for pair in zip(packets, other + [None] * 50) for packet in pair if packet])
    capture.printed(100)
    capture.interrupt()
    capture.wait()
    assert capture.found() == payloads(packets)
    assert capture.messages.count("a fresh tshark takes over") == 3
    counts = capture.counts
    assert (counts["read"], counts["delivered"], counts["filtered"]) == (150, 100, 50)
    assert [document["frame_number"] for document in capture.documents] == \
        [2 * number + 1 for number in range(50)] + list(range(101, 151))


FORMS = ["ek", pytest.param("plugin", marks=needs_plugin)]


@pytest.mark.parametrize("how", FORMS)
def test_many_fresh_tsharks(how):
    """Over six handovers each packet has one document, and all that names a frame counts on."""
    packets = numbered(650)
    capture = Capture("--tshark-lifetime=100", "--verbose", "--dissection", how)
    for packet in packets:
        send([packet])
    capture.printed(650)
    stop_and_check(capture, packets)
    assert re.findall(r"a fresh tshark takes over after packet (\d+): the old one has had 100 packets", capture.messages) == \
        ["100", "200", "300", "400", "500", "600"]
    numbers = list(range(1, 651))
    assert [document["frame_number"] for document in capture.documents] == numbers
    assert [int(document["layers"]["frame"]["frame.number"]) for document in capture.documents] == numbers
    assert list(map(conserve.payload_of, capture.documents)) == [packet[42:] for packet in packets]


@pytest.mark.parametrize("how", FORMS)
def test_lean_documents(how):
    """Also behind a fresh tshark, which is told to leave out what the one before had."""
    packets = numbered(2500)
    capture = Capture("--dissection=" + how, "--tshark-lifetime=1000", "--fields=data.data,udp.srcport")
    for begin in range(0, len(packets), 500):
        send(packets[begin:begin + 500])
        capture.printed(begin + 500)
    stop_and_check(capture, packets)
    for document in capture.documents:
        assert set(document["layers"]) == {"transport"} and set(document["layers"]["transport"]) == {"data.data", "udp.srcport"}
        assert document["source"]["ip"] and document["network"]["community_id"]


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers a request when it is told to, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.set()
        self.server.answer.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


class Conversation:
    """A request to a real server, at the peer, and its answer when it is wanted."""

    def __enter__(self):
        with Inside(PEER):
            self.server = http.server.ThreadingHTTPServer((ADDRESSES["v1"], 0), Slow)
        self.server.asked, self.server.answer = threading.Event(), threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        with Inside(SENSOR):
            self.client = http.client.HTTPConnection(ADDRESSES["v1"], self.server.server_port, timeout=60)
            self.client.connect()
        return self

    def ask(self, path):
        self.server.asked.clear()
        self.client.request("GET", path)
        assert self.server.asked.wait(10)

    def hear(self):
        self.server.answer.set()
        assert self.client.getresponse().read() == b"hello"
        self.server.answer.clear()

    @property
    def decoding(self):
        return "--decode-as=tcp.port==%d,http" % self.server.server_port

    def __exit__(self, *_):
        self.client.close()
        self.server.answer.set()
        self.server.shutdown()
        self.server.server_close()


def dns_answer(number):
    """To frames.dns_query(number=number)."""
    payload = struct.pack("!HHHHHH", number, 0x8180, 1, 1, 0, 0) + b"\7example\0" + struct.pack("!HH", 1, 1) + \
        b"\xc0\x0c" + struct.pack("!HHIH4B", 1, 1, 60, 4, 10, 0, 0, 9)
    return frames.ip(struct.pack("!HHHH", 53, 40000, 8 + len(payload), 0) + payload, 17, 2, 1)


def find_document(documents, field):
    """The only one with this field of its application."""
    found = [document for document in documents if field in document["layers"].get("application", {})]
    assert len(found) == 1, (field, len(found))
    return found[0]


def across_a_handover(capture, conversation):
    """Requests, another tshark, their answers; returns the documents of each."""
    conversation.ask("/before")
    send([frames.dns_query(number=77)])
    capture.until(lambda: any("response" not in d["info"] and d.get("protocol") == "dns" for d in capture.documents),
                  "document of the query")
    while "a fresh tshark takes over" not in capture.messages:
        send([frames.plain(b"meanwhile")])
        time.sleep(0.02)
    conversation.hear()
    send([dns_answer(77)])
    capture.until(lambda: any("dns.a" in d["layers"].get("application", {}) for d in capture.documents),
                  "document of the answer")
    capture.interrupt()
    capture.wait()
    return capture.documents


@pytest.mark.parametrize("options", [
    ["--dissection=ek"], pytest.param(["--dissection=plugin"], marks=needs_plugin),
    pytest.param(["--dissection=plugin", "--display-filter=http or dns"], marks=needs_plugin),
    ["--dissection=ek", "--display-filter=http or dns"]])
def test_conversations_across_a_handover(options):
    """The fresh tshark knows the requests that the old one has seen."""
    with Conversation() as conversation:
        capture = Capture("--tshark-lifetime=60", "--verbose", conversation.decoding, *options)
        documents = across_a_handover(capture, conversation)
    request = find_document(documents, "http.request.uri")
    response = find_document(documents, "http.response.code")
    assert request["frame_number"] <= 60 < response["frame_number"]
    fields = response["layers"]["application"]
    assert fields["http.request_in"] == str(request["frame_number"])
    assert fields["http.response_for.uri"].endswith("/before")
    query = [document for document in documents if document["protocol"] == "dns"][0]
    answer = find_document(documents, "dns.a")
    assert answer["layers"]["application"]["dns.response_to"] == str(query["frame_number"])
    assert answer["frame_number"] > 60 and "dns.time" in answer["layers"]["application"]
    counts = capture.counts
    assert counts["read"] == counts["delivered"] + counts["filtered"] and counts["undissected"] == 0
    assert len({document["frame_number"] for document in documents}) == counts["delivered"]


def test_handover_for_its_memory():
    """Before it runs out of it: what it has to reassemble takes it near the least that --tshark-memory allows."""
    count = 30000
    begin = b"GET / HTTP/1.1\r\nX: "
    packets = [frames.tcp(begin + b"%08d" % number + b"." * 1300, 1024 + number) for number in range(count)]
    capture = Capture("--tshark-memory=384M", "--verbose", "--fields=frame.number")
    send(packets[:-1])
    capture.says(r"a fresh tshark takes over after packet \d+: the old one has had 3\d\d MiB of address space")
    send(packets[-1:])
    capture.printed(count)
    capture.interrupt()
    capture.wait()
    assert [document["frame_number"] for document in capture.documents] == list(range(1, count + 1))
    assert [int(document["layers"]["frame"]["frame.number"]) for document in capture.documents] == \
        list(range(1, count + 1))
    assert "ran out of the memory" not in capture.messages


def test_handover_after_a_time():
    """Not of a tshark that has had no packet: it is as fresh as any."""
    packets = numbered(40)
    capture = Capture("--tshark-lifetime=2s", "--verbose")
    time.sleep(3)
    for packet in packets[:-1]:
        send([packet])
        time.sleep(0.1)
    capture.says("a fresh tshark takes over after packet .* [2-5] s")
    send(packets[-1:])
    capture.printed(40)
    stop_and_check(capture, packets)
    assert not re.search("after packet 0:", capture.messages)


# Delivery.

class Delivering:
    """A fake server at the peer, or at the sensor itself."""

    def __init__(self, *faults, device="v1"):
        self.host = ADDRESSES[device]
        self.inside = Inside(PEER if device == "v1" else SENSOR)
        self.server = fake_server.Server(*faults, host=self.host)

    def __enter__(self):
        with self.inside:
            return self.server.__enter__()

    def __exit__(self, *what):
        return self.server.__exit__(*what)


def test_own_connections_are_not_captured(tmp_path):
    """100 packets while delivering over the same interface: 100 documents; without the filter each breeds more."""
    packets = numbered(100)
    with Delivering() as server:
        capture = Capture("--node", server.url, "--chunk=10", folder=tmp_path)
        for packet in packets[:50]:
            send([packet])
        capture.until(lambda: len(server.ledger) >= 50, "50 documents")
        send(packets[50:])
        time.sleep(3)
        capture.interrupt()
        capture.wait()
        assert collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger) == payloads(packets)
        assert capture.counts["read"] == capture.counts["delivered"] == 100 and server.violations == []
    with Delivering() as server:
        capture = Capture("--node", server.url, "--chunk=10", "--include-own-traffic", folder=tmp_path)
        send(packets[:1])
        capture.until(lambda: len(server.ledger) > 20, "own traffic")
        capture.interrupt()
        capture.wait()


@pytest.mark.parametrize("how", FORMS)
@pytest.mark.parametrize("where", ["server", "stdout"])
def test_quiet_line(how, where, tmp_path):
    """A packet now and then: each is a document within two seconds, by its own time."""
    with Delivering() as server:
        to = ["--node", server.url] if where == "server" else []
        capture = Capture("--dissection", how, *to, folder=tmp_path)
        arrived = server.ledger if to else capture.output
        late = []
        for number, packet in enumerate(numbered(3), 1):
            send([packet])
            capture.until(lambda: len(arrived) >= number, "document %d" % number)
            document = arrived[-1].document if to else capture.documents[-1]
            late.append(time.time() - document["sniff_timestamp"] / 1000)
            time.sleep(3)
        capture.interrupt()
        capture.wait()
        # The first one waits for tshark to start.
        assert max(late[1:]) < 2, late
        if to:
            assert [len(bulk.actions) for bulk in server.bulks] == [1, 1, 1]


def test_latency(tmp_path):
    """Documents wait for others as long as they are told to, and no longer."""
    with Delivering() as server:
        capture = Capture("--node", server.url, "--latency=4s", folder=tmp_path)
        packets = numbered(4)
        send(packets[:1])
        capture.until(lambda: len(server.ledger) == 1, "the document that waits for tshark to start")
        for packet in packets[1:]:
            send([packet])
            time.sleep(0.5)
        capture.until(lambda: len(server.ledger) == 4, "4 documents")
        late = time.time() - server.ledger[1].document["sniff_timestamp"] / 1000
        assert [len(bulk.actions) for bulk in server.bulks] == [1, 3] and 3.9 < late < 6, late
        capture.interrupt()
        capture.wait()


def test_full_bulks_and_ids(tmp_path):
    """A busy line fills the requests; ids are of the capture: the same packets again are other packets."""
    packets = numbered(1000)
    with Delivering() as server:
        for run in (1, 2):
            capture = Capture("--node", server.url, "--chunk=100", "--count=1000", folder=tmp_path)
            began, bulks = time.monotonic(), len(server.bulks)
            send(packets)
            capture.wait()
            # One is not full each time that a second has passed, and the last.
            most = 10 + time.monotonic() - began + 1
            assert len(server.bulks) - bulks <= most
            assert capture.counts["delivered"] == 1000 and len(server.ledger) == 1000 * run
        assert max(len(bulk.actions) for bulk in server.bulks) == 100
        assert len({entry.id for entry in server.ledger}) == 2000


# Bounds.

def test_slow_output_drops_are_counted():
    """Nobody reads the documents: the queue fills, what does not fit is dropped and counted, and nothing else is lost."""
    total = 12000
    packets = [frames.udp(b"%08d" % number + b"." * 1000) for number in range(total)]
    capture = Capture("--queue=1M", read=False)
    send(packets)
    capture.says(r"the queue of 1M is full: packets are dropped, \d+ so far \(--queue\)")
    capture.threads[1].start()
    capture.interrupt()
    capture.wait()
    counts = capture.counts
    assert counts["queue_drop"] > 0 and counts["unsent"] == 0
    assert counts["read"] + counts["kernel_drop"] == total
    found = [conserve.payload_of(document) for document in capture.documents]
    assert len(found) == len(set(found)) == counts["delivered"] > 500
    assert found == sorted(found)


def test_kernel_drops_are_counted():
    """A flood into a small buffer of the kernel while the process that captures does not run."""
    total = 3000
    capture = Capture("--buffer=64K", "--bpf=udp")
    pid = capture.find("capture")
    espcap.stop(pid)
    send([frames.udp(b"%08d" % number + b"." * 1000) for number in range(total)])
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)
    capture.interrupt()
    capture.wait()
    counts = capture.counts
    assert counts["kernel_drop"] > 0 and counts["read"] == counts["delivered"] == len(capture.documents)
    assert counts["read"] + counts["kernel_drop"] == total


# The interface, and who is killed.

def test_interface_lost():
    packets = numbered(5)
    capture = Capture()
    send(packets)
    ip("link", "set", "v0", "down", namespace=SENSOR)
    capture.wait(4)
    assert "v0 is down" in capture.messages
    assert capture.counts["delivered"] == 5 and capture.found() == payloads(packets)
    ip("link", "set", "v0", "up", namespace=SENSOR)


def test_interface_waited_for():
    """Down and up, renamed, removed and made anew: said, and packets are captured whenever it is there."""
    packets = numbered(4)
    try:
        capture = Capture("--on-interface-loss=wait")
        send(packets[:1])
        ip("link", "set", "v0", "down", namespace=SENSOR)
        capture.says("v0 is down; waiting for it")
        ip("link", "set", "v0", "up", namespace=SENSOR)
        capture.says("v0 is up again")
        send(packets[1:2])
        ip("link", "set", "v0", "down", namespace=SENSOR)
        ip("link", "set", "v0", "name", "w0", namespace=SENSOR)
        ip("link", "set", "w0", "up", namespace=SENSOR)
        capture.says("v0 was renamed to w0")
        time.sleep(0.5)
        send(packets[2:3])
        capture.printed(3)
        ip("link", "del", "w0", namespace=SENSOR)
        capture.says("w0 was removed; waiting for it")
        make_veth()
        capture.until(lambda: capture.messages.count(" is up again") >= 2 and "w0 was renamed to v0" in capture.messages,
                      "return of v0")
        send(packets[3:])
        capture.printed(4)
        stop_and_check(capture, packets)
    finally:
        for namespace, name in ((SENSOR, "v0"), (SENSOR, "w0")):
            subprocess.run(["ip", "-n", namespace, "link", "del", name], capture_output=True, check=False)
        make_veth()


def test_espcap_killed():
    capture = Capture()
    # tshark has no network, so it is not in the namespace.
    others = capture.children()
    assert {capture.find("capture"), capture.find("tshark")} < set(others)
    capture.interrupt(signal.SIGKILL)
    capture.process.wait(10)
    end = time.monotonic() + 5
    while any(map(espcap.is_running, others + pids(SENSOR))) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(espcap.is_running, others + pids(SENSOR)))


def test_capture_process_killed():
    packets = numbered(50)
    capture = Capture()
    send(packets)
    capture.printed(50)
    os.kill(capture.find("capture"), signal.SIGKILL)
    capture.wait(4)
    assert "the capture process was killed" in capture.messages
    assert "cut short" not in capture.messages
    assert capture.found() == payloads(packets) and capture.counts["read"] == 50
    assert pids(SENSOR) == []


@pytest.mark.parametrize("how", ["ek", pytest.param("plugin", marks=needs_plugin)])
def test_tshark_killed(how):
    """In the middle of a busy line: another takes over, and what was lost is counted; with the plugin it is tried again."""
    packets = numbered(1500)
    capture = Capture("--dissection", how)
    sender = threading.Thread(target=send, args=(packets,))
    sender.start()
    capture.printed(200)
    os.kill(capture.find("tshark"), signal.SIGKILL)
    sender.join()
    capture.until(lambda: len(capture.output) > 1490, "documents of another tshark")
    capture.interrupt()
    capture.wait(4 if how == "ek" else 0)
    counts = capture.counts
    assert counts["read"] == 1500 and counts["undissected"] == (1 if how == "ek" else 0)
    assert counts["delivered"] == 1500 - counts["undissected"] == len(capture.documents)
    assert not capture.found() - payloads(packets)
    numbers = [document["frame_number"] for document in capture.documents]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 1500
    assert ("tshark failed on packet" if how == "ek" else "; continuing without it") in capture.messages


def test_tshark_out_of_memory(fake):
    """A fresh one goes on behind the packets that have their documents, as at the end of its time."""
    packets = numbered(10)
    fake.behave(fakes.RUNS_OUT_BEHIND % 3)
    capture = Capture("--tshark", fake.path)
    send(packets)
    capture.printed(10)
    counts = stop_and_check(capture, packets)
    assert counts["undissected"] == 0
    for behind in (3, 6, 9):
        assert "--tshark-memory); a fresh one takes over after packet %d\n" % behind in capture.messages
    assert [document["frame_number"] for document in capture.documents] == list(range(1, 11))


def test_tshark_that_never_has_the_memory(fake):
    """However fresh, it fails on its first packet: after ten failures in a minute it is over."""
    fake.behave(fakes.RUNS_OUT_BEHIND % 0)
    capture = Capture("--tshark", fake.path)
    send(numbered(20))
    capture.wait(4)
    assert capture.messages.count("continuing after it") + capture.messages.count("a fresh one takes over") == 10
    assert capture.counts["read"] == capture.counts["undissected"] > 5


@needs_plugin
def test_plugin_fails(fake):
    """It goes on without the plugin, with the packets that were not finished; a fresh one has it again."""
    packets = numbered(20)
    fake.behave("""
if any(word.startswith("espcap,flush") for word in words):
    got = b""
    while len(got) <= 24:
        got += os.read(0, 65536)
    die(signal.SIGSEGV)
for line in real():
    say(line)
""")
    fake.knows_plugin()
    capture = Capture("--tshark", fake.path, fakes.FREE, "--tshark-lifetime=8")
    send(packets)
    capture.printed(20)
    counts = stop_and_check(capture, packets)
    assert counts["undissected"] == 0
    assert len(re.findall(r"tshark failed with the plugin \(.*\); continuing without it", capture.messages)) == 3
    assert [document["frame_number"] for document in capture.documents] == list(range(1, 21))
