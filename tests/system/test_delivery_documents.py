# SPDX-License-Identifier: BSD-2-Clause
"""What real servers hold after a delivery: documents, ids, indices and template, and what each option changes of them."""

import calendar
import collections
import datetime
import functools
import gzip
import json
import os
import re
import shutil
import subprocess

import pytest

import deliveries
import engines
import espcap
import frames
import tshark
from deliveries import deliver

ALL = ["elasticsearch-8.8.2", "elasticsearch-9.1.0", "opensearch-2.19.1", "opensearch-3.3.0"]
ONE_OF_EACH = ["elasticsearch-8.8.2", "opensearch-2.19.1"]
# OpenSearch refuses a document with a longer value below "layers", so towards it espcap cuts.
OPENSEARCH_VALUE_MAX = 32000
TEMPLATE = "_index_template/espcap-packets"
DAY = 86400


def all_servers(test):
    return pytest.mark.parametrize("server", ALL, indirect=True)(test)


def one_of_each(test):
    return pytest.mark.parametrize("server", ONE_OF_EACH, indirect=True)(test)


@pytest.fixture
def server(request):
    """The shared server of this name, empty before and after."""
    with engines.running(request.param) as it:
        it.wipe()
        yield it
        it.wipe()


def is_opensearch(server):
    return server.name.startswith("opensearch")


def at(text):
    """Seconds since 1970 of a UTC time."""
    return calendar.timegm(datetime.datetime.fromisoformat(text).timetuple())


