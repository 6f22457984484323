# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How descriptions become one module run, and its result each router's own share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._shares import (
    deferred,
    facts_of,
    group_key,
    merge,
    own_result,
    repeaters,
    summed,
    union,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["wan", "lan", "dmz"])
ENTRIES = st.lists(st.fixed_dictionaries({"name": NAMES, "mtu": st.sampled_from([1400, 1500])}), max_size=4)
DESCRIPTIONS = st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), ENTRIES)


def entry(name: str, **values: t.Any) -> dict[str, t.Any]:
    return {"name": name, "changed": False, "failed": False, "changes": [], "diff": {"before": {}, "after": {}}, **values}


CHANGE = {"field": "power", "before": "stopped", "after": "running", "effect": "live"}
CHANGED = entry("r1", changed=True, changes=[CHANGE], diff={"before": {"power": "stopped"}, "after": {"power": "running"}})
BAD = entry("r2", failed=True, msg="r2: no room.")


@given(DESCRIPTIONS)
def test_each_name_is_in_the_module_run_once_and_every_contradiction_is_an_error(described: dict[str, t.Any]) -> None:
    entries, errors = merge(described)
    names = [item["name"] for item in entries]
    assert sorted(names) == sorted({item["name"] for listed in described.values() for item in listed})
    chosen = {item["name"]: item for item in entries}
    for host, listed in described.items():
        assert (host in errors) == any(chosen[item["name"]] != item for item in listed)


def test_a_contradiction_names_the_object_and_the_other_router() -> None:
    described: dict[str, t.Any] = {"r1": [{"name": "lan", "mtu": 1500}], "r2": [{"name": "lan"}]}
    assert merge(described)[1] == {"r2": "lan is described otherwise by r1. Describe it once, for example in group_vars."}


def test_two_routers_of_one_guest_both_fail_and_nobody_works_on_it() -> None:
    described: dict[str, t.Any] = {"a1": [{"name": "same"}], "a2": [{"name": "same"}], "a3": [{"name": "own"}]}
    entries, errors = merge(described, alone=True)
    assert entries == [{"name": "own"}]
    problem = "same is the guest of a1 and of a2. Give each router a name of its own (chr_guest_name)."
    assert errors == {"a1": problem, "a2": problem}


def test_what_was_planned_is_joined() -> None:
    plans: list[dict[str, list[str]]] = [{"networks": ["wan"], "images": []}, {"networks": ["lan", "wan"]}, {}]
    assert union(plans) == {"images": [], "networks": ["lan", "wan"]}


def test_connections_are_equal_whatever_their_order() -> None:
    assert group_key({"libvirt": {"uri": "a", "pool": "b"}}) == group_key({"libvirt": {"pool": "b", "uri": "a"}})
    assert group_key({"libvirt": {"uri": "a"}}) != group_key({"libvirt": {"uri": "b"}})


def test_a_router_takes_only_its_own_share() -> None:
    batch = {"guests": {"r1": CHANGED, "r2": BAD, "r3": entry("r3")}, "failed": True, "changed": True, "msg": "1 of 3 failed"}
    share = own_result(batch, "guests", ["r1"], first=True)
    assert share == {"entries": {"r1": CHANGED}, "failed": False, "changed": True, "diff": [CHANGED["diff"]]}
    assert own_result(batch, "guests", ["r3"], first=True) == {"entries": {"r3": entry("r3")}, "failed": False, "changed": False}
    share = own_result(batch, "guests", ["r2"], first=True)
    assert (share["failed"], share["changed"], share["msg"]) == (True, False, "r2: no room.")


MADE = entry("r2", changed=True, changes=[{"field": "exists", "before": False, "after": True}, {"field": "memory", "before": None, "after": 256}])


def share_of(item: dict[str, t.Any], **values: t.Any) -> dict[str, t.Any]:
    return {"of": "guests", **own_result({"guests": {item["name"]: item}}, "guests", [item["name"]], first=True), **values}


