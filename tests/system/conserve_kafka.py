#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The conservation harness of espcap --kafka: workers of one group, of which some are interrupted, stopped and joined by others.

	tests/system/conserve_kafka.py --cycles=100 [--seed=N] [--workers=2] [--kinds=kill,stop,helper,tshark,server,broker,join]

Each cycle puts a capture into a topic of 8 partitions, has the workers index it, and meanwhile does one thing of each
kind that it drew. When the group has committed the whole topic, every packet must be in the index exactly once, by its
payload. ESPCAP names the program.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import conserve
import engines
import espcap
import kafka
import transfers

KINDS = ("kill", "stop", "helper", "tshark", "join", "server", "broker")
PACKETS = 6000
PARTITIONS = 8
LIMIT = 180
# So that a member that died is missed soon.
SESSION = ("-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=1000")


class Worker:
    """One espcap --kafka that indexes."""

    def __init__(self, cycle, number):
        self.cycle = cycle
        self.errors_path = os.path.join(cycle.folder, "errors-%d" % number)
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                espcap.command("--kafka", cycle.brokers.address, "--topic", cycle.topic, "--group", cycle.group, *SESSION,
                               "--node", "http://127.0.0.1:%d" % cycle.backend.port, "--index", conserve.PREFIX,
                               "--chunk", "100", "--commit-every=300ms", "--warmup=1s,50"),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd=cycle.folder,
                preexec_fn=transfers.take_signals, env={**espcap.ENVIRONMENT, "ESPCAP_TEST_BACKOFF_MS": "20"})

    @property
    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as source:
            return source.read()

    def children(self, name):
        return [pid for found, pid in conserve.children(self.process.pid) if found == name]

    def helper(self):
        """The Kafka process, once it is there: it is the child that has threads."""
        threaded = [pid for pid in self.children("espcap") if len(os.listdir("/proc/%d/task" % pid)) > 1]
        return threaded[0] if threaded else None

    def end(self, number=signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise conserve.Lost("a worker did not end in %d seconds: %s" % (LIMIT, self.errors)) from None
        if espcap.SANITIZER.search(self.errors):
            raise conserve.Lost(self.errors)
        return self.process.returncode


class Cycle:
    """What happens to the workers of one topic."""

    def __init__(self, seed, brokers, backend, folder, kinds, workers):
        self.dice = random.Random(seed)
        self.brokers, self.backend, self.folder = brokers, backend, folder
        self.kinds, self.count = kinds, workers
        self.topic = brokers.create_topic(partitions=PARTITIONS)
        self.group = "espcap-" + self.topic
        self.capture = conserve.make_capture(os.path.join(folder, "packets.pcap"), PACKETS, seed)
        self.workers, self.past = [], []

    def begin(self):
        self.workers.append(Worker(self, len(self.workers) + len(self.past)))

    def drop(self, worker, number):
        code = worker.end(number)
        self.workers.remove(worker)
        self.past.append(worker)
        return code

    def stop(self, worker):
        code = self.drop(worker, signal.SIGTERM)
        # Before it has begun, the signal ends it.
        if code != 0 and (code != -signal.SIGTERM or worker.errors):
            raise conserve.Lost("a worker that was stopped ended with %d: %s" % (code, worker.errors))
        if code == 0:
            check_line(worker)

    def do(self, kind):
        worker = self.dice.choice(self.workers)
        if kind == "kill":
            self.drop(worker, signal.SIGKILL)
        elif kind == "stop":
            self.stop(worker)
        elif kind == "helper":
            victim = worker.helper()
            if victim:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                self.drop(worker, signal.SIGTERM)
        elif kind == "tshark":
            for victim in worker.children("tshark"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        elif kind == "join":
            self.begin()
        elif kind == "server":
            self.backend.kill()
            time.sleep(self.dice.uniform(0, 1))
            self.backend.restart()
        elif kind == "broker":
            self.brokers.kill9()
            self.brokers.restart()
        if not self.workers:
            self.begin()

    def is_committed(self):
        """False also while the broker that was killed is not quite back."""
        try:
            return self.has_committed_all()
        except kafka.confluent_kafka.KafkaException:
            return False

    def has_committed_all(self):
        ends = {number: end for number, (_, end) in self.brokers.ends(self.topic).items() if end > 0}
        committed = self.brokers.committed(self.group, self.topic)
        return all(committed.get(number, 0) >= end for number, end in ends.items())

    def run(self):
        for _ in range(self.count):
            self.begin()
        transfers.produce(self.brokers, self.topic, "--file", self.capture, "--partition=key")
        for kind in self.kinds:
            time.sleep(self.dice.uniform(0, 2))
            self.do(kind)
        until = time.monotonic() + LIMIT
        while not self.is_committed():
            for worker in list(self.workers):
                if worker.process.poll() is not None:
                    self.drop(worker, 0)
                    self.begin()
            if time.monotonic() > until:
                raise conserve.Lost("not committed in %d seconds: %s of %s: %s" % (
                    LIMIT, self.brokers.committed(self.group, self.topic), self.brokers.ends(self.topic),
                    [worker.errors for worker in self.workers]))
            time.sleep(0.3)
        for worker in list(self.workers):
            self.stop(worker)
        conserve.judge(self.backend.documents(), self.capture)
        return [check_line(worker) for worker in self.past if worker.process.returncode == 0]

    def clean(self):
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()


def check_line(worker):
    """The sums of a worker that was not killed."""
    found = [line for line in worker.errors.splitlines() if line.startswith("espcap: read=")]
    if len(found) != 1:
        raise conserve.Lost("no final line: %s" % worker.errors)
    counts = dict(word.split("=") for word in found[0].split()[1:])
    counts = {name: int(value) for name, value in counts.items()}
    parts = ("indexed", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "released", "unsent")
    if counts["read"] != sum(counts[part] for part in parts):
        raise conserve.Lost("the final line does not add up: %s" % found[0])
    return counts


def cycle(seed, brokers, backend, kinds=None, workers=2):
    """One cycle; the counts of its workers that were not killed."""
    dice = random.Random(seed)
    if kinds is None:
        kinds = [dice.choice(KINDS) for _ in range(dice.randrange(1, 4))]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        backend.wipe()
        one = Cycle(seed, brokers, backend, folder, kinds, workers)
        try:
            return one.run()
        finally:
            one.clean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kinds", type=lambda text: text.split(","))
    arguments = parser.parse_args()
    with engines.running("elasticsearch-8.8.2", own=True) as server, kafka.running(own=True) as brokers:
        backend = conserve.RealBackend(server)
        for number in range(arguments.cycles):
            seed = arguments.seed + number
            began = time.monotonic()
            kinds = [random.Random(seed).choice(arguments.kinds)] if arguments.kinds else None
            counts = cycle(seed, brokers, backend, kinds, arguments.workers)
            print("seed %d: %.1f s, %s" % (seed, time.monotonic() - began, counts), flush=True)
    print("%d cycles, nothing lost, nothing twice" % arguments.cycles)
    return 0


if __name__ == "__main__":
    sys.exit(main())
