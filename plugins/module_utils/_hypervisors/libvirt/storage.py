# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images and guests' disks in a libvirt storage pool (private).

An image is uploaded once and guests are clones of it. Only what it holds is sent: a new volume is all zeros, so zeros are left out. An upload
that is cut short leaves a volume of full size under its final name, and libvirt has no rename (measured), so a base volume counts only with a
small `<name>.complete` volume beside it that holds its SHA-256. That one is written last, after the far side has said that it wrote everything
that was sent: an upload that was killed, on either side, never comes to it. Nothing is sent back but samples, which show that the holes lie where
they should. Pools are never refreshed while our own jobs run on them: a refresh fails during a clone.
"""

from __future__ import annotations

import io
import time
import typing as t
import xml.etree.ElementTree as ET
from contextlib import suppress

from ..._core.errors import HypervisorError, RouterError
from ..._images.local import ImageFile, Section
from .connection import error_code, library, translated

if t.TYPE_CHECKING:
    import libvirt

OTHER_UPLOAD: t.Final = 1.0  # seconds between looks at an upload that somebody else makes; libvirt has no event for it
STALLED: t.Final = 10  # looks without growth, after which an upload counts as abandoned
COMPLETE: t.Final = ".complete"
PIECE: t.Final = 256 * 1024  # bytes; libvirt sends no more in one message
SAMPLE: t.Final = 4096  # bytes


class Pool:
    """One storage pool, on one connection."""

    def __init__(self, connection: libvirt.virConnect, name: str) -> None:
        self.name = name
        with translated(f"storage pool {name} cannot be used", "Create it, or name another in libvirt.pool; the module kvm_pool makes one"):
            self._pool = connection.storagePoolLookupByName(name)
            if not self._pool.isActive():
                raise HypervisorError(f"storage pool {name} is not active", remedy=f"Start it: virsh pool-start {name}")
        self._connection = connection

    def find(self, name: str) -> libvirt.virStorageVol | None:
        """The volume of that name, or None."""
        lib = library()
        try:
            volume: libvirt.virStorageVol = self._pool.storageVolLookupByName(name)
        except lib.libvirtError as error:
            if error_code(error) == lib.VIR_ERR_NO_STORAGE_VOL:
                return None
            raise HypervisorError(f"volume {name} cannot be looked up", found=error.get_error_message()) from error
        return volume

    def free_mib(self, wanted: int) -> int:
        """Free space, in MiB; libvirt's own figure is as old as its last look, so where that is below `wanted` it looks again."""
        lib = library()
        with translated(f"storage pool {self.name} cannot be read"):
            if int(self._pool.info()[3]) >> 20 < wanted:
                try:
                    self._pool.refresh()
                except lib.libvirtError as error:
                    if error_code(error) != lib.VIR_ERR_INTERNAL_ERROR:  # another run's clone is being made
                        raise
            return int(self._pool.info()[3]) >> 20

    def create(self, name: str, capacity: int, kind: str, backing: libvirt.virStorageVol | None = None) -> libvirt.virStorageVol:
        """A new volume of `capacity` bytes; with `backing` a copy-on-write clone."""
        with self._space(name):
            volume: libvirt.virStorageVol = self._pool.createXML(_volume_xml(name, capacity, kind, backing))
        return volume

    def reserve(self, name: str, capacity: int) -> libvirt.virStorageVol | None:
        """A new raw volume, or None where another run made it at the same moment."""
        lib = library()
        with self._space(name):
            try:
                volume: libvirt.virStorageVol = self._pool.createXML(_volume_xml(name, capacity, "raw"))
            except lib.libvirtError as error:
                if error_code(error) != lib.VIR_ERR_STORAGE_VOL_EXIST:
                    raise
                return None
        return volume

    def copy(self, name: str, capacity: int, kind: str, source: libvirt.virStorageVol) -> libvirt.virStorageVol:
        """A new volume with a full copy of another's content."""
        with self._space(name):
            volume: libvirt.virStorageVol = self._pool.createXMLFrom(_volume_xml(name, capacity, kind), source)
            if int(volume.info()[1]) < capacity:  # a copy is as large as its source, whatever was asked
                volume.resize(capacity)
        return volume

    def _space(self, name: str) -> t.ContextManager[None]:
        return translated(
            f"volume {name} cannot be made in storage pool {self.name}",
            f"Look at its free space (virsh pool-info {self.name}) and run again: nothing half-made is used",
        )

    def delete(self, name: str) -> None:
        """Remove a volume, if it is there."""
        volume = self.find(name)
        if volume is not None:
            with translated(f"volume {name} cannot be removed from storage pool {self.name}", "If another run makes it now, run again after that"):
                volume.delete()


