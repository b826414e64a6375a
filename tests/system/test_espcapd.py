# SPDX-License-Identifier: BSD-2-Clause
"""espcapd as a whole: messages through a real Redis, captures of the loopback, files, results, crashes."""

import json
import os
import time

import pytest

import conserve_espcapd
import espcapd
import fake_server
import request_servers
from espcapd import payloads, sent
from espcapd_fixtures import no_daemon_is_left, one_daemon, one_redis, open_folder  # noqa: F401 (fixtures)


def test_one_capture(daemon):
    number = daemon.publish(daemon.capture(alertid=655443, tags="blah,tagme", customer="c"))
    daemon.wait_for(number, "started")
    daemon.send(8)
    uploaded, = daemon.wait_for(number, "uploaded")
    assert daemon.results.kinds(number) == ["accepted", "started", "finished", "uploaded"]
    accepted, _, finished, _ = daemon.results.of(number)
    assert accepted["alertid"] == 655443 and accepted["node"] == "sensor1"
    assert finished["packets"] == 5 and finished["stop_reason"] == "packets" and finished["drops"] == 0
    path, = daemon.local_files()
    assert uploaded["url"].endswith(os.path.basename(path)) and uploaded["destination"] == "local"
    assert payloads(path) == sent(5)
    assert os.path.getsize(path) == finished["bytes"] and os.stat(path).st_mode & 0o777 == 0o600
    line, = daemon.audit()
    assert line["decision"] == "accepted" and line["id"] == number


@pytest.mark.parametrize("general, members", [("", {"packetdebug": True, "logrequest": True}),
                                              ("packetdebug = true\nlogrequests = true", {})], ids=["message", "file"])
def test_each_packet_is_logged(folder, redis, general, members):
    daemon = espcapd.Daemon(folder, redis, general=general)
    number = daemon.publish(daemon.capture(packets=2, snap=50, **members))
    daemon.wait_for(number, "started")
    daemon.send(2)
    daemon.wait_for(number, "uploaded")
    for count in (1, 2):
        assert "request %s: lo: packet %d: time " % (number, count) in daemon.messages
    assert ", 55 bytes, 50 captured, link type 1\n" in daemon.messages
    assert 'request %s: {"id": "%s"' % (number, number) in daemon.messages
    daemon.stop()


def test_nothing_came(daemon):
    number = daemon.publish(daemon.capture(timeout=1))
    finished, = daemon.wait_for(number, "finished")
    assert finished["packets"] == 0 and finished["stop_reason"] == "timeout"
    time.sleep(0.3)
    assert daemon.results.kinds(number)[-1] == "finished" and daemon.local_files() == []


@pytest.mark.parametrize("message, says", [
    ("no JSON", "JSON"),
    ('{"node":"sensor1","interface":["lo"],"packets":0}', "packets"),
    ('{"node":"sensor1","interface":["lo"],"packets":50001}', "maxpackets"),
    ('{"node":"sensor1","interface":["eth77"],"packets":5}', "add \"eth77\" to interfaces in [policy]"),
    ('{"node":"sensor1","interface":["lo"],"packets":5,"bucket":"mine"}', 'bucket = ["mine"]'),
    ('{"node":"sensor1","interface":["lo"],"packets":5,"folder":"../.."}', "folder"),
    ('{"node":"any","nodere":"x","interface":["lo"],"packets":5}', "node"),
    ('{"nodere":"(","interface":["lo"],"packets":5}', "nodere"),
    ('{"request":"{}","key":"noc","mac":"00"}', "noc"),
])
def test_refused(daemon, message, says):
    daemon.publish(message)
    daemon.until(lambda: any(line["result"] == "refused" for line in daemon.results.lines), "a refusal")
    line, = daemon.results.lines
    assert says in line["reason"], line
    # It goes on.
    number = daemon.publish(daemon.capture(packets=1))
    daemon.wait_for(number, "started")
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    assert [entry["decision"] for entry in daemon.audit()] == ["refused", "accepted"]


def test_bad_filter(daemon):
    number = daemon.publish(daemon.capture(bpf="port and and"))
    failed, = daemon.wait_for(number, "failed")
    assert "syntax" in failed["reason"], failed


