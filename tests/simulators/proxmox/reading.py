# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest is said to be (1.4, 1.5): its configuration with what is pending, its line in a node's list, its status."""

from __future__ import annotations

import typing as t

from aiohttp import web
from fakepve import FakeVm
from fakepve.lxc import parse_size
from fakepve.qemu import is_cdrom, split_drive
from fakepve.server import USER, ok

from .config import digest
from .power import PowerPve
from .strict import Values, parameters

# While it is made, the configuration is nothing but this lock.
_MAKING = frozenset({"create", "clone"})
# Only status/current has these; a list has `qmpstatus` and what runs with `full=1`.
_ONLY_CURRENT = ("clipboard", "ha", "agent", "balloon")


class ReadingPve(PowerPve):
    """Reading of configurations, lists and states."""

    async def _config_get(self, request: web.Request) -> web.Response:
        """With what is pending applied, or with `current=1` what runs."""
        vm = self._vm(request, "VM.Audit")
        shown = _config(vm)
        if (await parameters(request)).get("current") != "1":
            shown.update(_pending(vm))
        shown = {key: value for key, value in shown.items() if value is not None}
        return t.cast(web.Response, ok({**shown, "digest": digest(vm)}))

    async def _pending(self, request: web.Request) -> web.Response:
        """Each key once, in no order. `digest` is one of them: PVE lists every key of the configuration that it read."""
        vm = self._vm(request, "VM.Audit")
        config, pending = {**_config(vm), "digest": digest(vm)}, _pending(vm)
        listed = [_item(key, config, pending, (vm.vmid, key) in self.forced) for key in {**config, **pending}]
        return t.cast(web.Response, ok(listed))

    async def _qemu_list(self, request: web.Request) -> web.Response:
        """The guests of a node that the user may see."""
        full = str((await parameters(request)).get("full", "0")) == "1"
        seen = [vm for vm in self.vms if vm.node == request.match_info["node"] and self.allowed(request[USER], f"/vms/{vm.vmid}", "VM.Audit")]
        return t.cast(web.Response, ok([self._line(vm, full) for vm in seen]))

    def _line(self, vm: FakeVm, full: bool) -> Values:
        status = self._vm_status(vm, listing=not full)
        return {key: value for key, value in status.items() if key not in _ONLY_CURRENT}

    def _vm_status(self, vm: FakeVm, listing: bool = False) -> Values:
        status = t.cast(Values, super()._vm_status(vm, listing))
        return {**status, "name": _config(vm).get("name") or f"VM {vm.vmid}", "maxdisk": self._vm_maxdisk(vm)}

    @staticmethod
    def _vm_maxdisk(vm: FakeVm) -> int:
        """The size of the first disk that is booted from."""
        config = _config(vm)
        for key in str(config.get("boot", "")).removeprefix("order=").split(";"):
            volume, options = split_drive(str(config.get(key, "")))
            if "size" in options and not is_cdrom(volume, options):
                return int(parse_size(options["size"]))
        return 0


def _config(vm: FakeVm) -> Values:
    config = {"lock": vm.lock} if vm.lock in _MAKING else dict(vm.config)
    if "memory" in config:
        config["memory"] = str(config["memory"])  # 1.4: a string
    return config


def _pending(vm: FakeVm) -> Values:
    return {key: str(value) if key == "memory" and value is not None else value for key, value in vm.pending.items()}


def _item(key: str, config: Values, pending: Values, forced: bool) -> Values:
    item: Values = {"key": key}
    if key in config:
        item["value"] = config[key]
    if pending.get(key) is not None:
        item["pending"] = pending[key]
    elif key in pending:
        item["delete"] = 2 if forced else 1
    return item
