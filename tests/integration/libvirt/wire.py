# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on the wires, seen from outside: the frames on the host's bridges, whatever libvirt or a router says of its links."""

from __future__ import annotations

import selectors
import socket
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

EVERYTHING = 0x0003  # ETH_P_ALL
FRAME = 2048  # bytes
LOOK = 0.2  # seconds between two looks whether it is to end


class Wire:
    """The MACs that sent a frame into one of these bridges since the watch began."""

    def __init__(self, bridges: tuple[str, ...]) -> None:
        self._taps = selectors.DefaultSelector()
        for bridge in bridges:
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
            tap.bind((bridge, 0))
            self._taps.register(tap, selectors.EVENT_READ)
        self._ended = threading.Event()
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.is_set():
            for key, dummy in self._taps.select(LOOK):
                self._seen.add(t.cast(socket.socket, key.fileobj).recv(FRAME)[6:12].hex(":"))

    def seen(self, macs: set[str]) -> set[str]:
        """Those of the MACs that sent something."""
        assert self._thread.is_alive(), "the watcher watches no more"
        return macs & set(self._seen)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        for key in list(self._taps.get_map().values()):
            t.cast(socket.socket, key.fileobj).close()
        self._taps.close()


@contextmanager
def watched(*bridges: str) -> Iterator[Wire]:
    """A watch on these bridges."""
    wire = Wire(bridges)
    try:
        yield wire
    finally:
        wire.end()
