# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox's own notations, read and written."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import Mark
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox import mark
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.properties import (
    Drive,
    Net,
    bytes_of,
    drives,
    is_enabled,
    system_drive,
    tags,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.wires import parse_trunk, render_trunk, wire, wire_of
from hypothesis import given
from hypothesis import strategies as st

VLANS = st.sets(st.integers(1, 4094), max_size=30)


@given(VLANS)
def test_a_trunk_comes_back_as_it_went(vlans: set[int]) -> None:
    assert parse_trunk(render_trunk(vlans)) == tuple(sorted(vlans))


def test_one_wire_is_written_in_one_way() -> None:
    assert wire_of({"bridge": "vmbr0", "trunks": "30;10;20-21"}) == wire("vmbr0", None, (10, 20, 21, 30)) == "vmbr0 trunk 10;20;21;30"
    assert wire_of({"bridge": "vmbr0", "tag": "7"}) == wire("vmbr0", 7, None) == "vmbr0.7"
    assert wire_of({}) == ""


@pytest.mark.parametrize("text", ["virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,host-tunnel=1", "e1000=02:00:00:00:00:01,link_down=1"])
def test_an_interface_keeps_what_we_do_not_know(text: str) -> None:
    assert str(Net.parse(text)) == text
    assert str(Net.parse(text).with_options(rate=5).with_options(rate=None)) == text


def test_an_interface_is_read_however_it_is_written() -> None:
    spelled = Net.parse("bridge=vmbr0,model=virtio,macaddr=02:00:00:00:00:AA,link_down=1")
    assert (spelled.model, spelled.mac, spelled.options["bridge"], spelled.link) == ("virtio", "02:00:00:00:00:aa", "vmbr0", False)


def test_disks() -> None:
    config = {
        "ide2": "local:iso/x.iso,media=cdrom",
        "scsi0": "nas:9/a.qcow2,size=4G",
        "virtio0": "lvm:vm-1-disk-0,serial=abc,size=128M",
        "boot": "order=ide2;virtio0",
    }
    assert list(drives(config)) == ["scsi0", "virtio0"] and system_drive(config) == "virtio0"
    assert system_drive({**config, "boot": ""}) == "virtio0" and system_drive({}) == ""
    drive = Drive.parse(config["virtio0"])
    assert (drive.volume, drive.size, str(drive)) == ("lvm:vm-1-disk-0", 128 << 20, config["virtio0"])
    assert [bytes_of(text) for text in ("70000", "1.5G", "nonsense")] == [70000, 3 << 29, 0]


def test_an_agents_switch_and_tags() -> None:
    assert [is_enabled(text) for text in ("1", "0", "enabled=1,type=virtio", "fstrim_cloned_disks=1", 1)] == [True, False, True, False, True]
    assert tags("b;A, c;b") == ["a", "b", "c"] and tags(None) == []


MARKS = st.builds(Mark, st.text(), st.text(), st.booleans(), st.booleans(), st.integers(0, 1 << 20), st.text(), st.text(), st.text())


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))), MARKS)
def test_a_mark_comes_back_as_it_was_written(description: str, made: Mark) -> None:
    assert mark.split(mark.join(description, made) + "\n") == (description, made)


@pytest.mark.parametrize("line", ["{", "[]", '{"unknown": 1}', '{"configured": "yes"}', '{"disk_size": true}'])
def test_a_mark_that_somebody_spoiled_is_named(line: str) -> None:
    with pytest.raises(HypervisorError, match="the guest's mark cannot be read"):
        mark.split(f"theirs\n{mark.LINE}{line}")
