# SPDX-License-Identifier: BSD-2-Clause
"""Runs of espcapd: a configuration, the messages it hears through Redis, the results it publishes, the files it leaves.

It captures on the loopback, and what the tests send there goes to a UDP port that nothing else uses.
"""

import contextlib
import glob
import hashlib
import hmac
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

import espcap

PROGRAM = os.path.join(os.path.dirname(espcap.PROGRAM), "espcapd")
LIMIT = 30


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Results:
    """What is published on a channel, read all the time."""

    def __init__(self, redis, channel):
        self.lines = []
        self.client = redis.connect()
        self.client.call("SUBSCRIBE", channel)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        with contextlib.suppress(Exception):
            while True:
                kind, _, text = self.client.receive(3600)
                if kind == b"message":
                    self.lines.append(json.loads(text))

    def of(self, number):
        return [line for line in self.lines if line.get("id") == number]

    def kinds(self, number):
        return [line["result"] for line in self.of(number)]


class Daemon:
    """One espcapd, in a folder of its own, which a later one may continue."""

    # Processes of all of them: none may outlive a test that fails.
    processes = []

    def __init__(self, folder, redis, policy="", more="", general="", start=True):
        self.folder, self.redis = str(folder), redis
        self.files = os.path.join(self.folder, "files")
        self.spool = os.path.join(self.folder, "state")
        os.makedirs(self.files, exist_ok=True)
        self.channel = redis.new_name("capture")
        self.port = free_port()
        self.policy, self.more, self.general = policy, more, general
        self.results = Results(redis, self.channel + "-results")
        self.process = None
        if start:
            self.start()

    @classmethod
    def end_all(cls):
        while cls.processes:
            process = cls.processes.pop()
            process.kill()
            process.wait()

    def configuration(self):
        return """
[general]
node = "sensor1"
writelocal = true
localdir = "%s"
spool = "%s"
%s
[redis]
listen = true
host = "127.0.0.1"
port = %d
channel = "%s"
stream = "%s-stream"
[results]
redis_channel = "%s-results"
[policy]
interfaces = ["lo"]
%s
%s
""" % (self.files, self.spool, self.general, self.redis.port, self.channel, self.channel, self.channel, self.policy,
       self.more)

    def start(self, wait=True):
        path = os.path.join(self.folder, "espcapd.toml")
        self.write_configuration()
        # As a sensor's daemon has it: a user that owns nothing else writes there.
        os.chmod(self.folder, 0o755)
        os.chmod(self.files, 0o777)
        self.stderr = open(os.path.join(self.folder, "stderr"), "ab")
        self.process = subprocess.Popen([PROGRAM, "--config=" + path, "--verbose"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.stderr,
                                        env={**espcap.ENVIRONMENT, "ESPCAP_TEST_BACKOFF_MS": "20"})
        self.processes.append(self.process)
        if wait:
            self.until(lambda: self.redis.subscribers(self.channel) == 1, "a subscriber")
        return self

    def write_configuration(self):
        with open(os.path.join(self.folder, "espcapd.toml"), "w", encoding="utf-8") as target:
            target.write(self.configuration())

    def reload(self, says="SIGHUP: the configuration is read again"):
        """Writes the configuration and has it read again; what was said from then on."""
        before = len(self.messages)
        self.write_configuration()
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: says in self.messages[before:], says)
        return self.messages[before:]

    @property
    def messages(self):
        with open(os.path.join(self.folder, "stderr"), encoding="utf-8", errors="replace") as source:
            return source.read()

    def until(self, condition, what, seconds=LIMIT):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end and (self.process.poll() is None or condition()), \
                "no %s: %s\n%s" % (what, self.results.lines, self.messages)
            time.sleep(0.02)

    def publish(self, request, number=None, **more):
        """A request for a capture of what this test sends, unless it says otherwise; its id."""
        if isinstance(request, dict):
            number = number or request.get("id") or self.redis.new_name("request")
            request = json.dumps({"id": number, **request}, **more)
        assert self.redis.call("PUBLISH", self.channel, request) >= 1
        return number

    def capture(self, **members):
        return {"node": "sensor1", "interface": ["lo"], "bpf": "udp dst port %d" % self.port, "packets": 5, "timeout": 20,
                **members}

    def wait_for(self, number, *kinds, count=1):
        self.until(lambda: all(self.results.kinds(number).count(kind) >= count for kind in kinds),
                   "%s of %s" % (kinds, number))
        return [line for line in self.results.of(number) if line["result"] == kinds[-1]]

    def send(self, count, first=0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(first, first + count):
                sender.sendto(b"packet %06d" % number, ("127.0.0.1", self.port))

    def local_files(self):
        return sorted(glob.glob(self.files + "/*.pcap*"))

    def audit(self):
        with open(self.spool + "/audit.ndjson", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def dead(self):
        return sorted(glob.glob(self.spool + "/dead/*"))

    def stop(self, number=signal.SIGTERM, status=0, seconds=LIMIT):
        self.process.send_signal(number)
        try:
            got = self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
        self.stderr.close()
        assert not espcap.SANITIZER.search(self.messages), self.messages
        assert status is None or got == status, "exit %d, not %d: %s" % (got, status, self.messages)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.stderr.close()
        assert not espcap.SANITIZER.search(self.messages), self.messages


def packets(path):
    """The packets of a classic pcap file: its link type, and the bytes of each."""
    with open(path, "rb") as source:
        data = source.read()
    magic, _, _, _, _, _, link = struct.unpack("<IHHiIII", data[:24])
    assert magic in (0xA1B2C3D4, 0xA1B23C4D), hex(magic)
    found, at = [], 24
    while at < len(data):
        caplen = struct.unpack("<I", data[at + 8:at + 12])[0]
        found.append(data[at + 16:at + 16 + caplen])
        assert len(found[-1]) == caplen, "cut"
        at += 16 + caplen
    return link, found


def payloads(path):
    """What the packets of send() hold: Ethernet, IPv4 and UDP come before it."""
    return [packet[42:] for packet in packets(path)[1]]


def sent(count, first=0):
    return [b"packet %06d" % number for number in range(first, first + count)]


def signed(request, name, key):
    text = json.dumps(request)
    mac = hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()
    return json.dumps({"request": text, "key": name, "mac": mac})


class Disk:
    """A small file system at a path, which a test can fill and empty."""

    def __init__(self, path, size):
        self.path, self.size = path, size
        os.makedirs(path, exist_ok=True)
        # Root gives itself up for this user.
        self.is_mounted = self.mount("size=%d,mode=755,uid=65534,gid=65534" % size)

    def mount(self, options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.path], capture_output=True,
                              check=False).returncode == 0

    def fill(self):
        with contextlib.suppress(OSError), open(self.path + "/ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def empty(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path + "/ballast")

    def end(self):
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", self.path], check=True)
