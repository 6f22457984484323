# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of a MetaROUTER guest, and what is refused before anything is read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.guest import parse_guest, parse_guests

Options = dict[str, t.Any]


def options(**more: t.Any) -> Options:
    flags = {"adopt": False, "configured": False, "open_before_configured": False}
    return {"name": "client1", "state": "present", "guest_os": "routeros", **flags, **more}


def nic(name: str, **more: t.Any) -> Options:
    return {"name": name, "state": "present", **more}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"memory_size": 15}, "memory_size: 15 MiB is out of range"),
        ({"memory_size": 257, "guest_os": "openwrt"}, "memory_size: 257 MiB is out of range"),
        ({"memory_size": 23}, "at least 24 MiB.*guest_os: openwrt"),
        ({"disk_size": "-1"}, "disk_size: '-1' is no size"),
        ({"disk_size": "32MB"}, "disk_size"),
        ({"image": "a.tgz"}, "guest_os: openwrt"),
        ({"image": "usb1/a.tgz", "guest_os": "openwrt"}, "external storage"),
        ({"image": "disk1/a.tgz", "guest_os": "openwrt"}, "external storage"),
        ({"state": "absent"}, "wanted: confirm: client1, found: no confirm"),
        ({"state": "absent", "confirm": "client2"}, "found: confirm: client2"),
        ({"interfaces": [nic("ether0")]}, "'ether0' is no slot"),
        ({"interfaces": [nic("ether9")]}, "ether1..ether8"),
        ({"interfaces": [nic("ether1"), nic("ether1")]}, "given twice"),
        ({"interfaces": [nic("ether1", static_interface="ether3", host_name="x")]}, "exclude each other"),
        ({"interfaces": [nic("ether1", static_interface="ether3", dynamic_bridge="b")]}, "belong to a dynamic interface"),
        ({"interfaces": [nic("ether1", type="dynamic", host_name="x")]}, "belong to a static interface"),
        ({"interfaces": [nic("ether1", type="static")]}, "needs static_interface or host_name"),
        ({"interfaces": [nic("ether1", vm_mac_address="2233445566")]}, "interfaces.ether1.vm_mac_address.*base-60"),
        ({"interfaces": [nic("ether1", host_addresses=["192.0.2.300/24"])]}, "interfaces.ether1.host_addresses"),
    ],
)
def test_a_wrong_option_is_named_with_its_limit(wrong: Options, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_guest(options(**wrong))


def test_openwrt_may_have_less_memory_and_an_image() -> None:
    spec = parse_guest(options(guest_os="openwrt", memory_size=16, image="flash/openwrt-mr-mips-rootfs.tgz"))
    assert (spec.memory_size, spec.image_name) == (16, "flash/openwrt-mr-mips-rootfs.tgz")


def test_a_new_routeros_guest_gets_memory_that_it_can_run_with() -> None:
    assert parse_guest(options()).new_memory == 32
    assert parse_guest(options(guest_os="openwrt")).new_memory == 16


@pytest.mark.parametrize(("given", "size"), [(None, None), ("unlimited", "unlimited"), ("0", "unlimited"), ("32000", 32000)])
def test_a_disk_of_0_has_no_limit_as_routeros_has_it(given: str | None, size: int | str | None) -> None:
    assert parse_guest(options(disk_size=given)).disk_size == size


def test_an_interface_with_something_to_be_bound_to_is_static() -> None:
    spec = parse_guest(options(interfaces=[nic("ether2", host_name="up"), nic("ether1", vm_mac_address="02:aa:bb:cc:dd:ee")]))
    assert [(entry.name, entry.type) for entry in spec.interfaces] == [("ether1", None), ("ether2", "static")]
    assert spec.interfaces[0].vm_mac_address == "02:AA:BB:CC:DD:EE"  # as RouterOS prints it


def test_one_wrong_guest_leaves_the_others() -> None:
    specs, errors = parse_guests([options(), options(name="client2", memory_size=1), options(name="client3"), options(name="client3")])
    assert (sorted(specs), sorted(errors)) == (["client1"], ["client2", "client3"])
