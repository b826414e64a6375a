# SPDX-License-Identifier: BSD-2-Clause
"""Real servers that do something to documents before they index them, or were changed by somebody in the middle of a run."""

import collections
import os
import time

import pytest

import conserve
import deliveries
import engines
import espcap
import frames
from deliveries import Running, deliver

OPENSEARCH = ["opensearch-2.19.1", "opensearch-3.3.0"]
PACKETS = 60
TEMPLATE = "_index_template/espcap-packets"


@pytest.fixture
def server(request):
    """The shared server of this name, empty before and after."""
    with engines.running(request.param) as it:
        it.wipe()
        yield it
        it.wipe()


def servers(*names):
    return pytest.mark.parametrize("server", names, indirect=True)


def pipeline(server, *processors):
    server.put("_ingest/pipeline/p", {"processors": list(processors)})
    return "--pipeline=p"


def documents(server):
    return [hit["_source"] for hit in server.all_documents("packets-*")] if server.count("packets-*") else []


def odd():
    """A condition on the document that is true for half of them."""
    return "ctx.frame_number % 2 == 1"


@servers(*OPENSEARCH)
@pytest.mark.parametrize("options", [(), ("--id=auto",)])
def test_dropped(options, server, numbered, tmp_path):
    done = deliver(server, numbered, tmp_path, pipeline(server, {"drop": {"if": odd()}}), *options)
    assert done.code == 0 and done.rejected == [], done.errors
    counts = done.counts
    assert (counts["read"], counts["indexed"], counts["discarded"]) == (PACKETS, 30, 30)
    assert len(documents(server)) == 30
    done.says("pipeline.*30 packets")


@servers(*OPENSEARCH)
def test_dropped_by_the_pipeline_of_the_index(server, numbered, tmp_path):
    """Nobody said --pipeline."""
    pipeline(server, {"drop": {"if": odd()}})
    server.put("_component_template/packets@custom", {"template": {"settings": {"index.default_pipeline": "p"}}})
    done = deliver(server, numbered, tmp_path)
    assert done.code == 0 and (done.counts["indexed"], done.counts["discarded"]) == (30, 30), done.errors
    assert len(documents(server)) == 30


# What a processor says against a document, and the status that the server makes of it.
REFUSALS = {
    "fail": ({"fail": {"if": odd(), "message": "not wanted"}}, 500, "fail_processor_exception"),
    "dissect": ({"dissect": {"if": odd(), "field": "type", "pattern": "%{a}-%{b}"}}, 500, "find_match"),
    "script": ({"script": {"if": odd(), "source": "ctx.nothing.here = 1"}}, 400, "script_exception"),
    "convert": ({"convert": {"if": odd(), "field": "type", "type": "integer"}}, 400, "illegal_argument_exception"),
    "grok": ({"grok": {"if": odd(), "field": "type", "patterns": ["%{IP:x}"]}}, 400, "illegal_argument_exception"),
    "json": ({"json": {"if": odd(), "field": "type"}}, 400, "illegal_argument_exception"),
}


@servers(*OPENSEARCH)
@pytest.mark.parametrize("name", REFUSALS)
def test_refused_by_a_processor(name, server, numbered, tmp_path):
    """For ever, so it is the document: in the dead letter file, from which it can be replayed without the pipeline."""
    processor, status, kind = REFUSALS[name]
    done = deliver(server, numbered, tmp_path, pipeline(server, processor))
    assert done.code == 6, done.errors
    assert done.counts["indexed"] == 30 and done.counts["rejected"] == len(done.rejected) == 30
    assert collections.Counter((letter["status"], letter["type"]) for letter in done.rejected) == {(status, kind): 30}
    replay = deliver(server, None, tmp_path, "--replay", done.dead_letter, "--dead-letter=again", dead_letter="again")
    assert replay.code == 0 and replay.counts["indexed"] == 30, replay.errors
    conserve.judge(documents(server), numbered)


