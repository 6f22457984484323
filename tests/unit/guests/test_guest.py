# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input is refused with the option's name and what to do; names and MACs are safe wherever they go."""

from __future__ import annotations

import re
import shlex
import typing as t
import uuid
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.addresses import parse_mac
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.names import PLAIN
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import escape
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import (
    GuestSpec,
    Nic,
    NicState,
    check_gaps,
    slot_number,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import parse_guest as parse_guest_on
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import parse_guests as parse_guests_on
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.limits import check
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import plan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import LOCAL, MacRange
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.memory import PLATFORM
from tests.unit.support import state

METACHARACTERS = ["a<b", "a>b", "a&b", 'a"b', "a'b", "a;b", "a|b", "a$b", "a`b", "a b", "a/b", "a\\b", "a\nb", "a[b]", "a{b}", "a=b", "a,b", "a*b"]
MACS = st.lists(st.integers(0, 255), min_size=6, max_size=6)


def parse_guest(options: dict[str, t.Any]) -> GuestSpec:
    return parse_guest_on(options, PLATFORM, ["elsewhere"])


def parse_guests(entries: list[dict[str, t.Any]]) -> tuple[dict[str, GuestSpec], dict[str, InputError]]:
    return parse_guests_on(entries, PLATFORM)


def guest(name: str = "edge1", **options: t.Any) -> dict[str, t.Any]:
    return {"name": name, **options}


# Names


@pytest.mark.parametrize("name", [*filter(str.isprintable, METACHARACTERS), "-dash", ".hidden", "..", "a" * 64, "é"])
def test_a_name_that_is_not_safe_everywhere_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be the name of a new guest or segment .*Choose another name"):
        check(parse_guest(guest(name)), PLATFORM)


@pytest.mark.parametrize("name", ["VM Network", "a/b", "dvPortGroup (prod)", "-dash", "a" * 80, "é"])
def test_what_others_made_may_have_any_name(name: str) -> None:
    spec = parse_guest(guest(name, interfaces=[{"name": "ether1", "network": name}]))
    assert (spec.name, spec.interfaces[0].network) == (name, name)


@given(st.text())
def test_an_accepted_name_means_itself_in_shells_xml_and_routeros(name: str) -> None:
    try:
        PLAIN.check(name)
    except InputError:
        return
    assert shlex.quote(name) == name
    assert escape(name) == name
    assert not set(name) & set("<>&\"'/")


@pytest.mark.parametrize("network", ["", " lan", "lan\n", "l\tan", "lan\x00"])
def test_what_is_no_name_at_all_is_refused(network: str) -> None:
    with pytest.raises(InputError, match=r"is no name"):
        parse_guest(guest(network))
    with pytest.raises(InputError, match=r"^interfaces\.network: "):
        parse_guest(guest(interfaces=[{"name": "ether1", "network": network}]))


# MACs


@pytest.mark.parametrize("number", ["41135415496", "3131"])
def test_a_mac_that_yaml_made_a_number_gets_the_quoting_hint(number: str) -> None:
    with pytest.raises(InputError, match=rf"^interfaces\.ether1\.mac: '{number}' is no MAC address .*base-60 number: quote it"):
        parse_guest(guest(interfaces=[{"name": "ether1", "mac": number}]))


@pytest.mark.parametrize("text", ["52:54:00:12:34", "52-54-00-12-34-56", "52:54:00:12:34:5g", "52:54:00:12:34:56:78", "", " 52:54:00:12:34:56"])
def test_what_is_no_mac_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no MAC address"):
        parse_mac(text, "mac")


@given(MACS, st.booleans())
def test_a_mac_is_taken_unless_it_is_multicast(numbers: list[int], upper: bool) -> None:
    text = ":".join(f"{number:02X}" if upper else f"{number:02x}" for number in numbers)
    if numbers[0] % 2:
        with pytest.raises(InputError, match="is a multicast address"):
            parse_mac(text, "mac")
    else:
        assert parse_mac(text, "mac") == text.lower()


@given(st.uuids(), st.integers(1, 24))
def test_a_derived_mac_is_stable_local_and_no_multicast(guest_uuid: uuid.UUID, slot: int) -> None:
    mac = LOCAL.derive(str(guest_uuid), slot)
    assert mac == LOCAL.derive(str(guest_uuid).upper(), slot)
    assert parse_mac(mac, "mac") == mac
    assert mac.startswith("02:")


@given(st.uuids(), st.integers(1, 10))
def test_a_derived_mac_lies_in_the_range_of_the_platform(guest_uuid: uuid.UUID, slot: int) -> None:
    mac = MacRange("00:50:56:00:00:00", 22).derive(str(guest_uuid), slot)
    assert mac.startswith("00:50:56:") and int(mac.split(":")[3], 16) <= 0x3F


def test_derived_macs_stay_what_they_are() -> None:
    assert LOCAL.derive("5f4a3c5e-0000-4000-8000-000000000001", 1) == "02:ce:3a:e4:57:8f"


@given(st.uuids())
def test_no_two_interfaces_of_a_guest_derive_the_same_mac(guest_uuid: uuid.UUID) -> None:
    assert len({LOCAL.derive(str(guest_uuid), slot) for slot in range(1, 25)}) == 24


# Interfaces


@pytest.mark.parametrize("name", ["ether0", "ether100", "ether01", "ether", "eth1", "Ether1", "ether1.100", "wan", "ether1\n"])
def test_an_interface_is_named_by_its_slot(name: str) -> None:
    with pytest.raises(InputError, match=r"is no slot name .*ether1, ether2 and so on"):
        parse_guest(guest(interfaces=[{"name": name}]))


def test_all_slots_are_known() -> None:
    assert [slot_number(f"ether{number}") for number in range(1, 25)] == list(range(1, 25))


def test_a_guest_has_so_many_slots_as_its_hypervisor() -> None:
    nics = tuple(Nic(f"ether{slot}", "wan") for slot in range(1, 26))
    with pytest.raises(InputError, match=r"interfaces\.ether25: a guest has room for ether1 to ether24"):
        check(GuestSpec("edge1", interfaces=nics), PLATFORM)


def test_the_words_of_another_hypervisor_are_refused_and_ones_own_kept() -> None:
    with pytest.raises(InputError, match=r"^elsewhere: this guest's hypervisor is toy"):
        parse_guest(guest(elsewhere={"node": "pve1"}))
    assert parse_guest(guest(toy={"shelf": "lower", "machine": None})).own == {"shelf": "lower"}


def test_an_interface_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"^interfaces: name ether1 is given twice"):
        parse_guest(guest(interfaces=[{"name": "ether1"}, {"name": "ether1"}]))


