# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying a console's dialogue over a wire: sending what it says, handing it what comes, keeping its time (private)."""

from __future__ import annotations

import time
import typing as t

from .._core.errors import GuestError
from .console import Expect, Result, Screen, Talk, run_command
from .way import Ended, Pace

SLICE: t.Final = 0.5  # seconds of waiting at once, so that a time limit is kept that closely


class Channel(t.Protocol):
    """A wire to a console. Both raise GuestError when it is gone."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self, timeout: float) -> bytes:
        """What came, as soon as something does; nothing after so many seconds."""


class Console:
    """One console's wire and screen, over which one dialogue after the other is held."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.screen = Screen()
        self.commands = 0  # held so far; numbers their markers

    def type(self, text: str) -> None:
        """Press keys."""
        self._channel.send(text.encode())

    def look(self, timeout: float) -> bool:
        """Take what came, at most so many seconds later; whether something did."""
        data = self._channel.receive(timeout)
        if data:
            answers = self.screen.feed(data)
            if answers:
                self._channel.send(answers.encode())
        return bool(data)


class Conversation(t.Generic[Result]):
    """One dialogue under way."""

    def __init__(self, console: Console, talk: Talk[Result]) -> None:
        self._console = console
        self._talk = talk
        self.result: Result | None = None
        self.ended = False
        self._advance(lambda: next(talk))

    def _advance(self, step: t.Callable[[], Expect]) -> None:
        try:
            self._expect = step()
        except StopIteration as end:
            self.result, self.ended = end.value, True
            return
        self._heard = time.monotonic()
        if self._expect.send:
            self._console.type(self._expect.send)

    def pump(self, wait: float) -> bool:
        """Go on with what came within so many seconds; whether the dialogue has ended. Raises GuestError."""
        if self.ended:
            return True
        match = self._console.screen.take(self._expect.patterns)
        if match is None and self._console.look(wait):
            self._heard = time.monotonic()
            match = self._console.screen.take(self._expect.patterns)
        if match is not None or time.monotonic() - self._heard >= self._expect.silence:
            self._advance(lambda: self._talk.send(match))
        return self.ended


def converse(console: Console, talk: Talk[Result], timeout: float, what: str) -> Result:
    """Hold a dialogue to its end. Raises GuestError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    conversation = Conversation(console, talk)
    while not conversation.pump(SLICE):
        if time.monotonic() >= deadline:
            shown = console.screen.text.strip().splitlines()[-1:] or ["nothing"]
            raise GuestError(f"{what} did not end within {timeout:g} s", found=shown[0], remedy="Look at the console, or raise timeout")
    return t.cast(Result, conversation.result)


class ConsoleRunner:
    """Runs scripts of one line each on a console that is logged in."""

    name = "console"
    returns_text = True
    pace = Pace()

    def __init__(self, console: Console, os: str) -> None:
        self._console = console
        self._os = os
        self._running: dict[int, Conversation[Ended]] = {}

    def start(self, source: str) -> int:
        """Type the command; its number."""
        self._console.commands += 1
        number = self._console.commands
        self._running[number] = Conversation(self._console, run_command(self._os, source, number))
        return number

    def poll(self, job: int) -> Ended | None:
        """How the command ended, or None while it runs."""
        conversation = self._running[job]
        if not conversation.pump(0):
            return None
        del self._running[job]
        return conversation.result
