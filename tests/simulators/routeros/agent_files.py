# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router's files as the guest agent opens them: flat names only, contents there once the file is closed."""

from __future__ import annotations

from .router import Router

_MODES = frozenset({"r", "rb", "w", "wb"})


def flat_name(path: str) -> str | None:
    """The name in the root of /file, or None where the agent refuses the path: directories and absolute paths."""
    name = path[2:] if path.startswith("./") else path
    return None if not name or "/" in name or name in (".", "..") else name


class _Open:
    def __init__(self, name: str, writing: bool, data: bytes) -> None:
        self.name = name
        self.writing = writing
        self.data = data
        self.at = 0


class FileHandles:
    def __init__(self, router: Router) -> None:
        self._router = router
        self._open: dict[int, _Open] = {}
        self._next = 1000

    def open(self, path: str, mode: str) -> int | None:
        """A handle, or None where the file cannot be opened so."""
        name = flat_name(path)
        if name is None or mode not in _MODES:
            return None
        writing = mode.startswith("w")
        with self._router.lock:
            contents = self._router.files.read(name)
        if contents is None and not writing:
            return None
        self._next += 1
        self._open[self._next] = _Open(name, writing, b"" if writing else (contents or "").encode("latin-1"))
        return self._next

    def write(self, handle: int, data: bytes) -> bool:
        opened = self._open.get(handle)
        if opened is None or not opened.writing:
            return False
        opened.data += data
        return True

    def read(self, handle: int, count: int) -> bytes | None:
        opened = self._open.get(handle)
        if opened is None or opened.writing:
            return None
        data = opened.data[opened.at : opened.at + count]
        opened.at += len(data)
        return data

    def flush(self, handle: int) -> None:
        opened = self._open.get(handle)
        if opened is not None and opened.writing:
            with self._router.lock:
                self._router.files.write_file(opened.name, opened.data.decode("latin-1"))
                self._router.persist()

    def close(self, handle: int) -> None:
        self.flush(handle)
        self._open.pop(handle, None)
