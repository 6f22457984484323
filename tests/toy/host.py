# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds a toy hypervisor: the in-memory driver of the contract's suite, and a simulated router in each guest."""

from __future__ import annotations

import threading
import typing as t
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Listener

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import RouterError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestRef, Mark, NewGuest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Report
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan

from tests.contract.memory import MemoryHypervisor
from tests.unit.support import Chr, quiet


class Toy(MemoryHypervisor):
    """A hypervisor whose guests have a CHR in them."""

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        made = super().create(guest, report)
        self.guests[made.name] = replace(self.guests[made.name], agent_connected=None)  # it is asked when it is wanted
        self.plug(made.name, Chr())
        return made


class Host:
    """Answers at a socket until it is closed. A question is the name of one of the methods here, and its arguments."""

    def __init__(self, socket: str, *, returns_text: bool = True) -> None:
        self.socket = socket
        self.toy: MemoryHypervisor = Toy(returns_text=returns_text)
        self._listener = Listener(socket, "AF_UNIX")
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                threading.Thread(target=self._talk, args=(self._listener.accept(),), daemon=True).start()

    def _talk(self, line: Connection[t.Any, t.Any]) -> None:
        with line, suppress(EOFError):
            while True:
                kind, *arguments = line.recv()
                try:
                    line.send(getattr(self, kind)(*arguments))
                except RouterError as error:
                    line.send(error)

    def hypervisor(self, method: str, *arguments: t.Any) -> t.Any:
        return getattr(self.toy, method)(*arguments)

    def step(self, method: str, guest: t.Any, *arguments: t.Any) -> t.Any:
        """A step's answer, and the changes that it tells of."""
        report = Report("", quiet)
        options = {"as_stored": True} if method == "start" else {}
        return getattr(self.toy, method)(guest, *arguments, report, **options), report.changes

    def prepare(self, plans: t.Mapping[str, GuestPlan]) -> dict[str, RouterError]:
        return self.toy.prepare(plans, quiet)

    def mark(self, guest: GuestRef) -> Mark:
        return self.toy.guests[guest.name].mark or Mark()

    def replace_mark(self, guest: GuestRef, have: Mark, wanted: Mark) -> bool:
        """Write a mark, unless another one stands there by now."""
        return self.toy.write_mark(guest, lambda mark: wanted if mark == have else mark)

    def way(self, guest: str, method: str, *arguments: t.Any) -> t.Any:
        return getattr(self.toy.ways(self.toy.guests[guest])[0], method)(*arguments)

    def way_has(self, guest: str, attribute: str) -> t.Any:
        return getattr(self.toy.ways(self.toy.guests[guest])[0], attribute)
