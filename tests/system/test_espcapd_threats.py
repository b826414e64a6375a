# SPDX-License-Identifier: BSD-2-Clause
"""What an enemy may try with espcapd: see "Capture on request" in docs/threats.md.

By hand, with more rounds: ESPCAP_FLIPS=400 for test_flipped_bits, ESPCAP_RACES=2000 for test_links_in_a_race.
"""

import contextlib
import glob
import json
import os
import random
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

import pytest

import deliverers
import espcap
import espcapd
import request_servers
from deliverers import Answers, CloudShark, Driver, Quiet, Server
from espcapd import payloads, sent
from espcapd_fixtures import no_daemon_is_left, one_daemon, one_redis, open_folder  # noqa: F401 (fixtures)

FLIPS = int(os.environ.get("ESPCAP_FLIPS", "4"))
RACES = int(os.environ.get("ESPCAP_RACES", "25"))
HTTP = os.path.join(espcap.ROOT, "test_pcaps", "http.pcap")
GUIDE = os.path.join(espcap.ROOT, "docs", "on-request.md")
REQUEST = os.path.join(os.path.dirname(espcapd.PROGRAM), "espcapd-request")


@pytest.fixture(scope="module", autouse=True)
def driver():
    made = subprocess.run(["make", "-s", "tests/system/deliver_driver"], cwd=deliverers.BUILD, capture_output=True, text=True)
    if made.returncode != 0 and "No rule" in made.stderr:
        pytest.skip("espcapd is not built")
    assert made.returncode == 0, made.stderr


def captured(daemon, count=1, **members):
    """A capture of so many packets, until its file is in the spool; its id."""
    number = daemon.publish(daemon.capture(packets=count, **members))
    daemon.wait_for(number, "started")
    daemon.send(count)
    daemon.wait_for(number, "finished")
    return number


# ---- Secrets, and what others may read


def family(pid):
    """Processes below this one, itself included."""
    pids = [pid]
    for each in pids:
        with contextlib.suppress(OSError), open("/proc/%d/task/%d/children" % (each, each), encoding="ascii") as children:
            pids += map(int, children.read().split())
    return pids


def looked_at(pids):
    """What others can read of processes; and of each of espcapd, whether its memory belongs to root alone."""
    text = b""
    daemon = os.readlink("/proc/%d/exe" % pids[0])
    for pid in pids:
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError), open("/proc/%d/%s" % (pid, name), "rb") as source:
                text += source.read()
        # The script in place of espcap may still run.
        with contextlib.suppress(FileNotFoundError):
            assert os.readlink("/proc/%d/exe" % pid) != daemon or os.stat("/proc/%d/mem" % pid).st_uid == 0, pid
    return text


def read_all(folder):
    """All bytes of all files below, and all modes: none of it is for others."""
    text = b""
    for top, folders, files in os.walk(folder):
        for name in folders:
            assert stat.S_IMODE(os.stat(os.path.join(top, name)).st_mode) == 0o700, name
        for name in files:
            path = os.path.join(top, name)
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
            with open(path, "rb") as source:
                text += name.encode() + source.read()
    return text


SECRETS = {"cloudshark": "canary0cloudshark", "s3": "canary0s3", "session": "canary0session", "sqs": "canary0sqs",
           "sqs session": "canary0sqssession", "kafka": "canary0kafka", "key": "canary0requester"}
SECRETIVE = """
[cloudshark]
upload = true
scheme = "http"
host = "127.0.0.1"
port = %d
token = "canary0cloudshark"
[s3]
upload = true
endpoint = "%s"
bucket = "pcaps"
style = "path"
accessid = "id"
accesskey = "canary0s3"
sessiontoken = "canary0session"
[sqs]
listen = true
url = "%s/queue"
accessid = "id"
accesskey = "canary0sqs"
sessiontoken = "canary0sqssession"
[kafka]
listen = true
server = ["127.0.0.1:1"]
properties = { "security.protocol" = "SASL_PLAINTEXT", "sasl.mechanism" = "PLAIN", "sasl.username" = "u", "sasl.password" = "canary0kafka" }
[index]
program = "%s/espcap"
node = "http://localhost:1"
api-key-file = "%s/key"
[metrics]
file = "%s/metrics"
[[policy.requester]]
name = "ops"
key = "canary0requester"
"""
# A stand-in for espcap: what a process that dissects packets gets to see of its parent.
INDEXER = """#!/bin/sh
ls -l /proc/self/fd >"%s/index-fds"
tr '\\0' '\\n' </proc/$$/environ >"%s/index-environ"
exit 5
"""


