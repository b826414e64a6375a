# SPDX-License-Identifier: BSD-2-Clause
"""Delivery when the server, the network or the disk misbehaves: nothing lost, nothing twice, and a line that says what to do."""

import ctypes
import http.server
import os
import re
import signal
import socket
import subprocess
import threading
import time
import traceback

import pytest

import conftest
import conserve
import deliveries
import espcap
import fake_faults as faults
import fake_server
import frames
from deliveries import CHUNK, PACKETS, SHORT, Running, assert_conserved, assert_unsent, deliver, shared


def run_with(fault, numbered, folder, *options, code=0, **keywords):
    """One run over all packets against a server with this fault; conservation holds."""
    with fake_server.Server(*(fault if isinstance(fault, list) else [fault])) as server:
        chunk = () if any(option.startswith("--chunk") for option in options) else CHUNK
        done = deliver(server, numbered, folder, *chunk, *options, **keywords)
        assert_conserved(server, done, numbered, code)
    return server, done


# Without a fault.

@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_no_fault(engine, numbered, tmp_path):
    with fake_server.Server(engine=engine) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
        assert done.counts["indexed"] == PACKETS and done.counts["retries"] == 0
        assert [len(bulk.actions) for bulk in server.bulks] == [20, 20, 20]
        assert "/_index_template/espcap-packets" in server.templates
        again = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, again, numbered)
        assert again.counts["duplicate"] == PACKETS and again.counts["indexed"] == 0
    assert os.listdir(tmp_path) == []


def test_connections_are_kept_and_few(longer, tmp_path):
    with fake_server.Server(faults.Slow(0.02, times=None)) as server:
        done = deliver(server, longer, tmp_path, "--chunk=10")
        assert_conserved(server, done, longer)
    assert len(server.bulks) == 60
    assert server.accepted <= 6 and 2 <= server.most_at_once <= 4


def test_directory_twice(tmp_path):
    """All test captures, judged by a strict reader; the second time there is nothing new."""
    with fake_server.Server() as server:
        first, second = (Running([server], None, tmp_path, "--dir", espcap.CAPTURE_DIR).wait(180) for _ in range(2))
        assert first.code == second.code == 0, first.errors + second.errors
        assert server.violations == [] and first.rejected == []
        counts = first.counts
        assert counts["indexed"] + counts["duplicate"] == counts["read"] and counts["indexed"] == len(server.ledger) > 100
        assert second.counts["duplicate"] == second.counts["read"] == counts["read"]


@pytest.mark.parametrize("options", [("--compress=on",), ("--chunk=1",), ("--chunk=100000", "--chunk-bytes=10K"),
                                     ("--memory=1M",), ("--index=other",), ("--no-template",)])
def test_options_lose_nothing(options, longer, tmp_path):
    with fake_server.Server() as server:
        done = deliver(server, longer, tmp_path, *options)
        assert_conserved(server, done, longer)
        if "--compress=on" in options:
            assert all(bulk.headers.get("Content-Encoding") == "gzip" for bulk in server.bulks)
        if "--chunk=1" in options:
            assert all(len(bulk.actions) == 1 for bulk in server.bulks)
        if "--no-template" in options:
            assert server.templates == {}
        if len(options) == 2:
            assert all(bulk.length <= 10240 for bulk in server.bulks)


def test_summary_json_says_the_same(numbered, tmp_path):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=7, times=None)) as server:
        done = deliver(server, numbered, tmp_path, "--summary-json=summary.json")
        assert_conserved(server, done, numbered, code=6)
    summary = espcap.parse_line((tmp_path / "summary.json").read_bytes())
    assert summary.pop("exit") == 6
    assert summary.pop("dead_letter") == deliveries.DEAD_LETTER
    counts = {name: value for name, value in done.counts.items() if name in summary}
    assert summary == counts and set(deliveries.conserve.PARTS) | {"read", "skipped", "retries"} <= set(summary)


# A reply that cannot be believed, a connection that breaks: the same batch again. F03, F04, F21, F22.

