# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan holds, what it refuses, and that a plan once carried out leaves nothing to plan."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import (
    UNKNOWN_LEVEL,
    GuestSpec,
    GuestState,
    Mark,
    Nic,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import plan as plan_on
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.memory import DISK, PLATFORM
from tests.unit.support import OTHER_UUID, UUID, applied, nic, state

CONFIGURED = Mark(version="7.20.8", image="chr.img", configured=True, guest_uuid=UUID, disk_id=DISK)
OTHER_DISK = "5f4a3c5e-0000-4000-8000-00000000000e"
NETWORKS = ("net1", "net2")


def nics_of(**values: t.Any) -> tuple[Nic, ...]:
    return tuple(Nic(f"ether{number}", network, **values) for number, network in enumerate(NETWORKS, 1))


def spec(**values: t.Any) -> GuestSpec:
    return GuestSpec("edge1", **values)


def plan(wanted: GuestSpec, found: GuestState | None) -> GuestPlan:
    return plan_on(wanted, found, PLATFORM)


def fields(wanted: GuestSpec, found: GuestState | None) -> list[str]:
    return [f"{change.field} {change.before} -> {change.after}" for change in plan(wanted, found).changes]


LATER: dict[str, t.Any] = {  # what may be wanted of a guest that stands
    "state": st.sampled_from(["present", "started", "stopped"]),
    "image": st.just("chr.img"),
    "version": st.sampled_from([None, "7.20.8"]),
    "autostart": st.sampled_from([None, True, False]),
    "description": st.sampled_from([None, "", "core"]),
    "link_before_first_boot": st.booleans(),
    "interfaces": st.sampled_from([(), nics_of(), nics_of(link=True), nics_of(link=False), nics_of()[:1]]),
}
NEW_SPECS = st.builds(
    spec,
    **LATER,
    cpus=st.sampled_from([None, 1, 2]),
    memory=st.sampled_from([None, 512, 1024]),
    disk_size=st.sampled_from([None, 256, 512]),
    own=st.fixed_dictionaries({}, optional={"speed": st.sampled_from(["auto", "slow"]), "shelf": st.just("lower")}),
)
SPECS = st.builds(
    spec,
    **LATER,
    force_off=st.just(True),
    own=st.sampled_from([{}, {"speed": "auto"}, {"shelf": "lower"}]),
    configured=st.sampled_from([None, True, False]),
)
STATES = st.builds(
    state,
    power=st.sampled_from(["stopped", "running", "suspended"]),
    mark=st.builds(
        Mark,
        configured=st.booleans(),
        disk_ready=st.booleans(),
        guest_uuid=st.sampled_from([UUID, OTHER_UUID]),
        disk_id=st.sampled_from([DISK, OTHER_DISK]),
    ),
    disk_id=st.sampled_from([None, "", DISK]),
    autostart=st.booleans(),
    description=st.sampled_from(["", "core", "edge"]),
    interfaces=st.tuples(st.builds(nic, st.just(1), link=st.booleans()), st.builds(nic, st.just(2), link=st.booleans())),
)


@given(NEW_SPECS)
def test_a_guest_once_made_leaves_nothing_to_plan(wanted: GuestSpec) -> None:
    assert plan(wanted, applied(plan(wanted, None))).changes == ()


@given(SPECS, STATES)
def test_a_plan_once_applied_leaves_nothing_to_plan(wanted: GuestSpec, found: GuestState) -> None:
    after = applied(plan(wanted, found))
    if after is not None and not (wanted.configured and after.disk_id in ("", OTHER_DISK)):  # a disk without an identity is never proved
        assert plan(wanted, after).changes == ()


@given(SPECS, STATES)
def test_no_link_is_up_before_first_boot_succeeded(wanted: GuestSpec, found: GuestState) -> None:
    after = applied(plan(wanted, found))
    assert after is not None and after.mark is not None
    assert after.configured or wanted.configured or wanted.link_before_first_boot or not [have.name for have in after.interfaces if have.link]


# A new guest


