# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A RouterBOARD's bridges between guests and physical ports: what is wanted, what was found, the changes (private, pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._core.batch import parse_batch
from .._core.changes import Change
from .._core.errors import InputError, RefusedError, UnsupportedError


@dataclass(frozen=True)
class BridgeSpec:
    """One wanted bridge. Ports that are not listed are left alone."""

    name: str
    state: str = "present"
    ports: tuple[str, ...] = ()
    confirm: str | None = None


@dataclass(frozen=True)
class BridgeState:
    """One bridge as the router holds it; `ports` by interface name, with the item's id. Dynamic ones come and go with guests."""

    id: str
    name: str
    ours: bool
    ports: t.Mapping[str, str]
    dynamic_ports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bridging:
    """All bridges of a router, and its interfaces by name."""

    bridges: t.Mapping[str, BridgeState]
    interfaces: t.Collection[str]

    def bridge_of(self, port: str) -> str | None:
        """The bridge that an interface is a port of."""
        return next((bridge.name for bridge in self.bridges.values() if port in bridge.ports or port in bridge.dynamic_ports), None)


@dataclass(frozen=True)
class BridgePlan:
    """What is to be done to one bridge. `found` is None for one that does not exist yet."""

    spec: BridgeSpec
    found: BridgeState | None
    changes: tuple[Change, ...]
    new_ports: tuple[str, ...] = ()

    @property
    def touched(self) -> frozenset[str]:
        """The interfaces and bridges that the changes involve."""
        if not self.changes:
            return frozenset()
        leaving = tuple(self.found.ports) if self.found is not None and self.spec.state == "absent" else ()
        return frozenset((self.spec.name, *self.new_ports, *leaving))


def parse_bridges(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[dict[str, BridgeSpec], dict[str, InputError]]:
    """The wanted bridges of a batch by name, and the errors of those that are wrong in themselves."""
    return parse_batch("bridges", entries, _parse)


def _parse(options: t.Mapping[str, t.Any]) -> BridgeSpec:
    name, ports = options["name"], tuple(options["ports"])
    if len(set(ports)) < len(ports):
        raise InputError("ports: one is listed twice", found=", ".join(ports))
    if options["state"] == "absent" and options.get("confirm") != name:
        raise InputError(
            "confirm: removing a bridge needs its name twice", wanted=f"confirm: {name}", remedy="Say the name once more in confirm"
        )
    return BridgeSpec(name, options["state"], ports, options.get("confirm"))


def plan_bridge(spec: BridgeSpec, bridging: Bridging) -> BridgePlan:
    """The changes from what was found to `spec`. Raises where something stands in the way."""
    found = bridging.bridges.get(spec.name)
    if spec.state == "absent":
        return BridgePlan(spec, found, tuple(_removal(found)) if found is not None else ())
    if found is None and spec.name in bridging.interfaces:
        raise RefusedError(f"the router has an interface {spec.name} that is no bridge", remedy="Choose another name")
    have = {*found.ports, *found.dynamic_ports} if found is not None else set()
    new = tuple(port for port in spec.ports if port not in have)
    for port in new:
        _check_port(port, bridging)
    changes = [Change("exists", False, True)] if found is None else []
    if new:
        changes.append(Change("ports", sorted(have) if found is not None else None, sorted({*have, *new})))
    return BridgePlan(spec, found, tuple(changes), new)


def _check_port(port: str, bridging: Bridging) -> None:
    other = bridging.bridge_of(port)
    if other is not None:
        raise RefusedError(f"ports: {port} is a port of bridge {other}", remedy="Take it out there first")
    if port not in bridging.interfaces:
        raise UnsupportedError(f"ports: the router has no interface {port}", found=", ".join(sorted(bridging.interfaces)))


def _removal(found: BridgeState) -> t.Iterator[Change]:
    if not found.ours:
        raise RefusedError(f"bridge {found.name} is not ours", remedy="Remove it by hand if it is yours")
    if found.dynamic_ports:
        raise RefusedError(
            f"guests are still wired to bridge {found.name}", found=", ".join(found.dynamic_ports), remedy="Take their interfaces out first"
        )
    if found.ports:
        yield Change("ports", sorted(found.ports), [])
    yield Change("exists", True, False)
