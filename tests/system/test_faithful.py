# SPDX-License-Identifier: BSD-2-Clause
"""Nothing is dropped, nothing is invented: every packet of every capture against tshark -T pdml of the same packet."""

import compare
import espcap
import sections


def test_documents_are_what_pdml_says(capture, full):
    packets = sections.packets(capture, espcap.tshark_options_for(capture))
    assert len(full.documents) == len(packets)
    report = []
    for document, packet in zip(full.documents, packets):
        found = compare.layers_differences(packet, document["layers"])
        if document["protocol"] != (packet.top or "frame"):
            found.append("protocol is %r, not %r" % (document["protocol"], packet.top))
        report += ["packet %d: %s" % (document["frame_number"], line) for line in found]
    assert not report, "\n".join(["%d differences" % len(report)] + report[:40])
