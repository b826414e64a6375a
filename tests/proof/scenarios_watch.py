# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: a watched folder, the registry over several runs, and what becomes of files that were delivered."""

import gzip
import os
import shutil
import signal
import time

import fake_faults as faults
import fakes
import frames
from scenarios import add, numbered, plain, records, scenario

RULES = ("file date", "registry")
QUICK = "--watch-idle=1s"


def start(stage, *words, **keywords):
    """A run over the folder "in", which is made if it is missing; its registry is the file "registry". Files have five
    packets, which fill a bulk request of --chunk=5."""
    if not os.path.exists(stage.path("in")):
        stage.directory("in")
    if not any(word.startswith("--ledger") for word in words):
        words = (*words, "--ledger=registry")
    run = stage.start("--watch=in", *words, **keywords)
    return run


def new(stage, name, content):
    """A file that comes into the folder in one piece."""
    stage.put("." + name, content, when=None)
    stage.given.discard("." + name)
    stage.given.add("in/" + name)
    os.rename(stage.path("." + name), stage.path("in/" + name))


def finished(run, *names):
    for name in names:
        run.says(r"in/%s: (finished|skipped: it was read before)" % name)


def read_once(stage, *words, names=("a",), contents=None, **keywords):
    """A run in which these files are read, or known, and that is ended then."""
    if not os.path.exists(stage.path("in")):
        stage.directory("in")
    for number, name in enumerate(names if contents is None else contents):
        new(stage, name, numbered(5, number + 1) if contents is None else contents[name])
    run = start(stage, QUICK, *words, **keywords)
    finished(run, *(names if contents is None else contents))
    return run.end(signal.SIGTERM)


def again(stage, *words, names=("a",)):
    """Another run over what is there."""
    run = start(stage, QUICK, *words)
    finished(run, *names)
    return run.end(signal.SIGTERM)


def once(*words, **keywords):
    def play(stage):
        read_once(stage, *words, **keywords)
    return play


for NAME, MADE in {
        "": once(names=("a", "b10", "b2")), "-plugin": once("--dissection=plugin"), "-pdml": once("--dissection=pdml"),
        "-metrics": once("--metrics=espcap.prom", "--summary-json=summary.json"), "-bpf": once("--bpf=tcp"),
        "-gzip": once(contents={"a.gz": gzip.compress(numbered(5), mtime=0)}),
        "-display-filter": once("--display-filter=udp.srcport == 1"),
        "-empty": once(contents={"a": numbered(0), "b": numbered(3)}),
        "-joined": once(contents={"a": numbered(3) + frames.pcap(plain(3), linktype=101), "b": numbered(3)}),
        "-quiet": lambda stage: quiet(stage)}.items():
    add("watch" + NAME, MADE, RULES)


def quiet(stage):
    stage.directory("in")
    new(stage, "a", numbered(5))
    run = start(stage, QUICK, "--quiet")
    run.printed(5)
    run.until(lambda: "delivered" in registry(stage), "line in the registry")
    run.end(signal.SIGTERM)


def registry(stage):
    with open(stage.path("registry"), encoding="utf-8") as source:
        return source.read()


@scenario(*RULES)
def watch_new_files(stage):
    run = start(stage, QUICK)
    run.says("watching")
    for number, name in enumerate(("cap1", "cap2", "cap10"), 1):
        new(stage, name, numbered(5, number))
        finished(run, name)
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_growing(stage):
    """In pieces that end anywhere, and on in the next run."""
    parts = records(6)
    run = start(stage, "--watch-idle=60s")
    stage.append("in/a", frames.pcap_header()[:10])
    run.says("begins")
    stage.append("in/a", frames.pcap_header()[10:] + parts[0] + parts[1][:7])
    run.printed(1)
    stage.append("in/a", parts[1][7:] + parts[2])
    run.printed(3)
    stage.append("in/a", parts[3])
    run.printed(4)
    run.end(signal.SIGTERM)
    stage.append("in/a", parts[4] + parts[5])
    again(stage)


