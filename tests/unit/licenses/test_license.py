# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of licences, and everything that the account server does, on both ways to the router."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.license import check_account

from .conftest import Fleet, spec

TRIAL: dict[str, t.Any] = {"source": "trial", "minimum_level": "p1"}
BOUGHT: dict[str, t.Any] = {"source": "purchased", "minimum_level": "p1"}


def fields(outcome: Outcome) -> set[str]:
    return {change.field for change in outcome.changes}


def failure(outcomes: dict[str, Outcome], name: str = "edge1") -> str:
    assert outcomes[name].error is not None, outcomes[name].facts
    return str(outcomes[name].error)


# Verifying


def test_without_a_source_the_account_server_is_never_asked(fleet: Fleet) -> None:
    fleet.add()
    found = fleet.one(minimum_level="p1")
    assert (found.facts["level"], found.facts["verdict"], found.changes) == ("free", "below", ())
    assert fleet.one().facts["verdict"] == "ok"
    assert fleet.server.asked == []


@pytest.mark.parametrize(("version", "limited"), [("6.49.10", None), ("7.8", False), ("7.20.8", False)])
def test_dates_are_iso_whatever_the_version_prints(version: str, limited: bool | None, fleet: Fleet) -> None:
    fleet.add(version=version)
    found = fleet.one(**TRIAL).facts
    assert (found["next_renewal_at"], found["deadline_at"]) == ("2026-01-31T00:00:00", "2026-03-02T00:00:00")
    assert (found["limited_upgrades"], found["days_left"], found["enforced"]) == (limited, 60, True)


def test_a_higher_level_satisfies_a_lower_wish(fleet: Fleet) -> None:
    fleet.add()
    fleet.one(source="trial", minimum_level="p10")
    assert fleet.one(minimum_level="p1").facts["verdict"] == "ok"


# Trials


def test_a_trial_is_asked_for_once_and_a_second_run_changes_nothing(fleet: Fleet) -> None:
    fleet.add()
    got = fleet.one(**TRIAL)
    assert {"level", "next_renewal_at", "deadline_at"} <= fields(got)
    assert (got.facts["level"], got.facts["verdict"], got.facts["status"][-1]) == ("p1", "trial", "done")
    assert got.facts["buy_before"] == "2026-05-01T00:00:00"
    assert fleet.one(**TRIAL).changes == ()
    assert len(fleet.server.asked) == 1


def test_check_mode_asks_nothing_and_says_what_would_be(fleet: Fleet) -> None:
    fleet.add()
    predicted = fleet.one(check_mode=True, **TRIAL)
    assert next((change.field, change.before, change.after) for change in predicted.changes) == ("level", "free", "p1")
    assert fleet.server.asked == []
    assert [change.field for change in fleet.one(**TRIAL).changes] == [change.field for change in predicted.changes]


def test_trials_are_announced_with_their_number_and_asked_for_one_at_a_time(fleet: Fleet) -> None:
    fleet.server.pauses = 0.05
    for name in ("a", "b", "c"):
        fleet.add(name)
    assert all(outcome.error is None for outcome in fleet.converge(**TRIAL).values())
    announced = next(number for number, (dummy, what) in enumerate(fleet.shown) if "3 (a, b, c)" in what)
    assert announced < next(number for number, (dummy, what) in enumerate(fleet.shown) if what.startswith("asking the account server"))
    assert len(fleet.server.asked) == 3
    assert not fleet.server.overlapping


def test_the_first_too_many_stops_the_asking(fleet: Fleet) -> None:
    fleet.server.trials_left = 1
    for name in ("a", "b", "c", "d"):
        fleet.add(name)
    outcomes = fleet.converge(**TRIAL)
    assert outcomes["a"].error is None
    assert "too many trial licences" in failure(outcomes, "b")
    assert "no trial was asked for" in failure(outcomes, "c")
    assert len(fleet.server.asked) == 2


