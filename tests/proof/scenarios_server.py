# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: delivery to a server that takes everything, and to servers that misbehave; dead letters and their replay."""

import contextlib
import http.server
import os
import pathlib
import socket
import threading

import conserve
import fake_faults as faults
import frames
from scenarios import add, numbered, scenario
from test_delivery_access import Certificates, context
from test_delivery_answers import DAY, TEMPLATE
from test_delivery_faults import CLUSTER, MAPPING, UNKNOWN, Banner

# A person that gives up soon. How often it was tried until then depends on the machine.
SHORT = ("--retry-for=2s",)
GIVES_UP = ("retries",)
SECRET = "correct-horse-battery"


def deliver(stage, server, *words, capture="x.pcap", content=None):
    stage.put(capture, content or numbered())
    return stage.run("--file", capture, "--node", server.url, *words)


def against(make, *words, requests="in order", content=None, **keywords):
    """A delivery to a server with these faults, made anew for each record."""
    def play(stage):
        stage.requests = requests
        made = make()
        deliver(stage, stage.serve(*(made if isinstance(made, (list, tuple)) else [made]), **keywords), *words, content=content)
    return play


def rejects(every=10, kind="document_parsing_exception", reason=MAPPING, times=None):
    return lambda: faults.Items(400, kind, reason, every=every, times=times)


for NAME, WORDS in {"": (), "compressed": ("--compress=on",), "auto-ids": ("--id=auto",), "no-template": ("--no-template",),
                    "other-index": ("--index=lab", "--shards=2", "--replicas=0"), "plugin": ("--dissection=plugin",),
                    "template-again": ("--template",), "quiet": ("--quiet", "--summary-json=-"),
                    "metrics": ("--metrics=espcap.prom", "--summary-json=summary.json"),
                    "few-indices": ("--max-indices=1",), "pretty": ("--pretty",)}.items():
    add("delivery" + ("-" + NAME if NAME else ""), against(lambda: (), *WORDS))
# Several requests are under way at the same time.
add("delivery-chunks", against(lambda: (), "--chunk=20", requests="sorted"))
add("delivery-one-by-one", against(lambda: (), "--chunk=1", requests="sorted"))
add("delivery-chunk-bytes", against(lambda: (), "--chunk-bytes=10K", requests="sorted"))
add("delivery-opensearch", against(lambda: (), engine="opensearch"))
add("delivery-opensearch-compatible", against(lambda: (), engine="opensearch, compatible"))
add("delivery-without-type-for-layers", against(lambda: (), engine="elasticsearch 7.10, oss"))


@scenario()
def delivery_twice(stage):
    server = stage.serve()
    stage.share()
    for words in ((), ("--bpf=udp", "--count=30"), ("--split", "--jobs=3")):
        deliver(stage, server, *words)


@scenario()
def delivery_of_days(stage):
    """An index for each; more days than indices are allowed."""
    path = stage.path("days.pcap")
    conserve.make_capture(path, 12, days=6)
    stage.given.add("days.pcap")
    os.utime(path, (frames.START, frames.START))
    stage.run("--file=days.pcap", "--node", stage.serve().url, "--max-indices=4")


@scenario()
def delivery_of_files(stage):
    """A pipe and files, to one server."""
    server = stage.serve()
    for name in ("dns.pcap", "comments.pcapng", "gzip.pcap.gz"):
        stage.copy(name)
    stage.run("--file=dns.pcap", "--file=comments.pcapng", "--file=gzip.pcap.gz", "--node", server.url)
    stage.run("--file=-", "--node", server.url, input=numbered(5))


# What was sent is known, what became of it is not: sent again.
for NAME, FAULT in UNKNOWN.items():
    # Of a body that was not begun libcurl may begin another by itself.
    if NAME != "connection reset before the body":
        add("server-" + NAME.replace(",", "").replace(" ", "-"), against(FAULT))


def three_times(name):
    def make():
        fault = UNKNOWN[name]()
        fault.times = 3
        return fault
    return make


