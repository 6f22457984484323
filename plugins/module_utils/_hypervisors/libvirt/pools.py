# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage pools of a libvirt host (private)."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from ..._core.changes import Change, compare
from ..._core.confirm import require_confirm
from ..._core.errors import InputError, RefusedError, UnsupportedError
from ..._core.names import PLAIN
from .connection import Connections, error_code, library, translated

if t.TYPE_CHECKING:
    import libvirt

MODE: t.Final = "0711"  # guests' user must get through, and need not look around


@dataclass(frozen=True)
class PoolSpec:
    """A wanted pool of directory type."""

    name: str
    path: str
    state: t.Literal["present", "absent"] = "present"
    confirm: str | None = None


@dataclass(frozen=True)
class PoolState:
    """A pool as libvirt holds it."""

    kind: str
    path: str
    active: bool
    autostart: bool
    volumes: tuple[str, ...]


def parse_pool(options: t.Mapping[str, t.Any]) -> PoolSpec:
    """A PoolSpec from the module's options. Raises InputError."""
    path = options["path"]
    if not path.startswith("/") or path.rstrip("/") in ("", "/root", "/home", "/tmp", "/var", "/var/lib"):
        raise InputError(f"path: {path} cannot be a pool", wanted="a folder of its own, absolute, which user libvirt-qemu can enter")
    return PoolSpec(PLAIN.check(options["name"]), path.rstrip("/"), options["state"], options.get("confirm"))


def observe(connections: Connections, name: str) -> PoolState | None:
    """The pool of that name, or None."""
    lib = library()
    try:
        pool = connections.get().storagePoolLookupByName(name)
    except lib.libvirtError as error:
        if error_code(error) == lib.VIR_ERR_NO_STORAGE_POOL:
            return None
        with translated("the storage pools cannot be read"):
            raise
    with translated(f"storage pool {name} cannot be read"):
        root = ET.fromstring(pool.XMLDesc())
        active = bool(pool.isActive())
        volumes = tuple(sorted(pool.listVolumes())) if active else ()
        return PoolState(root.get("type", ""), root.findtext("target/path", ""), active, bool(pool.autostart()), volumes)


def plan(spec: PoolSpec, found: PoolState | None) -> list[Change]:
    """The changes from `found` to `spec`."""
    if spec.state == "absent":
        return _removal(spec, found) if found else []
    if found is None:
        return [Change("exists", False, True), Change("path", None, spec.path), Change("active", None, True), Change("autostart", None, True)]
    if (found.kind, found.path) != ("dir", spec.path):
        raise UnsupportedError(
            f"storage pool {spec.name} is another one", wanted=f"dir {spec.path}", found=f"{found.kind} {found.path}", remedy="Choose another name"
        )
    return compare({"active": True, "autostart": True}, vars(found))


def _removal(spec: PoolSpec, found: PoolState) -> list[Change]:
    require_confirm("pool", spec.name, spec.confirm)
    foreign = [volume for volume in found.volumes if not _base(volume, found.volumes)]
    if foreign:
        raise RefusedError(f"storage pool {spec.name} holds volumes that are no base images", found=", ".join(foreign), remedy="Move them first")
    return [Change("exists", True, False)]


def _base(volume: str, volumes: t.Collection[str]) -> bool:
    """Whether a volume is a base image of ours: it, or the seal beside it, proves so."""
    return volume.endswith(".complete") or f"{volume}.complete" in volumes


def apply(connections: Connections, spec: PoolSpec, changes: t.Sequence[Change]) -> None:
    """Make the pool so."""
    lib = library()
    connection = connections.get()
    if not changes:
        return
    with translated(f"storage pool {spec.name} cannot be made so", "Check the folder's owner, mode and free space"):
        if spec.state == "absent":
            _remove(connection.storagePoolLookupByName(spec.name))
            return
        if any(change.field == "exists" for change in changes):
            pool = connection.storagePoolDefineXML(_xml(spec))
            pool.build(lib.VIR_STORAGE_POOL_BUILD_NEW)
        else:
            pool = connection.storagePoolLookupByName(spec.name)
        if not pool.isActive():
            pool.create()
        pool.setAutostart(True)


def _remove(pool: libvirt.virStoragePool) -> None:
    if not pool.isActive():
        pool.create()
    for volume in pool.listAllVolumes():
        volume.delete()
    pool.destroy()
    pool.delete()
    pool.undefine()


def _xml(spec: PoolSpec) -> str:
    root = ET.Element("pool", type="dir")
    ET.SubElement(root, "name").text = spec.name
    target = ET.SubElement(root, "target")
    ET.SubElement(target, "path").text = spec.path
    ET.SubElement(ET.SubElement(target, "permissions"), "mode").text = MODE
    return ET.tostring(root, encoding="unicode")
