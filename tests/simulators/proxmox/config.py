# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a guest's configuration (1.4): what is refused, what is made, what waits for the next start."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import typing as t

from aiohttp import web
from fakepve import FakeVm, PveError, TaskError
from fakepve.qemu import DRIVE_KEY, is_cdrom, split_drive, with_mac
from fakepve.routing import die, param_error, split_list
from fakepve.server import USER, ok

from .machine import bridges_of
from .networks import NetworksPve
from .strict import Values, parameters

# Keys of a request that are no options of the guest.
_ABOUT = ("node", "vmid", "digest", "delete", "revert", "force", "skiplock", "background_delay", "import-working-storage")
# Taken at once by a guest that runs.
_FAST = ("name", "description", "tags", "onboot", "protection", "startup", "hookscript")
# Disks that a running guest takes and gives back (hotplug=network,disk,usb is the default).
_HOT_DISK = re.compile(r"(virtio|scsi)\d+")
_NET = re.compile(r"net\d+")
# 1.7; what stands nowhere is HWType.
_PRIVILEGES = {
    "VM.Config.Options": ("agent", "name", "description", "ostype", "onboot", "tags", "bios", "protection", "startup", "boot-splash"),
    "VM.Config.HWType": ("machine", "smbios1", "scsihw"),
    "VM.Config.Disk": ("boot",),
    "root": ("args", "lock", "hookscript"),  # 1.2: only the login of root
}


class ConfigPve(NetworksPve):
    """PUT and POST of a configuration as PVE carries them out."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.forced: set[tuple[int, str]] = set()  # what waits to be deleted with `force`: a guest's id and the key

    def _config_priv(self, key: str) -> str:
        listed = next((privilege for privilege, keys in _PRIVILEGES.items() if key in keys), None)
        return listed or t.cast(str, super()._config_priv(key))

    # Writing

    async def _config_put(self, request: web.Request) -> web.Response:
        values = self._verify(request, await parameters(request))
        await self._apply_config(self._vm(request), request[USER], values)
        return t.cast(web.Response, ok())

    async def _config_post(self, request: web.Request) -> web.Response:
        """A task; with `background_delay` nothing when it ended in time, and its error as 500."""
        values = self._verify(request, await parameters(request))
        self.need_quorum()
        vm, user = self._vm(request), request[USER]
        self._check_change(vm, user, values)

        async def body() -> None:
            try:
                await self._apply_config(vm, user, values)
            except PveError as refused:
                raise TaskError(refused.message) from refused

        upid = await self.task(vm.node, "qmconfig", vm.vmid, user, body)
        return t.cast(web.Response, ok(await self._in_time(upid, values.get("background_delay"))))

    async def _in_time(self, upid: str, delay: int | None) -> str | None:
        ended = self.tasks[upid].get("exitstatus")
        if delay and ended is None:
            await asyncio.sleep(delay * self.time_scale)
            ended = self.tasks[upid].get("exitstatus")
        if not delay or ended is None:
            return upid
        if ended != "OK":
            raise die(ended)
        return None

    def _check_change(self, vm: FakeVm, user: str, values: Values) -> None:
        """What PVE refuses before it takes the guest's lock."""
        wanted = {key: value for key, value in values.items() if key not in _ABOUT}
        for verb in ("delete", "revert"):
            self._check_named(verb, split_list(values.get(verb)), wanted)
        deleted = split_list(values.get("delete"))
        if not wanted and not deleted and not values.get("revert"):
            raise die("no options specified")
        if values.get("skiplock") and user != "root@pam":
            raise param_error(skiplock="Only root may use this option.")
        for key in [*wanted, *deleted]:
            self._check_privilege(vm, user, key, wanted.get(key))
        for key, value in wanted.items():
            if DRIVE_KEY.match(key):
                self._qm_check_drive(user, vm.vmid, None, key, value, None)
        self.check_bridges(user, wanted)

    def _check_named(self, verb: str, keys: t.Iterable[str], wanted: Values) -> None:
        declared = self.schema.paths["/nodes/{node}/qemu/{vmid}/config"]["PUT"]["parameters"]["properties"]
        for key in keys:
            if key in wanted:
                raise param_error(delete=f"you can't use '-{key}' and -{verb} {key}' at the same time")
            if key not in declared and re.sub(r"\d+$", "[n]", key) not in declared:
                raise param_error(delete=f"unknown option '{key}'")

    def _check_privilege(self, vm: FakeVm, user: str, key: str, value: str | None) -> None:
        privilege = self._config_priv(key)
        if privilege == "root" and user != "root@pam":
            raise PveError(403, f"only root can set '{key}' config")
        if privilege != "root":
            cdrom = key.startswith("ide") and "media=cdrom" in str(value)
            self.require(user, f"/vms/{vm.vmid}", "VM.Config.CDROM" if cdrom else privilege)

    async def _apply_config(self, vm: FakeVm, user: str, values: Values) -> None:
        self.need_quorum()
        self._check_change(vm, user, values)
        try:
            await self.acquire(vm, "config")
        except TaskError as busy:
            raise die(str(busy)) from busy
        try:
            self._change(vm, values)
        finally:
            self.release(vm, "config")
        vm.name = vm.config.get("name") or f"VM {vm.vmid}"
        if vm.vmid in self.machines:
            self.machines[vm.vmid].look()

    def _change(self, vm: FakeVm, values: Values) -> None:
        if values.get("digest") and values["digest"] != digest(vm):
            raise die("checksum mismatch (file change by other user?)")
        if not values.get("skiplock"):
            self._check_lock(vm)
        wanted = {key: value for key, value in values.items() if key not in _ABOUT}
        _check_boot_order(vm, wanted)
        for key in split_list(values.get("revert")):
            vm.pending.pop(key, None)
        for key in split_list(values.get("delete")):
            self._delete(vm, key, bool(values.get("force")))
        failed: dict[str, str] = {}
        for key, value in wanted.items():
            self._set(vm, key, value, failed)
        if failed:
            raise param_error(**failed)

    # One option

    def _delete(self, vm: FakeVm, key: str, force: bool) -> None:
        vm.pending.pop(key, None)
        self.forced.discard((vm.vmid, key))
        if key not in vm.config:
            return
        if vm.status == "running" and not _live(key) and not key.startswith("unused"):
            vm.pending[key] = None
            if force:
                self.forced.add((vm.vmid, key))
            return
        value = str(vm.config.pop(key))
        if key.startswith("unused") or (DRIVE_KEY.match(key) and force):
            self._qm_free(split_drive(value)[0])
        elif DRIVE_KEY.match(key):
            _keep_unused(vm, value)

    def _set(self, vm: FakeVm, key: str, value: t.Any, failed: dict[str, str]) -> None:
        value = self._stored(vm, key, value)
        if value == "":  # the file has no line for it
            self._delete(vm, key, force=False)
        elif value == vm.config.get(key):
            vm.pending.pop(key, None)
        elif vm.status == "running" and not _live(key):
            vm.pending[key] = value
        elif vm.status == "running" and _NET.fullmatch(key) and (missing := self._missing_bridge(vm, value)):
            vm.pending[key] = value  # 0b: it stays pending, and the rest of the request is carried out
            failed[key] = f"hotplug problem - bridge '{missing}' does not exist"
        else:
            vm.pending.pop(key, None)
            if DRIVE_KEY.match(key) and key in vm.config and split_drive(vm.config[key])[0] != split_drive(value)[0]:
                _keep_unused(vm, vm.config[key])
            vm.config[key] = value
            _forget_unused(vm, value)

    def _stored(self, vm: FakeVm, key: str, value: t.Any) -> t.Any:
        """The value as PVE writes it: a new MAC for a NIC without one (0, item 7), the volume of a disk that was asked for."""
        if _NET.fullmatch(key):
            return with_mac(value)
        if key == "tags":
            return ";".join(sorted({tag.lower() for tag in re.split(r"[;, ]+", value) if tag}))
        if DRIVE_KEY.match(key):
            try:
                return self._qm_new_drive(vm.vmid, key, value, None)[0]
            except TaskError as failed:
                raise die(str(failed)) from failed
        return value

    def _missing_bridge(self, vm: FakeVm, value: str) -> str | None:
        return next((bridge for bridge in bridges_of({"net0": value}) if bridge not in self.bridges(vm.node)), None)


