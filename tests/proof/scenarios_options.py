# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios: what is asked of espcap itself, and options that cannot be."""

from scenarios import add, numbered, scenario


def alone(*words):
    """With these words, and no others."""
    def play(stage):
        stage.run(*words, bare=True)
    return play


for NAME, WORDS in {
        "help": ("--help",), "no-words": (), "unknown-option": ("--no-such-option",), "option-cut-short": ("--he",),
        "ambiguous-option": ("--no-s",), "value-missing": ("--file",), "word-left-over": ("--file=x", "left over"),
        "print-template-elasticsearch": ("--print-template=elasticsearch",),
        "print-template-opensearch": ("--print-template=opensearch", "--shards=3", "--replicas=0", "--index=lab"),
        "print-template-of-nothing": ("--print-template=mongodb",),
        "inputs-exclude-each-other": ("--file=x", "--dir=y"), "inputs-of-all-kinds": ("--file=x", "--nic=y", "--watch=z"),
        "replay-needs-node": ("--replay=x",), "split-and-display-filter": ("--file=x", "--split", "--display-filter=http"),
        "watch-options-without": ("--file=x", "--after=delete"), "live-options-without": ("--file=x", "--ring=y"),
        "delivery-options-without": ("--file=x", "--chunk=5"), "twice": ("--count=1", "--count=2", "--file=x"),
        "node-with-password": ("--file=x", "--node=http://shark:secret@127.0.0.1:9"),
        "node-that-is-none": ("--file=x", "--node=ftp://127.0.0.1:9"),
        "insecure-credentials": ("--file=x", "--node=http://192.0.2.1:9", "--user=shark", "--password-file=/dev/null"),
        "missing-typed-list": ("--file=x", "--typed=/no/such/file"), "missing-protocols-list": ("--file=x", "--protocols=/no/such/file"),
}.items():
    add("usage-" + NAME, alone(*WORDS))


@scenario()
def usage_values(stage):
    """Each option with a value that it does not take."""
    for word in ("--count=0", "--count=0x10", "--count=99999999999999999999999", "--jobs=0", "--jobs=257", "--max-value=0", "--max-doc=1k",
                 "--tshark-timeout=0s", "--tshark-memory=1M", "--dissection=xml", "--chunk=0", "--latency=1ms", "--id=none",
                 "--retry-for=0", "--memory=1k", "--compress=maybe", "--index=A B", "--shards=0", "--replicas=-1",
                 "--retention=0", "--max-indices=0", "--snaplen=63", "--buffer=1k", "--queue=1k", "--spool-size=1", "--ring-size=1",
                 "--on-interface-loss=no", "--tshark-lifetime=x", "--watch-idle=0", "--after=burn", "--duration=0"):
        stage.run("--file=x", word, bare=True)


@scenario()
def usage_version(stage):
    stage.run("--version", "--tshark", stage.recorder.path, bare=True)


@scenario()
def outputs_that_are_one(stage):
    """An output that is an input, or another output."""
    stage.put("x.pcap", numbered(3))
    stage.run("--file=x.pcap", "--summary-json=x.pcap")
    stage.run("--file=x.pcap", "--summary-json=same", "--metrics=same")
    stage.run("--file=x.pcap", "--metrics=/dev/stdout")
    stage.run("--file=x.pcap", "--metrics=missing/espcap.prom")


@scenario(line=True)
def list_interfaces(stage):
    """Of the namespace of the sensor, which has two."""
    for words in (("--list-interfaces",), ("--list",), ("--list-interfaces", "--json")):
        stage.run(*words, bare=True, prefix=stage.inside)
