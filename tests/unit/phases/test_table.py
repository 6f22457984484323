# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that ends each playbook."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._table import (
    DONE,
    FAILED,
    PENDING,
    UNCHANGED,
    Row,
    removal_notes,
    render,
    row,
    ssh_command,
)
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._table_layouts import CHR, METAROUTER

WIRED = {"name": "ether1", "mac": "02:00:00:00:00:01", "network": "wan", "link": True}
ROW = Row("r1", UNCHANGED, "", (), guest="guest1")
STANDING = {"power": "running", "exists": True, "configured": True, "interfaces": [WIRED], "console": "virsh console r1"}
ASKED = {"router": {"license_level": "free", "interfaces": [{"mac": WIRED["mac"], "addresses": ["192.0.2.2/24"]}]}}


def report(facts: t.Mapping[str, t.Any] | None = None, **share: t.Any) -> dict[str, t.Any]:
    return {"results": {"guest": {"of": "guests", "changed": False, "failed": False, **share, "entries": {"r1": dict(facts or {})}}}}


def made(report_: t.Mapping[str, t.Any], broken: str | None = None, check_mode: bool = False, **values: t.Any) -> Row:
    return row(CHR, "r1", "r1", report_, broken, ["ssh r1"], check_mode, **values)


@pytest.mark.parametrize(
    ("given", "broken", "check_mode", "result"),
    [
        (report(changed=True), None, False, DONE),
        (report(changed=True), None, True, PENDING),
        (report(), None, False, UNCHANGED),
        (report(), None, True, UNCHANGED),
        (report(changed=True, failed=True, msg="no room."), None, False, FAILED),
        ({}, "It was never reached.", False, FAILED),
    ],
)
def test_a_routers_result(given: dict[str, t.Any], broken: str | None, check_mode: bool, result: str) -> None:
    assert made(given, broken, check_mode).result == result


def test_a_row_shows_what_stands_and_how_to_reach_it() -> None:
    cells = made(report({**STANDING, **ASKED})).cells
    wired = "ether1 02:00:00:00:00:01 wan up 192.0.2.2/24"
    assert cells == (("r1",), (UNCHANGED,), ("running",), ("standing",), ("free",), (wired,), ("ssh r1", "virsh console r1"))


@pytest.mark.parametrize(
    ("facts", "state", "boot"),
    [
        ({"exists": False}, "absent", "-"),
        ({}, "-", "-"),
        ({"power": "stopped", "configured": False}, "stopped", "not yet"),
        ({"power": "running", "first_boot": "drift", "configured": True}, "running", "drift"),
    ],
)
def test_what_is_not_known_is_a_dash(facts: dict[str, t.Any], state: str, boot: str) -> None:
    cells = made(report(facts)).cells
    assert (cells[2], cells[3], cells[4], cells[5]) == ((state,), (boot,), ("-",), ("-",))


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, "free"),
        ({"level": "free", "verdict": "ok", "days_left": None}, "free"),
        ({"level": "free", "verdict": "below", "days_left": None}, "free (below)"),
        ({"level": "free", "verdict": "renewal_overdue", "days_left": 12}, "free (renewal overdue)"),
        ({"level": "free", "verdict": "trial", "days_left": 12}, "free (trial, 12 days left)"),
    ],
)
def test_a_licence_that_is_not_ok_is_told(facts: dict[str, t.Any], shown: str) -> None:
    assert made(report({**ASKED, **facts})).cells[4] == (shown,)


def test_a_guest_that_went_leaves_no_facts_behind() -> None:
    given = {"results": {"lookup": report(STANDING)["results"]["guest"], "guest": report({"exists": False}, changed=True)["results"]["guest"]}}
    assert made(given).cells[2] == ("absent",)


def test_what_would_be_removed_is_pending_until_it_is_confirmed() -> None:
    given = report({**STANDING, "uuid": "u-1", "disks": ["r1.qcow2"]})
    assert made(given, confirmed=[]).result == PENDING
    assert made(given, confirmed=[]).reason == "would be removed: guest u-1 and its disks r1.qcow2. Name it in confirm to remove it."
    assert made(given, confirmed=["r1"]).reason == ""


def test_a_metarouter_guest_has_columns_of_its_own() -> None:
    nics = [
        {"name": "ether1", "vm_mac_address": "02:00:00:00:00:01", "host_interface": "vif1", "dynamic_bridge": ""},
        {"name": "ether2", "vm_mac_address": "02:00:00:00:00:02", "host_interface": "", "dynamic_bridge": "lan"},
    ]
    facts = {"exists": True, "state": "running", "memory_size": 32, "interfaces": nics}
    cells = row(METAROUTER, "r1", "c1", {"results": {"metarouter_vm": {"of": "guests", "entries": {"c1": facts}}}}, None, [], False).cells
    assert cells == (
        ("r1",),
        (UNCHANGED,),
        ("running",),
        ("32 MiB",),
        ("ether1 02:00:00:00:00:01 vif1", "ether2 02:00:00:00:00:02 in lan"),
        ("/metarouter console c1",),
    )
    absent = row(METAROUTER, "r1", "c1", {"results": {"metarouter_vm": {"of": "guests", "entries": {"c1": {"exists": False}}}}}, None, [], False)
    assert absent.cells[2:] == (("absent",), ("-",), ("-",), ("-",))


def segments(**entries: t.Any) -> dict[str, t.Any]:
    return {"results": {"lookup": {"of": "guests", "entries": {"r1": {}}}, "look": {"of": "segments", "entries": entries}}}


