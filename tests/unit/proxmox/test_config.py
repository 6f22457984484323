# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a configuration, of guests that run and that do not."""

from __future__ import annotations

import re
import typing as t

import pytest

from .clients import IMPORTED, NET, Client, Refused


@pytest.fixture
def guest(client: Client) -> Client:
    client.upload()
    client.create()
    return client


@pytest.fixture
def running(guest: Client) -> Client:
    guest.done(guest.vm("post", "status/start"))
    return guest


def pending(client: Client) -> dict[str, t.Any]:
    return {item["key"]: item.get("pending", item.get("delete")) for item in client.vm("get", "pending") if {"pending", "delete"} & set(item)}


def test_a_nic_without_a_mac_gets_a_new_one_each_time(guest: Client) -> None:
    found = set()
    for dummy in range(2):
        guest.vm("put", "config", net0="virtio,bridge=vmbr0")
        found.add(guest.vm("get", "config")["net0"])
    assert len(found) == 2
    assert all(re.fullmatch(r"virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vmbr0", value) for value in found)


def test_a_nic_is_stored_with_its_keys_sorted(guest: Client) -> None:
    guest.vm("put", "config", net0="tag=10,link_down=1,bridge=vmbr0,virtio=02:00:00:00:00:01")
    assert guest.vm("get", "config")["net0"] == "virtio=02:00:00:00:00:01,bridge=vmbr0,link_down=1,tag=10"


def test_importing_again_keeps_the_old_disk_as_unused(guest: Client) -> None:
    guest.done(guest.vm("post", "config", virtio0=IMPORTED))
    config = guest.vm("get", "config")
    assert config["virtio0"].startswith("local-lvm:vm-100-disk-1,") and config["unused0"] == "local-lvm:vm-100-disk-0"
    guest.vm("put", "config", delete="unused0")
    volumes = guest.call("get", "nodes/pve1/storage/local-lvm/content")
    assert [volume["volid"] for volume in volumes] == ["local-lvm:vm-100-disk-1"]


