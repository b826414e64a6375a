# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka with passwords and tickets against real brokers: what works, what is borne, and what is given up on."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import espcap
import kafka
import transfers
from transfers import capture

MISSING = "Topic authorization failed"
OLDEST = pytest.mark.parametrize("guarded", kafka.NAMES[:1], indirect=True)


@pytest.fixture(scope="module", params=kafka.NAMES)
def guarded(request):
    with kafka.running(request.param, secure=True, kerberos=request.param != kafka.NEWEST) as found:
        yield found


class User:
    """Brokers as one user sees them, for transfers."""

    def __init__(self, brokers, name, password=None):
        self.brokers, self.name, self.given = brokers, name, password
        self.address = brokers.address

    def properties(self):
        return self.brokers.properties(self.name, password=self.given)


def grant(brokers, user, topic):
    """The right to write to a topic."""
    from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
    right = AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:" + user, "*", AclOperation.WRITE,
                       AclPermissionType.ALLOW)
    for done in brokers.admin().create_acls([right]).values():
        done.result(kafka.LIMIT)


def revoke(brokers, user, topic):
    from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
    right = AclBindingFilter(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:" + user, "*", AclOperation.WRITE,
                             AclPermissionType.ALLOW)
    for done in brokers.admin().delete_acls([right]).values():
        assert len(done.result(kafka.LIMIT)) == 1


def gave_up(result, text):
    """It bore the refusal for --retry-for, said so, and said no secret."""
    lines = [line for line in result.lines if "given up after" in line and "--retry-for" in line]
    assert len(lines) == 1 and text in lines[0], result.lines
    assert sum("Kafka refuses, trying again" in line for line in result.lines) == 1
    return result


def test_there_and_back(guarded):
    topic = guarded.create_topic(partitions=3)
    result = transfers.produce(User(guarded, "sensor"), topic, "--file", capture("http.pcap"))
    assert transfers.counts(result)["delivered"] == 57
    assert not any(guarded.password("sensor") in line for line in result.lines)
    worker = User(guarded, "worker")
    options = ("-o", "stored", "-X", "group.id=espcap-%s" % topic)
    result = transfers.consume(worker, topic, *options)
    assert len(transfers.read_pcap(result.stdout)[2]) == 57
    assert transfers.read_pcap(transfers.consume(worker, topic, *options).stdout)[2] == []
    # No right to a group is needed where nothing is stored.
    result = transfers.consume(worker, topic, "-X", "group.id=other")
    assert len(transfers.read_pcap(result.stdout)[2]) == 57 and not any("WARNING" in line and "roup" in line for line in result.lines)


def test_wrong_password(guarded):
    topic = guarded.create_topic()
    stranger = User(guarded, "sensor", password="not-this-one")
    result = gave_up(transfers.produce(stranger, topic, "--file", capture("http.pcap"), "--retry-for", "1s", code=5), "uthentication")
    assert transfers.counts(result)["captured"] == 0 and not any("not-this-one" in line for line in result.lines)
    gave_up(transfers.consume(stranger, topic, "--retry-for", "1s", code=3), "uthentication")


@OLDEST
def test_no_right(guarded):
    """Nothing is sent; neither topic nor group is waited for without end."""
    topic = guarded.create_topic()
    other = guarded.create_topic(name="others-%s" % topic)
    for user, name in (("sensor", other), ("worker", topic)):
        result = transfers.produce(User(guarded, user), name, "--file", capture("http.pcap"), "--retry-for", "1s", code=5)
        gave_up(result, "authorization failed")
        found = transfers.counts(result)
        assert found["delivered"] == 0 and found["captured"] == found["failed"] + found["dropped"]
    assert guarded.count(topic) == guarded.count(other) == 0
    guarded.produce(topic, [(transfers.key(1000), b"secret")])
    gave_up(transfers.consume(User(guarded, "sensor"), topic, "--retry-for", "1s", code=3), MISSING)
    gave_up(transfers.consume(User(guarded, "worker"), topic, "-o", "stored", "-X", "group.id=stranger", "--retry-for", "1s",
                              code=3), "Group authorization failed")


@OLDEST
def test_right_that_comes_late(guarded, tmp_path):
    """One that is granted while it is borne that it is missing: every packet once, in order."""
    packets = transfers.numbered(tmp_path / "in.pcap", 2000)
    topic = guarded.create_topic()
    other = guarded.create_topic(name="late-%s" % topic)
    runs = [(user, name, transfers.start(User(guarded, user), "--producer", "-t", name, "-r", tmp_path / "in.pcap"))
            for user, name in (("sensor", other), ("worker", topic))]
    for user, name, process in runs:
        transfers.wait_for_line(process, "Kafka refuses, trying again")
        grant(guarded, user, name)
    for user, name, process in runs:
        result = transfers.finish(process)
        assert result.code == 0 and transfers.counts(result)["delivered"] == 2000, result
        assert [message.value for message in guarded.consume(name)] == [packet.data for packet in packets]
        revoke(guarded, user, name)


