# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, compare, apply over a batch: check mode, idempotence, and one bad object that stops no other."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests, converge_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.facts import read_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestSpec, Mark, Nic
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentSpec

from tests.unit.support import Chr, MemoryHypervisor, quiet, state


def spec(name: str, **values: t.Any) -> GuestSpec:
    return GuestSpec(name, **{"state": "started", "image": "chr.img", "interfaces": (Nic("ether1", "net1"),), **values})


def converge(hypervisor: MemoryHypervisor, *specs: GuestSpec, check_mode: bool = False) -> dict[str, Outcome]:
    wanted = {spec.name: spec for spec in specs}
    return converge_guests(hypervisor, wanted, check_mode=check_mode, concurrency=4, progress=quiet)


def test_check_mode_touches_nothing_and_predicts_what_the_run_does() -> None:
    hypervisor = MemoryHypervisor(state("edge2"), state("edge3", power="running"))
    wanted = (spec("edge1"), spec("edge2"), spec("edge3", autostart=False), GuestSpec("edge4", state="absent"))
    before = dict(hypervisor.guests)
    predicted = converge(hypervisor, *wanted, check_mode=True)
    assert (hypervisor.log, hypervisor.guests) == ([], before)
    done = converge(hypervisor, *wanted)
    assert {name: outcome.changes for name, outcome in predicted.items()} == {name: outcome.changes for name, outcome in done.items()}
    assert not [outcome for outcome in converge(hypervisor, *wanted).values() if outcome.has_changed or outcome.error]


def test_the_facts_are_read_back_after_the_run() -> None:
    facts = converge(MemoryHypervisor(), spec("edge1"))["edge1"].facts
    assert (facts["exists"], facts["ours"], facts["power"], facts["configured"]) == (True, True, "running", False)


def test_one_bad_guest_stops_no_other() -> None:
    hypervisor = MemoryHypervisor(state("foreign", mark=None))
    hypervisor.refused["refused"] = UnsupportedError("no such network")
    hypervisor.unprepared["unprepared"] = HypervisorError("no room for its image")
    hypervisor.broken["broken"] = HypervisorError("it will not start")
    done = converge(hypervisor, *map(spec, ("foreign", "refused", "unprepared", "broken", "good")), spec("small", memory=1))
    assert [name for name, outcome in done.items() if outcome.error is None] == ["good"]
    assert list(hypervisor.guests) == ["foreign", "good"]
    assert not [name for name, outcome in done.items() if outcome.error and outcome.has_changed]


def test_limits_are_for_new_guests_only() -> None:
    done = converge(MemoryHypervisor(state("edge1", memory=64)), spec("edge1"), spec("gone", state="absent", memory=1))
    assert not [outcome.error for outcome in done.values() if outcome.error]


def test_a_second_run_finishes_what_a_broken_one_began() -> None:
    hypervisor = MemoryHypervisor(state("edge1", mark=Mark(disk_ready=False)))
    hypervisor.broken["edge1"] = HypervisorError("the connection was lost")
    failed = converge(hypervisor, spec("edge1"))["edge1"]
    assert failed.error is not None and failed.changes == ()
    hypervisor.broken.clear()
    assert [change.field for change in converge(hypervisor, spec("edge1"))["edge1"].changes] == ["disk", "power"]


def test_segments_converge_each_on_its_own() -> None:
    hypervisor = MemoryHypervisor()
    hypervisor.refused["tagged"] = UnsupportedError("vlan: this libvirt cannot")
    wanted = {name: SegmentSpec(name) for name in ("wan", "tagged", "lan")}
    predicted = converge_segments(hypervisor, wanted, check_mode=True, concurrency=4)
    assert hypervisor.segments == {}
    done = converge_segments(hypervisor, wanted, check_mode=False, concurrency=4)
    assert sorted(hypervisor.segments) == ["lan", "wan"]
    assert {name: outcome.changes for name, outcome in predicted.items()} == {name: outcome.changes for name, outcome in done.items()}
    assert "this libvirt cannot" in str(done["tagged"].error)
    again = converge_segments(hypervisor, wanted, check_mode=False, concurrency=4)
    assert not [outcome for outcome in again.values() if outcome.has_changed]


@pytest.mark.parametrize("ask", [True, False])
def test_only_agents_that_stand_ready_are_asked(ask: bool) -> None:
    hypervisor = MemoryHypervisor(
        state("edge1", power="running", agent_connected=True), state("edge2", power="running"), state("edge3", power="running", agent_connected=True)
    )
    hypervisor.plug("edge1", Chr())
    hypervisor.plug("edge3", Chr(open_port=False))
    found = read_guests(hypervisor, ["edge1", "edge2", "edge3", "edge4"], ask_agent=ask, concurrency=4)
    assert found["edge1"].get("router") == ({"identity": "MikroTik"} if ask else None)
    assert ("router_error" in found["edge3"]) == ask
    assert "router" not in found["edge2"] and "router_error" not in found["edge2"]
    assert found["edge4"] == {"exists": False}
