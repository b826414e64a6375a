# SPDX-License-Identifier: BSD-2-Clause
"""Who may deliver, to whom, and by which way: credentials, rights, redirects, certificates. F17, F24, F26, F28, F31."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

import fake_faults as faults
import fake_server
from deliveries import CHUNK, SHORT, Running, assert_conserved, assert_unsent, deliver, shared

SECRET = "correct-horse-battery"


def secret_file(folder, text=SECRET, mode=0o600):
    path = folder / "secret"
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(mode)
    return str(path)


def assert_no_secret(done, *secrets):
    for secret in (SECRET, *secrets):
        assert secret not in done.errors, "a secret on stderr"


def test_password(numbered, tmp_path):
    with fake_server.Server(users={"shark": (SECRET, "all")}) as server:
        done = deliver(server, numbered, tmp_path, "--user=shark", "--password-file", secret_file(tmp_path))
        assert_conserved(server, done, numbered)
        environment = {"ESPCAP_USER": "shark", "ESPCAP_PASSWORD": SECRET}
        again = deliver(server, numbered, tmp_path, environment=environment)
        assert_conserved(server, again, numbered)


def test_password_that_changes(longer, tmp_path):
    """SIGHUP has the file read again."""
    path = secret_file(tmp_path)
    with fake_server.Server(faults.Slow(0.1, times=None), users={"shark": (SECRET, "all")}) as server:
        run = Running([server], longer, tmp_path, "--chunk=10", "--user=shark", "--password-file", path,
                      environment={"ESPCAP_TEST_BACKOFF_MS": "300"})
        server.wait_until(lambda seen: len(seen.ledger) >= 50)
        secret_file(tmp_path, "the-new-one")
        run.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        server.users = {"shark": ("the-new-one", "all")}
        done = run.wait()
        assert_conserved(server, done, longer)
    assert_no_secret(done, "the-new-one")


def test_api_key(numbered, tmp_path):
    key = "aWQ6a2V5LXRoYXQtb3BlbnM="
    with fake_server.Server(api_keys={key: "all"}) as server:
        done = deliver(server, numbered, tmp_path, "--api-key-file", secret_file(tmp_path, key))
        assert_conserved(server, done, numbered)
        again = deliver(server, numbered, tmp_path, environment={"ESPCAP_API_KEY": key})
        assert_conserved(server, again, numbered)


@pytest.mark.parametrize("given", ["nothing", "wrong password"])
def test_not_let_in(given, numbered, tmp_path):
    options = () if given == "nothing" else ("--user=shark", "--password-file", secret_file(tmp_path, "wrong" + SECRET))
    with fake_server.Server(users={"shark": (SECRET, "all")}) as server:
        done = deliver(server, numbered, tmp_path, *options)
        assert_unsent(server, done, numbered)
        assert len(server.exchanges) <= 12
    assert done.seconds < 20
    done.says("401", r"127\.0\.0\.1:%d" % server.port)
    assert_no_secret(done)


def test_key_that_may_only_create(numbered, tmp_path):
    """Said once, and everything arrives."""
    with fake_server.Server(users={"writer": (SECRET, "create")}) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--user=writer", "--password-file", secret_file(tmp_path))
        assert_conserved(server, done, numbered)
    assert len([line for line in done.messages.split("\n") if "template" in line]) == 1, done.errors


@pytest.mark.parametrize("status", [401, 403])
def test_whole_request_forbidden(status, numbered, tmp_path):
    fault = faults.Whole(status, "security_exception", "not you", times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_unsent(server, done, numbered)
        assert 3 <= len(server.bulks) <= 12
        done.says(str(status), "not you|security_exception")


@pytest.mark.parametrize("status", [403, 405])
def test_identity_is_not_told(status, numbered, tmp_path):
    """GET / is no right of a key that may only write, and does not exist in some builds."""
    with fake_server.Server(faults.Whole(status, "security_exception", "no", times=None, path="/", method="GET")) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)


@pytest.mark.parametrize("path", ["/", "/_bulk"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(status, path, numbered, tmp_path):
    with fake_server.Server() as trap:
        fault = faults.Redirect("http://127.0.0.1:%d/elsewhere" % trap.port, status, times=None, path=path)
        with fake_server.Server(fault) as server:
            done = deliver(server, numbered, tmp_path, "--user=shark", "--password-file", secret_file(tmp_path))
            assert_unsent(server, done, numbered)
        assert trap.exchanges == [], "the redirect was followed"
    done.says(r"127\.0\.0\.1:%d" % trap.port, "redirect|%d" % status)
    assert_no_secret(done)


def test_proxy_of_the_environment_is_not_used(numbered, tmp_path):
    with fake_server.Server() as trap, fake_server.Server() as server:
        environment = {name: trap.url for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")}
        done = deliver(server, numbered, tmp_path, environment=environment)
        assert_conserved(server, done, numbered)
        assert trap.exchanges == []


class Certificates:
    """A private authority and what it signed, made by openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = self.make("authority", "/CN=test authority", "-x509", "-days", "2")
        self.good = self.sign("good", "IP:127.0.0.1,DNS:localhost")
        self.wrong_host = self.sign("wrong-host", "DNS:elsewhere.example")
        self.expired = self.sign("expired", "IP:127.0.0.1", "-startdate", "20200101000000Z",
                                 "-enddate", "20200102000000Z")
        self.stranger = self.make("stranger", "/CN=127.0.0.1", "-x509", "-days", "2", "-addext",
                                  "subjectAltName=IP:127.0.0.1")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def make(self, name, subject, *options):
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-subj", subject, *options,
                     "-out", name + ".crt")
        return str(self.folder / name)

    def sign(self, name, alternatives, *dates):
        """openssl ca, because only it can make a certificate that has expired."""
        self.make(name, "/CN=" + name)
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
            "policy=any\nx509_extensions=ext\nunique_subject=no\n[any]\ncommonName=supplied\n[ext]\n"
            "subjectAltName=%s\n" % alternatives, encoding="ascii")
        (self.folder / "index.txt").touch()
        self.openssl("ca", "-batch", "-config", "ca.conf", "-create_serial", "-rand_serial", "-cert", "authority.crt",
                     "-keyfile", "authority.key", "-in", name + ".crt", "-out", name + ".pem", "-notext",
                     *(dates or ("-days", "2")))
        os.replace(self.folder / (name + ".pem"), self.folder / (name + ".crt"))
        return str(self.folder / name)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(shared(tmp_path_factory.mktemp("certificates")))


