# SPDX-License-Identifier: BSD-2-Clause
"""The tsharks that people have: every packet has its document with each of them, and what differs is listed.

tshark_differences.tsv lists it, against the tshark 4.0 of Debian 12: `gone` and `new` fields, values of another `form`
but the same number, other values, and fields that `moved` to another section. `field` is a pattern. Run as a program this
prints all differences with an example of each.
"""

import collections
import fnmatch
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

import conftest
import espcap
import others
import test_dissection
import tshark

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tshark_differences.tsv")
TITLES = ["tshark", "difference", "field", "reason"]
VERSIONS = others.versions()
# The one that the others are compared with.
BASE = "4.0"
# Seconds for a run over all captures, on a busy machine.
LIMIT = 500
HEX = re.compile(r"-?0x[0-9a-f]+")
DECIMAL = re.compile(r"-?[0-9]+")

needs_base = pytest.mark.skipif(" %s." % BASE not in tshark.version(), reason="the tshark of this system is not " + BASE)


@pytest.fixture(params=VERSIONS)
def other(request):
    return others.get(request.param)


def batches():
    """The captures by the options they need: one run of espcap for all that need the same."""
    found = collections.defaultdict(list)
    for capture in espcap.captures():
        found[tuple(espcap.options_for(capture))].append(capture)
    return found


@functools.lru_cache(maxsize=None)
def run_all(program):
    """Documents by capture, and all results of espcap; program: a tshark, None for that of the system."""
    documents, results = {}, []
    for options, captures in batches().items():
        words = [word for capture in captures for word in ("--file", capture)]
        result = espcap.run(*words, "--dissection=ek", *options, *(["--tshark", program] if program else []),
                            timeout=LIMIT)
        results.append(result)
        documents.update({capture: [] for capture in captures})
        for document in result.documents:
            documents[document["file"]["path"]].append(document)
    return documents, results


def test_every_packet_has_a_document(other):
    """All of them are read strictly, as a server would: see espcap.parse_line."""
    documents, results = run_all(other.path)
    for result in results:
        assert result.code == 0, result.errors
        assert result.counts["printed"] == result.counts["read"] == len(result.documents)
    for capture, found in documents.items():
        assert [document["frame_number"] for document in found] == list(range(1, len(found) + 1)), capture
        assert all(document["observer"]["version"] == other.full_version for document in found)


# --- What differs ----------------------------------------------------------------


