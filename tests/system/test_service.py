# SPDX-License-Identifier: BSD-2-Clause
"""espcap as a service: metrics that somebody else reads at any time, what the service manager is told, the unit."""

import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import pytest

import deliveries
import espcap
import exposition
import fake_server
import units
from conftest import needs_root

DNS, HTTP = (os.path.join(espcap.ROOT, "test_pcaps", name) for name in ("dns.pcap", "http.pcap"))
NAMESPACE = "espcap-service-%d" % os.getpid()
UNIT = os.path.join(os.path.dirname(espcap.PROGRAM), "conf", "espcap@.service")


@pytest.fixture
def folder():
    """One that every user may write to."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o777)
    yield path
    os.chmod(path, 0o700)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def namespace():
    """One with loopback only, on which nothing is but what a test sends."""
    if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", NAMESPACE], check=False).returncode != 0:
        pytest.skip("makes a network namespace: needs root and ip")
    subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
    yield NAMESPACE
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)


class Manager:
    """The socket of a service manager; keeps what it was told."""

    def __init__(self, address):
        self.address, self.said = address, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(re.sub("^@", "\0", address))
        if address[0] == "/":
            os.chmod(address, 0o777)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while True:
            text = self.socket.recv(65536).decode()
            if text == "over":
                return
            self.said.append((time.monotonic(), text))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"over", re.sub("^@", "\0", self.address))
        self.thread.join(5)
        self.socket.close()

    def times(self, word):
        return [when for when, text in self.said if word in text.split("\n")]

    def environment(self, watchdog=None):
        given = {"NOTIFY_SOCKET": self.address}
        return given if watchdog is None else {**given, "WATCHDOG_USEC": str(int(watchdog * 1e6))}


class Service:
    """A run that goes on meanwhile."""

    def __init__(self, *options, environment=None, namespace=None, stdin=subprocess.DEVNULL, prefix=()):
        prefix = ["ip", "netns", "exec", namespace] if namespace else prefix
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*prefix, *espcap.command(*options)], stdin=stdin, stdout=subprocess.DEVNULL, stderr=self.errors,
            env={**espcap.ENVIRONMENT, **(environment or {})})

    @property
    def messages(self):
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")

    def until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end and self.process.poll() is None, "no %s: %s" % (what, self.messages)
            time.sleep(0.02)

    def end(self, *signals, seconds=30):
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.2)
        try:
            code = self.process.wait(seconds)
        finally:
            self.process.kill()
        assert not espcap.SANITIZER.search(self.messages), self.messages
        return code

    def tshark(self):
        """The process that dissects."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as source:
            for pid in source.read().split():
                with open("/proc/%s/comm" % pid, encoding="ascii") as comm:
                    if comm.read() == "tshark\n":
                        return int(pid)
        return None


# Metrics.

def test_files(folder):
    path, before = os.path.join(folder, "x.prom"), time.time()
    result = espcap.run("--file", DNS, "--file", HTTP, "--display-filter=http", "--bpf=tcp or udp", "--jobs=1",
                        "--metrics", path)
    assert result.code == 0
    metrics, counts = exposition.read(path), result.counts
    assert metrics("espcap_packets_read_total") == counts["read"] > 0
    for outcome in ("printed", "filtered", "undissected", "dropped"):
        assert metrics("espcap_packets_total", outcome=outcome, fate=outcome) == counts[outcome]
    assert counts["printed"] > 0 and counts["filtered"] > 0
    assert metrics("espcap_packets_pending") == 0
    assert metrics("espcap_packets_skipped_total") == counts["skipped"]
    assert metrics("espcap_running") == 0 and metrics("espcap_exit_status") == 0
    assert metrics("espcap_tsharks_started_total") == 2
    started = metrics("espcap_start_time_seconds")
    assert before - 1 <= started <= metrics("espcap_last_delivery_timestamp_seconds") <= time.time() + 1
    assert "espcap_requests_retried_total" not in metrics.names()
    assert not any("interface" in dict(labels) for _, labels in metrics.values)
    found = os.stat(path)
    assert stat.S_IMODE(found.st_mode) == 0o644
    assert found.st_uid == os.geteuid(), "who starts espcap has its files"
    assert os.listdir(folder) == ["x.prom"]


