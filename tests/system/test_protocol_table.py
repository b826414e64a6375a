# SPDX-License-Identifier: BSD-2-Clause
"""`protocol` against tshark's Protocol column: protocol_table.tsv has every pair met, and the reason where they differ.

Run as a program it prints the table anew, with the reasons it has: write the missing ones by hand.
"""

import os
import sys

import espcap
import tshark

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "protocol_table.tsv")
TITLES = ["capture", "frame.protocols", "column", "protocol", "reason"]


def read_table():
    """(capture, stack, column, protocol) -> reason."""
    with open(TABLE, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    assert rows[0] == TITLES
    assert all(len(row) == len(TITLES) for row in rows)
    keys = [tuple(row[:4]) for row in rows[1:]]
    assert len(keys) == len(set(keys)), "a row twice"
    return {tuple(row[:4]): row[4] for row in rows[1:]}


def met(capture, documents):
    """The rows that a capture makes, in the order of its packets."""
    name = os.path.relpath(capture, espcap.CAPTURE_DIR)
    rows = tshark.columns(capture, ("frame.protocols", "_ws.col.Protocol"), espcap.tshark_options_for(capture))
    assert len(rows) == len(documents)
    return list(dict.fromkeys(
        (name, "|".join(stack), "|".join(column).lower(), document["protocol"])
        for (stack, column), document in zip(rows, documents)))


def test_every_row_is_in_the_table(capture, full):
    table = read_table()
    new = [row for row in met(capture, full.documents) if row not in table]
    assert not new, "not in %s:\n%s" % (TABLE, "\n".join("\t".join(row) for row in new))


def test_no_row_is_left_over(capture, full):
    """A row that no packet makes any more must go."""
    name = os.path.relpath(capture, espcap.CAPTURE_DIR)
    now = met(capture, full.documents)
    assert [row for row in read_table() if row[0] == name and row not in now] == []


def test_every_capture_of_the_table_is_there():
    names = {os.path.relpath(name, espcap.CAPTURE_DIR) for name in espcap.captures()}
    assert {row[0] for row in read_table()} <= names


def test_every_difference_has_its_reason():
    for (capture, stack, column, protocol), reason in read_table().items():
        assert (column != protocol) == bool(reason.strip()), (capture, stack, column, protocol, reason)


def main():
    reasons = read_table() if os.path.exists(TABLE) else {}
    # The same pair has the same reason in another capture.
    pairs = {(column, protocol): reason for (_, _, column, protocol), reason in reasons.items()}
    print("\t".join(TITLES))
    for capture in espcap.captures():
        result = espcap.run("--file", capture, *espcap.options_for(capture))
        for row in met(capture, result.documents):
            reason = reasons.get(row, pairs.get(row[2:], "")) if row[2] != row[3] else ""
            print("\t".join([*row, reason]))


if __name__ == "__main__":
    sys.exit(main())