UNKNOWN = {
    "dropped reply": faults.DropReply,
    "connection reset in mid-request": lambda: faults.ResetInRequest(20000),
    "connection reset before the body": lambda: faults.ResetInRequest(0),
    "reply cut by an end": faults.CutReply,
    "reply cut by a reset": lambda: faults.CutReply(resets=True),
    "reply cut, of honest length": lambda: faults.CutReply(honest=False),
    "reply not JSON": faults.NotJson,
    "reply empty": lambda: faults.NotJson(b""),
    "reply null": lambda: faults.NotJson(b"null"),
    "reply without items": lambda: faults.NotJson(b'{"took":1,"errors":false}'),
    "reply with items that are numbers": lambda: faults.NotJson(b'{"errors":false,"items":[1,2,3]}'),
    "reply is garbage": lambda: faults.NotJson(bytes(range(256)) * 40),
    "reply nested deep": lambda: faults.NotJson(b'{"items":' + b"[" * 100000),
    "one item more": lambda: faults.ItemCount(1),
    "one item less": lambda: faults.ItemCount(-1),
    "no items": lambda: faults.ItemCount(-20),
    "another action": lambda: faults.Edited(lambda item: '{"delete":{"status":200}}'),
    "index for create": lambda: faults.Edited(lambda item: item.replace('"create"', '"index"')),
    "update for create": lambda: faults.Edited(lambda item: '{"update":{"status":200,"result":"noop"}}'),
    "two actions": lambda: faults.Edited(lambda item: item[:-1] + ',"index":{"status":400}}'),
    "the same action twice": lambda: faults.Edited(lambda item: item[:-1] + "," + item[1:]),
    "no action": lambda: faults.Edited(lambda item: '{"status":201}'),
    "two statuses": lambda: faults.Edited(lambda item: '{"create":{"status":201,"status":400}}'),
    "half a status": lambda: faults.Edited(lambda item: item.replace("201", "201.7")),
    "status as text": lambda: faults.Edited(lambda item: item.replace("201", '"201"')),
    "status in another form": lambda: faults.Edited(lambda item: item.replace("201", "2.01e2")),
    "negative status": lambda: faults.Edited(lambda item: item.replace("201", "-201")),
    "status over all bounds": lambda: faults.Edited(lambda item: item.replace("201", "4294967497")),
    "HTML 502": faults.Page,
    "HTML 504": lambda: faults.Page(504),
    "HTML 200": lambda: faults.Page(200),
}
INDEXED_BEFORE = {"dropped reply", "reply cut by an end", "reply cut by a reset", "reply cut, of honest length",
                  "reply not JSON", "reply empty", "reply null", "reply without items",
                  "reply with items that are numbers", "reply is garbage", "reply nested deep", "one item more",
                  "one item less", "no items", "another action", "index for create", "update for create",
                  "two actions", "the same action twice", "no action", "two statuses", "half a status",
                  "status as text", "status in another form", "negative status", "status over all bounds"}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_outcome(name, numbered, tmp_path):
    """Once; what was indexed in spite of it is a duplicate the second time."""
    server, done = run_with(UNKNOWN[name](), numbered, tmp_path)
    # Of a body that was not begun libcurl may begin another by itself.
    assert done.counts["retries"] >= (0 if name == "connection reset before the body" else 1)
    assert done.counts["duplicate"] == (20 if name in INDEXED_BEFORE else 0)
    assert len(server.bulks) == 4


@pytest.mark.parametrize("name", ["dropped reply", "reply cut by an end", "HTML 502", "one item less"])
def test_unknown_outcome_three_times(name, numbered, tmp_path):
    """The batch is split then, and still everything arrives."""
    fault = UNKNOWN[name]()
    fault.times = 3
    run_with(fault, numbered, tmp_path, "--chunk=60")


def test_reset_of_every_large_body(longer, tmp_path):
    """F20: a middlebox that cuts what is over 64 kB, again and again."""
    with fake_server.Server(faults.Limit(65536, resets=True)) as server:
        done = deliver(server, longer, tmp_path, "--chunk=100")
        assert_conserved(server, done, longer)
    assert max(bulk.length for bulk in server.bulks) > 65536


@pytest.mark.parametrize("after", [0, 3, 9, 20])
def test_auto_ids_count_what_may_be_double(after, numbered, tmp_path):
    """Also if a library would send again by itself what was lost on a connection that had worked before."""
    with fake_server.Server(faults.DropReply(after=after)) as server:
        done = deliver(server, numbered, tmp_path, "--chunk=2", "--id=auto")
        assert done.code == 0, done.errors
        assert server.violations == [] and len(server.ledger) == PACKETS + 2
        assert done.counts["maybe_duplicate"] == 2 and done.counts["indexed"] == PACKETS
        assert all(entry.id is None for entry in server.ledger)


# The server does not answer, or not to the end. F05, F06, F23.

@pytest.mark.parametrize("indexed", [False, True])
def test_no_answer(indexed, numbered, tmp_path):
    server, done = run_with(faults.Hang(indexed=indexed), numbered, tmp_path, "--request-timeout=1s")
    assert done.counts["duplicate"] == (20 if indexed else 0)
    assert done.seconds < 8
    assert len(server.bulks) == 4


def test_answer_byte_by_byte(numbered, tmp_path):
    _, done = run_with(faults.Drip(), numbered, tmp_path, "--request-timeout=1s")
    assert done.counts["duplicate"] == 20 and done.seconds < 8


