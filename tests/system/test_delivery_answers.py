# SPDX-License-Identifier: BSD-2-Clause
"""What a server says of documents that it did not index: dropped by a pipeline, put elsewhere, refused for what an administrator did."""

import os
import re
import signal
import time

import pytest

import conserve
import deliveries
import fake_faults as faults
import fake_server
import frames
from deliveries import CHUNK, PACKETS, Running, assert_conserved, assert_unsent, deliver

TEMPLATE = "/_index_template/espcap-packets"
DAY = "packets-2020-09-13"


# What kind of server it is.

LONG = "x" * 40000


def long_capture(folder):
    """A packet whose payload is over what flat_object takes as one value."""
    path = str(deliveries.shared(folder) / "long.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap_header() + frames.pcap_record(frames.udp(LONG.encode()), frames.START, 0))
    return path


@pytest.mark.parametrize("engine,kind,sign,cut", [
    ("elasticsearch", "Elasticsearch 8.8.2", "recognized by the header X-elastic-product", False),
    ("opensearch", "OpenSearch 2.19.1", "recognized by version.distribution", True),
    ("opensearch, compatible", "OpenSearch 7.10.2", "recognized by its tagline", True),
    ("opensearch, disguised", "Elasticsearch 7.10.2", r"recognized by version.build_flavor \(the index template will show\)", True)])
def test_kind_of_server(engine, kind, sign, cut, tmp_path):
    """It decides on the template, and on how long a value may be."""
    capture = long_capture(tmp_path)
    with fake_server.Server(engine=engine) as server:
        done = deliver(server, capture, tmp_path, "--verbose")
        assert done.code == 0 and done.counts["indexed"] == 1, done.errors
        again = deliver(server, capture, tmp_path, "--verbose")
        assert again.code == 0 and again.counts["duplicate"] == 1, again.errors
        layers = server.templates[TEMPLATE]["template"]["mappings"]["properties"]["layers"]["type"]
        assert server.violations == []
    assert layers == ("flat_object" if cut else "flattened")
    for run in (done, again):
        run.says("%s, %s" % (kind, sign))
    assert ("truncated" in server.ledger[0].document["espcap"]) == cut
    if engine == "opensearch, disguised":
        done.says("it is OpenSearch, recognized by its refusal of the other's field type")
        again.says("it is OpenSearch, recognized by the index template that it has")


def test_server_without_a_type_for_the_layers(numbered, tmp_path):
    with fake_server.Server(engine="elasticsearch 7.10, oss") as server:
        done = deliver(server, numbered, tmp_path)
        assert done.code == 2 and server.bulks == [], done.errors
        done.says("neither flattened.*nor flat_object")


# Pipelines.

@pytest.mark.parametrize("options", [(), ("--id=auto",)])
def test_dropped_by_a_pipeline(options, numbered, tmp_path):
    """A noop, which is status 200: in the sum, no error, said, and told in every form."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    folder.chmod(0o777)         # whoever espcap becomes writes there
    with fake_server.Server(faults.Items(200, None, None, every=3, times=None)) as server:
        done = deliver(server, numbered, deliveries.shared(tmp_path), *CHUNK, "--summary-json=summary.json",
                       "--metrics=metrics/espcap.prom", *options)
        assert done.code == 0 and done.rejected == [], done.errors
        counts = done.counts
        assert (counts["read"], counts["indexed"], counts["discarded"]) == (PACKETS, PACKETS - 20, 20)
        assert counts["unsent"] == counts["retries"] == 0 and len(server.ledger) == PACKETS - 20
        done.says("pipeline.*20 packets")
    assert '"rejected":0,"discarded":20,"filtered":0' in (tmp_path / "summary.json").read_text("ascii")
    assert 'espcap_packets_total{outcome="discarded",fate="discarded"} 20\n' in (folder / "espcap.prom").read_text("ascii")


def test_nothing_is_discarded(numbered, tmp_path):
    with fake_server.Server() as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
    assert "pipeline" not in done.messages


@pytest.mark.parametrize("status", [201, 200])
def test_failure_store(status, numbered, tmp_path):
    """It is on the server, but in no index of packets: rejected, and kept in the dead letter file."""
    fault = faults.Items(status, None, None, every=6, times=None, failure_store="used")
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered, code=6)
        assert [letter["type"] for letter in done.rejected] == ["failure_store"] * 10
        asked = {bulk.query["filter_path"] for bulk in server.bulks}
        assert asked == {"errors,items.*.status,items.*.error,items.*.failure_store"}


@pytest.mark.parametrize("store", ["not_applicable_or_unknown", "not_enabled", "failed"])
def test_failure_store_that_was_not_used(store, numbered, tmp_path):
    """It says so beside an error, and that counts."""
    fault = faults.Items(429, "es_rejected_execution_exception", "later", every=6, failure_store=store)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered)
        assert done.counts["indexed"] == PACKETS


@pytest.mark.parametrize("status,kind", [(500, "fail_processor_exception"), (500, "find_match"),
                                         (400, "script_exception")])
def test_processor_does_not_want_a_document(status, kind, numbered, tmp_path):
    fault = faults.Items(status, kind, "runtime error", every=10, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered, code=6)
        assert {(letter["status"], letter["type"]) for letter in done.rejected} == {(status, kind)}
        assert done.counts["retries"] == 0


@pytest.mark.parametrize("kind", ["null_pointer_exception", "class_cast_exception", "runtime_exception"])
def test_server_stumbles_over_a_document(kind, numbered, tmp_path):
    """500 for ever, over a few documents and no others."""
    fault = faults.Items(500, kind, "it", every=10, times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--retry-for=30s")
        assert_conserved(server, done, numbered, code=6)
        assert {letter["type"] for letter in done.rejected} == {kind}
        assert all(times == 7 for times in fault.refused.values()), fault.refused


def test_server_stumbles_over_all(numbered, tmp_path):
    """Then it is the server."""
    fault = faults.Items(500, "null_pointer_exception", "it", times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--retry-for=3s")
        assert_unsent(server, done, numbered)
        assert min(fault.refused.values()) > 7


# Rejections for what an administrator did.

def cut_off(server, run):
    """In the middle of a run the template and all indices go."""
    server.wait_until(lambda seen: len(seen.ledger) >= 100)
    server.refuses_dynamic = True
    server.forget()
    server.ledger.clear()
    return run


def slow():
    return faults.Slow(0.1, times=None)


def test_template_and_index_deleted(longer, tmp_path):
    """Nothing is thrown away, the template is there again, and the line says what is left to do."""
    with fake_server.Server(slow()) as server:
        done = cut_off(server, Running([server], longer, tmp_path, "--chunk=20")).wait()
        assert done.code == 5 and done.rejected == [], done.errors
        assert done.counts["rejected"] == 0 and done.counts["unsent"] > 0
        assert TEMPLATE in server.templates
        done.says("the index %s does not have espcap's mapping.*put again.*delete or reindex.*--no-template" % DAY,
                  "mapper_parsing_exception")
        assert server.violations == []
        # As told.
        server.mappings.clear()
        server.indices.clear()
        server.ledger.clear()
        again = deliver(server, longer, tmp_path)
        assert_conserved(server, again, longer)


def test_template_and_index_deleted_while_watching(longer, tmp_path):
    """It waits, with the batches it has, and goes on when the index has been deleted."""
    folder = deliveries.shared(tmp_path) / "in"
    folder.mkdir()
    folder.chmod(0o755)
    os.link(longer, folder / "a.pcap")
    with fake_server.Server(slow()) as server:
        run = cut_off(server, Running([server], None, tmp_path, "--watch", str(folder), "--chunk=20", "--verbose"))
        server.wait_until(lambda seen: TEMPLATE in seen.templates and DAY in seen.mappings)
        time.sleep(1)
        assert run.process.poll() is None
        before = len(server.ledger)
        assert before == 0
        lost = 600 - sum(len(bulk.actions) for bulk in server.bulks)
        assert lost > 0, "the reading was not held back"
        server.mappings.clear()
        server.wait_until(lambda seen: DAY in seen.mappings and len(seen.ledger) > 300)
        run.process.send_signal(signal.SIGTERM)
        done = run.wait()
        assert done.code == 0 and done.rejected == [], done.errors
        assert done.counts["unsent"] == 0 and done.counts["indexed"] == done.counts["read"] == 600
        done.says("the index %s does not have espcap's mapping.*trying again" % DAY)
        assert done.messages.count("does not have espcap's mapping") <= 2


def test_index_deleted_alone(longer, tmp_path):
    """It is made again from the template."""
    with fake_server.Server(slow()) as server:
        run = Running([server], longer, tmp_path, "--chunk=20")
        server.wait_until(lambda seen: len(seen.ledger) >= 100)
        server.indices.clear()
        server.mappings.clear()
        assert_conserved(server, run.wait(), longer)


def test_index_that_was_there_before(numbered, tmp_path):
    """Made by somebody else before the first run."""
    with fake_server.Server() as server:
        server.refuses_dynamic = True
        server.mappings[DAY] = {"properties": {"layers": {"type": "object"}}}
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_unsent(server, done, numbered)
        done.says("the index %s does not have espcap's mapping.*it was not made from espcap's index template" % DAY)
        # With --no-template it is taken as it is: the person has said so.
        done = deliver(server, numbered, tmp_path, *CHUNK, "--no-template")
        assert_conserved(server, done, numbered, code=6)


def test_template_replaced(longer, tmp_path):
    with fake_server.Server(slow()) as server:
        run = Running([server], longer, tmp_path, "--chunk=20")
        cut_off(server, run)
        server.templates[TEMPLATE] = {"index_patterns": ["other-*"], "template": {"mappings": {}}}
        done = run.wait()
        assert done.code == 5 and done.rejected == [] and done.counts["rejected"] == 0, done.errors
        assert server.templates[TEMPLATE]["index_patterns"] == ["other-*"]
        done.says("index template was replaced by another.*--print-template")


@pytest.mark.parametrize("status", [403, 405])
def test_mapping_that_may_not_be_read(status, numbered, tmp_path):
    """Said once, and the documents are rejected as the server said."""
    fault = [faults.Items(400, "document_parsing_exception", "no", every=4, times=None),
             faults.Whole(status, "security_exception", "no", path="/_mapping", times=None)]
    with fake_server.Server(*fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK)
        assert_conserved(server, done, numbered, code=6)
        assert len(done.rejected) == 15
        assert done.messages.count("may not read the mappings") == 1, done.errors


@pytest.mark.parametrize("fault", [faults.Whole(503, path="/_mapping", times=2), faults.Whole(429, path="/_mapping", times=2),
                                   faults.Page(200, path="/_mapping", times=2), faults.Hang(path="/_mapping", times=1)])
def test_mapping_that_cannot_be_read_now(fault, numbered, tmp_path):
    with fake_server.Server(fault, faults.Items(400, "document_parsing_exception", "no", every=4, times=None)) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--request-timeout=1s")
        assert_conserved(server, done, numbered, code=6)
        assert len(done.rejected) == 15


def test_bad_documents_of_many_indices(tmp_path):
    """Each is looked at, in as many questions as it takes."""
    days = 60
    capture = str(deliveries.shared(tmp_path) / "days.pcap")
    conserve.make_capture(capture, days, days=days)
    prefix = "p" * 90
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=1, times=None)) as server:
        done = deliver(server, capture, tmp_path, "--index=" + prefix)
        assert_conserved(server, done, capture, code=6)
        assert len(done.rejected) == days
        looks = [exchange for exchange in server.exchanges if exchange.path.endswith("/_mapping")]
        assert len(looks) > 1 and all(len(look.path) < 3100 for look in looks)


def test_bad_documents_of_days_in_turn(tmp_path):
    """Two indices are asked for, however often their documents take turns."""
    capture = str(deliveries.shared(tmp_path) / "days.pcap")
    conserve.make_capture(capture, 100, days=2)
    with fake_server.Server(faults.Items(400, "document_parsing_exception", "no", every=1, times=None)) as server:
        done = deliver(server, capture, tmp_path)
        assert done.code == 6 and done.counts["rejected"] == len(done.rejected) == 100, done.errors
        looks = [exchange.path for exchange in server.exchanges if exchange.path.endswith("/_mapping")]
        assert looks == ["/packets-2020-09-13,packets-2020-09-14/_mapping"]
        assert len(server.bulks) == 2


# Credentials that are refused in the middle of a run.

@pytest.mark.parametrize("option", ["--password-file", "--api-key-file"])
def test_remedy_for_refused_credentials(option, longer, tmp_path):
    path = tmp_path / "secret"
    path.write_text("c2VjcmV0OnNlY3JldA==\n", encoding="ascii")
    path.chmod(0o600)
    user = ("--user=shark",) if option == "--password-file" else ()
    access = {"users": {"shark": ("c2VjcmV0OnNlY3JldA==", "all")}} if user else {"api_keys": {"c2VjcmV0OnNlY3JldA==": "all"}}
    with fake_server.Server(slow(), **access) as server:
        run = Running([server], longer, tmp_path, "--chunk=20", *user, option, str(path), "--retry-for=20s")
        server.wait_until(lambda seen: len(seen.ledger) >= 100)
        server.users, server.api_keys = {"shark": ("new", "all")}, {"new": "all"}
        server.wait_until(lambda seen: sum(exchange.status == 401 for exchange in seen.exchanges) > 12)
        path.write_text("new\n", encoding="ascii")
        run.process.send_signal(signal.SIGHUP)
        done = run.wait()
        assert_conserved(server, done, longer)
        done.says("401.*%s, and send SIGHUP; trying again" % option)
        assert len(re.findall(r"\b401\b", done.messages)) == 1


def test_no_remedy_after_the_end(numbered, tmp_path):
    """Nobody is left to hear a signal."""
    path = tmp_path / "secret"
    path.write_text("wrong\n", encoding="ascii")
    path.chmod(0o600)
    fault = faults.Whole(401, "security_exception", "not you", times=None)
    with fake_server.Server(fault) as server:
        done = deliver(server, numbered, tmp_path, *CHUNK, "--user=shark", "--password-file", str(path))
        assert_unsent(server, done, numbered)
        last = [line for line in done.messages.split("\n") if line][-1]
        assert "--password-file" in last and "SIGHUP" not in last, done.errors


# What is told, and how often.

def test_reasons_that_count_bytes(longer, tmp_path):
    """Once a minute, whatever numbers are in it."""
    class Counting(faults.Whole):
        """For three seconds, in which another kind would be said several times."""
        begun = None

        def takes(self, exchange):
            if self.begun is None and self.matches(exchange):
                self.begun = time.monotonic()
            return self.begun is not None and time.monotonic() - self.begun < 3 and super().takes(exchange)

        def act(self, exchange):
            self.reason = "coordinating_and_primary_bytes=%d, max=%d" % (exchange.length + exchange.number, 1000)
            super().act(exchange)

    counting = Counting(429, times=None)
    with fake_server.Server(counting) as server:
        done = deliver(server, longer, tmp_path, "--chunk=20", environment={"ESPCAP_TEST_BACKOFF_MS": "300"})
        assert_conserved(server, done, longer)
    assert counting.acted > 4 and done.messages.count("coordinating_and_primary_bytes") == 1, done.errors
