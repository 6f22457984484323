# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says of nodes, storages and guests, and how old that is."""

from __future__ import annotations

import typing as t

from .clients import Client

MAKING: dict[str, t.Any] = {"virtio0": None, "boot": None}


def resources(client: Client, kind: str | None = None) -> list[dict[str, t.Any]]:
    options = {"type": kind} if kind else {}
    return list(client.call("get", "cluster/resources", **options))


def only(client: Client) -> dict[str, t.Any]:
    [guest] = resources(client, "vm")
    return guest


def test_the_cluster_knows_no_name_of_a_young_guest(client: Client) -> None:
    client.create(**MAKING, tags="lab")
    assert only(client) == {"id": "qemu/100", "type": "qemu", "node": "pve1", "vmid": 100, "status": "unknown", "tags": "lab"}
    assert [guest["name"] for guest in client.call("get", "nodes/pve1/qemu")] == ["edge1"]
    client.pve.pvestatd()
    guest = only(client)
    assert (guest["name"], guest["status"], guest["template"], guest["tags"]) == ("edge1", "stopped", 0, "lab")


def test_the_name_and_the_state_are_those_that_were_told_last(client: Client) -> None:
    client.create(**MAKING)
    client.pve.pvestatd()
    client.vm("put", "config", name="edge2", tags="lab")
    client.done(client.vm("post", "status/start"))
    guest = only(client)
    assert (guest["name"], guest["status"], guest["tags"]) == ("edge1", "stopped", "lab")
    client.pve.pvestatd()
    assert (only(client)["name"], only(client)["status"]) == ("edge2", "running")


def test_an_id_that_is_used_again_has_the_name_of_its_last_guest_for_a_while(client: Client) -> None:
    client.create(**MAKING)
    client.pve.pvestatd()
    client.done(client.vm("delete", ""))
    client.create(**MAKING, name="other")
    assert only(client)["name"] == "edge1"


def test_a_lock_shows_at_once(client: Client) -> None:
    client.create(**MAKING)
    client.pve.snapshot_lock(100, "backup")
    assert only(client)["lock"] == "backup"


def test_nodes_tell_their_memory(client: Client) -> None:
    client.pve.add_node("pve2", mem=1 << 30, maxmem=64 << 30)
    for listed in (resources(client, "node"), client.call("get", "nodes")):
        first, second = listed
        assert (first["node"], second["node"]) == ("pve1", "pve2")
        assert first["maxmem"] == 8 << 30 and (second["mem"], second["maxmem"]) == (1 << 30, 64 << 30)


def test_who_may_not_audit_a_node_sees_that_it_is_there_and_no_more(operator: Client) -> None:
    operator.pve.grant("operator@pve", "/storage/local", "Datastore.Audit")
    assert [(item["type"], item["id"]) for item in resources(operator)] == [("node", "node/pve1"), ("storage", "storage/pve1/local")]
    [node] = resources(operator, "node")
    assert node["status"] == "online" and "maxmem" not in node
    assert "maxmem" not in operator.call("get", "nodes")[0]
    operator.pve.grant("operator@pve", "/nodes/pve1", "Sys.Audit")
    assert resources(operator, "node")[0]["maxmem"] == 8 << 30


def test_a_storage_has_an_entry_for_each_node_that_it_is_on(client: Client) -> None:
    client.pve.add_node("pve2")
    client.pve.storages["local-lvm"]["nodes"] = "pve2"
    client.pve.storages["nfs"] = {"type": "nfs", "active": 1, "content": "images,import", "shared": 1, "files": set()}
    found = {item["id"]: item for item in resources(client, "storage")}
    assert sorted(found) == ["storage/pve1/local", "storage/pve1/nfs", "storage/pve2/local", "storage/pve2/local-lvm", "storage/pve2/nfs"]
    assert found["storage/pve1/nfs"]["shared"] == 1 and found["storage/pve1/local"]["shared"] == 0
    assert found["storage/pve2/nfs"]["content"] == "images,import" and found["storage/pve2/nfs"]["plugintype"] == "nfs"


def test_a_storage_tells_what_is_used_of_it_on_that_node(client: Client) -> None:
    client.pve.add_node("pve2")
    client.pve.storages["nfs"] = {"type": "nfs", "active": 1, "content": "images", "shared": 1, "files": set()}
    client.create(virtio0="local-lvm:3", virtio1="nfs:2", boot=None)
    used = {item["id"].removeprefix("storage/"): item["disk"] >> 30 for item in resources(client, "storage")}
    assert used == {"pve1/local": 0, "pve2/local": 0, "pve1/local-lvm": 3, "pve2/local-lvm": 0, "pve1/nfs": 2, "pve2/nfs": 2}


def test_without_a_type_pools_and_containers_are_among_them(client: Client) -> None:
    client.pve.pools["lab"] = set()
    client.pve.add_ct(200, "web", node="pve1")
    client.create(**MAKING, pool="lab")
    assert {item["id"] for item in resources(client)} >= {"/pool/lab", "lxc/200", "qemu/100", "node/pve1", "storage/pve1/local"}
    assert {item["type"] for item in resources(client, "vm")} == {"qemu", "lxc"}
    assert next(item for item in resources(client, "vm") if item["vmid"] == 100)["pool"] == "lab"