class Echo(Quiet):
    """Says back whatever it is sent: paths, headers, bodies."""

    def do_POST(self):
        text = "%s %s %s" % (self.path, self.headers, self.body().decode("latin-1"))
        self.answer(400, json.dumps({"__type": "x", "message": text, "exceptions": [text]}))

    def do_PUT(self):
        self.answer(403, "<Error><Code>AccessDenied</Code><Message>%s %s</Message></Error>" % (self.headers, self.body()[:0]))


class Secretive(espcapd.Daemon):
    """Its Redis asks for a password and speaks TLS."""

    def configuration(self):
        more = 'tls = true\nca = "%s"\nuser = "default"\nauth = "%s"\n[results]' % (self.redis.ca, self.redis.password("default"))
        return super().configuration().replace('"127.0.0.1"', '"localhost"', 1).replace("[results]", more)


def test_secrets_are_nowhere(folder):
    """Those of the file, and what is captured: not in arguments, environments, messages, results, files for others."""
    for name, text, mode in (("espcap", INDEXER % (folder, folder), 0o755), ("key", "canary0index\n", 0o600)):
        with open(os.path.join(folder, name), "w", encoding="ascii") as target:
            target.write(text)
        os.chmod(os.path.join(folder, name), mode)
    for name in ("index-fds", "index-environ"):
        with open(os.path.join(folder, name), "w", encoding="ascii"):
            os.chmod(os.path.join(folder, name), 0o666)
    with request_servers.running(request_servers.Redis, secure=True) as redis, Server(Echo) as server:
        secrets = [redis.password("default"), *SECRETS.values(), "canary0"]
        daemon = Secretive(folder, redis, general="maxretries = 1", start=False,
                           more=SECRETIVE % (server.port, server.url, server.url, folder, folder, folder))
        with open(os.path.join(folder, "espcapd.toml"), "w", encoding="utf-8"):
            os.chmod(os.path.join(folder, "espcapd.toml"), 0o600)
        daemon.start()
        number = captured(daemon, index=True)
        text = looked_at(family(daemon.process.pid))
        daemon.until(lambda: daemon.results.kinds(number).count("failed") == 3, "three failures")
        daemon.until(lambda: "SQS" in daemon.messages and "afka" in daemon.messages, "failures of listeners")
        daemon.stop()
        text += daemon.messages.encode() + json.dumps(daemon.results.lines).encode() + read_all(daemon.spool)
        for name in ("metrics", "index-environ"):
            with open(os.path.join(folder, name), "rb") as source:
                text += source.read()
        text += subprocess.run([espcapd.PROGRAM, "--config=" + os.path.join(folder, "espcapd.toml"), "--check-config"],
                               capture_output=True, env=espcap.ENVIRONMENT, check=False).stderr
    # Each has failed at its server, whose answers repeated what it was sent.
    for part in (b"espcapd\0", b"AccessDenied", b"status 400"):
        assert part in text, part
    for secret in secrets:
        assert secret.encode() not in text, text[max(0, text.index(secret.encode()) - 500):][:1000]
    with open(os.path.join(folder, "index-fds"), encoding="ascii") as lines:
        # Its three, and that of the directory that ls reads.
        assert len(re.findall(r" -> ", lines.read())) == 4
    assert sorted(os.listdir(daemon.spool)) == ["audit.ndjson", "dead", "index", "journal", "spool"], os.listdir(daemon.spool)
    assert len(daemon.dead()) == 2


# ---- Servers that send elsewhere


