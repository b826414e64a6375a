# SPDX-License-Identifier: BSD-2-Clause
"""Works out from PDML, by the rules of the document, which section each field of a packet belongs to."""

import collections
import functools
import os

import pdml
import tshark

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

LINK = frozenset("eth sll null loop wlan ppp chdlc fr fddi tr arcnet wpan atm ipfc infiniband".split())
NETWORK = frozenset("ip ipv6 arp ipx clnp ddp".split())
TRANSPORT = frozenset("tcp udp udplite sctp dccp".split())
# Protocols that show headers of other packets: quoted in an error, sampled, or carried to a controller.
QUOTERS = frozenset(
    "icmp icmpv6 sflow openflow openflow_v1 openflow_v4 openflow_v5 openflow_v6 cflow mpls-echo".split())


@functools.lru_cache(maxsize=None)
def forbidden():
    """The protocols that conf/protocols.list comments out: they are never the top protocol."""
    with open(os.path.join(ROOT, "conf", "protocols.list"), encoding="utf-8") as lines:
        return {line[2:].strip() for line in lines
                if line.startswith("# ") and len(line.split()) == 2}


class Object:
    """One object of a section: its protocol, what encloses it, and its fields with their values."""

    def __init__(self, protocol, envelope=None):
        self.protocol = protocol
        self.envelope = envelope
        self.fields = collections.defaultdict(list)
        self.section = None
        self.top = False        # not nested in another layer
        self.entry = None       # position in frame.protocols
        self.parent = None      # protocol of the layer it is nested in

    def add(self, pair):
        name, value = pair
        self.fields[name].append(value)


