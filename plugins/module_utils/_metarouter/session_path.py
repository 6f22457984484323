# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a router's interfaces our own session comes in by, so that no change cuts the branch it sits on (private)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._core.errors import RefusedError
from .._routeros.api import Api, Row

# By the type that /interface shows: the menu that says what such an interface stands on, and the properties for itself and for that.
CARRIERS: t.Final = {
    "vlan": ("/interface/vlan", "name", "interface"),
    "vrrp": ("/interface/vrrp", "name", "interface"),
    "bond": ("/interface/bonding", "name", "slaves"),
    "pppoe-out": ("/interface/pppoe-client", "name", "interface"),
    "pppoe-in": ("/interface/pppoe-server", "name", "service"),
}
SERVICES: t.Final = ("/interface/pppoe-server/server", "service-name", "interface")
# Interfaces that stand on the IP protocol: what carries them is the matter of a route, so it may be any interface with an address.
TUNNELS: t.Final = re.compile(r"(?:l2tp|pptp|sstp|ovpn|ppp)-(?:in|out)|eoip|gre-tunnel|ipip-tunnel|ipipv6|6to4")


@dataclass(frozen=True)
class Wiring:
    """What carries what on a router. `pairs` are (interface, what it stands on); `types` are the interfaces' types by name."""

    addresses: t.Sequence[Row]
    pairs: t.Collection[tuple[str, str]]
    types: t.Mapping[str, str]


def session_path(api: Api) -> frozenset[str]:
    """The interfaces and bridges under the address that we are connected to. Empty where the router does not have that address (NAT)."""
    addresses = api.print("/ip/address", ("address", "interface", "actual-interface"))
    types = {row["name"]: row.get("type", "") for row in api.print("/interface", ("name", "type"))}
    ports = [(row.get("interface", ""), row.get("bridge", "")) for row in api.print("/interface/bridge/port", ("interface", "bridge"))]
    pairs = [*ports, *((bridge, port) for port, bridge in ports)]
    for menu in (CARRIERS[kind] for kind in CARRIERS.keys() & types.values()):
        pairs += _stands_on(api, *menu)
        pairs += _stands_on(api, *SERVICES) if menu is CARRIERS["pppoe-in"] else ()
    return path_of(api.router_address, Wiring(addresses, pairs, types))


def _stands_on(api: Api, menu: str, upper: str, lower: str) -> list[tuple[str, str]]:
    return [(row.get(upper, ""), name) for row in api.print(menu, (upper, lower)) for name in row.get(lower, "").split(",")]


def path_of(address: str, wiring: Wiring) -> frozenset[str]:
    """The closure over what carries what, from the interface that has the address."""
    sides = ("interface", "actual-interface")
    path = {row[key] for row in wiring.addresses if row.get("address", "").partition("/")[0] == address for key in sides if key in row}
    grown = bool(path)
    while grown:
        reached = {lower for upper, lower in wiring.pairs if upper in path}
        if any(TUNNELS.fullmatch(wiring.types.get(name, "")) for name in path):
            reached |= {row[key] for row in wiring.addresses for key in sides if key in row}
        grown = not reached <= path
        path |= reached
    return frozenset(path - {""})


def refuse_own_path(api: Api, touched: t.Collection[str], path: t.Collection[str]) -> None:
    """Raise RefusedError when a change involves the session's own interface, bridge or address."""
    both = sorted(set(touched) & set(path))
    if both:
        raise RefusedError(
            f"{', '.join(both)} carries this very session to {api.router_address}; changing it can cut the router off",
            remedy="Connect by another interface, or say allow_session_path: true",
        )
