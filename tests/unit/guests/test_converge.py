# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, compare, apply over a batch: check mode, idempotence, and one bad object that stops no other."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError, UnreachableError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests, converge_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.facts import read_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import (
    UNKNOWN_LEVEL,
    GuestRef,
    GuestSpec,
    GuestState,
    Mark,
    NewGuest,
    Nic,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Report
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentSpec

from tests.contract.memory import DISK, MemoryHypervisor
from tests.simulators.routeros.account_server import AccountServer
from tests.simulators.routeros.menus.license import License
from tests.unit.support import UUID, Chr, quiet, state


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


def licensed(name: str, power: t.Any, level: str, **values: t.Any) -> GuestState:
    """A configured guest whose mark says that level."""
    mark = Mark(version="7.20.8", image="chr.img", guest_uuid=UUID, disk_id=DISK, license_level=level, configured=True)
    return state(name, power=power, mark=mark, **values)


def bought(chr_: Chr) -> None:
    """A trial of level p1 for this router, as an account gives it."""
    t.cast(License, chr_.router.settings("/system/license")).server = AccountServer()
    assert chr_.router.execute("/system license renew account=lab@example.com password=account-password level=p1").exit_code == 0


def removal(name: str, **values: t.Any) -> GuestSpec:
    return GuestSpec(name, state="absent", confirm=name, force_off=True, **values)


@pytest.mark.parametrize(("returns_text", "level"), [(True, "p1"), (False, "other than free")])
def test_a_router_that_answers_is_asked_for_its_licence_before_it_goes(returns_text: bool, level: str) -> None:
    hypervisor = MemoryHypervisor(
        licensed("unread", "running", UNKNOWN_LEVEL, agent_connected=True),
        licensed("paid", "running", "free", agent_connected=True),
        licensed("silent", "running", UNKNOWN_LEVEL, agent_connected=True),
        returns_text=returns_text,
    )
    hypervisor.plug("unread", Chr())
    bought(hypervisor.plug("paid", Chr()))
    hypervisor.plug("silent", Chr(open_port=False))
    names = ("unread", "paid", "silent")
    predicted = converge(hypervisor, *map(removal, names), check_mode=True)
    assert hypervisor.guests["paid"].mark.license_level == "free"  # type: ignore[union-attr]
    done = converge(hypervisor, *map(removal, names))
    for outcomes in (predicted, done):
        assert [name for name in names if outcomes[name].error is None] == ["unread"]
        assert f"holds a licence of level {level}" in str(outcomes["paid"].error)
        assert "nobody has read yet which licence" in str(outcomes["silent"].error)
    assert hypervisor.guests["paid"].mark.license_level == level  # type: ignore[union-attr]


@pytest.mark.parametrize("power", ["stopped", "suspended", "running"])
def test_what_nobody_can_ask_goes_by_the_mark(power: str) -> None:
    hypervisor = MemoryHypervisor(licensed("lab", power, "free"), licensed("shop", power, UNKNOWN_LEVEL), licensed("given-up", power, "p-unlimited"))
    done = converge(hypervisor, removal("lab"), removal("shop"), removal("given-up", licensed="released"))
    assert sorted(hypervisor.guests) == ["shop"]
    assert "licensed: released" in str(done["shop"].error)
    assert power in str(done["shop"].error)


def test_a_look_at_a_running_router_is_kept_for_the_time_when_it_is_off() -> None:
    hypervisor = MemoryHypervisor(licensed("edge1", "running", UNKNOWN_LEVEL, agent_connected=True))
    hypervisor.plug("edge1", Chr())
    for check_mode, level in ((True, UNKNOWN_LEVEL), (False, "free")):
        read_guests(hypervisor, ["edge1"], ask_agent=True, check_mode=check_mode, concurrency=1)
        assert hypervisor.guests["edge1"].mark.license_level == level  # type: ignore[union-attr]


def test_what_cannot_be_changed_yet_does_not_hide_the_rest() -> None:
    hypervisor = MemoryHypervisor(state("edge1"), state("edge2", memory=512))
    wanted = (spec("edge1", cpus=4, autostart=False, interfaces=(Nic("ether9", "net9"),)), spec("edge2", memory=1024))
    predicted = converge(hypervisor, *wanted, check_mode=True)
    done = converge(hypervisor, *wanted)
    assert [change.field for change in done["edge1"].changes] == ["autostart", "power"]
    assert predicted["edge1"].changes == done["edge1"].changes
    for outcome in (predicted["edge1"], done["edge1"]):
        assert "cpus is 1, wanted 4; interfaces.ether9 is None, wanted net9" in str(outcome.error)
        assert outcome.facts["left"] == ["cpus", "interfaces.ether9"]
    assert done["edge1"].facts["power"] == "running"
    again = converge(hypervisor, *wanted)
    assert not again["edge1"].changes and again["edge1"].facts["left"]


