# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments: bad input, what a plan holds, and what it refuses."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import (
    SegmentPlan,
    SegmentSpec,
    SegmentState,
    parse_segments,
    same_wires,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import parse_segment as parse_segment_of
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import plan_segment as plan_segment_on

from tests.contract.memory import PLATFORM

OURS = SegmentState("lan", "u", True, True, "lan", False, False, "198.51.100.1/24", 1400, None, (10, 20), True)
FOREIGN = replace(OURS, ours=False)


def parse_segment(options: dict[str, t.Any]) -> SegmentSpec:
    return parse_segment_of(options, PLATFORM)


def plan_segment(spec: SegmentSpec, found: SegmentState | None) -> SegmentPlan:
    return plan_segment_on(spec, found, PLATFORM)


def fields(spec: SegmentSpec, found: SegmentState | None) -> list[str]:
    return [f"{change.field} {change.before} -> {change.after}" for change in plan_segment(spec, found).changes]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a\tb"}, "name: 'a.*b' is no name"),
        ({"name": "lan", "bridge": "a b"}, "bridge: 'a b' is no device name"),
        ({"name": "lan", "attach_to": "$(reboot)"}, "attach_to: .* is no device name"),
        ({"name": "lan", "bridge": "sixteen-letters-"}, "bridge: .* is no device name .*1 to 15"),
        ({"name": "lan", "bridge": "br0", "attach_to": "br1"}, "bridge and attach_to exclude each other"),
        ({"name": "lan", "attach_to": "br1", "mtu": 1400}, "address and mtu belong to the host's own bridge"),
        ({"name": "lan", "attach_to": "br1", "address": "198.51.100.1/24"}, "address and mtu belong to the host's own bridge"),
        ({"name": "lan", "mtu": 67}, "mtu: 67 is out of range .*68 to 65535"),
        ({"name": "lan", "mtu": 65536}, "mtu: 65536 is out of range"),
        ({"name": "lan", "vlan_tag": 0}, "vlan: 0 is no VLAN id .*1 to 4094"),
        ({"name": "lan", "vlan_trunk": [10, 4095]}, "vlan: 4095 is no VLAN id"),
        ({"name": "lan", "vlan_tag": 1, "vlan_trunk": [2]}, "vlan_tag and vlan_trunk exclude each other"),
        ({"name": "lan", "address": "198.51.100.256/24"}, "address: .* is no address with prefix"),
        ({"name": "lan", "address": "198.51.100.1"}, "address: .* is no address with prefix"),
        ({"name": "lan", "address": "lan/24"}, "address: .* is no address with prefix"),
    ],
)
def test_bad_input_is_named_with_its_limit(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InputError, match=rf"^{said}"):
        parse_segment(options)


def test_the_words_of_another_hypervisor_are_refused() -> None:
    with pytest.raises(InputError, match=r"^proxmox: this segment's hypervisor is toy"):
        parse_segment_of({"name": "lan", "proxmox": {"nodes": ["pve1"]}}, PLATFORM, ["proxmox"])
    own = parse_segment_of({"name": "lan", "proxmox": None, "toy": {"nodes": ["n1"], "more": None}}, PLATFORM, ["proxmox"]).own
    assert own == {"nodes": ["n1"]}


def test_where_a_segment_lacks_is_a_change_of_its_own_words() -> None:
    lacking = replace(OURS, own={"nodes": ["n1"]}, due={"nodes": ["n1", "n2"]}, warnings=("n3 is away",))
    item = plan_segment(SegmentSpec("lan"), lacking)
    assert [(change.field, change.before, change.after) for change in item.changes] == [("toy.nodes", ["n1"], ["n1", "n2"])]
    assert item.warnings == ("n3 is away",)
    assert plan_segment(SegmentSpec("lan", own={"nodes": ["n1"]}), None).changes[2].field == "toy.nodes"


def test_a_bad_segment_leaves_the_others_alone() -> None:
    specs, errors = parse_segments([{"name": "wan"}, {"name": "lan", "mtu": 1}, {"name": "dmz"}, {"name": "dmz"}], PLATFORM)
    assert (list(specs), set(errors)) == (["wan"], {"lan", "dmz"})


def test_a_name_is_checked_only_of_what_is_made() -> None:
    spec = parse_segment({"name": "VM Network"})
    assert plan_segment(spec, replace(FOREIGN, name="VM Network")).changes == ()
    with pytest.raises(InputError, match="'VM Network' cannot be the name of a new guest or segment"):
        plan_segment(spec, None)


