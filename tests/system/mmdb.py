# SPDX-License-Identifier: BSD-2-Clause
"""Makes a GeoIP database as MaxMind describes its format (MaxMind DB File Format Specification, version 2.0)."""

MAP, TEXT, UINT16, UINT32, UINT64, ARRAY = 7, 2, 5, 6, 9, 11
# Between the tree and the data, and before the metadata.
SEPARATOR = bytes(16)
MARKER = b"\xab\xcd\xefMaxMind.com"


def field(kind, size, payload=b""):
    head = bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])
    return head + payload


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
