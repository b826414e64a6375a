# SPDX-License-Identifier: BSD-2-Clause
"""Questions to an index, on real servers: the documents that it has, in order, as text, counted; and places of fields."""

import json
import os
import re

import pytest

import engines
import espcap
import screens
from test_query_faults import ALL, counts

SERVERS = ["elasticsearch-8.8.2", "opensearch-2.19.1"]
INDEX = "asked"
CAPTURES = [os.path.join(espcap.CAPTURE_DIR, name) for name in ("arp-icmp.pcap", "dns.pcap", "gre.pcap", "qinq.pcap")]


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    """A server that has the packets of these captures, and others: of a longer prefix, and without a day."""
    with engines.running(request.param) as found:
        found.wipe()
        for capture in CAPTURES:
            done = espcap.run("--file", capture, "--node", found.url, "--index", INDEX, "--replicas=0")
            assert done.code == 0, done.errors
        found.put(INDEX + "-other-2026-01-01/_doc/1?refresh=true", {"@timestamp": "2026-01-01T00:00:00Z", "protocol": "dns"})
        found.put(INDEX + "-undated/_doc/1?refresh=true", {"@timestamp": "1985-01-01T00:00:00.5Z", "protocol": "x", "info": "\n"})
        found.refresh()
        yield found


def ask(server, *arguments, **keywords):
    return espcap.run("--node", server.url, "--index", INDEX, *arguments, **keywords)


def printed(done):
    """The lines of text."""
    return done.output.decode().splitlines()


def stored(server):
    """All documents of the prefix, in the order of packets."""
    found = [row["_source"] for name in ("-20*-*-*", "-undated") for row in server.all_documents(INDEX + name)
             if "-other-" not in row["_index"]]
    return sorted(found, key=lambda made: (made["@timestamp"], made.get("espcap", {}).get("capture", "~"),
                                           made.get("espcap", {}).get("ordinal", 0)))


def test_all(server):
    wanted = stored(server)
    done = ask(server, ALL)
    assert done.code == 0 and [json.loads(line) for line in done.lines] == wanted, done.errors
    assert counts(done)["printed"] == len(wanted) > 60
    assert ask(server, ALL, "--count-only").output == b"%d\n" % len(wanted)


def test_no_context_is_left(server):
    """Of those that other tests opened."""
    ask(server, ALL, "--limit=3")
    nodes = server.get("_nodes/stats/indices/search")["nodes"].values()
    assert all(node["indices"]["search"]["open_contexts"] == 0 for node in nodes)


@pytest.mark.parametrize("question", [
    "--query-string=protocol:dns AND destination.port:53",
    "--query-dsl={\"bool\": {\"filter\": [{\"term\": {\"protocol\": \"dns\"}}, {\"term\": {\"destination.port\": 53}}]}}"])
def test_question(server, question):
    wanted = [made for made in stored(server) if made["protocol"] == "dns" and made["destination"]["port"] == 53]
    done = ask(server, question)
    assert [json.loads(line) for line in done.lines] == wanted and 0 < len(wanted) == counts(done)["found"]


def test_question_in_a_file(server, tmp_path):
    place = tmp_path / "question.json"
    place.write_text('{"query":\n {"term": {"protocol": "arp"}}}\n', encoding="utf-8")
    place.chmod(0o644)
    done = ask(server, "--query-dsl=@%s" % place, "--count-only")
    assert int(done.output) == sum(made["protocol"] == "arp" for made in stored(server)) > 0


def test_text(server):
    """The lines that the packets themselves gave."""
    wanted = []
    for capture in CAPTURES:
        numbers = {json.loads(line)["frame_number"]: json.loads(line)["@timestamp"]
                   for line in espcap.run("--file", capture).lines}
        for line in printed(espcap.run("--file", capture, "--output=text")):
            wanted.append((numbers[int(line.split()[0])], capture, line))
    lines = printed(ask(server, ALL, "--output=text", "--since=1990-01-01"))
    assert sorted(lines) == sorted(line for _, _, line in wanted)
    assert [line.split()[1:3] for line in lines] == [line.split()[1:3] for _, _, line in sorted(wanted)]
    first = printed(ask(server, ALL, "--output=text", "--until=1990-01-01"))
    assert first == ["    0 1985-01-01 00:00:00.500000 - -> - x \\x0a"]


