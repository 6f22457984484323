# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated first-boot script, run on simulated routers, and what it refuses to generate."""

from __future__ import annotations

import gzip
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot import record as kept
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot import wanted as boot
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import DONE_LINE, Run, key_files
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import script as boot_script
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script, run
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.support import OTHER_UUID, UUID, Chr

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkAuVV6kxlLyTRVvkPJbJzTVEGKvsLdCdMDxM7dE6QJ"
NASTY = st.text(st.sampled_from("ab\"\\$?[]{}();#' \n\té€"), min_size=1, max_size=12)


def options(**given_: t.Any) -> dict[str, t.Any]:
    return {"name": "edge1", "admin_password": "correct-horse", "interfaces": ["ether1", "ether2"], **given_}


FULL = options(
    identity="edge1",
    users=[{"name": "ops", "password": "battery-staple"}, {"name": "keys", "group": "read", "ssh_keys": [f"{KEY} ops@desk"]}],
    addresses=[{"address": "192.0.2.2/24", "interface": "ether1"}, {"address": "198.51.100.2/25", "interface": "ether2"}],
    dhcp_clients=[{"interface": "ether2", "add_default_route": False, "use_peer_dns": False}],
    routes=[{"destination": "0.0.0.0/0", "gateway": "192.0.2.1"}, {"destination": "10.0.0.0/8", "gateway": "192.0.2.9", "distance": 7}],
    dns=["192.0.2.53", "192.0.2.54"],
    ntp=["192.0.2.123", "192.0.2.124"],
    time_zone="Europe/Riga",
    services=[{"name": "telnet", "enabled": False}, {"name": "ssh", "enabled": True, "addresses": ["192.0.2.0/24"], "port": 2222}],
    scripts=[{"name": "note", "source": '/interface bridge add name=lan\n:put "hello"'}],
    interfaces=["ether1", "ether2"],
)


def execute(chr_: Chr, wanted: boot.FirstBoot, guest_uuid: str = UUID) -> str:
    """Run the script as the engine does, after whatever was cut off before; what it printed besides its marker."""
    there = read(chr_, wanted)
    before = there.record.settings if there.record else {}
    attempt = Run("this", guest_uuid, there.record is None or there.record.uuid != guest_uuid, before, there.hold or there.cut)
    return run(chr_.way, Script("first boot", boot_script(wanted, attempt), marker=DONE_LINE)).output or ""


def read(chr_: Chr, wanted: boot.FirstBoot) -> kept.Kept:
    """Everything that first boot keeps on the router."""
    return kept.parse(run(chr_.way, Script("record", kept.read_script(wanted), marker=kept.READ_LINE)).output or "")


def hashed(wanted: boot.FirstBoot) -> str:
    return boot.content_hash(boot.settings(wanted))


def record(chr_: Chr) -> tuple[str, str] | None:
    found = read(chr_, boot.parse(options())).record
    return (found.uuid, found.content) if found else None


# What it sets


def test_everything_is_set() -> None:
    chr_ = Chr()
    execute(chr_, boot.parse(FULL))
    assert chr_.router.identity == "edge1"
    assert chr_.platform.addresses == {"eth0": ["192.0.2.2/24"], "eth1": ["198.51.100.2/25"]}
    assert chr_.ask("[/ip dns get servers]") == "192.0.2.53,192.0.2.54"
    assert chr_.ask("[/system clock get time-zone-name]") == "Europe/Riga"
    assert chr_.ask("[/system ntp client get enabled]") == "true"
    for menu, where in (
        ("/user", 'name="ops" group="full"'),
        ("/user", 'name="keys" group="read"'),
        ("/user ssh-keys", 'user="keys"'),
        ("/ip dhcp-client", 'interface="ether2" add-default-route=no use-peer-dns=no'),
        ("/ip route", "dst-address=0.0.0.0/0 gateway=192.0.2.1"),
        ("/ip route", "dst-address=10.0.0.0/8 gateway=192.0.2.9 distance=7"),
        ("/ip service", 'name="telnet" disabled=yes'),
        ("/ip service", 'name="ssh" disabled=no port=2222 address=192.0.2.0/24'),
        ("/interface bridge", 'name="lan"'),
    ):
        assert chr_.count(menu, where) == 1, (menu, where)


@pytest.mark.parametrize(("clients", "left"), [([], 0), ([{"interface": "ether2"}], 0), ([{"interface": "ether1"}], 1)])
def test_the_factorys_dhcp_client_goes_unless_it_was_asked_for(clients: list[dict[str, t.Any]], left: int) -> None:
    chr_ = Chr()
    assert chr_.count("/ip dhcp-client", 'interface="ether1"') == 1
    execute(chr_, boot.parse(options(dhcp_clients=clients)))
    assert chr_.count("/ip dhcp-client", 'interface="ether1"') == left
    assert chr_.count("/ip dhcp-client", "") == len(clients)