@scenario(*RULES)
def watch_growing_when_it_was_finished(stage):
    parts = records(4)
    run = start(stage, QUICK)
    for number, part in enumerate(parts, 1):
        stage.append("in/a", (frames.pcap_header() if number == 1 else b"") + part)
        run.printed(number)
        run.says("in/a: finished", number)
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_cut_short(stage):
    """Told when it is finished."""
    stage.directory("in")
    stage.append("in/a", numbered(5)[:-4])
    run = start(stage, QUICK)
    run.printed(4)
    new(stage, "z", numbered(3, 2))
    run.says("in/a: cut short")
    finished(run, "z")
    run.end(signal.SIGTERM)
    again(stage, names=("a", "z"))


@scenario(*RULES)
def watch_passed_over(stage):
    """What is no capture, and links."""
    stage.directory("in")
    stage.append("in/readme", b"no capture\n" * 9)
    stage.put("elsewhere", numbered(5))
    os.symlink("../elsewhere", stage.path("in/link"))
    run = start(stage, QUICK)
    run.says("readme: skipped: ")
    new(stage, "z", numbered(3, 2))
    finished(run, "z")
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_rewritten(stage):
    """Cut off and written anew, as long as before, and of another length in the next run."""
    run = start(stage, QUICK)
    new(stage, "a", numbered(5))
    finished(run, "a")
    with open(stage.path("in/a"), "r+b") as target:
        target.truncate(0)
        time.sleep(0.05)
        target.write(frames.pcap_header() + b"".join(records(5, 1, 70000)))
    run.printed(10)
    run.says("in/a: finished", 2)
    run.end(signal.SIGTERM)
    with open(stage.path("in/a"), "wb") as target:
        target.write(numbered(7, 3))
    again(stage)


@scenario(*RULES)
def watch_gone(stage):
    """Deleted while it is read, and the folder in the end."""
    run = start(stage, "--watch-idle=60s")
    with open(stage.path("in/a"), "wb", buffering=0) as writer:
        writer.write(numbered(2))
        run.printed(2)
        os.unlink(stage.path("in/a"))
        run.says("in/a: finished")
    shutil.rmtree(stage.path("in"))
    run.end()


@scenario(*RULES)
def watch_count_and_duration(stage):
    stage.directory("in")
    for number, name in enumerate(("a", "b")):
        new(stage, name, numbered(5, number + 1))
    start(stage, QUICK, "--count=7").end()
    start(stage, QUICK, "--duration=6s").end()


@scenario(*RULES)
def watch_usr1_and_two_signals(stage):
    stage.behave(fakes.HANGS_AT % "3")
    run = start(stage, QUICK)
    new(stage, "a", numbered(5))
    run.printed(2)
    run.signal(signal.SIGUSR1)
    run.says("so far: ")
    run.end(signal.SIGINT, signal.SIGINT)


# The registry, over several runs.

def known(change, names=("a",)):
    """A file that was read before, and then changed like this, is known; or what is new of it is read."""
    def play(stage):
        read_once(stage)
        change(stage, stage.path("in/a"))
        again(stage, names=names)
    return play


def rewrite(content):
    def change(_, path):
        with open(path, "wb") as target:
            target.write(content)
    return change


def move(stage, path):
    os.rename(path, stage.path("in/b"))
    stage.given.add("in/b")


def copy(stage, path):
    shutil.copy(path, stage.path("in/b"))
    stage.given.add("in/b")


def damage(text):
    def change(stage, _):
        with open(stage.path("registry"), "ab") as target:
            target.write(text)
    return change


def cut(stage, _):
    os.truncate(stage.path("registry"), os.path.getsize(stage.path("registry")) - 20)


for NAME, MADE in {
        "unchanged": known(lambda stage, path: None), "renamed": known(move, ["b"]), "copied": known(copy, ["a", "b"]),
        "touched": known(lambda stage, path: os.utime(path)), "copied-onto-itself": known(rewrite(numbered(5))),
        "compressed": known(rewrite(gzip.compress(numbered(5), mtime=0))),
        "another-with-its-first-packet": known(rewrite(frames.pcap_header() + records(5)[0] + b"".join(records(4, 2, 5)))),
        "shorter": known(rewrite(numbered(3))), "longer": known(rewrite(numbered(9))),
        "lost": known(lambda stage, path: os.unlink(stage.path("registry"))), "torn": known(cut),
        "garbage": known(damage(bytes(range(10)) * 50 + b"\n")), "later-version": known(damage(b"9 x y z\n")),
}.items():
    add("registry-" + NAME, MADE, RULES)


