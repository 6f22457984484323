# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewals that go wrong, what is kept on the router of them, and what is predicted, on both ways to the router."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses import converge as _license_engine

from tests.clones import Clone
from tests.simulators.routeros.menus import license as license_menu
from tests.waiting import PATIENCE

from .conftest import Fleet

TRIAL: dict[str, t.Any] = {"source": "trial", "minimum_level": "p1"}
BOUGHT: dict[str, t.Any] = {"source": "purchased", "minimum_level": "p1"}
AWKWARD = "qu\"ote $x \\ [y] {z} ' ; # ?"


def failure(outcomes: dict[str, Outcome], name: str = "edge1") -> str:
    assert outcomes[name].error is not None, outcomes[name].facts
    return str(outcomes[name].error)


def system_id(clone: Clone) -> str:
    return str(clone.license.stored["system-id"])


def licensed(fleet: Fleet, name: str = "edge1", **values: t.Any) -> Clone:
    """A router with a trial."""
    clone = fleet.add(name, **values)
    assert all(outcome.error is None for outcome in fleet.converge(**TRIAL).values())
    fleet.server.asked.clear()
    return clone


# Answers


def test_an_answer_that_was_lost_is_found_by_reading_back(fleet: Fleet) -> None:
    fleet.add()
    fleet.answers_are_lost = True
    got = fleet.one(**TRIAL)
    assert (got.facts["level"], got.facts["verdict"]) == ("p1", "trial")
    assert "level" in {change.field for change in got.changes}


def test_a_router_that_goes_after_it_was_asked_leaves_an_unknown_that_says_so(fleet: Fleet) -> None:
    fleet.add()
    fleet.gone_after = 3  # the reading, the look for a way and the asking
    outcomes = fleet.converge(timeout=1, **TRIAL)
    assert "the account server was asked; whether a licence was given is unknown" in failure(outcomes)
    assert outcomes["edge1"].facts["status"][-1] == "done"
    fleet.gone_after = 1 << 30
    assert fleet.one(**TRIAL).facts["level"] == "p1"
    assert len(fleet.server.asked) == 1


def test_a_password_with_every_awkward_character_arrives_whole(fleet: Fleet) -> None:
    fleet.server.password = AWKWARD
    fleet.add()
    assert fleet.one(password=AWKWARD, **TRIAL).facts["level"] == "p1"


def test_what_the_router_itself_refuses_is_a_failure_at_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.add()
    monkeypatch.setattr(license_menu, "LEVELS", ("p10",))
    assert "the account server refused to renew the licence of edge1" in failure(fleet.converge(timeout=30, **TRIAL))


def test_a_refusal_is_told_with_its_text(fleet: Fleet) -> None:
    clone = licensed(fleet)
    clone.license.stored["system-id"] = "another"
    said = failure(fleet.converge(source="purchased", minimum_level="p10"))
    assert "(found: Licensing Error: no licence)" in said


@pytest.mark.parametrize(("wait", "reads"), [(True, range(4, 100)), (False, range(2, 3))])
def test_a_level_that_does_not_count_yet_is_waited_for_unless_told_not_to(
    wait: bool, reads: range, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_license_engine, "LOOK", 0.02)
    monkeypatch.setattr(_license_engine, "ENFORCED_WITHIN", 0.2)
    fleet.server.enforce_after_reboot = True
    fleet.add().pass_time(1)
    assert fleet.one(wait=wait, **TRIAL).facts["verdict"] == "not_enforced"
    assert fleet.reads in reads


# What is kept on the router


def test_a_refused_account_is_asked_again_as_soon_as_it_is_right(fleet: Fleet) -> None:
    clone = licensed(fleet)
    fleet.server.purchased[system_id(clone)] = "p10"
    wanted: dict[str, t.Any] = {"source": "purchased", "minimum_level": "p10"}
    assert "does not know account and password" in failure(fleet.converge(password="mistyped", **wanted))
    assert fleet.one(**wanted).facts["level"] == "p10"


