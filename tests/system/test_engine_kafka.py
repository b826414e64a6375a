# SPDX-License-Identifier: BSD-2-Clause
"""scripts/engine kafka: brokers of two versions, a cluster that loses a node, and users with passwords and tickets."""

import os
import subprocess

import pytest

import engines
import kafka

# For a client that must be refused: it would try for ever.
PATIENCE = 20


def kcat(properties, *words, given=b"", env=None):
    """kcat to its end, or for as long as is worth waiting."""
    command = ["kcat", "-b", properties["bootstrap.servers"], *kafka.options(properties), *words]
    try:
        return subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, check=False, env=env)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, None, late.stdout or b"", late.stderr or b"")
    except FileNotFoundError:
        pytest.skip("kcat is not installed")


def send(properties, topic, text, **keywords):
    return kcat(properties, "-P", "-t", topic, given=text, **keywords)


def receive(properties, topic, **keywords):
    return kcat(properties, "-C", "-t", topic, "-e", "-q", **keywords)


def listeners(pids):
    """Addresses on which these processes listen."""
    text = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    return [line.split()[3] for line in text.splitlines() if any("pid=%d," % pid in line for pid in pids)]


def test_from_start_to_stop():
    with kafka.running(own=True, settings={"auto.create.topics.enable": "false"}) as brokers:
        assert os.stat("/proc/%d" % brokers.pid).st_uid != 0
        assert {address.rsplit(":", 1)[0] for address in listeners(engines.carriers(brokers.instance))} == {"127.0.0.1"}
        topic = brokers.create_topic(partitions=2)
        assert send(brokers.properties(), topic, b"one\ntwo\n").returncode == 0
        assert sorted(receive(brokers.properties(), topic).stdout.split()) == [b"one", b"two"]
        assert b"Unknown topic" in kcat(brokers.properties(), "-L", "-t", "packets-missing").stdout

        group = kcat(brokers.properties(), "-X", "auto.offset.reset=earliest", "-e", "-q", "-G", "espcap", topic)
        assert sorted(group.stdout.split()) == [b"one", b"two"], group
        assert sum(brokers.committed("espcap", topic).values()) == 2

        brokers.kill9()
        assert brokers.action("status").returncode == 1
        brokers.restart()
        assert sorted(message.value for message in brokers.consume(topic)) == [b"one", b"two"]
        assert "runs already" in brokers.action("start").stdout
        assert brokers.action("start", "--topic=%s:3" % topic, "--topic=packets-new:3").returncode == 0
        assert (len(brokers.partitions(topic)), len(brokers.partitions("packets-new"))) == (2, 3)
    assert engines.carriers(brokers.instance) == [] and not os.path.exists(brokers.data)


def test_a_node_of_three_dies_and_comes_back():
    with kafka.running(own=True, nodes=3) as brokers:
        topic = brokers.create_topic(copies=3)
        brokers.produce(topic, [(b"k", b"before")])
        node = brokers.partitions(topic)[0].leader
        others = [pid for pid in brokers.pids if pid != brokers.pids[node - 1]]
        brokers.kill9(node)
        assert brokers.action("status").returncode == 1
        brokers.produce(topic, [(b"k", b"meanwhile")])
        assert brokers.partitions(topic)[0].leader != node

        assert brokers.action("start", "--node=4").returncode == 1
        brokers.start_node(node)
        assert [pid for pid in brokers.pids if pid in others] == others
        kafka.wait_until(lambda: sorted(brokers.partitions(topic)[0].isrs) == [1, 2, 3])

        brokers.stop_node(node)
        assert brokers.pids[node - 1] == 0 and brokers.is_alive()
        brokers.produce(topic, [(b"k", b"after")])
        assert [message.value for message in brokers.consume(topic)] == [b"before", b"meanwhile", b"after"]
    assert engines.carriers(brokers.instance) == []


@pytest.fixture(scope="module", params=kafka.NAMES)
def guarded(request):
    with kafka.running(request.param, own=True, secure=True, kerberos=True) as brokers:
        brokers.create_topic(name="packets")
        brokers.create_topic(name="other")
        assert len(engines.carriers(brokers.instance)) == 2
        yield brokers
    # The KDC has gone, too.
    assert engines.carriers(brokers.instance) == []


