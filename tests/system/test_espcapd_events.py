# SPDX-License-Identifier: BSD-2-Clause
"""Bad input and bad luck that reach espcapd as a whole; what a part of it shows alone is tested there.

By hand: ESPCAP_SECONDS=600 for test_errors_for_long.
"""

import json
import os
import signal
import time


import espcapd
import exposition
import request_servers
from deliverers import Answers
from espcapd import payloads, sent
from espcapd_fixtures import no_daemon_is_left, one_daemon, one_redis, open_folder  # noqa: F401 (fixtures)

SECONDS = int(os.environ.get("ESPCAP_SECONDS", "2"))
KEY = b"0123456789abcdef0123456789abcdef"


def refused(daemon, message):
    """The reason for which a message is refused."""
    before = len(daemon.results.lines)
    daemon.publish(message)
    daemon.until(lambda: len(daemon.results.lines) > before, "an answer")
    line, = daemon.results.lines[before:]
    assert line["result"] == "refused", (message[:200], line)
    return line["reason"]


def test_wrong_messages(folder, redis):
    """Each is refused with its reason, and the next request is served."""
    daemon = espcapd.Daemon(folder, redis, more='[[policy.requester]]\nname = "noc"\nkey = "%s"\n' % KEY.decode())
    whole = daemon.capture()
    now = int(time.time())
    stamped = {**whole, "issued": now, "expires": now + 60, "nonce": "n"}
    rows = (
        ("", "JSON"), ("[]", "JSON object"), ("null", "JSON object"), ("x" * 10_000_000, "longer"), ("{" * 10_000, "JSON"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested"), ('{"node":"any","node":"any"}', "node: is there twice"),
        ('{"packets":5,"Packets":6}', "there twice"), ('{"packets":1e400}', "packets"), ('{"packets":5e0}', "packets"),
        *((json.dumps({**whole, name: value}), name) for name, value in (
            ("packets", -1), ("packets", 10 ** 30), ("packets", 1.5), ("packets", "5"), ("bytes", -5),
            ("timeout", -1), ("duration", 2 ** 63), ("snap", -1), ("snap", 300000), ("alertid", 2 ** 70), ("interface", 5),
            ("interface", [5]), ("interface", []), ("node", 5), ("tags", ["a"]), ("bpf", {}), ("index", "yes"),
            ("destinations", ["moon"]), ("before", 5), ("interface", ["eth77"]), ("alias", ["lo"]), ("alias", "x"),
            ("nodere", "x"), ("acl", "private"), ("endpoint", "evil.example"), ("region", "x"), ("bucket", "theirs"))),
        (json.dumps({key: value for key, value in whole.items() if key != "node"}), "node"),
        (json.dumps({key: value for key, value in whole.items() if key != "interface"}), "interface"),
        (json.dumps({key: value for key, value in whole.items() if key != "packets"}), "packets"),
        (json.dumps({**{key: value for key, value in whole.items() if key != "node"}, "nodere": "(a+)+$" * 20 + "(?<=" * 3}), "nodere"),
        (espcapd.signed({**stamped, "issued": now - 900, "expires": now - 600}, "noc", KEY), "expires"),
        (espcapd.signed({**stamped, "issued": now - 300, "expires": now + 200}, "noc", KEY), "maxage"),
        (espcapd.signed({**stamped, "expires": now + 7000}, "noc", KEY), "expires"),
        (espcapd.signed(stamped, "noc", KEY[:-1]), "mac"), (espcapd.signed(stamped, "soc", KEY), "soc"),
        (espcapd.signed(whole, "noc", KEY), "nonce"))
    for message, says in rows:
        assert says in refused(daemon, message), (message[:200], daemon.results.lines[-1])
    number = daemon.publish(daemon.capture(packets=1))
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    daemon.stop()
    assert [line["decision"] for line in daemon.audit()] == ["refused"] * len(rows) + ["accepted"]


def test_an_expression_that_backtracks(folder, redis):
    """The name of the node is as long as it may be: it is refused at once, or does not match."""
    daemon = espcapd.Daemon(folder, redis, start=False)
    text = daemon.configuration
    daemon.configuration = lambda: text().replace('"sensor1"', '"%s!"' % ("a" * 60))
    daemon.start()
    begun = time.monotonic()
    for number, nodere in enumerate(("^(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*x", "(?:a?){60}a{60}b")):
        daemon.publish({**{key: value for key, value in daemon.capture().items() if key != "node"}, "nodere": nodere}, "bt%d" % number)
    number = daemon.publish(daemon.capture(packets=1, node="any"))
    daemon.wait_for(number, "started")
    assert time.monotonic() - begun < 5
    assert {line["result"] for line in daemon.results.lines if line["id"].startswith("bt")} <= {"refused"}
    daemon.stop()


def test_an_option_in_every_text(daemon, folder):
    """A text is a text: no option, no file, no shell word."""
    evil = "-w /etc/passwd"
    with open("/etc/passwd", "rb") as source:
        before = source.read()
    texts = ("tags", "customer", "folder", "id", "nonce", "unknown")
    number = daemon.publish(daemon.capture(packets=1, **{name: evil for name in texts}), evil)
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    assert payloads(daemon.local_files()[0]) == sent(1)
    for name in ("interface", "alias"):
        request = {key: value for key, value in daemon.capture().items() if key != "interface"}
        assert evil in refused(daemon, json.dumps({**request, name: [evil]}))
    for name in ("bucket", "acl", "region", "endpoint"):
        assert '%s = ["%s"]' % (name, evil) in refused(daemon, json.dumps(daemon.capture(**{name: evil})))
    number = daemon.publish(daemon.capture(bpf=evil))
    assert "syntax" in daemon.wait_for(number, "failed")[0]["reason"]
    assert "no such" in refused(daemon, json.dumps({"node": "any", "cancel": "no such " + evil}))
    with open("/etc/passwd", "rb") as source:
        assert source.read() == before
    assert sorted(os.listdir(folder)) == ["espcapd.toml", "files", "state", "stderr"]


def test_a_thousand_at_once(folder, redis):
    """Each has one answer: so many as there may be are captured, the others are busy; then all is as before."""
    daemon = espcapd.Daemon(folder, redis, general="maxcaptures = 5")
    numbers = [redis.new_name("many") for _ in range(1000)]
    with redis.connect() as client:
        for number in numbers:
            client.send("PUBLISH", daemon.channel, json.dumps({"id": number, **daemon.capture(packets=1)}))
        for _ in numbers:
            assert client.receive() == 1
    answers = ("accepted", "busy")
    daemon.until(lambda: len([line for line in daemon.results.lines if line["result"] in answers]) == 1000, "1000 answers", 60)
    accepted = [line["id"] for line in daemon.results.lines if line["result"] == "accepted"]
    assert len(accepted) == 5 and sorted(line["id"] for line in daemon.results.lines if line["result"] in answers) == sorted(numbers)
    for number in accepted:
        daemon.wait_for(number, "started")
    daemon.send(1)
    for number in accepted:
        daemon.wait_for(number, "uploaded")
    number = daemon.publish(daemon.capture(packets=1))
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    assert len(daemon.local_files()) == 6
    daemon.stop()


def test_memory_is_reserved(folder, redis):
    """What a capture may need is taken before it starts, and given back."""
    daemon = espcapd.Daemon(folder, redis, general='maxmemory = "1M"\nmaxbytes = "1M"\nbuffer = "64k"')
    first = daemon.publish(daemon.capture(bytes=600000, packets=50000, snap=1000))
    daemon.wait_for(first, "started")
    busy, = daemon.wait_for(daemon.publish(daemon.capture(bytes=600000, packets=50000, snap=1000)), "busy")
    assert "maxmemory" in busy["reason"], busy
    small = daemon.publish(daemon.capture(packets=1))
    daemon.wait_for(small, "started")
    daemon.publish({"node": "any", "cancel": first})
    daemon.wait_for(first, "finished")
    again = daemon.publish(daemon.capture(bytes=600000, packets=1, snap=1000))
    daemon.wait_for(again, "started")
    daemon.send(1)
    for number in (small, again):
        daemon.wait_for(number, "uploaded")
    daemon.stop()


def test_a_queue_delivers_twice(folder, redis):
    """The daemon stands still for longer than the message is hidden: it comes again, and is not captured again."""
    with request_servers.running(request_servers.Sqs) as sqs:
        queue = sqs.create_queue(VisibilityTimeout=1)
        daemon = espcapd.Daemon(folder, redis, policy="allow_unsigned = true", more="""
[sqs]
listen = true
url = "%s"
region = "%s"
accessid = "espcap"
accesskey = "espcap"
visibility = 1
waitseconds = 1
""" % (queue, sqs.region))
        number = "sqs:" + sqs.send(queue, json.dumps(daemon.capture(packets=3)))
        daemon.wait_for(number, "started")
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        daemon.process.send_signal(signal.SIGCONT)
        # The handle that it has now is of no use any more: the next one deletes the message.
        time.sleep(1.5)
        daemon.send(3)
        daemon.wait_for(number, "uploaded")
        daemon.until(lambda: sqs.depth(queue) == (0, 0), "an empty queue")
        assert len(daemon.local_files()) == 1 and daemon.results.kinds(number).count("started") == 1
        # A message that is put in twice has two ids of the queue; its own id holds.
        for _ in range(2):
            sqs.send(queue, json.dumps({"id": "twice", **daemon.capture(packets=1)}))
        daemon.wait_for("twice", "started", "already")
        daemon.send(1)
        daemon.wait_for("twice", "uploaded")
        assert len(daemon.local_files()) == 2
        daemon.stop()


def test_errors_for_long(folder, redis):
    """A store that fails for minutes, and is killed in between: the file arrives once it works."""
    script = [(500, "<Error><Code>InternalError</Code></Error>"), (503, "<Error><Code>SlowDown</Code></Error>")]
    with Answers(*script * 100000) as server:
        daemon = espcapd.Daemon(folder, redis, general="maxretries = 1000000", more="""
[s3]
upload = true
endpoint = "%s"
bucket = "pcaps"
accessid = "i"
accesskey = "k"
""" % server.url)
        number = daemon.publish(daemon.capture(packets=2, destinations=["s3"]))
        daemon.wait_for(number, "started")
        daemon.send(2)
        daemon.wait_for(number, "finished")
        time.sleep(SECONDS / 2)
        daemon.kill()
        daemon.start()
        time.sleep(SECONDS / 2)
        assert len(server.requests) >= 2 and "uploaded" not in daemon.results.kinds(number)
        server.script[:] = [(200, "")]
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(number, "uploaded")
        tries = len(server.requests)
        daemon.stop()
    print("%d s, %d requests" % (SECONDS, tries))


def test_own_traffic(daemon, redis):
    """The connections to Redis are captured by nobody who asks, though the interface has their packets."""
    number = daemon.publish(daemon.capture(bpf="tcp port %d" % redis.port, packets=100, timeout=1, duration=2))
    daemon.wait_for(number, "started")
    for _ in range(5):
        daemon.wait_for(daemon.publish({"node": "any", "status": True}), "status")
    finished, = daemon.wait_for(number, "finished")
    assert finished["packets"] == 0, finished


def test_metrics(folder, redis):
    """Every decision and every end is counted, in a file that a scraper takes."""
    daemon = espcapd.Daemon(folder, redis, general="maxcaptures = 1", more='[metrics]\nfile = "%s/metrics"\n' % folder)
    first = daemon.publish(daemon.capture(packets=3))
    daemon.wait_for(first, "started")
    daemon.wait_for(daemon.publish(daemon.capture()), "busy")
    daemon.publish(daemon.capture(), first)
    daemon.wait_for(first, "already")
    daemon.wait_for(daemon.publish({"node": "any", "status": True}), "status")
    daemon.publish({"node": "another", "status": True})
    daemon.send(3)
    daemon.wait_for(first, "uploaded")
    daemon.wait_for(daemon.publish(daemon.capture(packets=0)), "refused")
    daemon.wait_for(daemon.publish(daemon.capture(bpf="port and and")), "failed")
    daemon.stop()
    with open(folder + "/metrics", "rb") as source:
        values = exposition.Metrics(source.read()).values

    def of(name, **labels):
        return values[name, frozenset(labels.items())]

    decisions = {"accepted": 2, "refused": 1, "busy": 1, "already": 1, "not_ours": 1, "cancel": 0, "status": 1}
    assert {each: of("espcapd_requests_total", decision=each) for each in decisions} == decisions
    assert [of("espcapd_captures_total", state=each) for each in ("started", "ended", "failed")] == [1, 1, 1]
    assert of("espcapd_captured_packets_total") == 3 and of("espcapd_running") == of("espcapd_exit_status") == 0
    assert of("espcapd_delivered_total", destination="local") == of("espcapd_spooled_total") == 1
    assert of("espcapd_captured_bytes_total") == os.path.getsize(daemon.local_files()[0])