def test_delivery(folder, numbered):
    path = os.path.join(folder, "x.prom")
    with fake_server.Server() as server:
        for duplicate, indexed in ((0, deliveries.PACKETS), (deliveries.PACKETS, 0)):
            done = deliveries.deliver(server, numbered, folder, "--metrics", path)
            assert done.code == 0, done.errors
            metrics = exposition.read(path)
            assert metrics("espcap_packets_total", outcome="indexed", fate="indexed") == indexed
            assert metrics("espcap_packets_total", outcome="duplicate", fate="duplicate") == duplicate
            assert metrics("espcap_packets_total", outcome="rejected", fate="rejected") == 0
            assert metrics("espcap_requests_retried_total") == 0
            assert metrics("espcap_queue_limit_bytes", queue="delivery") == 256 << 20
            assert "espcap_last_delivery_timestamp_seconds" in metrics.names()


def test_failure_is_in_them(folder):
    path = os.path.join(folder, "x.prom")
    result = espcap.run("--file", DNS, "--display-filter=no such filter", "--metrics", path)
    assert result.code == 2
    metrics = exposition.read(path)
    assert metrics("espcap_running") == 0 and metrics("espcap_exit_status") == 2
    assert metrics("espcap_packets_read_total") == 0


@pytest.mark.parametrize("name", ["none/x.prom", "closed/x.prom", "link", "folder"])
def test_cannot_be_written(folder, unprivileged, name):
    closed = os.path.join(folder, "closed")
    os.mkdir(closed)
    os.chmod(closed, 0o555)
    os.mkdir(os.path.join(folder, "folder"))
    os.symlink("/dev/null", os.path.join(folder, "link"))
    result = espcap.run("--file", DNS, "--metrics", os.path.join(folder, name), prefix=unprivileged)
    assert result.code == 2 and result.output == b""
    assert re.fullmatch(r"espcap: --metrics=%s: .*\n" % re.escape(os.path.join(folder, name)), result.errors)


def test_what_is_beside_them_stays(folder):
    """Whatever its name is, and whatever it is."""
    path = os.path.join(folder, "x.prom")
    kept = {"x.prom.tmp": "mine", "x.prom.new": "mine", ".espcap-0123456789abcdef-1.tmp": "mine"}
    for name, content in kept.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as target:
            target.write(content)
    os.symlink("x.prom.tmp", path + "~")
    result = espcap.run("--file", DNS, "--metrics", path)
    assert result.code == 0, result.errors
    assert exposition.read(path)("espcap_running") == 0
    assert sorted(os.listdir(folder)) == sorted([*kept, "x.prom", "x.prom~"])
    for name, content in kept.items():
        with open(os.path.join(folder, name), encoding="utf-8") as source:
            assert source.read() == content


def test_runs_that_are_killed_leave_nothing(folder):
    """Whenever that is; and what is left by one that cannot help it is removed by the next."""
    path = os.path.join(folder, "x.prom")
    assert espcap.run("--file", DNS, "--metrics", path).code == 0
    for delay in range(20):
        child = subprocess.Popen(espcap.command("--file=-", "--metrics", path), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=espcap.ENVIRONMENT)
        time.sleep(delay / 50)
        child.kill()
        child.communicate()
        # Between the two system calls that give it a name, and another.
        assert len(set(os.listdir(folder)) - {"x.prom"}) <= 1
    left = os.path.join(folder, "left")
    with open(left, "w", encoding="utf-8"):
        pass
    if os.geteuid() == 0:
        user = os.stat(path).st_uid
        os.chown(left, user, user)
    os.rename(left, os.path.join(folder, ".espcap-0123456789abcdef-%x.tmp" % os.stat(left).st_ino))
    assert espcap.run("--file", DNS, "--metrics", path).code == 0
    assert os.listdir(folder) == ["x.prom"]


@needs_root
def test_cannot_be_written_any_more(folder, unprivileged):
    """Said once, and no reason to end."""
    path = os.path.join(folder, "x.prom")
    service = Service("--file=-", "--metrics", path, stdin=subprocess.PIPE, prefix=unprivileged)
    service.until(lambda: os.path.exists(path), "metrics")
    os.chmod(folder, 0o755)
    with open(DNS, "rb") as source:
        service.process.communicate(source.read(), timeout=30)
    assert service.end() == 0
    assert service.messages.count("--metrics=") == 1, service.messages
    assert "--metrics=%s: Permission denied; continuing" % path in service.messages
    assert re.search(r"^espcap: read=(\d+) printed=\1 ", service.messages, re.MULTILINE)
    assert exposition.read(path)("espcap_running") == 1
    assert os.listdir(folder) == ["x.prom"]


def send(namespace, count):
    subprocess.run(["ip", "netns", "exec", namespace, "bash", "-c",
                    "for i in $(seq %d); do echo $i >/dev/udp/127.0.0.1/9; done" % count], check=True)


