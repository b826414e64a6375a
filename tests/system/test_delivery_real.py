# SPDX-License-Identifier: BSD-2-Clause
"""Delivery to a real Elasticsearch that goes, comes, stops, blocks or refuses: nothing lost, nothing twice, and a line that says why."""

import socket
import threading
import time
import urllib.parse

import pytest

import conserve
import deliveries
import engines
import espcap
from deliveries import Running, deliver

NAME = "elasticsearch-8.8.2"
PACKETS = 600
DAY = "2020-09-13"


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captures")
    folder.chmod(0o755)
    return conserve.make_capture(str(folder / "numbered.pcap"), PACKETS)


@pytest.fixture
def server():
    """The shared server, empty."""
    with engines.running(NAME) as it:
        conserve.RealBackend(it).wait_for_shards()
        it.wipe()
        yield it
        it.revive()
        conserve.RealBackend(it).wait_for_shards()
        it.wipe()


@pytest.fixture
def proxy(server):
    """Between espcap and the server: replies come late, so that there is a middle."""
    made = conserve.Proxy(server.port, delay=0.1)
    yield made
    made.close()


def documents(server, pattern="packets-*"):
    return [hit["_source"] for hit in server.all_documents(pattern)] if server.count(pattern) else []


def assert_conserved(server, done, capture, code=0, pattern="packets-*"):
    """Every packet once in the index or in the dead letter file."""
    assert done.code == code, "exit %d, not %d: %s" % (done.code, code, done.errors)
    counts, letters, found = done.counts, done.rejected, documents(server, pattern)
    conserve.judge(found + [letter["document"] for letter in letters], capture)
    assert counts["read"] == len(conserve.payloads_of_capture(capture))
    assert counts["indexed"] + counts["duplicate"] == len(found)
    assert counts["rejected"] == len(letters) and counts["unsent"] == counts["dropped"] == 0


def assert_given_up(server, done, capture, *words):
    """Exit 5 with nothing thrown away; what is there and what is unsent are all that was read."""
    assert done.code == 5, "exit %d: %s" % (done.code, done.errors)
    counts = done.counts
    assert done.rejected == [] and counts["rejected"] == 0, done.errors
    assert counts["indexed"] + counts["duplicate"] < PACKETS
    done.says(*words)


def wait_for_some(proxy, run, least=100, most=PACKETS):
    """Until some documents are acknowledged; not all may be."""
    end = time.monotonic() + 60
    while proxy.acknowledged < least:
        assert run.process.poll() is None, run.wait().errors
        assert time.monotonic() < end, "nothing was acknowledged"
        time.sleep(0.01)
    assert proxy.acknowledged < most


def start(proxy, numbered, folder, *options):
    return Running(["http://127.0.0.1:%d" % proxy.port], numbered, folder, "--chunk=20", *options)


def test_delivered_and_again(server, numbered, tmp_path):
    done = deliver(server, numbered, tmp_path, "--chunk=100")
    assert_conserved(server, done, numbered)
    assert done.counts["indexed"] == PACKETS
    again = deliver(server, numbered, tmp_path)
    assert_conserved(server, again, numbered)
    assert again.counts["duplicate"] == PACKETS
    template = server.get("_index_template/espcap-packets")["index_templates"][0]["index_template"]
    assert template["index_patterns"] == ["packets-*"]


def test_server_that_starts_three_seconds_later(server, numbered, tmp_path):
    server.stop()
    run = Running([server], numbered, tmp_path)
    time.sleep(3)
    assert run.process.poll() is None
    server.start()
    assert_conserved(server, run.wait(120), numbered)


def test_server_stopped_and_started_in_the_middle(server, proxy, numbered, tmp_path):
    run = start(proxy, numbered, tmp_path)
    wait_for_some(proxy, run)
    server.stop()
    assert run.process.poll() is None
    server.start()
    done = run.wait(120)
    assert_conserved(server, done, numbered)
    assert done.counts["retries"] > 0


def test_server_killed_and_restarted_with_its_data(server, proxy, numbered, tmp_path):
    run = start(proxy, numbered, tmp_path)
    wait_for_some(proxy, run)
    server.kill9()
    assert run.process.poll() is None
    server.restart()
    done = run.wait(120)
    assert_conserved(server, done, numbered)
    assert done.counts["retries"] > 0


