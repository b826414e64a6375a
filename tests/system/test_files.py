# SPDX-License-Identifier: BSD-2-Clause
"""tests/check-files finds what it is there for, in small trees of its own."""

import os
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def members(count):
    return "".join("\tint m%d;\n" % i for i in range(count))


def struct(body):
    return "struct large {\n%s};\n" % body


def write(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def includes(*names):
    return "".join('#include "%s.h"\n' % name for name in names)


@pytest.fixture
def tree(tmp_path):
    """A tree without faults: a room of three files, and one above it."""
    write(tmp_path, "src/text/top.c", includes("text/top", "text/middle"))
    write(tmp_path, "src/text/top.h", includes("text/low"))
    write(tmp_path, "src/text/middle.c", includes("text/middle", "text/middle_private", "text/low"))
    write(tmp_path, "src/text/middle.h", struct(members(25)))
    write(tmp_path, "src/text/middle_private.h", "struct own {\n%s};\n" % members(26))
    write(tmp_path, "src/text/low.c", includes("text/low"))
    write(tmp_path, "src/text/low.h", "int low(void);\n")
    write(tmp_path, "src/run/run.c", includes("text/top"))
    write(tmp_path, "tests/rooms/exempt", "# nothing\n")
    return tmp_path


def check(tree):
    result = subprocess.run([os.path.join(TOP, "tests", "check-files")], env={**os.environ, "ROOMS_TOP": str(tree)},
                            stderr=subprocess.PIPE, text=True, check=False)
    return result.returncode, result.stderr


def test_a_tree_without_faults(tree):
    assert check(tree) == (0, "")


@pytest.mark.parametrize("name, included, says", [
    ("src/text/low.h", "text/top", "circle text/low text/middle text/top"),
    ("src/text/low.c", "text/middle", "circle text/low text/middle"),
    ("src/text/low.c", "text/middle_private", "circle text/low text/middle"),
    ("src/text/middle_private.h", "text/top", "circle text/middle text/top"),
], ids=["headers", "sources", "private", "by a private header"])
def test_circles(tree, name, included, says):
    write(tree, name, includes(included) + (tree / name).read_text())
    status, errors = check(tree)
    assert status == 1 and "check-files: %s\n" % says in errors, errors


def test_one_circle_of_three(tree):
    write(tree, "src/text/low.c", includes("text/top"))
    write(tree, "src/text/top.h", includes("text/middle"))
    assert check(tree) == (1, "check-files: circle text/low text/middle text/top\n")


def test_rooms_are_left_to_check_rooms(tree):
    write(tree, "src/run/run.h", "")
    write(tree, "src/text/low.c", includes("text/low", "run/run"))
    assert check(tree) == (0, "")


@pytest.mark.parametrize("body, count", [
    (members(26), 26),
    (members(23) + "\tint a, *b, c[2];\n", 26),
    (members(20) + "\tstruct {\n\t\tint a, b;\n\t\tunion {\n\t\t\tint c, d;\n\t\t};\n\t} inner;\n" + "\tint z;\n", 26),
    (members(25) + "\tvoid (*on_end)(void *ctx, int status);\n", 26),
    (members(25) + "\tTAILQ_ENTRY(large) next;\n", 26),
], ids=["lines", "commas", "inside", "function", "macro"])
def test_large_structs(tree, body, count):
    write(tree, "src/text/middle.h", struct(body))
    status, errors = check(tree)
    assert status == 1 and "src/text/middle.h: struct large has %d members;" % count in errors, errors


@pytest.mark.parametrize("body", [
    members(24) + "\tint (*get)(int, int, int); /* a, b; */\n",
    "#if 1\n" + members(24) + "#endif\n\tenum { A, B, C } kind;\n",
    members(24) + "\t/*\n\t * int a;\n\t * int b;\n\t */\n\tint c;\n",
], ids=["arguments", "enumerators", "comment"])
def test_what_is_no_member(tree, body):
    write(tree, "src/text/middle.h", struct(body))
    assert check(tree) == (0, "")


def test_shared_through_another_header(tree):
    write(tree, "src/text/low.h", struct(members(26)))
    write(tree, "src/text/low.c", "")
    write(tree, "src/text/middle.c", includes("text/middle"))
    write(tree, "src/text/top.c", includes("text/top"))
    write(tree, "src/run/run.c", "")
    assert check(tree) == (0, "")
    write(tree, "src/run/run.c", includes("text/top"))
    assert check(tree)[0] == 1


def test_exempt(tree):
    write(tree, "src/text/middle.h", struct(members(26)))
    write(tree, "src/text/low.c", includes("text/middle"))
    write(tree, "tests/rooms/exempt", "struct large # it has its reasons\ncircle text/low text/middle\n")
    assert check(tree) == (0, "")
    write(tree, "src/text/middle.h", struct(members(25)))
    write(tree, "src/text/low.c", "")
    assert check(tree) == (1, 'check-files: tests/rooms/exempt: nothing needs "circle text/low text/middle"\n'
                              'check-files: tests/rooms/exempt: nothing needs "struct large"\n')


def test_an_empty_tree(tmp_path):
    write(tmp_path, "tests/rooms/exempt", "")
    assert check(tmp_path) == (1, "check-files: src/ holds no sources\n")