def context(name, client_authority=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(name + ".crt", name + ".key")
    if client_authority:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client_authority + ".crt")
    return made


def test_tls(certificates, numbered, tmp_path):
    with fake_server.Server(tls=context(certificates.good)) as server:
        done = deliver(server, numbered, tmp_path, "--ca-file", certificates.authority + ".crt")
        assert_conserved(server, done, numbered)


@pytest.mark.parametrize("name,words", [("wrong_host", "subject name|does not match|alternative"),
                                        ("expired", "expired"), ("stranger", "self.signed|issuer")])
def test_tls_refused(name, words, certificates, numbered, tmp_path):
    """Nothing in the certificate's fault mends itself: soon exit 5, and the text says which check failed."""
    with fake_server.Server(tls=context(getattr(certificates, name))) as server:
        options = ("--ca-file", certificates.authority + ".crt", "--user=shark", "--password-file", secret_file(tmp_path))
        done = deliver(server, numbered, tmp_path, *options)
        assert_unsent(server, done, numbered)
        assert server.exchanges == []
        done.says(words, r"127\.0\.0\.1:%d" % server.port)
        assert done.seconds < 15
        insecure = deliver(server, numbered, tmp_path, "--insecure")
        assert_conserved(server, insecure, numbered)
        insecure.says("insecure|not verified|not checked")


def test_tls_client_certificate(certificates, numbered, tmp_path):
    with fake_server.Server(tls=context(certificates.good, certificates.authority)) as server:
        trust = ("--ca-file", certificates.authority + ".crt")
        done = deliver(server, numbered, tmp_path, *trust, "--cert", certificates.good + ".crt", "--key",
                       certificates.good + ".key")
        assert_conserved(server, done, numbered)
        without = deliver(server, numbered, tmp_path, *trust, *SHORT)
        assert without.code == 5, without.errors


@contextlib.contextmanager
def http2_proxy(folder, server, name):
    """nghttpx on a port of its own, which speaks HTTP/2 with TLS, in front of the server."""
    if not shutil.which("nghttpx"):
        pytest.skip("nghttpx is not installed (Debian: nghttp2-proxy)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["nghttpx", "--conf=/dev/null", "--no-ocsp", "--workers=1", "-f127.0.0.1,%d" % port, "-b127.0.0.1,%d" % server.port,
             "--accesslog-file=%s" % (folder / "access.log"), "--errorlog-file=%s" % (folder / "error.log"),
             name + ".key", name + ".crt"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as proxy:
        try:
            end = time.monotonic() + 20
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert proxy.poll() is None and time.monotonic() < end, (folder / "error.log").read_text()
                time.sleep(0.05)
            yield "https://127.0.0.1:%d" % port
        finally:
            proxy.terminate()


def test_http2(certificates, numbered, tmp_path):
    """Several requests over one connection, documents that have to come again among them."""
    busy = faults.Items(429, "es_rejected_execution_exception", "queue is full", every=7)
    with fake_server.Server(busy) as server, http2_proxy(tmp_path, server, certificates.good) as url:
        done = deliver(url, numbered, tmp_path, "--ca-file", certificates.authority + ".crt", *CHUNK)
        assert_conserved(server, done, numbered)
        posts = re.findall(r'"POST (/_bulk)\S* HTTP/([0-9.]+)" 200', (tmp_path / "access.log").read_text())
        assert len(posts) > 2 and {version for _, version in posts} == {"2"}


def test_tls_server_spoken_to_in_plain(certificates, numbered, tmp_path):
    with fake_server.Server(tls=context(certificates.good)) as server:
        done = deliver("http://127.0.0.1:%d" % server.port, numbered, tmp_path)
        assert done.code == 2 and done.counts["read"] == 0, done.errors
        done.says(r"write --node=https://127\.0\.0\.1:%d" % server.port)


@pytest.mark.parametrize("node", ["http://shark:%s@127.0.0.1:9" % SECRET, "ftp://127.0.0.1:9", "http://127.0.0.1:99999",
                                  "http://", "", "http://127.0.0.1:9,", "file:///etc/passwd", "http://127.0.0.1:9?a=b"])
def test_node_that_is_none(node, numbered, tmp_path):
    done = deliver(node, numbered, tmp_path)
    assert done.code == 2, done.errors
    assert_no_secret(done)
    if "@" in node:
        assert "--user" in done.errors
