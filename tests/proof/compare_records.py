# SPDX-License-Identifier: BSD-2-Clause
"""Compares two records of scenarios, and shows what differs but for a list of renamed words."""

import difflib
import os

from record import TITLE

WIDTH = 160
# Lines of a difference that are shown.
LINES = 60


class Renamed:
    """A file of lines with a tab: an old text and the new one; or + and a line that the new record may have besides."""

    def __init__(self, path):
        self.pairs, self.added, self.used = [], set(), set()
        with open(path, encoding="utf-8") as source:
            for line in source.read().split("\n"):
                if not line or line.startswith("#"):
                    continue
                old, tab, new = line.partition("\t")
                if not tab:
                    raise ValueError("%s: no tab in %r" % (path, line))
                if old == "+":
                    self.added.add(new)
                else:
                    self.pairs.append((old, new))

    def translate(self, text):
        """The old record as it would be with the new words. Documents, and what tsharks and servers were given, stay."""
        sections = split(text)
        for number, (title, body) in enumerate(sections):
            if title.startswith("words: "):
                sections[number] = title, self.in_words(body)
        return sections

    def in_words(self, text):
        for old, new in self.pairs:
            if old in text:
                self.used.add(old)
                text = text.replace(old, new)
        return text

    def without_added(self, text):
        """The new record without the lines that it may have besides."""
        sections = split(text)
        for number, (title, body) in enumerate(sections):
            lines = body.split("\n")
            found = {line for line in lines if line in self.added} if title.startswith("words: ") else set()
            self.used |= found
            sections[number] = title, "\n".join(line for line in lines if line not in found)
        return sections

    def idle(self):
        """What no record needed."""
        return sorted(({old for old, _ in self.pairs} | self.added) - self.used)


def split(text):
    """Titles and bodies."""
    parts = text.split("\n" + TITLE) if text.startswith(TITLE) else ["\n" + text]
    return [tuple(part.removeprefix(TITLE).partition("\n")[::2]) for part in parts]


def join(sections):
    return [line for title, body in sections for line in (TITLE + title, *body.split("\n"))]


def window(line, other):
    """A long line around the first place where it differs from the other."""
    if len(line) <= WIDTH:
        return line
    at = len(os.path.commonprefix([line[1:], other[1:]]))
    begin = max(at - WIDTH // 3, 0)
    return "%s%s%s%s" % (line[0], "..." if begin else "", line[1 + begin:1 + begin + WIDTH],
                         "..." if len(line) > 1 + begin + WIDTH else "")


def difference(name, old, new):
    """A unified diff, in which long lines are cut to where they differ."""
    lines = list(difflib.unified_diff(old, new, "old/" + name, "new/" + name, lineterm="", n=2))
    shown, minus = [], []
    for line in lines:
        if line.startswith("-") and not line.startswith("---"):
            minus.append(len(shown))
            shown.append(line)
        elif line.startswith("+") and not line.startswith("+++") and minus:
            other = lines[minus.pop(0)]
            shown.append(window(line, other))
            place = lines.index(other)
            shown[place] = window(other, line)
        else:
            minus = []
            shown.append(line if line.startswith(("-", "+", "@")) else line[:WIDTH])
    shown = [window(line, "") for line in shown]
    return "\n".join(shown[:LINES] + ["... and %d lines" % (len(shown) - LINES)] * (len(shown) > LINES))


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as source:
        return source.read()


def main(old, new, renamed):
    """Exit status of a comparison: 1 if anything differs."""
    words = Renamed(renamed)
    names = sorted(set(os.listdir(old)) | set(os.listdir(new)))
    differ = []
    for name in names:
        missing = [folder for folder in (old, new) if not os.path.exists(os.path.join(folder, name))]
        if missing:
            print("%s: not in %s" % (name, missing[0]))
            differ.append(name)
            continue
        one, other = join(words.translate(read(old, name))), join(words.without_added(read(new, name)))
        if one != other:
            print(difference(name, one, other))
            differ.append(name)
    for word in words.idle():
        print("renamed, but nowhere seen: %s" % word)
    print("%d scenarios compared, %d differ%s" % (len(names), len(differ), ": " + " ".join(differ) if differ else ""))
    return 1 if differ or not names else 0