class Elsewhere(Quiet):
    """What a redirect leads to: nobody comes here."""

    def do_GET(self):
        self.owner.seen.append(self.path)
        self.answer(200, "")

    do_PUT = do_POST = do_HEAD = do_GET


def test_redirects_are_not_followed(tmp_path):
    """To another server, another scheme, the service with keys of roles: neither CloudShark, S3 nor SQS get there."""
    state = str(tmp_path / "state")
    with Server(Elsewhere) as other:
        other.seen = []
        for number, to in enumerate((other.url + "/x", "file:///etc/passwd", "gopher://127.0.0.1:%d/_x" % other.port,
                                     "http://169.254.169.254/latest/meta-data/")):
            headers = [("Location", to)]
            with CloudShark("token", [(302, "", headers), (307, "", headers)]) as shark, \
                    Answers((307, "", headers)) as store, \
                    Driver(state, destinations="cloudshark,s3", retries=1, first=10, cs_host=shark.host, cs_port=shark.port,
                           cs_token="token", s3_endpoint=store.url, s3_bucket="pcaps", s3_id="i", s3_key="k") as driver:
                driver.put("c%d" % number, HTTP, "cloudshark,s3")
                for name in ("cloudshark", "s3"):
                    assert driver.outcome("c%d" % number, name).end == "failed"
                assert shark.uploads == [] and len(store.requests) == 2
        assert other.seen == []


ENDPOINTS = ("file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1", "http://u:p@127.0.0.1", "http://127.0.0.1/x?y",
             "http://127.0.0.1:99999", "http://a b", "https://http://127.0.0.1")


def test_endpoints_of_other_schemes(tmp_path, folder):
    """Neither in a message whose sender may name it, nor in the configuration."""
    with Answers((200, "")) as server, Driver(str(tmp_path / "state"), destinations="s3", s3_endpoint=server.url, s3_bucket="pcaps",
                                              s3_id="i", s3_key="k", retries=1, first=10) as driver:
        for number, endpoint in enumerate(ENDPOINTS):
            driver.put("c%d" % number, HTTP, "s3", endpoint=endpoint)
            assert driver.outcome("c%d" % number, "s3").end == "failed"
        assert server.requests == []
    text = '[redis]\nlisten = true\n[policy]\ninterfaces = ["lo"]\n[s3]\nupload = true\nbucket = "pcaps"\naccessid = "i"\n' \
        'accesskey = "k"\nendpoint = "%s"\n'
    path = os.path.join(folder, "espcapd.toml")
    for endpoint in ENDPOINTS:
        with open(path, "w", encoding="utf-8") as target:
            target.write(text % endpoint)
        os.chmod(path, 0o600)
        checked = subprocess.run([espcapd.PROGRAM, "--check-config", "--config=" + path], capture_output=True, text=True,
                                 env=espcap.ENVIRONMENT, check=False)
        assert checked.returncode == 2 and ":10: [s3] endpoint: " in checked.stderr, checked.stderr


class Endless(Quiet):
    """An answer, or its header, that does not end; how much of it was taken."""

    def do_PUT(self):
        self.body()
        self.close_connection = True
        piece = b"x" * 65536
        if self.owner.in_header:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            piece = b"X-Header: %s\r\n" % (b"x" * 1000)
        else:
            self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Length: 999999999999\r\n\r\n" % self.owner.status)
        with contextlib.suppress(OSError):
            while self.owner.taken < 1 << 28:
                self.wfile.write(piece)
                self.owner.taken += len(piece)

    do_POST = do_PUT


@pytest.mark.parametrize("in_header, status", [(True, 200), (False, 200), (False, 403)])
def test_answers_without_end(tmp_path, in_header, status):
    """Of S3 and of CloudShark: given up after little of it."""
    with Server(Endless) as server:
        server.in_header, server.status, server.taken = in_header, status, 0
        with Driver(str(tmp_path / "state"), destinations="cloudshark,s3", retries=1, first=10, cs_host=server.host,
                    cs_port=server.port, cs_token="token", s3_endpoint=server.url, s3_bucket="pcaps", s3_id="i", s3_key="k") as driver:
            driver.put("one", HTTP, "cloudshark,s3")
            ends = [driver.outcome("one", name).end for name in ("cloudshark", "s3")]
            # The file may be there.
            assert ends == ["unknown", "unknown"]
        assert server.taken < 64 << 20, server.taken


