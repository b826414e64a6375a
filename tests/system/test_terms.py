# SPDX-License-Identifier: BSD-2-Clause
"""espcap.terms: the same from every engine, all that the document shows, sent to servers only, and kept for a replay."""

import json
import os

import pytest

import deliveries
import espcap
import fake_faults as faults
import fake_server

# Fields of many types; a tunnel; quoted headers; nested protocols.
CAPTURES = ["arp-icmp.pcap", "dhcp.pcap", "dns.pcap", "gre.pcap", "http.pcap", "icmpv6.pcap", "snmp.pcap", "tls12.pcap"]
LAYERS = {"eth", "ip", "ipv6", "gre", "arp", "icmp", "icmpv6", "tcp", "udp", "dhcp", "dns", "http", "snmp", "tls"}
BYTES_MAX = 256


def sent(server):
    """The documents as they were sent, by their numbers."""
    documents = [json.loads(entry.source) for entry in server.ledger]
    return {document["frame_number"]: document for document in documents}


def delivered(capture, tmp_path, *options):
    with fake_server.Server() as server:
        done = deliveries.deliver(server, os.path.join(espcap.CAPTURE_DIR, capture), tmp_path, *options)
        assert done.code == 0, done.errors
        deliveries.assert_clean(server)
        for entry in server.ledger:
            assert ("terms" in entry.document["espcap"]) == ("--no-template" in options), "what the server stores"
        return sent(server)


def fields_of(layers):
    """The names of all fields and their values in the sections."""
    for section in layers.values():
        for item in section if isinstance(section, list) else [section]:
            for name, value in item.items():
                for one in value if isinstance(value, list) else [value]:
                    yield name, one


def check(document):
    """What the document shows has its terms, and values of which the form is simple have exactly that one."""
    terms = document["espcap"]["terms"]
    known = set(terms)
    assert len(known) == len(terms), "each once"
    # Not each word there is a layer.
    assert LAYERS & set(document["layers"]["frame"]["frame.protocols"].split(":")) <= known
    by_name = {}
    for term in known:
        by_name.setdefault(term.replace(">", "=", 1).partition("=")[0], set()).add(term)
    for name, value in fields_of(document["layers"]):
        if name in ("envelope", "text"):
            continue
        assert name in known, name
        if name == "tcp.flags.syn":
            assert "tcp.flags.syn=%d" % value in known
        elif name in ("ip.ttl", "tcp.dstport", "udp.srcport", "eth.type"):
            digits = "%x" % int(value, 0)
            assert "%s=%d%s" % (name, len(digits), digits) in known
        elif name == "ip.src":
            assert "ip.src=" + "".join("%02x" % int(byte) for byte in value.split(".")) in known
        elif name in ("eth.src", "http.request.uri", "dns.qry.name"):
            assert name + "=" + value in known
        elif isinstance(value, str) and len(value.encode()) > BYTES_MAX:
            assert any(term.startswith(name + ">") for term in by_name[name]), name


@pytest.mark.parametrize("name", CAPTURES)
def test_engines_agree(name, tmp_path):
    plugin, ek, pdml = (delivered(name, tmp_path, "--dissection=" + engine) for engine in ("plugin", "ek", "pdml"))
    assert plugin and plugin.keys() == ek.keys() == pdml.keys()
    for number, document in plugin.items():
        check(document)
        for other in (ek[number], pdml[number]):
            assert set(other["espcap"]["terms"]) == set(document["espcap"]["terms"]), number


def test_only_to_servers(tmp_path):
    capture = os.path.join(espcap.CAPTURE_DIR, "dns.pcap")
    printed = [espcap.parse_line(line) for line in espcap.run("--file=" + capture).lines]
    assert printed and not any("terms" in document["espcap"] for document in printed)
    documents = delivered("dns.pcap", tmp_path)
    for document in printed:
        other = documents[document["frame_number"]]
        del other["espcap"]["terms"]
        assert other == document


def test_profiles(tmp_path):
    layers = delivered("dns.pcap", tmp_path, "--index-profile=layers")
    assert layers and not any("terms" in document["espcap"] for document in layers.values())
    terms = delivered("dns.pcap", tmp_path, "--index-profile=terms")
    assert all(document["espcap"]["terms"] and document["layers"] for document in terms.values())
    assert all(document["espcap"]["terms"] for document in delivered("dns.pcap", tmp_path, "--no-template").values())


def test_of_a_projection(tmp_path):
    """The engines read different fields then."""
    documents = [delivered("http.pcap", tmp_path, "--fields=ip.src,http.host", "--dissection=" + engine)
                 for engine in ("plugin", "ek", "pdml")]
    for number, document in documents[0].items():
        found = set(document["espcap"]["terms"])
        assert {"ip", "ip.src"} <= found and len([term for term in found if term.startswith("ip.src=")]) == 1
        assert all(term.partition("=")[0] in ("ip", "ip.src", "http", "http.host") for term in found)
        assert all(set(other[number]["espcap"]["terms"]) == found for other in documents[1:])


def test_dead_letters_keep_them(tmp_path):
    capture = os.path.join(espcap.CAPTURE_DIR, "dns.pcap")
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", times=None)) as server:
        done = deliveries.deliver(server, capture, tmp_path)
        assert done.code == 6
    letters = [letter["document"] for letter in done.rejected]
    assert letters and all(document["espcap"]["terms"] for document in letters)
