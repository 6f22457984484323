# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the releases of Proxmox VE that the double plays. Section numbers are those of the facts on Proxmox VE."""

from __future__ import annotations

from dataclasses import dataclass

from fakepve.schema import Schema

from .schemas import VERSIONS, schema_of

KIB = 1024


@dataclass(frozen=True)
class Release:
    """One release, by its number, such as "8.4"."""

    number: str

    def __post_init__(self) -> None:
        if self.number not in VERSIONS:
            raise ValueError(f"there is no schema of Proxmox VE {self.number}; there are {', '.join(VERSIONS)}")

    @property
    def _order(self) -> tuple[int, int]:
        major, dummy, minor = self.number.partition(".")
        return int(major), int(minor)

    @property
    def schema(self) -> Schema:
        return schema_of(self.number)

    @property
    def body_limit(self) -> int:
        """1.1: 64 KiB before pve-http-server 5.2.1, 512 KiB since (8.4)."""
        return (512 if self._order >= (8, 4) else 64) * KIB

    @property
    def tells_message(self) -> bool:
        """1.1: the key "message" of an error's body exists from pve-http-server 5.2.0 (8.4)."""
        return self._order >= (8, 4)

    @property
    def imports_images(self) -> bool:
        """1.3: raw, qcow2 and vmdk images as content "import" from 8.4."""
        return self._order >= (8, 4)

    @property
    def guards_bridges(self) -> bool:
        """1.8: SDN.Use from 8.0."""
        return self._order >= (8, 0)

    @property
    def resizes_in_task(self) -> bool:
        """1.4: synchronous on 7.x, a task from 8.0."""
        return self._order >= (8, 0)

    @property
    def exec_needs_command(self) -> bool:
        """1.6: `command` is optional text on 7.x, a required array from 8.0."""
        return self._order >= (8, 0)

    @property
    def agent_verb(self) -> str:
        """1.6: `qmp command` in the text of an agent's timeout before 9.x."""
        return "qga" if self._order >= (9, 0) else "qmp"