@servers("opensearch-2.19.1")
@pytest.mark.parametrize("processor,words", [
    ({"pipeline": {"name": "nowhere"}}, "non-existent pipeline"),
    ({"pipeline": {"name": "p"}}, "Cycle detected"),
    ({"script": {"id": "nowhere"}}, "unable to find script")])
def test_pipeline_that_cannot_work(processor, words, server, numbered, tmp_path):
    """Whoever made it has to mend it: nothing is thrown away."""
    if "script" in processor:
        # A pipeline with a script that is not there is refused, but one whose script goes is not.
        server.put("_scripts/nowhere", {"script": {"lang": "painless", "source": "ctx.a = 1"}})
    option = pipeline(server, processor)
    if "script" in processor:
        server.delete("_scripts/nowhere")
    done = deliver(server, numbered, tmp_path, option, "--retry-for=2s")
    deliveries.assert_unsent(None, done, numbered)
    done.says(words)


# The kind of server.

@servers("opensearch-2.19.1")
def test_compatibility_mode(server, tmp_path):
    """As managed services offer it: it says that it is Elasticsearch 7.10.2."""
    capture = str(deliveries.shared(tmp_path) / "long.pcap")
    with open(capture, "wb") as target:
        target.write(frames.pcap_header() + frames.pcap_record(frames.udp(b"x" * 40000), frames.START, 0))
    server.put("_cluster/settings", {"persistent": {"compatibility.override_main_response_version": True}})
    assert server.get("/")["version"]["number"] == "7.10.2"
    done = deliver(server, capture, tmp_path, "--verbose")
    assert done.code == 0 and done.counts["indexed"] == 1, done.errors
    done.says("OpenSearch 7.10.2, recognized by its tagline")
    assert documents(server)[0]["espcap"]["truncated"]


@servers("elasticsearch-8.8.2", "opensearch-2.19.1")
def test_kind_is_said(server, numbered, tmp_path):
    done = deliver(server, numbered, tmp_path, "--verbose")
    assert done.code == 0, done.errors
    done.says("recognized by version.distribution" if server.name.startswith("opensearch") else
              "recognized by the header X-elastic-product")


# What an administrator does in the middle of a run.

@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Real packets, which no mapping that is made as they come can hold."""
    folder = deliveries.shared(tmp_path_factory.mktemp("many"))
    with open(os.path.join(espcap.CAPTURE_DIR, "http.pcap"), "rb") as source:
        content = source.read()
    path = folder / "many.pcap"
    path.write_bytes(content[:24] + content[24:] * 40)
    return str(path)


def delete_indices(server):
    """By name: Elasticsearch takes no wildcard for that."""
    for row in server.get("_cat/indices/packets-*?format=json&h=index"):
        server.delete(row["index"])


@servers("elasticsearch-8.8.2", "opensearch-2.19.1")
def test_template_and_index_deleted(server, many, tmp_path):
    proxy = conserve.Proxy(server.port, delay=0.1)
    try:
        run = Running(["http://localhost:%d" % proxy.port], many, tmp_path, "--chunk=50")
        limit = time.monotonic() + 60
        while proxy.acknowledged < 200:
            assert time.monotonic() < limit and run.process.poll() is None
            time.sleep(0.01)
        server.delete(TEMPLATE)
        delete_indices(server)
        done = run.wait(120)
    finally:
        proxy.close()
    assert done.code == 5 and done.rejected == [] and done.counts["rejected"] == 0, done.errors
    done.says("the index packets-[0-9-]+ does not have espcap's mapping.*put again.*delete or reindex")
    assert server.get(TEMPLATE)["index_templates"][0]["index_template"]["_meta"]["created_by"] == "espcap"
    delete_indices(server)
    again = deliver(server, many, tmp_path, seconds=120)
    assert again.code == 0 and again.counts["indexed"] + again.counts["duplicate"] == again.counts["read"], again.errors
    assert len(documents(server)) == again.counts["indexed"]
