# SPDX-License-Identifier: BSD-2-Clause
"""A wrong address: espcap names at the first answer what answers there and what to write, and waits for what may be right."""

import contextlib
import re
import shutil
import signal
import socket
import struct
import threading
import time

import pytest

import deliveries
import engines
import fake_faults as faults
import fake_server
from deliveries import CHUNK, PACKETS, Running, assert_conserved
from test_delivery_access import assert_no_secret, context, secret_file
from test_delivery_access import certificates  # noqa: F401 (a fixture)


# s, less than the five minutes for which espcap tries again; a start on a busy machine takes long.
LONG = 150


def deliver(*arguments, **keywords):
    return deliveries.deliver(*arguments, seconds=LONG, **keywords)


@contextlib.contextmanager
def listening(serve):
    """A server that does this with each connection. Yields its port and the list of connections."""
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def work(connection):
            connection.settimeout(20)
            with connection, contextlib.suppress(OSError):
                serve(connection)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    taken.append(connection)
                    threading.Thread(target=work, args=(connection,), daemon=True).start()
        worker = threading.Thread(target=accept, daemon=True)
        worker.start()
        yield listener.getsockname()[1], taken
        listener.shutdown(socket.SHUT_RDWR)
        worker.join(15)


def until_end(connection):
    """What the client sends until it closes."""
    while connection.recv(65536):
        pass


def greeting(data):
    """SSH, SMTP: the server speaks first, and hangs up on what it does not understand."""
    def serve(connection):
        connection.sendall(data)
        connection.recv(65536)
    return serve


def answering(data):
    """The server answers whatever it is sent."""
    def serve(connection):
        connection.recv(65536)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        until_end(connection)
    return serve


def redis(connection):
    """A reply to each line, and the end at a line that web browsers send: networking.c, securityWarningCommand."""
    lines = connection.makefile("rb")
    for line in lines:
        if line.lower().startswith((b"host:", b"post")):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if line.strip():
            connection.sendall(b"-ERR wrong number of arguments for 'get' command\r\n")


def closing(connection):
    """Kafka hangs up on a request of impossible length; a proxy whose server is not up yet, on everything."""
    connection.recv(65536)


def resetting(connection):
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def page(status, body, *headers):
    lines = ["HTTP/1.1 %d X" % status, "Content-Length: %d" % len(body), "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


def assert_wrong_address(done, *words):
    """Told once, with exit 2, before anything was read. Without --retry-for it would be retried for longer than the run may last."""
    assert done.code == 2, done.errors
    assert done.counts["read"] == 0 and done.rejected == []
    assert len(done.messages.strip().split("\n")) == 1, done.errors
    done.says(*words)


# The other scheme.

@pytest.mark.parametrize("serve", [answering(b"\x15\x03\x01\x00\x02\x02\x46"),
                                   answering(page(400, "<html>The plain HTTP request was sent to HTTPS port</html>"))],
                         ids=["alert", "nginx"])
def test_tls_server_that_says_so(serve, numbered, tmp_path):
    with listening(serve) as (port, _):
        done = deliver("http://127.0.0.1:%d/" % port, numbered, tmp_path)
    assert_wrong_address(done, r"http://127\.0\.0\.1:%d: a server with TLS answers there: "
                         r"write --node=https://127\.0\.0\.1:%d$" % (port, port))


def silent_tls(tls, seen, reply):
    """As Elasticsearch: it hangs up on anything but TLS."""
    def serve(connection):
        if connection.recv(1, socket.MSG_PEEK) != b"\x16":
            connection.recv(65536)
            return
        with tls.wrap_socket(connection, server_side=True) as inside:
            seen.append(inside.recv(65536))
            inside.sendall(reply)
    return serve


def test_tls_server_that_hangs_up(certificates, numbered, tmp_path):  # noqa: F811
    """It is asked by TLS, whoever it is, but without credentials."""
    seen = []
    with listening(silent_tls(context(certificates.good), seen, page(401, "{}"))) as (port, _):
        done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path, "--user=shark", "--password-file",
                       secret_file(tmp_path))
    assert_wrong_address(done, r"a server with TLS answers there: write --node=https://127\.0\.0\.1:%d$" % port)
    assert len(seen) == 1 and b"authorization" not in seen[0].lower()
    assert_no_secret(done)


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_plain_server(engine, numbered, tmp_path):
    with fake_server.Server(engine=engine) as server:
        done = deliver("https://127.0.0.1:%d" % server.port, numbered, tmp_path, "--user=shark", "--password-file",
                       secret_file(tmp_path))
        assert_wrong_address(done, r"https://127\.0\.0\.1:%d: a server without TLS answers there: "
                             r"write --node=http://127\.0\.0\.1:%d$" % (server.port, server.port))
        for exchange in server.exchanges:
            assert "Authorization" not in exchange.headers
    assert_no_secret(done)


