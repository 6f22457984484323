# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's network, staged and reloaded, and what SDN tells. All that is staged is seen by everybody, beside the data as `changes`."""

from __future__ import annotations

import typing as t

from aiohttp import web
from fakepve.routing import die, split_list

from .cluster import ClusterPve
from .interfaces import BRIDGES
from .strict import Values

_NETWORK = "/nodes/{node}/network"
_ABOUT = ("node", "iface", "delete")
# Lists to which VNets belong.
_WITH_VNETS = frozenset({"any_bridge", "vnet", "include_sdn"})


class NetworkApiPve(ClusterPve):
    """`interfaces(node)` is what these change."""

    def _routes_network(self) -> list[tuple[str, str, t.Any]]:
        own = [("GET", self._interface), ("PUT", self._interface_update), ("DELETE", self._interface_delete)]
        all_of_a_node = [("GET", self._network), ("POST", self._interface_create), ("PUT", self._reload), ("DELETE", self._revert)]
        sdn = [(f"/cluster/sdn/{kind}", f"{{{kind[:-1]}}}", kind) for kind in ("zones", "vnets")]
        return [
            *((method, _NETWORK, handler) for method, handler in all_of_a_node),
            *((method, f"{_NETWORK}/{{iface}}", handler) for method, handler in own),
            *(("GET", path, self._sdn_list(kind)) for path, dummy, kind in sdn),
            *(("GET", f"{path}/{item}", self._sdn_one(kind)) for path, item, kind in sdn),
        ]

    # Reading

    async def _network(self, values: Values, user: str) -> web.Response:
        node, kind = values["node"], values.get("type")
        interfaces = self.interfaces(node)
        listed = [entry for entry in interfaces.shown().values() if _fits(entry["type"], kind)]
        listed = [entry for entry in listed if entry["type"] not in BRIDGES or self._sees(user, entry["iface"])]
        if kind in _WITH_VNETS:
            listed += [_vnet(vnet) for name, vnet in sorted(self.vnets_on(node).items()) if self._sees(user, name)]
        changes = interfaces.changes()
        return web.json_response({"data": listed, **({"changes": changes} if changes else {})})

    async def _interface(self, values: Values, user: str) -> Values:
        return self.interfaces(values["node"]).one(values["iface"])

    def _sees(self, user: str, bridge: str) -> bool:
        """1.8: from 8.0 a bridge is shown to who may use it, or one VLAN of it."""
        path = self.sdn_path(bridge)
        if not self.rules.guards_bridges or any(self.allowed(user, path, right) for right in ("SDN.Audit", "SDN.Use")):
            return True
        granted = [grant for name in dict.fromkeys((user, user.split("!")[0])) for grant in (self.acl or {}).get(name, [])]
        return any(where.startswith(f"{path}/") and rights & {"SDN.Audit", "SDN.Use"} for where, rights in granted)

    # Staging and reloading

    async def _interface_create(self, values: Values, user: str) -> None:
        self.interfaces(values["node"]).create(values["iface"], _options(values))

    async def _interface_update(self, values: Values, user: str) -> None:
        self.interfaces(values["node"]).update(values["iface"], _options(values), split_list(values.get("delete")))

    async def _interface_delete(self, values: Values, user: str) -> None:
        self.interfaces(values["node"]).delete(values["iface"])

    async def _revert(self, values: Values, user: str) -> None:
        self.interfaces(values["node"]).revert()

    async def _reload(self, values: Values, user: str) -> str:
        async def body() -> None:
            self.reload(values["node"])

        return await self.task(values["node"], "srvreload", "networking", user, body)

    def reload(self, node: str) -> None:
        """Apply what is staged on a node, as its console can too."""
        self.interfaces(node).reload()

    # SDN

    def _sdn_list(self, kind: str) -> t.Any:
        async def listed(values: Values, user: str) -> list[Values]:
            return [entry for entry in getattr(self, kind).values() if self._may_see(user, kind, entry) and _of_type(entry, values)]

        return listed

    def _sdn_one(self, kind: str) -> t.Any:
        async def one(values: Values, user: str) -> Values:
            name = values[kind[:-1]]
            entry: Values | None = getattr(self, kind).get(name)
            if entry is None:
                raise die(f"sdn '{name}' does not exist")
            if not self._may_see(user, kind, entry):
                self.require(user, _path(kind, entry), "SDN.Audit")
            return entry

        return one

    def _may_see(self, user: str, kind: str, entry: Values) -> bool:
        return any(self.allowed(user, _path(kind, entry), right) for right in ("SDN.Audit", "SDN.Allocate"))


def _path(kind: str, entry: Values) -> str:
    return f"/sdn/zones/{entry['zone']}" + (f"/{entry['vnet']}" if kind == "vnets" else "")


def _of_type(entry: Values, values: Values) -> bool:
    return values.get("type") in (None, entry["type"])


def _fits(found: str, asked: str | None) -> bool:
    return asked in (None, "include_sdn", found) or (asked in ("any_bridge", "any_local_bridge") and found in BRIDGES)


def _vnet(vnet: Values) -> Values:
    shown = {"iface": vnet["vnet"], "type": "vnet", "active": "1", "ipam": 0, "vlanaware": int(bool(vnet.get("vlanaware")))}
    return {**shown, **({"comments": vnet["alias"]} if "alias" in vnet else {})}


def _options(values: Values) -> Values:
    return {key: value for key, value in values.items() if key not in _ABOUT}
