# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a guest as found to the guest as wanted."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.guest import NicState, VmState, parse_guest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.plan import Host, VmPlan, plan_guest

HOST = Host({"ether1": "ether", "ether2": "ether", "bridge1": "bridge", "up": "virtual-ethernet"}, {"ether1": ("192.0.2.1/24",)})


def have_nic(name: str, **more: t.Any) -> NicState:
    base = {
        "id": "*1",
        "type": "dynamic",
        "dynamic_bridge": "",
        "dynamic_mac_address": "02:00:00:00:00:01",
        "static_interface": "",
        "vm_mac_address": "02:00:00:00:00:02",
        "disabled": False,
        "active": True,
        "comment": "",
        "ours": True,
    }
    return NicState(name=name, **{**base, **more})


def have(**more: t.Any) -> VmState:
    base = {"memory_size": 32, "disk_size": "unlimited", "used_disk": 100, "state": "running", "disabled": False, "comment": "", "ours": True}
    return VmState(id="*1", name="client1", **{**base, **more})


def plan(found: VmState | None, host: Host = HOST, **options: t.Any) -> VmPlan:
    nics = [{"state": "present", **nic} for nic in options.pop("interfaces", [])]
    flags = {"adopt": False, "configured": False, "open_before_configured": True}
    given = {"name": "client1", "state": "present", "guest_os": "routeros", **flags, "interfaces": nics, **options}
    return plan_guest(parse_guest(given), found, host)


def fields(made: VmPlan) -> dict[str, tuple[t.Any, t.Any, str]]:
    return {change.field: (change.before, change.after, change.effect) for change in made.changes}


def test_a_new_guest_is_described_with_what_it_gets() -> None:
    assert fields(plan(None, state="started", interfaces=[{"name": "ether1", "dynamic_bridge": "bridge1"}])) == {
        "exists": (False, True, "live"),
        "memory_size": (None, 32, "live"),
        "state": (None, "running", "live"),
        "interfaces.ether1.exists": (False, True, "live"),
        "interfaces.ether1.type": (None, "dynamic", "live"),
        "interfaces.ether1.dynamic_bridge": (None, "bridge1", "live"),
    }
    assert fields(plan(None))["state"] == (None, "disabled", "live")


@pytest.mark.parametrize(
    ("wanted", "found", "disabled", "after"),
    [
        ("present", "running", False, None),
        ("present", "disabled", True, None),
        ("started", "running", False, None),
        ("started", "booting", False, None),
        ("started", "stopped", False, "running"),
        ("started", "disabled", True, "running"),
        ("started", "shutting-down", False, "running"),
        ("stopped", "running", False, "stopped"),
        ("stopped", "stopped", False, None),
        ("stopped", "disabled", True, None),
        ("disabled", "disabled", True, None),
        ("disabled", "stopped", False, "disabled"),
        ("disabled", "running", False, "disabled"),
        ("restarted", "running", False, "running"),
        ("restarted", "disabled", True, "running"),
    ],
)
def test_power_changes_only_where_it_is_otherwise(wanted: str, found: str, disabled: bool, after: str | None) -> None:
    assert plan(have(state=found, disabled=disabled), state=wanted).after("state") == after


def test_memory_of_a_running_guest_waits_for_its_restart_and_of_a_stopped_one_does_not() -> None:
    assert fields(plan(have(), memory_size=64)) == {"memory_size": (32, 64, "restart")}
    assert fields(plan(have(state="stopped"), memory_size=64)) == {"memory_size": (32, 64, "live")}
    assert fields(plan(have(), memory_size=64, state="restarted"))["memory_size"] == (32, 64, "live")


def test_what_is_left_out_is_not_compared() -> None:
    found = have(comment="mine", memory_size=64, disk_size=1000, interfaces=(have_nic("ether1", dynamic_bridge="bridge1", disabled=True),))
    assert plan(found, interfaces=[{"name": "ether1"}]).changes == ()


def test_a_disk_never_shrinks_below_what_is_used() -> None:
    with pytest.raises(RefusedError, match=r"less than the guest already uses.*found: 100 kiB"):
        plan(have(), disk_size=99)
    assert fields(plan(have(), disk_size=100)) == {"disk_size": ("unlimited", 100, "live")}


def test_an_unlimited_disk_is_warned_of() -> None:
    for disk_size in ("unlimited", "0", None):
        assert "fill the host" in plan(None, disk_size=disk_size).warnings[0]
    assert not plan(None, disk_size=32000).warnings
    assert not plan(have()).warnings


def test_a_guest_without_our_mark_is_left_alone_until_it_is_adopted() -> None:
    stranger = have(ours=False)
    assert plan(stranger, memory_size=32).changes == ()
    with pytest.raises(RefusedError, match=r"memory_size is 32, wanted 64.*adopt: true"):
        plan(stranger, memory_size=64)
    with pytest.raises(RefusedError, match=r"does not bear our mark"):
        plan(stranger, state="absent", confirm="client1")
    assert fields(plan(stranger, memory_size=64, adopt=True))["ours"] == (False, True, "live")


