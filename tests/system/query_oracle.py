#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds src/query against tshark: the frames that a display filter finds, without a server or with one.

	tests/system/query_oracle.py --build=build/san [--plain=build/plain] [--filters=N] [--seed=N] [--server=URL] [--show] CAPTURE...

For each capture filters are made of what is in it: 20 percent names of protocols, 20 percent ==, 15 percent each of
presence, !=, order and networks, contains; a third of them joined by and, or, not. tshark answers them (as the filters of
taps, which is one pass for all; some with -Y), and tests/system/query_driver answers them from the terms of the packets,
or, with --server, the server does from an index "query-oracle" of them.
Prints for each capture and for all: filters tried, wrong ones, and refused ones by reason. Fails if one is wrong.
"""

import argparse
import calendar
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = 3  # filters of each capture that -Y answers, too
ORDERS = [">", ">=", "<", "<=", "gt", "ge", "lt", "le"]
STRINGS = {"FT_STRING", "FT_STRINGZ", "FT_UINT_STRING", "FT_STRINGZPAD", "FT_STRINGZTRUNC"}
BYTES = {"FT_BYTES", "FT_UINT_BYTES"}
ADDRESSES = {"FT_ETHER", "FT_FCWWN", "FT_EUI64", "FT_SYSTEM_ID", "FT_AX25", "FT_VINES"}
FRACTIONS = {"FT_FLOAT", "FT_DOUBLE", "FT_IEEE_11073_SFLOAT", "FT_IEEE_11073_FLOAT"}

Field = collections.namedtuple("Field", "name type")


def run(arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, **more).stdout


def as_nobody(arguments):
    """tshark loads no script of a user as root."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *arguments] if os.getuid() == 0 else arguments


