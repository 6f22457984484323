# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in, lines out: the line editor of RouterOS's console, with its echo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

ESCAPE = "\x1b"


class Event(Enum):
    LINE = "line"
    INTERRUPT = "interrupt"  # Ctrl-C
    END = "end"  # Ctrl-D on an empty line
    HELP = "help"  # "?"


@dataclass(frozen=True)
class Typed:
    event: Event
    text: str = ""


class EscapeFilter:
    """Puts a terminal's escape sequences together: "" while one is under way, then the whole of it; other characters as they are."""

    def __init__(self) -> None:
        self._sequence = ""

    def feed(self, char: str) -> str:
        if char == ESCAPE:
            self._sequence = char
            return ""
        if not self._sequence:
            return char
        self._sequence += char
        if (len(self._sequence) == 2 and char in "[O") or not "@" <= char <= "~":
            return ""
        done, self._sequence = self._sequence, ""
        return done


class LineEditor:
    """One line at a time. CR and LF both end it: a client that sends CRLF has entered two lines (measured on CHR 7.21).

    A line that does not fit is scrolled sideways (measured there too): its beginning gives way to "<". Keys of a `hidden` line are
    not echoed. `helps` is whether "?" asks for help instead of being typed, unless a backslash stands before it.
    """

    def __init__(self, write: Callable[[str], None], prompt: str, width: int, hidden: bool = False, helps: bool = False) -> None:
        self._write = write
        self._prompt = prompt
        self._width = width
        self._hidden = hidden
        self._helps = helps
        self._escapes = EscapeFilter()
        self._text = ""

    def feed(self, char: str) -> Typed | None:
        key = self._escapes.feed(char)
        if len(key) != 1:
            return None
        if key in "\r\n":
            return Typed(Event.LINE, self._text)
        if key == "\x03":
            return Typed(Event.INTERRUPT)
        if key == "\x04":
            return None if self._text else Typed(Event.END)
        if key == "?" and self._helps and not self._text.endswith("\\"):
            return Typed(Event.HELP, self._text)
        self._edit(key)
        return None

    def _edit(self, key: str) -> None:
        if key in "\x7f\x08":
            self._erase(1)
        elif key == "\x15":
            self._erase(len(self._text))
        elif key >= " ":
            self._text += key
            if not self._hidden:
                self._write(key if self._fits() else "\r" + self.shown())

    def _fits(self) -> bool:
        return len(self._prompt) + len(self._text) < self._width

    def _erase(self, count: int) -> None:
        count = min(count, len(self._text))
        fitted = self._fits()
        self._text = self._text[: len(self._text) - count]
        if not self._hidden:
            self._write("\b \b" * count if fitted else "\r" + self.shown())

    def shown(self) -> str:
        """The prompt and as much of the line as there is room for."""
        if self._fits():
            return self._prompt + self._text
        room = max(self._width - len(self._prompt) - 2, 1)
        return self._prompt + "<" + self._text[-room:]
