# SPDX-License-Identifier: BSD-2-Clause
"""Reads the text format of Prometheus strictly: what a scraper might only warn of is an error here.

https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/practices/naming/
"""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(r"# HELP (%s) ((?:[^\\\n]|\\\\|\\n)+)" % NAME)
TYPE = re.compile(r"# TYPE (%s) (counter|gauge|histogram|summary|untyped)" % NAME)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\Z)')
SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? (\S+)" % NAME)
VALUE = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf)|NaN")
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class FormatError(Exception):
    """What was read is not in the format."""


def read_labels(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in labels or match[1].startswith("__"):
            raise FormatError("labels %r" % text)
        labels[match[1]] = re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], match[2])
        at = match.end()
        if match[3] == "" and at != len(text):
            raise FormatError("labels %r" % text)
    return labels


class Metrics:
    """The samples of one text: values[name, labels as a frozenset of pairs]."""

    def __init__(self, data):
        self.values, self.types, self.helps = {}, {}, {}
        self.group = None
        if not data.endswith(b"\n"):
            raise FormatError("the last line has no end")
        for line in data.decode("utf-8", "strict")[:-1].split("\n"):
            self.take(line)
        for name in self.types:
            if name not in self.helps or not any(name == key[0] for key in self.values):
                raise FormatError("%s has no help, or no sample" % name)

    def take(self, line):
        for kind, pattern, table in (("HELP", HELP, self.helps), ("TYPE", TYPE, self.types)):
            if line.startswith("# %s " % kind):
                match = pattern.fullmatch(line)
                if not match or match[1] in table or any(match[1] == key[0] for key in self.values):
                    raise FormatError("twice, late or malformed: %r" % line)
                table[match[1]] = match[2]
                self.group = match[1]
                return
        match = SAMPLE.fullmatch(line)
        if not match or not VALUE.fullmatch(match[3]):
            raise FormatError("no sample: %r" % line)
        self.sample(match[1], read_labels(match[2] or ""), float(match[3]))

    def sample(self, name, labels, value):
        # All of one metric stand together, behind its HELP and TYPE.
        if name != self.group or name not in self.types:
            raise FormatError("%s is not in its place" % name)
        if (self.types[name] == "counter") != name.endswith("_total"):
            raise FormatError("%s is called wrong for a %s" % (name, self.types[name]))
        if self.types[name] == "counter" and value < 0:
            raise FormatError("%s is negative" % name)
        key = name, frozenset(labels.items())
        if key in self.values:
            raise FormatError("%s is there twice" % (key,))
        self.values[key] = value

    def __call__(self, name, **labels):
        return self.values[name, frozenset(labels.items())]

    def names(self):
        return {name for name, _ in self.values}


def read(path):
    with open(path, "rb") as source:
        return Metrics(source.read())