def test_a_mac_given_twice_in_one_guest_is_refused_whatever_its_case() -> None:
    with pytest.raises(InputError, match=r"^interfaces: mac 52:54:00:ab:cd:ef is given twice"):
        macs = ("52:54:00:ab:cd:ef", "52:54:00:AB:CD:EF")
        parse_guest(guest(interfaces=[{"name": f"ether{n}", "mac": mac} for n, mac in enumerate(macs, 1)]))


@pytest.mark.parametrize("slots", [[2], [1, 3], [2, 3]])
def test_a_new_guest_has_no_gaps(slots: list[int]) -> None:
    spec = GuestSpec("edge1", interfaces=tuple(Nic(f"ether{slot}", "wan") for slot in slots))
    found = ", ".join(f"ether{slot}" for slot in slots)
    with pytest.raises(InputError, match=rf"cannot have gaps .*found: {found}"):
        check_gaps(spec)


def test_order_is_no_gap() -> None:
    check_gaps(GuestSpec("edge1", interfaces=(Nic("ether2", "lan"), Nic("ether1", "wan"))))


def test_a_new_guests_interface_needs_a_network() -> None:
    with pytest.raises(InputError, match=r"^interfaces\.ether2: network is missing"):
        check_gaps(GuestSpec("edge1", interfaces=(Nic("ether1", "wan"), Nic("ether2"))))


# Batches


def test_a_bad_guest_leaves_the_others_alone() -> None:
    specs, errors = parse_guests([guest("edge1"), guest("a\tb"), guest("edge2", version="stable")])
    assert list(specs) == ["edge1"]
    assert set(errors) == {"a\tb", "edge2"}


@pytest.mark.parametrize("times", [2, 3])
def test_a_guest_given_twice_is_an_error_and_none_of_them_is_made(times: int) -> None:
    specs, errors = parse_guests([*[guest("edge1")] * times, guest("edge2")])
    assert list(specs) == ["edge2"]
    assert str(errors["edge1"]) == "guests: the name is given twice. Give each its own entry."


def test_a_mac_given_to_two_guests_fails_both_and_names_both() -> None:
    wired = [{"name": "ether1", "mac": "52:54:00:12:34:56"}]
    specs, errors = parse_guests([guest("edge1", interfaces=wired), guest("edge2", interfaces=wired), guest("edge3")])
    assert list(specs) == ["edge3"]
    for name in ("edge1", "edge2"):
        assert re.match("interfaces: MAC 52:54:00:12:34:56 is given to edge1 and edge2", str(errors[name]))


def test_what_was_left_out_stays_out() -> None:
    spec = parse_guest(guest(memory=None, cpus=2, interfaces=[{"name": "ether1", "network": "wan", "mac": None}]))
    assert spec == GuestSpec("edge1", cpus=2, interfaces=(Nic("ether1", "wan"),))


def carried(bridge: str, tag: int | None, trunk: tuple[int, ...] | None) -> str:
    return f"{bridge}.{tag}" if tag else bridge


def test_an_interface_is_mapped_back_to_the_segment_that_its_wire_is() -> None:
    wired = replace(PLATFORM, wire=carried)
    entry = {
        "name": "edge1",
        "networks": [
            {"name": "wan", "attach_to": "br0", "vlan_tag": 10},
            {"name": "uplink", "attach_to": "br0", "vlan_tag": 10},
            {"name": "lan", "attach_to": "br0", "vlan_tag": 20},
        ],
        "interfaces": [{"name": "ether1", "network": "uplink"}, {"name": "ether2", "network": "wan"}, {"name": "ether3", "network": "br1"}],
    }
    spec = parse_guest_on(entry, wired)
    wires = ("br0.10", "br0.20", "br1", "br9")
    nics = tuple(NicState(f"ether{number}", "", "virtio", wire, link=True) for number, wire in enumerate(wires, 1))
    found = spec.named_segments(state(interfaces=nics), wired)
    assert [nic.network for nic in found.interfaces] == ["uplink", "lan", "br1", "br9"]
    [left] = plan(spec, found, wired).left
    assert (left.field, left.before, left.after) == ("interfaces.ether2.network", "lan", "wan")