def test_a_trials_level_cannot_be_raised_in_place(fleet: Fleet) -> None:
    fleet.add()
    fleet.one(**TRIAL)
    said = failure(fleet.converge(source="trial", minimum_level="p10"))
    assert "a trial's level cannot be raised" in said
    assert "Make a new CHR" in said
    assert len(fleet.server.asked) == 1


def test_an_expired_trial_is_named_and_gets_no_second_one(fleet: Fleet) -> None:
    clone = fleet.add()
    fleet.one(**TRIAL)
    clone.pass_time(61)
    assert fleet.one(minimum_level="p1").facts["verdict"] == "expired"
    assert "has expired" in failure(fleet.converge(**TRIAL))
    assert len(fleet.server.asked) == 1


# What was bought


def test_what_was_bought_comes_with_the_next_renewal(fleet: Fleet) -> None:
    clone = fleet.add()
    fleet.one(**TRIAL)
    fleet.server.purchased[str(clone.license.stored["system-id"])] = "p10"
    got = fleet.one(source="purchased", minimum_level="p10")
    assert (got.facts["level"], got.facts["verdict"]) == ("p10", "ok")
    assert fleet.one(source="purchased", minimum_level="p10").changes == ()
    assert len(fleet.server.asked) == 2


def test_a_level_that_was_not_bought_is_the_accounts_to_give(fleet: Fleet) -> None:
    fleet.add()
    fleet.one(**TRIAL)
    said = failure(fleet.converge(source="purchased", minimum_level="p10"))
    assert "the account server decides" in said
    assert "all keys, Upgrade" in said


def test_an_unpaid_trial_is_not_renewed_in_a_loop(fleet: Fleet) -> None:
    clone = fleet.add()
    fleet.one(**TRIAL)
    clone.pass_time(31)
    for dummy in range(3):
        assert fleet.one(**BOUGHT).changes == ()
    assert len(fleet.server.asked) == 2
    clone.pass_time(1.5)
    fleet.one(**BOUGHT)
    assert len(fleet.server.asked) == 3


def test_a_renewal_is_asked_for_before_it_is_due_only_if_told_so(fleet: Fleet) -> None:
    clone = fleet.add()
    fleet.one(**TRIAL)
    fleet.server.purchased[str(clone.license.stored["system-id"])] = "p1"
    clone.pass_time(20)
    assert fleet.one(**BOUGHT).changes == ()
    assert "next_renewal_at" in fields(fleet.one(renew_before=14, **BOUGHT))
    assert fleet.one(renew_before=14, **BOUGHT).changes == ()


def test_a_renewal_that_is_overdue_is_told(fleet: Fleet) -> None:
    clone = fleet.add()
    fleet.one(**TRIAL)
    clone.pass_time(31)
    assert fleet.one(minimum_level="p1").facts["verdict"] == "renewal_overdue"


def test_a_level_that_counts_only_after_a_restart_is_told(fleet: Fleet) -> None:
    fleet.server.enforce_after_reboot = True
    clone = fleet.add()
    clone.pass_time(1)
    got = fleet.one(wait=False, **TRIAL)
    assert (got.facts["level"], got.facts["enforced"], got.facts["reboot_needed"], got.facts["verdict"]) == ("p1", False, True, "not_enforced")
    assert "restarted" in got.warnings[0]
    clone.reboot()
    assert fleet.one(**TRIAL).facts["enforced"]


# The server's other answers


def test_a_wrong_account_fails_at_once_and_its_password_shows_nowhere(fleet: Fleet) -> None:
    clone = fleet.add()
    outcomes = fleet.converge(password="not-the-password", **TRIAL)
    assert "does not know account and password (found: Unauthorized)" in failure(outcomes)
    assert "not-the-password" not in str(outcomes) + str(fleet.shown)
    assert "not-the-password" not in str(clone.platform.stored)