def digest(vm: FakeVm) -> str:
    """The configuration file's checksum: what is pending stands in it too."""
    kept = [vm.config, vm.pending, vm.snapshots]
    return hashlib.sha1(json.dumps(kept, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _live(key: str) -> bool:
    return key in _FAST or bool(_NET.fullmatch(key) or _HOT_DISK.fullmatch(key))


def _keep_unused(vm: FakeVm, drive: str) -> None:
    """A disk that left its place stays as unusedN."""
    volume, options = split_drive(drive)
    if not is_cdrom(volume, options):
        number = next(number for number in range(256) if f"unused{number}" not in vm.config)
        vm.config[f"unused{number}"] = volume


def _forget_unused(vm: FakeVm, value: t.Any) -> None:
    """A disk that is put to use again."""
    volume = split_drive(str(value))[0]
    for key in [key for key, kept in vm.config.items() if key.startswith("unused") and kept == volume]:
        del vm.config[key]


def _check_boot_order(vm: FakeVm, wanted: Values) -> None:
    """1.2: an update names only devices that are there; the stray quote is PVE's."""
    order = str(wanted.get("boot", ""))
    if not order.startswith("order="):
        return
    there = {*vm.config, *(key for key, value in vm.pending.items() if value), *wanted}
    for device in filter(None, order.removeprefix("order=").split(";")):
        if device not in there:
            raise die(f"invalid bootorder: device '{device}' does not exist'")
