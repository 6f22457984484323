# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system/license of a CHR: what it shows by version, renew as a stream of statuses, and a new system-id."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..account_server import DONE, AccountServer, Grant
from ..errors import no_match
from ..fields import Field
from ..menu import Command, Invocation, Menu
from ..settings import Settings
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

LEVELS = ("p1", "p10", "p-unlimited")
FREE = "free"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NEW_DATES = (7, 10)  # the version that changed the format of dates; about
_RETRY = 1.0  # seconds between two statuses while the server does not answer


def new_system_id() -> str:
    return base64.b64encode(os.urandom(8)).decode("ascii")[:11]


class License(Settings):
    """`server` is None where there is no network: the router goes on connecting."""

    def __init__(self, router: Router) -> None:
        super().__init__(router, [Field("system-id", read_only=True), Field("level", read_only=True)], writable=False)
        self.server: AccountServer | None = None
        self.add_command(Command("renew", self._renew, ("account", "password", "level"), slow=True, accepts=self._accepts))
        self.add_command(Command("generate-new-id", self._generate_new_id))

    def computed(self) -> dict[str, Value]:
        """A free licence shows its level and id only; the other fields came with RouterOS 6.x and `limited-upgrades` with 7."""
        if self.stored["level"] == FREE:
            return {}
        now = self.router.platform.now()
        deadline, renewal = float(str(self.stored["deadline"])), float(str(self.stored["renewal"]))
        shown = deadline > now and float(str(self.stored["counts-from"])) <= self.router.booted
        values: dict[str, Value] = {}
        if self.router.release >= (7, 0):
            values["limited-upgrades"] = deadline <= now
        values["next-renewal-at"] = self._date(renewal) if shown else ""
        values["deadline-at"] = self._date(deadline)
        return values

    def record(self) -> dict[str, Value]:
        return {"system-id": str(self.stored["system-id"]), "level": str(self.stored["level"]), **self.computed()}

    def _date(self, moment: float) -> str:
        at = time.gmtime(moment)
        if self.router.release >= _NEW_DATES:
            return time.strftime("%Y-%m-%d %H:%M:%S", at)
        return f"{_MONTHS[at.tm_mon - 1]}/{at.tm_mday:02}/{at.tm_year} {time.strftime('%H:%M:%S', at)}"

    @staticmethod
    def _accepts(name: str, word: str) -> bool:
        return name != "level" or word in LEVELS

    def _generate_new_id(self, call: Invocation) -> Value:
        self.stored["system-id"] = new_system_id()
        self.router.touch()
        return None

    def _renew(self, call: Invocation) -> Value:
        account, password = call.text("account"), call.text("password", "")
        free = self.stored["level"] == FREE
        level = call.text("level") if free else call.text("level", "")
        if level and level not in LEVELS:
            raise no_match("level")
        section = 0

        def status(text: str) -> None:
            nonlocal section
            call.interpreter.report({"status": text, ".section": section})
            section += 1

        status("connecting")
        server = self.server
        while server is None or not server.reachable:
            call.interpreter.sleep(_RETRY)
            status("connecting")
        system_id = str(self.stored["system-id"])
        server.begin(system_id, level)
        try:
            call.interpreter.sleep(server.pauses)
            answer = server.answer(system_id, account, password, level, self.router.platform.now())
        finally:
            server.end()
        if isinstance(answer, str):
            status("renewing")
            self._end(call, status, answer)
        else:
            self._take(answer, server)
            self._end(call, status, DONE)
        return None

    @staticmethod
    def _end(call: Invocation, status: Callable[[str], None], text: str) -> None:
        status(text)
        call.interpreter.emit(f"    status: {text}")

    def _take(self, grant: Grant, server: AccountServer) -> None:
        counts_from = self.router.platform.now() if server.enforce_after_reboot else 0
        if self.stored["level"] == grant.level:
            counts_from = float(str(self.stored["counts-from"]))
        self.stored.update(
            {"level": grant.level, "renewal": str(grant.next_renewal), "deadline": str(grant.deadline), "counts-from": str(counts_from)}
        )
        self.router.touch()


def factory(router: Router) -> None:
    router.settings("/system/license").stored.update({"system-id": router.new_system_id(), "level": FREE})


def menus(router: Router) -> dict[str, Menu]:
    return {"system/license": License(router)}
