# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts as provisioning writes them: a first boot, run twice, and its state over a restart."""

from __future__ import annotations

import json

import pytest

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.platform import Port
from tests.simulators.routeros.router import Router

from .test_menus import public_key

FIRST_BOOT = f"""
# first boot
:local waited 0
:while ([:len [/interface ethernet find where name="ether2"]] = 0 && $waited < 60) do={{
    :delay 1s
    :set waited ($waited + 1)
}}
:if ([/system identity get name] != "edge1") do={{ /system identity set name="edge1" }}
:if ([:len [/user find where name="ops"]] = 0) do={{
    /user add name="ops" group=full password="p\\24ss \\"word\\"" comment="operators"
}}
:if ([:len [/user ssh-keys find where user="ops" key-owner="ops@example.org"]] = 0) do={{
    /user ssh-keys add user="ops" key="{public_key()}"
}}
/user set [find where name="admin"] disabled=yes
:foreach client in=[/ip dhcp-client find where interface!="ether9"] do={{ /ip dhcp-client remove $client }}
:if ([:len [/ip address find where address="192.0.2.2/24" interface="ether1"]]=0) do={{
    /ip address add address=192.0.2.2/24 interface=ether1
}}
:foreach wanted in={{"198.51.100.2/24"; "198.51.100.3/24"}} do={{
    :if ([:len [/ip address find where address=$wanted]] = 0) do={{ /ip/address/add address=$wanted interface=ether2 }}
}}
:if ([:len [/ip route find where dst-address="0.0.0.0/0" gateway="192.0.2.1" !dynamic]] = 0) do={{
    /ip route add dst-address=0.0.0.0/0 gateway=192.0.2.1
}}
/ip dns set servers=192.0.2.53
/system ntp client set enabled=yes servers=192.0.2.123
/system clock set time-zone-name=Europe/Riga
/ip service
set [find where name="telnet"] disabled=yes
set ssh address=192.0.2.0/24 port=2222
/
:do {{ /interface bridge add name=lan }} on-error={{ :log warning "bridge lan exists" }}
:if ([:len [/system script find where name="first-boot"]] = 0) do={{
    /system script add name="first-boot" comment="uuid 5f4a3c5e" source=":put done"
}}
:put ("DO" . "NE")
"""


def test_a_first_boot_script_runs_to_its_marker_and_a_second_time_changes_nothing(router: Router, platform: MemoryPlatform) -> None:
    assert router.execute(FIRST_BOOT).output == "DONE\r\n"
    assert platform.addresses == {"eth0": ["192.0.2.2/24"], "eth1": ["198.51.100.2/24", "198.51.100.3/24"]}
    assert platform.routes == [("0.0.0.0/0", "192.0.2.1")]
    assert platform.asking == set()
    kept = platform.stored
    assert router.execute(FIRST_BOOT).output == "DONE\r\n"
    assert json.loads(platform.stored or b"") == json.loads(kept or b"")


def test_the_script_waits_for_an_interface_that_comes_late(platform: MemoryPlatform) -> None:
    class LatePort(MemoryPlatform):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.port_list) < 2:
                self.port_list.append(Port("eth1", "52:54:00:00:00:02", True))

    late = LatePort(ports=1)
    router = Router(late)
    router.boot()
    assert router.execute(FIRST_BOOT).output == "DONE\r\n"
    assert late.addresses["eth1"] == ["198.51.100.2/24", "198.51.100.3/24"]


def test_the_configuration_survives_a_restart(router: Router, platform: MemoryPlatform) -> None:
    router.execute(FIRST_BOOT)
    router.execute(':global volatile 1; /file add name=kept.bin contents="\\00\\FF\\E2\\82\\AC"')
    again = Router(platform, "another uuid")
    again.boot()
    assert again.system_id == router.system_id
    assert again.execute(":put [/system identity get name]; :global volatile; :put [:typeof $volatile]").output == "edge1\r\nnothing\r\n"
    assert again.execute(FIRST_BOOT).output == "DONE\r\n"
    assert again.execute("/ip address print count-only; :put [:len [/file get kept.bin contents]]").output == "3\r\n5\r\n"
    assert again.execute(":put [/ip address add address=203.0.113.1/24 interface=lan]").output != ":put *1\r\n"


def test_an_id_is_never_given_twice(router: Router, platform: MemoryPlatform) -> None:
    router.execute("/ip address add address=192.0.2.2/24 interface=ether1; /ip address remove 0")
    again = Router(platform)
    again.boot()
    assert again.execute(":put [/ip address add address=192.0.2.2/24 interface=ether1]").output != "*1\r\n"


@pytest.mark.parametrize("at", ["/ip dns set servers=", "/ip service", ":if ([:len [/system script find"])
def test_a_killed_run_is_finished_by_the_next_one(router: Router, platform: MemoryPlatform, at: str) -> None:
    begun = FIRST_BOOT.partition(at)[0]
    assert router.execute(begun).exit_code == 0
    again = Router(platform)
    again.boot()
    assert again.execute(FIRST_BOOT).output == "DONE\r\n"
    assert again.execute("/ip address print count-only").output == "3\r\n"
