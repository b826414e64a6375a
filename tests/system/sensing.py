# SPDX-License-Identifier: BSD-2-Clause
"""A sensor and its peer in network namespaces of their own, with a line between them; and espcap that captures there.

A test file needs `line`, which makes them, and `pytestmark = needs_namespaces`.
"""

import collections
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import conserve
import espcap

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["ip", "netns", "list"], capture_output=True, check=False).returncode != 0,
    reason="makes network namespaces: needs root and ip")

SENSOR, PEER = "espcap-sensor-%d" % os.getpid(), "espcap-peer-%d" % os.getpid()
MACS = {"v0": "02:00:00:00:00:10", "v1": "02:00:00:00:00:11"}
ADDRESSES = {"v0": "10.77.0.1", "v1": "10.77.0.2"}

FINAL_LINE = re.compile(
    r"^espcap: read=(?P<read>\d+) (?:printed|indexed)=(?P<delivered>\d+) duplicate=(?P<duplicate>\d+)"
    r" rejected=(?P<rejected>\d+) discarded=(?P<discarded>\d+) filtered=(?P<filtered>\d+) undissected=(?P<undissected>\d+)"
    r" dropped=(?P<dropped>\d+) unsent=(?P<unsent>\d+) skipped=(?P<skipped>\d+) retries=(?P<retries>\d+)"
    r" kernel_drop=(?P<kernel_drop>\d+) interface_drop=(?P<interface_drop>\d+) queue_drop=(?P<queue_drop>\d+)$")
PARTS = ("delivered", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "unsent")
CLONE_NEWNET = 0x40000000


def ip(*words, namespace=None):
    where = ["-n", namespace] if namespace else []
    subprocess.run(["ip", *where, *words], check=True, capture_output=True)


def make_veth():
    """v0 of the sensor and v1 of its peer, with nothing on the line that a test has not sent."""
    ip("link", "add", "v0", "netns", SENSOR, "type", "veth", "peer", "name", "v1", "netns", PEER)
    for namespace, name, other in ((SENSOR, "v0", "v1"), (PEER, "v1", "v0")):
        ip("link", "set", name, "addrgenmode", "none", "address", MACS[name], namespace=namespace)
        ip("addr", "add", ADDRESSES[name] + "/24", "dev", name, namespace=namespace)
        ip("link", "set", name, "up", namespace=namespace)
        ip("neigh", "add", ADDRESSES[other], "lladdr", MACS[other], "dev", name, namespace=namespace)


@contextlib.contextmanager
def namespaces():
    """Two namespaces, with loopback up."""
    for namespace in (SENSOR, PEER):
        ip("netns", "add", namespace)
        ip("link", "set", "lo", "up", namespace=namespace)
    make_veth()
    try:
        yield
    finally:
        for namespace in (SENSOR, PEER):
            for pid in pids(namespace):
                os.kill(pid, signal.SIGKILL)
            ip("netns", "del", namespace)


@pytest.fixture(scope="module", autouse=True)
def line():
    with namespaces():
        yield


class Inside:
    """While it is entered, this thread makes its sockets in a namespace."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, namespace):
        self.namespace = namespace

    def go(self, path):
        with open(path, "rb") as target:
            assert self.libc.setns(target.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())

    def __enter__(self):
        self.go("/run/netns/" + self.namespace)

    def __exit__(self, *_):
        self.go("/proc/%d/ns/net" % os.getppid())


def pids(namespace):
    listed = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid in listed.split()]


def send(packets, device="v1", namespace=PEER):
    with Inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        for packet in packets:
            raw.send(packet)


def numbered(count, seed=1):
    return list(conserve.make_packets(count, seed))


def payloads(packets):
    return collections.Counter(packet[42:] for packet in packets)


def status(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as source:
        return dict(entry.rstrip("\n").split(":\t", 1) for entry in source if ":\t" in entry)


class Capture:
    """A run of espcap in the namespace of the sensor; what it says and prints is read all the time unless told."""

    def __init__(self, *options, nic="v0", folder=None, prefix=(), read=True, ready=True, start=True):
        self.errors, self.output, self.parsed = [], [], []
        command = [*prefix, *espcap.command("--nic", nic, *options)]
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", SENSOR, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, "ESPCAP_TEST_BACKOFF_MS": "20"})
        self.threads = [threading.Thread(target=self.collect, args=(self.process.stderr, self.errors), daemon=True)]
        self.threads += [threading.Thread(target=self.collect, args=(self.process.stdout, self.output), daemon=True)]
        self.threads[0].start()
        if read:
            self.threads[1].start()
        if start:
            self.says(r"capturing on ")
        if start and ready:
            self.until(lambda: self.find("tshark"), "a tshark that dissects")

    @staticmethod
    def collect(stream, lines):
        for entry in stream:
            lines.append((time.time(), entry.decode("utf-8", "replace").rstrip("\n")))

    def until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end and (self.process.poll() is None or condition()), \
                "no %s: %s" % (what, self.messages)
            time.sleep(0.02)

    def says(self, pattern):
        self.until(lambda: re.search(pattern, self.messages), "message %r" % pattern)

    @property
    def messages(self):
        return "\n".join(text for _, text in self.errors)

    @property
    def documents(self):
        while len(self.parsed) < len(self.output):
            self.parsed.append(espcap.parse_line(self.output[len(self.parsed)][1].encode()))
        return self.parsed

    def printed(self, count):
        self.until(lambda: len(self.output) >= count, "%d documents" % count)

    def children(self):
        try:
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as source:
                return [int(pid) for pid in source.read().split()]
        except OSError:
            return []

    def find(self, kind):
        """The process of one kind: tshark in its dissection, or the one that captures."""
        for pid in self.children():
            try:
                with open("/proc/%d/comm" % pid, encoding="ascii") as comm, \
                        open("/proc/%d/cmdline" % pid, "rb") as arguments:
                    is_tshark = comm.read().strip() == "tshark"
                    # By itself or with the plugin; when espcap tries it, it need not flush.
                    dissects = re.search(rb"\0(-l|espcap,flush.*)\0", arguments.read())
                found = status(pid)
            except OSError:
                continue
            if kind == "tshark" and is_tshark and dissects:
                return pid
            # The process that opens files has one right left, and is root; that which removes a folder has a session.
            if kind == "capture" and not is_tshark and found["Uid"].split()[0] != "0" and found["NSsid"] != found["NSpid"]:
                return pid
        return None

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self, code=0, seconds=40):
        try:
            got = self.process.wait(seconds)
        finally:
            self.process.kill()
        if not self.threads[1].is_alive() and self.threads[1].ident is None:
            self.threads[1].start()
        for thread in self.threads:
            thread.join(10)
        assert not espcap.SANITIZER.search(self.messages), self.messages
        assert got == code, "exit %d, not %d: %s" % (got, code, self.messages)
        return self

    @property
    def counts(self):
        match = FINAL_LINE.match(self.errors[-1][1])
        assert match, "no final line: %s" % self.messages
        counts = {name: int(value) for name, value in match.groupdict().items()}
        assert counts["read"] == sum(counts[part] for part in PARTS), self.errors[-1]
        assert counts["dropped"] == counts["queue_drop"]
        return counts

    def found(self):
        return collections.Counter(map(conserve.payload_of, self.documents))


def stop_and_check(capture, packets, code=0):
    """Ends it: each packet in one document, and the sums say so."""
    capture.interrupt()
    capture.wait(code)
    assert capture.found() == payloads(packets)
    counts = capture.counts
    assert counts["read"] == counts["delivered"] == len(packets)
    return counts
