# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One guest from its image to its removal, as a driver walks it."""

from __future__ import annotations

import pytest

from .clients import IMAGE, Client, Refused, sha256
from .conftest import Start


@pytest.mark.parametrize("release", ["8.4", "9.0"])
def test_a_guest_from_image_to_removal(start: Start, release: str) -> None:
    client = start(release)
    client.done(client.upload(checksum_algorithm="sha256", checksum=sha256(IMAGE)))
    stored = client.call("get", "nodes/pve1/storage/local/content", content="import")
    assert [(volume["volid"], volume["size"]) for volume in stored] == [("local:import/chr.raw", len(IMAGE))]

    client.done(client.create())
    client.done(client.vm("put", "resize", disk="virtio0", size="1G"))
    assert client.vm("get", "config")["virtio0"] == "local-lvm:vm-100-disk-0,size=1G"

    client.done(client.vm("post", "status/start"))
    assert client.run(":put [/system/resource get version]")[1].startswith("7.20.8")
    assert client.run(":put [/interface get ether1 running]") == (0, "false\r\n")

    before = client.vm("get", "config")
    client.vm("put", "config", net0=before["net0"].replace("link_down=1", "link_down=0"), digest=before["digest"])
    assert client.run(":put [/interface get ether1 running]") == (0, "true\r\n")
    assert client.vm("get", "config")["net0"] == "virtio=02:00:00:00:00:01,bridge=vmbr0,link_down=0"

    client.done(client.vm("post", "status/shutdown", timeout=60))
    client.done(client.vm("delete", "", purge=1))
    assert client.call("get", "nodes/pve1/qemu") == []
    assert client.call("get", "nodes/pve1/storage/local-lvm/content") == []
    with pytest.raises(Refused, match=r"Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"):
        client.vm("get", "config")


@pytest.mark.parametrize("release", ["7.4", "8.0"])
def test_before_8_4_an_image_comes_by_the_path_of_root(start: Start, release: str) -> None:
    client = start(release)
    client.pve.host_files["/root/chr.raw"] = IMAGE
    root = Client(client.pve, client.certificate)
    with pytest.raises(Refused) as refused:
        root.upload()
    assert refused.value.errors == {"content": "value 'import' does not have a value in the enumeration 'iso, vztmpl'"}
    root.done(root.create(virtio0="local-lvm:0,import-from=/root/chr.raw"))
    grown = root.vm("put", "resize", disk="virtio0", size="1G")
    assert grown is None if release == "7.4" else root.ended(grown) == "OK"
    assert root.vm("get", "config")["virtio0"].endswith("size=1G")


def test_what_the_router_was_told_is_there_after_a_restart(client: Client) -> None:
    client.upload()
    client.create()
    client.vm("post", "status/start")
    assert client.run("/system/identity/set name=edge1")[0] == 0
    client.done(client.vm("post", "status/reboot"))
    assert client.run(":put [/system/identity get name]") == (0, "edge1\r\n")


def test_a_clone_has_macs_and_a_uuid_of_its_own_and_the_state_of_the_disk(client: Client) -> None:
    client.upload()
    client.create(vmid=101, name="template")
    client.done(client.call("post", "nodes/pve1/qemu/101/template"))
    client.done(client.call("post", "nodes/pve1/qemu/101/clone", newid=100, name="edge1"))
    original, clone = client.call("get", "nodes/pve1/qemu/101/config"), client.vm("get", "config")
    assert clone["net0"] != original["net0"] and clone["smbios1"] != original["smbios1"]
    client.done(client.vm("post", "status/start"))
    assert client.run(":put [/system/identity get name]") == (0, "MikroTik\r\n")
    with pytest.raises(Refused, match="unable to create VM 100: config file already exists"):
        client.call("post", "nodes/pve1/qemu/101/clone", newid=100)


def test_a_missing_bridge_is_found_at_the_start_only(client: Client) -> None:
    client.upload()
    client.done(client.create(net0="virtio,bridge=vmbr9", start=1))
    assert client.vm("get", "status/current")["status"] == "stopped"
    assert client.ended(client.vm("post", "status/start")) == "bridge 'vmbr9' does not exist"
    client.vm("put", "config", net0="virtio,bridge=vmbr0")
    client.done(client.vm("post", "status/start"))
    assert client.ended(client.vm("post", "status/start")) == "VM 100 already running"


def test_shutting_down_what_is_off_is_fine_and_removing_what_runs_is_not(client: Client) -> None:
    client.upload()
    client.create()
    client.done(client.vm("post", "status/shutdown"))
    client.vm("post", "status/start")
    with pytest.raises(Refused, match="VM 100 is running - destroy failed"):
        client.vm("delete", "")
    client.vm("post", "status/suspend")
    with pytest.raises(Refused, match="VM is paused - cannot shutdown"):
        client.vm("post", "status/shutdown")


def test_a_guest_without_acpi_does_not_shut_down_in_time(client: Client) -> None:
    client.create(virtio0=None, boot=None)
    client.vm("post", "status/start")
    client.pve.vm(100).acpi = False
    assert client.ended(client.vm("post", "status/shutdown", timeout=1)) == "VM quit/powerdown failed - got timeout"
    client.done(client.vm("post", "status/stop"))
    assert client.vm("get", "status/current")["status"] == "stopped"


def test_a_taken_id_says_so_at_once(client: Client) -> None:
    client.create(virtio0=None, boot=None)
    with pytest.raises(Refused, match="500 unable to create VM 100 - VM 100 already exists on node 'pve1'"):
        client.create(virtio0=None, boot=None)
    assert str(client.call("get", "cluster/nextid")) == "101"
    with pytest.raises(Refused) as refused:
        client.call("get", "cluster/nextid", vmid=100)
    assert refused.value.errors == {"vmid": "VM 100 already exists"}


def test_tasks_that_take_their_time(client: Client) -> None:
    client.upload()
    client.create()
    client.pve.time_scale = 0.01
    client.pve.vm(100).start_secs = client.pve.vm(100).shutdown_secs = 20
    for action, state in (("start", "running"), ("shutdown", "stopped")):
        upid = client.vm("post", f"status/{action}")
        assert client.call("get", f"nodes/pve1/tasks/{upid}/status")["status"] == "running"
        while client.call("get", f"nodes/pve1/tasks/{upid}/status")["status"] == "running":
            assert client.vm("get", "status/current")["status"] in ("running", "stopped")
        client.done(upid)
        assert client.vm("get", "status/current")["status"] == state
        assert (100 in client.pve.machines) is (state == "running")
