#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""espcapd killed again and again: each capture ends in exactly one place, and none is made twice.

    tests/system/conserve_espcapd.py [CYCLES]

Requests come through a Redis stream, at least once. Each asks for packets to a port of its own, so that a file tells
which request it is of. In some cycles Redis is killed, too, or the folder of the files is away for a while, or the disk
of the spool and the dead letter folder is full (where this may mount a file system), or the request comes twice. At the end all that was accepted is in exactly one of: a local file, the dead letter folder, or
the journal as a capture without a packet.
"""

import collections
import contextlib
import json
import os
import random
import socket
import struct
import sys
import tempfile
import time

import espcapd
import request_servers


class Ports:
    """One port for each request, and one socket that sends to all of those that are wanted."""

    def __init__(self):
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.of, self.next = {}, 20000

    def take(self, number):
        self.next += 1
        self.of[self.next] = number
        return self.next

    def send(self, port, count):
        for at in range(count):
            with contextlib.suppress(OSError):
                self.sender.sendto(b"packet %06d" % at, ("127.0.0.1", port))


def port_of(path):
    """The port that all packets of a file go to; the file must be whole, and its packets in order."""
    _, found = espcapd.packets(path)
    ports = {struct.unpack("!H", packet[36:38])[0] for packet in found if packet[23] == 17}
    assert len(ports) == 1, (path, ports)
    assert [packet[42:] for packet in found] == espcapd.sent(len(found)), path
    return ports.pop(), len(found)


class Campaign:
    def __init__(self, folder, redis, seed):
        self.random = random.Random(seed)
        self.redis, self.ports = redis, Ports()
        self.daemon = espcapd.Daemon(folder, redis, policy="maxage = 0", start=False)
        self.stream = self.daemon.channel + "-stream"
        self.wanted = {}
        self.disk = espcapd.Disk(self.daemon.spool, 4 << 20)

    def end(self):
        espcapd.Daemon.end_all()
        self.disk.end()

    def ask(self):
        number = self.redis.new_name("conserved")
        port, count = self.ports.take(number), self.random.choice((1, 2, 5))
        comes = self.random.choice((0, count, count, count, count - 1))
        self.wanted[number] = (port, comes)
        request = json.dumps({"id": number, "node": "sensor1", "interface": ["lo"], "bpf": "udp dst port %d" % port,
                              "packets": count, "timeout": self.random.choice((1, 1, 30))})
        for _ in range(self.random.choice((1, 1, 1, 2))):
            self.redis.call("XADD", self.stream, "*", "request", request)
        return port, comes

    def cycle(self, is_ready):
        """Requests and their packets, and an end at some moment of all that."""
        daemon = self.daemon
        away = self.random.random() < 0.2
        # From some moment of the cycle on, which may be before or after its requests.
        fills = self.random.choice((0, 0.1, 0.3, 0.6)) if self.disk.is_mounted and self.random.random() < 0.3 else None
        if fills == 0:
            self.disk.fill()
        if away:
            os.rename(daemon.files, daemon.files + ".away")
        with contextlib.suppress(AssertionError):
            asked = [self.ask() for _ in range(self.random.randrange(1, 4))]
        begun = time.monotonic()
        until = begun + self.random.uniform(0.05, 1.2)
        sent = False
        while time.monotonic() < until:
            time.sleep(0.05)
            if fills and time.monotonic() > begun + fills:
                self.disk.fill()
                fills = 0
            if not sent and self.random.random() < 0.3:
                for port, count in asked:
                    self.ports.send(port, count)
                sent = True
        if self.random.random() < 0.1:
            self.redis.kill9()
            self.redis.start()
        if away:
            os.rename(daemon.files + ".away", daemon.files)
        # There is room again before the end, or after it.
        if self.random.random() < 0.5:
            self.disk.empty()
        if self.random.random() < 0.8:
            daemon.kill()
        else:
            # What has not begun to listen may not yet know the signal.
            daemon.stop(seconds=60, status=0 if is_ready else None)
        self.disk.empty()

    def run(self, cycles):
        for _ in range(cycles):
            is_ready = self.random.random() < 0.9
            self.daemon.start(wait=is_ready)
            self.cycle(is_ready)
        self.daemon.start()
        # What comes again from the stream is settled, and what is in the spool delivered.
        self.daemon.until(lambda: self.redis.call("XPENDING", self.stream, "espcapd-sensor1")[0] == 0, "an empty stream", 90)
        self.daemon.until(lambda: not self.waiting(), "an empty spool", 60)
        self.daemon.stop()

    def waiting(self):
        """Entries of the spool."""
        return [name for name in os.listdir(self.daemon.spool + "/spool") if name.endswith((".json", ".pcap"))]

    def journal(self):
        """States of captures by request, from the file."""
        states = collections.defaultdict(list)
        with open(self.daemon.spool + "/journal", encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words[1] == "capture":
                    states[words[2]].append(words[4])
        return states

    def judge(self):
        accepted = [line["id"] for line in self.daemon.audit() if line["decision"] == "accepted"]
        assert len(accepted) == len(set(accepted)), "accepted twice"
        files = collections.Counter()
        for path in self.daemon.local_files():
            port, count = port_of(path)
            files[self.ports.of[port]] += 1
            assert count <= self.wanted[self.ports.of[port]][1], path
        dead = collections.Counter()
        for path in self.daemon.dead():
            if path.endswith(".json"):
                with open(path, encoding="utf-8") as source:
                    # A line with the checksum comes first.
                    text = source.read()
                    dead[fact(json.loads(text[text.index("{"):]), "id")] += 1
        states = self.journal()
        outcome = collections.Counter()
        for number in states:
            empty = states[number].count("empty")
            assert files[number] + dead[number] + empty == 1, (number, files[number], dead[number], states[number])
            outcome["file" if files[number] else "dead" if dead[number] else "empty"] += 1
        # Whatever was killed between the journal and the audit is in the journal at least.
        assert set(accepted) <= set(states) and set(files) | set(dead) <= set(states)
        return outcome


def fact(record, name):
    """Wherever the record has the facts of its capture."""
    found = [value for key, value in walk(record) if key == name]
    return found[0] if found else None


def walk(value):
    if isinstance(value, dict):
        if set(value) == {"name", "text"}:
            yield value["name"], value["text"]
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def campaign(cycles, seed):
    with tempfile.TemporaryDirectory(prefix="espcapd-test-") as folder, \
            request_servers.running(request_servers.Redis, own=True) as redis:
        os.chmod(folder, 0o755)
        run = Campaign(folder, redis, seed)
        try:
            run.run(cycles)
            return run.judge()
        finally:
            run.end()


if __name__ == "__main__":
    SEED = int(os.environ.get("SEED", time.time()))
    print("seed", SEED)
    print(campaign(int(sys.argv[1]) if len(sys.argv) > 1 else 20, SEED))