# Other servers.

@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("serve,words", [
    (greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "an SSH server answers there"),
    (redis, "a Redis server answers there"),
    (greeting(b"220 mail.example ESMTP\r\n"), "a server of another protocol answers there"),
    (answering(b"This is not an HTTP port"), "a server of another protocol answers there")],
    ids=["ssh", "redis", "smtp", "transport port"])
def test_other_protocol(serve, words, scheme, numbered, tmp_path):
    with listening(serve) as (port, _):
        done = deliver("%s://127.0.0.1:%d" % (scheme, port), numbered, tmp_path)
    assert_wrong_address(done, r"%s://127\.0\.0\.1:%d: %s, not Elasticsearch or OpenSearch: check the port$"
                         % (scheme, port, words))


@pytest.mark.parametrize("reply,words", [
    (page(200, "<html>welcome</html>"), r"a web server or a proxy answers there \(HTTP status 200\), .*check the address$"),
    (page(404, "<html>not found</html>"), r"a web server or a proxy answers there \(HTTP status 404\)"),
    (page(302, "", "Location: /login", "kbn-name: here"), "Kibana answers there: write the address of its Elasticsearch"),
    (page(302, "", "Location: /app/login", "osd-name: here"),
     "OpenSearch Dashboards answers there: write the address of its OpenSearch")],
    ids=["page", "not found", "kibana", "dashboards"])
def test_web_server(reply, words, numbered, tmp_path):
    with listening(answering(reply)) as (port, _):
        done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path)
    assert_wrong_address(done, r"http://127\.0\.0\.1:%d: " % port, words)


@pytest.mark.parametrize("status,kind,reason", [(404, "index_not_found_exception", "no such index [lab]"),
                                                (400, "invalid_index_name_exception", "Invalid index name [_lab]")])
def test_path_that_is_an_index(status, kind, reason, numbered, tmp_path):
    with fake_server.Server(faults.Whole(status, kind, reason, times=None, path="/lab/", method="GET")) as server:
        done = deliver(server.url + "/lab/", numbered, tmp_path)
    assert_wrong_address(done, "/lab: the server reads /lab as an index or an API path: write --node=%s, "
                         "and name the index with --index$" % re.escape(server.url))


# What may be right.

@pytest.mark.parametrize("scheme,serve", [
    ("http", closing), ("http", resetting), ("http", answering(b"HT")), ("http", answering(page(502, "<html>"))),
    ("https", closing), ("https", resetting), ("https", answering(b"\x15\x03\x01\x00\x02\x02\x28")),
    ("https", answering(page(502, "<html>"))), ("https", answering(page(400, "<html>"))),
    ("https", answering(page(301, "", "Location: https://127.0.0.1/")))],
    ids=["closing", "resetting", "cut", "502", "closing TLS", "resetting TLS", "alert", "502 without TLS", "400 without TLS",
         "301 without TLS"])
