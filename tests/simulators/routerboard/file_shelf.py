# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are being written through a door; they appear in /file when they are closed."""

from __future__ import annotations

from ..routeros.router import Router
from ..routeros.values import inward


class FileShelf:
    """/file of one router for doors that speak of paths. A path is taken whole, without its first slash, as the file's name."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def names(self) -> list[str]:
        with self._router.lock:
            return [str(item.values["name"]) for item in self._router.files.items()]

    def read(self, path: str) -> bytes | None:
        with self._router.lock:
            contents = self._router.files.read(name_of(path))
        return None if contents is None else contents.encode("latin-1")

    def write(self, path: str, contents: bytes) -> None:
        with self._router.lock:
            self._router.files.write_file(name_of(path), contents.decode("latin-1"))
            self._router.persist()

    def delete(self, path: str) -> None:
        with self._router.lock:
            self._router.files.delete(name_of(path))
            self._router.persist()


def name_of(path: str) -> str:
    return inward(path.lstrip("/"))
