# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: signals while espcap reads, waits for a server, or for who reads its output."""

import os
import signal
import subprocess

import fake_faults as faults
import fakes
from scenarios import add, numbered, scenario
from scenarios_server import SECRET, secret


def reading(stage, *words, environment=None):
    """A run in the middle of its standard input: all that was written is printed, and more may come."""
    run = stage.start("--file=-", *words, stdin=subprocess.PIPE, environment=environment)
    run.process.stdin.write(numbered(20))
    run.process.stdin.flush()
    return run


def once(number, *words):
    def play(stage):
        run = reading(stage, *words)
        run.printed(20)
        run.end(number)
    return play


for NUMBER in (signal.SIGINT, signal.SIGTERM):
    add("signal-%s-once" % NUMBER.name[3:].lower(), once(NUMBER))
    add("signal-%s-once-metrics" % NUMBER.name[3:].lower(), once(NUMBER, "--metrics=espcap.prom", "--summary-json=summary.json"))
add("signal-int-once-plugin", once(signal.SIGINT, "--dissection=plugin"))
for NUMBER in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2):
    # Their default action: nothing is told.
    add("signal-%s" % NUMBER.name[3:].lower(), once(NUMBER))


def twice(number, *words):
    """The second ends it at once: the tshark would never end by itself."""
    def play(stage):
        stage.behave(fakes.TELLS_PID_AND_WAITS)
        run = reading(stage, *words)
        run.until(lambda: stage.recorder.fake.flag("pid") is not None, "tshark that waits")
        run.signal(number)
        run.until(lambda: is_heard(run), "answer to the first signal")
        run.end(number)
    return play


def is_heard(run):
    """It has closed its end of the pipe, or says so."""
    try:
        run.process.stdin.write(b"")
        run.process.stdin.flush()
    except BrokenPipeError:
        return True
    return "nterrupt" in run.messages or "ignal" in run.messages


for NUMBER in (signal.SIGINT, signal.SIGTERM):
    add("signal-%s-twice" % NUMBER.name[3:].lower(), twice(NUMBER, "--summary-json=summary.json"))


@scenario()
def signal_usr1(stage):
    run = reading(stage)
    run.printed(20)
    for count in range(2):
        run.signal(signal.SIGUSR1)
        run.says("so far: ", count + 1)
    run.process.stdin.close()
    run.end()


@scenario("retries")
def signal_usr1_and_int_while_a_server_is_away(stage):
    """What was read waits; the first signal does not throw it away, the second does."""
    stage.requests = "distinct"
    server = stage.serve(faults.Whole(503, times=None))
    stage.put("x.pcap", numbered())
    run = stage.start("--file=x.pcap", "--node", server.url)
    server.wait_until(lambda seen: len(seen.bulks) >= 2)
    run.signal(signal.SIGUSR1)
    run.says("so far: ")
    run.end(signal.SIGINT, signal.SIGINT)


@scenario()
def signal_int_while_a_server_is_slow(stage):
    server = stage.serve(faults.Slow(1, times=None))
    stage.put("x.pcap", numbered())
    run = stage.start("--file=x.pcap", "--node", server.url)
    server.wait_until(lambda seen: len(seen.bulks) >= 1)
    run.end(signal.SIGINT)


@scenario("retries")
def signal_hup_new_password(stage):
    """The password is changed on the server, then in the file, and SIGHUP has it read."""
    stage.requests = "distinct"
    server = stage.serve(users={"shark": (SECRET, "all")})
    run = reading(stage, "--node", server.url, "--user=shark", "--password-file", secret(stage), "--chunk=20")
    server.wait_until(lambda seen: len(seen.ledger) == 20)
    server.users = {"shark": ("the-new-one", "all")}
    secret(stage, "the-new-one")
    run.signal(signal.SIGHUP)
    run.says("password|credential|secret")
    run.process.stdin.write(numbered(40)[len(numbered(20)):])
    run.process.stdin.close()
    run.end()


@scenario()
def signal_hup_unreadable_password(stage):
    server = stage.serve(users={"shark": (SECRET, "all")})
    run = reading(stage, "--node", server.url, "--user=shark", "--password-file", secret(stage), "--chunk=20")
    server.wait_until(lambda seen: len(seen.ledger) == 20)
    os.unlink(stage.path("secret"))
    run.signal(signal.SIGHUP)
    run.says("secret")
    run.process.stdin.close()
    run.end()


@scenario("reader gone")
def stdout_closed(stage):
    """Whoever read it went away: no failure."""
    stage.stdin = "not compared"
    stage.put("x.pcap", numbered(200))
    stage.run("--file=x.pcap", prefix=["bash", "-c", 'set -o pipefail; "$@" | head -n 1 >/dev/null', "bash"])