def test_slow_answer_is_waited_for(numbered, tmp_path):
    server, done = run_with(faults.Slow(2), numbered, tmp_path)
    assert done.counts["retries"] == 0 and done.seconds > 2 and len(server.bulks) == 3


def test_endless_answer(numbered, tmp_path):
    server, done = run_with(faults.Endless(), numbered, tmp_path)
    assert server.sent_endless < 200 << 20, "espcap read %d MB of a reply" % (server.sent_endless >> 20)
    assert done.counts["duplicate"] == 20


def test_document_that_hangs_the_server(numbered, tmp_path):
    """F25: found by halving, put aside, named; all others arrive."""
    payload = conserve.payloads_of_capture(numbered)[42]
    text = ":".join("%02x" % byte for byte in payload).encode()
    with fake_server.Server(faults.Hang(text=text, times=None)) as server:
        done = deliver(server, numbered, tmp_path, "--chunk=4", "--request-timeout=1s", seconds=90)
        assert_conserved(server, done, numbered, code=6)
    assert [conserve.payload_of(letter["document"]) for letter in done.rejected] == [payload]
    done.says(deliveries.DEAD_LETTER)


@pytest.mark.parametrize("name", ["HTML 200", "one item less", "connection reset in mid-request"])
def test_nothing_is_ever_answered(name, numbered, tmp_path):
    """A proxy with a maintenance page, or one that lets GET pass and no POST: if no document at all gets through, that is
    no fault of the documents, and they are not thrown out one by one."""
    fault = UNKNOWN[name]()
    fault.times = None
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--retry-for=4s")
        assert done.code == 5, done.errors
        counts = done.counts
        assert counts["indexed"] == counts["duplicate"] == 0 and counts["rejected"] == len(done.rejected) < PACKETS // 3
        done.says(r"127\.0\.0\.1:%d" % server.port)


# Nothing there, or not always. F01, F02, F07, F09, F27.

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_nothing_listens(numbered, tmp_path):
    port = free_port()
    done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path, *SHORT)
    assert_unsent(None, done, numbered)
    assert 1 < done.seconds < 6
    done.says(r"127\.0\.0\.1:%d" % port, "refused")


def test_server_starts_later(numbered, tmp_path):
    server = fake_server.Server(port=free_port())
    run = Running([server], numbered, tmp_path, *CHUNK)
    time.sleep(2)
    with server:
        done = run.wait()
        assert_conserved(server, done, numbered)


def test_server_goes_and_comes_back(longer, tmp_path):
    with fake_server.Server(faults.Slow(0.1, times=None)) as server:
        run = Running([server], longer, tmp_path, "--chunk=10")
        server.wait_until(lambda seen: len(seen.ledger) >= 200)
        server.stop()
        assert run.process.poll() is None
        time.sleep(1)
        server.start()
        done = run.wait()
        assert_conserved(server, done, longer)
    # Requests in flight are sent again and counted; those that found nobody listening were never sent.
    assert "trying again" in done.errors and "answers again" in done.errors


