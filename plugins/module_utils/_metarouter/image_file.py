# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local file tells of the guest that is to be imported from it (private)."""

from __future__ import annotations

import tarfile
import typing as t

from .._core.errors import InputError

ELF: t.Final = b"\x7fELF"
MACHINES: t.Final = {8: "mips", 20: "powerpc"}  # ELF's e_machine
HEADER: t.Final = 20  # bytes of an ELF file up to e_machine
LOOKED_AT: t.Final = 500  # files of an image; its programs come early


def local_architecture(path: str) -> str | None:
    """`mips` or `powerpc` of a local image: what its first program is built for. Raises InputError for what is no image."""
    try:
        with tarfile.open(path) as archive:
            for number, member in enumerate(archive):
                head = _head(archive, member)
                if head.startswith(ELF):
                    return MACHINES.get(int.from_bytes(head[18:20], "big" if head[5] == 2 else "little"))
                if number > LOOKED_AT:
                    break
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"image_src: {path} is no image", found=str(error), wanted="a tar archive of a root file system") from error
    return None


def _head(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isfile() else None
    return stream.read(HEADER) if stream is not None else b""
