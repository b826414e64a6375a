# SPDX-License-Identifier: BSD-2-Clause
"""The unit espcap-kafka@.service and its configuration file."""

import os
import re
import signal
import subprocess

import pytest

import espcap
import kafka
import transfers
import units
from conftest import needs_root
from test_kafka_metrics import folder  # noqa: F401 (a fixture)
from transfers import brokers  # noqa: F401 (a fixture)

CONF = os.path.join(os.path.dirname(espcap.PROGRAM), "conf")
UNIT, EXAMPLE = (os.path.join(CONF, name) for name in ("espcap-kafka@.service", "espcap-kafka.conf"))


def read(path):
    if not os.path.exists(path):
        pytest.skip("%s is not there: espcap was not built here" % path)
    with open(path, encoding="utf-8") as source:
        return source.read()


def settings():
    """A list for each, with lines that go on put together."""
    found = {}
    for line in re.sub(r"\\\n\s*", "", read(UNIT)).split("\n"):
        if line and not line.startswith(("#", "[")):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def command():
    """The words of ExecStart for eth0, without further options."""
    return settings()["ExecStart"][0].replace("%i", "eth0").replace("%t", "/run").replace("$ESPCAP_KAFKA_OPTIONS", "").split()


def test_unit_fits_the_program():
    program, *options = command()
    assert os.path.basename(program) == "espcap-kafka"
    assert options[0].startswith("--config=/") and options[0].endswith("/espcap/espcap-kafka.conf")
    known = transfers.run(None, "--help").stdout.decode()
    for option in options:
        assert "  %s" % option.split("=")[0] in known, option
    found = settings()
    # Numbers of the contract: 2 is usage.
    assert found["RestartPreventExitStatus"] == ["2"] and found["Restart"] == ["on-failure"]
    assert found["Type"] == ["notify"] and found["KillMode"] == ["mixed"] and found["LimitCORE"] == ["0"]
    assert found["AmbientCapabilities"] == found["CapabilityBoundingSet"] == ["CAP_NET_RAW"]
    # What the fence around files is made of.
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= \
        set(found["SystemCallFilter"][0].split())


def test_unit_pleases_systemd(tmp_path):
    units.verify(tmp_path / "espcap-kafka@eth0.service", read(UNIT).replace(command()[0], transfers.PROGRAM))


def test_example(tmp_path):
    """As it is, and with all that stands there as a comment."""
    text = read(EXAMPLE)
    assert "@sysconfdir@" not in text
    password = tmp_path / "password"
    password.write_text("hunter2\n")
    text = re.sub(r"(sasl.password=@).*", r"\g<1>%s" % password, text)
    all_of_it, count = re.subn(r"^#(?=[a-z-]+ = )", "", text, flags=re.MULTILINE)
    assert count > 10 and "\nkafka-topic = pcap\n" in text
    for lines in (text, all_of_it):
        path = tmp_path / "conf"
        path.write_text(lines)
        path.chmod(0o600)
        result = transfers.run(None, "--config", path, "--producer", "--interface=none-of-them0", code=2)
        assert "none-of-them0" in result.lines[-1] and not any(re.search(r"conf:\d+: ", line) for line in result.lines), result


@needs_root
def test_rights_of_the_unit_are_enough(brokers, folder):
    """Another user with the one capability captures, and the fence stands."""
    topic = brokers.create_topic()
    path = os.path.join(folder, "conf")
    with open(path, "w", encoding="ascii") as target:
        target.write("kafka-broker = %s\nkafka-topic = %s\nbpf = udp port 9\nlog-level = DEBUG\n" % (brokers.address, topic))
    os.chmod(path, 0o644)
    process = transfers.start(
        None, "--config", path, "--producer", "--interface=lo", "--metrics", os.path.join(folder, "kafka-lo.prom"), prefix=[
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all,+net_raw",
            "--bounding-set=-all,+net_raw", "--ambient-caps=+net_raw"])
    lines = transfers.wait_for_line(process, "Starting packet capture")
    subprocess.run(["bash", "-c", "echo x >/dev/udp/127.0.0.1/9"], check=True)
    kafka.wait_until(lambda: brokers.count(topic) == 1)
    process.send_signal(signal.SIGTERM)
    result = transfers.finish(process)
    assert result.code == 0 and transfers.counts(result)["delivered"] == 1
    assert any("sandbox: files (Landlock" in line for line in lines)
    assert os.path.exists(os.path.join(folder, "kafka-lo.prom"))