@OLDEST
def test_right_that_goes_and_comes_back(guarded, tmp_path):
    """In the middle of a run: what was refused goes out again before anything else."""
    packets = transfers.numbered(tmp_path / "in.pcap", 3000)
    topic = guarded.create_topic()
    other = guarded.create_topic(name="between-%s" % topic)
    with open(tmp_path / "in.pcap", "rb") as file:
        data = file.read()
    middle = 24 + sum(16 + len(packet.data) for packet in packets[:1000])
    grant(guarded, "sensor", other)
    process = transfers.start(User(guarded, "sensor"), "--producer", "-t", other, "-r", "-", stdin=subprocess.PIPE)
    process.stdin.write(data[:middle])
    process.stdin.flush()
    kafka.wait_until(lambda: guarded.count(other) == 1000)
    revoke(guarded, "sensor", other)
    process.stdin.write(data[middle:])
    process.stdin.close()
    process.stdin = None
    transfers.wait_for_line(process, "Kafka refuses, trying again")
    time.sleep(1.5)
    grant(guarded, "sensor", other)
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == 3000, result
    assert any("Kafka answers again" in line for line in result.lines)
    assert [message.value for message in guarded.consume(other)] == [packet.data for packet in packets]
    revoke(guarded, "sensor", other)


# ---- Kerberos


@pytest.fixture(name="folder")
def folder_of_nobody(guarded):
    """Keytabs and tickets where the program can use them: it is not root any more then."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o777)
        for user in ("sensor", "worker"):
            shutil.copy(guarded.keytab(user), path)
            os.chmod(os.path.join(path, user + ".keytab"), 0o644)
        yield path


def by_ticket(guarded, folder, user, *arguments, **more):
    """As the seeds have it, with three properties."""
    environment = {**espcap.ENVIRONMENT, **{name: value for name, value in guarded.environment(folder).items() if "KRB5" in name}}
    properties = {"security.protocol": "SASL_PLAINTEXT", "sasl.kerberos.keytab": "%s/%s.keytab" % (folder, user),
                  "sasl.kerberos.principal": "%s@%s" % (user, kafka.REALM), **more.pop("properties", {})}
    return transfers.start(guarded.kerberos_address, *arguments, *kafka.options(properties), environment=environment)


def finished(process, code=0):
    result = transfers.finish(process)
    assert result.code == code, result
    return result


@OLDEST
def test_tickets(guarded, folder):
    topic = guarded.create_topic(partitions=2)
    result = finished(by_ticket(guarded, folder, "sensor", "-p", "-t", topic, "-r", capture("http.pcap")))
    assert transfers.counts(result)["delivered"] == 57
    os.unlink(folder + "/tickets")
    result = finished(by_ticket(guarded, folder, "worker", "-c", "-t", topic, "--exit-at-end"))
    assert len(transfers.read_pcap(result.stdout)[2]) == 57
    # The ticket is that of the worker: it may not write.
    gave_up(finished(by_ticket(guarded, folder, "worker", "-p", "-t", topic, "-r", capture("ntp.pcap"), "--retry-for", "1s"), 5),
            "authorization failed")


@OLDEST
def test_ticket_that_is_over(guarded, folder):
    """Without a new one it is given up on; the client gets one if it may."""
    topic = guarded.create_topic()
    kinit = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "kinit", "-l", "2s", "-k", "-t",
             folder + "/sensor.keytab", "sensor@" + kafka.REALM]
    if os.geteuid() != 0:
        kinit = kinit[4:]
    subprocess.run(kinit, check=True, env=guarded.environment(folder))
    os.chmod(folder + "/tickets", 0o666)
    time.sleep(3)
    arguments = ("sensor", "-p", "-t", topic, "-r", capture("http.pcap"), "--retry-for", "1s")
    result = finished(by_ticket(guarded, folder, *arguments, properties={"sasl.kerberos.kinit.cmd": "true"}), 5)
    gave_up(result, "xpired")
    assert transfers.counts(result)["captured"] == 0
    result = finished(by_ticket(guarded, folder, *arguments))
    assert transfers.counts(result)["delivered"] == 57


@OLDEST
def test_no_ticket(guarded, folder):
    """An end is prompt whatever the client waits for."""
    process = by_ticket(guarded, folder, "sensor", "-p", "-t", "packets", "-r", capture("http.pcap"),
                        properties={"sasl.kerberos.kinit.cmd": "true"})
    transfers.wait_for_line(process, "Kafka refuses, trying again")
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    result = transfers.finish(process)
    assert result.code == 128 + signal.SIGTERM and time.monotonic() - begin < 4