class Facts:
    """What tshark knows, and what is in a capture."""

    def __init__(self, work):
        self.work = work
        self.fields, self.protocols = {}, set()
        self.list = os.path.join(work, "fields")
        self.values = os.path.join(work, "values")
        for option, path in (("fields", self.list), ("values", self.values)):
            with open(path, "wb") as out:
                out.write(run(["tshark", "-G", option]))
        with open(self.list, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                columns = line.rstrip("\n").split("\t")
                if columns[0] == "P":
                    self.protocols.add(columns[2])
                elif columns[0] == "F":
                    self.fields.setdefault(columns[2], columns[3])
        # The lines of one field stand together: 90 MB are read once.
        self.pieces = collections.defaultdict(list)
        with open(self.values, "rb") as lines:
            at = 0
            for line in lines:
                field = line.split(b"\t", 2)[1].decode("utf-8", "replace") if b"\t" in line else ""
                pieces = self.pieces[field]
                if pieces and pieces[-1][1] == at:
                    pieces[-1][1] = at + len(line)
                else:
                    pieces.append([at, at + len(line)])
                at += len(line)

    def lines_of(self, fields):
        """What `tshark -G values` says of these fields."""
        with open(self.values, "rb") as lines:
            for field in fields:
                for start, end in self.pieces.get(field, []):
                    lines.seek(start)
                    yield lines.read(end - start)

    def names(self, field):
        """The names of the values of a field."""
        names = {}
        for text in self.lines_of([field]):
            for line in text.decode("utf-8", "replace").split("\n"):
                columns = line.split("\t")
                if columns[0] == "V" and len(columns) > 3:
                    names.setdefault(columns[2], columns[3])
        return names

    def read(self, capture):
        """The terms of each frame as (name, value or None), in the order of the tree."""
        text = run(["tshark", "-n", "-r", capture, "-T", "json"], env={**os.environ, "TZ": "UTC"})
        packets = json.loads(text.decode("utf-8", "surrogateescape") or "[]", object_pairs_hook=lambda pairs: pairs, strict=False)
        frames = {}
        for packet in packets:
            layers = dict(dict(packet)["_source"])["layers"]
            found = []
            self.walk(layers, found)
            number = next(int(value) for name, value in found if name == "frame.number")
            frames[number] = found
        return frames

    def walk(self, pairs, found):
        for key, value in pairs:
            name = key[:-5] if key.endswith("_tree") and isinstance(value, list) else key
            is_tree = name != key
            if not is_tree:
                for one in value if self.is_list(value) else [value]:
                    self.add(name, one, found)
            if isinstance(value, list) and not self.is_list(value):
                self.walk(value, found)

    @staticmethod
    def is_list(value):
        return isinstance(value, list) and len(value) > 0 and not isinstance(value[0], tuple)

    def add(self, name, value, found):
        if name in self.fields and self.fields[name] not in ("FT_NONE", "FT_PROTOCOL") and isinstance(value, str):
            found.append((name, value))
        elif name in self.fields or name in self.protocols:
            found.append((name, None))
        else:
            found.append(("text", None))


def quote(text, rng):
    """A string in double quotes; characters beyond ASCII sometimes escaped."""
    out = []
    for char in text:
        if char in "\"\\":
            out.append("\\" + char)
        elif char in "\r\n\t":
            out.append({"\r": "\\r", "\n": "\\n", "\t": "\\t"}[char])
        elif ord(char) < 32 or ord(char) == 127:
            out.append("\\x%02x" % ord(char))
        elif ord(char) > 126 and rng.random() < 0.5:
            out.append("\\U%08x" % ord(char) if ord(char) > 0xffff else "\\u%04x" % ord(char))
        else:
            out.append(char)
    return '"%s"' % "".join(out)


class Maker:
    """Filters of what is in a capture."""

    def __init__(self, facts, frames, rng):
        self.facts, self.rng = facts, rng
        present = sorted({name for found in frames.values() for name, _ in found})
        self.protocols = [name for name in present if name in facts.protocols]
        self.present = [name for name in present if name in facts.fields]
        self.values = collections.defaultdict(set)
        for found in frames.values():
            for name, value in found:
                if value is not None:
                    self.values[name].add(value)
        # Each type as often as any other: most fields are numbers.
        self.by_type = collections.defaultdict(list)
        for name in sorted(self.values):
            self.by_type[facts.fields[name]].append(name)
        self.absent = sorted(facts.fields)
        self.unseen = sorted(facts.protocols)

    def field(self, types=None):
        kinds = sorted(kind for kind in self.by_type if types is None or kind in types)
        if not kinds:
            return None
        if self.rng.random() < 0.5:
            name = self.rng.choice([name for kind in kinds for name in self.by_type[kind]])
        else:
            name = self.rng.choice(self.by_type[self.rng.choice(kinds)])
        return Field(name, self.facts.fields[name])

    def value(self, field):
        return self.rng.choice(sorted(self.values[field.name]))

    def number(self, text, maximum=None):
        try:
            number = int(text, 0) if not re.fullmatch(r"0\d+", text) else int(text, 8)
        except ValueError:
            return None
        if self.rng.random() < 0.3:
            number = max(0, number + self.rng.choice([-1, 1]))
        if maximum is not None:
            number = min(number, maximum)
        if number < 0:
            return str(number)
        return self.rng.choice(["%d", "%d", "%#x", "0%o"]) % number if number else "0"

    def literal(self, field, text):
        """The text of a literal for a value; None if there is none of that type."""
        kind = field.type
        if kind.startswith(("FT_UINT", "FT_INT")) and kind[-1].isdigit() or kind in ("FT_FRAMENUM", "FT_CHAR", "FT_IPXNET"):
            names = self.facts.names(field.name) if self.rng.random() < 0.2 else {}
            if text in names and '"' not in names[text] and "\\" not in names[text]:
                return '"%s"' % names[text]
            bits = int(re.sub(r"\D", "", kind) or 32) if kind != "FT_CHAR" else 8
            return self.number(text, 2 ** (bits - (kind.startswith("FT_INT"))) - 1)
        if kind == "FT_BOOLEAN":
            return self.rng.choice({"1": ["1", "True", "TRUE"]}.get(text, ["0", "False", "FALSE"]))
        if kind in STRINGS:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            return quote(text, self.rng) if "\0" not in text else None
        if kind in BYTES | ADDRESSES:
            if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2})*", text):
                return None
            return self.rng.choice([text, text.upper(), text.replace(":", "-"), text.replace(":", ".")])
        if kind == "FT_ABSOLUTE_TIME":
            return '"%s"' % text
        if kind == "FT_GUID" and self.rng.random() < 0.5:
            return text.upper()
        return text

    def compare(self, operators, types=None):
        field = self.field(types)
        if field is None:
            return None
        literal = self.literal(field, self.value(field))
        if literal is None:
            return None
        operator = self.rng.choice(operators)
        if operator != "in":
            return "%s %s %s" % (field.name, operator, literal)
        other = self.literal(field, self.value(field)) or literal
        if self.rng.random() < 0.3:
            return "%s in {%s .. %s}" % (field.name, literal, other)
        return "%s %sin {%s, %s}" % (field.name, self.rng.choice(["", "", "not "]), literal, other)

    def network(self):
        field = self.field({"FT_IPv4", "FT_IPv6"})
        if field is None:
            return None
        bits = self.rng.randint(0, 32 if field.type == "FT_IPv4" else 128)
        return "%s %s %s/%d" % (field.name, self.rng.choice(["==", "!=", ">", "<=", "=="]), self.value(field), bits)

    def order(self):
        if self.rng.random() < 0.3:
            found = self.network()
            if found is not None:
                return found
        return self.compare(ORDERS)

    def contains(self):
        field = self.field(STRINGS | BYTES | (ADDRESSES - {"FT_EUI64"}))
        if field is None:
            return None
        text = self.value(field)
        if field.type not in STRINGS:
            if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2})*", text):
                return None
            parts = text.split(":")
            at = self.rng.randrange(len(parts))
            parts = parts[at:at + self.rng.randint(1, 8)]
            if self.rng.random() < 0.2 and field.type in BYTES:
                return "%s contains \"%s\"" % (field.name, "".join("\\x%s" % part for part in parts))
            return "%s contains %s" % (field.name, self.rng.choice([":", "-", "."]).join(parts))
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if text == "":
            return None
        at = self.rng.randrange(len(text))
        text = text[at:at + self.rng.randint(1, 12)]
        if self.rng.random() < 0.2:
            text = "".join(self.rng.choice([char, char.swapcase()]) for char in text)
        return "%s contains %s" % (field.name, quote(text, self.rng)) if "\0" not in text else None

    def one(self):
        chance = self.rng.random()
        if chance < 0.20:
            return self.rng.choice(self.protocols if self.rng.random() < 0.8 else self.unseen)
        if chance < 0.40:
            return self.compare(["==", "==", "eq", "any_eq", "in"])
        if chance < 0.55:
            return self.rng.choice(self.present if self.rng.random() < 0.8 else self.absent)
        if chance < 0.70:
            return self.compare(["!=", "ne", "all_ne"])
        return self.order() if chance < 0.85 else self.contains()

    def simple(self):
        while True:
            found = self.one()
            if found is not None:
                return found

    def joined(self, depth):
        shape = self.rng.random()
        if depth == 0 or shape < 0.3:
            return self.simple()
        if shape < 0.45:
            return "%s%s" % (self.rng.choice(["not ", "!", "! "]), self.group(depth - 1))
        return (" %s " % self.rng.choice(["and", "or", "&&", "||"])).join(self.group(depth - 1) for _ in range(self.rng.randint(2, 3)))

    def group(self, depth):
        inner = self.joined(depth)
        return "(%s)" % inner if self.rng.random() < 0.6 else inner

    def filter(self):
        return self.simple() if self.rng.random() < 0.67 else self.joined(3)