@pytest.fixture
def blackhole():
    """The address of a listener that lets nobody in any more: its queue is full, and further SYNs are dropped."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    callers = []
    for _ in range(4):
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex(listener.getsockname())
        callers.append(caller)
    time.sleep(0.2)
    yield "http://127.0.0.1:%d" % listener.getsockname()[1]
    for each in [listener, *callers]:
        each.close()


def test_blackhole_beside_a_good_node(blackhole, numbered, tmp_path):
    with fake_server.Server() as server:
        done = deliver([blackhole, server], numbered, tmp_path, *CHUNK, "--request-timeout=1s")
        assert_conserved(server, done, numbered)
    assert done.seconds < 15
    done.says(re.escape(blackhole.rpartition("/")[2]))


def test_blackhole_alone(blackhole, numbered, tmp_path):
    done = deliver(blackhole, numbered, tmp_path, "--request-timeout=1s", *SHORT)
    assert_unsent(None, done, numbered)
    assert done.seconds < 8
    done.says(re.escape(blackhole.rpartition("/")[2]), "time")


def test_one_of_three_nodes_is_dead(longer, tmp_path):
    """It is named once when it goes and once when it comes, and the others take its part."""
    with fake_server.Server(faults.Slow(0.05, times=None)) as one, \
            fake_server.Server(faults.Slow(0.05, times=None), shares=one) as two, \
            fake_server.Server(faults.Slow(0.05, times=None), shares=one) as three:
        run = Running([one, two, three], longer, tmp_path, "--chunk=2")
        two.wait_until(lambda seen: len(seen.bulks) >= 3)
        two.stop()
        seen = len(two.bulks)
        time.sleep(1)
        assert run.process.poll() is None, "over too early to see the node come back"
        two.start()
        two.wait_until(lambda server: len(server.bulks) > seen)
        done = run.wait()
        assert_conserved(one, done, longer, clean=False)
        for server in (one, two, three):
            assert server.violations == [] and server.crashes == []
            assert len(server.bulks) > 3, "a node was left out"
    assert len(two.bulks) > seen, "the node was never used again"
    naming = [line for line in done.messages.split("\n") if ":%d" % two.port in line]
    assert len(naming) == 2, done.errors


@pytest.mark.parametrize("dead", [0, 1, 2])
def test_one_of_three_nodes_never_lived(dead, numbered, tmp_path):
    nodes = ["http://127.0.0.1:%d" % free_port()]
    with fake_server.Server() as one, fake_server.Server(shares=one) as two:
        living = [one, two]
        done = deliver(living[:dead] + nodes + living[dead:], numbered, tmp_path, "--chunk=5")
        assert_conserved(one, done, numbered, clean=False)
        assert one.bulks and two.bulks
    assert done.seconds < 10


def test_one_of_two_nodes_answers_503(numbered, tmp_path):
    with fake_server.Server() as one, fake_server.Server(faults.Page(503, times=None, path=""), shares=one) as two:
        done = deliver([one, two], numbered, tmp_path, "--chunk=5")
        assert_conserved(one, done, numbered, clean=False)
    assert done.seconds < 15


@conftest.needs_root
def test_host_without_address(numbered, tmp_path):
    """In a network namespace of its own: nobody is asked."""
    done = deliver("http://search.espcap.invalid:9200", numbered, tmp_path, *SHORT, prefix=["unshare", "-n"])
    assert_unsent(None, done, numbered)
    done.says(r"search\.espcap\.invalid", "resolve")


@conftest.needs_root
def test_address_that_changes(longer, tmp_path):
    """The name leads to another address when the server is back: it is asked again."""
    hosts = shared(tmp_path) / "hosts"
    hosts.write_text("127.0.0.1 search.test\n", encoding="ascii")
    prefix = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    with fake_server.Server(faults.Slow(0.1, times=None)) as server:
        run = Running(["http://search.test:%d" % server.port], longer, tmp_path, "--chunk=10", prefix=prefix)
        server.wait_until(lambda seen: len(seen.ledger) >= 100)
        hosts.write_text("127.0.0.2 search.test\n", encoding="ascii")
        server.stop()
        with fake_server.Server(host="127.0.0.2", port=server.port, shares=server) as moved:
            done = run.wait(60)
            assert_conserved(moved, done, longer, clean=False)
            assert moved.bulks


@conftest.needs_root
def test_name_with_addresses_that_refuse(numbered, tmp_path):
    """Each new connection tries them one after the other, and loses no time with those where nobody listens."""
    hosts = shared(tmp_path) / "hosts"
    hosts.write_text("".join("127.0.0.%d search.test\n" % last for last in range(1, 7)), encoding="ascii")
    prefix = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    with fake_server.Server(faults.Closing(), host="127.0.0.6") as server:
        run = Running(["http://search.test:%d" % server.port], numbered, tmp_path, "--chunk=5", prefix=prefix)
        done = run.wait()
        assert_conserved(server, done, numbered)
        assert server.accepted >= PACKETS // 5
    # Two that refuse cost five seconds for each connection where nobody calls libcurl's timer in between.
    assert done.seconds < 5


@conftest.needs_root
def test_name_of_which_all_addresses_refuse(numbered, tmp_path):
    """It is known at once that none of them answers."""
    hosts = shared(tmp_path) / "hosts"
    hosts.write_text("".join("127.0.0.%d search.test\n" % last for last in range(1, 7)), encoding="ascii")
    prefix = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    done = Running(["http://search.test:%d" % free_port()], numbered, tmp_path, "--retry-for=2s", prefix=prefix).wait()
    assert done.code == 5 and done.seconds < 5
    done.says("cannot connect: Connection refused")


@pytest.mark.parametrize("trailer", [False, True])
def test_header_line_over_all_bounds(trailer, numbered, tmp_path):
    """The words are about the line, not about our memory."""
    _, done = run_with(faults.LongHeader(trailer), numbered, tmp_path)
    done.says("a header line of the reply is too long")
    assert "emory" not in done.messages


@conftest.needs_root
def test_link_local_node(numbered, tmp_path):
    """Its zone is that of RFC 6874, and the address that of a bridge that nobody else is on."""
    def work():
        with fake_server.Server(host="::") as server:
            node = "http://[fe80::1%%25lan0]:%d" % server.port
            done = Running([node], numbered, tmp_path, *CHUNK).wait()
            assert_conserved(server, done, numbered)
            assert all(bulk.headers["Host"] == "[fe80::1]:%d" % server.port for bulk in server.bulks)
    in_own_network(work, "ip link add lan0 type bridge", "ip link set lan0 up", "ip addr add fe80::1/64 dev lan0 nodad")


CLONE_NEWNET = 0x40000000


def in_own_network(function, *commands):
    """Runs a function in a child that has a network namespace of its own, where these commands ran first."""
    child = os.fork()
    if child == 0:
        try:
            assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            for command in ("ip link set lo up", *commands):
                subprocess.run(command, shell=True, check=True)
            function()
            os._exit(0)
        except BaseException:   # pylint: disable=broad-except # the parent's pytest must not go on in the child
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "see stderr"


@conftest.needs_root
def test_bad_line(numbered, tmp_path):
    """F08: every tenth packet is lost, both ways. Slow, and still no time-out and no request twice."""
    def work():
        with fake_server.Server() as server:
            done = deliver(server, numbered, tmp_path, *CHUNK, seconds=120)
            assert_conserved(server, done, numbered)
            assert done.counts["retries"] == 0 and len(server.bulks) == 3
    in_own_network(work, "nft add table ip bad",
                   "nft 'add chain ip bad input { type filter hook input priority 0; }'",
                   "nft add rule ip bad input numgen random mod 10 0 drop")


# The server is busy. F10, F11, F12, F14.

@pytest.mark.parametrize("status", [429, 503, 500, 408])
def test_whole_request_refused_for_a_while(status, numbered, tmp_path):
    server, done = run_with(faults.Whole(status, times=5), numbered, tmp_path, "--chunk=60")
    assert done.counts["retries"] >= 5 and done.counts["indexed"] == PACKETS
    assert len(server.bulks) == 6, "a request refused as a whole is sent again as it was"


def test_busy_for_longer_than_we_wait(numbered, tmp_path):
    fault = faults.Whole(429, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, *SHORT, environment={"ESPCAP_TEST_BACKOFF_MS": "200"})
        assert_unsent(server, done, numbered)
        assert len(server.bulks) < 60, "%d requests in two seconds" % len(server.bulks)
        done.says("429|busy|reject", r"127\.0\.0\.1:%d" % server.port)
        fault.lift()
        again = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, again, numbered)


def test_waits_grow(numbered, tmp_path):
    """Ten refusals take longer than ten first steps, on average by far; they may not take forever either."""
    server, _ = run_with(faults.Whole(429, times=8), numbered, tmp_path, "--chunk=60",
                         environment={"ESPCAP_TEST_BACKOFF_MS": "50"})
    times = [bulk.time for bulk in server.bulks]
    assert times[-1] - times[0] > 0.4, "eight waits took %.2f s" % (times[-1] - times[0])


@pytest.mark.parametrize("status,kind", [
    (429, "es_rejected_execution_exception"), (429, "circuit_breaking_exception"), (408, "timeout_exception"),
    (500, "exception"), (502, "exception"), (503, "unavailable_shards_exception"), (503, "no_shard_available_action_exception"),
    (504, "timeout_exception"), (429, "rejected_execution_exception")])
def test_some_items_refused_for_a_while(status, kind, numbered, tmp_path):
    """Only these are sent again, once, under the same ids, in their order."""
    server, done = run_with(faults.Items(status, kind, "later", every=3), numbered, tmp_path)
    sent = deliveries.collections.Counter(action.id for bulk in server.bulks for action in bulk.actions)
    assert sorted(sent.values()) == [1] * 40 + [2] * 20
    assert done.counts["indexed"] == PACKETS and done.counts["duplicate"] == 0
    assert done.counts["retries"] >= 1


def test_all_items_refused_for_a_while(numbered, tmp_path):
    run_with(faults.Items(429, "es_rejected_execution_exception", "later", times=3), numbered, tmp_path)


def test_every_answer_in_one_reply(numbered, tmp_path):
    """201, 409, 429, 503 and 400 beside each other, each counted in its place."""
    with fake_server.Server() as server:
        first = deliver(server, numbered, tmp_path, "--count=10")
        assert first.counts["indexed"] == 10
        server.faults += [faults.Items(400, "document_parsing_exception", "failed to parse", every=19, times=None),
                          faults.Items(429, "es_rejected_execution_exception", "later", every=13),
                          faults.Items(503, "unavailable_shards_exception", "later", every=17)]
        done = deliver(server, numbered, tmp_path, "--chunk=60")
        assert_conserved(server, done, numbered, code=6)
    counts = done.counts
    assert (counts["duplicate"], counts["rejected"], counts["indexed"]) == (10, 3, 47)


# Documents that the server does not take. F13, F19.

def replay_of(server, done, folder):
    """The rejected documents once more; what is rejected again goes to a file of its own."""
    return deliver(server, None, folder, "--replay", done.dead_letter, "--dead-letter=again", dead_letter="again")


MAPPING = "failed to parse field [layers] of type [flattened] in document with id 'x'"


@pytest.mark.parametrize("kind", ["mapper_parsing_exception", "document_parsing_exception",
                                  "strict_dynamic_mapping_exception", "illegal_argument_exception", "never_heard_of"])
def test_rejected_documents_and_their_replay(kind, numbered, tmp_path):
    fault = faults.Items(400, kind, MAPPING, every=10, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered, code=6)
        done.says(deliveries.DEAD_LETTER)
        assert len(done.rejected) == PACKETS // 10
        for letter in done.rejected:
            assert (letter["status"], letter["type"], letter["reason"]) == (400, kind, MAPPING)
            assert deliveries.ID.match(letter["id"]) and deliveries.INDEX.match(letter["index"])
        fault.lift()
        replay = replay_of(server, done, tmp_path)
        assert replay.code == 0, replay.errors
        assert replay.counts["read"] == replay.counts["indexed"] == PACKETS // 10
        conserve.judge([entry.document for entry in server.ledger], numbered)
        sources = {entry.id: entry.document for entry in server.ledger}
        # The server gets terms, and does not give them back.
        letters = done.rejected
        assert all(letter["document"]["espcap"].pop("terms") for letter in letters)
        assert all(sources[letter["id"]] == letter["document"] for letter in letters)
        again = replay_of(server, done, tmp_path)
        assert again.code == 0 and again.counts["duplicate"] == PACKETS // 10, again.errors


def test_dead_letters_are_appended(numbered, tmp_path):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=10, times=None)) as server:
        first = deliver(server, numbered, tmp_path, "--dead-letter=mine.ndjson", dead_letter="mine.ndjson")
        assert first.code == 6 and len(first.rejected) == 6
        second = deliver(server, numbered, tmp_path, "--dead-letter=mine.ndjson", dead_letter="mine.ndjson")
        assert second.code == 6 and len(second.rejected) == 12
    assert os.listdir(tmp_path) == ["mine.ndjson"]


def test_reasons_of_a_hostile_server(numbered, tmp_path):
    """What a server says does not reach the terminal as it is."""
    evil = "\x1b]0;owned\x07\r\nespcap: read=0\x00\u2028" + "x" * 5000
    with fake_server.Server(faults.Items(400, "mapper_parsing\x1b[2J", evil, every=10, times=None)) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered, code=6)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.errors), repr(done.errors)
    done.says()


def test_body_limit(longer, tmp_path):
    """413: halved until it fits, and the halves arrive."""
    with fake_server.Server(faults.Limit(65536)) as server:
        done = deliver(server, longer, tmp_path, "--chunk=200")
        assert_conserved(server, done, longer)
        assert done.counts["retries"] >= 1


def test_document_over_the_body_limit(tmp_path):
    """A single document that is too large for the server is put aside with its reason; its neighbours arrive."""
    with fake_server.Server(faults.Limit(16384)) as server:
        payloads = [conserve.make_payload(number, conserve.random.Random(number)) for number in range(9)]
        payloads[4] = payloads[4][:-4] + b"x" * 9000
        payloads[4] += conserve.struct.pack("!I", conserve.zlib.crc32(payloads[4]))
        capture = tmp_path / "one-large.pcap"
        capture.write_bytes(frames.pcap([frames.udp(payload) for payload in payloads]))
        done = deliver(server, str(capture), tmp_path)
        assert_conserved(server, done, str(capture), code=6)
    (letter,) = done.rejected
    assert conserve.payload_of(letter["document"]) == payloads[4] and letter["status"] == 413
    done.says(deliveries.DEAD_LETTER)
    assert "large" in letter["reason"]


def http_response(size):
    """One HTTP response with a body of so many bytes, in segments of 1400."""
    data = (b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % size
            + bytes(number & 0xFF for number in range(size)))
    return [frames.tcp(data[offset:offset + 1400], 80, 40000, 1 + offset) for offset in range(0, len(data), 1400)]


def test_document_of_thirty_megabytes(tmp_path):
    """tshark repeats a reassembled body as hex, three characters a byte: cut, named, delivered; its neighbours too."""
    capture = tmp_path / "large.pcap"
    packets = http_response(10 << 20)
    capture.write_bytes(frames.pcap(packets))
    with fake_server.Server() as server:
        done = deliver(server, str(capture), shared(tmp_path), seconds=240)
        assert done.code == 0, done.errors
        assert server.violations == [] and done.counts["indexed"] == len(server.ledger) == len(packets)
        largest = max(server.ledger, key=lambda entry: len(entry.source))
        assert 8 << 20 < len(largest.source) <= 16 << 20
        assert largest.document["espcap"]["truncated"]
        assert max(bulk.length for bulk in server.bulks) < 17 << 20


@conftest.needs_root
def test_no_room_for_the_dead_letters(numbered, tmp_path):
    """What could not be put aside is not called put aside."""
    small = shared(tmp_path) / "small"
    small.mkdir()
    prefix = ["unshare", "-m", "sh", "-c",
              'mount -t tmpfs -o size=8k none "$0" && exec "$@"', str(small)]
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=2, times=None)) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--dead-letter", str(small / "letters"), prefix=prefix)
        assert done.code == 5, done.errors
        counts = done.counts
        assert counts["indexed"] <= len(server.ledger) and counts["rejected"] < 10 and counts["unsent"] > 0
    done.says("letters", "space")


@conftest.needs_root
def test_dead_letter_file_that_cannot_be_opened(numbered, tmp_path):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=2, times=None)) as server:
        done = deliver(server, numbered, tmp_path, "--dead-letter=missing/letters")
        assert done.code == 2, done.errors
    done.says("missing/letters", "No such file")


# The cluster is at fault, not the document. F15, F16, F18.

SHARDS = ("Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] "
          "maximum normal shards open;")
CLUSTER = {
    "shard limit": (400, "validation_exception", SHARDS, "shards"),
    "shard limit of OpenSearch": (400, "validation_exception", SHARDS.replace("normal ", ""), "shards"),
    "closed index": (400, "index_closed_exception", "closed", "closed"),
    "no automatic creation": (404, "index_not_found_exception", "no such index [packets-2020-09-13] and "
                              "[action.auto_create_index] is [false]", "auto_create_index|no such index"),
    "read-only": (403, "cluster_block_exception", "index [packets-2020-09-13] blocked by: [FORBIDDEN/8/index write (api)];",
                  "blocked|block"),
    "disk full": (429, "cluster_block_exception", "index [packets-2020-09-13] blocked by: [TOO_MANY_REQUESTS/12/disk usage "
                  "exceeded flood-stage watermark, index has read-only-allow-delete block];", "flood|disk"),
    "no right": (403, "security_exception", "action [indices:data/write/bulk[s]] is unauthorized for user [x]",
                 "unauthorized"),
}


@pytest.mark.parametrize("name", CLUSTER)
def test_cluster_at_fault(name, numbered, tmp_path):
    status, kind, reason, words = CLUSTER[name]
    fault = faults.Items(status, kind, reason, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, *SHORT)
        assert_unsent(server, done, numbered)
        assert server.ledger == []
        done.says(words, "packets-2020-09-13")
        fault.lift()
        again = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, again, numbered)


@pytest.mark.parametrize("name", [name for name in CLUSTER if name != "no right"])
def test_cluster_recovers(name, numbered, tmp_path):
    status, kind, reason, _ = CLUSTER[name]
    _, done = run_with(faults.Items(status, kind, reason, times=2), numbered, tmp_path)
    assert done.counts["indexed"] == PACKETS


def test_whole_request_blocked(numbered, tmp_path):
    """A cluster without a master, or a block on all of it, answers for the whole request."""
    run_with(faults.Whole(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];", times=3),
             numbered, tmp_path)


# What is replayed may be damaged too.

def test_replay_of_what_is_no_dead_letter_file(numbered, tmp_path):
    with fake_server.Server() as server:
        missing = deliver(server, None, tmp_path, "--replay=nowhere")
        assert missing.code == 3, missing.errors
        missing.says("nowhere")
        itself = deliver(server, None, tmp_path, "--replay=" + deliveries.DEAD_LETTER)
        assert itself.code in (2, 3), itself.errors
        capture = deliver(server, None, tmp_path, "--replay", numbered)
        assert capture.code == 3, capture.errors
        assert server.ledger == []


@pytest.mark.parametrize("damage", [b"not JSON\n", b"{}\n", b"[1]\n", b'{"index":"a b","id":"x","document":{}}\n',
                                    b'{"index":1,"id":2,"document":3}\n', b"\xff\xfe\n", b"\n", b'{"index":"packets'])
def test_replay_of_a_damaged_file(damage, numbered, tmp_path):
    """The whole lines are delivered, and the exit says that there was something else."""
    fault = faults.Items(400, "document_parsing_exception", "no", every=20, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path)
        assert done.code == 6 and len(done.rejected) == 3
        fault.lift()
        with open(done.dead_letter, "ab") as letters:
            letters.write(damage)
        replay = replay_of(server, done, tmp_path)
        conserve.judge([entry.document for entry in server.ledger], numbered)
        assert server.violations == []
        assert replay.code == (0 if damage == b"\n" else 3), replay.errors
        replay.says(*(() if damage == b"\n" else (deliveries.DEAD_LETTER,)))


# Not the server at all.

class Banner:
    """A listener that speaks another protocol: it greets, and hangs up on what it does not understand."""

    def __init__(self, greeting, patience):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.greeting, self.patience = greeting, patience
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            with caller:
                try:
                    caller.sendall(self.greeting)
                    caller.settimeout(self.patience)
                    caller.recv(65536)
                except OSError:
                    pass


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"", b"220 mail.example ESMTP\r\n", b"\0\0\0\x06\0\0"])
def test_wrong_port(greeting, numbered, tmp_path):
    """SSH greets first. Kafka hangs up on a request of impossible length, as does a proxy without its server: that is waited for."""
    banner = Banner(greeting, 1)
    done = deliver("http://127.0.0.1:%d" % banner.port, numbered, tmp_path, *SHORT)
    banner.listener.close()
    if greeting:
        assert done.code == 2 and done.counts["read"] == 0 and done.rejected == [], done.errors
    else:
        assert_unsent(None, done, numbered)
    assert done.seconds < 8
    done.says(r"127\.0\.0\.1:%d" % banner.port)


def test_web_site(numbered, tmp_path):
    """An ordinary web server: it has an answer to all, but none that is one."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as site:
        site.RequestHandlerClass.log_message = lambda *words: None
        threading.Thread(target=site.serve_forever, daemon=True).start()
        port = site.server_address[1]
        done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path, *SHORT)
        site.shutdown()
    assert done.code == 2 and done.counts["read"] == 0 and done.rejected == [], done.errors
    done.says(r"127\.0\.0\.1:%d: a web server or a proxy answers there" % port)


