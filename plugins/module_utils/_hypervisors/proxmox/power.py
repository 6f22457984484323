# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of a guest, each step a task that is waited for (private). Facts on Proxmox VE, 1.5."""

from __future__ import annotations

import re
import typing as t

from ..._core.errors import RefusedError
from ..._core.waiting import wait_for
from ..._guests.guest import GuestRef, Power
from ..._guests.hypervisor import Report
from .config import Standing
from .connection import Api, PveError, saying
from .reading import Reader
from .tasks import FIRST_LOOK, SLOWEST_LOOK, Tasks

RUNS_ALREADY: t.Final = re.compile(r"already running")
DOES_NOT_RUN: t.Final = re.compile(r"not running")
NOT_IN_TIME: t.Final = re.compile(r"got timeout|VM is paused")
OF_HA: t.Final = ("hastart", "hastop")  # tasks that end before the guest changes its state
MARGIN: t.Final = 30.0  # seconds beyond a shutdown's own time in which its task ends


class Powers:
    """Starts and stops guests."""

    def __init__(self, api: Api, tasks: Tasks, guests: Reader) -> None:
        self._api = api
        self._tasks = tasks
        self._guests = guests

    def of(self, guest: GuestRef) -> Power:
        """How it stands now."""
        with saying("the guest cannot be read"):
            entry = self._guests.at(guest, lambda path: self._api.get(f"{path}/status/current"))
        status, qmpstatus, lock = (str(entry.get(key, "")) for key in ("status", "qmpstatus", "lock"))
        return Standing(guest.name, int(guest.id), guest.location, status, qmpstatus, lock).power

    def start(self, guest: GuestRef, report: Report) -> bool:
        """Start or resume; whether this run did."""
        try:
            self._do(guest, "start", "the guest cannot be started", "running", warn=report.warn)
        except PveError as error:
            if not RUNS_ALREADY.search(error.text):
                raise
            if self.of(guest) != "suspended":
                return False
            self._do(guest, "resume", "the guest cannot be resumed", "running", warn=report.warn)
        return True

    def refuse_saved_memory(self, guest: GuestRef) -> None:
        """A hibernated guest would come up with the links that it had. Raises RefusedError."""
        if self._guests.config(guest).get("lock") == "suspended":
            raise RefusedError(
                "the guest's memory was saved with other links, and a start would bring these back",
                remedy=f"Give the saved memory up: qm unlock {guest.id}, and remove its vmstate",
            )

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        """Through its agent or ACPI; whether it is off then."""
        try:
            self._do(guest, "shutdown", "the guest cannot be shut down", "stopped", timeout=timeout)
        except PveError as error:
            if not NOT_IN_TIME.search(error.text):
                raise
        return self.of(guest) == "stopped"

    def power_off(self, guest: GuestRef) -> None:
        self._guests.config(guest)  # this very guest, and no other that has its place now
        try:
            self._do(guest, "stop", "the guest's power cannot be cut", "stopped")
        except PveError as error:
            if not DOES_NOT_RUN.search(error.text):
                raise

    def _do(
        self, guest: GuestRef, verb: str, what: str, wanted: Power, *, timeout: float | None = None, warn: t.Callable[[str], None] = lambda text: None
    ) -> None:
        """A step of a guest's power, until the guest has taken it."""
        seen: list[str] = []
        fields = {} if timeout is None else {"timeout": int(timeout)}

        def begin() -> str:
            upid = str(self._guests.at(guest, lambda path: self._api.post(f"{path}/status/{verb}", **fields)) or "")
            seen.append(upid)
            return upid

        patience = None if timeout is None else timeout + MARGIN
        with saying(what):
            self._tasks.carry_out(begin, what, warn=warn, timeout=patience)
        if seen[-1].split(":")[5:6] and seen[-1].split(":")[5] in OF_HA:
            until = self._api.task_timeout if timeout is None else timeout
            wait_for(lambda: self.of(guest) == wanted or None, until, first=FIRST_LOOK, slowest=SLOWEST_LOOK)