# ---- Texts of requests

EVIL = "\x1b]0;x\x07\x1b[31m", "a\r\nespcapd: forged line", "\u202egnp.exe", "\x00", "\x7f\x9b2J", "\u2028\u2029"


def test_escapes_in_requests(daemon):
    """No text of a request, nor its name of a member, reaches messages, results or audit lines as it is."""
    texts = ("node", "nodere", "tags", "bpf", "customer", "folder", "bucket", "acl", "region", "endpoint", "id", "nonce", "cancel",
             "format", "issued")
    count = 0
    for evil in EVIL:
        for name in texts:
            daemon.publish(json.dumps(daemon.capture(**{"logrequest": True, "packets": 50001, name: "sensor1" + evil}), ensure_ascii=False))
            count += 1
        for request in ({evil: 1}, {"interface": [evil]}, {"alias": [evil], "interface": None}, {"destinations": [evil]}):
            daemon.publish(json.dumps({**daemon.capture(logrequest=True, packets=50001), **request}, ensure_ascii=False))
            count += 1
        daemon.publish(json.dumps({"request": evil, "key": evil, "mac": evil}))
        daemon.publish(evil.encode("utf-8"))
        count += 2
    daemon.publish(b"\xff\xfe{\x80")
    # What an unknown member holds is nobody's business, and logged with the message.
    number = daemon.publish(daemon.capture(packets=1, logrequest=True, unknown="".join(EVIL)), ensure_ascii=False)
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "finished")
    daemon.stop()
    assert '"unknown": "' in daemon.messages and "holds the control character U+202E" in daemon.messages
    with open(daemon.spool + "/audit.ndjson", "rb") as source:
        audit = source.read()
    # A node of another name leaves the message to others; all others but the last are refused.
    assert count - 2 * len(EVIL) <= len(audit.splitlines()) <= count + 2
    assert [json.loads(line)["decision"] for line in audit.splitlines()].count("accepted") == 1
    for text in (audit.decode(), daemon.messages):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text), ascii(text)
    assert "\nespcapd: forged" not in daemon.messages


# ---- Names of files

NAMES = ("../../x", "/etc/x", "..", "%2e%2e%2fx", "a\\..\\b", "x\x00y", "\u2215etc\u2215x", "\uff0e\uff0e/x", "-rf", "x" * 1000, "$(id)",
         "a\nb")


def test_traversal(folder, redis):
    """What a request says becomes at most a name in the folder, and a key below the folder of the bucket."""
    daemon = espcapd.Daemon(folder, redis, more="""
[[interface]]
name = "lo"
alias = ["../../alias"]
[s3]
upload = true
endpoint = "http://127.0.0.1:1"
bucket = "pcaps"
accessid = "i"
accesskey = "k"
""")
    refused = 0
    for name in NAMES:
        for member in ("tags", "customer", "folder", "id"):
            number = daemon.publish(json.dumps(daemon.capture(**{"packets": 50001, "id": "id-%d" % refused, member: name})))
            assert number is None
            refused += 1
    daemon.until(lambda: len(daemon.results.lines) == refused, "refusals")
    # All of the texts that may be there at all, in captures.
    taken = 0
    for name in NAMES:
        request = daemon.capture(packets=1, destinations=["local"], tags=name, customer=name, alias=["../../alias"], interface=None)
        number = daemon.publish({key: value for key, value in request.items() if value is not None}, "%s #%d" % (name[:50], taken))
        daemon.until(lambda: any(line["result"] in ("refused", "started") for line in daemon.results.lines[refused:]), "an answer")
        refused = len(daemon.results.lines)
        if daemon.results.lines[-1]["result"] == "refused":
            continue
        daemon.send(1)
        daemon.wait_for(number, "uploaded")
        refused = len(daemon.results.lines)
        taken += 1
    assert taken >= 6 and len(daemon.local_files()) == taken
    assert all(re.fullmatch(r"sensor1-lo-[0-9]+(-[0-9]+)?\.pcap", os.path.basename(path)) for path in daemon.local_files())
    for name in ("../..", "/../x", "a/../../b", "..", "x/..", "a//b", "a\\b", "a\x00b"):
        number = daemon.publish(daemon.capture(folder=name))
        assert daemon.wait_for(number, "refused")[0]["reason"].startswith("folder: "), name
    assert set(os.listdir(folder)) == {"files", "state", "espcapd.toml", "stderr"}
    daemon.stop()