def test_a_user_with_keys_alone_gets_a_password_that_nobody_knows() -> None:
    first, second = (boot.parse(options(users=[{"name": "keys", "ssh_keys": [KEY]}])) for dummy in range(2))
    assert first.users[0].password != second.users[0].password
    assert len(first.users[0].password) >= 24
    assert first.users[0].password in first.secrets()
    assert f'password={quote(first.users[0].password)}' in boot_script(first, Run("one", UUID))


def test_no_user_is_left_with_an_empty_password() -> None:
    assert 'password=""' not in boot_script(boot.parse(FULL), Run("one", UUID))


def test_admin_can_be_disabled() -> None:
    chr_ = Chr()
    execute(chr_, boot.parse({"name": "edge1", "admin_disabled": True, "users": [{"name": "ops", "password": "battery-staple"}]}))
    assert chr_.count("/user", 'name="admin" disabled=yes') == 1


def test_interfaces_that_never_appear_are_named() -> None:
    with pytest.raises(Exception, match="ether3 did not appear within 30 s"):
        execute(Chr(), boot.parse(options(interfaces=["ether3"])))


# Once, and again after a cut


def test_a_second_run_of_the_script_changes_nothing() -> None:
    chr_ = Chr()
    wanted = boot.parse(FULL)
    assert execute(chr_, wanted) == "hello"
    menus = ("/user", "/ip address", "/ip route", "/ip dhcp-client", "/system script", "/user ssh-keys", "/interface bridge")
    before = [chr_.count(menu, "") for menu in menus]
    assert execute(chr_, wanted) == "", "the user's own scripts run once in a router's life"
    assert [chr_.count(menu, "") for menu in menus] == before


def test_a_run_that_was_cut_anywhere_is_finished_by_the_next() -> None:
    wanted = boot.parse(FULL)
    lines = boot_script(wanted, Run("one", UUID)).splitlines(keepends=True)
    for cut in range(len(lines)):
        chr_ = Chr()
        chr_.router.execute("".join(lines[:cut]) + ':error "cut"')
        assert record(chr_) is None or cut >= len(lines) - 2, "the record is written last"
        execute(chr_, wanted)
        assert record(chr_) == (UUID, hashed(wanted))
        assert chr_.count("/ip address", "!dynamic") == 2


@pytest.mark.parametrize(("given_", "stored"), [("192.0.2.2/32", "192.0.2.2/32"), ("192.0.2.2/255.255.255.0", "192.0.2.2/24")])
def test_an_address_is_found_again_however_it_was_written(given_: str, stored: str) -> None:
    chr_ = Chr()
    wanted = boot.parse(options(addresses=[{"address": given_, "interface": "ether1"}]))
    execute(chr_, wanted)
    execute(chr_, wanted)
    assert chr_.platform.addresses["eth0"] == [stored]


# The record


def test_a_factory_fresh_router_has_no_record() -> None:
    assert record(Chr()) is None


def test_the_record_says_whose_it_is_and_moves_with_a_clone() -> None:
    chr_ = Chr()
    wanted = boot.parse(FULL)
    execute(chr_, wanted, OTHER_UUID)
    assert record(chr_) == (OTHER_UUID, hashed(wanted))
    execute(chr_, wanted, UUID)
    assert record(chr_) == (UUID, hashed(wanted))
    assert chr_.count("/system script", f'name="{kept.RECORD}"') == 1


def test_no_secret_is_in_a_record() -> None:
    chr_ = Chr()
    secret = "open-sesame-1"
    execute(chr_, boot.parse({**FULL, "scripts": [{"name": "own", "source": f':local word "{secret}"'}], "secrets": [secret]}))
    stored = chr_.ask('[/system script get [find where name="vrouter-first-boot"] source]') + chr_.ask(
        '[/system script get [find where name="vrouter-script-own"] source]'
    )
    assert not [word for word in (secret, "correct-horse", "battery-staple") if word in stored]


def test_an_interface_more_is_no_drift() -> None:
    """Waiting for a port sets nothing."""
    wanted = boot.parse({**FULL, "interfaces": ["ether1", "ether2", "ether3"]})
    assert hashed(wanted) == hashed(boot.parse(FULL))


@given(NASTY, NASTY)
def test_the_hash_does_not_depend_on_passwords(admin: str, user: str) -> None:
    wanted = {**FULL, "admin_password": admin, "users": [{"name": "ops", "password": user}], "scripts": []}
    same = {**FULL, "users": [{"name": "ops", "password": "battery-staple"}], "scripts": []}
    assert hashed(boot.parse(wanted)) == hashed(boot.parse(same))