def test_a_server_that_is_not_there_leaves_an_unknown_that_is_read_back(fleet: Fleet) -> None:
    fleet.server.reachable = False
    fleet.add()
    said = failure(fleet.converge(timeout=1, **TRIAL))
    assert "no final answer of the account server came (timeout: 1 s); whether a licence was given is unknown, and the router shows none" in said


def test_a_slow_server_whose_answer_was_missed_is_found_by_reading_back(fleet: Fleet) -> None:
    fleet.add()
    fleet.server.pauses = 0.3
    assert fleet.one(**TRIAL).facts["level"] == "p1"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("/ip route remove [find where gateway=192.0.2.1]", "no active default route"),
        ('/ip dns set servers=""', "no DNS server"),
    ],
)
def test_what_speaks_against_an_answer_is_a_warning(script: str, said: str, fleet: Fleet) -> None:
    fleet.add().run(script)
    got = fleet.one(**TRIAL)
    assert said in got.warnings[0]
    assert len(fleet.server.asked) == 1


def test_a_clock_that_is_wrong_is_found_before_the_server_is_asked(fleet: Fleet) -> None:
    right, wrong = fleet.add("a"), fleet.add("b")
    wrong.platform.clock = right.platform.clock - 400 * 86400
    outcomes = fleet.converge(**TRIAL)
    assert outcomes["a"].error is None
    assert "clock is wrong" in failure(outcomes, "b")


# Clones


def test_fifty_clones_with_one_system_id_end_with_fifty(fleet: Fleet) -> None:
    for number in range(50):
        fleet.add(f"c{number:02}", uuid="one and the same")
    outcomes = fleet.converge(generate_new_id="if_duplicate", **TRIAL)
    assert all(outcome.error is None for outcome in outcomes.values())
    assert len({outcome.facts["system_id"] for outcome in outcomes.values()}) == 50
    assert len({system_id for system_id, dummy in fleet.server.asked}) == 50
    again = fleet.converge(generate_new_id="if_duplicate", **TRIAL)
    assert not any(outcome.changes or outcome.error for outcome in again.values())


def test_a_shared_id_without_leave_to_change_it_is_refused_for_all_but_one(fleet: Fleet) -> None:
    for name in ("a", "b"):
        fleet.add(name, uuid="one and the same")
    outcomes = fleet.converge(**TRIAL)
    assert outcomes["a"].error is None
    assert "generate_new_id: if_duplicate" in failure(outcomes, "b")
    assert len(fleet.server.asked) == 1


def test_a_new_id_is_made_at_level_free_only(fleet: Fleet) -> None:
    first, second = fleet.add("a", uuid="same"), fleet.add("b", uuid="same")
    fleet.converge(generate_new_id="never", source="trial", minimum_level="p1")
    second.license.stored.update(first.license.stored)
    assert "only at level free" in failure(fleet.converge(generate_new_id="if_duplicate"), "b")


def test_a_new_id_before_the_first_licence(fleet: Fleet) -> None:
    clone = fleet.add()
    before = str(clone.license.stored["system-id"])
    assert {"system_id", "level"} <= fields(fleet.one(generate_new_id="if_free", **TRIAL))
    assert fleet.server.asked == [(str(clone.license.stored["system-id"]), "p1")]
    assert clone.license.stored["system-id"] != before
    assert fleet.one(generate_new_id="if_free", **TRIAL).changes == ()


# Options


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"source": "trial"}, "source: trial needs a level"),
        ({"source": "trial", "minimum_level": "free"}, "source: trial needs a level"),
        ({"timeout": 0}, "timeout: 0 is below 1"),
        ({"renew_before": -1}, "renew_before: -1 is below 0"),
    ],
)
def test_a_wrong_option_is_named(wrong: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        spec(**wrong)


def test_an_account_is_needed_only_where_it_is_asked() -> None:
    check_account(None, None, spec())
    with pytest.raises(InputError, match=r"account: needed for source: trial; password: needed for source: trial"):
        check_account("", None, spec(**TRIAL))
