# SPDX-License-Identifier: BSD-2-Clause
"""Live capture on several interfaces at the same time: each packet is in one document or one counter, of its interface."""

import collections
import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

import conserve
import espcap
import exposition
import fake_faults as faults
import fake_server
import frames
from sensing import (  # noqa: F401 (line is a fixture)
    ADDRESSES, Capture, Inside, MACS, PARTS, PEER, SENSOR, ip, line, needs_namespaces, numbered, payloads, pids, send, status)
from test_live_links import Tunnel
from test_ring import blocks_of, options_of
from test_spool import big, public_folder  # noqa: F401 (the second is a fixture)

pytestmark = needs_namespaces

# Beside v0 and v1.
WIRES = (("v2", "v3"), ("v4", "v5"))
FAR_END = {"v0": "v1", **dict(WIRES)}
PART = re.compile(r"^espcap: (?P<name>v\d|br0|lo|tun7): (?P<counts>read=.*)$")


def make_wire(near, far):
    ip("link", "add", near, "netns", SENSOR, "type", "veth", "peer", "name", far, "netns", PEER)
    for namespace, name in ((SENSOR, near), (PEER, far)):
        ip("link", "set", name, "addrgenmode", "none", "up", namespace=namespace)


@pytest.fixture(scope="module", autouse=True)
def wires(line):  # noqa: F811 (the fixture makes the namespaces)
    for near, far in WIRES:
        make_wire(near, far)


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Of a test that failed."""
    yield
    for pid in pids(SENSOR):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start(*interfaces, options=(), **keywords):
    """A capture on these; with a tshark for each, and all of them ready."""
    more = [word for name in interfaces[1:] for word in ("-i", name)]
    capture = Capture(*more, *options, nic=interfaces[0], **keywords)
    if keywords.get("start", True) and keywords.get("ready", True):
        capture.until(lambda: len(tsharks(capture)) == len(interfaces), "a tshark for each interface")
    return capture


def tsharks(capture):
    found = []
    for pid in capture.children():
        with contextlib.suppress(OSError), open("/proc/%d/comm" % pid, encoding="ascii") as comm, \
                open("/proc/%d/cmdline" % pid, "rb") as arguments:
            if comm.read().strip() == "tshark" and re.search(rb"\0(-l|espcap,flush.*)\0", arguments.read()):
                found.append(pid)
    return found


def capture_processes(capture):
    """In the order of the interfaces."""
    found = []
    for pid in capture.children():
        with contextlib.suppress(OSError), open("/proc/%d/comm" % pid, encoding="ascii") as comm:
            known = status(pid)
            if comm.read().strip() != "tshark" and known["Uid"].split()[0] != "0" and known["NSsid"] != known["NSpid"]:
                found.append(pid)
    return sorted(found)


def interface_of(document):
    return document["observer"]["ingress"]["interface"]["name"]


def by_interface(documents):
    found = collections.defaultdict(list)
    for document in documents:
        found[interface_of(document)].append(document)
    return found


def numbers_of(text):
    return {name: int(value) for name, value in (word.split("=") for word in text.split())}


def parts_of(capture):
    """The counts of each interface, as the lines before the final one say them; their sums are in the final line."""
    parts = {}
    for _, text in capture.errors:
        match = PART.match(text)
        if match:
            parts[match["name"]] = numbers_of(match["counts"])
    total = numbers_of(capture.errors[-1][1][len("espcap: "):])
    for part in parts.values():
        assert part["read"] == sum(part.get(name, part.get("printed", part.get("indexed"))) for name in PARTS), part
        assert part["dropped"] == part["queue_drop"]
    for name in next(iter(parts.values())):
        assert total[name] == sum(part[name] for part in parts.values()), name
    return parts


def ended(capture, code=0):
    """Interrupts it; returns its counts by interface."""
    capture.interrupt()
    capture.wait(code)
    return parts_of(capture)


def check_documents(documents, packets):
    """The documents of one capture: each packet once, in order, numbered from 1."""
    assert [conserve.payload_of(document) for document in documents] == [packet[42:] for packet in packets]
    assert [document["espcap"]["ordinal"] for document in documents] == list(range(1, len(packets) + 1))
    assert len({document["espcap"]["capture"] for document in documents}) == 1


class Tcpdump:
    """What another program sees on an interface meanwhile: how many packets."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", SENSOR, "tcpdump", "-p", "--immediate-mode", "-B", "65536", "-i", name,
             "-w", "/dev/null"],
            stderr=subprocess.PIPE)
        while b"listening on" not in self.process.stderr.readline():
            pass

    def count(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=20)[1].decode()
        assert re.search(r"^0 packets dropped by kernel", said, re.MULTILINE), said
        return int(re.search(r"^(\d+) packets? captured", said, re.MULTILINE)[1])


