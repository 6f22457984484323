# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module runs serve which routers, and when each may begin."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._batch import Batch, Execute, Router
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._phase import Phase

from tests.waiting import PATIENCE

Json = dict[str, t.Any]


def part(hub: str, host: str, **values: t.Any) -> Json:
    """A router's part in a phase, as it is described."""
    defaults = {"arguments": {}, "planned": {}, "one_at_a_time": False, "defer": "none", "names": {}, "if_found": {}, "unless_found": {}}
    return {**defaults, "key": hub, "connection": {"hub": hub}, "entries": [{"name": host}], **values}


def batch(execute: Execute, hubs: dict[str, list[str]], *phases: str, own: Json | None = None, **values: t.Any) -> Batch:
    """Phases on the routers of hypervisors. `own` are further words of a router's part, by phase."""
    routers = {
        host: Router(host, {name: part(hub, host, **(own or {}).get(name, {})) for name in phases}, {})
        for hub, hosts in hubs.items()
        for host in hosts
    }
    said: list[str] = []
    listed = [Phase(name, "guests", module=name, option="guests") for name in phases]
    return Batch(phases=listed, routers=routers, execute=execute, rules={}, say=said.append, **values)


def done(arguments: Json, bad: t.Collection[str] = ()) -> Json:
    names = [entry["name"] for entry in arguments["guests"]]
    return {"guests": {name: {"changed": True, "failed": name in bad, "msg": f"{name}: no."} for name in names}}


def test_one_module_run_a_phase_and_hypervisor() -> None:
    runs: list[tuple[str, str, list[str]]] = []

    def execute(module: str, arguments: Json) -> Json:
        runs.append((module, arguments["hub"], [entry["name"] for entry in arguments["guests"]]))
        return done(arguments)

    hubs = {"one": ["r1", "r3"], "two": ["r2"]}
    outcomes = batch(execute, hubs, "first", "second").run()
    assert sorted(runs) == [(phase, hub, hosts) for phase in ("first", "second") for hub, hosts in hubs.items()]
    assert {host: outcome["failed"] for host, outcome in outcomes.items()} == {"r1": False, "r2": False, "r3": False}


def test_objects_that_are_the_whole_runs_are_everybodys() -> None:
    taken: list[Json] = []

    def execute(module: str, arguments: Json) -> Json:
        taken.append(arguments)
        return done(arguments)

    wan, lan = {"name": "wan"}, {"name": "lan", "vlan_tag": 20}
    arguments = {"r1": {"networks": [], "concurrency": 3}, "r2": {"networks": [wan]}, "r3": {"networks": [wan, lan]}}
    routers = {host: Router(host, {"info": part("one", host, arguments=own)}, {}) for host, own in arguments.items()}
    listed = [Phase("info", "guests", module="info", option="guests")]
    Batch(phases=listed, routers=routers, execute=execute, rules={}, say=lambda text: None).run()
    assert [(one["networks"], one["concurrency"]) for one in taken] == [([wan, lan], 3)]


def test_a_router_that_failed_takes_no_part_in_the_next_phase() -> None:
    runs: list[list[str]] = []

    def execute(module: str, arguments: Json) -> Json:
        runs.append([entry["name"] for entry in arguments["guests"]])
        return done(arguments, bad=["r1"])

    outcomes = batch(execute, {"one": ["r1", "r2"]}, "first", "second").run()
    assert runs == [["r1", "r2"], ["r2"]]
    assert list(outcomes["r1"]["results"]) == ["first"]
    assert outcomes["r1"]["msg"] == "r1: no."


def test_where_all_routers_failed_no_module_runs() -> None:
    runs: list[str] = []

    def execute(module: str, arguments: Json) -> Json:
        runs.append(module)
        return {"msg": "the hub is down"}

    outcomes = batch(execute, {"one": ["r1", "r2"]}, "first", "second").run()
    assert runs == ["first"]
    assert [outcome["msg"] for outcome in outcomes.values()] == ["the hub is down"] * 2


def test_a_hypervisor_does_not_wait_for_another_one() -> None:
    finished = threading.Event()  # of the second phase on the fast hypervisor

    def execute(module: str, arguments: Json) -> Json:
        if arguments["hub"] == "slow" and module == "first":
            assert finished.wait(PATIENCE), "the other hypervisor was held up"
        if arguments["hub"] == "fast" and module == "second":
            finished.set()
        return done(arguments)

    outcomes = batch(execute, {"slow": ["r1"], "fast": ["r2"]}, "first", "second").run()
    assert [list(outcome["results"]) for outcome in outcomes.values()] == [["first", "second"]] * 2


def test_a_module_run_for_several_hypervisors_waits_for_all_of_its_routers() -> None:
    order: list[str] = []
    go = threading.Event()

    def execute(module: str, arguments: Json) -> Json:
        if module == "first" and arguments["hub"] == "slow":
            assert go.wait(PATIENCE)
        order.append(f"{module} {len(arguments['guests'])}")
        go.set()
        return done(arguments)

    shared = {"second": {"key": "", "connection": {}}}
    batch(execute, {"slow": ["r1"], "fast": ["r2"]}, "first", "second", own=shared).run()
    assert order == ["first 1", "first 1", "second 2"]


@pytest.mark.parametrize(("alone", "at_once", "most"), [(True, 9, 1), (False, 1, 1), (False, 9, 3)])
def test_how_many_module_runs_go_on_at_once(alone: bool, at_once: int, most: int) -> None:
    lock, together, seen = threading.Lock(), [0], [0]
    everybody = threading.Barrier(most)

    def execute(module: str, arguments: Json) -> Json:
        with lock:
            together[0] += 1
            seen[0] = max(seen[0], together[0])
        everybody.wait(PATIENCE)  # they meet where they may
        with lock:
            together[0] -= 1
        return done(arguments)

    hubs = {"one": ["r1"], "two": ["r2"], "three": ["r3"]}
    batch(execute, hubs, "first", own={"first": {"one_at_a_time": alone}}, at_once=at_once).run()
    assert seen == [most]


def test_what_a_run_would_have_made_is_handed_on_in_check_mode_alone() -> None:
    given: list[Json] = []

    def execute(module: str, arguments: Json) -> Json:
        given.append(arguments)
        return done(arguments)

    for check_mode in (True, False):
        batch(execute, {"one": ["r1", "r2"]}, "first", own={"first": {"planned": {"networks": ["lan"]}}}, check_mode=check_mode).run()
    assert [arguments.get("planned") for arguments in given] == [{"networks": ["lan"]}, None]


def test_module_runs_that_go_one_at_a_time_go_in_order() -> None:
    order: list[str] = []

    def execute(module: str, arguments: Json) -> Json:
        order.append(arguments["hub"])
        return done(arguments)

    hubs = {f"hub{number}": [f"r{number}"] for number in range(8)}
    batch(execute, hubs, "first", own={"first": {"one_at_a_time": True}}).run()
    assert order == list(hubs)


def test_after_a_defect_nothing_goes_on() -> None:
    runs: list[str] = []

    def execute(module: str, arguments: Json) -> Json:
        runs.append(module)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        batch(execute, {"one": ["r1"]}, "first", "second").run()
    assert runs == ["first"]
