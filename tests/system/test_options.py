# SPDX-License-Identifier: BSD-2-Clause
"""The command line, as far as files, tshark or an installation take part in it; tests/unit/test_options.c has the rest."""

import re
import shutil
import subprocess

import pytest

import espcap
import frames

USAGE = 2


@pytest.mark.parametrize("words", [
    ["--password-file=hunter2"], ["--password-file", "hunter2"], ["--api-key-file=hunter2"], ["--password=hunter2"],
    ["--api-key", "hunter2"], ["--pass=hunter2"], ["--bpf", "--password-file=hunter2"],
    ["--password-file=hunter2", "--password-file=hunter2"], ["--password-file=./hunter2/x"]])
@pytest.mark.parametrize("folder_has_it", [False, True])
def test_values_of_secrets_are_not_printed(words, folder_has_it, tmp_path):
    (tmp_path / "x.pcap").write_bytes(b"")
    if folder_has_it:
        # Others may read it.
        (tmp_path / "hunter2").write_text("x")
        (tmp_path / "hunter2").chmod(0o644)
    user = [] if "--api" in words[0] else ["--user=shark"]
    result = espcap.run("--file=x.pcap", "--node=127.0.0.1:9", *user, *words, "--verbose", cwd=tmp_path)
    assert result.code == USAGE and "hunter2" not in result.errors, result.errors
    if words[0].startswith(("--password-file", "--api-key-file")) and len(words) == 1:
        assert "espcap: %s: " % words[0].split("=")[0] in result.errors


def test_files_and_directories_without_an_option(tmp_path):
    folder = tmp_path / "caps"
    folder.mkdir()
    for number in (1, 2):
        (folder / ("%d.pcap" % number)).write_bytes(frames.pcap([frames.udp(b"hello")] * number))
    paths = [str(folder / name) for name in ("1.pcap", "2.pcap")]
    wanted = espcap.run("--file", paths[0], "--file", paths[1])
    assert wanted.code == 0 and len(wanted.lines) == 3
    assert espcap.run(*paths).output == wanted.output
    assert espcap.run("-r", paths[0], "-r", paths[1], "-f", "udp", "-Y", "udp", "-q").output == wanted.output
    assert espcap.run("--", folder).output == espcap.run("--dir", folder).output
    assert espcap.run("-c1", *paths).lines == wanted.lines[:1]
    beside = espcap.run("-r", paths[0], paths[1])
    assert beside.code == USAGE and "did you mean --file=" in beside.errors
    assert espcap.run("-f", paths[0]).code == USAGE
    live = espcap.run("-i", "lo", "tcp", "port", "80")
    assert live.code == USAGE and 'did you mean --bpf="tcp port 80"?' in live.errors


@pytest.mark.parametrize("how", ["--file=/dev/null", "--nic=lo"])
@pytest.mark.parametrize("text, place, is_display", [
    ("http", '"http"', True), ("tcp.port == 80", '"tcp.port"', True), ("ip and http.request", '"http.request"', True),
    ("tcp prot 80", '"prot"', False), ("tcp port", "the end", False), ("udp) or (tcp", '"udp)"', False)])
def test_filter_mistakes(text, place, is_display, how):
    """libpcap says only that there is a syntax error."""
    result = espcap.run(how, "--bpf=" + text)
    assert result.code == USAGE
    hint = '; it is a display filter: write --display-filter="%s"' % text if is_display else ""
    # In words that depend on the version, and on the place.
    assert "espcap: --bpf=%s: " % text in result.errors and "syntax error" in result.errors, result.errors
    assert " at %s%s\n" % (place, hint) in result.errors, result.errors


def test_other_mistakes_in_filters_have_libpcaps_words():
    for how in ("--file=/dev/null", "--nic=lo"):
        result = espcap.run(how, "--bpf=port nosuch")
        assert result.code == USAGE and "espcap: --bpf=port nosuch: unknown port 'nosuch'\n" in result.errors, result.errors


def names():
    """All options, by --help=all."""
    found = re.findall(r"^  --([a-z-]+)", espcap.run("--help=all").output.decode(), re.MULTILINE)
    assert len(found) > 70
    return found


def bash(line, folder):
    """What bash offers for the words of the line; the last one is being typed."""
    words = " ".join("'%s'" % word for word in line)
    (folder / "espcap.bash").write_bytes(espcap.run("--help=bash").output)
    script = "compopt() { :; }; . ./espcap.bash; COMP_WORDS=(%s); COMP_CWORD=%d; _espcap; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
        words, len(line) - 1)
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, check=True)
    assert done.stderr == b"", done.stderr
    return sorted(done.stdout.decode().split("\n")[:-1])


def test_bash_completes(tmp_path):
    (tmp_path / "a b.pcap").write_bytes(b"")
    (tmp_path / "caps").mkdir()
    offered = bash(["espcap", "--"], tmp_path)
    assert sorted(name.strip("-=") for name in offered) == sorted(names())
    assert bash(["espcap", "--ring"], tmp_path) == ["--ring-size=", "--ring="]
    assert bash(["espcap", "--spl"], tmp_path) == ["--split"]
    assert bash(["espcap", "-r", "a"], tmp_path) == ["a b.pcap"]
    assert bash(["espcap", "--file", "=", "a"], tmp_path) == ["a b.pcap"]
    assert bash(["espcap", "--dir", "="], tmp_path) == ["caps"]
    assert bash(["espcap", "-i", "l"], tmp_path) == ["lo"]
    assert bash(["espcap", "--count", "=", ""], tmp_path) == [""]
    assert bash(["espcap", "a"], tmp_path) == ["a b.pcap"]


def test_fish_completes(tmp_path):
    script = espcap.run("--help=fish").output.decode()
    assert re.findall(r"^complete -c espcap -l ([a-z-]+)", script, re.MULTILINE) == names()
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    (tmp_path / "espcap.fish").write_text(script)
    done = subprocess.run(["fish", "-c", "source espcap.fish; complete -C 'espcap --'"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=tmp_path, check=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    offered = {line.split("\t")[0].strip("-=") for line in done.stdout.decode().splitlines()}
    assert set(names()) <= offered, done.stderr


def test_zsh_completes(tmp_path):
    script = espcap.run("--help=zsh").output.decode()
    assert script.startswith("#compdef espcap\n")
    assert re.findall(r"^\t'\*?--([a-z-]+)", script, re.MULTILINE) == names()
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    (tmp_path / "_espcap").write_text(script)
    # The words that _arguments is given, as zsh reads them.
    done = subprocess.run(["zsh", "-fc", "_arguments() { print -rl -- \"$@\" }; . ./_espcap"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=tmp_path, check=True)
    lines = done.stdout.decode().splitlines()
    assert done.stderr == b"" and lines[-1] == "*:capture:_files" and len(lines) > len(names())
    assert all(re.fullmatch(r"\*?-.*\[.*\](:[A-Z|=,]+:.+)?", line) for line in lines[2:-1]), lines
