# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments: bridges and VNets that the nodes have (private)."""

from __future__ import annotations

import threading
import typing as t

from ..._core.errors import UnsupportedError
from ..._guests.guest import NewGuest
from ..._guests.hypervisor import Report
from ..._guests.segment import SegmentPlan, SegmentSpec, SegmentState
from .cluster import Cluster
from .connection import Api
from .properties import is_on


class Networks:
    """What the nodes have to wire guests to. A segment is no object of its own: its interfaces have the bridge and the VLAN."""

    def __init__(self, api: Api, cluster: Cluster) -> None:
        self._api = api
        self._cluster = cluster
        self._known: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def of(self, node: str) -> frozenset[str]:
        """Bridges and VNets of one node that the login may use; asked once."""
        with self._lock:
            if node not in self._known:
                self._known[node] = frozenset(str(entry["iface"]) for entry in self._api.get(f"nodes/{node}/network", type="any_bridge"))
            return self._known[node]

    def has(self, node: str, carrier: str) -> bool:
        return carrier in self.of(node)

    def watch(self, guest: NewGuest, at: t.Callable[[t.Callable[[str], t.Any]], t.Any], report: Report) -> None:
        """Where a segment forbids foreign MACs: let the guest's firewall drop them, and nothing else."""
        watched = [nic.network for nic in guest.interfaces if guest.spec.segment(nic.network).mac_spoofing is False]
        if not watched:
            return
        at(lambda path: self._api.put(f"{path}/firewall/options", enable=1, macfilter=1, policy_in="ACCEPT", policy_out="ACCEPT"))
        if not is_on(self._api.get("cluster/firewall/options").get("enable", "0")):
            report.warn(
                f"mac_spoofing: false of {', '.join(watched)} has no effect yet, since the cluster's firewall is off (Datacenter, Firewall, Options)"
            )

    def observe(self, specs: t.Mapping[str, SegmentSpec]) -> dict[str, SegmentState]:
        """Those of the segments whose bridge or VNet is there, on any node."""
        nodes = [node.name for node in self._cluster.resources().nodes.values() if node.is_online]
        there = frozenset().union(*self._cluster.side_by_side(self.of, nodes)) if nodes else frozenset()
        return {name: _state(spec) for name, spec in specs.items() if spec.carrier in there}

    def check(self, plan: SegmentPlan) -> None:
        """Raise for what cannot be done; reads only."""
        known = ", ".join(sorted(frozenset().union(*self._known.values()))) or "none"
        raise UnsupportedError(f"there is no bridge or VNet {plan.bridge}", found=known, remedy="Name one that is there in attach_to")

    def apply(self, plan: SegmentPlan) -> None:
        self.check(plan)


def _state(spec: SegmentSpec) -> SegmentState:
    """A segment on a bridge that is the nodes' own: all else that is said of it is its interfaces'."""
    return SegmentState(
        spec.name,
        "",
        ours=False,
        active=True,
        bridge=spec.carrier,
        attached=True,
        open_vswitch=False,
        address=spec.address,
        mtu=spec.mtu,
        vlan_tag=spec.vlan_tag,
        vlan_trunk=spec.vlan_trunk,
        mac_spoofing=spec.mac_spoofing is not False,
    )
