# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test sees of the double and its routers without the API, and what it changes about a guest."""

from __future__ import annotations

import asyncio
import typing as t

from tests.simulators.routerboard.accounts import login_allowed
from tests.simulators.routeros.router import Router

from .faults import FaultsPve
from .strict import Values

_PATIENCE = 60  # seconds until the double's own thread must have answered


class LookingPve(FaultsPve):
    """All of it may be called from any thread, while the double runs."""

    loop: asyncio.AbstractEventLoop

    async def start(self, certfile: str, keyfile: str) -> None:
        self.loop = asyncio.get_running_loop()
        await super().start(certfile, keyfile)

    def here(self, work: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
        """Do something in the thread in which requests are answered."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_PATIENCE)

    def guests(self) -> list[Values]:
        """Every guest as it is: no rights, no age, no node that is away."""
        shown = ("vmid", "node", "status", "lock", "pool", "template", "config", "pending")
        return [{key: getattr(vm, key) for key in shown} for vm in self.vms]

    def volumes(self, node: str = "pve1") -> dict[str, dict[str, int]]:
        """What a node's storages hold, with its sizes."""
        stores = {name: self.storage(name, node) for name in self.storages}
        return {name: {volume: found["size"] for volume, found in store.get("volumes", {}).items()} for name, store in stores.items()}

    def change(self, vmid: int, **attributes: t.Any) -> None:
        """Set what fakepve knows of a guest, such as `acpi`, `agent_hangs`, `ha_state`, `shutdown_secs` or `start_error`."""
        vm = self.vm(vmid)
        unknown = sorted(name for name in attributes if not hasattr(vm, name))
        if unknown:
            raise AttributeError(f"a guest has no {', '.join(unknown)}")
        for name, value in attributes.items():
            setattr(vm, name, value)

    def ask(self, vmid: int, source: str) -> str:
        """What a router that runs prints for a script, past its agent. Raises ValueError where the script fails or no router runs."""

        async def execute() -> str:
            result = self._router(vmid).execute(source)
            if result.exit_code != 0:
                raise ValueError(result.output)
            return result.output

        return t.cast(str, self.here(execute()))

    def logs_in(self, vmid: int, user: str, password: str) -> bool:
        """Whether a router that runs takes a login. Raises ValueError where none runs."""

        async def look() -> bool:
            return login_allowed(self._router(vmid), user, password) is not None

        return t.cast(bool, self.here(look()))

    def _router(self, vmid: int) -> Router:
        router = self.machines[vmid].router if vmid in self.machines else None
        if router is None:
            raise ValueError(f"no router runs in guest {vmid}")
        return router
