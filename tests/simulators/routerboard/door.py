# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doors with sessions of their own have in common."""

from __future__ import annotations

import socket
import threading

from .listener import Listener


class Door:
    """Opened and shut through `listener`, whose `port` is its TCP port on 127.0.0.1; `stop` ends it for good."""

    def __init__(self) -> None:
        self.listener = Listener(self._attend)
        self._serving: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        self.listener.open()

    def stop(self) -> None:
        """All connections are cut; returns when their threads have ended."""
        self.listener.close()
        with self._lock:
            serving = list(self._serving)
        for thread in serving:
            thread.join()

    def serve(self, connection: socket.socket) -> None:
        """One connection, until it ends."""
        raise NotImplementedError

    def _attend(self, connection: socket.socket) -> None:
        thread = threading.current_thread()
        with self._lock:
            # A thread that has ended is of no use any more; the others are still to be waited for.
            self._serving = {other for other in self._serving if other.is_alive()} | {thread}
        self.serve(connection)
