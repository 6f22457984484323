# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dialogue with a terminal, as a machine: bytes from the terminal in, bytes to it out.

The dialogue is a generator. It yields what it waits for (a line, the terminal's answer, the end of a command, a program that holds the
terminal) and is sent what came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from ..routeros.router import Result
from .console_texts import HELP, PROBE
from .line_editor import EscapeFilter, Event, LineEditor, Typed
from .worker import Worker

WIDTH = 80
_CURSOR = re.compile(r"\x1b\[\d+;(\d+)R")
_CTRL_C = "\x03"


class Program(Protocol):
    """Something that holds the terminal for a while and writes to it by itself."""

    def feed(self, data: bytes) -> bytes | None:
        """None while it holds the terminal; once it is done, what it left of the bytes."""

    def close(self) -> None:
        """The terminal is gone."""


@dataclass
class Ask:
    """Wait for a line; gives a Typed. `shell` is the command line, which is redrawn before the command's output."""

    prompt: str
    hidden: bool = False
    shell: bool = False
    helps: bool = False  # whether "?" asks for help
    one_key: bool = False
    lost: int = 0  # keys that never arrive


@dataclass
class Probe:
    """Ask the terminal where its cursor is, for so many seconds; gives its width in columns."""

    seconds: float


@dataclass
class Run:
    """Run this while the terminal may go on; gives its Result, or None where Ctrl-C came first."""

    job: Callable[[], Result]


@dataclass
class Hold:
    """Leave the terminal to a program; gives None."""

    program: Program


Step: TypeAlias = "Ask | Probe | Run | Hold"
Gives = TypeVar("Gives")
Dialogue: TypeAlias = Generator[Step, object, Gives]


@dataclass
class _Reading:
    editor: LineEditor
    ask: Ask


@dataclass
class _Probing:
    typed: str = ""
    escapes: EscapeFilter = field(default_factory=EscapeFilter)


class Machine:
    """`on_end` is called when the dialogue has ended. All methods, and what the worker calls, must be called one at a time."""

    def __init__(self, send: Callable[[bytes], None], worker: Worker, dialogue: Dialogue[None], on_end: Callable[[], None]) -> None:
        self.width = WIDTH
        self.colours = False
        self._send = send
        self._worker = worker
        self._dialogue = dialogue
        self._on_end = on_end
        self._typed = ""
        self._consuming = False
        self._state: _Reading | _Probing | Run | Hold | None = None

    def start(self) -> None:
        self._advance(None)

    def feed(self, data: bytes) -> None:
        self._typed += data.decode("latin-1")
        self._consume()

    def close(self) -> None:
        if isinstance(self._state, Hold):
            self._state.program.close()
        self._state = None
        self._dialogue.close()

    def write(self, text: str) -> None:
        self._send(text.encode("latin-1"))

    def coloured(self, text: str) -> str:
        return f"\x1b[m\x1b[36m{text}\x1b[m" if self.colours else text

    def end_program(self) -> None:
        """For a program that ends by itself; may be called from anywhere."""
        self._worker.after(0, self._end_hold)

    def _end_hold(self) -> None:
        if isinstance(self._state, Hold):
            self._advance(None)

    def _advance(self, came: object) -> None:
        """Let the dialogue go on to what it waits for next."""
        self._state = None
        try:
            step = self._dialogue.send(came)
        except StopIteration:
            self._on_end()
            return
        if isinstance(step, Ask):
            self._state = _Reading(LineEditor(self.write, step.prompt, self.width, step.hidden, step.helps), step)
        elif isinstance(step, Probe):
            self._begin_probe(step)
        elif isinstance(step, Run):
            self._begin_run(step)
        else:
            self._state = step
        self._consume()

    def _consume(self) -> None:
        """Take what was typed for as long as somebody wants it."""
        if self._consuming:
            return
        self._consuming = True
        while self._typed and self._take():
            pass
        self._consuming = False

    def _take(self) -> bool:
        state = self._state
        if isinstance(state, _Reading):
            self._read_key(state, self._next())
        elif isinstance(state, _Probing):
            self._read_probe(state, self._next())
        elif isinstance(state, Hold):
            self._feed_program(state)
        elif isinstance(state, Run) and _CTRL_C in self._typed:
            self._typed = self._typed.partition(_CTRL_C)[2]
            self._advance(None)
        else:
            return False
        return True

    def _next(self) -> str:
        char, self._typed = self._typed[0], self._typed[1:]
        return char

    def _read_key(self, state: _Reading, char: str) -> None:
        if state.ask.lost > 0:
            state.ask.lost -= 1
            return
        typed = state.editor.feed(char)
        if typed is None and state.ask.one_key:
            typed = Typed(Event.LINE, char)
        if typed is None:
            return
        if typed.event is Event.HELP:
            self.write(f"\r\n{HELP}\r\n{state.editor.shown()}")
        else:
            if state.ask.shell and typed.event is Event.LINE:
                self.write("\r" + self.coloured(state.editor.shown()))
            self.write("\r\n")
            self._advance(typed)

    def _begin_probe(self, step: Probe) -> None:
        state = _Probing()
        self._state = state

        def give_up() -> None:
            if self._state is state:
                self._end_probe(state, WIDTH)

        self.write(PROBE)
        self._worker.after(step.seconds, give_up)

    def _read_probe(self, state: _Probing, char: str) -> None:
        key = state.escapes.feed(char)
        answer = _CURSOR.fullmatch(key)
        if answer:
            self._end_probe(state, int(answer[1]))
        elif len(key) == 1:
            state.typed += key

    def _end_probe(self, state: _Probing, width: int) -> None:
        self._typed = state.typed + self._typed
        self._advance(width)

    def _begin_run(self, step: Run) -> None:
        self._state = step

        def done(result: Result) -> None:
            if self._state is step:
                self._advance(result)

        self._worker.run(step.job, done)

    def _feed_program(self, state: Hold) -> None:
        data, self._typed = self._typed.encode("latin-1"), ""
        left = state.program.feed(data)
        if left is not None:
            self._typed = left.decode("latin-1")
            self._advance(None)
