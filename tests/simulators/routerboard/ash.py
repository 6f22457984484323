# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a shell (BusyBox's ash) taken apart: words, quotes, `$?`, and commands tied by `;`, `&&` and `||`."""

from __future__ import annotations

from dataclasses import dataclass


class UnfinishedError(Exception):
    """A quote is still open: the line goes on in the next one."""


class ShellSyntaxError(Exception):
    """The text is the shell's."""


@dataclass
class Simple:
    """One command. `when` is how it is tied to the one before: ";", "&&" or "||". `$?` stands in the words as `STATUS`."""

    when: str
    words: list[str]


STATUS = "\0"
_ESCAPABLE = '"\\$`'
# What this little shell cannot do must not look as if it worked.
_REFUSED = "|&<>(){}`*"


def parse(line: str) -> list[Simple]:
    return _Reader(line).commands()


class _Reader:
    def __init__(self, line: str) -> None:
        self._line = line
        self._pos = 0

    def _peek(self, count: int = 1) -> str:
        return self._line[self._pos : self._pos + count]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise UnfinishedError
        self._pos += 1
        return char

    def commands(self) -> list[Simple]:
        found = [Simple(";", [])]
        while self._peek():
            if self._peek() in " \t":
                self._pos += 1
            elif self._peek() == "#":
                break
            elif self._peek(2) in ("&&", "||"):
                self._tie(found, self._take() + self._take())
            elif self._peek() in ";\n":
                self._tie(found, ";" if self._take() == ";" else "\n")
            else:
                found[-1].words.append(self._word())
        if not found[-1].words and found[-1].when in ("&&", "||"):
            raise UnfinishedError
        return [command for command in found if command.words]

    def _tie(self, found: list[Simple], operator: str) -> None:
        if found[-1].words:
            found.append(Simple(";" if operator == "\n" else operator, []))
        elif operator != "\n":
            raise ShellSyntaxError(f'syntax error: unexpected "{operator}"')

    def _word(self) -> str:
        word = ""
        while self._peek() and self._peek() not in " \t\n;" and self._peek(2) not in ("&&", "||"):
            char = self._take()
            if char == "'":
                word += self._single_quoted()
            elif char == '"':
                word += self._double_quoted()
            elif char == "\\":
                word += self._take()
            elif char == "$":
                word += self._variable()
            elif char in _REFUSED:
                raise ShellSyntaxError(f'syntax error: unexpected "{char}"')
            else:
                word += char
        return word

    def _single_quoted(self) -> str:
        text = ""
        while (char := self._take()) != "'":
            text += char
        return text

    def _double_quoted(self) -> str:
        text = ""
        while (char := self._take()) != '"':
            if char == "\\" and self._peek() in tuple(_ESCAPABLE):
                text += self._take()
            elif char == "$":
                text += self._variable()
            else:
                text += char
        return text

    def _variable(self) -> str:
        """Only `$?` is known; every other variable is empty, as one that was never set."""
        if self._peek() == "?":
            self._pos += 1
            return STATUS
        start = self._pos
        while self._peek().isalnum() or self._peek() == "_":
            self._pos += 1
        return "" if self._pos > start else "$"