@given(NASTY, NASTY)
def test_the_hash_does_not_depend_on_secrets_in_scripts(one: str, two: str) -> None:
    def with_secrets(text: str) -> str:
        password, token = f"first-secret-{text}", f"second-secret-{text}"
        source = f"/user set 0 password={quote(password)}\n/tool fetch http-header-field={quote(token)}"
        return hashed(boot.parse(options(admin_password=password, scripts=[{"name": "own", "source": source}], secrets=[token])))

    assert with_secrets(one) == with_secrets(two)


@pytest.mark.parametrize("password", ["a", "admin", "edge1", "password", "correct-horse"])
def test_a_password_that_is_part_of_the_script_is_no_drift_when_it_changes(password: str) -> None:
    assert hashed(boot.parse(options(identity="edge1", admin_password=password))) == hashed(
        boot.parse(options(identity="edge1"))
    )


def test_the_hash_of_a_user_with_keys_alone_is_stable() -> None:
    wanted = options(users=[{"name": "keys", "ssh_keys": [KEY]}])
    assert hashed(boot.parse(wanted)) == hashed(boot.parse(wanted))


@pytest.mark.parametrize(
    "other",
    [
        {"identity": "edge2"},
        {"dns": ["192.0.2.55"]},
        {"addresses": FULL["addresses"][:1]},
        {"scripts": [{"name": "note", "source": ":put 1"}]},
        {"users": []},
    ],
)
def test_the_hash_depends_on_everything_else(other: dict[str, t.Any]) -> None:
    assert hashed(boot.parse({**FULL, **other})) != hashed(boot.parse(FULL))


# Any settings


USERS = st.lists(
    st.fixed_dictionaries(
        {"name": NASTY.filter(lambda name: name.strip() == name), "password": NASTY}, optional={"ssh_keys": st.just([f"{KEY} it's $me"])}
    ),
    max_size=2,
    unique_by=lambda user: str(user["name"]),
)
ADDRESSES = st.lists(
    st.builds(
        lambda host, port: {"address": f"10.{port}.{host}.1/24", "interface": f"ether{port}"}, st.integers(0, 255), st.integers(1, 2)
    ),
    unique_by=lambda entry: entry["address"],
    max_size=3,
)
OPTIONAL: dict[str, st.SearchStrategy[t.Any]] = {
    "identity": NASTY,
    "users": USERS,
    "addresses": ADDRESSES,
    "dhcp_clients": st.lists(
        st.fixed_dictionaries({"interface": st.sampled_from(["ether1", "ether2"])}, optional={"use_peer_dns": st.booleans()}),
        unique_by=lambda entry: str(dict(entry)["interface"]),
    ),
    "routes": st.lists(st.builds(lambda net: {"destination": f"172.16.{net}.0/24", "gateway": "10.1.0.1"}, st.integers(0, 3)), max_size=2),
    "dns": st.lists(st.ip_addresses(v=4).map(str), max_size=2),
    "ntp": st.lists(st.ip_addresses(v=4).map(str), max_size=2),
    "services": st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(boot.SERVICES)},
            optional={"enabled": st.booleans(), "port": st.integers(1, 65535), "addresses": st.just(["10.0.0.0/8", "192.0.2.1/32"])},
        ),
        unique_by=lambda entry: str(entry["name"]),
        max_size=2,
    ),
    "scripts": st.lists(
        st.builds(lambda name, text: {"name": name, "source": f":put {quote('|' + text)}\n# done"}, st.sampled_from(["a", "b.c", "d-1"]), NASTY),
        unique_by=lambda entry: str(entry["name"]),
    ),
    "interfaces": st.just(["ether1", "ether2"]),
}
SETTINGS = st.fixed_dictionaries({"name": st.just("edge1"), "admin_password": NASTY}, optional=OPTIONAL)


@settings(deadline=None, max_examples=60)
@given(SETTINGS)
def test_a_script_for_any_settings_runs_twice_without_error(given_: dict[str, t.Any]) -> None:
    chr_ = Chr()
    wanted = boot.parse(given_)
    printed = execute(chr_, wanted)
    for script in wanted.scripts:
        assert script["source"].startswith(":put ") and printed.strip() != ""
    if wanted.identity is not None:
        assert chr_.router.identity == wanted.identity
    assert {user.name for user in wanted.users} <= {chr_.ask(f"[/user get {number} name]") for number in range(chr_.count("/user", ""))}
    assert execute(chr_, wanted).strip() == ""
    assert record(chr_) == (UUID, hashed(wanted))


# RouterOS's own command tree


def command_tree(version: str) -> dict[str, t.Any]:
    for folder in Path(__file__).resolve().parents:
        file = folder.parent / "shared" / "data" / "routeros" / f"command-tree-{version}.json.gz"
        if file.exists():
            with gzip.open(file) as stream:
                return t.cast("dict[str, t.Any]", json.load(stream))
    pytest.skip(f"RouterOS's command tree is not here: shared/data/routeros/command-tree-{version}.json.gz")


