# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request that came, and which of them only waited for something."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass, field

from aiohttp import web
from fakepve.server import API, USER

from .strict import StrictPve

# Asked again and again until a task, a script or an agent is ready.
_WAITING = re.compile(r"/nodes/[^/]+/(tasks/[^/]+/status|qemu/\d+/agent/(exec-status|ping))")
# Asked once to know, and again to wait: counts again only after something was changed.
_LOOKING = re.compile(r"/nodes/[^/]+/qemu/\d+/status/current")
# What is sent with POST and changes nothing on the platform: the login, and what a router is asked through its agent.
_NO_WRITE = re.compile(r"/access/ticket|/nodes/[^/]+/qemu/\d+/agent/(exec|ping)")


@dataclass(frozen=True)
class Asked:
    """One request. `path` is without /api2/json, `query` as it was sent, `at` on the clock of time.monotonic, `user` None without a login."""

    method: str
    path: str
    query: str = ""
    user: str | None = None
    at: float = field(default_factory=time.monotonic, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


def without_polling(asked: t.Iterable[Asked]) -> list[Asked]:
    """Those that did not only wait: status of tasks and scripts, pings, and a guest's status that was asked again with nothing changed between."""
    kept: list[Asked] = []
    looked: set[str] = set()
    for one in asked:
        if one.method != "GET" and not _NO_WRITE.fullmatch(one.path):
            looked.clear()
        if _WAITING.fullmatch(one.path) or one.path in looked:
            continue
        if _LOOKING.fullmatch(one.path):
            looked.add(one.path)
        kept.append(one)
    return kept


def writes(asked: t.Iterable[Asked]) -> list[Asked]:
    """Those that change something on the platform: none in check mode."""
    return [one for one in asked if one.method != "GET" and not _NO_WRITE.fullmatch(one.path)]


class AskedPve(StrictPve):
    """`asked` are the requests in the order in which they came, those that were refused too."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.asked: list[Asked] = []

    def _record(self, request: web.Request, body: bytes) -> None:
        super()._record(request, body)
        self.asked.append(Asked(request.method, request.path.removeprefix(API), request.query_string, request.get(USER)))
