# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a segment stands on the nodes (private, pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._guests.segment import SegmentSpec, SegmentState
from .bridges import Bridge, Network

Guests = t.Mapping[str, t.Tuple[str, ...]]  # noqa: UP006  (evaluated at import)


@dataclass(frozen=True)
class Seen:
    """What the nodes say. `away` are those that do not answer."""

    networks: t.Mapping[str, Network]
    away: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All bridges and VNets that are up."""
        return sorted({name for network in self.networks.values() for name, bridge in network.bridges.items() if bridge.is_up})

    def wanted(self, spec: SegmentSpec) -> list[str]:
        """The nodes that are to have a segment's bridge."""
        return sorted(spec.own.get("nodes") or self.networks)

    def on(self, spec: SegmentSpec) -> dict[str, Bridge]:
        """Where the bridge stands, of the nodes that are meant. One of ours may have to be brought up, a foreign one is up or is none."""
        found: dict[str, Bridge] = {}
        for node in self.wanted(spec):
            network = self.networks.get(node)
            bridge = network.bridges.get(spec.carrier) if network else None
            if network and bridge is None and spec.state == "absent" and spec.carrier in network.leaving:
                bridge = Bridge({**network.leaving[spec.carrier], "active": 1})
            if bridge is not None and (bridge.is_ours or bridge.is_up):
                found[node] = bridge
        return found


def state_of(spec: SegmentSpec, seen: Seen, guests: Guests) -> SegmentState | None:
    """The segment, if its bridge is there; one that is only attached to is nothing that could be removed."""
    stands = seen.on(spec)
    ours = {node: bridge for node, bridge in stands.items() if bridge.is_ours}
    if not stands or (spec.state == "absent" and spec.attach_to):
        return None
    up = {node for node, bridge in stands.items() if bridge.is_up}
    bridge = _least_like(spec, (ours or stands).values())
    tagged = not ours or bridge.knows_vlans
    return SegmentState(
        spec.name,
        "",
        ours=bool(ours),
        active=bool(up),
        bridge=spec.carrier,
        attached=not ours,
        open_vswitch=False,
        address=None if _is_tagged(spec) and spec.address is None else next(iter(bridge.addresses), None),  # the host's own is untagged
        mtu=bridge.mtu,
        vlan_tag=spec.vlan_tag if tagged else None,
        vlan_trunk=spec.vlan_trunk if tagged else None,
        mac_spoofing=spec.mac_spoofing is not False,
        guests=guests.get(spec.carrier, ()),
        own={"nodes": sorted(up)},
        due={"nodes": sorted({*stands, *seen.wanted(spec)})} if ours and spec.manage else {},
        warnings=tuple(_warnings(spec, seen, up, ours)),
    )


def _least_like(spec: SegmentSpec, bridges: t.Iterable[Bridge]) -> Bridge:
    """Of the bridges of all nodes one that is not what is wanted, if there is one."""
    first, *others = bridges
    return next((bridge for bridge in (first, *others) if not is_like(spec, bridge)), first)


def is_like(spec: SegmentSpec, bridge: Bridge) -> bool:
    """Whether a bridge of ours has what a segment on it wants."""
    return spec.address in (None, *bridge.addresses) and spec.mtu in (None, bridge.mtu) and (bridge.knows_vlans or not _is_tagged(spec))


def _is_tagged(spec: SegmentSpec) -> bool:
    return spec.vlan_tag is not None or spec.vlan_trunk is not None


def _warnings(spec: SegmentSpec, seen: Seen, up: t.Collection[str], ours: t.Mapping[str, Bridge]) -> t.Iterator[str]:
    strange = sorted(node for node in up if ours and node not in ours)
    if strange:
        yield f"bridge {spec.carrier} on {_nodes(strange)} is not ours, and stays as it is"
    if seen.away and (ours or spec.manage) and not spec.own.get("nodes"):
        yield f"{_nodes(seen.away)} cannot be asked, so nothing is done about bridge {spec.carrier} there: run again later"
    lacking = [node for node in seen.wanted(spec) if node not in up and node not in seen.away]
    if lacking and spec.state == "present" and not (ours and spec.manage):
        yield f"{_nodes(lacking)} has no {spec.carrier}, so guests there cannot be wired to it; {_nodes(sorted(up)) if up else 'no node'} has"


def _nodes(nodes: t.Sequence[str]) -> str:
    return f"node {', '.join(nodes)}"
