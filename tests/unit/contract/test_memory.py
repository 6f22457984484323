# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-memory driver keeps the contract."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor

from tests.contract.memory import MemoryHypervisor
from tests.contract.suite import Contract, Options, World
from tests.unit.support import state


class Memory:
    """A hypervisor that is only memory; its guests do not listen when they are asked to shut down."""

    def __init__(self) -> None:
        self.driver = MemoryHypervisor()
        self.driver.deaf.update(f"ct-{number}" for number in range(9))

    @contextmanager
    def connect(self) -> t.Iterator[Hypervisor]:
        yield self.driver

    def options(self, name: str, **more: t.Any) -> Options:
        nics = [{"name": f"ether{number}", "network": f"net{number}"} for number in (1, 2)]
        return {"name": name, "image": "chr.img", "version": "7.20.8", "autostart": False, "interfaces": nics, **more}

    def places(self) -> t.Sequence[Options]:
        return [{"shelf": "upper"}, {"shelf": "lower"}]

    def foreign(self, name: str) -> None:
        self.driver.guests[name] = state(name, mark=None, uuid="5f4a3c5e-0000-4000-8000-0000000000ff")

    def fingerprint(self, name: str) -> str:
        return repr(self.driver.guests[name])

    def plug_in(self, name: str) -> None:
        guest = self.driver.guests[name]
        self.driver.guests[name] = replace(guest, interfaces=tuple(replace(nic, link=True) for nic in guest.interfaces))

    def replace_disk(self, name: str) -> None:
        self.driver.disks[name] = ""

    def spoil(self, name: str) -> None:
        self.driver.unreadable[name] = HypervisorError("the guest's mark cannot be read")

    def move(self, name: str) -> bool:
        self.driver.guests[name] = replace(self.driver.guests[name], location="cellar")
        return True


class TestMemory(Contract):
    """The contract, on memory."""

    @pytest.fixture
    def world(self) -> World:
        return Memory()
