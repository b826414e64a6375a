# SPDX-License-Identifier: BSD-2-Clause
"""Questions to an index when the server or the network misbehaves: every document once and in order, or exit status 5."""

import json
import re
import signal
import subprocess

import pytest

import espcap
import fake_faults as faults
import fake_search
from deliveries import QUICK

FINAL = re.compile(r"^espcap: found=(?P<found>\d+) (printed|counted)=(?P<printed>\d+) unmatched=(?P<unmatched>\d+)"
                   r" undecided=(?P<undecided>\d+) unread=(?P<unread>\d+) retries=(?P<retries>\d+)$", re.MULTILINE)
INDEX = "packets-2015-07-30"
ALL = "--query-dsl={\"match_all\":{}}"


def documents(count, **keywords):
    return {INDEX: [fake_search.document(number, **keywords) for number in range(1, count + 1)]}


def ask(*servers, options=(), question=ALL, patience="5s", **keywords):
    return espcap.run(question, "--node", ",".join(server.url for server in servers), "--retry-for=" + patience, *options,
                      environment=QUICK, **keywords)


def counts(done):
    found = FINAL.search(done.errors)
    assert found, done.errors
    return {name: int(value) for name, value in found.groupdict().items()}


def assert_whole(done, server, count, retries=None, **wanted):
    assert done.code == 0, done.errors
    assert [made["frame_number"] for made in done.documents] == list(range(1, count + 1))
    found = counts(done)
    assert (found["found"], found["printed"], found["unread"]) == (count, count, 0)
    if retries is not None:
        assert found["retries"] == retries, done.errors
    assert_closed(server)


def assert_closed(server):
    assert not server.violations and not server.crashes and not server.contexts


def fault(which, *arguments, **keywords):
    return which(*arguments, path="/_search", **{"after": 3, **keywords})


@pytest.mark.parametrize("engine, contexts", [("elasticsearch", True), ("opensearch", True), ("opensearch", False)])
def test_pages(engine, contexts):
    """Several pages, each a request; what has the same time, capture and ordinal is not cut in two."""
    made = documents(1000)
    for number in (99, 100, 101, 400):
        made[INDEX][number]["@timestamp"] = fake_search.iso(number * 1000 + 1000)
    twins = {**made, "packets-2015-07-31": [dict(made[INDEX][number]) for number in (98, 99, 100)]}
    with fake_search.Server(twins, engine=engine, contexts=contexts) as server:
        done = ask(server)
    assert done.code == 0, done.errors
    numbers = [found["frame_number"] for found in done.documents]
    assert sorted(numbers) == sorted([*range(1, 1001), 99, 100, 101]) and numbers == sorted(numbers)
    assert len(server.pages) >= 3 and counts(done)["printed"] == 1003
    assert_closed(server)
    assert ("no point in time" in done.errors) == (not contexts)


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_same_time(engine):
    """Documents of --id=auto have nothing but a time to be ordered by."""
    made = {INDEX: [fake_search.document(number, time=5, capture=None) for number in range(1, 301)]}
    made[INDEX].append(fake_search.document(301, time=6, capture=None))
    with fake_search.Server(made, engine=engine) as server:
        assert_whole(ask(server), server, 301)


def test_lost_point_in_time():
    with fake_search.Server(documents(2000)) as server:
        def on_page(number):
            if number in (2, 3, 5):
                server.forget_contexts()
        server.on_page = on_page
        done = ask(server)
        assert_whole(done, server, 2000, retries=3)
    assert server.opened == 4 and "lost the point in time" in done.errors


@pytest.mark.parametrize("what", [
    fault(faults.Whole, 503, times=3), fault(faults.Whole, 429, times=2), fault(faults.Whole, 500, times=2),
    fault(faults.DropReply), fault(faults.CutReply), fault(faults.NotJson), fault(faults.Page)],
    ids=lambda what: type(what).__name__ + str(getattr(what, "status", "")))
def test_passing_faults(what):
    with fake_search.Server(documents(600), what) as server:
        done = ask(server)
        assert_whole(done, server, 600)
    assert counts(done)["retries"] > 0 and "trying again" in done.errors


@pytest.mark.parametrize("what, code, text", [
    (fault(faults.Whole, 500, kind="null_pointer_exception", reason="oops", times=None), 5, "oops"),
    (fault(faults.Whole, 401, kind="security_exception", reason="no", times=None, after=0), 5, "credentials"),
    (fault(faults.Whole, 403, kind="security_exception", reason="not you", times=None, after=0), 5, "privilege read.*not you"),
    (fault(faults.Whole, 400, kind="parsing_exception", reason="unknown query [x]", times=None, after=0), 2, "unknown query"),
    (fault(faults.NotJson, times=None), 5, "not that of a search")])
