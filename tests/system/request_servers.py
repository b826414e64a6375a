# SPDX-License-Identifier: BSD-2-Clause
"""Real servers that carry requests and keep captures, got and run by scripts/engine: Redis, SQS (ElasticMQ), S3 (VersityGW).

    with request_servers.running(request_servers.Redis, secure=True) as redis:
        redis.call("PUBLISH", "capture", message, user="requester")
    with request_servers.running(request_servers.Sqs) as sqs:
        queue = sqs.create_queue()
        sqs.send(queue, message)
    with request_servers.running(request_servers.S3) as s3:
        bucket = s3.create_bucket()
        assert s3.get(bucket, "pcaps/a.pcap") == content

Each is an engines.Engine: start, stop, restart, kill9, pause, resume, remove, port, pid, log, data; keys and passwords
stay the same when it comes back. Tests share a server of a kind unless they say own=True, so each makes its own
channels, queues and buckets. The clients here are redis-cli's protocol over a socket, and curl.
"""

import collections
import contextlib
import itertools
import json
import os
import socket
import ssl
import subprocess
import urllib.parse

import engines

# Seconds; no call takes that long, even on a busy machine.
LIMIT = 60
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

Reply = collections.namedtuple("Reply", "status headers body")
Credentials = collections.namedtuple("Credentials", "access_key secret_key file")


def running(kind, own=False, **options):
    """A server of this kind (Redis, Sqs, S3), as engines.running() gives servers."""
    return engines.running(kind.NAME, own=own, kind=kind, **options)


class RequestServer(engines.Engine):
    """url, and the next free name of a channel, queue or bucket: new_name()."""

    NAME = None
    names = itertools.count(1)

    def __init__(self, name, secure=False, settings=None):
        self.secure = secure
        super().__init__(name, ["--secure"] * secure, settings)

    def read(self, text):
        found = super().read(text)
        self.url = found["url"]
        self.region = found.get("region")
        self.port = urllib.parse.urlsplit(self.url).port
        return found

    def new_name(self, word):
        return "%s-%d-%d" % (word, os.getpid(), next(self.names))


# ---- Redis


class RedisError(Exception):
    """Redis answered with an error, or hung up."""


class Redis(RequestServer):
    """Redis on localhost: port. With secure=True it speaks TLS (ca) and has the users default, node and requester."""

    NAME = "redis"

    def credentials(self, user="default"):
        """Name and password, or nothing where none are demanded."""
        return (user, self.password(user)) if self.secure else None

    def connect(self, user="default"):
        return RedisClient(self, self.credentials(user))

    def call(self, *words, user="default"):
        """One command; its reply as bytes, int, list or None."""
        with self.connect(user) as client:
            return client.call(*words)

    def subscribers(self, channel):
        return self.call("PUBSUB", "NUMSUB", channel)[1]

    def entries(self, stream):
        """Entries of a stream: pairs of id and a dictionary of its fields."""
        return [(number.decode(), dict(zip(fields[::2], fields[1::2])))
                for number, fields in self.call("XRANGE", stream, "-", "+")]