# What comes out.

@pytest.mark.parametrize("interfaces", [("v0", "v2"), ("v4", "v0", "v2")])
def test_each_interface_by_itself(interfaces, public):
    """Documents, numbers, ids, sums and metrics of each; as many as tcpdump counts there."""
    summary, metrics = public / "summary.json", public / "x.prom"
    watchers = {name: Tcpdump(name) for name in interfaces}
    capture = start(*interfaces, options=["--summary-json", str(summary), "--metrics", str(metrics)])
    packets = {name: numbered(200 + 100 * place, seed=place) for place, name in enumerate(interfaces)}
    senders = [threading.Thread(target=send, args=(packets[name], FAR_END[name])) for name in interfaces]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    total = sum(map(len, packets.values()))
    capture.printed(total)
    capture.interrupt(signal.SIGUSR1)
    capture.says(r"so far: read=%d printed=%d " % (total, total))
    for name in interfaces:
        capture.says(r"so far on %s: read=%d printed=%d .*unsent=0" % (name, len(packets[name]), len(packets[name])))
    parts = ended(capture)
    seen = {name: watcher.count() for name, watcher in watchers.items()}
    found = by_interface(capture.documents)
    assert list(parts) == list(interfaces) and set(found) == set(interfaces)
    assert capture.counts["read"] == total
    for name in interfaces:
        check_documents(found[name], packets[name])
        assert parts[name]["read"] == parts[name]["printed"] == len(packets[name]) == seen[name]
        assert not any(value for key, value in parts[name].items() if key not in ("read", "printed"))
    assert len({document["espcap"]["capture"] for document in capture.documents}) == len(interfaces)
    written = json.loads(summary.read_text())
    assert written["read"] == total and written["exit"] == 0
    assert {part.pop("name"): part for part in written["interfaces"]} == parts
    values = exposition.read(str(metrics))
    whole = ",".join(interfaces)
    assert values("espcap_running", interface=whole) == 0 and values("espcap_exit_status", interface=whole) == 0
    assert values("espcap_packets_pending", interface=whole) == 0
    for name in interfaces:
        assert values("espcap_packets_read_total", interface=name) == len(packets[name])
        assert values("espcap_packets_total", interface=name, outcome="printed", fate="printed") == len(packets[name])
        assert values("espcap_capture_drops_total", interface=name, cause="kernel") == 0
        assert values("espcap_tsharks_started_total", interface=name) == 1


def test_processes_and_rights(public):
    """A capture process and a tshark each, none of which has any right; memory of each while it runs."""
    metrics = public / "x.prom"
    capture = start("v0", "v2", "v4", options=["--metrics", str(metrics)])
    # A tshark that has just been forked is none yet.
    capture.until(lambda: len(capture_processes(capture)) == len(tsharks(capture)) == 3, "three of each")
    processes = capture_processes(capture)
    for pid in processes + tsharks(capture):
        found = status(pid)
        assert "0" not in found["Uid"].split() and int(found["CapPrm"], 16) == 0 and found["NoNewPrivs"] == "1"
    capture.until(lambda: 'interface="v4",process="capture"' in metrics.read_text(), "metrics", 40)
    values = exposition.read(str(metrics))
    for name in ("v0", "v2", "v4"):
        assert values("espcap_resident_memory_bytes", interface=name, process="capture") > 1 << 19
        assert values("espcap_queue_limit_bytes", interface=name, queue="capture") == 64 << 20
    assert values("espcap_resident_memory_bytes", interface="v0,v2,v4", process="espcap") > 1 << 19
    ended(capture)
    assert pids(SENSOR) == []


