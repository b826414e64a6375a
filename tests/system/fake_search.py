# SPDX-License-Identifier: BSD-2-Clause
"""A scripted stand-in for the searches of Elasticsearch and OpenSearch: documents in order, points in time, faults."""

import datetime
import itertools
import json
import re

import fake_server

LONG_MAX = 2**63 - 1
ORDER = ("@timestamp", "espcap.capture", "espcap.ordinal")
START = datetime.datetime(2015, 7, 30, 5, 22, 10, tzinfo=datetime.timezone.utc)


def iso(nanoseconds):
    """The time of a document so many nanoseconds after START."""
    whole = START + datetime.timedelta(seconds=nanoseconds // 10**9)
    return "%s.%09dZ" % (whole.strftime("%Y-%m-%dT%H:%M:%S"), nanoseconds % 10**9)


def document(number, time=None, capture="c", text="x", **members):
    """A document of an index; capture None: as of --id=auto."""
    made = {"@timestamp": iso(number * 1000 if time is None else time), "frame_number": number, "info": text, **members}
    if capture is not None:
        made["espcap"] = {"capture": capture, "ordinal": number}
    return made


def nanoseconds(text):
    """Since 1970, of a time in a document or in search_after; both servers take a text or a number."""
    if not isinstance(text, str):
        return text
    whole, fraction = re.fullmatch(r"(\S+T[\d:]+)(?:\.(\d+))?Z", text).groups()
    seconds = datetime.datetime.strptime(whole + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    return int(seconds) * 10**9 + int((fraction or "").ljust(9, "0"))


def comparable(values):
    """The order of values as a server has it: a missing text comes last."""
    return [nanoseconds(values[0])] + [(value is None, value or "") if place == 0 else value
                                       for place, value in enumerate(values[1:])]


class Server(fake_server.Server):
    """documents: index -> list of documents. Contexts are points in time: id -> the hits that it froze."""

    def __init__(self, documents, *faults, contexts=True, **keywords):
        super().__init__(*faults, **keywords)
        self.documents = documents
        self.has_contexts = contexts
        self.contexts = {}
        self.numbers = itertools.count(1)
        self.opened = 0
        self.pages = []         # bodies of the requests for pages
        self.on_page = None     # called with the number of the page before it is answered
        self.failed_shards = 0
        self.unknown = False    # an error of its own kind that a fault wants

    def forget_contexts(self):
        with self.lock:
            self.contexts.clear()

    def route(self, exchange):
        parts = exchange.path.strip("/").split("/")
        with self.lock:
            if parts[-1] == "_search" and exchange.method == "POST":
                self.search(exchange, parts)
            elif parts[-1] == "_pit" and exchange.method == "POST" and self.engine == "elasticsearch" and self.has_contexts:
                self.open_context(exchange, parts[0], "id")
            elif parts[-1] == "point_in_time" and exchange.method == "POST" and self.engine == "opensearch" and self.has_contexts:
                self.open_context(exchange, parts[0], "pit_id")
            elif parts[-1] in ("_pit", "point_in_time") and exchange.method == "DELETE":
                self.close_context(exchange)
            elif parts[-1] in ("_pit", "point_in_time"):
                exchange.error(400, "illegal_argument_exception", "no handler found for uri [%s]" % exchange.path)
            else:
                super().route(exchange)

    def hits(self, names):
        """What the indices of these names hold, in the order of packets."""
        patterns = [re.escape(name).replace(r"\*", ".*") for name in names.split(",")]
        found = []
        for index, documents in self.documents.items():
            if any(re.fullmatch(pattern, index) for pattern in patterns):
                for number, source in enumerate(documents):
                    inner = source.get("espcap", {})
                    found.append(([nanoseconds(source["@timestamp"]), inner.get("capture"), inner.get("ordinal", LONG_MAX),
                                   number], index, source))
        return sorted(found, key=lambda hit: comparable(hit[0]))

    def open_context(self, exchange, names, key):
        name = "context-%d" % next(self.numbers)
        self.contexts[name] = self.hits(names)
        self.opened += 1
        exchange.send(200, {key: name})

    def close_context(self, exchange):
        given = json.loads(exchange.body)
        for name in given.get("pit_id", [given.get("id")]):
            if self.contexts.pop(name, None) is None:
                self.violate(exchange, "closes what is not open")
        exchange.send(200, {"succeeded": True})

    def search(self, exchange, parts):
        if exchange.query.get("allow_partial_search_results") != "false":
            self.violate(exchange, "a part could be taken for the whole")
        body = json.loads(exchange.body)
        if body["size"] == 0:
            total = len(self.hits(parts[0]))
            self.reply(exchange, {"hits": {"total": {"value": total, "relation": "eq"}, "hits": []}})
            return
        self.pages.append(body)
        if self.on_page:
            self.on_page(len(self.pages))
        if len(parts) > 1:
            hits = self.hits(parts[0])
        elif body["pit"]["id"] in self.contexts:
            hits = self.contexts[body["pit"]["id"]]
        else:
            exchange.error(404, "search_context_missing_exception", "No search context found for id [1]")
            return
        self.page(exchange, body, hits)

    def page(self, exchange, body, hits):
        if tuple(next(iter(part)) for part in body["sort"][:3]) != ORDER or not all(
                "unmapped_type" in next(iter(part.values())) for part in body["sort"][:3]):
            self.violate(exchange, "sorted by %s" % body["sort"])
        # Elasticsearch adds what breaks ties to each point in time; elsewhere _doc must be asked for.
        has_tie = ("pit" in body and self.engine == "elasticsearch") or any("_doc" in part for part in body["sort"])
        width = 4 if has_tie else 3
        if "search_after" in body:
            if len(body["search_after"]) != width or not isinstance(body["search_after"][0], str):
                self.violate(exchange, "search_after %s" % body["search_after"])
            after = comparable(body["search_after"])
            hits = [hit for hit in hits if comparable(hit[0][:width]) > after]
        found = [{"_index": index, "_id": "i%d" % values[2], "_source": source, "sort": values[:width]}
                 for values, index, source in hits[:body["size"]]]
        self.reply(exchange, {"hits": {"hits": found}})

    def reply(self, exchange, members):
        failed = self.failed_shards
        shards = {"total": len(self.documents) + failed, "successful": len(self.documents), "skipped": 0, "failed": failed}
        if failed:
            shards["failures"] = [{"shard": 0, "reason": {"type": "x", "reason": "the shard is on fire"}}]
        exchange.reply = json.dumps({"took": 1, "timed_out": False, "_shards": shards, **members}).encode()
        if not self.strike("reply", exchange):
            exchange.send(200, exchange.reply)
