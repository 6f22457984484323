# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a guest's configuration: made, changed, found and removed, with all that others put there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulators.proxmox.config import digest
from tests.simulators.proxmox.serving import ChrPve

from .support import Options, add_foreign, connect, converge, guest, image, state, tried, vm


@pytest.fixture
def path(tmp_path: Path) -> str:
    return image(tmp_path / "chr-7.20.8.img")


def test_a_new_guest_has_all_that_a_chr_needs_and_nothing_else(pve: ChrPve, options: Options, path: str) -> None:
    more = {"description": "Edge\nof the lab", "cpus": 2, "disk_size": 256, "proxmox": {"tags": ["Lab", "edge"], "cpu": "host"}}
    converge(options, guest("edge1", path, **more))
    config = dict(vm(pve, "edge1").config)
    uuid = config["smbios1"].removeprefix("uuid=")
    macs = [config[key].split("=")[1].split(",")[0] for key in ("net0", "net1")]
    assert re.fullmatch(r"local-lvm:vm-100-disk-0,serial=[0-9a-f]{20},size=256M", config.pop("virtio0"))
    notes = config.pop("description").split("\n")
    assert notes[:2] == ["Edge", "of the lab"] and notes[-1].startswith('vrouter.mikrotik: {"version": "7.20.8"') and uuid in notes[-1]
    assert all(mac.startswith("02:") for mac in macs)
    for key in ("meta", "vmgenid", "smbios1"):
        config.pop(key)
    assert {key: str(value) for key, value in config.items()} == {
        "name": "edge1",
        "tags": "edge;lab;vrouter.mikrotik",
        "sockets": "1",
        "cores": "2",
        "memory": "320",
        "ostype": "l26",
        "agent": "1",
        "onboot": "1",
        "machine": "pc",
        "cpu": "host",
        "serial0": "socket",
        "boot": "order=virtio0",
        "net0": f"virtio={macs[0]},bridge=vmbr0,link_down=1",
        "net1": f"virtio={macs[1]},bridge=vmbr0,link_down=1,tag=20",
    }


def test_what_an_interface_is_told_at_creation_is_in_its_options(pve: ChrPve, options: Options, path: str) -> None:
    networks = [{"name": "core", "attach_to": "vmbr0", "vlan_trunk": [30, 10, 31, 32]}]
    nic = {"name": "ether1", "network": "core", "mac": "02:00:00:00:00:aa", "proxmox": {"queues": 2, "rate": 12.5, "firewall": True}}
    wanted = guest("edge1", path, networks=networks, interfaces=[nic])
    converge(options, wanted)
    made = "virtio=02:00:00:00:00:AA,bridge=vmbr0,firewall=1,link_down=1,queues=2,rate=12.5,trunks=10;30-32"
    assert vm(pve, "edge1").config["net0"] == made
    assert not converge(options, wanted)["edge1"].has_changed, "compared parsed, the trunk as numbers"


def test_a_change_keeps_what_it_does_not_know(pve: ChrPve, options: Options, path: str) -> None:
    wanted = guest("edge1", path, state="started")
    converge(options, wanted)
    before = vm(pve, "edge1").config
    before["net0"] = before["net0"].replace("link_down=1", "link_down=1,mtu=1400")
    before["hookscript"] = "local:snippets/theirs.pl"
    nics = [{"name": "ether1", "network": "vmbr0", "proxmox": {"rate": 5}}, {"name": "ether2", "network": "lan"}]
    changed = converge(options, {**wanted, "interfaces": nics, "configured": True, "description": "new", "autostart": False})["edge1"]
    fields = [change.field for change in changed.changes]
    assert sorted(fields) == [
        "autostart",
        "configured",
        "description",
        "interfaces.ether1.link",
        "interfaces.ether1.proxmox.rate",
        "interfaces.ether2.link",
    ]
    after = vm(pve, "edge1").config
    mac = re.search("virtio=([^,]+)", before["net0"])
    assert mac and after["net0"] == f"virtio={mac[1]},bridge=vmbr0,mtu=1400,rate=5"
    assert (after["hookscript"], after["onboot"]) == ("local:snippets/theirs.pl", 0)
    assert after["description"].startswith("new\n\nvrouter.mikrotik: ") and '"configured": true' in after["description"]
    assert vm(pve, "edge1").pending == {}


def test_a_link_that_waits_for_the_next_start_is_not_told_as_closed(
    pve: ChrPve, options: Options, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    converge(options, guest("edge1", path, state="started"))
    converge(options, guest("edge1", path, configured=True))
    monkeypatch.setattr("tests.simulators.proxmox.config._NET", re.compile("nothing"))  # the guest's option hotplug says so
    closing = tried(options, guest("edge1", path, configured=False))["edge1"]
    assert "this waits for the guest's next start" in str(closing.error)
    assert [change.field for change in closing.changes] == []
    assert all(nic.link for nic in state(options, "edge1").interfaces)


def test_a_mistake_in_the_notes_is_one_guests(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path), guest("edge2", path))
    vm(pve, "edge1").config["description"] = "vrouter.mikrotik: {"
    outcomes = tried(options, guest("edge1", path), guest("edge2", path))
    assert "the guest's mark cannot be read" in str(outcomes["edge1"].error) and outcomes["edge2"].error is None


