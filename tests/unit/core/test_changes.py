# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing, running a batch and summing it up."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, run_batch, summary
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change, compare, diff
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError
from hypothesis import given
from hypothesis import strategies as st

from tests.waiting import PATIENCE

FIELDS = st.one_of(
    st.sampled_from(["memory", "cpus", "power", "exists", "description"]),
    st.builds("interfaces.ether{}.{}".format, st.integers(1, 9), st.sampled_from(["link", "mac", "network"])),
    st.builds("files.{}".format, st.sampled_from(["setup", "setup.rsc", "setup.rsc.old", "b.txt"])),
)
VALUES = st.one_of(st.booleans(), st.integers(), st.text())
CHANGES = st.lists(st.builds(Change, FIELDS, VALUES, VALUES), unique_by=lambda change: change.field)


def leaves(tree: t.Any, path: str = "") -> dict[str, t.Any]:
    if not isinstance(tree, dict):
        return {path: tree}
    return {key: value for name, item in tree.items() for key, value in leaves(item, f"{path}.{name}" if path else name).items()}


@given(CHANGES)
def test_the_diff_holds_both_sides_of_each_change(changes: list[Change]) -> None:
    shown = diff("edge1", changes)
    assert leaves(shown["before"]) == {change.field: change.before for change in changes}
    assert leaves(shown["after"]) == {change.field: change.after for change in changes}


def test_a_field_that_changes_twice_shows_its_first_and_its_last_side() -> None:
    shown = diff("edge1", [Change("link", True, False), Change("link", False, True)])
    assert (shown["before"], shown["after"]) == ({"link": True}, {"link": True})


def test_what_was_left_out_is_not_compared() -> None:
    assert compare({"memory": None, "cpus": 2}, {"memory": 512, "cpus": 1}) == [Change("cpus", 1, 2)]


@given(st.dictionaries(st.text(), VALUES))
def test_equal_sides_differ_in_nothing(fields: dict[str, t.Any]) -> None:
    assert compare(fields, fields) == []


def test_a_failing_job_stops_no_other() -> None:
    def fails() -> Outcome:
        raise GuestError("its agent is silent")

    jobs = {"a": lambda: Outcome("a"), "b": fails, "c": lambda: Outcome("c")}
    outcomes = run_batch(jobs, 2)
    assert list(outcomes) == ["a", "b", "c"]
    assert [name for name, outcome in outcomes.items() if outcome.error] == ["b"]


def test_jobs_run_side_by_side() -> None:
    """Each waits for the other: one after the other, both would miss it."""
    both = threading.Barrier(2)

    def meets() -> Outcome:
        both.wait(PATIENCE)
        return Outcome("met")

    assert not [outcome for outcome in run_batch({"a": meets, "b": meets}, 2).values() if outcome.error]


def test_no_more_jobs_run_at_once_than_was_asked_for() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def counted() -> Outcome:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return Outcome("counted")

    run_batch({str(number): counted for number in range(50)}, 1)
    assert most == [1]


def test_no_jobs_give_no_outcomes() -> None:
    assert run_batch({}, 8) == {}


def test_the_message_names_each_failure() -> None:
    outcomes = {
        "edge1": Outcome("edge1", error=GuestError("no answer")),
        "edge2": Outcome("edge2", (Change("power", "stopped", "running"),)),
        "edge3": Outcome("edge3", error=GuestError("no disk")),
    }
    result = summary(outcomes, {}, "guests")
    assert result["msg"] == "2 of 3 failed: edge1: no answer. | edge3: no disk."
    assert (result["failed"], result["changed"]) == (True, True)
    assert [entry["before"] for entry in result["diff"]] == [{"power": "stopped"}]


def test_a_single_object_speaks_for_itself() -> None:
    assert summary({"edge1": Outcome("edge1", error=GuestError("no answer"))}, {}, "guests")["msg"] == "edge1: no answer."


def test_all_well_is_no_failure() -> None:
    result = summary({"edge1": Outcome("edge1", warnings=("little memory",))}, {}, "guests")
    assert "failed" not in result and result["changed"] is False
    assert result["warnings"] == ["edge1: little memory"]
