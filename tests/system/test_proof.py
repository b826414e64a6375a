# SPDX-License-Identifier: BSD-2-Clause
"""The tools of tests/proof notice what differs between two builds, and nothing else."""

import os
import re
import shutil
import subprocess
import sys

import pytest

import espcap

PROOF = os.path.join(espcap.ROOT, "tests", "proof")
BUILD = os.path.dirname(espcap.PROGRAM)
CAPTURE = os.path.join(espcap.CAPTURE_DIR, "arp-icmp.pcap")
# A message and its exit status, a tshark that dies, and a server with its dead letters.
SCENARIOS = ("usage-unknown-option", "tshark-crashes-at-17", "server-rejects-all")


def proof(tool, *words):
    """Exit status and output of a tool."""
    done = subprocess.run([sys.executable, os.path.join(PROOF, tool), *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=espcap.ENVIRONMENT, timeout=300)
    return done.returncode, done.stdout


@pytest.fixture(name="altered")
def altered_build(tmp_path):
    """Makes a folder with a wrapper around espcap, which prints what sed makes of one of its streams."""
    def make(stream, edit):
        folder = tmp_path / "altered"
        folder.mkdir()
        through = {"stdout": '"$real" "$@" | sed %s' % edit, "stderr": '{ "$real" "$@" 2>&1 >&3 | sed %s >&2; } 3>&1' % edit}
        (folder / "espcap").write_text("#!/bin/bash\nset -o pipefail\nreal='%s'\n%s\n" % (espcap.PROGRAM, through[stream]))
        (folder / "espcap").chmod(0o755)
        return folder
    return make


def record(build, folder):
    code, said = proof("behavior", "record", build, folder, "--wraps", BUILD, *(word for name in SCENARIOS for word in ("-k", name)))
    assert code == 0, said
    assert sorted(os.listdir(folder)) == sorted(SCENARIOS)
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return record(BUILD, tmp_path_factory.mktemp("proof") / "recorded")


def test_equal_documents():
    code, said = proof("documents", BUILD, BUILD, CAPTURE, "--way=ek", "--way=split")
    assert code == 0, said
    assert re.findall(r"^(\w+): 1 captures, (\d+) documents, 0 captures differ", said, re.MULTILINE) == \
        [("ek", "15"), ("split", "15")], said


@pytest.mark.parametrize("edit, shown", [
    ("'3s/\"protocol\":\"a/\"protocol\":\"b/'", r"ek, .*/arp-icmp.pcap: document 3:\n  old .*\"protocol\":\"a.*\n  new .*\"protocol\":\"b"),
    ("'$d'", r"document 15:\n  old .*\n  new .*\(no more\)")])
def test_other_documents(edit, shown, altered):
    code, said = proof("documents", BUILD, altered("stdout", edit), CAPTURE, "--way=ek")
    assert code == 1 and re.search(shown, said), said


def test_other_counts(altered):
    code, said = proof("documents", BUILD, altered("stderr", "'s/skipped=/skipped=7/'"), CAPTURE, "--way=ek")
    assert code == 1 and "the end:" in said and "skipped=70" in said, said


def test_no_documents_are_no_proof(tmp_path):
    (tmp_path / "empty").mkdir()
    code, said = proof("documents", BUILD, BUILD, tmp_path / "empty", "--way=ek")
    assert code == 1, said


def test_equal_behavior(recorded, tmp_path):
    code, said = proof("behavior", "compare", recorded, record(BUILD, tmp_path / "again"))
    assert code == 0 and "3 scenarios compared, 0 differ" in said, said


def test_another_word(recorded, altered, tmp_path):
    """It is reported, unless it is in the list of renamed words."""
    other = record(altered("stderr", "'s/continuing after it/continuing behind it/'"), tmp_path / "other")
    code, said = proof("behavior", "compare", recorded, other)
    assert code == 1 and "1 differ: tshark-crashes-at-17" in said, said
    assert re.search(r"^-.*continuing after it$", said, re.MULTILINE) and re.search(r"^\+.*continuing behind it$", said, re.MULTILINE), said
    renamed = tmp_path / "renamed"
    renamed.write_text("continuing after it\tcontinuing behind it\nno such words\tother words\n")
    code, said = proof("behavior", "compare", recorded, other, "--renamed", renamed)
    assert code == 0 and re.findall("nowhere seen: (.*)", said) == ["no such words"], said


def test_another_byte_of_a_document(recorded, altered, tmp_path):
    """Also if it looks like a renamed word."""
    other = record(altered("stdout", "'s/type\":\"pcap_file/type\":\"pcap_pile/'"), tmp_path / "other")
    renamed = tmp_path / "renamed"
    renamed.write_text("pcap_file\tpcap_pile\n")
    code, said = proof("behavior", "compare", recorded, other, "--renamed", renamed)
    # Dead letters are words, and there it stands for the word that was not renamed.
    assert code == 1 and "2 differ: server-rejects-all tshark-crashes-at-17" in said and "pcap_pile" in said, said


@pytest.mark.parametrize("name, pattern, new", [
    ("tshark-crashes-at-17", r"(?<=exit status\n)4", "0"),
    ("tshark-crashes-at-17", r"-T ek -P -V -l", "-T ek -V -l"),
    ("tshark-crashes-at-17", r"(?<=input of 1680 bytes, )\w", "x"),
    ("tshark-crashes-at-17", r"==== tshark 5\n(.*\n)*?====", "===="),
    ("server-rejects-all", r'(?<=data\.data":")\w', "x"),
    ("server-rejects-all", r"(?<=POST /_bulk).*?(?= -> )", "?a=b"),
    ("server-rejects-all", r"(?<=espcap-dead-letter.ndjson: -rw)-", "x"),
])
def test_another_record(name, pattern, new, recorded, tmp_path):
    """Each kind of thing that a record holds."""
    shutil.copytree(recorded, tmp_path / "other")
    text, count = re.subn(pattern, new, (recorded / name).read_text(), count=1)
    assert count == 1, "nothing to change: %s" % (recorded / name).read_text()[:3000]
    (tmp_path / "other" / name).write_text(text)
    code, said = proof("behavior", "compare", recorded, tmp_path / "other")
    assert code == 1 and "1 differ: " + name in said, said


def test_scenario_that_is_missing(recorded, tmp_path):
    shutil.copytree(recorded, tmp_path / "other")
    (tmp_path / "other" / SCENARIOS[0]).unlink()
    code, said = proof("behavior", "compare", recorded, tmp_path / "other")
    assert code == 1 and "1 differ: " + SCENARIOS[0] in said, said


def test_record_of_an_earlier_build(tmp_path):
    """It is not taken for one of this build."""
    (tmp_path / "server-rejects-all").write_text("old")
    assert proof("behavior", "record", BUILD, tmp_path, "-k", "usage-unknown-option")[0] == 0
    assert sorted(os.listdir(tmp_path)) == ["server-rejects-all", "usage-unknown-option"]
    (tmp_path / "mine").write_text("not to be touched")
    code, said = proof("behavior", "record", BUILD, tmp_path, "-k", "usage-unknown-option")
    assert code == 1 and "mine is no record" in said and (tmp_path / "mine").read_text() == "not to be touched", said


def test_added_lines(recorded, tmp_path):
    """An alias may be in the help, where the list says so; not in a document."""
    shutil.copytree(recorded, tmp_path / "other")
    text = (recorded / SCENARIOS[0]).read_text()
    (tmp_path / "other" / SCENARIOS[0]).write_text(text.replace("stderr\n", "stderr\nanother line\n"))
    renamed = tmp_path / "renamed"
    renamed.write_text("+\tanother line\n")
    assert proof("behavior", "compare", recorded, tmp_path / "other")[0] == 1
    assert proof("behavior", "compare", recorded, tmp_path / "other", "--renamed", renamed)[0] == 0
