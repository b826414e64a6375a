# SPDX-License-Identifier: BSD-2-Clause
"""docs/searching.md: each query, on real servers, gives exactly the answer that tshark gives."""

import collections
import json
import os
import re
import shlex
import shutil

import pytest

import conserve
import engines
import espcap
import searching

TEXT = os.path.join(espcap.ROOT, "docs", "searching.md")
TYPED = os.path.join(espcap.ROOT, "conf", "typed.list")
SERVERS = ["elasticsearch-8.8.2", "opensearch-2.19.1"]
COUNT_BY_ANY = "How do I count by a field that has no typed copy?"


def read_text():
    """heading -> queries (method, path, body) below it; and the lines for typed.list."""
    with open(TEXT, encoding="utf-8") as source:
        text = source.read()
    queries = {}
    for section in text.split("\n## ")[1:]:
        heading = section.split("\n", 1)[0]
        found = re.findall(r"^```console\n([A-Z]+) (\S+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        if found:
            queries[heading] = [(method, path, json.loads(body)) for method, path, body in found]
    return queries, re.findall(r"^```typed\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


QUERIES, TYPED_LINES = read_text()


def read_commands():
    """heading -> arguments of the espcap command below it, up to the server."""
    with open(TEXT, encoding="utf-8") as source:
        sections = source.read().split("\n## ")[1:]
    found = {section.split("\n", 1)[0]: re.findall(r"^    build/espcap (--query.*?) --node=", section, re.MULTILINE)
             for section in sections}
    return {heading: shlex.split(commands[0]) for heading, commands in found.items() if commands}


COMMANDS = read_commands()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a folder test_pcaps: the test captures, and what they lack."""
    top = tmp_path_factory.mktemp("searching")
    captures = top / searching.FOLDER
    captures.mkdir()
    for path in espcap.captures():
        if os.path.basename(path) not in searching.COPIES:
            shutil.copy(path, captures)
    (captures / "extra.pcap").write_bytes(searching.extra_capture())
    (top / "typed.list").write_text(read_file(TYPED) + "".join(TYPED_LINES), encoding="utf-8")
    for place in (top, captures):
        place.chmod(0o755)
    return top


def read_file(name):
    with open(name, encoding="utf-8") as source:
        return source.read()


@pytest.fixture(scope="module")
def rows(folder):
    return searching.read_rows(str(folder / searching.FOLDER))


@pytest.fixture(scope="module", params=SERVERS)
def server(request, folder, rows):
    """A server with all that, and with decoys."""
    with engines.running(request.param) as it:
        it.wipe()
        deliver(it, folder, rows, "--dir=" + searching.FOLDER, "--aggregate-layers")
        searching.index_decoys(it, "packets")
        few = [row for row in rows if os.path.basename(row.file_name) in ("arp-icmp.pcap", "http.pcap")]
        deliver(it, folder, few, *("--file=%s/%s" % (searching.FOLDER, name) for name in ("arp-icmp.pcap", "http.pcap")),
                "--typed=typed.list", "--index=classes")
        searching.index_decoys(it, "classes")
        yield it
        it.wipe()


def deliver(server, folder, expected, *options):
    done = espcap.run(*options, "--node", server.url, cwd=str(folder), timeout=300)
    assert done.code == 0, done.errors
    counts = conserve.final_line(done.errors)
    assert counts["indexed"] == counts["read"] == len(expected), done.errors


def ask(server, query):
    method, path, body = query
    reply = server.call(method, path, body)
    assert reply["_shards"]["failed"] == 0 and not reply["timed_out"], reply
    return reply


# Reading answers.

def buckets(reply, name):
    found = reply["aggregations"][name]
    assert found.get("sum_other_doc_count", 0) == 0, "not all buckets came"
    return found["buckets"]


def counts(reply, name):
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets(reply, name)}


def with_bytes(found):
    return {bucket["key"]: (bucket["doc_count"], bucket["bytes"]["value"]) for bucket in found}


def sources(reply):
    assert reply["hits"]["total"]["value"] == len(reply["hits"]["hits"]), "not all hits came"
    return [hit["_source"] for hit in reply["hits"]["hits"]]


def places(reply):
    return [(source["file_name"], source["frame_number"]) for source in sources(reply)]


def listed(value):
    return value if isinstance(value, list) else [value]


# Making the same answers from the rows.

def count_by(rows, key):
    return dict(collections.Counter(map(key, rows)))


def count_and_bytes(rows, key):
    found = collections.defaultdict(lambda: (0, 0))
    for row in rows:
        packets, size = found[key(row)]
        found[key(row)] = packets + 1, size + row.bytes
    return dict(found)


def in_order(rows):
    return sorted(rows, key=lambda row: (row.time.split(".")[0], row.time.split(".")[1].ljust(9, "0"), row.frame_number))


def nested(rows, outer, inner):
    """The count of each inner key for each outer key."""
    found = collections.defaultdict(collections.Counter)
    for row in rows:
        found[outer(row)][inner(row)] += 1
    return {key: dict(value) for key, value in found.items()}


def nested_buckets(reply, outer, inner):
    return {bucket["key"]: {low["key"]: low["doc_count"] for low in bucket[inner]["buckets"]}
            for bucket in buckets(reply, outer)}


# The questions: each takes the reply and the rows, and gives what the reply says and what tshark says.

ANSWERS = {}


def question(heading):
    def keep(function):
        ANSWERS[heading] = function
        return function
    return keep


@question("Who sends the most?")
def top_talkers(reply, rows):
    found = reply["aggregations"]["hosts"]["buckets"]
    sent = count_and_bytes([row for row in rows if row.source], lambda row: row.source)
    most = sorted(sent.items(), key=lambda item: -item[1][1])
    # Where sums are equal the order is the server's.
    assert len(most) > 10 and most[9][1][1] > most[10][1][1]
    return [(bucket["key"], bucket["doc_count"], bucket["bytes"]["value"]) for bucket in found], [
        (host, packets, size) for host, (packets, size) in most[:10]]


@question("Which protocols are there, and when?")
def protocols_over_time(reply, rows):
    found = {bucket["key"] // 1000: with_bytes(bucket["protocols"]["buckets"]) for bucket in buckets(reply, "minutes")}
    expected = {}
    for minute in {int(row.time.split(".")[0]) // 60 * 60 for row in rows}:
        then = [row for row in rows if int(row.time.split(".")[0]) // 60 * 60 == minute]
        expected[minute] = count_and_bytes(then, lambda row: row.protocol)
    # The decoys have a minute of their own.
    decoys = [minute for minute, content in found.items() if set(content) == {"decoy"}]
    assert len(decoys) == 1
    del found[decoys[0]]
    return found, expected


@question("What was said in this conversation?")
def conversation(reply, rows):
    first = next(row for row in rows if row.file_name.endswith("/retransmission.pcap"))
    same = [row for row in rows if row.all("communityid") == first.all("communityid")]
    assert len({row.source for row in same}) == 2
    return ([(source["frame_number"], source["source"]["ip"]) for source in sources(reply)],
            [(row.frame_number, row.source) for row in in_order(same)])


@question("Which DNS answers are slow?")
def slow_dns(reply, rows):
    slow = [(float(row.first("dns.time")), row.first("dns.qry.name"), row.source)
            for row in rows if row.first("dns.time") and float(row.first("dns.time")) >= 0.1]
    slow.sort(reverse=True)
    assert [time for time, _, _ in slow[:3]] == [100, 10, 9] and len(slow) > 3
    return [(source["espcap"]["dns_time"], source["dns"]["question"]["name"], source["source"]["ip"])
            for source in sources(reply)], slow


@question("Which names do not exist?")
def missing_names(reply, rows):
    missing = [row for row in rows if row.first("dns.flags.rcode") == "3"]
    hosts = collections.defaultdict(set)
    for row in missing:
        hosts[row.first("dns.qry.name")].add(row.destination)
    packets = count_by(missing, lambda row: row.first("dns.qry.name"))
    return ({bucket["key"]: (bucket["doc_count"], bucket["hosts"]["value"]) for bucket in buckets(reply, "names")},
            {name: (packets[name], len(hosts[name])) for name in packets})


@question("Which TLS handshakes failed?")
def failed_handshakes(reply, rows):
    found = [(source["source"]["ip"], source["source"]["port"],
              listed((source["layers"].get("application") or source["layers"]["tls"])["tls.alert_message.desc"]))
             for source in sources(reply)]
    fatal = [row for row in in_order(rows) if "2" in row.all("tls.alert_message.level")]
    return found, [(row.source, 443, row.all("tls.alert_message.desc")) for row in fatal]


@question("Who speaks TLS with which server?")
def server_names(reply, rows):
    named = [row for row in rows if row.all("tls.handshake.extensions_server_name")]
    assert any(row.protocol == "quic" for row in named)
    return nested_buckets(reply, "names", "clients"), nested(
        named, lambda row: row.first("tls.handshake.extensions_server_name"), lambda row: row.source)


def statuses(row):
    return [int(code) for name in ("http.response.code", "http2.headers.status") for code in row.all(name)]


@question("Which servers answer with HTTP errors?")
def http_errors(reply, rows):
    expected = collections.defaultdict(lambda: {"client": 0, "server": 0})
    for row in rows:
        for kind, low in (("client", 400), ("server", 500)):
            if any(low <= code < low + 100 for code in statuses(row)):
                expected[row.source][kind] += 1
    return nested_buckets(reply, "servers", "kinds"), dict(expected)


@question("Which hosts retransmit?")
def retransmissions(reply, rows):
    again = [row for row in rows if row.all("tcp.analysis.retransmission")]
    return with_bytes(buckets(reply, "hosts")), count_and_bytes(again, lambda row: row.source)


@question("Which services do clients connect to?")
def services(reply, rows):
    asked = [row for row in rows if row.all("tcp.flags") and int(row.all("tcp.flags")[-1], 16) == 2
             and int(row.all("tcp.dstport")[-1]) < 1024]
    return nested_buckets(reply, "servers", "ports"), nested(
        asked, lambda row: row.destination, lambda row: int(row.all("tcp.dstport")[-1]))


@question("What could not be delivered?")
def icmp_errors(reply, rows):
    found = []
    for source in sources(reply):
        layers = source.get("layers", {})
        wanted = layers.get("ip", {}).get("ip.dst") or layers.get("ipv6", {}).get("ipv6.dst")
        found.append((source["file_name"], source["frame_number"], source["source"]["ip"], listed(wanted)))
    expected = []
    for row in in_order(rows):
        if row.first("icmp.type") in ("3", "11") or row.first("icmpv6.type") in ("1", "2", "3"):
            own = [name for name in row.own if name in ("ip", "ipv6")]
            quoted = row.cells["ip.dst"][own.count("ip"):] or row.cells["ipv6.dst"][own.count("ipv6"):]
            expected.append((*row.place, row.source, quoted))
    return found, expected


@question("Which packets are fragments?")
def fragments(reply, rows):
    def is_fragment(row):
        if row.ip("ip.flags.mf"):
            return row.ip("ip.flags.mf") in searching.TRUE or row.ip("ip.frag_offset") != "0"
        return bool(row.all("ipv6.fraghdr.ident"))
    return places(reply), [row.place for row in in_order(rows) if is_fragment(row)]


@question("Who sends ARP requests?")
def arp_questions(reply, rows):
    found = [(source["file_name"], source["frame_number"], source["layers"]["network"]["arp.src.proto_ipv4"],
              source["layers"]["network"]["arp.dst.proto_ipv4"]) for source in sources(reply)]
    asked = [row for row in in_order(rows) if row.first("arp.opcode") == "1"]
    expected = [(*row.place, row.first("arp.src.proto_ipv4"), row.first("arp.dst.proto_ipv4")) for row in asked]
    # In a tunnel the last Ethernet header is the packet's own.
    macs = count_by(asked, lambda row: (row.cells["eth.src"] or row.cells["sll.src.eth"])[-1].upper().replace(":", "-"))
    return (found, counts(reply, "askers")), (expected, macs)


@question("Which packets have a certain field of Wireshark?")
def not_to_be_fragmented(reply, rows):
    marked = [row for row in rows if row.ip("ip.flags.df") in searching.TRUE]
    return ((reply["hits"]["total"], counts(reply, "hosts")),
            ({"value": len(marked), "relation": "eq"}, count_by(marked, lambda row: row.source)))


@question("What is in packets 10 to 12 of this file?")
def packets_of_a_file(reply, rows):
    assert all(source["layers"]["frame"]["frame.number"] == str(source["frame_number"]) for source in sources(reply))
    return places(reply), [("test_pcaps/http.pcap", number) for number in (10, 11, 12)]


@question("Which packets have few hops left?")
def few_hops(reply, rows):
    few = [row for row in rows if row.ip("ip.ttl", "ipv6.hlim") and int(row.ip("ip.ttl", "ipv6.hlim")) <= 5]
    return nested_buckets(reply, "hosts", "protocols"), nested(few, lambda row: row.source, lambda row: row.protocol)


def test_each_query_of_the_text_is_tested():
    assert set(QUERIES) == set(ANSWERS) | {COUNT_BY_ANY}
    assert len(QUERIES) >= 12
    assert all(len(queries) == 1 for heading, queries in QUERIES.items() if heading != COUNT_BY_ANY)


@pytest.mark.parametrize("heading", ANSWERS)
def test_answer(heading, server, rows):
    (query,) = QUERIES[heading]
    if heading == "What was said in this conversation?":
        # The text has the flow of the captures as they are; others may be made.
        flow = next(row for row in rows if row.file_name.endswith("/retransmission.pcap")).first("communityid")
        query = (*query[:2], {**query[2], "query": {"term": {"network.community_id": flow}}})
    found, expected = ANSWERS[heading](ask(server, query), rows)
    assert expected, "the captures have nothing to find"
    assert found == expected


def classes(rows, names):
    """Packets and bytes of each DSCP in these captures."""
    mine = [row for row in rows if os.path.basename(row.file_name) in names and row.ip("ip.dsfield.dscp")]
    return count_and_bytes(mine, lambda row: int(row.ip("ip.dsfield.dscp")))


# A filter means every header of a packet; these queries of the server only that of the packet itself.
EVERY_HEADER = {
    "Which packets have a certain field of Wireshark?": lambda row: set(row.cells["ip.flags.df"]) & set(searching.TRUE),
    "Which packets have few hops left?": lambda row: any(int(hops) <= 5 for hops in row.cells["ip.ttl"] + row.cells["ipv6.hlim"])}


@pytest.mark.parametrize("heading", sorted(set(QUERIES) - {"Who sends the most?", COUNT_BY_ANY}))
def test_display_filter(heading, server, rows):
    """The command of each question finds as many packets as the query of the server, which test_answer holds against tshark."""
    method, path, body = QUERIES[heading][0]
    if heading in EVERY_HEADER:
        expected = sum(1 for row in rows if EVERY_HEADER[heading](row))
    else:
        expected = ask(server, (method, path, dict(body, track_total_hits=True)))["hits"]["total"]["value"]
    arguments = [word for word in COMMANDS[heading] if word not in ("--count-only", "--output=json")]
    done = espcap.run(*arguments, "--count-only", "--node", server.url)
    assert (done.code, done.output.split()) == (0, [b"%d" % expected]), done


def test_count_by_a_typed_copy(server, rows):
    """Numbers in their order: 9, 10, 100. As text that would be 10, 100, 9."""
    reply = ask(server, QUERIES[COUNT_BY_ANY][1])
    expected = classes(rows, ("arp-icmp.pcap", "http.pcap"))
    expected.update({9: (1, 1), 10: (1, 1), 100: (1, 1)})
    found = with_bytes(buckets(reply, "classes"))
    assert found == expected
    assert list(found) == sorted(expected)
    assert len(expected) > 4


def test_count_below_layers(server, rows):
    """Right on Elasticsearch, and no answer that could be taken for right on OpenSearch."""
    expected = {str(key): packets for key, (packets, _) in classes(
        rows, {os.path.basename(row.file_name) for row in rows}).items()}
    method, path, body = QUERIES[COUNT_BY_ANY][0]
    status, reply = server.request(method, path, body)
    if server.name.startswith("elasticsearch"):
        assert status == 200 and counts(reply, "classes") == expected
    else:
        assert status >= 400 or counts(reply, "classes") != expected


def test_field_that_is_there_below_layers(server, rows):
    """As the table of the text says."""
    field = "layers.transport.tcp.analysis.retransmission"
    found = server.post("packets-*/_count", {"query": {"exists": {"field": field}}})["count"]
    # One decoy has it, with another value.
    expected = len([row for row in rows if row.all("tcp.analysis.retransmission")]) + 1
    assert found == (expected if server.name.startswith("elasticsearch") else 0)


def test_decoys_would_be_found_by_comparison_as_text(server):
    assert_compares_as_text(server)


def assert_compares_as_text(server):
    """A range below layers, as the text says."""
    lines = []
    for number in (9, 10, 11, 12, 100, 110, 1000):
        document = searching.decoy(number, {}, frame={"frame.number": str(number)})
        lines += [{"create": {"_index": "text-1"}}, document]
    kind = "flattened" if server.name.startswith("elasticsearch") else "flat_object"
    server.put("text-1", {"mappings": {"dynamic": False, "properties": {"layers": {"type": kind}}}})
    server.post("_bulk", "".join(json.dumps(line) + "\n" for line in lines).encode())
    server.refresh()
    between = {"range": {"layers.frame.frame.number": {"gte": "10", "lte": "12"}}}
    found = server.post("text-*/_search", {"query": between})
    assert sorted(source["frame_number"] - 1000 for source in sources(found)) == [10, 11, 12, 100, 110, 1000]


def test_opensearch_3(tmp_path):
    """Its column of the table in the text."""
    with engines.running("opensearch-3.3.0") as server:
        server.wipe()
        capture = os.path.join(espcap.CAPTURE_DIR, "retransmission.pcap")
        assert espcap.run("--file", capture, "--node", server.url, cwd=tmp_path).code == 0
        server.refresh()
        field = "layers.transport.tcp.analysis.retransmission"
        there = server.post("packets-*/_count", {"query": {"exists": {"field": field}}})["count"]
        true = server.post("packets-*/_count", {"query": {"term": {field: "true"}}})["count"]
        assert there == true > 0
        status, reply = server.request(*QUERIES[COUNT_BY_ANY][0])
        assert status >= 400 or list(counts(reply, "classes")) != ["0"]
        assert_compares_as_text(server)
        server.wipe()


@pytest.mark.parametrize("heading", [
    "Who sends the most?", "Which DNS answers are slow?", "Which servers answer with HTTP errors?",
    "Which services do clients connect to?", "What is in packets 10 to 12 of this file?", "Which packets have few hops left?"])
def test_numbers_kept_as_text_give_another_answer(heading, server, rows):
    """With every number a keyword the answers are wrong, or there is none: the decoys bite."""
    if server.request("HEAD", "wrong-1")[0] != 200:
        copy_as_text(server)
        # Questions without numbers are answered as before: only the types are wrong.
        for control in ("Which names do not exist?", "Which packets are fragments?"):
            method, path, body = QUERIES[control][0]
            found, expected = ANSWERS[control](server.call(method, path.replace("packets-*", "wrong-1"), body), rows)
            assert found == expected
    method, path, body = QUERIES[heading][0]
    status, reply = server.request(method, path.replace("packets-*", "wrong-1"), body)
    if status == 200:
        try:
            found, expected = ANSWERS[heading](reply, rows)
        except (AssertionError, KeyError):
            return
        assert found != expected


def copy_as_text(server):
    """All documents of packets-*, in an index whose numbers are keywords."""
    index = sorted(row["index"] for row in server.get("_cat/indices/packets-*?format=json&h=index"))[0]
    mapping = server.get(index + "/_mapping")[index]["mappings"]

    def as_text(properties):
        for value in properties.values():
            if value.get("type") in ("long", "integer", "double"):
                value.clear()
                value["type"] = "keyword"
            as_text(value.get("properties", {}))
    as_text(mapping["properties"])
    server.put("wrong-1", {"mappings": {"dynamic": False, "properties": mapping["properties"]}})
    lines = []
    for hit in server.all_documents("packets-*"):
        lines += [{"create": {"_index": "wrong-1"}}, hit["_source"]]
    reply = server.post("_bulk", "".join(json.dumps(line) + "\n" for line in lines).encode())
    assert not reply["errors"]
    server.refresh()
