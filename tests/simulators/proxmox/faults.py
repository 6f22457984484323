# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that come to nothing: dropped before or after they were carried out, or held; and guests that are slow to go."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import typing as t
from dataclasses import dataclass

from aiohttp import web
from fakepve import FakeVm, TaskError
from fakepve.schema import Match
from fakepve.server import API

from .reloads import ReloadsPve
from .strict import Values
from .tasks import Body, Fate, Hold

# So often somebody sees a guest running that was asked to shut down and went on after the task gave up.
_SLOW_LOOKS = 2
# What these write stands in /etc/pve, which is read-only without quorum; the others ask for quorum first.
_WRITE_LATE = frozenset({"qmdestroy", "qmtemplate"})


@dataclass
class _Lost:
    method: str
    path: str
    times: int
    done: bool


class FaultsPve(ReloadsPve):
    """Paths are without /api2/json, and may have `*` for any text."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._lost: list[_Lost] = []
        self._held: dict[tuple[str, str], Hold] = {}
        self._leaving: dict[int, tuple[int, float | None]] = {}

    # Requests

    def drop(self, method: str, path: str, times: int = 1) -> None:
        """The connection ends, and nothing was done."""
        self._lost.append(_Lost(method, path, times, done=False))

    def lose_answer(self, method: str, path: str, times: int = 1) -> None:
        """The connection ends, and what was asked for was done."""
        self._lost.append(_Lost(method, path, times, done=True))

    @contextlib.contextmanager
    def hold(self, method: str, path: str) -> t.Iterator[Hold]:
        """Requests stand still before they are carried out, until the end of the block at the latest, whoever waits for them or not."""
        held = self._held[method, path] = Hold()
        try:
            yield held
        finally:
            del self._held[method, path]
            held.release()

    async def _answer(self, request: web.Request, handler: t.Any, generic: Match | None, path_node: str | None) -> web.StreamResponse:
        asked = request.path.removeprefix(API)
        for (method, path), held in list(self._held.items()):
            if request.method == method and fnmatch.fnmatchcase(asked, path):
                await held.stand()
        lost = self._fate_of(request.method, asked)
        if lost is None or lost.done:
            answer = await super()._answer(request, handler, generic, path_node)
        if lost is None:
            return answer
        if request.transport is not None:
            request.transport.close()
        raise asyncio.CancelledError

    def _fate_of(self, method: str, path: str) -> _Lost | None:
        lost = next((one for one in self._lost if one.method == method and fnmatch.fnmatchcase(path, one.path)), None)
        if lost is not None:
            lost.times -= 1
            if lost.times <= 0:
                self._lost.remove(lost)
        return lost

    # Guests and quorum

    async def _powerdown(self, vm: FakeVm, values: Values) -> str | None:
        """A guest that heard the button goes on shutting down after the task gave up (1.5), unless it knows no button."""
        try:
            return t.cast("str | None", await super()._powerdown(vm, values))
        except TaskError:
            if vm.acpi:
                self._leaving[vm.vmid] = (_SLOW_LOOKS, vm.started_at)
            raise

    def _vm_status(self, vm: FakeVm, listing: bool = False) -> Values:
        status = super()._vm_status(vm, listing)
        looks, started = self._leaving.pop(vm.vmid, (0, None))
        if looks > 1:
            self._leaving[vm.vmid] = (looks - 1, started)
        elif looks and vm.status == "running" and vm.started_at == started:
            vm.status = vm.qmpstatus = "stopped"
            self.follow_power()
        return status

    async def _work(self, record: Values, body: Body, locked: FakeVm | None, fate: Fate | None) -> None:
        if not self.quorate and record["type"] in _WRITE_LATE:
            file = f"/etc/pve/nodes/{record['node']}/qemu-server/{record['id']}.conf.tmp.{record['pid']}"
            raise TaskError(f"unable to open file '{file}' - Permission denied")
        await super()._work(record, body, locked, fate)
