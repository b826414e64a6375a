# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: what espcapd and its capture broker take from a configuration that has changed, and what they leave."""

import json
import os
import time

import pytest

import espcapd
from espcapd import payloads, sent
from espcapd_fixtures import no_daemon_is_left, one_daemon, one_redis, open_folder  # noqa: F401 (fixtures)


def captured(daemon, count, **members):
    """What a capture of all that is sent to two ports gets: this many packets."""
    number = daemon.publish(daemon.capture(packets=count, **members))
    daemon.wait_for(number, "started")
    return number


def content_of(daemon, number):
    uploaded = daemon.wait_for(number, "uploaded")[-1]
    return payloads(uploaded["url"])


def test_the_broker_enforces_the_new_policy(daemon):
    """Its mandatory filter and its maxima are those of the file, which it has read itself; what runs goes on."""
    other = espcapd.free_port()
    refused, = daemon.wait_for(daemon.publish(daemon.capture(packets=50001)), "refused")
    assert "maxpackets" in refused["reason"]
    before = captured(daemon, 4, bpf="udp dst port %d" % other)
    daemon.policy = 'bpf = "udp dst port %d"' % daemon.port
    daemon.general = "maxpackets = 60000"
    daemon.reload()
    after = captured(daemon, 50001, bpf="udp", bytes=24 + 2 * (16 + 55))
    first, daemon.port = daemon.port, other
    daemon.send(4, 100)
    daemon.port = first
    daemon.send(2)
    assert content_of(daemon, before) == sent(4, 100)
    assert content_of(daemon, after) == sent(2)


def test_requesters_come_and_go(daemon, folder, redis):
    key = b"0123456789abcdef0123456789abcdef"
    # As one of the user espcapd runs as, to read again.
    path = os.path.join(folder, "noc.key")
    with open(path, "wb") as target:
        target.write(key)
    os.chmod(path, 0o600)
    os.chown(path, 65534, 65534)

    def ask(**more):
        now = int(time.time())
        asked = {"id": redis.new_name("signed"), **daemon.capture(packets=2), "issued": now, "expires": now + 60,
                 "nonce": redis.new_name("nonce"), **more}
        daemon.publish(espcapd.signed(asked, "noc", key))
        return asked["id"]

    daemon.publish(espcapd.signed({}, "noc", key))
    daemon.until(lambda: any(line["result"] == "refused" for line in daemon.results.lines), "a refusal")
    requesters = ['[[policy.requester]]\nname = "%s"\nkeyfile = "%s"\nbpf = "udp dst port %d"\n' % (name, path, port)
                  for name, port in (("other", 1), ("noc", daemon.port))]
    daemon.more = "".join(requesters)
    daemon.reload()
    running = ask(bpf="udp", packets=3)
    daemon.wait_for(running, "started")
    # Another one comes before it, and with it another grant of the broker.
    daemon.more = requesters[1] + requesters[0]
    daemon.reload()
    second = ask(bpf="udp")
    daemon.wait_for(second, "started")
    daemon.more = ""
    daemon.reload()
    daemon.send(3)
    assert content_of(daemon, running) == sent(3) and content_of(daemon, second) == sent(2)
    count = len([line for line in daemon.results.lines if line["result"] == "refused"])
    ask()
    daemon.until(lambda: len([line for line in daemon.results.lines if line["result"] == "refused"]) > count, "a refusal")


def test_destinations_and_results(daemon, folder, redis):
    """A delivery that waits for a folder goes to that of the new file; results to the new channel."""
    os.rename(daemon.files, daemon.files + ".away")
    number = captured(daemon, 2)
    daemon.send(2)
    daemon.wait_for(number, "finished")
    daemon.until(lambda: "attempt 1" in daemon.messages, "an attempt")
    daemon.files = os.path.join(folder, "others")
    os.mkdir(daemon.files)
    os.chmod(daemon.files, 0o777)
    channel, kept = daemon.channel + "-moved", daemon.configuration
    daemon.configuration = lambda: kept().replace('"%s-results"' % daemon.channel, '"%s"' % channel)
    daemon.results = espcapd.Results(redis, channel)
    daemon.reload()
    assert content_of(daemon, number) == sent(2) and len(daemon.local_files()) == 1
    # A destination that is configured now.
    refused, = daemon.wait_for(daemon.publish(daemon.capture(destinations=["cloudshark"])), "refused")
    assert "not configured" in refused["reason"]
    daemon.more = '[cloudshark]\nupload = true\nhost = "127.0.0.1"\nport = 1\nscheme = "http"\ntoken = "0123456789abcdef"\n'
    daemon.reload()
    number = captured(daemon, 1, destinations=["cloudshark"])
    daemon.send(1)
    daemon.until(lambda: "%s#0: cloudshark: attempt 1" % number in daemon.messages, "an attempt")
    daemon.more = ""
    daemon.reload()


