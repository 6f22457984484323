# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware under a RouterBOARD and under its guests: a machine in memory whose clock really runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..routeros.memory_platform import MemoryPlatform
from ..routeros.platform import Port


class LiveMachine(MemoryPlatform):
    """`reboot` and `power_off` are asked for by the router itself, with its lock held: they must return at once."""

    def __init__(self, ports: int, version: str, on_reboot: Callable[[], None], on_power_off: Callable[[], None]) -> None:
        super().__init__(ports, version)
        self._offset = 0.0
        self._on_reboot = on_reboot
        self._on_power_off = on_power_off

    def set_ports(self, macs: list[str]) -> None:
        """Exactly these Ethernet ports, all with a link."""
        self.port_list = [Port(f"eth{index}", mac, True) for index, mac in enumerate(macs)]

    def now(self) -> float:
        return time.time() + self._offset

    def set_clock(self, now: float) -> None:
        self._offset = now - time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def ping(self, address: str, timeout: float) -> float | None:
        return 0.001 if address in self.reachable else None

    def reboot(self) -> None:
        self._on_reboot()

    def power_off(self) -> None:
        self._on_power_off()
