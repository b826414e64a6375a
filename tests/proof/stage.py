# SPDX-License-Identifier: BSD-2-Clause
"""Where one scenario is played: a folder of its own, runs of espcap in it, servers, and what becomes of them as a record."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

import espcap
import fake_server
import frames
import record

# Given unless a scenario names the option itself: tsharks in a fixed order, and told by the recorder, which the sandbox
# would hold back; and bodies of bulk requests that do not depend on how fast tshark is.
DEFAULTS = ("--jobs=1", "--dissection=ek", "--verbose")
RECORDED = ("--tshark=%s", "--no-sandbox")
DELIVERY = ("--latency=60m",)
PATIENCE = 60


class Stuck(Exception):
    """A scenario waited in vain."""


class Run:
    """A run of espcap that goes on; its output is read all the time, unless nobody is to read it yet."""

    def __init__(self, stage, command, stdin, environment, read):
        self.stage = stage
        self.ended = False
        self.process = subprocess.Popen(command, cwd=stage.folder, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment)
        self.got = {"stdout": [], "stderr": []}
        self.threads = {name: threading.Thread(target=self.collect, args=(name,), daemon=True) for name in self.got}
        self.threads["stderr"].start()
        if read:
            self.read()

    def collect(self, name):
        for line in getattr(self.process, name):
            self.got[name].append(line)

    def read(self):
        """From now on somebody reads standard output."""
        self.threads["stdout"].start()

    @property
    def messages(self):
        return b"".join(self.got["stderr"]).decode("utf-8", "replace")

    def until(self, condition, what):
        """Waits for something; a run that ends without it is as stuck as one that goes on."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end or (self.process.poll() is not None and not self.last_look(condition)):
                raise Stuck("no %s: %s" % (what, self.messages[-2000:]))
            time.sleep(0.01)

    @staticmethod
    def last_look(condition):
        time.sleep(0.3)
        return condition()

    def says(self, pattern, times=1):
        self.until(lambda: len(re.findall(pattern, self.messages, re.MULTILINE)) >= times, "message %r" % pattern)

    def printed(self, count):
        self.until(lambda: len(self.got["stdout"]) >= count, "%d documents" % count)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, *signals):
        """Sends these signals, one when the other was heard, and waits for the end."""
        for count, number in enumerate(signals, 1):
            before = self.messages
            self.process.send_signal(number)
            if count < len(signals):
                self.until(lambda before=before: self.messages != before, "answer to a signal")
        if not self.threads["stdout"].is_alive() and self.threads["stdout"].ident is None:
            self.read()
        try:
            self.process.wait(PATIENCE * 2)
        except subprocess.TimeoutExpired as error:
            raise Stuck("espcap does not end: %s" % self.messages[-2000:]) from error
        for thread in self.threads.values():
            thread.join(10)
        self.ended = True
        return self

    def cleanup(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for name in self.got:
            if self.threads[name].ident is not None:
                self.threads[name].join(5)
            getattr(self.process, name).close()


class Stage:
    """One scenario with the build under test."""

    def __init__(self, build, recorder, rules):
        self.program = os.path.join(build, "espcap")
        self.recorder = recorder
        self.rules = rules
        self.base = tempfile.mkdtemp(prefix="espcap-proof-")
        self.folder = os.path.join(self.base, "work")
        os.mkdir(self.folder)
        for path in (self.base, self.folder):
            os.chmod(path, 0o1777 if path == self.folder else 0o755)
        self.runs, self.servers, self.notes = [], [], []
        self.given = set()          # files that the scenario made
        self.arguments = []
        # What a scenario may set: how its tsharks, their input, its messages and its requests are told.
        self.tsharks, self.stdin, self.stderr, self.requests = "in order", "bytes", "in order", "in order"
        for known, name in ((recorder.path, "RECORDER"), (recorder.fake.folder, "FAKE"), (self.folder, "FOLDER"),
                            (os.path.realpath(build), "BUILD"), (build, "BUILD")):
            rules.know(known, name)
        recorder.reset()

    def remove(self):
        for run in self.runs:
            run.cleanup()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    # What a scenario is played with.

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, content, when=frames.START, mode=0o644):
        """A file, last changed at a fixed time unless that is None; its name."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as target:
            target.write(content)
        os.chmod(self.path(name), mode)
        if when is not None:
            os.utime(self.path(name), (when, when))
        self.given.add(name)
        return name

    def append(self, name, content):
        with open(self.path(name), "ab") as target:
            target.write(content)
        self.given.add(name)

    def copy(self, source, name=None):
        """A capture of test_pcaps."""
        with open(os.path.join(espcap.CAPTURE_DIR, source), "rb") as content:
            return self.put(name or source, content.read())

    def directory(self, name, mode=0o755, user=None):
        os.mkdir(self.path(name))
        os.chmod(self.path(name), mode)
        if user is not None:
            os.chown(self.path(name), user, user)
        return name

    def behave(self, source, knows_plugin=False):
        self.recorder.behave(source, knows_plugin)

    def serve(self, *faults, **keywords):
        """A server that runs until the end of the scenario."""
        server = fake_server.Server(*faults, **keywords)
        server.start()
        self.servers.append(server)
        self.know_port(server.port)
        return server

    def know_port(self, port, name="PORT"):
        for host in ("127.0.0.1", "10.77.0.2"):
            self.rules.know("%s:%d" % (host, port), "%s:%s" % (host, name))

    def note(self, text):
        """Something that is to be compared, too."""
        self.notes.append(str(text))

    def share(self):
        """Several tsharks share a capture: nobody knows which starts first, and what they get has random marks."""
        self.tsharks = self.stderr = "sorted"
        self.stdin = "unmarked"

    # Runs.

    def command(self, words, sandbox, recorded):
        words = [os.fsdecode(word) for word in words]
        more = list(DEFAULTS)
        if not sandbox:
            more += ["--no-sandbox"]
        if recorded:
            more += ["--tshark=" + self.recorder.path]
        if any(word.startswith("--node") for word in words):
            more += DELIVERY
        names = {word.partition("=")[0] for word in words if word.startswith("--")}
        if "--quiet" in names:
            names.add("--verbose")
        # Refused without files.
        if "--nic" in names:
            names.add("--jobs")
        if "--replay" in names:
            names.update({"--jobs", "--dissection", "--no-sandbox", "--tshark"})
        return [self.program, *words, *(word for word in more if word.partition("=")[0] not in names)]

    def start(self, *words, stdin=subprocess.DEVNULL, prefix=(), environment=None, read=True, sandbox=False,
              recorded=True, bare=False):
        """A run that goes on; bare: with these words alone. Who wants the sandbox has to do without the recorder."""
        command = [self.program, *map(os.fsdecode, words)] if bare else self.command(words, sandbox, recorded and not sandbox)
        given = {key: espcap.ENVIRONMENT[key] for key in ("PATH", "TERM") if key in espcap.ENVIRONMENT}
        given.update({"HOME": self.path("home"), "XDG_CACHE_HOME": os.path.join(self.base, "cache"),
                      "XDG_STATE_HOME": self.path("state"), "ESPCAP_TEST_BACKOFF_MS": "20", **(environment or {})})
        os.makedirs(os.path.join(self.base, "cache"), exist_ok=True)
        run = Run(self, [*prefix, *command], stdin, given, read)
        self.runs.append(run)
        self.arguments.append(command[1:])
        return run

    def run(self, *words, input=None, **keywords):  # pylint: disable=redefined-builtin
        """A run from start to end."""
        run = self.start(*words, **keywords, **({"stdin": subprocess.PIPE} if input is not None else {}))
        if input is not None:
            with contextlib.suppress(BrokenPipeError), run.process.stdin:
                run.process.stdin.write(input)
        return run.end()

    def record(self):
        """All that is to be compared, as text."""
        made = record.Record(self.rules)
        for number, run in enumerate(self.runs, 1):
            made.run(number, self.arguments[number - 1], run, self.stderr)
        made.tsharks(self.recorder.started(), self.tsharks, self.stdin)
        for number, server in enumerate(self.servers, 1):
            made.server(number, server, self.requests)
        made.notes(self.notes)
        made.files(self.folder, self.given)
        return made.text()
