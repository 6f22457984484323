# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of /metarouter in every form in which RouterOS may render them: nobody has published one."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.read import vm_state, with_vifs
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api import Row

VM = {".id": "*1", "name": "mr0"}


def nic(number: int, **more: str) -> Row:
    return {".id": f"*{number:X}", "virtual-machine": "mr0", "type": "dynamic", **{key.replace("_", "-"): value for key, value in more.items()}}


@pytest.mark.parametrize(
    ("memory", "disk", "used", "expected"),
    [
        ("32MiB", "32000kiB", "5kiB", (32, 32000, 5)),
        ("32", "32000", "5", (32, 32000, 5)),
        ("32768", "32000", "5", (32, 32000, 5)),
        ("33554432", "32768000", "5120", (32, 32000, 5)),
        ("16MiB", "unlimited", "7383kiB", (16, "unlimited", 7383)),
        ("16MiB", "0kiB", "377kiB", (16, "unlimited", 377)),
        ("16", "0", "377", (16, "unlimited", 377)),
        ("256MiB", "1GiB", "1MiB", (256, 1048576, 1024)),
    ],
)
def test_sizes_are_read_with_and_without_units(memory: str, disk: str, used: str, expected: tuple[object, ...]) -> None:
    found = vm_state({**VM, "memory-size": memory, "disk-size": disk, "used-disk": used}, [])
    assert (found.memory_size, found.disk_size, found.used_disk) == expected


@pytest.mark.parametrize(("text", "disabled"), [("true", True), ("yes", True), ("false", False), ("no", False)])
def test_booleans_are_read_old_and_new(text: str, disabled: bool) -> None:
    assert vm_state({**VM, "disabled": text}, []).disabled is disabled


def test_slots_come_from_our_mark_and_else_from_the_order_in_which_interfaces_were_made() -> None:
    rows = [nic(11), nic(2), nic(3, comment="(vrouter.mikrotik ether1)")]
    found = vm_state(VM, rows)
    assert [(entry.name, entry.id) for entry in found.interfaces] == [("ether1", "*3"), ("ether2", "*2"), ("ether3", "*B")]
    assert found.ours


def test_a_static_interface_stands_for_itself_and_a_dynamic_one_for_the_vif_with_its_mac() -> None:
    found = vm_state({**VM, "state": "running"}, [nic(1, dynamic_mac_address="02:00:00:00:00:0a"), nic(2, type="static", static_interface="up")])
    vifs = [{"name": "vif7", "type": "vif", "mac-address": "02:00:00:00:00:0A"}, {"name": "up", "type": "virtual-ethernet"}]
    assert [entry.host_interface for entry in with_vifs({"mr0": found}, vifs)["mr0"].interfaces] == ["vif7", "up"]


def test_without_mac_addresses_the_vifs_of_a_single_guest_are_told_by_their_order_and_of_two_they_are_not() -> None:
    vifs = [{"name": "vif10", "type": "vif"}, {"name": "vif9", "type": "vif"}]
    one = vm_state({**VM, "state": "running"}, [nic(1), nic(2)])
    assert [entry.host_interface for entry in with_vifs({"mr0": one}, vifs)["mr0"].interfaces] == ["vif9", "vif10"]
    two = {"mr0": vm_state({**VM, "state": "running"}, [nic(1)]), "mr1": vm_state({**VM, "name": "mr1", "state": "running"}, [nic(2)])}
    assert [entry.host_interface for vm in with_vifs(two, vifs).values() for entry in vm.interfaces] == ["", ""]
