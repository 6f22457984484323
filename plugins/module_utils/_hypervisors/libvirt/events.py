# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what libvirt tells of (private)."""

from __future__ import annotations

import threading
import typing as t

from ..._core.errors import HypervisorError, RouterError, UnreachableError
from ..._core.waiting import Deadline
from .connection import Connections, is_alive, library

if t.TYPE_CHECKING:
    import libvirt

FIRST_TRY: t.Final = 0.1  # seconds between two tries to connect again, at first and at most
SLOWEST_TRY: t.Final = 2.0
KINDS: t.Final = ("LIFECYCLE", "AGENT_LIFECYCLE", "DEVICE_REMOVED", "METADATA_CHANGE")


class Events:
    """Wakes those who wait for a domain to start, stop, open its agent channel or get our mark, so that nobody has to sleep and look.

    A lost connection wakes them too: it is opened again while their time lasts, and then they look again.
    """

    def __init__(self, connections: Connections) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._told_by: libvirt.virConnect | None = None
        self._registering = threading.Lock()
        self._connections = connections
        connections.on_loss = self._note

    def wait_until(self, holds: t.Callable[[], bool], timeout: float) -> bool:
        """Look, then look again after each event, until it holds or `timeout` seconds are over. Whether it holds.

        Raises UnreachableError where the connection was lost and did not come back in that time.
        """
        deadline = Deadline(timeout)
        while True:
            self._listen(deadline)
            with self._changed:
                seen = self._count
            last = deadline.passed
            held = self._look(holds)
            if held is not None and (held or last):
                return held
            with self._changed:
                while held is not None and self._count == seen and not deadline.passed:
                    self._changed.wait(deadline.left)

    def _look(self, holds: t.Callable[[], bool]) -> bool | None:
        """Whether it holds; None where the connection was lost over the question."""
        try:
            return holds()
        except RouterError:
            if self._connections.lost():
                return None
            raise

    def _listen(self, deadline: Deadline) -> None:
        """Be told of events, by another connection where the one that told was lost."""
        lib = library()
        trouble: UnreachableError | None = None
        for dummy in deadline.looks(FIRST_TRY, SLOWEST_TRY):
            try:
                connection = self._connections.get()
                with self._registering:
                    if self._told_by is not None and is_alive(self._told_by):
                        return
                    self._connections.listen(connection, KINDS, self._note)
                    self._told_by = connection
                return
            except UnreachableError as error:
                trouble = error
            except lib.libvirtError as error:
                if is_alive(connection):  # else it was lost again meanwhile
                    raise HypervisorError("libvirt's events cannot be followed", found=error.get_error_message()) from error
        raise trouble or UnreachableError(f"the connection to libvirt at {self._connections.uri} was lost", remedy="Run again")

    def _note(self, *dummy: t.Any) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()
