# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several nodes that answer for the cluster, and reloads after which one does not any more."""

from __future__ import annotations

import typing as t

import pytest
import requests

from tests.simulators.proxmox.serving import ChrPve, serve

from .clients import Client, Refused

NETWORK = "nodes/pve1/network"
NEW = {"iface": "vmbr1", "type": "bridge", "autostart": 1}


class Cluster:
    """Two nodes, and a client at the door of each."""

    def __init__(self, pve: ChrPve, certificate: str) -> None:
        self.pve = pve
        self.first, self.second = (self._client(port, certificate) for port in (pve.ports["pve1"], pve.ports["pve2"]))

    def _client(self, port: int, certificate: str) -> Client:
        return Client(self.pve, certificate, port=port, user="root@pam", token_name="tests", token_value="s3cret")


@pytest.fixture
def cluster(files: tuple[str, str]) -> t.Iterator[Cluster]:
    pve = ChrPve("9.0")
    pve.add_node("pve2")
    pve.apitokens["root@pam!tests"] = "s3cret"
    with serve(pve, files):
        yield Cluster(pve, files[0])


def version(client: Client) -> bool:
    """Whether its node answers."""
    try:
        return bool(client.call("get", "version"))
    except requests.ConnectionError:
        return False


def test_each_node_answers_for_all(cluster: Cluster) -> None:
    cluster.first.call("post", "nodes/pve2/qemu", vmid=100, name="edge1")
    assert cluster.second.call("get", "nodes/pve2/qemu/100/config")["name"] == "edge1"


def test_the_task_of_an_upload_is_at_the_node_that_took_it(cluster: Cluster) -> None:
    upid = cluster.second.upload(node="pve1")
    assert upid.split(":")[1] == "pve2"
    cluster.first.done(upid)
    assert [one["volid"] for one in cluster.first.call("get", "nodes/pve1/storage/local/content")] == ["local:import/chr.raw"]


def test_the_door_of_a_node_that_is_away_is_closed(cluster: Cluster) -> None:
    assert version(cluster.first)
    cluster.pve.set_node_offline("pve1")
    assert (version(cluster.first), version(cluster.second)) == (False, True)
    with pytest.raises(Refused, match="595 No route to host"):
        cluster.second.call("get", NETWORK)
    cluster.pve.set_node_offline("pve1", offline=False)
    assert version(cluster.first)


@pytest.mark.parametrize("peers", [True, False])
def test_a_node_that_is_cut_off_by_a_reload_comes_back_when_it_is_undone(cluster: Cluster, peers: bool) -> None:
    cluster.pve.cut_after_reload("pve1", peers=peers)
    assert version(cluster.first)
    cluster.first.call("post", NETWORK, **NEW)
    assert cluster.first.call("put", NETWORK).split(":")[5] == "srvreload"
    assert (version(cluster.first), version(cluster.second)) == (False, True)
    if peers:
        cluster.second.call("delete", f"{NETWORK}/vmbr1")
        cluster.second.done(cluster.second.call("put", NETWORK))
    else:
        with pytest.raises(Refused, match="595"):
            cluster.second.call("get", NETWORK)
        cluster.pve.undo_reload("pve1")
    assert version(cluster.first)
    assert [entry["iface"] for entry in cluster.first.call("get", NETWORK, type="bridge")] == ["vmbr0"]


def test_another_reload_that_undoes_nothing_brings_nobody_back(cluster: Cluster) -> None:
    cluster.pve.cut_after_reload("pve1", peers=True)
    cluster.first.call("post", NETWORK, **NEW)
    cluster.first.call("put", NETWORK)
    cluster.second.done(cluster.second.call("put", NETWORK))
    assert not version(cluster.first)


def test_a_node_may_come_back_by_itself(cluster: Cluster) -> None:
    cluster.pve.cut_after_reload("pve1", requests=2)
    cluster.first.call("post", NETWORK, **NEW)
    cluster.first.call("put", NETWORK)
    assert [version(cluster.first) for dummy in range(4)] == [False, False, True, True]
    assert cluster.first.call("get", f"{NETWORK}/vmbr1")["active"] == 1


@pytest.mark.parametrize("change", [{"delete": "cidr"}, {"cidr": "192.0.2.99/24"}])
def test_a_node_that_loses_its_address_is_cut_off(cluster: Cluster, change: dict[str, str]) -> None:
    cluster.first.call("put", f"{NETWORK}/vmbr0", type="bridge", autostart=1, **change)
    assert version(cluster.first)
    cluster.first.call("put", NETWORK)
    assert not version(cluster.first)
    with pytest.raises(Refused, match="595"):
        cluster.second.call("get", NETWORK)
    cluster.pve.undo_reload("pve1")
    assert cluster.first.call("get", f"{NETWORK}/vmbr0")["cidr"] == "192.0.2.11/24"
