# SPDX-License-Identifier: BSD-2-Clause
"""What espcapd accepted and could not capture or keep: each such capture has a record in the dead letter folder."""

import json
import os
import signal
import subprocess

import pytest

import espcapd
from espcapd import payloads, sent
from espcapd_fixtures import no_daemon_is_left, one_daemon, one_redis, open_folder  # noqa: F401 (fixtures)


@pytest.fixture(name="disk")
def small_disk(folder):
    disk = espcapd.Disk(os.path.join(folder, "state"), 1 << 20)
    if not disk.is_mounted:
        pytest.skip("no mount here")
    yield disk
    espcapd.Daemon.end_all()
    disk.end()


def records(daemon):
    """The dead letter folder: reason, request and captured bytes of each record."""
    found = []
    for path in daemon.dead():
        if not path.endswith(".json"):
            continue
        with open(path, encoding="utf-8") as source:
            record = json.loads(source.read().split("\n", 1)[1])
        found.append((record["facts"]["id"], record["reason"], record["bytes"]))
        assert all(way["state"] == "failed" for way in record["destinations"].values()) and record["destinations"]
    return found


def states(daemon, number):
    with open(daemon.spool + "/journal", encoding="ascii") as lines:
        words = [line.split() for line in lines]
    return [line[4] for line in words if line[1:3] == ["capture", number]]


def check_record(daemon, number, says):
    daemon.until(lambda: records(daemon) != [], "a record")
    (of, reason, size), = records(daemon)
    assert of == number and says in reason and size == 0, reason
    daemon.until(lambda: states(daemon, number) == ["failed"], "a line in the journal")
    assert daemon.local_files() == []


@pytest.mark.parametrize("bpf", ["port and and", "wlan addr1 00:00:5e:00:53:01", "vlan 1 and fddi"])
def test_a_filter_that_libpcap_refuses(daemon, bpf):
    number = daemon.publish(daemon.capture(bpf=bpf))
    failed, = daemon.wait_for(number, "failed")
    check_record(daemon, number, failed["reason"])
    assert failed["reason"].startswith("bpf: ")


def broker_of(daemon):
    """The resident process: the child that is still root, or keeps the right to capture."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/status" % name, encoding="ascii") as source:
                status = dict(line.split(":\t", 1) for line in source.read().splitlines() if ":\t" in line)
        except (OSError, ValueError):
            continue
        if int(status["PPid"]) == daemon.process.pid and int(status["CapEff"], 16) & 1 << 13:
            found.append(int(name))
    return found[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes an interface")
def test_an_interface_that_goes_before_the_start(folder, redis):
    made = subprocess.run(["ip", "link", "add", "espd0", "type", "veth", "peer", "name", "espd1"], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("no interface can be made here")
    try:
        for name in ("espd0", "espd1"):
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        daemon = espcapd.Daemon(folder, redis, more='[[interface]]\nname = "espd0"\n', policy='')
        daemon.stop()
        daemon.configuration = lambda kept=daemon.configuration: kept().replace('interfaces = ["lo"]', 'interfaces = ["espd0"]')
        daemon.start()
        broker = broker_of(daemon)
        os.kill(broker, signal.SIGSTOP)
        number = daemon.publish(daemon.capture(interface=["espd0"]))
        daemon.wait_for(number, "accepted")
    finally:
        subprocess.run(["ip", "link", "del", "espd0"], check=True)
    os.kill(broker, signal.SIGCONT)
    failed, = daemon.wait_for(number, "failed")
    check_record(daemon, number, failed["reason"])
    daemon.stop()


def test_the_broker_is_killed(daemon):
    numbers = [daemon.publish(daemon.capture(bpf=bpf)) for bpf in ("udp dst port %d" % daemon.port, "")]
    for number in numbers:
        daemon.wait_for(number, "started")
    os.kill(broker_of(daemon), signal.SIGKILL)
    assert daemon.process.wait(espcapd.LIMIT) == 1
    assert sorted(record[0] for record in records(daemon)) == sorted(numbers)
    assert [states(daemon, number) for number in numbers] == [["failed"]] * 2


def set_read_only(daemon, is_read_only):
    for name in ("spool", "dead"):
        os.chmod(os.path.join(daemon.spool, name), 0o500 if is_read_only else 0o700)


@pytest.mark.parametrize("how", ["read-only", "gone", "at its bound"])
def test_a_spool_that_cannot_be_written(folder, redis, how):
    """The record goes where there is room for it, or waits for that."""
    daemon = espcapd.Daemon(folder, redis, general='spoolmax = 1000' if how == "at its bound" else "")
    number = daemon.publish(daemon.capture(packets=20))
    daemon.wait_for(number, "started")
    if how == "read-only":
        set_read_only(daemon, True)
    elif how == "gone":
        os.unlink(daemon.spool + "/spool/lock")
        os.rmdir(daemon.spool + "/spool")
    daemon.send(20)
    failed, = daemon.wait_for(number, "failed")
    assert failed["reason"].startswith("the capture cannot be spooled: ")
    if how == "read-only":
        daemon.until(lambda: "that cannot be recorded" in daemon.messages, "a message")
        assert records(daemon) == []
        set_read_only(daemon, False)
    check_record(daemon, number, failed["reason"])
    daemon.stop()
    daemon.start()
    daemon.stop()
    assert len(records(daemon)) == 1 and daemon.results.kinds(number).count("failed") == 1


@pytest.mark.parametrize("end", [None, "kill", "stop"])
def test_a_full_disk(folder, redis, disk, end):
    """Neither capture nor record has room: the record is written as soon as there is, by this run or the next."""
    daemon = espcapd.Daemon(folder, redis)
    number = daemon.publish(daemon.capture(packets=500, timeout=60))
    daemon.wait_for(number, "started")
    daemon.send(100)
    disk.fill()
    if end == "stop":
        daemon.stop()
    else:
        daemon.publish({"node": "sensor1", "cancel": number})
    failed, = daemon.wait_for(number, "failed")
    assert "No space left on device" in failed["reason"]
    assert records(daemon) == [] and "that cannot be recorded" in daemon.messages
    if end == "kill":
        daemon.kill()
    disk.empty()
    if end is None:
        check_record(daemon, number, failed["reason"])
        again = daemon.publish(daemon.capture(packets=2))
        daemon.wait_for(again, "started")
        daemon.send(2)
        daemon.wait_for(again, "uploaded")
        assert payloads(daemon.local_files()[0]) == sent(2)
    else:
        daemon.start()
        check_record(daemon, number, "interrupted")
    daemon.stop()
