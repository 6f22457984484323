# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SFTP into /file."""

from __future__ import annotations

import os
import stat

from paramiko.server import ServerInterface
from paramiko.sftp import SFTP_EOF, SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK
from paramiko.sftp_attr import SFTPAttributes
from paramiko.sftp_handle import SFTPHandle
from paramiko.sftp_si import SFTPServerInterface

from ..routeros.router import Router
from ..routeros.values import outward
from .file_shelf import FileShelf

_FOLDER = stat.S_IFDIR | 0o755
_FILE = stat.S_IFREG | 0o644


class _Upload(SFTPHandle):
    """The file appears when it is closed; one whose upload was cut off is there as far as it came."""

    def __init__(self, files: FileShelf, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path
        self._contents = bytearray()

    def write(self, offset: int, data: bytes) -> int:
        if offset > len(self._contents):
            return SFTP_FAILURE
        self._contents[offset : offset + len(data)] = data
        return SFTP_OK

    def stat(self) -> SFTPAttributes:
        return _attributes(self._path, _FILE, len(self._contents))

    def chattr(self, attr: SFTPAttributes) -> int:
        return SFTP_OK

    def close(self) -> None:
        self._files.write(self._path, bytes(self._contents))


class _Download(SFTPHandle):
    def __init__(self, path: str, contents: bytes) -> None:
        super().__init__()
        self._path = path
        self._contents = contents

    def read(self, offset: int, length: int) -> bytes | int:
        return self._contents[offset : offset + length] or SFTP_EOF

    def stat(self) -> SFTPAttributes:
        return _attributes(self._path, _FILE, len(self._contents))

    def close(self) -> None:
        pass


class FileServer(SFTPServerInterface):
    """`router` is a keyword argument because the first one, the SSH session, is paramiko's."""

    def __init__(self, server: ServerInterface, *, router: Router) -> None:
        super().__init__(server)
        self._files = FileShelf(router)

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        if path.strip("/."):
            return SFTP_NO_SUCH_FILE
        return [_attributes(outward(name), _FILE, len(self._files.read(outward(name)) or b"")) for name in self._files.names()]

    def stat(self, path: str) -> SFTPAttributes | int:
        if not path.strip("/."):
            return _attributes(path, _FOLDER, 0)
        contents = self._files.read(path)
        return SFTP_NO_SUCH_FILE if contents is None else _attributes(path, _FILE, len(contents))

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            return _Upload(self._files, path)
        contents = self._files.read(path)
        return SFTP_NO_SUCH_FILE if contents is None else _Download(path, contents)

    def remove(self, path: str) -> int:
        if self._files.read(path) is None:
            return SFTP_NO_SUCH_FILE
        self._files.delete(path)
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        contents = self._files.read(oldpath)
        if contents is None:
            return SFTP_NO_SUCH_FILE
        if self._files.read(newpath) is not None:
            return SFTP_FAILURE
        self._files.write(newpath, contents)
        self._files.delete(oldpath)
        return SFTP_OK

    posix_rename = rename

    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        return SFTP_OK


def _attributes(name: str, mode: int, size: int) -> SFTPAttributes:
    made = SFTPAttributes()
    # Where paramiko's server looks for it; its own type does not declare it.
    made.__dict__["filename"] = name
    made.st_mode = mode
    made.st_size = size
    return made
