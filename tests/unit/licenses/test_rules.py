# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of licences: each one of both tables decides the case that it is there for, and says what its name promises."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.license import License, LicenseSpec, parse_license, rank
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.rules import (
    ID_RULES,
    RENEWAL_RULES,
    Case,
    Holder,
    Rule,
    Step,
    decide,
    manual_step,
    repeaters,
    steps,
)

NOW = datetime(2026, 3, 1, 12, 0, 0)
NEW_ID = "generate_new_id"


def held(level: str = "p1", renewal: float | None = 30, left: float | None = 60, limited: bool | None = False) -> License:
    """A licence whose renewal and deadline are so many days away."""
    dates = [None if days is None else NOW + timedelta(days=days) for days in (renewal, left)]
    return License("an id", level, limited, *dates)


FREE = held("free", None, None, None)
EXPIRED = held(renewal=None, left=-1, limited=True)
EXPIRED_ON_6 = held(renewal=None, left=-1, limited=None)


def case(license_: License, duplicate: bool = False, own_id: bool = False, **wanted: t.Any) -> Case:
    return Case(license_, LicenseSpec("r1", **wanted), NOW, duplicate, own_id)


TRIAL: dict[str, t.Any] = {"source": "trial", "minimum_level": "p1"}
BOUGHT: dict[str, t.Any] = {"source": "purchased", "minimum_level": "p1"}

# (a word of the rule's name, the case that it is there for, what it says: a step's words, a refusal's words, or None)
RENEWALS: list[tuple[str, Case, str | None]] = [
    ("without a source", case(FREE, minimum_level="p1"), None),
    ("expired trial", case(EXPIRED, **TRIAL), "refused: there is no second one"),
    ("expired trial", case(EXPIRED_ON_6, **TRIAL), "refused: there is no second one"),
    ("bought since", case(EXPIRED, **BOUGHT), "renew: has expired; bought since"),
    ("bought since", case(EXPIRED_ON_6, **BOUGHT), "renew: has expired; bought since"),
    ("never asked for as a purchase", case(FREE, **BOUGHT), "refused: Say source: trial once"),
    ("free router asks", case(FREE, **TRIAL), "renew: level free, wanted p1"),
    ("cannot be raised", case(held(), source="trial", minimum_level="p10"), "refused: Make a new CHR"),
    ("ignores the level", case(held(), source="purchased", minimum_level="p10"), "renew: as bought in the account"),
    ("when that is due", case(held(renewal=-1), **BOUGHT), "renew: renewal is due"),
    ("when that is due", case(held(renewal=13), renew_before=14, **BOUGHT), "renew: renewal is due"),
]
IDS: list[tuple[str, Case, str | None]] = [
    ("would count for both", case(FREE, duplicate=True, **TRIAL), "refused: if_duplicate"),
    ("trial history", case(held(), duplicate=True, generate_new_id="if_duplicate"), "refused: from a fresh image"),
    ("trial history", case(held(), duplicate=True, generate_new_id="if_free"), "refused: from a fresh image"),
    ("of its own", case(FREE, duplicate=True, generate_new_id="if_duplicate"), f"{NEW_ID}: another router's too"),
    ("once, just before", case(FREE, generate_new_id="if_free", **TRIAL), f"{NEW_ID}: before the first licence"),
]
NOTHING = [
    case(held(), **BOUGHT),
    case(held(), **TRIAL),
    case(held("p-unlimited"), **TRIAL),
    case(held(renewal=15), renew_before=14, **BOUGHT),
    case(held(renewal=-1), **TRIAL),
    case(FREE, source="purchased"),
    case(FREE, own_id=True, generate_new_id="if_free", source="none", minimum_level="p1"),
    case(FREE, generate_new_id="if_duplicate"),
]


def said(rules: tuple[Rule, ...], given: Case) -> str | None:
    try:
        step = decide(rules, given)
    except RefusedError as error:
        return f"refused: {error}"
    return None if step is None else f"{step.what}: {step.why}"