for NAME in ("dropped reply", "HTML 502", "one item less"):
    # Then the request is halved, and both halves are under way together.
    add("server-three-times-" + NAME.replace(" ", "-"), against(three_times(NAME), requests="sorted"))


def always(name):
    def make():
        fault = UNKNOWN[name]()
        fault.times = None
        return fault
    return make


for STATUS in (429, 503, 500, 408):
    add("server-%d-for-a-while" % STATUS, against(lambda status=STATUS: faults.Whole(status, times=2)))
add("server-429-and-when-to-come-back", against(lambda: faults.Whole(429, times=1, headers={"Retry_After": "1"})))
add("server-auto-ids-dropped-reply", against(faults.DropReply, "--id=auto"))
TIMED_OUT = ("timed out",)
add("server-no-answer", against(faults.Hang, "--request-timeout=2s"), TIMED_OUT)
add("server-no-answer-indexed", against(lambda: faults.Hang(indexed=True), "--request-timeout=2s"), TIMED_OUT)
add("server-drip", against(faults.Drip, "--request-timeout=2s"), TIMED_OUT)
add("server-slow", against(lambda: faults.Slow(1, times=None)))
add("server-endless", against(faults.Endless))
add("server-closing", against(faults.Closing, "--chunk=20", requests="sorted"))
add("server-long-header", against(faults.LongHeader))
add("server-limit", against(lambda: faults.Limit(16384), requests="sorted"))
add("server-limit-for-one-document", against(lambda: faults.Limit(1000), requests="sorted", content=numbered(3)))
for NAME in ("HTML 200", "HTML 502", "one item less"):
    # Of two documents, so that they are alone soon.
    add("server-always-" + NAME.replace(" ", "-"), against(
        always(NAME), *SHORT, requests="distinct", content=numbered(2)), (*GIVES_UP, "trying again"))
for NAME, (STATUS, KIND, REASON, _) in CLUSTER.items():
    add("server-" + NAME.replace(" ", "-"), against(
        lambda given=(STATUS, KIND, REASON): faults.Items(*given, times=None), *SHORT, requests="distinct"), GIVES_UP)
    if NAME != "no right":
        add("server-%s-mended" % NAME.replace(" ", "-"), against(lambda given=(STATUS, KIND, REASON): faults.Items(*given, times=2)))
add("server-items-429", against(lambda: faults.Items(429, "es_rejected_execution_exception", "later", every=3)))
add("server-items-500-for-ever", against(lambda: faults.Items(500, "null_pointer_exception", "it", every=10, times=None)))
add("server-items-every-answer", against(lambda: [
    faults.Items(400, "document_parsing_exception", "failed to parse", every=19, times=None),
    faults.Items(429, "es_rejected_execution_exception", "later", every=13),
    faults.Items(503, "unavailable_shards_exception", "later", every=17), faults.Items(200, None, None, every=7, times=None)]))
add("server-pipeline-drops", against(lambda: faults.Items(200, None, None, every=3, times=None), "--metrics=espcap.prom"))
add("server-failure-store", against(lambda: faults.Items(201, None, None, every=6, times=None, failure_store="used")))
add("server-processor-refuses", against(lambda: faults.Items(500, "fail_processor_exception", "runtime error", every=10, times=None)))
add("server-rejects", against(rejects(), "--summary-json=summary.json"))
add("server-rejects-all", against(rejects(every=1)))
add("server-rejects-once", against(rejects(times=1)))
add("server-rejects-hostile-words", against(rejects(kind="mapper\x1b[2J", reason="\x1b]0;owned\x07\r\nespcap: read=0\0\u2028" + "x" * 5000)))
add("server-rejects-to-stdout", against(rejects(), "--dead-letter=-"))
add("server-rejects-no-such-folder", against(rejects(), "--dead-letter=missing/letters"))
add("server-rejects-mapping-hidden", against(lambda: [
    rejects()(), faults.Whole(403, "security_exception", "no", path="/_mapping", times=None)]))
