# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity in the header of a qcow2 image (private, pure).

A hypervisor's mark on a guest has to recognise the guest's disk. The volume's name says nothing, since a disk is replaced under its own name;
sizes, times and serials either change while the router runs or belong to the guest and not to the volume. The format has header extensions for
this purpose: QEMU keeps those that it does not know, whatever it does with the image in place (run it, grow it, commit it, take snapshots). A
new image, and a converted one as cloning tools make it, has none. So it is the disk that carries the identity, and loses it when it is replaced.
"""

from __future__ import annotations

import struct
import typing as t

HEAD: t.Final = 4096  # bytes; the header, its extensions and the name of the backing file lie in them
MAGIC: t.Final = b"QFI\xfb"
IDENTITY: t.Final = 0x76724D6B  # the type of our extension: "vrMk"
_END: t.Final = 0
_BACKING: t.Final = struct.Struct(">QI")  # at byte 8: where the backing file's name lies, and its length
_NUMBER: t.Final = struct.Struct(">I")  # at byte 4 the version, at byte 100 the header's own length (from version 3 on)
_V2_LENGTH: t.Final = 72  # bytes
_EXTENSION: t.Final = struct.Struct(">II")  # type and length, then the data, padded to 8 bytes


def identity(head: bytes) -> str:
    """The identity in the first bytes of an image; empty for an image that has none, or is no qcow2 image."""
    for kind, dummy, data in _extensions(head):
        if kind == IDENTITY:
            return data.decode("ascii", "replace")
    return ""


def with_identity(head: bytes, text: str) -> bytes | None:
    """The first bytes of an image with an identity written into them; None for an image that cannot take one."""
    end = next((place for kind, place, dummy in _extensions(head) if kind == _END), None)
    if end is None or identity(head):
        return None
    data = text.encode("ascii")
    ours = _EXTENSION.pack(IDENTITY, len(data)) + data.ljust(_padded(len(data)), b"\0") + _EXTENSION.pack(_END, 0)
    begin, length = _BACKING.unpack_from(head, 8)
    name = head[begin : begin + length] if begin else b""
    if len(name) != length or end + len(ours) + length > HEAD:
        return None
    fixed = bytearray(head[:end] + ours + name)
    if name:
        _BACKING.pack_into(fixed, 8, end + len(ours), length)
    return bytes(fixed).ljust(HEAD, b"\0")


def _extensions(head: bytes) -> t.Iterator[tuple[int, int, bytes]]:
    """Type, place and data of each header extension, the end's included."""
    if head[:4] != MAGIC or len(head) < HEAD:
        return
    version = _NUMBER.unpack_from(head, 4)[0]
    place: int = _V2_LENGTH if version == 2 else _NUMBER.unpack_from(head, 100)[0]
    while place + _EXTENSION.size <= len(head):
        kind, length = _EXTENSION.unpack_from(head, place)
        start = place + _EXTENSION.size
        yield kind, place, head[start : start + length]
        if kind == _END:
            return
        place = start + _padded(length)


def _padded(length: int) -> int:
    return -(-length // 8) * 8