def test_waited_for(scheme, serve, numbered, tmp_path):
    """Nothing says that it is wrong for certain: it may be on its way up. By 400 TLS servers answer to plain HTTP."""
    with listening(serve) as (port, taken):
        run = Running(["%s://127.0.0.1:%d" % (scheme, port)], numbered, tmp_path)
        wait_for_connections(run, taken, 8)
        run.process.send_signal(signal.SIGINT)
        done = run.wait(LONG)
    assert done.code == -signal.SIGINT and done.counts["read"] == 0, done.errors
    done.says("trying again")


def wait_for_connections(run, taken, count):
    """Until so many were made, by a run that goes on."""
    end = time.monotonic() + LONG
    while len(taken) < count:
        assert run.process.poll() is None, run.wait().errors
        assert time.monotonic() < end, "%d connections" % len(taken)
        time.sleep(0.02)
    assert run.process.poll() is None, run.wait().errors


@pytest.mark.parametrize("before", [closing, resetting, answering(page(502, "<html>")), answering(page(503, "<html>")),
                                    answering(page(503, "{}", "Retry-After: 1"))],
                         ids=["closing", "resetting", "502", "503", "503 with a time"])
def test_proxy_whose_server_comes_later(before, numbered, tmp_path):
    """A proxy that listens before its server does."""
    with fake_server.Server() as server:
        ready = threading.Event()

        def serve(connection):
            if ready.is_set():
                forward(connection, server.port)
            else:
                before(connection)
        with listening(serve) as (port, taken):
            run = Running(["http://127.0.0.1:%d" % port], numbered, tmp_path, *CHUNK)
            wait_for_connections(run, taken, 6)
            ready.set()
            done = run.wait(LONG)
        assert_conserved(server, done, numbered)


# What is asked when an answer leaves open which server it is; the fake one does not know it.
WHO_IS_THERE = {"GET /_security/_authenticate: no such thing here"}


def forward(connection, port):
    with socket.create_connection(("127.0.0.1", port)) as other:
        def back():
            with contextlib.suppress(OSError):
                while data := other.recv(65536):
                    connection.sendall(data)
        threading.Thread(target=back, daemon=True).start()
        while data := connection.recv(65536):
            other.sendall(data)


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_proxy_with_a_page_of_its_own(engine, numbered, tmp_path):
    """It answers to GET / by itself, and lets all else through."""
    with fake_server.Server(engine=engine) as server:
        def serve(connection):
            if connection.recv(6, socket.MSG_PEEK) == b"GET / ":
                answering(page(200, "<html>welcome</html>"))(connection)
            else:
                forward(connection, server.port)
        with listening(serve) as (port, _):
            done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path, *CHUNK)
        assert set(server.violations) == WHO_IS_THERE, server.violations
        assert_conserved(server, done, numbered, clean=False)


@pytest.mark.parametrize("reply", [page(404, "404 page not found"), page(200, "<html>back soon</html>")], ids=["404", "200"])
def test_live_proxy_whose_server_comes_later(reply, numbered, tmp_path):
    """As Traefik does: what has no end must not be given up for it, and a service is not started again after exit status 2."""
    folder = deliveries.shared(tmp_path) / "watched"
    folder.mkdir(mode=0o755)
    shutil.copy(numbered, folder)
    with fake_server.Server() as server:
        ready = threading.Event()

        def serve(connection):
            if ready.is_set():
                forward(connection, server.port)
            else:
                answering(reply)(connection)
        with listening(serve) as (port, taken):
            run = Running(["http://127.0.0.1:%d" % port], None, tmp_path, "--watch", str(folder), "--watch-idle=1s",
                          "--count=%d" % PACKETS, *CHUNK)
            wait_for_connections(run, taken, 6)
            ready.set()
            done = run.wait(LONG)
        done.says("a web server or a proxy answers there .*; trying again")
        # The server may have come between the page and that request.
        assert server.crashes == [] and set(server.violations) <= WHO_IS_THERE, server.violations
        assert_conserved(server, done, numbered, clean=False)


