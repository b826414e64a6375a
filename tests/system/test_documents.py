# SPDX-License-Identifier: BSD-2-Clause
"""What holds for the documents of every capture, each against an oracle that is not espcap."""

import collections
import concurrent.futures
import datetime
import ipaddress
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import compare
import conftest
import conserve
import espcap
import frames
import sections
import tshark

KNOWN_KEYS = {
    "@timestamp", "type", "file_name", "file_date_utc", "sniff_date_utc", "sniff_timestamp", "protocol", "info",
    "frame_number", "source", "destination", "network", "file", "observer", "espcap", "layers",
    "ecs", "event", "host",
}
ALWAYS = {"type", "file_name", "file_date_utc", "protocol", "frame_number", "network", "file", "observer", "espcap",
          "ecs", "event", "host", "layers"}
FIXED_SECTIONS = {"frame", "link", "network", "transport", "application", "tunnel", "data"}
FIELDS = "frame.number,ip.src,ip.dst,ipv6.src,tcp.flags.push,tcp.srcport,dns.qry.name,text,_ws.expert.message"
FILTERS = ("tcp", "udp", "ip6", "greater 120", "src port 53 or src port 80 or icmp6", "not ip")
# tcpdump, too, gives up root, and then cannot write into a folder of ours.
AS_ROOT = ["-Z", "root"] if os.geteuid() == 0 else []
DISPLAY_FILTERS = ("tcp", "dns || http", "frame.len > 120", "frame.number == 2")


