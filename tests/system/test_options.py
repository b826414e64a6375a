# SPDX-License-Identifier: BSD-2-Clause
"""The command line, as far as files, tshark or an installation take part in it; tests/unit/test_options.c has the rest."""

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
