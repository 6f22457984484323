# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on a board because a test wants it to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum


class When(Enum):
    BEFORE = "before"  # the connection goes, the command never ran
    AFTER = "after"  # the command ran, its reply was lost
    MIDWAY = "midway"  # the connection goes at the first row of progress, the command runs on
    HANG = "hang"  # no answer; the command runs once it is released


@dataclass
class Fault:
    """Strikes once, at the `nth` command from now on with exactly this path."""

    path: str
    when: When
    nth: int = 1
    struck: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Faults:
    def __init__(self) -> None:
        self.refuse_logins = False
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._all: list[Fault] = []

    def drop_before(self, path: str, nth: int = 1) -> Fault:
        return self._arm(Fault(path, When.BEFORE, nth))

    def drop_after(self, path: str, nth: int = 1) -> Fault:
        return self._arm(Fault(path, When.AFTER, nth))

    def hang(self, path: str, nth: int = 1) -> Fault:
        """Until `released` is set on the fault, or the board stops."""
        return self._arm(Fault(path, When.HANG, nth))

    def interrupt_import(self) -> Fault:
        """The connection is lost half-way; the image is imported all the same, under the router's name for it."""
        return self._arm(Fault("/metarouter/import-image", When.MIDWAY))

    def release_all(self) -> None:
        with self._lock:
            for fault in self._all:
                fault.released.set()

    def strike(self, path: str) -> Fault | None:
        """The fault for a command that came in just now."""
        with self._lock:
            for fault in [fault for fault in self._waiting if fault.path == path]:
                fault.nth -= 1
                if fault.nth == 0:
                    self._waiting.remove(fault)
                    fault.struck.set()
                    return fault
        return None

    def _arm(self, fault: Fault) -> Fault:
        with self._lock:
            self._waiting.append(fault)
            self._all.append(fault)
        return fault
