# SPDX-License-Identifier: BSD-2-Clause
"""What a Kafka client that a broker has taken over can do: client_probe.c, which librdkafka loads as a plugin, tries it."""

import errno
import os
import re
import shutil
import subprocess
import tempfile

import pytest

import espcap
import transfers
from conftest import needs_root

HERE = os.path.dirname(os.path.abspath(__file__))
NOWHERE = "127.0.0.1:9"


@pytest.fixture(scope="module")
def probe():
    """The plugin, where all users find it; it goes where nobody else needs to look."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "probe.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", path, os.path.join(HERE, "client_probe.c")], check=True)
    yield path
    shutil.rmtree(folder)


@pytest.fixture
def place():
    """A folder with a file, which all users may read and change."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o777)
    for name in ("secret", "victim"):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii"):
            pass
        os.chmod(path, 0o666)
    yield folder
    shutil.rmtree(folder)


def tries(probe, place, *arguments, prefix=()):
    """How each try of the probe ended, and what else was said."""
    environment = {**espcap.ENVIRONMENT, "PROBE_FOLDER": place, "PROBE_VICTIM": os.path.join(place, "victim")}
    # A mistake after it ends the run.
    result = transfers.finish(transfers.start(
        None, "--producer", "-k", NOWHERE, "-t", "t", "-r", transfers.capture("http.pcap"), "--log-level=DEBUG",
        "-X", "plugin.library.paths=" + probe, "-X", "no.such=1", *arguments, environment=environment, prefix=prefix))
    assert result.code == 2, result.lines
    found = {name: int(value) for name, value in re.findall(r"^probe (\w+) (\d+)$", "\n".join(result.lines), re.MULTILINE)}
    assert len(found) == 12, result.lines
    return found, result.lines


def landlock(lines):
    """Whether this kernel has it, as the program says."""
    said, = [line for line in lines if "sandbox: files (Landlock" in line]
    return said.endswith(": active")


def test_files_are_out_of_reach(probe, place):
    found, lines = tries(probe, place)
    if not landlock(lines):
        pytest.skip("this kernel has no Landlock")
    assert {name: found[name] for name in ("read", "list", "write", "make", "remove", "child")} == dict.fromkeys(
        ("read", "list", "write", "make", "remove", "child"), errno.EACCES)
    assert sorted(os.listdir(place)) == ["secret", "victim"]
    # What it needs.
    assert (found["names"], found["program"], found["connect"]) == (0, 0, 0)


def test_privileges_are_gone(probe, place):
    """Also without a sandbox."""
    for arguments in ([], ["--no-sandbox"]):
        found, _ = tries(probe, place, *arguments)
        assert (found["root"], found["no_new_privs"], found["capabilities"]) == (errno.EPERM, 1, 0)


def test_tries_are_real(probe, place):
    found, lines = tries(probe, place, "--no-sandbox")
    for name in ("read", "list", "write", "make", "remove", "child"):
        assert found[name] == 0, name
    assert any("--no-sandbox: " in line for line in lines)
    assert sorted(os.listdir(place)) == ["new", "secret"]


@needs_root
def test_as_another_user(probe, place):
    """The same without root, and with the one right to capture."""
    found, lines = tries(probe, place, prefix=[
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+net_raw",
        "--ambient-caps=+net_raw"])
    assert (found["root"], found["no_new_privs"], found["capabilities"]) == (errno.EPERM, 1, 0)
    if landlock(lines):
        assert found["read"] == found["make"] == errno.EACCES


def test_named_files_are_in_reach(probe, place):
    """What a property names is read: a certificate, say."""
    found, lines = tries(probe, place, "-X", "ssl.ca.location=" + os.path.join(place, "secret"))
    assert found["read"] == 0
    if landlock(lines):
        assert found["write"] == errno.EACCES and found["list"] == errno.EACCES
