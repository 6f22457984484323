# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges of a node: staged, reverted and reloaded, seen by everybody, and what guests are wired to."""

from __future__ import annotations

import typing as t

import pytest

from .clients import Client, Refused
from .conftest import Start

NETWORK = "nodes/pve1/network"
NEW = {"iface": "vmbr1", "type": "bridge", "autostart": 1}


def names(client: Client, node: str = "pve1", **options: str) -> list[str]:
    return [entry["iface"] for entry in client.call("get", f"nodes/{node}/network", **options)]


def test_a_new_node_has_a_bridge_with_its_address(client: Client) -> None:
    found = {entry["iface"]: entry for entry in client.call("get", NETWORK)}
    assert sorted(found) == ["eno1", "eno2", "vmbr0"]
    assert (found["vmbr0"]["cidr"], found["vmbr0"]["bridge_ports"], found["vmbr0"]["active"]) == ("192.0.2.11/24", "eno1", 1)
    assert found["eno2"]["exists"] == 1 and "active" not in found["eno2"]
    assert client.call("get", f"{NETWORK}/vmbr0")["type"] == "bridge"
    with pytest.raises(Refused) as refused:
        client.call("get", f"{NETWORK}/vmbr9")
    assert refused.value.errors == {"iface": "interface does not exist"}


def test_what_is_staged_is_shown_to_everybody_beside_the_data_and_is_not_there_yet(client: Client) -> None:
    assert "changes" not in client.raw("GET", NETWORK).json()
    client.call("post", NETWORK, **NEW, bridge_ports="eno2", comments="lab")
    answer = client.raw("GET", NETWORK, params={"type": "bridge"}).json()
    assert "+iface vmbr1 inet manual" in answer["changes"] and "+\tbridge-ports eno2" in answer["changes"] and "+#lab" in answer["changes"]
    [staged] = [entry for entry in answer["data"] if entry["iface"] == "vmbr1"]
    assert (staged["bridge_ports"], staged["comments"], staged["autostart"]) == ("eno2", "lab\n", 1) and "active" not in staged
    client.done(client.create(virtio0=None, boot=None, net0="virtio,bridge=vmbr1"))
    assert client.ended(client.vm("post", "status/start")) == "bridge 'vmbr1' does not exist"


def test_a_reload_is_a_task_and_makes_it_true(client: Client) -> None:
    client.call("post", NETWORK, **NEW)
    upid = client.call("put", NETWORK)
    assert upid.split(":")[5:7] == ["srvreload", "networking"]
    client.done(upid)
    assert "changes" not in client.raw("GET", NETWORK).json()
    assert client.call("get", f"{NETWORK}/vmbr1")["active"] == 1
    client.done(client.create(virtio0=None, boot=None, net0="virtio,bridge=vmbr1"))
    client.done(client.vm("post", "status/start"))


def test_a_bridge_that_is_not_started_by_itself_stays_down(client: Client) -> None:
    client.call("post", NETWORK, iface="vmbr1", type="bridge")
    client.done(client.call("put", NETWORK))
    assert "active" not in client.call("get", f"{NETWORK}/vmbr1")
    client.create(virtio0=None, boot=None, net0="virtio,bridge=vmbr1")
    assert client.ended(client.vm("post", "status/start")) == "bridge 'vmbr1' does not exist"


def test_reverting_forgets_what_is_staged(client: Client) -> None:
    client.call("post", NETWORK, **NEW)
    client.call("delete", f"{NETWORK}/vmbr0")
    assert names(client, type="bridge") == ["vmbr1"]
    client.call("delete", NETWORK)
    assert names(client, type="bridge") == ["vmbr0"]
    assert "changes" not in client.raw("GET", NETWORK).json()


def test_a_change_keeps_what_it_does_not_name(client: Client) -> None:
    client.call("put", f"{NETWORK}/vmbr0", type="bridge", bridge_vlan_aware=1, autostart=1)
    staged = client.call("get", f"{NETWORK}/vmbr0")
    assert (staged["bridge_vids"], staged["cidr"], staged["bridge_ports"]) == ("2-4094", "192.0.2.11/24", "eno1")
    client.call("put", f"{NETWORK}/vmbr0", type="bridge", autostart=1, delete="bridge_vlan_aware,bridge_vids,cidr")
    staged = client.call("get", f"{NETWORK}/vmbr0")
    assert not {"bridge_vlan_aware", "bridge_vids", "cidr", "address", "netmask"} & set(staged) and staged["gateway"] == "192.0.2.1"


def test_a_comment_stands_in_the_lines_of_its_family(client: Client) -> None:
    client.call("post", NETWORK, **NEW, cidr6="2001:db8::1/64", comments="lost", comments6="kept")
    staged = client.call("get", f"{NETWORK}/vmbr1")
    assert (staged["comments6"], staged["families"]) == ("kept\n", ["inet6"]) and "comments" not in staged


def test_what_is_staged_and_taken_back_is_no_change(client: Client) -> None:
    client.call("post", NETWORK, **NEW)
    client.call("delete", f"{NETWORK}/vmbr1")
    assert "changes" not in client.raw("GET", NETWORK).json()


def test_saying_that_a_bridge_knows_no_vlans_says_that_it_does(client: Client) -> None:
    client.call("post", NETWORK, **NEW, bridge_vlan_aware=0)
    assert client.call("get", f"{NETWORK}/vmbr1")["bridge_vlan_aware"] == 1


