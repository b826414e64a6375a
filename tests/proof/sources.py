# SPDX-License-Identifier: BSD-2-Clause
"""Indexes captures with two builds into one real server, and compares every _source byte for byte."""

import json
import os
import subprocess
import urllib.request

import engines
import espcap
from compare_records import window

PAGE = 500
PREFIXES = ("proof-old", "proof-new")
DECODER = json.JSONDecoder()


def rounds(known):
    """Files that are indexed together: none with a key log, which need an option of their own, and no two with the same
    capture, of which only the first to arrive is stored."""
    made = []
    for path, captures in sorted(known.items()):
        alone = bool(espcap.options_for(path))
        for paths, held in made:
            if not alone and held is not None and not held & captures:
                paths.append(path)
                held |= captures
                break
        else:
            made.append(([path], None if alone else set(captures)))
    return [paths for paths, _ in made]


def index(build, url, prefix, known, cache):
    """Indexes all files. Returns exit statuses and final lines."""
    ends = []
    for some in rounds(known):
        words = [word for path in some for word in ("--file", path)]
        done = subprocess.run([os.path.join(build, "espcap"), *words, *espcap.options_for(some[0]), "--node", url, "--index", prefix,
                               "--dead-letter", os.path.join(cache, "letters"), "--max-indices=4000", "--shards=1", "--replicas=0"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                              env={**espcap.ENVIRONMENT, "XDG_CACHE_HOME": cache})
        final = done.stderr.decode("utf-8", "replace").rstrip("\n").rpartition("\n")[2]
        # How often a busy server made espcap send something again is the server's.
        ends.append((done.returncode, [word for word in final.split() if not word.startswith("retries=")]))
    return ends


def members(text, at):
    """Name, begin and end of the value of each member of the JSON object that begins there."""
    at = skip(text, at + 1)
    while text[at] != "}":
        name, at = DECODER.raw_decode(text, at)
        begin = skip(text, skip(text, at) + 1)
        end = DECODER.raw_decode(text, begin)[1]
        yield name, begin, end
        at = skip(text, end)
        at = skip(text, at + 1) if text[at] == "," else at


def skip(text, at):
    while text[at] in " \t\r\n":
        at += 1
    return at


def hits(text):
    """Index, id and the text of _source of each hit of a reply, as the server sent it."""
    outer = {name: begin for name, begin, _ in members(text, 0)}
    at = next(begin for name, begin, _ in members(text, outer["hits"]) if name == "hits")
    at = skip(text, at + 1)
    while text[at] != "]":
        found, end = {}, None
        for name, begin, end in members(text, at):
            found[name] = text[begin:end]
        yield json.loads(found["_index"]), json.loads(found["_id"]), found["_source"]
        at = skip(text, at if end is None else end)
        at = skip(text, at + 1)         # the end of this object
        at = skip(text, at + 1) if text[at] == "," else at


def ask(url, path, body):
    request = urllib.request.Request("%s/%s" % (url, path), data=json.dumps(body).encode(), method="POST",
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        return reply.read().decode("utf-8", "surrogateescape")


def stored(server, prefix):
    """(day, id) -> _source of everything below a prefix."""
    server.refresh()
    found, url = {}, server.url
    reply = ask(url, prefix + "-*/_search?scroll=5m", {"size": PAGE, "sort": ["_doc"]})
    while True:
        some = {(name[len(prefix):], key): source for name, key, source in hits(reply)}
        scroll = json.loads(reply)["_scroll_id"]
        if not some:
            server.delete("_search/scroll", {"scroll_id": scroll})
            return found
        found.update(some)
        reply = ask(url, "_search/scroll", {"scroll": "5m", "scroll_id": scroll})


def compare(name, builds, known, caches):
    """1 if anything differs, or if nothing was there to compare."""
    with engines.running(name, own=True, settings={"cluster.max_shards_per_node": "10000"}) as server:
        ends = [index(build, server.url, prefix, known, cache) for build, prefix, cache in zip(builds, PREFIXES, caches)]
        old, new = (stored(server, prefix) for prefix in PREFIXES)
    differ = [key for key in sorted(set(old) | set(new)) if old.get(key) != new.get(key)]
    for key in differ[:1]:
        one, other = ("|" + found.get(key, "(none)") for found in (old, new))
        print("_source of %s:\n  old %s\n  new %s" % (key, window(one, other), window(other, one)))
    if ends[0] != ends[1]:
        print("the ends:\n  old %s\n  new %s" % tuple(ends))
    print("_source, %s: %d captures, %d documents of the old build, %d of the new one, %d differ; ends of the old build: %s" % (
        name, len(known), len(old), len(new), len(differ), ends[0]), flush=True)
    return 1 if differ or ends[0] != ends[1] or not old else 0
