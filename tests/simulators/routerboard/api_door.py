# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's door: connections, plain or in TLS, and a session for each."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from .api_framing import FramingError, SentenceReader
from .api_session import ApiHost, ApiSession
from .door import Door
from .listener import cut

_CHUNK = 65536


class ApiDoor(Door):
    """`context` gives the TLS side of api-ssl, as it is now; None for the plain door."""

    def __init__(self, host: ApiHost, context: Callable[[], ssl.SSLContext] | None = None) -> None:
        super().__init__()
        self._host = host
        self._context = context

    def serve(self, connection: socket.socket) -> None:
        if self._context is None:
            self._talk(connection)
            return
        with contextlib.suppress(OSError), self._context().wrap_socket(connection, server_side=True) as secured:
            self._talk(secured)

    def _talk(self, connection: socket.socket) -> None:
        lock = threading.Lock()

        def send(data: bytes) -> None:
            with lock, contextlib.suppress(OSError):
                connection.sendall(data)

        session = ApiSession(self._host, send, lambda: cut(connection))
        reader = SentenceReader()
        with contextlib.suppress(OSError, FramingError):
            while data := connection.recv(_CHUNK):
                for sentence in reader.feed(data):
                    session.handle(sentence)
        session.close()
