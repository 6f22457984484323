# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP door on 127.0.0.1: it keeps its port for life, and may be shut and opened again meanwhile."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Listener:
    """`serve` is called with each connection, in a thread of its own; the connection is closed when it returns."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        # Bound and never listening: the port stays ours, and connections to it are refused while the door is shut.
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        with self._lock:
            if self._listening is None:
                self._listening = _bound(self.port)
                self._listening.listen()
                threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        """Refuse connections from now on; those that stand, stay."""
        with self._lock:
            if self._listening is not None:
                cut(self._listening)
                self._listening = None

    def cut_all(self) -> None:
        with self._lock:
            for connection in self._open:
                cut(connection)

    def close(self) -> None:
        self.shut()
        self.cut_all()
        self._reserved.close()

    def _accept(self, listening: socket.socket) -> None:
        with listening:
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return  # shut
                with self._lock:
                    if self._listening is not listening:
                        connection.close()
                        return
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    handle = connection.dup()  # TLS takes the first one over
                    self._open.add(handle)
                threading.Thread(target=self._attend, args=(connection, handle), daemon=True).start()

    def _attend(self, connection: socket.socket, handle: socket.socket) -> None:
        try:
            with connection:
                self._serve(connection)
        finally:
            with self._lock, handle:
                self._open.discard(handle)


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def cut(connection: socket.socket) -> None:
    """Wake whoever waits on it, without TLS's own goodbye; it may be gone already."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
