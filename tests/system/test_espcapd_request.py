# SPDX-License-Identifier: BSD-2-Clause
"""espcapd-request: the message is what espcapd reads, it gets to the servers, and results are waited for."""

import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import threading
import time

import pytest

import espcap
import kafka
import request_servers

PROGRAM = os.path.abspath(os.environ.get("ESPCAPD_REQUEST", os.path.join(os.path.dirname(espcap.PROGRAM), "espcapd-request")))
pytestmark = pytest.mark.skipif(not os.path.exists(PROGRAM), reason="espcapd-request was not built")
# For whatever has an end by itself.
LIMIT = 60
KEY = b"0123456789abcdef"
CAPTURE = ("--node=any", "--interface=eth0", "--packets=100")


def run(*words, env=None, given=None):
    return subprocess.run([PROGRAM, *map(str, words)], input=given, capture_output=True, timeout=LIMIT, check=False, env=env)


def message(*words):
    """What --dry-run prints."""
    done = run(*words, "--dry-run")
    assert (done.returncode, done.stderr) == (0, b""), done
    return json.loads(done.stdout)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")
    path.chmod(0o600)
    return path


def test_every_option_is_in_the_request():
    request = message(
        "--nodere=web.*", "--alias=public", "--alias=l\u00f6cal", "--bpf=host 192.0.2.1 and \"x\"", "--packets=50", "--bytes=1k",
        "--timeout=1.5s", "--duration=2m", "--snap=96", "--before=30s", "--pcapng", "--id=me-1", "--alertid=-655443",
        "--tags=blah,stuff", "--customer=important", "--destination=s3", "--destination=local", "--index", "--folder=my",
        "--bucket=mine", "--bucket-region=us-east-1", "--endpoint=s3.amazonaws.com", "--acl=private", "--encryption")
    assert request == {
        "nodere": "web.*", "alias": ["public", "l\u00f6cal"], "bpf": "host 192.0.2.1 and \"x\"", "packets": 50, "bytes": 1024,
        "timeout": 2, "duration": 120, "snap": 96, "before": 30, "format": "pcapng", "id": "me-1", "alertid": -655443,
        "tags": "blah,stuff", "customer": "important", "destinations": ["s3", "local"], "index": True, "folder": "my",
        "bucket": "mine", "region": "us-east-1", "endpoint": "s3.amazonaws.com", "acl": "private", "encryption": True}
    one, other = message(*CAPTURE), message(*CAPTURE)
    assert one.pop("id") != other.pop("id") and one == other == {"node": "any", "interface": ["eth0"], "packets": 100}
    assert message("--cancel=me-1", "--id=x") == {"cancel": "me-1", "id": "x"}
    assert message("--status", "--node=a", "--id=x") == {"node": "a", "status": True, "id": "x"}


def test_python_and_openssl_make_the_same_signature(key, tmp_path):
    before = int(time.time())
    signed = message(*CAPTURE, "--tags=\u00fc\"\\", "--key=ops", "--keyfile=%s" % key, "--expires=90s")
    assert sorted(signed) == ["key", "mac", "request"] and signed["key"] == "ops"
    text = signed["request"].encode()
    assert signed["mac"] == hmac.new(KEY, text, hashlib.sha256).hexdigest()
    (tmp_path / "message").write_text(json.dumps(signed))
    told = subprocess.run("jq -j .request %s | openssl dgst -sha256 -hmac %s -r" % (tmp_path / "message", KEY.decode()), shell=True,
                          capture_output=True, check=True).stdout
    assert told.split()[0].decode() == signed["mac"]
    request = json.loads(text)
    assert request["expires"] - request["issued"] == 90 and 0 <= request["issued"] - before <= LIMIT
    assert len(request["nonce"]) >= 16 and request["tags"] == "\u00fc\"\\"
    again = json.loads(message(*CAPTURE, "--key=ops", "--keyfile=%s" % key)["request"])
    assert again["nonce"] != request["nonce"]


