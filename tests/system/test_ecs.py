# SPDX-License-Identifier: BSD-2-Clause
"""Names and types of documents are those of ECS, and what belongs together stays together in every way to dissect."""

import json
import os
import struct
import subprocess

import pytest

import espcap
import frames

HERE = os.path.dirname(os.path.abspath(__file__))
# ECS wants the first; the others are narrower, or what keeps keys apart without a field for each.
ALIKE = {("long", "integer"), ("date", "date_nanos"), ("object", "flattened")}
# Names that ECS does not have.
OWN = ("espcap.", "arp.", "dhcp.", "icmp.", "ssh.", "kubernetes.")
SEED = {"file_date_utc", "file_name", "frame_number", "info", "layers", "protocol", "sniff_date_utc", "sniff_timestamp",
        "type", "tls.client.ja4"}
WAYS = ("plugin", "ek", "pdml")


def ecs():
    with open(os.path.join(HERE, "ecs.tsv"), encoding="utf-8") as lines:
        head, *rest = lines
    assert "9.4.0" in head
    return dict(line.rstrip("\n").split("\t") for line in rest if not line.startswith("#"))


def mapped(properties, prefix=""):
    for name, rule in properties.items():
        if "properties" in rule:
            yield from mapped(rule["properties"], prefix + name + ".")
        else:
            yield prefix + name, rule["type"]


def test_types_are_those_of_ecs():
    done = subprocess.run([espcap.PROGRAM, "--print-template=elasticsearch"], stdout=subprocess.PIPE, check=True)
    ours = dict(mapped(json.loads(done.stdout)["template"]["mappings"]["properties"]))
    theirs = ecs()
    unknown = {name for name in ours if name not in theirs and not name.startswith(OWN)}
    assert unknown == SEED
    wrong = {name: (kind, theirs[name]) for name, kind in ours.items()
             if name in theirs and kind != theirs[name] and (theirs[name], kind) not in ALIKE}
    assert wrong == {}
    assert len([name for name in ours if name in theirs]) > 90


def documents(capture, way, *options):
    result = espcap.run("--file", os.path.join(espcap.CAPTURE_DIR, capture), "--dissection=" + way, *options)
    assert result.code == 0, result.errors
    return result.documents


@pytest.mark.parametrize("way", WAYS)
def test_records_certificates_and_streams(way):
    answers = [d["dns"]["answers"] for d in documents("dns.pcap", way) if "answers" in d.get("dns", {})]
    assert [{"name": "alias.example.test", "type": "CNAME", "class": "IN", "ttl": 300, "data": "www.example.test"},
            {"name": "www.example.test", "type": "A", "class": "IN", "ttl": 300, "data": "192.0.2.80"}] in answers
    assert [{"type": "SRV", "class": "IN", "ttl": 300, "data": "www.example.test"}] in answers
    hello, = [d for d in documents("tls12.pcap", way) if "version" in d.get("tls", {})]
    assert hello["tls"]["version"] == "1.2"
    assert hello["tls"]["cipher"] == "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    assert hello["tls"]["server"]["issuer"] == "CN=www.example.test, O=Test"
    certificate, = hello["espcap"]["certificates"]
    assert certificate["sha1"] == hello["tls"]["server"]["hash"]["sha1"] and len(certificate["sha1"]) == 40
    requests, = [d["espcap"]["http2"] for d in documents("http2.pcap", way)
                 if "method" in d["espcap"].get("http2", [{}])[0]]
    assert [(r["stream"], r["url"]) for r in requests] == [
        ("13", "http://10.1.0.2:8080/index.html"), ("15", "http://10.1.0.2:8080/page.html"),
        ("17", "http://10.1.0.2:8080/missing")]


def test_the_constants():
    for document in documents("arp-icmp.pcap", "ek", "--tag=lab", "--tag=x", "--label=site=a b"):
        assert document["ecs"] == {"version": "9.4.0"}
        assert {**document["event"], "type": None} == {"kind": "event", "category": ["network"], "module": "espcap",
                                                       "dataset": "espcap.packet", "type": None}
        assert (document["tags"], document["labels"]) == (["lab", "x"], {"site": "a b"})
        assert document["host"]["name"] == os.uname().nodename
        assert document["source"]["ip"]


@pytest.mark.parametrize("wrong", ("--tag=a\nb", "--tag=" + 1025 * "x", "--label=x", "--label==x", "--label=a.b=c",
                                   "--label=x=", "--label=" + 65 * "k" + "=v"))
def test_wrong_texts(wrong):
    result = espcap.run("--file=x", wrong)
    assert result.code == 2 and wrong.split("=")[0] + " takes" in result.errors, result.errors


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


@pytest.mark.parametrize("way", WAYS)
def test_the_comments_of_ptcpdump(folder, way):
    frame = frames.tcp(b"hello")
    comment = b"PID: 42\nCmd: /usr/bin/curl\nArgs: curl -s x\nPodName: web-1\nPodNamespace: shop\n"
    option = struct.pack("<HH", 1, len(comment)) + comment + bytes(-len(comment) % 4) + bytes(4)
    packet = struct.pack("<IIIII", 0, 0, 1000, len(frame), len(frame)) + frame + bytes(-len(frame) % 4) + option
    path = os.path.join(folder, "commented.pcapng")
    with open(path, "wb") as target:
        target.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) +
                     block(1, struct.pack("<HHI", 1, 0, 0)) + block(6, packet))
    document, = espcap.run("--file", path, "--dissection=" + way).documents
    assert document["process"] == {"pid": 42, "executable": "/usr/bin/curl", "command_line": "curl -s x"}
    assert document["kubernetes"] == {"pod": {"name": "web-1"}, "namespace": "shop"}