def as_document(text):
    """A time as documents have it: -T json writes others."""
    found = re.fullmatch(r"(\w{3} +\d+, \d{4} \d+:\d+:\d+)(\.\d+)? UTC", text)
    if not found:
        return text
    seconds = calendar.timegm(time.strptime(found.group(1), "%b %d, %Y %H:%M:%S"))
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + (found.group(2) or "") + "Z"


def write_terms(facts, frames, path):
    with open(path, "w", encoding="ascii") as out:
        for number in sorted(frames):
            for name, value in frames[number]:
                if facts.fields.get(name) == "FT_ABSOLUTE_TIME" and value is not None:
                    value = as_document(value)
                more = "" if value is None else "\t" + value.encode("utf-8", "surrogateescape").hex()
                out.write("%d\t%s%s\n" % (number, name, more))


def ask_tshark(work, capture, filters):
    """For each filter its frames, or None if tshark refuses it."""
    paths = {key: os.path.join(work, "tshark." + key) for key in ("filters", "answers", "capture", "lua")}
    with open(paths["filters"], "w", encoding="utf-8") as out:
        out.write("".join(one + "\n" for one in filters))
    with open(paths["answers"], "w", encoding="utf-8"):
        os.chmod(paths["answers"], 0o666)
    for key, source in (("capture", capture), ("lua", os.path.join(HERE, "query_oracle.lua"))):
        with open(source, "rb") as from_file, open(paths[key], "wb") as to_file:
            to_file.write(from_file.read())
    environment = {**os.environ, "TZ": "UTC", "FILTERS": paths["filters"], "ANSWERS": paths["answers"], "HOME": work}
    run(as_nobody(["tshark", "-n", "-q", "-r", paths["capture"], "-X", "lua_script:" + paths["lua"]]), env=environment)
    answers = []
    with open(paths["answers"], encoding="utf-8", errors="replace") as lines:
        for line in lines:
            state, text = line.rstrip("\n").split("\t", 1)
            answers.append([int(one) for one in text.split()] if state == "ok" else None)
    if len(answers) != len(filters):
        sys.exit("query_oracle: tshark gave %d answers to %d filters about %s" % (len(answers), len(filters), capture))
    return answers


