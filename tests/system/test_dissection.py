# SPDX-License-Identifier: BSD-2-Clause
"""However a packet is dissected, its document is the same; and without a plugin that works espcap goes on with -T ek."""

import functools
import json
import os
import random
import shutil
import stat
import struct
import subprocess
import tempfile
import time

import pytest

import conftest
import espcap
import fakes
import frames
import pdml
import test_documents
import tshark

PACKETS = 40
VERSION = ".".join(tshark.run(["--version"]).decode().split("(Wireshark) ")[1].split(".")[:2])
PLUGIN = os.path.join(os.path.dirname(espcap.PROGRAM), "plugin", VERSION, "espcap.so")
SAMPLE = os.path.join(os.path.dirname(PLUGIN), "selftest.pcapng")
WITH = "tshark runs with the plugin"
WITHOUT = "tshark runs without the plugin: "

needs_plugin = pytest.mark.skipif(
    not os.path.exists(PLUGIN), reason="no plugin for this tshark was built: install libwireshark-dev and wireshark-dev")


# What may differ between the documents of the three ways by design. Each is one function, NORMALISATIONS names all, and
# test_normalisation_is_needed has a case for each that fails without it.

def in_any_order(fields):
    """Objects are compared as objects: their members have no order."""
    return sorted(fields)


def as_multiset(items):
    """-T ek groups the values of a field by sub-tree: arrays are compared without their order."""
    return sorted(items, key=repr)


def as_one(name):
    """A few names are one in EK (bgp.prefix.length, bgp.prefix_length)."""
    return pdml.homonym(name)


def without_info(document, other):
    """PDML does not tell the Info column, so that it cannot have been cut either."""
    if "info" in other:
        return document
    left = {name: value for name, value in document.items() if name != "info"}
    if "truncated" in left.get("espcap", {}):
        left["espcap"] = dict(left["espcap"])
        cut = [name for name in left["espcap"].pop("truncated") if name != "info"]
        left["espcap"].update({"truncated": cut} if cut else {})
    return left


NORMALISATIONS = (in_any_order, as_multiset, as_one, without_info)


def normal(value):
    if isinstance(value, dict):
        fields = {}
        for name, item in value.items():
            items = item if isinstance(item, list) else [item]
            fields.setdefault(as_one(name), []).extend(map(normal, items))
        return "object", in_any_order([(name, as_multiset(items)) for name, items in fields.items()])
    return type(value).__name__, value


def differences(left, right):
    """The numbers of the packets whose documents differ."""
    assert len(left) == len(right)
    return [one["frame_number"] for one, other in zip(left, right)
            if normal(without_info(one, other)) != normal(without_info(other, one))]


ONE = {"frame_number": 1, "layers": {"a": {"x": ["1", "2"], "y": True}}, "info": "i"}
HOMONYM = "smb.alloc_size", "smb.alloc.size"
# normalisation, what stands in when it is switched off, two documents that are the same.
CASES = (
    (in_any_order, lambda fields: fields, ONE,
     {"info": "i", "layers": {"a": {"y": True, "x": ["1", "2"]}}, "frame_number": 1}),
    (as_multiset, lambda items: items, ONE, {**ONE, "layers": {"a": {"x": ["2", "1"], "y": True}}}),
    (as_one, lambda name: name, {**ONE, "layers": {HOMONYM[0]: "1"}}, {**ONE, "layers": {HOMONYM[1]: "1"}}),
    (without_info, lambda document, other: document, {**ONE, "espcap": {"truncated": ["a.x", "info"]}},
     {"frame_number": 1, "layers": ONE["layers"], "espcap": {"truncated": ["a.x"]}}),
)