def test_a_failed_router_says_what_was_already_done_by_all_its_phases() -> None:
    half = {**BAD, "changed": True, "changes": [CHANGE]}
    outcome = summed({"image": share_of(entry("r2")), "guest": share_of(MADE), "first_boot": share_of(half)}, {})
    assert outcome["msg"] == "r2: no room. Already done: r2 made; power stopped -> running."
    predicted = summed({"image": share_of(entry("r2")), "guest": share_of(MADE), "first_boot": share_of(half)}, {}, check_mode=True)
    assert predicted["msg"] == "r2: no room. Would be done: r2 made; power stopped -> running."
    assert (outcome["failed"], outcome["changed"]) == (True, True)
    assert list(outcome["results"]) == ["image", "guest", "first_boot"]


def test_a_router_changed_and_differs_as_all_its_phases_did() -> None:
    earlier = {"lookup": {"of": "guests", "failed": False, "entries": {}}}
    outcome = summed({"guest": share_of(CHANGED), "first_boot": share_of({**CHANGED, "level": "free"})}, earlier)
    assert (outcome["failed"], outcome["changed"], outcome["diff"]) == (False, True, [CHANGED["diff"]] * 2)
    assert outcome["results"]["first_boot"]["entries"] == {"r1": {"name": "r1", "changed": True, "failed": False, "level": "free"}}
    assert outcome["results"]["lookup"] == earlier["lookup"]


LEFT = {**BAD, "left": True, "changed": True, "changes": [CHANGE]}


@pytest.mark.parametrize(("defer", "item", "failed"), [("left", LEFT, False), ("left", BAD, True), ("none", LEFT, True), ("all", BAD, False)])
def test_a_failure_that_is_deferred_is_left_for_the_end(defer: str, item: dict[str, t.Any], failed: bool) -> None:
    outcome = summed({"guest": deferred(share_of(item), defer), "info": share_of(entry("r2"))}, {})
    assert outcome["failed"] is failed
    done = " Already done: power stopped -> running." if item is LEFT else ""
    assert outcome["msg" if failed else "left"] == f"r2: no room.{done}"


def test_what_is_left_of_a_segment_is_no_routers_own() -> None:
    outcome = summed({"network": {**deferred(share_of(BAD), "all"), "of": "segments"}}, {})
    assert "left" not in outcome
    assert outcome["results"]["network"]["left"] == "r2: no room."


def test_a_shared_object_counts_as_changed_for_the_first_router_only() -> None:
    batch = {"networks": {"lan": {**CHANGED, "name": "lan"}}}
    first, second = (own_result(batch, "networks", ["lan"], first=first) for first in (True, False))
    assert (first["changed"], second["changed"]) == (True, False)
    assert "diff" in first and "diff" not in second


@given(DESCRIPTIONS)
def test_of_several_routers_that_name_an_object_all_but_the_first_repeat_it(described: dict[str, t.Any]) -> None:
    names = {host: {entry["name"] for entry in listed} for host, listed in described.items()}
    hosts = list(names)
    expected = [host for place, host in enumerate(hosts) if any(names[host] & names[other] for other in hosts[:place])]
    assert repeaters(described) == expected


@pytest.mark.parametrize(
    ("batch", "said"),
    [({"msg": "unreachable"}, "unreachable"), ({"module_stderr": "killed"}, "killed"), ({}, "The module gave no result.")],
)
def test_without_a_result_every_router_fails(batch: dict[str, t.Any], said: str) -> None:
    assert own_result(batch, "guests", ["r1"], first=True) == {"failed": True, "changed": False, "msg": said, "entries": {}}


def test_facts_are_what_was_not_yet_shown() -> None:
    assert facts_of({**CHANGED, "power": "running", "msg": "x", "warnings": []}) == {
        "name": "r1",
        "changed": True,
        "failed": False,
        "power": "running",
    }
