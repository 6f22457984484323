# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request is held to, by release."""

from __future__ import annotations

import typing as t

import pytest

from tests.simulators.proxmox.release import Release
from tests.simulators.proxmox.schemas import VERSIONS
from tests.simulators.proxmox.serving import ChrPve

from .clients import Client, Refused
from .conftest import Start

CONFIG = "nodes/pve1/qemu/100/config"
MAKING: dict[str, t.Any] = {"virtio0": None, "boot": None}


@pytest.mark.parametrize(("release", "limit"), [("7.4", 64), ("8.0", 64), ("8.4", 512), ("9.0", 512)])
def test_a_body_has_a_limit(start: Start, release: str, limit: int) -> None:
    client = start(release)
    client.create(**MAKING)
    room = limit * 1024 - len("description=")
    for too_long in ("A" * (room + 1), "\n" * (room // 3 + 1)):  # as sent: a newline is %0A
        answer = client.raw("PUT", CONFIG, data={"description": too_long})
        assert (answer.status_code, answer.reason) == (501, "for data too large")
    answer = client.raw("PUT", CONFIG, data={"description": "A" * room})
    assert answer.json()["errors"] == {"description": "value may only be 8192 characters long"}


@pytest.mark.parametrize(("release", "told"), [("7.4", False), ("8.0", False), ("8.4", True), ("9.0", True)])
def test_the_body_of_an_error_has_its_text_from_8_4(start: Start, release: str, told: bool) -> None:
    answer = start(release).raw("GET", CONFIG)
    assert answer.reason == "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"
    assert ("message" in answer.json()) is told


def test_python_s_booleans_are_refused(client: Client) -> None:
    client.create(**MAKING)
    for body in ({"data": {"onboot": True}}, {"data": {"onboot": "true"}}):
        answer = client.raw("PUT", CONFIG, **body)
        assert answer.status_code == 400 and answer.json()["errors"]["onboot"].startswith("type check ('boolean') failed")
    assert client.raw("PUT", CONFIG, json={"onboot": True}).status_code == 200


def test_paths_and_methods_that_the_release_does_not_have(start: Start) -> None:
    client = start("7.4")
    with pytest.raises(Refused, match="501 Method 'GET /cluster/bogus' not implemented"):
        client.call("get", "cluster/bogus")
    with pytest.raises(Refused, match="501 Method 'DELETE /version' not implemented"):
        client.call("delete", "version")


@pytest.mark.parametrize("action", ["start", "stop", "shutdown", "reboot"])
def test_power_takes_only_its_own_options(client: Client, action: str) -> None:
    client.create(**MAKING)
    with pytest.raises(Refused) as refused:
        client.vm("post", f"status/{action}", bogus=1)
    assert "bogus" in refused.value.errors


@pytest.mark.parametrize(("release", "known"), [("7.4", False), ("8.0", False), ("8.4", True), ("9.0", True)])
def test_options_of_later_releases(start: Start, release: str, known: bool) -> None:
    client = start(release)
    client.create(**MAKING)
    attempt: t.Callable[[], t.Any] = lambda: client.vm("post", "status/stop", **{"overrule-shutdown": 1})  # noqa: E731
    if known:
        attempt()
    else:
        with pytest.raises(Refused, match="400"):
            attempt()


@pytest.mark.parametrize(
    ("net", "path"),
    [
        ("virtio,bridge=vmbr0", "/sdn/zones/localnetwork/vmbr0"),
        ("virtio,bridge=vmbr0,tag=10", "/sdn/zones/localnetwork/vmbr0/10"),
        ("virtio,bridge=vmbr0,trunks=20-21;30", "/sdn/zones/localnetwork/vmbr0/20"),
        ("virtio,bridge=red", "/sdn/zones/zone1/red"),
    ],
)
def test_a_bridge_needs_its_right_from_8_0(operator: Client, net: str, path: str) -> None:
    pve = operator.pve
    pve.add_vnet("red", "zone1")
    pve.grant("operator@pve", "/vms", "VM.Allocate", "VM.Config.Network", "VM.Config.Options", "VM.Config.Disk")
    with pytest.raises(Refused) as refused:
        operator.create(net0=net, **MAKING)
    assert (refused.value.status, refused.value.text) == (403, f"Permission check failed ({path}, SDN.Use)")
    pve.grant("operator@pve", path.replace("/20", ""), "SDN.Use")
    operator.done(operator.create(net0=net, **MAKING))
    with pytest.raises(Refused, match="403 Permission check failed"):
        operator.vm("put", "config", net1="virtio,bridge=vmbr1")


def test_on_7_4_bridges_are_everybody_s(start: Start) -> None:
    root = start("7.4")
    root.pve.acl = {}
    root.pve.apitokens["operator@pve!tests"] = "s3cret"
    root.pve.grant("operator@pve", "/vms", "VM.Allocate", "VM.Config.Network", "VM.Config.Options")
    client = Client(root.pve, root.certificate, user="operator@pve", token_name="tests", token_value="s3cret")
    client.done(client.create(**MAKING))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_release_has_a_schema(start: Start, version: str) -> None:
    start(version)
    assert "/nodes/{node}/qemu/{vmid}/config" in Release(version).schema.paths


def test_a_release_of_which_there_is_no_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"there is no schema of Proxmox VE 6\.4"):
        ChrPve("6.4")
