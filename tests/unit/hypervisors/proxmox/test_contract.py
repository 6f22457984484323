# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Proxmox driver keeps the contract, on the double; beside ours, somebody else's guest is the same before and after."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor

from tests.contract.suite import Contract, Options, World
from tests.simulators.proxmox.config import digest
from tests.simulators.proxmox.serving import ChrPve, serve

from .support import DeafPve, add_foreign, connect, connection_options, image, offer_token

OTHER_NODE = "pve2"


class Proxmox:
    """Two nodes that share no storage. The guests hold no CHR, and listen to nobody."""

    def __init__(self, pve: ChrPve, options: Options, folder: Path) -> None:
        self.pve = pve
        self._options = options
        self._image = image(folder / "chr-7.20.8.img", boots=False)

    def connect(self) -> t.ContextManager[Hypervisor]:
        return connect(self._options)

    def options(self, name: str, **more: t.Any) -> Options:
        nics = [{"name": "ether1", "network": "vmbr0"}, {"name": "ether2", "network": "lan"}]
        networks = [{"name": "lan", "attach_to": "vmbr0", "vlan_tag": 20}]
        common = {"version": "7.20.8", "memory": 320, "autostart": False, "proxmox": {"node": "pve1"}}
        return {"name": name, "image": self._image, "interfaces": nics, "networks": networks, **common, **more}

    def places(self) -> t.Sequence[Options]:
        return [{"node": "pve1"}, {"node": OTHER_NODE}]

    def foreign(self, name: str) -> None:
        add_foreign(self.pve, name)

    def _vm(self, name: str) -> t.Any:
        return next(vm for vm in self.pve.vms if vm.name == name)

    def fingerprint(self, name: str) -> str:
        vm = self._vm(name)
        return f"{vm.node} {vm.status} {digest(vm)} {vm.config} {vm.pending}"

    def plug_in(self, name: str) -> None:
        vm = self._vm(name)
        for key in ("net0", "net1"):
            vm.config[key] = vm.config[key].replace(",link_down=1", "")

    def replace_disk(self, name: str) -> None:
        vm = self._vm(name)
        vm.config["virtio0"] = "local-lvm:vm-999-disk-0,size=128M"

    def spoil(self, name: str) -> None:
        vm = self._vm(name)
        vm.config["description"] = 'vrouter.mikrotik: {"disk_size": "many"}'

    def move(self, name: str) -> bool:
        self.pve.move(self._vm(name).vmid, OTHER_NODE)
        return True


class TestProxmox(Contract):
    """The contract, on Proxmox VE."""

    @pytest.fixture
    def world(self, files: tuple[str, str], tmp_path: Path) -> t.Iterator[World]:
        with serve(DeafPve("9.0"), files) as pve:
            offer_token(pve)
            pve.add_node(OTHER_NODE)
            for number in (1, 2):
                add_foreign(pve, f"theirs-{number}")
            yield Proxmox(pve, connection_options(pve, files[0]), tmp_path)