def test_a_new_guest_lists_every_value_it_will_have() -> None:
    made = fields(spec(image="chr.img", version="7.20.8", memory=512, state="started", interfaces=nics_of()[:1]), None)
    assert made[0] == "exists False -> True" and made[-1] == "power None -> running"
    wanted = ("cpus None -> 1", "memory None -> 512", "image None -> chr.img", "interfaces.ether1.network None -> net1")
    assert set(wanted) <= set(made)
    assert "interfaces.ether1.link None -> False" in made


def test_a_new_guest_needs_an_image_and_ports_without_a_gap() -> None:
    with pytest.raises(InputError, match=r"a new guest needs one"):
        plan(spec(), None)
    with pytest.raises(InputError, match="cannot have gaps"):
        plan(spec(image="chr.img", interfaces=(Nic("ether2", "net2"),)), None)


@pytest.mark.parametrize(("opened", "link", "up"), [(False, True, False), (False, None, False), (True, None, True), (True, False, False)])
def test_a_new_guests_links_are_up_only_where_the_gate_was_opened(opened: bool, link: bool | None, up: bool) -> None:
    made = fields(spec(image="chr.img", interfaces=nics_of(link=link), link_before_first_boot=opened), None)
    assert f"interfaces.ether1.link None -> {up}" in made


@pytest.mark.parametrize("wanted", ["present", "stopped"])
def test_a_guest_that_was_not_to_be_started_is_not(wanted: t.Any) -> None:
    assert not [change for change in fields(spec(image="chr.img", state=wanted), None) if change.startswith("power")]


# What is not ours


@pytest.mark.parametrize("wanted", ["present", "started", "stopped", "restarted", "absent"])
def test_a_guest_without_our_mark_is_never_touched(wanted: t.Any) -> None:
    with pytest.raises(RefusedError, match=rf"exists and is not ours .*{UUID}"):
        plan(spec(state=wanted, confirm="edge1"), state(mark=None))


# Removing


def test_removing_stops_first() -> None:
    assert fields(spec(state="absent", confirm="edge1"), state(power="running")) == ["power running -> stopped", "exists True -> False"]


def test_removing_what_is_gone_changes_nothing() -> None:
    assert fields(spec(state="absent"), None) == []


@pytest.mark.parametrize("confirm", [None, "", "edge2", "EDGE1"])
def test_removing_needs_the_name_twice_and_says_what_would_go(confirm: str | None) -> None:
    with pytest.raises(RefusedError, match=rf"wanted: confirm: edge1.*guest edge1 \(.*{UUID}\) and its disks: edge1.qcow2"):
        plan(spec(state="absent", confirm=confirm), state(disks=("edge1.qcow2",)))


def test_a_licensed_router_is_not_removed_unless_its_licence_is_given_up() -> None:
    licensed = state(mark=replace(CONFIGURED, license_level="p1"))
    with pytest.raises(RefusedError, match=r"licence of level p1.*licensed: released"):
        plan(spec(state="absent", confirm="edge1"), licensed)
    assert plan(spec(state="absent", confirm="edge1", licensed="released"), licensed).removes
    assert plan(spec(state="absent", confirm="edge1"), state(mark=replace(CONFIGURED, license_level="free"))).removes


# Fields that cannot change


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("cpus", 4, "cpus is 1, wanted 4"),
        ("memory", 2048, "memory is 1024, wanted 2048"),
        ("disk_bus", "ide", "disk_bus is virtio, wanted ide"),
        ("own", {"machine": "q35"}, "toy.machine is pc, wanted q35"),
        ("own", {"speed": "fast"}, "toy.speed is slow, wanted fast"),
        ("serial_console", False, "serial_console is True, wanted False"),
        ("agent", False, "agent is True, wanted False"),
        ("disk_size", 512, "disk_size is 0, wanted 512"),
        ("interfaces", (Nic("ether1", "other"),), "interfaces.ether1.network is net1, wanted other"),
        ("interfaces", (Nic("ether1", model="e1000"),), "interfaces.ether1.model is virtio, wanted e1000"),
        ("interfaces", (Nic("ether1", mac="52:54:00:00:00:01"),), "wanted 52:54:00:00:00:01"),
        ("interfaces", (Nic("ether3", "net3"),), "interfaces.ether3 is None, wanted net3"),
    ],
)
def test_a_fixed_field_is_left_and_said_with_both_sides(option: str, value: t.Any, said: str) -> None:
    item = plan(spec(**{option: value}), state())
    assert item.changes == ()
    assert said in str(item.left_error())


