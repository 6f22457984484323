# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No interface of a MetaROUTER guest carries anything before the guest has its password (private, pure)."""

from __future__ import annotations

from dataclasses import dataclass

from .guest import STOPPED, Nic, NicState, VmSpec, VmState


@dataclass(frozen=True)
class Gate:
    """Keeps a guest's interfaces closed, that is disabled and marked so, until it has its password.

    Nobody on their other side, whatever stands there already, then reaches the guest with the factory's empty one. What is open stays open.
    """

    spec: VmSpec
    found: VmState | None

    @property
    def shut(self) -> bool:
        """A new RouterOS guest has the factory's empty password, until somebody who gave it another says so; OpenWrt has that of its image."""
        configured = self.spec.configured and self.found is not None
        return self.spec.guest_os == "routeros" and not configured and not self.spec.open_before_configured

    def concerns(self, nic: NicState) -> bool:
        """Whether an interface that is not listed is closed or opened: what was closed, and what comes with a guest that is adopted."""
        return nic.closed and not self.shut if nic.disabled else self.spec.adopt and self._unproven(nic)

    def position(self, nic: Nic, found: NicState | None) -> tuple[bool | None, bool]:
        """Whether the interface is to be disabled (None: not compared), and whether it is so for want of a password."""
        if not self.shut:
            held = found is not None and found.closed
            return (False, False) if held and nic.disabled is None else (nic.disabled, held and nic.disabled is True)
        if found is None:
            return True, nic.disabled is not True
        if found.disabled:
            return None, found.closed or nic.disabled is False
        return (True, nic.disabled is not True) if self._unproven(found) else (nic.disabled, False)

    def _unproven(self, nic: NicState) -> bool:
        """An open interface that we did not open, of a guest that is about to start: nobody knows its password."""
        starts = self.found is not None and self.found.state in STOPPED and self.spec.state in ("started", "restarted")
        return self.shut and starts and not nic.ours