def test_other_nodes(daemon):
    for node in ({"node": "sensor"}, {"node": "Sensor1"}, {"nodere": "^sensor2"}):
        daemon.publish({**{key: value for key, value in daemon.capture().items() if key != "node"}, **node})
    for node in ({"node": "any"}, {"nodere": "sor1$"}):
        number = daemon.publish({**{key: value for key, value in daemon.capture(packets=1).items() if key != "node"}, **node})
        daemon.wait_for(number, "started")
        daemon.send(1)
        daemon.wait_for(number, "uploaded")
    assert len({line["id"] for line in daemon.results.lines}) == 2


def test_the_same_id_twice(daemon):
    number = daemon.publish(daemon.capture(packets=2))
    daemon.wait_for(number, "started")
    daemon.publish(daemon.capture(packets=2), number)
    daemon.wait_for(number, "already")
    daemon.send(4)
    daemon.wait_for(number, "uploaded")
    daemon.publish(daemon.capture(packets=2), number)
    daemon.wait_for(number, "already", count=2)
    assert len(daemon.local_files()) == 1


def test_cancel_and_status(daemon):
    number = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(number, "started")
    daemon.send(3)
    time.sleep(1)
    asked = daemon.publish({"node": "any", "status": True})
    state, = daemon.wait_for(asked, "status")
    assert [capture["id"] for capture in state["captures"]] == [number] and state["captures"][0]["packets"] == 3
    other = daemon.publish({"node": "sensor1", "cancel": "no such"})
    refused, = daemon.wait_for(other, "refused")
    assert "no such" in refused["reason"]
    daemon.publish({"node": "sensor1", "cancel": number})
    finished, = daemon.wait_for(number, "uploaded", "finished")
    assert finished["stop_reason"] == "cancelled" and finished["packets"] == 3
    assert payloads(daemon.local_files()[0]) == sent(3)


def test_a_key_that_is_too_long(folder, redis):
    """The folder of the configuration and the name of the file together are longer than S3 takes."""
    daemon = espcapd.Daemon(folder, redis, more="""
[s3]
upload = true
bucket = "pcaps"
region = "us-east-1"
folder = "%s"
accessid = "a"
accesskey = "b"
""" % "/".join(["f" * 100] * 11))
    refused, = daemon.wait_for(daemon.publish(daemon.capture()), "refused")
    assert refused["reason"].startswith("folder: ")
    daemon.stop()


def test_busy(folder, redis):
    daemon = espcapd.Daemon(folder, redis, general="maxcaptures = 2")
    numbers = [daemon.publish(daemon.capture(packets=1)) for _ in range(2)]
    for number in numbers:
        daemon.wait_for(number, "started")
    busy, = daemon.wait_for(daemon.publish(daemon.capture()), "busy")
    assert "maxcaptures = 2" in busy["reason"]
    daemon.send(1)
    for number in numbers:
        daemon.wait_for(number, "uploaded")
    assert len(daemon.local_files()) == 2
    daemon.stop()


def test_memory_of_the_kernel_counts(folder, redis):
    """Each capture has a buffer of the kernel, and looking back has one, too."""
    daemon = espcapd.Daemon(folder, redis, general='maxmemory = "10M"\nbuffer = "3M"\nmaxbytes = "1M"',
                            more='[[interface]]\nname = "lo"\nlookback = "1M"\n')
    state, = daemon.wait_for(daemon.publish({"node": "any", "status": True}), "status")
    assert state["memory"] == 4 << 20
    number = daemon.publish(daemon.capture(packets=2))
    daemon.wait_for(number, "started")
    state, = daemon.wait_for(daemon.publish({"node": "any", "status": True}), "status")
    assert 7 << 20 < state["memory"] < (7 << 20) + 4000
    busy, = daemon.wait_for(daemon.publish(daemon.capture(packets=2)), "busy")
    assert "maxmemory" in busy["reason"]
    daemon.publish({"node": "sensor1", "cancel": number})
    daemon.wait_for(number, "finished")
    daemon.stop()


def test_an_orderly_end(daemon):
    number = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(number, "started")
    daemon.send(4)
    time.sleep(0.5)
    daemon.stop()
    assert daemon.results.kinds(number)[:3] == ["accepted", "started", "finished"]
    daemon.start()
    daemon.wait_for(number, "uploaded")
    assert payloads(daemon.local_files()[0]) == sent(4)


