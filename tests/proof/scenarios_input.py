# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: files, folders, standard input, and which packets of them."""

import gzip
import os
import struct

import frames
from scenarios import add, numbered, plain, scenario
from test_bpf import ARP, BARE, RAW, USB, USB_LINUX, section
from test_joined import DIFFERENT, JOIN

CONTENT = frames.pcap(plain())


def captures(*words, names=("http.pcap", "dns.pcap", "two-links.pcapng")):
    def play(stage):
        for name in names:
            stage.copy(name)
        stage.run(*(word for name in names for word in ("--file", name)), *words)
    return play


for NAME, WORDS in {
        "success-ek": (), "success-plugin": ("--dissection=plugin",), "success-pdml": ("--dissection=pdml",),
        "success-auto": ("--dissection=auto",), "success-quiet": ("--quiet",), "success-pretty": ("--pretty",),
        "success-no-shortcuts": ("--dissection=plugin", "--no-shortcuts"),
        "count": ("--count=20",), "display-filter": ("--display-filter=udp",),
        "display-filter-plugin": ("--display-filter=http", "--dissection=plugin"),
        "bpf-and-count": ("--bpf=tcp or arp", "--count=7"),
        "fields": ("--fields=ip.src,dns.qry.name,http.host",),
        "fields-plugin": ("--fields=ip.src,dns.qry.name,http.host", "--dissection=plugin"),
        "max-value": ("--max-value=20",), "max-doc": ("--max-doc=4k",),
        "decode-as": ("--decode-as=udp.port==53,data",),
        "summary-and-metrics": ("--summary-json=summary.json", "--metrics=espcap.prom"),
        "summary-on-stdout": ("--summary-json=-",),
        "display-filter-that-is-none": ("--display-filter=no.such.field",),
        "decode-as-that-is-none": ("--decode-as=no.such==1,http",),
        "fields-that-are-none": ("--fields=no.such.field",)}.items():
    add(NAME, captures(*WORDS))


@scenario()
def jobs(stage):
    """Three tsharks at once, of which nobody knows which is started first."""
    stage.tsharks = stage.stderr = "sorted"
    captures("--jobs=3")(stage)


def split(*words):
    def play(stage):
        stage.share()
        captures("--split", "--jobs=3", *words, names=("http.pcap", "fragments.pcap"))(stage)
    return play


for NAME, WORDS in {"split": (), "split-plugin": ("--dissection=plugin",), "split-pdml": ("--dissection=pdml",),
                    "split-count": ("--count=11",), "split-bpf": ("--bpf=tcp",)}.items():
    add(NAME, split(*WORDS), ["mark"])


@scenario()
def tls_keys(stage):
    stage.copy("tls13.pcap")
    stage.copy("tls13.keys")
    stage.run("--file=tls13.pcap", "--tls-keys=tls13.keys", "--fields=http.request.method,tls.handshake.type")


@scenario()
def sandboxed(stage):
    """As everybody runs it. The recorder is held back, so that only what comes out is told."""
    stage.copy("http.pcap")
    stage.run("--file=http.pcap", sandbox=True, bare=True)


@scenario()
def sandboxed_verbose(stage):
    stage.copy("http.pcap")
    stage.run("--file=http.pcap", "--dissection=plugin", "--jobs=1", sandbox=True)


def from_pipe(content, *words):
    def play(stage):
        if "--split" in words:
            stage.share()
        stage.run("--file=-", *words, input=content)
    return play


for NAME, MADE in {"stdin": from_pipe(numbered()), "stdin-gzip": from_pipe(gzip.compress(numbered(), mtime=0)),
                   "stdin-empty": from_pipe(b""), "stdin-cut": from_pipe(CONTENT[:-5]), "stdin-no-capture": from_pipe(b"no capture\n" * 9),
                   "stdin-split": from_pipe(numbered(), "--split", "--jobs=3"),
                   "stdin-plugin": from_pipe(numbered(), "--dissection=plugin")}.items():
    add(NAME, MADE)


@scenario("pid")
def descriptors(stage):
    """Inputs and outputs that were open when espcap was started."""
    stage.run("--file=/dev/stdin", "--summary-json=/dev/stderr", input=numbered(3))
    stage.put("x.pcap", numbered(3))
    stage.run("--file=/dev/fd/5", "--summary-json=/proc/self/fd/1", prefix=["sh", "-c", 'exec "$@" 5<x.pcap', "sh"])


