# SPDX-License-Identifier: BSD-2-Clause
"""What a run leaves that a signal cuts off: everything read is delivered, and espcap ends by the signal.

Live capture and watched folders end by a signal as they should (test_service.py, test_watch.py, test_live.py).
"""
import json
import os
import signal
import subprocess
import time

import pytest

import conserve
import deliveries
import espcap
import fake_faults as faults
import fake_server
import frames
from test_bad_input import finish, folder, good, plain_packets, put, start  # noqa: F401 (fixtures)

MANY = 20_000
NUMBERS = pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=lambda number: number.name)


@pytest.fixture
def many(folder):
    return put(folder, "many.pcap", frames.pcap(
        [frames.plain(b"packet %d " % number + bytes(900)) for number in range(MANY)]))


def rejection(every):
    return faults.Items(400, "document_parsing_exception", "refused", every=every, times=None)


def cut(child, number):
    """The result of a run that this signal cuts off when its first document is out."""
    first = child.stdout.readline()
    child.send_signal(number)
    result = finish(child)
    return espcap.Result(result.code, first + result.output, result.errors.encode())


def assert_partial(result, number):
    """A whole number of documents, all of what was read, and not all there is."""
    assert result.code == -number, result.errors
    assert 0 < result.counts["printed"] == result.counts["read"] == len(result.documents) < MANY
    assert "part of the input is not read\nespcap: delivering what was read" in result.messages


@NUMBERS
@pytest.mark.parametrize("options", [(), ("--split", "--jobs=2")], ids=["one tshark", "split"])
def test_a_file(options, number, many, folder):
    summary, metrics = os.path.join(folder, "summary"), os.path.join(folder, "metrics")
    os.chmod(folder, 0o777)
    with start("--file", many, *options, "--summary-json", summary, "--metrics", metrics) as child:
        result = cut(child, number)
    assert_partial(result, number)
    with open(summary, "rb") as source:
        summed = json.loads(source.read())
    assert summed["exit"] == 128 + number and summed["printed"] == result.counts["printed"]
    with open(metrics, encoding="ascii") as source:
        assert "\nespcap_exit_status %d\n" % (128 + number) in source.read()


@NUMBERS
def test_a_folder_with_a_file_that_was_not_begun(number, many, folder):
    captures = os.path.join(folder, "captures")
    os.mkdir(captures)
    os.rename(many, os.path.join(captures, "a.pcap"))
    put(captures, "b.pcap", frames.pcap(plain_packets()))
    with start("--dir", captures, "--jobs=1") as child:
        assert_partial(cut(child, number), number)


@NUMBERS
def test_standard_input(number, many):
    with open(many, "rb") as source, start("--file=-", stdin=source) as child:
        assert_partial(cut(child, number), number)


@NUMBERS
def test_before_the_first_byte(number):
    read_end, write_end = os.pipe()
    with start("--file=-", stdin=read_end) as child:
        time.sleep(1)
        child.send_signal(number)
        result = finish(child)
    os.close(read_end)
    os.close(write_end)
    assert result.code == -number and result.counts["read"] == 0, result.errors


@NUMBERS
def test_a_replay(number, folder, tmp_path):
    """Of a pipe that has no end yet: the documents that came are sent."""
    capture = conserve.make_capture(os.path.join(folder, "numbered.pcap"), deliveries.PACKETS)
    with fake_server.Server(rejection(10)) as server:
        done = deliveries.deliver(server, capture, tmp_path)
        assert done.code == 6, done.errors
        with open(tmp_path / deliveries.DEAD_LETTER, "rb") as source:
            letters = source.read()
    count = letters.count(b"\n")
    with fake_server.Server() as server, \
            start("--replay=/dev/stdin", "--node", server.url, "--dead-letter", os.path.join(folder, "dead"),
                  stdin=subprocess.PIPE) as child:
        child.stdin.write(letters)
        child.stdin.flush()
        server.wait_until(lambda seen: len(seen.ledger) > 0)
        child.send_signal(number)
        child.stdin, pipe = None, child.stdin
        output, errors = child.communicate(timeout=60)
        pipe.close()
        assert len(server.ledger) == count
    assert (child.returncode, output) == (-number, b""), errors
    assert b"indexed=%d " % count in errors


@NUMBERS
def test_a_run_that_is_whole(number, good):
    """The server answers late: everything was read long before the signal."""
    with fake_server.Server(faults.Slow(2, times=None)) as server:
        with start("--file", good, "--node", server.url) as child:
            server.wait_until(lambda seen: len(seen.bulks) >= 1)
            time.sleep(0.3)
            child.send_signal(number)
            _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert b"part of the input" not in errors and b"delivering what was read" in errors


@NUMBERS
def test_a_count_that_is_reached(number, many):
    """Far from the end of the file, but all that was asked for."""
    with fake_server.Server(faults.Slow(2, times=None)) as server:
        with start("--file", many, "--count=5", "--node", server.url) as child:
            server.wait_until(lambda seen: len(seen.bulks) >= 1)
            time.sleep(0.3)
            child.send_signal(number)
            _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert b"read=5 " in errors


def test_documents_were_rejected(many, folder):
    """Every failure says more than that it was cut off."""
    with fake_server.Server(rejection(1)) as server, \
            start("--file", many, "--node", server.url, "--chunk=10", "--memory=1M",
                  "--dead-letter", os.path.join(folder, "dead")) as child:
        server.wait_until(lambda seen: len(seen.bulks) >= 3)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 6, errors
    assert b"part of the input is not read" in errors


def test_an_input_is_missing(many, folder):
    with start("--file", os.path.join(folder, "none"), "--file", many, "--jobs=1") as child:
        result = cut(child, signal.SIGINT)
    assert result.code == 3, result.errors


def test_the_loop_of_a_shell_stops(many):
    """As with Ctrl-C: the terminal sends the signal to the shell and to espcap."""
    script = "for i in 1 2 3; do %s --file=%s; echo after >&2; done" % (espcap.PROGRAM, many)
    with subprocess.Popen(["bash", "-c", script], start_new_session=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=espcap.ENVIRONMENT) as shell:
        shell.stdout.readline()
        os.killpg(shell.pid, signal.SIGINT)
        _, errors = shell.communicate(timeout=60)
    assert shell.returncode == -signal.SIGINT
    assert errors.count(b"espcap: read=") == 1 and b"after" not in errors, errors