def test_killed(daemon):
    """Nothing is captured twice; what was in the spool is delivered, what was not is said to be lost."""
    os.rename(daemon.files, daemon.files + ".away")
    spooled = daemon.publish(daemon.capture(packets=2))
    daemon.wait_for(spooled, "started")
    daemon.send(2)
    daemon.wait_for(spooled, "finished")
    running = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(running, "started")
    daemon.kill()
    os.rename(daemon.files + ".away", daemon.files)
    daemon.start()
    daemon.wait_for(spooled, "uploaded")
    failed, = daemon.wait_for(running, "failed")
    assert "interrupted" in failed["reason"] and daemon.dead() != [], daemon.messages
    assert payloads(daemon.local_files()[0]) == sent(2) and len(daemon.local_files()) == 1
    daemon.publish(daemon.capture(packets=2), running)
    daemon.wait_for(running, "already")


def test_a_stream(daemon, redis):
    """Heard at least once, captured once."""
    stream = daemon.channel + "-stream"
    daemon.until(lambda: redis.call("EXISTS", stream) == 1, "a stream")
    entry = redis.call("XADD", stream, "*", "request", json.dumps(daemon.capture(packets=1))).decode()
    number = "redis:%s/%s" % (stream, entry)
    daemon.wait_for(number, "started")
    assert redis.call("XPENDING", stream, "espcapd-sensor1")[0] == 1
    daemon.send(1)
    daemon.wait_for(number, "uploaded")
    daemon.until(lambda: redis.call("XPENDING", stream, "espcapd-sensor1")[0] == 0, "an acknowledgement")
    # Killed between capture and acknowledgement: it is given again, and not captured again.
    entry = redis.call("XADD", stream, "*", "request", json.dumps(daemon.capture(packets=500, timeout=60))).decode()
    number = "redis:%s/%s" % (stream, entry)
    daemon.wait_for(number, "started")
    daemon.kill()
    daemon.start()
    daemon.wait_for(number, "failed", "already")
    daemon.until(lambda: redis.call("XPENDING", stream, "espcapd-sensor1")[0] == 0, "an acknowledgement")
    assert len(daemon.local_files()) == 1


def test_signed(folder, redis):
    key = b"0123456789abcdef0123456789abcdef"
    with open(os.path.join(folder, "noc.key"), "wb") as target:
        target.write(key + b"\n")
    os.chmod(os.path.join(folder, "noc.key"), 0o600)
    port = espcapd.free_port()
    daemon = espcapd.Daemon(folder, redis, policy="allow_unsigned = false", more="""
[[policy.requester]]
name = "noc"
keyfile = "%s"
bpf = "udp dst port %d"
maxpackets = 3
""" % (os.path.join(folder, "noc.key"), port))
    refused, = daemon.wait_for(daemon.publish(daemon.capture()), "refused")
    assert "allow_unsigned" in refused["reason"]

    def request(**more):
        now = int(time.time())
        return {"id": redis.new_name("signed"), **daemon.capture(packets=2), "issued": now, "expires": now + 60,
                "nonce": redis.new_name("nonce"), **more}

    # The filter of the requester holds beside that of the message.
    asked = request(bpf="udp")
    message = espcapd.signed(asked, "noc", key)
    daemon.publish(message)
    daemon.wait_for(asked["id"], "started")
    daemon.send(3)
    own, daemon.port = daemon.port, port
    daemon.send(2, 100)
    daemon.port = own
    daemon.wait_for(asked["id"], "uploaded")
    assert payloads(daemon.local_files()[0]) == sent(2, 100)
    # The same message again, and with another id, and changed.
    daemon.publish(message)
    daemon.wait_for(asked["id"], "already")
    for more, says in (({"nonce": asked["nonce"]}, "nonce"), ({"packets": 4}, "maxpackets")):
        again = request(**more)
        daemon.publish(espcapd.signed(again, "noc", key))
        refused, = daemon.wait_for(again["id"], "refused")
        assert says in refused["reason"], refused
    daemon.publish(espcapd.signed(request(), "noc", b"another key, which is not that of noc"))
    daemon.until(lambda: any("mac" in line.get("reason", "") for line in daemon.results.lines), "a refusal")
    # The nonce is known after a crash, too.
    daemon.kill()
    daemon.start()
    again = request(nonce=asked["nonce"])
    daemon.publish(espcapd.signed(again, "noc", key))
    assert "nonce" in daemon.wait_for(again["id"], "refused")[0]["reason"]
    daemon.stop()