WRONG = (
    (("--node=any", "--packets=1"), "interface"),
    (("--interface=eth0", "--packets=1"), "node"),
    (("--node=a", "--interface=eth0"), "packets"),
    (("--node=a", "--nodere=b", "--interface=eth0", "--packets=1"), "exclude each other"),
    ((*CAPTURE, "--alias=x"), "exclude each other"),
    ((*CAPTURE, "--status"), "exclude each other"),
    (("--cancel=a", "--packets=1"), "exclude each other"),
    ((*CAPTURE, "--destination=moon"), "--destination"),
    ((*CAPTURE, "--folder=../.."), "--folder"),
    ((*CAPTURE, "--alertid=1.5"), "--alertid"),
    ((*CAPTURE, "--packets=5"), "given twice"),
    (("--node=any", "--interface=eth0", "--packets=0"), "--packets"),
    ((*CAPTURE, "--key=ops"), "--keyfile"),
    ((*CAPTURE, "--expires=11m"), "--expires"),
    ((*CAPTURE, "--tags=" + "x" * 2000), "--tags"),
    ((*CAPTURE, "more"), "unexpected"),
    ((*CAPTURE, "--no-such-option"), "unknown"),
)


@pytest.mark.parametrize("words, text", WRONG, ids=[" ".join(words)[:60] for words, _ in WRONG])
def test_wrong_usage(words, text):
    done = run(*words, "--dry-run")
    assert (done.returncode, done.stdout) == (2, b""), done
    assert text in done.stderr.decode()


@pytest.mark.parametrize("words", (
    (), ("--redis=localhost:x",), ("--redis=:1",), ("--kafka=localhost:1",), ("--sqs=ftp://x", "--region=a"),
    ("--sqs=http://localhost:1/x", "--region=a", "--wait"), ("--redis=localhost", "--channel=a", "--stream=b"),
    ("--redis=localhost", "--wait=never"), ("--redis=localhost", "--nodes=2"), ("--redis=localhost", "--ca=/dev/null")))
