# SPDX-License-Identifier: BSD-2-Clause
"""Every packet exactly once in the index, whatever was killed or cut in the middle: some cycles of the conservation harness."""

import collections
import json
import os
import random

import pytest

import conserve
import fake_server

TIMES = 5
# The same for the whole run, so that one number repeats it.
SEED = int(os.environ.get("ESPCAP_SEED", random.SystemRandom().randrange(1 << 31)))


@pytest.fixture(scope="module")
def real():
    """One real server for all cycles, killed and restarted by some of them."""
    engines = pytest.importorskip("engines")
    with engines.running("elasticsearch-8.8.2") as server:
        backend = conserve.RealBackend(server)
        backend.wait_for_shards()
        yield backend


def cycle(kind, number, backend):
    seed = SEED + 100 * conserve.KINDS.index(kind) + number
    print("ESPCAP_SEED=%d, cycle seed %d" % (SEED, seed))
    try:
        runs, made = conserve.cycle(kind, seed, backend)
    except BaseException:
        backend.wipe()
        raise
    passed, acknowledged = made.proxy.fired
    print("%s: %d sent, %d acknowledged then; %d runs" % (made, passed, acknowledged, runs))
    return runs


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("kind", conserve.KINDS)
def test_real_server(kind, number, real):
    runs = cycle(kind, number, real)
    assert runs >= (2 if kind == "espcap" else 1)


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("kind", conserve.KINDS)
def test_fake_server(kind, number):
    with fake_server.Server() as server:
        cycle(kind, number, conserve.FakeBackend(server))
        assert server.violations == [] and server.crashes == []


# The judge can condemn.

@pytest.fixture
def judged(tmp_path):
    """A capture, and the documents that it should become."""
    capture = conserve.make_capture(str(tmp_path / "numbered.pcap"), 50)
    return capture, [document_of(payload) for payload in conserve.payloads_of_capture(capture)]


def document_of(payload):
    return {"layers": {"transport": {"data.data": ":".join("%02x" % byte for byte in payload)}}}


def test_judge_agrees(judged):
    capture, documents = judged
    random.Random(1).shuffle(documents)
    conserve.judge(documents, capture)


def lose(documents):
    return documents[:7] + documents[8:]


def double(documents):
    return documents + [documents[7]]


def exchange(documents):
    return documents[:7] + [documents[8]] + documents[8:]


def damage(documents):
    return json.loads(json.dumps(documents).replace(":2", ":3", 1))


def invent(documents):
    return documents + [document_of(conserve.make_payload(7, random.Random(99)))]


def forget_payload(documents):
    return documents[1:] + [{"layers": {}}]


@pytest.mark.parametrize("change", [lose, double, exchange, damage, invent, forget_payload])
def test_judge_condemns(change, judged):
    capture, documents = judged
    with pytest.raises(conserve.Lost):
        conserve.judge(change(documents), capture)


class Forgetful(conserve.FakeBackend):
    """A server that acknowledged everything, and has not kept the last of it."""

    def documents(self):
        return super().documents()[:-1]


class Repeating(conserve.FakeBackend):
    """A server that comes back with one document twice, as without ids."""

    def restart(self):
        self.server.ledger.append(self.server.ledger[0])
        super().restart()


@pytest.mark.parametrize("backend,word", [(Forgetful, "1 packets missing"), (Repeating, "1 too many|does not add up")])
def test_harness_condemns_a_whole_cycle(backend, word):
    with fake_server.Server() as server:
        with pytest.raises(conserve.Lost, match=word):
            conserve.cycle("server", SEED, backend(server))


LINE = ("espcap: read=%d indexed=5 duplicate=2 rejected=1 discarded=0 filtered=0 undissected=0 dropped=0 unsent=3 skipped=9 retries=4\n")


def test_final_line_must_add_up():
    assert conserve.final_line("espcap: something\n" + LINE % 11)["unsent"] == 3
    assert conserve.final_line(LINE % 11 + "Killed\n") is None
    with pytest.raises(conserve.Lost):
        conserve.final_line(LINE % 12)


def test_captures_differ_by_seed_and_repeat(tmp_path):
    contents = [open(conserve.make_capture(str(tmp_path / "x"), 20, seed), "rb").read() for seed in (1, 1, 2)]
    assert contents[0] == contents[1] != contents[2]
    assert set(collections.Counter(conserve.make_packets(100, 3)).values()) == {1}