def test_every_normalisation_has_a_case():
    assert {case[0] for case in CASES} == set(NORMALISATIONS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_normalisation_is_needed(case, monkeypatch):
    function, stand_in, one, other = case
    assert differences([one], [other]) == []
    monkeypatch.setitem(globals(), function.__name__, stand_in)
    assert differences([one], [other]) == [1]


def test_the_comparison_bites():
    for layers in ({"a": {"x": ["1", "1", "2"], "y": True}}, {"a": {"x": ["1", "2"], "y": "true"}},
                   {"a": {"x": ["1", "2"]}}, {"b": {"x": ["1", "2"], "y": True}}):
        assert differences([ONE], [{**ONE, "layers": layers}]) == [1]
    assert differences([ONE], [{**ONE, "info": "j"}]) == [1]


def ways():
    """Those that can be had here."""
    return ("ek", "pdml", "plugin") if os.path.exists(PLUGIN) else ("ek", "pdml")


def in_all_ways(*arguments, **keywords):
    """The results of one run each way, all with the same counts and documents."""
    results = {how: espcap.run(*arguments, "--dissection=" + how, **keywords) for how in ways()}
    for how, result in results.items():
        assert result.code == 0, result.errors
        assert result.counts == results["ek"].counts, how
        assert differences(result.documents, results["ek"].documents) == [], how
        if how == "plugin":
            assert differences(result.documents, results["pdml"].documents) == []
    return results


@functools.lru_cache(maxsize=None)
def all_ways(capture):
    """The same for all of a capture, once for all tests that want it."""
    return in_all_ways("--file", capture, *espcap.options_for(capture))


def test_three_ways_make_equal_documents(capture):
    results = all_ways(capture)
    assert all("info" not in document for document in results["pdml"].documents)
    # These two follow the tree, so that not even the order of values differs.
    if "plugin" in results:
        ordered = [json.dumps({name: value for name, value in document.items() if name != "info"})
                   for document in results["plugin"].documents]
        assert ordered == [json.dumps(document) for document in results["pdml"].documents]


# --- Only some fields -----------------------------------------------------------

def names_of(value):
    """The fields in the layers of a document."""
    if isinstance(value, list):
        return set().union(*map(names_of, value))
    if not isinstance(value, dict):
        return set()
    inner = [item for item in value.values() if isinstance(item, dict) or isinstance(item, list) and isinstance(item[0], dict)]
    return {name for name, item in value.items() if item not in inner}.union(*map(names_of, inner))


@needs_plugin
def test_lean_documents(capture):
    """What the plugin makes when it makes few fields is what it makes of them among all."""
    options = espcap.options_for(capture)
    full = all_ways(capture)["plugin"]
    names = sorted(set().union(*(names_of(document["layers"]) for document in full.documents)) - {"envelope", "text"})
    wanted = random.Random(os.path.basename(capture)).sample(names, min(len(names), 40)) or ["ip.src"]
    lean = espcap.run("--file", capture, "--dissection=plugin", "--fields=" + ",".join(wanted), *options)
    assert lean.code == 0, lean.errors
    assert lean.counts == full.counts
    assert differences(lean.documents, [test_documents.thin(document, wanted) for document in full.documents]) == []


@needs_plugin
def test_only_what_a_lean_document_needs_is_made(good, fake):
    fake.behave("""
with open(os.path.join(HERE, "flags", "form"), "w") as target:
    target.write(words[words.index("-z") + 1])
for piece in real():
    out.write(piece)
""")
    fake.knows_plugin()
    for fields, only in (("ip.id,ip.src", True), ("ip.id,ip.src,text", False)):
        result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--fields", fields)
        assert result.code == 0 and len(result.documents) == PACKETS, result.errors
        form = fake.flag("form")
        needed = form.partition("only=")[2].split("+")
        assert ("ip.id" in needed) == ("dns.qry.name" in needed) == ("frame.protocols" in needed) == only, form
        assert "ip.dsfield" not in needed


# --- The same, whatever is asked for ----------------------------------------------

@pytest.mark.parametrize("options", [
    ["--display-filter=dns"], ["--display-filter=frame.number % 2 == 1 || tcp", "--count=20"],
    ["--bpf=udp or tcp"], ["--count=7"], ["--fields=dns.qry.name,ip.src,tcp.srcport"],
    ["--max-value=5"], ["--decode-as=udp.port==53,data"],
    ["--display-filter=frame.number % 3 == 0", "--fields=dns.qry.name,ip.src,udp.srcport"],
    ["--display-filter=dns", "--bpf=udp", "--fields=frame.time_delta_displayed,dns.id"],
], ids=lambda options: " ".join(options))
@pytest.mark.parametrize("from_pipe", [False, True], ids=["file", "pipe"])
def test_options_mean_the_same(options, from_pipe):
    capture = next(name for name in conftest.CAPTURES if os.path.basename(name) == "dns.pcap")
    if from_pipe:
        with open(capture, "rb") as source:
            results = in_all_ways("--file=-", *options, stdin=source.read())
    else:
        results = in_all_ways("--file", capture, *options)
    assert results["ek"].counts["printed"] > 0


def test_a_format_that_only_tshark_knows(folder):
    """Of those espcap does not know the packets."""
    capture = next(name for name in conftest.CAPTURES if os.path.basename(name) == "dns.pcap")
    snoop = os.path.join(folder, "dns.snoop")
    subprocess.run(["editcap", "-F", "snoop", capture, snoop], check=True, capture_output=True)
    for options in ([], ["--count=3"], ["--display-filter=dns.flags.response == 1"]):
        in_all_ways("--file", snoop, *options)


# --- Which way is taken -------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    os.chmod(tmp_path, 0o755)
    return str(tmp_path)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    packets = [frames.plain(b"packet %d " % number + b"x" * number) for number in range(1, PACKETS + 1)]
    path = tmp_path_factory.mktemp("good") / "good.pcap"
    path.write_bytes(frames.pcap(packets))
    return str(path)


class Tree:
    """A copy of the program in a build tree of its own, with whatever plugin."""

    def __init__(self, folder):
        # Folders of pytest are private, but the program's user must come to the plugin.
        self.folder = folder
        os.chmod(folder, 0o755)
        self.program = os.path.join(folder, "espcap")
        shutil.copy(espcap.PROGRAM, self.program)
        open(os.path.join(folder, "config.status"), "w", encoding="utf-8").close()
        os.mkdir(os.path.join(folder, "conf"))
        for name in ("protocols.list", "typed.list"):
            shutil.copy(os.path.join(espcap.ROOT, "conf", name), os.path.join(folder, "conf"))
        self.plugin = self.path(VERSION)
        self.sample = os.path.join(os.path.dirname(self.plugin), "selftest.pcapng")
        self.temporary = os.path.join(folder, "tmp")
        os.mkdir(self.temporary)
        os.chmod(self.temporary, 0o1777)

    def path(self, version):
        os.makedirs(os.path.join(self.folder, "plugin", version), mode=0o755, exist_ok=True)
        return os.path.join(self.folder, "plugin", version, "espcap.so")

    def copy(self, path=None):
        path = path or self.plugin
        for source, target in ((PLUGIN, path), (SAMPLE, os.path.join(os.path.dirname(path), os.path.basename(SAMPLE)))):
            shutil.copy(source, target)
            os.chmod(target, 0o644)

    def run(self, *arguments):
        done = subprocess.run([self.program, "--verbose", *arguments], capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=120,
                              env={**espcap.ENVIRONMENT, "TMPDIR": self.temporary})
        return espcap.Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def tree():
    made = Tree(tempfile.mkdtemp(prefix="espcap-test-"))
    yield made
    shutil.rmtree(made.folder)


def assert_falls_back(tree, good, why):
    """auto goes on without the plugin, and says why; plugin is refused with the same reason."""
    result = tree.run("--file", good)
    assert result.code == 0, result.errors
    assert WITHOUT in result.errors and why in result.errors, result.errors
    assert [document["frame_number"] for document in result.documents] == list(range(1, PACKETS + 1))
    result = tree.run("--file", good, "--dissection=plugin")
    assert result.code == 2, result.errors
    assert result.output == b""
    assert "--dissection=plugin: " in result.errors and why in result.errors, result.errors
    assert os.listdir(tree.temporary) == [], "a home is left behind"


@needs_plugin
def test_auto_takes_the_plugin(tree, good):
    tree.copy()
    for _ in range(2):
        result = tree.run("--file", good)
        assert result.code == 0 and WITH in result.errors, result.errors
        assert result.counts["printed"] == PACKETS
    result = tree.run("--file", good, "--dissection=ek")
    assert result.code == 0 and "plugin" not in result.errors
    assert os.listdir(tree.temporary) == [], "a home is left behind"


def test_missing(tree, good):
    assert_falls_back(tree, good, "none for Wireshark %s" % VERSION)


@needs_plugin
def test_for_another_version(tree, good):
    tree.copy(tree.path("3.99"))
    assert_falls_back(tree, good, "none for Wireshark %s" % VERSION)


@needs_plugin
def test_in_the_folder_of_another_version(tree, good):
    """What a plugin says of itself counts, too: tshark does not load it."""
    with open(PLUGIN, "rb") as source:
        content = source.read()
    readelf = subprocess.run(["readelf", "-Ws", PLUGIN], capture_output=True, text=True, check=True).stdout
    symbol = next(line.split() for line in readelf.splitlines() if line.endswith("plugin_want_minor"))
    sections = subprocess.run(["readelf", "-WS", PLUGIN], capture_output=True, text=True, check=True).stdout
    rodata = next(line.split("]")[1].split() for line in sections.splitlines() if ".rodata" in line)
    at = int(symbol[1], 16) - int(rodata[2], 16) + int(rodata[3], 16)
    assert struct.unpack_from("<i", content, at)[0] == int(VERSION.split(".")[1])
    with open(tree.plugin, "wb") as target:
        target.write(content[:at] + struct.pack("<i", 99) + content[at + 4:])
    os.chmod(tree.plugin, 0o644)
    assert_falls_back(tree, good, "tshark does not run with it")


@needs_plugin
@pytest.mark.parametrize("damage", ["empty", "cut", "rubbish"])
def test_damaged(damage, tree, good):
    with open(PLUGIN, "rb") as source:
        content = source.read()
    with open(tree.plugin, "wb") as target:
        target.write({"empty": b"", "cut": content[:3000], "rubbish": os.urandom(5000)}[damage])
    os.chmod(tree.plugin, 0o644)
    assert_falls_back(tree, good, "tshark does not run with it")


@needs_plugin
@pytest.mark.parametrize("what", ["file", "folder", "folder above"])
def test_others_could_change_it(what, tree, good):
    tree.copy()
    path = {"file": tree.plugin, "folder": os.path.dirname(tree.plugin),
            "folder above": os.path.join(tree.folder, "plugin")}[what]
    os.chmod(path, os.stat(path).st_mode | stat.S_IWOTH)
    assert_falls_back(tree, good, "others could change")


@needs_plugin
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files of another user")
def test_of_another_user(tree, good):
    tree.copy()
    os.chown(tree.plugin, 12345, 12345)
    assert_falls_back(tree, good, "others could change")


@needs_plugin
def test_not_readable(tree, good, unprivileged):
    tree.copy()
    os.chmod(tree.plugin, 0o200)
    assert_falls_back(tree, good, "Permission denied")


@needs_plugin
def test_tshark_that_does_not_know_it(good, fake):
    fake.behave(fakes.HONEST)
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--verbose")
    assert result.code == 0 and WITHOUT in result.errors and "Invalid -z" in result.errors, result.errors
    assert result.counts["printed"] == PACKETS


@needs_plugin
def test_tshark_that_ignores_it(good, fake):
    fake.behave("""
while "-z" in words:
    words[words.index("-z"):words.index("-z") + 2] = []
    words[words.index("-q")] = "-Tek"
for line in real():
    say(line)
""")
    fake.knows_plugin()
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--verbose")
    assert result.code == 0 and WITHOUT + "tshark does not know it" in result.errors, result.errors
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--dissection=plugin")
    assert result.code == 2 and "tshark does not know it" in result.errors, result.errors


@needs_plugin
def test_rules_are_refused_as_ever(good):
    for how in ("auto", "plugin", "ek"):
        result = espcap.run("--file", good, "--display-filter=ip and http.requst==1", "--dissection=" + how)
        assert result.code == 2, result.errors
        # The mark stays below the place.
        assert result.errors == (
            'espcap: tshark: Left side of "==" expression must be a field or function, not http.requst.\n'
            "espcap:     ip and http.requst==1\n"
            "espcap:            ^~~~~~~~~~~\n"
            "espcap: tshark refuses --display-filter=ip and http.requst==1\n")


@pytest.mark.parametrize("options, named", [
    (["--decode-as=nonsense"], "--decode-as=nonsense"),
    (["--display-filter=ip", "--decode-as=tcp.port==8888,http", "--decode-as=tcp.port==1,foo"], "--decode-as=tcp.port==1,foo"),
    (["--display-filter=no.such", "--decode-as=tcp.port==8888,http"], "--display-filter=no.such"),
], ids=["alone", "second rule", "filter"])
def test_the_refused_option_is_named(good, options, named):
    result = espcap.run("--file", good, *options)
    assert result.code == 2, result.errors
    last = result.errors.splitlines()[-1]
    assert last.split(";")[0] == "espcap: tshark refuses " + named
    assert ("tcp.port==8888,http" in last) == named.startswith("--decode-as")


# --- A plugin that fails in the middle ----------------------------------------

# Writes so many bytes of the frames, if there are that many, and then does that.
CUT = """
if "-z" in words:
    data = b"".join(real())
    say(data[:%d])
    if len(data) > %d:
        %s
else:
    for line in real():
        say(line)
"""


@functools.lru_cache(maxsize=None)
def by_ek(capture):
    """The documents of a capture, as -T ek makes them."""
    return espcap.run("--file", capture, "--dissection=ek").documents


@needs_plugin
@pytest.mark.parametrize("at", [9, 10, 5000, 12000])
@pytest.mark.parametrize("what", ["die(signal.SIGSEGV)", "sys.exit(0)", "say(b'\\xff' * 100 + data)"],
                         ids=["crash", "cut", "lie"])
@pytest.mark.parametrize("from_pipe", [False, True], ids=["file", "pipe"])
def test_failure_in_the_middle(at, what, from_pipe, good, fake):
    """Nothing is lost, nothing comes twice, and it is said."""
    fake.behave(CUT % (at, at, what))
    fake.knows_plugin()
    if from_pipe:
        with open(good, "rb") as source:
            result = espcap.run("--file=-", "--tshark", fake.path, fakes.FREE, "--verbose", stdin=source.read())
    else:
        result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--verbose")
    assert WITH in result.errors, result.errors
    assert "tshark failed with the plugin (" in result.errors, result.errors
    assert "tshark failed with the plugin and was run without it: 1 times" in result.errors
    assert result.code == 0, result.errors
    assert result.counts["printed"] == PACKETS
    if not from_pipe:
        assert differences(result.documents, by_ek(good)) == []
    assert [document["frame_number"] for document in result.documents] == list(range(1, PACKETS + 1))


@needs_plugin
@pytest.mark.parametrize("from_pipe", [False, True], ids=["file", "pipe"])
def test_packet_that_crashes_every_tshark(from_pipe, good, fake):
    """With the plugin, and then without: it is buried, and all others come."""
    fake.behave("""
if "-z" in words:
    data = b"".join(real())
    if len(data) > 9:
        say(data[:5000])
        die(signal.SIGSEGV)
    say(data)
    sys.exit(0)
for line in real():
    if is_at(line, 17):
        die(signal.SIGSEGV)
    say(line)
""")
    fake.knows_plugin()
    if from_pipe:
        with open(good, "rb") as source:
            result = espcap.run("--file=-", "--tshark", fake.path, fakes.FREE, stdin=source.read())
    else:
        result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE)
    assert result.code == 4, result.errors
    assert result.counts["undissected"] == 1
    assert [document["frame_number"] for document in result.documents] == [
        number for number in range(1, PACKETS + 1) if number != 17]


