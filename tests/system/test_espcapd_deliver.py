# SPDX-License-Identifier: BSD-2-Clause
"""Captures through the spool of espcapd to where they go, driven by deliver_driver.c: S3 is a real server that verifies
signatures, what it never says and CloudShark are stand-ins (deliverers.py). After each: what was spooled has ended in
exactly one place for each destination.

By hand: test_killed with ESPCAP_CYCLES=200.
"""

import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess
import time

import pytest

import conftest
import deliverers
import espcap
import fake_server
import request_servers
from deliverers import Answers, CloudShark, Driver, Roles, content

BUILD = deliverers.BUILD
HTTP = os.path.join(espcap.ROOT, "test_pcaps", "http.pcap")
DNS = os.path.join(espcap.ROOT, "test_pcaps", "dns.pcap")
TOKEN = "0123456789abcdef0123canary89abcd"
SECRET = "secret+canary/with=signs"
CYCLES = int(os.environ.get("ESPCAP_CYCLES", "20"))


@pytest.fixture(scope="module", autouse=True)
def driver():
    made = subprocess.run(["make", "-s", "tests/system/deliver_driver"], cwd=BUILD, capture_output=True, text=True)
    if made.returncode != 0 and "No rule" in made.stderr:
        pytest.skip("espcapd is not built")
    assert made.returncode == 0, made.stderr


