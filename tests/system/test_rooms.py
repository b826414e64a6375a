# SPDX-License-Identifier: BSD-2-Clause
"""tests/check-rooms finds what it is there for, in small trees of its own."""

import os
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = "| room | includes | holds |\n|---|---|---|\n| `run/` | `text/` | a run |\n| `text/` | - | text; no I/O |\n| `base/` | - | all |\n"


@pytest.fixture
def tree(tmp_path):
    """A tree without faults: two rooms and base."""
    for name, source in (("run/run.c", '#include "base/base.h"\n#include "text/text.h"\nint run(void) { return text(); }\n'),
                         ("text/text.c", '#include "text/text.h"\n#include <string.h>\nint text(void) { return strcmp(base(), "a"); }\n'),
                         ("text/text.h", '#include "base/base.h"\nint text(void);\n'),
                         ("base/base.c", '#include "base/base.h"\nconst char *base(void) { return "b"; }\n'),
                         ("base/base.h", "const char *base(void);\n")):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for name in ("docs", "tests/rooms", "build"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "docs" / "architecture.md").write_text(TABLE)
    (tmp_path / "tests" / "rooms" / "no-io").write_text("strcmp\nbase\n")
    return tmp_path


def check(tree):
    for source in tree.glob("src/*/*.c"):
        target = tree / "build" / source.relative_to(tree).with_suffix(".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-fno-builtin", "-I", str(tree / "src"), "-c", str(source), "-o", str(target)], check=True)
    return subprocess.run([os.path.join(TOP, "tests", "check-rooms"), str(tree / "build")],
                          env={**os.environ, "ROOMS_TOP": str(tree)}, stderr=subprocess.PIPE, text=True, check=False)


def append(path, text):
    path.write_text(path.read_text() + text)


def test_a_tree_without_faults(tree):
    result = check(tree)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name, text, says", [
    ("src/text/text.c", '#include "run/run.h"\n', "src/text/text.c includes run/run.h: no arrow"),
    ("src/text/text.c", "int puts(const char *); int say(void) { return puts(base()); }\n", "src/text/text.c: uses puts"),
    ("src/run/run.c", "int fork(void); int two(void) { return fork(); }\n", "src/run/run.c: uses fork"),
    ("tests/rooms/no-io", "strlen\n", "nothing uses strlen"),
    ("docs/architecture.md", "| `more/` | - | nothing |\n", "more: a row without a folder"),
], ids=["arrow", "output", "fork", "list", "row"])
def test_faults(tree, name, text, says):
    (tree / "src" / "run" / "run.h").write_text("int run(void);\n")
    append(tree / name, text)
    result = check(tree)
    assert result.returncode == 1 and says in result.stderr, result.stderr


def test_arrows_point_down_and_are_used(tree):
    table = tree / "docs" / "architecture.md"
    table.write_text(TABLE.replace("| `text/` | - |", "| `text/` | `run/` |"))
    result = check(tree)
    assert result.returncode == 1 and "text: names run/, which is not below it" in result.stderr
    table.write_text(TABLE)
    (tree / "src" / "run" / "run.c").write_text("int run(void) { return 0; }\n")
    result = check(tree)
    assert result.returncode == 1 and "run: names text/, and includes nothing of it" in result.stderr


def test_a_folder_without_a_row(tree):
    (tree / "src" / "other").mkdir()
    (tree / "src" / "other" / "other.c").write_text("int other;\n")
    result = check(tree)
    assert result.returncode == 1 and "other: a folder of src/ without a row" in result.stderr
