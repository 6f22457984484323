# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who has the roles of docs/proxmox.md, and nothing else, makes a router, runs it and removes it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.privileges import grants

from tests.contract.suite import ok, run
from tests.simulators.proxmox.serving import ChrPve

from .conftest import Start
from .support import connection_options
from .test_contract import Proxmox

USER = "chr@pve"
TOKEN = {"token_id": f"{USER}!ansible", "token_secret": "s3cret-s3cret"}
WHERE = {
    "ChrGuests": "/vms",
    "ChrDisks": "/storage/local-lvm",
    "ChrImages": "/storage/local",
    "ChrNetworks": "/sdn/zones/localnetwork/vmbr0",
    "ChrNodes": "/nodes",
}


def with_roles(pve: ChrPve, release: str, without: str = "") -> None:
    pve.apitokens[TOKEN["token_id"]] = TOKEN["token_secret"]
    for grant in grants(release):
        if grant.role in WHERE:
            pve.grant(USER, WHERE[grant.role], *(privilege for privilege in grant.privileges if privilege != without))


def world(pve: ChrPve, ca: str, folder: Path) -> Proxmox:
    return Proxmox(pve, connection_options(pve, ca, **TOKEN), folder)


@pytest.mark.parametrize("release", ["8.4", "9.0"])
def test_the_roles_are_enough(release: str, start: Start, files: tuple[str, str], tmp_path: Path) -> None:
    pve = start(release)
    with_roles(pve, release)
    proxmox = world(pve, files[0], tmp_path)
    ok(proxmox, proxmox.options("edge1", state="started"))
    assert [(vm.name, vm.status) for vm in pve.vms] == [("edge1", "running")]
    changed: dict[str, t.Any] = {"autostart": True, "description": "of the first floor"}
    ok(proxmox, proxmox.options("edge1", state="stopped", force_off=True, shutdown_timeout=1, **changed))
    ok(proxmox, proxmox.options("edge1", state="absent", confirm="edge1"))
    assert pve.vms == []


def test_a_role_that_is_missing_is_named(start: Start, files: tuple[str, str], tmp_path: Path) -> None:
    pve = start("9.0")
    with_roles(pve, "9.0", without="VM.PowerMgmt")
    proxmox = world(pve, files[0], tmp_path)
    outcomes, dummy = run(proxmox, proxmox.options("edge1", state="started"))
    text = str(outcomes["edge1"].error)
    assert "VM.PowerMgmt" in text
    assert "the role ChrGuests" in text
    assert "ChrNodes" not in text
