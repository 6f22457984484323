# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers reach each other over the wire that both are on, and over no other."""

from __future__ import annotations

import pytest

from .clients import Client

MAC = "02:00:00:00:00"


@pytest.fixture
def pair(client: Client) -> Client:
    """192.0.2.100 and 192.0.2.101, each on ether1 in VLAN 20."""
    client.pve.add_node("pve2")
    client.upload()
    for vmid in (100, 101):
        client.done(client.create(vmid, name=f"edge{vmid}", net0=f"virtio={MAC}:{vmid - 99:02},bridge=vmbr0,tag=20"))
        client.done(client.call("post", f"nodes/pve1/qemu/{vmid}/status/start"))
        client.pve.ask(vmid, f"/ip address add address=192.0.2.{vmid}/24 interface=ether1")
    return client


def answers(client: Client, address: str = "192.0.2.101") -> str:
    return client.pve.ask(100, f":put [/ping {address} count=1]").split()[-1]


def test_on_one_wire_they_reach_each_other(pair: Client) -> None:
    assert answers(pair) == "1"
    assert answers(pair, "192.0.2.102") == "0", "nobody is there"


@pytest.mark.parametrize("net", ["bridge=vmbr0", "bridge=vmbr0,tag=30", "bridge=vmbr0,tag=20,link_down=1"])
def test_what_is_on_another_wire_or_unplugged_is_not_reached(pair: Client, net: str) -> None:
    pair.call("put", "nodes/pve1/qemu/101/config", net0=f"virtio={MAC}:02,{net}")
    assert answers(pair) == "0"
    pair.call("put", "nodes/pve1/qemu/101/config", net0=f"virtio={MAC}:02,bridge=vmbr0,tag=20")
    assert answers(pair) == "1"


def test_who_is_elsewhere_or_off_is_not_reached(pair: Client) -> None:
    pair.pve.move(101, "pve2")
    assert answers(pair) == "0"
    pair.pve.move(101, "pve1")
    assert answers(pair) == "1"
    pair.done(pair.call("post", "nodes/pve1/qemu/101/status/stop"))
    assert answers(pair) == "0"


def test_a_port_that_is_switched_off_hears_nothing(pair: Client) -> None:
    pair.pve.ask(101, "/interface disable ether1")
    assert answers(pair) == "0"
