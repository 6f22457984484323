# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest can be wired to: the bridges of each node, and the VNets of SDN."""

from __future__ import annotations

import typing as t

from .interfaces import Interfaces
from .storages import StoragesPve
from .strict import Values


class WiresPve(StoragesPve):
    """`vnets` and `zones` are SDN's, applied everywhere; `interfaces` are a node's."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.zones: dict[str, Values] = {}
        self.vnets: dict[str, Values] = {}
        self._interfaces: dict[str, Interfaces] = {}

    def interfaces(self, node: str = "pve1") -> Interfaces:
        return self._interfaces.setdefault(node, Interfaces())

    def add_zone(self, name: str, kind: str = "simple", **options: t.Any) -> None:
        """Options are the API's; `nodes` says where the zone is, and everywhere if it is left out."""
        self.zones[name] = {"zone": name, "type": kind, **options}

    def add_vnet(self, name: str, zone: str, **options: t.Any) -> None:
        """In a zone, which is made simple where it is not there."""
        if zone not in self.zones:
            self.add_zone(zone)
        self.vnets[name] = {"vnet": name, "zone": zone, "type": "vnet", **options}

    def vnets_on(self, node: str) -> dict[str, Values]:
        """Those whose zone is on the node."""
        zones = {name for name, zone in self.zones.items() if node in zone.get("nodes", node).split(",")}
        return {name: vnet for name, vnet in self.vnets.items() if vnet["zone"] in zones}

    def bridges(self, node: str) -> set[str]:
        return self.interfaces(node).bridges() | set(self.vnets_on(node))

    def sdn_path(self, bridge: str) -> str:
        """Where the rights on it are."""
        zone = self.vnets[bridge]["zone"] if bridge in self.vnets else "localnetwork"
        return f"/sdn/zones/{zone}/{bridge}"