@contextlib.contextmanager
def bridge():
    """br0 of the sensor in place of v0, which is its port: what v0 gets, br0 sees, too."""
    mac = MACS["v1"]
    ip("addr", "flush", "dev", "v0", namespace=SENSOR)
    ip("link", "add", "br0", "address", MACS["v0"], "type", "bridge", "mcast_snooping", "0", namespace=SENSOR)
    ip("link", "set", "v0", "master", "br0", namespace=SENSOR)
    ip("link", "set", "br0", "addrgenmode", "none", "up", namespace=SENSOR)
    ip("addr", "add", ADDRESSES["v0"] + "/24", "dev", "br0", namespace=SENSOR)
    ip("neigh", "replace", ADDRESSES["v1"], "lladdr", mac, "dev", "br0", namespace=SENSOR)
    try:
        yield
    finally:
        ip("link", "del", "br0", namespace=SENSOR)
        ip("addr", "add", ADDRESSES["v0"] + "/24", "dev", "v0", namespace=SENSOR)
        ip("neigh", "replace", ADDRESSES["v1"], "lladdr", mac, "dev", "v0", namespace=SENSOR)


def to_all(packet):
    """A bridge gives its own interface what is for a group."""
    return b"\x01\0\x5e\0\0\x01" + packet[6:]


def test_the_same_packets_on_two_interfaces():
    """One tshark would take each second one for a retransmission."""
    packets = [to_all(frames.tcp(b"number %04d" % number, 40000, 9999, 1 + 11 * number)) for number in range(50)]
    with bridge():
        capture = start("br0", "v0", options=["--bpf=tcp"])
        send(packets)
        capture.printed(100)
        parts = ended(capture)
    assert parts["br0"]["read"] == parts["v0"]["read"] == 50
    found = by_interface(capture.documents)
    for name in ("br0", "v0"):
        assert not [document for document in found[name] if "etransmission" in json.dumps(document)]
        assert [document["espcap"]["ordinal"] for document in found[name]] == list(range(1, 51))
        assert [document["layers"]["transport"]["tcp.seq_raw"] for document in found[name]] == \
            [str(1 + 11 * number) for number in range(50)]


def test_ids_and_own_traffic(tmp_path):
    """The same packets on two interfaces are documents with ids of their own; the delivery is captured on neither."""
    packets = [to_all(packet) for packet in numbered(100)]
    with bridge():
        with Inside(PEER):
            server = fake_server.Server(host=ADDRESSES["v1"])
            server.start()
        try:
            capture = start("br0", "v0", options=["--node", server.url, "--chunk=10"], folder=tmp_path)
            send(packets[:50])
            capture.until(lambda: len(server.ledger) >= 100, "100 documents")
            send(packets[50:])
            capture.until(lambda: len(server.ledger) >= 200, "200 documents")
            time.sleep(2)
            parts = ended(capture)
        finally:
            server.stop()
    assert server.violations == [] and len(server.ledger) == len({entry.id for entry in server.ledger}) == 200
    found = by_interface([entry.document for entry in server.ledger])
    for name in ("br0", "v0"):
        assert collections.Counter(map(conserve.payload_of, found[name])) == payloads(packets)
        assert parts[name]["read"] == parts[name]["indexed"] == 100


