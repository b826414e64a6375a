# SPDX-License-Identifier: BSD-2-Clause
"""GeoIP databases on the system: no document depends on them, and tshark neither waits for them nor speaks of them."""

import os
import subprocess

import pytest

import conftest
import espcap
import frames
import mmdb
import others

pytestmark = conftest.needs_root

# Runs a command where /var/lib has another GeoIP, which nobody else sees. The tsharks below /var/lib stay.
ELSEWHERE = """
set -e
mkdir "$1/lib"
mount --make-rprivate /
mount --bind /var/lib "$1/lib"
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir /var/lib/GeoIP /var/lib/espcap-tsharks
if [ -d "$1/lib/espcap-tsharks" ]; then mount --bind "$1/lib/espcap-tsharks" /var/lib/espcap-tsharks; fi
cp "$1/found.mmdb" /var/lib/GeoIP
chmod 644 /var/lib/GeoIP/found.mmdb
shift
exec "$@"
"""

DATABASES = {"valid": mmdb.country(), "damaged": b"no database\n", "empty": b""}


@pytest.fixture
def beside(folder):
    """Makes the prefix of a command that is to find this database."""
    def make(database):
        with open(os.path.join(folder, "found.mmdb"), "wb") as target:
            target.write(database)
        return ["unshare", "--mount", "sh", "-c", ELSEWHERE, "sh", folder]
    done = subprocess.run([*make(b""), "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("no mount namespace here: " + done.stderr.strip())
    os.rmdir(os.path.join(folder, "lib"))
    return make


@pytest.fixture
def conversation(folder):
    path = os.path.join(folder, "conversation.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.dns_query(), frames.tcp(b"hello")]))
    return path


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("version", [None, *others.versions()], ids=lambda version: version or "system")
def test_a_database_changes_nothing(version, kind, beside, conversation):
    options = ["--file", conversation, "--dissection=ek", *(["--tshark", others.get(version).path] if version else [])]
    without = espcap.run(*options)
    result = espcap.run(*options, prefix=beside(DATABASES[kind]))
    assert without.code == 0 and len(without.documents) > 0, without.errors
    assert (result.code, result.errors) == (0, without.errors)
    assert result.output == without.output


@pytest.mark.parametrize("how", ("ek", "pdml", "auto"))
@pytest.mark.parametrize("kind", DATABASES)
def test_nor_without_the_sandbox(kind, how, beside, conversation):
    options = ["--file", conversation, "--dissection=" + how, "--no-sandbox"]
    without = espcap.run(*options)
    result = espcap.run(*options, prefix=beside(DATABASES[kind]))
    assert (result.code, result.errors) == (0, without.errors)
    assert result.output == without.output
