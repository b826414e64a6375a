# SPDX-License-Identifier: BSD-2-Clause
"""Runs the real tshark, the oracle of the system tests, and keeps what it says about itself."""

import functools
import os
import shutil
import subprocess

ENVIRONMENT = {
    "HOME": "/nonexistent",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
}


class TsharkError(Exception):
    """tshark said something that a test did not expect."""


def program():
    """The path of the tshark that the tests compare with."""
    path = os.environ.get("TSHARK") or shutil.which("tshark")
    if not path:
        raise TsharkError("no tshark along PATH")
    return path


def run(arguments, check=True, **keywords):
    """Standard output of tshark with these arguments, as bytes."""
    done = subprocess.run([program(), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=ENVIRONMENT, timeout=120, **keywords)
    if check and done.returncode not in (0, 2):
        raise TsharkError(done.stderr.decode("utf-8", "replace"))
    return done.stdout


def read(capture, arguments, *more):
    """Standard output of tshark that reads a capture: its `more` options, and those that fit this capture."""
    return run(["-r", str(capture), "-n", *arguments, *more])


@functools.lru_cache(maxsize=None)
def version():
    """The first line of tshark --version."""
    return run(["--version"]).decode().splitlines()[0]


@functools.lru_cache(maxsize=None)
def field_list():
    """What tshark -G fields prints, as rows of columns."""
    text = run(["-G", "fields"]).decode("utf-8", "replace")
    return [line.split("\t") for line in text.split("\n") if line]


@functools.lru_cache(maxsize=None)
def field_types():
    """Type of each field by its dotted name ("ip.flags.df": "FT_BOOLEAN")."""
    return {row[2]: row[3] for row in field_list() if row[0] == "F"}


@functools.lru_cache(maxsize=None)
def field_protocols():
    """The protocols that registered a field of this dotted name."""
    found = {}
    for row in field_list():
        if row[0] == "F":
            found.setdefault(row[2], set()).add(row[4])
    return found


@functools.lru_cache(maxsize=None)
def homonyms():
    """Names that -T ek prints alike (bgp.prefix_length, bgp.prefix.length) with one of them to stand for all."""
    groups = {}
    for row in field_list():
        if row[0] == "F":
            key = (row[4] + "_" + row[2]).replace(".", "_")
            groups.setdefault((key, ek_look(row[3])), set()).add(row[2])
    return {name: min(names) for names in groups.values() if len(names) > 1 for name in names}


def ek_look(kind):
    """What tells two fields of one EK name apart: booleans and presence look unlike text."""
    return kind if kind in ("FT_BOOLEAN", "FT_NONE") else "text"


@functools.lru_cache(maxsize=None)
def columns(capture, names, arguments=()):
    """One row per packet of -T fields: each field a list of its values. All arguments are tuples."""
    options = [word for name in names for word in ("-e", name)]
    # The number is there because a line of nothing but empty fields would be lost.
    text = read(capture, arguments, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
                "-E", "aggregator=|", "-e", "frame.number", *options).decode("utf-8", "replace")
    return [[cell.split("|") if cell else [] for cell in line.split("\t")[1:]]
            for line in text.split("\n") if line]