@pytest.mark.parametrize("version", ["7.12.2", "7.20.8", "7.24"])
def test_every_menu_and_argument_of_the_script_exists_on_routeros(version: str) -> None:
    tree = command_tree(version)
    plain = re.sub(r'"(?:\\.|[^"\\])*"', '""', boot_script(boot.parse({**FULL, "version": version}), Run("one", UUID)))
    plain = re.sub(r"\[find where [^\]]*\]", "", plain)
    commands = re.findall(r"(/[a-z][a-z -]*?) (add|set|find|get|remove|disable)\b([^\]}\n;]*)", plain)
    assert len(commands) > 30
    unknown = []
    for menu, command, rest in commands:
        node: t.Any = tree
        for part in (*menu[1:].split(), command):
            node = node.get(part, {})
        arguments = re.findall(r"([a-z-]+)=", rest) if command in ("add", "set") else []
        unknown += [f"{menu} {command}"] if not node else [f"{menu} {command} {name}=" for name in arguments if name not in node]
    assert unknown == []


def test_routeros_6_writes_some_things_otherwise() -> None:
    wanted = boot.parse({**FULL, "version": "6.49.18"})
    written = boot_script(wanted, Run("one", UUID))
    assert "primary-ntp=192.0.2.123 secondary-ntp=192.0.2.124" in written
    (name,) = key_files(wanted)
    assert f"/user ssh-keys import user=\"keys\" public-key-file={quote(name)}" in written
    assert "/" not in name
    assert key_files(boot.parse(FULL)) == {}


# What would leave a router open, or lock everybody out


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"admin_password": None}, "factory's empty password"),
        ({"admin_password": ""}, "factory's empty password"),
        ({"admin_password": None, "admin_disabled": True}, "nobody could log in"),
        ({"admin_disabled": True, "users": [{"name": "ops", "group": "read", "password": "battery-staple"}]}, "nobody could log in"),
        ({"users": [{"name": "ops"}]}, "users: ops has neither a password nor an SSH key"),
        ({"users": [{"name": "admin", "password": "x"}]}, "users: admin is set by admin_password"),
        ({"services": [{"name": "gopher", "enabled": True}]}, "services: gopher is unknown .*api, api-ssl, ftp, ssh"),
        ({"scripts": [{"name": 'a"b', "source": ""}]}, "cannot name a script"),
        ({"scripts": [{"name": "a", "source": ""}, {"name": "a", "source": ""}]}, "cannot name a script .*each name once"),
        ({"addresses": [{"address": "192.0.2.256/24", "interface": "ether1"}]}, "addresses: '192.0.2.256/24' is no IPv4 address"),
        ({"addresses": [{"address": "2001:db8::1/64", "interface": "ether1"}]}, "addresses: .* is no IPv4 address"),
        ({"addresses": [{"address": "192.0.2.2", "interface": "ether1"}]}, "addresses: 192.0.2.2 has no prefix length .*192.0.2.2/32"),
        ({"addresses": [{"address": "192.0.2.2/24", "interface": "ether3"}]}, "ether3 is not among the guest's interfaces .*ether1, ether2"),
        (
            {"addresses": [{"address": "192.0.2.2/24", "interface": "ether1"}], "interfaces": []},
            "ether1 is not among the guest's interfaces .found: none",
        ),
        ({"routes": [{"destination": "0.0.0.0/0", "gateway": "300.1.1.1"}]}, "routes: gateway: '300.1.1.1' is no IP address"),
        ({"dns": ["192.0.2.5x"]}, "dns: '192.0.2.5x' is no IP address"),
        ({"ntp": ["192.0.2.256"]}, "ntp: '192.0.2.256' is no IP address"),
        ({"ntp": ["time_server"]}, "ntp: 'time_server' is no IP address"),
        ({"users": [{"name": "ops", "ssh_keys": ["~/.ssh/id_ed25519.pub"]}]}, "ops's ssh_keys hold no public key: .*lookup"),
        ({"users": [{"name": "ops", "ssh_keys": [KEY.replace("ed25519", "rsa")]}]}, "ops's SSH key is damaged"),
        ({"users": [{"name": "ops", "group": "admins", "password": "x"}]}, "group 'admins', which a new router does not have"),
        ({"time_zone": "Europe/Riag"}, "time_zone: 'Europe/Riag' is unknown"),
        ({"routes": [{"destination": "192.0.2.1/24", "gateway": "192.0.2.9"}]}, "routes: .* is no IPv4 network .*host bits"),
    ],
)
def test_bad_settings_are_refused(given_: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        boot.parse(options(**given_))
