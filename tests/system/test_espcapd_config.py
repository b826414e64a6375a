# SPDX-License-Identifier: BSD-2-Clause
"""The command line of espcapd, and --check-config. No server is needed."""

import os
import re
import signal
import subprocess
import time

import pytest

import espcap
import espcapd
from espcapd_fixtures import open_folder  # noqa: F401 (a fixture)

WHOLE = '[general]\nwritelocal = true\nlocaldir = "%s"\nspool = "%s"\n[redis]\nlisten = true\nport = 1\n' \
    '[policy]\ninterfaces = ["lo"]\n'


def run(*arguments):
    return subprocess.run([espcapd.PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=espcap.ENVIRONMENT, timeout=60, check=False)


def write(folder, text, mode=0o600):
    path = os.path.join(folder, "espcapd.toml")
    with open(path, "w", encoding="utf-8") as target:
        target.write(text)
    os.chmod(path, mode)
    return path


def whole(folder):
    return WHOLE % (os.path.join(folder, "files"), os.path.join(folder, "state"))


def test_a_right_one_starts_nothing(folder):
    path = write(folder, whole(folder))
    result = run("-config", path, "--check-config")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "espcapd: %s: 0 errors, 0 warnings\n" % path
    assert os.listdir(folder) == ["espcapd.toml"]


def test_every_mistake_with_line_and_key(folder):
    path = write(folder, whole(folder) + '[s3]\nuplaod = true\nencryption = 7\n[redsi]\n[cloudshark]\nport = 70000\n')
    result = run("--check-config", "--config=" + path, "-redisport=0")
    assert result.returncode == 2
    assert result.stderr.splitlines() == ["espcapd: " + line for line in (
        path + ":11: warning: [s3] uplaod: unknown key, ignored: did you mean upload?",
        path + ":12: [s3] encryption: takes true, false, \"none\", \"AES256\" or \"aws:kms\", not an integer",
        path + ":13: warning: [redsi]: unknown section, ignored: did you mean [redis]?",
        path + ":15: [cloudshark] port: takes an integer from 0 to 65535, not 70000",
        "--redisport: takes an integer from 1 to 65535, not 0",
        path + ": 3 errors, 2 warnings")]
    # The same stop a run before anything is started.
    result = run("--config=" + path)
    assert result.returncode == 2 and ":15: [cloudshark] port" in result.stderr
    assert os.listdir(folder) == ["espcapd.toml"]


def test_files_that_cannot_be_trusted(folder):
    result = run("--check-config", "--config=" + write(folder, whole(folder), 0o666))
    assert result.returncode == 2 and "others may write it" in result.stderr
    result = run("--check-config", "--config=" + os.path.join(folder, "none"))
    assert result.returncode == 2 and "No such file" in result.stderr


@pytest.mark.parametrize("arguments, says", [
    (["-cshots", "x"], 'unknown flag "cshots": did you mean --cshost?'),
    (["-upload", "false"], 'unexpected argument "false": write --upload=false'),
    (["--config"], "--config needs a value: --config=FILE"),
])
def test_a_wrong_command_line(arguments, says):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "espcapd: " + says


def test_version_and_help():
    assert run("-version").stdout.startswith("espcapd ")
    assert "--cshost=HOST" in run("-h").stdout
    assert re.match(r"  --upload +upload captures", run("--help=upload").stdout)


def test_a_token_in_the_arguments(folder):
    """It is gone from them when espcapd runs, and in no message."""
    os.mkdir(os.path.join(folder, "files"))
    os.chmod(os.path.join(folder, "files"), 0o777)
    path = write(folder, whole(folder))
    process = subprocess.Popen([espcapd.PROGRAM, "-config", path, "-cstoken", "s3cr3t-token", "-upload"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=espcap.ENVIRONMENT)
    try:
        end = time.monotonic() + espcapd.LIMIT
        while not os.path.isdir(os.path.join(folder, "state", "spool")):
            assert time.monotonic() < end and process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        with open("/proc/%d/cmdline" % process.pid, encoding="utf-8") as arguments:
            assert arguments.read().split("\0")[3:5] == ["-cstoken", "x" * len("s3cr3t-token")]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=espcapd.LIMIT)
    assert "--cstoken: other users can read a secret in the arguments" in stderr
    assert "s3cr3t" not in stderr