def test_what_the_server_says_of_each(tmp_path):
    """Some documents are rejected: each is counted for its interface, and in the dead letter file."""
    with Inside(PEER):
        server = fake_server.Server(
            faults.Items(400, "mapper_parsing_exception", "failed to parse", every=7, times=1000),
            host=ADDRESSES["v1"])
        server.start()
    try:
        capture = start("v2", "v4", options=["--node", server.url, "--chunk=50", "--latency=1s"], folder=tmp_path)
        send(numbered(200), "v3")
        send(numbered(100), "v5")
        capture.until(lambda: server.ledger, "a document")
        time.sleep(2)
        parts = ended(capture, 6)
    finally:
        server.stop()
    with open(tmp_path / "espcap-dead-letter.ndjson", encoding="utf-8") as source:
        rejected = by_interface([json.loads(entry)["document"] for entry in source])
    indexed = by_interface([entry.document for entry in server.ledger])
    for name, count in (("v2", 200), ("v4", 100)):
        assert parts[name]["read"] == count and parts[name]["unsent"] == 0
        assert parts[name]["rejected"] == len(rejected[name]) > 0
        assert parts[name]["indexed"] + parts[name]["duplicate"] == len(indexed[name]) == count - len(rejected[name])
    assert capture.counts["rejected"] == len(rejected["v2"]) + len(rejected["v4"])


def test_duplicates_of_each(tmp_path):
    """The answer to a request is lost: what it had indexed is there when it is sent again."""
    with Inside(PEER):
        server = fake_server.Server(faults.DropReply(), host=ADDRESSES["v1"])
        server.start()
    try:
        capture = start("v2", "v4", options=["--node", server.url, "--chunk=500", "--latency=2s"], folder=tmp_path)
        send(numbered(20), "v3")
        capture.until(lambda: len(server.ledger) >= 20, "documents of v2")
        send(numbered(10), "v5")
        capture.until(lambda: len(server.ledger) >= 30, "documents of v4")
        time.sleep(1)
        parts = ended(capture)
    finally:
        server.stop()
    assert parts["v2"]["duplicate"] > 0 == parts["v4"]["duplicate"]
    assert parts["v2"]["duplicate"] + parts["v2"]["indexed"] == 20 and parts["v4"]["indexed"] == 10
    assert capture.counts["duplicate"] == parts["v2"]["duplicate"] and capture.counts["retries"] > 0


def test_text_lines_name_the_interface():
    capture = start("v0", "v2", options=["--output=text"])
    send(numbered(3))
    send(numbered(2), FAR_END["v2"])
    capture.printed(5)
    ended(capture)
    words = [text.split()[:2] for _, text in capture.output]
    assert sorted(words) == [["1", "v0"], ["1", "v2"], ["2", "v0"], ["2", "v2"], ["3", "v0"]]


# When it ends.

def test_count_over_all():
    """So many packets, however they come, and no process goes on: also with an interface on which nothing comes."""
    count = 1000
    capture = start("v0", "v2", "v4", options=["--count=%d" % count])
    packets = {name: numbered(2000, seed) for seed, name in enumerate(("v0", "v2"))}
    for first in range(0, 2000, 100):
        for name, sent in packets.items():
            send(sent[first:first + 100], FAR_END[name])
        time.sleep(0.05)
    capture.wait()
    parts = parts_of(capture)
    assert capture.counts["read"] == capture.counts["delivered"] == len(capture.documents) == count
    assert parts["v4"]["read"] == 0 and parts["v0"]["read"] > 0 < parts["v2"]["read"]
    found = by_interface(capture.documents)
    for name in packets:
        check_documents(found[name], packets[name][:parts[name]["read"]])


def test_count_of_a_few():
    """One at a time, by turns."""
    capture = start("v0", "v2", options=["--count=5", "--immediate"])
    packets = numbered(5)
    for packet, device in zip(packets, itertools.cycle(("v1", "v3"))):
        send([packet], device)
        time.sleep(0.1)
    capture.wait()
    parts = parts_of(capture)
    assert (parts["v0"]["read"], parts["v2"]["read"]) == (3, 2)
    assert collections.Counter(map(conserve.payload_of, capture.documents)) == payloads(packets)