def test_a_disk_is_never_shrunk() -> None:
    item = plan(spec(disk_size=256), state(disk_size=512))
    assert item.changes == ()
    assert "disk_size is 512, wanted 256; a disk is never shrunk" in str(item.left_error())


def test_a_newer_image_or_version_never_touches_an_existing_guest() -> None:
    assert fields(spec(image="chr-9.img", version="9.1", own={"shelf": "lower", "speed": "auto"}), state()) == []


def test_placement_counts_when_a_guest_is_made_and_is_never_compared_afterwards() -> None:
    elsewhere = spec(image="chr.img", own={"shelf": "lower"})
    assert "toy.shelf None -> lower" in fields(elsewhere, None)
    assert plan(elsewhere, state()).left == ()


def test_a_template_stands_in_for_an_image_where_the_hypervisor_has_such() -> None:
    made = plan(spec(own={"template": "golden"}), None)
    assert made.creates and Change("toy.template", None, "golden") in made.changes
    with pytest.raises(InputError, match=r"image or toy\.template: a new guest needs one"):
        plan(spec(), None)
    with pytest.raises(InputError, match=r"^image: a new guest needs one"):
        plan_on(spec(), None, replace(PLATFORM, features=PLATFORM.features - {"template"}))


# Links


@pytest.mark.parametrize(
    ("marked", "said", "link", "was", "becomes"),
    [
        (False, None, None, True, False),  # the gate closes what somebody opened
        (False, None, True, True, False),  # whatever link says
        (False, None, True, False, None),
        (True, None, True, False, True),
        (True, None, False, True, False),
        (True, None, None, False, None),  # left out: not compared
        (True, None, None, True, None),
        (False, True, None, False, True),  # first boot has just succeeded
        (False, True, False, False, None),
        (False, True, False, True, False),
        (True, False, None, True, False),  # the record is gone: not configured after all
        (True, False, True, True, False),
    ],
)
def test_the_gate(marked: bool, said: bool | None, link: bool | None, was: bool, becomes: bool | None) -> None:
    found = state(mark=replace(CONFIGURED, configured=marked), interfaces=(nic(1, link=was),))
    changes = plan(spec(interfaces=(Nic("ether1", link=link),), configured=said), found).changes
    links = [change.after for change in changes if change.field == "interfaces.ether1.link"]
    assert links == ([] if becomes is None else [becomes])
    assert [change.after for change in changes if change.field == "configured"] == ([] if said in (None, marked) else [said])


BROKEN_MARKS: dict[str, t.Any] = {
    "another guest's": {"mark": replace(CONFIGURED, guest_uuid=OTHER_UUID), "disk_id": DISK},
    "another disk's": {"mark": CONFIGURED, "disk_id": OTHER_DISK},
    "of a disk that says nothing": {"mark": CONFIGURED, "disk_id": ""},
    "of a disk that never could": {"mark": replace(CONFIGURED, disk_id=""), "disk_id": ""},
}


@pytest.mark.parametrize("why", BROKEN_MARKS, ids=str)
def test_a_mark_that_does_not_fit_closes_every_link_before_the_start(why: str) -> None:
    found = state(interfaces=(nic(1, link=True), nic(2, link=True)), **BROKEN_MARKS[why])
    wanted = spec(state="started", interfaces=nics_of(link=True)[:1])
    closed = ["interfaces.ether1.link True -> False", "interfaces.ether2.link True -> False", "configured True -> False"]
    assert fields(wanted, found) == [*closed, "power stopped -> running"]
    assert fields(spec(), found) == closed  # the host may start it as well