def test_listeners(daemon, redis):
    """What was accepted from a listener that changes goes on; the new one hears."""
    stream = daemon.channel + "-stream"
    daemon.until(lambda: redis.call("EXISTS", stream) == 1, "a stream")
    entry = redis.call("XADD", stream, "*", "request", json.dumps(daemon.capture(packets=2))).decode()
    number = "redis:%s/%s" % (stream, entry)
    daemon.wait_for(number, "started")
    old, results, kept = daemon.channel, daemon.channel + "-results", daemon.configuration
    daemon.channel += "-other"
    # The same stream, and the same results.
    daemon.configuration = lambda: kept().replace(daemon.channel + "-stream", stream).replace(
        daemon.channel + "-results", results)
    daemon.reload()
    daemon.until(lambda: redis.subscribers(daemon.channel) == 1 and redis.subscribers(old) == 0, "another subscriber")
    # It is given again by the stream, and is known.
    daemon.wait_for(number, "already")
    daemon.until(lambda: redis.call("XPENDING", stream, "espcapd-sensor1")[0] == 0, "an acknowledgement")
    second = captured(daemon, 2)
    daemon.send(2)
    assert content_of(daemon, number) == content_of(daemon, second) == sent(2)
    # None, and one again.
    listen, line = daemon.configuration, 'channel = "%s"\n' % daemon.channel
    daemon.configuration = lambda: listen().replace(line, "")
    daemon.reload()
    daemon.until(lambda: redis.subscribers(daemon.channel) == 0, "no subscriber")
    daemon.configuration = listen
    daemon.reload()
    daemon.until(lambda: redis.subscribers(daemon.channel) == 1, "a subscriber")


def test_look_back(folder, redis):
    """Packets in memory are those that the new policy allows; a capture that began with old ones goes on."""
    # Other traffic of the machine would push packets out of memory.
    daemon = espcapd.Daemon(folder, redis, 'bpf = "udp"', more='[[interface]]\nname = "lo"\nlookback = "1M"\n')
    other = espcapd.free_port()

    def rewound(**more):
        return captured(daemon, 4, bpf="udp and (dst port %d or dst port %d)" % (daemon.port, other), before=30, **more)

    time.sleep(0.5)
    daemon.send(2)
    running = rewound()
    daemon.policy = 'bpf = "udp and not dst port %d"' % other
    daemon.reload()
    time.sleep(0.5)
    first, daemon.port = daemon.port, other
    daemon.send(2, 100)
    daemon.port = first
    assert content_of(daemon, running) == sent(2) + sent(2, 100)
    after = rewound()
    daemon.send(4, 200)
    assert content_of(daemon, after) == sent(4, 200)
    # A policy that leaves it alone leaves the packets, too.
    daemon.general = "maxpackets = 100"
    daemon.reload()
    kept = captured(daemon, 3, before=30, bpf="udp dst port %d" % daemon.port)
    assert content_of(daemon, kept) == sent(3, 200)
    daemon.stop()


@pytest.mark.parametrize("change, says", [
    ('bpf = "udp dst prt 5"\n', "[policy] bpf: "),
    ('[[policy.requester]]\nname = "x"\nkeyfile = "/nonexistent"\n', "/nonexistent"),
    ('[index]\nprogram = ""\n', "line "),
    ("owner", "can be changed by the user that espcapd runs as"),
    ("folder", "can be changed by the user that espcapd runs as"),
    ("gone", "No such file or directory"),
])
def test_what_changes_nothing(daemon, change, says):
    """All of it stays, also what is right in the file."""
    path = os.path.join(daemon.folder, "espcapd.toml")
    daemon.general = "maxcaptures = 1"
    if change == "owner":
        os.chown(path, 65534, 65534)
    elif change == "folder":
        os.chmod(daemon.folder, 0o777)
    elif change == "gone":
        daemon.write_configuration = lambda: os.path.exists(path) and os.unlink(path)
    else:
        daemon.policy = change
    said = daemon.reload("stays as it was")
    assert says in said, said
    numbers = [captured(daemon, 1), captured(daemon, 1)]
    daemon.send(1)
    for number in numbers:
        assert content_of(daemon, number) == sent(1)


def test_what_needs_a_restart(daemon):
    """It is named, and the rest holds."""
    kept = daemon.configuration
    daemon.configuration = lambda: kept().replace('node = "sensor1"', 'node = "sensor2"').replace("/state", "/elsewhere")
    daemon.general = "maxcaptures = 1"
    daemon.more = '[metrics]\nfile = "%s/m.prom"\n' % daemon.folder
    said = daemon.reload("restart espcapd")
    assert "but for [general] node, [general] spool, [metrics] file: restart espcapd for these" in said, said
    number = captured(daemon, 1)
    assert "maxcaptures = 1" in daemon.wait_for(daemon.publish(daemon.capture()), "busy")[0]["reason"]
    daemon.send(1)
    assert content_of(daemon, number) == sent(1) and not os.path.exists(daemon.folder + "/elsewhere")