def test_names_of_the_node(folder, redis):
    """Of the configuration, but nobody wants its file elsewhere either."""
    daemon = espcapd.Daemon(folder, redis, start=False)
    text = daemon.configuration
    daemon.configuration = lambda: text().replace('"sensor1"', '"../../../etc/x\\u202e"')
    daemon.start()
    number = daemon.publish(daemon.capture(packets=1, node="any"))
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    path, = daemon.local_files()
    assert re.fullmatch(r"[A-Za-z0-9._-]+-lo-[0-9]+\.pcap", os.path.basename(path)) and not os.path.basename(path).startswith(".")
    daemon.stop()


def test_links_in_a_race(tmp_path):
    """Somebody who may write to the folder plants links at the names of files all the time: nothing is written through one."""
    local, victim = tmp_path / "files", tmp_path / "victim"
    local.mkdir()
    victim.write_bytes(b"precious")
    (tmp_path / "trap").mkdir()
    over = threading.Event()
    # A name has less than a hundred others.
    names = ["a%d" % number for number in range(RACES // 50 + 1)]

    def plant():
        while not over.is_set():
            for name in names:
                path = local / random.choice((name + ".pcap", name + "-1.pcap", name + "-2.pcap"))
                with contextlib.suppress(OSError):
                    path.symlink_to(random.choice((victim, tmp_path / "trap" / "new", tmp_path / "trap")))
                with contextlib.suppress(OSError):
                    if path.is_symlink():
                        path.unlink()

    thread = threading.Thread(target=plant)
    thread.start()
    try:
        with Driver(str(tmp_path / "state"), local=local, destinations="local", retries=9, first=10) as driver:
            for number in range(RACES):
                driver.put("c%d" % number, HTTP, "local", name=names[number % len(names)] + ".pcap")
            for number in range(RACES):
                driver.delivered("c%d" % number, "local")
            driver.drain()
    finally:
        over.set()
        thread.join()
    assert victim.read_bytes() == b"precious" and os.listdir(tmp_path / "trap") == []
    files = [path for path in local.iterdir() if not path.is_symlink()]
    assert len(files) == RACES and all(path.read_bytes() == deliverers.content(HTTP) for path in files)


# ---- Filters


def test_a_large_filter_holds_nobody_up(daemon):
    """4 KiB of alternatives in parentheses: made or refused within its two seconds, while others are answered."""
    text = ""
    for number in range(1, 1000):
        more = "(tcp port %d or %s)" % (number, text) if text else "udp port 9"
        if len(more) > 4096:
            break
        text = more
    assert len(text) > 4000
    begun = time.monotonic()
    number = daemon.publish(daemon.capture(bpf=text, timeout=1))
    asked = daemon.publish({"node": "any", "status": True})
    daemon.wait_for(asked, "status")
    answered = time.monotonic() - begun
    daemon.until(lambda: set(daemon.results.kinds(number)) & {"started", "failed"}, "an end of it")
    assert answered < 1 and time.monotonic() - begun < 10, (answered, daemon.results.of(number))
    # A small one beside it does not wait either.
    number = daemon.publish(daemon.capture(bpf=text, timeout=1))
    captured(daemon)
    daemon.until(lambda: set(daemon.results.kinds(number)) & {"finished", "failed"}, "an end of it")


# ---- Files


def test_planted_links(folder, redis):
    """In the place of each file of the spool: not written through. Nor does a folder of somebody else hold captures."""
    victim = os.path.join(folder, "victim")
    daemon = espcapd.Daemon(folder, redis)
    captured(daemon)
    daemon.stop()
    owner = os.stat(daemon.spool)
    with open(victim, "w", encoding="ascii") as target:
        target.write("precious")
    os.chmod(victim, 0o666)
    os.unlink(daemon.spool + "/audit.ndjson")
    os.symlink(victim, daemon.spool + "/audit.ndjson")
    daemon.start()
    captured(daemon)
    daemon.stop()
    # The decision is logged where there is no file for it.
    assert "espcapd: audit: {" in daemon.messages and os.path.islink(daemon.spool + "/audit.ndjson")
    os.unlink(daemon.spool + "/audit.ndjson")
    for path in glob.glob(daemon.spool + "/journal*/*") + [daemon.spool + "/spool/lock"]:
        os.unlink(path)
        os.symlink(victim, path)
        daemon.start(wait=False)
        assert daemon.process.wait(espcapd.LIMIT) != 0, path
        daemon.stderr.close()
        os.unlink(path)
    os.chown(daemon.spool, 12345, 12345)
    daemon.start(wait=False)
    assert daemon.process.wait(espcapd.LIMIT) == 2
    daemon.stderr.close()
    os.chown(daemon.spool, owner.st_uid, owner.st_gid)
    with open(victim, encoding="ascii") as source:
        assert source.read() == "precious"


def test_flipped_bits(folder, redis):
    """A bit of any file of the spool and the journal is another: it starts, or says why not; what is delivered is whole."""
    dice = random.Random(int(os.environ.get("ESPCAP_SEED", "17")))
    daemon = espcapd.Daemon(folder, redis)
    os.rename(daemon.files, daemon.files + ".away")
    spooled = [captured(daemon, 2) for _ in range(3)]
    running = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(running, "started")
    daemon.kill()
    os.rename(daemon.files + ".away", daemon.files)
    shutil.copytree(daemon.spool, folder + "/kept")
    owner = os.stat(daemon.spool)
    paths = [os.path.relpath(path, daemon.spool) for path in glob.glob(daemon.spool + "/**", recursive=True)
             if os.path.isfile(path) and os.path.getsize(path) > 0 and not path.endswith("audit.ndjson")]
    assert len(paths) >= 7, paths
    dice.shuffle(paths)
    for flip in range(FLIPS):
        shutil.rmtree(daemon.spool)
        shutil.copytree(folder + "/kept", daemon.spool)
        for top, folders, files in os.walk(daemon.spool):
            for name in (*folders, *files, "."):
                os.chown(os.path.join(top, name), owner.st_uid, owner.st_gid)
        for path in daemon.local_files():
            os.unlink(path)
        path = os.path.join(daemon.spool, paths[flip % len(paths)])
        with open(path, "r+b") as target:
            data = bytearray(target.read())
            at = dice.randrange(8 * len(data))
            data[at // 8] ^= 1 << at % 8
            target.seek(0)
            target.write(data)
        before = len(daemon.results.lines)
        daemon.start()
        # One that is damaged costs itself: all others are delivered.
        daemon.until(lambda: len({line["id"] for line in daemon.results.lines[before:] if line["result"] == "uploaded"})
                     >= len(spooled) - 1, "what is whole, after bit %d of %s" % (at, path))
        daemon.until(lambda: not glob.glob(daemon.spool + "/spool/*.json"), "an empty spool")
        daemon.stop()
        assert len(daemon.local_files()) in (2, 3), path
        assert all(payloads(local) == sent(2) for local in daemon.local_files()), path


def test_tiny_limits(folder, redis):
    """Spool and dead letter folder are full: said and counted, and nothing hangs."""
    daemon = espcapd.Daemon(folder, redis, general='spoolmax = 1500\nmaxretries = 0\n[metrics]\nfile = "%s/metrics"' % folder)
    os.rename(daemon.files, daemon.files + ".away")
    numbers = [daemon.publish(daemon.capture(packets=20)) for _ in range(3)]
    for number in numbers:
        daemon.wait_for(number, "started")
    daemon.send(20)
    for number in numbers:
        daemon.wait_for(number, "failed")
    os.rename(daemon.files + ".away", daemon.files)
    held = sum(os.path.getsize(path) for path in glob.glob(daemon.spool + "/spool/*.pcap") + glob.glob(daemon.spool + "/dead/*.pcap"))
    assert held <= 1500 and any("at their bound" in line.get("reason", "") for line in daemon.results.lines), \
        [line.get("reason") for line in daemon.results.lines]
    daemon.stop()


# ---- Signatures


def documented(begin, end):
    """Lines of the guide between two lines."""
    with open(GUIDE, encoding="utf-8") as page:
        return page.read().split(begin, 1)[1].split(end, 1)[0]


@pytest.fixture(name="signed")
def one_that_wants_signatures(folder, redis):
    key = os.path.join(folder, "ops.key")
    with open(key, "w", encoding="ascii") as target:
        target.write("0123456789abcdef0123456789abcdef\n")
    os.chmod(key, 0o600)
    daemon = espcapd.Daemon(folder, redis, policy='allow_unsigned = false\n[[policy.requester]]\nname = "ops"\nkeyfile = "%s"' % key)
    yield daemon
    daemon.stop()


def by_jq_and_openssl(folder):
    """As the guide says; the message."""
    commands = documented("here jq and openssl, then Python:\n\n```text\n$ ", "```").replace("\n$ ", "\n")
    commands = commands.replace("eth1", "lo").replace("packets: 100", "packets: 1").replace("| redis-cli -x publish capture", "")
    done = subprocess.run(["bash", "-c", commands], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def by_python(folder):
    code = documented("```python\n", "```").replace("eth1", "lo").replace('"packets": 100', '"packets": 1')
    with open(os.path.join(folder, "ops.key"), "rb") as source:
        values = {"key": source.read().strip()}
    exec("import hashlib, hmac, json, secrets, time\n" + code, values)  # noqa: S102 what the guide shows
    return values["message"]


def by_client(folder):
    done = subprocess.run([REQUEST, "--node=any", "--interface=lo", "--packets=1", "--key=ops",
                           "--keyfile=" + os.path.join(folder, "ops.key"), "--dry-run"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_signers_agree(signed):
    """jq with openssl, Python and espcapd-request sign requests that are taken; each once."""
    for number, signer in enumerate((by_jq_and_openssl, by_python, by_client), 1):
        message = signer(signed.folder)
        for decision in ("accepted", "refused" if signer is not by_client else "already"):
            before = len(signed.audit()) if os.path.exists(signed.spool + "/audit.ndjson") else 0
            signed.publish(message)
            signed.until(lambda: os.path.exists(signed.spool + "/audit.ndjson") and len(signed.audit()) > before, "a decision")
            line = signed.audit()[-1]
            assert (line["decision"], line["requester"]) == (decision, "ops"), line
            assert decision == "accepted" or "nonce" in line.get("reason", "") or decision == "already", line
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("127.0.0.1", signed.port))
        signed.until(lambda: len(signed.local_files()) == number, "a file")


def test_each_changed_byte_is_refused(signed):
    """Each byte of the request and of its signature, one after the other: nothing is captured."""
    message = by_client(signed.folder)
    with signed.redis.connect() as client:
        for at in range(len(message)):
            changed = message[:at] + chr(ord(message[at]) ^ 1) + message[at + 1:]
            assert client.call("PUBLISH", signed.channel, changed) == 1
    signed.until(lambda: os.path.exists(signed.spool + "/audit.ndjson") and len(signed.audit()) == len(message), "decisions")
    assert {line["decision"] for line in signed.audit()} == {"refused"}
    signed.publish(message)
    signed.until(lambda: len(signed.audit()) > len(message), "a decision")
    assert signed.audit()[-1]["decision"] == "accepted"
