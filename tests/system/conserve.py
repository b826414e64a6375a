#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The conservation harness: interrupts deliveries in the middle, runs them again until they succeed, and judges what the server then holds.

	tests/system/conserve.py --cycles=500 [--seed=N] [--kinds=espcap,tshark,server,connection] [--engine=NAME | --fake]

Each cycle makes a capture, interrupts espcap once at a random moment between the first acknowledged and the last sent
bulk request, and starts it again until it exits 0. Every packet must then be there exactly once, by its payload: nothing
of espcap's own (ids, counters, ordinals) takes part in that judgement. ESPCAP names the program.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib

import espcap
import fake_server
import frames

KINDS = ("espcap", "tshark", "server", "connection")
STAGES = ("receiving", "forwarded", "answered", "replying")
PACKETS = 3000
CHUNK = 100
# Replies come this much later than the server gave them, so that there is a middle to interrupt in.
DELAY = 0.03
# What espcap may read ahead of the server, so that tshark is not through before the middle.
MEMORY = "3M"
PREFIX = "conserve"
RUNS = 6
RUN_SECONDS = 180
PARTS = ("indexed", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "unsent")
FINAL_LINE = re.compile(
    r"^espcap: read=(?P<read>\d+) indexed=(?P<indexed>\d+) duplicate=(?P<duplicate>\d+)"
    r" rejected=(?P<rejected>\d+) discarded=(?P<discarded>\d+) filtered=(?P<filtered>\d+) undissected=(?P<undissected>\d+)"
    r" dropped=(?P<dropped>\d+) unsent=(?P<unsent>\d+) skipped=(?P<skipped>\d+) retries=(?P<retries>\d+)"
    r"(?: maybe_duplicate=(?P<maybe_duplicate>\d+))?$")


class Lost(AssertionError):
    """The index is not what the capture was, or a count was wrong."""


# What goes in, and what came out.

def make_payload(number, dice):
    """Its number, some bytes, and a CRC of both."""
    body = b"seq%08d " % number + dice.randbytes(dice.randrange(10, 120))
    return body + struct.pack("!I", zlib.crc32(body))


def make_packets(count, seed):
    dice = random.Random(seed)
    return [frames.udp(make_payload(number, dice)) for number in range(count)]


def make_capture(path, count, seed=1, days=0):
    """A capture of that many numbered packets, a millisecond from each other, or each of the next of so many days."""
    with open(path, "wb") as target:
        target.write(frames.pcap_header())
        for number, data in enumerate(make_packets(count, seed)):
            second, micro = (number % days * 86400, number) if days else (number // 1000, number % 1000 * 1000)
            target.write(frames.pcap_record(data, frames.START + second, micro))
    return path


def payloads_of_capture(path):
    """The payload of every packet, by a reader that shares nothing with espcap. Ethernet, IP and UDP have 42 bytes."""
    with open(path, "rb") as source:
        return [data[42:] for _, _, data, _ in frames.read_pcap(source.read())]


def payload_of(document):
    """The payload that a document says its packet had, or None."""
    text = document.get("layers", {}).get("transport", {}).get("data.data")
    return bytes.fromhex(text.replace(":", "")) if isinstance(text, str) else None


def damaged(payload):
    return payload is None or struct.unpack("!I", payload[-4:])[0] != zlib.crc32(payload[:-4])


def judge(documents, capture):
    """Fails unless these documents are exactly the packets of the capture, each once."""
    found = collections.Counter()
    for document in documents:
        payload = payload_of(document)
        if damaged(payload):
            raise Lost("a document whose payload is damaged: %s" % json.dumps(document)[:300])
        found[payload] += 1
    expected = collections.Counter(payloads_of_capture(capture))
    missing = sorted((expected - found).elements())
    extra = sorted((found - expected).elements())
    if missing or extra:
        raise Lost("%d packets missing (%s), %d too many (%s)"
                   % (len(missing), missing[:3], len(extra), extra[:3]))


def final_line(errors):
    """The counters of the final line, which must add up; None if there is no such line."""
    lines = errors.rstrip("\n").split("\n")
    match = FINAL_LINE.match(lines[-1])
    if not match:
        return None
    counts = {name: int(value or 0) for name, value in match.groupdict().items()}
    if counts["read"] != sum(counts[part] for part in PARTS):
        raise Lost("the final line does not add up: %s" % lines[-1])
    return counts


# Where it goes.

class RealBackend:
    """A real server, one of engines.py."""

    def __init__(self, server):
        self.server = server

    @property
    def port(self):
        return self.server.port

    def call(self, method, path, body=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def indices(self):
        return sorted(self.call("GET", "/%s-*/_settings" % PREFIX))

    def documents(self):
        """Every document there is, page by page."""
        self.call("POST", "/%s-*/_refresh" % PREFIX)
        page = self.call("POST", "/%s-*/_search?scroll=1m" % PREFIX, {"size": 1000, "sort": ["_doc"]})
        found = []
        while page["hits"]["hits"]:
            found += [hit["_source"] for hit in page["hits"]["hits"]]
            page = self.call("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        self.call("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})
        return found

    def wipe(self):
        for name in self.indices():
            self.call("DELETE", "/" + name)

    def kill(self):
        self.server.kill9()

    def restart(self):
        self.server.restart()
        self.wait_for_shards()

    def wait_for_shards(self):
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, OSError):
                if self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=30s")["status"] != "red":
                    return
            if time.monotonic() > end:
                raise TimeoutError("the server did not come back")
            time.sleep(0.2)


