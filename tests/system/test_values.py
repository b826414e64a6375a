# SPDX-License-Identifier: BSD-2-Clause
"""The plugin's own text of values is what tshark makes of them, in every series: tests/plugin/values.c compares inside of tshark."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

import conftest
import espcap
import others
import test_dissection

TARGET = os.path.join("tests", "plugin", "values.so")
# Values of these kinds that are left to tshark; of all others none: negative times, no bytes, other separators.
LEFT = {"FT_RELATIVE_TIME BASE_NONE": 8, "FT_BYTES BASE_NONE": 1, "FT_BYTES SEP_COLON": 1, "FT_BYTES SEP_DOT": 13,
        "FT_BYTES SEP_DASH": 13, "FT_BYTES SEP_SPACE": 13, "FT_BYTES BASE_NONE | BASE_ALLOW_ZERO": 1,
        "FT_BYTES BASE_NONE | BASE_SHOW_ASCII_PRINTABLE": 1}
KINDS = 49


def build(folder, pkgconfig):
    done = subprocess.run(
        [os.path.join(espcap.ROOT, "configure") + " -q --enable-werror --enable-plugin && make -s " + TARGET],
        shell=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=300, env={**os.environ, **({"PKG_CONFIG_PATH": pkgconfig} if pkgconfig else {})})
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
    return os.path.join(folder, TARGET)


def run(program, version, plugin, home):
    """What the plugin says; a tshark that runs as root loads none of a home."""
    folder = os.path.join(home, ".local", "lib", "wireshark", "plugins", version, "epan")
    os.makedirs(folder)
    os.chmod(home, 0o755)
    shutil.copy(plugin, folder)
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    with open(conftest.plain_captures()[0], "rb") as capture:
        done = subprocess.run([*prefix, program, "-n", "-r", "-", "-V"], stdin=capture, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=120, check=False,
                              env={"HOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    said = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


@pytest.mark.parametrize("version", [None, *others.versions()], ids=lambda version: version or "system")
def test_values_are_those_of_tshark(version, tmp_path):
    if version is None and not os.path.exists(test_dissection.PLUGIN):
        pytest.skip("no plugin for this tshark was built")
    other = others.get(version) if version else None
    plugin = build(str(tmp_path), other.pkgconfig if other else None)
    home = tempfile.mkdtemp(prefix="espcap-test-")
    try:
        said = run(other.path if other else "tshark", version or test_dissection.VERSION, plugin, home)
    finally:
        shutil.rmtree(home)
    found = re.findall(r"^(FT_.*): read=([0-9]+) left=([0-9]+) wrong=([0-9]+)$", said, re.M)
    assert len(found) == KINDS and "differs" not in said, said
    for kind, read, left, wrong in found:
        assert int(read) > 0 and int(left) == LEFT.get(kind, 0) and wrong == "0", (kind, read, left, wrong)
