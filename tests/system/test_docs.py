# SPDX-License-Identifier: BSD-2-Clause
"""README.md and docs/: tests/check-docs finds what it is there for, and console examples print what the pages show."""

import json
import os
import re
import shutil
import subprocess
import tempfile

import pytest

import engines
import espcap
import kafka

CHECK = os.path.join(espcap.ROOT, "tests", "check-docs")
README = "# a\n\n[page](docs/page.md#first-part)\n"
PAGE = "# page\n\n## First part\n\nUse `--file` and read `espcap_running`, exit status 3.\n"
OPERATIONS = "# operations\n\n## Exit statuses\n\n| exit | meaning |\n|---|---|\n| 3 | input |\n"
MANUAL = ".It Fl -file\n.Sh METRICS\n.It espcap_running\n.Sh SERVICE\n.Sh EXIT STATUS\n.It 3\ninput\n.Sh EXAMPLES\n"


@pytest.fixture
def tree(tmp_path):
    """Pages without faults."""
    for name, text in (("README.md", README), ("CONTRIBUTING.md", "# c\n"), ("docs/page.md", PAGE), ("NEWS", "1.0\n"),
                       ("docs/espcap.1", MANUAL), ("docs/espcap-kafka.1", ".It Fl -at\n"), ("docs/espcapd.8", ""), ("docs/espcapd.toml.5", ""),
                       ("docs/operations.md", OPERATIONS), ("docs/espcap-alerts.yml", ""),
                       ("docs/document.md", "# d\n\n| IP | `source.ip`, `t[].s` |\n"),
                       ("conf/typed.list", "# How.\n\n# IP\nip.src ip source.ip\n# b\nip.s ip source.ip\na long t[].s\n"),
                       ("src/run/metrics.c", '"espcap_running"\n'), ("src/programs/espcap_kafka.c", ""),
                       ("src/transfer/produce.c", ""), ("src/transfer/consume.c", ""),
                       ("src/daemon/daemon_metrics.c", ""), ("src/deliver/deliver_metrics.c", ""),
                       ("src/listen/listener.c", ""), ("src/listen/publisher.c", "")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def check(tree, program=""):
    return subprocess.run([CHECK], env={**os.environ, "DOCS_TOP": str(tree), "ESPCAP": str(program)},
                          stderr=subprocess.PIPE, text=True, check=False)


def test_pages_without_faults(tree):
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_copy_that_the_page_lacks(tree):
    with open(tree / "conf/typed.list", "a", encoding="utf-8") as out:
        out.write("\n# More\nb long t.more\n")
    result = check(tree)
    assert result.returncode == 1
    assert "lacks this line, as conf/typed.list has it: | More | `t.more` |" in result.stderr


def test_the_pages():
    result = check(espcap.ROOT, espcap.PROGRAM)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name, text, says", [
    ("docs/page.md", "[x](gone.md)\n", "docs/page.md:6: docs/gone.md does not exist"),
    ("README.md", "[x](docs/page.md#gone)\n", "README.md:4: docs/page.md has no heading #gone"),
    ("README.md", "![x](docs/gone.svg)\n", "docs/gone.svg does not exist"),
    ("README.md", "a\n" * 198, "README.md: 201 lines, more than 200"),
    ("docs/page.md", "a\n" * 100, "docs/page.md: section \"First part\" is not in the contents list"),
    ("docs/page.md", "a " * 61 + "\n", "docs/page.md:6: 122 columns, more than 120"),
    ("docs/page.md", "Use `--gone=1`.\n", "docs/page.md: option --gone is not in docs/espcap.1"),
    ("docs/page.md", "Use `espcap --file=a --gone`.\n", "docs/page.md: option --gone is not in docs/espcap.1"),
    ("docs/page.md", "```console\n$ zcat a | build/espcap --gone\n```\n", "option --gone is not in docs/espcap.1"),
    ("docs/page.md", "    # espcap --gone\n", "option --gone is not in docs/espcap.1"),
    ("docs/page.md", "Use `--at=1`.\n", "docs/page.md: option --at is not in docs/espcap.1"),
    ("docs/kafka.md", "Use `--gone`.\n", "docs/kafka.md: option --gone is not in docs/espcap.1 or docs/espcap-kafka.1"),
    ("docs/espcap-kafka.1", "A fence around it.\n", "docs/espcap-kafka.1:2: \"fence\" is a word that espcap does not use"),
    ("docs/page.md", "It ends with exit status 4.\n", "docs/page.md: exit status 4 is not in docs/espcap.1"),
    ("docs/page.md", "See `espcap_gone`.\n", "docs/page.md: espcap_gone is not in docs/espcap.1"),
    ("docs/espcap-alerts.yml", "expr: espcap_gone\n", "docs/espcap-alerts.yml: espcap_gone is not in docs/espcap.1"),
    ("src/run/metrics.c", '"espcap_new_total"\n', "src/run/metrics.c: espcap_new_total is not in docs/espcap.1"),
    ("docs/espcap.1", ".Sh METRICS\n.It espcap_old_total\n.Sh SERVICE\n", "espcap_old_total is not in src/run"),
    ("docs/operations.md", "| 4 | tshark |\n", "the table of exit statuses differs"),
    ("docs/kafka.md", "See `espcap_gone`.\n", "docs/kafka.md: espcap_gone is not in docs/espcap.1 or docs/espcap-kafka.1"),
    ("src/transfer/produce.c", '"espcap_kafka_new_total"\n', "docs/espcap-kafka.1: does not have espcap_kafka_new_total"),
    ("docs/espcap-kafka.1", ".Sh METRICS\n.It espcap_kafka_old\n.Sh X\n", "espcap-kafka.1: espcap_kafka_old is not in src/programs/espcap_kafka.c"),
    ("docs/page.md", "A fence around it.\n", "docs/page.md:6: \"fence\" is a word that espcap does not use"),
    ("README.md", "What is no capture.\n", "README.md:4: \"What is no\" is a word that espcap does not use"),
], ids=["file", "heading", "picture", "readme", "contents", "columns", "option", "span", "console", "command",
        "kafka elsewhere", "kafka", "kafka manual", "status", "name", "alert", "metric", "manual", "table",
        "kafka name", "kafka metric", "kafka metrics", "word", "words"])