@needs_plugin
def test_failure_with_a_display_filter(good, fake):
    fake.behave(CUT % (8000, 8000, "die(signal.SIGSEGV)"))
    fake.knows_plugin()
    result = espcap.run("--file", good, "--tshark", fake.path, fakes.FREE, "--display-filter=frame.number % 2 == 0")
    assert result.code == 0, result.errors
    assert [document["frame_number"] for document in result.documents] == list(range(2, PACKETS + 1, 2))
    assert result.counts["filtered"] == PACKETS // 2


@needs_plugin
@conftest.needs_plain
def test_memory_of_a_huge_value(good, fake):
    """A value of a hundred megabytes is passed over, not kept."""
    fake.behave("""
data = b"".join(real())
if len(data) > 9:
    size, number = 100 << 20, b""
    more = size
    while more > 127:
        number += bytes([more & 127 | 128])
        more >>= 7
    number += bytes([more])
    # An Info text in front of the packet's own.
    packet = data.index(b"\\x11", 9)
    out.write(data[:packet + 1] + b"\\x04" + number)
    for _ in range(size >> 20):
        out.write(b"x" * (1 << 20))
    data = data[packet + 1:]
say(data)
""")
    fake.knows_plugin()
    peak = 0
    with subprocess.Popen([espcap.PLAIN, "--file", good, "--tshark", fake.path, fakes.FREE, "--verbose"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=espcap.ENVIRONMENT) as child:
        while child.poll() is None:
            peak = max(peak, espcap.high_water(child.pid))
            time.sleep(0.005)
        errors = child.stderr.read().decode()
    assert child.returncode == 0 and WITH in errors and "failed" not in errors, errors
    assert 0 < peak < 100 << 10
