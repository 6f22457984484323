# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images for import-image: an archive of a root file system for one architecture."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib

from ..routeros.errors import RouterError

# Not measured on a router.
BAD_IMAGE = "failure: can not import image: bad image file"
WRONG_ARCHITECTURE = "failure: can not import image: wrong architecture"

_ELF_MACHINES = {8: "mips", 20: "ppc"}
_MACHINE_AT = 18  # where an ELF header has it, two bytes


def openwrt_image(architecture: str, size: int = 0) -> bytes:
    """A root file system as small as can be, for "mips" or "ppc", with `size` bytes of ballast."""
    machine = next(number for number, name in _ELF_MACHINES.items() if name == architecture)
    header = b"\x7fELF\x01\x02\x01".ljust(_MACHINE_AT - 2, b"\0") + (2).to_bytes(2, "big") + machine.to_bytes(2, "big")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (("./bin/busybox", header), ("./etc/ballast", bytes(size))):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def check_image(content: bytes, architecture: str) -> None:
    """Refuse what is no whole archive of that architecture: an upload that was cut off, another board's image."""
    if _architecture(content) != architecture:
        raise RouterError(WRONG_ARCHITECTURE)


def _architecture(content: bytes) -> str | None:
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content)), mode="r:") as archive:
            found = None
            for entry in archive:
                stream = archive.extractfile(entry)
                head = stream.read(_MACHINE_AT + 2) if stream is not None else b""
                if found is None and head.startswith(b"\x7fELF"):
                    found = _ELF_MACHINES.get(int.from_bytes(head[_MACHINE_AT:], "big"))
            return found
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise RouterError(BAD_IMAGE) from error
