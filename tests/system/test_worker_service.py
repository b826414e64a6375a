# SPDX-License-Identifier: BSD-2-Clause
"""The unit espcap-worker@.service and its configuration file."""

import os
import re

import pytest

import espcap
import units

CONF = os.path.join(os.path.dirname(espcap.PROGRAM), "conf")
UNIT, EXAMPLE = (os.path.join(CONF, name) for name in ("espcap-worker@.service", "worker.conf"))


def read(path):
    if not os.path.exists(path):
        pytest.skip("%s is not there: espcap was not built here" % path)
    with open(path, encoding="utf-8") as source:
        return source.read()


def command():
    """The words of ExecStart without further options."""
    text = re.sub(r"\\\n\s*", "", read(UNIT))
    line, = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    return line.replace("%i", "1").replace("%t", "/run").replace("%S", "/var/lib").replace("$ESPCAP_WORKER_OPTIONS", "").split()


def test_unit_fits_the_program():
    program, *options = command()
    assert os.path.basename(program) == "espcap"
    assert options[0].startswith("--config=/") and options[0].endswith("/espcap/worker.conf")
    known = espcap.run("--help=all").output.decode()
    for option in options:
        assert "  %s=" % option.split("=")[0] in known, option


def test_unit_pleases_systemd(tmp_path):
    units.verify(tmp_path / "espcap-worker@1.service", read(UNIT).replace(command()[0], espcap.PROGRAM))


def test_example(tmp_path):
    """As it is, and with all that stands there as a comment: an option of the command line is what is wrong."""
    text = read(EXAMPLE)
    assert "@sysconfdir@" not in text
    all_of_it, count = re.subn(r"^#(?=[a-z-]+ = )", "", text, flags=re.MULTILINE)
    assert count > 10 and "\nkafka = localhost:9092\n" in text
    for lines in (text, all_of_it):
        path = tmp_path / "conf"
        path.write_text(lines)
        path.chmod(0o600)
        result = espcap.run("--config", str(path), "--display-filter=no such filter")
        assert result.code == 2 and not re.search(r"conf:\d+: ", result.errors), result.errors
        assert "no such filter" in result.errors or "password" in result.errors, result.errors