def test_segments_that_would_be_removed_are_told_once() -> None:
    ours, theirs = {"exists": True, "ours": True, "guests": ["r1", "r2"]}, {"exists": True, "ours": False, "guests": []}
    reports = [segments(lan={**ours, "guests": []}, wan=ours, uplink=theirs, gone={"exists": False})] * 2
    assert removal_notes(reports, ["r1"], [ROW]) == [
        "segment lan would be removed. Name it in confirm to remove it.",
        "segment wan would be removed, once nobody is wired to it: r1, r2. Name it in confirm to remove it.",
    ]
    assert removal_notes(reports, ["lan", "wan"], [ROW]) == []


def test_a_name_that_is_confirmed_in_vain_is_told_unless_a_router_is_unknown() -> None:
    said = "confirm names no router and no segment of these hosts: edg2"
    assert removal_notes([segments()], ["r1", "guest1", "edg2"], [ROW]) == [said]
    assert removal_notes([segments()], ["r1", "edg2"], [replace(ROW, result=FAILED)]) == [f"{said} (the segments of r1 may not be known)"]


def test_a_segment_of_the_routers_own_name_is_no_guest() -> None:
    given = {"results": {"lookup": report(STANDING)["results"]["guest"], "network": {"of": "segments", "entries": {"r1": {"exists": False}}}}}
    assert made(given).cells[2] == made(report(STANDING)).cells[2]


def test_columns_line_up_and_failures_come_below_with_their_counts() -> None:
    rows = [
        Row("r1", DONE, "", (("r1",), (DONE,), ("running",), ("done",), ("free",), ("ether1 one", "ether2 two"), ("-",))),
        Row("long-name", FAILED, "long-name: no room. Make some.", (("long-name",), (FAILED,), *((("-",),) * 5))),
    ]
    lines = render(CHR, rows)
    assert lines[0].split() == ["ROUTER", "RESULT", *" ".join(CHR.headings).split()]
    column = lines[0].index("INTERFACES")
    assert [line[column:].split("  ")[0] for line in lines[1:3]] == ["ether1 one", "ether2 two"]
    assert lines[2].strip() == "ether2 two"
    assert "long-name: no room. Make some." in lines
    assert lines[-1] == "1 done, 0 unchanged, 1 failed"
    assert not [line for line in lines if line != line.rstrip()]


def test_a_run_that_changed_nothing_says_so() -> None:
    assert render(CHR, [made(report())])[-1].startswith("Nothing changed: 0 done, 1 unchanged")
    assert not render(CHR, [made(report()), made(report(changed=True))])[-1].startswith("Nothing changed")


def test_a_reason_that_does_not_name_its_router_gets_its_name() -> None:
    assert "r1: It was never reached." in render(CHR, [made({}, "It was never reached.")])


# How it is reached, and what drifted

LAN: dict[str, t.Any] = {"lan": {"address": "198.51.100.1/24"}, "wan": {"address": None}}
HAS_LAN: dict[str, t.Any] = {**STANDING, "interfaces": [WIRED, {**WIRED, "name": "ether2", "mac": "02:00:00:00:00:02", "network": "lan"}]}
ON_LAN = {"router": {"interfaces": [{"mac": "02:00:00:00:00:02", "addresses": ["198.51.100.2/24", "10.0.0.1/8"]}]}}


def test_a_router_is_reached_where_its_host_has_an_address() -> None:
    results = {"network": {"of": "segments", "entries": LAN}, "guest": {"of": "guests", "entries": {"r1": {**HAS_LAN, **ON_LAN}}}}
    cells = row(CHR, "r1", "r1", {"results": results}, None, [], False, login="ssh admin@{}").cells
    assert cells[-1] == ("ssh admin@198.51.100.2 on lan, where its host is 198.51.100.1", "virsh console r1")
    down = {**HAS_LAN, "interfaces": [{**nic, "link": False} for nic in HAS_LAN["interfaces"]]}
    results["guest"] = {"of": "guests", "entries": {"r1": {**down, **ON_LAN}}}
    assert row(CHR, "r1", "r1", {"results": results}, None, [], False, login="ssh admin@{}").cells[-1] == ("virsh console r1",)


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ((None, None, None, None), "ssh admin@{}"),
        ((None, True, [{"name": "see", "group": "read"}, {"name": "ops"}], None), "ssh ops@{}"),
        ((None, False, [{"name": "ops"}], [{"name": "ssh", "port": 2222}]), "ssh -p 2222 admin@{}"),
        ((None, False, None, [{"name": "ssh", "enabled": False}]), ""),
        ((False, None, None, None), ""),
        ((None, True, [{"nam": "x"}, "y"], ["ssh"]), "ssh None@{}"),
        ((None, None, "x", {"name": "ssh"}), "ssh admin@{}"),
    ],
)
def test_the_command_is_what_first_boot_set(given: tuple[t.Any, ...], command: str) -> None:
    assert ssh_command(*given) == command


def test_drift_is_named_with_both_sides_and_the_way_to_apply_it() -> None:
    drift = [{"field": "identity", "before": "a", "after": "b"}, {"field": "users.bob", "before": "group=full", "after": None}]
    lines = "\n".join(render(CHR, [made(report({**STANDING, "drift": drift}))]))
    said = " ".join(lines.split())
    assert "r1: drift. identity: a -> b; users.bob: group=full -> not set." in said
    assert lines.splitlines()[-3] == """    -e '{"chr_first_boot_reapply": ["r1"]}'"""
