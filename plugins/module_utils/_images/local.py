# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw disk images on this machine, as they go to a hypervisor (private)."""

from __future__ import annotations

import hashlib
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._core.errors import InputError
from . import disk

BLOCK: t.Final = 64 * 1024  # bytes; zeros count as a hole from this length on


@dataclass(frozen=True)
class Section:
    """A run of bytes that hold something, or of zeros."""

    start: int
    length: int
    is_data: bool


class ImageFile:
    """One image. Raises InputError for a file that is none."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        try:
            disk.require_disk(self.path, f"image: {path}")
            self.size = self.path.stat().st_size
        except OSError as error:
            raise InputError(
                f"image: {path} cannot be read", found=error.strerror or str(error), remedy="Check the path, or get it with chr_image"
            ) from error
        self._digest = ""
        self._sections: list[Section] = []

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, in hex."""
        self._scan()
        return self._digest

    @property
    def sections(self) -> t.Sequence[Section]:
        """The whole content in order, data and holes in turn."""
        self._scan()
        return self._sections

    def _scan(self) -> None:
        """Read the file, once."""
        if self._digest:
            return
        digest, position = hashlib.sha256(), 0
        with self.path.open("rb") as handle:
            while block := handle.read(BLOCK):
                digest.update(block)
                self._add(position, len(block), any(block))
                position += len(block)
        self._digest = digest.hexdigest()

    def _add(self, start: int, length: int, is_data: bool) -> None:
        last = self._sections[-1] if self._sections else None
        if last is not None and last.is_data == is_data:
            self._sections[-1] = Section(last.start, last.length + length, is_data)
        else:
            self._sections.append(Section(start, length, is_data))


class Images:
    """The image files that one batch uses, each opened, checked and read once."""

    def __init__(self) -> None:
        self._files: dict[str, ImageFile] = {}
        self._lock = threading.Lock()

    def get(self, path: str) -> ImageFile:
        """The image file at this path. Raises InputError for a file that is no disk image."""
        with self._lock:
            if path not in self._files:
                self._files[path] = ImageFile(path)
            return self._files[path]
