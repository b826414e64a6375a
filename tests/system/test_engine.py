# SPDX-License-Identifier: BSD-2-Clause
"""scripts/engine: a server is got, checked, started and ended, and nothing else is touched."""

import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest

import engines
import espcap

NAME = "elasticsearch-8.8.2"
CHECKSUMS = os.path.join(espcap.ROOT, "scripts", "engines", "checksums")


@pytest.fixture
def cache():
    """A folder for servers, open to the user that they run as, with nothing in it."""
    path = tempfile.mkdtemp(prefix="espcap-engines-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def with_cache(cache, *arguments, path=None):
    environment = {**os.environ, "ESPCAP_ENGINES": cache}
    if path:
        environment["PATH"] = path + ":" + environment["PATH"]
    return engines.engine(*arguments, env=environment)


def put(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as target:
        target.write(content)
    os.chmod(path, mode)


@pytest.fixture
def fake_maven(cache):
    """A Maven that leaves a mark when it is called, and gives something else than what it was asked for."""
    put(os.path.join(cache, "bin", "mvn"), """#!/bin/sh
touch "%s/called"
for word; do
	case $word in -DoutputDirectory=*) mkdir "${word#*=}" && echo no zip >"${word#*=}/%s.zip" ;; esac
done
""" % (cache, NAME), mode=stat.S_IRWXU)
    return os.path.join(cache, "bin")


WRONG_USAGE = (
    (),
    ("list", "more"),
    ("elasticsearch",),
    ("elasticsearch", "jump"),
    ("nosuchserver", "start"),
    ("elasticsearch-8", "start"),
    ("elasticsearch", "start", "more"),
    ("elasticsearch", "start", "--port=0"),
    ("elasticsearch", "start", "--port=65536"),
    ("elasticsearch", "start", "--port=92x0"),
    ("elasticsearch", "start", "--nodes=3"),
    ("elasticsearch", "start", "--set"),
    ("elasticsearch", "start", "--set", "key"),
    ("elasticsearch", "start", "--set", "=value"),
    ("elasticsearch", "start", "--instance="),
    ("elasticsearch", "stop", "--instance=../../etc"),
    ("elasticsearch", "stop", "--port=9200"),
    ("elasticsearch", "status", "--remove"),
    ("opensearch", "start", "--secure"),
    ("opensearch", "start", "--nodes=0"),
    ("opensearch", "start", "--port=9300"),
    ("opensearch", "start", "--node=2"),
    ("opensearch", "start", "--topic=packets"),
    ("elasticsearch", "start", "--kerberos"),
    ("kafka", "start", "--topic=two words"),
    ("kafka", "start", "--topic=packets:0"),
    ("kafka", "start", "--node=0"),
    ("kafka", "status", "--node=1"),
    ("kafka", "stop", "--node=2", "--remove"),
    ("kafka", "start", "--queue=capture"),
    ("redis", "start", "--nodes=2"),
    ("redis", "start", "--bucket=pcaps"),
    ("sqs", "start", "--secure"),
    ("sqs", "start", "--queue=two words"),
    ("s3", "start", "--bucket="),
    ("s3", "start", "--queue=capture"),
)


@pytest.mark.parametrize("arguments", WRONG_USAGE, ids=lambda arguments: " ".join(arguments) or "none")
def test_wrong_usage(cache, arguments):
    done = with_cache(cache, *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr
    assert os.listdir(cache) == []


def test_usage_names_every_option_and_action():
    text = engines.engine("--help").stdout
    assert text == engines.engine().stderr
    for word in ("list start stop status fetch --port= --instance= --data= --nodes= --node= --secure --kerberos --topic= "
                 "--queue= --bucket= --set --remove").split():
        assert word in text


def test_every_server_that_is_listed_has_checksums():
    names = engines.engine("list").stdout.split()
    with open(CHECKSUMS, encoding="ascii") as lines:
        rows = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[0-9a-f]{64}  [a-z0-9.-]+/[\w.-]+\n", row) for row in rows)
    # Redis is a package of Debian.
    assert {row.split()[1].split("/")[0] for row in rows} == set(names) - {"redis"}
    assert NAME in names and len(names) == len(set(names))


def test_what_was_never_started_does_not_run(cache):
    assert with_cache(cache, NAME, "status").returncode == 3
    assert with_cache(cache, NAME, "stop").returncode == 0


def test_a_wrong_file_in_the_cache_is_refused(cache, fake_maven):
    wrong = os.path.join(cache, "fetched", NAME, NAME + ".zip")
    put(wrong, "no zip\n")
    done = with_cache(cache, NAME, "start", "--port=auto", path=fake_maven)
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1, done
    assert "wrong checksums in " + os.path.dirname(wrong) in done.stderr
    assert hashlib.sha256(b"no zip\n").hexdigest() in done.stderr
    assert not os.path.exists(os.path.join(cache, "called"))
    assert not os.path.exists(os.path.join(cache, NAME))
    assert with_cache(cache, NAME, "status").returncode == 3


def test_a_wrong_file_from_maven_is_refused(cache, fake_maven):
    done = with_cache(cache, NAME, "fetch", path=fake_maven)
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1, done
    assert "wrong checksums" in done.stderr
    assert os.path.exists(os.path.join(cache, "called"))
    # Nothing of it is kept.
    assert sorted(os.listdir(cache)) == ["bin", "called", "run"]


def test_another_process_with_the_number_of_the_server_is_let_alone(cache):
    """After a crash the system may have given the number to somebody else."""
    with subprocess.Popen(["sleep", "60"]) as other:
        put(os.path.join(cache, "run", NAME + "@main", "pid"), "%d 1\n" % other.pid)
        status = with_cache(cache, NAME, "status")
        stop = with_cache(cache, NAME, "stop")
        survived = other.poll() is None
        other.kill()
    assert (status.returncode, stop.returncode, survived) == (1, 0, True)


def test_a_taken_port_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = engines.engine(NAME, "start", "--instance=taken", "--port=%d" % port)
        status = engines.engine(NAME, "status", "--instance=taken")
    engines.engine(NAME, "stop", "--instance=taken", "--remove")
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1, done
    assert "port %d is taken" % port in done.stderr
    assert status.returncode == 3


def test_a_server_that_cannot_start_says_why():
    done = engines.engine(NAME, "start", "--instance=wrong", "--port=auto", "--set", "no.such.setting=1")
    status = engines.engine(NAME, "status", "--instance=wrong")
    engines.engine(NAME, "stop", "--instance=wrong", "--remove")
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1, done
    assert "no.such.setting" in done.stderr
    assert status.returncode == 3


def test_a_start_that_is_broken_off_leaves_no_server():
    arguments = [NAME, "status", "--instance=broken"]
    with subprocess.Popen([engines.ENGINE, NAME, "start", "--instance=broken", "--port=auto"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not engines.carriers("broken"):
            time.sleep(0.05)
        process.terminate()
        errors = process.communicate(timeout=60)[1]
    status = engines.engine(*arguments)
    left = engines.carriers("broken")
    engines.engine(NAME, "stop", "--instance=broken", "--remove")
    if process.returncode == engines.UNAVAILABLE:
        pytest.skip(errors.strip())
    assert (process.returncode, status.returncode, left) == (143, 3, []), errors


def action(server, word, *options):
    return engines.engine(server.name, word, "--instance=" + server.instance, *options)


def listeners(port):
    """Local addresses on which somebody listens on this port."""
    text = subprocess.run(["ss", "-Hltn", "sport", "=", ":%d" % port],
                          capture_output=True, text=True, check=True).stdout
    return [line.split()[3] for line in text.splitlines()]


def test_from_start_to_stop():
    with engines.running(NAME, own=True) as server:
        assert action(server, "status").returncode == 0
        assert os.stat("/proc/%d" % server.pid).st_uid != 0
        assert listeners(server.port)
        assert {address.rsplit(":", 1)[0] for address in listeners(server.port)} <= {
            "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"}

        server.put("packets-1/_doc/1?refresh=true", {"frame_number": 7})
        assert server.count("packets-*") == 1
        assert [hit["_source"] for hit in server.all_documents("packets-*")] == [{"frame_number": 7}]

        again = action(server, "start")
        assert again.returncode == 0 and "runs already" in again.stdout and "pid: %d\n" % server.pid in again.stdout
        assert action(server, "start", "--port=%d" % (server.port + 1)).returncode == 1

        server.kill9()
        assert action(server, "status").returncode == 1
        assert listeners(server.port) == []
        first = server.pid
        server.restart()
        assert server.pid != first
        assert server.count("packets-*") == 1

        server.pause()
        assert action(server, "stop").returncode == 0
        assert listeners(server.port) == []
        assert action(server, "status").returncode == 3
        assert action(server, "stop").returncode == 0
        data = server.data
        assert os.path.isdir(data)
    assert not os.path.exists(data)


@pytest.mark.parametrize("name", [name for name in engines.engine("list").stdout.split() if "search" in name])
def test_each_server(name):
    """It takes documents, gives all of them back, keeps them in a crash, waits while it is stopped, and forgets."""
    with engines.running(name) as server:
        server.wipe()
        server.put("_index_template/packets", {"index_patterns": ["packets-*"], "template": {
            "settings": {"number_of_replicas": 0}, "mappings": {"dynamic": "strict", "properties": {
                "n": {"type": "long"}}}}})
        lines = b"".join(b'{"create":{"_id":"%d"}}\n{"n":%d}\n' % (n, n) for n in range(2 * engines.PAGE + 7))
        assert server.post("packets-1/_bulk", lines)["errors"] is False
        with pytest.raises(engines.ServerError) as error:
            server.put("packets-1/_doc/x", {"other": 1})
        assert error.value.status == 400
        assert server.count("packets-*") == 2 * engines.PAGE + 7

        server.pause()
        with pytest.raises(OSError):
            server.request("GET", "_cluster/health", timeout=1)
        server.resume()
        server.kill9()
        server.restart()
        found = {hit["_id"]: hit["_source"]["n"] for hit in server.all_documents("packets-*")}
        assert found == {str(n): n for n in range(2 * engines.PAGE + 7)}

        server.wipe()
        assert server.count("packets-*") == 0
        # What is left is no template of ours: other is allowed now.
        server.put("packets-1/_doc/x", {"other": 1})
        server.wipe()


def test_a_cluster_of_three():
    with engines.running("opensearch-2.19.1", own=True, nodes=3) as server:
        assert len(set(server.urls)) == 3 and server.urls[0] == server.url
        server.put("packets-1", {"settings": {"number_of_shards": 1, "number_of_replicas": 2}})
        for url in server.urls:
            server.url = url
            assert server.get("_cluster/health?wait_for_status=green&timeout=30s")["number_of_nodes"] == 3
            reply = server.post("packets-1/_doc?refresh=true&wait_for_active_shards=3", {"n": 1})
            assert reply["_shards"]["successful"] == 3
        assert server.count("packets-*") == 3
        server.restart()
        assert server.count("packets-*") == 3


def test_the_users_of_a_secure_server():
    with engines.running(NAME, own=True, secure=True) as server:
        def status(user, method, path, body=None):
            return server.request(method, path, body, user=user)[0]

        assert server.url.startswith("https://")
        assert status(None, "GET", "packets-1/_count") == 401
        assert status("appender", "POST", "packets-1/_doc", {"a": 1}) == 403
        assert status("writer", "POST", "packets-1/_doc", {"a": 1}) == 201
        assert status("appender", "POST", "packets-1/_doc", {"a": 1}) == 201
        assert status("writer", "POST", "other/_doc", {"a": 1}) == 403
        assert status("writer", "PUT", "_index_template/packets", {"index_patterns": ["packets-*"]}) == 403
        assert status("writer", "GET", "packets-1/_search") == 403
        assert status("elastic", "GET", "packets-1/_count") == 200
        assert status("reader", "GET", "packets-1/_search") == 200
        assert status("reader", "POST", "packets-1/_doc", {"a": 1}) == 403
        server.wipe()
        assert server.count("packets-*") == 0
        # What holds a secret is for its owner only.
        for path in (server.passwords, server.password_file("elastic")):
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0


def test_a_guard_acts_when_its_process_is_killed(tmp_path):
    mark = tmp_path / "mark"
    program = ("import sys, time; sys.path.insert(0, %r); import engines; engines.Guard('touch', %r);"
               "print('ready', flush=True); time.sleep(60)" % (os.path.dirname(engines.__file__), str(mark)))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert not mark.exists()
        process.send_signal(signal.SIGKILL)
    limit = time.monotonic() + 10
    while not mark.exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
