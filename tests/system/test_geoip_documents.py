# SPDX-License-Identifier: BSD-2-Clause
"""--geoip: where addresses are, by databases made here; wrong and damaged ones are refused."""

import os

import pytest

import espcap
import frames
import mmdb

pytestmark = pytest.mark.usefixtures("folder")


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as target:
        target.write(content)
    return path


@pytest.fixture
def conversation(folder):
    return write(folder, "conversation.pcap", frames.pcap([frames.dns_query(), frames.tcp(b"hello")]))


def addresses(document):
    return document["source"]["ip"], document["destination"]["ip"]


@pytest.mark.parametrize("record_size", (24, 28, 32))
@pytest.mark.parametrize("ip_version", (4, 6))
def test_places_and_systems(folder, conversation, ip_version, record_size):
    plain = espcap.run("--file", conversation, "--dissection=ek").documents
    source, destination = addresses(plain[0])
    cities = write(folder, "city.mmdb", mmdb.database(
        "GeoLite2-City", [(source + "/32", mmdb.city())], record_size, ip_version))
    systems = write(folder, "asn.mmdb", mmdb.database(
        "GeoLite2-ASN", [(source + "/32", mmdb.system()), (destination + "/32", mmdb.system(65000, "Other"))],
        record_size, ip_version))
    result = espcap.run("--file", conversation, "--dissection=ek", "--geoip", cities, "--geoip", systems)
    assert result.code == 0, result.errors
    for document in result.documents:
        ends = {document[end]["ip"]: document[end] for end in ("source", "destination")}
        assert ends[source]["geo"] == {"city_name": "Sometown", "country_iso_code": "ZZ", "country_name": "Nowhere",
                                       "location": {"lat": 52.5, "lon": 13.25}, "region_name": "Somewhere"}
        assert ends[source]["as"] == {"number": 64500, "organization": {"name": "Example"}}
        assert "geo" not in ends[destination]
        assert ends[destination]["as"]["number"] == 65000


def test_what_is_not_known_or_possible(folder, conversation):
    wide = write(folder, "wide.mmdb", mmdb.database("DBIP-City-Lite", [("10.0.0.0/8", mmdb.city(place=(91.0, 0.0)))]))
    result = espcap.run("--file", conversation, "--dissection=ek", "--geoip", wide)
    places = [document[end]["geo"] for document in result.documents for end in ("source", "destination")]
    assert all("location" not in place and place["city_name"] == "Sometown" for place in places), places


CITY = mmdb.database("GeoLite2-City", [("10.0.0.0/8", mmdb.city())])


@pytest.mark.parametrize("content,words", (
    (b"", "is no GeoIP database"), (b"no database\n", "is no GeoIP database"), (CITY[:CITY.index(mmdb.MARKER) + 60], "damaged"),
    (CITY[400:], "cut short"), (mmdb.database("GeoIP2-Domain", []), 'of the kind "GeoIP2-Domain"'),
    (mmdb.MARKER, "damaged")))
def test_wrong_databases(folder, conversation, content, words):
    result = espcap.run("--file", conversation, "--geoip", write(folder, "wrong.mmdb", content))
    assert (result.code, words in result.errors) == (2, True), result.errors


def test_a_database_that_is_not_there(folder, conversation):
    result = espcap.run("--file", conversation, "--geoip", os.path.join(folder, "none.mmdb"))
    assert (result.code, "none.mmdb" in result.errors) == (2, True)


def test_damaged_bytes_harm_nothing(folder, conversation):
    """Each tenth byte of the tree and the data is another: documents are there, with or without places."""
    end = CITY.index(mmdb.MARKER)
    damaged = bytes(byte ^ 0xff if at % 10 == 3 and at < end else byte for at, byte in enumerate(CITY))
    for content in (damaged, CITY[:end - 8] + bytes([0x3f]) * 8 + CITY[end:]):
        result = espcap.run("--file", conversation, "--dissection=ek", "--geoip", write(folder, "damaged.mmdb", content))
        assert (result.code, len(result.documents)) == (0, 2), result.errors
