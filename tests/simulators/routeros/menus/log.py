# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/log: kept in memory, as on a router."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..fields import Field
from ..menu import Command, Invocation, Menu
from ..printing import cell
from ..table import Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

_LINES = 1000
_LEVELS = ("debug", "error", "info", "warning")


class Log(Table):
    columns = ("time", "topics", "message")
    can_add = False
    can_set = False
    can_remove = False
    kept = False

    def __init__(self, router: Router) -> None:
        super().__init__(router, [Field(name, read_only=True) for name in ("time", "topics", "message")])
        for level in _LEVELS:
            self.add_command(Command(level, self._writer(level), positional=("message",)))

    def _writer(self, level: str) -> Callable[[Invocation], Value]:
        def handler(call: Invocation) -> Value:
            self.record_event(f"script,{level}", call.text("message"))
            return None

        return handler

    def record_event(self, topics: str, message: str) -> None:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.router.platform.now()))
        self.store.new({"time": at, "topics": topics, "message": message}, dynamic=True)
        del self.store.items[:-_LINES]

    def _render(self, call: Invocation, records: list[dict[str, Value]]) -> str:
        return "\n".join(f" {cell(record['time'])} {cell(record['topics'])} {cell(record['message'])}" for record in records)


def menus(router: Router) -> dict[str, Menu]:
    return {"log": Log(router)}