def test_duration_of_all():
    began = time.monotonic()
    capture = start("v0", "v2", options=["--duration=6s"])
    send(numbered(5))
    send(numbered(7), "v3")
    capture.wait()
    assert 6 <= time.monotonic() - began < 20
    assert {name: part["read"] for name, part in parts_of(capture).items()} == {"v0": 5, "v2": 7}


def test_two_signals():
    """Nobody reads the documents: the second signal ends it, and what is unsent is counted by interface."""
    capture = start("v0", "v2", options=["--queue=4M"], read=False)
    send(big(1500))
    send(big(1000), "v3")
    time.sleep(1)
    capture.interrupt()
    capture.says("a second signal ends at once")
    capture.interrupt()
    capture.wait(-signal.SIGINT)
    parts = parts_of(capture)
    assert parts["v0"]["read"] == 1500 and parts["v2"]["read"] == 1000
    assert parts["v0"]["unsent"] > 0 < parts["v2"]["unsent"]
    assert pids(SENSOR) == []


# An interface that is lost.

def test_one_is_lost():
    """The others go on; the exit status and a message say so."""
    capture = start("v0", "v2", "v4")
    send(numbered(10), "v3")
    ip("link", "set", "v2", "down", namespace=SENSOR)
    try:
        capture.says(r"espcap: v2 is down; what was captured there is still delivered")
        send(numbered(20))
        send(numbered(30), "v5")
        capture.printed(60)
        time.sleep(0.5)
        assert capture.process.poll() is None and len(capture_processes(capture)) == 2
        parts = ended(capture, 4)
    finally:
        ip("link", "set", "v2", "up", namespace=SENSOR)
    assert {name: part["printed"] for name, part in parts.items()} == {"v0": 20, "v2": 10, "v4": 30}
    assert capture.messages.count("still delivered") == 1


def test_all_are_lost():
    """Then there is nothing to wait for."""
    capture = start("v2", "v4")
    send(numbered(10), "v3")
    for number, name in enumerate(("v2", "v4")):
        ip("link", "set", name, "down", namespace=SENSOR)
        capture.says("%s is down" % name)
        assert number or capture.process.poll() is None
    try:
        capture.wait(4)
    finally:
        for name in ("v2", "v4"):
            ip("link", "set", name, "up", namespace=SENSOR)
    assert parts_of(capture)["v2"]["printed"] == 10 and pids(SENSOR) == []


def test_one_is_removed_and_waited_for():
    capture = start("v0", "v2", options=["--on-interface-loss=wait"])
    try:
        ip("link", "del", "v2", namespace=SENSOR)
        capture.says("v2 was removed; waiting for it")
        send(numbered(20))
        capture.printed(20)
    finally:
        make_wire("v2", "v3")
    capture.says("v2 is up again")
    send(numbered(5), "v3")
    capture.printed(25)
    parts = ended(capture)
    assert {name: part["printed"] for name, part in parts.items()} == {"v0": 20, "v2": 5}


def test_a_capture_process_is_killed():
    """With a share of --count, which the others fill."""
    capture = start("v0", "v2", options=["--count=100"])
    send(numbered(30), "v3")
    capture.printed(30)
    os.kill(capture_processes(capture)[1], signal.SIGKILL)
    capture.says(r"v2: the capture process was killed; what was captured there is still delivered")
    send(numbered(100))
    capture.wait(4)
    parts = parts_of(capture)
    assert (parts["v0"]["printed"], parts["v2"]["printed"]) == (70, 30)


