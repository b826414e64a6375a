# SPDX-License-Identifier: BSD-2-Clause
"""A search right after the end of a run finds all documents: the indices are refreshed once, and that never changes a run."""

import os
import signal
import time

import pytest

import conserve
import deliveries
import engines
import espcap
import fake_faults as faults
import fake_server
from deliveries import CHUNK, PACKETS, Running, assert_conserved, deliver

DAY = "packets-2020-09-13"
NOT_REFRESHED = r"the indices are not refreshed \(%s\): searches find the documents after the next refresh of the server"
ONE_OF_EACH = ["elasticsearch-8.8.2", "opensearch-2.19.1"]


def refreshes(server):
    return [exchange for exchange in server.exchanges if exchange.path.endswith("/_refresh")]


def test_once_at_the_end(numbered, tmp_path):
    with fake_server.Server() as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
        assert server.refreshed == [DAY] and server.exchanges[-1] is refreshes(server)[0]
        assert done.messages == ""
        # What is there already may not be visible either.
        again = deliver(server, numbered, tmp_path, *CHUNK)
        assert again.counts["duplicate"] == PACKETS and server.refreshed == [DAY, DAY]


def test_many_indices(tmp_path):
    """In requests that a server takes: a request line has 4,096 bytes at most. The fake server checks each."""
    days = 366
    capture = conserve.make_capture(str(deliveries.shared(tmp_path) / "days.pcap"), days, days=days)
    with fake_server.Server() as server:
        done = deliver(server, capture, tmp_path)
        assert_conserved(server, done, capture)
        assert len(server.indices) == days and len(refreshes(server)) == 2
        assert sorted(server.refreshed) == sorted(server.indices)


def test_nothing_to_refresh(numbered, tmp_path):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", times=None)) as server:
        done = deliver(server, numbered, tmp_path)
        assert done.code == 6 and done.counts["rejected"] == PACKETS
        empty = deliver(server, os.path.join(espcap.CAPTURE_DIR, "empty.pcap"), tmp_path)
        assert empty.code == 0
        assert refreshes(server) == []


def test_also_with_rejects(numbered, tmp_path):
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=4, times=None)) as server:
        done = deliver(server, numbered, tmp_path)
        assert_conserved(server, done, numbered, code=6)
        assert server.refreshed == [DAY]


def test_replay(numbered, tmp_path):
    """Dead letters go to the indices that they name."""
    fault = faults.Items(400, "document_parsing_exception", "no", every=2, times=None)
    with fake_server.Server(fault) as server:
        assert deliver(server, numbered, tmp_path).code == 6
        fault.lift()
        os.rename(tmp_path / deliveries.DEAD_LETTER, tmp_path / "again.ndjson")
        with open(tmp_path / "again.ndjson", encoding="utf-8") as source:
            letters = source.read().replace('"index":"%s"' % DAY, '"index":"other"', 1)
        (tmp_path / "again.ndjson").write_text(letters, encoding="utf-8")
        server.refreshed.clear()
        done = deliver(server, None, tmp_path, "--replay", "again.ndjson")
        assert done.code == 0 and done.counts["indexed"] == PACKETS // 2, done.errors
        assert server.refreshed == ["other", DAY]
        assert server.violations == []


def test_right_that_is_missing(numbered, tmp_path):
    """A key that may only create documents."""
    with fake_server.Server(api_keys={"a2V5": "create"}) as server:
        key = deliveries.shared(tmp_path) / "key"
        key.write_text("a2V5\n", encoding="ascii")
        key.chmod(0o600)
        done = deliver(server, numbered, tmp_path, "--no-template", "--api-key-file", str(key))
        assert_conserved(server, done, numbered)
        assert "refresh" not in done.messages
        again = deliver(server, numbered, tmp_path, "--no-template", "--api-key-file", str(key), "--verbose")
        assert again.code == 0
        again.says(NOT_REFRESHED % "HTTP status 403 security_exception: .*")
        assert len(refreshes(server)) == 2


@pytest.mark.parametrize("fault,reason", [
    (faults.Whole(503, path="/_refresh"), "HTTP status 503 .*"),
    (faults.Whole(429, path="/_refresh", headers={"Retry-After": "60"}), "HTTP status 429 .*"),
    (faults.Page(502, path="/_refresh"), "HTTP status 502.*"),
    (faults.Redirect("http://127.0.0.1:1/", path="/_refresh"), "HTTP status 302"),
    (faults.ResetInRequest(0, path="/_refresh", times=None), ".*")])
def test_refused(fault, reason, numbered, tmp_path):
    """It is asked for once."""
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, "--verbose")
        assert_conserved(server, done, numbered)
        done.says(NOT_REFRESHED % reason)
        assert done.seconds < 10
        assert "trying again" not in done.messages


class LastReply(faults.ReplyFault):
    """Nobody listens any more when the reply to the last bulk request arrives."""

    def act(self, exchange):
        listener = exchange.server.listener
        listener.shutdown()
        listener.socket.close()
        exchange.send(200, exchange.reply, Connection="close")
        exchange.close()


