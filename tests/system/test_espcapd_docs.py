# SPDX-License-Identifier: BSD-2-Clause
"""docs/on-request.md: its examples with Redis, ElasticMQ and VersityGW do what the page shows.

test_espcapd_threats.py runs those that sign, test_espcapd_seed.py the [policy] for the messages of pcapdaemon.
"""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

import espcap
import espcapd
import request_servers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the examples are root's")

GUIDE = os.path.join(espcap.ROOT, "docs", "on-request.md")
BUILD = os.path.dirname(espcap.PLAIN)
# What differs from run to run.
PATTERNS = ((r'"time":"[^"]*"', '"time":"TIME"'), (r'"id":"[0-9a-f]+"', '"id":"ID"'), (r"-[0-9]{10}\.pcap", "-SECONDS.pcap"),
            (r'"sha256":"[0-9a-f]{64}"', '"sha256":"SHA"'), (r'"bytes":[0-9]+', '"bytes":N'))


def examples(section):
    """Commands of a section, each with its prompt and the lines that it prints; and its blocks of TOML."""
    with open(GUIDE, encoding="utf-8") as page:
        text = page.read().split("\n## %s\n" % section, 1)[1].split("\n## ", 1)[0]
    commands = []
    for block in re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines = iter(block.splitlines())
        for line in lines:
            if line.startswith(("$ ", "# ")):
                command = line[2:]
                while command.endswith("\\"):
                    command += "\n" + next(lines)
                if command.endswith("<<END"):
                    command += "\n" + "\n".join(iter(lambda: next(lines), "END")) + "\nEND"
                commands.append((command, []))
            elif commands:
                commands[-1][1].append(line)
    return commands, re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def normal(text, folder):
    text = text.replace(folder, "/tmp/first")
    for pattern, word in PATTERNS:
        text = re.sub(pattern, word, text)
    return text.splitlines()


