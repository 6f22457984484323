# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The toy driver, a client of memory in another thread, keeps the contract too: nothing of it leans on being in one process."""

from __future__ import annotations

import tempfile
import typing as t
from contextlib import closing, contextmanager

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor

from tests.contract.suite import Contract, World
from tests.toy.driver.driver import connect
from tests.toy.host import Host

from .test_memory import Memory


class Toy(Memory):
    """The same world, behind a socket."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._socket = host.socket
        host.toy = self.driver

    @contextmanager
    def connect(self) -> t.Iterator[Hypervisor]:
        with connect({"socket": self._socket, "room": None}, 1) as driver:
            yield driver


class TestToy(Contract):
    """The contract, through the client."""

    @pytest.fixture
    def world(self) -> t.Iterator[World]:
        with tempfile.TemporaryDirectory() as folder, closing(Host(f"{folder}/toy")) as host:  # a socket's path must be short
            yield Toy(host)
