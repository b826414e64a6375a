# SPDX-License-Identifier: BSD-2-Clause
"""Documents to packets by extract_driver.c, and what tshark writes of the same packets: for test_extract.py and
scripts/prove-extract."""

import base64
import json
import os
import subprocess

import blocks
import espcap

BUILD = os.path.dirname(espcap.PROGRAM)
DRIVER = "tests/system/extract_driver"


def documents(capture):
    return espcap.run("--file=" + capture, "--output=json").lines


def extract(lines, target, *options, **keywords):
    """Status, and what it says: the line of the counts, and a line for each reason."""
    run = subprocess.run([os.path.join(BUILD, DRIVER), "--write=%s" % target, *options], check=False,
                         input=b"".join(line + b"\n" for line in lines), **{"capture_output": True, **keywords})
    said = run.stderr.decode(errors="replace")
    assert not espcap.SANITIZER.search(said), said
    return run.returncode, said.strip()


def hit(document, packet):
    """The document as a search gives it, with the id that espcap makes; made here of the packet's bytes."""
    own = document["espcap"]
    text = base64.urlsafe_b64encode(packet.identity(own["capture"], own["ordinal"])).rstrip(b"=")
    return b'{"_id":"' + text + b'","_source":' + json.dumps(document).encode() + b"}"


def hits(capture, lines):
    """The same of documents of a file, whose packets are taken from the places that they name."""
    content = blocks.content(capture)
    made = []
    for line in lines:
        document = json.loads(line)
        own = document["espcap"]
        made.append(hit(document, blocks.packet_at(content, own["offset"], own.get("section", 0),
                                                   own.get("context", []))))
    return made


def tshark(capture, target, numbers=None):
    chosen = "frame" if numbers is None else "frame.number in {%s}" % ",".join(map(str, numbers))
    subprocess.run(["tshark", "-r", capture, "-Y", chosen, "-w", target], stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL, check=False)


def layers(capture):
    run = subprocess.run(["tshark", "-r", capture, "-T", "fields", "-e", "frame.protocols"], capture_output=True,
                         stdin=subprocess.DEVNULL, check=False)
    return run.stdout


def shape(capture):
    """What must be the same."""
    return [(p.linktype, p.time, p.caplen, p.wirelen, p.data, p.comments, p.flags) for p in blocks.packets(capture)]


def difference(capture, lines, numbers, folder):
    """What the extract of these packets (None: of all) has else than the original, and than what tshark writes; None for
    nothing. tshark 4.0 takes the units of the first section for the times of all: such captures it is not asked of."""
    ours, theirs = os.path.join(folder, "ours.pcapng"), os.path.join(folder, "theirs.pcapng")
    given = lines if numbers is None else [lines[number - 1] for number in numbers]
    code, said = extract(given, ours, "--force")
    if code != 0:
        return said
    mine, original = shape(ours), shape(capture)
    references = [("the original", original if numbers is None else [original[number - 1] for number in numbers])]
    tshark(capture, theirs, numbers)
    if blocks.sections(capture) < 2:
        references.append(("tshark", shape(theirs)))
    for name, packets in references:
        if len(mine) != len(packets):
            return "%d packets, %s has %d" % (len(mine), name, len(packets))
        for at, (one, two) in enumerate(zip(mine, packets)):
            if one != two:
                return "packet %d: %.300r, %s %.300r" % (at + 1, one, name, two)
    if numbers is None and layers(ours) != layers(capture):
        return "it is not dissected as the original"
    if set(blocks.secrets(theirs)) - set(blocks.secrets(ours)):
        return "secrets are missing"
    return None