def test_faults(tree, name, text, says):
    (tree / name).write_text(((tree / name).read_text() if (tree / name).exists() else "") + text)
    result = check(tree)
    assert result.returncode == 1 and says in result.stderr, result.stderr


@pytest.mark.parametrize("name, text, says", [
    ("CONTRIBUTING.md", "A ledger.\n", "CONTRIBUTING.md:2: \"ledger\""),
    ("NEWS", "Goes on behind it.\n", "NEWS:2: \"Goes on behind\""),
    ("docs/espcap.1", "Lean documents.\n", "docs/espcap.1:9: \"Lean\""),
    ("src/a/a.c", 'log_note(log, "%s: passed over",\n    name);\n', "src/a/a.c:1: \"passed over\""),
    ("src/a/a.h", '\n#define A "the opener"\n', "src/a/a.h:2: \"opener\""),
    ("src/a/a.c", 'f("packets "\n  "passed "\n  "over");\n', "src/a/a.c:1: \"passed over\""),
    ("src/a/a.c", 'f("%" PRIu64 " passed"\n  " over");\n', "src/a/a.c:1: \"passed over\""),
    ("src/a/a.c", """char a = '"';\nf("mended\\n");\n""", "src/a/a.c:2: \"mended\""),
    ("plugin/a.c", 'f("a receipt");\n', "plugin/a.c:1: \"receipt\""),
], ids=["contributing", "news", "manual", "literal", "header", "adjacent", "macro", "characters", "plugin"])
def test_words_outside_of_the_pages(tree, name, text, says):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)
    result = check(tree)
    assert result.returncode == 1 and says + " is a word that espcap does not use" in result.stderr, result.stderr


@pytest.mark.parametrize("name, text", [
    ("src/a/a.c", '/* A ledger, "passed over". */\n// the opener\n#include "moment.h"\n'),
    ("src/run/metrics.c", 'put("espcap_running"); put_label(w, false, "fate", outcome);\n'),
    ("NEWS", "--ledger is now --registry; *.ledger files and the label `fate` work.\n"),
    ("docs/espcap.1", ".Fl -ledger\n"),
], ids=["comments", "exempt", "news", "manual"])
def test_what_is_no_text_for_users(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name, line, columns", [
    ("src/a/a.c", "/* %s */", 6), ("src/a/a.h", "\t * %s", 11), ("plugin/a.c", "\t\t// %s", 19), ("tests/unit/a.h", " * %s", 3),
    ("tests/system/a.py", "    # %s", 6),
], ids=["comment", "block", "line", "tests", "python"])
def test_long_comments(tree, name, line, columns):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n" + line % ("a" * (120 - columns)) + "\n")
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")
    path.write_text("\n" + line % ("a" * (121 - columns)) + "\n")
    result = check(tree)
    assert (result.returncode, result.stderr) == (1, "check-docs: %s:2: 121 columns, more than 120\n" % name)