def test_lasting_faults(what, code, text):
    with fake_search.Server(documents(600), what) as server:
        done = ask(server)
    assert done.code == code and re.search(text, done.errors), done.errors
    found = counts(done)
    assert found["printed"] == len(done.documents) and found["printed"] + found["unread"] == found["found"]
    assert [made["frame_number"] for made in done.documents] == list(range(1, found["printed"] + 1))
    assert_closed(server)


@pytest.mark.parametrize("question", [ALL, "--where=dns.qry.name"])
def test_failed_shard(question):
    """Its documents are missing: nothing of such an answer is printed, or counted."""
    with fake_search.Server(documents(600)) as server:
        server.failed_shards = 1
        for options in ((), ("--count-only",)) if question == ALL else ((),):
            done = ask(server, question=question, options=options, patience="1s")
            assert done.code == 5 and done.output == b"", done.errors
            assert "1 of 2 shards did not answer: the shard is on fire" in done.errors


def test_index_deleted_in_the_middle():
    made = {**documents(600), "packets-2015-07-31": [fake_search.document(601), fake_search.document(602)]}
    with fake_search.Server(made) as server:
        def on_page(number):
            if number == 2:
                del server.documents["packets-2015-07-31"]
                server.forget_contexts()
        server.on_page = on_page
        done = ask(server)
    found = counts(done)
    assert done.code == 5 and (found["found"], found["printed"], found["unread"]) == (602, 600, 2)
    assert "602 packets matched when the query began" in done.errors
    assert_closed(server)


def test_large_documents():
    """A page has about as many bytes as others, whatever documents come."""
    made = documents(130)
    for number in range(100, 108):
        made[INDEX][number]["info"] = "x" * (5 << 20)
    with fake_search.Server(made) as server:
        assert_whole(ask(server, patience="60s"), server, 130)
    assert min(page["size"] for page in server.pages) <= 4


def test_node_dies_in_the_middle():
    made = documents(600)
    with fake_search.Server(made) as one, fake_search.Server(made, shares=one) as other:
        other.contexts = one.contexts

        def on_page(number):
            if number == 1:
                one.contexts.clear()
                threading_stop(one)
        other.on_page = on_page
        done = ask(one, other)
        assert_whole(done, other, 600)


def threading_stop(server):
    """Not from inside a request of it."""
    server.listener.socket.close()


def test_limit_and_count():
    with fake_search.Server(documents(600)) as server:
        done = ask(server, options=["--limit=7"])
        assert done.code == 0 and [made["frame_number"] for made in done.documents] == list(range(1, 8))
        assert counts(done) == {"found": 600, "printed": 7, "unmatched": 0, "undecided": 0, "unread": 593, "retries": 0}
        assert server.pages[0]["size"] < 20
        assert_closed(server)
        server.pages.clear()
        done = ask(server, options=["--count-only"])
        assert done.output == b"600\n" and counts(done)["printed"] == 600 and not server.pages


@pytest.mark.parametrize("how", ["signal", "reader"])
def test_ends_early(how):
    """The point in time is closed, and the final line counts what was not read."""
    with fake_search.Server(documents(4000, text="x" * 2000)) as server:
        with subprocess.Popen(espcap.command(ALL, "--node", server.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**espcap.ENVIRONMENT, **QUICK}) as process:
            assert json.loads(process.stdout.readline())["frame_number"] == 1
            if how == "signal":
                process.send_signal(signal.SIGINT)
                process.stdout.read()
            process.stdout.close()
            errors = process.stderr.read().decode()
            code = process.wait(30)
        found = FINAL.search(errors)
        assert code == (-signal.SIGINT if how == "signal" else 0), errors
        assert found and int(found["unread"]) > 0 and not espcap.SANITIZER.search(errors), errors
        assert_closed(server)


def test_no_server():
    with fake_search.Server({}) as server:
        pass
    done = ask(server, patience="1s")
    assert done.code == 5 and "gave up: no answer for 1 s (--retry-for)" in done.errors, done.errors


def test_no_index():
    with fake_search.Server({}) as server:
        done = ask(server)
        assert done.code == 3 and "no index of --index=packets" in done.errors
        done = ask(server, options=["--since=2015-07-30", "--until=2015-08-01"])
        assert done.code == 0 and "no index of these days: packets-2015-07-30,packets-2015-07-31\n" in done.errors
        assert not server.violations


def test_nothing_matches():
    with fake_search.Server({INDEX: []}) as server:
        done = ask(server)
    assert done.code == 0 and done.output == b"" and "no packet matches" in done.errors
