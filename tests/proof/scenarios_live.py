# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: live capture on a line between two network namespaces."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import fake_faults as faults
import fakes
import frames
import sensing
from scenarios import add, plain, scenario

LIVE = ("time of capture", "capture")
RING = (*LIVE, "ring")


def can_make_lines():
    return os.geteuid() == 0 and subprocess.run(["ip", "netns", "list"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def line(stage):
    """The namespaces and the line, for one scenario."""
    with sensing.namespaces():
        stage.inside = ["ip", "netns", "exec", sensing.SENSOR]
        stage.rules.know(sensing.SENSOR, "SENSOR")
        stage.stdin = "packets"
        yield


def start(stage, *words, nic="v0", **keywords):
    """A live run that captures, and whose tshark dissects."""
    run = stage.start("--nic=" + nic, *words, prefix=[*stage.inside, *keywords.pop("prefix", ())], **keywords)
    run.says("capturing on ")
    # The recorder has been asked for its version, its fields, and has begun to read.
    run.until(lambda: any("-r" in one.arguments and ("-l" in one.arguments or "espcap,flush" in " ".join(one.arguments))
                          for one in stage.recorder.started()), "tshark that dissects")
    return run


def send(packets):
    """From the peer. In a process of its own, as a thread of this one may be in another scenario's way."""
    code = ("import sys; sys.path[:0] = %r; import sensing; sensing.SENSOR, sensing.PEER = %r; "
            "sensing.send([bytes.fromhex(word) for word in sys.stdin.read().split()], namespace=sensing.PEER)"
            % (sys.path[:2], (sensing.SENSOR, sensing.PEER)))
    subprocess.run([sys.executable, "-c", code], input="\n".join(packet.hex() for packet in packets), text=True, check=True)


def captured(*words, packets=None, printed=None, signals=(signal.SIGINT,)):
    """Packets are sent, their documents come, and it is interrupted."""
    def play(stage):
        given = packets or sensing.numbered(50)
        run = start(stage, *words)
        send(given)
        run.printed(len(given) if printed is None else printed)
        run.end(*signals)
    return play


for NAME, MADE in {
        "": captured(), "-plugin": captured("--dissection=plugin"), "-pdml": captured("--dissection=pdml"),
        "-metrics": captured("--metrics=espcap.prom", "--summary-json=summary.json"),
        "-term": captured(signals=(signal.SIGTERM,)), "-immediate": captured("--immediate", "--no-promisc"),
        "-fields": captured("--fields=udp.srcport,data.data"),
        "-bpf": captured("--bpf=udp", packets=[*plain(5), *sensing.numbered(20)], printed=20),
        "-display-filter": captured("--display-filter=udp", packets=[*sensing.numbered(20), *plain(5), *sensing.numbered(5, 2)], printed=25),
        "-lifetime": captured("--tshark-lifetime=20"), "-lifetime-plugin": captured("--tshark-lifetime=20", "--dissection=plugin"),
        "-lifetime-display-filter": captured("--tshark-lifetime=20", "--display-filter=udp", printed=50),
}.items():
    add("live" + NAME, MADE, LIVE, line=True)


@scenario(*LIVE, line=True)
def live_count_and_snaplen(stage):
    run = start(stage, "--count=3", "--snaplen=64", "--immediate")
    send([frames.udp(b"x" * 500)] * 3)
    run.end()


@scenario(*LIVE, line=True)
def live_duration(stage):
    run = start(stage, "--duration=4s", nic="lo")
    run.end()


@scenario(*LIVE, line=True)
def live_usr1(stage):
    run = start(stage)
    send(sensing.numbered(20))
    run.printed(20)
    run.signal(signal.SIGUSR1)
    run.says("so far: ")
    run.end(signal.SIGINT)


@scenario(*RING, line=True)
def live_ring(stage):
    run = start(stage, "--ring=ring")
    send(sensing.numbered(50))
    run.printed(50)
    run.end(signal.SIGINT)


@scenario(*RING, line=True)
def live_ring_full(stage):
    """The least that it may have: older files go."""
    stage.directory("ring", 0o700, 65534)
    stage.put("ring/foreign.pcapng", b"not espcap's\n")
    run = start(stage, "--ring=ring", "--ring-size=1M", "--fields=frame.number")
    for seed in range(4):
        send([frames.udp(b"%d" % seed + bytes(1200))] * 400)
        run.printed(400 * (seed + 1))
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_ring_refused(stage):
    stage.directory("ring", 0o755)
    stage.put("file", b"x")
    for name in ("ring", "file", "missing/ring"):
        stage.run("--nic=v0", "--ring=" + name, prefix=stage.inside)


@scenario(*LIVE, line=True)
def live_spool(stage):
    """Nobody reads the documents at first: what waits is on disk, and all of it comes in order."""
    stage.directory("spool", 0o700)
    stage.stdin = "packets"
    run = start(stage, "--queue=1M", "--spool=spool", "--metrics=espcap.prom", "--fields=data.data", read=False)
    send([frames.udp(b"%08d" % number + b"." * 1000) for number in range(6000)])
    run.says("packets wait in the spool")
    stage.note(sorted(os.listdir(stage.path("spool"))))
    run.read()
    run.printed(6000)
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_spool_refused(stage):
    stage.put("file", b"x")
    for words in (("--spool=file",), ("--spool=missing",), ("--spool-size=1M",)):
        stage.run("--nic=v0", *words, prefix=stage.inside)


@scenario(*LIVE, line=True)
def live_tshark_crashes(stage):
    stage.behave(fakes.CRASHES_AT % "7")
    run = start(stage)
    for packet in sensing.numbered(10):
        send([packet])
    run.printed(9)
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_tshark_killed(stage):
    stage.behave(fakes.KILLED_ONCE_AT % "5")
    run = start(stage)
    for packet in sensing.numbered(10):
        send([packet])
    run.printed(9)
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_tshark_crashes_always(stage):
    """Until it is given up."""
    stage.stdin = "not compared"    # how many packets were on the way to a tshark that fails at its first
    stage.behave("for line in real():\n    die(signal.SIGSEGV)")
    run = start(stage)
    for packet in sensing.numbered(12):
        send([packet])
    run.end()


@scenario(*LIVE, "age", line=True)
def live_lifetime_in_seconds(stage):
    """When fresh ones are started, and so how much of the past they are given, depends on the machine."""
    stage.tsharks = "not compared"
    run = start(stage, "--tshark-lifetime=5s")
    send(sensing.numbered(5))
    run.printed(5)
    run.says("a fresh tshark takes over")
    send(sensing.numbered(5, 2))
    run.printed(10)
    run.end(signal.SIGINT)


# In the sandbox, where the recorder is held back, memory is limited. The first tshark takes nearly all; those that
# follow are told from where on documents are wanted. espcap looks behind so many packets.
TAKES_MEMORY = """
import mmap
taken = None if "-Y" in words else mmap.mmap(-1, 320 << 20)
for line in simple():
    say(line)
"""
LOOKED_AT = 10000


@scenario(*LIVE, "age", line=True)
def live_memory(stage):
    stage.behave(TAKES_MEMORY)
    run = stage.start("--nic=v0", "--tshark-memory=384M", "--tshark=" + stage.recorder.fake.path, prefix=stage.inside, sandbox=True)
    run.says("capturing on ")
    send([frames.udp(b"%05d" % number) for number in range(LOOKED_AT + 50)])
    run.printed(LOOKED_AT + 50)
    run.says("a fresh tshark takes over")
    send(sensing.numbered(5))
    run.printed(LOOKED_AT + 55)
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_capture_process_killed(stage):
    run = start(stage)
    send(sensing.numbered(10))
    run.printed(10)
    os.kill(capture_process(run), signal.SIGKILL)
    run.end()


def capture_process(run):
    """The child of espcap that is no tshark, has another user than root and a session of its own."""
    held = object.__new__(sensing.Capture)
    held.process = run.process
    return held.find("capture")


@scenario(*LIVE, line=True)
def live_interface_lost(stage):
    run = start(stage)
    send(sensing.numbered(10))
    run.printed(10)
    sensing.ip("link", "del", "v0", namespace=sensing.SENSOR)
    run.end()


@scenario(*LIVE, line=True)
def live_interface_waited_for(stage):
    run = start(stage, "--on-interface-loss=wait")
    send(sensing.numbered(10))
    run.printed(10)
    sensing.ip("link", "del", "v0", namespace=sensing.SENSOR)
    run.says("removed|gone|lost|went")
    sensing.make_veth()
    run.says("again")
    send(sensing.numbered(5, 2))
    run.printed(15)
    run.end(signal.SIGINT)


@scenario(*LIVE, line=True)
def live_interface_down(stage):
    sensing.ip("link", "set", "v0", "down", namespace=sensing.SENSOR)
    stage.run("--nic=v0", "--count=1", prefix=stage.inside)


@scenario(line=True)
def live_names(stage):
    """That are no interface."""
    for name in ("../v0", "\x1b[31mv0", "v0,lo", "TCP@127.0.0.1:2002", "-", "/etc/passwd", "nflog"):
        stage.run("--nic=" + name, "--count=1", prefix=stage.inside)


@scenario(line=True)
def live_wrong_options(stage):
    for words in (("--bpf=nonsense",), ("--bpf=udp) or (tcp",), ("--promisc", "--no-promisc"), ("--file=x",), ("--split",)):
        stage.run("--nic=v0", *words, prefix=stage.inside)


@scenario(line=True)
def live_without_right(stage):
    stage.run("--nic=v0", "--count=1", prefix=[*stage.inside, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])


@scenario(*LIVE, "today", line=True)
def live_delivery(stage):
    """To a server at the other end of the line, whose packets are not captured."""
    run = delivery(stage)
    send(sensing.numbered(20))
    run.until(lambda: len(stage.servers[0].ledger) == 20, "20 documents")
    run.end(signal.SIGINT)


@scenario(*LIVE, "today", line=True)
def live_delivery_rejects(stage):
    run = delivery(stage, faults.Items(400, "document_parsing_exception", "no", every=5, times=None))
    send(sensing.numbered(20))
    run.until(lambda: len(stage.servers[0].ledger) == 16, "16 documents")
    run.end(signal.SIGINT)


def delivery(stage, *made):
    """The 20th document fills the request."""
    # A thread that goes into the namespace, and ends there.
    inside = threading.Thread(target=lambda: (sensing.Inside(sensing.PEER).__enter__(),
                                              stage.serve(*made, host=sensing.ADDRESSES["v1"])))
    inside.start()
    inside.join()
    return start(stage, "--node", stage.servers[0].url, "--chunk=20")
