# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of CHR licences, as data: what is to be done for a router, or why nothing can be (private, pure).

Source: the vendor's CHR manual page, CHR Licensing. In each table the first rule that fits decides.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._core.errors import RefusedError, RouterError
from .license import FREE, License, LicenseSpec, expired, iso, rank


@dataclass(frozen=True)
class Step:
    """One thing to do, and why. `what` is `generate_new_id` or `renew`; `level` is what to ask for, None: the server decides."""

    what: str
    why: str
    level: str | None = None


@dataclass(frozen=True)
class Case:
    """A router's licence, what is wanted of it, and what else counts."""

    license: License
    spec: LicenseSpec
    now: datetime
    duplicate: bool = False  # another router has its system-id, and keeps it
    own_id: bool = False  # this collection made its system-id already
    renewed_at: datetime | None = None  # when this collection renewed it last

    @property
    def wanted(self) -> int:
        return rank(self.spec.minimum_level or FREE)

    @property
    def below(self) -> bool:
        return self.license.rank < self.wanted

    @property
    def expired(self) -> bool:
        return expired(self.license, self.now)

    @property
    def due(self) -> bool:
        """Whether a renewal is due, or will be within `renew_before` days; never early in the first half of the time that a renewal gave."""
        at = self.license.next_renewal_at
        if at is None:
            return False
        early = at - timedelta(days=self.spec.renew_before)
        if self.renewed_at is not None and self.renewed_at < at:
            early = max(early, self.renewed_at + (at - self.renewed_at) / 2)
        return early < self.now


Decision = t.Union[Step, RouterError, None]  # noqa: UP007  (evaluated at import)


@dataclass(frozen=True)
class Rule:
    """When it fits, and what follows: a step, a refusal that names the manual step, or nothing."""

    name: str
    fits: t.Callable[[Case], bool]
    then: t.Callable[[Case], Decision]


def _asks_trial(case: Case) -> bool:
    return case.license.free and case.below and case.spec.source == "trial"


def _shared(case: Case, why: str, remedy: str) -> RefusedError:
    return RefusedError(
        f"system-id {case.license.system_id} is another router's too, and {why}", found=f"level {case.license.level}", remedy=remedy
    )


ID_RULES: t.Final = (
    Rule(
        "a trial for a shared system-id would count for both routers",
        lambda case: case.duplicate and case.spec.generate_new_id == "never" and _asks_trial(case),
        lambda case: _shared(
            case, "a trial would count for both", "Say generate_new_id: if_duplicate, or make the router from a fresh image"
        ),
    ),
    Rule(
        "a clone keeps the trial history of its original, and gets a new system-id at level free only",
        lambda case: case.duplicate and case.spec.generate_new_id != "never" and not case.license.free,
        lambda case: _shared(
            case, "a new one is possible only at level free", "Make one of the two from a fresh image, and move its licence in the account"
        ),
    ),
    Rule(
        "a clone at level free gets a system-id of its own",
        lambda case: case.duplicate and case.spec.generate_new_id != "never",
        lambda case: Step("generate_new_id", f"{case.license.system_id} is another router's too"),
    ),
    Rule(
        "if_free: a new system-id once, just before the first trial",
        lambda case: case.spec.generate_new_id == "if_free" and _asks_trial(case) and not case.own_id,
        lambda case: Step("generate_new_id", "before the first licence"),
    ),
)

RENEWAL_RULES: t.Final = (
    Rule(
        "without a source the account server is never asked",
        lambda case: case.spec.source == "none",
        lambda case: None,
    ),
    Rule(
        "an expired trial gets no second one",
        lambda case: case.expired and case.spec.source == "trial",
        lambda case: RefusedError(
            f"the trial of level {case.license.level} has expired, and there is no second one",
            remedy="Buy the licence in the account with a prepaid key and say source: purchased, or make a new CHR",
        ),
    ),
    Rule(
        "an expired licence that was bought since is renewed",
        lambda case: case.expired,
        lambda case: Step("renew", f"level {case.license.level} has expired; bought since"),
    ),
    Rule(
        "the first licence of a router is a trial, and a trial is never asked for as a purchase",
        lambda case: case.license.free and case.below and case.spec.source == "purchased",
        lambda case: RefusedError(
            "source: purchased asks for no trial, and the first licence of a router is one: the account does not list it before",
            found=f"level {case.license.level}",
            remedy="Say source: trial once, buy or transfer the level in the account, then say source: purchased",
        ),
    ),
    Rule(
        "a free router asks for a trial of the level",
        _asks_trial,
        lambda case: Step("renew", f"level {case.license.level}, wanted {case.spec.minimum_level}", case.spec.minimum_level),
    ),
    Rule(
        "a trial's level cannot be raised in place",
        lambda case: case.below and case.spec.source == "trial",
        lambda case: RefusedError(
            f"a trial's level cannot be raised: this router has {case.license.level}, wanted {case.spec.minimum_level}",
            remedy="Make a new CHR and ask for the trial there, or buy the level in the account",
        ),
    ),
    Rule(
        "a paid level that is too low comes from the account, which ignores the level that a router asks for",
        lambda case: case.below,
        lambda case: Step("renew", f"level {case.license.level}, wanted {case.spec.minimum_level}: as bought in the account"),
    ),
    Rule(
        "a bought licence is renewed when that is due",
        lambda case: case.spec.source == "purchased" and case.due,
        lambda case: Step("renew", f"renewal is due at {iso(case.license.next_renewal_at)}"),
    ),
)


def decide(rules: t.Iterable[Rule], case: Case) -> Step | None:
    """What the first rule that fits says; nothing where none fits. Raises its refusal."""
    for rule in rules:
        if rule.fits(case):
            decision = rule.then(case)
            if isinstance(decision, RouterError):
                raise decision
            return decision
    return None


def steps(case: Case) -> list[Step]:
    """What is to be done for one router, in order. Raises RefusedError with the manual step where the wish cannot be met from the router."""
    renewal = decide(RENEWAL_RULES, case)
    new_id = decide(ID_RULES, case)
    return [step for step in (new_id, renewal) if step is not None]


def manual_step(case: Case) -> str:
    """What is to be done in the account where a level is too low and nobody is to be asked; else nothing."""
    if not case.below or case.spec.source != "none":
        return ""
    if case.license.free:
        return "ask for its trial with source: trial, then buy the level in the account"
    return "buy or upgrade the level in the account (all keys, Upgrade), then renew with source: purchased"


@dataclass(frozen=True)
class Holder:
    """A router and its system-id; `finished`: it is not worked on now, so it keeps what it has."""

    name: str
    system_id: str
    level: str
    finished: bool = False


def repeaters(holders: t.Iterable[Holder]) -> set[str]:
    """The routers whose system-id another one keeps: one with a licence, which cannot get a new id, else a finished one, else the first by name."""
    keeper: dict[str, str] = {}
    ranked = sorted(holders, key=lambda holder: (holder.level == FREE, not holder.finished, holder.name))
    return {holder.name for holder in ranked if keeper.setdefault(holder.system_id, holder.name) != holder.name}
