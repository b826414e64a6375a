# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: tsharks that die, hang, print what nobody can read, or are none."""

import fakes
import frames
from scenarios import add, numbered, plain, scenario

CONTENT = frames.pcap(plain())


def fake(behaviour, *words, from_pipe=False, knows_plugin=False, content=CONTENT):
    def play(stage):
        stage.behave(behaviour, knows_plugin)
        if from_pipe:
            stage.run("--file=-", *words, input=content)
            return
        stage.put("x.pcap", content)
        stage.run("--file=x.pcap", *words)
    return play


CRASHES, HANGS = fakes.CRASHES_AT, fakes.HANGS_AT
# The plugin fails with what it has printed so far, or says what is no frame.
CUT = """
if "-z" in words:
    data = b"".join(real())
    say(data[:5000])
    if len(data) > 5000:
        %s
else:
    for line in real():
        say(line)
"""

for NAME, MADE in {
        "honest": fake(fakes.HONEST),
        "crashes-at-1": fake(CRASHES % "1"), "crashes-at-17": fake(CRASHES % "17"), "crashes-at-last": fake(CRASHES % "30"),
        "crashes-at-several": fake(CRASHES % "3, 4, 20"), "crashes-pipe": fake(CRASHES % "1, 17", from_pipe=True),
        "crashes-again-and-again": fake(CRASHES % ", ".join(map(str, range(5, 26)))),
        "crashes-with-display-filter": fake(CRASHES % "5, 6", "--display-filter=frame.number > 3 && frame.number < 9"),
        "crashes-with-bpf-and-count": fake(CRASHES % "5", "--bpf=greater 26", "--count=12"),
        "crashes-quiet": fake(CRASHES % "7", "--quiet", "--summary-json=-"),
        "crashes-metrics": fake(CRASHES % "7", "--metrics=espcap.prom"),
        "hangs": fake(HANGS % "7", "--tshark-timeout=1s"), "hangs-pipe": fake(HANGS % "7", "--tshark-timeout=1s", from_pipe=True),
        "spins": fake(fakes.SPINS_AT % "7", "--tshark-timeout=1s"),
        "killed-once": fake(fakes.KILLED_ONCE_AT % "11"), "killed-once-pipe": fake(fakes.KILLED_ONCE_AT % "11", from_pipe=True),
        "rubbish-between": fake(fakes.RUBBISH_BETWEEN),
        "rubbish-only": fake(fakes.RUBBISH_ONLY.replace("os.urandom(1 << 20)", "bytes(range(256)) * 4096")),
        "half-a-line": fake(fakes.HALF_A_LINE_AT % 9), "half-the-last-line": fake(fakes.HALF_A_LINE_AT % 30),
        "not-utf8": fake(fakes.NOT_UTF8), "nested": fake(fakes.NESTED), "stderr-flood": fake(fakes.STDERR_FLOOD),
        "huge-line": fake(fakes.HUGE_LINE % 3), "huge-line-cut": fake(fakes.HUGE_LINE % 20),
        "exits-at-once": fake("sys.exit(1)"), "exits-at-once-with-words": fake("sys.exit('tshark: it does not want to')"),
        "does-not-know-the-plugin": fake(fakes.HONEST, "--dissection=auto"),
        "does-not-know-the-plugin-that-is-wanted": fake(fakes.HONEST, "--dissection=plugin"),
        "plugin-honest": fake(fakes.HONEST, "--dissection=plugin", knows_plugin=True),
        "plugin-crashes": fake(CUT % "die(signal.SIGSEGV)", "--dissection=auto", knows_plugin=True),
        "plugin-ends": fake(CUT % "sys.exit(0)", "--dissection=auto", knows_plugin=True, from_pipe=True),
        "plugin-lies": fake(CUT % "say(b'\\xff' * 100 + data)", "--dissection=auto", knows_plugin=True),
        "plugin-crashes-with-display-filter": fake(
            CUT % "die(signal.SIGSEGV)", "--dissection=auto", "--display-filter=frame.number % 2 == 0", knows_plugin=True),
        "plugin-and-then-ek-crash": fake(CUT.replace("        say(line)", """\
        die(signal.SIGSEGV) if is_at(line, 17) else say(line)""") % "die(signal.SIGSEGV)", "--dissection=auto", knows_plugin=True),
}.items():
    add("tshark-" + NAME, MADE, ["busy"] if NAME in ("hangs", "hangs-pipe", "spins") else ())