@scenario(*RULES, "registry name")
def registry_of_its_own(stage):
    """Where it is by default."""
    stage.directory("in")
    new(stage, "a", numbered(5))
    run = stage.start("--watch=in", QUICK)
    finished(run, "a")
    run.end(signal.SIGTERM)


@scenario(*RULES)
def registry_that_is_something_else(stage):
    stage.directory("in")
    new(stage, "a", numbered(5))
    stage.put("registry", b"7 lines of\n# text\n")
    start(stage, QUICK).end()


@scenario(*RULES)
def registry_of_two_runs(stage):
    first = start(stage, QUICK)
    first.says("^espcap: tshark ")
    start(stage, QUICK).end()
    first.end(signal.SIGTERM)


@scenario(*RULES)
def registry_of_what_failed(stage):
    """A packet that kills tshark: tried again in the next run."""
    stage.behave(fakes.CRASHES_AT % "3")
    read_once(stage)
    again(stage)
    stage.recorder.target(stage.recorder.program, stage.recorder.fake.folder)
    again(stage)


@scenario(*RULES)
def registry_interrupted(stage):
    """In the middle of a file, and read on in the next run."""
    run = start(stage, "--watch-idle=60s")
    stage.append("in/a", numbered(9)[:len(numbered(4)) + 5])
    run.printed(4)
    run.end(signal.SIGINT)
    stage.append("in/a", numbered(9)[len(numbered(4)) + 5:])
    again(stage)


# What becomes of files.

@scenario(*RULES)
def watch_after_delete(stage):
    run = start(stage, QUICK, "--after=delete")
    run.says("watching")
    for number, name in enumerate(("a", "b")):
        new(stage, name, numbered(5, number + 1))
        run.says("in/%s: deleted" % name)
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_after_move(stage):
    """Nothing is overwritten."""
    stage.directory("done")
    stage.put("done/a", b"old")
    run = start(stage, QUICK, "--after=move:done")
    run.says("watching")
    for number, name in enumerate(("a", "b")):
        new(stage, name, numbered(5, number + 1))
        stage.given |= {"done/" + name, "done/a.1"}
        run.until(lambda name=name: not os.path.exists(stage.path("in/" + name)), "moved file")
    run.says("moved to", 2)
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_after_that_cannot_be(stage):
    for word in ("move:nowhere/deeper", "move:in", "burn", "move:/dev/shm"):
        start(stage, "--after=" + word).end()
    stage.run("--watch=nowhere", "--ledger=registry")


@scenario(*RULES)
def watch_after_not_what_was_rejected(stage):
    server = stage.serve(faults.Items(400, "document_parsing_exception", "no", text=b'in/a"', times=None))
    run = start(stage, QUICK, "--after=delete", "--node", server.url, "--chunk=5")
    run.says("watching")
    new(stage, "a", numbered(5))
    run.says("in/a: stays where it is")
    new(stage, "b", numbered(6, 2)[:-4])
    run.says("in/b: ")
    new(stage, "c", numbered(5, 3))
    run.says("in/b: stays where it is")
    run.says("in/c: deleted")
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_after_what_a_former_run_delivered(stage):
    stage.stderr = "sorted"         # which is deleted first depends on the machine
    read_once(stage)
    run = start(stage, QUICK, "--after=delete")
    run.says("watching")
    new(stage, "z", numbered(5, 2))
    run.says("in/[az]: deleted", 2)
    run.end(signal.SIGTERM)


@scenario(*RULES)
def watch_delivery(stage):
    """A server has it all once, over two runs and without a registry."""
    server = stage.serve()
    read_once(stage, "--node", server.url, "--chunk=5", names=("a",))
    again(stage, "--node", server.url, "--chunk=5")
    os.unlink(stage.path("registry"))
    again(stage, "--node", server.url, "--chunk=5")


@scenario(*RULES, "retries")
def watch_delivery_server_goes_away(stage):
    """It waits, and goes on when the server is there again."""
    stage.requests = "distinct"
    fault = faults.Whole(503, times=None)
    server = stage.serve(fault)
    run = start(stage, QUICK, "--node", server.url, "--chunk=5")
    new(stage, "a", numbered(5))
    server.wait_until(lambda seen: len(seen.bulks) >= 2)
    fault.lift()
    finished(run, "a")
    run.end(signal.SIGTERM)
