# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated RouterOS needs from the machine under it.

The router itself (router.py and its menus) knows nothing of Linux. Unit tests run it on a `MemoryPlatform`; the bootable image runs it
on the real Linux of its guest. Both keep this contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Port:
    """One Ethernet port of the machine, in slot order (the order in which RouterOS numbers ether1, ether2 ...)."""

    device: str  # the machine's own name for it, for example "eth0"
    mac_address: str  # "52:54:00:12:34:56", upper or lower case
    running: bool  # carrier


@dataclass(frozen=True)
class Lease:
    """What a DHCP server gave one port."""

    address: str  # "192.0.2.17/24"
    gateway: str | None
    dns: tuple[str, ...] = ()


class Platform(Protocol):
    """The machine under the router. Every call returns at once unless it says otherwise."""

    version: str  # RouterOS version to play, for example "7.20.8"

    def ports(self) -> list[Port]:
        """The Ethernet ports as they are now."""

    def set_admin(self, device: str, up: bool) -> None:
        """Switch a port on or off."""

    def set_addresses(self, device: str, addresses: list[str]) -> None:
        """Make exactly these addresses ("192.0.2.1/24") stand on the port."""

    def set_routes(self, routes: list[tuple[str, str]]) -> None:
        """Make exactly these (destination, gateway) pairs stand, beside the connected ones."""

    def start_dhcp(self, device: str) -> None:
        """Begin asking for a lease on the port, in the background."""

    def stop_dhcp(self, device: str) -> None:
        """Stop asking and forget the lease."""

    def lease(self, device: str) -> Lease | None:
        """The port's current lease."""

    def ping(self, address: str, timeout: float) -> float | None:
        """One echo; seconds until the answer, or None. Blocks up to timeout."""

    def now(self) -> float:
        """Wall clock, seconds since the epoch, UTC."""

    def set_clock(self, now: float) -> None:
        """Set the wall clock."""

    def sleep(self, seconds: float) -> None:
        """Block for so long (a test's platform only moves its clock)."""

    def load(self) -> bytes | None:
        """The state saved last, or None on a factory-fresh disk."""

    def save(self, state: bytes) -> None:
        """Keep the state over reboots, atomically."""

    def power_off(self) -> None:
        """Switch the machine off."""

    def reboot(self) -> None:
        """Restart the machine."""
