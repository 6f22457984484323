# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FTP door of a RouterBOARD: files into /file and out of it, for RouterOS versions without SFTP."""

from __future__ import annotations

import io
import logging
import os
import socket
import stat
from typing import Protocol

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.exceptions import AuthenticationFailed
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers.ftp.control import FTPHandler
from pyftpdlib.ioloop import IOLoop

from ..routeros.router import Router
from ..routeros.values import inward, outward
from .accounts import login_allowed
from .door import Door
from .file_shelf import FileShelf

_RIGHTS = "elradfw"
# pyftpdlib writes to the terminal unless its log has somewhere to go.
logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())


class FtpHost(Protocol):
    """What the door needs of the board that it is in."""

    @property
    def router(self) -> Router: ...


class _Upload(io.BytesIO):
    """The file appears when it is closed; one whose upload was cut off is there as far as it came."""

    def __init__(self, files: FileShelf, name: str) -> None:
        super().__init__()
        self.name = name
        self._files = files

    def close(self) -> None:
        if not self.closed:
            self._files.write(self.name, self.getvalue())
        super().close()


class _Download(io.BytesIO):
    def __init__(self, name: str, contents: bytes) -> None:
        super().__init__(contents)
        self.name = name


class _Users(DummyAuthorizer):
    """The users of the router. Whoever is in may do everything."""

    def __init__(self, router: Router) -> None:
        super().__init__()
        self._router = router

    def validate_authentication(self, username: str, password: str, handler: FTPHandler) -> None:
        if login_allowed(self._router, inward(username), inward(password)) is None:
            raise AuthenticationFailed("Login incorrect")

    def get_home_dir(self, username: str) -> str:
        return "/"

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        return perm in _RIGHTS

    def get_perms(self, username: str) -> str:
        return _RIGHTS

    def get_msg_login(self, username: str) -> str:
        return f"User {username} logged in"

    def get_msg_quit(self, username: str) -> str:
        return "Closing"


class _FileSystem(AbstractedFS):
    """One folder with the router's files."""

    def __init__(self, root: str, cmd_channel: FTPHandler) -> None:
        super().__init__(root, cmd_channel)
        self._files: FileShelf = cmd_channel.server.files

    def ftp2fs(self, ftppath: str) -> str:
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        return fspath

    def validpath(self, path: str) -> bool:
        return True

    def realpath(self, path: str) -> str:
        return path

    def open(self, filename: str, mode: str) -> _Upload | _Download:
        if "r" not in mode:
            return _Upload(self._files, filename)
        return _Download(filename, self._contents(filename))

    def chdir(self, path: str) -> None:
        if path != "/":
            raise FileNotFoundError(2, "No such file or directory")

    def listdir(self, path: str) -> list[str]:
        return [outward(name) for name in self._files.names()]

    def isfile(self, path: str) -> bool:
        return self._files.read(path) is not None

    def isdir(self, path: str) -> bool:
        return path == "/"

    def lexists(self, path: str) -> bool:
        return self.isdir(path) or self.isfile(path)

    def getsize(self, path: str) -> int:
        return len(self._contents(path))

    def getmtime(self, path: str) -> float:
        return 0.0

    def stat(self, path: str) -> os.stat_result:
        mode, size = (stat.S_IFDIR | 0o755, 0) if self.isdir(path) else (stat.S_IFREG | 0o644, self.getsize(path))
        return os.stat_result((mode, 0, 0, 1, 0, 0, size, 0, 0, 0))

    lstat = stat

    def remove(self, path: str) -> None:
        self._contents(path)
        self._files.delete(path)

    def rename(self, src: str, dst: str) -> None:
        self._files.write(dst, self._contents(src))
        self._files.delete(src)

    def _contents(self, path: str) -> bytes:
        contents = self._files.read(path)
        if contents is None:
            raise FileNotFoundError(2, "No such file or directory")
        return contents


class _Server:
    """What pyftpdlib wants of the server that accepted a connection: here our listener did."""

    backlog = 5

    def __init__(self, router: Router, connection: socket.socket) -> None:
        self.files = FileShelf(router)
        self.socket = connection
        self.ip_map: list[str] = []

    def _accept_new_cons(self) -> bool:
        return True


class FtpDoor(Door):
    def __init__(self, host: FtpHost) -> None:
        super().__init__()
        self._router = router = host.router
        self._handler = type(
            "RouterHandler",
            (FTPHandler,),
            {
                "authorizer": _Users(router),
                "abstracted_fs": _FileSystem,
                "banner": f"MikroTik FTP server (MikroTik {router.platform.version}) ready",
                "use_sendfile": False,
                "auth_failed_timeout": 0,
            },
        )

    def serve(self, connection: socket.socket) -> None:
        with IOLoop() as loop:
            handler = self._handler(connection, _Server(self._router, connection), ioloop=loop)
            if handler.connected:
                handler.handle()
                loop.loop()