def leaves(value, path=""):
    """(path, value) of all that is in an object; the objects of an array are one."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, path + "." + name if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


def fields(document):
    """(section, field, value) of all that is in a document; what is above the layers is in no section."""
    for path, value in leaves({name: value for name, value in document.items() if name != "layers"}):
        yield None, path, value
    for section, content in document["layers"].items():
        for item in content if isinstance(content, list) else [content]:
            for name, values in item.items():
                for value in values if isinstance(values, list) else [values]:
                    yield (None, "section " + section, value) if name == "envelope" else (section, name, value)


def number(value):
    """A number in whatever form, else the value."""
    if isinstance(value, str) and HEX.fullmatch(value):
        return int(value, 16)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return int(value)
    return value


def counted(triples, key):
    """Per field how often each key of (section, value) is there."""
    found = collections.defaultdict(collections.Counter)
    for section, field, value in triples:
        found[field][key(section, value)] += 1
    return found


def differences(base, other):
    """(difference, field) of two documents of one packet; where a field is does not matter as long as it is the same."""
    one, another = list(fields(base)), list(fields(other))
    places, values, numbers = ((counted(one, key), counted(another, key)) for key in (
        lambda section, value: (section, type(value).__name__, value),
        lambda section, value: (type(value).__name__, value),
        lambda section, value: (type(value).__name__, number(value))))
    for field in set(places[0]) | set(places[1]):
        if field not in places[1]:
            yield "gone", field
        elif field not in places[0]:
            yield "new", field
        elif places[0][field] == places[1][field]:
            continue
        elif values[0][field] == values[1][field]:
            yield "moved", "%s: %s to %s" % (field, *(" ".join(sorted({place[0] for place in side[field]}))
                                                       for side in places))
        else:
            yield "form" if numbers[0][field] == numbers[1][field] else "value", field


@functools.lru_cache(maxsize=None)
def all_differences(program):
    """(difference, path) -> where it was met, with an example."""
    base, _ = run_all(None)
    documents, _ = run_all(program)
    found = {}
    for capture, left in base.items():
        assert len(left) == len(documents[capture]), capture
        for one, another in zip(left, documents[capture]):
            for kind, field in differences(one, another):
                if (kind, field) in found:
                    continue
                values = ([value for _, name, value in fields(document) if name == field] for document in (one, another))
                found[kind, field] = "%s packet %d: %r, %r" % (
                    os.path.basename(capture), one["frame_number"], *values)
    return found


def read_table():
    """(versions, difference, pattern of fields) of each row."""
    with open(TABLE, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    assert rows[0] == TITLES
    assert all(len(row) == len(TITLES) and all(row) for row in rows), "a row without a reason"
    return [(versions.split(), kind, pattern) for versions, kind, pattern, _ in rows[1:]]


def matches(row, version, kind, field):
    versions, its_kind, pattern = row
    return version in versions and kind == its_kind and fnmatch.fnmatchcase(field, pattern)


@needs_base
def test_nothing_differs_but_what_is_listed(other):
    table = read_table()
    new = ["%s\t%s\t%s\t%s" % (other.version, *key, where) for key, where in all_differences(other.path).items()
           if not any(matches(row, other.version, *key) for row in table)]
    assert not new, "not in %s:\n%s" % (TABLE, "\n".join(new))


@needs_base
def test_all_that_is_listed_differs(other):
    """A row that is not met any more must go."""
    found = all_differences(other.path)
    assert [row for row in read_table() if other.version in row[0]
            and not any(matches(row, other.version, *key) for key in found)] == []


def test_the_comparison_bites():
    base = {"info": "i", "layers": {"a": {"x": ["1", "2"], "y": True, "h": "0x0800"}, "b": {"envelope": "a", "z": "z"}}}

    def compared(**layers):
        return set(differences(base, {**base, "layers": {**base["layers"], **layers}}))

    assert compared(a={"x": ["2", "1"], "y": True, "h": "0x0800"}) == set()
    assert compared(a={"x": ["2", "1", "1"], "y": True, "h": "0x0800"}) == {("value", "x")}
    assert compared(a={"x": ["1", "2"], "y": "true", "h": "2048"}) == {("value", "y"), ("form", "h")}
    assert compared(a={"x": ["1", "2"], "h": "2047", "n": "1"}) == {("gone", "y"), ("value", "h"), ("new", "n")}
    assert compared(b={"envelope": "x", "z": "z"}) == {("value", "section b")}
    assert compared(b={"envelope": "a"}, c={"z": "z"}) == {("moved", "z: b to c")}
    assert set(differences(base, {**base, "info": "j"})) == {("value", "info")}


# --- The plugin ------------------------------------------------------------------


# What is built here needs the C library of here: theirs is too old for shortcuts.so. A plugin without it is slower.
OLD_LIBRARY = ["3.4"]


@pytest.fixture(scope="module")
def plugins():
    """A copy of the program with the plugins for all tsharks side by side, and beside these what is needed to build them."""
    tree = test_dissection.Tree(tempfile.mkdtemp(prefix="espcap-test-"))
    builds = []
    for version in VERSIONS:
        folder = os.path.join(tree.folder, "build", version)
        os.makedirs(folder)
        targets = ["plugin/%s/%s" % (version, name) for name in ("espcap.so", "selftest.pcapng", "shortcuts.so")]
        builds.append((folder, targets, subprocess.Popen(
            [os.path.join(espcap.ROOT, "configure") + " -q --enable-werror --enable-plugin && make -s " + " ".join(targets)],
            shell=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PKG_CONFIG_PATH": others.get(version).pkgconfig})))
    for folder, targets, build in builds:
        said = build.communicate(timeout=300)[0].decode("utf-8", "replace")
        assert build.returncode == 0, said
        for target in targets[:2] if targets[0].split("/")[1] in OLD_LIBRARY else targets:
            path = os.path.join(os.path.dirname(tree.path(target.split("/")[1])), os.path.basename(target))
            shutil.copy(os.path.join(folder, target), path)
            os.chmod(path, 0o644)
    if os.path.exists(test_dissection.PLUGIN):
        tree.copy()
    yield tree
    shutil.rmtree(tree.folder)


def without_addresses(documents):
    """tshark 4.4 says at what address in its memory the headers of HTTP/3 are: that differs from run to run."""
    text = json.dumps(documents)
    return json.loads(re.sub(r"(HTTP3 encoded headers - bytes )0x[0-9a-f]+", r"\1", text))


def run_in(tree, *words):
    done = subprocess.run([tree.program, "--verbose", *words], capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=LIMIT, env={**espcap.ENVIRONMENT, "TMPDIR": tree.temporary})
    return espcap.Result(done.returncode, done.stdout, done.stderr)


def takes_shortcuts(other, plugins):
    """Whether shortcuts.so is there for it and, as it must, takes the place of functions in it, as ld.so tells."""
    shortcuts = os.path.join(os.path.dirname(plugins.path(other.version)), "shortcuts.so")
    if not os.path.exists(shortcuts):
        return False
    capture = next(name for name in conftest.CAPTURES if os.path.basename(name) == "dns.pcap")
    done = subprocess.run([other.path, "-n", "-V", "-r", capture], capture_output=True, check=True,
                          env={**os.environ, "LD_PRELOAD": shortcuts, "LD_DEBUG": "bindings"})
    for name in ("proto_item_append_text", "proto_tree_add_uint_format", "proto_tree_add_protocol_format",
                 "call_dissector_with_data", "epan_free", "epan_cleanup"):
        assert re.search(rb"binding file \S+ \[0\] to %s \[0\]: normal symbol `%s'"
                         % (re.escape(os.fsencode(shortcuts)), name.encode()), done.stderr), name
    return True


def test_plugin_and_ek_make_equal_documents(other, plugins):
    """With each tshark the plugin that is for it is found among all, and spares it nothing that a document has."""
    assert takes_shortcuts(other, plugins) == (other.version not in OLD_LIBRARY)
    ek, _ = run_all(other.path)
    for options, captures in batches().items():
        words = [word for capture in captures for word in ("--file", capture)]
        result = run_in(plugins, *words, "--dissection=plugin", "--tshark", other.path, *options)
        assert result.code == 0, result.errors
        assert "%s %s\n" % (test_dissection.WITH, plugins.path(other.version)) in result.errors
        assert "failed" not in result.errors, result.errors
        found = {capture: [] for capture in captures}
        for document in result.documents:
            found[document["file"]["path"]].append(document)
        for capture in captures:
            numbers = test_dissection.differences(without_addresses(found[capture]), without_addresses(ek[capture]))
            assert numbers == [], (capture, list(differences(ek[capture][numbers[0] - 1], found[capture][numbers[0] - 1])))


def test_plugin_for_another_tshark_is_not_loaded(other, plugins):
    """Not even if it is in the folder of the right one: no version takes that of another."""
    capture = conftest.plain_captures()[0]
    right = plugins.path(other.version)
    os.rename(right, right + ".kept")
    try:
        for version in [None, *(version for version in VERSIONS if version != other.version)]:
            if version:
                shutil.copy(plugins.path(version), right)
            result = run_in(plugins, "--file", capture, "--tshark", other.path)
            assert result.code == 0 and test_dissection.WITHOUT in result.errors, result.errors
            assert ("tshark does not run with it" if version else "none for Wireshark") in result.errors, result.errors
            assert result.counts["printed"] == result.counts["read"] > 0
    finally:
        os.rename(right + ".kept", right)


# --- The fences ------------------------------------------------------------------


def test_the_fences_hold_around_it(other):
    """It is not where the system has its programs, and its C library is another one."""
    capture = conftest.plain_captures()[0]
    fences = []
    for words in ([], ["--tshark", other.path]):
        result = espcap.run("--file", capture, "--verbose", "--dissection=ek", *words)
        assert result.code == 0, result.errors
        fences.append([line for line in result.errors.split("\n") if line.startswith("espcap: sandbox: ")])
    assert fences[0] == fences[1] and fences[0]


# --- The script ------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["5.0"], ["4.4", "--again"], ["list", "4.4"], ["4.4", "--remove", "x"]],
                         ids=" ".join)
def test_wrong_usage(words):
    done = others.ask(*words)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_what_cannot_be_had(folder):
    """Nothing is left behind, and it is said what is missing."""
    environment = {**os.environ, "ESPCAP_TSHARKS": folder, "ESPCAP_DEBIAN_MIRROR": "file:///nonexistent"}
    done = others.ask(VERSIONS[0], env=environment)
    assert done.returncode == others.UNAVAILABLE, done.stderr
    assert "apt-get update failed for Debian" in done.stderr and not done.stdout
    assert [name for name in os.listdir(folder) if not name.startswith(".lock")] == []


if __name__ == "__main__":
    for version in sys.argv[1:] or VERSIONS:
        for (kind, field), where in sorted(all_differences(others.get(version).path).items()):
            print("\t".join([version, kind, field, where]))
