"""tshark with texts.so preloaded makes no texts that nobody sees (plugin/texts.c), and documents are the same without it."""

import os
import shutil
import struct
import subprocess

import pytest

import conserve
import espcap
import frames
from test_dissection import PLUGIN, VERSION, WITH, folder, good, needs_plugin, tree  # noqa: F401 (fixtures)
from test_tsharks import batches

TEXTS = os.path.join(os.path.dirname(PLUGIN), "texts.so")
ALL_TEXTS = "tshark makes all texts, which takes longer: "

pytestmark = needs_plugin


@pytest.fixture
def with_texts(tree):  # noqa: F811
    tree.copy()
    tree.texts = os.path.join(os.path.dirname(tree.plugin), "texts.so")
    shutil.copy(TEXTS, tree.texts)
    os.chmod(tree.texts, 0o644)
    return tree


def loaded(made, *options):
    """What LD_PRELOAD names for a tshark at work, and which of our objects it has in its memory."""
    packets = frames.pcap([frames.plain(b"packet %d" % number) for number in range(3)])
    child = subprocess.Popen([made.program, "--file=-", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, "TMPDIR": made.temporary})
    try:
        child.stdin.write(packets)
        child.stdin.flush()
        assert child.stdout.readline().startswith(b"{")
        working = conserve.tsharks_at_work(child, 1)[0]
        with open("/proc/%d/environ" % working, "rb") as source:
            variables = dict(entry.split(b"=", 1) for entry in source.read().split(b"\0") if entry)
        with open("/proc/%d/maps" % working, encoding="utf-8", errors="replace") as source:
            objects = {line.split(maxsplit=5)[5].strip() for line in source if made.folder in line}
        child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    return os.fsdecode(variables.get(b"LD_PRELOAD", b"")).split(":"), objects


def test_tshark_has_them_preloaded(with_texts):
    names, objects = loaded(with_texts)
    assert with_texts.texts in names and objects == {with_texts.plugin, with_texts.texts}
    for how in ("ek", "pdml"):
        names, objects = loaded(with_texts, "--dissection=" + how)
        assert with_texts.texts not in names and objects == set()


def test_documents_are_the_same(with_texts):
    """Those of rows without a field among them."""
    texts = 0
    for options, captures in batches().items():
        words = ["--dissection=plugin", *options, *(word for capture in captures for word in ("--file", capture))]
        found = [with_texts.run(*words)]
        os.rename(with_texts.texts, with_texts.texts + ".kept")
        found.append(with_texts.run(*words))
        os.rename(with_texts.texts + ".kept", with_texts.texts)
        assert [ALL_TEXTS in result.errors for result in found] == [False, True]
        assert found[0].code == found[1].code == 0, found[0].errors
        assert found[0].output == found[1].output
        texts += found[0].output.count(b'"text":')
    assert texts > 0


def test_texts_that_dissectors_read(with_texts, folder):  # noqa: F811
    """That of IAX2 makes the text of a row without a field of the text of the row below it."""
    elements = [(0x08, struct.pack(">I", 0x0e)), (0x0b, b"\0\2"), (0x7f, b"\1"), (0x7e, b"what is this"), (0x06, b"guest")]
    iax2 = struct.pack(">HHIBBBB", 0x8001, 0, 3, 0, 0, 6, 1) + b"".join(
        bytes([kind, len(value)]) + value for kind, value in elements)
    capture = os.path.join(folder, "iax2.pcap")
    with open(capture, "wb") as target:
        target.write(frames.pcap([frames.udp(iax2, 4569, 4569)]))
    found = [with_texts.run("--file", capture, "--dissection=plugin")]
    os.unlink(with_texts.texts)
    found.append(with_texts.run("--file", capture, "--dissection=plugin"))
    assert found[0].output == found[1].output
    rows = found[0].documents[0]["layers"]["application"]["text"]
    assert any("GSM" in row for row in rows) and any("Unknown: what is this" in row for row in rows), rows


def assert_goes_without(made, capture, why):
    result = made.run("--file", capture)
    assert result.code == 0 and WITH in result.errors and ALL_TEXTS in result.errors and why in result.errors, result.errors
    assert result.counts["printed"] > 0


def test_missing(with_texts, good):  # noqa: F811
    os.unlink(with_texts.texts)
    assert_goes_without(with_texts, good, "none for Wireshark %s" % VERSION)


def test_others_could_change_them(with_texts, good):  # noqa: F811
    os.chmod(with_texts.texts, 0o646)
    assert_goes_without(with_texts, good, "others could change %s" % with_texts.texts)


def test_a_path_that_cannot_be_preloaded(with_texts, good):  # noqa: F811
    moved = with_texts.folder + " and more"
    os.rename(with_texts.folder, moved)
    with_texts.program = os.path.join(moved, "espcap")
    with_texts.temporary = os.path.join(moved, "tmp")
    try:
        result = with_texts.run("--file", good)
    finally:
        os.rename(moved, with_texts.folder)
    assert result.code == 0 and WITH in result.errors, result.errors
    assert ALL_TEXTS + 'a path with " ", ":" or "$" cannot be preloaded' in result.errors, result.errors
    assert result.counts["printed"] > 0


@pytest.mark.parametrize("damage", ["empty", "cut", "rubbish"])
def test_damaged(damage, with_texts, good):  # noqa: F811
    """ld.so goes without what it cannot load, or tshark does not start: it is tried anew, and used without."""
    assert ALL_TEXTS not in with_texts.run("--file", good).errors
    with open(TEXTS, "rb") as source:
        content = source.read()
    with open(with_texts.texts, "wb") as target:
        target.write({"empty": b"", "cut": content[:3000], "rubbish": os.urandom(5000)}[damage])
    result = with_texts.run("--file", good)
    assert result.code == 0 and WITH in result.errors and "failed" not in result.errors, result.errors
    assert result.counts["printed"] == result.counts["read"] > 0


def test_tshark_does_not_start_with_them(with_texts, good):  # noqa: F811
    """It is found out also of a texts.so that comes after one that worked; and the plugin is used without."""
    assert ALL_TEXTS not in with_texts.run("--file", good).errors
    source = os.path.join(with_texts.folder, "bad.c")
    with open(source, "w", encoding="utf-8") as target:
        target.write("#include <unistd.h>\n"
                     "static void __attribute__((constructor)) end(void) { _exit(77); }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", with_texts.texts, source], check=True)
    os.chmod(with_texts.texts, 0o644)
    for _ in range(2):
        assert_goes_without(with_texts, good, "tshark does not run with it (exit status 77)")
    assert with_texts.run("--file", good, "--dissection=plugin").code == 0


def test_in_another_program():
    """tshark may be a script: what interprets it has none of Wireshark's functions."""
    done = subprocess.run(["/bin/sh", "-c", "echo fine"], capture_output=True, check=False,
                          env={"LD_PRELOAD": TEXTS, "LD_BIND_NOW": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"fine\n", b"")
