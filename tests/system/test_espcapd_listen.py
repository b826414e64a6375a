# SPDX-License-Identifier: BSD-2-Clause
"""Listeners and publishers of espcapd against real servers, driven by listen_driver.c: what they hear, and what they say
when a server is away, refuses, is silent, or loses what it knew.
"""

import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

import deliverers
import espcap
import espcapd
import request_servers
from relays import Relay
from test_delivery_access import Certificates
from transfers import brokers  # noqa: F401 (a fixture)

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = "tests/system/listen_driver"
LIMIT = 20


@pytest.fixture(scope="module", autouse=True)
def driver():
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server")
    made = subprocess.run(["make", "-s", DRIVER], cwd=BUILD, capture_output=True, text=True)
    if "No rule to make target" in made.stderr:
        pytest.skip("built without espcapd")
    assert made.returncode == 0, made.stderr


def wait_until(is_so, what):
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


class Driver:
    """A running driver: what it has told."""

    def __init__(self, *words):
        self.process = subprocess.Popen([os.path.join(BUILD, DRIVER), *words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.told = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        errors = self.process.stderr.read()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors

    def order(self, text):
        self.process.stdin.write(text + "\n")

    def of(self, what, part=""):
        return [line for line in list(self.told) if line["what"] == what and part in line.get("text", "")]

    def texts(self):
        return [line["text"] for line in self.of("message")]

    def wait(self, what, part="", count=1):
        wait_until(lambda: len(self.of(what, part)) >= count,
                   lambda: "%s %r did not come %d times: %r" % (what, part, count, self.told[-20:]))
        return self.of(what, part)

    def metrics(self):
        before = len(self.of("metrics"))
        self.order("metrics")
        text = self.wait("metrics", count=before + 1)[-1]["text"]
        return {line.split("{")[0].split(" ")[0]: int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}

    def stop(self):
        """The orderly end; returns what the last lines say."""
        self.order("stop")
        assert self.process.wait(LIMIT) == 0
        self.reader.join()
        return self.of("stopped")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Redis:
    """A server that may be stopped, killed and started again at the same port."""

    def __init__(self, folder, *settings, tls=False):
        self.folder, self.settings, self.tls = folder, settings, tls
        self.port = free_port()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()

    def start(self, *more):
        port = ("--port", "0", "--tls-port", str(self.port)) if self.tls else ("--port", str(self.port))
        self.process = subprocess.Popen(["redis-server", *port, "--bind", "127.0.0.1", "--dir", str(self.folder), "--save",
                                         "", "--appendonly", "no", *self.settings, *more], stdout=subprocess.DEVNULL)
        wait_until(self.answers, lambda: "redis-server does not start")
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def ask(self, *words, auth=None):
        """What redis-cli prints of the answer."""
        options = ["-a", auth, "--no-auth-warning"] if auth else []
        asked = subprocess.run(["redis-cli", "-p", str(self.port), *options, *words], capture_output=True, text=True,
                               check=True, timeout=LIMIT)
        return asked.stdout.strip()


@pytest.fixture(name="redis")
def a_redis(tmp_path):
    with Redis(tmp_path) as server:
        yield server


def channel(server, *words):
    return Driver("port=%d" % server.port, "silence=500", *words, "channel")


def stream(server, *words):
    return Driver("port=%d" % server.port, "silence=1500", *words, "stream")


def pending(server):
    return int(server.ask("XPENDING", "requests", "espcapd-test").split("\n")[0])


# --- A channel ----------------------------------------------------------------


def test_channel_hears(redis):
    with channel(redis) as driver:
        driver.wait("connected")
        assert redis.ask("PUBLISH", "capture", '{"node":"any"}') == "1"
        message = driver.wait("message")[0]
        assert (message["text"], message["local"], message["ticket"]) == ('{"node":"any"}', 1, 0)
        # Longer than the silence after which the server is asked: the answer to that is no message.
        time.sleep(1.3)
        redis.ask("PUBLISH", "capture", "second")
        driver.wait("message", "second")
        assert driver.metrics()["espcapd_listener_connected"] == 1
        driver.stop()
        assert driver.texts() == ['{"node":"any"}', "second"] and not driver.of("lost")


def test_channel_waits_for_server_and_says_what_is_lost(tmp_path):
    server = Redis(tmp_path)
    with channel(server) as driver:
        assert "onnect" in driver.wait("lost")[0]["text"]
        with server:
            go_on_after_an_outage(server, driver)


def go_on_after_an_outage(server, driver):
    driver.wait("connected")
    assert not driver.of("note")
    redis_says(server, driver, "before")
    server.kill()
    driver.wait("lost", "closed the connection")
    server.start()
    driver.wait("connected", count=2)
    assert "requests published meanwhile are lost" in driver.wait("note")[0]["text"]
    redis_says(server, driver, "after")
    assert driver.metrics()["espcapd_listener_reconnects_total"] == 1


def redis_says(server, driver, text):
    assert server.ask("PUBLISH", "capture", text) == "1"
    driver.wait("message", text)


def test_channel_of_a_server_that_stands_still(redis):
    with channel(redis) as driver:
        driver.wait("connected")
        redis.process.send_signal(signal.SIGSTOP)
        assert driver.wait("lost")[0]["text"].startswith("no answer for")
        redis.process.send_signal(signal.SIGCONT)
        driver.wait("connected", count=2)
        redis_says(redis, driver, "again")


def test_channel_passwords(tmp_path):
    with Redis(tmp_path, "--requirepass", "right") as server:
        with channel(server) as driver:
            assert "set [redis] auth" in driver.wait("lost")[0]["text"]
        with channel(server, "auth=wrong") as driver:
            text = driver.wait("lost")[0]["text"]
            assert "WRONGPASS" in text and "wrong" not in text.replace("WRONGPASS", "")
        with channel(server, "auth=right") as driver:
            driver.wait("connected")
            # Changed: the connection there is stays, the next one is refused, until it is changed back.
            server.ask("CONFIG", "SET", "requirepass", "other", auth="right")
            server.ask("CLIENT", "KILL", "TYPE", "pubsub", auth="other")
            driver.wait("lost", "WRONGPASS")
            server.ask("CONFIG", "SET", "requirepass", "right", auth="other")
            driver.wait("connected", count=2)


def test_channel_users(tmp_path):
    with Redis(tmp_path) as server:
        server.ask("ACL", "SETUSER", "capture", "on", ">secret", "resetchannels", "&capture", "+subscribe", "+ping")
        server.ask("ACL", "SETUSER", "deaf", "on", ">secret", "resetchannels", "+subscribe")
        with channel(server, "user=capture", "auth=secret") as driver:
            driver.wait("connected")
            redis_says(server, driver, "to a user")
        with channel(server, "user=deaf", "auth=secret") as driver:
            assert "NOPERM" in driver.wait("lost")[0]["text"]
        with channel(server, "auth=secret") as driver:
            assert "remove [redis] auth" in driver.wait("lost")[0]["text"]


def test_channel_of_a_slow_reader(redis):
    """Redis throws out who does not read: it subscribes again, and says so."""
    redis.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 100kb 50kb 1")
    with channel(redis, "quiet=1") as driver:
        driver.wait("connected")
        driver.order("idle 2000")
        time.sleep(0.2)
        blob = "x" * 1000000
        for _ in range(30):
            subprocess.run(["redis-cli", "-p", str(redis.port), "-x", "PUBLISH", "capture"], input=blob, text=True,
                           capture_output=True, check=True)
        driver.wait("note", "are lost")


def test_channel_large_messages(redis):
    """10 MB come whole; what is beyond the bound ends the connection, and no memory is taken for it."""
    redis.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
    with channel(redis) as driver:
        driver.wait("connected")
        publish_file(redis, 10000000)
        assert driver.wait("message")[0]["len"] == 10000000
        publish_file(redis, 40000000)
        driver.wait("lost", "too large")
        driver.wait("connected", count=2)
        redis_says(redis, driver, "small")


def publish_file(server, size):
    subprocess.run(["redis-cli", "-p", str(server.port), "-x", "PUBLISH", "capture"], input="x" * size, text=True,
                   capture_output=True, check=True)


def test_channel_cut_in_a_message():
    """Half a message is none; the next connection begins anew."""
    subscribed = b"*3\r\n$9\r\nsubscribe\r\n$7\r\ncapture\r\n:1\r\n"
    begin = b"*3\r\n$7\r\nmessage\r\n$7\r\ncapture\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Driver("port=%d" % server.getsockname()[1], "channel") as driver:
            with server.accept()[0] as connection:
                connection.sendall(subscribed + begin + b"$100\r\nhalf")
                driver.wait("connected")
            driver.wait("lost")
            with server.accept()[0] as connection:
                connection.sendall(subscribed + begin + b"$5\r\nwhole\r\n")
                driver.wait("message")
                assert driver.texts() == ["whole"] and driver.of("note")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*2147483647\r\n", b"$-7\r\n", b"*1\r\n" * 20,
                                    b"$536870912\r\n" + b"x" * 20000000, b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n:7\r\n"])
def test_hostile_server(answer):
    """None of it ends the listener or takes memory: it tries again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Driver("port=%d" % server.getsockname()[1], "channel") as driver:
            for _ in range(2):
                connection = server.accept()[0]
                try:
                    connection.sendall(answer)
                except OSError:
                    pass
                driver.wait("lost")
                connection.close()
            assert driver.process.poll() is None
            with open("/proc/%d/status" % driver.process.pid, encoding="ascii") as status:
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            assert peak < 400000, "%d kB" % peak


# --- TLS ----------------------------------------------------------------------


@pytest.fixture(name="certificates", scope="module")
def some_certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def with_tls(folder, certificates, pair):
    return Redis(folder, "--tls-cert-file", pair + ".crt", "--tls-key-file", pair + ".key", "--tls-ca-cert-file",
                 certificates.authority + ".crt", "--tls-auth-clients", "no", tls=True)


def publish_tls(server, certificates, text):
    context = ssl.create_default_context(cafile=certificates.authority + ".crt")
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
            wrapped.sendall(b"PUBLISH capture %s\r\n" % text)
            assert wrapped.recv(100) == b":1\r\n"


def test_tls(tmp_path, certificates):
    authority = "ca=%s.crt" % certificates.authority
    with with_tls(tmp_path, certificates, certificates.good) as server:
        with channel(server, "tls=1", authority) as driver:
            driver.wait("connected")
            publish_tls(server, certificates, b"x" * 50000)
            assert driver.wait("message")[0]["len"] == 50000
            time.sleep(1.3)
            assert not driver.of("lost")
        with channel(server, "tls=1", "ca=%s.crt" % certificates.stranger) as driver:
            assert "check [redis] ca and host" in driver.wait("lost")[0]["text"]
        with channel(server) as driver:
            driver.wait("lost")
    with with_tls(tmp_path, certificates, certificates.wrong_host) as server, channel(server, "tls=1", authority) as driver:
        assert "check [redis] ca and host" in driver.wait("lost")[0]["text"]


def test_unix_socket(tmp_path):
    path = str(tmp_path / "redis.socket")
    with Redis(tmp_path, "--unixsocket", path) as server, Driver("host=" + path, "channel") as driver:
        driver.wait("connected")
        server.ask("PUBLISH", "capture", "by a socket")
        assert driver.wait("message")[0]["local"] == 1


# --- A stream -----------------------------------------------------------------


def test_stream_hears_and_acknowledges(redis):
    with stream(redis) as driver:
        driver.wait("note", "group espcapd-test made")
        driver.wait("connected")
        entry = redis.ask("XADD", "requests", "*", "request", "one")
        message = driver.wait("message")[0]
        assert message["id"] == "redis:requests/" + entry and message["sent"] == int(entry.split("-")[0])
        redis.ask("XADD", "requests", "*", "only", "two")
        redis.ask("XADD", "requests", "*", "a", "1", "b", "2")
        driver.wait("note", "no field")
        driver.wait("message", "two")
        wait_until(lambda: pending(redis) == 2, lambda: pending(redis))
        driver.order("settle 1 done")
        driver.order("settle 2 not_ours")
        wait_until(lambda: pending(redis) == 0, lambda: pending(redis))
        assert len(driver.stop()) == 1


def test_stream_many_at_once(redis):
    """1,000 and more: none is lost, and no more than the bound are open at a time."""
    with stream(redis) as driver:
        driver.wait("connected")
        redis.ask("EVAL", "for i=1,2500 do redis.call('XADD','requests','*','request','r'..i) end", "0")
        driver.wait("message", count=1000)
        time.sleep(1.5)
        assert len(driver.of("message")) == 1000 and driver.metrics()["espcapd_listener_open"] == 1000
        for ticket in range(1, 2501):
            wait_until(lambda: len(driver.of("message")) >= ticket, lambda: ticket)
            driver.order("settle %d done" % ticket)
        driver.wait("message", count=2500)
        driver.stop()
        assert driver.texts() == ["r%d" % i for i in range(1, 2501)] and pending(redis) == 0


def test_stream_reads_again_what_was_not_settled(redis):
    with stream(redis, "settle=retry") as driver:
        driver.wait("connected")
        redis.ask("XADD", "requests", "*", "request", "unsettled")
        assert driver.wait("message")[0]["again"] == 0
        # Given again by this process, with the same ticket.
        assert driver.wait("message", count=2)[1] == dict(driver.of("message")[0], again=1)
    with stream(redis, "settle=done") as driver:
        assert driver.wait("message")[0]["again"] == 1
        wait_until(lambda: pending(redis) == 0, lambda: pending(redis))


def test_stream_claims_from_former_names_only(redis):
    for name in ("old", "neighbor"):
        with stream(redis, "consumer=" + name) as driver:
            driver.wait("connected")
            redis.ask("XADD", "requests", "*", "request", "of " + name)
            driver.wait("message", "of " + name)
    with stream(redis, "consumer=new", "former=old", "former=new", "former=never", "settle=done") as driver:
        driver.wait("message")
        redis.ask("XADD", "requests", "*", "request", "later")
        driver.wait("message", "later")
        assert driver.texts() == ["of old", "later"]
        wait_until(lambda: pending(redis) == 1, lambda: pending(redis))
        assert "neighbor" in redis.ask("XPENDING", "requests", "espcapd-test", "-", "+", "10")


def test_stream_keeps_open_ones_over_an_outage(redis):
    with Relay(redis.port) as relay, stream(relay) as driver:
        driver.wait("connected")
        for text in ("settled meanwhile", "settled later"):
            redis.ask("XADD", "requests", "*", "request", text)
        driver.wait("message", count=2)
        relay.cut()
        driver.wait("lost")
        driver.order("settle 1 done")
        redis.ask("XADD", "requests", "*", "request", "added meanwhile")
        relay.restore()
        driver.wait("message", "added meanwhile")
        assert len(driver.texts()) == 3 and pending(redis) == 2
        driver.order("settle 2 done")
        driver.order("settle 3 done")
        assert len(driver.stop()) == 1 and pending(redis) == 0


def test_stream_gone(redis):
    """A server without its memory after a restart, and a group that somebody deletes."""
    with stream(redis, "settle=done") as driver:
        driver.wait("connected")
        redis.ask("XADD", "requests", "*", "request", "one")
        driver.wait("message", "one")
        redis.kill()
        redis.start()
        redis.ask("XADD", "requests", "*", "request", "before the group")
        driver.wait("note", "was gone: made again")
        driver.wait("message", "before the group")
        redis.ask("XGROUP", "DESTROY", "requests", "espcapd-test")
        redis.ask("XADD", "requests", "*", "request", "after the group")
        driver.wait("message", "after the group")
        redis.ask("DEL", "requests")
        wait_until(lambda: redis.ask("EXISTS", "requests") == "1", lambda: driver.told[-5:])
        # An id from before: the clock of the server went back.
        redis.ask("XADD", "requests", "5-1", "request", "early")
        driver.wait("message", "early")
        assert len(driver.texts()) == 4


def test_stream_is_no_stream(redis):
    redis.ask("SET", "requests", "text")
    with stream(redis) as driver:
        assert "not a stream" in driver.wait("lost", "WRONGTYPE")[0]["text"]


def test_stream_too_large_entries(redis):
    with stream(redis, "settle=done") as driver:
        driver.wait("connected")
        redis.ask("EVAL", "redis.call('XADD','requests','*','request','first')"
                          "redis.call('XADD','requests','*','request',string.rep('x',20000000))"
                          "redis.call('XADD','requests','*','request','third')", "0")
        driver.wait("note", "too large")
        driver.wait("message", "third")
        assert driver.texts() == ["first", "third"]
        wait_until(lambda: pending(redis) == 0, lambda: pending(redis))


# --- SQS ----------------------------------------------------------------------


@pytest.fixture(name="sqs", scope="module")
def an_sqs():
    with request_servers.running(request_servers.Sqs) as server:
        yield server


def queue_of(sqs, queue, *words):
    return Driver("url=" + queue, *words, "sqs")


def test_sqs(sqs):
    queue = sqs.create_queue()
    with queue_of(sqs, queue) as driver:
        driver.wait("connected")
        sent = sqs.send(queue, '{"text":"\\u00fc\\n"}')
        message = driver.wait("message")[0]
        assert (message["id"], message["text"], message["again"]) == ("sqs:" + sent, '{"text":"\\u00fc\\n"}', 0)
        assert abs(message["sent"] / 1000 - time.time()) < 60
        assert sqs.depth(queue) == (0, 1)
        driver.order("settle 1 done")
        wait_until(lambda: sqs.depth(queue) == (0, 0), lambda: sqs.depth(queue))
        for number in range(50):
            sqs.send(queue, str(number))
        driver.wait("message", count=51)
        assert driver.metrics()["espcapd_listener_open"] == 50
        for ticket in range(2, 52):
            driver.order("settle %d done" % ticket)
        assert len(driver.stop()) == 1 and sqs.depth(queue) == (0, 0)


def test_sqs_visibility(sqs):
    """A capture takes longer than the visibility: nobody else gets the message. Who is killed leaves it to the next."""
    queue = sqs.create_queue()
    with queue_of(sqs, queue, "visibility=2") as driver:
        sqs.send(queue, "long")
        driver.wait("message")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert sqs.receive(queue) == []
            time.sleep(0.2)
        assert len(driver.of("message")) == 1
    with queue_of(sqs, queue, "settle=done") as driver:
        assert driver.wait("message")[0]["again"] == 1
        wait_until(lambda: sqs.depth(queue) == (0, 0), lambda: sqs.depth(queue))


def test_sqs_visible_too_early(sqs):
    """The driver sleeps longer than the visibility: the message comes again with another handle, which deletes it."""
    queue = sqs.create_queue()
    with queue_of(sqs, queue, "visibility=1") as driver:
        sqs.send(queue, "twice")
        driver.wait("message")
        driver.order("idle 2500")
        driver.order("metrics")
        driver.wait("metrics")
        time.sleep(1)
        assert len(driver.of("message")) == 1
        driver.order("settle 1 done")
        wait_until(lambda: sqs.depth(queue) == (0, 0), lambda: sqs.depth(queue))


def test_sqs_for_another_node(sqs):
    queue = sqs.create_queue(RedrivePolicy=json.dumps({
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:" + sqs.create_queue().rsplit("/", 1)[1],
        "maxReceiveCount": 100}))
    with queue_of(sqs, queue, "settle=not_ours") as driver:
        driver.wait("note", "aside after 100 receives")
        sqs.send(queue, "for b")
        driver.wait("message")
        driver.wait("note", "should not be shared")
        wait_until(lambda: [one["Body"] for one in sqs.receive(queue)] == ["for b"], lambda: driver.told)


def test_sqs_no_queue(sqs):
    with queue_of(sqs, sqs.url + "/000000000000/later", "settle=done", "wait=1") as driver:
        assert "make the queue" in driver.wait("lost", "QueueDoesNotExist")[0]["text"]
        queue = sqs.create_queue("later")
        driver.wait("connected")
        sqs.send(queue, "one")
        driver.wait("message")


def test_sqs_outage(sqs):
    queue = sqs.create_queue()
    with Relay(sqs.port) as relay:
        # The poll that was cut may take the message: then it is visible again later.
        with queue_of(sqs, queue.replace(":%d" % sqs.port, ":%d" % relay.port), "visibility=3") as driver:
            driver.wait("connected")
            sqs.send(queue, "before")
            driver.wait("message")
            relay.cut()
            driver.wait("lost")
            driver.order("settle 1 done")
            sqs.send(queue, "meanwhile")
            relay.restore()
            driver.wait("message", "meanwhile")
            wait_until(lambda: sqs.depth(queue) == (0, 1), lambda: sqs.depth(queue))
            assert driver.metrics()["espcapd_listener_reconnects_total"] == 1


def test_sqs_results(sqs):
    queue = sqs.create_queue()
    with Driver("url=" + queue, "results_sqs=1", "results") as driver:
        driver.order('publish {"state":"\u00fc"}')
        driver.order("many 20")
        driver.wait("connected")
        wait_until(lambda: sqs.depth(queue)[0] == 21, lambda: sqs.depth(queue))
        assert driver.stop()[0]["published"] == 21
    with Driver("url=" + sqs.url + "/000000000000/nowhere", "results_sqs=1", "results") as driver:
        driver.order("publish one")
        driver.wait("lost", "QueueDoesNotExist")
        driver.order("stop 100")
        assert driver.wait("stopped")[0]["lost"] == 1


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def verify(request, secret):
    """Signature version 4, from its description in AWS' documentation; a request without parameters."""
    head, body = request.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
    found = dict(part.strip().split("=", 1) for part in
                 headers["authorization"].replace("AWS4-HMAC-SHA256 ", "").split(","))
    date, region, service, _ = found["Credential"].split("/", 1)[1].split("/")
    assert (region, service) == ("us-east-1", "sqs") and "x-amz-target" in found["SignedHeaders"]
    canonical = "\n".join([*lines[0].split(" ")[:2], ""] + ["%s:%s" % (name, headers[name]) for name in
                          found["SignedHeaders"].split(";")] + ["", found["SignedHeaders"], hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "%s/%s/%s/aws4_request" % (date, region, service),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for word in (date, region, service, "aws4_request"):
        key = sign(key, word)
    return sign(key, text).hex() == found["Signature"]


def read_call(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    length = int(data.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(data.split(b"\r\n\r\n", 1)[1]) < length:
        if b"expect:" in data.lower():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        data += connection.recv(65536)
    return data


def answer_call(server, status, body):
    """Answers one call; what came."""
    with server.accept()[0] as connection:
        request = read_call(connection)
        connection.sendall(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
    return request


@pytest.mark.parametrize("of", ["container", "full", "instance"])
def test_sqs_keys_of_a_role(of, tmp_path):
    """Calls are signed with the keys that the container's or the instance's service gives, and anew when they are refused."""
    def keys(secret):
        return {"AccessKeyId": "ASIA1", "SecretAccessKey": secret, "Token": "session/+=",
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))}

    token = tmp_path / "token"
    token.write_text("tok\n")
    with deliverers.Roles(keys("first"), "tok" if of != "instance" else None) as roles, \
            socket.create_server(("127.0.0.1", 0)) as server:
        words = {"container": ["relative=/role", "container=" + roles.url, "token=tok"],
                 "full": ["full=" + roles.url + "/role", "tokenfile=%s" % token], "instance": ["metadata=" + roles.url]}[of]
        with Driver("url=http://127.0.0.1:%d/1/q" % server.getsockname()[1], "role=1", "wait=0", *words, "sqs") as driver:
            request = answer_call(server, 200, b"{}")
            assert verify(request, "first") and b"\r\nx-amz-security-token: session/+=\r\n" in request
            asked = len(roles.asked)
            assert verify(answer_call(server, 200, b"{}"), "first") and len(roles.asked) == asked
            roles.keys = keys("second")
            answer_call(server, 403, b'{"__type": "com.amazonaws.sqs#UnrecognizedClientException"}')
            driver.wait("lost", "the keys of the role are fetched anew")
            assert verify(answer_call(server, 200, b"{}"), "second") and len(roles.asked) > asked


def test_sqs_no_keys_of_a_role(tmp_path):
    """It says why, and tries again."""
    missing = tmp_path / "token"
    with Driver("url=http://127.0.0.1:9/1/q", "role=1", "full=http://127.0.0.1:9/role", "tokenfile=%s" % missing,
                "sqs") as driver:
        driver.wait("lost", str(missing))
    with deliverers.Roles({}, "other") as roles, Driver("url=http://127.0.0.1:9/1/q", "role=1", "relative=/role",
                                                        "container=" + roles.url, "sqs") as driver:
        driver.wait("lost", "403")
        wait_until(lambda: len(roles.asked) > 1, lambda: driver.told)


@pytest.mark.parametrize("status, answer, text", [
    (403, {"__type": "com.amazonaws.sqs#InvalidSignatureException", "message": "no\x1b[31m"}, "check [sqs] accesskey"),
    (500, {}, "HTTP status 500"),
    (200, {"Messages": [{"MessageId": "1"}]}, None),
    (200, [[[1]]], None)])
def test_sqs_signature_and_odd_answers(status, answer, text):
    """None of the answers ends the listener. The server verifies the signature."""
    body = json.dumps(answer).encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Driver("url=http://127.0.0.1:%d/1/q" % server.getsockname()[1], "key=se/cr+et=", "sqs") as driver:
            # The first is about the attributes of the queue.
            for number in range(2):
                with server.accept()[0] as connection:
                    request = read_call(connection)
                    assert verify(request, "se/cr+et="), request
                    assert not verify(request.replace(b"QueueUrl", b"queueUrl"), "se/cr+et=")
                    connection.sendall(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" %
                                       (status if number else 200, len(body) if number else 2, body if number else b"{}"))
            if text:
                told = driver.wait("lost", text)[0]["text"]
                assert "\x1b" not in told
            else:
                driver.wait("connected")
                assert driver.metrics()["espcapd_listener_refused_total"] in (0, 1) and not driver.of("message")


# --- Kafka --------------------------------------------------------------------


QUICK = ("session.timeout.ms=6000", "heartbeat.interval.ms=500")


def group_of(brokers, topic, group, *words, address=None):
    settings = ["bootstrap.servers=%s" % (address or brokers.address), "group.id=" + group, *QUICK]
    return Driver(*["X=" + setting for setting in settings], "topic=" + topic, *words, "kafka")


def send(brokers, topic, *texts):
    brokers.produce(topic, [(None, text.encode()) for text in texts])


def wait_for_commits(brokers, group, topic, expected):
    wait_until(lambda: brokers.committed(group, topic) == expected, lambda: brokers.committed(group, topic))


def test_kafka(brokers):
    topic, group = brokers.create_topic(partitions=1), "espcapd-%d" % os.getpid()
    send(brokers, topic, "just before")
    with group_of(brokers, topic, group) as driver:
        driver.wait("connected")
        message = driver.wait("message", "just before")[0]
        assert message["id"] == "kafka:%s/0/0" % topic and abs(message["sent"] / 1000 - time.time()) < 60
        send(brokers, topic, "one", "two")
        driver.wait("message", "two")
        # In any order: only what has nothing open before it is committed.
        driver.order("settle 3 done")
        driver.order("settle 1 done")
        wait_for_commits(brokers, group, topic, {0: 1})
        driver.order("settle 2 not_ours")
        wait_for_commits(brokers, group, topic, {0: 3})
        send(brokers, topic, "open at the end")
        driver.wait("message", "open")
        driver.order("stop 500")
        assert driver.process.wait(LIMIT) == 0
    send(brokers, topic, "sent while away")
    with group_of(brokers, topic, group, "settle=done") as driver:
        driver.wait("message", "away")
        assert driver.texts() == ["open at the end", "sent while away"]
        assert len(driver.stop()) == 1
    assert brokers.committed(group, topic) == {0: 5}


def test_kafka_connections_are_not_captured(brokers):
    """Neither those of the process that reads requests nor those of the one that writes results, from the first on."""
    requests, results = brokers.create_topic(partitions=1), brokers.create_topic(partitions=1)
    with tempfile.TemporaryDirectory(prefix="espcapd-test-") as folder, \
            request_servers.running(request_servers.Redis) as redis:
        os.chmod(folder, 0o755)
        daemon = espcapd.Daemon(folder, redis, more="""
[kafka]
listen = true
server = ["%s"]
topic = ["%s"]
group = "espcapd-own-%d"
properties = {"session.timeout.ms" = "6000", "heartbeat.interval.ms" = "500"}
""" % (brokers.address, requests, os.getpid()))
        try:
            listener = daemon.configuration
            # A look-back takes what comes before any request.
            daemon.stop()
            daemon.more += '[[interface]]\nname = "lo"\nlookback = "4M"\n'
            daemon.configuration = lambda: listener().replace("[results]\n", '[results]\nkafka_topic = "%s"\n' % results)
            daemon.start()
            daemon.until(lambda: "Kafka topic %s at %s: requests are heard" % (requests, brokers.address) in
                         daemon.messages, "a member")
            port = int(brokers.address.rsplit(":", 1)[1])
            number = daemon.publish(daemon.capture(bpf="tcp port %d" % port, packets=1000, timeout=3, before=60))
            finished = daemon.wait_for(number, "started", "finished")[-1]
            assert finished["packets"] == 0, finished
            # Accepted, started, finished: they have arrived all the same.
            daemon.until(lambda: brokers.count(results) >= 3, "results in Kafka")
            daemon.stop()
        finally:
            espcapd.Daemon.end_all()


def test_kafka_process_killed(brokers):
    """What is open keeps its ticket, and is not given again, when the process is started again; many at once come whole."""
    topic, group = brokers.create_topic(partitions=2), "espcapd-killed-%d" % os.getpid()
    with group_of(brokers, topic, group) as driver:
        driver.wait("connected")
        send(brokers, topic, *["r%d" % number for number in range(1200)])
        driver.wait("message", count=1000)
        children = subprocess.run(["pgrep", "-P", str(driver.process.pid)], capture_output=True, text=True, check=True)
        os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
        driver.wait("lost", "killed")
        driver.wait("connected", count=2)
        for ticket in range(1, 1201):
            wait_until(lambda: len(driver.of("message")) >= ticket, lambda: ticket)
            driver.order("settle %d done" % ticket)
        wait_until(lambda: sum(brokers.committed(group, topic).values()) == 1200, lambda: brokers.committed(group, topic))
        assert sorted(driver.texts()) == sorted("r%d" % number for number in range(1200))


def test_kafka_rebalance(brokers):
    """Another member of the same group takes a partition while a message of it is open, and ends: nothing is lost."""
    topic, group = brokers.create_topic(partitions=2), "espcapd-rebalance-%d" % os.getpid()
    with group_of(brokers, topic, group) as driver:
        driver.wait("connected")
        brokers.produce(topic, [(None, b"open %d" % number, number) for number in range(2)])
        driver.wait("message", count=2)
        with group_of(brokers, topic, group) as other:
            taken = other.wait("message")[0]["text"]
        wait_until(lambda: brokers.committed(group, topic), lambda: "")
        brokers.produce(topic, [(None, b"later", int(taken[-1]))])
        # The session of who was killed must end first.
        driver.wait("message", "later")
        assert sorted(driver.texts()) == ["later", "open 0", "open 1"]
        for ticket in (1, 2, 3):
            driver.order("settle %d done" % ticket)
        wait_until(lambda: sum(brokers.committed(group, topic).values()) == 3, lambda: brokers.committed(group, topic))


@pytest.mark.skipif(os.geteuid() != 0, reason="captures")
def test_kafka_rebalance_during_a_capture(brokers):
    """Another member gets the request, which is open, and ends: it comes back, is not captured again, and is committed."""
    topic, group = brokers.create_topic(partitions=2), "espcapd-captures-%d" % os.getpid()
    kafka = '[kafka]\nlisten = true\nserver = ["%s"]\ntopic = "%s"\ngroup = "%s"\nproperties = { %s }\n' % (
        brokers.address, topic, group, ", ".join('"%s" = "%s"' % tuple(word.split("=")) for word in QUICK))
    with tempfile.TemporaryDirectory(prefix="espcapd-test-") as folder, request_servers.running(request_servers.Redis) as redis:
        os.chmod(folder, 0o755)
        daemon = espcapd.Daemon(folder, redis, policy="allow_unsigned = true", more=kafka)
        try:
            daemon.until(lambda: "Kafka topic %s at %s: requests are heard" % (topic, brokers.address) in daemon.messages, "group")
            request = json.dumps(daemon.capture(packets=3, timeout=60)).encode()
            brokers.produce(topic, [(None, request, number) for number in range(2)])
            numbers = ["kafka:%s/%d/0" % (topic, number) for number in range(2)]
            for number in numbers:
                daemon.wait_for(number, "started")
            with group_of(brokers, topic, group) as other:
                other.wait("message")
            wait_until(lambda: brokers.committed(group, topic), lambda: "")
            # All partitions are its own again.
            for partition in range(2):
                brokers.produce(topic, [(None, b"{}", partition)])
            daemon.until(lambda: len([line for line in daemon.results.lines if line["result"] == "refused"]) == 2, "the group")
            daemon.send(3)
            for number in numbers:
                daemon.wait_for(number, "uploaded")
            wait_until(lambda: sum(brokers.committed(group, topic).values()) == 4, lambda: brokers.committed(group, topic))
            assert [daemon.results.kinds(number).count("started") for number in numbers] == [1, 1]
            assert len(daemon.local_files()) == 2
            daemon.stop()
        finally:
            espcapd.Daemon.end_all()


def test_kafka_broker_away(brokers):
    topic, group = brokers.create_topic(partitions=1), "espcapd-away-%d" % os.getpid()
    with Driver("X=bootstrap.servers=127.0.0.1:%d" % free_port(), "X=group.id=" + group, "topic=" + topic, "kafka",
                "channel") as driver:
        assert "no broker" in driver.wait("lost", "broker")[0]["text"]
        assert driver.process.poll() is None


def test_kafka_results(brokers):
    """In order, also when the process is killed in between; a property that does not exist is refused at the start."""
    topic = brokers.create_topic(partitions=1)
    words = ["X=bootstrap.servers=" + brokers.address, "results_kafka=" + topic, "results"]
    with Driver(*words) as driver:
        driver.order("many 100")
        wait_until(lambda: driver.metrics()["espcapd_results_waiting"] == 0, lambda: driver.told[-3:])
        children = subprocess.run(["pgrep", "-P", str(driver.process.pid)], capture_output=True, text=True, check=True)
        os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
        driver.wait("lost", "has ended")
        driver.order("publish after")
        driver.wait("connected", count=2)
        assert driver.stop()[0]["published"] == 101
    assert [message.value for message in brokers.consume(topic)] == \
        [b'{"number":%d}' % number for number in range(100)] + [b"after"]
    wrong = subprocess.run([os.path.join(BUILD, DRIVER), "X=no.such=1", *words], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "no.such" in wrong.stderr


def test_kafka_results_wait_for_a_broker(brokers):
    topic = brokers.create_topic(partitions=1)
    with Driver("X=bootstrap.servers=127.0.0.1:%d" % free_port(), "results_kafka=" + topic, "results") as driver:
        driver.order("publish one")
        driver.wait("lost")
        driver.order("stop 100")
        assert driver.wait("stopped")[0]["lost"] == 1


# --- Results ------------------------------------------------------------------


def test_results(redis):
    with Relay(redis.port) as relay:
        with Driver("port=%d" % relay.port, "results_channel=r", "results_stream=rs", "results") as driver:
            driver.order("publish one")
            driver.wait("connected")
            relay.cut()
            driver.wait("lost")
            driver.order("publish two")
            driver.order("many 20000")
            driver.wait("note", "the oldest are lost")
            relay.restore()
            driver.wait("connected", count=2)
            wait_until(lambda: driver.metrics()["espcapd_results_waiting"] == 0, lambda: driver.told[-3:])
            driver.order("publish three")
            end = driver.stop()[0]
            # Each is published twice, to the channel and to the stream; of 20,001 during the outage 10,000 were kept.
            assert (end["published"], end["lost"], end["waiting"]) == (2 + 20000 + 2, 10001, 0)
        texts = redis.ask("XRANGE", "rs", "-", "+").split("\n")[2::3]
        assert texts[0] == "one" and texts[-1] == "three" and "two" not in texts


def test_results_refused(redis):
    redis.ask("SET", "rs", "text")
    with Driver("port=%d" % redis.port, "results_stream=rs", "results") as driver:
        driver.order("publish one")
        assert "not a stream" in driver.wait("note")[0]["text"]
        end = driver.stop()[0]
        assert (end["published"], end["lost"]) == (0, 1)


def test_results_given_up(tmp_path):
    with Driver("port=%d" % Redis(tmp_path).port, "results_channel=r", "results") as driver:
        driver.order("publish one")
        driver.order("stop 100")
        end = driver.wait("stopped")[0]
        assert (end["published"], end["lost"]) == (0, 1)
