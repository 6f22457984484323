# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver whose calls are seen, and that is killed before a step."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor

READS = ("observe", "list", "check", "power", "disk_id", "observe_segments", "check_segment")
STEPS = ("prepare", "create", "make_disk", "set", "write_mark", "identify", "start", "shut_down", "power_off", "remove", "apply_segment")


class KilledError(Exception):
    """The process is gone; nobody answers for it."""


class Watched:
    """Hands every call on. `steps` are those that began, `reads` the questions; before step number `kill` the run ends."""

    def __init__(self, driver: Hypervisor, kill: int | None = None) -> None:
        self._driver = driver
        self._kill = kill
        self.reads: list[str] = []
        self.steps: list[tuple[str, tuple[t.Any, ...]]] = []

    @property
    def names(self) -> list[str]:
        """The steps by name."""
        return [name for name, dummy in self.steps]

    def __getattr__(self, name: str) -> t.Any:
        found = getattr(self._driver, name)
        if name not in READS and name not in STEPS:
            return found

        def call(*arguments: t.Any, **options: t.Any) -> t.Any:
            if name in READS:
                self.reads.append(name)
            else:
                if self._kill == len(self.steps):
                    raise KilledError
                self.steps.append((name, arguments))
            return found(*arguments, **options)

        return call