def test_wrong_transport(words):
    done = run(*CAPTURE, *words, env={**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    assert (done.returncode, done.stdout) == (2, b"") and done.stderr, done


def test_a_key_that_others_can_read_is_refused(key):
    key.chmod(0o640)
    done = run(*CAPTURE, "--key=ops", "--keyfile=%s" % key, "--dry-run")
    assert (done.returncode, done.stdout) == (2, b"") and b"chmod 600" in done.stderr


# ---- Redis


class Node(threading.Thread):
    """What espcapd says, said by a script: lines for the request that comes. Publishes to the channel results."""

    def __init__(self, redis, channel, lines, user="default"):
        super().__init__(daemon=True)
        self.redis, self.lines, self.user = redis, lines, user
        self.request = None
        self.results = "results-%s" % channel
        self.subscriber = redis.connect(user)
        self.subscriber.call("SUBSCRIBE", channel)
        self.start()

    def run(self):
        self.request = json.loads(self.subscriber.receive()[2])
        self.subscriber.close()
        # Results of others come, too, and lines that are none.
        for line in ({"id": "another", "result": "refused", "node": "n1"}, "no JSON", {"result": "refused"}):
            self.publish(line)
        for line in self.lines:
            self.publish({"id": self.request["id"], "node": "n1", **line})

    def publish(self, line):
        self.redis.call("PUBLISH", self.results, json.dumps(line, indent=1) if isinstance(line, dict) else line, user=self.user)


ACCEPTED = {"result": "accepted", "interfaces": ["eth0"], "destinations": ["local", "s3"]}
FINISHED = {"result": "finished", "interface": "eth0", "packets": 3, "stop_reason": "packets"}
LOCAL, S3 = [{"result": "uploaded", "interface": "eth0", "destination": name} for name in ("local", "s3")]

# What a node says, the options, the exit status.
STORIES = {
    "delivered": ([ACCEPTED, {"result": "started", "interface": "eth0"}, FINISHED, LOCAL, S3], ("--node=n1",), 0),
    "empty": ([ACCEPTED, {**FINISHED, "packets": 0}], ("--node=n1",), 0),
    "refused": ([{"result": "refused", "reason": "no"}], ("--node=n1",), 2),
    "busy": ([{"result": "busy", "reason": "no"}], ("--node=n1",), 5),
    "one destination failed": ([ACCEPTED, FINISHED, LOCAL, {**S3, "result": "failed"}], ("--node=n1",), 5),
    "capture failed": ([ACCEPTED, {"result": "failed", "interface": "eth0", "reason": "interrupted"}], ("--node=n1",), 5),
    "unknown": ([ACCEPTED, FINISHED, {**LOCAL, "result": "unknown"}, S3], ("--node=n1",), 5),
    "too late": ([ACCEPTED, FINISHED, LOCAL], ("--node=n1", "--wait=1s"), 5),
    "two nodes, one refuses": ([ACCEPTED, {"node": "n2", "result": "refused"}, FINISHED, LOCAL, S3], ("--nodes=2",), 2),
    "one of two nodes": ([ACCEPTED, FINISHED, LOCAL, S3], ("--nodes=2", "--wait=1s"), 5),
}


@pytest.fixture(scope="module", params=(False, True), ids=("plain", "TLS"))
def redis(request):
    with request_servers.running(request_servers.Redis, secure=request.param) as server:
        yield server


def server_options(redis, user="requester"):
    words = ["--redis=localhost:%d" % redis.port]
    if redis.secure:
        words += ["--tls", "--ca=" + redis.ca, "--user=" + user, "--passwordfile=" + redis.password_file(user)]
    return words


def ask(redis, channel, *words):
    given = [] if any(word.startswith("--wait") for word in words) else ["--wait=%ds" % LIMIT]
    return run("--interface=eth0", "--packets=3", "--results-channel=results-" + channel, "--channel=" + channel, *words, *given,
               *server_options(redis))


@pytest.mark.parametrize("story", STORIES)
def test_results_through_a_channel(redis, story):
    lines, words, status = STORIES[story]
    channel = redis.new_name("capture")
    node = Node(redis, channel, lines, user="node" if redis.secure else "default")
    words = [*words, *([] if any(word.startswith("--node=") for word in words) else ["--node=any"])]
    done = ask(redis, channel, *words)
    node.join(LIMIT)
    assert done.returncode == status, done
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert printed == [{"id": node.request["id"], "node": "n1", **line} for line in lines]
    assert node.request["interface"] == ["eth0"] and node.request["packets"] == 3


def test_any_node_ends_a_while_after_the_last_one():
    with request_servers.running(request_servers.Redis) as redis:
        channel = redis.new_name("capture")
        Node(redis, channel, [ACCEPTED, FINISHED, LOCAL, S3])
        begun = time.monotonic()
        done = ask(redis, channel, "--node=any")
        assert done.returncode == 0 and 4 < time.monotonic() - begun < LIMIT, done


def test_through_a_stream(redis):
    stream = redis.new_name("capture")
    results = "results-" + stream
    redis.call("XADD", results, "*", "result", json.dumps({"id": "me", "node": "n1", "result": "refused"}))
    words = ["--node=n1", "--interface=eth0", "--packets=3", "--id=me", "--stream=" + stream, "--results-stream=" + results,
             "--wait=60s", *server_options(redis)]
    with subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        kafka.wait_until(lambda: redis.call("EXISTS", stream) == 1)
        [(_, fields)] = redis.entries(stream)
        assert json.loads(fields[b"request"]) == {"node": "n1", "interface": ["eth0"], "packets": 3, "id": "me"}
        for line in (ACCEPTED, FINISHED, LOCAL, S3):
            redis.call("XADD", results, "*", "result", json.dumps({"id": "me", "node": "n1", **line}))
        output, errors = process.communicate(timeout=LIMIT)
    # What was there before the request is not read.
    assert (process.returncode, errors) == (0, b"") and output.count(b"\n") == 4 and b"refused" not in output


def test_what_redis_refuses(redis, tmp_path):
    """Nobody listens; the server is away; the certificate, the password or the right is wrong."""
    done = run(*CAPTURE, "--channel=" + redis.new_name("capture"), *server_options(redis))
    assert done.returncode == 5 and b"nobody listens" in done.stderr, done
    done = run(*CAPTURE, "--redis=localhost:1")
    assert done.returncode == 5 and done.stderr, done
    if not redis.secure:
        return
    wrong = tmp_path / "password"
    wrong.write_text("wrong\n")
    wrong.chmod(0o600)
    done = run(*CAPTURE, *server_options(redis)[:-1], "--passwordfile=%s" % wrong)
    assert done.returncode == 5 and b"WRONGPASS" in done.stderr, done
    done = run(*CAPTURE, "--redis=localhost:%d" % redis.port, "--tls")
    assert done.returncode == 5 and done.stderr, done
    done = run(*CAPTURE, "--channel=other", *server_options(redis))
    assert done.returncode == 5 and b"NOPERM" in done.stderr, done
    done = run(*CAPTURE, "--wait", "--results-channel=other", *server_options(redis))
    assert done.returncode == 5 and b"NOPERM" in done.stderr, done


def test_no_secret_is_in_the_arguments_or_the_output(redis, key):
    done = run(*CAPTURE, "--channel=" + redis.new_name("capture"), "--key=ops", "--keyfile=%s" % key, *server_options(redis))
    assert KEY not in done.stdout + done.stderr
    if redis.secure:
        assert redis.password("requester").encode() not in done.stdout + done.stderr


# ---- SQS and Kafka


def test_through_sqs(tmp_path):
    with request_servers.running(request_servers.Sqs) as sqs:
        queue = sqs.create_queue()
        words = (*CAPTURE, "--id=me", "--sqs=" + queue, "--region=" + sqs.region)
        assert run(*words, "--credentialsfile=" + sqs.credentials.file).returncode == 0
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {**plain, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
        assert run(*words, env=keys).returncode == 0
        assert run(*words, env={**plain, "AWS_SHARED_CREDENTIALS_FILE": sqs.credentials.file}).returncode == 0
        bodies = []
        while len(bodies) < 3:
            bodies += [json.loads(found["Body"]) for found in sqs.receive(queue, wait=5)]
        assert bodies == 3 * [{"node": "any", "interface": ["eth0"], "packets": 100, "id": "me"}]
        # No keys, a section that is not there, no queue.
        assert run(*words, env={**plain, "HOME": str(tmp_path)}).returncode == 2
        assert run(*words, env={**plain, "AWS_PROFILE": "x", "AWS_SHARED_CREDENTIALS_FILE": sqs.credentials.file}).returncode == 2
        missing = run(*CAPTURE, "--sqs=" + sqs.queues + "missing", "--region=x", env=keys)
        assert missing.returncode == 5 and b"QueueDoesNotExist" in missing.stderr, missing


def test_through_kafka():
    with kafka.running() as brokers:
        topic, results = brokers.create_topic(), brokers.create_topic(partitions=2)
        brokers.produce(results, [(None, json.dumps({"id": "me", "node": "n1", "result": "refused"}).encode(), 1)])
        words = ("--node=n1", "--interface=eth0", "--packets=3", "--id=me", "--kafka=" + brokers.address)
        assert run(*words, "--topic=" + topic).returncode == 0
        with subprocess.Popen([PROGRAM, *words, "--topic=" + topic, "--wait=60s", "--results-topic=" + results],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            kafka.wait_until(lambda: brokers.count(topic) == 2)
            brokers.produce(results, [(None, json.dumps({"id": "me", "node": "n1", **line}).encode(), 0)
                                      for line in (ACCEPTED, FINISHED, LOCAL, S3)])
            output, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, output.count(b"\n")) == (0, 4) and b"refused" not in output, (output, errors)
        values = [json.loads(found.value) for found in brokers.consume(topic)]
        assert values == 2 * [{"node": "n1", "interface": ["eth0"], "packets": 3, "id": "me"}]


def test_kafka_that_is_away():
    done = run(*CAPTURE, "--kafka=localhost:1", "--topic=x", "-Xmessage.timeout.ms=1000", "-Xsocket.connection.setup.timeout.ms=1000")
    assert done.returncode == 5 and b"Kafka" in done.stderr, done


def test_a_signal_ends_the_wait():
    with request_servers.running(request_servers.Redis) as redis:
        channel = redis.new_name("capture")
        with contextlib.closing(redis.connect()) as listener:
            listener.call("SUBSCRIBE", channel)
            with subprocess.Popen([PROGRAM, *CAPTURE, "--channel=" + channel, "--wait", *server_options(redis)],
                                  stderr=subprocess.PIPE) as process:
                assert listener.receive()[0] == b"message"
                process.terminate()
                assert process.wait(LIMIT) == 143
