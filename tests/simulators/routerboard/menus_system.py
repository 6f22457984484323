# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system/resource and /system/routerboard of a board and of its guests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..routeros.fields import DISABLED, Choice, Field
from ..routeros.menu import Menu
from ..routeros.menus.ip import Services
from ..routeros.router import Router
from ..routeros.settings import Settings
from ..routeros.values import Time, Value
from .models import Model, shown_version, version_key
from .rendering import Rendering

if TYPE_CHECKING:
    from .hosting import Hosting

_MIB = 1048576
_GUEST_MEMORY = 32
# A guest's own board name was not seen anywhere.
_GUEST_BOARD = "MetaROUTER"
CERTIFICATE = "server"
_CERTIFICATE = Field("certificate", Choice("none", CERTIFICATE), "none")


class Resource(Settings):
    """`memory` gives the free and the total bytes."""

    def __init__(
        self, router: Router, board: str, cpu: str, architecture: str, memory: Callable[[], tuple[int, int]], rendering: Rendering
    ) -> None:
        super().__init__(router, [], writable=False)
        self._rendering = rendering
        self._board = board
        self._cpu = cpu
        self._architecture = architecture
        self._memory = memory

    def computed(self) -> dict[str, Value]:
        version = self.router.platform.version
        free, total = self._memory()
        values: dict[str, Value] = {
            "uptime": Time(int(max(self.router.platform.now() - self.router.booted, 0)) * 1_000_000_000),
            "version": shown_version(version),
            "free-memory": self._rendering.memory(free),
            "total-memory": self._rendering.memory(total),
            "cpu": self._cpu,
            "cpu-count": 1,
            "cpu-load": 1,
            "free-hdd-space": 96468992,
            "total-hdd-space": 134217728,
            "architecture-name": self._architecture,
            "board-name": self._board,
            "platform": "MikroTik",
        }
        if version_key(version)[0] < 4:
            del values["architecture-name"]
        return values


class Routerboard(Settings):
    def __init__(self, router: Router, model: str) -> None:
        super().__init__(router, [], writable=False)
        self._model = model

    def computed(self) -> dict[str, Value]:
        return {
            "routerboard": True,
            "model": self._model,
            "serial-number": "4A1B02C3D4E5",
            "current-firmware": self.router.platform.version,
            "upgrade-firmware": self.router.platform.version,
        }


class BoardServices(Services):
    """Doors open and shut as this menu says; api-ssl may have the board's certificate."""

    def __init__(self, router: Router, on_change: Callable[[], None]) -> None:
        fields = router.table("/ip/service").fields
        super().__init__(router, [*(fields[name] for name in ("name", "port", "address")), _CERTIFICATE, DISABLED])
        self._on_change = on_change

    def changed(self) -> None:
        super().changed()
        self._on_change()


def board_services(router: Router, on_change: Callable[[], None]) -> dict[str, Menu]:
    return {"ip/service": BoardServices(router, on_change)}


def board_system(router: Router, name: str, model: Model, hosting: Hosting) -> dict[str, Menu]:
    def memory() -> tuple[int, int]:
        return hosting.free_memory() * _MIB, model.memory * _MIB

    return {
        "system/resource": Resource(router, name, model.cpu, model.architecture, memory, hosting.rendering),
        "system/routerboard": Routerboard(router, name),
    }


def guest_resources(router: Router) -> dict[str, Menu]:
    memory = _GUEST_MEMORY * _MIB
    return {"system/resource": Resource(router, _GUEST_BOARD, "MIPS", "mipsbe", lambda: (memory // 2, memory), Rendering())}
