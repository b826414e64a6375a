# SPDX-License-Identifier: BSD-2-Clause
"""Times that tshark cannot print: the same text in every run and every way, and that of the record."""

import math
import os
import re
import struct

import pytest

import espcap
import frames
import others
import test_dissection


def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def pcapng(stamps, resolution=6, offset=0):
    """One packet for each of the time stamps."""
    options = option(9, bytes([resolution])) + option(14, struct.pack("<q", offset)) + option(0, b"")
    data = frames.udp(b"hello")
    return (block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
            + block(1, struct.pack("<HHI", 1, 0, 262144) + options)
            + b"".join(block(6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
                             + data + bytes(-len(data) % 4)) for stamp in stamps))


def pcap(times, magic=frames.MICRO):
    data = frames.udp(b"hello")
    return frames.pcap_header(magic) + b"".join(frames.pcap_record(data, *time) for time in times)


STAMPS = (0, 1, 1_700_000_000, 1_700_000_000_123_456_789, 2**63 - 1, 2**63, 2**64 - 1)
CASES = {
    **{"resolution %02x" % resolution: pcapng(STAMPS, resolution)
       for resolution in (0, 2, 3, 6, 9, 18, 19, 127, 0x80, 0x8A, 0xBF, 0xFF)},
    **{"offset %d" % offset: pcapng((0, 500_000, 1_700_000_000_000_000), offset=offset)
       for offset in (-1, -2**63, 2**63 - 1, -62_135_596_801, -62_167_219_201, -70_000_000_000, 253_402_300_799,
                      253_402_300_800, 3 * 10**12, -3 * 10**14, 67_767_976_233_532_799, 67_767_976_233_532_800,
                      -67_768_040_609_740_800, -67_768_040_609_740_801)},
    "microseconds": pcap([(frames.START, part) for part in (999_999, 1_000_000, 2_147_484, 2**31, 2**32 - 1)]),
    "nanoseconds": pcap([(frames.START, part) for part in (999_999_999, 10**9, 2**31, 2**32 - 1)], frames.NANO),
    "seconds": pcap([(second, 1_000_000) for second in (0, 2**31 - 1, 2**31, 2**32 - 1)]),
}


def smb_negotiated(number, filetime):
    """An SMB server's answer with the time of its clock: a time that is not of the frame."""
    words = struct.pack("<HBHHIIIIqHB", 0, 3, 1, 1, 4356, 65536, 0, 0x80, filetime, 0, 0)
    smb = b"\xffSMB\x72" + bytes(4) + b"\x98\x01\x28" + bytes(20) + bytes([17]) + words + b"\0\0"
    return frames.tcp(struct.pack(">I", len(smb)) + smb, source=445, destination=40000 + number)


FILETIMES = (2**62, 2**62 + 10**12, 0x7FFF000000000000, 116444736000000000)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A file for each case."""
    folder = tmp_path_factory.mktemp("times")
    paths = []
    for name, content in {**CASES, "smb": frames.pcap([smb_negotiated(*case) for case in enumerate(FILETIMES)])}.items():
        path = folder / name.replace(" ", "_")
        path.write_bytes(content)
        paths.append(path)
    for path in (folder, *paths):
        path.chmod(0o755)
    return [str(path) for path in paths]


def words(paths):
    return [word for path in paths for word in ("--file", path)]


def assert_own_times(documents):
    """The fields of the frame say what espcap read itself; tshark 3.4 leaves zeros out of fractions."""
    assert documents
    for document in documents:
        own, frame = document["@timestamp"], document["layers"]["frame"]
        if frame["frame.time"] != own:
            date, fraction = frame["frame.time"].split(".")
            assert len(date) == len("2015-07-30T05:22:10"), frame["frame.time"]
            assert "%s.%09dZ" % (date, int(fraction.rstrip("Z"))) == own
        assert frame.get("frame.time_utc", own) == own
        if frame["frame.time_epoch"] != own:
            assert re.fullmatch(r"-?[0-9]+\.[0-9]{9}", frame["frame.time_epoch"])
            assert math.isclose(1000 * float(frame["frame.time_epoch"]), document["sniff_timestamp"], rel_tol=1e-14)


def test_all_ways_tell_the_time_of_the_record(made):
    results = test_dissection.in_all_ways(*words(made), "--jobs=1")
    for how, result in results.items():
        assert_own_times(result.documents)
        again = espcap.run(*words(made), "--jobs=1", "--dissection=" + how)
        assert again.lines == result.lines, how


def test_dates_of_packets_beyond_9999(made):
    """SMB knows times up to 30828: as much of the date as -T ek prints in every run."""
    for result in test_dissection.in_all_ways("--file", made[-1]).values():
        found = [document["layers"]["application"]["smb.system.time"] for document in result.documents]
        assert found[-1] == "1970-01-01T00:00:00.000000000Z"
        assert found[:-1] == ["16214-11-08", "16214-11-09", "30827-10-24"]


@pytest.mark.parametrize("version", others.versions())
def test_other_tsharks(version, made):
    """4.4 and later refuse the finest resolutions. 3.4 is run by a script here, which keeps the preloaded object from it:
    then dates beyond 9999 may still break a line of -T ek."""
    tshark = others.get(version).path
    wanted = [path for path in made if os.path.basename(path) not in ("resolution_7f", "resolution_ff")]
    if version == "3.4":
        wanted = [path for path in wanted if os.path.basename(path).endswith("seconds")]
    ek, pdml = (espcap.run(*words(wanted), "--jobs=1", "--tshark", tshark, "--dissection=" + how) for how in ("ek", "pdml"))
    assert ek.code == pdml.code == 0, ek.errors + pdml.errors
    assert test_dissection.differences(ek.documents, pdml.documents) == []
    assert_own_times(ek.documents)


@pytest.mark.parametrize("field", ("frame.time", "frame.time_epoch"))
def test_projected(field, made):
    """With --fields the other times of the frame are not there."""
    whole = espcap.run(*words(made), "--jobs=1")
    projected = espcap.run(*words(made), "--jobs=1", "--fields", field)
    assert ([document["layers"]["frame"][field] for document in whole.documents]
            == [document["layers"]["frame"][field] for document in projected.documents])
