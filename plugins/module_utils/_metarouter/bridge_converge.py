# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges of a router through its API: three commands to read, then one a change (private)."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._core.batch import Outcome
from .._core.errors import LostError, RouterError
from .._core.text import truth
from .._routeros.api import Api
from .bridge import BridgePlan, BridgeSpec, BridgeState, Bridging, plan_bridge
from .mark import marked, unmarked
from .session_path import refuse_own_path, session_path

BRIDGE: t.Final = "/interface/bridge"
PORT: t.Final = "/interface/bridge/port"


def converge_bridges(
    api: Api, specs: t.Mapping[str, BridgeSpec], *, check_mode: bool, allow_session_path: bool, planned: t.Collection[str] = ()
) -> dict[str, Outcome]:
    """Make every wanted bridge so; an outcome for each. In check mode nothing is touched, and bridges that are planned count as present."""
    found = observe(api)
    found = replace(found, bridges={**{name: BridgeState("", name, True, {}) for name in planned}, **found.bridges})
    plans: dict[str, BridgePlan] = {}
    errors: dict[str, RouterError] = {}
    for name, spec in specs.items():
        try:
            plans[name] = plan_bridge(spec, found)
        except RouterError as error:
            errors[name] = error
    path = session_path(api) if any(plan.touched for plan in plans.values()) and not allow_session_path else frozenset()
    outcomes = {name: Outcome(name, facts=facts(found, name), error=error) for name, error in errors.items()}
    for name, plan in plans.items():
        outcomes[name] = Outcome(name, plan.changes, facts(found, name))
        try:
            refuse_own_path(api, plan.touched, path)
            if plan.changes and not check_mode:
                _apply(api, plan)
        except LostError:
            raise
        except RouterError as error:
            outcomes[name] = replace(outcomes[name], changes=(), error=error)
    if check_mode or not any(plan.changes for plan in plans.values()):
        return outcomes
    now = observe(api)
    return {name: replace(outcome, facts=facts(now, name)) for name, outcome in outcomes.items()}


def observe(api: Api) -> Bridging:
    """All bridges with their ports, and the names of all interfaces."""
    bridges = api.print(BRIDGE, (".id", "name", "comment"))
    ports = api.print(PORT, (".id", "interface", "bridge", "dynamic"))
    interfaces = {row["name"] for row in api.print("/interface", ("name",))}
    states = {}
    for row in bridges:
        mine = [port for port in ports if port.get("bridge") == row["name"]]
        states[row["name"]] = BridgeState(
            id=row[".id"],
            name=row["name"],
            ours=unmarked(row.get("comment", "")).ours,
            ports={port["interface"]: port[".id"] for port in mine if not truth(port.get("dynamic", ""))},
            dynamic_ports=tuple(port["interface"] for port in mine if truth(port.get("dynamic", ""))),
        )
    return Bridging(states, interfaces)


def _apply(api: Api, plan: BridgePlan) -> None:
    name, found = plan.spec.name, plan.found
    if plan.spec.state == "absent":
        for port in found.ports.values() if found is not None else ():
            api.act(PORT, "remove", port)
        api.act(BRIDGE, "remove", found.id if found is not None else name)
        return
    if found is None:
        api.add(BRIDGE, {"name": name, "comment": marked("")})
    for interface in plan.new_ports:
        api.add(PORT, {"interface": interface, "bridge": name, "comment": marked("")})


def facts(bridging: Bridging, name: str) -> dict[str, t.Any]:
    """What modules return of one bridge."""
    found = bridging.bridges.get(name)
    if found is None:
        return {"exists": False}
    return {"exists": True, "ours": found.ours, "ports": sorted(found.ports), "dynamic_ports": sorted(found.dynamic_ports)}