def day_of(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y-%m-%d")


def capture_at(folder, name, *seconds):
    """A capture with one packet at each of these times."""
    path = os.path.join(str(folder), name)
    with open(path, "wb") as target:
        target.write(frames.pcap_header())
        for number, second in enumerate(seconds):
            target.write(frames.pcap_record(frames.plain(b"packet %d" % number), second))
    return path


def indices(server, pattern="*"):
    rows = server.get("_cat/indices/%s?format=json&h=index&expand_wildcards=open,closed" % pattern)
    return sorted(row["index"] for row in rows if not row["index"].startswith("."))


def assert_done(done, **counts):
    assert done.code == 0, "exit %d: %s" % (done.code, done.errors)
    assert {name: done.counts[name] for name in counts} == counts, done.errors


# The documents.

@functools.lru_cache(maxsize=None)
def printed(value_max):
    """What espcap prints of each packet of the test captures: (file_name, frame_number) -> document."""
    options = ["--max-value=%d" % value_max] if value_max else []
    done = espcap.run("--dir", espcap.CAPTURE_DIR, "--quiet", *options)
    assert done.code == 0, done.errors
    return {place_of(document): document for document in done.documents}


def place_of(document):
    return document["file_name"], document["frame_number"]


def uncompressed(path):
    """The bytes of a capture file, unpacked by other programs than espcap."""
    if path.endswith(".gz"):
        with gzip.open(path) as source:
            return source.read()
    for ending, program in ((".zst", "zstd"), (".lz4", "lz4")):
        if path.endswith(ending):
            return subprocess.run([program, "-dc", path], stdout=subprocess.PIPE, check=True).stdout
    with open(path, "rb") as source:
        return source.read()


def pcap_packets(content):
    """(time in ns, bytes, length on the wire) of each packet of a pcap file."""
    is_nano = frames.NANO.to_bytes(4, "little") in (content[:4], content[3::-1])
    for second, fraction, data, wire in frames.read_pcap(content):
        yield second * 10**9 + fraction * (1 if is_nano else 1000), data, wire


def tshark_packets(path):
    """The same of any capture, as tshark reads it."""
    times = [row[0][0] for row in tshark.columns(path, ("frame.time_epoch",))]
    packets = frames.read_pcapng(tshark.read(path, ["-F", "pcapng", "-w", "-"]))
    for time, (_, data, wire) in zip(times, packets, strict=True):
        second, fraction = time.split(".")
        yield int(second) * 10**9 + int(fraction.ljust(9, "0")), data, wire


@functools.lru_cache(maxsize=None)
def packets():
    """What makes each packet of the test captures the one it is: (file_name, frame_number) -> capture, place, time, bytes, length.

    Captures that begin with the same packet are the same capture, under other names or compressed.
    """
    found = {}
    for path in espcap.captures():
        content = uncompressed(path)
        is_pcap = content[:4] != b"\x0a\x0d\x0d\x0a"
        first = None
        for number, packet in enumerate(pcap_packets(content) if is_pcap else tshark_packets(path), 1):
            first = first or packet
            found[path, number] = (first, number, packet)
    return found


@pytest.fixture
def held(server, tmp_path):
    """A server with all test captures, and the run that brought them."""
    done = deliver(server, None, tmp_path, "--dir", espcap.CAPTURE_DIR, seconds=300)
    assert done.code == 0, done.errors
    return server, done


@all_servers
def test_every_packet_of_the_captures_once_and_as_printed(held, tmp_path):
    server, done = held
    hits = server.all_documents("packets-*")
    known = collections.Counter(packets()[place_of(hit["_source"])] for hit in hits)
    assert set(known) == set(packets().values())
    assert set(known.values()) == {1}
    assert len({hit["_id"] for hit in hits}) == len(hits)
    assert_done(done, read=len(packets()), indexed=len(hits), duplicate=len(packets()) - len(hits), rejected=0)
    # Some test captures are others in another form: else nothing was shown of duplicates.
    assert done.counts["duplicate"] > 0

    expected = printed(OPENSEARCH_VALUE_MAX if is_opensearch(server) else 0)
    for hit in hits:
        assert hit["_source"] == expected[place_of(hit["_source"])], hit["_id"]
        assert deliveries.ID.match(hit["_id"])
        assert hit["_index"] == "packets-" + hit["_source"]["@timestamp"][:10]

    again = deliver(server, None, tmp_path, "--dir", espcap.CAPTURE_DIR, seconds=300)
    assert_done(again, read=len(packets()), indexed=0, duplicate=len(packets()))
    assert server.count("packets-*") == len(hits)


def long_value(folder):
    """A capture with one packet whose payload has 20,000 bytes: 59,999 characters as text."""
    path = os.path.join(str(folder), "long.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"\xab" * 20000)]))
    return path


@all_servers
def test_long_value_is_cut_only_where_the_server_would_refuse_it(server, tmp_path):
    capture = long_value(tmp_path)
    assert_done(deliver(server, capture, tmp_path), indexed=1)
    options = ["--max-value=%d" % OPENSEARCH_VALUE_MAX] if is_opensearch(server) else []
    expected = espcap.run("--file", capture, *options).documents[0]
    (hit,) = server.all_documents("packets-*")
    assert hit["_source"] == expected
    longest = max(map(len, strings(expected)))
    if is_opensearch(server):
        assert expected["espcap"]["truncated"] and 30000 < longest <= OPENSEARCH_VALUE_MAX
    else:
        assert "truncated" not in expected["espcap"] and longest == 59999


def strings(value):
    if isinstance(value, dict):
        return [text for member in value.values() for text in strings(member)]
    if isinstance(value, list):
        return [text for member in value for text in strings(member)]
    return [value] if isinstance(value, str) else []


# Ids.

@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A folder with some small captures."""
    folder = tmp_path_factory.mktemp("few")
    folder.chmod(0o755)
    for name in ("arp-icmp.pcap", "cooked.pcap", "dns.pcap", "nanosecond.pcap", "two-links.pcapng"):
        shutil.copy(os.path.join(espcap.CAPTURE_DIR, name), folder)
    return str(folder)


def ids(server, prefix):
    """(file_name, frame_number) -> id."""
    return {place_of(hit["_source"]): hit["_id"] for hit in server.all_documents(prefix + "-*")}


WAYS = {
    "jobs": ["--jobs=1"],
    "bpf": ["--bpf=udp"],
    "count": ["--count=40", "--jobs=1"],
    "chunk": ["--chunk=7"],
    "fields": ["--fields=frame.number,ip.src"],
}


@one_of_each
def test_ids_are_those_of_the_packets_however_they_are_read(server, few, tmp_path):
    assert deliver(server, None, tmp_path, "--dir", few).code == 0
    whole = ids(server, "packets")
    assert len(whole) == len(set(whole.values())) == 15 + 6 + 48 + 12 + 35
    for name, options in WAYS.items():
        assert deliver(server, None, tmp_path, "--dir", few, "--index=" + name, *options).code == 0
        part = ids(server, name)
        assert part.items() <= whole.items(), name
        assert len(part) == {"bpf": udp_packets(few), "count": 40}.get(name, len(whole)), name


def udp_packets(folder):
    """Packets whose outermost IP header says UDP, which is what the filter means."""
    found = 0
    for name in os.listdir(folder):
        rows = tshark.columns(os.path.join(folder, name), ("frame.protocols", "ip.proto", "ipv6.nxt"))
        found += sum(1 for (_, four, six) in rows if (four or six or [""])[0] == "17")
    return found


@one_of_each
def test_ids_of_a_capture_moved_compressed_and_grown(server, few, tmp_path):
    source = os.path.join(few, "dns.pcap")
    with open(source, "rb") as content:
        whole = content.read()
    offset = 24 + sum(16 + len(data) for _, _, data, _ in list(frames.read_pcap(whole))[:20])
    grown = tmp_path / "grown.pcap"
    grown.write_bytes(whole[:offset])
    assert_done(deliver(server, str(grown), tmp_path), indexed=20)
    with gzip.open(tmp_path / "other.gz", "wb") as packed:
        packed.write(whole)
    assert_done(deliver(server, str(tmp_path / "other.gz"), tmp_path), indexed=28, duplicate=20)
    grown.write_bytes(whole)
    assert_done(deliver(server, str(grown), tmp_path), indexed=0, duplicate=48)


@one_of_each
def test_ids_of_the_server(server, few, tmp_path):
    capture = os.path.join(few, "cooked.pcap")
    for run in (1, 2):
        done = deliver(server, capture, tmp_path, "--id=auto")
        assert_done(done, indexed=6, duplicate=0)
        assert server.count("packets-*") == 6 * run
    assert len({hit["_id"] for hit in server.all_documents("packets-*")}) == 12


# Indices.

DAYS = {
    "1989-12-31 23:59:59": "packets-undated",
    "1990-01-01 00:00:00": "packets-1990-01-01",
    "2000-02-29 12:00:00": "packets-2000-02-29",
    "2015-07-30 23:59:59": "packets-2015-07-30",
    "2015-07-31 00:00:00": "packets-2015-07-31",
    "2099-12-31 23:59:59": "packets-2099-12-31",
    "2100-01-01 00:00:00": "packets-undated",
}


@all_servers
@pytest.mark.parametrize("zone", ["America/Los_Angeles"])
def test_index_is_the_utc_day_of_the_packet(server, zone, tmp_path):
    capture = capture_at(tmp_path, "days.pcap", *map(at, DAYS))
    assert_done(deliver(server, capture, tmp_path, environment={"TZ": zone}), indexed=len(DAYS))
    found = {hit["_source"]["sniff_date_utc"]: hit["_index"] for hit in server.all_documents("packets-*")}
    assert found == DAYS
    assert indices(server) == sorted(set(DAYS.values()))


@one_of_each
def test_packets_of_too_many_days_are_rejected(server, tmp_path):
    days = [at("2015-07-30 00:00:00") + DAY * number for number in (0, 1, 0, 2, 1, 3)]
    capture = capture_at(tmp_path, "many.pcap", *days)
    done = deliver(server, capture, tmp_path, "--max-indices=2")
    assert done.code == 6, done.errors
    assert (done.counts["indexed"], done.counts["rejected"]) == (4, 2)
    assert indices(server) == ["packets-2015-07-30", "packets-2015-07-31"]
    assert sorted(letter["index"] for letter in done.rejected) == ["packets-2015-08-01", "packets-2015-08-02"]
    assert all("max-indices" in letter["reason"] for letter in done.rejected), done.rejected
    again = deliver(server, None, tmp_path, "--replay", done.dead_letter, "--dead-letter=second")
    assert again.code == 0, again.errors
    assert server.count("packets-*") == 6


@one_of_each
def test_another_prefix(server, few, tmp_path):
    capture = os.path.join(few, "cooked.pcap")
    assert_done(deliver(server, capture, tmp_path, "--index=lab-wifi", "--shards=2", "--replicas=0"), indexed=6)
    (name,) = indices(server)
    assert re.fullmatch(r"lab-wifi-\d{4}-\d\d-\d\d", name)
    assert server.get("_index_template/espcap-*")["index_templates"][0]["index_template"]["index_patterns"] == ["lab-wifi-*"]
    settings = server.get(name + "/_settings")[name]["settings"]["index"]
    assert (settings["number_of_shards"], settings["number_of_replicas"]) == ("2", "0")
    assert settings["codec"] == "best_compression"
    # A prefix that begins like another one's indices: the servers refuse two templates of one priority.
    assert_done(deliver(server, capture, tmp_path, "--index=lab"), indexed=6)
    assert len(indices(server)) == 2


@one_of_each
def test_retention_deletes_only_our_own_old_indices(server, tmp_path):
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())
    old, older, young = now - 32 * DAY, now - 4000 * DAY, now - 28 * DAY
    # Made before there is a template of ours: a name like ours, and nothing that says that they are.
    theirs = ["packets-" + day_of(older - DAY), "packets-" + day_of(old - DAY)]
    for name in theirs:
        server.put(name)
    for prefix in ("packets", "packets-old", "other"):
        capture = capture_at(tmp_path, prefix + ".pcap", older, old, young, at("1980-01-01 00:00:00"))
        assert_done(deliver(server, capture, tmp_path, "--index=" + prefix), indexed=4)
    server.post("packets-%s/_close" % day_of(older))
    server.put("packets-2001-02-30")
    before = indices(server)
    assert len(before) == 2 + 12 + 1

    today = capture_at(tmp_path, "today.pcap", now)
    done = deliver(server, today, tmp_path, "--retention=30")
    assert_done(done, indexed=1)
    gone = {"packets-" + day_of(older), "packets-" + day_of(old)}
    assert set(indices(server)) == set(before) - gone | {"packets-" + day_of(now)}
    done.says(*gone)


# The template.

def template(server):
    return server.get(TEMPLATE)["index_templates"][0]["index_template"]


def put_template(server, changed):
    """Puts one that was read; servers refuse some of what they give."""
    known = ("index_patterns", "template", "priority", "version", "_meta", "composed_of")
    server.put(TEMPLATE, {name: changed[name] for name in known if name in changed})


@pytest.fixture
def cooked(few):
    return os.path.join(few, "cooked.pcap")


@all_servers
def test_template_is_the_printed_one(server, cooked, tmp_path):
    assert deliver(server, cooked, tmp_path).code == 0
    kind = "opensearch" if is_opensearch(server) else "elasticsearch"
    expected = json.loads(espcap.run("--print-template=" + kind).output)
    ours = template(server)
    assert ours["_meta"]["created_by"] == "espcap"
    assert ours["version"] == expected["version"] and ours["index_patterns"] == expected["index_patterns"]
    # Elasticsearch's core knows no wildcard type: then it is a keyword.
    found = ours["template"]["mappings"]["properties"]
    wanted = expected["template"]["mappings"]["properties"]
    if found["url"]["properties"]["full"]["type"] == "keyword":
        wanted = without_wildcards(wanted)
    assert found == wanted
    assert ours["template"]["mappings"]["dynamic"] in (False, "false")
    (name,) = indices(server)
    mapping = server.get(name + "/_mapping")[name]["mappings"]
    assert types(mapping["properties"]) == types(found)
    assert mapping["_meta"]["created_by"] == "espcap"


def without_wildcards(mappings):
    """As for a server that lacks them: they are keywords."""
    if mappings.get("type") == "wildcard":
        return {"type": "keyword", "ignore_above": 1024}
    return {name: without_wildcards(value) if isinstance(value, dict) else value for name, value in mappings.items()}


def types(properties, prefix=""):
    """Type of each field of a mapping by its dotted name."""
    found = {}
    for name, value in properties.items():
        if "type" in value:
            found[prefix + name] = value["type"]
        found.update(types(value.get("properties", {}), prefix + name + "."))
    return found


@one_of_each
def test_template_is_put_once(server, cooked, tmp_path):
    """A mark in it survives the next run, and goes when the option says so."""
    assert deliver(server, cooked, tmp_path).code == 0
    ours = template(server)
    put_template(server, {**ours, "_meta": {**ours["_meta"], "mark": "stays"}})
    for options, mark in (([], "stays"), (["--no-template"], "stays"), (["--template"], None)):
        done = deliver(server, cooked, tmp_path, *options)
        assert_done(done, duplicate=6)
        assert template(server)["_meta"].get("mark") == mark, options
    assert template(server) == ours


# As another espcap, or this one with other options, makes it.
OTHER_OF_OURS = {"created_by": "espcap", "digest": "0" * 32}


@one_of_each
@pytest.mark.parametrize("change,replaced", [
    ({"version": 0}, True),
    ({"version": 0, "_meta": OTHER_OF_OURS}, True),
    ({"version": 4711, "_meta": OTHER_OF_OURS}, False),
    ({"_meta": OTHER_OF_OURS}, False),
    ({"_meta": {"created_by": "somebody"}}, False),
    ({"_meta": {"created_by": "somebody"}, "version": 0}, False),
    ({"_meta": {}}, False),
], ids=["older", "older of other content", "newer", "of other settings", "somebody's", "somebody's older one", "nobody's"])
def test_template_that_is_there(change, replaced, server, cooked, tmp_path):
    assert deliver(server, cooked, tmp_path).code == 0
    ours = template(server)
    put_template(server, {**ours, **change})
    there = template(server)
    done = deliver(server, cooked, tmp_path)
    assert_done(done, duplicate=6)
    assert template(server) == (ours if replaced else there)
    if not replaced:
        done.says("template espcap-packets is left as it is")
        assert deliver(server, cooked, tmp_path, "--template").code == 0
        assert template(server) == (ours if change.get("_meta") == OTHER_OF_OURS else there)


@one_of_each
def test_no_template(server, cooked, tmp_path):
    """Then somebody else's decides."""
    server.put("_index_template/mine", {"index_patterns": ["packets-*"], "template": {"mappings": {
        "dynamic": False, "properties": {"protocol": {"type": "keyword"}}}}})
    assert_done(deliver(server, cooked, tmp_path, "--no-template"), indexed=6)
    assert server.request("GET", TEMPLATE)[0] == 404
    (name,) = indices(server)
    assert list(server.get(name + "/_mapping")[name]["mappings"]["properties"]) == ["protocol"]


@one_of_each
def test_custom_component_is_composed(server, cooked, tmp_path):
    """Also when it comes after the template."""
    assert deliver(server, cooked, tmp_path).code == 0
    assert template(server)["composed_of"] == []
    server.put("_component_template/packets@custom", {"template": {
        "settings": {"index.refresh_interval": "17s"},
        "mappings": {"properties": {"site": {"type": "keyword"}}}}})
    server.delete(indices(server)[0])
    assert_done(deliver(server, cooked, tmp_path), indexed=6)
    assert template(server)["composed_of"] == ["packets@custom"]
    (name,) = indices(server)
    assert server.get(name + "/_settings")[name]["settings"]["index"]["refresh_interval"] == "17s"
    properties = server.get(name + "/_mapping")[name]["mappings"]["properties"]
    assert properties["site"] == {"type": "keyword"} and properties["frame_number"] == {"type": "long"}


# Pipelines.

@one_of_each
def test_pipeline_that_is_missing(server, cooked, tmp_path):
    done = deliver(server, cooked, tmp_path, "--pipeline=missing")
    assert done.code == 2, done.errors
    done.says("--pipeline=missing")
    assert indices(server) == []
    assert done.counts["indexed"] == done.counts["rejected"] == 0


def has_ingest_node(server):
    return any("ingest" in node["roles"] for node in server.get("_nodes")["nodes"].values())


@one_of_each
def test_pipeline_that_is_there(server, cooked, tmp_path):
    server.put("_ingest/pipeline/mine", {"processors": []})
    done = deliver(server, cooked, tmp_path, "--pipeline=mine", "--retry-for=3s")
    if has_ingest_node(server):
        assert_done(done, indexed=6)
        return
    # The server has the pipeline, and no node that may run it: a fault of the server, not of the documents.
    assert done.code == 5, done.errors
    assert (done.counts["unsent"], done.counts["rejected"]) == (6, 0)
    done.says("ingest")