@pytest.mark.parametrize("timeout", ["2s", "90s"])
def test_server_suspended_and_resumed(timeout, server, proxy, numbered, tmp_path):
    """With a short time-out requests are given up and sent again, with a long one they are waited for."""
    run = start(proxy, numbered, tmp_path, "--request-timeout=" + timeout)
    wait_for_some(proxy, run)
    server.pause()
    time.sleep(5)
    assert run.process.poll() is None
    server.resume()
    done = run.wait(120)
    assert_conserved(server, done, numbered)
    assert (done.counts["retries"] > 0) == (timeout == "2s")


def test_read_only_index(server, numbered, tmp_path):
    """Waits for the block to go, and says which index; then all arrive."""
    assert deliver(server, numbered, tmp_path, "--count=10").code == 0
    server.put("packets-%s/_settings" % DAY, {"index.blocks.write": True})
    done = deliver(server, numbered, tmp_path, "--retry-for=3s")
    assert_given_up(server, done, numbered, "packets-" + DAY, "block")
    run = Running([server], numbered, tmp_path)
    time.sleep(2)
    assert run.process.poll() is None
    server.put("packets-%s/_settings" % DAY, {"index.blocks.write": None})
    assert_conserved(server, run.wait(60), numbered)


@pytest.fixture
def full_disk(server):
    """
    Makes the server take its disk for full, or not any more. The block alone would not do: every 30 seconds the
    server looks at its disk, and lifts the block of an index whose disk is not full.
    """
    disk = "cluster.routing.allocation.disk."
    names = [disk + "threshold_enabled"] + [disk + "watermark." + stage for stage in ("low", "high", "flood_stage")]

    def make(full):
        values = [True, "1000pb", "1000pb", "1000pb"] if full else [None] * 4
        server.put("_cluster/settings", {"persistent": dict(zip(names, values))})

    yield make
    make(False)


def test_disk_is_full(server, full_disk, numbered, tmp_path):
    """The flood stage of the disk watermark, and its end."""
    assert deliver(server, numbered, tmp_path, "--count=10").code == 0
    full_disk(True)
    server.put("packets-%s/_settings" % DAY, {"index.blocks.read_only_allow_delete": True})
    done = deliver(server, numbered, tmp_path, "--retry-for=3s")
    assert_given_up(server, done, numbered, "packets-" + DAY, "flood|disk|block")
    run = Running([server], numbered, tmp_path)
    time.sleep(2)
    assert run.process.poll() is None
    full_disk(False)
    server.put("packets-%s/_settings" % DAY, {"index.blocks.read_only_allow_delete": None})
    assert_conserved(server, run.wait(60), numbered)


def test_shard_limit(server, numbered, tmp_path):
    shards = server.get("_cluster/health")["active_shards"]
    server.put("_cluster/settings", {"persistent": {"cluster.max_shards_per_node": max(shards, 1)}})
    if not shards:
        server.put("taken", {"settings": {"number_of_replicas": 0, "number_of_shards": 1}})
    done = deliver(server, numbered, tmp_path, "--retry-for=3s")
    assert_given_up(server, done, numbered, "shards")
    assert done.counts["indexed"] == 0
    run = Running([server], numbered, tmp_path)
    time.sleep(2)
    assert run.process.poll() is None
    server.put("_cluster/settings", {"persistent": {"cluster.max_shards_per_node": None}})
    assert_conserved(server, run.wait(60), numbered)


def test_closed_index(server, numbered, tmp_path):
    assert deliver(server, numbered, tmp_path, "--count=10").code == 0
    server.post("packets-%s/_close" % DAY)
    done = deliver(server, numbered, tmp_path, "--retry-for=3s")
    assert_given_up(server, done, numbered, "packets-" + DAY, "closed")
    server.post("packets-%s/_open" % DAY)
    conserve.RealBackend(server).wait_for_shards()
    assert_conserved(server, deliver(server, numbered, tmp_path), numbered)


def test_no_automatic_creation(server, numbered, tmp_path):
    server.put("_cluster/settings", {"persistent": {"action.auto_create_index": "false"}})
    done = deliver(server, numbered, tmp_path, "--retry-for=3s")
    assert_given_up(server, done, numbered, "auto_create_index|no such index")
    server.put("_cluster/settings", {"persistent": {"action.auto_create_index": None}})
    assert_conserved(server, deliver(server, numbered, tmp_path), numbered)