def packet_count(capture):
    """What capinfos counts."""
    text = subprocess.run(["capinfos", "-M", "-c", capture], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Number of packets:\s*(\d+)", text).group(1))


# Runs that were begun before their test: (capture, options) -> future.
AHEAD = {}


def run_on(capture, *options):
    return espcap.run("--file", capture, *espcap.options_for(capture), *options)


@pytest.fixture(scope="module", autouse=True)
def run_ahead():
    """Begins the runs of the tests below, as many at a time as there are cores, in the order they will be asked for."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for capture in espcap.captures():
            pool.submit(conftest.full_run, capture)
            pool.submit(columns, capture)
        for kind in range(len(reruns_of(espcap.captures()[0]))):
            for capture in espcap.captures():
                options = reruns_of(capture)[kind]
                AHEAD[capture, options] = pool.submit(run_on, capture, *options)
        yield
        pool.shutdown(cancel_futures=True)
        AHEAD.clear()


def reruns_of(capture):
    """The options of the runs that the tests make of each capture."""
    filters = [("--bpf", expression) for expression in turn(capture, FILTERS, 2)]
    return [(), ("--fields", FIELDS), *filters, ("--display-filter", *turn(capture, DISPLAY_FILTERS, 1))]


def rerun(capture, *options):
    future = AHEAD.pop((capture, options), None)
    result = future.result() if future else run_on(capture, *options)
    assert result.code == 0, result.errors
    return result


COLUMNS = ("frame.time_epoch", "frame.len", "_ws.col.Info", "_ws.col.Source",
           "_ws.col.Destination", "communityid")


def columns(capture, *names):
    """These of COLUMNS, for which one tshark is enough."""
    options = (*espcap.tshark_options_for(capture), "--enable-protocol", "communityid")
    places = [COLUMNS.index(name) for name in names]
    return [[row[place] for place in places] for row in tshark.columns(capture, COLUMNS, options)]


def turn(capture, choices, number):
    """`number` of the choices, others for each capture: all are taken, but not all for each."""
    at = espcap.captures().index(capture)
    return [choices[(at * number + step) % len(choices)] for step in range(number)]


# The lines and the final line.

def test_a_document_for_every_packet(capture, full):
    count = packet_count(capture)
    assert len(full.lines) == len(full.documents) == count
    assert full.counts == {"read": count, "printed": count, "duplicate": 0, "rejected": 0, "discarded": 0, "filtered": 0,
                           "undissected": 0, "dropped": 0, "unsent": 0, "skipped": 0, "retries": 0}


def test_documents_are_in_the_order_of_the_file(full):
    expected = list(range(1, len(full.documents) + 1))
    assert [document["frame_number"] for document in full.documents] == expected
    assert [document["layers"]["frame"]["frame.number"] for document in full.documents] == list(map(str, expected))
    assert [document["espcap"]["ordinal"] for document in full.documents] == expected


def test_two_runs_print_the_same_bytes(capture, full):
    assert rerun(capture).output == full.output


def test_pretty_documents_are_the_same(one_capture):
    capture, full = one_capture, conftest.full_run(one_capture)
    text = rerun(capture, "--pretty").output.decode("utf-8")
    assert [espcap.parse_line(part.encode()) for part in split_pretty(text)] == full.documents


def split_pretty(text):
    """Indented documents end with a line that is a closing brace alone."""
    return [part + "}" for part in re.split(r"^\}$\n", text, flags=re.MULTILINE) if part]


# The members beside the layers.

def test_top_level_members(capture, full):
    typed = {name.split(".")[0] for name in typed_names()}
    modified = datetime.datetime.fromtimestamp(int(os.stat(capture).st_mtime), datetime.timezone.utc)
    for document in full.documents:
        assert set(document) <= KNOWN_KEYS | typed
        assert ALWAYS <= set(document)
        assert document["type"] == "pcap_file"
        assert document["file_name"] == capture
        assert document["file"] == {"path": os.path.realpath(capture)}
        assert document["file_date_utc"] == modified.strftime("%Y-%m-%d %H:%M:%S")
        assert document["observer"] == {"vendor": "Wireshark", "version": tshark_version(), "product": "tshark",
                                        "type": "sensor"}
        assert list(document)[-1] == "layers"


def typed_names():
    with open(os.path.join(espcap.ROOT, "conf", "typed.list"), encoding="utf-8") as lines:
        return [line.split()[2] for line in lines if line.strip() and not line.startswith("#")]


def tshark_version():
    return re.search(r"\d+\.\d+\.\d+", tshark.version()).group(0)


def test_times_are_exact(capture, full):
    for document, (epoch,) in zip(full.documents, columns(capture, "frame.time_epoch")):
        if not epoch:
            assert not {"@timestamp", "sniff_date_utc", "sniff_timestamp"} & set(document)
            continue
        seconds, fraction = epoch[0].split(".")
        moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
        assert document["@timestamp"] == moment.strftime("%Y-%m-%dT%H:%M:%S.") + fraction + "Z"
        assert document["sniff_date_utc"] == moment.strftime("%Y-%m-%d %H:%M:%S")


def test_milliseconds_are_exact_as_text(capture, full):
    """As text: a double could not hold the nanoseconds."""
    for line, (epoch,) in zip(full.lines, columns(capture, "frame.time_epoch")):
        match = re.search(rb'"sniff_timestamp":(-?\d+(?:\.\d+)?),', line)
        if not epoch:
            assert not match
            continue
        seconds, fraction = epoch[0].split(".")
        left, _, right = match.group(1).decode().partition(".")
        assert left == str(int(seconds + fraction[:3]))
        assert right.ljust(6, "0") == fraction[3:]


def test_info_is_the_column(capture, full):
    for document, (info,) in zip(full.documents, columns(capture, "_ws.col.Info")):
        assert document.get("info", "").strip() == "|".join(info).strip()


def test_lengths(capture, full):
    for document, (length,) in zip(full.documents, columns(capture, "frame.len")):
        assert document["network"]["bytes"] == int(length[0])


def test_community_ids_are_those_of_tshark(capture, full):
    """Where tshark makes none, there is none."""
    for document, (found,) in zip(full.documents, columns(capture, "communityid")):
        stack = set(document["layers"]["frame"]["frame.protocols"].split(":"))
        if stack & sections.QUOTERS - {"icmp", "icmpv6"}:
            continue    # tshark's is that of the sampled packet, ours that of the one that was captured
        expected = found[0] if found else None
        if "arp" in stack:
            expected = None     # inside a tunnel tshark's is that of the tunnel; ARP itself has no flow
        assert document["network"].get("community_id") == expected, document["frame_number"]


# Addresses: against PDML for what the headers hold, and against tshark's own columns for which headers they are.

def first(fields, name):
    """The value of a field in the innermost headers, None if it is not there."""
    values = fields.get(name, [])
    return values[0] if values else None


def expected_ends(packet):
    found = packet.sections
    ends = {"source": {}, "destination": {}}
    for section, names in (("link", ("eth.src", "eth.dst", "mac")), ("network", ("ip.src", "ip.dst", "ip")),
                           ("network", ("ipv6.src", "ipv6.dst", "ip")),
                           ("network", ("arp.src.proto_ipv4", "arp.dst.proto_ipv4", "ip")),
                           ("transport", ("tcp.srcport", "tcp.dstport", "port")),
                           ("transport", ("udp.srcport", "udp.dstport", "port")),
                           ("transport", ("sctp.srcport", "sctp.dstport", "port"))):
        for _, fields in found.get(section, [])[-1:]:
            for end, name in zip(("source", "destination"), names):
                value = first(fields, name)
                if value is not None:
                    ends[end][names[2]] = convert(value, names[2])
    return ends


def convert(value, kind):
    if kind == "mac":
        return value.upper().replace(":", "-")
    return int(value) if kind == "port" else value


def test_source_and_destination(capture, full):
    packets = sections.packets(capture, espcap.tshark_options_for(capture))
    for document, packet in zip(full.documents, packets):
        ends = expected_ends(packet)
        for end in ("source", "destination"):
            actual = dict(document.get(end, {}))
            if end == "source" and document["network"].get("type") is not None:
                assert actual.pop("bytes") == document["network"]["bytes"]
            if "eth" not in document["layers"]["frame"]["frame.protocols"].split(":"):
                actual.pop("mac", None)     # other link layers: no oracle here
            assert actual == ends[end], document["frame_number"]


def test_addresses_are_those_of_the_columns(capture, full):
    rows = columns(capture, "_ws.col.Source", "_ws.col.Destination")
    for document, (source, destination) in zip(full.documents, rows):
        for end, column in (("source", source), ("destination", destination)):
            try:
                address = ipaddress.ip_address(column[0] if column else "")
            except ValueError:
                continue
            if "ip" in document.get(end, {}) or "arp" not in document["layers"]["frame"]["frame.protocols"]:
                assert ipaddress.ip_address(document[end]["ip"]) == address, document["frame_number"]


def test_network_type_and_transport(capture, full):
    packets = sections.packets(capture, espcap.tshark_options_for(capture))
    for document, packet in zip(full.documents, packets):
        network = packet.stack[packet.network] if packet.network is not None else None
        kinds = {"ip": "ipv4", "ipv6": "ipv6"}
        assert document["network"].get("type") == kinds.get(network)
        if packet.transport is not None:
            assert document["network"]["transport"] == packet.stack[packet.transport]


TYPED = (
    (("dns.qry.name",), ("dns", "question", "name")),
    (("http.request.method", "http2.headers.method"), ("http", "request", "method")),
    (("http.user_agent", "http2.headers.user_agent"), ("user_agent", "original")),
    (("http.request.full_uri", "http2.request.full_uri"), ("url", "full")),
    (("tls.handshake.extensions_server_name",), ("tls", "client", "server_name")),
)


def test_typed_copies_are_in_the_layers(full):
    """Spot checks; the table itself is tested beside the program's units. Quoted packets have no copies."""
    for document in full.documents:
        stack = set(document["layers"]["frame"]["frame.protocols"].split(":"))
        for names, path in TYPED:
            values = [value for section in document["layers"].values() for item in compare.as_list(section)
                      for name in names for value in compare.as_list(item.get(name, []))]
            copies = document
            for step in path:
                copies = copies.get(step, {})
            copies = compare.as_list(copies) if copies != {} else []
            # A value has one copy, however often the packet has it.
            expected = [] if stack & sections.QUOTERS else set(values)
            assert collections.Counter(copies) == collections.Counter(expected), document["frame_number"]


# Which packets, which fields.

def thin(document, names):
    """The document with no fields in layers but these."""
    layers = {}
    for section, content in document["layers"].items():
        items = [kept for kept in (thin_object(item, names) for item in compare.as_list(content)) if kept]
        if items:
            layers[section] = items if isinstance(content, list) and (len(items) > 1 or section == "tunnel") \
                else items if isinstance(content, list) else items[0]
    return {**document, "layers": layers}


def thin_object(item, names):
    kept = {name: value for name, value in item.items() if name in names}
    return {"envelope": item["envelope"], **kept} if kept and "envelope" in item else kept


def test_fields_thin_the_layers(capture, full):
    expected = [thin(document, FIELDS.split(",")) for document in full.documents]
    assert rerun(capture, "--fields", FIELDS).documents == expected


def test_fields_of_a_file(one_capture, tmp_path):
    capture, lean = one_capture, rerun(one_capture, "--fields", FIELDS)
    listing = tmp_path / "fields"
    listing.write_text("# lean\n" + FIELDS.replace(",", "\n") + "\n", encoding="utf-8")
    assert rerun(capture, "--fields", "@%s" % listing).output == lean.output


def selected(capture, expression, folder):
    """The ordinals of the packets that tcpdump selects: it gets the packets with their ordinals for times, one file for each link type."""
    # tshark undoes compression, byte order and format, so that one small reader is enough.
    plain = os.path.join(folder, "plain.pcapng")
    tshark.run(["-r", capture, "-n", "-F", "pcapng", "-w", plain])
    with open(plain, "rb") as source:
        packets = list(frames.read_pcapng(source.read()))
    found = []
    for linktype in sorted({packet[0] for packet in packets}):
        numbered, left = os.path.join(folder, "numbered"), os.path.join(folder, "left")
        with open(numbered, "wb") as target:
            target.write(frames.pcap_header(linktype=linktype) + b"".join(
                frames.pcap_record(data, number, 0, wire)
                for number, (kind, data, wire) in enumerate(packets, 1) if kind == linktype))
        done = subprocess.run(["tcpdump", *AS_ROOT, "-r", numbered, "-w", left, expression],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        with open(left, "rb") as source:
            found += [second for second, *_ in frames.read_pcap(source.read())]
    return sorted(found)


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="needs tcpdump, the oracle of --bpf")
@pytest.mark.parametrize("number", (0, 1))
def test_bpf_selects_what_tcpdump_selects(capture, full, number, tmp_path):
    expression = turn(capture, FILTERS, 2)[number]
    result = rerun(capture, "--bpf", expression)
    numbers = selected(capture, expression, tmp_path)
    assert [document["frame_number"] for document in result.documents] == numbers
    counts = result.counts
    assert (counts["read"], counts["printed"]) == (len(numbers), len(numbers))
    assert counts["skipped"] == len(full.lines) - len(numbers)
    different = [number for number, line in zip(numbers, result.lines) if line != full.lines[number - 1]]
    assert not different


def test_count_ends_after_so_many(capture, full):
    total = len(full.lines)
    (count,) = turn(capture, (1, (total + 1) // 2, max(total, 1), total + 1), 1)
    result = rerun(capture, "--count", str(count))
    assert result.lines == full.lines[:count]
    assert result.counts["read"] == min(count, total)


def test_count_is_behind_bpf_and_before_the_display_filter(tmp_path):
    capture = tmp_path / "ten.pcap"
    capture.write_bytes(frames.pcap([frames.udp(bytes(10 * number)) for number in range(10)]))
    full = espcap.run("--file", capture)
    result = espcap.run("--file", capture, "--bpf", "udp and greater 73", "--count", "3")
    assert result.lines == full.lines[4:7]
    assert result.counts["skipped"] == 4
    result = espcap.run("--file", capture, "--bpf", "udp and greater 73", "--count", "3",
                        "--display-filter", "frame.number >= 6")
    assert [document["frame_number"] for document in result.documents] == [6, 7]
    assert (result.counts["read"], result.counts["filtered"]) == (3, 1)


def without_displayed(document):
    """tshark itself makes time_delta_displayed depend on the display filter."""
    frame = {name: value for name, value in document["layers"]["frame"].items()
             if name != "frame.time_delta_displayed"}
    return {**document, "layers": {**document["layers"], "frame": frame}}


def test_display_filter_selects_what_tshark_selects(capture, full):
    (expression,) = turn(capture, DISPLAY_FILTERS, 1)
    options = (*espcap.tshark_options_for(capture), "-Y", expression)
    rows = tshark.columns(capture, ("frame.number", "frame.time_delta_displayed"), options)
    result = rerun(capture, "--display-filter", expression)
    assert [document["frame_number"] for document in result.documents] == [int(row[0][0]) for row in rows]
    for document, (number, delta) in zip(result.documents, rows):
        assert without_displayed(document) == without_displayed(full.documents[int(number[0]) - 1])
        assert [document["layers"]["frame"]["frame.time_delta_displayed"]] == delta
    counts = result.counts
    assert counts["read"] == len(full.lines)
    assert counts["filtered"] == len(full.lines) - len(rows)


def test_decode_as(tmp_path):
    capture = tmp_path / "odd.pcap"
    capture.write_bytes(frames.pcap([frames.udp(b"<13>hello", 40000, 8977), frames.udp(b"<13>hello", 40000, 8978)]))
    rules = ["--decode-as", "udp.port==8977,syslog", "--decode-as", "udp.port==8978,syslog"]
    for words, expected in (([], ["udp", "udp"]), (rules[:2], ["syslog", "udp"]), (rules, ["syslog", "syslog"])):
        result = espcap.run("--file", capture, *words)
        assert [document["protocol"] for document in result.documents] == expected


def test_tls_keys_decrypt(tmp_path):
    with_keys = [name for name in espcap.captures() if espcap.key_log(name)]
    if not with_keys:
        pytest.skip("no capture in %s has its key log beside it" % espcap.CAPTURE_DIR)
    for capture in with_keys:
        shutil.copy(capture, tmp_path / "copy")
        locked = espcap.run("--file", tmp_path / "copy")
        opened = espcap.run("--file", capture, "--tls-keys", espcap.key_log(capture))
        stacks = [[document["layers"]["frame"]["frame.protocols"] for document in result.documents]
                  for result in (locked, opened)]
        assert stacks[0] != stacks[1]
        assert any("http" in stack for stack in stacks[1])


# Inputs.

def test_standard_input_is_like_a_file(capture, full):
    with open(capture, "rb") as stream:
        result = espcap.run("--file", "-", *espcap.options_for(capture), stdin=stream)
    assert result.code == 0, result.errors
    strip = ("file_name", "file", "file_date_utc")
    for piped, document in zip(result.documents, full.documents):
        assert [piped.get(name) for name in piped if name not in strip] == \
            [document[name] for name in document if name not in strip]
    assert len(result.lines) == len(full.lines)


@pytest.mark.parametrize("kind", ("snoop", "netmon2"))
def test_format_that_only_tshark_knows(kind, tmp_path):
    """It goes through byte for byte, and the documents are as from a pcap."""
    packets = [frames.udp(bytes(10 * number)) for number in range(10)]
    capture, foreign = tmp_path / "a.pcap", tmp_path / ("a." + kind)
    capture.write_bytes(frames.pcap(packets))
    subprocess.run(["editcap", "-F", kind, str(capture), str(foreign)], check=True, capture_output=True)
    result = espcap.run("--file", foreign)
    assert result.code == 0, result.errors
    # What the file says of its interface is not the same in every format.
    kept = ("@timestamp", "sniff_timestamp", "protocol", "info", "frame_number", "source", "destination", "network")
    expected = espcap.run("--file", capture).documents
    assert [{name: document[name] for name in kept} for document in result.documents] == \
        [{name: document[name] for name in kept} for document in expected]
    assert espcap.run("--file", foreign, "--count", "3").lines == result.lines[:3]
    refused = espcap.run("--file", foreign, "--bpf", "udp")
    assert (refused.code, refused.output) == (2, b"")
    assert str(foreign) in refused.messages and "--bpf" in refused.messages


def test_relative_names_lose_their_dot(one_capture, tmp_path):
    shutil.copy(one_capture, tmp_path / "a.pcap")
    for given in ("a.pcap", "./a.pcap", ".//a.pcap"):
        result = espcap.run("--file", given, cwd=tmp_path)
        assert {document["file_name"] for document in result.documents} == {"a.pcap"}
        assert {document["file"]["path"] for document in result.documents} == {str(tmp_path / "a.pcap")}


def test_several_files_come_in_the_order_given(tmp_path):
    names = conftest.plain_captures()[:3]
    alone = [espcap.run("--file", name) for name in names]
    together = espcap.run(*[word for name in names for word in ("--file", name)])
    assert together.output == b"".join(result.output for result in alone)
    assert together.counts["read"] == sum(result.counts["read"] for result in alone)
    first_lines = alone[0].lines + alone[1].lines
    count = len(alone[0].lines) + 1
    counted = espcap.run(*[word for name in names for word in ("--file", name)], "--count", str(count))
    assert counted.lines == first_lines[:count]


@pytest.mark.parametrize("jobs", ("1", "3"))
def test_directory_in_the_order_of_names(tmp_path, jobs):
    sources = conftest.plain_captures()[:5]
    folder = tmp_path / "many files"
    deeper = folder / "m deeper"
    deeper.mkdir(parents=True)
    for source, name in zip(sources, ("b", "a", "B", "z.pcap")):
        shutil.copy(source, folder / name)
    shutil.copy(sources[-1], deeper / "c")
    order = ["B", "a", "b", "z.pcap"]
    flat = espcap.run("--dir", "many files", "--jobs", jobs, cwd=tmp_path)
    assert flat.code == 0, flat.errors
    assert "m deeper" in flat.messages
    seen = list(dict.fromkeys(document["file_name"] for document in flat.documents))
    assert seen == ["many files/" + name for name in order]
    alone = [espcap.run("--file", "many files/" + name, cwd=tmp_path).output for name in order]
    assert flat.output == b"".join(alone)
    deep = espcap.run("--dir", "./many files/", "--recursive", "--jobs", jobs, cwd=tmp_path)
    seen = list(dict.fromkeys(document["file_name"] for document in deep.documents))
    assert seen == ["many files/B", "many files/a", "many files/b", "many files/m deeper/c", "many files/z.pcap"]


@pytest.mark.parametrize("how", ["ek", "auto"])
def test_jobs_with_a_tshark_killed(tmp_path, how):
    """One of three that dissect at the same time is killed: its file is finished by another, and no packet is lost or doubled."""
    tmp_path.chmod(0o755)
    for number in range(3):
        conserve.make_capture(str(tmp_path / ("%d.pcap" % number)), 3000, number)
    with open(tmp_path / "documents", "wb") as output, open(tmp_path / "errors", "wb") as errors:
        child = subprocess.Popen(espcap.command("--dir", tmp_path / ".", "--jobs=3", "--verbose", "--dissection=" + how),
                                 stdout=output, stderr=errors, env=espcap.ENVIRONMENT)
        try:
            working = conserve.tsharks_at_work(child, 3)
            end = time.monotonic() + 60
            espcap.stop(working[-1])
            while os.path.getsize(tmp_path / "documents") == 0:
                assert time.monotonic() < end and child.poll() is None
                time.sleep(0.005)
            os.kill(working[-1], signal.SIGKILL)
            code = child.wait(120)
        finally:
            child.kill()
            child.wait()
    result = espcap.Result(code, (tmp_path / "documents").read_bytes(), (tmp_path / "errors").read_bytes())
    assert code == 0 and not espcap.SANITIZER.search(result.errors), result.errors
    assert "killed by signal 9" in result.errors
    assert result.counts["printed"] == 9000
    assert [document["frame_number"] for document in result.documents] == 3 * list(range(1, 3001))
    for number in range(3):
        conserve.judge(result.documents[3000 * number:3000 * (number + 1)], str(tmp_path / ("%d.pcap" % number)))


def test_prefixes_of_options_work(one_capture, tmp_path):
    shutil.copy(one_capture, tmp_path / "a.pcap")
    expected = espcap.run("--dir=%s" % tmp_path).output
    assert expected
    assert espcap.run("--d=%s" % tmp_path).output == expected
    assert espcap.run("--di", tmp_path).output == expected
