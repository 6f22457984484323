# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the firewall, and what they do to a guest's frames."""

from __future__ import annotations

import pytest

from tests.simulators.proxmox.firewall import OPEN, Filter

from .clients import NET, Client, Refused
from .conftest import Start

GUEST, CLUSTER, NODE = "nodes/pve1/qemu/100/firewall/options", "cluster/firewall/options", "nodes/pve1/firewall/options"


@pytest.fixture
def guest(client: Client) -> Client:
    client.create(virtio0=None, boot=None, net0=f"{NET},firewall=1", net1="virtio,bridge=vmbr0")
    return client


@pytest.mark.parametrize("release", ["7.4", "8.0", "8.4", "9.0"])
def test_options_are_kept_with_a_digest(start: Start, release: str) -> None:
    client = start(release)
    client.create(virtio0=None, boot=None)
    before = client.call("get", GUEST)
    assert set(before) == {"digest"}
    client.call("put", GUEST, enable=1, macfilter=0, policy_in="ACCEPT", digest=before["digest"])
    after = client.call("get", GUEST)
    assert {**after, "digest": ""} == {"enable": 1, "macfilter": 0, "policy_in": "ACCEPT", "digest": ""}
    with pytest.raises(Refused, match="500 detected modified configuration - file changed by other user"):
        client.call("put", GUEST, dhcp=1, digest=before["digest"])
    client.call("put", GUEST, delete="macfilter,policy_in")
    assert set(client.call("get", GUEST)) == {"enable", "digest"}


@pytest.mark.parametrize("change", [{"policy_in": "accept"}, {"macfilter": "no"}, {"delete": "bogus"}])
def test_what_an_option_refuses(guest: Client, change: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        guest.call("put", GUEST, **change)
    assert refused.value.status == 400 and set(refused.value.errors) == set(change)


def test_the_firewall_is_on_where_the_cluster_the_guest_and_the_nic_say_so(guest: Client) -> None:
    guest.call("put", GUEST, enable=1)
    assert guest.pve.filter(100, "net0") == OPEN
    guest.call("put", CLUSTER, enable=1)
    assert guest.pve.filter(100, "net0") == Filter(macs=True, policy_in="DROP", policy_out="ACCEPT")
    assert guest.pve.filter(100, "net1") == OPEN
    guest.call("put", GUEST, macfilter=0, policy_in="ACCEPT")
    assert guest.pve.filter(100, "net0") == OPEN
    guest.call("put", GUEST, delete="macfilter")
    guest.call("put", NODE, enable=0)
    assert guest.pve.filter(100, "net0") == OPEN


def test_the_options_go_with_the_guest(guest: Client) -> None:
    guest.call("put", GUEST, enable=1)
    guest.done(guest.vm("delete", ""))
    guest.create(virtio0=None, boot=None)
    assert set(guest.call("get", GUEST)) == {"digest"}


def test_options_need_their_rights(operator: Client) -> None:
    operator.pve.grant("operator@pve", "/vms", "VM.Audit")
    assert operator.call("get", GUEST)
    with pytest.raises(Refused, match=r"403 Permission check failed \(/vms/100, VM.Config.Network\)"):
        operator.call("put", GUEST, enable=1)
    with pytest.raises(Refused, match=r"403 Permission check failed \(/, Sys.Modify\)"):
        operator.call("put", CLUSTER, enable=1)
