# SPDX-License-Identifier: BSD-2-Clause
"""--config: what is in a file is as if it was on the command line. tests/unit/test_options_file.c compares all that is read."""

import os
import re
import subprocess

import pytest

import espcap
import fake_server
from conftest import needs_root
from test_bad_input import folder  # noqa: F401 (a fixture)

DNS, HTTP = (os.path.join(espcap.ROOT, "test_pcaps", name) for name in ("dns.pcap", "http.pcap"))
EXAMPLE = os.path.join(os.path.dirname(espcap.PROGRAM), "conf", "espcap.conf")
ELSEWHERE = ("config", "help", "version", "list-interfaces", "print-template")


def options():
    """Name and value of each option that a file may have, None if it takes none."""
    text = espcap.run("--help=all").output.decode()
    found = re.findall(r"^  --([a-z-]+)(\[?=([^\],\s]+)\]?)?", text, re.MULTILINE)
    assert len(found) > 70
    return [(name, value or None) for name, _, value in found if name not in ELSEWHERE]


def write(folder, text, mode=0o644, name="conf"):
    path = os.path.join(folder, name)
    with open(path, "wb") as target:
        target.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)
    return path


def same(folder, text, arguments, *others):
    """The file and the arguments give the same run."""
    one = espcap.run("--config", write(folder, text), *others)
    other = espcap.run(*arguments, *others)
    assert (one.code, one.output) == (other.code, other.output), (one.errors, other.errors)
    return one


@pytest.mark.parametrize("name, value", options(), ids=lambda value: value or "yes")
def test_each_option_says_the_same(name, value, folder):
    """Alone it does not do: what it lacks, or what is wrong with its value, is the same on both ways."""
    given = "--%s=1" % name if value else "--" + name
    path = write(folder, "\n%s = %s\n" % (name, "1" if value else "yes"))
    on_line = espcap.run(given, stdin=subprocess.DEVNULL)
    in_file = espcap.run("--config", path, stdin=subprocess.DEVNULL)
    assert in_file.code == on_line.code != 0, (in_file.errors, on_line.errors)
    assert in_file.output == on_line.output
    assert in_file.errors.replace("%s:2: " % path, "") == on_line.errors


def test_packets(folder):
    result = same(folder, "file = %s\ncount = 5\nbpf = udp port 53\nfields = dns.qry.name,ip.src\nmax-value = 20\n" % DNS,
                  ["--file", DNS, "--count=5", "--bpf=udp port 53", "--fields=dns.qry.name,ip.src", "--max-value=20"])
    assert result.code == 0 and result.counts["printed"] == 5


def test_lists(folder):
    """All lines of a list, or all of the command line."""
    text = "file = %s\nfile = %s\ndecode-as = tcp.port==80,data\ndecode-as = udp.port==53,data\n" % (DNS, HTTP)
    rules = ["--decode-as=tcp.port==80,data", "--decode-as=udp.port==53,data"]
    result = same(folder, text, ["--file", DNS, "--file", HTTP, *rules])
    assert {document["file"]["path"] for document in result.documents} == {DNS, HTTP}
    assert "http" not in {document["protocol"] for document in result.documents}
    result = espcap.run("--config", write(folder, text), "--file", HTTP, "--decode-as=udp.port==53,data")
    assert {document["file"]["path"] for document in result.documents} == {HTTP}
    assert "http" in {document["protocol"] for document in result.documents}


@pytest.mark.parametrize("arguments", [["--file", HTTP], ["-r", HTTP], [HTTP]], ids=["long", "letter", "operand"])
def test_the_input_of_the_command_line_wins(arguments, folder):
    path = write(folder, "dir = /nonexistent\ncount = 1\n")
    result = espcap.run("--config", path, *arguments, "-c", "3")
    assert result.code == 0 and result.counts["read"] == 3, result.errors


def test_options_of_the_replaced_input(folder):
    """They have no effect, but must be right."""
    path = write(folder, "nic = lo\nring = /nonexistent/ring\nspool = /nonexistent\ncount = 2\n")
    result = espcap.run("--config", path, "--file", HTTP)
    assert result.code == 0 and result.counts["read"] == 2, result.errors
    path = write(folder, "nic = lo\nring = /nonexistent/ring\nring-size = much\n")
    result = espcap.run("--config", path, "--file", HTTP)
    assert result.code == 2 and ":3: --ring-size takes" in result.errors, result.errors


