# SPDX-License-Identifier: BSD-2-Clause
"""Real search servers for tests, got and run by scripts/engine: started when first wanted, ended with the test run.

    with engines.running("elasticsearch-8.8.2") as server:
        espcap.run("--file", capture, "--node", server.url)
        assert server.count("packets-*") == 10
"""

import atexit
import base64
import contextlib
import itertools
import json
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import espcap

ENGINE = os.path.join(espcap.ROOT, "scripts", "engine")
UNAVAILABLE = 5
# The first start of a server fetches it.
START_LIMIT = 600
# On a busy machine a server takes long to be ready; it is there sooner when it is not compiled to be fast.
ENVIRONMENT = {"ESPCAP_ENGINE_TIMEOUT": "300", "ESPCAP_ENGINE_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1", **os.environ}
PAGE = 500


class ServerError(Exception):
    """A server answered with an error."""

    def __init__(self, status, body):
        super().__init__("status %d: %s" % (status, body))
        self.status = status
        self.body = body


def engine(*arguments, timeout=START_LIMIT, env=None):
    """Runs scripts/engine to its end."""
    return subprocess.run([ENGINE, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, check=False,
                          env=env or ENVIRONMENT)


def must(done):
    """What scripts/engine printed; skips the test if the server cannot be had here."""
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, "%s: %s%s" % (done.args, done.stdout, done.stderr)
    return done.stdout


def carriers(instance):
    """The processes that were started for this instance."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % name, "rb") as text:
                words = text.read().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(b"ESPCAP_ENGINE_FOLDER=") and word.endswith(b"@" + instance.encode()) for word in words):
            found.append(int(name))
    return found


class Guard:
    """Runs a command when told to, or when this process has ended, however it did: its end closes the pipe."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            ["sh", "-c", 'cat >/dev/null; exec "$@"', "guard", *command], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def release(self):
        """Runs the command, and waits for it."""
        self.process.stdin.close()
        self.process.wait()


class Engine:
    """What scripts/engine runs, with data of its own.

    port, pids, pid (the first of them), log, data, and where credentials are demanded passwords and ca (file of the
    certificate authority).
    """

    numbers = itertools.count(1)

    def __init__(self, name, options, settings=None):
        self.name = name
        self.instance = "test-%d-%d" % (os.getpid(), next(self.numbers))
        self.options = list(options)
        for key, value in (settings or {}).items():
            self.options += ["--set", "%s=%s" % (key, value)]
        self.port = None
        self.paused = set()
        self.guard = Guard(ENGINE, name, "stop", "--instance=" + self.instance, "--remove")
        try:
            self.start()
        except BaseException:
            self.guard.release()
            raise

    def action(self, word, *options):
        """Runs scripts/engine for it."""
        return engine(self.name, word, "--instance=" + self.instance, *options)

    def start(self):
        self.read(must(self.action("start", "--port=%s" % (self.port or "auto"), *self.options)))

    def read(self, text):
        """Takes what scripts/engine says of it."""
        found = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        self.pids = [int(number) for number in found["pid"].split()]
        self.pid = self.pids[0]
        self.log = found["log"]
        self.data = found["data"]
        self.ca = found.get("ca")
        self.passwords = found.get("passwords")
        self.paused.clear()
        return found

    def stop(self):
        """Ends it in good order; its data stay."""
        must(self.action("stop"))
        self.paused.clear()

    def remove(self):
        """Ends it, and its data go."""
        self.guard.release()

    def is_alive(self):
        return self.action("status").returncode == 0

    def kill9(self, node=1):
        """Ends it, or one node of it, as a crash would."""
        pid = self.pids[node - 1]
        os.kill(pid, signal.SIGKILL)
        limit = time.monotonic() + 30
        while self.is_alive():
            assert time.monotonic() < limit, "process %d survives" % pid
            time.sleep(0.05)
        self.paused.discard(node)

    def restart(self):
        """Starts it again on the same port with the same data, whether it runs or not."""
        self.stop()
        self.start()

    def pause(self, node=1):
        """It keeps its connections, and answers nothing."""
        espcap.stop(self.pids[node - 1])
        self.paused.add(node)

    def resume(self):
        """All that was paused goes on."""
        for node in self.paused:
            os.kill(self.pids[node - 1], signal.SIGCONT)
        self.paused.clear()

    def revive(self):
        """Whatever a test did to it, it runs."""
        if not self.is_alive():
            self.restart()
        else:
            self.resume()

    def password_file(self, user):
        return os.path.join(self.passwords, user)

    def password(self, user):
        with open(self.password_file(user), encoding="ascii") as lines:
            return lines.read().strip()


class Server(Engine):
    """A search server: url, urls. The users elastic, writer, appender and reader are there, if it is secure."""

    def __init__(self, name, secure=False, nodes=1, settings=None):
        options = (["--secure"] if secure else []) + (["--nodes=%d" % nodes] if nodes > 1 else [])
        super().__init__(name, options, settings)

    def read(self, text):
        found = super().read(text)
        self.url = found["url"]
        self.urls = found.get("urls", self.url).split()
        self.port = urllib.parse.urlsplit(self.url).port

    def request(self, method, path, body=None, user="elastic", timeout=60):
        """Status and body of the reply. Bytes are sent as they are, anything else as JSON; no user, no password."""
        request = urllib.request.Request("%s/%s" % (self.url, path.lstrip("/")), method=method)
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", "application/x-ndjson" if "_bulk" in path else "application/json")
        handlers = [urllib.request.ProxyHandler({})]
        if self.ca:
            if user:
                pair = "%s:%s" % (user, self.password(user))
                request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
            context = ssl.create_default_context(cafile=self.ca)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as reply:
                return reply.status, read_body(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, read_body(error)

    def call(self, method, path, body=None, **keywords):
        status, reply = self.request(method, path, body, **keywords)
        if status >= 400:
            raise ServerError(status, reply)
        return reply

    def get(self, path, body=None, **keywords):
        return self.call("GET", path, body, **keywords)

    def post(self, path, body=None, **keywords):
        return self.call("POST", path, body, **keywords)

    def put(self, path, body=None, **keywords):
        return self.call("PUT", path, body, **keywords)

    def delete(self, path, body=None, **keywords):
        return self.call("DELETE", path, body, **keywords)

    def refresh(self):
        """What was written can be found."""
        self.post("_refresh")

    def count(self, index):
        """Number of documents; 0 if there is no such index."""
        self.refresh()
        return self.get(index + "/_count?ignore_unavailable=true")["count"]

    def all_documents(self, index):
        """Every document as the server gives it (_index, _id, _source), in no order."""
        self.refresh()
        reply = self.post(index + "/_search?scroll=2m&ignore_unavailable=true", {"size": PAGE, "sort": ["_doc"]})
        total = reply["hits"]["total"]["value"]
        found = []
        while reply["hits"]["hits"]:
            assert reply["_shards"]["failed"] == 0 and not reply["timed_out"], reply["_shards"]
            found += reply["hits"]["hits"]
            reply = self.post("_search/scroll", {"scroll": "2m", "scroll_id": reply["_scroll_id"]})
        self.delete("_search/scroll", {"scroll_id": reply["_scroll_id"]})
        # Up to 10,000 the server counts exactly, and then says "at least".
        assert len(found) >= total
        return found

    def wipe(self):
        """As it was at first: no indices, no templates and pipelines but those it came with, default settings."""
        for row in self.get("_cat/indices?format=json&h=index&expand_wildcards=open,closed"):
            if not row["index"].startswith("."):
                self.delete(urllib.parse.quote(row["index"], safe=""))
        for kind, key in (("_index_template", "index_templates"), ("_component_template", "component_templates")):
            for row in self.get(kind)[key]:
                if not is_own(row["name"], row[key[:-1]]):
                    self.delete("%s/%s" % (kind, urllib.parse.quote(row["name"], safe="")))
        for kind in ("_template", "_ingest/pipeline"):
            # A server that has none of a kind may say so with 404 and an empty object.
            for name, content in self.request("GET", kind)[1].items():
                if not is_own(name, content):
                    self.delete("%s/%s" % (kind, urllib.parse.quote(name, safe="")))
        self.put("_cluster/settings", {"persistent": {"*": None}, "transient": {"*": None}})


def read_body(reply):
    """JSON if it is that, else text."""
    text = reply.read().decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_own(name, content):
    """Whether a template or pipeline is one that the server brings."""
    return name.startswith(".") or (content.get("_meta") or {}).get("managed") is True


# (class, name, options) -> the server of that kind that all tests share, or why there is none.
SHARED = {}


@atexit.register
def remove_all():
    for server in SHARED.values():
        if isinstance(server, Engine):
            server.remove()
    SHARED.clear()


def shared(kind, name, options):
    key = kind, name, repr(sorted(options.items()))
    if key not in SHARED:
        try:
            SHARED[key] = kind(name, **options)
        except pytest.skip.Exception as reason:
            SHARED[key] = reason
    if not isinstance(SHARED[key], Engine):
        raise SHARED[key]
    SHARED[key].revive()
    return SHARED[key]


@contextlib.contextmanager
def running(name, own=False, kind=Server, **options):
    """A server of this name and with these options (see its class); skips the test if it cannot be had here.

    All tests of a run share it, so begin with wipe() where that matters; what a test stopped or killed is
    started again for the next. With own=True it is started for this block alone, and removed after it.
    """
    if not own:
        yield shared(kind, name, options)
        return
    server = kind(name, **options)
    try:
        yield server
    finally:
        server.remove()
