# SPDX-License-Identifier: BSD-2-Clause
"""The captures of espcapd in network namespaces, driven by captures_driver.c: limits to the packet, contents, rights, ends.

By hand: tests/system/captures_bench.py, what 50 captures and 50 tcpdumps cost.
"""

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import espcap
import frames
import sensing
from sensing import PEER, SENSOR, ip, line, needs_namespaces, numbered, send, status  # noqa: F401 (line: a fixture)
from test_live_links import Tunnel

pytestmark = needs_namespaces

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = "tests/system/captures_driver"
# What the tests wait for a process that has nothing to wait for.
PATIENCE = 20
NET_RAW = 1 << 13
END = re.compile(
    r"end (?P<number>\d+) id=(?P<id>\S+) interface=(?P<interface>\S+) stop=(?P<stop>\S+) packets=(?P<packets>\d+)"
    r" bytes=(?P<bytes>\d+) kernel_drop=(?P<kernel_drop>\d+) interface_drop=(?P<interface_drop>\d+) first=(?P<first>-?\d+)"
    r" last=(?P<last>-?\d+) linktype=(?P<linktype>\d+) snaplen=(?P<snaplen>\d+) seals=(?P<seals>\d+) file=(?P<file>\S+)$")
ALL_SEALS = 15


@pytest.fixture(scope="module", autouse=True)
def driver():
    made = subprocess.run(["make", "-s", DRIVER], cwd=BUILD, capture_output=True, text=True)
    if "No rule" in made.stderr:
        pytest.skip("espcapd is not built")
    assert made.returncode == 0, made.stderr


