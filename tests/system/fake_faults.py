# SPDX-License-Identifier: BSD-2-Clause
"""What the fake server can be told to do wrong, and which real behaviour each of these imitates."""

import collections
import json
import time


def refused_type(kind):
    """What both servers say to a template with a field type that they do not have; newer Elasticsearch in other words."""
    reason = "No handler for type [%s] declared on field [layers]" % kind
    inner = {"type": "mapper_parsing_exception", "reason": "Failed to parse mapping [_doc]: " + reason}
    outer = {"type": "illegal_argument_exception", "reason": "composable template [x] template after composition is invalid"}
    return {"error": {"root_cause": [outer], **outer, "caused_by": inner}, "status": 400}


class Fault:
    """One misbehaviour. It lets `after` requests that it could act on pass, then acts on the next `times` (None: on all)."""

    stage = "body"

    def __init__(self, times=1, after=0, path="/_bulk", method=None):
        self.times = times
        self.after = after
        self.path = path
        self.method = method
        self.acted = 0

    def matches(self, exchange):
        return exchange.path.endswith(self.path) and self.method in (None, exchange.method)

    def takes(self, exchange):
        """Called with the server's lock held."""
        if not self.matches(exchange) or (self.times is not None and self.acted >= self.times):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.acted += 1
        return True

    def act(self, exchange):
        raise NotImplementedError

    def lift(self):
        self.times = 0


class Whole(Fault):
    """The whole request is refused and nothing is indexed. Imitates a full write queue (429
    es_rejected_execution_exception), an indexing pressure limit, a node that starts (503), a missing
    right (403 security_exception)."""

    def __init__(self, status, kind="es_rejected_execution_exception", reason="rejected execution", headers=None,
                 **keywords):
        super().__init__(**keywords)
        self.status, self.kind, self.reason, self.headers = status, kind, reason, headers or {}

    def act(self, exchange):
        exchange.error(self.status, self.kind, self.reason, **self.headers)


class Page(Fault):
    """An HTML page instead of a reply: a reverse proxy (nginx, HAProxy) whose server behind it does not answer,
    or a web site where somebody expected Elasticsearch."""

    def __init__(self, status=502, **keywords):
        super().__init__(**keywords)
        self.status = status

    def act(self, exchange):
        exchange.send(self.status, b"<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n</html>\r\n"
                      % self.status, "text/html")


class Redirect(Fault):
    """A proxy that wants https, or a captive portal that wants a login page."""

    def __init__(self, target, status=302, **keywords):
        super().__init__(**keywords)
        self.target, self.status = target, status

    def act(self, exchange):
        exchange.send(self.status, b"", "text/html", Location=self.target)


class Limit(Fault):
    """A body over the limit is refused from its Content-Length alone, and read away: http.max_content_length, whose 413
    has no body. With a reset: a firewall or a proxy that cuts such uploads without a word."""

    stage = "head"

    def __init__(self, limit, resets=False, **keywords):
        super().__init__(times=None, **keywords)
        self.limit, self.resets = limit, resets

    def matches(self, exchange):
        return super().matches(exchange) and exchange.length > self.limit

    def act(self, exchange):
        if self.resets:
            exchange.read(self.limit)
            exchange.reset()
            return
        exchange.send(413, b"", "text/plain")
        left = exchange.length
        while left > 0:
            left -= len(exchange.read(min(left, 1 << 16))) or left


class ResetInRequest(Fault):
    """The connection dies while the body is on its way: a node that crashes, a load balancer that is reloaded."""

    stage = "head"

    def __init__(self, after_bytes, **keywords):
        super().__init__(**keywords)
        self.after_bytes = after_bytes

    def act(self, exchange):
        exchange.read(min(self.after_bytes, max(exchange.length - 1, 0)))
        exchange.reset()


class Hang(Fault):
    """Takes the request and never answers: a node in a long garbage collection, a stopped process, Elasticsearch 9.2.0
    with a duplicate field (its issue 139707). With text: only if the body holds it. With indexed: the work was done."""

    def __init__(self, seconds=60, text=None, indexed=False, **keywords):
        super().__init__(**keywords)
        self.seconds, self.text, self.indexed = seconds, text, indexed

    def matches(self, exchange):
        return super().matches(exchange) and (self.text is None or self.text in exchange.body)

    def act(self, exchange):
        if self.indexed:
            exchange.server.answer(exchange)
        exchange.wait_for_hangup(self.seconds)
        exchange.close()


class ReplyFault(Fault):
    """The documents are indexed, and then something happens to the reply."""

    stage = "reply"


class DropReply(ReplyFault):
    """The reply is lost with the connection after everything was indexed: a load balancer's idle timeout, a crash at
    the worst moment."""

    def act(self, exchange):
        exchange.reset()


