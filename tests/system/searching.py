# SPDX-License-Identifier: BSD-2-Clause
"""The independent reading of the captures that searches are compared with: what tshark prints, and decoys beside it."""

import csv
import functools
import ipaddress
import json
import os
import struct

import espcap
import frames
import tshark

FIELDS = (
    "frame.number", "frame.time_epoch", "frame.len", "frame.protocols", "_ws.col.Source", "_ws.col.Destination",
    "eth.src", "sll.src.eth", "communityid", "ip.dst", "ipv6.dst", "ip.ttl", "ipv6.hlim",
    "ip.flags.df", "ip.flags.mf", "ip.frag_offset", "ip.dsfield.dscp", "ipv6.fraghdr.ident",
    "arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "icmp.type", "icmpv6.type",
    "tcp.dstport", "tcp.flags", "tcp.analysis.retransmission", "dns.time", "dns.qry.name", "dns.flags.rcode",
    "http.response.code", "http2.headers.status", "tls.alert_message.level",
    "tls.alert_message.desc", "tls.handshake.extensions_server_name")
TRUE = ("1", "True")
ERRORS = ("icmp", "icmpv6")

# Packets that are in another test capture too are one document under one of both names: which, is not sure.
COPIES = ("big-endian.pcap", "gzip.pcap.gz", "lz4.pcap.lz4", "zstd.pcap.zst", "tls13.pcap", "two-links.pcapng")
FOLDER = "test_pcaps"


class Row:
    """A packet as tshark reads it. Members are named as the fields of a document where they mean the same."""

    def __init__(self, file_name, cells):
        self.file_name = file_name
        self.cells = cells
        self.protocols = cells["frame.protocols"][0].split(":")
        # What an ICMP error quotes is not the packet's own.
        ends = [self.protocols.index(name) for name in ERRORS if name in self.protocols]
        self.own = self.protocols[:min(ends) + 1] if ends else self.protocols
        self.frame_number = int(cells["frame.number"][0])
        self.time = cells["frame.time_epoch"][0]
        self.bytes = int(cells["frame.len"][0])
        self.source = address(cells["_ws.col.Source"])
        self.destination = address(cells["_ws.col.Destination"])
        if self.own[-1] == "arp":
            # The columns show Ethernet addresses.
            self.source = address(cells["arp.src.proto_ipv4"])
            self.destination = address(cells["arp.dst.proto_ipv4"])

    @property
    def place(self):
        return self.file_name, self.frame_number

    @property
    def protocol(self):
        known = protocol_table().get((os.path.basename(self.file_name), ":".join(self.protocols)))
        return known or self.protocols[-1]

    def all(self, name):
        """Values of a field that is not below a quoted packet; the section's protocol is the first part of the name."""
        protocol = name.split(".")[0]
        if protocol in self.own or protocol == "communityid":
            return self.cells[name]
        return []

    def ip(self, four, six=None):
        """A field of the innermost IP header of the packet's own, or None."""
        headers = [name for name in self.own if name in ("ip", "ipv6", "arp")]
        if not headers or headers[-1] == "arp" or (headers[-1] == "ipv6" and not six):
            return None
        values = self.cells[four if headers[-1] == "ip" else six]
        return values[headers.count(headers[-1]) - 1]

    def first(self, name):
        values = self.all(name)
        return values[0] if values else None


def address(cell):
    """An IP address of Wireshark's column, or None: it may show an Ethernet address."""
    try:
        return str(ipaddress.ip_address(cell[0]))
    except (ValueError, IndexError):
        return None


@functools.lru_cache(maxsize=None)
def protocol_table():
    with open(os.path.join(os.path.dirname(__file__), "protocol_table.tsv"), encoding="utf-8", newline="") as table:
        return {(row["capture"], row["frame.protocols"]): row["protocol"]
                for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)}


def read_rows(folder):
    """Every packet of the captures in this folder."""
    found = []
    for name in sorted(os.listdir(folder)):
        if espcap.CAPTURE_NAMES.search(name):
            rows = tshark.columns(os.path.join(folder, name), FIELDS, ("--enable-protocol", "communityid"))
            found += [Row(FOLDER + "/" + name, dict(zip(FIELDS, row))) for row in rows]
    return found