class Packet:
    """The sections that a packet's document must have."""

    def __init__(self, nodes):
        self.objects = []       # of the layers, in the order of the tree
        self.beside = {}        # protocol: rows beside the layers
        self.data = []          # (object of the bytes nobody dissected, its enclosing object or None)
        self.stack = self.read_stack(nodes)
        for node in nodes:
            if pdml.is_wrapper(node):
                self.add_beside(node)
            else:
                self.add_layer(node)
        self.match_stack()
        self.find_kinds()
        for item in self.objects:
            self.place(item)

    @staticmethod
    def read_stack(nodes):
        for node in nodes:
            for field in node.children:
                if field.name == "frame.protocols":
                    return field.show.split(":")
        return []

    # Fields into objects.

    def add_layer(self, node):
        item = Object(node.name)
        item.top = True
        self.objects.append(item)
        self.add_children(node, item, {})

    def add_children(self, node, item, nested):
        """nested: the protocols nested directly in this layer so far; two of one kind are one object."""
        for child in node.children:
            pair = pdml.expected(child)
            if pair is not None:
                item.add(pair)
                self.add_children(child, item, nested)
            else:
                inner, scope = self.enter(child.name, item, nested)
                self.add_children(child, inner, scope)

    def enter(self, name, item, nested):
        """The object for a nested protocol: one of its own if frame.protocols names it, else the layer's."""
        if name not in nested:
            inner = item
            if name in self.stack and name != "data":
                inner = Object(name)
                inner.parent = item.protocol
                self.objects.append(inner)
            nested[name] = inner, {}
        return nested[name]

    def add_beside(self, wrapper):
        for node in wrapper.children:
            # A row without a field belongs to nobody: frame stands for that.
            owners = tshark.field_protocols().get(node.name, {"frame"})
            self.add_rows(node, min(owners))

    def add_rows(self, node, owner):
        """Rows beside the layers stay together, but a protocol among them is a layer: EK prints it at the top."""
        pair = pdml.expected(node)
        if pair is None:
            self.add_layer(node)
            return
        self.beside.setdefault(owner, Object("data", owner)).add(pair)
        for child in node.children:
            self.add_rows(child, owner)

    # Objects into sections.

    def match_stack(self):
        """Each entry of frame.protocols is the next object of its name in the tree, or else the first one left."""
        taken = {}
        after = -1
        self.entries = [None] * len(self.stack)
        for position, name in enumerate(self.stack):
            free = [index for index, item in enumerate(self.objects)
                    if item.protocol == name and index not in taken]
            if not free:
                continue
            index = next((index for index in free if index > after), free[0])
            taken[index] = position
            after = max(after, index)
            self.objects[index].entry = position
            self.entries[position] = self.objects[index]

    def find_kinds(self):
        quoter = next((position for position, name in enumerate(self.stack) if name in QUOTERS),
                      len(self.stack))
        self.quoted_from = quoter + 1
        own = list(enumerate(self.stack[:self.quoted_from]))
        self.top = next((name for position, name in reversed(own)
                         if self.may_be_top(position, name)), None)
        present = [(position, name) for position, name in own if self.entries[position]]
        self.network = last(present, NETWORK)
        self.link = last(present, LINK)
        self.transport = last([(position, name) for position, name in present
                               if self.network is None or position > self.network], TRANSPORT)

    def may_be_top(self, position, name):
        if name in forbidden() or name == "data" or not name:
            return False
        item = self.entries[position]
        return not (name == "tls" and item is not None and item.parent == "quic")

    def place(self, item):
        if item.protocol == "data" and item.entry is not None:
            return
        item.section = self.section_of(item)
        if item.section in ("frame", "link", "network", "transport", "application"):
            item.envelope = None
        else:
            item.envelope = self.envelope_of(item)

    def section_of(self, item):
        position = item.entry
        if item.protocol == "frame":
            return "frame"
        if position is None:
            same = [other for other in self.entries if other and other.protocol == item.protocol]
            return same[-1].section or self.section_of(same[-1]) if same else item.protocol
        fixed = {self.link: "link", self.network: "network", self.transport: "transport"}
        if position in fixed:
            return fixed[position]
        if position < self.quoted_from:
            if item.protocol in LINK | NETWORK | TRANSPORT:
                return "tunnel"
            if item.protocol == self.top:
                return "application"
        return item.protocol

    def envelope_of(self, item):
        if item.entry is None and not item.top:
            return item.parent
        if item.entry is None:
            same = [other for other in self.entries if other and other.protocol == item.protocol]
            if same:
                return self.below(same[-1].entry)
            return self.below(len(self.stack)) or "frame"
        return self.below(item.entry)

    def below(self, position):
        """The nearest protocol of the stack under this position that is a layer."""
        for index in range(position - 1, -1, -1):
            if self.entries[index] and self.stack[index] != "data":
                return self.stack[index]
        return None

    def encloser(self, item):
        """The object that undissected bytes belong to."""
        for index in range(item.entry - 1, -1, -1):
            if self.entries[index] and self.stack[index] != "data":
                return self.entries[index]
        return next(other for other in self.objects if other.protocol == "frame")

    @functools.cached_property
    def sections(self):
        """Section name -> list of (envelope, fields), each section in the order of the packet."""
        found = collections.defaultdict(list)
        joined = collections.defaultdict(list)
        for item in self.objects:
            if item.section is None:
                joined[id(self.encloser(item))].append(item)
        for item in self.objects:
            if item.section is None:
                continue
            fields = collections.defaultdict(list)
            for source in [item] + joined[id(item)]:
                for name, values in source.fields.items():
                    fields[name] += values
            # An empty layer that nothing encloses ("raw") leaves no trace but in frame.protocols.
            if fields or item.envelope:
                found[item.section].append((item.envelope, fields))
        for owner, item in self.beside.items():
            found["data"].append((owner, item.fields))
        return found


def last(entries, kind):
    """The position of the last of (position, name) whose name is of this kind."""
    return next((position for position, name in reversed(entries) if name in kind), None)


@functools.lru_cache(maxsize=None)
def packets(capture, arguments=()):
    """The packets of a capture by tshark -T pdml, read once for all tests. arguments: a tuple."""
    return [Packet(nodes) for nodes in pdml.packets(capture, arguments)]
