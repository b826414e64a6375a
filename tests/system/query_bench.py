# SPDX-License-Identifier: BSD-2-Clause
"""How fast --query-dsl reads all documents of an index, and in how much memory: not a test.

    tests/system/query_bench.py URL COUNT [DOCUMENT_BYTES]

COUNT small documents go into indices bench-YYYY-MM-DD of the server at URL, unless they are there; then espcap
(ESPCAP_PLAIN) reads them all twice, once to count them and once to print them. It prints documents a second, and the
most memory that espcap had.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

import espcap
import fake_search

BULK = 5000
# A day of documents, so that there are several indices.
DAY = 250_000


def call(url, path, body=None, method="POST"):
    request = urllib.request.Request(url + path, data=body, method=method,
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as reply:
        return json.load(reply)


def fill(url, count, size):
    for first in range(0, count, BULK):
        lines = []
        for number in range(first, min(first + BULK, count)):
            day = number // DAY
            made = fake_search.document(number, time=day * 86400 * 10**9 + number * 1000, text="x" * size)
            lines += ['{"create":{"_index":"bench-%s"}}' % made["@timestamp"][:10], json.dumps(made)]
        reply = call(url, "/_bulk?filter_path=errors", ("\n".join(lines) + "\n").encode())
        assert not reply["errors"]
    call(url, "/bench-*/_refresh")


def measure(url, *options):
    """Seconds, kB of memory at most, and lines."""
    start = time.monotonic()
    most = lines = 0
    command = [espcap.PLAIN, '--query-dsl={"match_all":{}}', "--node", url, "--index=bench", "--output=json", *options]
    if "--count-only" in options:
        command.remove("--output=json")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while True:
            block = process.stdout.read(1 << 20)
            if not block:
                break
            lines += block.count(b"\n")
            most = max(most, espcap.high_water(process.pid))
        process.wait()
    assert process.returncode == 0
    return time.monotonic() - start, most, lines


def main():
    url, count = sys.argv[1].rstrip("/"), int(sys.argv[2])
    size = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    template = json.loads(subprocess.run([espcap.PLAIN, "--print-template=" + os.environ.get("KIND", "elasticsearch"),
                                          "--index=bench", "--replicas=0"], stdout=subprocess.PIPE, check=True).stdout)
    # Not every server has it.
    template = json.dumps(template).replace('"wildcard"', '"keyword"')
    call(url, "/_index_template/espcap-bench", template.encode(), "PUT")
    there = call(url, "/bench-*/_count?ignore_unavailable=true", method="GET")["count"]
    if there != count:
        assert there == 0, "%d other documents are there" % there
        fill(url, count, size)
    seconds, most, _ = measure(url, "--count-only")
    print("counted: %.2f s, %d kB" % (seconds, most))
    seconds, most, lines = measure(url)
    print("printed: %d documents, %.0f a second, %d kB" % (lines, lines / seconds, most))


main()
