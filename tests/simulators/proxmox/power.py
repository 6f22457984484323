# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power (1.5), where fakepve differs from PVE."""

from __future__ import annotations

import typing as t

from fakepve import FakeVm
from fakepve.routing import die

from .guest_agent import AgentPve
from .strict import Values


class PowerPve(AgentPve):
    async def _do_shutdown(self, vm: FakeVm, user: str, values: Values) -> str:
        if vm.status == "running" and vm.qmpstatus == "paused" and values.get("forceStop") != "1":
            raise die("VM is paused - cannot shutdown")
        if vm.status == "running":
            return t.cast(str, await super()._do_shutdown(vm, user, values))
        self._check_lock(vm)

        async def body() -> None:
            """Nothing is left to do: fine."""

        return await self.task(vm.node, "qmshutdown", vm.vmid, user, body, vm=vm)
