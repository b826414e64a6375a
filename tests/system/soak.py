#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A long live capture under traffic, with a server that comes and goes: memory over time, and whether every packet is accounted for.

	tests/system/soak.py [--minutes=20] [--rate=400] [--per-flow=20] [--lifetime=50000]
	    [--engine=NAME | --null] [--restart=SECONDS] [--outage=SECONDS] [--kill-tshark=SECONDS] [-- OPTION ...]

Packets that are numbered go over a pair of virtual interfaces, into a network namespace of their own; espcap captures
them with --nic and sends them to a real server, or prints them to nowhere with --null. Every --restart seconds the
server is, in turn, stopped with SIGSTOP for a while, and killed and started again; --outage kills it once for so long; tshark is
killed every --kill-tshark seconds. A line a minute tells the memory of each process (MB) and the counts so far. At the
end sent = read + kernel_drop + interface_drop, every number that espcap says to have indexed is in the index once, and
nothing of espcap is left. The exit status says whether that is so. Needs root. ESPCAP names the program.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import espcap
import frames

NEAR, FAR = "esp%d" % (os.getpid() % 100000), "esf%d" % (os.getpid() % 100000)
FAR_SPACE = "espcap-soak-%d" % os.getpid()
SAMPLE = 5
# The server is stopped for so long.
PAUSE = 20
PORTS = range(61000, 65000)
PARTS = ("duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "unsent")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def line():
    """Two interfaces that are joined, with nothing on the line but what is sent here."""
    ip("netns", "add", FAR_SPACE)
    try:
        ip("link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", FAR_SPACE)
        ip("link", "set", NEAR, "addrgenmode", "none", "up")
        ip("-n", FAR_SPACE, "link", "set", FAR, "addrgenmode", "none", "up")
        yield
    finally:
        ip("netns", "del", FAR_SPACE)


class Traffic:
    """Sends numbered packets at a steady rate from a process of its own, and counts them."""

    def __init__(self, rate, per_flow, length):
        self.sent = multiprocessing.Value("Q", 0)
        self.over = multiprocessing.Event()
        self.process = multiprocessing.Process(target=self.run, args=(rate, per_flow, length), daemon=True)

    @staticmethod
    def template(length):
        return bytearray(frames.udp(bytes(8) + b"." * (length - 50)))

    def run(self, rate, per_flow, length):
        """From the far end, whose namespace this process enters."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with open("/run/netns/" + FAR_SPACE, "rb") as space:
            enter(space.fileno())
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind((FAR, 0))
        packet = self.template(length)
        begin, number = time.monotonic(), 0
        while not self.over.is_set():
            due = int((time.monotonic() - begin) * rate)
            while number < due:
                flow = number // per_flow
                # Port and address of the source are the flow's, among ports that tshark takes for no protocol's.
                # It checks no sums.
                struct.pack_into("!H", packet, 34, PORTS[0] + flow % len(PORTS))
                struct.pack_into("!H", packet, 28, flow // len(PORTS) % 65536)
                struct.pack_into("!Q", packet, 42, number)
                raw.send(packet)
                number += 1
                self.sent.value = number
            time.sleep(0.01)

    def stop(self):
        self.over.set()
        self.process.join()
        return self.sent.value


def enter(fd):
    import ctypes  # pylint: disable=import-outside-toplevel
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def read_status(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as source:
            return dict(entry.rstrip("\n").split(":\t", 1) for entry in source if ":\t" in entry)
    except OSError:
        return {}


def rss(pid):
    return int(read_status(pid).get("VmRSS", "0 kB").split()[0]) / 1000


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as source:
            return [int(child) for child in source.read().split()]
    except OSError:
        return []


class Sensor:
    """espcap on the near interface."""

    def __init__(self, options, output, folder):
        self.messages = []
        self.process = subprocess.Popen(
            espcap.command("--nic", NEAR, *options), cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.PIPE, env=espcap.ENVIRONMENT, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.peaks = collections.defaultdict(list)

    def read(self):
        for entry in self.process.stderr:
            self.messages.append(entry.rstrip("\n"))

    def wait_for(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while not any(re.search(pattern, message) for message in list(self.messages)):
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit("soak: espcap does not say %r: %s" % (pattern, self.messages))
            time.sleep(0.05)

    def tsharks(self):
        return [pid for pid in children(self.process.pid) if read_status(pid).get("Name") == "tshark"]

    def sample(self):
        """RSS in MB: espcap, the largest of its other processes (the one that captures), all tsharks."""
        own = [pid for pid in children(self.process.pid) if read_status(pid).get("Name") != "tshark"]
        return {"espcap": rss(self.process.pid), "capture": max(map(rss, own), default=0),
                "tshark": sum(map(rss, self.tsharks()))}

    def counts_now(self):
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)
        for message in reversed(self.messages):
            if "so far: " in message:
                return message.split("so far: ", 1)[1]
        return ""

    def end(self):
        family = [self.process.pid, *children(self.process.pid)]
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(600)
        self.reader.join(10)
        left = [pid for pid in family if read_status(pid).get("State", "Z").split()[0] != "Z"]
        return code, left


class Trouble:
    """What happens to the server and to tshark, by the clock."""

    def __init__(self, arguments, server, sensor):
        self.server, self.sensor, self.turn = server, sensor, 0
        now = time.monotonic()
        self.due = []
        self.every = {}
        if server and arguments.restart:
            self.plan(now, arguments.restart, self.server_trouble)
        if arguments.kill_tshark:
            self.plan(now, arguments.kill_tshark, self.kill_tshark)
        if server and arguments.outage:
            self.due.append((now + arguments.minutes * 20, self.outage))
        self.outage_seconds = arguments.outage
        self.happened = collections.Counter()

    def plan(self, now, seconds, action):
        self.every[action] = seconds
        self.due.append((now + seconds, action))

    def step(self):
        now = time.monotonic()
        for at, action in [entry for entry in self.due if entry[0] <= now]:
            self.due.remove((at, action))
            action()
            self.happened[action.__name__] += 1
            if action in self.every:
                self.due.append((time.monotonic() + self.every[action], action))

    def server_trouble(self):
        self.turn += 1
        if self.turn % 2 == 1:
            self.server.pause()
            self.due.append((time.monotonic() + PAUSE, self.server.resume))
        else:
            self.server.kill9()
            self.server.restart()

    def outage(self):
        self.server.kill9()
        self.due.append((time.monotonic() + self.outage_seconds, self.server.restart))

    def kill_tshark(self):
        for pid in self.sensor.tsharks()[:1]:
            os.kill(pid, signal.SIGKILL)


def payload_number(document):
    return int(document["layers"]["transport"]["udp.payload"].replace(":", "")[:16], 16)


def numbers_indexed(server):
    """Each packet's number, from the bytes of its payload, as often as it is in the index."""
    server.refresh()
    found = collections.Counter()
    body = {"size": 5000, "sort": ["_doc"], "_source": ["layers.transport.udp.payload"]}
    reply = server.post("packets-*/_search?scroll=5m&ignore_unavailable=true", body, timeout=300)
    while reply["hits"]["hits"]:
        for hit in reply["hits"]["hits"]:
            found[payload_number(hit["_source"])] += 1
        reply = server.post("_search/scroll", {"scroll": "5m", "scroll_id": reply["_scroll_id"]}, timeout=300)
    return found


def watch(arguments, sensor, traffic, trouble):
    """Until the time is over: a line a minute."""
    begin = time.monotonic()
    rows, next_row = [], begin + 60
    peak = collections.Counter()
    print("minute  espcap capture  tshark  (MB, peaks of the minute)  sent", flush=True)
    while time.monotonic() < begin + arguments.minutes * 60 and sensor.process.poll() is None:
        time.sleep(SAMPLE)
        trouble.step()
        for name, value in sensor.sample().items():
            peak[name] = max(peak[name], value)
        if time.monotonic() >= next_row:
            rows.append(dict(peak))
            print("%6d  %6.1f  %6.1f  %6.1f  %d  %s" % (
                len(rows), peak["espcap"], peak["capture"], peak["tshark"], traffic.sent.value,
                sensor.counts_now()), flush=True)
            peak.clear()
            next_row += 60
    return rows


def settle(arguments, trouble):
    """The server is there at the end, so that all can be delivered."""
    for _, action in trouble.due:
        if action.__name__ in ("resume", "restart"):
            action()
    trouble.due.clear()
    time.sleep(arguments.settle)


def judge(sent, code, left, messages, server):
    """What is wrong, a line each."""
    wrong = []
    counts = {name: int(value) for name, value in re.findall(r"([a-z_]+)=(\d+)", messages[-1])}
    if "read" not in counts:
        return ["there is no final line: %s" % messages[-5:]]
    delivered = counts.get("indexed", 0) + counts.get("printed", 0)
    if counts["read"] != delivered + sum(counts[name] for name in PARTS):
        wrong.append("the final line does not add up")
    if sent != counts["read"] + counts["kernel_drop"] + counts["interface_drop"]:
        wrong.append("%d packets were sent" % sent)
    if left:
        wrong.append("still running: %s" % left)
    if code not in (0, 4):
        wrong.append("exit status %d" % code)
    if espcap.SANITIZER.search("\n".join(messages)):
        wrong.append("a sanitizer's report")
    if server:
        found = numbers_indexed(server)
        if max(found.values(), default=1) != 1:
            wrong.append("%d packets are there more than once" % sum(n > 1 for n in found.values()))
        if len(found) != delivered + counts["duplicate"]:
            wrong.append("%d packets are in the index" % len(found))
    print(messages[-1])
    return wrong


def parse_arguments():
    parser = argparse.ArgumentParser(description="A long live capture under traffic.")
    for name, kind, default in (("minutes", float, 20), ("rate", int, 400), ("per-flow", int, 20), ("length", int, 200),
                                ("lifetime", int, 50000), ("restart", float, 0), ("outage", float, 0),
                                ("kill-tshark", float, 0), ("settle", float, 5)):
        parser.add_argument("--" + name, type=kind, default=default)
    parser.add_argument("--engine", default="elasticsearch-8.19.7")
    parser.add_argument("--null", action="store_true", help="print to nowhere instead of delivering")
    parser.add_argument("options", nargs="*", help="of espcap")
    return parser.parse_args()


@contextlib.contextmanager
def backend(arguments):
    if arguments.null:
        yield None
        return
    import engines  # pylint: disable=import-outside-toplevel # fetches servers: only who needs it pays
    with engines.running(arguments.engine, own=True) as server:
        yield server


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: ended"))
    with line(), backend(arguments) as server, tempfile.TemporaryDirectory() as folder, \
            contextlib.ExitStack() as stack:
        options = ["--tshark-lifetime=%d" % arguments.lifetime, *arguments.options]
        options += ["--node", server.url] if server else []
        os.chmod(folder, 0o777)
        sensor = Sensor(options, subprocess.DEVNULL, folder)
        # However this ends; what is dead already is not killed twice.
        stack.callback(sensor.process.kill)
        sensor.wait_for(r"capturing on ")
        traffic = Traffic(arguments.rate, arguments.per_flow, arguments.length)
        traffic.process.start()
        stack.callback(traffic.process.kill)
        trouble = Trouble(arguments, server, sensor)
        watch(arguments, sensor, traffic, trouble)
        sent = traffic.stop()
        settle(arguments, trouble)
        code, left = sensor.end()
        wrong = judge(sent, code, left, sensor.messages, server)
        print("what happened: %s" % dict(trouble.happened))
        for message in collections.Counter(re.sub(r"\d+", "N", m) for m in sensor.messages[:-1]
                                           if "so far" not in m).most_common(20):
            print("%6d x %s" % (message[1], message[0]))
    for what in wrong:
        print("WRONG: " + what)
    print("soak: %d packets, %s" % (sent, "failed" if wrong else "all accounted for"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