def plain_driver():
    folder = os.path.dirname(espcap.PLAIN)
    subprocess.run(["make", "-s", "tests/system/deliver_driver"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, "tests", "system", "deliver_driver")


@pytest.fixture(scope="module")
def store():
    with request_servers.running(request_servers.S3) as server:
        yield server


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def local(tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    return str(folder)


def at(server, bucket=None, key=None, **more):
    """Settings of the driver for a server of S3."""
    credentials = getattr(server, "credentials", None)
    return {"s3_endpoint": server.url, "s3_bucket": bucket or server.create_bucket(),
            "s3_id": credentials.access_key if credentials else "id",
            "s3_key": key or (credentials.secret_key if credentials else SECRET), "destinations": "s3", **more}


def shark(server, **more):
    return {"cs_host": server.host, "cs_port": server.port, "cs_token": TOKEN, "destinations": "cloudshark", **more}


def sha256(path):
    return hashlib.sha256(content(path)).hexdigest()


# ---- Local files, and the spool


def test_local(state, local):
    with Driver(state, local=local, destinations="local") as driver:
        driver.put("one", HTTP, "local", name="sensor-eth0-1.pcap")
        assert driver.spooling("one").sha256 == sha256(HTTP)
        assert driver.delivered("one", "local").url == local + "/sensor-eth0-1.pcap"
        # A name that is taken: by a capture of ours, also by the same bytes, and by somebody else's file.
        driver.put("two", DNS, "local", name="sensor-eth0-1.pcap")
        assert driver.delivered("two", "local").url == local + "/sensor-eth0-1-1.pcap"
        driver.put("three", HTTP, "local", name="sensor-eth0-1.pcap")
        assert driver.delivered("three", "local").url == local + "/sensor-eth0-1-2.pcap"
        with open(local + "/theirs", "w", encoding="ascii") as file:
            file.write("precious")
        os.symlink("theirs", local + "/link.pcap")
        driver.put("four", HTTP, "local", name="link.pcap")
        assert driver.delivered("four", "local").url == local + "/link-1.pcap"
        assert driver.metrics()['espcapd_delivered_total{destination="local"}'] == 4
        driver.drain()
        assert driver.files("spool") == driver.files("dead") == driver.files("index") == []
    assert content(local + "/theirs") == b"precious"
    assert content(local + "/sensor-eth0-1.pcap") == content(local + "/sensor-eth0-1-2.pcap") == content(HTTP)
    assert content(local + "/sensor-eth0-1-1.pcap") == content(DNS)
    for folder, mode in ((state + "/spool", 0o700), (state + "/dead", 0o700), (local + "/link-1.pcap", 0o600)):
        assert stat.S_IMODE(os.stat(folder).st_mode) == mode
    assert len(os.listdir(local)) == 6


def test_what_cannot_be_put(state, local, tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    with Driver(state, local=local, destinations="local", max=os.path.getsize(HTTP) + 100) as driver:
        driver.put("empty", empty, "local")
        assert "empty" in driver.spooling("empty").text
        for capture, name in (("a", "../a.pcap"), ("b", ".b"), ("c", "x" * 250)):
            driver.put(capture, HTTP, "local", name=name)
            assert "name" in driver.spooling(capture).text
        driver.put("nowhere", HTTP, "")
        assert "destination" in driver.spooling("nowhere").text
        shutil.rmtree(local)
        driver.put("first", HTTP, "local")
        assert driver.spooling("first").text == ""
        driver.put("second", HTTP, "local")
        assert "at their bound" in driver.spooling("second").text
        assert driver.metrics()["espcapd_spool_refused_total"] == 6
        os.mkdir(local)
        driver.delivered("first", "local")
        driver.put("third", HTTP, "local")
        driver.delivered("third", "local")
        assert driver.metrics()["espcapd_spool_bytes"] == 0
    assert len(os.listdir(local)) == 2


def test_one_at_a_time(state, local):
    with Driver(state, local=local, destinations="local") as driver:
        driver.await_(lambda: ("ready",) in driver.others)
        with Driver(state, local=local, destinations="local") as second:
            second.gone()
            assert second.process.returncode == 2 and "another process has locked the spool" in second.said


def test_folder_of_others(state, local):
    os.mkdir(state)
    os.chmod(state, 0o777)
    with Driver(state, local=local, destinations="local") as driver:
        driver.gone()
        assert driver.process.returncode == 2 and "others may not write" in driver.said


def test_retries_and_dead_letter(state, local):
    shutil.rmtree(local)
    with Driver(state, local=local, destinations="local", retries=3, first=20) as driver:
        driver.put("lost", HTTP, "local", tags="a,b", fact_host="sensor")
        found = driver.outcome("lost", "local")
        assert (found.end, found.attempts) == ("failed", "4") and "cannot open the folder" in found.text
        driver.drain()
        (entry, bytes_), = driver.dead()
    assert bytes_ == content(HTTP) and entry["tags"] == "a,b" and entry["facts"] == {"host": "sensor"}
    assert entry["destinations"]["local"]["state"] == "failed"
    os.mkdir(local)
    # It stays there over a start; an operator who puts it back into the spool has it delivered.
    with Driver(state, local=local, destinations="local") as driver:
        assert driver.holds("lost") and not driver.holds("other")
        driver.drain()
    assert os.listdir(local) == []
    for name in os.listdir(state + "/dead"):
        os.rename(state + "/dead/" + name, state + "/spool/" + name)
    with Driver(state, local=local, destinations="local") as driver:
        assert driver.delivered("lost", "local").attempts == "1"
        driver.drain()
    assert content(local + "/lost.pcap") == content(HTTP)


def test_record(state, local):
    with Driver(state, local=local, destinations="local") as driver:
        driver.order("record", "capture=cut", "name=cut.pcap", "to=local,s3", "fact.id=7")
        driver.await_(lambda: ("record", "") in driver.others)
        assert driver.holds("cut")
        (entry, bytes_), = driver.dead()
    assert bytes_ is None and entry["reason"] == "interrupted" and entry["bytes"] == 0
    assert entry["destinations"]["s3"]["state"] == "failed"
    with Driver(state, local=local, destinations="local") as driver:
        assert driver.holds("cut")
        driver.drain()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_full_disk(state, local):
    """The local folder is full for a while; then the spool is."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", local], capture_output=True)
    if done.returncode != 0:
        pytest.skip("no mount here")
    try:
        ballast = local + "/ballast"
        with open(ballast, "wb") as file:
            file.write(bytes(60 * 1024))
        with Driver(state, local=local, destinations="local", first=50) as driver:
            driver.put("one", HTTP, "local")
            driver.saying("No space left on device")
            assert os.listdir(local) == ["ballast"]
            os.unlink(ballast)
            driver.delivered("one", "local")
            driver.drain()
        assert content(local + "/one.pcap") == content(HTTP)
        os.unlink(local + "/one.pcap")
        with open(ballast, "wb") as file:
            file.write(bytes(52 * 1024))
        with Driver(local + "/state", local="/nonexistent", destinations="local", first=50) as driver:
            driver.put("two", HTTP, "local")
            assert "No space left on device" in driver.spooling("two").text
            assert driver.files("spool") == []
            os.unlink(ballast)
            driver.put("three", HTTP, "local")
            assert driver.spooling("three").text == ""
    finally:
        subprocess.run(["umount", local], check=True)


def test_damaged_spool(state, local, tmp_path):
    """Each kind of damage costs the entry that has it, and no other."""
    with Driver(state, local="/nonexistent", destinations="local", first=30000) as driver:
        for capture in ("sound", "bits", "short", "entry", "lone"):
            driver.put(capture, HTTP, "local")
            driver.saying("%s: local: attempt 1" % capture)
        spool = state + "/spool/"
        names = {json.loads(text)["capture"]: name[:-5] for name in driver.files("spool") if name.endswith(".json")
                 for text in [content(spool + name).split(b"\n", 1)[1]]}
        driver.kill()

    def change(name, at, length=1):
        with open(spool + name, "r+b") as file:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]) * length)

    change(names["bits"] + ".pcap", 5000)
    os.truncate(spool + names["short"] + ".pcap", 5000)
    change(names["entry"] + ".json", 200)
    os.unlink(spool + names["lone"] + ".json")
    os.mkdir(spool + "folder.json")
    with open(spool + ".espcap-0123456789abcdef-1.tmp", "wb"):
        pass
    with Driver(state, local=local, destinations="local", first=100) as driver:
        driver.order("hurry")
        driver.delivered("sound", "local")
        found = driver.outcome("bits", "local")
        assert found.end == "failed" and "checksum" in found.text
        found = driver.outcome("short", "local")
        assert found.end == "failed" and "of another length" in found.text
        assert driver.metrics()["espcapd_spool_bad_total"] == 5
        driver.drain()
        dead = {entry["capture"]: (entry["reason"], entry["bytes"], bytes_) for entry, bytes_ in driver.dead()}
        left = [name for name in driver.files("spool") if not name.startswith(".espcap")]
    assert os.listdir(local) == ["sound.pcap"]
    expected = [names["bits"] + ".json.bad", names["bits"] + ".pcap.bad", names["short"] + ".json.bad", names["short"] + ".pcap.bad",
                names["entry"] + ".json.bad", names["entry"] + ".pcap.bad", names["lone"] + ".pcap.bad", "folder.json.bad"]
    assert left == sorted(expected)
    # What is known of them has a record.
    assert sorted(dead) == ["bits", "short"] and all(end[1:] == (0, None) for end in dead.values())
    assert "checksum" in dead["bits"][0] and "of another length" in dead["short"][0]


def test_until_the_journal_knows(state, local):
    """No delivery begins before that: a delivered entry leaves no trace in the spool."""
    with Driver(state, local=local, destinations="local", noted=0) as driver:
        driver.put("one", HTTP, "local")
        assert driver.spooling("one").text == ""
        driver.saying("not noted")
        assert os.listdir(local) == []
        driver.order("noted")
        driver.order("hurry")
        driver.delivered("one", "local")
        driver.drain()


# ---- S3

# Each a file name for the server, too; a number is put in front.
ODD = [" ", "  ", "!", '"', "#", "$", "%", "%20", "%2F", "%25", "&", "'", "(", ")", "*", "+", ",", "-", ".x", "..x", ":", ";",
       "<", "=", ">", "?", "@", "A", "[", "\\", "]", "^", "_", "`", "a", "{", "|", "}", "~", "a b", "a+b", "a=b&c=d", "a?b=c",
       "a#b", "ä", "ö/ü", "é", "e\u0301", "ß", "€", "日本", "😀", "\u00a0", "\u200b", "\u202e", "\x01", "\x7f", "x/y", "x/ y", "x /y",
       "~/x", "-/-", "a" * 200, "[a-z]*", "$(id)", "a;b", "a,b", "http://x", "x@y.z:80"]


def test_keys(store, state):
    """Names that a signature must see as the server sees them; each object is what was sent, under its own key."""
    settings = at(store)
    keys = ["%02d%s.pcap" % (number, odd) for number, odd in enumerate(ODD)]
    assert len(keys) >= 60
    with Driver(state, **settings) as driver:
        for number, key in enumerate(keys):
            driver.put("c%d" % number, HTTP if number % 2 else DNS, "s3", key=key)
        for number in range(len(keys)):
            driver.delivered("c%d" % number, "s3")
        driver.drain()
    bucket = settings["s3_bucket"]
    assert store.keys(bucket) == sorted(os.path.normpath(key) for key in keys)
    for number in random.Random(1).sample(range(len(keys)), 12):
        assert store.get(bucket, keys[number]) == content(HTTP if number % 2 else DNS), keys[number]


def test_object(store, state):
    """What goes with an object; a key that is taken; wishes of the parcel."""
    settings = at(store, s3_folder="pcaps/", s3_acl="private", s3_encryption="AES256")
    bucket, other = settings["s3_bucket"], store.create_bucket()
    with Driver(state, **settings) as driver:
        driver.put("one", HTTP, "s3", name="a.pcap", fact_tags="x, y  z", fact_bpf="host ü%", fact_host="sensor",
                   fact_empty="", fact_sha="no", fact_long="l" * 3000, fact_alertid="7")
        assert driver.delivered("one", "s3").url == "%s/%s/pcaps/a.pcap" % (store.url, bucket)
        driver.put("two", HTTP, "s3", name="a.pcap")
        assert driver.delivered("two", "s3").url.endswith("/pcaps/a-1.pcap")
        driver.put("three", DNS, "s3", name="a.pcap", bucket=other, key="k", acl="public-read", encryption="none")
        assert driver.delivered("three", "s3").url == "%s/%s/k" % (store.url, other)
        # What can never be stored: not tried again.
        for capture, wish in (("bucket", {"bucket": "../x"}), ("acl", {"acl": "a: b"}), ("how", {"encryption": "rot13"}),
                              ("region", {"region": "aws:amz"}), ("endpoint", {"endpoint": "http://u:p@h/"}),
                              ("key", {"key": "k" * 1025})):
            driver.put(capture, HTTP, "s3", **wish)
            found = driver.outcome(capture, "s3")
            assert (found.end, found.attempts) == ("failed", "1"), found
        driver.drain()
        assert len(driver.dead()) == 6
    reply = store.head(bucket, "pcaps/a.pcap")
    meta = {name[11:]: value for name, value in reply.headers.items() if name.startswith("x-amz-meta-")}
    assert meta == {"tags": "x, y%20%20z", "bpf": "host %C3%BC%25", "host": "sensor", "sha256": sha256(HTTP), "omitted": "long",
                    "alertid": "7"}
    assert reply.headers["content-type"] == "application/vnd.tcpdump.pcap"
    assert store.get(bucket, "pcaps/a-1.pcap") == content(HTTP) and store.get(other, "k") == content(DNS)


def test_mistakes(store, state):
    """Wrong key, clock, bucket: said clearly, tried again, and delivered when they are put right."""
    settings = at(store, first=50)
    wrong = [({"s3_key": SECRET}, "the secret access key is wrong: status 403 SignatureDoesNotMatch"),
             ({"s3_id": "nobody"}, "status 404 XAdminUserNotFound|the access key is not known there"),
             ({"s3_bucket": "missing-bucket"}, 'S3, bucket "missing-bucket": the bucket does not exist'),
             ({"s3_region": "eu-west-9"}, "the region is wrong")]
    for number, (mistake, text) in enumerate(wrong):
        with Driver(state, **{**settings, **mistake}) as driver:
            if number == 0:
                driver.put("one", HTTP, "s3")
            driver.order("hurry")
            driver.saying(text)
            driver.saying("attempt %d" % (2 * number + 2))
            assert SECRET not in driver.said and settings["s3_key"] not in driver.said
    clock = shutil.which("faketime")
    if clock and not conftest.is_sanitized(espcap.PLAIN):
        # It wants to be loaded first, and so does the sanitizer.
        with Driver(state, prefix=(clock, "-f", "-1h"), program=plain_driver(), **settings) as driver:
            driver.order("hurry")
            driver.saying("the clock of this machine differs too much from the server's")
    with Driver(state, **settings) as driver:
        driver.order("hurry")
        driver.delivered("one", "s3")
        driver.drain()
    assert store.get(settings["s3_bucket"], "one.pcap") == content(HTTP)


def test_server_errors(state, tmp_path):
    """Errors that pass, a connection that is cut, a region that is elsewhere; then a refusal that does not pass."""
    moved = "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>"
    steps = ((500, "<Error><Code>InternalError</Code><Message>We \x07 encountered</Message></Error>"),
             (503, "<Error><Code>SlowDown</Code></Error>"), "cut", (503, "<html>"), (301, moved, [("x-amz-bucket-region", "eu-west-1")]),
             (409, ""), (400, "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><Error><Code>RequestTimeout</Code></Error>"))
    large = tmp_path / "large.pcap"
    large.write_bytes(content(HTTP) * 600)
    with Answers(*steps) as server, Driver(state, **at(server, "bucket", first=20, s3_session="token/canary")) as driver:
        driver.put("one", large, "s3")
        found = driver.outcome("one", "s3")
        assert (found.end, found.attempts) == ("failed", "7"), found
        for text in ("500 InternalError", "503 SlowDown", "the region there is eu-west-1", "the endpoint is b.s3", "status 409"):
            assert text in driver.said, text
        assert "canary" not in driver.said
        method, headers = server.requests[0]
        assert method == "PUT" and headers["x-amz-security-token"] == "token/canary" and headers["If-None-Match"] == "*"
        assert "x-amz-security-token" in headers["Authorization"]
        driver.drain()
        assert len(driver.dead()) == 1


@pytest.mark.parametrize("body, meta, ours", [
    (content(HTTP), sha256(HTTP), True), (content(HTTP), "0" * 64, False), (content(HTTP)[1:], sha256(HTTP), False),
    (content(HTTP), None, False)])
def test_lost_answer(state, body, meta, ours):
    """The answer to an upload is lost: the object is there, and it is ours, or somebody else's."""
    found = (200, body, [("x-amz-meta-sha256", meta)] if meta else [])
    with Answers((503, ""), (412, ""), found, (200, "")) as server, Driver(state, **at(server, "bucket", first=20)) as driver:
        driver.put("one", HTTP, "s3")
        assert driver.delivered("one", "s3").url == server.url + ("/bucket/one.pcap" if ours else "/bucket/one-1.pcap")
        assert [method for method, _ in server.requests] == ["PUT", "PUT", "HEAD"] + ["PUT"] * (not ours)


def test_object_is_ours(store, state):
    """Killed after the upload and before that was written down: no second object."""
    settings = at(store)
    with Driver(state, **settings) as driver:
        driver.put("one", HTTP, "s3")
        driver.delivered("one", "s3")
        driver.drain()
    with Driver(state, **{**settings, "s3_key": SECRET, "first": 30000}) as driver:
        driver.put("one", HTTP, "s3")
        driver.saying("attempt 1")
        driver.kill()
    with Driver(state, **settings) as driver:
        driver.order("hurry")
        assert driver.delivered("one", "s3").url.endswith("/one.pcap")
        driver.drain()
    assert store.keys(settings["s3_bucket"]) == ["one.pcap"]


def test_tls(state):
    """The server's certificate is checked; nothing is sent to who has another one."""
    with request_servers.running(request_servers.S3, secure=True) as server:
        settings = at(server, first=50)
        with Driver(state, **settings) as driver:
            driver.put("one", HTTP, "s3")
            driver.saying("certificate")
        with Driver(state, ca=server.ca, **settings) as driver:
            driver.order("hurry")
            driver.delivered("one", "s3")
            driver.drain()
        assert server.get(settings["s3_bucket"], "one.pcap") == content(HTTP)


def test_server_dies(state, tmp_path):
    """The server is killed while it gets large files, and comes back: all are there, whole."""
    large = tmp_path / "large.pcap"
    large.write_bytes(content(HTTP) * 2000)
    with request_servers.running(request_servers.S3, own=True) as server:
        settings = at(server, first=50)
        with Driver(state, **settings) as driver:
            for number in range(4):
                driver.put("c%d" % number, large, "s3")
            driver.spooling("c0")
            time.sleep(0.2)
            server.kill9()
            driver.saying("cannot connect|connection|Connection|closed")
            server.start()
            driver.order("hurry")
            for number in range(4):
                driver.delivered("c%d" % number, "s3")
            driver.drain()
        keys = server.keys(settings["s3_bucket"])
        assert len(keys) == 4
        assert all(server.get(settings["s3_bucket"], key) == large.read_bytes() for key in keys)


def test_roles(store, state, tmp_path):
    """Keys of a role, from a container's service and from an instance's, fetched anew before they expire."""
    credentials = store.credentials

    def keys(seconds):
        return {"AccessKeyId": credentials.access_key, "SecretAccessKey": credentials.secret_key,
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}

    settings = {key: value for key, value in at(store, first=50).items() if key not in ("s3_id", "s3_key")}
    with Roles(keys(3600), "tok") as roles, Driver(state, s3_relative="/role", s3_container=roles.url, s3_token="tok",
                                                   **settings) as driver:
        for capture in ("a", "b"):
            driver.put(capture, HTTP, "s3")
            driver.delivered(capture, "s3")
        assert roles.asked == ["/role"]
        driver.drain()
    file = tmp_path / "token"
    file.write_text("tok\n")
    with Roles(keys(60), "tok") as roles, Driver(state, s3_full=roles.url + "/role", s3_tokenfile=file, **settings) as driver:
        for capture in ("c", "d"):
            driver.put(capture, HTTP, "s3")
            driver.delivered(capture, "s3")
        # They expire soon: fetched for each.
        assert roles.asked == ["/role", "/role"]
        file.write_text("wrong")
        roles.keys = keys(-10)
        driver.put("e", HTTP, "s3")
        driver.delivered("e", "s3")
        driver.drain()
    with Roles(keys(3600)) as roles, Driver(state, s3_metadata=roles.url, **settings) as driver:
        driver.put("f", HTTP, "s3")
        driver.delivered("f", "s3")
        base = "/latest/meta-data/iam/security-credentials/"
        assert roles.asked == ["/latest/api/token", base, base + "sensor-role"]
        driver.drain()
    with Driver(state, s3_full="http://192.0.2.1/role", **settings) as driver:
        driver.gone()
        assert driver.process.returncode == 2 and "FULL_URI" in driver.said
    with Driver(state, s3_metadata="http://127.0.0.1:1", **{**settings, "retries": 0}) as driver:
        driver.put("g", HTTP, "s3")
        assert "metadata service: cannot connect" in driver.outcome("g", "s3").text
    assert len(store.keys(settings["s3_bucket"])) == 6


# ---- CloudShark


def test_cloudshark(state):
    with CloudShark(TOKEN) as server, Driver(state, **shark(server)) as driver:
        driver.put("one", HTTP, "cloudshark", name='a "b" ü.pcap', tags="sensor,eth0,x y,ü", comments="said")
        found = driver.delivered("one", "cloudshark")
        assert (found.url, found.id) == (server.url + "/captures/000000000001", "000000000001")
        parts, = server.uploads
        assert parts["file"] == ('a %22b%22 ü.pcap'.encode(), content(HTTP))
        assert parts["additional_tags"] == (None, "sensor,eth0,x y,ü".encode()) and parts["comments"] == (None, b"said")
        assert parts["filename"] == (None, 'a "b" ü.pcap'.encode())
        driver.drain()


ANSWERS = [
    # status, body, headers, whether it is tried again, text
    (200, '{"status": 200, "exceptions": ["Bad capture %s"]}' % TOKEN, [], False, "Bad capture \\*+"),
    (200, '{"error": {"code": 12, "text": ["no", "way"]}}', [], False, "12; no; way"),
    (200, "<html>Log in</html>", [("Content-Type", "text/html")], False, "something else than JSON"),
    (401, '{"status":401,"exceptions":["Invalid API token %s"]}' % TOKEN, [], True, "the token is not accepted"),
    (413, "<html>nginx</html>", [], False, "the file is too large"),
    (302, "", [("Location", "https://other.example/api/v1/%s/upload" % TOKEN)], True, "a redirect, which is not followed"),
    (404, "{", [], True, "status 404"),
    (500, "", [], True, "status 500"),
    (503, "", [("Retry-After", "1")], True, "status 503"),
]


@pytest.mark.parametrize("status, body, headers, again, text", ANSWERS, ids=[str(a[0]) + a[4][:6] for a in ANSWERS])
def test_cloudshark_refuses(state, status, body, headers, again, text):
    with CloudShark(TOKEN, [(status, body, headers)] * 2) as server, \
            Driver(state, retries=1, first=20, **shark(server)) as driver:
        driver.put("one", HTTP, "cloudshark")
        found = driver.outcome("one", "cloudshark")
        assert (found.end, found.attempts) == ("failed", "2" if again else "1"), found
        assert re.search(text, found.text), found
        assert not server.uploads
        driver.drain()
        entry, = driver.dead()
        told = driver.said + repr(driver.outcomes) + repr(entry[0])
    assert "canary" not in told


@pytest.mark.parametrize("first, second, end, uploads", [
    ("hang", "hang", "unknown", 2),
    ("cut", None, "delivered", 2),
    ("cut", "cut", "unknown", 2),
    ((200, "{}"), (504, ""), "unknown", 0),
    ("cut", (413, ""), "unknown", 1),
    ("refuse", None, "delivered", 1),
])
def test_cloudshark_unknown(state, first, second, end, uploads, tmp_path):
    """Nobody knows whether an upload got there: it is repeated once. One that was cut in the middle did not."""
    large = tmp_path / "large.pcap"
    large.write_bytes(content(HTTP) * 300)
    with CloudShark(TOKEN, [first, second]) as server, \
            Driver(state, first=20, cs_timeout=1000, **shark(server)) as driver:
        driver.put("one", large, "cloudshark")
        found = driver.outcome("one", "cloudshark")
        assert (found.end, found.attempts, len(server.uploads)) == (end, "2", uploads), found
        driver.drain()
        dead = driver.dead()
        told = driver.said + repr(driver.outcomes) + repr([entry for entry, _ in dead])
    assert "canary" not in told
    assert [bytes_ for _, bytes_ in dead] == ([large.read_bytes()] if end == "unknown" else [])


def test_cloudshark_killed(state):
    """Killed in the middle of an upload: repeated once, killed again: unknown."""
    with CloudShark(TOKEN, ["hang", "hang"]) as server:
        for _ in range(2):
            with Driver(state, first=20, **shark(server)) as driver:
                if not server.requests:
                    driver.put("one", HTTP, "cloudshark")
                before = len(server.uploads)
                driver.await_(lambda: len(server.uploads) > before)
                driver.kill()
                assert not driver.outcomes
        with Driver(state, first=20, **shark(server)) as driver:
            found = driver.outcome("one", "cloudshark")
            assert (found.end, found.attempts) == ("unknown", "2")
            driver.drain()
            assert len(driver.dead()) == 1 and len(server.uploads) == 2


# ---- The index


def test_index(state, local, tmp_path):
    """A stand-in for espcap: what it is started with, and what its exit statuses mean."""
    program = tmp_path / "espcap"
    log = tmp_path / "log"
    status = tmp_path / "status"
    program.write_text('#!/bin/sh\necho "$@" >>%s\nfor word; do case $word in --file=*) cmp -s "${word#--file=}" %s || exit 9;; esac; done\n'
                       'read code <%s\necho "espcap: said" >&2\n'
                       'echo "{\\"indexed\\":7,\\"duplicate\\":3,\\"rejected\\":1}"\nexit $code\n' % (log, HTTP, status))
    program.chmod(0o755)
    settings = {"index_program": program, "index_option": "--node=localhost:9", "local": local}
    with Driver(state, destinations="local,index", retries=1, first=20, **settings) as driver:
        status.write_text("0\n")
        driver.put("one", HTTP, "index")
        found = driver.delivered("one", "index")
        assert (found.documents, len(found.id)) == ("10", 32)
        driver.put("two", HTTP, "index,local")
        assert driver.delivered("two", "index").id == found.id
        status.write_text("5\n")
        driver.put("three", HTTP, "index")
        failed = driver.outcome("three", "index")
        assert (failed.end, failed.attempts) == ("failed", "2") and "exit status 5" in failed.text and "said" in failed.text
        status.write_text("6\n")
        driver.put("four", HTTP, "index")
        assert driver.outcome("four", "index")[2:4] == ("failed", "1")
        os.unlink(program)
        driver.put("five", HTTP, "index")
        assert driver.outcome("five", "index").end == "failed"
        driver.drain()
        assert driver.files("index") == []
    words = log.read_text().splitlines()
    assert words[0].split() == ["--node=localhost:9", "--file=%s/index/one.pcap" % os.path.realpath(state), "--summary-json=-", "--quiet"]
    # Documents name the file that stays.
    assert "--file=%s/two.pcap" % local in words[1]


def test_index_by_espcap(state, local):
    """By espcap itself: a document for each packet, with the identity that the outcome tells; repeated, the same ones."""
    with fake_server.Server() as server:
        settings = {"index_program": espcap.PLAIN, "index_option": "--node=" + server.url, "local": local}
        with Driver(state, destinations="local,index", **settings) as driver:
            driver.put("one", HTTP, "index,local")
            first = driver.delivered("one", "index")
            driver.put("two", HTTP, "index")
            second = driver.delivered("two", "index")
            driver.drain()
        documents = [entry.document for entry in server.ledger]
        assert int(first.documents) == int(second.documents) == len(documents) > 0 and first.id == second.id
        assert {document["espcap"]["capture"] for document in documents} == {first.id}
        assert {document["file_name"] for document in documents} == {local + "/one.pcap"}


# ---- Conservation


def test_several(store, state, local):
    """Destinations of one capture are independent: one fails, the others do not wait."""
    with CloudShark(TOKEN, [(500, "")] * 3) as server:
        settings = {**at(store, s3_bucket="missing-bucket"), **shark(server), "destinations": "local,s3,cloudshark"}
        with Driver(state, local=local, retries=3, first=20, **settings) as driver:
            driver.put("one", HTTP, "local,s3,cloudshark")
            driver.delivered("one", "local")
            assert driver.delivered("one", "cloudshark").attempts == "4"
            assert driver.outcome("one", "s3").end == "failed"
            driver.drain()
            (entry, bytes_), = driver.dead()
    assert bytes_ == content(HTTP)
    assert {name: way["state"] for name, way in entry["destinations"].items()} == {
        "local": "delivered", "s3": "failed", "cloudshark": "delivered"}


def test_killed(state, local, tmp_path):
    """Killed again and again while it spools and delivers, as is the server of S3; CloudShark fails now and then: each capture that was acknowledged is in each of its
    destinations exactly once, or in the dead letter folder with that destination; and nothing is half."""
    seed = int(os.environ.get("ESPCAP_SEED", "16"))
    dice = random.Random(seed)
    pcap = content(HTTP)
    acknowledged, told, number = {}, {}, 0
    with CloudShark(TOKEN) as server, request_servers.running(request_servers.S3, own=True) as store:
        settings = {**at(store), **shark(server), "destinations": "local,s3,cloudshark", "local": local, "first": 20}
        bucket = settings["s3_bucket"]
        for cycle in range(CYCLES + 1):
            with Driver(state, **settings) as driver:
                driver.await_(lambda: ("ready",) in driver.others)
                for _ in range(dice.randrange(1, 5) if cycle < CYCLES else 0):
                    number += 1
                    file = tmp_path / ("%d.pcap" % number)
                    file.write_bytes(pcap + b"%08d" % number * dice.choice((1, 10000)))
                    driver.put("c%d" % number, file, "local,s3,cloudshark")
                if cycle < CYCLES:
                    if dice.random() < 0.3:
                        server.script.append(dice.choice(("cut", "refuse", (500, ""), (503, "busy"))))
                    if cycle % 10 == 5:
                        store.kill9()
                    time.sleep(dice.uniform(0.0, 0.25))
                    driver.kill()
                    if cycle % 10 == 5:
                        store.start()
                else:
                    driver.order("hurry")
                    driver.drain()
            acknowledged.update({each.capture: each.sha256 for each in driver.spooled if not each.text})
            for each in driver.outcomes:
                # Told twice only if a kill came before that was written down; and never differently.
                assert each.again or (each.capture, each.destination) not in told, each
                assert told.setdefault((each.capture, each.destination), each.end) == each.end
        spool = driver.files("spool")
        dead = driver.dead()
        files = {int(name[1:-5]): content(os.path.join(local, name)) for name in os.listdir(local) if not name.startswith(".")}
        objects = {int(key[1:-5]): store.get(bucket, key) for key in store.keys(bucket)}
    assert len(acknowledged) >= CYCLES // 2 and len(files) >= len(acknowledged)
    # An unknown of CloudShark may be there up to twice; all else exactly once.
    unknown = {entry["capture"] for entry, _ in dead}
    assert all(entry["destinations"]["cloudshark"]["state"] == "unknown" and
               entry["destinations"]["s3"]["state"] == entry["destinations"]["local"]["state"] == "delivered" for entry, _ in dead)
    assert not [name for name in spool if not name.endswith(".pcap.bad")]
    uploads = {}
    for parts in server.uploads:
        uploads.setdefault(int(parts["filename"][1][1:-5]), []).append(parts["file"][1])
    assert files == objects
    for capture, expected in acknowledged.items():
        each = int(capture[1:])
        assert hashlib.sha256(files[each]).hexdigest() == expected
        assert set(uploads.get(each, [files[each]])) == {files[each]}
        assert len(uploads.get(each, [])) in ((0, 1, 2) if capture in unknown else (1, 2)), (capture, seed)
        assert {told.get((capture, destination)) for destination in ("local", "s3")} == {"delivered"}
        assert told[capture, "cloudshark"] == ("unknown" if capture in unknown else "delivered")
    # What was not acknowledged may have been durable just before the kill.
    for each, bytes_ in files.items():
        assert bytes_ == content(tmp_path / ("%d.pcap" % each))
    print("%d cycles, seed %d: %d captures put, %d acknowledged, %d delivered to all, %d unknown, %d uploads to CloudShark" % (
        CYCLES, seed, number, len(acknowledged), len(files) - len(unknown), len(unknown), len(server.uploads)))