def assert_nothing_rejected(done):
    """An administrator has to act: exit status 5, the index is named, and no packet is in the dead letter file."""
    assert done.code == 5 and done.rejected == [], done.errors
    assert done.counts["rejected"] == done.counts["indexed"] == 0 and done.counts["unsent"] == done.counts["read"] > 0
    done.says("packets-" + DAY + " does not have espcap's mapping", "--no-template")


STRICT = {"index_patterns": ["packets-*"], "priority": 1000,
          "template": {"settings": {"number_of_replicas": 0},
                       "mappings": {"dynamic": "strict", "properties": {"@timestamp": {"type": "date_nanos"}}}}}


def test_strict_mapping_of_somebody_else(server, numbered, tmp_path):
    """Their template wins over ours: that is no fault of documents. Where they are wanted so, they can be replayed when it is mended."""
    server.put("_index_template/theirs", STRICT)
    assert_nothing_rejected(deliver(server, numbered, tmp_path))
    done = deliver(server, numbered, tmp_path, "--no-template")
    assert_conserved(server, done, numbered, code=6)
    assert {letter["type"] for letter in done.rejected} == {"strict_dynamic_mapping_exception"}
    done.says(deliveries.DEAD_LETTER, "strict|dynamic")
    assert server.get("_index_template/theirs")["index_templates"][0]["index_template"]["priority"] == 1000
    server.delete("_index_template/theirs")
    server.delete("packets-" + DAY)
    replay = deliver(server, None, tmp_path, "--replay", done.dead_letter, "--dead-letter=again", dead_letter="again")
    assert replay.code == 0, replay.errors
    conserve.judge(documents(server), numbered)


def test_template_of_somebody_else_under_our_name(server, numbered, tmp_path):
    """It is left alone, and espcap says so."""
    theirs = {"index_patterns": ["packets-*"], "priority": 7, "template": {"settings": {"number_of_replicas": 0}, "mappings": {
        "dynamic": False}}}
    server.put("_index_template/espcap-packets", theirs)
    done = deliver(server, numbered, tmp_path)
    assert_conserved(server, done, numbered)
    kept = server.get("_index_template/espcap-packets")["index_templates"][0]["index_template"]
    assert kept["priority"] == 7 and kept["template"]["mappings"] == theirs["template"]["mappings"]
    done.says("template")


def test_mapping_conflict(server, numbered, tmp_path):
    """A type that the documents do not fit, in an index that is not espcap's: each is refused only where that is wanted."""
    server.put("packets-" + DAY, {"mappings": {"properties": {"network": {"type": "long"}}}})
    assert_nothing_rejected(deliver(server, numbered, tmp_path))
    done = deliver(server, numbered, tmp_path, "--no-template")
    assert_conserved(server, done, numbered, code=6)
    assert done.counts["rejected"] == PACKETS


def test_pipeline_that_is_not_there(server, numbered, tmp_path):
    """A wrong option, found before anything is sent."""
    done = deliver(server, numbered, tmp_path, "--pipeline=missing", "--retry-for=3s")
    assert done.code == 2, done.errors
    assert done.counts["indexed"] == done.counts["rejected"] == 0 and done.rejected == []
    assert documents(server) == []
    done.says("missing", "pipeline")


@pytest.mark.parametrize("prefix", ["A B", "..", "Packets", "-packets", "pack*ets"])
def test_index_that_is_not_allowed(prefix, server, numbered, tmp_path):
    done = deliver(server, numbered, tmp_path, "--index=" + prefix)
    assert done.code == 2, done.errors
    assert "index" in done.errors
    assert server.get("_cat/indices?format=json") == []


@pytest.mark.parametrize("prefix", ["a.b_c-d", "0", "x" * 100])
def test_unusual_index_that_is_allowed(prefix, server, numbered, tmp_path):
    done = deliver(server, numbered, tmp_path, "--index=" + prefix)
    assert_conserved(server, done, numbered, pattern=urllib.parse.quote(prefix) + "-*")


