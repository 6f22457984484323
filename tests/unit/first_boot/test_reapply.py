# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A description that changed after first boot: shown field by field, applied only by name, and what is described no more goes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import DRIFT, JUST_DONE, STANDING, Boot

from tests.contract.memory import MemoryHypervisor
from tests.unit.first_boot.boots import CHECK, one, said, wanted

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkAuVV6kxlLyTRVvkPJbJzTVEGKvsLdCdMDxM7dE6QJ"
ROUTE = {"destination": "10.0.0.0/8", "gateway": "192.0.2.9"}
FULL: dict[str, t.Any] = {
    "users": [{"name": "ann", "password": "ann-password"}, {"name": "bob", "password": "bob-password", "ssh_keys": [f"{KEY} bob@desk"]}],
    "addresses": [{"address": "192.0.2.2/24", "interface": "ether1"}, {"address": "198.51.100.2/24", "interface": "ether2"}],
    "routes": [ROUTE, {"destination": "0.0.0.0/0", "gateway": "192.0.2.1"}],
    "dhcp_clients": [{"interface": "ether2"}],
    "dns": ["192.0.2.53"],
    "ntp": ["192.0.2.123"],
    "time_zone": "Europe/Riga",
    "services": [{"name": "telnet", "enabled": False}],
    "scripts": [{"name": "note", "source": ":put 1"}],
}
LESS: dict[str, t.Any] = {"users": FULL["users"][:1], "addresses": FULL["addresses"][:1], "routes": FULL["routes"][1:]}


def again(**options: t.Any) -> Boot:
    return wanted(reapply=True, **options)


def sides(outcome: Outcome) -> dict[str, tuple[t.Any, t.Any]]:
    return {change.field: (change.before, change.after) for change in outcome.changes if change.field != "first_boot"}


def test_what_is_described_no_more_goes(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(**FULL))
    router = hypervisor.routers["edge1"]
    outcome = one(hypervisor, again(**LESS))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert [router.count("/user", f'name="{name}"') for name in ("admin", "ann", "bob")] == [1, 1, 0]
    assert router.platform.addresses == {"eth0": ["192.0.2.2/24"], "eth1": []}
    assert router.count("/ip route", "dst-address=10.0.0.0/8") == 0 and router.count("/ip route", "dst-address=0.0.0.0/0") == 1
    assert router.count("/ip dhcp-client", "") == router.count("/user ssh-keys", "") == 0
    assert router.ask("[/ip dns get servers]") == ""
    assert router.ask("[/system ntp client get enabled]") == "false"
    assert one(hypervisor, wanted(**LESS)).facts["first_boot"] == STANDING


def test_what_cannot_be_undone_is_said_and_left(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(**FULL))
    outcome = one(hypervisor, again(**LESS))
    warned = [text for text in outcome.warnings if "left as it is" in text]
    if hypervisor.returns_text:
        assert warned == ["described no more, and left as it is: time_zone, services.telnet, scripts.note"]
    else:
        assert len(warned) == 1 and "which ones cannot be told: no text comes back" in warned[0]
    assert hypervisor.routers["edge1"].count("/ip service", 'name="telnet" disabled=yes') == 1, "no door opens because nobody speaks of it"


def test_what_others_made_stays(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(**FULL))
    router = hypervisor.routers["edge1"]
    made = (
        '/user add name=eve group=full password="by-hand-1"',
        f'/user ssh-keys add user=ann key="{KEY} ann@desk"',
        "/ip address add address=203.0.113.2/24 interface=ether1",
        "/ip route add dst-address=172.16.0.0/12 gateway=192.0.2.7",
        "/ip dhcp-client add interface=ether1",
    )
    for statement in made:
        assert router.router.execute(statement).exit_code == 0, statement
    assert one(hypervisor, again(**LESS)).error is None
    for menu, where in (
        ("/user", 'name="eve"'),
        ("/user ssh-keys", 'user="ann"'),
        ("/ip address", "address=203.0.113.2/24"),
        ("/ip route", "dst-address=172.16.0.0/12"),
        ("/ip dhcp-client", 'interface="ether1"'),
    ):
        assert router.count(menu, where) == 1, (menu, where)


def test_a_key_that_was_taken_away_opens_nothing_any_more(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(**FULL))
    users = [FULL["users"][0], {"name": "bob", "password": "bob-password"}]
    one(hypervisor, again(**{**FULL, "users": users}))
    assert hypervisor.routers["edge1"].count("/user ssh-keys", "") == 0
    assert hypervisor.routers["edge1"].count("/user", 'name="bob"') == 1


