# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the menus hold, and what the machine below them is made to do."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

import pytest

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.platform import Lease, Port
from tests.simulators.routeros.router import Router

Run = Callable[[str], str]
Fail = Callable[[str], str]


def public_key(owner: str = "ops@example.org") -> str:
    name = b"ssh-ed25519"
    blob = struct.pack(">I", len(name)) + name + struct.pack(">I", 32) + bytes(range(32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {owner}"


def test_a_fresh_router_is_as_chr_leaves_the_factory(run: Run) -> None:
    assert run(":put [/system identity get name]") == "MikroTik"
    assert run(":put [/user get admin group]; :put [/user print count-only]") == "full\n1\n1"
    assert run(":put [:len [/ip firewall filter find]]; :put [:len [/ip firewall nat find]]") == "0\n0"
    assert run(":foreach c in=[/ip dhcp-client find] do={ :put [/ip dhcp-client get $c interface] }") == "ether1"
    assert run(":put [/system license get level]; :put [:len [/system license get system-id]]") == "free\n11"
    services = run(":foreach s in=[/ip service find where !disabled] do={ :put [/ip service get $s name] }")
    assert set(services.split()) == {"telnet", "ftp", "www", "ssh", "api", "winbox", "api-ssl"}


def test_the_system_id_follows_from_the_machines_uuid() -> None:
    def system_id(uuid: str | None) -> str:
        router = Router(MemoryPlatform(), uuid)
        router.boot()
        return router.system_id

    assert system_id("one") == system_id("one") != system_id("two")
    assert system_id(None) != system_id(None)


def test_a_cable_is_seen_as_running(router: Router, platform: MemoryPlatform, run: Run) -> None:
    assert run(":put [/interface get ether1 running]") == "true"
    platform.set_running("eth0", False)
    router.poll()
    assert run(":put [/interface get ether1 running]; :put [/interface ethernet get ether2 running]") == "false\ntrue"


def test_a_disabled_interface_is_switched_off_below(run: Run, platform: MemoryPlatform) -> None:
    run("/interface ethernet disable ether2")
    assert platform.admin == {"eth0": True, "eth1": False}
    run("/interface set ether2 disabled=no")
    assert platform.admin == {"eth0": True, "eth1": True}


def test_a_new_port_gets_the_next_name_and_keeps_the_others(router: Router, platform: MemoryPlatform, run: Run) -> None:
    run("/interface ethernet set [find default-name=ether1] name=wan")
    platform.port_list.append(Port("eth2", "52:54:00:00:00:33", True))
    router.poll()
    listed = run(":foreach i in=[/interface ethernet find] do={ :put [/interface ethernet get $i name] }")
    assert listed == "wan\nether2\nether3"
    assert run(":put [/interface get ether3 mac-address]") == "52:54:00:00:00:33"


def test_a_renamed_interface_takes_its_references_along(run: Run, platform: MemoryPlatform) -> None:
    run("/ip address add address=192.0.2.1/24 interface=ether2\n/interface set ether2 name=lan")
    assert run(":put [/ip address get [find interface=lan] address]") == "192.0.2.1/24"
    assert platform.addresses["eth1"] == ["192.0.2.1/24"]
    assert run(":put [/ip dhcp-client get 0 interface]; /interface set ether1 name=wan; :put [/ip dhcp-client get 0 interface]") == (
        "ether1\nwan"
    )


def test_addresses_and_routes_stand_on_the_machine(run: Run, platform: MemoryPlatform) -> None:
    run("/ip address add address=192.0.2.1/24 interface=ether2\n/ip route add gateway=192.0.2.254")
    run("/ip route add dst-address=198.51.100.0/24 gateway=203.0.113.9")
    assert platform.addresses == {"eth0": [], "eth1": ["192.0.2.1/24"]}
    assert platform.routes == [("0.0.0.0/0", "192.0.2.254")]
    shown = run(":put [/ip address get 0 network]\n:foreach r in=[/ip route find where active] do={ :put [/ip route get $r dst-address] }")
    assert shown == "192.0.2.0\n0.0.0.0/0\n192.0.2.0/24"
    run("/ip address disable 0")
    assert (platform.addresses["eth1"], platform.routes) == ([], [])


def test_the_dhcp_client_gives_address_route_and_dns(router: Router, platform: MemoryPlatform, run: Run) -> None:
    assert platform.asking == {"eth0"}
    assert run(":put [/ip dhcp-client get 0 status]") == "searching..."
    platform.leases["eth0"] = Lease("10.0.2.15/24", "10.0.2.2", ("10.0.2.3",))
    router.poll()
    assert run(":put [/ip dhcp-client get 0 status]; :put [/ip address get [find dynamic] address]") == "bound\n10.0.2.15/24"
    assert run(":put [/ip dns get dynamic-servers]; :put [/ip route get [find dst-address=0.0.0.0/0] gateway]") == "10.0.2.3\n10.0.2.2"
    assert platform.addresses["eth0"] == ["10.0.2.15/24"]
    assert platform.routes == [("0.0.0.0/0", "10.0.2.2")]
    run("/ip dhcp-client remove [find interface=ether1]")
    assert platform.asking == set()
    assert (platform.addresses["eth0"], platform.routes) == ([], [])
    assert run(":put [:len [/ip address find]]") == "0"


def test_a_dynamic_item_cannot_be_changed(router: Router, platform: MemoryPlatform, fail: Fail) -> None:
    platform.leases["eth0"] = Lease("10.0.2.15/24", None)
    router.poll()
    assert fail("/ip address set [find dynamic] comment=x").startswith("failure: can not change dynamic item")
    assert fail("/ip address remove [find]").startswith("failure: can not remove dynamic item")


def test_a_bridge_carries_its_address_over_its_first_port(run: Run, fail: Fail, platform: MemoryPlatform) -> None:
    run("/interface bridge add name=lan\n/interface bridge port add bridge=lan interface=ether2")
    run("/ip address add address=192.0.2.1/24 interface=lan")
    assert platform.addresses["eth1"] == ["192.0.2.1/24"]
    assert run(":put [/interface get ether2 slave]") == "true"
    duplicate = fail("/interface bridge port add bridge=lan interface=ether2")
    assert duplicate == "failure: device already added as bridge port (/interface/bridge/port/add; line 1)"
    assert fail("/interface bridge port add bridge=ether1 interface=ether2").startswith("input does not match any value of bridge")


def test_the_last_full_user_stays(run: Run, fail: Fail) -> None:
    for attempt in ("disable admin", "remove admin", "set admin group=read", "set [find] disabled=yes"):
        assert fail("/user " + attempt).startswith("failure: at least one user with full access rights must remain")
    run('/user add name=ops group=full password="s3cret-enough"\n/user disable admin')
    assert run(":put [/user get admin disabled]") == "true"
    assert fail("/user remove ops").startswith("failure: ")


def test_a_password_can_be_set_and_never_read(run: Run, fail: Fail, platform: MemoryPlatform) -> None:
    run('/user set admin password="correct horse"')
    assert "correct horse" not in run("/user print detail; /user print terse; :put [/user print as-value]; :put [/user get admin]")
    assert fail(":put [:len [/user find where password=x]]").startswith("expected end of command")


def test_ssh_keys_are_added_as_text_or_imported_from_a_file(run: Run, fail: Fail) -> None:
    run(f'/user ssh-keys add user=admin key="{public_key()}"')
    assert run(":put [/user ssh-keys get [find user=admin] key-owner]; :put [/user ssh-keys get 0 key-type]") == "ops@example.org\ned25519"
    run(f'/file add name=key.pub contents="{public_key("second")}"\n/user ssh-keys import public-key-file=key.pub user=admin')
    assert run(":put [:len [/user ssh-keys find where key-owner=second]]; :put [:len [/file find]]") == "1\n0"
    assert fail('/user ssh-keys add user=admin key="ssh-rsa bogus"').startswith("unable to load key file")
    assert fail("/user ssh-keys add user=nobody key=x").startswith("input does not match any value of user")
    assert fail("/user ssh-keys import public-key-file=none.pub user=admin").startswith("input does not match any value of public-key-file")


def test_rules_are_placed_and_moved(run: Run, fail: Fail) -> None:
    run("/ip firewall filter add chain=input action=accept connection-state=established,related comment=a")
    run("/ip firewall filter add chain=input action=drop in-interface=!ether2 comment=b")
    run("/ip firewall filter add chain=input action=log place-before=0 comment=c\n/ip firewall filter move [find comment=b] 0")
    listed = run(":foreach r in=[/ip firewall filter find] do={ :put [/ip firewall filter get $r comment] }")
    assert listed == "b\nc\na"
    run("/ip firewall nat add chain=srcnat action=masquerade out-interface-list=all")
    assert fail("/ip firewall nat add chain=srcnat action=jump").startswith("missing value(s) of argument(s) jump-target")
    assert fail("/ip firewall nat add chain=srcnat out-interface=nope").startswith("input does not match any value of out-interface")


def test_dns_ntp_clock_and_services_are_set(run: Run, platform: MemoryPlatform) -> None:
    run("/ip dns set servers=192.0.2.53,198.51.100.53 allow-remote-requests=yes")
    assert run(":put [/ip dns get servers]; :put [/ip dns get allow-remote-requests]") == "192.0.2.53,198.51.100.53\ntrue"
    run("/system ntp client set enabled=yes servers=192.0.2.123\n/system ntp client servers add address=pool.example.org")
    assert run(":put [/system ntp client get servers]") == "192.0.2.123,pool.example.org"
    run("/system clock set time-zone-name=Europe/Riga date=2026-03-01 time=12:00:00")
    assert run(":put [/system clock get time-zone-name]; :put [/system clock get date]") == "Europe/Riga\n2026-03-01"
    run('/ip service set telnet,ftp disabled=yes\n/ip service set ssh port=2222 address="192.0.2.0/24,198.51.100.7"')
    assert (
        run(":put [/ip service get ssh address]; :put [/ip service get [find name=ftp] disabled]") == "192.0.2.0/24,198.51.100.7/32\ntrue"
    )


def test_a_script_is_kept_and_run(run: Run, fail: Fail) -> None:
    run('/system script add name=hello source=":put \\"hello \\$[/system identity get name]\\""')
    assert run("/system script run hello; :put [/system script get hello run-count]") == "hello MikroTik\n1"
    run("/system script add name=block source={ :put 1 }")
    assert run(":put [/system script get block source]; /system script run [find name=block]").split() == [
        ":put",
        "1",
        "1",
    ]
    assert fail("/system script run none").startswith("no such item")


def test_a_scheduled_script_runs_when_it_is_due(router: Router, platform: MemoryPlatform, run: Run) -> None:
    run('/system scheduler add name=tick interval=1m on-event="/log info ticked"\n/system scheduler add name=bad on-event=nonsense')
    router.poll()
    platform.clock += 61
    router.poll()
    assert run(":put [:len [/log find where message=ticked]]; :put [/system scheduler get tick run-count]") == "2\n2"
    assert run(':put [:len [/log find where message~"bad command name nonsense"]]') == "1"


def test_files_are_listed_read_and_changed(run: Run) -> None:
    run('/file add name=a.txt contents="one"\n/file set a.txt contents="two words"')
    assert run(":put [/file get a.txt contents]; :put [/file get [find name=a.txt] size]") == "two words\n9"
    run("/file remove a.txt")
    assert run(":put [:len [/file find]]") == "0"


def test_files_are_read_in_pieces_of_any_bytes(run: Run, fail: Fail, router: Router) -> None:
    content = bytes(range(256)) * 160
    router.files.write_file("a.bin", content.decode("latin-1"))
    piece = '([/file read file=a.bin offset={} chunk-size={} as-value]->"data")'
    assert base64.b64decode(run(f":put [:convert {piece.format(40000, 32768)} to=base64]")) == content[40000:]
    assert run(f":put [:len {piece.format(50000, 1)}]") == "0"
    assert "out of range (1..32768)" in fail("/file read file=a.bin offset=0 chunk-size=32769 as-value")
    assert fail("/file read file=b.bin offset=0 chunk-size=1 as-value").startswith("input does not match any value of file")


def test_contents_are_those_of_short_files(run: Run, router: Router) -> None:
    for size, shown in ((61440, 61440), (61441, 0)):
        router.files.write_file("a.txt", "a" * size)
        assert run(":put [:len [/file get a.txt contents]]") == str(shown)


def test_what_old_releases_lack() -> None:
    router = Router(MemoryPlatform(version="7.11.2"))
    router.boot()
    for source in ("/file read file=a offset=0 chunk-size=1 as-value", ":put [:convert a to=base64]"):
        assert router.execute(source).exit_code == -1
    router.files.write_file("a.txt", "a" * 4096)
    assert router.execute(":put [:len [/file get a.txt contents]]").output == "0\r\n"


def test_ping_returns_the_number_of_answers(run: Run, platform: MemoryPlatform) -> None:
    platform.reachable.add("192.0.2.1")
    assert run(":put [/ping 192.0.2.1 count=3]").splitlines()[-2:] == ["    sent=3 received=3 packet-loss=0%", "3"]
    assert run(":put [:ping address=192.0.2.9 count=2]").endswith("\n0")


@pytest.mark.parametrize(("command", "asked"), [("/system reboot", ["reboot"]), ("/system shutdown", ["off"])])
def test_power(run: Run, platform: MemoryPlatform, command: str, asked: list[str]) -> None:
    run(command)
    assert platform.power == asked


def test_print_shows_items_in_all_its_forms(run: Run) -> None:
    run('/ip address add address=192.0.2.1/24 interface=ether2 comment="the lan" disabled=yes')
    assert run("/ip address print").splitlines() == [
        "Flags: X - DISABLED",
        "Columns: ADDRESS, NETWORK, INTERFACE",
        "#   ADDRESS       NETWORK    INTERFACE",
        ";;; the lan",
        "0 X 192.0.2.1/24  192.0.2.0  ether2",
    ]
    assert run("/ip address print terse") == (
        " 0 X  address=192.0.2.1/24 network=192.0.2.0 interface=ether2 comment=the lan actual-interface=ether2"
    )
    assert "address=192.0.2.1/24 network=192.0.2.0" in run("/ip address print detail where interface=ether2")
    assert run(":put [/ip address print as-value proplist=address,comment]") == "address=192.0.2.1/24;comment=the lan"
    assert run("/ip address print count-only where interface=ether1") == "0"
    assert run("/system identity print") == "  name: MikroTik"