# Traffic that the test captures lack.

def dns(number, response, rcode=0, name=b"\5decoy\4test\0"):
    flags = 0x8180 | rcode if response else 0x0100
    message = number.to_bytes(2, "big") + flags.to_bytes(2, "big") + b"\0\1" + bytes(6) + name + b"\0\1\0\1"
    ports = (53, 40000 + number) if response else (40000 + number, 53)
    header = struct.pack("!HHHH", *ports, 8 + len(message), 0)
    hosts = {"source": 2, "destination": 1} if response else {"source": 1, "destination": 2}
    return frames.ip(header + message, 17, **hosts)


def extra_capture():
    """A pcap: DNS answers after 9, 10 and 100 seconds, and TLS alerts, fatal ones and warnings."""
    records = []
    start = frames.START
    for number, seconds in enumerate((9, 10, 100), 1):
        start += 1000
        records += [(start, dns(number, False)), (start + seconds, dns(number, True, rcode=3 if seconds == 10 else 0))]
    for number, (level, reason) in enumerate(((2, 40), (1, 0), (2, 48), (1, 100))):
        alert = b"\x15\x03\x03\x00\x02" + bytes([level, reason])
        start += 1000
        records.append((start, frames.tcp(alert, 443, 41000 + number)))
    return frames.pcap_header() + b"".join(frames.pcap_record(data, second) for second, data in records)


# Documents that an answer must not have, though it would if numbers were compared as text: 9 > 10, 100 < 11.

def decoy(number, members, **layers):
    document = {"@timestamp": "2020-09-13T12:00:00.%09dZ" % number, "type": "pcap_file", "file_name": "decoys",
                "frame_number": 1000 + number, "protocol": "decoy", "network": {"bytes": 1},
                "espcap": {"capture": "decoys", "ordinal": number, "terms": ["frame"]}}
    for name, value in members.items():
        place = document
        *path, last = name.split(".")
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    if layers:
        document["layers"] = layers
    return document


def decoys():
    # Senders of little: as text some of them are the largest.
    found = [{"source.ip": "203.0.113.%d" % size, "network.bytes": size} for size in (9, 10, 99, 100)]
    found += [{"espcap.dns_time": value} for value in (0.09, 0.0999, 9e-05)]
    found += [{"http.response.status_code": value, "source.ip": "203.0.113.1"} for value in (5, 9, 41, 50, 4040)]
    found += [{"espcap.tcp_flags": 2, "destination.port": value, "destination.ip": "203.0.113.1"}
              for value in (1024, 10000, 10010, 65535)]
    found += [{"espcap.tcp_flags": value, "destination.port": 80, "destination.ip": "203.0.113.1"} for value in (20, 18, 200)]
    found += [{"file_name": FOLDER + "/http.pcap", "frame_number": value} for value in (100, 101, 110, 1000)]
    found += [{"espcap.ip_ttl": value, "source.ip": "203.0.113.1"} for value in (10, 32, 49, 100, 128, 255)]
    found += [{"espcap.ip_dscp": value} for value in (9, 10, 100)]
    documents = [decoy(number, members) for number, members in enumerate(found)]
    sections = [
        {"network": {"arp.opcode": "10"}}, {"network": {"arp.opcode": "100"}}, {"network": {"arp.opcode": "9"}},
        {"application": {"icmp.type": "30"}}, {"application": {"icmp.type": "110"}}, {"application": {"icmpv6.type": "100"}},
        {"application": {"tls.alert_message.level": "20"}}, {"application": {"tls.alert_message.level": "22"}},
        {"network": {"ip.flags.df": False}}, {"network": {"ip.flags.mf": False, "ip.frag_offset": "0"}},
        {"transport": {"tcp.analysis.retransmission": "9"}},
    ]
    documents += [decoy(100 + number, {"source.ip": "203.0.113.1"}, **layers) for number, layers in enumerate(sections)]
    return documents


def index_decoys(server, prefix):
    lines = []
    for document in decoys():
        lines += [{"create": {"_index": prefix + "-2020-09-13"}}, document]
    reply = server.post("_bulk", "".join(json.dumps(line) + "\n" for line in lines).encode())
    assert not reply["errors"], reply
    server.refresh()