def test_what_a_run_that_was_cut_off_made_goes_too(hypervisor: MemoryHypervisor) -> None:
    """Its record was never written, so only the items themselves say whose they are."""
    failing = {"name": "a", "source": ':error "no such luck"'}
    one(hypervisor, wanted(**{**FULL, "scripts": [failing]}))
    assert hypervisor.routers["edge1"].count("/user", 'name="bob"') == 1
    assert one(hypervisor, wanted(**LESS)).error is None
    assert hypervisor.routers["edge1"].count("/user", 'name="bob"') == 0


def test_the_last_way_in_is_never_closed(hypervisor: MemoryHypervisor) -> None:
    """The description relies on admin, whom somebody disabled by hand meanwhile."""
    one(hypervisor, wanted(**FULL))
    router = hypervisor.routers["edge1"]
    assert router.router.execute('/user disable [find where name="admin"]').exit_code == 0
    outcome = one(hypervisor, again())
    assert said(hypervisor, "is the last one with full rights and stays") in str(outcome.error)
    assert router.count("/user", 'group="full" && disabled=no') == 1


def test_admin_is_enabled_again_only_where_first_boot_disabled_it(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(admin_disabled=True, users=FULL["users"]))
    router = hypervisor.routers["edge1"]
    assert one(hypervisor, again(users=FULL["users"])).error is None
    assert router.count("/user", 'name="admin" disabled=no') == 1
    router.router.execute('/user disable [find where name="admin"]')
    assert one(hypervisor, again(users=FULL["users"][:1])).error is None
    assert router.count("/user", 'name="admin" disabled=yes') == 1


def test_a_route_takes_its_new_distance(hypervisor: MemoryHypervisor) -> None:
    router = hypervisor.routers["edge1"]
    for distance, stored in ((7, 7), (9, 9), (None, 1)):
        assert one(hypervisor, again(routes=[{**ROUTE, "distance": distance}])).error is None
        assert router.ask("[/ip route get [find where dst-address=10.0.0.0/8] distance]") == str(stored)


def test_drift_names_each_field_with_both_sides(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(**FULL))
    outcome = one(hypervisor, wanted(**{**LESS, "dns": ["192.0.2.54"], "identity": "core1"}))
    drift = {entry["field"]: (entry["before"], entry["after"]) for entry in outcome.facts["drift"]}
    assert (outcome.changes, outcome.facts["first_boot"]) == ((), DRIFT)
    if not hypervisor.returns_text:
        assert drift == {"settings": ("others", "as described")}
        assert "which ones cannot be told" in outcome.warnings[0] and "chr_first_boot_reapply" in outcome.warnings[0]
        return
    assert drift["identity"] == ("edge1", "core1")
    assert drift["dns"] == ("192.0.2.53", "192.0.2.54")
    assert drift["addresses.198.51.100.2/24"] == ("on ether2", None)
    assert drift["routes.10.0.0.0/8"] == ("via 192.0.2.9", None)
    assert drift["users.bob"][0].startswith("group=full password=set ssh_keys=") and drift["users.bob"][1] is None
    assert all(field in outcome.warnings[0] for field in drift)


@pytest.mark.parametrize("described", [LESS, {**FULL, "time_zone": "UTC"}, {}])
def test_check_mode_predicts_each_field_and_touches_nothing(hypervisor: MemoryHypervisor, described: dict[str, t.Any]) -> None:
    one(hypervisor, wanted(**FULL))
    stored = hypervisor.routers["edge1"].platform.stored
    predicted = one(hypervisor, again(**described), options=CHECK)
    assert hypervisor.routers["edge1"].platform.stored == stored
    done = one(hypervisor, again(**described))
    assert predicted.error is None and sides(predicted) == sides(done) != {}
    assert predicted.warnings == done.warnings


def test_a_script_with_another_text_runs_again_only_by_name_and_stays_drift_until_then(hypervisor: MemoryHypervisor) -> None:
    router = hypervisor.routers["edge1"]
    one(hypervisor, wanted(scripts=[{"name": "note", "source": "/interface bridge add name=one"}]))
    other = [{"name": "note", "source": "/interface bridge add name=two"}]
    for item in (wanted(scripts=other), again(scripts=other)):
        outcome = one(hypervisor, item)
        assert (outcome.changes, outcome.facts["first_boot"], outcome.error) == ((), DRIFT, None)
        assert "chr_first_boot_scripts_again" in outcome.warnings[0]
    changed = one(hypervisor, again(scripts=other, identity="core1"))
    fields = ["identity"] if hypervisor.returns_text else ["settings"]
    assert (list(sides(changed)), router.count("/interface bridge", 'name="two"')) == (fields, 0)
    assert one(hypervisor, again(scripts=other, identity="core1")).facts["first_boot"] == DRIFT
    assert one(hypervisor, again(scripts=other, identity="core1", scripts_again=["note"])).error is None
    assert router.count("/interface bridge", 'name="two"') == 1
    assert one(hypervisor, again(scripts=other, identity="core1", scripts_again=["note"])).facts["first_boot"] == STANDING