add("server-rejects-mapping-later", against(lambda: [rejects()(), faults.Whole(503, path="/_mapping", times=2)]))
add("server-identity-hidden", against(lambda: faults.Whole(403, "security_exception", "no", times=None, path="/", method="GET")))
add("server-401", against(lambda: faults.Whole(401, "security_exception", "not you", times=None), requests="distinct"), GIVES_UP)
add("server-403", against(lambda: faults.Whole(403, "security_exception", "not you", times=None), requests="distinct"), GIVES_UP)
add("server-pipeline-missing", against(lambda: faults.Whole(
    400, "illegal_argument_exception", "pipeline with id [none] does not exist", times=None), "--pipeline=none", *SHORT, requests="distinct"), GIVES_UP)


@scenario()
def dead_letters_and_replay(stage):
    """Rejected, rejected again, taken, and known."""
    fault = rejects()()
    server = stage.serve(fault)
    deliver(stage, server)
    letters = "espcap-dead-letter.ndjson"
    stage.run("--replay", letters, "--dead-letter=again", "--node", server.url)
    fault.lift()
    stage.run("--replay", letters, "--dead-letter=again", "--node", server.url, "--summary-json=-", "--metrics=espcap.prom")
    stage.run("--replay", letters, "--dead-letter=again", "--node", server.url, "--template")
    stage.run("--replay", letters, "--node", server.url)


@scenario()
def replay_of_damaged_files(stage):
    server = stage.serve()
    for number, damage in enumerate((b"not JSON\n", b"{}\n", b"[1]\n", b'{"index":"a b","id":"x","document":{}}\n',
                                     b'{"index":1,"id":2,"document":3}\n', b"\xff\xfe\n", b"\n", b'{"index":"packets',
                                     b'{"index":"packets-2020-09-13","id":"x","status":400,"type":"t","reason":"r","document":{"a":1}}\n')):
        stage.put("letters-%d" % number, damage, mode=0o600)
        stage.run("--replay=letters-%d" % number, "--dead-letter=again", "--node", server.url)
    stage.put("x.pcap", numbered())
    stage.run("--replay=x.pcap", "--dead-letter=again", "--node", server.url)
    stage.run("--replay=nowhere", "--dead-letter=again", "--node", server.url)


@scenario()
def dead_letter_file_that_others_may_read(stage):
    stage.put("letters", b"", mode=0o644)
    deliver(stage, stage.serve(rejects()()), "--dead-letter=letters")


