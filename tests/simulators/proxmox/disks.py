# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: images that are uploaded, disks that are made from them, and how they grow."""

from __future__ import annotations

import hashlib
import re
import typing as t

from aiohttp import web
from fakepve import FakeVm, TaskError
from fakepve.lxc import format_size, parse_size
from fakepve.qemu import DRIVE_KEY, NEW_DISK, join_drive, split_drive
from fakepve.routing import die, param_error, split_list
from fakepve.server import USER, ok

from .machine import Disk, MachinesPve
from .multipart import parse
from .strict import Values

# 1.3: which names a content may have. `iso` in any case, `import` in this one.
EXTENSIONS = {
    "iso": re.compile(r".+\.(iso|img)", re.I),
    "vztmpl": re.compile(r".+\.tar\.(gz|xz|zst|bz2)"),
    "import": re.compile(r"[a-zA-Z0-9\-.+=_]+\.(ova|qcow2|raw|vmdk)"),
}


class DisksPve(MachinesPve):
    """Uploads (1.3), import-from (1.2) and resize (1.4). `host_files` are the files on the node, by absolute path."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.host_files: dict[str, bytes] = {}
        self.storages["local"]["content"] = "iso,vztmpl,backup,images" + (",import" if self.rules.imports_images else "")

    # Upload

    async def _upload(self, request: web.Request) -> web.Response:
        name, store = self._file_storage(request, "upload")
        self.require(request[USER], f"/storage/{name}", "Datastore.AllocateTemplate")
        fields, data = parse(await request.read(), request.headers["Content-Type"])
        if fields is None:  # 0, item 5: checksum before its algorithm is refused with an empty body
            return web.Response(status=400, reason="Bad Request")
        self.check_parameters(self.schema.paths["/nodes/{node}/storage/{storage}/upload"]["POST"], {**fields, **request.match_info})
        content, file_name = fields["content"], re.sub(r"[^a-zA-Z0-9_.-]", "_", re.split(r"[/\\]", fields["filename"])[-1])
        if not EXTENSIONS[content].fullmatch(file_name):
            raise param_error(filename="invalid filename or wrong extension")
        if content not in split_list(store["content"]):
            raise die(f"storage '{name}' does not support '{content}' content")

        async def body() -> None:
            _check_sum(fields, data)
            self.store_file(name, file_name, len(data), content)
            store["volumes"][f"{content}/{file_name}"]["disk"] = Disk.of(data)

        # 1.3: the UPID's node is the one that took the request, not the one in the path.
        return t.cast(web.Response, ok(await self.task(self.door(request), "imgcopy", "", request[USER], body)))

    # import-from

    def _qm_check_drive(self, user: str, vmid: int, pool: str | None, key: str, value: str, default: str | None) -> None:
        super()._qm_check_drive(user, vmid, pool, key, value, default)
        volume, options = split_drive(value)
        source = options.get("import-from")
        if source is None:
            return
        asked = NEW_DISK.match(volume)
        if asked is None or float(asked.group(2)) != 0:
            raise param_error(**{key: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"})
        if source.startswith("/"):
            # 0, item 6: a password login of root alone; a token of root is refused too, and with 500.
            if user != "root@pam":
                raise die("Only root can pass arbitrary filesystem paths.")
        else:
            self._check_source(user, key, source)

    def _check_source(self, user: str, key: str, source: str) -> None:
        storage, dummy, name = source.partition(":")
        kind, owner, dummy = self._parse_volname(self._store(storage), name)
        if kind == "import" and not self.rules.imports_images:
            raise die(f"unable to parse directory volume name '{name}'")
        if kind not in ("images", "import"):
            raise param_error(**{key: f"{source} has wrong type '{kind}' - needs to be 'images' or 'import'"})
        if kind == "images":
            self.require(user, f"/vms/{owner}", "VM.Clone")
        else:
            self._check_access(user, storage, kind, owner, source)

    def _qm_new_drive(self, vmid: int, key: str, value: str, default: str | None) -> tuple[str, list[str]]:
        volume, options = split_drive(value)
        source = options.pop("import-from", None)
        if source is None:
            made: tuple[str, list[str]] = super()._qm_new_drive(vmid, key, value, default)
            return made
        size, disk = self._read_source(source)
        storage = volume.partition(":")[0] if ":" in volume else default
        volid, dummy = self._qm_alloc(storage, vmid, options.pop("format", None), size)
        self._qm_volume(volid)["disk"] = disk.copy() if disk else None
        return join_drive(volid, {**options, "size": format_size(size)}), [volid]

    def _read_source(self, source: str) -> tuple[int, Disk | None]:
        if source.startswith("/"):
            if source not in self.host_files:
                raise TaskError(f"failed to stat '{source}'")  # 0b: an error of the task
            return len(self.host_files[source]), Disk.of(self.host_files[source])
        volume = self._qm_volume(source)
        if volume is None:
            storage, dummy, name = source.partition(":")
            raise TaskError(f"failed to stat '{self._volume_path(storage, name, name.split('/')[0])}'")
        return int(volume["size"]), volume.get("disk")

    # Resize

    def _routes_resize(self) -> list[tuple[str, str, t.Any]]:
        return [("PUT", "/nodes/{node}/qemu/{vmid}/resize", self._resize)]

    async def _resize(self, values: Values, user: str) -> str | None:
        vm = self.find(values["node"], values["vmid"])
        self.need_quorum()

        async def body() -> None:
            self._grow(vm, values["disk"], values["size"])

        if self.rules.resizes_in_task:
            return await self.task(vm.node, "resize", vm.vmid, user, body, vm=vm)
        try:
            await body()
        except TaskError as failed:
            raise die(str(failed)) from failed
        return None

    def _grow(self, vm: FakeVm, key: str, size: str) -> None:
        """1.4: shrinking and locks are errors of the task; the same size is fine and does nothing."""
        if vm.lock:
            raise TaskError(f"VM is locked ({vm.lock})")
        if not DRIVE_KEY.match(key) or key not in vm.config:
            raise TaskError(f"disk '{key}' does not exist")
        volid, options = split_drive(vm.config[key])
        volume = self._qm_volume(volid)
        have = int(volume["size"])
        wanted = parse_size(size.removeprefix("+")) + (have if size.startswith("+") else 0)
        if wanted < have:
            raise TaskError("shrinking disks is not supported")
        store = self.storages[volid.split(":")[0]]
        if wanted - have > store.get("avail", wanted):
            raise TaskError("unable to resize volume: No space left on device")
        if "avail" in store:
            store["avail"] -= wanted - have
        volume["size"] = wanted
        vm.config[key] = join_drive(volid, {**options, "size": format_size(wanted)})


def _check_sum(fields: dict[str, str], data: bytes) -> None:
    wanted = fields.get("checksum")
    if wanted is None:
        return
    found = hashlib.new(fields["checksum-algorithm"], data, usedforsecurity=False).hexdigest()
    if found != wanted.lower():
        raise TaskError(f"checksum mismatch: got '{found}' != expect '{wanted}'")