def test_removal_takes_every_disk_of_the_guest_and_no_other(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path), guest("edge2", path))
    mine = vm(pve, "edge1")
    volumes = pve.storages["local-lvm"]["volumes"]
    volumes["vm-900-disk-7"] = {"content": "images", "format": "raw", "size": 1, "vmid": 900}
    volumes[f"vm-{mine.vmid}-disk-1"] = {"content": "images", "format": "raw", "size": 1, "vmid": mine.vmid}
    mine.config["unused0"] = f"local-lvm:vm-{mine.vmid}-disk-1"
    converge(options, {"name": "edge1", "state": "absent", "confirm": "edge1"})
    other = vm(pve, "edge2").vmid
    assert set(volumes) == {"vm-900-disk-7", f"vm-{other}-disk-0"}
    assert pve.asked[-1].method == "GET" and "purge=1" in "".join(one.query for one in pve.asked if one.method == "DELETE")


def test_two_guests_of_one_name_are_both_listed_and_nobody_is_touched(
    pve: ChrPve, options: Options, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.cluster.DOUBLED", 0.1)
    converge(options, guest("edge1", path), guest("edge2", path))
    other = add_foreign(pve, "edge1")
    outcomes = tried(options, guest("edge1", path, description="new"), guest("edge2", path))
    said = str(outcomes["edge1"].error)
    assert f"VM {vm(pve, 'edge1').vmid} on node pve1" in said and f"VM {other.vmid} on node pve1" in said
    assert outcomes["edge2"].error is None


def test_a_guest_of_somebody_elses_is_refused_with_its_place(pve: ChrPve, options: Options, path: str) -> None:
    theirs = add_foreign(pve, "edge1")
    before = digest(theirs)
    said = str(tried(options, guest("edge1", path, state="started"))["edge1"].error)
    assert "is not ours (found: 900 on pve1" in said and digest(theirs) == before and pve.vms == [theirs]


def test_a_guest_that_moves_while_it_is_worked_on_is_followed(pve: ChrPve, options: Options, path: str) -> None:
    pve.add_node("pve2")
    converge(options, guest("edge1", path, proxmox={"node": "pve1"}))
    with connect(options) as driver:
        found = driver.observe(["edge1"]).guests["edge1"]
        pve.move(int(found.id), "pve2")
        assert driver.write_mark(found.ref, lambda mark: mark.configured_on(found.uuid, str(found.disk_id)))
    assert '"configured": true' in vm(pve, "edge1").config["description"]
    moved = converge(options, guest("edge1", path, proxmox={"node": "pve1"}))["edge1"]
    assert moved.facts["location"] == "pve2" and not moved.has_changed, "never moved back"
    assert "it is on node pve2, not on pve1: node counts when a guest is made, and it stays where it is" in moved.warnings


def test_what_waits_for_the_next_start_is_told(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path, state="started"))
    vm(pve, "edge1").pending["memory"] = "512"
    outcome = converge(options, guest("edge1", path, memory=512))["edge1"]
    assert not outcome.has_changed and outcome.facts["proxmox"]["pending"] == ["memory"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"proxmox": {"cpu": "host,hidden=1"}}, "hidden=1 hides KVM"),
        ({"proxmox": {"vmid": 7}}, "vmid: 7 is out of range"),
        ({"proxmox": {"tags": ["lab", "Pröd !"]}}, "'Pröd !' is no tag"),
        ({"description": "A\nvrouter.mikrotik: own"}, "is our mark's"),
        ({"interfaces": [{"name": "ether1", "network": "vmbr0", "proxmox": {"rate": -5}}]}, "ether1.proxmox.rate: -5 is out of range"),
        ({"proxmox": {"vmid": 900}}, "vmid: 900 is taken"),
        ({"proxmox": {"node": "pve7"}}, "there is no node pve7 (found: pve1)"),
        ({"proxmox": {"storage": "nas"}}, "has no storage nas (those for content images: local, local-lvm)"),
        ({"proxmox": {"storage": "local-lvm", "image_storage": "local-lvm"}}, "does not take content import (those that do: local)"),
        ({"proxmox": {"template": "golden"}}, "no template is golden"),
        ({"name": "edge_1"}, "as in DNS"),
        ({"disk_size": 128, "description": "x" * 8000}, "8000 characters are too many"),
        ({"interfaces": [{"name": "ether1", "network": "vmbr7"}]}, "node pve1 has no vmbr7"),
        ({"interfaces": [{"name": "ether1", "network": "vmbr0", "mac": "bc:24:11:00:00:00"}]}, "belongs to guest theirs"),
        ({"disk_bus": "scsi"}, "cannot be on scsi"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(pve: ChrPve, options: Options, path: str, more: Options, said: str) -> None:
    add_foreign(pve, "theirs")
    wanted = {**guest("edge1", path), **more}
    for check_mode in (True, False):
        outcome = tried(options, wanted, check_mode=check_mode)[wanted["name"]]
        assert said in str(outcome.error)
    assert [one.name for one in pve.vms] == ["theirs"]
