# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that move, nodes that go away, and the manager of high availability."""

from __future__ import annotations

import typing as t

import pytest

from .clients import Client, Refused

GONE = "500 Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"


@pytest.fixture
def cluster(client: Client) -> Client:
    """Two nodes, and a router on the first."""
    client.pve.add_node("pve2")
    client.done(client.upload())
    client.done(client.create())
    return client


def status(client: Client, node: str = "pve1") -> dict[str, t.Any]:
    return dict(client.call("get", f"nodes/{node}/qemu/100/status/current"))


def test_a_guest_that_moved_is_unknown_where_it_was_and_runs_where_it_is(cluster: Client) -> None:
    cluster.done(cluster.vm("post", "status/start"))
    assert cluster.run("/system/identity/set name=edge1")[0] == 0
    cluster.pve.move(100, "pve2")
    for method, path in (("get", "config"), ("get", "pending"), ("put", "config"), ("post", "status/stop")):
        with pytest.raises(Refused, match=GONE):
            cluster.vm(method, path, **({"cores": 2} if method == "put" else {}))
    assert cluster.call("get", "nodes/pve1/qemu") == []
    [guest] = cluster.call("get", "cluster/resources", type="vm")
    assert guest["node"] == "pve2"
    assert status(cluster, "pve2")["status"] == "running"
    cluster.done(cluster.call("post", "nodes/pve2/qemu/100/status/reboot"))
    answer = cluster.raw("POST", "nodes/pve2/qemu/100/agent/exec", json={"command": [], "input-data": ":put [/system/identity get name]"})
    assert cluster.call("get", "nodes/pve2/qemu/100/agent/exec-status", pid=answer.json()["data"]["pid"])["out-data"] == "edge1\r\n"


def test_the_disks_of_a_guest_that_moved_go_with_it(cluster: Client) -> None:
    cluster.vm("put", "config", virtio1="local-lvm:1")
    cluster.vm("put", "config", delete="virtio1")
    cluster.pve.move(100, "pve2")
    volumes = {node: [one["volid"] for one in cluster.call("get", f"nodes/{node}/storage/local-lvm/content")] for node in ("pve1", "pve2")}
    assert volumes == {"pve1": [], "pve2": ["local-lvm:vm-100-disk-0", "local-lvm:vm-100-disk-1"]}
    cluster.done(cluster.call("delete", "nodes/pve2/qemu/100"))
    assert cluster.call("get", "nodes/pve2/storage/local-lvm/content") == []


def test_a_guest_that_migrates_is_there_with_its_disk_when_the_task_ended(cluster: Client) -> None:
    pve = cluster.pve
    with pve.hold_tasks("qmigrate"):
        upid = pve.here(pve.migrate(100, "pve2"))
        assert [one["vmid"] for one in cluster.call("get", "nodes/pve1/qemu")] == [100]
    while cluster.call("get", f"nodes/pve1/tasks/{upid}/status")["status"] == "running":
        pass
    [guest] = cluster.call("get", "nodes/pve2/qemu")
    assert guest["vmid"] == 100 and "lock" not in guest
    cluster.done(cluster.call("post", "nodes/pve2/qemu/100/status/start"))
    assert pve.ask(100, ":put hello") == "hello\r\n"


def test_a_clone_on_another_node_needs_shared_disks(cluster: Client) -> None:
    with pytest.raises(Refused, match=r"500 can't clone VM to node 'pve2' \(VM uses local storage\)"):
        cluster.vm("post", "clone", newid=101, target="pve2", full=1)
    cluster.done(cluster.vm("post", "clone", newid=101, full=1))


def test_a_node_that_is_away_takes_only_its_own_paths_with_it(cluster: Client) -> None:
    cluster.call("post", "nodes/pve2/qemu", vmid=101, name="edge2")
    cluster.pve.pvestatd()
    cluster.pve.set_node_offline("pve2")
    for path in ("qemu", "qemu/101/config", "qemu/101/pending", "qemu/101/agent/exec-status?pid=1", "network", "storage"):
        with pytest.raises(Refused, match="595 No route to host"):
            cluster.call("get", f"nodes/pve2/{path}")
    assert cluster.vm("get", "config")["name"] == "edge1"
    found = {item["id"]: item for item in cluster.call("get", "cluster/resources")}
    assert found["node/pve2"]["status"] == "offline" and "maxmem" not in found["node/pve2"]
    assert found["storage/pve2/local"]["status"] == "unknown" and "maxdisk" not in found["storage/pve2/local"]
    assert (found["qemu/101"]["name"], found["qemu/101"]["status"], found["qemu/101"]["node"]) == ("edge2", "stopped", "pve2")
    cluster.pve.pvestatd()
    guests = {item["vmid"]: item for item in cluster.call("get", "cluster/resources", type="vm")}
    assert guests[101]["status"] == "unknown" and "name" not in guests[101] and guests[100]["name"] == "edge1"
    cluster.pve.set_node_offline("pve2", offline=False)
    assert cluster.call("get", "nodes/pve2/qemu/101/config")["name"] == "edge2"


@pytest.mark.parametrize("path", ["qemu", "qemu/100/config", "qemu/100/status/current", "storage"])
def test_a_node_that_nobody_knows_is_no_name(client: Client, path: str) -> None:
    with pytest.raises(Refused, match="500 hostname lookup 'pve9' failed"):
        client.call("get", f"nodes/pve9/{path}")


def test_tasks_of_high_availability_end_before_the_guest_changes(cluster: Client) -> None:
    cluster.pve.vm(100).ha_state = "stopped"
    upid = cluster.vm("post", "status/start")
    assert upid.split(":")[5] == "hastart"
    cluster.done(upid)
    assert [status(cluster)["status"] for dummy in range(3)] == ["stopped", "stopped", "running"]
    assert cluster.run(":put hello") == (0, "hello\r\n")
    assert status(cluster)["ha"] == {"managed": 1, "state": "started"}
    upid = cluster.vm("post", "status/shutdown")
    assert upid.split(":")[5] == "hastop"
    cluster.done(upid)
    assert status(cluster)["status"] == "running"
    cluster.pve.ha_manager(100)
    assert (status(cluster)["status"], cluster.pve.machines) == ("stopped", {})


def test_the_manager_gives_up_on_a_guest_that_cannot_start(cluster: Client) -> None:
    cluster.pve.vm(100).ha_state = "stopped"
    cluster.vm("put", "config", net0="virtio,bridge=vmbr9")
    cluster.done(cluster.vm("post", "status/start"))
    cluster.pve.ha_manager(100)
    assert (status(cluster)["status"], status(cluster)["ha"]["state"]) == ("stopped", "error")
    [guest] = cluster.call("get", "cluster/resources", type="vm")
    assert guest["hastate"] == "error"
