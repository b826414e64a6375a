# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of espcapd: a Redis for a file of tests, a folder and a daemon for each test."""

import os
import tempfile

import pytest

import espcapd
import request_servers


@pytest.fixture(name="redis", scope="module")
def one_redis():
    with request_servers.running(request_servers.Redis) as server:
        yield server


@pytest.fixture(name="folder")
def open_folder():
    """One that the user espcapd becomes can reach."""
    with tempfile.TemporaryDirectory(prefix="espcapd-test-") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(autouse=True)
def no_daemon_is_left():
    yield
    espcapd.Daemon.end_all()


@pytest.fixture(name="daemon")
def one_daemon(folder, redis):
    daemon = espcapd.Daemon(folder, redis)
    yield daemon
    if daemon.process.poll() is None:
        daemon.stop()
