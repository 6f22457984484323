# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a script's characters: blanks, words, escapes.

The parser decides what comes next, for RouterOS's tokens depend on where they stand: 10/2 is one word as an argument,
and a division between parentheses.
"""

from __future__ import annotations

from bisect import bisect_right

from .errors import ScriptSyntaxError

NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
WORD = NAME | frozenset("-_")
_BLANK = " \t\r"
_ARGUMENT_END = frozenset(' \t\r\n;[](){}"$=')
_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "$": "$",
    "?": "?",
    "_": " ",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_HEX = "0123456789ABCDEF"


class Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self._lines = [0]
        for index, char in enumerate(text):
            if char == "\n":
                self._lines.append(index + 1)

    def line(self, pos: int) -> int:
        return bisect_right(self._lines, pos)

    def error(self, message: str, pos: int | None = None) -> ScriptSyntaxError:
        at = self.pos if pos is None else pos
        line = self.line(at)
        return ScriptSyntaxError(message, line, at - self._lines[line - 1] + 1)

    def peek(self, ahead: int = 0) -> str:
        at = self.pos + ahead
        return self.text[at] if at < len(self.text) else ""

    def starts(self, text: str) -> bool:
        return self.text.startswith(text, self.pos)

    def take(self, text: str) -> bool:
        if self.starts(text):
            self.pos += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.error("syntax error")

    def _continuation(self) -> int:
        """Length of a backslash that ends its line, with the line's end; 0 elsewhere."""
        if self.starts("\\\n"):
            return 2
        return 3 if self.starts("\\\r\n") else 0

    def skip_blanks(self) -> None:
        """Skip what separates words of one command."""
        while True:
            if self.peek() and self.peek() in _BLANK:
                self.pos += 1
            elif self._continuation():
                self.pos += self._continuation()
            else:
                return

    def skip_lines(self) -> None:
        """Skip blanks, line ends and comments."""
        while True:
            self.skip_blanks()
            if self.peek() == "\n":
                self.pos += 1
            elif self.peek() == "#":
                end = self.text.find("\n", self.pos)
                self.pos = len(self.text) if end < 0 else end
            else:
                return

    def skip_separators(self) -> None:
        """Skip what stands between commands."""
        while True:
            self.skip_lines()
            if not self.take(";"):
                return

    def read(self, allowed: frozenset[str]) -> str:
        start = self.pos
        text = self.text
        while self.pos < len(text) and text[self.pos] in allowed:
            self.pos += 1
        return text[start : self.pos]

    def argument_word(self) -> str:
        """A value without quotes, up to the next separator."""
        start = self.pos
        text = self.text
        while self.pos < len(text) and text[self.pos] not in _ARGUMENT_END and not self._continuation():
            self.pos += 1
        return text[start : self.pos]

    def escape(self) -> str:
        """One escape sequence, the backslash already taken; a continued line's end yields nothing."""
        at = self.pos - 1
        char = self.peek()
        following = self.peek(1)
        if char and following and char in _HEX and following in _HEX:
            self.pos += 2
            return chr(int(char + following, 16))
        if char in ("\n", "\r"):
            self.pos += 2 if self.starts("\r\n") else 1
            while self.peek() and self.peek() in _BLANK:
                self.pos += 1
            return ""
        if char in _ESCAPES and char:
            self.pos += 1
            return _ESCAPES[char]
        raise self.error("syntax error", at)
