# SPDX-License-Identifier: BSD-2-Clause
"""Units of systemd."""

import shutil
import subprocess

import pytest


def verify(path, text):
    """systemd itself finds nothing wrong with a unit of this text, which is written to the path."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    with open(path, "w", encoding="utf-8") as target:
        target.write(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0 and done.stdout == "", done.stdout
