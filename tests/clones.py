# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated CHR whose licence and API tests look at."""

from __future__ import annotations

from tests.simulators.routerboard.faults import Faults
from tests.simulators.routerboard.rendering import Rendering
from tests.simulators.routeros.account_server import AccountServer
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.menus.license import License
from tests.simulators.routeros.router import Router


class Clone:
    """One CHR; `api_log` is what its API was asked."""

    def __init__(self, version: str, uuid: str, server: AccountServer | None) -> None:
        self.platform = MemoryPlatform(ports=1, version=version)
        self.router = Router(self.platform, uuid)
        self.router.boot()
        self.rendering = Rendering()
        self.faults = Faults()
        self.api_log: list[list[str]] = []
        self.license.server = server
        self.run("/ip address add address=192.0.2.2/24 interface=ether1; /ip route add gateway=192.0.2.1; /ip dns set servers=192.0.2.53")

    @property
    def license(self) -> License:
        menu = self.router.settings("/system/license")
        assert isinstance(menu, License)
        return menu

    def log_api(self, words: list[str]) -> None:
        self.api_log.append(words)

    def run(self, script: str) -> None:
        result = self.router.execute(script)
        assert result.exit_code == 0, result.output

    def pass_time(self, days: float) -> None:
        self.platform.clock += days * 86400

    def reboot(self) -> None:
        self.platform.clock += 60
        self.router.boot()
