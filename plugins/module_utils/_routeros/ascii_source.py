# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script's source in ASCII alone, for ways that carry nothing else (private, pure)."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError

_NESTED: t.Final = {"[": "]", "(": ")"}  # what `$` opens inside of a string: code, which may hold strings of its own


def ascii_source(source: str) -> str:
    """The same script. In strings, what is not ASCII becomes the `\\XX` of its UTF-8 bytes, which RouterOS reads as the same text; in comments it
    becomes question marks. Elsewhere it cannot be written otherwise: raises InputError."""
    return source if source.isascii() else "".join(_Reader(source).written())


class _Reader:
    """Goes through a source, and knows what it is in."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._ends = [""]  # what ends the code or the string that is read, the innermost last; a string's is its quote
        self._escaped = self._dollar = self._comment = False  # whether the last character said so of the next
        self._statement = True  # whether a statement may begin here, which is where a comment may

    def written(self) -> t.Iterator[str]:
        for place, char in enumerate(self._source):
            yield char if char.isascii() else self._replaced(place)
            self._pass(char)

    def _replaced(self, place: int) -> str:
        char = self._source[place]
        if self._comment:
            return "?"
        if self._ends[-1] == '"' and not self._escaped:
            return "".join(f"\\{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
        line = self._source.count("\n", 0, place) + 1
        raise InputError(f"the script's line {line} holds {char!r} outside of a string", remedy="Put the value between quotes")

    def _pass(self, char: str) -> None:
        end, dollar = self._ends[-1], self._dollar
        self._dollar = char == "$" and not self._escaped
        if self._comment:
            self._comment = char != "\n"
            self._statement = not self._comment
            return
        if self._escaped:
            self._escaped = False
            return
        self._escaped = char == "\\"
        self._comment = char == "#" and end != '"' and self._statement
        if char == end:
            self._ends.pop()
        elif char == '"':
            self._ends.append(char)
        elif char in _NESTED and (end != '"' or dollar):
            self._ends.append(_NESTED[char])
        self._statement = self._ends[-1] != '"' and (char in "\n;{[" or (self._statement and char in " \t\r"))