def test_what_a_hypervisor_does_not_have_is_refused_by_name() -> None:
    bare = replace(PLATFORM, features=PLATFORM.features - {"segment.mtu", "segment.address"})
    with pytest.raises(UnsupportedError, match="segments of toy have no address, mtu"):
        plan_segment_on(parse_segment({"name": "lan", "mtu": 1400, "address": "198.51.100.1/24", "vlan_tag": 7}), None, bare)


def test_a_long_name_is_fine_with_a_bridge_of_its_own() -> None:
    assert plan_segment(parse_segment({"name": "a-name-longer-than-a-device", "bridge": "br7"}), None).bridge == "br7"


@pytest.mark.parametrize(
    ("options", "option", "value"),
    [
        ({"address": "198.51.100.1/255.255.255.0"}, "address", "198.51.100.1/24"),
        ({"address": "2001:DB8::1/64"}, "address", "2001:db8::1/64"),
        ({"vlan_trunk": []}, "vlan_trunk", None),
    ],
)
def test_input_is_written_as_it_will_be_read_back(options: dict[str, t.Any], option: str, value: t.Any) -> None:
    assert getattr(parse_segment({"name": "lan", **options}), option) == value


def test_a_new_segment_lists_what_it_will_have() -> None:
    made = fields(parse_segment({"name": "lan", "mtu": 1400, "vlan_trunk": [10]}), None)
    assert made == ["exists False -> True", "mtu None -> 1400", "vlan_trunk None -> (10,)", "bridge None -> lan", "active None -> True"]


@pytest.mark.parametrize(
    "options", [{}, {"mtu": 1400}, {"vlan_trunk": [10, 20]}, {"bridge": "lan"}, {"address": "198.51.100.1/24"}, {"mac_spoofing": True}]
)
def test_what_stands_as_wanted_changes_nothing(options: dict[str, t.Any]) -> None:
    spec = parse_segment({"name": "lan", **options})
    assert fields(spec, OURS) == fields(spec, FOREIGN) == []


def test_our_own_segment_is_started_again() -> None:
    assert fields(SegmentSpec("lan"), replace(OURS, active=False)) == ["active False -> True"]


def test_a_foreign_segment_is_only_attached_to() -> None:
    with pytest.raises(RefusedError, match=r"is not ours, so it can only be attached to .*mtu is 1400, wanted 1500"):
        plan_segment(SegmentSpec("lan", mtu=1500), FOREIGN)
    with pytest.raises(RefusedError, match="is not ours"):
        plan_segment(SegmentSpec("lan"), replace(FOREIGN, active=False))
    assert fields(SegmentSpec("lan", manage=True), replace(FOREIGN, active=False)) == ["active False -> True"]


def test_changing_an_existing_segment_is_refused_with_both_sides_and_the_guests_on_it() -> None:
    with pytest.raises(UnsupportedError, match=r"mtu is 1400, wanted 1500 \(guests on it: edge1, edge2\)"):
        plan_segment(SegmentSpec("lan", mtu=1500), replace(OURS, guests=("edge1", "edge2")))


def test_removing() -> None:
    gone = SegmentSpec("lan", state="absent", confirm="lan")
    assert fields(gone, OURS) == ["active True -> False", "exists True -> False"]
    assert fields(gone, replace(OURS, active=False)) == ["exists True -> False"]
    assert fields(gone, None) == []
    for found, confirm, said in (
        (FOREIGN, "lan", "is not ours"),
        (OURS, None, "needs its name twice"),
        (OURS, "wan", "needs its name twice"),
        (replace(OURS, guests=("edge1",)), "lan", "still wired .*edge1"),
    ):
        with pytest.raises(RefusedError, match=said):
            plan_segment(replace(gone, confirm=confirm), found)


def carried(bridge: str, tag: int | None, trunk: tuple[int, ...] | None) -> str:
    return f"{bridge}.{tag}" if tag else bridge


WIRED = replace(PLATFORM, wire=carried)


def test_segments_that_mean_one_wire_are_told() -> None:
    specs = {
        "wan": SegmentSpec("wan", attach_to="br0", vlan_tag=10),
        "uplink": SegmentSpec("uplink", attach_to="br0", vlan_tag=10),
        "lan": SegmentSpec("lan", attach_to="br0", vlan_tag=20),
        "br0": SegmentSpec("br0"),
    }
    told = same_wires(specs, WIRED)
    assert sorted(told) == ["uplink", "wan"] and "br0.10" in told["wan"] and "uplink" in told["wan"]
    assert same_wires(specs, PLATFORM) == {}, "where a segment is an object, its name is what it is"