def test_server_that_dies_before(numbered, tmp_path):
    with fake_server.Server(LastReply()) as server:
        done = deliver(server, numbered, tmp_path, "--verbose")
        assert_conserved(server, done, numbered)
        done.says(NOT_REFRESHED % "cannot connect: Connection refused")
        assert "trying again" not in done.messages and done.seconds < 10
    with fake_server.Server(LastReply()) as server:
        assert deliver(server, numbered, tmp_path).messages == ""


class OtherDies(faults.ReplyFault):
    """The other node goes when this one has taken the last documents; the next request would be its turn."""

    def act(self, exchange):
        self.other.stop()
        exchange.send(200, exchange.reply)


def test_another_node_is_asked(numbered, tmp_path):
    with fake_server.Server() as first, fake_server.Server(shares=first) as second:
        for one, other in ((first, second), (second, first)):
            fault = OtherDies()
            fault.other = other
            one.faults.append(fault)
        done = deliver([first, second], numbered, tmp_path, "--chunk=1000")
        assert done.code == 0 and done.counts["indexed"] == PACKETS, done.errors
        assert done.messages == ""
        assert first.refreshed + second.refreshed == [DAY]
        assert (first.listener is None) != (second.listener is None)


def test_no_answer_for_ten_seconds(numbered, tmp_path):
    with fake_server.Server(faults.Hang(path="/_refresh")) as server:
        started = time.monotonic()
        done = deliver(server, numbered, tmp_path, "--verbose")
        assert_conserved(server, done, numbered)
        done.says(NOT_REFRESHED % "no answer within 10 s")
        assert time.monotonic() - refreshes(server)[0].time < 13 and time.monotonic() - started > 10


def test_interrupted_meanwhile(numbered, tmp_path):
    """The first signal after the last document ends the run at once, as one that delivered everything."""
    with fake_server.Server(faults.Hang(path="/_refresh")) as server:
        run = Running([server], numbered, tmp_path)
        server.wait_until(refreshes)
        run.process.send_signal(signal.SIGINT)
        done = run.wait(8)
        assert_conserved(server, done, numbered)
        assert done.messages == ""


def test_interrupted_before(longer, tmp_path):
    """After an interrupt what was delivered is refreshed as well; the second signal ends that, too."""
    with fake_server.Server(faults.Hang(path="/_refresh"), faults.Slow(0.1, times=None)) as server:
        run = Running([server], longer, tmp_path, *CHUNK)
        server.wait_until(lambda seen: len(seen.bulks) > 2)
        run.process.send_signal(signal.SIGINT)
        server.wait_until(refreshes)
        run.process.send_signal(signal.SIGTERM)
        done = run.wait(8)
        assert done.code == -signal.SIGTERM
        assert done.counts["indexed"] == done.counts["read"] == len(server.ledger)
        done.says("delivering what was read; a second signal ends at once")


# Real servers, which without being asked would refresh never.

def without_refreshes(server, prefix="packets"):
    server.wipe()
    server.put("_component_template/%s@custom" % prefix,
               {"template": {"settings": {"index.refresh_interval": "-1", "index.number_of_replicas": 0}}})


def visible(server, pattern="packets-*", user="elastic"):
    """Documents that a search finds now."""
    reply = server.post(pattern + "/_search", {"size": 0, "track_total_hits": True}, user=user)
    return reply["hits"]["total"]["value"]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_search_after_the_end(name, tmp_path):
    with engines.running(name) as server:
        without_refreshes(server)
        done = deliver(server, None, tmp_path, "--dir", espcap.CAPTURE_DIR, "--quiet")
        found = visible(server)
        assert done.code == 0, done.errors
        assert found == done.counts["indexed"] == 676
        server.wipe()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_search_in_many_indices(name, tmp_path):
    """Names of more than one request line."""
    prefix = "p" * 90
    capture = conserve.make_capture(str(deliveries.shared(tmp_path) / "days.pcap"), 50, days=50)
    with engines.running(name) as server:
        without_refreshes(server, prefix)
        done = deliver(server, capture, tmp_path, "--index=" + prefix, seconds=120)
        found = visible(server, prefix + "-*")
        assert done.code == 0 and found == done.counts["indexed"] == 50, done.errors
        server.wipe()


def test_key_without_the_right(tmp_path):
    """create_doc and auto_configure are enough to deliver, and nothing is said."""
    with engines.running("elasticsearch-8.8.2", secure=True) as server:
        without_refreshes(server)
        options = ("--ca-file", server.ca, "--user=writer", "--password-file", server.password_file("writer"))
        capture = os.path.join(espcap.CAPTURE_DIR, "dns.pcap")
        # The template is there, as somebody who may put it has put it.
        deliver(server, os.path.join(espcap.CAPTURE_DIR, "empty.pcap"), tmp_path, "--ca-file", server.ca,
                "--user=elastic", "--password-file", server.password_file("elastic"))
        done = deliver(server, capture, tmp_path, *options)
        assert done.code == 0 and done.counts["indexed"] == 48, done.errors
        assert "refresh" not in done.messages
        assert visible(server) == 0
        again = deliver(server, capture, tmp_path, *options, "--verbose")
        assert again.code == 0
        again.says(NOT_REFRESHED % "HTTP status 403 security_exception: .*")
        server.wipe()
