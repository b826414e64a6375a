# SPDX-License-Identifier: BSD-2-Clause
"""A scripted stand-in for Elasticsearch and OpenSearch: strict about what it takes, and misbehaving exactly as a test says."""

import base64
import collections
import gzip
import http.server
import json
import re
import select
import socket
import socketserver
import struct
import sys
import threading
import time
import urllib.parse

import fake_faults

# http.max_content_length of both servers.
BODY_LIMIT = 100 << 20
# What both allow in the name of an index (MetadataCreateIndexService.validateIndexOrAliasName).
BAD_INDEX = re.compile(r"^[-_+]|[\\/*?\"<>| ,#:A-Z]|^\.\.?$")

IDENTITIES = {
    "elasticsearch": {"name": "fake", "cluster_name": "fake", "cluster_uuid": "e7Pb8NQASlGDvUL8FWoZkg",
                      "version": {"number": "8.8.2", "build_flavor": "default", "build_type": "zip",
                                  "lucene_version": "9.6.0", "minimum_wire_compatibility_version": "7.17.0"},
                      "tagline": "You Know, for Search"},
    "opensearch": {"name": "fake", "cluster_name": "fake", "cluster_uuid": "e7Pb8NQASlGDvUL8FWoZkg",
                   "version": {"distribution": "opensearch", "number": "2.19.1", "build_type": "tar",
                               "lucene_version": "9.12.1"},
                   "tagline": "The OpenSearch Project: https://opensearch.org/"},
}
# compatibility.override_main_response_version; and what somebody in front of it may make of that.
COMPATIBLE = {**IDENTITIES["opensearch"], "version": {"number": "7.10.2", "build_type": "tar", "lucene_version": "9.12.1"}}
IDENTITIES["opensearch, compatible"] = COMPATIBLE
IDENTITIES["opensearch, disguised"] = {
    **COMPATIBLE, "version": {**COMPATIBLE["version"], "build_flavor": "oss"}, "tagline": "You Know, for Search"}
# Without the X-Pack it has neither type for all that tshark prints.
IDENTITIES["elasticsearch 7.10, oss"] = IDENTITIES["opensearch, disguised"]
LAYERS = {"elasticsearch": "flattened", "opensearch": "flat_object"}

Entry = collections.namedtuple("Entry", "index id source document bulk")
Action = collections.namedtuple("Action", "index id source document problem")


class Duplicate(ValueError):
    """A key stands twice in one object."""


class Malformed(Exception):
    """A bulk body that a server refuses as a whole."""


