# SPDX-License-Identifier: BSD-2-Clause
"""Drives deliver_driver.c, and a stand-in for CloudShark and for the services that have keys of roles of AWS."""

import collections
import contextlib
import http.server
import json
import os
import re
import subprocess
import threading
import time

import espcap

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = os.path.join(BUILD, "tests", "system", "deliver_driver")
# Seconds; what is waited for comes much sooner.
LIMIT = 30

Outcome = collections.namedtuple("Outcome", "capture destination end attempts again url id documents text")
Spooled = collections.namedtuple("Spooled", "capture sha256 text")


class Driver:
    """A running driver. What it has told: spooled and outcomes, in order, also after it was killed."""

    def __init__(self, folder, prefix=(), program=DRIVER, **settings):
        words = ["%s=%s" % (key.replace("_", "."), value) for key, value in settings.items()]
        self.folder = folder
        self.process = subprocess.Popen([*prefix, program, "folder=%s" % folder, *words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.spooled, self.outcomes, self.others, self.errors = [], [], [], []
        self.readers = [threading.Thread(target=self.read), threading.Thread(target=self.read_errors)]
        for reader in self.readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self.order("end")
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.gone()
        if kind is None:
            assert "Sanitizer" not in self.said and "runtime error" not in self.said, self.said
            assert self.process.returncode in (0, 2, -9), (self.process.returncode, self.said)

    @property
    def said(self):
        return "".join(self.errors)

    def gone(self):
        """Waits for its end, and for all that it told."""
        self.process.wait(LIMIT)
        for reader in self.readers:
            reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def kill(self):
        self.process.kill()
        self.gone()

    def read(self):
        for line in self.process.stdout:
            if not line.endswith("\n"):
                continue
            kind, *fields = line[:-1].split("\t")
            if kind == "spooled":
                self.spooled.append(Spooled(*fields))
            elif kind == "outcome":
                self.outcomes.append(Outcome(*fields))
            else:
                self.others.append((kind, *fields))

    def read_errors(self):
        self.errors.extend(self.process.stderr)

    def order(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()

    def put(self, capture, file, to, name=None, **members):
        more = ["%s=%s" % (key.replace("_", "."), value) for key, value in members.items()]
        self.order("put", "capture=%s" % capture, "file=%s" % file, "to=%s" % to, "name=%s" % (name or capture + ".pcap"), *more)

    def await_(self, condition, limit=LIMIT):
        """Waits until condition() gives something, and returns that."""
        end = time.monotonic() + limit
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < end, (self.spooled, self.outcomes, self.said)
            time.sleep(0.01)

    def outcome(self, capture, destination, limit=LIMIT):
        return self.await_(lambda: next((each for each in self.outcomes
                                         if each.capture == capture and each.destination == destination), None), limit)

    def delivered(self, capture, destination, limit=LIMIT):
        found = self.outcome(capture, destination, limit)
        assert found.end == "delivered", found
        return found

    def spooling(self, capture):
        return self.await_(lambda: next((each for each in self.spooled if each.capture == capture), None))

    def saying(self, text, limit=LIMIT):
        """Waits until it says this on standard error (a regular expression)."""
        return self.await_(lambda: re.search(text, self.said), limit)

    def drain(self):
        """Waits until nothing is left to do; it ends then."""
        self.order("drain")
        self.gone()
        assert self.process.returncode == 0, self.said

    def metrics(self):
        """Values by name with labels."""
        self.others.clear()
        self.order("metrics")
        self.await_(lambda: ("metrics",) in self.others)
        lines = [fields[0] for kind, *fields in self.others if kind == "metric" and not fields[0].startswith("#")]
        return {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines}

    def holds(self, capture):
        self.order("holds", capture)
        return self.await_(lambda: [fields for fields in self.others if fields[:2] == ("holds", capture)])[-1][2] == "1"

    def files(self, folder):
        """Files in the spool or the dead letter folder."""
        return sorted(name for name in os.listdir(os.path.join(self.folder, folder)) if name != "lock")

    def dead(self):
        """What is in the dead letter folder: pairs of an entry and the bytes of its file, None if it has none."""
        return entries(os.path.join(self.folder, "dead"))


def entries(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            magic, text = file.read().split("\n", 1)
        assert re.fullmatch("espcapd-spool 1 [0-9a-f]{64}", magic)
        path = os.path.join(folder, name[:-5] + ".pcap")
        found.append((json.loads(text), content(path) if os.path.exists(path) else None))
    return found


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, format, *args):
        pass

    def answer(self, status, body, headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that are killed are no news."""


class Server:
    """An HTTP server in threads on a free port of 127.0.0.1: host, port, url. Its handler is a subclass of Quiet."""

    def __init__(self, handler):
        kind = type("Handler", (handler,), {"owner": self})
        self.server = Listener(("127.0.0.1", 0), kind)
        self.host, self.port = self.server.server_address
        self.url = "http://127.0.0.1:%d" % self.port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def form(kind, body):
    """Parts of multipart/form-data by name: pairs of file name (None for a text) and bytes."""
    boundary = re.search("boundary=(.+)", kind).group(1).encode()
    parts = {}
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    for part in body.split(b"--" + boundary)[1:-1]:
        head, value = part.split(b"\r\n\r\n", 1)
        disposition = re.search(rb'name="([^"]*)"(?:; filename="([^"]*)")?', head)
        assert value.endswith(b"\r\n")
        parts[disposition.group(1).decode()] = (disposition.group(2), value[:-2])
    return parts


class CloudShark(Server):
    """Imitates the upload of CloudShark's API, version 1, as its documentation describes it, and nothing else of it:

    POST /api/v1/TOKEN/upload with a form (file, filename, additional_tags, comments); 200 and
    {"filename": ..., "id": ...} as text/javascript, else {"status": ..., "exceptions": [...]}.

    script is a list of what comes first, each once: "hang" and "cut" store the file and do not answer, "refuse" hangs
    up in the middle of the body, else (status, body, headers) without storing it. uploads: what was stored.
    """

    def __init__(self, token, script=()):
        self.token, self.script = token, list(script)
        self.uploads = []
        self.requests = 0
        self.lock = threading.Lock()
        super().__init__(CloudSharkHandler)

    def store(self, parts):
        with self.lock:
            self.uploads.append(parts)
            return "%012x" % len(self.uploads)


class CloudSharkHandler(Quiet):
    def do_POST(self):
        with self.owner.lock:
            self.owner.requests += 1
            step = self.owner.script.pop(0) if self.owner.script else None
        if step == "refuse":
            self.rfile.read(100)
            self.close_connection = True
            return
        parts = form(self.headers["Content-Type"], self.body())
        if isinstance(step, tuple):
            self.answer(*step)
            return
        if self.path != "/api/v1/%s/upload" % self.owner.token:
            self.answer(401, json.dumps({"status": 401, "exceptions": ["Invalid API token " + self.path.split("/")[3]]}))
            return
        number = self.owner.store(parts)
        if step == "hang":
            time.sleep(2)
        if step in ("hang", "cut"):
            self.close_connection = True
            return
        self.answer(200, json.dumps({"filename": parts["filename"][1].decode(), "id": number}),
                    [("Content-Type", "text/javascript")])


class Answers(Server):
    """Imitates a service of S3 that fails: gives the answers of the script, (status, body, headers), the last for ever.

    "cut" hangs up in the middle of the body. requests: pairs of method and headers.
    """

    def __init__(self, *script):
        self.script, self.requests = list(script), []
        super().__init__(AnswersHandler)


class AnswersHandler(Quiet):
    def do_PUT(self):
        self.owner.requests.append((self.command, dict(self.headers)))
        step = self.owner.script[0]
        if len(self.owner.script) > 1:
            self.owner.script.pop(0)
        if step == "cut":
            self.rfile.read(100)
            self.close_connection = True
            return
        self.body()
        self.answer(*step)

    def do_HEAD(self):
        """The answer to GET without its body, which the script gives all the same."""
        self.owner.requests.append((self.command, dict(self.headers)))
        status, body, headers = self.owner.script.pop(0)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()


class Roles(Server):
    """Imitates the services of AWS that give keys of a role: of a container (GET /role) and of an instance (IMDSv2).

    keys: what they give; asked: paths. token: what a container has to send as Authorization.
    """

    SESSION = "metadata-session"

    def __init__(self, keys, token=None):
        self.keys, self.token, self.asked = keys, token, []
        super().__init__(RolesHandler)


class RolesHandler(Quiet):
    def do_PUT(self):
        self.owner.asked.append(self.path)
        known = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.answer(200 if known else 404, Roles.SESSION if known else "")

    def do_GET(self):
        self.owner.asked.append(self.path)
        base = "/latest/meta-data/iam/security-credentials/"
        if self.path.startswith(base) and self.headers.get("X-aws-ec2-metadata-token") != Roles.SESSION:
            self.answer(401, "")
        elif self.path == base:
            self.answer(200, "sensor-role\n")
        elif self.path == base + "sensor-role":
            self.answer(200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", **self.owner.keys}))
        elif self.path == "/role" and self.headers.get("Authorization") == self.owner.token:
            self.answer(200, json.dumps({"RoleArn": "arn:x", **self.owner.keys}))
        else:
            self.answer(403, "")