class CutReply(ReplyFault):
    """Half of the reply arrives, then the connection ends in order (a proxy that restarts) or by a reset; with honest
    false its Content-Length says that this was all of it (a proxy's buffer that overflowed)."""

    def __init__(self, resets=False, honest=True, **keywords):
        super().__init__(**keywords)
        self.resets, self.honest = resets, honest

    def act(self, exchange):
        half = exchange.reply[:len(exchange.reply) // 2]
        exchange.head(200, len(exchange.reply if self.honest else half))
        exchange.handler.wfile.write(half)
        exchange.handler.wfile.flush()
        if self.resets:
            time.sleep(0.05)    # a reset overtakes what is still in the socket's buffer
            exchange.reset()
        elif self.honest:
            exchange.close()


class NotJson(ReplyFault):
    """Status 200 and something that is no bulk reply: a cache, a login page, an intercepting proxy."""

    def __init__(self, body=b"OK\n", **keywords):
        super().__init__(**keywords)
        self.body = body

    def act(self, exchange):
        exchange.send(200, self.body)


class ItemCount(ReplyFault):
    """More or fewer items than were sent, as Elasticsearch 7.10.2 and 7.11.1 once answered (Logstash refuses such a
    reply for that reason)."""

    def __init__(self, change, **keywords):
        super().__init__(**keywords)
        self.change = change

    def act(self, exchange):
        reply = json.loads(exchange.reply)
        items = reply["items"]
        reply["items"] = items[:self.change] if self.change < 0 else items + items[:self.change]
        exchange.send(200, reply)


class Edited(ReplyFault):
    """Each item of the reply is something else: a server, or something in front of it, that answers another question."""

    def __init__(self, edit, **keywords):
        super().__init__(**keywords)
        self.edit = edit        # the text of an item -> that in its place

    def act(self, exchange):
        items = [self.edit(json.dumps(item)) for item in json.loads(exchange.reply)["items"]]
        exchange.send(200, ('{"errors":false,"items":[%s]}' % ",".join(items)).encode())


class Closing(ReplyFault):
    """The right reply, and the end of the connection: a proxy that keeps none."""

    def __init__(self, **keywords):
        super().__init__(times=None, **keywords)

    def act(self, exchange):
        exchange.send(200, exchange.reply, Connection="close")
        exchange.close()


class LongHeader(ReplyFault):
    """A line over all bounds in the header, or in the trailer of a body in chunks."""

    def __init__(self, trailer=False, **keywords):
        super().__init__(**keywords)
        self.trailer = trailer

    def act(self, exchange):
        if not self.trailer:
            exchange.head(200, len(exchange.reply), X="a" * 300000)
            exchange.handler.wfile.write(exchange.reply)
            return
        exchange.head(200, None, Transfer_Encoding="chunked")
        exchange.handler.wfile.write(b"%x\r\n%s\r\n0\r\nX: %s\r\n\r\n"
                                     % (len(exchange.reply), exchange.reply, b"a" * 300000))


class Drip(ReplyFault):
    """A reply that comes a byte at a time: a link that is full, a tar pit."""

    def __init__(self, interval=0.2, **keywords):
        super().__init__(**keywords)
        self.interval = interval

    def act(self, exchange):
        exchange.head(200, len(exchange.reply))
        for byte in exchange.reply:
            exchange.handler.wfile.write(bytes([byte]))
            exchange.handler.wfile.flush()
            if exchange.server.stopping.wait(self.interval):
                break
        exchange.close()


class Endless(ReplyFault):
    """A reply without an end: a hostile or broken server. It stops only when the client goes away."""

    def act(self, exchange):
        exchange.head(200, None)
        exchange.close()
        piece = b'{"create":{"status":201}},' * 4000
        exchange.handler.wfile.write(b'{"errors":false,"items":[')
        while not exchange.server.stopping.is_set():
            exchange.handler.wfile.write(piece)
            exchange.server.sent_endless += len(piece)


class Slow(ReplyFault):
    """The right reply, late: a busy cluster."""

    def __init__(self, seconds, **keywords):
        super().__init__(**keywords)
        self.seconds = seconds

    def act(self, exchange):
        exchange.server.stopping.wait(self.seconds)
        exchange.send(200, exchange.reply)


class Items:
    """Some documents are refused, each `times` times (None: always), the others of the same request are indexed: each
    every-th document by its first appearance, or those that hold the text."""

    def __init__(self, status, kind, reason, every=1, times=1, text=None, failure_store=None):
        self.status, self.kind, self.reason = status, kind, reason
        self.failure_store = failure_store
        self.every, self.times, self.text = every, times, text
        self.refused = collections.Counter()

    def answer(self, ordinal, action):
        if ordinal % self.every or (self.text is not None and self.text not in action.source):
            return None
        if self.times is not None and self.refused[ordinal] >= self.times:
            return None
        self.refused[ordinal] += 1
        return self.status, self.kind, self.reason, self.failure_store

    def lift(self):
        self.times = 0
