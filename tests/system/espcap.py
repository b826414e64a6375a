# SPDX-License-Identifier: BSD-2-Clause
"""Runs the espcap under test, and reads documents as strictly as a server would."""

import collections
import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.path.abspath(os.environ.get("ESPCAP", os.path.join(ROOT, "build", "espcap")))
# The build whose memory is measured: one without sanitizers.
PLAIN = os.path.abspath(os.environ.get("ESPCAP_PLAIN", PROGRAM))
CAPTURE_DIR = os.path.abspath(os.environ.get("ESPCAP_CAPTURES", os.path.join(ROOT, "test_pcaps")))
CAPTURE_NAMES = re.compile(r"\.(pcap|pcapng|cap)(\.gz|\.zst|\.lz4)?$")

FINAL_LINE = re.compile(
    r"^espcap: read=(?P<read>\d+) printed=(?P<printed>\d+) duplicate=(?P<duplicate>\d+)"
    r" rejected=(?P<rejected>\d+) discarded=(?P<discarded>\d+) filtered=(?P<filtered>\d+) undissected=(?P<undissected>\d+)"
    r" dropped=(?P<dropped>\d+) unsent=(?P<unsent>\d+) skipped=(?P<skipped>\d+) retries=(?P<retries>\d+)$")
# OpenSearch says "script_exception: runtime error: ..." of scripts; a sanitizer has a place or "unknown" before it.
SANITIZER = re.compile(r"(Address|Leak|UndefinedBehavior|Memory)Sanitizer|(?<!script_exception): runtime error:")

ENVIRONMENT = {key: value for key, value in os.environ.items()
               if key in ("PATH", "HOME", "TERM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}


class DocumentError(Exception):
    """A line is not a document that every server accepts."""


def captures():
    """The capture files to test with, by name."""
    return sorted(name for name in glob.glob(os.path.join(CAPTURE_DIR, "**", "*"), recursive=True)
                  if CAPTURE_NAMES.search(name) and os.path.isfile(name))


def key_log(capture):
    """The key log that stands beside a capture of encrypted traffic: NAME.keys beside NAME.pcap."""
    name = CAPTURE_NAMES.sub("", capture) + ".keys"
    return name if os.path.exists(name) else None


def options_for(capture):
    """Options of espcap that this capture needs."""
    return ["--tls-keys", key_log(capture)] if key_log(capture) else []


def tshark_options_for(capture):
    """The same for tshark, as a tuple."""
    return ("-o", "tls.keylog_file:" + key_log(capture)) if key_log(capture) else ()


def refuse_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = collections.Counter(key for key, _ in pairs)
        raise DocumentError("keys twice: %s" % [key for key in keys if keys[key] > 1])
    if any("\0" in key for key in found):
        raise DocumentError("NUL in a key")
    return found


def refuse_constant(name):
    raise DocumentError("%s is not JSON" % name)


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def parse_line(line):
    """One document: strict UTF-8, no key twice, not nested more than 50 deep."""
    document = json.loads(line.decode("utf-8", "strict"), object_pairs_hook=refuse_duplicates,
                          parse_constant=refuse_constant)
    if not isinstance(document, dict):
        raise DocumentError("not an object")
    if depth(document) > 50:
        raise DocumentError("nested %d deep" % depth(document))
    return document


class Result:
    """What one run of espcap left."""

    def __init__(self, code, output, errors):
        self.code = code
        self.output = output
        self.errors = errors.decode("utf-8", "replace")
        self._documents = None

    @property
    def lines(self):
        """The documents as they were printed."""
        assert self.output == b"" or self.output.endswith(b"\n"), "the last line has no end"
        return self.output.split(b"\n")[:-1]

    @property
    def documents(self):
        if self._documents is None:
            self._documents = [parse_line(line) for line in self.lines]
        return self._documents

    @property
    def counts(self):
        """The final line as a dict of numbers; it must be there, be the last, and add up."""
        last = self.errors.rstrip("\n").split("\n")[-1]
        match = FINAL_LINE.match(last)
        assert match, "the last line on stderr is no final line: %r" % self.errors
        counts = {key: int(value) for key, value in match.groupdict().items()}
        parts = ("printed", "duplicate", "rejected", "discarded", "filtered", "undissected", "dropped", "unsent")
        assert counts["read"] == sum(counts[part] for part in parts), last
        return counts

    @property
    def messages(self):
        """stderr without the final line."""
        return "\n".join(line for line in self.errors.split("\n") if not FINAL_LINE.match(line))


def command(*arguments, program=PROGRAM):
    return [program, *map(os.fsdecode, arguments)]


def run(*arguments, prefix=(), stdin=subprocess.DEVNULL, timeout=120, environment=None, **keywords):
    """Runs espcap to its end. A report of a sanitizer fails the test, whatever it was about."""
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run([*prefix, *command(*arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False,
                          env={**ENVIRONMENT, **(environment or {})}, **given, **keywords)
    result = Result(done.returncode, done.stdout, done.stderr)
    assert not SANITIZER.search(result.errors), result.errors
    return result


def threads_stopped(pid):
    for task in os.listdir("/proc/%d/task" % pid):
        # A thread may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                open("/proc/%d/task/%s/stat" % (pid, task), encoding="ascii", errors="replace") as source:
            if source.read().rpartition(")")[2].split()[0] not in "TZX":
                return False
    return True


def stop(pid, limit=30):
    """Stops a process with SIGSTOP. Its threads go on until one of them ran and told the others: on a busy machine,
    as measured, 37 ms after the signal was sent, time enough to answer a request."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + limit
    while not threads_stopped(pid):
        assert time.monotonic() < end, "process %d does not stop" % pid
        time.sleep(0.001)


def high_water(pid):
    """The most memory that a process had until now in kB, its children not counted; 0 if it is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as source:
            return next((int(line.split()[1]) for line in source if line.startswith("VmHWM")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def is_running(pid):
    """Not so of a process that has given back its memory and only waits to be collected, or, as the init of a PID
    namespace, for those that it ended to be collected: whoever inherited them may take its time."""
    try:
        with open("/proc/%d/statm" % pid, encoding="ascii") as source:
            return source.read().split()[0] != "0"
    except (FileNotFoundError, ProcessLookupError):
        return False