def test_live(folder, namespace):
    """Metrics while it runs, which a reader always finds whole; and what the manager hears of a long run."""
    path = os.path.join(folder, "lo.prom")
    with Manager(os.path.join(folder, "notify")) as manager:
        service = Service("--nic=lo", "--bpf=udp port 9", "--metrics", path, namespace=namespace,
                          environment=manager.environment(watchdog=1))
        service.until(lambda: manager.times("READY=1"), "READY=1")
        metrics = exposition.read(path)
        assert metrics("espcap_running", interface="lo") == 1
        send(namespace, 20)

        def is_counted():
            found = exposition.read(path)
            return found("espcap_packets_total", interface="lo", outcome="printed", fate="printed") == 20
        service.until(is_counted, "metrics of 20 packets", 40)
        metrics = exposition.read(path)
        assert all(dict(labels)["interface"] == "lo" for _, labels in metrics.values)
        assert metrics("espcap_packets_read_total", interface="lo") == 20
        for process in ("espcap", "capture", "tshark"):
            assert metrics("espcap_resident_memory_bytes", interface="lo", process=process) > 1 << 19
        for cause in ("queue", "kernel", "interface"):
            assert metrics("espcap_capture_drops_total", interface="lo", cause=cause) == 0
        assert metrics("espcap_queue_bytes", interface="lo", queue="capture") == 0
        assert metrics("espcap_queue_limit_bytes", interface="lo", queue="capture") == 64 << 20
        assert metrics("espcap_tsharks_started_total", interface="lo") >= 1
        assert abs(metrics("espcap_last_delivery_timestamp_seconds", interface="lo") - time.time()) < 60

        # tshark knows nothing of the manager.
        with open("/proc/%d/environ" % service.tshark(), "rb") as source:
            names = {entry.split(b"=")[0] for entry in source.read().split(b"\0") if entry}
        assert names <= {b"HOME", b"PATH", b"LC_ALL", b"LD_PRELOAD"}, names
        # A loop that stands says nothing, one that goes does.
        assert len(manager.times("WATCHDOG=1")) > 5
        espcap.stop(service.process.pid)
        time.sleep(0.5)
        before = len(manager.times("WATCHDOG=1"))
        time.sleep(2.5)
        assert len(manager.times("WATCHDOG=1")) == before
        service.process.send_signal(signal.SIGCONT)
        service.until(lambda: len(manager.times("WATCHDOG=1")) > before, "WATCHDOG=1 again")
        service.process.send_signal(signal.SIGUSR1)
        service.until(lambda: any(text.startswith("STATUS=read=20 printed=20 ") for _, text in manager.said), "STATUS=")
        assert not manager.times("STOPPING=1")
        assert service.end(signal.SIGTERM) == 0
        assert len(manager.times("STOPPING=1")) == len(manager.times("READY=1")) == 1
        metrics = exposition.read(path)
        assert metrics("espcap_running", interface="lo") == 0
        assert metrics("espcap_packets_total", interface="lo", outcome="printed", fate="printed") == 20
        assert "read=20 printed=20 " in service.messages


# The service manager.

def test_abstract_socket_and_files():
    with Manager("@espcap-service-%d" % os.getpid()) as manager:
        result = espcap.run("--file", DNS, environment=manager.environment())
        assert result.code == 0
        end = time.monotonic() + 5
        while not manager.times("STOPPING=1") and time.monotonic() < end:
            time.sleep(0.02)
        assert [text.split("\n")[0] for _, text in manager.said] == ["READY=1", "STOPPING=1"]


def test_server_down_is_no_failure_of_the_start(folder, namespace):
    with Manager(os.path.join(folder, "notify")) as manager:
        service = Service("--nic=lo", "--node=127.0.0.1:9", "--dead-letter", os.path.join(folder, "dead"),
                          namespace=namespace, environment=manager.environment(watchdog=4))
        service.until(lambda: manager.times("READY=1"), "READY=1")
        service.until(lambda: len(manager.times("WATCHDOG=1")) > 2, "WATCHDOG=1")
        assert "Connection refused" in service.messages
        service.end(signal.SIGTERM)
        assert manager.times("STOPPING=1")


def test_mistake_is_a_failure_of_the_start(namespace, folder):
    with Manager(os.path.join(folder, "notify")) as manager:
        service = Service("--nic=lo", "--display-filter=no such filter", namespace=namespace,
                          environment=manager.environment())
        assert service.end() == 2
        assert not manager.times("READY=1")


# The unit.

