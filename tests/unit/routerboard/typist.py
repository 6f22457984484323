# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal, without threads: jobs run at once, and time passes when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from tests.simulators.routerboard.accounts import LoginName
from tests.simulators.routerboard.terminal import ProgramStart, Terminal, TerminalSettings
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

T = TypeVar("T")


class Patience:
    """A worker. With `lazy` set, jobs wait until `finish`."""

    def __init__(self) -> None:
        self.lazy = False
        self._jobs: list[Callable[[], None]] = []
        self._timers: list[Callable[[], None]] = []

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        self._jobs.append(lambda: done(job()))
        if not self.lazy:
            self.finish()

    def finish(self) -> None:
        while self._jobs:
            self._jobs.pop(0)()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append(action)

    def wait(self) -> None:
        while self._timers:
            self._timers.pop(0)()


class Typist:
    """Types into a terminal of a router that has just booted for the first time."""

    def __init__(
        self,
        version: str = "6.49.10",
        settings: TerminalSettings | None = None,
        login: str | None = None,
        programs: Mapping[str, ProgramStart] | None = None,
        width: int = 80,
    ) -> None:
        self.platform = MemoryPlatform(1, version)
        self.router = Router(self.platform)
        self.router.boot()
        self.patience = Patience()
        self.logouts = 0
        self._shown = ""
        name = None if login is None else LoginName.parse(login)
        self.terminal = Terminal(self.router, self._show, self.patience, settings, name, width, programs, self._log_out)
        self.terminal.open()

    def _show(self, data: bytes) -> None:
        self._shown += data.decode("utf-8", "replace")

    def _log_out(self) -> None:
        self.logouts += 1

    def read(self) -> str:
        """What was shown since the last time."""
        shown, self._shown = self._shown, ""
        return shown

    def type(self, text: str) -> str:
        self.terminal.feed(text.encode())
        return self.read()
