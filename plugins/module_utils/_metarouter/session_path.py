# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a router's interfaces our own session comes in by, so that no change cuts the branch it sits on (private)."""

from __future__ import annotations

import typing as t

from .._core.errors import RefusedError
from .._routeros.api import Api, Row


def session_path(api: Api) -> frozenset[str]:
    """The interfaces and bridges under the address that we are connected to. Empty where the router does not have that address (NAT)."""
    addresses = api.print("/ip/address", ("address", "interface", "actual-interface"))
    ports = api.print("/interface/bridge/port", ("interface", "bridge"))
    vlans = api.print("/interface/vlan", ("name", "interface"))
    return path_of(api.router_address, addresses, ports, vlans)


def path_of(address: str, addresses: t.Iterable[Row], ports: t.Iterable[Row], vlans: t.Iterable[Row]) -> frozenset[str]:
    """The closure over what carries what: an address's interface, a VLAN's interface, a bridge and its ports, from either side."""
    path = {row[key] for row in addresses if row.get("address", "").partition("/")[0] == address for key in row if key != "address"}
    pairs = [(row.get("interface", ""), row.get("bridge", "")) for row in ports]
    pairs += [(bridge, port) for port, bridge in pairs]
    pairs += [(row.get("name", ""), row.get("interface", "")) for row in vlans]
    grown = True
    while grown:
        reached = {other for one, other in pairs if one in path} - path
        path |= reached
        grown = bool(reached)
    return frozenset(path - {""})


def refuse_own_path(api: Api, touched: t.Collection[str], path: t.Collection[str]) -> None:
    """Raise RefusedError when a change involves the session's own interface, bridge or address."""
    both = sorted(set(touched) & set(path))
    if both:
        raise RefusedError(
            f"{', '.join(both)} carries this very session to {api.router_address}; changing it can cut the router off",
            remedy="Connect by another interface, or say allow_session_path: true",
        )