def test_interfaces_have_no_gaps_because_the_guest_counts_them() -> None:
    one = have(interfaces=(have_nic("ether1"),))
    with pytest.raises(InputError, match=r"the next interface of client1 is ether2.*found: ether3"):
        plan(one, interfaces=[{"name": "ether3"}])
    assert "interfaces.ether2.exists" in fields(plan(one, interfaces=[{"name": "ether2"}]))


def test_what_an_interface_is_wired_to_must_be_there() -> None:
    with pytest.raises(UnsupportedError, match=r"dynamic_bridge: the host has no bridge ether2.*metarouter_bridge"):
        plan(None, interfaces=[{"name": "ether1", "dynamic_bridge": "ether2"}])
    with pytest.raises(UnsupportedError, match=r"the host has no interface ether9.*bridge1"):
        plan(None, interfaces=[{"name": "ether1", "static_interface": "ether9"}])
    with pytest.raises(RefusedError, match=r"no virtual-ethernet.*found: ether"):
        plan(None, interfaces=[{"name": "ether1", "host_name": "ether2"}])


def test_a_host_interface_is_made_once() -> None:
    made = plan(None, interfaces=[{"name": "ether1", "host_name": "new"}])
    assert fields(made)["interfaces.ether1.host_interface"] == (None, "new", "live")
    assert made.nics[0].makes_host_interface
    again = plan(have(interfaces=(have_nic("ether1", type="static", static_interface="up"),)), interfaces=[{"name": "ether1", "host_name": "up"}])
    assert again.changes == ()


def test_the_hosts_side_gets_its_address_only_while_it_is_there() -> None:
    wanted = [{"name": "ether1", "host_addresses": ["192.0.2.9/30"]}]
    up = have(interfaces=(have_nic("ether1", host_interface="vif1"),))
    assert fields(plan(up, interfaces=wanted)) == {"interfaces.ether1.host_addresses": ([], ["192.0.2.9/30"], "live")}
    has = Host(HOST.interfaces, {"vif1": ("192.0.2.5/30", "192.0.2.9/30")})
    assert plan(up, has, interfaces=wanted).changes == ()
    assert plan(have(state="stopped", interfaces=(have_nic("ether1"),)), interfaces=wanted).changes == ()


def test_what_changes_on_the_host_is_known_so_that_the_sessions_own_way_can_be_kept() -> None:
    found = have(interfaces=(have_nic("ether1", host_interface="vif1"), have_nic("ether2", dynamic_bridge="bridge1", host_interface="vif2")))
    assert plan(found, interfaces=[{"name": "ether1", "comment": "x"}]).touched == {"vif1"}
    assert plan(found, interfaces=[{"name": "ether2", "state": "absent"}]).touched == {"bridge1", "vif2"}
    assert plan(found, state="absent", confirm="client1").touched == {"bridge1", "vif1", "vif2"}
    assert plan(found, memory_size=64).touched == frozenset()


# The gate


def opened(made: VmPlan) -> dict[str, tuple[bool, bool]]:
    """By interface: whether it ends disabled, and whether for want of a password."""
    return {nic.name: (nic.disabled, nic.closed) for nic in made.interfaces}


@pytest.mark.parametrize(
    ("said", "found", "wanted", "after"),
    [
        ({}, None, None, (True, True)),
        ({}, None, False, (True, True)),
        ({}, None, True, (True, False)),
        ({"configured": True}, None, None, (True, True)),
        ({"open_before_configured": True}, None, None, (False, False)),
        ({"guest_os": "openwrt"}, None, None, (False, False)),
        ({}, {"disabled": True, "closed": True}, None, (True, True)),
        ({}, {"disabled": True, "closed": True}, False, (True, True)),
        ({}, {"disabled": True}, False, (True, True)),
        ({}, {"disabled": True}, None, (True, False)),
        ({}, {"disabled": False}, None, (False, False)),
        ({}, {"disabled": False}, True, (True, False)),
        ({"configured": True}, {"disabled": True, "closed": True}, None, (False, False)),
        ({"configured": True}, {"disabled": True, "closed": True}, True, (True, True)),
        ({"configured": True}, {"disabled": True}, None, (True, False)),
        ({"configured": True}, {"disabled": True}, False, (False, False)),
    ],
)
def test_an_interface_opens_only_for_a_guest_that_has_its_password(
    said: dict[str, t.Any], found: dict[str, bool] | None, wanted: bool | None, after: tuple[bool, bool]
) -> None:
    guest = None if found is None else have(interfaces=(have_nic("ether1", **found),))
    made = plan(guest, interfaces=[{"name": "ether1", "disabled": wanted}], **{"open_before_configured": False, **said})
    assert opened(made) == {"ether1": after}


@pytest.mark.parametrize(
    ("state", "ours", "adopt", "closed"),
    [("stopped", False, True, True), ("running", False, True, False), ("stopped", True, True, False), ("stopped", True, False, False)],
)
def test_what_comes_with_a_guest_that_is_started_and_not_known_to_have_a_password_is_closed(
    state: str, ours: bool, adopt: bool, closed: bool
) -> None:
    guest = have(state=state, ours=ours, interfaces=(have_nic("ether1", ours=ours),))
    made = plan(guest, state="started", adopt=adopt, open_before_configured=False)
    assert opened(made) == {"ether1": (closed, closed)}