def unit():
    """Its settings, a list for each, with lines that go on put together."""
    if not os.path.exists(UNIT):
        pytest.skip("%s is not there: espcap was not built here" % UNIT)
    with open(UNIT, encoding="utf-8") as source:
        text = re.sub(r"\\\n\s*", "", source.read())
    settings = {}
    for line in text.split("\n"):
        if line and not line.startswith(("#", "[")):
            name, value = line.split("=", 1)
            settings.setdefault(name, []).append(value)
    assert "@bindir@" not in text and "@sysconfdir@" not in text
    return settings


def test_unit_fits_the_program():
    settings = unit()
    shell, *_, program, options = command_of(settings, {"ESPCAP_OPTIONS": []})
    assert shell == "/bin/sh"
    assert program.startswith("/") and os.path.basename(program) == "espcap"
    known = espcap.run("--help=all").output.decode()
    for option in options:
        assert "  %s=" % option.split("=")[0] in known, option
    # Numbers of the contract: 2 is usage; systemd must wait longer than espcap delivers.
    assert settings["RestartPreventExitStatus"] == ["2"] and settings["Restart"] == ["on-failure"]
    assert settings["Type"] == ["notify"] and settings["KillMode"] == ["mixed"]
    assert int(settings["TimeoutStopSec"][0]) > 300 and settings["LimitCORE"] == ["0"]
    assert settings["AmbientCapabilities"] == settings["CapabilityBoundingSet"] == ["CAP_NET_RAW"]
    # What the fences around tshark are made of.
    assert {"user", "net", "pid"} == set(settings["RestrictNamespaces"][0].split())
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= \
        set(settings["SystemCallFilter"][0].split())


def command_of(settings, variables):
    """The words of ExecStart as systemd.service(5) makes them of these variables; the options of espcap are the last."""
    words = []
    for word in shlex.split(settings["ExecStart"][0].replace("%i", "eth0")):
        if word.startswith("$") and not word.startswith("$$"):
            words += variables.get(word[1:], [])
        else:
            words.append(word.replace("$$", "$"))
    program = next(index for index, word in enumerate(words) if os.path.basename(word) == "espcap" and word[0] == "/")
    return [*words[:program + 1], words[program + 1:]]


@pytest.mark.parametrize("node", [None, "", "https://search:9200"], ids=["no node", "empty", "a node"])
def test_unit_takes_what_earlier_versions_had(node, folder):
    """ESPCAP_NODE and ESPCAP_OPTIONS of service.conf are on the command line, and so win over espcap.conf."""
    shell = command_of(unit(), {"ESPCAP_OPTIONS": ["--bpf=tcp port 80", "--index=sensor"]})
    stand_in = os.path.join(folder, "espcap")
    with open(stand_in, "w", encoding="ascii") as target:
        target.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    os.chmod(stand_in, 0o755)
    done = subprocess.run([*shell[:-2], stand_in, *shell[-1]], env={} if node is None else {"ESPCAP_NODE": node},
                          stdout=subprocess.PIPE, text=True, check=True)
    words = done.stdout.split("\n")[:-1]
    assert words[0].startswith("--config=/") and words[0].endswith("/espcap/espcap.conf") and words[1] == "--nic=eth0"
    assert words[-2 - bool(node):] == ["--bpf=tcp port 80", "--index=sensor"] + (["--node=" + node] if node else [])
    assert sum(word.startswith("--node") for word in words) == bool(node)


def test_unit_pleases_systemd(folder):
    *_, program, _ = command_of(unit(), {"ESPCAP_OPTIONS": []})
    with open(UNIT, encoding="utf-8") as source:
        units.verify(os.path.join(folder, "espcap@eth0.service"), source.read().replace(program, espcap.PROGRAM))


@needs_root
def test_rights_of_the_unit_are_enough(folder, namespace):
    """Another user with the one capability captures, and every fence stands that stands for root."""
    path = os.path.join(folder, "lo.prom")
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
              "--inh-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", "--ambient-caps=+net_raw"]
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *prefix, *espcap.command(
            "--nic=lo", "--duration=2s", "--verbose", "--metrics", path)],
        env={**espcap.ENVIRONMENT, "XDG_CACHE_HOME": folder, "HOME": folder}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not espcap.SANITIZER.search(done.stderr), done.stderr
    as_root = espcap.run("--file", DNS, "--verbose")

    def fences(text):
        # Only root can start tshark as another user.
        return [line for line in text.split("\n") if "sandbox: " in line and "separate user" not in line]
    assert fences(as_root.errors) and fences(done.stderr) == fences(as_root.errors)
    assert exposition.read(path)("espcap_exit_status", interface="lo") == 0