def test_a_deleted_disk_stays_as_unused_unless_forced(guest: Client) -> None:
    guest.vm("put", "config", virtio1="local-lvm:1", boot="order=virtio0;virtio1")
    guest.vm("put", "config", delete="virtio1")
    assert guest.vm("get", "config")["unused0"] == "local-lvm:vm-100-disk-1"
    guest.vm("put", "config", delete="virtio0", force=1)
    volumes = guest.call("get", "nodes/pve1/storage/local-lvm/content")
    assert [volume["volid"] for volume in volumes] == ["local-lvm:vm-100-disk-1"]


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({}, 500, "no options specified"),
        ({"digest": "0" * 40}, 500, "no options specified"),
        ({"digest": "0" * 40, "cores": 2}, 500, "checksum mismatch (file change by other user?)"),
        ({"boot": "order=virtio9"}, 500, "invalid bootorder: device 'virtio9' does not exist'"),
        ({"virtio1": "local-lvm:0,import-from=local:import/none.raw"}, 500, "failed to stat '/var/lib/vz/import/none.raw'"),
    ],
)
def test_what_a_change_refuses(guest: Client, change: dict[str, t.Any], status: int, text: str) -> None:
    before = guest.vm("get", "config")
    with pytest.raises(Refused) as refused:
        guest.vm("put", "config", **change)
    assert (refused.value.status, refused.value.text) == (status, text)
    assert guest.vm("get", "config") == before


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"delete": "bogus"}, {"delete": "unknown option 'bogus'"}),
        ({"delete": "cores", "cores": 2}, {"delete": "you can't use '-cores' and -delete cores' at the same time"}),
        ({"net0": "virtio,trunks=10;x"}, {"net0": "invalid format - format error\nnet0.trunks: value does not match the regex pattern\n"}),
        ({"net32": "virtio"}, {"net32": "property is not defined in schema and the schema does not allow additional properties"}),
        ({"onboot": "True"}, {"onboot": "type check ('boolean') failed - got 'True'"}),
        ({"onboot": "yes"}, {"onboot": "type check ('boolean') failed - got 'yes'"}),
    ],
)
def test_parameters_that_a_change_refuses(guest: Client, change: dict[str, t.Any], errors: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        guest.vm("put", "config", **change)
    assert (refused.value.status, refused.value.errors) == (400, errors)


def test_a_locked_guest_refuses_and_a_busy_one_too(guest: Client) -> None:
    guest.pve.snapshot_lock(100, "backup")
    with pytest.raises(Refused, match=r"500 VM is locked \(backup\)"):
        guest.vm("put", "config", cores=2)
    guest.pve.unlock(100)
    guest.pve.vm(100).lock_holder = "scenario"
    with pytest.raises(Refused, match=r"500 can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"):
        guest.vm("put", "config", cores=2)


def test_a_task_that_ends_in_time_answers_nothing_or_its_error(guest: Client) -> None:
    assert guest.vm("post", "config", cores=2, background_delay=5) is None
    with pytest.raises(Refused, match="500 checksum mismatch"):
        guest.vm("post", "config", cores=3, digest="0" * 40, background_delay=5)
    assert guest.ended(guest.vm("post", "config", cores=3, digest="0" * 40)).startswith("checksum mismatch")


def test_what_a_running_guest_takes_at_once_and_what_waits(running: Client) -> None:
    running.vm("put", "config", cores=2, memory=1024, agent="0", description="hello", tags="B,a;b", net0=NET.replace("vmbr0", "vmbr0,tag=7"))
    assert pending(running) == {"agent": "0", "cores": 2, "memory": "1024"}
    assert running.vm("get", "config")["memory"] == "1024" and "cores" not in running.vm("get", "config", current=1)
    now = running.vm("get", "config", current=1)
    assert (now["tags"], now["description"]) == ("a;b", "hello") and "tag=7" in now["net0"]
    running.vm("put", "config", revert="agent,memory")
    assert pending(running) == {"cores": 2}
    running.done(running.vm("post", "status/reboot"))
    assert pending(running) == {} and running.vm("get", "config", current=1)["cores"] == 2


def test_an_empty_text_is_no_text(guest: Client) -> None:
    guest.vm("put", "config", description="hello")
    assert guest.raw("PUT", "nodes/pve1/qemu/100/config", data={"description": ""}).status_code == 200
    assert "description" not in guest.vm("get", "config")


def test_what_is_pending_changes_the_digest(running: Client) -> None:
    before = running.vm("get", "config")["digest"]
    running.vm("put", "config", cores=2)
    with pytest.raises(Refused, match="checksum mismatch"):
        running.vm("put", "config", cores=3, digest=before)


def test_a_nic_that_cannot_be_plugged_stays_pending_beside_the_rest(running: Client) -> None:
    wanted = "virtio=02:00:00:00:00:02,bridge=vmbr9"
    with pytest.raises(Refused) as refused:
        running.vm("put", "config", net1=wanted, cores=2)
    assert (refused.value.status, refused.value.errors) == (400, {"net1": "hotplug problem - bridge 'vmbr9' does not exist"})
    assert pending(running) == {"cores": 2, "net1": wanted}


def test_a_nic_that_is_plugged_shows_in_the_router_and_goes_again(running: Client) -> None:
    running.vm("put", "config", net1="virtio=02:00:00:00:00:02,bridge=vmbr0")
    assert running.run(":put [/interface get ether2 mac-address]") == (0, "02:00:00:00:00:02\r\n")
    running.vm("put", "config", delete="net1")
    assert running.run(":put [:len [/interface find where name=ether2 running]]") == (0, "0\r\n")


def test_an_option_needs_the_privilege_of_its_kind(operator: Client, password: Client) -> None:
    password.create(virtio0=None, boot=None)
    for option, privilege in (("scsihw", "VM.Config.HWType"), ("ostype", "VM.Config.Options"), ("boot", "VM.Config.Disk")):
        with pytest.raises(Refused, match="403"):
            operator.vm("put", "config", **{option: {"scsihw": "virtio-scsi-pci", "ostype": "l26", "boot": "order=net0"}[option]})
        operator.pve.grant("operator@pve", "/vms/100", privilege)
        operator.vm("put", "config", **{option: {"scsihw": "virtio-scsi-pci", "ostype": "l26", "boot": "order=net0"}[option]})
    with pytest.raises(Refused, match="403 only root can set 'args' config"):
        operator.vm("put", "config", args="-nodefaults")


def test_a_disk_that_was_unused_is_put_to_use_again(guest: Client) -> None:
    guest.vm("put", "config", delete="virtio0")
    guest.vm("put", "config", virtio1="local-lvm:vm-100-disk-0")
    config = guest.vm("get", "config")
    assert config["virtio1"].startswith("local-lvm:vm-100-disk-0,size=") and "unused0" not in config
    with pytest.raises(Refused, match="500 volume local-lvm:vm-100-disk-9 does not exist"):
        guest.vm("put", "config", virtio2="local-lvm:vm-100-disk-9")
