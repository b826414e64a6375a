# SPDX-License-Identifier: BSD-2-Clause
"""espcap-kafka without a broker: its configuration file, completions, mistakes. tests/unit/test_kafka_options.c has the rest."""

import os
import re
import shutil
import subprocess

import pytest

import espcap
import transfers

# Nothing listens there; these runs end before they connect.
NOWHERE = "127.0.0.1:9"


def program(*arguments):
    """Its exit status, standard output and standard error."""
    result = transfers.finish(transfers.start(None, *arguments))
    return result.code, result.stdout.decode(), "\n".join(result.lines)


@pytest.fixture(scope="module")
def names():
    """All options, by --help."""
    found = re.findall(r"^  --([a-z-]+)", program("--help")[1], re.MULTILINE)
    assert len(found) > 30
    return found


def write(folder, text, mode=0o600):
    path = folder / "conf"
    path.write_text(text)
    path.chmod(mode)
    return path


# ---- The configuration file

def options():
    """Name and value of each option that a file may have, None if it takes none."""
    found = re.findall(r"^  --([a-z-]+)(?:=([^\s,]+))?", program("--help")[1], re.MULTILINE)
    return [(name, value or None) for name, value in found if name not in ("config", "help", "version", "list-interfaces")]


@pytest.mark.parametrize("name, value", options(), ids=lambda value: value or "yes")
def test_each_option_says_the_same(name, value, tmp_path):
    """Alone it does not do: what it lacks, or what is wrong with its value, is the same on both ways."""
    path = write(tmp_path, "\n%s = %s\n" % (name, "1" if value else "yes"))
    on_line = program("--%s=1" % name if value else "--" + name)
    in_file = program("--config", path)
    assert in_file[0] == on_line[0] == 2
    assert in_file[2].replace("%s:2: " % path, "") == on_line[2]


def test_properties_of_both(tmp_path):
    """Those of the file are as those of the command line, and one of the command line wins alone."""
    path = write(tmp_path, "kafka-config = client.id=file\nkafka-config = linger.ms=7\nkafka-config = sasl.password=hunter2\n"
                 "kafka-broker = %s\nkafka-topic = t\nfile = /nowhere/x\nproducer = yes\ngrace = 1ms\n" % NOWHERE)
    code, _, errors = program("--config", path, "-r", transfers.capture("http.pcap"), "-X", "client.id=line", "-X", "no.such=1")
    assert code == 2
    connecting, = [line for line in errors.split("\n") if "Connecting" in line]
    assert "'client.id': 'line', 'linger.ms': '7', 'sasl.password': '***'" in connecting
    assert "hunter2" not in errors and "Other users can read" not in errors
    assert "-X no.such: No such configuration property" in errors


def test_file_of_others(tmp_path):
    code, _, errors = program("--config", write(tmp_path, "", 0o666), "-c", "-k", NOWHERE, "-t", "t")
    assert code == 2 and "others may write it (mode 0666)" in errors


# ---- Completions

def bash(line, folder):
    """What bash offers for the words of the line; the last one is being typed."""
    (folder / "completions").write_text(program("--help=bash")[1])
    script = ("compopt() { :; }; . ./completions; COMP_WORDS=(%s); COMP_CWORD=%d; _espcap_kafka; "
              "printf '%%s\\n' \"${COMPREPLY[@]}\"" % (" ".join("'%s'" % word for word in line), len(line) - 1))
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, check=True)
    assert done.stderr == b"", done.stderr
    return sorted(done.stdout.decode().split("\n")[:-1])


def test_bash_completes(tmp_path, names):
    (tmp_path / "a b.pcap").write_bytes(b"")
    offered = bash(["espcap-kafka", "--"], tmp_path)
    assert sorted(name.strip("-=") for name in offered) == sorted(names)
    assert bash(["espcap-kafka", "--kafka-t"], tmp_path) == ["--kafka-topic="]
    assert bash(["espcap-kafka", "-r", "a"], tmp_path) == ["a b.pcap"]
    assert bash(["espcap-kafka", "--write", "=", "a"], tmp_path) == ["a b.pcap"]
    assert bash(["espcap-kafka", "-i", "l"], tmp_path) == ["lo"]
    assert bash(["espcap-kafka", "--grace", "=", ""], tmp_path) == [""]
    # It takes no files without an option.
    assert bash(["espcap-kafka", "a"], tmp_path) == [""]


def test_fish_completes(tmp_path, names):
    script = program("--help=fish")[1]
    assert re.findall(r"^complete -c espcap-kafka -l ([a-z-]+)", script, re.MULTILINE) == names
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    (tmp_path / "own.fish").write_text(script)
    done = subprocess.run(["fish", "-c", "source own.fish; complete -C 'espcap-kafka --'"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=tmp_path, check=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    offered = {line.split("\t")[0].strip("-=") for line in done.stdout.decode().splitlines()}
    assert set(names) <= offered, done.stderr


def test_zsh_completes(tmp_path, names):
    script = program("--help=zsh")[1]
    assert script.startswith("#compdef espcap-kafka\n")
    assert re.findall(r"^\t'\*?--([a-z-]+)", script, re.MULTILINE) == names
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    (tmp_path / "own").write_text(script)
    # The words that _arguments is given, as zsh reads them.
    done = subprocess.run(["zsh", "-fc", "_arguments() { print -rl -- \"$@\" }; . ./own"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=tmp_path, check=True)
    lines = done.stdout.decode().splitlines()
    assert done.stderr == b"" and len(lines) > len(names)
    assert all(re.fullmatch(r"\*?-.*\[.*\](:[^:]+:.+)?", line) for line in lines[2:]), lines


def test_installed_completions():
    """What make has made of it, beside the program."""
    folder = os.path.join(os.path.dirname(espcap.PROGRAM), "completions")
    for shell, name in (("bash", "espcap-kafka"), ("zsh", "_espcap-kafka"), ("fish", "espcap-kafka.fish")):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            pytest.skip("%s is not there: espcap was not built here" % path)
        with open(path, encoding="utf-8") as source:
            assert source.read() == program("--help=" + shell)[1]
