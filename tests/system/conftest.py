# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests share: running espcap, reading what it printed, and the captures to run it on."""

import functools
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

import conserve
import deliveries
import espcap
import fakes

CAPTURES = espcap.captures()
# Longer than any test takes on a busy machine: what waits for ever fails by itself, and the others still run.
TEST_SECONDS = 600


def pytest_report_header():
    return "espcap: %s, captures: %s (%d)" % (espcap.PROGRAM, espcap.CAPTURE_DIR, len(CAPTURES))


def pytest_generate_tests(metafunc):
    if "capture" in metafunc.fixturenames:
        metafunc.parametrize("capture", CAPTURES, ids=[os.path.basename(name) for name in CAPTURES])


def pytest_sessionstart():
    if not os.access(espcap.PROGRAM, os.X_OK):
        raise pytest.UsageError("%s is not there: build espcap, or set ESPCAP" % espcap.PROGRAM)
    if not CAPTURES:
        raise pytest.UsageError("no captures in %s" % espcap.CAPTURE_DIR)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    def too_long(_number, _frame):
        pytest.fail("%s: not done in %d seconds" % (item.nodeid, TEST_SECONDS))

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """espcap keeps tshark's field list in a folder of the test run, not in that of the person who runs it."""
    folder = tmp_path_factory.mktemp("cache")
    espcap.ENVIRONMENT["XDG_CACHE_HOME"] = str(folder)
    return folder


@functools.lru_cache(maxsize=None)
def full_run(capture):
    """espcap over all of a capture; once for all tests that want it."""
    return espcap.run("--file", capture, *espcap.options_for(capture))


@pytest.fixture
def full(capture):
    """The result of espcap over all of the capture, which must have succeeded."""
    result = full_run(capture)
    assert result.code == 0, result.errors
    return result


@functools.lru_cache(maxsize=None)
def plain_captures():
    """Captures with packets that need no option of their own, the smallest first."""
    names = [name for name in CAPTURES if not espcap.options_for(name) and os.path.getsize(name) > 200]
    return sorted(names, key=os.path.getsize)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A capture of numbered packets."""
    folder = deliveries.shared(tmp_path_factory.mktemp("captures"))
    return conserve.make_capture(str(folder / "numbered.pcap"), deliveries.PACKETS)


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """The same with enough of them to have a middle."""
    folder = deliveries.shared(tmp_path_factory.mktemp("captures"))
    return conserve.make_capture(str(folder / "longer.pcap"), 600)


@pytest.fixture
def one_capture():
    """Some plain capture, for tests that need no special one."""
    return plain_captures()[0]


@pytest.fixture
def unprivileged():
    """A command prefix that runs what follows as nobody."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="session")
def plain_cache():
    """The cache of a plain user, who cannot use ours: without one every run of theirs asks tshark for its fields, a second each."""
    path = tempfile.mkdtemp(prefix="espcap-test-cache-")
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def plain_user(unprivileged, plain_cache):
    """A command prefix that runs what follows as nobody, who has a cache."""
    return ["env", "XDG_CACHE_HOME=" + plain_cache, *unprivileged] if unprivileged else []


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: espcap changes its user only then")


def no_namespaces(folder):
    """A command prefix for root: what follows finds all as it is, but can make no user namespace, as in any chroot."""
    root = os.path.join(folder, "root")
    os.mkdir(root)
    return ["unshare", "--mount", "sh", "-c", 'mount --rbind / "$0" && exec chroot "$0" "$@"', root]


@functools.lru_cache(maxsize=None)
def is_sanitized(program):
    """Whether a program is a sanitizer build: its memory says nothing, and each fork takes long."""
    text = subprocess.run(["nm", "-D", program], capture_output=True, text=True, check=False).stdout
    return "__asan_init" in text


needs_plain = pytest.mark.skipif(
    is_sanitized(espcap.PLAIN), reason="measures memory: give a build without sanitizers as ESPCAP_PLAIN")


@pytest.fixture(scope="module")
def fake():
    """A tshark that does as a test says, for all tests of a file."""
    made = fakes.Fake()
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def folder():
    """An empty folder that every user may read and write."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o1777)
    yield path
    shutil.rmtree(path, ignore_errors=True)