def test_times(server):
    """The first is in, the second is not; what has no day is before all days or after them."""
    times = [made["@timestamp"] for made in stored(server)]
    middle, last = times[len(times) // 3], times[-5]
    since, until = middle[:23] + "Z", last[:23] + "Z"
    wanted = [time for time in times if since[:23] <= time[:23] < until[:23]]
    done = ask(server, ALL, "--since=" + since, "--until=" + until)
    assert [json.loads(line)["@timestamp"] for line in done.lines] == wanted and 0 < len(wanted) < len(times)
    for options, count in ((["--until=1990-01-01"], 1), (["--since=1990-01-01"], len(times) - 1),
                           (["--since=2000-01-01", "--until=2000-02-01"], 0), (["--since=2150-01-01"], 0)):
        done = ask(server, ALL, "--count-only", *options)
        assert done.code == 0 and done.output == b"%d\n" % count, (options, done.errors)


def places(value, field, path):
    """Where a value has this key."""
    if isinstance(value, list):
        return set().union(*(places(item, field, path) for item in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = {path + "." + field} if field in value else set()
    return found.union(*(places(inner, field, path + "." + key) for key, inner in value.items()))


@pytest.mark.parametrize("field", ["ip.src", "dns.qry.name", "no.such.field"])
def test_where(server, field):
    wanted = {}
    for made in stored(server):
        for path in places(made.get("layers", {}), field, "layers"):
            wanted[path] = wanted.get(path, 0) + 1
    done = ask(server, "--where=" + field)
    assert done.code == 0, done.errors
    assert {line.split()[1]: int(line.split()[0]) for line in printed(done)} == wanted
    assert ("no document that was looked at has" in done.errors) == (not wanted)
    done = ask(server, "--where=" + field, "--output=json")
    assert {line["path"]: line["documents"] for line in map(json.loads, done.lines)} == wanted
    if len(wanted) > 1:
        assert [line["documents"] for line in map(json.loads, done.lines)] == sorted(wanted.values(), reverse=True)


@pytest.mark.parametrize("question, text", [
    ("--query-string=source.ip:[10 TO", "refuses the query .*Cannot parse"),
    ("--query-dsl={\"bogus\": {}}", "refuses the query .*bogus"),
    ("--query-dsl={\"query\": {}, \"size\": 3}", "beside \"query\" it has \"size\""),
    ("--query-dsl=[]", "not one JSON object"), ("--query-dsl=@/nowhere", "/nowhere"),
    ("--where=ip.*", "--where takes the name of a field")])
def test_mistakes(server, question, text):
    done = ask(server, question)
    assert done.code == 2 and done.output == b"", done.errors
    assert re.search(text, done.errors), done.errors


TERMS = {"settings": {"number_of_replicas": 0}, "mappings": {
    "dynamic": False, "_source": {"excludes": ["espcap.terms"]},
    "properties": {"@timestamp": {"type": "date_nanos"}, "espcap": {"properties": {
        "capture": {"type": "keyword"}, "ordinal": {"type": "long"},
        "terms": {"type": "keyword", "doc_values": False, "index_options": "docs", "norms": False}}}}}}
LONG = "x" * 300


@pytest.fixture
def terms(server):
    """Three documents with terms, whose hosts differ after what a term holds."""
    server.put("terms-2015-07-30", TERMS)
    for number in (1, 2, 3):
        host = LONG + str(number)
        server.put("terms-2015-07-30/_doc/%d" % number, {
            "@timestamp": "2015-07-30T00:00:0%dZ" % number, "frame_number": number,
            "espcap": {"capture": "c", "ordinal": number, "terms": [
                "dns", "dns.qry.name", "dns.qry.name=n%d" % number, "http.host", "http.host>" + LONG[:256]]},
            "layers": {"application": {"dns.qry.name": "n%d" % number, "http.host": host}}})
    server.refresh()
    yield server
    server.delete("terms-2015-07-30")


@pytest.mark.parametrize("filter_text, wanted, found", [
    ("dns", [1, 2, 3], 3), ("dns.qry.name == \"n2\"", [2], 1), ("dns.qry.name != \"n2\"", [1, 3], 2),
    ("dns && !(dns.qry.name in {\"n1\", \"n3\"})", [2], 1), ("http.host == \"%s3\"" % LONG, [3], 3),
    ("tcp", [], 0)])
def test_display_filter(terms, filter_text, wanted, found):
    question = ("--query=" + filter_text, "--node", terms.url, "--index=terms")
    done = espcap.run(*question, "--output=json")
    assert done.code == 0 and [json.loads(line)["frame_number"] for line in done.lines] == wanted, done.errors
    assert (counts(done)["found"], counts(done)["unmatched"]) == (found, found - len(wanted))
    done = espcap.run(*question, "--count-only")
    assert done.code == 0 and done.output == b"%d\n" % len(wanted), done.errors
    if wanted:
        done = espcap.run(*question, "--limit=1")
        assert [json.loads(line)["frame_number"] for line in done.lines] == wanted[:1]


def test_display_filter_with_a_mistake(server):
    """A message names the column; on a terminal a caret shows it."""
    question = ("--query=dns and dns.qry.nam == 1", "--node", server.url)
    done = espcap.run(*question)
    assert done.code == 2 and "--query, column 9: " in done.errors and "^" not in done.errors, done.errors
    lines = screens.Terminal(*question).wait(code=2)
    assert lines[:2] == ["  dns and dns.qry.nam == 1", "          ^"] and "--query, column 9: " in lines[2]


def test_on_a_terminal(terms):
    """Lines of text, and how to get the documents."""
    lines = screens.Terminal("--query=dns", "--node", terms.url, "--index=terms").wait()
    assert "espcap: one line of text a packet; --output=json prints the documents" in lines
    assert [line.split()[:3] for line in lines if " -> " in line] == [
        [str(number), "2015-07-30", "00:00:0%d.000000" % number] for number in (1, 2, 3)]


def test_documents_without_terms(terms):
    """What --query cannot find is not silently left out."""
    terms.put("terms-2015-07-31/_doc/1?refresh=true", {"@timestamp": "2015-07-31T00:00:00Z"})
    done = espcap.run("--query=dns", "--node", terms.url, "--index=terms")
    terms.delete("terms-2015-07-31")
    assert done.code == 5 and len(done.lines) == 3
    assert "1 documents cannot be found by --query, because they have no espcap.terms" in done.errors
