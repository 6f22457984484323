# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role sets inside a guest: each command does what its question asks, on a simulated RouterOS 6."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.configuration import commands

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.unit.support import Chr

SETTINGS: dict[str, t.Any] = {
    "identity": 'Client "1" of $5',
    "interface_names": {"ether2": "to client"},
    "addresses": [{"address": "198.51.100.2/30", "interface": "ether1"}, {"address": "192.0.2.1/24", "interface": "to client"}],
    "routes": [{"gateway": "198.51.100.1"}, {"destination": "10.0.0.0/8", "gateway": "198.51.100.1"}],
    "masquerade": ["ether1"],
}


@pytest.fixture
def guest() -> Chr:
    return Chr(MemoryPlatform(ports=2, version="6.49.18"))


def test_each_command_answers_its_own_question(guest: Chr) -> None:
    for command in commands(SETTINGS):
        assert guest.ask(f"({command['unless']})") == "false", command["name"]
        assert guest.router.execute(command["source"]).exit_code == 0, command["name"]
        assert guest.ask(f"({command['unless']})") == "true", command["name"]
    assert guest.router.identity == SETTINGS["identity"]
    assert guest.count("/ip address", 'interface="to client" address="192.0.2.1/24"') == 1
    assert guest.count("/ip route", "dst-address=0.0.0.0/0 gateway=198.51.100.1") == 1
    assert guest.count("/ip firewall nat", 'chain="srcnat" action="masquerade" out-interface="ether1"') == 1


@pytest.mark.parametrize("unset", [None, ""], ids=["none", "as ansible-core before 2.19 renders none"])
def test_nothing_described_is_nothing_to_do(unset: str | None) -> None:
    assert commands({"identity": unset, "addresses": [], "routes": None}) == []


def test_an_address_without_prefix_is_refused() -> None:
    with pytest.raises(InputError, match=r"addresses: 198\.51\.100\.2 has no prefix length"):
        commands({"addresses": [{"address": "198.51.100.2", "interface": "ether1"}]})