def ask_driver(options, facts, capture, filters):
    """For each filter (frames, None), or (None, reason)."""
    paths = {key: os.path.join(facts.work, "own." + key) for key in ("filters", "documents", "values")}
    with open(paths["values"], "wb") as out:
        for piece in facts.lines_of(sorted({word for one in filters for word in re.findall(r"[\w.-]+", one)})):
            out.write(piece)
    with open(paths["filters"], "w", encoding="utf-8") as out:
        out.write("".join(one + "\n" for one in filters))
    with open(paths["documents"], "wb") as out:
        out.write(run([os.path.join(options.plain, "espcap"), "--file=" + capture]))
    command = [os.path.join(options.build, "tests/system/query_driver"), facts.list, paths["values"],
               os.path.join(facts.work, "own.terms"), paths["documents"], paths["filters"]]
    if options.server:
        paths["hits"] = os.path.join(facts.work, "own.hits")
        command.append(paths["hits"])
        if os.path.exists(paths["hits"]):
            os.unlink(paths["hits"])
        ask_server(options, read_answers(command), paths["hits"])
    return [(None, text) if state == "error" else (sorted(text.split(), key=lambda one: int(one.strip("?"))), None)
            for state, text in read_answers(command)]


def read_answers(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [line.split("\t", 1) for line in result.stdout.decode("utf-8").split("\n")[:-1]]


def request(options, method, path, body=None):
    data = None if body is None else body.encode("utf-8")
    headers = {"Content-Type": "application/x-ndjson" if body and body.endswith("\n") else "application/json"}
    with urllib.request.urlopen(urllib.request.Request(options.server + path, data, headers, method=method), timeout=120) as reply:
        return json.load(reply)


def ask_server(options, clauses, path):
    """Indexes the terms of the frames, asks all clauses, and writes what was found."""
    try:
        request(options, "DELETE", "/query-oracle")
    except urllib.error.HTTPError:
        pass
    terms = {"type": "keyword", "doc_values": False, "index_options": "docs", "norms": False}
    mapping = {"dynamic": False, "properties": {"espcap": {"properties": {"terms": terms}}}}
    request(options, "PUT", "/query-oracle", json.dumps({"settings": {"number_of_shards": 1, "number_of_replicas": 0}, "mappings": mapping}))
    lines = []
    with open(path + ".terms", encoding="utf-8") as found:
        for number, one in enumerate(found, 1):
            lines += ['{"index":{"_id":"%d"}}' % number, '{"espcap":{"terms":%s}}' % one.rstrip("\n")]
    if lines:
        assert not request(options, "POST", "/query-oracle/_bulk", "\n".join(lines) + "\n")["errors"]
    request(options, "POST", "/query-oracle/_refresh")
    asked = [(index, clause) for index, (state, clause) in enumerate(clauses) if state != "error"]
    with open(path, "w", encoding="utf-8") as out:
        for start in range(0, len(asked), 100):
            part = asked[start:start + 100]
            body = "".join('{}\n{"size":10000,"_source":false,"query":{"constant_score":{"filter":%s}}}\n' % clause for _, clause in part)
            for (index, clause), reply in zip(part, request(options, "POST", "/query-oracle/_msearch", body)["responses"]):
                if "error" in reply:
                    sys.exit("query_oracle: the server refuses %s: %s" % (clause, reply["error"]))
                for hit in reply["hits"]["hits"]:
                    out.write("%d\t%s\t%s\n" % (index, hit["_id"], json.dumps(hit.get("matched_queries", []))))


def reason_of(text):
    """The text of a refusal without what is special about this one."""
    text = re.sub(r"^\d+\t", "", text)
    text = re.sub(r"^\S+ needs", "FIELD needs", text)
    return re.sub(r", not .*|: .* is one$|^\"?.*\"? is not UTF-8", lambda match: " is not UTF-8" if "UTF-8" in match.group() else "", text)


def compare(options, facts, capture, totals):
    rng = random.Random("%d %s" % (options.seed, os.path.basename(capture)))
    frames = facts.read(capture)
    if not frames:
        return
    write_terms(facts, frames, os.path.join(facts.work, "own.terms"))
    maker = Maker(facts, frames, rng)
    filters = [maker.filter() for _ in range(options.filters)]
    theirs = ask_tshark(facts.work, capture, filters)
    own = ask_driver(options, facts, capture, filters)
    wrong = 0
    for text, right, (found, reason) in zip(filters, theirs, own):
        if right is None:
            totals["tshark refuses"] += 1
            if reason is None and options.show:
                print("  accepted, tshark refuses: %s" % text)
            totals["tshark refuses, accepted"] += reason is None
            continue
        totals["tried"] += 1
        if reason is not None:
            totals["refused"] += 1
            totals["refused: " + reason_of(reason)] += 1
            if options.show:
                print("  refused: %s: %s" % (text, reason))
        elif found != [str(one) for one in right]:
            wrong += 1
            print("  WRONG: %s\n    tshark %s\n    espcap %s" % (text, right[:20], found[:20]))
    for text, right in rng.sample([pair for pair in zip(filters, theirs) if pair[1] is not None], SAMPLE):
        shown = run(["tshark", "-n", "-r", capture, "-Y", text, "-T", "fields", "-e", "frame.number"], env={**os.environ, "TZ": "UTC"})
        if [int(one) for one in shown.split()] != right:
            print("  -Y and a tap differ: %s" % text)
            wrong += 1
    totals["wrong"] += wrong
    print("%s: %d packets, %d filters, %d wrong" % (os.path.basename(capture), len(frames), len(filters), wrong), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--plain", default="build/plain")
    parser.add_argument("--filters", type=int, default=200)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--server", help="URL of an Elasticsearch or OpenSearch")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    totals = collections.Counter()
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        facts = Facts(work)
        for capture in options.captures:
            compare(options, facts, capture, totals)
    for key in sorted(totals):
        print("%-60s %d" % (key, totals[key]))
    return 1 if totals["wrong"] or totals["refused"] * 20 > totals["tried"] or not totals["tried"] else 0


if __name__ == "__main__":
    sys.exit(main())