@pytest.mark.parametrize("prefix", ["A B", "..", ".", "Packets", "-x", "_x", "+x", "a/b", "a*b", "a,b", "a#b", "a:b",
                                    "", "a\nb", 'a"b', "a\\b", "a?b", "a<b", "x" * 300, "\u00e4"])
def test_index_that_is_not_allowed(prefix, numbered, tmp_path):
    with fake_server.Server() as server:
        done = deliver(server, numbered, tmp_path, "--index=" + prefix)
        assert done.code == 2, done.errors
        assert server.exchanges == [], "it was tried out on the server"
    assert "index" in done.errors


# Signals and deaths. F29, F30.

def test_interrupted_while_the_server_hangs(longer, tmp_path):
    """The first signal stops the reading and delivers what was read; then a run from the start completes it."""
    fault = faults.Hang(times=2, after=10)
    with fake_server.Server(faults.Slow(0.1, times=None), fault) as server:
        run = Running([server], longer, tmp_path, "--chunk=10", "--request-timeout=2s", "--memory=1M")
        server.wait_until(lambda seen: fault.acted)
        run.process.send_signal(signal.SIGTERM)
        done = run.wait()
        counts = done.counts
        assert done.code == (-signal.SIGTERM if "part of the input is not read" in done.errors else 0), done.errors
        assert counts["unsent"] == 0 and counts["indexed"] + counts["duplicate"] == counts["read"] == len(server.ledger)
        again = deliver(server, longer, tmp_path)
        assert_conserved(server, again, longer, clean=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_second_signal_ends_at_once(number, longer, tmp_path):
    with fake_server.Server(faults.Hang(times=None, after=5)) as server:
        run = Running([server], longer, tmp_path, "--chunk=10")
        server.wait_until(lambda seen: len(seen.bulks) >= 9)
        run.process.send_signal(number)
        time.sleep(0.3)
        run.process.send_signal(number)
        before = time.monotonic()
        done = run.wait(10)
        assert time.monotonic() - before < 3
        assert done.code == -number, done.errors
        assert done.counts["unsent"] > 0 and done.counts["indexed"] == 50
    with fake_server.Server(shares=server) as healthy:
        again = deliver(healthy, longer, tmp_path)
        assert_conserved(healthy, again, longer)


def test_slow_server_stops_the_reading(tmp_path):
    """Back-pressure: what is read ahead of a server that takes nothing stays under the bound."""
    capture = conserve.make_capture(str(shared(tmp_path) / "many.pcap"), 15000)
    with fake_server.Server(faults.Hang(times=4)) as server:
        run = Running([server], capture, tmp_path, "--memory=8M", "--request-timeout=10s")
        time.sleep(6)
        with open("/proc/%d/status" % run.process.pid, encoding="ascii") as source:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", source.read()).group(1))
        assert run.process.poll() is None
        done = run.wait(120)
        assert_conserved(server, done, capture)
    if not conftest.is_sanitized(espcap.PROGRAM):
        assert peak < 80 << 10, "%d MB" % (peak >> 10)
