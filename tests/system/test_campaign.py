# SPDX-License-Identifier: BSD-2-Clause
"""Some cases of the campaign of mutated captures; hours of it are run by hand: tests/fuzz/campaign --help."""

import os
import subprocess
import sys

import espcap
import test_dissection

CAMPAIGN = os.path.join(espcap.ROOT, "tests", "fuzz", "campaign")


def run(keep, *words, program=espcap.PROGRAM):
    return subprocess.run([sys.executable, CAMPAIGN, "--keep", str(keep), "--program", program, *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=900, check=False)


@test_dissection.needs_plugin
def test_mutated_captures(tmp_path):
    """A minute, always the same cases first."""
    done = run(tmp_path / "kept", "--seconds=60", "--batches=4", "--seed=1")
    assert done.returncode == 0, done.stdout
    assert "0 failed" in done.stdout


def test_a_case_that_fails_is_kept_and_made_again(tmp_path):
    """With a program that tells a packet too much."""
    fake = tmp_path / "espcap"
    fake.write_text("#!/bin/sh\n%s \"$@\" 2>&1 >/dev/null | sed 's/read=/read=1/' >&2\nexit 0\n" % espcap.PROGRAM)
    fake.chmod(0o755)
    done = run(tmp_path / "kept", "--case=1:0", program=str(fake))
    assert done.returncode == 1 and "FAILED --case=1:0 (" in done.stdout
    kept = (tmp_path / "kept" / "case-1-0").read_bytes()
    again = run(tmp_path / "again", "--case=1:0", program=str(fake))
    assert again.returncode == 1
    assert (tmp_path / "again" / "case-1-0").read_bytes() == kept
