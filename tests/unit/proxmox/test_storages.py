# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages that hold something else on each node, and those that are the same everywhere."""

from __future__ import annotations

import pytest

from .clients import IMAGE, Client, Refused


@pytest.fixture
def cluster(client: Client) -> Client:
    client.pve.add_node("pve2")
    return client


def content(client: Client, node: str, storage: str = "local") -> list[str]:
    return [volume["volid"] for volume in client.call("get", f"nodes/{node}/storage/{storage}/content")]


def make(client: Client, node: str, **options: str) -> str:
    return str(client.call("post", f"nodes/{node}/qemu", vmid=100, **options))


def test_an_image_is_on_the_node_that_it_was_uploaded_to(cluster: Client) -> None:
    cluster.done(cluster.upload())
    assert (content(cluster, "pve1"), content(cluster, "pve2")) == (["local:import/chr.raw"], [])
    assert "failed to stat" in cluster.ended(make(cluster, "pve2", virtio0="local-lvm:0,import-from=local:import/chr.raw"))


def test_space_is_counted_on_each_node(cluster: Client) -> None:
    cluster.done(cluster.upload())
    avail = [cluster.call("get", f"nodes/{node}/storage/local/status")["avail"] for node in ("pve1", "pve2")]
    assert avail[1] - avail[0] == len(IMAGE)
    cluster.pve.storage("local-lvm", "pve2")["avail"] = 1 << 30
    assert "No space left on device" in cluster.ended(make(cluster, "pve2", virtio0="local-lvm:2"))
    cluster.done(make(cluster, "pve1", virtio0="local-lvm:2"))


def test_a_shared_storage_holds_the_same_on_each_node(cluster: Client) -> None:
    cluster.pve.storages["nfs"] = {"type": "nfs", "active": 1, "content": "images,import", "shared": 1, "files": set()}
    cluster.pve.store_file("nfs", "chr.raw", 1 << 20, "import")
    cluster.done(make(cluster, "pve2", virtio0="nfs:0,import-from=nfs:import/chr.raw"))
    assert content(cluster, "pve1", "nfs") == content(cluster, "pve2", "nfs")
    assert "nfs:100/vm-100-disk-0.raw" in content(cluster, "pve1", "nfs")


def test_a_storage_that_is_not_on_the_node_refuses(cluster: Client) -> None:
    cluster.pve.storages["local-lvm"]["nodes"] = "pve1"
    with pytest.raises(Refused, match="500 storage 'local-lvm' is not available on node 'pve2'"):
        make(cluster, "pve2", virtio0="local-lvm:1")
    assert [store["storage"] for store in cluster.call("get", "nodes/pve2/storage", enabled=1) if store["active"]] == ["local"]


def test_a_router_boots_from_the_disk_on_its_node(cluster: Client) -> None:
    cluster.done(cluster.upload(node="pve2"))
    cluster.done(make(cluster, "pve2", virtio0="local-lvm:0,import-from=local:import/chr.raw", boot="order=virtio0", agent="1"))
    cluster.done(cluster.call("post", "nodes/pve2/qemu/100/status/start"))
    assert cluster.call("post", "nodes/pve2/qemu/100/agent/ping") == {"result": {}}