@pytest.mark.parametrize(
    ("entry", "refusal"),
    [
        ({"iface": "vmbr0"}, {"iface": "interface already exists"}),
        ({"bridge_ports": "eno1"}, {"bridge_ports": "eno1 is already used on interface 'vmbr0'."}),
        ({"cidr": "198.51.100.1/24", "gateway": "198.51.100.2"}, {"gateway": "Default gateway already exists on interface 'vmbr0'."}),
        ({"bridge_ports": "eno9"}, "bridge 'vmbr1' - unable to find bridge port 'eno9'"),
        ({"type": "OVSBridge"}, "Open VSwitch is not installed (need package 'openvswitch-switch')"),
        ({"bogus": 1}, {"bogus": "property is not defined in schema and the schema does not allow additional properties"}),
    ],
)
def test_what_a_new_interface_refuses(client: Client, entry: dict[str, t.Any], refusal: t.Any) -> None:
    with pytest.raises(Refused) as refused:
        client.call("post", NETWORK, **{**NEW, **entry})
    assert refusal in (refused.value.errors, refused.value.text)
    assert "changes" not in client.raw("GET", NETWORK).json()


def test_each_node_has_its_own(client: Client) -> None:
    client.pve.add_node("pve2")
    client.pve.interfaces("pve2").add_bridge("vmbr1", bridge_vlan_aware=1)
    assert (names(client, type="bridge"), names(client, "pve2", type="bridge")) == (["vmbr0"], ["vmbr0", "vmbr1"])
    client.call("post", "nodes/pve2/qemu", vmid=100, net0="virtio,bridge=vmbr1")
    client.done(client.call("post", "nodes/pve2/qemu/100/status/start"))
    client.call("post", "nodes/pve1/qemu", vmid=101, net0="virtio,bridge=vmbr1")
    assert client.ended(client.call("post", "nodes/pve1/qemu/101/status/start")) == "bridge 'vmbr1' does not exist"


def test_vnets_are_among_the_bridges_of_the_nodes_of_their_zone(client: Client) -> None:
    client.pve.add_node("pve2")
    client.pve.add_zone("lab", "vlan", bridge="vmbr0", nodes="pve2")
    client.pve.add_vnet("red", "lab", tag=10, alias="red wire")
    assert (names(client, type="any_bridge"), names(client, "pve2", type="any_bridge")) == (["vmbr0"], ["vmbr0", "red"])
    assert names(client, "pve2", type="any_local_bridge") == ["vmbr0"]
    [vnet] = client.call("get", "nodes/pve2/network", type="vnet")
    assert vnet == {"iface": "red", "type": "vnet", "active": "1", "ipam": 0, "vlanaware": 0, "comments": "red wire"}
    client.call("post", "nodes/pve2/qemu", vmid=100, net0="virtio,bridge=red")
    client.done(client.call("post", "nodes/pve2/qemu/100/status/start"))
    client.pve.move(100, "pve1")
    client.done(client.vm("post", "status/stop"))
    assert client.ended(client.vm("post", "status/start")) == "bridge 'red' does not exist"


def test_sdn_tells_of_zones_and_vnets_to_who_may_audit_them(operator: Client) -> None:
    operator.pve.add_zone("lab", "vlan", bridge="vmbr0")
    operator.pve.add_vnet("red", "lab", tag=10)
    assert (operator.call("get", "cluster/sdn/zones"), operator.call("get", "cluster/sdn/vnets")) == ([], [])
    with pytest.raises(Refused, match="403"):
        operator.call("get", "cluster/sdn/vnets/red")
    operator.pve.grant("operator@pve", "/sdn/zones/lab", "SDN.Audit")
    assert operator.call("get", "cluster/sdn/zones") == [{"zone": "lab", "type": "vlan", "bridge": "vmbr0"}]
    assert operator.call("get", "cluster/sdn/zones", type="simple") == []
    assert operator.call("get", "cluster/sdn/vnets") == [{"vnet": "red", "zone": "lab", "type": "vnet", "tag": 10}]
    assert operator.call("get", "cluster/sdn/vnets/red")["tag"] == 10
    with pytest.raises(Refused, match="500 sdn 'blue' does not exist"):
        operator.call("get", "cluster/sdn/vnets/blue")


def test_a_bridge_is_shown_to_who_may_use_it(operator: Client) -> None:
    operator.pve.interfaces().add_bridge("vmbr1")
    operator.pve.add_vnet("red", "lab")
    assert names(operator) == ["eno1", "eno2"] and names(operator, type="any_bridge") == []
    operator.pve.grant("operator@pve", "/sdn/zones/localnetwork/vmbr1/10", "SDN.Use")
    operator.pve.grant("operator@pve", "/sdn/zones/lab", "SDN.Use")
    assert names(operator, type="any_bridge") == ["vmbr1", "red"]
    with pytest.raises(Refused, match=r"403 Permission check failed \(/nodes/pve1, Sys.Modify\)"):
        operator.call("post", NETWORK, iface="vmbr2", type="bridge")


def test_on_7_4_everybody_sees_each_bridge(start: Start) -> None:
    root = start("7.4")
    root.pve.acl = {}
    root.pve.apitokens["operator@pve!tests"] = "s3cret"
    client = Client(root.pve, root.certificate, user="operator@pve", token_name="tests", token_value="s3cret")
    assert names(client, type="bridge") == ["vmbr0"]
    with pytest.raises(Refused, match="400"):
        names(client, type="any_local_bridge")
