# SPDX-License-Identifier: BSD-2-Clause
"""The tsharks of other Debian releases, got by scripts/other-tshark when a test first wants them."""

import functools
import os
import subprocess

import pytest

import espcap

SCRIPT = os.path.join(espcap.ROOT, "scripts", "other-tshark")
UNAVAILABLE = 5
# The first time it is fetched.
LIMIT = 900


def ask(*arguments, **keywords):
    """Runs scripts/other-tshark to its end."""
    return subprocess.run([SCRIPT, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False, **keywords)


def versions():
    """Those that can be had, as "4.4"."""
    return ask("list").stdout.split()


class Other:
    """One of them."""

    def __init__(self, version, path):
        self.version = version
        self.path = path
        # For configure: where pkg-config finds its headers.
        self.pkgconfig = os.path.join(os.path.dirname(path), "pkgconfig")
        self.full_version = self.run("--version").split("(Wireshark) ")[1].split()[0].rstrip(".")

    def run(self, *arguments):
        """What it prints, run as espcap runs it: not as root, when tshark takes no place of its files from the environment."""
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        return subprocess.run([*prefix, self.path, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=True,
                              env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}).stdout.decode()


@functools.lru_cache(maxsize=None)
def answer(version):
    return ask(version)


@functools.lru_cache(maxsize=None)
def get(version):
    """The tshark of this version; skips the test if it cannot be had here."""
    done = answer(version)
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Other(version, done.stdout.strip())