@scenario()
def dead_letter_disk_full(stage):
    """What could not be put aside is not called put aside."""
    stage.directory("small")
    server = stage.serve(rejects(every=2)())
    stage.put("x.pcap", numbered())
    stage.run("--file=x.pcap", "--node", server.url, "--dead-letter=small/letters",
              prefix=["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=8k none "$0" && exec "$@"', stage.path("small")])


@scenario()
def stdout_disk_full(stage):
    stage.put("x.pcap", numbered())
    stage.run("--file=x.pcap", prefix=["sh", "-c", 'exec "$@" >/dev/full', "sh"])


@scenario()
def index_that_was_there_before(stage):
    server = stage.serve()
    server.refuses_dynamic = True
    server.mappings[DAY] = {"properties": {"layers": {"type": "object"}}}
    deliver(stage, server)
    deliver(stage, server, "--no-template")


@scenario()
def template_of_somebody_else(stage):
    server = stage.serve()
    server.templates[TEMPLATE] = {"index_patterns": ["other-*"], "template": {"mappings": {}}}
    deliver(stage, server)
    deliver(stage, server, "--template")


# Who may deliver.

def secret(stage, text=SECRET, mode=0o600):
    return stage.put("secret", text.encode() + b"\n", mode=mode)


@scenario()
def credentials(stage):
    server = stage.serve(users={"shark": (SECRET, "all"), "writer": (SECRET, "create")})
    for user in ("shark", "writer"):
        deliver(stage, server, "--user=" + user, "--password-file", secret(stage))
    stage.run("--file=x.pcap", "--node", server.url, environment={"ESPCAP_USER": "shark", "ESPCAP_PASSWORD": SECRET})
    deliver(stage, server, "--user=shark", "--password-file", secret(stage, mode=0o644))


@scenario()
def credentials_api_key(stage):
    key = "aWQ6a2V5LXRoYXQtb3BlbnM="
    server = stage.serve(api_keys={key: "all"})
    deliver(stage, server, "--api-key-file", secret(stage, key))
    stage.run("--file=x.pcap", "--node", server.url, environment={"ESPCAP_API_KEY": key})


@scenario()
def credentials_refused(stage):
    server = stage.serve(users={"shark": (SECRET, "all")})
    deliver(stage, server)
    deliver(stage, server, "--user=shark", "--password-file", secret(stage, "wrong"))


@scenario(*GIVES_UP)
def redirect(stage):
    trap = stage.serve()
    for status, path in ((301, "/"), (302, "/_bulk"), (307, "/_bulk")):
        server = stage.serve(faults.Redirect(trap.url + "/elsewhere", status, times=None, path=path))
        deliver(stage, server)


@scenario(*GIVES_UP)
def certificates(stage):
    """A good one, and those that end the run, but for --insecure."""
    made = Certificates(pathlib.Path(stage.base))
    stage.rules.know(stage.base, "BASE")
    for name in ("good", "wrong_host", "expired", "stranger"):
        server = stage.serve(tls=context(getattr(made, name)))
        deliver(stage, server, "--ca-file", made.authority + ".crt", *SHORT)
    deliver(stage, server, "--insecure")


@scenario()
def notified_manager(stage):
    """What the service manager is told."""
    address = os.path.join(stage.base, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        os.chmod(address, 0o777)
        manager.settimeout(0.2)
        stage.put("x.pcap", numbered())
        stage.run("--file=x.pcap", "--node", stage.serve().url, environment={"NOTIFY_SOCKET": address})
        with contextlib.suppress(TimeoutError):
            while True:
                stage.note(manager.recv(65536).decode())


# Not the server at all, or not always.

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@scenario(*GIVES_UP)
def nothing_listens(stage):
    port = free_port()
    stage.know_port(port)
    stage.put("x.pcap", numbered())
    stage.run("--file=x.pcap", "--node=http://127.0.0.1:%d" % port, *SHORT)


@scenario(*GIVES_UP)
def host_without_address(stage):
    stage.put("x.pcap", numbered())
    stage.run("--file=x.pcap", "--node=http://no-such-host.invalid:9200", *SHORT)


@scenario()
def one_node_of_two_is_dead(stage):
    """Said, and no document is lost; which node is asked first is left to chance."""
    stage.requests, stage.stderr = "distinct", "sorted"
    port = free_port()
    stage.know_port(port, "DEAD")
    server = stage.serve()
    stage.put("x.pcap", numbered())
    stage.run("--file=x.pcap", "--node=http://127.0.0.1:%d,%s" % (port, server.url))


@scenario(*GIVES_UP)
def other_protocols(stage):
    for greeting in (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"", b"220 mail.example ESMTP\r\n", b"\0\0\0\x06\0\0"):
        banner = Banner(greeting, 1)
        stage.know_port(banner.port)
        stage.put("x.pcap", numbered())
        stage.run("--file=x.pcap", "--node=http://127.0.0.1:%d" % banner.port, *SHORT)
        banner.listener.close()


class Site(http.server.BaseHTTPRequestHandler):
    """A web site, which has a page for everything."""

    def do(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    do_GET = do_POST = do_PUT = do

    def log_message(self, *_):
        pass


@scenario(*GIVES_UP)
def web_site(stage):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        stage.know_port(site.server_address[1])
        stage.put("x.pcap", numbered())
        stage.run("--file=x.pcap", "--node=http://127.0.0.1:%d" % site.server_address[1], *SHORT)
        site.shutdown()


@scenario(*TIMED_OUT)
def document_that_hangs_the_server(stage):
    """Found by halving, put aside, and named."""
    stage.requests = "distinct"
    content = numbered(2)
    payload = list(frames.read_pcap(content))[1][2][42:]
    text = ":".join("%02x" % byte for byte in payload).encode()
    deliver(stage, stage.serve(faults.Hang(text=text, times=None)), "--request-timeout=2s", content=content)
