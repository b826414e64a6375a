# SPDX-License-Identifier: BSD-2-Clause
"""The scenarios by name, and what several kinds of them share."""

import conserve
import frames

SCENARIOS = {}


class Scenario:
    """A function that plays on a Stage; the names of the rules that it needs; and whether it needs the line between the
    two network namespaces, which there is once."""

    def __init__(self, play, rules, line):
        self.play = play
        self.rules = rules
        self.line = line


def add(name, play, rules=(), line=False):
    assert name not in SCENARIOS, name
    SCENARIOS[name] = Scenario(play, rules, line)


def scenario(*rules, line=False):
    """Adds a function under its own name."""
    def keep(play):
        add(play.__name__.replace("_", "-"), play, rules, line)
        return play
    return keep


def plain(count=30):
    """Packets that do not depend on each other."""
    return [frames.plain(b"packet %d " % number + b"x" * number) for number in range(1, count + 1)]


def numbered(count=60, seed=1):
    """A capture of UDP packets that know their number, a millisecond from each other."""
    return frames.pcap_header() + b"".join(records(count, seed))


def records(count, seed=1, start=0):
    return [frames.pcap_record(data, frames.START + (start + number) // 1000, (start + number) % 1000 * 1000)
            for number, data in enumerate(conserve.make_packets(count, seed))]
