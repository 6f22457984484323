# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How descriptions become one module run, and its result each router's own share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._phase import facts_of, group_key, merge, own_result, repeaters, union
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["wan", "lan", "dmz"])
ENTRIES = st.lists(st.fixed_dictionaries({"name": NAMES, "mtu": st.sampled_from([1400, 1500])}), max_size=4)
DESCRIPTIONS = st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), st.fixed_dictionaries({"entries": ENTRIES}))


def entry(name: str, **values: t.Any) -> dict[str, t.Any]:
    return {"name": name, "changed": False, "failed": False, "changes": [], "diff": {"before": {}, "after": {}}, **values}


CHANGE = {"field": "power", "before": "stopped", "after": "running", "effect": "live"}
CHANGED = entry("r1", changed=True, changes=[CHANGE], diff={"before": {"power": "stopped"}, "after": {"power": "running"}})
BAD = entry("r2", failed=True, msg="r2: no room.")


@given(DESCRIPTIONS)
def test_each_name_is_in_the_module_run_once_and_every_contradiction_is_an_error(described: dict[str, t.Any]) -> None:
    entries, errors = merge(described)
    names = [item["name"] for item in entries]
    assert sorted(names) == sorted({item["name"] for values in described.values() for item in values["entries"]})
    chosen = {item["name"]: item for item in entries}
    for host, values in described.items():
        assert (host in errors) == any(chosen[item["name"]] != item for item in values["entries"])


def test_a_contradiction_names_the_object_and_the_other_router() -> None:
    described: dict[str, t.Any] = {"r1": {"entries": [{"name": "lan", "mtu": 1500}]}, "r2": {"entries": [{"name": "lan"}]}}
    assert merge(described)[1] == {"r2": "lan is described otherwise by r1. Describe it once, for example in group_vars."}


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


def test_a_failed_router_says_what_was_already_done() -> None:
    half = {**BAD, "changed": True, "changes": [CHANGE]}
    share = own_result({"guests": {"r2": half}}, "guests", ["r2"], first=True)
    assert share["msg"] == "r2: no room. Already done: power stopped -> running."


def test_a_shared_object_counts_as_changed_for_the_first_router_only() -> None:
    batch = {"networks": {"lan": {**CHANGED, "name": "lan"}}}
    first, second = (own_result(batch, "networks", ["lan"], first=first) for first in (True, False))
    assert (first["changed"], second["changed"]) == (True, False)
    assert "diff" in first and "diff" not in second


@given(DESCRIPTIONS)
def test_of_several_routers_that_name_an_object_all_but_the_first_repeat_it(described: dict[str, t.Any]) -> None:
    entries = {host: description["entries"] for host, description in described.items()}
    names = {host: {entry["name"] for entry in listed} for host, listed in entries.items()}
    hosts = list(names)
    expected = [host for place, host in enumerate(hosts) if any(names[host] & names[other] for other in hosts[:place])]
    assert repeaters(entries) == expected


@pytest.mark.parametrize(
    ("batch", "said"),
    [({"msg": "unreachable"}, "unreachable"), ({"module_stderr": "killed"}, "killed"), ({}, "The module gave no result.")],
)
def test_without_a_result_every_router_fails(batch: dict[str, t.Any], said: str) -> None:
    assert own_result(batch, "guests", ["r1"], first=True) == {"failed": True, "msg": said}


def test_facts_are_what_was_not_yet_shown() -> None:
    assert facts_of({**CHANGED, "power": "running", "msg": "x", "warnings": []}) == {
        "name": "r1",
        "changed": True,
        "failed": False,
        "power": "running",
    }
