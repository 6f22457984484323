# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with one guest called client1 and nothing more: what the consoles and their doors need of a RouterBOARD."""

from __future__ import annotations

from tests.simulators.routerboard.console import ConsoleLine, LineSettings
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.menu import Command, Invocation, Menu
from tests.simulators.routeros.router import Router


def _console_menu(router: Router) -> dict[str, Menu]:
    def refuse(call: Invocation) -> None:
        raise AssertionError("the terminal runs this one itself")

    menu = Menu("metarouter")
    menu.add_command(Command("console", refuse, positional=("numbers",)))
    return {"metarouter": menu}


class Guest:
    def __init__(self, version: str, settings: LineSettings | None = None) -> None:
        self.version = version
        self.router = Router(MemoryPlatform(2, version))
        self.line = ConsoleLine(settings)

    def start(self, openwrt: bool = False) -> None:
        if not openwrt:
            self.router.boot()
        self.line.power_on(None if openwrt else self.router, self.version)


class OneGuest:
    """`client1` is switched off at first; `client1.start()` boots it."""

    def __init__(self, version: str = "6.49.10", guest_version: str | None = None, settings: LineSettings | None = None) -> None:
        self.router = Router(MemoryPlatform(1, version), areas=[_console_menu])
        self.router.boot()
        self.client1 = Guest(guest_version or version, settings)

    def guest(self, text: str) -> Guest | None:
        return self.client1 if text in ("client1", "0") else None