@pytest.mark.parametrize(
    ("rules", "name", "given", "expected"),
    [(RENEWAL_RULES, *entry) for entry in RENEWALS] + [(ID_RULES, *entry) for entry in IDS],
)
def test_a_rule_decides_its_case(rules: tuple[Rule, ...], name: str, given: Case, expected: str | None) -> None:
    assert name in next(rule.name for rule in rules if rule.fits(given))
    found = said(rules, given)
    if expected is None:
        assert found is None
    else:
        kind, dummy, words = expected.partition(": ")
        assert found is not None and found.startswith(kind) and words in found


@pytest.mark.parametrize(("rules", "cases"), [(RENEWAL_RULES, RENEWALS), (ID_RULES, IDS)])
def test_every_rule_has_a_case(rules: tuple[Rule, ...], cases: list[tuple[str, Case, str | None]]) -> None:
    assert [rule.name for rule in rules if not any(name in rule.name for name, dummy, words in cases)] == []


@pytest.mark.parametrize("given", NOTHING)
def test_where_nothing_is_missing_nothing_is_done(given: Case) -> None:
    assert steps(given) == []


def test_a_new_id_comes_before_the_trial_and_is_made_once() -> None:
    wanted = case(FREE, generate_new_id="if_free", **TRIAL)
    assert [step.what for step in steps(wanted)] == [NEW_ID, "renew"]
    assert [step.what for step in steps(case(FREE, own_id=True, generate_new_id="if_free", **TRIAL))] == ["renew"]


def test_what_is_refused_gets_no_new_id_either() -> None:
    with pytest.raises(RefusedError, match=r"asks for no trial"):
        steps(case(FREE, duplicate=True, generate_new_id="if_duplicate", **BOUGHT))


def test_the_level_that_is_asked_for_counts_at_level_free_only() -> None:
    assert steps(case(FREE, **TRIAL))[0].level == "p1"
    assert steps(case(held(), source="purchased", minimum_level="p10")) == [
        Step("renew", "level p1, wanted p10: as bought in the account", level=None)
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (case(FREE, minimum_level="p1"), "ask for its trial"),
        (case(held(), minimum_level="p10"), "all keys, Upgrade"),
        (case(held(), minimum_level="p1"), ""),
        (case(FREE, **TRIAL), ""),
    ],
)
def test_a_level_that_is_too_low_names_the_manual_step(given: Case, words: str) -> None:
    found = manual_step(given)
    assert words in found if words else found == ""


def test_a_level_that_nobody_knows_is_above_all() -> None:
    assert rank("p-beyond") > rank("p-unlimited")
    assert steps(case(held("p-beyond"), source="trial", minimum_level="p-unlimited")) == []


@pytest.mark.parametrize(
    ("holders", "repeating"),
    [
        ([Holder("b", "x", "free"), Holder("a", "x", "free"), Holder("c", "y", "free")], {"b"}),
        ([Holder("a", "x", "free"), Holder("b", "x", "p1")], {"a"}),
        ([Holder("a", "x", "free"), Holder("b", "x", "free", finished=True)], {"a"}),
        ([Holder("a", "x", "p1"), Holder("b", "x", "free", finished=True)], {"b"}),
        ([Holder("a", "x", "p1"), Holder("b", "x", "p1"), Holder("c", "x", "free")], {"b", "c"}),
        ([], set()),
    ],
)
def test_one_router_keeps_a_shared_id(holders: list[Holder], repeating: set[str]) -> None:
    assert repeaters(holders) == repeating
    assert repeaters(reversed(holders)) == repeating


@pytest.mark.parametrize("row", [{}, {"level": "", "system-id": "x"}, {"nlevel": "6", "software-id": "x"}])
def test_what_is_no_chr_licence_is_refused(row: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"no CHR licence"):
        parse_license(row)
