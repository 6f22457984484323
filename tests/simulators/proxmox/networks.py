# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use a bridge (1.7): from 8.0 each one, each tag on it and each VLAN of a trunk is asked for."""

from __future__ import annotations

import re

from fakepve.lxc import split_props

from .disks import DisksPve
from .strict import Values


class NetworksPve(DisksPve):
    """A VNet is of its zone; every other bridge is of the zone "localnetwork"."""

    async def _qm_create(self, values: Values, user: str) -> str:
        self.check_bridges(user, values)
        return await super()._qm_create(values, user)

    def check_bridges(self, user: str, config: Values) -> None:
        if not self.rules.guards_bridges:
            return
        for key, value in config.items():
            if re.fullmatch(r"net\d+", key):
                for path in self._paths(split_props(value)[1]):
                    self.require(user, path, "SDN.Use")

    def _paths(self, net: dict[str, str]) -> list[str]:
        if "bridge" not in net:
            return []
        bridge = self.sdn_path(net["bridge"])
        vlans = [*([net["tag"]] if "tag" in net else []), *_vlans(net.get("trunks", ""))]
        return [f"{bridge}/{vlan}" for vlan in vlans] or [bridge]


def _vlans(trunks: str) -> list[str]:
    """Every VLAN of `10;20-30`."""
    found: list[str] = []
    for part in filter(None, trunks.split(";")):
        first, dummy, last = part.partition("-")
        found += map(str, range(int(first), int(last or first) + 1))
    return found