def once_each(pairs):
    """Since 6.0 neither server takes a key twice: Jackson's STRICT_DUPLICATE_DETECTION."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise Duplicate("Duplicate field '%s'" % key)
        found[key] = value
    return found


def refuse_constant(name):
    raise ValueError("%s is not JSON" % name)


def strict_json(source):
    return json.loads(source.decode("utf-8", "strict"), object_pairs_hook=once_each,
                      parse_constant=refuse_constant)


def error_body(status, kind, reason):
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def filtered(value, paths):
    """What the parameter filter_path leaves of a reply; a path is a list of names, where * is any one name."""
    if any(not path for path in paths):
        return value
    if isinstance(value, list):
        kept = [filtered(item, paths) for item in value]
        return [item for item in kept if item not in ({}, None)]
    if not isinstance(value, dict):
        return None
    kept = {}
    for name, inner in value.items():
        rest = [path[1:] for path in paths if path[0] in ("*", name)]
        found = filtered(inner, rest) if rest else None
        if rest and found not in (None, {}, []) or found is False:
            kept[name] = found
    return kept


def read_action(number, line, default):
    """The index and id that an action line names."""
    try:
        action = strict_json(line)
    except ValueError as error:
        raise Malformed("Malformed action/metadata line [%d]: %s" % (number, error)) from error
    if not isinstance(action, dict) or len(action) != 1 or not isinstance(next(iter(action.values())), dict):
        raise Malformed("Malformed action/metadata line [%d], expected START_OBJECT" % number)
    (verb, target), = action.items()
    if verb != "create":
        raise Malformed("line [%d]: espcap only creates, this says [%s]" % (number, verb))
    unknown = set(target) - {"_index", "_id"}
    if unknown:
        raise Malformed("Action/metadata line [%d] contains an unknown parameter %s" % (number, sorted(unknown)))
    return target.get("_index", default), target.get("_id")


def read_document(source):
    """The document and what the server would say against it."""
    try:
        document = strict_json(source)
    except (ValueError, RecursionError) as error:
        return None, "failed to parse: %s" % error
    return (document, None) if isinstance(document, dict) else (None, "failed to parse: not an object")


def stored(document, mapping):
    """What the server keeps of a document as its _source."""
    for name in mapping.get("_source", {}).get("excludes", []):
        parent, _, key = name.rpartition(".")
        if isinstance(document.get(parent), dict):
            document = {**document, parent: {member: value for member, value in document[parent].items() if member != key}}
    return document


def read_bulk(body, default=None):
    """The actions of a bulk body, by the rules that both servers have for it."""
    if not body:
        raise Malformed("request body is required")
    if not body.endswith(b"\n"):
        raise Malformed("The bulk request must be terminated by a newline [\\n]")
    lines = body.split(b"\n")[:-1]
    if len(lines) % 2:
        raise Malformed("Malformed action/metadata line [%d]: no document follows" % len(lines))
    actions = []
    for number in range(0, len(lines), 2):
        index, name = read_action(number + 1, lines[number], default)
        actions.append(Action(index, name, lines[number + 1], *read_document(lines[number + 1])))
    return actions


class Exchange:
    """One request and what becomes of it; faults act on it."""

    def __init__(self, handler, number):
        self.handler = handler
        self.server = handler.server.fake
        self.number = number
        self.method = handler.command
        self.path, _, query = handler.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        self.headers = handler.headers
        self.length = int(self.headers.get("Content-Length") or 0)
        self.time = time.monotonic()
        self.body = b""
        self.actions = []
        self.status = None      # None: never answered
        self.reply = b""

    @property
    def is_bulk(self):
        return self.path.endswith("/_bulk")

    def read(self, size):
        return self.handler.rfile.read(size)

    def head(self, status, length, content_type="application/json", **headers):
        self.status = status
        self.handler.send_response(status)
        if self.server.engine == "elasticsearch" and content_type == "application/json":
            self.handler.send_header("X-elastic-product", "Elasticsearch")
        self.handler.send_header("Content-Type", content_type)
        if length is not None:
            self.handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def send(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.head(status, len(data), content_type, **headers)
        if self.method != "HEAD":
            self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def error(self, status, kind, reason, **headers):
        self.send(status, error_body(status, kind, reason), **headers)

    def close(self):
        self.handler.close_connection = True

    def reset(self):
        """Ends the connection with a TCP reset instead of an orderly end."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def wait_for_hangup(self, seconds):
        """Does nothing until the client goes away, the server is stopped, or the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.stopping.is_set():
            readable, _, _ = select.select([self.handler.connection], [], [], 0.05)
            if readable and self.handler.connection.recv(1, socket.MSG_PEEK) == b"":
                return


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def do(self):
        self.server.fake.handle(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64
    fake = None

    def __init__(self, address, handler):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)    # without the reverse look-up of our own name

    def finish_request(self, request, client_address):
        try:
            if self.fake.tls:
                request.settimeout(10)
                request = self.fake.tls.wrap_socket(request, server_side=True)
            self.fake.connected(request)
            super().finish_request(request, client_address)
        except OSError:
            pass                # the client went away, which is its right, or we are being stopped
        finally:
            self.fake.disconnected(request)
            request.close()

    def shutdown_request(self, request):
        request.close()         # a shutdown would send an orderly end before the reset

    def handle_error(self, request, client_address):
        self.fake.crashes.append(repr(sys.exc_info()[1]))


class Server:
    """The fake server; it listens while it is entered. What it saw stands in its members."""

    def __init__(self, *faults, engine="elasticsearch", users=None, api_keys=None, tls=None, host="127.0.0.1", port=0,
                 shares=None):
        self.engine = engine
        self.faults = list(faults)
        self.users = users      # name -> (password, may): may is "all" or "create"
        self.api_keys = api_keys or {}
        self.tls = tls
        self.host = host
        self.port = port
        # Several nodes of one cluster share what is in it.
        self.lock = shares.lock if shares else threading.RLock()
        self.ledger = shares.ledger if shares else []       # of Entry, as created; nothing is ever taken out
        self.indices = shares.indices if shares else {}     # index -> id -> Entry
        self.templates = shares.templates if shares else {}     # path -> template
        self.mappings = shares.mappings if shares else {}       # index -> its mapping
        self.refuses_dynamic = False    # documents for indices that were made without a template
        self.stopping = threading.Event()
        self.exchanges = []
        self.refreshed = []     # names of indices
        self.violations = []    # what no well-behaved client does
        self.crashes = []       # bugs of this file
        self.tally = collections.Counter()      # status of items
        self.ordinals = {}      # document -> its number by first appearance
        self.sent_endless = 0
        self.accepted = 0       # connections
        self.at_once = 0        # bulk requests being worked on
        self.most_at_once = 0
        self.connections = set()
        self.listener = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *what):
        self.stop()

    @property
    def url(self):
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d" % ("https" if self.tls else "http", host, self.port)

    @property
    def bulks(self):
        return [exchange for exchange in self.exchanges if exchange.is_bulk]

    def start(self):
        """Listens; after a stop on the same port, with all that it had."""
        self.stopping.clear()
        self.listener = Listener((self.host, self.port), Handler)
        self.listener.fake = self
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """As if the process was killed: nobody listens, and every connection is cut."""
        if not self.listener:
            return
        self.stopping.set()
        self.listener.shutdown()
        self.listener.server_close()
        self.listener = None
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def connected(self, request):
        with self.lock:
            self.connections.add(request)
            self.accepted += 1

    def disconnected(self, request):
        with self.lock:
            self.connections.discard(request)

    def wait_until(self, condition, seconds=30):
        """Waits until the server has seen something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return
            time.sleep(0.01)
        raise TimeoutError("the fake server waited in vain: %d exchanges, %d in the ledger"
                           % (len(self.exchanges), len(self.ledger)))

    def violate(self, exchange, text):
        with self.lock:
            self.violations.append("%s %s: %s" % (exchange.method, exchange.path, text))

    def handle(self, handler):
        with self.lock:
            exchange = Exchange(handler, len(self.exchanges))
            self.exchanges.append(exchange)
            self.at_once += exchange.is_bulk
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.work(exchange)
        finally:
            with self.lock:
                self.at_once -= exchange.is_bulk

    def work(self, exchange):
        if self.strike("head", exchange) or not self.read_body(exchange):
            return
        if not self.is_allowed(exchange) or self.strike("body", exchange):
            return
        self.route(exchange)

    def strike(self, stage, exchange):
        """Lets the first fault of this stage that wants the exchange act on it."""
        with self.lock:
            fault = next((fault for fault in self.faults if isinstance(fault, fake_faults.Fault)
                          and fault.stage == stage and fault.takes(exchange)), None)
        if fault:
            fault.act(exchange)
        return bool(fault)

    def read_body(self, exchange):
        if exchange.headers.get("Transfer-Encoding"):
            self.violate(exchange, "chunked: a server cannot refuse it by its length")
        if exchange.headers.get("Expect"):
            self.violate(exchange, "Expect: costs a second with proxies that do not know it")
        if exchange.length > BODY_LIMIT:
            exchange.send(413, b"", "text/plain")
            exchange.close()
            return False
        body = exchange.read(exchange.length)
        if len(body) < exchange.length:
            exchange.close()
            return False        # the client went away in the middle
        coding = exchange.headers.get("Content-Encoding")
        if coding not in (None, "gzip"):
            self.violate(exchange, "Content-Encoding %s" % coding)
        exchange.body = gzip.decompress(body) if coding == "gzip" else body
        return True

    def rights(self, exchange):
        """What this client may: "all", "create", or None."""
        if not self.users and not self.api_keys:
            return "all"
        kind, _, secret = (exchange.headers.get("Authorization") or "").partition(" ")
        if kind == "ApiKey":
            return self.api_keys.get(secret)
        if kind == "Basic":
            name, _, password = base64.b64decode(secret).decode().partition(":")
            known = (self.users or {}).get(name)
            return known[1] if known and known[0] == password else None
        return None

    def is_allowed(self, exchange):
        may = self.rights(exchange)
        if may == "all" or (may == "create" and exchange.is_bulk):
            return True
        if may is None:
            exchange.error(401, "security_exception", "unable to authenticate user for REST request [%s]"
                           % exchange.path, WWW_Authenticate='Basic realm="security" charset="UTF-8"')
        else:
            exchange.error(403, "security_exception", "action [%s %s] is unauthorized for user"
                           % (exchange.method, exchange.path))
        return False

    def route(self, exchange):
        if exchange.is_bulk and exchange.method == "POST":
            self.bulk(exchange)
        elif exchange.path in ("", "/") and exchange.method in ("GET", "HEAD"):
            exchange.send(200, IDENTITIES[self.engine])
        elif exchange.path.startswith(("/_index_template/", "/_component_template/")):
            self.template(exchange)
        elif exchange.path.endswith("/_mapping") and exchange.method == "GET":
            self.mapping(exchange)
        elif exchange.path.endswith("/_refresh") and exchange.method == "POST":
            self.refresh(exchange)
        else:
            self.violate(exchange, "no such thing here")
            exchange.error(400, "illegal_argument_exception", "no handler found for uri [%s] and method [%s]"
                           % (exchange.path, exchange.method))

    def template(self, exchange):
        path = urllib.parse.unquote(exchange.path)
        if exchange.method == "PUT":
            try:
                self.templates[path] = strict_json(exchange.body)
            except ValueError as error:
                self.violate(exchange, str(error))
                exchange.error(400, "x_content_parse_exception", str(error))
                return
            layers = self.templates[path].get("template", {}).get("mappings", {}).get("properties", {}).get("layers", {})
            kind = layers.get("type")
            if layers.get("enabled", True) and kind != LAYERS.get(self.engine.partition(",")[0]):
                del self.templates[path]
                exchange.send(400, fake_faults.refused_type(kind))
                return
            exchange.send(200, {"acknowledged": True})
        elif path not in self.templates:
            exchange.error(404, "resource_not_found_exception", "%s not found" % path)
        else:
            kind, _, name = path[1:].partition("/")
            kind = kind[1:]
            exchange.send(200, {kind + "s": [{"name": name, kind: self.templates[path]}]})

    def mapping(self, exchange):
        """With ignore_unavailable: what is not there is left out."""
        if exchange.query.get("ignore_unavailable") != "true":
            self.violate(exchange, "an index that is gone would hide the others")
        names = urllib.parse.unquote(exchange.path)[1:].partition("/")[0].split(",")
        with self.lock:
            found = {name: {"mappings": self.mappings[name]} for name in names if name in self.mappings}
        exchange.send(200, found)

    def made_from_template(self, index):
        """The mapping that a new index gets: that of the template for it, or none."""
        for path, template in self.templates.items():
            if path.startswith("/_index_template/") and any(
                    index.startswith(pattern.rstrip("*")) for pattern in template["index_patterns"]):
                mapping = template["template"]["mappings"]
                return {**mapping, "dynamic": str(mapping.get("dynamic", True)).lower()}
        return {}

    def forget(self):
        """An administrator deletes all templates and indices; the ledger keeps what was there."""
        with self.lock:
            self.templates.clear()
            self.indices.clear()
            self.mappings.clear()

    def bulk(self, exchange):
        if not self.answer(exchange):
            return
        if not self.strike("reply", exchange):
            exchange.send(200, exchange.reply)

    def answer(self, exchange):
        """Indexes what a bulk request holds and makes the reply; false if it was refused as a whole."""
        content_type = (exchange.headers.get("Content-Type") or "").split(";")[0]
        if content_type != "application/x-ndjson":
            self.violate(exchange, "Content-Type %s" % content_type)
            exchange.error(406, "media_type_header_exception", "Content-Type header [%s] is not supported" % content_type)
            return False
        try:
            default = exchange.path[1:].partition("/")[0] if exchange.path.count("/") > 1 else None
            exchange.actions = read_bulk(exchange.body, default)
        except Malformed as error:
            self.violate(exchange, str(error))
            exchange.error(400, "illegal_argument_exception", str(error))
            return False
        with self.lock:
            items = [self.item(exchange, action) for action in exchange.actions]
        reply = {"took": 1, "errors": any("error" in item["create"] for item in items), "items": items}
        if "filter_path" in exchange.query:
            paths = [path.split(".") for path in exchange.query["filter_path"].split(",")]
            reply = filtered(reply, paths)
        exchange.reply = json.dumps(reply).encode()
        return True

    def item(self, exchange, action):
        status, kind, reason, *store = self.create(exchange, action)
        self.tally[status] += 1
        item = {"_index": action.index, "_id": action.id, "status": status}
        if kind:
            item["error"] = {"type": kind, "reason": reason, "index": action.index}
        if any(store):
            item["failure_store"] = store[0]
        return {"create": item}

    def create(self, exchange, action):
        """What becomes of one document, by create semantics."""
        if not isinstance(action.index, str) or BAD_INDEX.search(action.index) or len(action.index.encode()) > 255:
            return 400, "invalid_index_name_exception", "Invalid index name [%s]" % action.index
        if action.id is not None and not 1 <= len(str(action.id).encode()) <= 512:
            return 400, "illegal_argument_exception", "id is empty or over 512 bytes"
        if action.problem:
            return 400, "document_parsing_exception", action.problem
        mapping = self.mappings.setdefault(action.index, self.made_from_template(action.index))
        if self.refuses_dynamic and "dynamic" not in mapping:
            return 400, "mapper_parsing_exception", "object mapping for [layers.frame] tried to parse field as object"
        key = (action.index, action.id, action.source if action.id is None else None)
        ordinal = self.ordinals.setdefault(key, len(self.ordinals) + 1)
        for fault in self.faults:
            said = fault.answer(ordinal, action) if isinstance(fault, fake_faults.Items) else None
            if said:
                return said
        index = self.indices.setdefault(action.index, {})
        if action.id is not None and action.id in index:
            return 409, "version_conflict_engine_exception", (
                "[%s]: version conflict, document already exists (current version [1])" % action.id)
        document = stored(action.document, mapping)
        entry = Entry(action.index, action.id, action.source, document, exchange.number)
        self.ledger.append(entry)
        index[action.id if action.id is not None else "auto-%d" % len(self.ledger)] = entry
        return 201, None, None

    def refresh(self, exchange):
        names = exchange.path[1:].removesuffix("/_refresh")
        if exchange.body:
            self.violate(exchange, "a body")
        if len(names) >= 3500 or not names:
            self.violate(exchange, "%d bytes of names" % len(names))
        if len(set(names.split(","))) < len(names.split(",")):
            self.violate(exchange, "a name twice")
        with self.lock:
            missing = [name for name in names.split(",") if name not in self.indices]
            if missing and exchange.query.get("ignore_unavailable") == "true":
                missing = []
            if not missing:
                self.refreshed += names.split(",")
        if missing:
            exchange.error(404, "index_not_found_exception", "no such index [%s]" % missing[0])
        else:
            exchange.send(200, {"_shards": {"total": 2, "successful": 1, "failed": 0}})

    def disorder(self):
        """What came in another order than it was captured, as texts: within a request the documents of a file follow each
        other. Requests may overtake each other, since several are in flight."""
        found = []
        for bulk in self.bulks:
            last = {}
            for action in bulk.actions:
                document = action.document or {}
                file, ordinal = document.get("file", {}).get("path"), document.get("espcap", {}).get("ordinal", 0)
                if ordinal <= last.get(file, 0):
                    found.append("request %d: %s %d behind %d" % (bulk.number, file, ordinal, last[file]))
                last[file] = ordinal
        return found