def send(volume: libvirt.virStorageVol, handle: t.BinaryIO, size: int) -> None:
    """Fill a volume, or its beginning, from an open file."""
    stream = volume.connect().newStream()
    volume.upload(stream, 0, size)
    stream.sendAll(lambda dummy, count, source: source.read(count), handle)
    stream.finish()


def receive(volume: libvirt.virStorageVol, size: int, take: t.Callable[[bytes], t.Any], start: int = 0) -> None:
    """Read so much of a volume back."""

    def go_on(dummy: libvirt.virStream, block: bytes, opaque: None) -> int:
        take(block)
        return 0

    stream = volume.connect().newStream()
    volume.download(stream, start, size)
    stream.recvAll(go_on, None)
    stream.finish()


def _volume_xml(name: str, capacity: int, kind: str, backing: libvirt.virStorageVol | None = None) -> str:
    root = ET.Element("volume")
    ET.SubElement(root, "name").text = name
    ET.SubElement(root, "capacity").text = str(capacity)
    ET.SubElement(root, "allocation").text = "0"
    target = ET.SubElement(root, "target")
    ET.SubElement(target, "format", type=kind)
    if kind == "qcow2":
        ET.SubElement(target, "compat").text = "1.1"
    if backing is not None:
        store = ET.SubElement(root, "backingStore")
        ET.SubElement(store, "path").text = backing.path()
        ET.SubElement(store, "format", type="raw")
    return ET.tostring(root, encoding="unicode")


def base_name(image: ImageFile) -> str:
    """The name of an image's base volume: readable, and new for any other content."""
    return f"{image.path.stem}-{image.sha256[:16]}.img"


def complete_base(pool: Pool, image: ImageFile) -> libvirt.virStorageVol | None:
    """The base volume of this image, if its upload was once finished and verified."""
    seal = pool.find(base_name(image) + COMPLETE)
    volume = pool.find(base_name(image))
    if seal is None or volume is None:
        return None
    sealed = bytearray()
    with translated(f"volume {base_name(image)}{COMPLETE} cannot be read"):
        receive(seal, len(image.sha256), sealed.extend)
    return volume if sealed.decode("ascii", "replace") == image.sha256 else None


def ensure_base(pool: Pool, image: ImageFile, waiting: t.Callable[[str], None]) -> libvirt.virStorageVol:
    """The image as a whole base volume: found, uploaded, or waited for while another run uploads it."""
    volume = complete_base(pool, image)
    if volume is not None:
        return volume
    if pool.find(base_name(image)) is not None:
        volume = _await_other(pool, image, waiting)
        if volume is not None:
            return volume
        pool.delete(base_name(image) + COMPLETE)
        pool.delete(base_name(image))
    waiting(f"uploading {image.path.name} ({image.size >> 20} MiB)")
    problem = f"image {image.path.name} cannot be uploaded to storage pool {pool.name}"
    _check_room(pool, image, problem)
    volume = pool.reserve(base_name(image), image.size)
    if volume is not None:
        return _upload(pool, image, volume, problem)
    volume = _await_other(pool, image, waiting)
    if volume is None:
        raise HypervisorError(problem, found="another run began to, and did not end", remedy="Run again")
    return volume


