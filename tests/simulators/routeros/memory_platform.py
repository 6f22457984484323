# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that exists only in memory, for unit tests."""

from __future__ import annotations

from .platform import Lease, Port


class MemoryPlatform:
    """Keeps what the router asked for, so that a test can look at it, and lets the test play the outside world.

    `leases` and `reachable` are the network: the lease that a device gets while it asks, and the addresses that answer
    a ping.
    Its clock moves only through `sleep` and `set_clock`.
    """

    def __init__(self, ports: int = 1, version: str = "7.20.8") -> None:
        self.version = version
        self.port_list = [Port(f"eth{index}", f"52:54:00:00:00:{index + 1:02x}", True) for index in range(ports)]
        self.leases: dict[str, Lease] = {}
        self.reachable: set[str] = set()
        self.admin: dict[str, bool] = {}
        self.addresses: dict[str, list[str]] = {}
        self.routes: list[tuple[str, str]] = []
        self.asking: set[str] = set()
        self.clock = 1767225600.0  # 2026-01-01 00:00:00 UTC
        self.stored: bytes | None = None
        self.power: list[str] = []

    def ports(self) -> list[Port]:
        return list(self.port_list)

    def set_running(self, device: str, running: bool) -> None:
        """Plug or unplug a cable."""
        self.port_list = [Port(port.device, port.mac_address, running) if port.device == device else port for port in self.port_list]

    def set_admin(self, device: str, up: bool) -> None:
        self.admin[device] = up

    def set_addresses(self, device: str, addresses: list[str]) -> None:
        self.addresses[device] = addresses

    def set_routes(self, routes: list[tuple[str, str]]) -> None:
        self.routes = routes

    def start_dhcp(self, device: str) -> None:
        self.asking.add(device)

    def stop_dhcp(self, device: str) -> None:
        self.asking.discard(device)

    def lease(self, device: str) -> Lease | None:
        return self.leases.get(device) if device in self.asking else None

    def ping(self, address: str, timeout: float) -> float | None:
        if address in self.reachable:
            return 0.001
        self.clock += timeout
        return None

    def now(self) -> float:
        return self.clock

    def set_clock(self, now: float) -> None:
        self.clock = now

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def load(self) -> bytes | None:
        return self.stored

    def save(self, state: bytes) -> None:
        self.stored = state

    def power_off(self) -> None:
        self.power.append("off")

    def reboot(self) -> None:
        self.power.append("reboot")