def test_values_are_literal(folder):
    """A name with blanks, quotes and a number sign in it."""
    name = "a \"b' #c $HOME\\.pcap"
    with open(DNS, "rb") as source:
        write(folder, source.read(), name=name)
    path = write(folder, "file   =\t  %s \t \n" % os.path.join(folder, name))
    result = espcap.run("--config", path, "--count=1")
    assert result.code == 0 and result.documents[0]["file"]["path"].endswith("/" + name), result.errors


def test_delivery(folder):
    secret = write(folder, "hunter2\n", 0o600, "secret")
    with fake_server.Server(users={"shark": ("hunter2", "all")}) as server:
        path = write(folder, "node = %s\nuser = shark\npassword-file = %s\nindex = sensor\ndead-letter = %s/dead\n" % (
            server.url, secret, folder))
        os.chmod(folder, 0o777)
        result = espcap.run("--config", path, "--file", DNS, "--count=3")
        assert result.code == 0, result.errors
        assert len(server.ledger) == 3 and all("sensor-" in str(key) for key in server.ledger)


def test_no_secret_is_printed(folder):
    for text in ("password = hunter2\n", "api-key=hunter2\n", "password hunter2\n", "hunter2\n", "passwort: hunter2\n"):
        result = espcap.run("--config", write(folder, text), "--file", DNS)
        assert result.code == 2 and "hunter2" not in result.errors.replace("option = value", ""), result.errors


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o622])
def test_others_may_write_it(mode, folder):
    result = espcap.run("--config", write(folder, "file = %s\n" % DNS, mode))
    assert result.code == 2 and result.output == b"" and "others may write it" in result.errors


@needs_root
def test_it_belongs_to_somebody_else(folder):
    path = write(folder, "file = %s\ncount = 2\n" % DNS)
    os.chown(path, 65534, 65534)
    result = espcap.run("--config", path)
    assert result.code == 2 and "it belongs to user 65534" in result.errors
    # The user whose it is, and root's for everybody.
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for owner in (65534, 0):
        os.chown(path, owner, owner)
        done = subprocess.run([*prefix, *espcap.command("--config", path)], env=espcap.ENVIRONMENT, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0 and done.stdout.count(b"\n") == 2, done.stderr
    done = subprocess.run([*prefix[:1], "--reuid=1", *prefix[2:], *espcap.command("--config", path)], check=False,
                          env=espcap.ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    os.chown(path, 65534, 65534)
    done = subprocess.run(["setpriv", "--reuid=1", "--regid=1", "--clear-groups", *espcap.command("--config", path)],
                          check=False, env=espcap.ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 2 and b"it must belong to root or to you" in done.stderr


@needs_root
def test_only_root_may_read_it(folder):
    """It is read before root is given up."""
    result = espcap.run("--config", write(folder, "file = %s\ncount = 2\n" % DNS, 0o600))
    assert result.code == 0 and result.counts["read"] == 2, result.errors


@pytest.mark.parametrize("what", ["folder", "fifo", "device", "nothing", "pipe", "huge", "binary"])
def test_what_is_no_configuration_file(what, folder):
    path = os.path.join(folder, "conf")
    if what == "folder":
        os.mkdir(path)
    elif what == "fifo":
        os.mkfifo(path, 0o600)
    elif what == "device":
        path = "/dev/zero"
    elif what == "pipe":
        path = "/dev/stdin"
    elif what == "huge":
        write(folder, b"# x\n" * (1 << 18) + b"\n")
    elif what == "binary":
        with open(DNS, "rb") as source:
            write(folder, source.read())
    result = espcap.run("--config", path, "--file", DNS, stdin=subprocess.PIPE)
    assert result.code == 2 and result.output == b"", result.errors
    assert {"nothing": "No such file", "huge": "too large, 1048577 bytes or more", "binary": ":1: the line has a control character"}.get(
        what, "not a regular file") in result.errors


def test_the_example(folder):
    """Every line of the installed one, also those that are comments."""
    if not os.path.exists(EXAMPLE):
        pytest.skip("%s is not there: espcap was not built here" % EXAMPLE)
    with open(EXAMPLE, encoding="utf-8") as source:
        text = source.read()
    all_of_it, count = re.subn(r"^#(?=[a-z-]+ = )", "", text, flags=re.MULTILINE)
    assert count > 10 and "\nnode = localhost:9200\n" in text
    for lines in (text, all_of_it):
        result = espcap.run("--config", write(folder, lines), "--nic=none-of-them0")
        assert result.code == 2 and not re.search(r"conf:\d+: ", result.errors), result.errors
    assert "@" not in re.sub("espcap@INTERFACE", "", text)