def _await_other(pool: Pool, image: ImageFile, waiting: t.Callable[[str], None]) -> libvirt.virStorageVol | None:
    """Wait while an unfinished upload grows; None when it is abandoned."""
    waiting(f"another run uploads {image.path.name}")
    quiet, last = 0, -1
    while quiet < STALLED:
        volume = complete_base(pool, image)
        if volume is not None:
            return volume
        half = pool.find(base_name(image))
        if half is None:
            return None
        with translated(f"volume {base_name(image)} cannot be read"):
            allocation = int(half.info()[2])
        quiet = quiet + 1 if allocation == last else 0
        last = allocation
        time.sleep(OTHER_UPLOAD)
    return None


def _check_room(pool: Pool, image: ImageFile, problem: str) -> None:
    size = image.size >> 20
    if (free := pool.free_mib(size)) < size:
        raise HypervisorError(problem, wanted=f"{size} MiB", found=f"{free} MiB free", remedy="Make room and run again")


def _upload(pool: Pool, image: ImageFile, volume: libvirt.virStorageVol, problem: str) -> libvirt.virStorageVol:
    """Fill the volume and seal it. A failed upload gives its room back, where libvirt still answers."""
    try:
        _fill(pool, image, volume, problem)
        _seal(pool, image)
    except RouterError:
        with suppress(RouterError):
            pool.delete(base_name(image))
        raise
    return volume


def _fill(pool: Pool, image: ImageFile, volume: libvirt.virStorageVol, problem: str) -> None:
    with translated(problem, "Run again: an unfinished upload is never used"):
        _send_sections(volume, image)
        sound = int(volume.info()[1]) == image.size and all(_arrived(volume, image, section) for section in _sampled(image))
    if not sound:
        raise HypervisorError(f"{problem}: what was read back differs", remedy="Check the pool's disk and run again")


def _send_sections(volume: libvirt.virStorageVol, image: ImageFile) -> None:
    """Fill a new volume with an image's data, and tell it of the holes."""
    lib = library()
    stream = volume.connect().newStream()
    volume.upload(stream, 0, image.size, lib.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    with image.path.open("rb") as handle:
        for section in image.sections:
            if not section.is_data:
                stream.sendHole(section.length)
                continue
            handle.seek(section.start)
            for start in range(0, section.length, PIECE):
                _send_whole(stream, handle.read(min(PIECE, section.length - start)))
    stream.finish()


def _send_whole(stream: libvirt.virStream, data: bytes) -> None:
    while data:
        data = data[stream.send(data) :]


def _sampled(image: ImageFile) -> list[Section]:
    """The data at both ends of the image."""
    data = [section for section in image.sections if section.is_data]
    return [data[0], data[-1]] if data else []


def _arrived(volume: libvirt.virStorageVol, image: ImageFile, section: Section) -> bool:
    """Whether a section ends on the far side as it does here."""
    length = min(SAMPLE, section.length)
    start = section.start + section.length - length
    with image.path.open("rb") as handle:
        handle.seek(start)
        wanted = handle.read(length)
    found = bytearray()
    receive(volume, length, found.extend, start)
    return bytes(found) == wanted


def _seal(pool: Pool, image: ImageFile) -> None:
    seal = pool.create(base_name(image) + COMPLETE, len(image.sha256), "raw")
    with translated(f"volume {base_name(image)}{COMPLETE} cannot be written"):
        send(seal, io.BytesIO(image.sha256.encode()), len(image.sha256))


def clone(pool: Pool, name: str, image: ImageFile, size_mib: int | None, how: str) -> libvirt.virStorageVol:
    """A guest's own disk from the base volume: copy-on-write (`linked`) or a full copy (`full`)."""
    base = complete_base(pool, image)
    if base is None:
        raise HypervisorError(f"the base volume {base_name(image)} has gone", remedy="Run again: it is uploaded anew")
    capacity = max(image.size, (size_mib or 0) << 20)
    if how == "full":
        return pool.copy(name, capacity, "qcow2", base)
    return pool.create(name, capacity, "qcow2", base)