class Overtaken(MemoryHypervisor):
    """Another run makes the changes, and this one loses its connection over its first step."""

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        super().set(guest, changes, Report(guest.name, quiet))
        self._lose(guest)

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        self._lose(super().create(guest, report))
        raise AssertionError

    def _lose(self, guest: GuestRef) -> None:
        super().start(guest, Report(guest.name, quiet), as_stored=True)
        raise UnreachableError("the connection was lost")


def test_what_another_run_did_is_no_change_of_this_one() -> None:
    hypervisor = Overtaken(state("edge1"))
    lost = converge(hypervisor, spec("edge1", autostart=False), spec("edge2"))
    assert [outcome.has_changed for outcome in lost.values()] == [False, False]
    assert [outcome.facts["power"] for outcome in lost.values()] == ["running", "running"]


def test_a_guest_that_is_suspended_again_at_once_was_not_started() -> None:
    hypervisor = MemoryHypervisor(state("edge1", power="suspended", suspended_for="its host has no space left for its disk"))
    hypervisor.stuck.add("edge1")
    failed = converge(hypervisor, spec("edge1"))["edge1"]
    assert "no space left" in str(failed.error) and failed.facts["suspended_for"]


def test_a_failure_is_not_passed_off_as_what_was_left() -> None:
    hypervisor = MemoryHypervisor(state("edge1"))
    hypervisor.broken["edge1"] = HypervisorError("it will not start")
    done = converge(hypervisor, spec("edge1", cpus=4))["edge1"]
    assert "it will not start" in str(done.error) and "left" not in done.facts


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
    names = ["edge1", "edge2", "edge3", "edge4"]
    found = {name: outcome.facts for name, outcome in read_guests(hypervisor, names, ask_agent=ask, check_mode=False, concurrency=4).items()}
    said = found["edge1"].get("router") or {}
    assert (said.get("identity"), said.get("license_level")) == (("MikroTik", "free") if ask else (None, None))
    assert ("router_error" in found["edge3"]) == ask
    assert "router" not in found["edge2"] and "router_error" not in found["edge2"]
    assert found["edge4"] == {"exists": False}


def test_a_word_that_does_not_exist_is_no_difference_of_a_guest_that_stands() -> None:
    hypervisor = MemoryHypervisor(state("edge1"))
    refused = converge(hypervisor, spec("edge1", disk_bus="virtIO", description="new"))["edge1"]
    assert "disk_bus: CHR's system disk cannot be on virtIO, only on virtio, ide, sata" in str(refused.error)
    assert hypervisor.log == []


def test_all_that_is_wrong_with_a_new_guest_is_in_one_error() -> None:
    said = str(converge(MemoryHypervisor(), spec("edge1", disk_bus="usb", memory=1))["edge1"].error)
    assert "memory: 1 MiB is below" in said and "cannot be on usb" in said


def test_one_guest_of_fifty_that_cannot_be_read_fails_alone() -> None:
    names = [f"edge{number}" for number in range(50)]
    hypervisor = MemoryHypervisor(*(state(name) for name in names))
    hypervisor.unreadable["edge7"] = HypervisorError("the guest's mark cannot be read")
    done = converge(hypervisor, *(spec(name, interfaces=()) for name in names))
    read = read_guests(hypervisor, names, ask_agent=True, check_mode=False, concurrency=4)
    for outcomes in (done, read):
        assert {name for name, outcome in outcomes.items() if outcome.error} == {"edge7"}
    assert len(hypervisor.observe(names).guests) == 49
    assert all(guest.power == "running" for guest in hypervisor.observe(names).guests.values())


def test_all_of_ours_are_read_where_no_names_are_given() -> None:
    hypervisor = MemoryHypervisor(state("edge1"), state("theirs", mark=None))
    assert set(read_guests(hypervisor, None, ask_agent=False, check_mode=False, concurrency=4)) == {"edge1"}


@pytest.mark.parametrize("connected", [None, True])
def test_an_agent_of_which_nobody_knows_is_asked(connected: bool | None) -> None:
    hypervisor = MemoryHypervisor(state("edge1", power="running", agent_connected=connected))
    hypervisor.plug("edge1", Chr())
    facts = read_guests(hypervisor, ["edge1"], ask_agent=True, check_mode=False, concurrency=4)["edge1"].facts
    assert facts["router"]["identity"] == "MikroTik"


class Wordy(MemoryHypervisor):
    """Its tasks end with warnings."""

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        report.warn("the task ended with a warning")
        return super().start(guest, report, as_stored=as_stored)


def test_what_the_hypervisor_warns_of_is_told() -> None:
    assert converge(Wordy(), spec("edge1"))["edge1"].warnings == ("the task ended with a warning",)