class RedisClient:
    """A connection. In call() words are str, bytes or int."""

    def __init__(self, server, credentials=None):
        self.socket = socket.create_connection(("127.0.0.1", server.port), LIMIT)
        if server.secure:
            self.socket = ssl.create_default_context(cafile=server.ca).wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")
        if credentials:
            self.call("AUTH", *credentials)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def call(self, *words):
        self.send(*words)
        return self.receive()

    def receive(self, limit=LIMIT):
        """The next reply or message."""
        self.socket.settimeout(limit)
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("the connection has ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2]
        assert kind == b"*", line
        return [self.receive(limit) for _ in range(int(rest))]


# ---- SQS and S3


def curl(url, *options, config=""):
    """One HTTP request. What curl must not show to others in its arguments goes into the configuration."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(LIMIT), "--path-as-is",
                           "--dump-header", "/dev/stderr", "--config", "-", *options, url],
                          input=config.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done
    head = done.stderr.decode("latin-1").strip().split("\r\n\r\n")[-1].split("\r\n")
    headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if ":" in line}
    return Reply(int(head[0].split()[1]), headers, done.stdout)


class Sqs(RequestServer):
    """Queues as SQS has them: url, region. Any credentials are taken."""

    NAME = "elasticmq-1.6.14"

    def read(self, text):
        found = super().read(text)
        self.queues = found["queues"]
        self.credentials = Credentials("espcap", "espcap", found["credentials"])
        return found

    def call(self, action, **members):
        """One call of the JSON protocol: Reply with its status, and the decoded body."""
        reply = curl(self.url + "/", "--header", "Content-Type: application/x-amz-json-1.0",
                     "--header", "X-Amz-Target: AmazonSQS." + action, "--data-binary", json.dumps(members))
        return reply._replace(body=json.loads(reply.body or b"{}"))

    def must(self, action, **members):
        reply = self.call(action, **members)
        assert reply.status == 200, reply
        return reply.body

    def create_queue(self, name=None, **attributes):
        """Makes a queue, with a new name unless one is given; its URL. Attributes are those of CreateQueue."""
        return self.must("CreateQueue", QueueName=name or self.new_name("capture"),
                         Attributes={key: str(value) for key, value in attributes.items()})["QueueUrl"]

    def delete_queue(self, queue):
        self.must("DeleteQueue", QueueUrl=queue)

    def send(self, queue, text):
        """Sends a message; its MessageId."""
        return self.must("SendMessage", QueueUrl=queue, MessageBody=text)["MessageId"]

    def receive(self, queue, wait=0, visibility=None):
        """Up to ten messages, as SQS describes them."""
        more = {} if visibility is None else {"VisibilityTimeout": visibility}
        return self.must("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait,
                         **more).get("Messages", [])

    def depth(self, queue):
        """Numbers of messages that wait, and that somebody has received and not deleted."""
        found = self.must("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


class S3(RequestServer):
    """Buckets as S3 has them: url, region, credentials. Signatures are verified; with secure=True it speaks TLS (ca)."""

    NAME = "versitygw-1.8.0"

    def read(self, text):
        found = super().read(text)
        with open(found["secret-key"], encoding="ascii") as lines:
            self.credentials = Credentials(found["access-key"], lines.read().strip(), found["credentials"])
        return found

    def request(self, method, path, *options):
        """A signed request without a body; what is in the path is sent as it is, and so must be encoded."""
        config = 'user = "%s:%s"\naws-sigv4 = "aws:amz:%s:s3"\nheader = "x-amz-content-sha256: %s"\n' % (
            *self.credentials[:2], self.region, EMPTY_SHA256)
        if self.ca:
            config += 'cacert = "%s"\n' % self.ca
        method = ["--head"] if method == "HEAD" else ["--request", method]
        return curl(self.url + path, *method, *options, config=config)

    def create_bucket(self, name=None):
        name = name or self.new_name("pcaps")
        reply = self.request("PUT", "/" + name)
        assert reply.status == 200, reply
        return name

    def object_file(self, bucket, key):
        """The file in which the server keeps an object."""
        return os.path.join(self.data, bucket, key)

    def keys(self, bucket):
        """Keys of all objects, sorted."""
        top = os.path.join(self.data, bucket)
        found = [os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names]
        return sorted(key for key in found if not key.startswith(".sgwtmp"))

    def get(self, bucket, key):
        """Content of an object, as the server gives it; None if there is none."""
        reply = self.request("GET", "/%s/%s" % (bucket, urllib.parse.quote(key, safe="/~")))
        if reply.status == 404:
            return None
        assert reply.status == 200, reply
        return reply.body

    def head(self, bucket, key):
        """Status and headers of an object: x-amz-meta-..., content-type and so on, in lower case."""
        return self.request("HEAD", "/%s/%s" % (bucket, urllib.parse.quote(key, safe="/~")))

    def wipe(self, bucket):
        """Deletes all objects."""
        for key in self.keys(bucket):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.object_file(bucket, key))
