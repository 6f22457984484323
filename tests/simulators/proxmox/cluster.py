# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to guests from elsewhere: migrations, nodes that go away, and the manager of high availability (1.5)."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass

from aiohttp import web
from fakepve import FakeVm
from fakepve.qemu import DRIVE_KEY, split_drive
from fakepve.routing import die
from fakepve.schema import Match
from fakepve.server import error

from .resources import ResourcesPve
from .strict import Values

# So often somebody sees a guest as it was before the manager acts on what it was asked.
_HA_LOOKS = 2


@dataclass
class _Wanted:
    state: str
    looks: int = _HA_LOOKS


class ClusterPve(ResourcesPve):
    """A guest is managed where its `ha_state` is set; `set_node_offline` takes a node away."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._wanted: dict[int, _Wanted] = {}

    async def _answer(self, request: web.Request, handler: t.Any, generic: Match | None, path_node: str | None) -> web.StreamResponse:
        if path_node is not None and path_node not in self.nodes:  # 0b
            text = f"hostname lookup '{path_node}' failed - failed to get address info for: {path_node}: Name or service not known"
            return t.cast(web.Response, error(500, text))
        return await super()._answer(request, handler, generic, path_node)

    # Migration

    def move(self, vmid: int, node: str) -> None:
        """A guest is on another node from now on, with its disks, and runs or not as before."""
        vm = self.vm(vmid)
        for volid in _volumes(vm.config):
            name, dummy, volume = volid.partition(":")
            here, there = self.storage(name, vm.node), self.storage(name, node)
            if volume in here.get("volumes", {}):
                there.setdefault("volumes", {})[volume] = here["volumes"].pop(volume)
        vm.node = node

    async def migrate(self, vmid: int, target: str, secs: float = 20, user: str = "root@pam") -> str:
        """The same as a task, which takes its time and has the guest's lock meanwhile."""
        vm = self.vm(vmid)

        async def body() -> None:
            self._qm_lock(vm, "migrate")
            try:
                await self.pause(secs)
                self.move(vmid, target)
            finally:
                self._qm_lock(vm, None)

        return await self.task(vm.node, "qmigrate", vmid, user, body, vm=vm)

    # High availability: its tasks only ask, and end before anything happened.

    async def _ha_request(self, vm: FakeVm, user: str, state: str) -> str:
        verb = "start" if state == "started" else "stop"

        async def body() -> None:
            self._wanted[vm.vmid] = _Wanted(state)

        return await self.task(vm.node, f"ha{verb}", vm.vmid, user, body, lock=False, log=[f"Requesting HA {verb} for VM {vm.vmid}"])

    def _vm_status(self, vm: FakeVm, listing: bool = False) -> Values:
        status = super()._vm_status(vm, listing)
        wanted = self._wanted.get(vm.vmid)
        if wanted is not None:
            wanted.looks -= 1
            if wanted.looks <= 0:
                self.ha_manager(vm.vmid)
        return status

    def ha_manager(self, vmid: int) -> None:
        """Do what was asked for a guest."""
        vm, state = self.vm(vmid), self._wanted.pop(vmid).state
        vm.ha_state = state
        if state == "started" and vm.status != "running":
            vm.apply_pending()
            vm.started_at = time.time()
        vm.status = vm.qmpstatus = "running" if state == "started" and not vm.start_error else "stopped"
        if self.follow_power() or (state == "started" and vm.start_error):
            vm.ha_state = "error"

    async def _qm_clone(self, values: Values, user: str) -> str:
        """A clone on another node needs disks that are there too."""
        target = values.get("target")
        original = self.find(values["node"], values["vmid"])
        if target not in (None, original.node) and not all(self._shared(volid) for volid in _volumes(original.config)):
            raise die(f"can't clone VM to node '{target}' (VM uses local storage)")
        return t.cast(str, await super()._qm_clone(values, user))

    def _shared(self, volid: str) -> bool:
        return bool(self.storages.get(volid.partition(":")[0], {}).get("shared"))


def _volumes(config: Values) -> list[str]:
    """The volumes of a guest's disks, those that it does not use too."""
    disks = [str(value) for key, value in config.items() if DRIVE_KEY.match(key) or re.fullmatch(r"unused\d+", key)]
    volumes = (split_drive(value) for value in disks)
    return [volume for volume, options in volumes if ":" in volume and options.get("media") != "cdrom"]
