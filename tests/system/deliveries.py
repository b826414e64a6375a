# SPDX-License-Identifier: BSD-2-Clause
"""Runs espcap towards a server and checks that every packet is in exactly one counted place."""

import collections
import json
import os
import re
import stat
import subprocess
import threading
import time

import conserve
import espcap

# Packets of a small capture, and options of most runs over it.
PACKETS = 60
CHUNK = ("--chunk=20",)
SHORT = ("--retry-for=2s",)

ID = re.compile(r"^[A-Za-z0-9_-]{22}$")
INDEX = re.compile(r"^[a-z0-9._-]+-(\d{4}-\d\d-\d\d|undated)$")
DEAD_LETTER = "espcap-dead-letter.ndjson"
# Back-off in tests: its first step.
QUICK = {"ESPCAP_TEST_BACKOFF_MS": "20"}


class Delivery:
    """What one run left."""

    def __init__(self, code, errors, folder, seconds, dead_letter):
        self.code = code
        self.errors = errors
        self.folder = folder
        self.seconds = seconds
        self.dead_letter = os.path.join(folder, dead_letter)

    @property
    def counts(self):
        found = conserve.final_line(self.errors)
        assert found is not None, "no final line: %s" % self.errors
        return found

    @property
    def messages(self):
        return "\n".join(line for line in self.errors.split("\n") if not conserve.FINAL_LINE.match(line))

    @property
    def rejected(self):
        """The lines of the dead letter file."""
        if not os.path.exists(self.dead_letter):
            return []
        with open(self.dead_letter, "rb") as source:
            content = source.read()
        assert not content or content.endswith(b"\n"), "the last dead letter has no end"
        assert stat.S_IMODE(os.stat(self.dead_letter).st_mode) == 0o600
        letters = [espcap.parse_line(line) for line in content.split(b"\n")[:-1]]
        for letter in letters:
            assert list(letter) == ["index", "id", "status", "type", "reason", "document"], letter
        return letters

    def says(self, *patterns):
        """Each pattern is in some message, and every line begins as messages do."""
        for line in filter(None, self.messages.split("\n")):
            assert line.startswith("espcap: "), "not a message: %r" % line
        for pattern in patterns:
            assert re.search(pattern, self.messages, re.IGNORECASE), "nothing says %r: %s" % (pattern, self.errors)


class Running:
    """A run that goes on while the test does something."""

    def __init__(self, nodes, capture, folder, *options, environment=None, prefix=(), dead_letter=DEAD_LETTER):
        self.folder, self.dead_letter = str(folder), dead_letter
        nodes = ",".join(node if isinstance(node, str) else node.url for node in nodes)
        given = ["--file", capture] if capture else []
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, *espcap.command(*given, "--node", nodes, *options)], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**espcap.ENVIRONMENT, **QUICK, **(environment or {})})
        self.output = {}
        self.readers = [threading.Thread(target=self.read, args=(name,), daemon=True) for name in ("stdout", "stderr")]
        for reader in self.readers:
            reader.start()

    def read(self, name):
        self.output[name] = getattr(self.process, name).read()

    def wait(self, seconds=60):
        """Its end; one that takes longer than it may is killed, and the test fails."""
        try:
            code = self.process.wait(seconds)
            late = False
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
            late = True
        for reader in self.readers:
            reader.join(5)
        errors = self.output.get("stderr", b"").decode("utf-8", "replace")
        assert not late, "espcap did not end within %d s: %s" % (seconds, errors)
        assert not espcap.SANITIZER.search(errors), errors
        assert self.output.get("stdout", b"") == b"", "something on stdout: %r" % self.output["stdout"][:300]
        return Delivery(code, errors, self.folder, time.monotonic() - self.started, self.dead_letter)


def deliver(server, capture, folder, *options, seconds=60, **keywords):
    """One run from start to end; server may be several."""
    servers = server if isinstance(server, (list, tuple)) else [server]
    return Running(servers, capture, folder, *options, **keywords).wait(seconds)


def assert_clean(server):
    """Nothing that no well-behaved client does, and nothing out of order."""
    assert server.crashes == []
    assert server.violations == []
    assert server.disorder() == []
    for entry in server.ledger:
        assert INDEX.match(entry.index), entry.index
        assert entry.id is None or ID.match(entry.id), entry.id
        espcap.parse_line(entry.source)


def payloads(documents):
    return collections.Counter(map(conserve.payload_of, documents))


def assert_conserved(server, delivery, capture, code=0, clean=True):
    """Every packet once in the ledger or in the dead letter file, and the final line says the same."""
    assert delivery.code == code, "exit %d, not %d: %s" % (delivery.code, code, delivery.errors)
    if clean:
        assert_clean(server)
    counts = delivery.counts
    letters = delivery.rejected
    conserve.judge([entry.document for entry in server.ledger] + [letter["document"] for letter in letters], capture)
    assert counts["read"] == len(conserve.payloads_of_capture(capture))
    assert counts["indexed"] + counts["duplicate"] == len(server.ledger)
    assert counts["rejected"] == len(letters)
    assert counts["discarded"] == 0
    for part in ("filtered", "undissected", "dropped", "unsent", "skipped"):
        assert counts[part] == 0, delivery.errors


def assert_unsent(server, delivery, capture):
    """A run that gave up with exit 5: what the server does not have is counted unsent, and nothing was thrown away."""
    assert delivery.code == 5, "exit %d: %s" % (delivery.code, delivery.errors)
    counts = delivery.counts
    assert delivery.rejected == [], delivery.errors
    assert counts["rejected"] == 0
    assert counts["indexed"] + counts["duplicate"] <= len(server.ledger if server else ())
    assert counts["unsent"] == counts["read"] - counts["indexed"] - counts["duplicate"]
    assert counts["read"] <= len(conserve.payloads_of_capture(capture))


def dump(value):
    return json.dumps(value)[:500]


def shared(path):
    """The folder, which the user that espcap becomes may enter."""
    path.chmod(0o755)
    return path
