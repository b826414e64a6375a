# SPDX-License-Identifier: BSD-2-Clause
"""What stands in the sources of espcap: includes, structs, functions. By their layout, which scripts/format keeps."""

import collections
import glob
import os
import re

INCLUDE = re.compile(r'^#include "([a-z_]+/[a-z_0-9]+\.h)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DIRECTIVE = re.compile(r"^#(?:.*\\\n)*.*$", re.MULTILINE)
STRUCT = re.compile(r"\bstruct\s+(\w+)\s*\{")
ENUM = re.compile(r"\benum\s*\w*\s*\{[^}]*\}")
PARENTHESES = re.compile(r"\([^()]*\)")
FUNCTION = re.compile(r"^(\w+)\([^;{}]*\)\n(\{\n.*?^\})$", re.DOTALL | re.MULTILINE)


def read_tree(top):
    """The texts of all C and C++ files, by path below src/."""
    texts = {}
    for path in sorted(glob.glob(os.path.join(top, "src", "*", "*.[ch]")) + glob.glob(os.path.join(top, "src", "*", "*.cc"))):
        with open(path) as text:
            texts[os.path.relpath(path, os.path.join(top, "src"))] = text.read()
    return texts


def includes(text):
    return INCLUDE.findall(text)


def file_of(path):
    """x.c, x.h and x_private.h are one file."""
    return re.sub(r"(_private)?\.(c|cc|h)$", "", path)


def reach(arrows, start):
    """All that arrows lead to from there; start itself only if there is a way back."""
    seen, todo = set(), [start]
    while todo:
        for name in arrows.get(todo.pop(), ()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


def shared_headers(texts):
    """Headers that two .c files include, by themselves or through other headers."""
    arrows = {path: set(includes(text)) for path, text in texts.items()}
    users = collections.Counter(header for path in texts if path.endswith((".c", ".cc")) for header in reach(arrows, path))
    return {path for path in texts if users[path] > 1}


def body_at(text, start):
    """What stands between the brace before start and the one that closes it."""
    depth, end = 1, start
    while depth > 0:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[start:end - 1]


def count_members(body):
    body = ENUM.sub("enum", body)
    while PARENTHESES.search(body):
        body = PARENTHESES.sub("", body)
    return sum(1 + declaration.count(",") for declaration in re.findall(r"[^;{}]+;", body) if declaration.strip() != ";")


def structs(text):
    """Pairs of a name and the number of members, with those of structs and unions that are defined inside."""
    text = DIRECTIVE.sub("", COMMENT.sub("", text))
    return [(match.group(1), count_members(body_at(text, match.end()))) for match in STRUCT.finditer(text)]


def functions(text):
    """Pairs of a name and the number of lines, from brace to brace."""
    return [(match.group(1), match.group(2).count("\n") + 1) for match in FUNCTION.finditer(text)]