class End:
    """What was told of a capture at its end, and its file."""

    def __init__(self, text, folder):
        match = END.match(text)
        assert match, text
        for name, value in match.groupdict().items():
            setattr(self, name, value if name in ("id", "interface", "stop", "file") else int(value))
        with open(os.path.join(folder, self.file), "rb") as source:
            self.content = source.read()
        assert self.seals == ALL_SEALS
        assert self.bytes == len(self.content)

    @property
    def records(self):
        """(time in microseconds, captured bytes, length) of each; what was told must be what is there."""
        assert struct.unpack_from("=IHH", self.content) == (0xa1b2c3d4, 2, 4)
        assert struct.unpack_from("=II", self.content, 16) == (self.snaplen, self.linktype)
        records, at = [], 24
        while at < len(self.content):
            second, micro, caplen, wirelen = struct.unpack_from("=IIII", self.content, at)
            records.append((second * 1000000 + micro, self.content[at + 16:at + 16 + caplen], wirelen))
            at += 16 + caplen
        assert at == len(self.content) and len(records) == self.packets
        if records:
            assert (records[0][0], records[-1][0]) == (self.first // 1000, self.last // 1000)
        return records

    @property
    def data(self):
        return [data for _, data, _ in self.records]


class Driver:
    """A running driver: what it has told."""

    def __init__(self, folder, *interfaces, options=(), namespace=SENSOR):
        self.folder = str(folder)
        os.chmod(self.folder, 0o755)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, os.path.join(BUILD, DRIVER), *options, self.folder, *(interfaces or ("v0",))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for entry in self.process.stdout:
            with self.changed:
                self.lines.append((time.time(), entry.rstrip("\n")))
                self.changed.notify_all()
        with self.changed:
            self.lines.append((time.time(), "EOF"))
            self.changed.notify_all()

    def __enter__(self):
        self.wait("ready")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert not espcap.SANITIZER.search(errors), errors

    def find(self, pattern):
        return [(when, text) for when, text in self.lines if re.match(pattern, text)]

    def wait(self, pattern, count=1, seconds=PATIENCE):
        """The last of so many lines that begin with the pattern, and when it came."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.find(pattern)) >= count, seconds), \
                "no %r: %s" % (pattern, [text for _, text in self.lines][-20:])
            return self.find(pattern)[count - 1]

    def order(self, *words):
        self.process.stdin.write(" ".join(str(word).replace(" ", "%20") for word in words) + "\n")

    def ask(self, name="x", interface="v0", **settings):
        """Orders a capture."""
        settings.setdefault("packets", 1000)
        settings.setdefault("snaplen", 2000)
        self.order("capture", name, interface, *("%s=%s" % item for item in settings.items()))
        return self.wait(r"(accepted \d+|busy) id=%s " % name)[1]

    def start(self, name="x", interface="v0", **settings):
        """The number of a capture that runs; when it said so is self.started."""
        number = int(re.match(r"accepted (\d+)", self.ask(name, interface, **settings))[1])
        self.started = self.wait(r"started %d$" % number)[0]
        return number

    def end(self, number, stop=None):
        self.ended, text = self.wait(r"(end|failed) %d " % number)
        end = End(text, self.folder)
        assert stop is None or end.stop == stop, text
        return end

    def failure(self, number):
        return self.wait(r"failed %d " % number)[1]

    def state(self):
        done = len(self.find("done state"))
        before = len(self.find("state "))
        self.order("state")
        self.wait("done state", done + 1)
        return [text for _, text in self.find("state ")][before:]

    def holds(self, number, packets):
        """Waits until it says that it has so many."""
        end = time.monotonic() + PATIENCE
        while not any(re.match(r"state %d .* packets=%d " % (number, packets), text) for text in self.state()):
            assert time.monotonic() < end, self.state()
            time.sleep(0.05)

    def counts(self):
        before = len(self.find("done counts"))
        self.order("counts")
        self.wait("done counts", before + 1)
        return dict(part.split("=") for part in self.find("counts ")[-1][1].split()[1:])

    @property
    def broker(self):
        return children(self.process.pid)[0]

    def workers(self):
        return children(self.broker)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as source:
        return [int(child) for child in source.read().split()]


def wait_until(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Tcpdump:
    """What tcpdump writes meanwhile."""

    def __init__(self, path, *words, interface="v0"):
        self.path = str(path)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", SENSOR, "tcpdump", "-Z", "root", "--immediate-mode", "-U", "-i", interface, "-w", self.path,
             *words], stderr=subprocess.PIPE)
        while b"listening on" not in self.process.stderr.readline():
            pass

    def stop(self):
        time.sleep(0.2)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        with open(self.path, "rb") as source:
            return source.read()


def tagged(packets, vlan):
    return [packet[:12] + struct.pack("!HH", 0x8100, vlan) + packet[12:] for packet in packets]


def sent_slowly(packets, pause):
    with sensing.Inside(PEER), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("v1", 0))
        for packet in packets:
            raw.send(packet)
            time.sleep(pause)


# What is in the file.

def test_contents_are_those_of_tcpdump(tmp_path):
    """The same header, packets in the same order with the same bytes; times are each socket's own."""
    packets = numbered(500)
    with Driver(tmp_path) as driver:
        watcher = Tcpdump(tmp_path / "tcpdump.pcap", "-s", "100")
        number = driver.start(snaplen=100, timeout=1000)
        send(packets)
        end = driver.end(number, "timeout")
        expected = watcher.stop()
    assert end.content[:24] == expected[:24]
    other = list(frames.read_pcap(expected))
    assert len(other) == len(packets) == end.packets
    assert [(data, wire) for _, data, wire in end.records] == [(packet[:100], len(packet)) for packet in packets]
    assert [(data, wire) for _, _, data, wire in other] == [(data, wire) for _, data, wire in end.records]
    differences = [abs(second * 1000000 + micro - at) for (second, micro, _, _), (at, _, _) in zip(other, end.records)]
    # Normally some microseconds; a test machine may stop in between.
    assert sorted(differences)[len(packets) // 2] < 1000 and max(differences) < 100000


def test_pcapng_has_the_drops(tmp_path):
    packets = numbered(20)
    with Driver(tmp_path) as driver:
        number = driver.start(packets=20, pcapng=1)
        send(packets)
        end = driver.end(number, "packets")
    read = subprocess.run(["tcpdump", "-r", os.path.join(tmp_path, end.file), "-w", "-"], capture_output=True, check=True)
    assert [data for _, _, data, _ in frames.read_pcap(read.stdout)] == packets
    kind, length = struct.unpack_from("<II", end.content, len(end.content) - 88)
    assert (kind, length) == (5, 88)
    options, at = {}, len(end.content) - 88 + 20
    while struct.unpack_from("<H", end.content, at)[0] != 0:
        code, size = struct.unpack_from("<HH", end.content, at)
        options[code] = struct.unpack_from("<II", end.content, at + 4)
        at += 4 + size
    assert options[5] == (0, 0) and options[7] == (0, 0) and options[8] == (20, 0)
    started, ended = (options[code][0] << 32 | options[code][1] for code in (2, 3))
    assert started <= end.first <= end.last <= ended


def test_any_and_loopback(tmp_path):
    with Driver(tmp_path, "any", "lo", options=["-b", "udp"]) as driver:
        cooked, loopback = driver.start("cooked", "any", packets=3), driver.start("loopback", "lo", timeout=1000)
        send(numbered(3))
        end = driver.end(cooked, "packets")
        assert end.linktype == 113 and [data[44:] for data in end.data] == [packet[42:] for packet in numbered(3)]
        with sensing.Inside(SENSOR), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", ("127.0.0.1", 9999))
        end = driver.end(loopback, "timeout")
        assert [data[-5:] for data in end.data] == [b"hello"]


def test_other_link_type(tmp_path):
    """A tunnel, whose packets begin with IP, appears later: the filters of the policy are compiled for it, too."""
    udp = numbered(3)
    tcp = [frames.tcp(b"%d" % number) for number in range(3)]
    with Driver(tmp_path, "v0", "tun7", options=["-b", "not udp", "-g", "udp"]) as driver, Tunnel() as tunnel:
        raw, none = driver.start("raw", "tun7", timeout=1500), driver.start("none", "tun7", timeout=1500, grant=0)
        narrow = driver.start("narrow", "tun7", timeout=1500, filter="tcp and ip[8] = 64")
        tunnel.send(udp + tcp)
        end = driver.end(raw, "timeout")
        assert end.linktype == 101 and end.data == [packet[14:] for packet in tcp]
        assert driver.end(none, "timeout").packets == 0
        assert driver.end(narrow, "timeout").data == [packet[14:] for packet in tcp]


# Limits.

def test_packets(tmp_path):
    """One less is not enough, and none comes after."""
    with Driver(tmp_path) as driver:
        packets = numbered(12)
        number = driver.start(packets=10)
        send(packets[:9])
        driver.holds(number, 9)
        send(packets[9:])
        assert driver.end(number, "packets").data == packets[:10]
        number = driver.start("one", packets=1)
        send(packets)
        assert driver.end(number, "packets").data == packets[:1]


def test_bytes(tmp_path):
    """Headers count; the packet with which the file is as long as the limit is the last."""
    with Driver(tmp_path) as driver:
        packets = [frames.udp(b"%04d" % number + bytes(54)) for number in range(10)]
        each = 16 + len(packets[0])
        limits = {1: 1, 24 + each - 1: 1, 24 + each: 1, 24 + each + 1: 2, 24 + 5 * each - 1: 5, 24 + 5 * each: 5, 24 + 5 * each + 1: 6}
        numbers = {limit: driver.start("b%d" % limit, packets=0, bytes=limit) for limit in limits}
        send(packets)
        for limit, count in limits.items():
            assert driver.end(numbers[limit], "bytes").data == packets[:count], limit


def test_timeout_is_idle_time(tmp_path):
    """Packets that come in time keep it running for longer; the gap ends it, and what comes after is not in it."""
    with Driver(tmp_path) as driver:
        packets = numbered(8)
        number = driver.start(timeout=900)
        sent_slowly(packets[:6], 0.3)
        time.sleep(0.2)
        last_sent = time.time() - 0.5
        assert not driver.find("end ")
        end = driver.end(number, "timeout")
        send(packets[6:])
        assert end.data == packets[:6]
        assert driver.ended - last_sent > 0.9
        assert end.last - end.first > 1.3e9


def test_timeout_at_its_edge(tmp_path):
    """A packet a little late is not kept, even though it comes before the end is told."""
    with Driver(tmp_path) as driver:
        packets = numbered(2)
        number = driver.start(timeout=500)
        send(packets[:1])
        time.sleep(0.53)
        send(packets[1:])
        end = driver.end(number, "timeout")
        assert end.data == packets[:1]


def test_duration(tmp_path):
    """Packets without a pause: all that came within it, from the first to the last, and none later."""
    with Driver(tmp_path) as driver:
        packets = numbered(2000)
        watcher = Tcpdump(tmp_path / "tcpdump.pcap")
        number = driver.start(packets=100000, duration=1000, timeout=900)
        sender = threading.Thread(target=sent_slowly, args=(packets[:400], 0.004))
        sender.start()
        end = driver.end(number, "duration")
        sender.join()
        expected = [data for _, _, data, _ in frames.read_pcap(watcher.stop())]
    assert 50 < end.packets < 400
    assert end.data == expected[:end.packets]
    # It began between the process's own word and a moment before.
    assert -0.5 < end.last / 1e9 - (driver.started + 1) <= 0.005
    assert driver.started + 1 <= driver.ended


def test_first_limit_wins(tmp_path):
    with Driver(tmp_path) as driver:
        packets = [frames.udp(b"%04d" % number + bytes(54)) for number in range(10)]
        size = 24 + 5 * (16 + len(packets[0]))
        wins = {"p": ({"packets": 5, "bytes": size, "timeout": 5000, "duration": 5000}, "packets", 5),
                "b": ({"packets": 6, "bytes": size, "timeout": 5000, "duration": 5000}, "bytes", 5),
                "d": ({"packets": 11, "bytes": 100000, "timeout": 5000, "duration": 1500}, "duration", 10),
                "t": ({"packets": 11, "bytes": 100000, "timeout": 800, "duration": 5000}, "timeout", 10)}
        numbers = {name: driver.start(name, **settings) for name, (settings, _, _) in wins.items()}
        send(packets)
        for name, (_, stop, count) in wins.items():
            assert driver.end(numbers[name], stop).data == packets[:count], name


def test_nothing_comes(tmp_path):
    with Driver(tmp_path) as driver:
        end = driver.end(driver.start(timeout=300), "timeout")
        assert (end.packets, end.bytes, end.first, end.last) == (0, 24, -1, -1)
        end = driver.end(driver.start("y", duration=300), "duration")
        assert (end.packets, end.bytes) == (0, 24)


# Filters.

def test_vlan(tmp_path):
    """The tag is in the bytes of the file, and the filter finds it, in packets that come and in those kept."""
    plain, five, six = numbered(4, 1), tagged(numbered(4, 2), 5), tagged(numbered(4, 3), 6)
    with Driver(tmp_path, "v0:1000000") as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        numbers = {name: driver.start(name, timeout=1500, filter=text)
                   for name, text in (("five", "vlan 5"), ("all", ""), ("tagged", "vlan and udp"), ("other", "not vlan"))}
        mixed = [packet for three in zip(plain, five, six) for packet in three]
        send(mixed)
        assert driver.end(numbers["five"]).data == five
        assert driver.end(numbers["all"]).data == mixed
        assert driver.end(numbers["tagged"]).data == [packet for pair in zip(five, six) for packet in pair]
        assert driver.end(numbers["other"]).data == plain
        again = driver.start("again", filter="vlan 5", before=30000, timeout=200)
        assert driver.end(again, "timeout").data == five
        again = driver.start("rest", filter="not vlan", before=30000, timeout=200)
        assert driver.end(again, "timeout").data == plain


def test_filter_of_the_policy_cannot_be_escaped(tmp_path):
    """Whatever the text, only what both filters accept; a grant narrows further."""
    udp = [frames.udp(b"%04d" % number, destination=port) for number, port in enumerate([53, 80, 53, 80])]
    tcp = [frames.tcp(b"%04d" % number, destination=port) for number, port in enumerate([53, 80])]
    with Driver(tmp_path, "v0:1000000", options=["-b", "udp", "-g", "port 53", "-g", ""]) as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        cases = {"open": ("", None, udp), "or": ("tcp or udp or not udp", None, udp), "tcp": ("tcp", None, []),
                 "grant": ("udp or tcp", 0, [udp[0], udp[2]]), "other": ("port 80 or port 53", 0, [udp[0], udp[2]]),
                 "wide": ("tcp or port 80", 1, [udp[1], udp[3]])}
        numbers = {}
        for name, (text, grant, _) in cases.items():
            numbers[name] = driver.start(name, filter=text, timeout=1500, **({} if grant is None else {"grant": grant}))
        send(udp + tcp)
        for name, (_, _, expected) in cases.items():
            assert driver.end(numbers[name], "timeout").data == expected, name
        for name, (text, grant, expected) in cases.items():
            number = driver.start(name + "-before", filter=text, timeout=100, before=30000, **({} if grant is None else {"grant": grant}))
            assert driver.end(number, "timeout").data == expected, name
        for place, text in enumerate((") or (tcp", "udp) or not (udp", "# udp", "tcp\\")):
            accepted = driver.ask("bad%d" % place, filter=text)
            failure = driver.failure(int(re.match(r"accepted (\d+)", accepted)[1]))
            assert re.search(r" refused=1 bpf: ", failure), failure


def test_filters_without_a_meaning_in_memory(tmp_path):
    """A direction is one of packets that come: with a look-back such a text is refused."""
    with Driver(tmp_path, "v0:1000000", options=["-g", "inbound"]) as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        for name, text in (("in", "inbound"), ("out", "udp and outbound")):
            failure = driver.failure(int(re.match(r"accepted (\d+)", driver.ask(name, filter=text, before=1000))[1]))
            assert " refused=1 bpf: " in failure and "not supported" in failure, failure
        failure = driver.failure(int(re.match(r"accepted (\d+)", driver.ask("grant", grant=0, before=1000))[1]))
        assert "the bpf of the policy has no meaning for packets in memory: before is not possible" in failure


@pytest.mark.parametrize("text, message", [
    ("nonsense filter", "syntax error"), ("host no.such.name", "unknown host"), ("port no-such-port", "unknown port"),
    (" or ".join("port %d" % port for port in range(1, 300)), "takes too long to compile"), ("x" * 4097, "longer than 4096 bytes"),
    ("ip6 protochain 6", "it has a loop")])
def test_filters_that_are_refused(tmp_path, text, message):
    with Driver(tmp_path) as driver:
        begun = time.monotonic()
        failure = driver.failure(int(re.match(r"accepted (\d+)", driver.ask(filter=text))[1]))
        assert " refused=1 " in failure and message in failure
        assert time.monotonic() - begun < 15
        assert driver.counts()["failed"] == "1"


def test_filter_asks_no_name_server(tmp_path):
    """The name of a host is looked up in the files of this machine only."""
    with open("/etc/hosts", encoding="utf-8") as source:
        assert "localhost" in source.read()
    folder = "/etc/netns/" + SENSOR
    os.makedirs(folder)
    try:
        with open(folder + "/resolv.conf", "w", encoding="ascii") as target:
            target.write("nameserver 10.77.0.2\noptions timeout:1 attempts:1\n")
        with Driver(tmp_path) as driver:
            number = driver.start("watch", filter="udp port 53", packets=1000, duration=20000)
            failure = driver.failure(int(re.match(r"accepted (\d+)", driver.ask("name", filter="host www.example.com"))[1]))
            assert "unknown host 'www.example.com'" in failure
            assert driver.end(driver.start("local", filter="host localhost", timeout=100), "timeout").packets == 0
            # That such a question would be seen.
            subprocess.run(["ip", "netns", "exec", SENSOR, "getent", "ahosts", "control.example.com"], capture_output=True)
            time.sleep(0.3)
            driver.order("cancel", "watch")
            questions = driver.end(number, "cancelled").data
            assert any(b"\7control" in data for data in questions)
            assert not any(b"\3www\7example" in data for data in questions)
    finally:
        os.remove(folder + "/resolv.conf")
        os.rmdir(folder)


def test_own_connections(tmp_path):
    """Running captures and later ones leave out TCP to this address and port, and nothing else."""
    def connection(port):
        return [frames.tcp(b"%d" % port, destination=port), frames.tcp(b"%d" % port, source=port, destination=1234)]

    with Driver(tmp_path, "v0:1000000") as driver:
        running = driver.start("running")
        driver.order("exclude", "10.0.0.2", 6379)
        driver.order("exclude", "10.0.0.2", 6379)
        # At once after it says so.
        driver.wait("done exclude", 2)
        send(connection(6379))
        later = driver.start("later", filter="tcp")
        rest = [*connection(80), frames.udp(b"x", destination=6379)]
        send([*connection(6379), *rest])
        driver.holds(running, 3)
        driver.order("cancel", "running")
        driver.order("cancel", "later")
        assert driver.end(running).data == rest
        assert driver.end(later).data == rest[:2]
        kept = driver.start("kept", before=20000, timeout=100)
        assert driver.end(kept).data == rest


# Look-back.

def test_lookback_has_neither_gap_nor_twin(tmp_path):
    """Numbered packets without a pause: an unbroken run of them, from before the request to after it."""
    with Driver(tmp_path, "v0:2000000") as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        packets = numbered(3000)
        position = {packet: place for place, packet in enumerate(packets)}
        sender = threading.Thread(target=sent_slowly, args=(packets[:1200], 0.002))
        sender.start()
        time.sleep(1.2)
        asked = []
        for place, before in enumerate((200, 400, 600)):
            begun = time.time()
            number = driver.start("b%d" % place, before=before, packets=300 + 100 * place, timeout=1000)
            asked.append((before / 1000, begun, driver.started, number))
        ends = [driver.end(number, "packets") for _, _, _, number in asked]
        sender.join()
        for (before, begun, started, _), end in zip(asked, ends):
            places = [position[data] for data in end.data]
            assert places == list(range(places[0], places[0] + end.packets))
            assert begun - before <= end.first / 1e9 <= started - before + 0.1
            assert end.last / 1e9 > begun
        assert len(driver.find("started ")) == 3


def test_lookback_is_bounded(tmp_path):
    """What is kept is the last that fits; without look-back there is none; memory of it counts."""
    with Driver(tmp_path, "v0:100000", "lo", options=["-m", "200000"]) as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        packets = [frames.udp(b"%06d" % number + bytes(452)) for number in range(1000)]
        send(packets)
        time.sleep(0.3)
        each = 32 + len(packets[0])
        end = driver.end(driver.start(before=60000, packets=190, snaplen=100, timeout=100), "timeout")
        assert [data[42:48] for data in end.data] == [packet[42:48] for packet in packets[-(100000 // each):]]
        assert "no packets of this interface are kept" in driver.failure(
            int(re.match(r"accepted (\d+)", driver.ask("lo", "lo", before=1000, packets=10))[1]))
        assert driver.counts()["memory"] == "100000"
        assert "maxmemory" in driver.ask("large", packets=900, snaplen=100)


def test_lookback_comes_back(tmp_path):
    """The interface goes down: captures end with what they have; once it is up, packets are kept again."""
    with Driver(tmp_path, "v0:1000000") as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        time.sleep(0.3)
        first = driver.workers()
        send(numbered(5))
        number = driver.start(before=5000)
        try:
            ip("link", "set", "v0", "down", namespace=SENSOR)
            assert driver.end(number, "interface_down").data == numbered(5)
        finally:
            ip("link", "set", "v0", "up", namespace=SENSOR)
            ip("neigh", "replace", "10.77.0.2", "lladdr", sensing.MACS["v1"], "dev", "v0", namespace=SENSOR)
        wait_until(lambda: driver.workers() not in (first, []), "no look-back again")
        time.sleep(0.5)
        send(numbered(3, 7))
        end = driver.end(driver.start("again", before=5000, timeout=300), "timeout")
        assert end.data == numbered(3, 7)


# Interfaces.

def test_interface_down_and_gone_and_renamed(tmp_path):
    """What was captured is handed over, with the reason; a renamed interface is captured on."""
    ip("link", "add", "w0", "netns", SENSOR, "type", "veth", "peer", "name", "w1", "netns", PEER)
    ip("link", "set", "w1", "up", namespace=PEER)
    with Driver(tmp_path, "w0", "w2", "nosuch") as driver:
        refused = driver.failure(int(re.match(r"accepted (\d+)", driver.ask("early", "w0"))[1]))
        assert "refused=0" in refused and "down" in refused
        ip("link", "set", "w0", "up", namespace=SENSOR)
        number = driver.start("down", "w0", filter="udp")
        send(numbered(4), device="w1")
        ip("link", "set", "w0", "down", namespace=SENSOR)
        assert driver.end(number, "interface_down").data == numbered(4)
        ip("link", "set", "w0", "name", "w2", namespace=SENSOR)
        ip("link", "set", "w2", "up", namespace=SENSOR)
        number = driver.start("renamed", "w2", packets=3, filter="udp")
        ip("link", "set", "w2", "name", "w0", namespace=SENSOR)
        send(numbered(3), device="w1")
        assert driver.end(number, "packets").data == numbered(3)
        number = driver.start("gone", "w0", filter="udp")
        send(numbered(2), device="w1")
        ip("link", "del", "w0", namespace=SENSOR)
        end = driver.end(number)
        assert end.stop in ("interface_gone", "interface_down") and end.data == numbered(2)
        for name, interface in (("unknown", "nosuch"), ("removed", "w0"), ("forbidden", "v0"), ("forbidden-any", "any")):
            failure = driver.failure(int(re.match(r"accepted (\d+)", driver.ask(name, interface))[1]))
            assert "no such" in failure, failure
            assert ("refused=1" in failure) == ("forbidden" in name)


# Ends.

def test_cancel_and_shutdown(tmp_path):
    with Driver(tmp_path) as driver:
        one, two, other = driver.start("same"), driver.start("same", filter="udp"), driver.start("other")
        send(numbered(3))
        driver.holds(other, 3)
        driver.order("cancel", "none")
        driver.order("cancel", "same")
        assert [text for _, text in (driver.wait("cancelled ", 1), driver.wait("cancelled ", 2))] == ["cancelled 0", "cancelled 2"]
        for number in (one, two):
            assert driver.end(number, "cancelled").data == numbered(3)
        # What arrived before the order, and was not read, is in the file as well.
        send(numbered(2, 5))
        driver.order("stop")
        assert driver.end(other, "shutdown").data == numbered(3) + numbered(2, 5)
        assert "busy id=late this node is shutting down" == driver.ask("late")
        assert driver.counts()["running"] == "0"


def test_cancel_before_it_begins(tmp_path):
    """Whatever it waits for, it ends, and its processes with it."""
    with Driver(tmp_path) as driver:
        driver.order("capture", "a", "v0", "packets=5", "snaplen=100", "filter=udp")
        driver.order("cancel", "a")
        ended = driver.wait("end 1 ")[1]
        assert "stop=cancelled packets=0 bytes=0 " in ended and ended.endswith(" file=-")
        wait_until(lambda: not driver.workers(), "processes are left")


def test_killed(tmp_path):
    """One process of a capture is killed: that one has failed. The broker is: all have, and nothing is left."""
    with Driver(tmp_path, "v0:100000", "lo") as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        keeper = driver.workers()[0]
        lost, other = driver.start("lost"), driver.start("other")
        workers = [pid for pid in driver.workers() if pid != keeper]
        os.kill(workers[0], signal.SIGKILL)
        assert "refused=0 the capture process was killed" in driver.failure(lost)
        send(numbered(1))
        driver.holds(other, 1)
        back = driver.start("back", before=1000)
        os.kill(keeper, signal.SIGKILL)
        driver.failure(back)
        workers = driver.workers()
        broker = driver.broker
        os.kill(broker, signal.SIGKILL)
        assert "failed" in driver.failure(other)
        driver.wait("lost the capture broker has ended")
        wait_until(lambda: not any(os.path.exists("/proc/%d" % pid) and status(pid)["State"][0] != "Z" for pid in workers), "it lives on")
        assert "busy id=late the capture broker has ended" == driver.ask("late")


def test_rights(tmp_path):
    """The broker has one right, its captures and the program none, and none of them is root."""
    with Driver(tmp_path, "v0:100000", options=["-b", "ip"]) as driver:
        wait_until(lambda: len(driver.workers()) == 1, "no look-back")
        driver.start()
        assert int(status(driver.broker)["CapEff"], 16) == int(status(driver.broker)["CapPrm"], 16) == NET_RAW
        assert int(status(driver.broker)["CapBnd"], 16) == 0
        assert len(driver.workers()) == 2
        time.sleep(0.2)
        for pid in (*driver.workers(), driver.process.pid):
            for kind in ("CapEff", "CapPrm", "CapInh"):
                assert int(status(pid)[kind], 16) == 0
        for pid in (driver.broker, *driver.workers(), driver.process.pid):
            assert status(pid)["NoNewPrivs"] == "1"
            assert "0" not in status(pid)["Uid"].split()


def test_policy_that_is_wrong(tmp_path):
    wrong = Driver(tmp_path, options=["-b", "udp and nonsense"])
    try:
        assert re.match(r"error 2 policy: bpf of all: udp and nonsense: ", wrong.wait("error ")[1])
    finally:
        wrong.__exit__()


def test_broker_takes_no_nonsense(tmp_path):
    """What a program that was taken over may ask for: each is refused, and the broker serves on."""
    hostile = Driver(tmp_path, options=["-H", "-b", "udp", "-p", "1000", "-B", "10000", "-t", "1000", "-d", "2000", "-s", "500",
                                        "-g", "tcp"])
    hostile.wait("EOF")
    hostile.__exit__()
    answers = dict(re.match(r"hostile (.*?): (\w+) ", text).groups() for _, text in hostile.find("hostile "))
    assert answers.pop("none") == answers.pop("none again") == "process"
    assert answers.pop("short") == answers.pop("long") == "nothing"
    assert len(answers) == 17 and set(answers.values()) == {"refused"}, answers


# Many.

def test_two_of_one_interface(tmp_path):
    with Driver(tmp_path) as driver:
        small = [frames.udp(b"%04d" % number) for number in range(20)]
        large = [frames.udp(b"%04d" % number + bytes(400), destination=53) for number in range(20)]
        some, all_ = driver.start("some", packets=20, filter="port 53"), driver.start("all", packets=40)
        send([packet for pair in zip(small, large) for packet in pair])
        assert driver.end(some, "packets").data == large
        assert driver.end(all_, "packets").data == [packet for pair in zip(small, large) for packet in pair]


def open_files(pid):
    folder = "/proc/%d/fd" % pid
    return [os.path.join(folder, name) for name in os.listdir(folder)]


def memory(pids):
    """Bytes that are theirs alone, and their parts of what they share, and files in memory; without those that have ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as source:
            total += int(re.search(r"^Pss: +(\d+) kB", source.read(), re.MULTILINE)[1]) << 10
            total += sum(os.stat(name).st_blocks * 512 for name in open_files(pid) if "memfd:" in os.readlink(name))
    return total


def test_fifty_at_once(tmp_path):
    """Each has every packet; one more is refused; what they hold is within what was reserved, and given back."""
    each, count, buffer = 4000, 50, 1 << 20
    packets = [frames.udp(b"%06d" % number + bytes(200)) for number in range(each)]
    with Driver(tmp_path, options=["-c", str(count), "-k", str(buffer)]) as driver:
        numbers = [driver.start("c%d" % place, packets=each, snaplen=300, timeout=20000, filter="udp") for place in range(count)]
        assert re.match(r"busy id=more busy: 50 captures are under way \(maxcaptures\)", driver.ask("more"))
        before = memory([driver.process.pid, driver.broker, *driver.workers()])
        reserved = int(driver.counts()["memory"])
        assert reserved == count * (24 + each * 316 + 316)
        for start in range(0, each - 1, 400):
            send(packets[start:min(start + 400, each - 1)])
            time.sleep(0.25)
        used = memory([driver.process.pid, driver.broker, *driver.workers()]) - before
        send(packets[each - 1:])
        ends = [driver.end(number) for number in numbers]
        counts = driver.counts()
        wait_until(lambda: not driver.workers(), "processes are left")
    for end in ends:
        assert end.packets + end.kernel_drop == each or end.stop == "packets"
    full = [end for end in ends if end.stop == "packets"]
    assert len(full) >= count - 2, [(end.stop, end.packets, end.kernel_drop) for end in ends]
    assert all(end.data == packets for end in full)
    # The files, and what waits to be written; the kernel's rings are beside what is reserved.
    assert count * (each - 1) * 200 * 0.9 < used < reserved + count * (buffer + (512 << 10))
    assert counts["memory"] == "0" and counts["ended"] == str(count) and counts["busy"] == "1"


def test_flood(tmp_path):
    """More than it can take: what is kept and what the kernel dropped are all that was sent."""
    packets = [frames.udp(b"%06d" % number + bytes(1000)) for number in range(20000)]
    with Driver(tmp_path, options=["-k", "65536"]) as driver:
        number = driver.start(packets=100000, timeout=1000)
        worker = driver.workers()[0]
        os.kill(worker, signal.SIGSTOP)
        send(packets[:10000])
        os.kill(worker, signal.SIGCONT)
        send(packets[10000:])
        end = driver.end(number, "timeout")
        assert end.kernel_drop > 5000
        assert end.packets + end.kernel_drop == len(packets)
        places = [int(data[42:48]) for data in end.data]
        assert places == sorted(set(places))


def descriptors(pid):
    return len(open_files(pid))


def test_nothing_leaks(tmp_path):
    """After captures of each end: the same descriptors, no memory, no process, no zombie."""
    with Driver(tmp_path, "v0", "nosuch") as driver:
        driver.end(driver.start("first", timeout=50))
        wait_until(lambda: not driver.workers(), "a process is left")
        before = [descriptors(pid) for pid in (driver.process.pid, driver.broker)]
        for place in range(5):
            driver.end(driver.start("t%d" % place, timeout=50, filter="udp"))
            driver.failure(int(re.match(r"accepted (\d+)", driver.ask("f%d" % place, filter="wrong text"))[1]))
            driver.failure(int(re.match(r"accepted (\d+)", driver.ask("n%d" % place, "nosuch"))[1]))
            driver.start("c%d" % place)
            driver.order("cancel", "c%d" % place)
            driver.ask("e%d" % place, filter="udp")
            driver.order("cancel", "e%d" % place)
            number = driver.start("k%d" % place)
            driver.holds(number, 0)
            os.kill(driver.workers()[-1], signal.SIGKILL)
            driver.failure(number)
        wait_until(lambda: driver.counts()["running"] == "0" and not driver.workers(), "something is left")
        assert [descriptors(pid) for pid in (driver.process.pid, driver.broker)] == before
        assert driver.counts()["memory"] == "0"