def test_server_that_comes_with_the_other_scheme(certificates, numbered, tmp_path):  # noqa: F811
    """espcap waits while nothing listens, and names what comes up then at its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    run = Running(["http://127.0.0.1:%d" % port], numbered, tmp_path)
    time.sleep(1)
    assert run.process.poll() is None
    with fake_server.Server(tls=context(certificates.good), port=port):
        done = run.wait(LONG)
    assert done.code == 2, done.errors
    done.says("write --node=https://")


def test_cut_in_the_middle_of_a_run(numbered, tmp_path):
    """A node that has answered is right, whatever it says later."""
    with fake_server.Server(faults.ResetInRequest(0, times=6)) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)


# Several nodes.

@pytest.mark.parametrize("serve,words", [
    (greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "an SSH server answers there, .*; this node is not used"),
    (answering(b"\x15\x03\x01\x00\x02\x02\x46"), "a server with TLS answers there: write --node=https://.*; this node is not used"),
    (answering(page(200, "<html>")), "a web server or a proxy answers there .*; this node is not used"),
    (answering(page(404, "<html>")), "a web server or a proxy answers there .*; this node is not used")],
    ids=["ssh", "tls", "page", "not found"])
def test_first_of_two_is_wrong(serve, words, numbered, tmp_path):
    with fake_server.Server() as server, listening(serve) as (port, _):
        done = deliver(["http://127.0.0.1:%d" % port, server], numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
        done.says(r"http://127\.0\.0\.1:%d: " % port + words)
        assert len(done.messages.strip().split("\n")) == 1, done.errors


def test_second_of_two_is_wrong(numbered, tmp_path):
    with fake_server.Server() as server, listening(greeting(b"SSH-2.0-x\r\n")) as (port, _):
        done = deliver([server, "http://127.0.0.1:%d" % port], numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
        done.says("an SSH server answers there, .*; this node is not used")


def test_all_are_wrong(numbered, tmp_path):
    with listening(greeting(b"SSH-2.0-x\r\n")) as (first, _), listening(answering(page(200, "<html>"))) as (second, _):
        done = deliver(["http://127.0.0.1:%d" % first, "http://127.0.0.1:%d" % second], numbered, tmp_path)
    assert done.code == 2 and done.counts["read"] == 0, done.errors
    done.says("an SSH server answers there, .*; this node is not used", "a web server or a proxy answers there")


def test_one_is_wrong_and_the_other_down(numbered, tmp_path):
    """The other may come."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for order in (1, -1):
        folder = deliveries.shared(tmp_path) / str(order)
        folder.mkdir()
        with listening(greeting(b"SSH-2.0-x\r\n")) as (wrong, _):
            run = Running(["http://127.0.0.1:%d" % place for place in (wrong, port)[::order]], numbered, folder)
            time.sleep(1)
            assert run.process.poll() is None, run.wait().errors
            with fake_server.Server(port=port) as server:
                done = run.wait(LONG)
                assert_conserved(server, done, numbered)


# Real servers.

def test_real_path(numbered, tmp_path):
    """An index that is there, one that is not, and an API."""
    for name in ("elasticsearch-8.8.2", "opensearch-2.19.1"):
        with engines.running(name) as server:
            server.wipe()
            server.put("there")
            for path in ("/there", "/missing", "/_bulk", "/_search/x"):
                done = deliver(server.url + path, numbered, tmp_path)
                assert_wrong_address(done, r"the server reads %s as an index or an API path" % path)
            server.wipe()


def test_real_schemes(numbered, tmp_path):
    for name in ("elasticsearch-8.8.2", "opensearch-2.19.1"):
        with engines.running(name) as server:
            done = deliver(server.url.replace("http:", "https:"), numbered, tmp_path)
            assert_wrong_address(done, "a server without TLS answers there: write --node=" + re.escape(server.url))
    with engines.running("elasticsearch-8.8.2", secure=True) as server:
        done = deliver(server.url.replace("https:", "http:"), numbered, tmp_path)
        assert_wrong_address(done, "a server with TLS answers there: write --node=" + re.escape(server.url))
