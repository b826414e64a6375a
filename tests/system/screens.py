# SPDX-License-Identifier: BSD-2-Clause
"""espcap on a pseudo-terminal, and a small model of the screen that interprets what it writes there."""

import collections
import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
import unicodedata

import espcap

# What moves the cursor or erases, and colors.
SEQUENCE = re.compile(r"\x1b\[(K|[0-9;]*m)")

Drawn = collections.namedtuple("Drawn", "text cells columns")


def cells(text):
    """The columns that a text takes, by Python's tables."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
               for char in text)


class Screen:
    """Rows of a terminal that wraps, without a bottom: rows that scroll away are kept. Other sequences are errors."""

    def __init__(self, columns):
        self.columns = columns
        self.rows, self.at = [[]], 0
        # The rows that go on in the next one, because a line did not fit.
        self.wrapped = set()
        self.colors = []
        # Texts that were written and left without a newline: progress lines.
        self.drawn = []
        self.pending = ""

    def put(self, char):
        width = cells(char)
        if self.at + width > self.columns:
            self.wrapped.add(len(self.rows) - 1)
            self.rows.append([])
            self.at = 0
        row = self.rows[-1]
        row.extend(" " * (self.at - len(row)))
        # The second cell of a wide character holds nothing.
        row[self.at:self.at + width] = [char, ""][:width]
        self.at += width
        self.pending += char

    def feed(self, text):
        """Returns the beginning of a sequence whose end is still to come."""
        while text:
            if text[0] == "\x1b":
                found = SEQUENCE.match(text)
                if not found:
                    assert re.fullmatch(r"\x1b(\[[0-9;]*)?", text), "an unknown sequence: %r" % text[:20]
                    return text
                if found.group(1) == "K":
                    # Behind the last column a terminal would erase the character in it.
                    assert self.at < self.columns, "erases in the last column"
                    del self.rows[-1][self.at:]
                    if self.pending:
                        self.drawn.append(Drawn(self.pending, cells(self.pending), self.columns))
                else:
                    self.colors.append(found.group(1))
                text = text[found.end():]
                continue
            if text[0] == "\r":
                self.at, self.pending = 0, ""
            elif text[0] == "\n":
                self.rows.append([])
                self.pending = ""
            else:
                assert text[0] >= " " and text[0] != "\x7f", "a control character: %r" % text[:20]
                self.put(text[0])
            text = text[1:]
        return ""

    def resize(self, columns):
        """As xterm does: what is beyond the new width is gone."""
        self.columns = columns
        for row in self.rows:
            del row[columns:]
        self.at = min(self.at, columns - 1)

    @property
    def lines(self):
        """What stands there, with lines that wrapped joined again."""
        found, line = [], ""
        for number, row in enumerate(self.rows):
            line += "".join(row)
            if number not in self.wrapped:
                found.append(line)
                line = ""
        return found


class Terminal:
    """A run of espcap whose standard error, and standard output unless it is given, are one terminal."""

    def __init__(self, *options, columns=80, stdin=subprocess.DEVNULL, stdout=None, stderr=None, environment=None,
                 prefix=(), **keywords):
        self.master, slave = pty.openpty()
        self.screen = Screen(columns)
        self.lock, self.raw, self.rest = threading.Lock(), b"", b""
        self.resize(columns)
        given = {**espcap.ENVIRONMENT, "TERM": "xterm", "ESPCAP_TEST_BACKOFF_MS": "20", **(environment or {})}
        self.process = subprocess.Popen(
            [*prefix, *espcap.command(*options)], stdin=stdin, stdout=slave if stdout is None else stdout,
            stderr=slave if stderr is None else stderr,
            env={key: value for key, value in given.items() if value is not None}, **keywords)
        os.close(slave)
        self.failure = None
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        """An assertion that fails in a thread fails the test when it looks."""
        try:
            self.read()
        except AssertionError as failure:
            self.failure = failure

    def check(self):
        if self.failure is not None:
            raise self.failure

    def read(self):
        held = ""
        while True:
            try:
                got = os.read(self.master, 65536)
            except OSError as error:
                # The last one who had it open is gone.
                assert error.errno == errno.EIO
                return
            with self.lock:
                self.raw += got
                whole, self.rest = self.split(self.rest + got)
                held = self.screen.feed(held + whole)

    @staticmethod
    def split(data):
        """The text of whole characters, and the bytes of one that is not complete."""
        for back in range(4):
            try:
                end = len(data) - back
                return data[:end].decode(), data[end:]
            except UnicodeDecodeError:
                continue
        raise AssertionError("not UTF-8: %r" % data[-100:])

    def resize(self, columns, shown=None):
        """A line on its way may still have the width of before. shown: the width, if the terminal does not tell it."""
        with self.lock:
            self.screen.resize(shown or columns)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while True:
            self.check()
            with self.lock:
                if condition(self.screen):
                    return
            assert time.monotonic() < end and self.thread.is_alive(), "no %s: %r" % (what, self.raw[-2000:])
            time.sleep(0.01)

    def wait(self, code=0, seconds=120):
        """The lines of the screen, without those that are empty at its end."""
        assert self.process.wait(seconds) == code, (self.failure, self.raw[-3000:])
        self.thread.join(seconds)
        self.check()
        assert not self.thread.is_alive()
        os.close(self.master)
        assert not espcap.SANITIZER.search(self.raw.decode("utf-8", "replace")), self.raw
        lines = self.screen.lines
        while lines and lines[-1] == "":
            lines.pop()
        return lines
