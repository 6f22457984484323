# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments: bridges and VNets that the nodes have, and bridges of our own (private)."""

from __future__ import annotations

import re
import socket
import threading
import typing as t
from dataclasses import replace

from ..._core.errors import HypervisorError, InputError, RefusedError, RouterError, UnsupportedError
from ..._guests.segment import SegmentPlan, SegmentSpec, SegmentState
from .bridges import Bridge, Network, new_bridge
from .cluster import Cluster
from .connection import Api, NodeError
from .reloads import Reloads, not_ours
from .segments import Seen, state_of
from .tasks import Tasks
from .wired import Wired

MTU: t.Final = range(1280, 65521)  # bytes, of the API's own schema
# What is read back as a bridge: before 8.0 by its name alone; later any that is not read as something else.
NAME: t.Final = re.compile(r"(?!(?:bond|eth|vlan|nic)\d|en|ib|lo\Z)[A-Za-z][A-Za-z0-9]{0,9}")
OLD_NAME: t.Final = re.compile(r"vmbr\d{1,4}")


class Networks:
    """What the nodes have to wire guests to. A segment is no object of its own: its interfaces have the bridge and the VLAN."""

    def __init__(self, api: Api, cluster: Cluster, tasks: Tasks) -> None:
        self._api = api
        self._cluster = cluster
        self._reloads = Reloads(api, tasks)
        self._wired = Wired(api, cluster)
        self._known: dict[str, Network] = {}
        self._described: dict[str, SegmentSpec] = {}  # every segment that was asked for
        self._seen = Seen({})
        self._lock = threading.Lock()

    def has(self, node: str, carrier: str) -> bool:
        """Whether a node has a bridge or VNet that the login may use; each node is asked once."""
        with self._lock:
            if node not in self._known:
                self._known[node] = self._read(node)
            bridge = self._known[node].bridges.get(carrier)
        return bridge is not None and bridge.is_up

    def _read(self, node: str) -> Network:
        """With VNets, and without what is no bridge."""
        return Network.of(node, self._api.whole(f"nodes/{node}/network", type="any_bridge"))

    def _try_read(self, node: str) -> Network | None:
        try:
            return self._read(node)
        except NodeError:
            return None

    def observe(self, specs: t.Mapping[str, SegmentSpec], *, with_guests: bool) -> dict[str, SegmentState]:
        """Those of the segments whose bridge or VNet is there, on any node that is meant."""
        nodes = self._cluster.resources().nodes
        online = [name for name, node in nodes.items() if node.is_online]
        answers = dict(zip(online, self._cluster.side_by_side(self._try_read, online), strict=True))
        networks = {name: network for name, network in answers.items() if network is not None}
        seen = Seen(networks, tuple(sorted(set(nodes) - set(networks))))
        with self._lock:
            self._known.update(networks)
            self._described.update(specs)
            self._seen = seen
        looked = {spec.carrier for spec in specs.values() if (with_guests or spec.state == "absent") and _counts_guests(spec, seen, with_guests)}
        guests = self._wired.to(looked) if looked else {}
        found = {name: state_of(spec, seen, guests) for name, spec in specs.items()}
        return {name: state for name, state in found.items() if state is not None}

    # Checks: reads only

    def check(self, plan: SegmentPlan) -> None:
        """Raise for what cannot be done."""
        if plan.spec.state == "absent":
            self._check_removal(plan.spec)
        else:
            self._check_making(plan.spec)

    def _check_making(self, spec: SegmentSpec) -> None:
        if spec.attach_to or not spec.manage:
            self._refuse_missing(spec)
        self._check_words(spec)
        for node in self._to_make(spec):
            network = self._reloads.look(node)
            bridge = network.bridges.get(spec.carrier)
            if bridge is not None and not bridge.is_ours:
                raise not_ours(node, spec.carrier)
            address = self._shared(spec, node).address
            overlap = network.overlap(address, spec.carrier) if address else ""
            if overlap:
                raise RefusedError(
                    f"address: node {node} is in the network of {address} already, so the node may not be reached any more",
                    found=overlap,
                    remedy="Choose an address of another network",
                )

    def _refuse_missing(self, spec: SegmentSpec) -> t.NoReturn:
        known = ", ".join(self._seen.names) or "none"
        if spec.attach_to or not spec.bridge:
            make = "" if spec.attach_to else ", or say manage: true to have it made"
            raise UnsupportedError(
                f"there is no bridge or VNet {spec.carrier}", found=known, remedy=f"Name one that is there in attach_to{make}"
            )
        raise RefusedError(
            f"bridge {spec.carrier} is not there, or not on every node, and making it reloads the network of a node",
            found=known,
            remedy="Say manage: true to have it made, or name one that is there in attach_to",
        )

    def _check_words(self, spec: SegmentSpec) -> None:
        """Raise for options that no bridge of Proxmox can have, and for nodes that are none."""
        if not NAME.fullmatch(spec.carrier):
            raise InputError(
                f"bridge: {spec.carrier} is no name of a bridge for Proxmox VE",
                wanted="a letter, then up to 9 letters and digits, and no name of another kind of interface",
                remedy="Give bridge, for example vmbr9",
            )
        if not OLD_NAME.fullmatch(spec.carrier) and self._api.version < (8, 0):
            raise InputError(f"bridge: {spec.carrier} is no name of a bridge before Proxmox VE 8", wanted="vmbr and a number, for example vmbr9")
        if spec.mtu is not None and spec.mtu not in MTU:
            raise InputError(f"mtu: {spec.mtu} is out of range for Proxmox VE", wanted=f"{MTU.start} to {MTU.stop - 1} bytes")
        for node in self._seen.wanted(spec):
            if node in self._seen.away:
                raise HypervisorError(f"node {node} does not answer", remedy="Run again when it is back, or leave it out of proxmox.nodes")
            if node not in self._seen.networks:
                raise InputError(f"proxmox.nodes: there is no node {node}", found=", ".join(sorted(self._seen.networks)) or "no node at all")

    def _check_removal(self, spec: SegmentSpec) -> None:
        self._check_sight()
        with self._lock:
            others = [name for name, other in self._described.items() if other.carrier == spec.carrier and other.state == "present"]
        if others:
            raise RefusedError(
                f"bridge {spec.carrier} carries other segments too", found=", ".join(sorted(others)), remedy="Remove all its segments at once"
            )
        for node, bridge in self._ours(spec).items():
            self._reloads.look(node)
            reached = sorted(set(bridge.addresses_only) & self._api_addresses())
            if bridge.grown or reached:
                raise RefusedError(
                    f"bridge {spec.carrier} on node {node} is more than we made it",
                    found=", ".join([*bridge.grown, *(f"the API is reached at {address}" for address in reached)]),
                    remedy="Take that away first, if it is not needed",
                )

    def _check_sight(self) -> None:
        """Guests that a login cannot see may be wired too. Raises UnsupportedError."""
        held = self._api.get("access/permissions")
        if not any("VM.Audit" in held.get(path, {}) for path in ("/vms", "/")):
            raise UnsupportedError(
                f"whether somebody's guests are wired to the bridge is not shown to {self._api.login.who}",
                remedy="Give VM.Audit on /vms to the user, and to its token where that has privileges of its own",
            )

    def _api_addresses(self) -> set[str]:
        """Those at which the API is asked."""
        found: set[str] = set()
        for host in self._api.hosts:
            try:
                found |= {str(info[4][0]) for info in socket.getaddrinfo(host.rpartition(":")[0].strip("[]"), None)}
            except OSError:  # a name that only a proxy or nobody knows
                continue
        return found

    # Steps

    def _to_make(self, spec: SegmentSpec) -> list[str]:
        """The nodes that lack the bridge, or on which ours is down."""
        stands = self._seen.on(spec)
        return [node for node in self._seen.wanted(spec) if node not in stands or (stands[node].is_ours and not stands[node].is_up)]

    def _ours(self, spec: SegmentSpec) -> dict[str, Bridge]:
        return {node: bridge for node, bridge in self._seen.on(spec).items() if bridge.is_ours}

    def apply(self, plan: SegmentPlan) -> None:
        """Make the bridge, or remove it, node by node: where one fails, the others are left alone."""
        spec = plan.spec
        if spec.state == "absent":
            for node in self._ours(spec):
                self._reloads.remove(node, spec.carrier)
            return
        made: list[str] = []
        for node in self._to_make(spec):
            vlans = any(other.vlan_tag is not None or other.vlan_trunk is not None for other in self._beside(spec, node))
            try:
                self._reloads.make(node, new_bridge(self._shared(spec, node), vlans=vlans))
            except RouterError as error:
                if not made:
                    raise
                problem = f"bridge {spec.carrier} stands on node {', '.join(made)} by now, and not on node {node}: {error.problem}"
                raise HypervisorError(problem, wanted=error.wanted, found=error.found, remedy=error.remedy) from None
            made.append(node)

    def _beside(self, spec: SegmentSpec, node: str) -> list[SegmentSpec]:
        """The segments that are to have one bridge of a node."""
        with self._lock:
            others = [other for other in self._described.values() if other.name != spec.name and other.carrier == spec.carrier]
        return [spec, *(other for other in others if other.state == "present" and other.manage and node in self._seen.wanted(other))]

    def _shared(self, spec: SegmentSpec, node: str) -> SegmentSpec:
        """A segment with what others say of its bridge. Raises InputError where they say different things."""
        said: dict[str, t.Any] = {}
        for key in ("address", "mtu"):
            values = {value: other.name for other in self._beside(spec, node) if (value := getattr(other, key)) is not None}
            if len(values) > 1:
                raise InputError(
                    f"{key}: segments of bridge {spec.carrier} on node {node} want different ones",
                    found=", ".join(f"{name}: {value}" for value, name in values.items()),
                    remedy="They share the bridge: say it once, or the same in each",
                )
            said[key] = next(iter(values), None)
        return replace(spec, **said)


def _counts_guests(spec: SegmentSpec, seen: Seen, with_guests: bool) -> bool:
    """Guests are asked only about a bridge that is there, and for a removal only about ours."""
    stands = seen.on(spec).values()
    return bool(stands) and (with_guests or (not spec.attach_to and any(bridge.is_ours for bridge in stands)))
