# SPDX-License-Identifier: BSD-2-Clause
"""What of a record is not compared, because it differs from run to run by its nature. Each rule has a name and a reason."""

import re


class Rule:
    """Replaces what a pattern finds. In the replacement \\1 and so on stand for its groups."""

    def __init__(self, pattern, replacement):
        self.pattern = re.compile(pattern, re.MULTILINE)
        self.replacement = replacement

    def apply(self, text):
        return self.pattern.sub(self.replacement, text)


# These hold for every scenario.
ALWAYS = {
    # tshark's HOME has a random name.
    "home": Rule(r"/tmp/espcap-[A-Za-z0-9]{6}(?![\w-])", "HOME"),
    # Metrics: the clock, and how much memory the kernel counted just then.
    "metrics": Rule(r"^(espcap_(?:start_time_seconds|last_delivery_timestamp_seconds|resident_memory_bytes)(?:\{[^}]*\})?) \S+$",
                    r"\1 VARIES"),
}

# A scenario names those that it needs besides.
NAMED = {
    # A descriptor that was open at the start is named by the number of the process.
    "pid": Rule(r"/proc/\d+/fd/", "/proc/PID/fd/"),
    # How much was read, and printed, when the reader of standard output went away.
    "reader gone": Rule(r"(read|printed|unsent)=\d+", r"\1=N"),
    # Packets of a live capture have the time at which they came, in many forms.
    "time of capture": Rule(
        r'("(?:@timestamp|sniff_timestamp|sniff_date_utc|[a-z]+\.time[a-z_]*)":)(?:"[^"]*"|[\d.]+)', r"\1VARIES"),
    # A live capture is known by a random number, and the ids of its packets are made from it.
    "capture": Rule(r'("capture":|"_id":|"id":|espcap\.capture: )"?[A-Za-z0-9_-]{22,32}"?', r"\1RANDOM"),
    # The index of a packet that was captured just now is that of today.
    "today": Rule(r"packets-20\d\d-\d\d-\d\d", "packets-TODAY"),
    # A file that a scenario writes while it is watched was changed just then.
    "file date": Rule(r'("(?:file_date_utc|mtime)":)"[^"]*"', r"\1VARIES"),
    # A line of the registry: device and inode, the change time, and when it was written.
    "registry": Rule(r"^(\d+ \S+) \d+:\d+ (\d+) \S+ ((?:\S+ ){5})\S+ ", r"\1 FILE \2 CHANGED \3WHEN "),
    # Without --ledger its name has a hash of the path of the folder, which is another in each run.
    "registry name": Rule(r"watch-[0-9a-f]+\.", "watch-HASH."),
    # The files of a ring are named after the second in which they were begun.
    "ring": Rule(r"espcap-(\w+)-\d{8}T\d{6}Z-", r"espcap-\1-TIME-"),
    # The number by which tsharks that share a capture know records that are not theirs is random.
    "mark": Rule(r"mark=\d+", "mark=RANDOM"),
    # How long a tshark that hung was busy before.
    "busy": Rule(r"for \d+ ms of its processor time", "for N ms of its processor time"),
    # Where a tshark was when it had its time or its memory, and how much that was.
    "age": Rule(r"after packet \d+: the old one has had \d+ \S+(?: of \S+ \S+)?$", "after packet N: the old one has had ENOUGH"),
    # After how many milliseconds a request was given up, and how much had come by then.
    "timed out": Rule(r"timed out after \d+ milliseconds with \d+ (out of \d+ )?bytes", r"timed out after N milliseconds with N \1bytes"),
    # What is told on the way until the time is over.
    "trying again": Rule(r"^espcap: .*; trying again\n", ""),
    # How many requests were sent again until the time was over.
    "retries": Rule(r'(retries=|"retries":|espcap_requests_retried_total )\d+', r"\1VARIES"),
}


class Rules:
    """Those of one scenario: names of NAMED, and texts that are known to stand for something, as a folder or a port."""

    def __init__(self, names):
        self.rules = [*ALWAYS.values(), *(NAMED[name] for name in names)]
        self.known = []

    def know(self, text, stands_for):
        """The longest first, as a folder may be in another."""
        self.known.append((text, stands_for))
        self.known.sort(key=lambda pair: -len(pair[0]))

    def apply(self, text):
        for known, stands_for in self.known:
            text = text.replace(known, stands_for)
        for rule in self.rules:
            text = rule.apply(text)
        return text