def test_long_lines_that_are_no_comments(tree):
    path = tree / "src/a/a.c"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("int a[] = { %s };\n * state\t%s\n" % ("1, " * 50, "a " * 60))
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("text, says", [
    ("--file  read a file", None),
    ("--file  read a file that is passed over", "--help=all:1: \"passed over\" is a word that espcap does not use"),
    ("nothing", "--help=all lists no options"),
], ids=["good", "word", "empty"])
def test_words_of_the_help(tree, text, says):
    program = tree / "espcap"
    program.write_text("#!/bin/sh\n[ \"$1\" = --help=all ] && echo '%s'\n" % text)
    program.chmod(0o755)
    result = check(tree, program)
    assert result.returncode == (0 if says is None else 1) and (says or "") in result.stderr, result.stderr


def test_page_about_two_programs(tree):
    (tree / "docs" / "kafka.md").write_text("Use `--at=1` and `--file`.\n")
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("text", [
    "Use `tshark --gone` and `scripts/bench --gone`.\n",
    "```console\n$ build/espcap --file=a | tshark --gone\n```\n",
    "```console\n$ build/espcap --file=a\nespcap: a: skipped\n```\n",
    "The former name is `--file`, a `fence` in code.\n",
], ids=["programs", "pipe", "output", "code"])
def test_what_is_no_fault(tree, text):
    (tree / "docs/page.md").write_text(PAGE + text)
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


# Examples. Blocks marked "text" are not run: they need an interface, another tshark, or a server that starts late.

# What differs from run to run, in pages and in what programs print.
PATTERNS = (
    ("a date of a file", r'"file_date_utc": "[0-9: -]{19}"', '"file_date_utc": "DATE"'),
    ("a folder", r'"path": "/[^"]*/test_pcaps/', '"path": "/FOLDER/test_pcaps/'),
    ("the name of the machine", r'("host": \{\n    "name": )"[^"]*"', r'\1"HOST"'),
    ("a place in a document", r"\[1:[0-9]+\]", "[1:N]"),
    ("a group", r"'group.id': '[A-Z]{12}'", "'group.id': 'GROUP'"),
    ("packets under way", r"Waiting for '[0-9]+' message", "Waiting for 'N' message"),
    ("a warning of tshark", r'Running as user "root" and group "root"\..*\n?', ""),
    ("a message of the libraries", r"(cannot connect: )[^;\n]*", r"\1REASON"),
)
# Sections whose server needs certificates and users: test_delivery_access.py and test_engine.py test these.
WITHOUT = ("Credentials and TLS", "Least privilege")
# Its examples need a broker.
KAFKA = "docs/kafka.md"
# Other pages, and whether their examples need a server.
PAGES = {"README.md": True, "docs/cookbook.md": False, "docs/delivery.md": True, "docs/document.md": False,
         "docs/limitations.md": False, "docs/live.md": False, "docs/operations.md": False}


