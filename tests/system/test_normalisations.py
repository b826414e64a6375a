# SPDX-License-Identifier: BSD-2-Clause
"""Each normalisation between -T pdml and -T ek is needed: a case that passes with it and fails without it."""

import xml.parsers.expat

import pytest

import compare
import espcap
import frames
import pdml
import sections
import tshark

STACK = '<field name="frame.protocols" show="eth"/>'
TYPE = '<field name="eth.type" show="0x0800" value="0800"/>'


def packet(inside, stack=STACK):
    """PDML of one packet: a frame, and an eth layer with these rows."""
    return ('<pdml><packet><proto name="frame">%s</proto><proto name="eth" showname="Ethernet II">%s'
            "</proto></packet></pdml>" % (stack, inside)).encode("utf-8", "surrogateescape")


def document(**link):
    return {"frame": {"frame.protocols": "eth"}, "link": link}


def differences(text, layers):
    """What the comparison says; a PDML that cannot be read is a difference too."""
    try:
        (nodes,) = pdml.parse(text)
        return compare.layers_differences(sections.Packet(nodes), layers)
    except (pdml.PdmlError, xml.parsers.expat.ExpatError) as error:
        return [repr(error)]


def shows(node):
    """What the value would be without a normalisation."""
    return node.show


HOMONYM = "smb.alloc_size", "smb.alloc.size"

# normalisation, what stands in when it is switched off, PDML, the document that says the same
CASES = (
    (pdml.keep_line_ends, lambda text: text,
     packet('<field name="http.request.line" show="a: b\r\n\tc" value="613a20620d0a0963"/>'),
     document(**{"http.request.line": "a: b\r\n\tc"})),
    (pdml.mend_encoding, lambda text: text,
     packet('<field name="http.host" show="a\udcff" value="61ff"/>'),
     document(**{"http.host": "a\ufffd"})),
    (pdml.boolean, shows,
     packet('<field name="eth.lg" show="1" value="1"/><field name="eth.ig" show="0" value="0"/>'),
     document(**{"eth.lg": True, "eth.ig": False})),
    (pdml.presence, shows,
     packet('<field name="tcp.analysis" show="" value=""/>'),
     document(**{"tcp.analysis": True})),
    (pdml.absolute_time, shows,
     packet('<field name="frame.time" show="Jul  3, 2015 05:22:10.498075000 UTC"/>'),
     document(**{"frame.time": "2015-07-03T05:22:10.498075000Z"})),
    (pdml.no_time, lambda node: None,
     packet('<field name="ntp.reftime" show="NULL" value="0000000000000000"/>'),
     document(**{"ntp.reftime": "1970-01-01T00:00:00.000000000Z"})),
    (pdml.control_characters, lambda node: None,
     packet('<field name="http.host" show="a\\x1f9\\x7f" value="611f397f"/>'),
     document(**{"http.host": "a\x1f9\x7f"})),
    (pdml.is_container, lambda node: node.tag == "proto",
     packet('<field name="_ws.expert" showname="Expert Info"><field name="_ws.expert.message" show="m"/>'
            '</field><field name="data" value="00"><field name="data.len" show="1"/></field>'),
     document(**{"_ws.expert.message": "m", "data.len": "1"})),
    (pdml.is_text_row, lambda node: False,
     packet('<field name="" show="Timestamps"/>'),
     document(text="Timestamps")),
    (pdml.homonym, lambda name: name,
     packet('<field name="%s" show="8"/>' % HOMONYM[0]),
     document(**{HOMONYM[1]: "8"})),
    (pdml.is_invented, lambda node: False,
     packet(TYPE).replace(b'<proto name="frame">', b'<proto name="geninfo"><field name="num" show="8"/>'
                          b'</proto><proto name="frame">'),
     document(**{"eth.type": "0x0800"})),
    (pdml.is_wrapper, lambda node: False,
     packet(TYPE).replace(b"</packet>", b'<proto name="fake-field-wrapper"><field name="tcp.segment.count"'
                          b' show="2"/></proto></packet>'),
     {**document(**{"eth.type": "0x0800"}), "data": {"envelope": "tcp", "tcp.segment.count": "2"}}),
)


def test_every_normalisation_has_a_case():
    assert {case[0] for case in CASES} == set(pdml.NORMALISATIONS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_normalisation_is_right(case):
    _, _, text, layers = case
    assert differences(text, layers) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_normalisation_is_needed(case, monkeypatch):
    function, stand_in, text, layers = case
    monkeypatch.setattr(pdml, function.__name__, stand_in)
    assert differences(text, layers) != []


def test_control_characters_are_not_taken_on_trust():
    text = packet('<field name="http.host" show="a\\x1f" value="611f"/>')
    assert differences(text, document(**{"http.host": "a\x1f"})) == []
    assert differences(text, document(**{"http.host": "a\x1e"})) != []
    assert differences(text, document(**{"http.host": "a"})) != []
    # Not in the packet: PDML would show both alike.
    text = packet('<field name="http.host" show="a\\x1f" value="615c783166"/>')
    assert differences(text, document(**{"http.host": "a\x1f"})) != []


def test_homonyms_of_another_look_are_not_one():
    """Two fields of one EK name that differ in type are told apart."""
    names = tshark.homonyms()
    assert names[HOMONYM[0]] == names[HOMONYM[1]]
    assert "bgp.prefix_length" not in names     # a number; bgp.prefix.length is only present
    types = tshark.field_types()
    for name, other in names.items():
        assert tshark.ek_look(types[name]) == tshark.ek_look(types[other])


@pytest.mark.parametrize("make", (frames.http_with_every_byte, frames.http_with_controls,
                                  frames.ntp_without_time), ids=lambda make: make.__name__)
def test_a_real_tshark_prints_so(make, tmp_path):
    """The cases above are no inventions: packets made to show each of them."""
    capture = tmp_path / "made.pcap"
    capture.write_bytes(frames.pcap([make()]))
    result = espcap.run("--file", capture)
    assert result.code == 0, result.errors
    (packet_,) = sections.packets(capture)
    assert compare.layers_differences(packet_, result.documents[0]["layers"]) == []