def test_reading_again(daemon):
    daemon.policy = "maxpackets = 3"
    number = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(number, "started")
    daemon.reload()
    assert "maxpackets" in daemon.wait_for(daemon.publish(daemon.capture(packets=4)), "refused")[0]["reason"]
    # What runs goes on. A configuration with a mistake changes nothing.
    daemon.policy = "maxpackets = \"many\""
    assert "line " in daemon.reload("stays as it was")
    daemon.publish({"node": "sensor1", "cancel": number})
    daemon.wait_for(number, "finished")


def test_redis_comes_and_goes(folder):
    with request_servers.running(request_servers.Redis, own=True) as server:
        server.stop()
        daemon = espcapd.Daemon.__new__(espcapd.Daemon)
        server.start()
        daemon.__init__(folder, server)
        server.kill9()
        time.sleep(0.5)
        server.start()
        daemon.until(lambda: server.subscribers(daemon.channel) == 1, "a subscriber")
        daemon.results = espcapd.Results(server, daemon.channel + "-results")
        number = daemon.publish(daemon.capture(packets=1))
        daemon.wait_for(number, "started")
        daemon.send(1)
        daemon.wait_for(number, "uploaded")
        daemon.stop()


def test_conservation():
    assert sum(conserve_espcapd.campaign(20, 1).values()) > 0


def test_s3(folder, redis):
    """The names that a message may choose are those of [policy]."""
    with request_servers.running(request_servers.S3) as store:
        buckets = [store.create_bucket(), store.create_bucket()]
        daemon = espcapd.Daemon(folder, redis, policy='bucket = ["%s"]' % buckets[1], more="""
[s3]
upload = true
endpoint = "%s"
region = "%s"
bucket = "%s"
folder = "pcaps"
accessid = "%s"
accesskey = "%s"
style = "path"
""" % (store.url, store.region, buckets[0], *store.credentials[:2]))
        urls = []
        for more in ({}, {"bucket": buckets[1], "folder": "of alert 5"}):
            number = daemon.publish(daemon.capture(packets=2, alertid=5, destinations=["s3"], **more))
            daemon.wait_for(number, "started")
            daemon.send(2)
            uploaded, = daemon.wait_for(number, "uploaded")
            urls.append(uploaded["url"])
        (first,), (second,) = store.keys(buckets[0]), store.keys(buckets[1])
        assert first.startswith("pcaps/sensor1-lo-") and second.startswith("of alert 5/sensor1-lo-")
        assert store.head(buckets[0], first).headers["x-amz-meta-alertid"] == "5"
        path = os.path.join(folder, "got.pcap")
        with open(path, "wb") as target:
            target.write(store.get(buckets[1], second))
        assert payloads(path) == sent(2) and daemon.local_files() == []
        refused, = daemon.wait_for(daemon.publish(daemon.capture(bucket=buckets[0] + "x")), "refused")
        assert "bucket" in refused["reason"]
        daemon.stop()


def test_index(folder, redis):
    """The capture goes through espcap into the index; the result names the capture of its documents."""
    server = fake_server.Server()
    server.start()
    try:
        daemon = espcapd.Daemon(folder, redis, more="""
[index]
program = "%s"
node = "%s"
""" % (espcapd.espcap.PROGRAM, server.url))
        number = daemon.publish(daemon.capture(packets=3, index=True))
        daemon.wait_for(number, "started")
        daemon.send(3)
        daemon.until(lambda: daemon.results.kinds(number).count("uploaded") == 2, "both deliveries", 60)
        ends = {line["destination"]: line for line in daemon.results.of(number) if line["result"] == "uploaded"}
        assert len(server.ledger) == 3
        captures = {entry.document["espcap"]["capture"] for entry in server.ledger}
        assert captures == {ends["index"]["remote_id"]}, ends["index"]
        daemon.stop()
    finally:
        server.stop()
