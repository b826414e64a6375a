# SPDX-License-Identifier: BSD-2-Clause
"""The record of a scenario: a text in sections, in which all that may differ by its nature was replaced."""

import hashlib
import os
import stat
import struct

import frames

TITLE = "==== "
# Of a longer section the begin is shown, and the whole is told by its hash.
SHOWN = 200_000
RING = struct.pack("<I", 0x0A0D0D0A)


class Record:
    """Sections are documents, which no list of renamed words touches, or words."""

    def __init__(self, rules):
        self.rules = rules
        self.parts = []

    def add(self, title, text, words=False):
        text = self.rules.apply(text)
        if len(text) > SHOWN:
            digest = hashlib.sha256(text.encode()).hexdigest()
            text = "%s\n... %d characters, SHA-256 %s" % (text[:SHOWN // 10], len(text), digest)
        self.parts.append("%s%s%s\n%s" % (TITLE, "words: " if words else "", self.rules.apply(title), text.rstrip("\n")))

    def text(self):
        return "\n".join(self.parts) + "\n"

    def run(self, number, arguments, run, order):
        self.add("run %d: arguments" % number, "\n".join(arguments), words=True)
        self.add("run %d: exit status" % number, str(run.process.returncode))
        lines = self.rules.apply(run.messages).split("\n")
        self.add("run %d: stderr" % number, "\n".join(lines if order == "in order" else sorted(lines)), words=True)
        output = b"".join(run.got["stdout"])
        # A person reads the one, a program the other.
        self.add("run %d: stdout" % number, printable(output), words=not output.startswith(b"{"))

    def tsharks(self, started, order, stdin):
        told = ["\n".join([*one.environment, " ".join(one.arguments), INPUTS[stdin](one.given)]) for one in started]
        told = [self.rules.apply(text) for text in told] if order != "not compared" else [order]
        for number, text in enumerate(told if order == "in order" else sorted(told), 1):
            self.add("tshark %d" % number, text)

    def server(self, number, server, order):
        told = [self.rules.apply("%s\n%s" % (exchange_line(exchange), printable(exchange.body)))
                for exchange in server.exchanges]
        if order == "distinct":
            told = list(set(told))
        if order != "in order":
            told.sort()
        for count, text in enumerate(told, 1):
            self.add("server %d: request %d" % (number, count), text)
        self.add("server %d: what no well-behaved client does" % number, "\n".join(server.violations + server.crashes))
        self.add("server %d: documents" % number, "%d" % len(server.ledger))

    def notes(self, notes):
        if notes:
            self.add("notes", "\n".join(notes))

    def files(self, folder, given):
        """What stands in the folder: names, kinds and rights of all, and the content of what the scenario did not make."""
        for path, name in walk(folder):
            about = os.lstat(path)
            title = "file %s: %s" % (name, stat.filemode(about.st_mode))
            if not stat.S_ISREG(about.st_mode):
                self.add(title, os.readlink(path) if stat.S_ISLNK(about.st_mode) else "")
                continue
            with open(path, "rb") as source:
                content = source.read()
            if content.startswith(RING):
                self.add(title, ring(content))
            elif name in given:
                self.add(title, "%d bytes, %s" % (len(content), hashlib.sha256(content).hexdigest()))
            else:
                self.add(title, printable(content), words=True)


def walk(folder):
    """Path and name in the folder of all that is below it, in order."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(parent, name)
            yield path, os.path.relpath(path, folder)


def printable(data):
    """Text as it is, other bytes as \\xNN."""
    return data.decode("utf-8", "backslashreplace")


def exchange_line(exchange):
    """What was asked, and what was answered."""
    query = "&".join("%s=%s" % pair for pair in exchange.query.items())
    headers = ["%s: %s" % (name, exchange.headers[name]) for name in ("Content-Type", "Content-Encoding", "Authorization")
               if exchange.headers.get(name)]
    return "%s %s?%s -> %s; %s" % (exchange.method, exchange.path, query, exchange.status, ", ".join(headers))


def input_bytes(stream):
    return "input of %d bytes, %s" % (len(stream), hashlib.sha256(stream).hexdigest())


def input_packets(stream):
    """The header of a pcap stream, and its packets without their times."""
    packets = [struct.pack("<II", len(data), wire) + data
               for _, _, data, wire in (frames.read_pcap(stream) if len(stream) > 24 else ())]
    return "input of %d packets, %s" % (len(packets), hashlib.sha256(b"".join([stream[:24], *packets])).hexdigest())


def input_unmarked(stream):
    """With 0 for the length on the wire of records without bytes: by it, a random number, tsharks that share a capture know
    what is not theirs."""
    made, at = bytearray(stream), 24
    if stream.startswith(RING):
        at = 0
        while at + 12 <= len(stream):
            kind, total = struct.unpack_from("<II", stream, at)
            if kind == 6 and struct.unpack_from("<I", stream, at + 20)[0] == 0:
                made[at + 24:at + 28] = bytes(4)
            at += max(total, 12)
    else:
        order = "<" if stream[:4] in (struct.pack("<I", frames.MICRO), struct.pack("<I", frames.NANO)) else ">"
        while at + 16 <= len(stream):
            size = struct.unpack_from(order + "I", stream, at + 8)[0]
            if size == 0:
                made[at + 12:at + 16] = bytes(4)
            at += 16 + size
    return input_bytes(bytes(made))


# How the standard input of a tshark is told.
INPUTS = {"bytes": input_bytes, "packets": input_packets, "unmarked": input_unmarked, "not compared": lambda _: "input: not compared"}


def ring(content):
    """The blocks of a pcapng file: of a packet all but its time, of others all."""
    lines = []
    while len(content) >= 12:
        kind, total = struct.unpack_from("<II", content)
        body = content[8:total - 4]
        if kind == 6:
            interface, _, _, size, wire = struct.unpack_from("<IIIII", body)
            body = struct.pack("<III", interface, size, wire) + body[20:]
        lines.append("block %d of %d bytes: %s" % (kind, total, hashlib.sha256(body).hexdigest()) if kind == 6 else
                     "block %d of %d bytes: %s" % (kind, total, body.decode("latin-1").encode("unicode_escape").decode()))
        content = content[max(total, 12):]
    return "\n".join(lines)
