# SPDX-License-Identifier: BSD-2-Clause
"""scripts/engine redis, sqs and s3: they start, keep what they have confirmed, demand what they must, and go."""

import os
import stat
import subprocess

import pytest

import engines
import request_servers

# By the names that people give.
KINDS = {"redis": request_servers.Redis, "sqs": request_servers.Sqs, "s3": request_servers.S3}


def listeners(instance):
    """Addresses on which the processes of this instance listen."""
    text = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    pids = engines.carriers(instance)
    return {line.split()[3].rsplit(":", 1)[0] for line in text.splitlines() if any("pid=%d," % pid in line for pid in pids)}


@pytest.fixture(scope="module", params=sorted(KINDS))
def server(request):
    kind = KINDS[request.param]
    with request_servers.running(kind, own=True, secure=kind is not request_servers.Sqs) as running:
        yield running
    assert engines.carriers(running.instance) == [] and not os.path.exists(running.data)


def fill(server):
    """Puts something into the server; a function that says whether it is there."""
    if isinstance(server, request_servers.Redis):
        server.call("XADD", "capture", "*", "message", "kept")
        return lambda: [fields for _, fields in server.entries("capture")] == [{b"message": b"kept"}]
    if isinstance(server, request_servers.Sqs):
        queue = server.create_queue("capture", VisibilityTimeout=0)
        server.send(queue, "kept")
        return lambda: [message["Body"] for message in server.receive(queue)] == ["kept"]
    bucket = server.create_bucket()
    url = "/%s/f%%C3%%A9%%20%%2B.pcap" % bucket
    assert server.request("PUT", url, "--header", "x-amz-meta-tags: a,b").status == 200
    return lambda: server.get(bucket, "f\u00e9 +.pcap") == b"" and server.keys(bucket) == ["f\u00e9 +.pcap"] and \
        server.head(bucket, "f\u00e9 +.pcap").headers["x-amz-meta-tags"] == "a,b"


def test_what_was_confirmed_survives_a_kill_and_a_restart(server):
    is_there = fill(server)
    assert os.stat("/proc/%d" % server.pid).st_uid != 0
    assert listeners(server.instance) <= {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"} and listeners(server.instance)
    before = server.url, server.region, server.credentials
    assert "runs already" in server.action("start").stdout
    server.kill9()
    assert server.action("status").returncode == 1
    server.restart()
    assert is_there()
    server.restart()
    assert is_there() and before[:2] == (server.url, server.region)
    # Clients go on with the keys and passwords that they have.
    assert callable(before[2]) or before[2] == server.credentials
    # Nobody else can read them.
    assert stat.S_IMODE(os.stat(server.passwords).st_mode) == 0o700


def test_rights_in_redis():
    with request_servers.running(request_servers.Redis, secure=True) as redis:
        with redis.connect("node") as node:
            assert node.call("SUBSCRIBE", "capture-a") == [b"subscribe", b"capture-a", 1]
            assert redis.call("PUBLISH", "capture-a", "{}", user="requester") == 1
            assert node.receive() == [b"message", b"capture-a", b"{}"]
        redis.call("XGROUP", "CREATE", "capture-b", "espcapd", "0", "MKSTREAM", user="node")
        redis.call("XADD", "capture-b", "*", "request", "{}", user="requester")
        assert redis.call("XREADGROUP", "GROUP", "espcapd", "me", "STREAMS", "capture-b", ">", user="node")
        for user, command in (("requester", ("XREADGROUP", "GROUP", "espcapd", "me", "STREAMS", "capture-b", ">")),
                              ("requester", ("PUBLISH", "other", "x")), ("node", ("SUBSCRIBE", "other")),
                              ("node", ("CONFIG", "GET", "dir")), ("requester", ("SHUTDOWN",))):
            with pytest.raises(request_servers.RedisError, match="NOPERM"):
                redis.call(*command, user=user)
        stranger = request_servers.RedisClient(redis)
        with pytest.raises(request_servers.RedisError, match="NOAUTH"):
            stranger.call("PUBLISH", "capture-a", "x")
        with pytest.raises(request_servers.RedisError, match="WRONGPASS"):
            stranger.call("AUTH", "node", "wrong")
        stranger.close()


def test_s3_verifies_who_asks():
    with request_servers.running(request_servers.S3, secure=True) as s3:
        bucket = s3.create_bucket()
        right = s3.credentials
        assert s3.get(bucket, "nothing") is None
        s3.credentials = right._replace(secret_key="wrong")
        wrong = s3.request("PUT", "/%s/a" % bucket)
        s3.credentials = right
        assert wrong.status == 403 and b"SignatureDoesNotMatch" in wrong.body
        assert s3.keys(bucket) == []
        assert request_servers.curl("%s/%s/a" % (s3.url, bucket), config='cacert = "%s"\n' % s3.ca).status == 403


def test_queues_and_buckets_are_made_as_asked():
    """Also by a second start, while the server runs."""
    with request_servers.running(request_servers.Sqs, own=True, settings={"aws.region": "eu-central-1"}) as sqs:
        for name in ("one", "two"):
            assert sqs.action("start", "--queue=" + name).returncode == 0
        assert sqs.must("ListQueues")["QueueUrls"] == [sqs.queues + name for name in ("one", "two")]
        assert sqs.region == "eu-central-1"
        missing = sqs.call("ReceiveMessage", QueueUrl=sqs.queues + "missing")
        assert missing.status == 400 and "QueueDoesNotExist" in missing.body["__type"]
    with request_servers.running(request_servers.S3) as s3:
        for _ in range(2):
            assert s3.action("start", "--bucket=made").returncode == 0
        assert s3.keys("made") == [] and s3.request("HEAD", "/made").status == 200


def test_settings_that_redis_refuses_are_named():
    done = engines.engine("redis", "start", "--instance=wrong", "--port=auto", "--set", "no-such-setting=1")
    status = engines.engine("redis", "status", "--instance=wrong")
    engines.engine("redis", "stop", "--instance=wrong", "--remove")
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1 and "no-such-setting" in done.stderr, done
    assert status.returncode == 3
