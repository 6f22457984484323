# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says of its nodes, storages and guests, as of the last word of their nodes (0, item 9)."""

from __future__ import annotations

import json
import typing as t

from aiohttp import web
from fakepve import FakeVm
from fakepve.server import USER, ok

from .reading import ReadingPve
from .strict import Values

# Read from the guest's configuration and from what the cluster itself knows, and so never old.
_LIVE = ("id", "type", "node", "vmid", "lock", "tags", "pool", "hastate")
# What a node tells of itself only to those who may audit it.
_AUDITED = ("cpu", "maxcpu", "mem", "maxmem", "disk", "maxdisk", "uptime")


class ResourcesPve(ReadingPve):
    """A node tells of its guests when its `pvestatd` runs: a real one every ten seconds, these when a test says so.

    Until then a guest that was made through the API has no name and the status "unknown", and another one the name and the status
    that were told last, be it by a guest that had its id before.
    """

    nodes: t.Any

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._told: dict[int, Values] = {}

    def add_vm(self, *args: t.Any, **options: t.Any) -> FakeVm:
        """One that has been there for long."""
        vm: FakeVm = super().add_vm(*args, **options)
        self._told[vm.vmid] = self._tell(vm)
        return vm

    def add_node(self, name: str, online: bool = True, **sizes: float) -> None:
        """A node more; `sizes` are those that it tells, such as `mem` and `maxmem` in bytes."""
        self.nodes[name] = {"online": online, **sizes}

    def pvestatd(self) -> None:
        """Let every node tell. What one that is gone told is forgotten, as it is after five minutes."""
        self._told = {vm.vmid: self._tell(vm) for vm in self.vms if self.nodes[vm.node].get("online", True)}

    def _tell(self, vm: FakeVm) -> Values:
        status = self._vm_status(vm, listing=True)
        told = {"name": status["name"], "status": status["status"], "template": int(vm.template)}
        return {**told, **self._vm_usage(vm)}

    async def _resources(self, request: web.Request) -> web.Response:
        listed = json.loads((await super()._resources(request)).text)["data"]
        shown = [self._shown(item, request[USER]) for item in listed]
        if request.query.get("type") is None:
            shown += [{"id": f"/pool/{name}", "type": "pool", "pool": name} for name in sorted(self.pools)]
        return t.cast(web.Response, ok([item for item in shown if item is not None]))

    async def _nodes(self, request: web.Request) -> web.Response:
        listed = json.loads((await super()._nodes(request)).text)["data"]
        return t.cast(web.Response, ok([self._node(item, request[USER]) for item in listed]))

    def _shown(self, item: Values, user: str) -> Values | None:
        if item["type"] == "qemu":
            live = {key: value for key, value in item.items() if key in _LIVE}
            return {**live, **self._told.get(item["vmid"], {"status": "unknown"})}
        if item["type"] == "node":
            return self._node(item, user)
        if item["type"] == "storage" and not self.allowed(user, f"/storage/{item['storage']}", "Datastore.Audit"):
            return None
        return item

    def _node(self, item: Values, user: str) -> Values:
        own = {key: value for key, value in self.nodes[item["node"]].items() if key in item}
        audited = self.allowed(user, f"/nodes/{item['node']}", "Sys.Audit")
        return {key: value for key, value in {**item, **own}.items() if audited or key not in _AUDITED}
