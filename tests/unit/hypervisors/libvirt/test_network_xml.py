# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A segment as libvirt's XML, and back; which libvirt can tag VLANs."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import (
    SegmentPlan,
    SegmentSpec,
    SegmentState,
    parse_segment,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import plan_segment as plan_segment_on
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt import network_xml
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.platform import PLATFORM
from hypothesis import given
from hypothesis import strategies as st


def plan_segment(spec: SegmentSpec, found: SegmentState | None) -> SegmentPlan:
    return plan_segment_on(spec, found, PLATFORM)


SEGMENTS = st.fixed_dictionaries(
    {"name": st.just("lan")},
    optional={
        "bridge": st.sampled_from(["br0", "vr-lan"]),
        "address": st.sampled_from(["198.51.100.1/24", "192.0.2.1/255.255.255.128", "2001:DB8::1/64"]),
        "mtu": st.integers(68, 65535),
        "mac_spoofing": st.booleans(),
    },
)
ATTACHED = st.fixed_dictionaries({"name": st.just("lan"), "attach_to": st.just("br0")}, optional={"mac_spoofing": st.booleans()})
VLANS: st.SearchStrategy[dict[str, t.Any]] = st.one_of(
    st.just({}), st.builds(dict, vlan_tag=st.integers(1, 4094)), st.builds(dict, vlan_trunk=st.lists(st.integers(1, 4094), max_size=3))
)


@given(st.builds(lambda segment, vlan: {**segment, **vlan}, SEGMENTS | ATTACHED, VLANS))
def test_what_was_rendered_reads_back_as_ours_and_as_wanted(options: dict[str, t.Any]) -> None:
    spec = parse_segment(options, PLATFORM)
    found = network_xml.parse(network_xml.render(plan_segment(spec, None)), True, ())
    assert found.ours
    assert found.attached == (spec.attach_to is not None)
    assert plan_segment(spec, found).changes == ()


def test_a_network_of_others_is_not_ours() -> None:
    found = network_xml.parse("<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/></network>", False, ("a",))
    assert (found.ours, found.active, found.attached, found.bridge, found.guests) == (False, False, False, "virbr0", ("a",))
    assert (found.address, found.mtu, found.vlan_tag, found.vlan_trunk) == (None, None, None, None)


@given(st.text(st.characters(codec="utf-8", categories=["L", "P", "S"]), min_size=1))
def test_nothing_in_a_name_becomes_markup(name: str) -> None:
    xml = network_xml.render(SegmentPlan(SegmentSpec(name, bridge=name), None, ()))
    found = network_xml.parse(xml, True, ())
    assert (found.name, found.bridge) == (name, name)


@pytest.mark.parametrize("options", [{"vlan_tag": 100}, {"vlan_trunk": (100, 200)}])
def test_vlans_on_a_linux_bridge_need_libvirt_11(options: dict[str, t.Any]) -> None:
    item = plan_segment(SegmentSpec("lan", **options), None)
    for version, named in ((9_000_000, "9.0"), (10_010_000, "10.10")):
        with pytest.raises(UnsupportedError, match=rf"wanted: libvirt 11\.0 .*found: libvirt {named}\b"):
            network_xml.check_vlan(item, version)
    on_ovs = plan_segment(replace(item.spec, attach_to="ovs0", open_vswitch=True), None)
    network_xml.check_vlan(on_ovs, 9_000_000)
    network_xml.check_vlan(item, 11_000_000)


def test_without_vlans_any_libvirt_will_do() -> None:
    network_xml.check_vlan(plan_segment(SegmentSpec("lan"), None), 6_000_000)