def one_file(content, *words, name="x.pcap"):
    def play(stage):
        if "--split" in words:
            stage.share()
        stage.put(name, content)
        stage.run("--file", name, *words)
    return play


for NAME, MADE in {"cut-in-header": one_file(CONTENT[:10]), "cut-in-record": one_file(CONTENT[:-5]),
                   "unknown-link-type": one_file(frames.pcap(plain(3), linktype=64000)),
                   "gzip-cut": one_file(gzip.compress(CONTENT, mtime=0)[:-20], name="x.pcap.gz"),
                   "header-only": one_file(CONTENT[:24]), "no-capture": one_file(bytes(range(256)) * 8),
                   "name-with-controls": one_file(CONTENT[:-5], name="new\nline\x1b[31m.pcap")}.items():
    add(NAME, MADE)


@scenario()
def folder(stage):
    """With what is no capture in it, and a damaged one."""
    stage.directory("in")
    stage.directory("in/deeper")
    for number, name in enumerate(("b.pcap", "a.pcap", "deeper/c.pcap")):
        stage.put("in/" + name, numbered(5, number))
    stage.put("in/readme", b"no capture\n" * 9)
    stage.put("in/empty", b"")
    stage.put("in/cut.pcap", CONTENT[:-5])
    os.mkfifo(stage.path("in/fifo"))
    os.symlink("../elsewhere", stage.path("in/link.pcap"))
    stage.put("elsewhere", CONTENT)
    stage.run("--dir=in")
    stage.run("--dir=in", "--recursive", "--count=12")
    stage.run("--dir=missing")


@scenario()
def missing_among_others(stage):
    stage.put("a.pcap", CONTENT)
    stage.run("--file=missing.pcap", "--file=a.pcap", "--file=/dev/zero")


MIXED = section([frames.ETHERNET, RAW], [(0, ARP), (1, BARE), (0, ARP), (1, BARE)])
USB_FILE = frames.pcap([USB] * 3, linktype=USB_LINUX)

for NAME, MADE in {"bpf-rejects-one-link-type": one_file(MIXED, "--bpf=arp"), "bpf-on-both-link-types": one_file(MIXED, "--bpf=udp"),
                   "bpf-split": one_file(MIXED, "--bpf=arp", "--split", "--jobs=2"),
                   "bpf-without-meaning": one_file(USB_FILE, "--bpf=tcp"),
                   "bpf-rejects-everything": one_file(frames.pcap([ARP] * 3), "--bpf=ip and arp"),
                   "bpf-wrong": one_file(CONTENT, "--bpf=tcp port")}.items():
    add(NAME, MADE)


@scenario()
def bpf_over_several_files(stage):
    stage.put("usb.pcap", USB_FILE)
    stage.put("mixed.pcapng", MIXED)
    stage.run("--file=usb.pcap", "--file=mixed.pcapng", "--bpf=udp")


def joined(parts, *words):
    def play(stage):
        if "--split" in words:
            stage.share()
        stage.put("joined", b"".join(parts))
        stage.run("--file=joined", *words)
        stage.run("--file=-", *words, input=b"".join(parts))
    return play


for KIND, PARTS in (("the same", JOIN["the same"]), ("of another byte order", JOIN["of another byte order"]), *DIFFERENT.items()):
    add("joined-" + KIND.replace(" ", "-").replace(",", ""), joined(PARTS))
add("joined-split", joined(JOIN["the same"], "--split", "--jobs=3"))
add("joined-plugin", joined(next(iter(DIFFERENT.values())), "--dissection=plugin"))
add("joined-bpf-and-count", joined(JOIN["the same"], "--bpf=udp src port 40002 or udp src port 40003", "--count=4"))


@scenario()
def format_of_tshark_only(stage):
    """Bytes that espcap hands on without knowing where packets begin: a file of snoop (RFC 1761)."""
    content = b"snoop\0\0\0" + struct.pack(">II", 2, 4)
    for number, data in enumerate(plain(5)):
        data += bytes(-len(data) % 4)
        content += struct.pack(">IIIIII", len(data), len(data), 24 + len(data), 0, frames.START + number, 0) + data
    stage.put("x.snoop", content)
    stage.run("--file=x.snoop", "--file=x.snoop")