def split_crash(numbers):
    def play(stage):
        stage.share()
        stage.behave(CRASHES % numbers)
        stage.put("x.pcap", frames.pcap([frames.ip(b"\x0f\xa0\0\x09\0\x0c\0\0abcd", 17, 1, 2 + number % 9) for number in range(60)]))
        stage.run("--file=x.pcap", "--split", "--jobs=3")
    return play


add("tshark-crashes-split", split_crash("5"))
add("tshark-crashes-split-twice", split_crash("3, 40, 41"))


@scenario()
def tshark_crashes_in_a_conversation(stage):
    stage.behave(CRASHES % "9")
    stage.copy("http.pcap")
    stage.run("--file=http.pcap")


@scenario()
def tshark_crashes_and_the_other_file_goes_on(stage):
    stage.behave(CRASHES % "30")
    stage.put("x.pcap", CONTENT)
    stage.put("y.pcap", frames.pcap(plain(3)))
    stage.run("--file=x.pcap", "--file=y.pcap", "--file=x.pcap")


@scenario()
def tshark_crashes_in_a_joined_part(stage):
    stage.behave(CRASHES % "2, 5")
    stage.put("x.pcap", frames.pcap(plain(4)) + frames.pcap(plain(4), linktype=101))
    stage.run("--file=x.pcap")


def out_of_memory(behind, content, *words):
    """Inside the sandbox, where memory is limited; so the recorder is held back."""
    def play(stage):
        stage.behave(fakes.RUNS_OUT_BEHIND % behind)
        stage.put("x.pcap", content)
        stage.run("--file=x.pcap", "--tshark=" + stage.recorder.fake.path, *words, sandbox=True)
    return play


add("tshark-out-of-memory", out_of_memory(1500, numbered(4000)))
add("tshark-out-of-memory-at-once", out_of_memory(3, numbered(20)))
add("tshark-out-of-memory-limit", out_of_memory(1500, numbered(2000), "--tshark-memory=1G"))

UNUSABLE = {
    "not-executable": ("#!/bin/sh\n", 0o644), "not-a-program": ("\x7fELF rubbish", 0o755),
    "no-such-interpreter": ("#!/no/such/interpreter\n", 0o755), "says-nothing": ("#!/bin/sh\n", 0o755),
    "something-else": ("#!/bin/sh\necho 'ls (GNU coreutils) 9.1'\n", 0o755), "fails": ("#!/bin/sh\nexit 3\n", 0o755),
    "too-old": ("#!/bin/sh\necho 'TShark (Wireshark) 3.2.18 (Git v3.2.18)'\n", 0o755),
    "without-version": ("#!/bin/sh\necho 'TShark (Wireshark)'\n", 0o755),
    "with-controls": ("#!/bin/sh\nprintf 'TShark \\033[31m\\n'\n", 0o755),
    # What dash and the C library say when the system refuses another process.
    "out-of-processes": ("#!/bin/sh\necho 'sh: Cannot fork: Resource temporarily unavailable' >&2\nexit 2\n", 0o755),
    "out-of-memory-at-the-start": ("#!/bin/sh\necho 'failed to allocate 10 bytes' >&2\nexit 2\n", 0o755),
    "without-fields": ("#!/bin/sh\n[ $1 = --version ] && echo 'TShark (Wireshark) 4.0.17' || echo P\n", 0o755),
}


def unusable(text, mode):
    def play(stage):
        stage.put("x.pcap", CONTENT)
        stage.put("none", text.encode(), mode=mode)
        stage.run("--file=x.pcap", "--tshark=./none")
        # The sandbox blames other causes.
        stage.run("--file=x.pcap", "--tshark=./none", sandbox=True)
    return play


for NAME, (TEXT, MODE) in UNUSABLE.items():
    add("tshark-" + NAME, unusable(TEXT, MODE))


@scenario()
def tshark_missing(stage):
    stage.put("x.pcap", CONTENT)
    stage.run("--file=x.pcap", "--tshark=/no/such/tshark")
    stage.run("--file=x.pcap", environment={"PATH": "/nonexistent"}, bare=True)


@scenario()
def tshark_limit_of_processes(stage):
    """The system refuses its user another process: the recorder cannot start the real one."""
    stage.put("x.pcap", CONTENT)
    stage.run("--file=x.pcap", prefix=["prlimit", "--nproc=1:1"])


@scenario()
def empty_files_cost_no_tshark(stage):
    for number in range(3):
        stage.put("in/%d" % number, b"")
    stage.run("--dir=in")