class Place:
    """A folder in the place of /tmp/first, a Redis in the place of that of port 6379, and the programs of the build."""

    def __init__(self, folder, redis):
        self.folder, self.redis = os.path.join(folder, "first"), redis
        self.processes = []
        self.user = "nobody"
        try:
            self.user = pwd.getpwnam("espcap").pw_name
        except KeyError:
            pass
        self.interface = next((name for _, name in socket.if_nameindex() if name != "lo"), None)

    def own(self, text):
        """A command or an output of the page, here."""
        for word, other in (("/tmp/first", self.folder), ("build/", BUILD + "/"), ("port = 6379", "port = %d" % self.redis.port),
                            ("--redis=localhost", "--redis=localhost:%d" % self.redis.port), ("-o nobody", "-o " + self.user),
                            ("redis-cli", "redis-cli -p %d" % self.redis.port),
                            ("localhost:6379", "localhost:%d" % self.redis.port), ("eth0", self.interface or "eth0")):
            text = text.replace(word, other)
        return re.sub(r"(?<=^)espcapd-request", BUILD + "/espcapd-request", text)

    def start(self, command, output):
        """In the folder; what it prints goes to a file."""
        with open(os.path.join(self.folder, output), "wb") as target:
            process = subprocess.Popen(["bash", "-c", "exec " + self.own(command)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=target, stderr=subprocess.STDOUT, env=espcap.ENVIRONMENT)
        self.processes.append(process)
        return process

    def printed(self, output):
        with open(os.path.join(self.folder, output), encoding="utf-8") as source:
            return source.read()

    def run(self, command):
        done = subprocess.run(["bash", "-c", self.own(command)], cwd=os.path.dirname(self.folder), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=espcap.ENVIRONMENT,
                              timeout=espcapd.LIMIT, check=False)
        return done.returncode, done.stdout

    def wait(self, condition, what):
        end = time.monotonic() + espcapd.LIMIT
        while not condition():
            assert time.monotonic() < end, "no " + what
            time.sleep(0.02)


@pytest.fixture(name="place")
def a_place():
    folder = tempfile.mkdtemp(prefix="espcapd-docs-")
    os.chmod(folder, 0o755)
    with request_servers.running(request_servers.Redis, own=True) as redis:
        place = Place(folder, redis)
        yield place
        for process in place.processes:
            process.kill()
            process.wait()
    shutil.rmtree(folder)


def ask_dns():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(bytes(26), ("127.0.0.1", 53))


def started(place, commands, more=""):
    """espcapd as the first look has it."""
    for command, _ in commands[1:4]:
        assert place.run(command)[0] == 0
    with open(os.path.join(place.folder, "espcapd.toml"), "a", encoding="utf-8") as target:
        target.write(more)
    process = place.start(commands[4][0], "espcapd.out")
    place.wait(lambda: "requests are heard" in place.printed("espcapd.out"), "subscription")
    return process


def stopped(process):
    process.terminate()
    assert process.wait(espcapd.LIMIT) == 0


def test_first_look(place):
    commands, _ = examples("First look")
    names = [command.split()[0] for command, _ in commands]
    assert names == ["scripts/engine", "install", "install", "cat", "build/espcapd", "build/espcapd-request", "build/espcap",
                     "build/espcapd-request", "redis-cli", "scripts/engine"]
    process = started(place, commands)
    assert normal(place.printed("espcapd.out"), place.folder) == place.own("\n".join(commands[4][1])).splitlines()
    asking = place.start(commands[5][0], "asked")
    place.wait(lambda: '"started"' in place.printed("asked"), "capture")
    ask_dns()
    assert asking.wait(espcapd.LIMIT) == 0
    assert normal(place.printed("asked"), place.folder) == normal("\n".join(commands[5][1]), place.folder)
    name = re.search(r"me-lo-[0-9]+\.pcap", place.printed("asked"))[0]
    code, text = place.run(re.sub(r"me-lo-[0-9]+\.pcap|\*\.pcap", name, commands[6][0]))
    assert code == 0 and text.count(" dns Standard query ") == 3, text
    if place.interface:
        code, text = place.run(commands[7][0])
        assert code == 2 and normal(text, place.folder) == normal(place.own("\n".join(commands[7][1])), place.folder)
    code, text = place.run(commands[8][0])
    assert (code, text.strip()) == (0, "1")
    stopped(process)


def test_s3(place):
    """With the section that the page shows for its server."""
    commands, _ = examples("First look")
    shown, (section, *_) = examples("Where captures go")
    with request_servers.running(request_servers.S3) as store:
        bucket = store.create_bucket()
        printed = "\n".join(shown[0][1])
        for key, value in (("url", store.url), ("access-key", store.credentials.access_key)):
            assert re.search(r"^%s: \S+$" % key, printed, re.MULTILINE)
            section = section.replace(re.search(r"^%s: (\S+)$" % key, printed, re.MULTILINE)[1], value)
        secret = os.path.join(os.path.dirname(place.folder), "secret")
        with open(secret, "w", encoding="ascii") as target:
            target.write(store.credentials.secret_key + "\n")
        os.chmod(secret, 0o600)
        section = re.sub(r'accesskeyfile = ".*"', 'accesskeyfile = "%s"' % secret, section).replace('"pcaps"', '"%s"' % bucket)
        process = started(place, commands, section)
        asking = place.start(commands[5][0].replace("--wait", "--wait --destination=s3"), "asked")
        place.wait(lambda: '"started"' in place.printed("asked"), "capture")
        ask_dns()
        assert asking.wait(espcapd.LIMIT) == 0, place.printed("asked")
        last = json.loads(place.printed("asked").splitlines()[-1])
        key, = store.keys(bucket)
        assert (last["result"], last["destination"]) == ("uploaded", "s3") and last["url"].endswith(bucket + "/" + key)
        stopped(process)


def test_sqs_and_redis_with_tls(place):
    """A request lies in the queue; one through TLS reaches the server, which has no listener."""
    os.mkdir(place.folder)
    (secure, lines), (status, _), (kafka, _), (_, shown), (sqs, _) = examples("Where requests come from")[0]
    assert "--secure" in secure and "--kafka" in kafka
    with request_servers.running(request_servers.Redis, secure=True) as redis:
        place.redis = redis
        found = dict(line.split(": ") for line in lines)
        code, text = place.run(status.replace(found["ca"], redis.ca).replace(
            found["passwords"] + "/requester", redis.password_file("requester")))
        assert code == 5 and "nobody" in text.lower(), text
    with request_servers.running(request_servers.Sqs) as server:
        queue = server.create_queue()
        found = dict(line.split(": ") for line in shown)
        assert server.region == found["region"]
        code, text = place.run(sqs.replace(found["queues"] + "capture", queue).replace(found["credentials"], server.credentials.file))
        assert code == 0, text
        request, = server.receive(queue)
        assert json.loads(request["Body"])["packets"] == 100
