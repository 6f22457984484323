# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileges that we ask for, held against what each release's own schema demands."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.privileges import Denial, Grant, advice, denial, grants

from tests.simulators.proxmox.schemas import VERSIONS, AbsentError, schema_of
from tests.workshop import ROOT

NODE = "/nodes/{node}"
GUEST = f"{NODE}/qemu/{{vmid}}"
STORAGE = f"{NODE}/storage/{{storage}}"
CALLS = (
    ("GET", f"{GUEST}/pending"),
    ("GET", f"{GUEST}/config"),
    ("PUT", f"{GUEST}/config"),
    ("PUT", f"{GUEST}/resize"),
    ("POST", f"{GUEST}/clone"),
    ("DELETE", GUEST),
    ("GET", f"{GUEST}/status/current"),
    ("POST", f"{GUEST}/status/start"),
    ("POST", f"{GUEST}/status/stop"),
    ("POST", f"{GUEST}/status/shutdown"),
    ("POST", f"{GUEST}/status/reboot"),
    ("POST", f"{GUEST}/status/suspend"),
    ("POST", f"{GUEST}/status/resume"),
    ("POST", f"{GUEST}/agent/ping"),
    ("POST", f"{GUEST}/agent/exec"),
    ("GET", f"{GUEST}/agent/exec-status"),
    ("POST", f"{GUEST}/agent/file-write"),
    ("GET", f"{GUEST}/agent/file-read"),
    ("GET", f"{GUEST}/firewall/options"),
    ("PUT", f"{GUEST}/firewall/options"),
    ("GET", "/cluster/firewall/options"),
    ("GET", f"{STORAGE}/status"),
    ("GET", f"{STORAGE}/content"),
    ("POST", f"{STORAGE}/upload"),
    ("GET", f"{NODE}/status"),
    ("GET", f"{NODE}/network/{{iface}}"),
    ("POST", f"{NODE}/network"),
    ("PUT", f"{NODE}/network"),
    ("DELETE", f"{NODE}/network"),
)


def paths_of(version: str) -> dict[str, t.Any]:
    try:
        return dict(schema_of(version).paths)
    except AbsentError as absent:
        pytest.skip(str(absent))


def given(version: str, path: str) -> set[str]:
    return {privilege for grant in grants(version) if grant.covers(path) for privilege in grant.privileges}


def allowed(check: list[t.Any], version: str) -> bool:
    """Proxmox VE's own expression: and, or, and perm PATH PRIVILEGES [any]."""
    kind, *rest = check
    if kind in ("and", "or"):
        return (all if kind == "and" else any)(allowed(one, version) for one in rest)
    assert kind == "perm"
    path, privileges, *options = rest
    return (any if "any" in options else all)(privilege in given(version, path) for privilege in privileges)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_call_is_allowed(version: str) -> None:
    methods = paths_of(version)
    checks = {(method, path): methods[path][method]["permissions"]["check"] for method, path in CALLS}
    assert [call for call, check in checks.items() if not allowed(check, version)] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_privilege_is_named_that_the_release_does_not_know(version: str) -> None:
    known = set(re.findall(r"[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)+", json.dumps(paths_of(version))))
    assert {privilege for grant in grants(version) for privilege in grant.privileges} <= known


@pytest.mark.parametrize(
    ("release", "agent"),
    [("7.4-19", "VM.Monitor"), ("8.4.1", "VM.Monitor"), ("9.2", "VM.GuestAgent.Unrestricted"), ("10.0", "VM.GuestAgent.Unrestricted")],
)
def test_the_agent_takes_one_privilege(release: str, agent: str) -> None:
    assert [privilege for privilege in guests(release).privileges if "Agent" in privilege or "Monitor" in privilege] == [agent]


def guests(release: str) -> Grant:
    return next(grant for grant in grants(release) if "/vms" in grant.paths)


def test_before_8_no_bridge_asks_for_a_privilege() -> None:
    assert {grant.role: grant.privileges for grant in grants("7.4")}["ChrNetworks"] == ("SDN.Audit",)
    assert {grant.role: grant.privileges for grant in grants("8.0")}["ChrNetworks"] == ("SDN.Use",)


def test_a_role_is_one_command() -> None:
    images = next(grant for grant in grants("9.0") if grant.role == "ChrImages")
    assert images.command() == 'pveum role add ChrImages --privs "Datastore.AllocateTemplate,Datastore.Audit"'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Permission check failed (/vms/100, VM.PowerMgmt)", Denial("/vms/100", ("VM.PowerMgmt",))),
        (
            "403 Forbidden: Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)",
            Denial("/storage/local", ("Datastore.Audit", "Datastore.AllocateSpace")),
        ),
        (
            "Permission check failed (/, Sys.Modify for modifying tag 'vrouter.mikrotik')",
            Denial("/", ("Sys.Modify",), "vrouter.mikrotik"),
        ),
        ("Permission check failed (user != root@pam)", None),
        ("Permission check failed", None),
    ],
)
def test_a_refusal_is_read(text: str, found: Denial | None) -> None:
    assert denial(text) == found


def test_the_way_out_names_the_role_its_privileges_and_where() -> None:
    text = advice(Denial("/vms/100", ("VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted")), "9.1")
    assert "ChrGuests" in text and "VM.GuestAgent.Unrestricted" in text and "/vms or /pool/POOL" in text and "token" in text
    assert "ChrNodes" not in text


def test_where_two_roles_hold_it_both_are_named() -> None:
    text = advice(Denial("/storage/local", ("Datastore.Audit", "Datastore.AllocateSpace")), "8.4")
    assert "ChrDisks" in text and "ChrImages" in text


def test_what_no_role_of_ours_holds_is_named_as_it_is() -> None:
    assert advice(Denial("/", ("Sys.Modify",)), "8.4").endswith("of its own, Sys.Modify on /")


def test_a_tag_that_not_everybody_may_set_is_allowed_and_no_right_to_change_the_cluster_given() -> None:
    text = advice(Denial("/", ("Sys.Modify",), "vrouter.mikrotik"), "9.0")
    assert "User Tag Access" in text and "Sys.Modify" not in text


PAGE = (ROOT / "docs" / "proxmox.md").read_text(encoding="utf-8")
NEWEST = "9"


def shown(release: str) -> dict[str, str]:
    """The commands by role that the page shows for a release: those for the newest, and its own instead."""
    blocks = dict(re.findall(r"^```shell\n# Proxmox VE (\d+)[^\n]*\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    lines = [line for name in (NEWEST, release) for line in blocks[name].splitlines() if line.startswith("pveum role add ")]
    return {line.split()[3]: line for line in lines}


@pytest.mark.parametrize("release", ["7", "8", "9"])
def test_the_page_shows_the_roles_of_each_release(release: str) -> None:
    assert shown(release) == {grant.role: grant.command() for grant in grants(f"{release}.0")}


def test_the_page_gives_each_role_where_it_counts() -> None:
    given = re.findall(r"^pveum acl modify (\S+) --users \S+ --roles (\w+)", PAGE, re.MULTILINE)
    roles = {grant.role: grant for grant in grants(NEWEST)}
    assert {role for dummy, role in given} == set(roles)
    assert [(path, role) for path, role in given if not roles[role].covers(path)] == []