def examples(page):
    """Commands of a page in their order, each with the lines that it prints."""
    found, section, inside, indent = [], "", False, ""
    with open(os.path.join(espcap.ROOT, page), encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("## "):
                section = line[3:]
            if line.lstrip().startswith("```"):
                indent = line[:len(line) - len(line.lstrip())]
                inside = not inside and line.strip() == "```console"
            elif inside and section not in WITHOUT:
                line = line.removeprefix(indent)
                if line.startswith("$ "):
                    found.append((line[2:], []))
                else:
                    found[-1][1].append(line)
    return found


def normal(lines):
    """Lines with what varies replaced; messages and other output separately, because a pipeline mixes them."""
    text = "\n".join(lines)
    for _, pattern, word in PATTERNS:
        text = re.sub(pattern, word, text)
    lines = [line for line in text.split("\n") if line]
    return [[line for line in lines if line.startswith("espcap:") == wanted] for wanted in (True, False)]


@pytest.fixture
def place():
    """A folder like the top directory of the source tree, which every user may write to."""
    folder = tempfile.mkdtemp(prefix="espcap-docs-")
    os.chmod(folder, 0o777)
    shutil.copytree(espcap.CAPTURE_DIR, os.path.join(folder, "test_pcaps"))
    os.mkdir(os.path.join(folder, "build"))
    for name in ("espcap", "espcap-kafka"):
        os.symlink(os.path.join(os.path.dirname(espcap.PLAIN), name), os.path.join(folder, "build", name))
    yield folder
    shutil.rmtree(folder)


def run(command, folder, server, more=()):
    for word, other in (("localhost:9200", server), ("/tmp/", folder + "/"), ("scripts/quickstart", "build/espcap"), *more):
        command = command.replace(word, other)
    environment = {**espcap.ENVIRONMENT, "XDG_STATE_HOME": os.path.join(folder, "state")}
    result = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    return result.stdout.replace(server, "localhost:9200").split("\n")


def try_examples(page, folder, server=None):
    address = server.url.removeprefix("http://") if server else "localhost:9200"
    commands = [example for example in examples(page) if not example[0].startswith("scripts/engine")]
    assert commands
    for command, lines in commands:
        expected = [line for line in lines if not line.startswith("quickstart: building")]
        assert normal(run(command, folder, address)) == normal(expected), command


@pytest.mark.parametrize("page", [page for page, needs_server in PAGES.items() if not needs_server])
def test_examples(page, place):
    try_examples(page, place)


@pytest.mark.parametrize("page", [page for page, needs_server in PAGES.items() if needs_server])
def test_examples_with_a_server(page, place):
    with engines.running("elasticsearch-8.8.2") as server:
        server.wipe()
        try_examples(page, place, server)


def test_examples_with_a_broker(place):
    """The topic is one that no other test has."""
    with kafka.running() as brokers:
        topic = brokers.create_topic()
        for command, lines in [example for example in examples(KAFKA) if not example[0].startswith("scripts/engine")]:
            printed = run(command, place, "localhost:9200", [("localhost:9092", brokers.address), ("-t pcap", "-t " + topic)])
            printed = [line.replace(brokers.address, "localhost:9092") for line in printed]
            assert normal(printed) == normal(lines), command


def test_every_page_with_examples_is_run():
    names = ["README.md"]
    names += ["docs/" + name for name in os.listdir(os.path.join(espcap.ROOT, "docs")) if name.endswith(".md")]
    # The queries of searching.md are run by test_searching.py.
    assert {name for name in names if examples_of_shell(name)} == {*PAGES, KAFKA}


def examples_of_shell(name):
    with open(os.path.join(espcap.ROOT, name), encoding="utf-8") as page:
        return re.search(r"^ *```console\n *\$ ", page.read(), re.MULTILINE)


def test_an_example_that_differs_is_seen(place):
    command, lines = examples("docs/cookbook.md")[0]
    assert normal(run(command, place, "localhost:9200")) == normal(lines)
    assert normal(run(command.replace("dns.pcap", "http.pcap"), place, "localhost:9200")) != normal(lines)


# Answers of docs/searching.md, as that page says how they are shortened.

SEARCHING = "docs/searching.md"
QUERY = re.compile(r"^```console\nPOST (packets\S+)\n(.*?)^```\n\n```answer\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 6
SHOWN = ("file_name", "frame_number", "source.ip", "destination.ip", "info")


def members(value, path=""):
    """Path and value of each member of a document."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from members(value[name], path + "." + name if path else name)
    else:
        yield path, value


def hit_line(document):
    """Place, addresses and summary of a packet; of a document without a summary all members."""
    found = dict(members(document))
    if "info" in found:
        return "  ".join(str(found[name]) for name in SHOWN if name in found)
    return "  ".join("%s=%s" % member for member in found.items())


def bucket_lines(aggregations, depth=0):
    """A line for each bucket: its key, its packets and sums; inner buckets are indented."""
    for aggregation in aggregations.values():
        for bucket in aggregation.get("buckets", ()) if isinstance(aggregation, dict) else ():
            values = ["%s=%g" % (name, value["value"]) if value["value"] < 1e5 else "%s=%d" % (name, value["value"])
                      for name, value in sorted(bucket.items()) if isinstance(value, dict) and "value" in value]
            key = bucket.get("key_as_string", bucket["key"])
            yield "  " * depth + "  ".join(["%s" % key, "packets=%d" % bucket["doc_count"], *values])
            yield from bucket_lines(bucket, depth + 1)


def shortened(answer):
    lines = ["packets found: %d" % answer["hits"]["total"]["value"]]
    lines += bucket_lines(answer.get("aggregations", {}))
    if len(lines) == 1:
        lines += [hit_line(hit["_source"]).rstrip() for hit in answer["hits"]["hits"]]
    return lines[:MOST_LINES] + ["..."] * (len(lines) > MOST_LINES)


def test_answers(place):
    with open(os.path.join(espcap.ROOT, SEARCHING), encoding="utf-8") as page:
        queries = QUERY.findall(page.read())
    assert len(queries) > 15
    with engines.running("elasticsearch-8.8.2") as server:
        server.wipe()
        run("build/espcap --dir=test_pcaps --quiet --node=localhost:9200 --aggregate-layers", place, server.url.removeprefix("http://"))
        for path, body, lines in queries:
            assert shortened(server.post(path, json.loads(body))) == lines.splitlines(), body