class FakeBackend:
    """The fake server and its ledger."""

    def __init__(self, server):
        self.server = server

    @property
    def port(self):
        return self.server.port

    def documents(self):
        return [entry.document for entry in self.server.ledger]

    def wipe(self):
        self.server.ledger.clear()
        self.server.indices.clear()

    def kill(self):
        self.server.stop()

    def restart(self):
        self.server.start()


# What stands between and interrupts.

class Proxy:
    """Passes HTTP between espcap and the server, each reply a little late, and calls interrupt() once, when a bulk
    request reaches the stage and enough documents have passed."""

    def __init__(self, target_port, delay=DELAY, threshold=None, stage=None, interrupt=None, total=PACKETS):
        self.target_port, self.delay = target_port, delay
        self.threshold, self.stage, self.interrupt, self.total = threshold, stage, interrupt, total
        self.lock = threading.Lock()
        self.passed = 0         # documents in requests that came whole
        self.acknowledged = 0   # documents in replies that went whole
        self.fired = None       # (passed, acknowledged) at the interruption
        self.sockets = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.closing = False
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closing = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def cut(self):
        """Cuts every connection, in the rudest way there is."""
        with self.lock:
            for each in self.sockets:
                with contextlib.suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    each.shutdown(socket.SHUT_RDWR)

    def serve(self, client):
        upstream = None
        try:
            with self.lock:
                self.sockets.add(client)
            source = client.makefile("rb")
            while True:
                head, length = read_head(source)
                if head is None:
                    break
                if upstream is None:
                    upstream = socket.create_connection(("127.0.0.1", self.target_port), timeout=60)
                    with self.lock:
                        self.sockets.add(upstream)
                    back = upstream.makefile("rb")
                self.relay(client, source, upstream, back, head, length)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            with self.lock:
                self.sockets -= {client, upstream}
            for each in (client, upstream):
                if each:
                    each.close()

    def relay(self, client, source, upstream, back, head, length):
        """One request and its reply."""
        is_bulk = head.startswith(b"POST ") and b"/_bulk" in head.split(b"\r\n")[0]
        if length is None:
            raise OSError("a request in chunks, which servers refuse")
        body = read_exactly(source, length // 2)
        self.at("receiving", is_bulk, CHUNK)
        body += read_exactly(source, length - len(body))
        count = body.count(b"\n") // 2 if is_bulk else 0
        with self.lock:
            self.passed += count
        upstream.sendall(head + body)
        self.at("forwarded", is_bulk)
        reply_head, reply_length = read_head(back)
        if reply_head is None:
            raise OSError("the server went away")
        if head.startswith(b"HEAD "):
            reply = b""
        else:
            reply = read_chunks(back) if reply_length is None else read_exactly(back, reply_length)
        self.at("answered", is_bulk)
        time.sleep(self.delay if is_bulk else 0)
        client.sendall(reply_head + reply[:len(reply) // 2])
        self.at("replying", is_bulk)
        client.sendall(reply[len(reply) // 2:])
        with self.lock:
            self.acknowledged += count

    def at(self, stage, is_bulk, more=0):
        with self.lock:
            ready = (is_bulk and stage == self.stage and self.fired is None and self.acknowledged > 0
                     and self.threshold <= self.passed and self.passed + more < self.total)
            if ready:
                self.fired = (self.passed, self.acknowledged)
        if ready:
            self.interrupt()


def read_head(source):
    """The head of an HTTP message and the length of its body, None if that comes in chunks; no head at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = source.readline(65536)
        if not line:
            return None, 0
        head += line
    if re.search(rb"(?im)^transfer-encoding:", head):
        return head, None
    match = re.search(rb"(?im)^content-length: *(\d+)", head)
    return head, int(match.group(1)) if match else 0


def read_chunks(source):
    """A body in chunks as it came: Elasticsearch sends mappings so."""
    data = b""
    while True:
        line = source.readline(65536)
        data += line + read_exactly(source, int(line.split(b";")[0], 16) + 2)
        if int(line.split(b";")[0], 16) == 0:
            return data


def read_exactly(source, length):
    data = source.read(length)
    if len(data) < length:
        raise OSError("cut")
    return data


# Interrupting.

def children(pid):
    """Name and pid of all that descends from a process."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as source:
                direct = [int(word) for word in source.read().split()]
            for child in direct:
                with open("/proc/%d/comm" % child, encoding="utf-8") as source:
                    found.append((source.read().strip(), child))
                found += children(child)
    return found


def tsharks_at_work(process, number, limit=60):
    """The tsharks of an espcap, once there are that many of them."""
    end = time.monotonic() + limit
    while len(working := [child for name, child in children(process.pid) if name == "tshark"]) < number:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.005)
    return working


class Run:
    """One run of espcap."""

    def __init__(self, capture, port, folder, options=()):
        self.errors_path = os.path.join(folder, "errors")
        self.orphans = []
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                espcap.command("--file", capture, "--node", "http://127.0.0.1:%d" % port, "--index", PREFIX,
                               "--chunk", str(CHUNK), "--memory", MEMORY, *options),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder,
                env={**espcap.ENVIRONMENT, "ESPCAP_TEST_BACKOFF_MS": "20"})

    def kill(self):
        self.orphans = [pid for _, pid in children(self.process.pid)]
        self.process.kill()

    def kill_tshark(self):
        """True if there was one to kill."""
        victims = [pid for name, pid in children(self.process.pid) if name == "tshark"]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(victims)

    def wait(self, helpers):
        """How it ended. The time that a server takes to be back is not its fault: it counts from then on."""
        try:
            try:
                self.process.wait(RUN_SECONDS)
            except subprocess.TimeoutExpired:
                if not any(helper.is_alive() for helper in helpers):
                    raise
                for helper in helpers:
                    helper.join()
                self.process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Lost("espcap did not end in %d seconds: %s" % (RUN_SECONDS, self.errors)) from None
        if espcap.SANITIZER.search(self.errors):
            raise Lost(self.errors)
        return self.process.returncode

    @property
    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as source:
            return source.read()

    def assert_no_orphans(self):
        """What a killed espcap had started ends by itself."""
        end = time.monotonic() + 10
        while any(espcap.is_running(pid) for pid in self.orphans):
            if time.monotonic() > end:
                raise Lost("a killed espcap left processes behind: %s" % self.orphans)
            time.sleep(0.02)


class Cycle:
    """One capture, one interruption, and runs until one exits 0."""

    def __init__(self, kind, seed, backend, packets=PACKETS):
        self.kind, self.seed, self.backend, self.packets = kind, seed, backend, packets
        dice = random.Random(seed)
        self.stage = dice.choice(STAGES)
        self.threshold = dice.randrange(CHUNK, packets - 15 * CHUNK)
        self.pause = dice.random() * 0.01
        self.run = None
        self.had_victim = True
        self.helpers = []
        self.history = []       # of (exit, counts)

    def __str__(self):
        return "%s at %s from document %d, seed %d" % (self.kind, self.stage, self.threshold, self.seed)

    def interrupt(self):
        """Called from the proxy, in the middle of a request."""
        time.sleep(self.pause)
        if self.kind == "espcap":
            self.run.kill()
        elif self.kind == "tshark":
            self.had_victim = self.run.kill_tshark()
        elif self.kind == "connection":
            self.proxy.cut()
        else:
            self.backend.kill()
            helper = threading.Thread(target=self.backend.restart)
            helper.start()
            self.helpers.append(helper)

    def go(self):
        """Returns the number of runs it took."""
        with tempfile.TemporaryDirectory(prefix="espcap-conserve-") as folder:
            os.chmod(folder, 0o755)
            capture = make_capture(os.path.join(folder, "numbered.pcap"), self.packets, self.seed)
            self.proxy = Proxy(self.backend.port, DELAY, self.threshold, self.stage, self.interrupt, self.packets)
            try:
                return self.deliver(capture, folder)
            finally:
                self.proxy.close()
                for helper in self.helpers:
                    helper.join()

    def deliver(self, capture, folder):
        code = None
        while code != 0:
            if len(self.history) == RUNS:
                raise Lost("%s: no success after %d runs: %s; %s" % (self, RUNS, self.history, self.run.errors))
            self.run = Run(capture, self.proxy.port, folder)
            code = self.run.wait(self.helpers)
            counts = final_line(self.run.errors)
            self.history.append((code, counts))
            self.check_run(code, counts)
        for helper in self.helpers:
            helper.join()
        judge(self.backend.documents(), capture)
        return len(self.history)

    def check_run(self, code, counts):
        if not self.proxy.fired:
            raise Lost("%s: the run ended before it was interrupted: %s" % (self, self.run.errors))
        passed, acknowledged = self.proxy.fired
        assert acknowledged > 0 and passed < self.packets, "%s: not in the middle" % self
        if not self.had_victim:
            raise Lost("%s: there was no tshark any more to kill" % self)
        if self.kind == "espcap" and len(self.history) == 1:
            if code != -signal.SIGKILL or counts:
                raise Lost("%s: espcap was to be killed, but ended with %d" % (self, code))
            self.run.assert_no_orphans()
        elif counts is None:
            raise Lost("%s: no final line: %s" % (self, self.run.errors))
        if code == 0 and (counts["read"] != self.packets or counts["indexed"] + counts["duplicate"] != self.packets):
            raise Lost("%s: exit 0, but %s" % (self, counts))


def cycle(kind, seed, backend, packets=PACKETS):
    """One cycle from an empty index to an empty index. Returns the number of runs it took."""
    made = Cycle(kind, seed, backend, packets)
    runs = made.go()
    backend.wipe()
    return runs, made


# The long mode.

@contextlib.contextmanager
def backend_for(arguments):
    if arguments.fake:
        with fake_server.Server() as server:
            yield FakeBackend(server)
        return
    import engines  # pylint: disable=import-outside-toplevel # fetches servers: only who needs it pays
    with engines.running(arguments.engine) as server:
        backend = RealBackend(server)
        backend.wait_for_shards()
        yield backend


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--kinds", default=",".join(KINDS), type=lambda text: text.split(","))
    parser.add_argument("--packets", type=int, default=PACKETS)
    parser.add_argument("--engine", default="elasticsearch-8.8.2")
    parser.add_argument("--fake", action="store_true", help="the fake server instead of a real one")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print("seed %d" % arguments.seed, flush=True)
    tally, runs, failed = collections.Counter(), collections.Counter(), 0
    with backend_for(arguments) as backend:
        for number in range(arguments.cycles):
            kind = arguments.kinds[number % len(arguments.kinds)]
            try:
                took, made = cycle(kind, arguments.seed + number, backend, arguments.packets)
                print("%d: %s, %d documents acknowledged: %d runs" % (number + 1, made, made.proxy.fired[1], took),
                      flush=True)
                runs[kind] += took
            except AssertionError as error:
                failed += 1
                print("%d: FAILED: %s seed %d: %s" % (number + 1, kind, arguments.seed + number, error), flush=True)
                backend.wipe()
            tally[kind] += 1
    print("%d cycles (%s), %d runs, %d failed, seed %d" % (
        arguments.cycles, ", ".join("%s %d" % item for item in sorted(tally.items())), sum(runs.values()), failed,
        arguments.seed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