def test_a_server_that_was_not_there_is_asked_again(fleet: Fleet) -> None:
    clone = licensed(fleet)
    fleet.server.purchased[system_id(clone)] = "p10"
    fleet.server.reachable = False
    wanted: dict[str, t.Any] = {"source": "purchased", "minimum_level": "p10"}
    assert "no final answer" in failure(fleet.converge(timeout=1, **wanted))
    fleet.server.reachable = True
    assert fleet.one(**wanted).facts["level"] == "p10"


def test_a_renewal_that_is_left_out_is_told(fleet: Fleet) -> None:
    clone = licensed(fleet)
    clone.pass_time(31)
    assert fleet.one(**BOUGHT).changes == ()
    skipped = fleet.one(**BOUGHT)
    assert len(fleet.server.asked) == 1
    assert "changed nothing; the account server is not asked again within 24 h (renew_interval)" in skipped.warnings[0]


def test_an_attempt_that_lies_in_the_future_does_not_count(fleet: Fleet) -> None:
    clone = licensed(fleet)
    clone.pass_time(35)
    fleet.one(**BOUGHT)
    clone.pass_time(-1)
    fleet.one(**BOUGHT)
    assert len(fleet.server.asked) == 2


def test_a_fresh_id_is_made_once_however_often_the_account_is_refused(fleet: Fleet) -> None:
    clone = fleet.add()
    factory = system_id(clone)
    ids = set()
    for dummy in range(3):
        assert "does not know account" in failure(fleet.converge(password="mistyped", generate_new_id="if_free", **TRIAL))
        ids.add(system_id(clone))
    assert len(ids) == 1
    assert ids != {factory}


# Versions, clocks, networks


@pytest.mark.parametrize("version", ["6.49.10", "7.20.8"])
def test_an_expired_licence_is_one_on_every_version(version: str, fleet: Fleet) -> None:
    clone = licensed(fleet, version=version)
    clone.pass_time(61)
    seen = fleet.one(minimum_level="p1").facts
    assert (seen["verdict"], seen["enforced"], seen["reboot_needed"]) == ("expired", True, False)
    fleet.server.purchased[system_id(clone)] = "p1"
    assert fleet.one(**BOUGHT).facts["verdict"] == "ok"


def test_a_wrong_clock_is_told_and_the_licence_judged_without_it(fleet: Fleet) -> None:
    fleet.add("right")
    wrong = licensed(fleet, "wrong")
    wrong.platform.clock -= 400 * 86400
    found = fleet.converge(minimum_level="p1")["wrong"]
    assert (found.facts["days_left"], found.facts["verdict"]) == (60, "ok")
    assert "clock is wrong" in found.warnings[0]


