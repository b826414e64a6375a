# SPDX-License-Identifier: BSD-2-Clause
"""Reads `tshark -T pdml`, and turns what it prints lossily into what -T ek prints: each difference one named function."""

import re
import xml.parsers.expat

import tshark

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
ABSOLUTE_TIME = re.compile(
    r"(%s) +(\d+), (\d+) (\d\d:\d\d:\d\d(?:\.\d+)?) UTC" % "|".join(MONTHS))
NO_TIME = "1970-01-01T00:00:00.000000000Z"


class PdmlError(Exception):
    """What tshark printed is not the PDML we know."""


class Node:
    """A <proto> or <field> with what is nested in it."""

    __slots__ = ("tag", "name", "show", "value", "children")

    def __init__(self, tag, attributes):
        self.tag = tag
        self.name = attributes.get("name", "")
        self.show = attributes.get("show")
        self.value = attributes.get("value")
        self.children = []

    def walk(self):
        """The node and all below it, in the order of the tree."""
        yield self
        for child in self.children:
            yield from child.walk()


class Lossy:
    """A value of which PDML shows only this much: the text, control characters written as \\xHH, and the bytes it came from."""

    __slots__ = ("show", "raw")

    def __init__(self, show, raw):
        self.show = show
        self.raw = raw

    def matches(self, actual):
        """Whether PDML would show this value so, and each of its control characters is in the packet."""
        return (isinstance(actual, str) and shown(actual) == self.show
                and all(ord(char) in self.raw for char in actual if hidden(char)))

    def __repr__(self):
        return "like %r" % self.show


def hidden(char):
    """Whether PDML cannot show this character and writes \\xHH for it."""
    return (char < " " and char not in "\t\n\r") or char == "\x7f"


def shown(text):
    """A text as PDML shows it."""
    return "".join("\\x%x" % ord(char) if hidden(char) else char for char in text)


# The normalisations. Each turns one thing that PDML prints unlike -T ek; NORMALISATIONS names them all, and each has
# a test case in test_normalisations.py that fails without it.

def keep_line_ends(text):
    """PDML prints line ends and tabs inside attributes as they are, and an XML parser must turn them into blanks: write them as references."""
    parts = re.split(rb'(="[^"]*")', text)
    for index in range(1, len(parts), 2):
        if b"\n" in parts[index] or b"\r" in parts[index] or b"\t" in parts[index]:
            parts[index] = (parts[index].replace(b"\r", b"&#13;").replace(b"\n", b"&#10;")
                            .replace(b"\t", b"&#9;"))
    return b"".join(parts)


def mend_encoding(text):
    """Neither printing promises UTF-8: what is not becomes U+FFFD, as in the document."""
    return text.decode("utf-8", "replace").encode("utf-8")


def boolean(node):
    """FT_BOOLEAN: PDML shows 1 and 0, EK true and false."""
    if node.show not in ("0", "1"):
        raise PdmlError("%s: a boolean shown as %r" % (node.name, node.show))
    return node.show == "1"


def presence(node):
    """FT_NONE has no value: PDML shows an empty text, EK null, the document true."""
    if node.show != "":
        raise PdmlError("%s: a field without value shown as %r" % (node.name, node.show))
    return True


def absolute_time(node):
    """FT_ABSOLUTE_TIME: PDML shows "Jul 30, 2015 05:22:10.4 UTC", EK ISO 8601."""
    match = ABSOLUTE_TIME.fullmatch(node.show)
    if not match:
        return node.show
    month, day, year, clock = match.groups()
    return "%s-%02d-%02dT%sZ" % (year, MONTHS.index(month) + 1, int(day), clock)


def no_time(node):
    """An NTP time of zero is "NULL" in PDML, 1970 in EK."""
    return NO_TIME if node.show == "NULL" else None


def control_characters(node):
    """PDML shows a control character as \\xHH, which could also have been those four characters."""
    if "\\x" not in node.show:
        return None
    return Lossy(node.show, bytes.fromhex(node.value or ""))


def is_container(node):
    """Protocols, and the two fields that PDML prints like fields but EK as objects (_ws.expert, data), have no value of their own."""
    return node.tag == "proto" or (node.name in ("_ws.expert", "data") and node.show is None)


def is_text_row(node):
    """A row without a field has an empty name in PDML; EK collects them under "text"."""
    return node.tag == "field" and node.name == ""


def homonym(name):
    """A few names are one in EK (bgp.prefix.length, bgp.prefix_length): they are compared as one."""
    return tshark.homonyms().get(name, name)


def is_invented(node):
    """`geninfo` is PDML's own; no packet has it."""
    return node.name == "geninfo"


def is_wrapper(node):
    """PDML wraps rows beside the layers in a protocol that does not exist."""
    return node.name == "fake-field-wrapper"


NORMALISATIONS = (
    keep_line_ends, mend_encoding, boolean, presence, absolute_time, no_time,
    control_characters, is_container, is_text_row, homonym, is_invented, is_wrapper,
)


def expected(node):
    """(name, value or Lossy) that the document must have for this field, None for a container."""
    if is_container(node):
        return None
    if is_text_row(node):
        return "text", control_characters(node) or node.show
    kind = tshark.field_types().get(node.name)
    return homonym(node.name), expected_value(node, kind)


def expected_value(node, kind):
    """The value of a field of this type as EK prints it."""
    if node.show is None:
        raise PdmlError("%s shows nothing" % node.name)
    if kind == "FT_BOOLEAN":
        return boolean(node)
    if kind == "FT_NONE":
        return presence(node)
    if kind == "FT_ABSOLUTE_TIME":
        return no_time(node) or absolute_time(node)
    return control_characters(node) or node.show


class Reader:
    """Collects the packets of a PDML text, each a list of its top nodes."""

    def __init__(self):
        self.packets = []
        self.stack = []

    def start(self, tag, attributes):
        if tag == "packet":
            self.packets.append([])
        elif tag in ("proto", "field"):
            node = Node(tag, attributes)
            (self.stack[-1].children if self.stack else self.packets[-1]).append(node)
            self.stack.append(node)

    def end(self, tag):
        if tag in ("proto", "field"):
            self.stack.pop()

    def parse(self, text):
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.Parse(text, True)
        return self.packets


def parse(text):
    """The packets of a PDML text: lists of top nodes without what is not of the packet."""
    if not text.strip():
        return []
    packets = Reader().parse(keep_line_ends(mend_encoding(text)))
    return [[node for node in packet if not is_invented(node)] for packet in packets]


def packets(capture, arguments=()):
    """The packets of a capture as tshark -T pdml prints them."""
    return parse(tshark.read(capture, arguments, "-T", "pdml"))