def test_a_mark_that_fits_leaves_the_links_of_a_guest_that_is_started() -> None:
    found = state(mark=CONFIGURED, disk_id=DISK, interfaces=(nic(1, link=True),))
    assert fields(spec(state="started"), found) == ["power stopped -> running"]


def test_a_clone_gets_macs_of_its_own_before_it_is_started() -> None:
    mine, shared = PLATFORM.macs.derive(UUID, 1), "52:54:00:00:00:01"
    clone = state(mark=replace(CONFIGURED, guest_uuid=OTHER_UUID), interfaces=(nic(1, mac=shared),), shared_macs={shared: "edge0"})
    assert f"interfaces.ether1.mac {shared} -> {mine}" in fields(spec(state="started"), clone)
    running = replace(clone, power="running")
    assert not [change for change in fields(spec(), running) if ".mac" in change]
    with pytest.raises(RefusedError, match=r"has the MAC of guest edge0.*Stop it"):
        plan(spec(configured=True), running)
    with pytest.raises(InputError, match=r"ether1.mac: .* belongs to guest edge0"):
        plan(spec(interfaces=(Nic("ether1", mac=shared),)), clone)


def test_first_boot_binds_the_mark_and_leaves_the_level_to_be_read() -> None:
    fresh = Mark(guest_uuid=UUID)
    assert fresh.configured_on(UUID, DISK) == Mark(configured=True, guest_uuid=UUID, disk_id=DISK, license_level=UNKNOWN_LEVEL)
    assert replace(fresh, license_level="p1").configured_on(UUID, DISK).license_level == "p1"
    assert replace(fresh, license_level="p1").configured_on(OTHER_UUID, DISK).license_level == UNKNOWN_LEVEL


def test_the_gate_closes_interfaces_that_are_not_listed() -> None:
    assert fields(spec(), state(interfaces=(nic(1, link=True),))) == ["interfaces.ether1.link True -> False"]


def test_an_open_gate_leaves_links_alone_that_were_left_out() -> None:
    assert fields(spec(link_before_first_boot=True, interfaces=nics_of()), state(interfaces=(nic(1, link=True), nic(2)))) == []


def test_interfaces_that_are_not_listed_are_reported_and_left_alone() -> None:
    item = plan(spec(interfaces=nics_of()[:1]), state(mark=CONFIGURED))
    assert (item.changes, item.warnings) == ((), ("interfaces not listed are left alone: ether2",))
    assert plan(spec(), state(mark=CONFIGURED)).warnings == ()


# Power, settings, repair


@pytest.mark.parametrize(
    ("wanted", "power", "becomes"),
    [
        ("present", "stopped", None),
        ("present", "running", None),
        ("present", "suspended", None),
        ("started", "stopped", "running"),
        ("started", "suspended", "running"),
        ("started", "running", None),
        ("stopped", "running", "stopped"),
        ("stopped", "suspended", "stopped"),
        ("stopped", "stopped", None),
        ("restarted", "running", "restarted"),
        ("restarted", "stopped", "running"),
    ],
)
def test_power(wanted: t.Any, power: str, becomes: str | None) -> None:
    changes = plan(spec(state=wanted), state(power=power)).changes
    assert changes == (() if becomes is None else (Change("power", power, becomes),))


def test_settings_converge() -> None:
    assert fields(spec(autostart=False, description="core"), state()) == ["autostart True -> False", "description  -> core"]
    assert fields(spec(description=""), state(description="core")) == ["description core -> "]


def test_an_unfinished_disk_is_finished_before_the_guest_starts() -> None:
    unfinished = state(mark=Mark(disk_ready=False))
    item = plan(spec(state="started", image="chr.img"), unfinished)
    assert [change.field for change in item.changes] == ["disk", "power"]
    assert item.needs_disk and not item.creates
    with pytest.raises(InputError, match=r"^image: the guest's disk was never finished"):
        plan(spec(state="started"), unfinished)


def test_only_what_is_made_or_repaired_needs_a_disk() -> None:
    assert plan(spec(image="chr.img"), None).needs_disk
    assert not plan(spec(image="chr.img", state="started"), state()).needs_disk
    assert not plan(spec(state="absent"), None).needs_disk