def test_a_tshark_is_killed():
    """One packet of its interface is not dissected; the other does not notice."""
    capture = start("v0", "v2", options=["--dissection=ek"])
    send(numbered(20))
    send(numbered(20), "v3")
    capture.printed(40)
    pid = tsharks(capture)[0]
    # It has packets without documents when it is killed.
    espcap.stop(pid)
    send(numbered(10))
    send(numbered(10), "v3")
    capture.printed(50)
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    capture.printed(59)
    parts = ended(capture, 4)
    failed = re.search(r"espcap: (v[02]): tshark failed on packet 21 ", capture.messages)[1]
    for name, part in parts.items():
        assert part["undissected"] == (name == failed) and part["printed"] == 30 - (name == failed)


# What cannot begin.

@pytest.mark.parametrize("words, text", [
    (("v0", "v2", "v0"), "--nic=v0 was given twice: give each interface once"),
    (("v0", "any"), "--nic=any captures on all interfaces: give no other --nic"),
    (("v0,v2",), " (give --nic for each interface)"),
    (("v0", "v9"), "--nic=v9: no such network interface; this machine has ")])
def test_usage(words, text):
    capture = start(*words, start=False)
    capture.wait(2)
    assert text in capture.messages and "capturing on" not in capture.messages
    assert pids(SENSOR) == []


def test_one_that_is_down():
    ip("link", "set", "v4", "down", namespace=SENSOR)
    try:
        capture = start("v0", "v4", start=False)
        capture.wait(3)
    finally:
        ip("link", "set", "v4", "up", namespace=SENSOR)
    assert "--nic=v4: the interface is down" in capture.messages and pids(SENSOR) == []


def test_link_types():
    """A filter is compiled for each; one that has no meaning on the packets of a tunnel names the tunnel."""
    with Tunnel() as tunnel:
        capture = start("v0", "tun7", options=["--bpf=udp"])
        packets = numbered(20)
        tunnel.send(packets)
        send(packets)
        send([frames.plain(b"not wanted")])
        capture.printed(40)
        parts = ended(capture)
        found = by_interface(capture.documents)
        for name in ("v0", "tun7"):
            assert collections.Counter(map(conserve.payload_of, found[name])) == payloads(packets)
            assert parts[name]["read"] == 20
        assert all("eth.src" in document["layers"]["link"] for document in found["v0"])
        assert not any("eth.src" in document["layers"].get("link", {}) for document in found["tun7"])
        capture = start("v0", "tun7", options=["--bpf=ether broadcast"], start=False)
        capture.wait(2)
        assert re.search(r"^espcap: --nic=tun7: --bpf=ether broadcast: ", capture.messages, re.MULTILINE)
        assert pids(SENSOR) == []


# Bounds.