def test_what_the_helper_says_of_topics(guarded):
    topic = guarded.create_topic(partitions=2, max_message_bytes=5000)
    headers = [("espcap", b"1 x"), ("empty", b"")]
    guarded.produce(topic, [(b"k1", b"a", 1, headers), (None, b"", 0), (b"k2", b"b", 1)])
    assert guarded.consume(topic) == [
        (None, b"", [], 0, 0), (b"k1", b"a", headers, 1, 0), (b"k2", b"b", [], 1, 1)]
    assert guarded.ends(topic) == {0: (0, 1), 1: (0, 2)} and guarded.count(topic) == 3
    assert guarded.committed("espcap", topic) == {}
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        guarded.produce(topic, [(b"k", os.urandom(6000), 0)])
    guarded.alter_topic(topic, max_message_bytes=7000)
    guarded.produce(topic, [(b"k", os.urandom(6000), 0)])
    guarded.expire(topic)
    assert guarded.ends(topic) == {0: (2, 2), 1: (2, 2)} and guarded.consume(topic) == []
    guarded.produce(topic, [(b"k", b"kept", 0)])
    assert [message.offset for message in guarded.consume(topic)] == [2]
    guarded.add_partitions(topic, 3)
    assert sorted(guarded.partitions(topic)) == [0, 1, 2]
    guarded.delete_topic(topic)
    kafka.wait_until(lambda: guarded.partitions(topic) == {})


def test_passwords(guarded):
    sensor, worker = guarded.properties("sensor"), guarded.properties("worker")
    assert send(sensor, "packets", b"by password\n").returncode == 0
    assert b"by password\n" in receive(worker, "packets").stdout
    wrong = send(guarded.properties("sensor", password="wrong"), "packets", b"wrong\n")
    assert wrong.returncode != 0 and b"Authentication fail" in wrong.stderr, wrong
    stranger = send({**sensor, "ssl.ca.location": "/dev/null"}, "packets", b"wrong\n")
    assert stranger.returncode != 0 and b"ssl.ca.location" in stranger.stderr + stranger.stdout, stranger
    for path in [guarded.passwords] + [guarded.password_file(user) for user in ("admin", "sensor", "worker")]:
        assert os.stat(path).st_mode & 0o077 == 0


def test_rights(guarded):
    sensor, worker = guarded.properties("sensor"), guarded.properties("worker")
    denied = b"Topic authorization failed"
    assert denied in send(sensor, "other", b"wrong\n").stderr
    assert denied in receive(sensor, "packets").stderr
    assert denied in send(worker, "packets", b"wrong\n").stderr
    group = kcat(worker, "-e", "-q", "-G", "other", "packets")
    assert b"Group authorization failed" in group.stderr, group
    assert [message.value for message in guarded.consume("other")] == []


def test_tickets(guarded, tmp_path):
    env = guarded.environment(tmp_path)
    sensor, worker = guarded.ticket_properties("sensor"), guarded.ticket_properties("worker")
    # Before anybody has one.
    none = send({**sensor, "sasl.kerberos.kinit.cmd": "true"}, "packets", b"wrong\n", env=env)
    assert none.returncode != 0 and b"No Kerberos credentials available" in none.stderr, none
    assert send(sensor, "packets", b"by ticket\n", env=env).returncode == 0
    os.unlink(tmp_path / "tickets")
    received = receive(worker, "packets", env=env)
    assert b"by ticket\n" in received.stdout and b"wrong" not in received.stdout, received
    assert b"Topic authorization failed" in send(worker, "packets", b"wrong\n", env=env).stderr


def test_a_broker_that_cannot_start_says_why():
    done = engines.engine("kafka", "start", "--instance=wrong", "--port=auto", "--set", "log.retention.hours=never")
    status = engines.engine("kafka", "status", "--instance=wrong")
    engines.engine("kafka", "stop", "--instance=wrong", "--remove")
    if done.returncode == engines.UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1 and "log.retention.hours" in done.stderr, done
    assert status.returncode == 3
