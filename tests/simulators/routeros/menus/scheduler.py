# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system/scheduler"""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING

from ..fields import COMMENT, DISABLED, NAME, Choices, Field, Span, Stored
from ..menu import Menu
from ..table import Item, Table
from ..values import Value, parse_time
from .script import POLICIES
from .system import Date, StartTime

if TYPE_CHECKING:
    from ..router import Router

_STARTUP = "startup"


class Scheduler(Table):
    columns = ("name", "start-date", "start-time", "interval", "on-event", "run-count")

    def __init__(self, router: Router) -> None:
        fields = [
            NAME,
            Field("on-event", default=""),
            Field("interval", Span(), "00:00:00"),
            Field("start-time", StartTime()),
            Field("start-date", Date()),
            Field("policy", Choices(*POLICIES), ",".join(POLICIES)),
            COMMENT,
            DISABLED,
        ]
        super().__init__(router, fields)
        for name in ("add", "set"):
            self.commands[name].code = ("on-event",)
        self._next: dict[int, float | None] = {}

    def computed_names(self) -> frozenset[str]:
        return frozenset({"run-count"})

    def computed(self, item: Item) -> dict[str, Value]:
        return {"run-count": item.values.get("run-count", 0)}

    def prepare(self, values: dict[str, Stored]) -> None:
        now = time.gmtime(self.router.platform.now())
        values.setdefault("start-date", time.strftime("%Y-%m-%d", now))
        values.setdefault("start-time", time.strftime("%H:%M:%S", now))

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "item with this name already exists", "name")

    def changed(self) -> None:
        """Forget what was planned: the next look plans it again."""
        self._next.clear()

    def start(self) -> None:
        """The router has booted."""
        for item in self.items():
            if item.values["start-time"] == _STARTUP:
                self._next[item.number] = self.router.booted

    def run_due(self) -> None:
        now = self.router.platform.now()
        for item in self.items():
            if item.number not in self._next:
                self._next[item.number] = self._first(item, now)
            due = self._next[item.number]
            if due is None or due > now or item.values["disabled"]:
                continue
            interval = _interval(item)
            self._next[item.number] = now + interval if interval else None
            item.values["run-count"] = int(item.values.get("run-count", 0)) + 1
            self.router.touch()
            script = self.router.table("/system/script").lookup(str(item.values["on-event"]))
            source = item.values["on-event"] if script is None else script.values["source"]
            self.router.run_event(f"scheduler ({item.values['name']})", str(source))

    @staticmethod
    def _first(item: Item, now: float) -> float | None:
        """When an item that was added or changed runs next; None for never."""
        if item.values["start-time"] == _STARTUP:
            return now + _interval(item) if _interval(item) else None
        moment = time.strptime(f"{item.values['start-date']} {item.values['start-time']}", "%Y-%m-%d %H:%M:%S")
        start = float(calendar.timegm(moment))
        if start >= int(now):
            return start
        passed = (now - start) // _interval(item) + 1 if _interval(item) else 0
        return start + passed * _interval(item) if passed else None


def _interval(item: Item) -> float:
    span = parse_time(str(item.values["interval"]))
    return span.seconds if span is not None else 0.0


def menus(router: Router) -> dict[str, Menu]:
    return {"system/scheduler": Scheduler(router)}
