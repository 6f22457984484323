# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`provision` says what is wrong with a description before anything is looked at, one line a router."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from tests.playbooks.stage import Played, Stage

DESCRIBED: dict[str, t.Any] = {
    "chr_libvirt_uri": "qemu+unix:///system?socket=/nonexistent/libvirt-sock",
    "chr_version": "7.20.8",
    "chr_networks": [{"name": "lan"}],
    "chr_interfaces": [{"name": "ether1", "network": "lan"}],
    "chr_first_boot_admin_password": "sesame-open-1",
}
LICENSED = {"chr_license_source": "trial", "chr_license_minimum_level": "p1"}
ADDRESS = {"address": "192.0.2.2/24", "interface": "ether2"}
WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "undefined": ({"chr_first_boot_admin_password": "{{ vault_nothing }}"}, "chr_first_boot_admin_password: 'vault_nothing' is undefined"),
    "empty": ({"chr_first_boot_admin_password": ""}, "first boot would leave admin with the factory's empty password"),
    "near": ({"chr_firstboot_ntp": ["192.0.2.1"]}, "chr_firstboot_ntp is no variable of this collection; chr_first_boot_ntp is"),
    "source": ({"chr_license_source": ""}, "value of chr_license_source must be one of: none, trial, purchased, got: "),
    "account": (LICENSED, "chr_license_account: needed for chr_license_source: trial; chr_license_password: needed for"),
    "type": ({"chr_memory": "lots"}, "chr_memory"),
    "dns": ({"chr_first_boot_dns": ["192.0.2.5x"]}, "chr_first_boot_dns: '192.0.2.5x' is no IP address"),
    "key": ({"chr_first_boot_users": [{"name": "ops", "ssh_keys": ["~/.ssh/x.pub"]}]}, "chr_first_boot_users: ops's ssh_keys hold no public key"),
    "group": ({"chr_first_boot_users": [{"name": "ops", "group": "all", "password": "x"}]}, "chr_first_boot_users: ops is of group 'all'"),
    "prefix": ({"chr_first_boot_addresses": [{**ADDRESS, "address": "192.0.2.2"}]}, "chr_first_boot_addresses: 192.0.2.2 has no prefix length"),
    "port": ({"chr_first_boot_addresses": [ADDRESS]}, "chr_first_boot_addresses: ether2 is not among the guest's interfaces (found: ether1)"),
    "ports": ({"chr_interfaces": [], "chr_first_boot_addresses": [ADDRESS]}, "ether2 is not among the guest's interfaces (found: none)"),
    "zone": ({"chr_first_boot_time_zone": "Europe/Riag"}, "chr_first_boot_time_zone: 'Europe/Riag' is unknown"),
    "mac": ({"chr_interfaces": [{"name": "ether1", "network": "lan", "mac": "x"}]}, "chr_interfaces.ether1.mac: 'x' is no MAC address"),
    "segment": ({"chr_networks": [{"name": "lan", "mtu": 1}]}, "mtu: 1 is out of range"),
    "script": ({"chr_first_boot_scripts": [{"name": "a", "src": "missing.rsc"}]}, "chr_first_boot_scripts: a.src: there is no file missing.rsc"),
}


@pytest.fixture(scope="module")
def checked(stage: Stage) -> Played:
    hosts = {name: {**DESCRIBED, **values} for name, (values, dummy) in WRONG.items()}
    return stage.provision({**hosts, "fine": {**DESCRIBED, "chr_helper": 1}})


def test_only_a_router_without_a_mistake_comes_to_the_first_phase(checked: Played) -> None:
    assert checked.hosts("failed") == ["fine"], "its hypervisor is not there"
    assert checked.stats("failures") == sorted([*WRONG, "fine"])


@pytest.mark.parametrize("host", WRONG)
def test_a_mistake_is_said_in_the_words_of_the_description(checked: Played, host: str) -> None:
    said = checked.message(host)
    assert WRONG[host][1] in " ".join(said.split())
    assert len(said) < 400 and "sesame-open-1" not in said
    assert "the reason is above" not in checked.output


def test_a_name_of_ones_own_is_a_warning(checked: Played) -> None:
    warned = " ".join(checked.output.split())
    assert "fine: chr_helper is no variable of this collection and does nothing. If it is one of your own, name it in chr_own_variables." in warned


@pytest.mark.parametrize(("key", "folder"), [("src", ""), ("src", "files"), ("template", ""), ("template", "templates")])
def test_scripts_lie_beside_the_inventory_wherever_the_playbook_is(stage: Stage, key: str, folder: str) -> None:
    path = Path(stage.folder, folder, f"of-{key}-{folder}.rsc")
    path.parent.mkdir(exist_ok=True)
    path.write_text(":put {{ chr_version }}", encoding="utf-8")
    scripts = [{"name": "a", key: path.name}]
    done = stage.provision({"r1": {**DESCRIBED, "chr_first_boot_scripts": scripts}}, "--check")
    assert done.hosts("failed") == ["r1"], "it came to the first phase"
    elsewhere = stage.provision({"r1": {**DESCRIBED, "chr_first_boot_scripts": [{"name": "a", key: "none.rsc"}]}})
    assert str(stage.folder / "none.rsc") in elsewhere.message("r1"), json.dumps(elsewhere.events)[:500]
