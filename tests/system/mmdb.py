# SPDX-License-Identifier: BSD-2-Clause
"""Makes a GeoIP database as MaxMind describes its format (MaxMind DB File Format Specification, version 2.0)."""

import ipaddress
import struct

MAP, TEXT, UINT16, UINT32, UINT64, ARRAY = 7, 2, 5, 6, 9, 11
# Between the tree and the data, and before the metadata.
SEPARATOR = bytes(16)
MARKER = b"\xab\xcd\xefMaxMind.com"


def field(kind, size, payload=b""):
    # Sizes from 29 on have another byte, which counts from there.
    low, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    head = bytes([kind << 5 | low]) if kind <= 7 else bytes([low, kind - 7])
    return head + more + payload


def text(value):
    data = value.encode()
    return field(TEXT, len(data), data)


def number(kind, value):
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return field(kind, len(data), data)


def mapping(**members):
    return field(MAP, len(members), b"".join(text(name) + value for name, value in members.items()))


def country(iso_code="ZZ", name="Nowhere"):
    """A database that knows one country, in which every IPv4 address is."""
    # One node, both records of which point behind the separator to the first entry of the data.
    record = (1 + len(SEPARATOR)).to_bytes(3, "big")
    data = mapping(country=mapping(iso_code=text(iso_code), names=mapping(en=text(name))))
    about = mapping(
        node_count=number(UINT32, 1), record_size=number(UINT16, 24), ip_version=number(UINT16, 4),
        database_type=text("GeoLite2-Country"), languages=field(ARRAY, 1, text("en")),
        binary_format_major_version=number(UINT16, 2), binary_format_minor_version=number(UINT16, 0),
        build_epoch=number(UINT64, 1_600_000_000), description=mapping(en=text("test")))
    return 2 * record + SEPARATOR + data + MARKER + about


ADDRESS_BITS = {4: 32, 6: 128}


def real(value):
    return field(3, 8, struct.pack(">d", value))


def city(name="Sometown", place=(52.5, 13.25)):
    def names(value):
        return mapping(en=text(value))
    return mapping(
        city=mapping(names=names(name)), country=mapping(iso_code=text("ZZ"), names=names("Nowhere")),
        location=mapping(latitude=real(place[0]), longitude=real(place[1])),
        subdivisions=array(mapping(names=names("Somewhere"))))


def array(*values):
    return bytes([len(values), ARRAY - 7]) + b"".join(values)


def system(number_of=64500, organization="Example"):
    return mapping(autonomous_system_number=number(UINT32, number_of), autonomous_system_organization=text(organization))


def database(kind, entries, record_size=28, ip_version=6):
    """A database of networks ("10.0.0.0/8", record): each bit of a prefix is a node of the tree."""
    nodes, data, leaves = [[None, None]], b"", {}
    for network, record in entries:
        network = ipaddress.ip_network(network)
        bits = ADDRESS_BITS[ip_version] - network.max_prefixlen + network.prefixlen
        value = int(network.network_address)
        path = [value >> (ADDRESS_BITS[ip_version] - 1 - i) & 1 for i in range(bits)]
        node = 0
        for bit in path[:-1]:
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        leaves[node, path[-1]] = len(data)
        data += record
    tree = b""
    for at, node in enumerate(nodes):
        records = [len(nodes) + len(SEPARATOR) + leaves[at, bit] if (at, bit) in leaves else
                   len(nodes) if node[bit] is None else node[bit] for bit in (0, 1)]
        if record_size == 28:
            left, right = records
            tree += (left & 0xffffff).to_bytes(3, "big") + bytes([left >> 24 << 4 | right >> 24]) + \
                (right & 0xffffff).to_bytes(3, "big")
        else:
            tree += b"".join(record.to_bytes(record_size // 8, "big") for record in records)
    about = mapping(
        node_count=number(UINT32, len(nodes)), record_size=number(UINT16, record_size),
        ip_version=number(UINT16, ip_version), database_type=text(kind), languages=array(text("en")),
        binary_format_major_version=number(UINT16, 2), binary_format_minor_version=number(UINT16, 0),
        build_epoch=number(UINT64, 1_600_000_000), description=mapping(en=text("test")))
    return tree + SEPARATOR + data + MARKER + about