def ring_of(folder, name):
    """The packets, numbers and captures in the files of an interface."""
    packets, numbers, about = [], [], set()
    for path in sorted(folder.glob("espcap-%s-*.pcapng" % name)):
        for kind, body in blocks_of(path.read_bytes()):
            if kind == 0x0A0D0D0A:
                about.add(options_of(body[16:])[1].decode())
            if kind == 1:
                assert options_of(body[8:])[2] == name.encode()
            if kind == 6:
                size = int.from_bytes(body[12:16], "little")
                packets.append(body[20:20 + size])
                numbers.append(int.from_bytes(options_of(body[20 + (size + 3) // 4 * 4:])[5], "little"))
    return packets, numbers, about


def test_ring_of_each(tmp_path):
    """In one folder: files of its own, each within the bound."""
    folder = tmp_path / "ring"
    capture = start("v0", "v2", options=["--ring", str(folder), "--ring-size=1M"])
    packets = {"v0": big(300), "v2": numbered(200)}
    for name, sent in packets.items():
        send(sent, FAR_END[name])
    capture.printed(500)
    ended(capture)
    found = by_interface(capture.documents)
    assert {path.name.split("-")[1] for path in folder.iterdir()} == {"v0", "v2"}
    for name, sent in packets.items():
        assert ring_of(folder, name) == (
            sent, list(range(1, len(sent) + 1)), {"espcap.capture: " + found[name][0]["espcap"]["capture"]})
    # The oldest files of one make room for the newest of that one.
    capture = start("v0", "v2", options=["--ring", str(folder), "--ring-size=1M"])
    send(big(1500))
    capture.printed(1500)
    ended(capture)
    sizes = {name: sum(path.stat().st_size for path in folder.glob("espcap-%s-*" % name)) for name in packets}
    assert sizes["v0"] <= 1 << 20 and ring_of(folder, "v0")[0][-1] == big(1500)[-1]
    assert ring_of(folder, "v2")[0] == packets["v2"]


def test_spool_of_each(tmp_path):
    """Nobody reads the documents for a while: what waits of each is on disk, and all of it comes in order."""
    capture = start("v0", "v2", options=["--queue=1M", "--spool", str(tmp_path)], read=False)
    packets = {"v0": big(5000), "v2": big(4000)}
    for name, sent in packets.items():
        send(sent, FAR_END[name])
        capture.says(r"%s: the queue of 1M is full: packets wait in the spool in " % name)
    capture.threads[1].start()
    capture.printed(9000)
    parts = ended(capture)
    found = by_interface(capture.documents)
    for name, sent in packets.items():
        check_documents(found[name], sent)
        assert parts[name]["read"] == parts[name]["printed"] == len(sent) and parts[name]["kernel_drop"] == 0
    assert not list(tmp_path.iterdir())


def test_drops_are_those_of_the_interface():
    """A flood on one: the queue and the kernel's buffer of the other are not concerned."""
    total = 9000
    capture = start("v0", "v2", options=["--queue=1M"], read=False)
    send(big(total))
    capture.says(r"v0: the queue of 1M is full: packets are dropped, \d+ so far")
    send(numbered(100), "v3")
    time.sleep(0.5)
    capture.threads[1].start()
    parts = ended(capture)
    assert parts["v0"]["read"] == total and parts["v0"]["queue_drop"] > 0
    assert parts["v2"]["read"] == parts["v2"]["printed"] == 100
    assert capture.counts["queue_drop"] == parts["v0"]["queue_drop"]


def test_kernel_drops_of_each():
    total = 3000
    capture = start("v0", "v2", options=["--buffer=64K", "--bpf=udp"])
    pid = capture_processes(capture)[1]
    espcap.stop(pid)
    send(big(total), "v3")
    send(numbered(50))
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)
    parts = ended(capture)
    assert parts["v0"]["kernel_drop"] == 0 and parts["v0"]["read"] == 50
    assert parts["v2"]["kernel_drop"] > 0 and parts["v2"]["read"] + parts["v2"]["kernel_drop"] == total


def test_a_busy_interface_leaves_room_for_another():
    """The output is slower than what comes on v0; what comes on v2 must not wait until that has ended."""
    capture = start("v0", "v2", options=["--queue=64M"], read=False)
    send(big(15000))
    time.sleep(1)
    send(numbered(20), "v3")
    lines = []
    # As a slow reader: some at a time.
    while sum(b'"name":"v2"' in entry for entry in lines) < 20:
        lines.append(capture.process.stdout.readline())
        assert len(lines) < 9000, "documents of v2 wait behind those of v0"
        if len(lines) % 100 == 0:
            time.sleep(0.01)
    capture.threads[1].start()
    ended(capture)


def test_fresh_tsharks_of_each():
    capture = start("v0", "v2", options=["--tshark-lifetime=40", "--verbose"])
    packets = {"v0": numbered(100), "v2": numbered(50)}
    for first, second in itertools.zip_longest(packets["v0"], packets["v2"]):
        send([first])
        if second:
            send([second], "v3")
    capture.printed(150)
    parts = ended(capture)
    found = by_interface(capture.documents)
    for name, sent in packets.items():
        check_documents(found[name], sent)
        assert parts[name]["printed"] == len(sent)
    handovers = re.findall(r"(v\d): a fresh tshark takes over after packet (\d+)", capture.messages)
    assert sorted(handovers) == [("v0", "40"), ("v0", "80"), ("v2", "40")]
