# SPDX-License-Identifier: BSD-2-Clause
"""scripts/quickstart in a tree of its own, with stand-ins for the packages of Debian and for make."""

import os
import pty
import shutil
import subprocess

import pytest

import espcap

MISSING = "libevent-dev tshark"
STAND_INS = {
    "dpkg-query": 'case " %s " in *" $4 "*) exit 1 ;; esac; echo installed\n' % MISSING,
    "apt-get": 'echo "apt-get $*" >>"$RECORD"\n',
    "sudo": 'exec "$@"\n',
    "make": 'echo "make" >>"$RECORD"\n'}


@pytest.fixture
def tree(tmp_path):
    for name in ("scripts", "build", "bin"):
        (tmp_path / name).mkdir()
    for name in ("quickstart", "install-packages"):
        shutil.copy(os.path.join(espcap.ROOT, "scripts", name), tmp_path / "scripts" / name)
    for name, script in STAND_INS.items():
        program(tmp_path / "bin" / name, script)
    program(tmp_path / "configure", "")
    program(tmp_path / "build" / "espcap", 'echo "espcap $*"\n')
    (tmp_path / "build" / "Makefile").write_text("")
    return tmp_path


def program(path, script):
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def quickstart(tree, *arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE):
    environment = {**os.environ, "PATH": "%s:%s" % (tree / "bin", os.environ["PATH"]), "RECORD": str(tree / "record")}
    return subprocess.Popen([str(tree / "scripts" / "quickstart"), *arguments], stdin=stdin, stderr=stderr, text=True,
                            stdout=subprocess.PIPE, env=environment)


def end(process):
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def record(tree):
    path = tree / "record"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def installed(tree):
    return [line for line in record(tree) if line.startswith("apt-get install") and line.endswith(" " + MISSING)]


@pytest.mark.parametrize("arguments", [[], ["--yes"]], ids=["", "yes"])
def test_it_names_the_packages_and_installs_them(arguments, tree):
    code, output, errors = end(quickstart(tree, *arguments, "--file=x"))
    assert (code, output) == (0, "espcap --file=x\n"), errors
    assert errors.count("these packages, and those that they depend on: %s\n" % MISSING) == 1
    assert len(installed(tree)) == 1 and record(tree)[-1] == "make"


def test_it_can_be_told_not_to(tree):
    code, output, errors = end(quickstart(tree, "--no-install", "--file=x"))
    assert (code, output) == (1, ""), errors
    assert MISSING in errors and "nothing is installed" in errors and record(tree) == []


@pytest.mark.parametrize("answer, goes_on", [("", True), ("y", True), ("Yes", True), ("n", False), ("no", False),
                                             ("what", False)])
def test_a_terminal_is_asked(answer, goes_on, tree):
    leader, terminal = pty.openpty()
    process = quickstart(tree, "--file=x", stdin=terminal, stderr=terminal)
    os.close(terminal)
    said = ""
    while "[Y/n]" not in said:
        said += os.read(leader, 4096).decode()
    assert MISSING in said and record(tree) == [], "installed before it asked"
    os.write(leader, answer.encode() + b"\n")
    code, output, _ = end(process)
    os.close(leader)
    assert (code, output) == ((0, "espcap --file=x\n") if goes_on else (1, ""))
    assert len(installed(tree)) == goes_on


def test_nothing_is_said_of_packages_if_all_are_there(tree):
    program(tree / "bin" / "dpkg-query", "echo installed\n")
    code, output, errors = end(quickstart(tree, "--no-install"))
    assert (code, output) == (0, "espcap --file=test_pcaps/http.pcap --count=15\n")
    # How to see the rest.
    assert errors.startswith("quickstart: the first 15 packets") and '"build/espcap test_pcaps"' in errors
    assert errors.count("\n") == 1
    assert end(quickstart(tree, "--no-install", "--file=x")) == (0, "espcap --file=x\n", "")
    assert record(tree) == ["make"] * 2
