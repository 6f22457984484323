# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests' own disks: made from a base image, recognised, given an identity (private)."""

from __future__ import annotations

import io
import typing as t
import uuid

from ..._images import qcow2
from . import domain_xml, storage
from .connection import library, translated

if t.TYPE_CHECKING:
    import libvirt


def volume_name(name: str, guest_uuid: str) -> str:
    """The guest's disk: the name for people, the UUID as proof that it is this guest's and no other's."""
    return f"{name}-{guest_uuid[:8]}.qcow2"


def identity(connection: libvirt.virConnect, stored: str) -> str:
    """The identity of a guest's system disk; empty for a disk that has none, that has gone, or that libvirt does not know as a volume."""
    volume = _system_volume(connection, stored)
    return "" if volume is None else qcow2.identity(_head(volume))


def identify(connection: libvirt.virConnect, stored: str) -> str:
    """Give the system disk of a guest that is off an identity, if it has none and can take one; the identity that it has then."""
    volume = _system_volume(connection, stored)
    return "" if volume is None else write_identity(volume)


def write_identity(volume: libvirt.virStorageVol) -> str:
    """A disk's identity, which it gets now if it has none. Nobody may have the disk open."""
    head = _head(volume)
    found = qcow2.identity(head)
    if found:
        return found
    fresh = str(uuid.uuid4())
    changed = qcow2.with_identity(head, fresh)
    if changed is None:
        return ""
    with translated(f"volume {volume.name()} cannot be given its identity", "Run again"):
        storage.send(volume, io.BytesIO(changed), len(changed))
    return fresh


def _system_volume(connection: libvirt.virConnect, stored: str) -> libvirt.virStorageVol | None:
    lib = library()
    disk = domain_xml.system_disk(stored)
    try:
        if disk.volume:
            volume: libvirt.virStorageVol = connection.storagePoolLookupByName(disk.pool).storageVolLookupByName(disk.volume)
            return volume
        return connection.storageVolLookupByPath(disk.path) if disk.path else None
    except lib.libvirtError:
        if connection.isAlive():
            return None
        raise


def _head(volume: libvirt.virStorageVol) -> bytes:
    """The disk's first bytes; none of a disk that cannot be read, which then has no identity."""
    lib = library()
    head = bytearray()
    try:
        storage.receive(volume, qcow2.HEAD, head.extend)
    except lib.libvirtError:
        if not volume.connect().isAlive():
            raise
    return bytes(head)