def test_dns_servers_from_dhcp_are_enough(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = fleet.add()
    clone.run('/ip dns set servers=""')
    monkeypatch.setattr(clone.router.wiring, "dynamic_dns", lambda: ["192.0.2.54"])
    assert fleet.one(**TRIAL).facts["level"] == "p1"


def test_a_router_that_has_just_started_is_given_time_to_get_its_route(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_license_engine, "NETWORK_WITHIN", PATIENCE)
    clone = fleet.add()
    clone.run("/ip route remove [find where gateway=192.0.2.1]")
    timer = threading.Timer(0.2, clone.run, ["/ip route add gateway=192.0.2.1"])
    timer.start()
    got = fleet.one(**TRIAL)
    timer.join()
    assert (got.facts["level"], got.warnings) == ("p1", ())


@pytest.mark.parametrize("table", ["/ip route add dst-address=0.0.0.0/1 gateway=192.0.2.1", "/ip dns set servers=192.0.2.53"])
def test_a_way_that_is_not_the_usual_one_is_tried_and_doubted(fleet: Fleet, table: str) -> None:
    """Half of the default route, or DNS without a server of its own: whether the account server is reached is seen by asking."""
    clone = fleet.add()
    clone.run(f'/ip route remove [find where gateway=192.0.2.1]\n/ip dns set servers=""\n{table}')
    got = fleet.one(**{**TRIAL, "wait": False})
    assert got.facts["level"] == "p1"
    assert "may not" in got.warnings[0]


def test_what_was_just_renewed_is_not_renewed_again_however_early_renewals_are_wanted(fleet: Fleet) -> None:
    clone = licensed(fleet)
    fleet.server.purchased[system_id(clone)] = "p1"
    wanted = {**BOUGHT, "renew_before": 60}
    clone.pass_time(2)
    fleet.server.asked.clear()
    assert "next_renewal_at" in [change.field for change in fleet.one(**wanted).changes]
    for days in (2, 5, 7):
        clone.pass_time(days)
        assert fleet.one(**wanted).changes == ()
    assert len(fleet.server.asked) == 1
    clone.pass_time(20)
    assert "next_renewal_at" in [change.field for change in fleet.one(**wanted).changes], "half of its time is over"


# Clones


def test_of_two_clones_the_one_with_a_licence_keeps_the_id(fleet: Fleet) -> None:
    free, kept = fleet.add("a", uuid="same"), fleet.add("b", uuid="same")
    shared = system_id(kept)
    kept.run("/system license renew account=lab@example.com password=account-password level=p1")
    outcomes = fleet.converge(generate_new_id="if_duplicate")
    assert not any(outcome.error for outcome in outcomes.values())
    assert (system_id(kept), system_id(free) == shared) == (shared, False)


def test_a_router_whose_id_is_kept_elsewhere_gets_its_own(fleet: Fleet) -> None:
    clone = fleet.add()
    shared = system_id(clone)
    assert fleet.one(duplicate=True, generate_new_id="if_duplicate", **TRIAL).facts["system_id"] != shared
    assert len(fleet.server.asked) == 1


def test_an_id_that_stays_as_it_was_is_a_failure(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = fleet.add()
    monkeypatch.setattr(license_menu, "new_system_id", lambda: system_id(clone))
    assert "left the system-id as it was" in failure(fleet.converge(generate_new_id="if_free", **TRIAL))
    assert fleet.server.asked == []


def test_new_ids_that_are_the_same_again_are_a_failure(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        fleet.add(name, uuid="same")
    monkeypatch.setattr(license_menu, "new_system_id", lambda: "one for all")
    outcomes = fleet.converge(generate_new_id="if_duplicate", **TRIAL)
    assert "the new system-id is another router's too" in failure(outcomes, "c")
    assert len({system_id for system_id, dummy in fleet.server.asked}) == len(fleet.server.asked) == 2


# Predictions


def test_a_renewal_is_predicted_to_the_field(fleet: Fleet) -> None:
    clone = licensed(fleet)
    fleet.server.purchased[system_id(clone)] = "p1"
    clone.pass_time(31)
    predicted = [change.field for change in fleet.one(check_mode=True, **BOUGHT).changes]
    assert fleet.server.asked == []
    assert [change.field for change in fleet.one(**BOUGHT).changes] == predicted == ["next_renewal_at", "deadline_at"]


def test_a_router_that_would_only_be_made_is_predicted_from_level_free(fleet: Fleet) -> None:
    fleet.add("stands")
    predicted = fleet.converge(check_mode=True, fresh=("made",), **TRIAL)["made"]
    assert next((change.field, change.before, change.after) for change in predicted.changes) == ("level", "free", "p1")
    assert "asks for no trial" in failure(fleet.converge(check_mode=True, fresh=("made",), **BOUGHT), "made")
    assert fleet.server.asked == []


def test_check_mode_only_warns_of_a_way_that_is_not_there_yet(fleet: Fleet) -> None:
    fleet.add().run("/ip route remove [find where gateway=192.0.2.1]")
    predicted = fleet.one(check_mode=True, **TRIAL)
    assert predicted.changes
    assert "no active default route" in predicted.warnings[0]


def test_a_level_that_is_too_low_names_the_manual_step(fleet: Fleet) -> None:
    licensed(fleet)
    assert "all keys, Upgrade" in fleet.one(minimum_level="p10").warnings[0]