def test_wrong_port_that_answers_as_ssh(server, numbered, tmp_path):
    """Not the server's, but that of the machine's SSH."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        threading.Thread(target=greet_as_ssh, args=(listener,), daemon=True).start()
        done = deliver("http://127.0.0.1:%d" % port, numbered, tmp_path, "--retry-for=2s")
    assert done.code == 2 and done.counts["read"] == 0 and done.rejected == [], done.errors
    done.says("127.0.0.1:%d: an SSH server answers there" % port)
    assert documents(server) == []


def greet_as_ssh(listener):
    while True:
        try:
            caller, _ = listener.accept()
            with caller:
                caller.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
                caller.recv(4096)
        except OSError:
            return


# With users and TLS.

@pytest.fixture(scope="module")
def secure():
    with engines.running(NAME, secure=True) as it:
        yield it


def as_user(server, name):
    return ("--ca-file", server.ca, "--user", name, "--password-file", server.password_file(name))


def assert_template_said_once(done):
    assert len([line for line in done.messages.split("\n") if "template" in line]) == 1, done.errors


def test_user_who_may_all(secure, numbered, tmp_path):
    secure.wipe()
    done = deliver(secure, numbered, tmp_path, *as_user(secure, "elastic"))
    assert_conserved(secure, done, numbered)


def test_user_who_may_create_indices_and_documents(secure, numbered, tmp_path):
    """create_doc and auto_configure are enough; the template is somebody else's job then, which is said once."""
    secure.wipe()
    assert deliver(secure, numbered, tmp_path, "--count=10", *as_user(secure, "elastic")).code == 0
    secure.delete("packets-" + DAY)
    done = deliver(secure, numbered, tmp_path, *as_user(secure, "writer"))
    assert_conserved(secure, done, numbered)
    assert_template_said_once(done)


def test_user_who_may_only_create_documents(secure, numbered, tmp_path):
    secure.wipe()
    assert deliver(secure, numbered, tmp_path, "--count=10", *as_user(secure, "elastic")).code == 0
    done = deliver(secure, numbered, tmp_path, *as_user(secure, "appender"))
    assert_conserved(secure, done, numbered)
    assert done.counts["duplicate"] == 10
    assert_template_said_once(done)


def test_user_who_may_not_create_the_index(secure, numbered, tmp_path):
    """A missing right is no fault of the documents: nothing is thrown away."""
    secure.wipe()
    done = deliver(secure, numbered, tmp_path, "--retry-for=3s", *as_user(secure, "appender"))
    assert_given_up(secure, done, numbered, "403|unauthorized|security_exception")


def test_user_who_may_only_read(secure, numbered, tmp_path):
    """Questions need no more, and nobody without that right has an answer."""
    secure.wipe()
    assert deliver(secure, numbered, tmp_path, *as_user(secure, "elastic")).code == 0
    secure.refresh()
    question = ("--query-dsl={\"match_all\":{}}", "--output=json", "--node", secure.url, "--retry-for=3s")
    done = espcap.run(*question, *as_user(secure, "reader"))
    assert done.code == 0, done.errors
    assert [made["espcap"]["ordinal"] for made in done.documents] == list(range(1, PACKETS + 1))
    done = espcap.run(*question, *as_user(secure, "appender"))
    assert (done.code, done.output) == (5, b"") and "they need the privilege read" in done.errors, done.errors


def test_wrong_password(secure, numbered, tmp_path):
    secure.wipe()
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password\n", encoding="ascii")
    wrong.chmod(0o600)
    done = deliver(secure, numbered, tmp_path, "--ca-file", secure.ca, "--user=elastic", "--password-file", str(wrong))
    assert_given_up(secure, done, numbered, "401", str(secure.port))
    assert done.seconds < 30 and "not-the-password" not in done.errors


def test_no_password(secure, numbered, tmp_path):
    done = deliver(secure, numbered, tmp_path, "--ca-file", secure.ca)
    assert_given_up(secure, done, numbered, "401", str(secure.port))


def test_unknown_authority(secure, numbered, tmp_path):
    done = deliver(secure, numbered, tmp_path, "--user=elastic", "--password-file", secure.password_file("elastic"))
    assert_given_up(secure, done, numbered, "certificate", str(secure.port))


def test_plain_http_to_a_tls_port(secure, numbered, tmp_path):
    done = deliver("http://127.0.0.1:%d" % secure.port, numbered, tmp_path)
    assert done.code == 2 and done.counts["read"] == 0 and done.rejected == [], done.errors
    done.says("a server with TLS answers there: write --node=https://127.0.0.1:%d" % secure.port)
