# SPDX-License-Identifier: BSD-2-Clause
"""pcapdaemon's sample configuration (pcapdaemon.toml) and sample messages, unchanged, in a machine that has what they name.

A network namespace has eth0, bond1 and bond2; a mount namespace has the name of its Redis, and a /var/lib of its own;
what else the configuration names is away. The node is called as the messages call it. And docs/pcapdaemon.md is
compared with the tables of the sources.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import espcap
import espcapd
import frames
import sensing

pytestmark = sensing.needs_namespaces

SAMPLE = os.path.join(espcap.ROOT, "tests", "system", "pcapdaemon.toml")
GUIDE = os.path.join(espcap.ROOT, "docs", "on-request.md")
NAMESPACE = "espcap-seed-%d" % os.getpid()
# The message of pcapdaemon's text, all members of which stand there at once.
MESSAGE = {"node": "node name", "nodere": "node regex", "interface": ["bond1", "bond2"], "alias": ["local", "public"],
           "tags": "blah,tagme,stuff", "bpf": "dst host", "customer": "importantcustomer", "snap": 1500, "packets": 50,
           "alertid": 655443, "timeout": 15, "duration": 60, "bytes": 1000, "folder": "myfolder", "bucket": "mybucket",
           "acl": "public-read", "region": "us-east-1", "endpoint": "s3.amazonaws.com", "encryption": False}
MISSING = {"bucket": '["mybucket"]', "endpoint": '["s3.amazonaws.com"]', "region": '["us-east-1"]', "acl": '["public-read"]'}
PACKET = 100


def message(*without, **more):
    """The sample without those of its members that exclude others."""
    return {name: value for name, value in {**MESSAGE, **more}.items() if name not in without}


def documented_policy():
    """What docs/on-request.md says to add for these messages."""
    with open(GUIDE, encoding="utf-8") as page:
        block, = re.findall(r"^   ```toml\n(   \[policy\]\n.*?)   ```\n", page.read(), re.MULTILINE | re.DOTALL)
    return "".join(line[3:] for line in block.splitlines(keepends=True))


class Machine:
    """The machine that the sample was written for."""

    def __init__(self, folder, address="127.0.0.1"):
        self.folder, self.address = folder, address
        self.var = os.path.join(folder, "var")
        self.redis = self.daemon = self.reader = None
        os.mkdir(self.var)
        os.mkdir(os.path.join(folder, "dev"))
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.bind(os.path.join(folder, "log"))
        os.chmod(os.path.join(folder, "log"), 0o666)
        self.logged = []
        threading.Thread(target=self.read_syslog, daemon=True).start()
        os.chmod(self.var, 0o755)
        with open(os.path.join(folder, "hosts"), "w", encoding="ascii") as hosts:
            hosts.write("127.0.0.1 localhost\n%s node.running.redis.net\n" % address)

    def read_syslog(self):
        """All of it: whoever writes to a full one waits."""
        with contextlib.suppress(OSError):
            while text := self.syslog.recv(65536):
                self.logged.append(text.decode())

    def __enter__(self):
        sensing.ip("netns", "add", NAMESPACE)
        try:
            self.furnish()
        except BaseException:
            self.__exit__()
            raise
        return self

    def furnish(self):
        sensing.ip("link", "set", "lo", "up", namespace=NAMESPACE)
        if self.address != "127.0.0.1":
            sensing.ip("addr", "add", self.address + "/32", "dev", "lo", namespace=NAMESPACE)
        for name in ("eth0", "bond1", "bond2"):
            sensing.ip("link", "add", name, "type", "veth", "peer", "name", "to-" + name, namespace=NAMESPACE)
            for end in (name, "to-" + name):
                sensing.ip("link", "set", end, "addrgenmode", "none", "up", namespace=NAMESPACE)
        self.redis = self.inside("redis-server", "--bind", self.address, "--port", "6379", "--requirepass", "password",
                                 "--save", "", "--dir", self.folder, stdout=subprocess.DEVNULL)
        self.wait(lambda: self.ask("PING") == "PONG", "Redis")

    def __exit__(self, *_):
        for process in (self.daemon, self.reader, self.redis):
            if process is not None:
                process.kill()
                process.wait()
        self.syslog.shutdown(socket.SHUT_RDWR)
        self.syslog.close()
        sensing.ip("netns", "del", NAMESPACE)

    @staticmethod
    def inside(*words, **more):
        return subprocess.Popen(["nsenter", "--net=/run/netns/" + NAMESPACE, "--", *words], stdin=subprocess.DEVNULL, **more)

    def ask(self, *words):
        asked = self.inside("redis-cli", "-h", self.address, "-a", "password", "--no-auth-warning", *words, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
        return asked.communicate(timeout=espcapd.LIMIT)[0].strip()

    def wait(self, condition, what, seconds=espcapd.LIMIT):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end and (self.daemon is None or self.daemon.poll() is None), \
                "no %s: %s\n%s" % (what, self.audit(), self.messages())
            time.sleep(0.05)

    def start(self, name, configuration):
        """The node of that name, with a file of configuration."""
        script = 'mount --bind "$0/var" /var/lib && mount --bind "$0/hosts" /etc/hosts && mount -t tmpfs dev "$0/dev" && ' \
            'cp -a /dev/null /dev/zero /dev/random /dev/urandom "$0/dev" && ln -s "$0/log" "$0/dev/log" && ' \
            'mount --bind "$0/dev" /dev && ' \
            'printf %s "$1" >/proc/sys/kernel/hostname && shift && exec "$@"'
        with open(os.path.join(self.folder, "stderr"), "ab") as stderr:
            self.daemon = self.inside("unshare", "--mount", "--uts", "sh", "-c", script, self.folder, name, espcapd.PROGRAM,
                                      "-config", configuration, stdout=subprocess.DEVNULL, stderr=stderr,
                                      env=espcap.ENVIRONMENT)
        self.wait(lambda: self.ask("PUBSUB", "NUMSUB", "capture").endswith("1"), "subscriber")

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        code, self.daemon = self.daemon.wait(espcapd.LIMIT), None
        assert code == 0 and not espcap.SANITIZER.search(self.messages()), self.messages()

    def messages(self):
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.folder, "stderr"), encoding="utf-8") as lines:
            return lines.read()
        return ""

    def audit(self):
        with contextlib.suppress(FileNotFoundError), \
                open(os.path.join(self.var, "espcapd", "audit.ndjson"), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
        return []

    def decision(self, request):
        """What the node decides about a message: its audit line."""
        before = len(self.audit())
        assert self.ask("PUBLISH", "capture", json.dumps(request)) == "1"
        self.wait(lambda: len(self.audit()) > before, "decision")
        line, = self.audit()[before:]
        return line

    def hear(self, channel):
        """Takes down what is published there."""
        with open(os.path.join(self.folder, channel), "wb") as lines:
            self.reader = self.inside("redis-cli", "-h", self.address, "-a", "password", "--no-auth-warning", "SUBSCRIBE", channel, stdout=lines,
                                      stderr=subprocess.DEVNULL)
        self.wait(lambda: self.ask("PUBSUB", "NUMSUB", channel).endswith("1"), "subscriber")

    def results(self):
        with open(os.path.join(self.folder, "results"), encoding="utf-8") as lines:
            return lines.read()

    def spooled(self):
        return sorted(glob.glob(os.path.join(self.var, "espcapd", "spool", "*.pcap")))


@pytest.fixture(name="machine")
def a_machine():
    with tempfile.TemporaryDirectory(prefix="espcapd-seed-") as folder:
        os.chmod(folder, 0o755)
        with Machine(folder) as machine:
            yield machine


def sample_file(folder, more=""):
    """The sample as only its owner can read it."""
    path = os.path.join(folder, "espcapd.toml")
    shutil.copyfile(SAMPLE, path)
    with open(path, "a", encoding="utf-8") as target:
        target.write(more)
    os.chmod(path, 0o600)
    return path


def test_sample_configuration_is_right(tmp_path):
    path = sample_file(tmp_path)
    result = subprocess.run([espcapd.PROGRAM, "-config", path, "--check-config"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, env=espcap.ENVIRONMENT, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    warnings = [line.split(": warning: ", 1)[1] for line in result.stderr.splitlines() if ": warning: " in line]
    for line, text in zip(warnings, ("[redis] host: the password and all requests go", "[kafka] server: an empty text",
                                     "[policy]: every request is refused"), strict=True):
        assert line.startswith(text), result.stderr
    assert result.stderr.splitlines()[-1] == "espcapd: %s: 0 errors, 3 warnings" % path


def refused_with(machine, request, *says):
    line = machine.decision(request)
    assert line["decision"] == "refused"
    for text in says:
        assert text in line["reason"], line


def taken(machine, devices):
    """Sends to each interface of an accepted request until its file is in the spool; the packets of each."""
    before = set(machine.spooled())
    packets = [frames.udp(b"%0*d" % (PACKET - 42, number)) for number in range(12)]

    def done():
        for device in devices:
            sensing.send(packets, "to-" + device, NAMESPACE)
        return machine.results().count('"stop_reason":"bytes"') == len(devices)

    machine.wait(done, "ends of " + " and ".join(devices))
    assert len(set(machine.spooled()) - before) == len(devices)
    return [espcapd.packets(path)[1] for path in sorted(set(machine.spooled()) - before)]


@pytest.mark.parametrize("node, without", [("node name", "nodere"), ("this is a node regex, too", "node")], ids=["node", "nodere"])
def test_sample_messages(machine, node, without):
    """Refused by the sample configuration with the lines that are missing; accepted and captured with these."""
    machine.start(node, sample_file(machine.folder))
    request = message(without, "alias")
    # Facility and severity are those of 25, in messages to syslog.
    machine.wait(lambda: machine.logged, "message to syslog")
    assert all(re.match(r"<25>.* pcapdaemon\[[0-9]+\]: ", line) for line in machine.logged), machine.logged
    add = ["add %s = %s to [policy]" % line for line in MISSING.items()]
    refused_with(machine, request, 'add interfaces = ["bond1"] to [policy]', 'add interfaces = ["bond2"] to [policy]', *add)
    refused_with(machine, message(without, "interface"), *add)
    refused_with(machine, message("alias"), "node: stands beside nodere")
    refused_with(machine, message(without), "interface: stands beside alias")
    machine.stop()
    # What the guide says to add; and, to see how captures end, where results go.
    machine.hear("results")
    machine.start(node, sample_file(machine.folder, documented_policy() + '[results]\nredis_channel = "results"\n'))
    # All of it is allowed. The filter of the sample lacks its host: libpcap says so.
    assert machine.decision(request)["decision"] == "accepted"
    machine.wait(lambda: machine.results().count('"result":"failed"') == 2, "results")
    assert machine.results().count("bpf: can't parse filter expression: syntax error") == 2, machine.results()
    whole = {**request, "bpf": "udp and dst host 10.0.0.2"}
    assert machine.decision(whole)["decision"] == "accepted"
    for found in taken(machine, ("bond1", "bond2")):
        # 24 bytes, and 16 for each packet: the ninth is the one that makes them 1000.
        assert [len(packet) for packet in found] == [PACKET] * 9
    machine.stop()


def test_redis_elsewhere():
    """Messages of a Redis that is not at a loopback address need a signature, whatever its name is."""
    with tempfile.TemporaryDirectory(prefix="espcapd-seed-") as folder:
        os.chmod(folder, 0o755)
        with Machine(folder, "192.0.2.1") as machine:
            machine.start("node name", sample_file(folder))
            refused_with(machine, message("nodere", "alias"), "message: is not signed: sign it, or set allow_unsigned = true in [policy]")
            machine.stop()


# ---- The page

PAGE = os.path.join(espcap.ROOT, "docs", "pcapdaemon.md")
SECTIONS = {"REQUESTER": "[[policy.requester]]", "INTERFACE": "[[interface]]"}


def source(name):
    with open(os.path.join(espcap.ROOT, "src", name), encoding="utf-8") as text:
        return text.read()


def rows(heading):
    """Cells of a table of the page, without its head, and without code's marks."""
    with open(PAGE, encoding="utf-8") as page:
        text = page.read().split("\n## %s\n" % heading, 1)[1].split("\n## ", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")][1:]


def new(what):
    (_, names), = [row for row in rows("What is new") if row[0].strip("`") == what]
    return re.findall("`-?([^`]+)`", names)


def test_page_has_every_key():
    """Once: with pcapdaemon's, or with those that are new; with the default that is in the table."""
    keys = re.findall(r'^\t([A-Z0-9]+)\("(\w+)", [A-Z_]+, [\w.]+, [^"]*?(NULL|"[^"]*"), ', source("daemon/configuration_table.c"),
                      re.MULTILINE)
    found = {}
    for section, name, preset in keys:
        found.setdefault(SECTIONS.get(section, "[%s]" % section.lower()), {})[name] = preset.strip('"')
    assert len(keys) > 100 and len(found) == 13
    ours = {section: {} for section in found}
    for section, name, default, _ in rows("Keys of the file"):
        ours[section.strip("`")][name.strip("`")] = default
    for section, names in found.items():
        more = new(section) if any(row[0].strip("`") == section for row in rows("What is new")) else []
        assert sorted([*ours[section], *more]) == sorted(names), section
        for name, default in ours[section].items():
            # The channel has its default without stream only, which is not in the table.
            known = "capture" if (section, name) == ("[redis]", "channel") else names[name]
            assert default.split(":")[0] == known.replace("NULL", "-"), (section, name)


def test_page_has_every_flag_and_member():
    flags = re.findall(r'^\t(?:\{ "|FLAG\()([\w-]+)', source("config/espcapd_options_table.c"), re.MULTILINE)
    members = re.findall(r'^\t\{ "(\w+)", request_value_', source("request/request_read.c"), re.MULTILINE)
    assert len(flags) > 15 and len(members) > 25
    for heading, names, what in (("Flags", flags, "flags"), ("Members of messages", members, "members")):
        listed = [row[0].strip("`-") for row in rows(heading)]
        assert sorted(listed + new(what)) == sorted(names)


def test_page_has_pcapdaemons():
    """Those of its sample file and its sample message, its flags, and two members that only its text has."""
    with open(SAMPLE, encoding="utf-8") as lines:
        section, keys = None, set()
        for line in lines:
            if line.startswith("["):
                section = line.strip()
            elif " = " in line and not line.startswith("#"):
                keys.add((section, line.split(" = ")[0]))
    assert keys == {(row[0].strip("`"), row[1].strip("`")) for row in rows("Keys of the file")}
    assert {row[0].strip("`") for row in rows("Members of messages")} == {*MESSAGE, "packetdebug", "logrequest"}
    assert len(rows("Flags")) == 14


def test_tests_of_the_page_exist():
    with open(PAGE, encoding="utf-8") as page:
        text = page.read()
    for name in re.findall(r"`(?:tests/unit/)?(test_\w+\.c)`", text):
        assert os.path.exists(os.path.join(espcap.ROOT, "tests", "unit", name)), name
    defined = set()
    for path in glob.glob(os.path.join(espcap.ROOT, "tests", "system", "test_espcapd*.py")):
        with open(path, encoding="utf-8") as text_of:
            defined |= set(re.findall(r"^def (test_\w+)", text_of.read(), re.MULTILINE))
    names = set(re.findall(r"\b(test_\w+)\b(?!\.[cp])", text))
    assert names and names <= defined, names - defined
