# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licences of many routers: read side by side, judged purely, changed one at a time where the account server is asked (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .._core.batch import Outcome, Progress, run_batch
from .._core.errors import GuestError, RefusedError, RouterError
from .._core.waiting import Deadline
from .doors import LicenseDoor
from .license import (
    FREE,
    License,
    LicenseSpec,
    NoMoreTrialsError,
    UnauthorizedError,
    enforced,
    iso,
    judge_renewal,
    rank,
    renewal_error,
)
from .look import Seen, doubts, duplicates, read, wrong_clock
from .report import predict, report
from .rules import Case, Step, manual_step, steps

LOOK: t.Final = 0.5  # seconds between two looks at what is waited for
NETWORK_WITHIN: t.Final = 30.0  # seconds in which a router that has just started gets its route and its DNS servers
ENFORCED_WITHIN: t.Final = 15.0  # seconds in which a level counts, unless it needs a restart

Open = t.Callable[[str], t.ContextManager[LicenseDoor | None]]


@dataclass(frozen=True)
class Terms:
    """How the batch is carried out. `open_door` gives the way to one router, or None in check mode for one that does not run yet.

    `fresh` are the routers that an earlier task of a check-mode run would have made; `now` is the controller's clock.
    """

    check_mode: bool
    concurrency: int
    account: str
    password: str
    open_door: Open
    fresh: t.Collection[str] = ()
    now: t.Callable[[], datetime] = datetime.now


@dataclass
class Work:
    """The work as it goes, by router."""

    specs: t.Mapping[str, LicenseSpec]
    terms: Terms
    progress: Progress
    seen: dict[str, Seen] = field(default_factory=dict)
    plans: dict[str, list[Step]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def todo(self, what: str) -> dict[str, Step]:
        """The step of that kind of every router that has one and did not fail."""
        pairs = [(name, step) for name, plan in self.plans.items() for step in plan if step.what == what]
        return {name: step for name, step in pairs if self.outcomes[name].error is None}

    def warn(self, name: str, text: str) -> None:
        self.outcomes[name] = replace(self.outcomes[name], warnings=(*self.outcomes[name].warnings, text))

    def fail(self, name: str, error: RouterError) -> None:
        self.outcomes[name] = replace(self.outcomes[name], error=error)


def converge(specs: t.Mapping[str, LicenseSpec], terms: Terms, progress: Progress) -> dict[str, Outcome]:
    """Make every router's licence so; an outcome for each. Without `source` the account server is never asked."""
    work = Work(specs, terms, progress)
    work.outcomes = run_batch({name: _look(work, name) for name in specs}, terms.concurrency)
    shared = duplicates(work.seen)
    for name in [name for name in specs if name in work.seen]:
        work.outcomes[name] = report(specs[name], work.seen[name], work.seen[name])
        try:
            work.plans[name] = _plan(work, name, name in shared or specs[name].duplicate)
        except RouterError as error:
            work.fail(name, error)
    _look_for_ways(work)
    if terms.check_mode:
        _predict_all(work)
    else:
        _new_ids(work)
        _renew_all(work)
    return work.outcomes


def _look(work: Work, name: str) -> t.Callable[[], Outcome]:
    """Read one router."""

    def look() -> Outcome:
        with work.terms.open_door(name) as door:
            if door is None:
                return Outcome(name, facts={"verdict": "unknown"})
            work.seen[name] = read(door, work.terms.now())
        return Outcome(name)

    return look


def _look_for_ways(work: Work) -> None:
    """Ask the routers that are to talk with the account server for their way to it; what speaks against it is a warning, but for a wrong clock."""
    ways = run_batch({name: _look_for_way(work, name) for name in work.todo("renew")}, work.terms.concurrency)
    for name, way in ways.items():
        if way.error is not None and work.terms.check_mode:
            work.warn(name, str(way.error))
        elif way.error is not None:
            work.fail(name, way.error)
        for text in way.warnings:
            work.warn(name, text)


def _look_for_way(work: Work, name: str) -> t.Callable[[], Outcome]:
    """One router, and one that has just started once more, until it can go or its time for that is over."""
    spec, terms = work.specs[name], work.terms
    patience = min(NETWORK_WITHIN, spec.timeout) if spec.wait and not terms.check_mode else 0

    def look() -> Outcome:
        found, doubted = work.seen.get(name), []
        with terms.open_door(name) as door:
            if door is None or found is None:
                return Outcome(name)
            for dummy in Deadline(patience).looks(LOOK, LOOK):
                doubted = doubts(door.network())
                if not doubted and not found.clock_is_wrong:
                    break
                work.progress(name, "waiting for its way to the account server")
                found = work.seen[name] = read(door, terms.now())
        return Outcome(name, warnings=tuple(doubted), error=wrong_clock(found) if found.clock_is_wrong else None)

    return look


def _plan(work: Work, name: str, duplicate: bool) -> list[Step]:
    """What is to be done for one router; what is left out, or stands in the way of a real run, becomes a warning."""
    spec, found = work.specs[name], work.seen[name]
    case = Case(found.license, spec, found.now, duplicate, found.note.own_id == found.license.system_id, found.note.renewed_at)
    todo = steps(case)
    manual = manual_step(case)
    if manual:
        work.warn(name, f"level {found.license.level} is below {spec.minimum_level}: {manual}")
    if any(step.what == "renew" for step in todo) and not found.license.free and _too_soon(found, spec):
        asked, again = iso(found.note.asked_at), f"{spec.renew_interval} h (renew_interval)"
        work.warn(name, f"a renewal was asked for at {asked} and changed nothing; the account server is not asked again within {again}")
        return [step for step in todo if step.what != "renew"]
    return todo


def _too_soon(found: Seen, spec: LicenseSpec) -> bool:
    """Whether the router was asked in vain so recently that another time would only be a loop: an unpaid trial looks as if it were due for ever."""
    asked = found.note.asked_at
    return asked is not None and timedelta(0) <= found.clock - asked < timedelta(hours=spec.renew_interval)


def _new_ids(work: Work) -> None:
    """Give every router that needs one an id of its own, side by side: the account server has no part in it."""

    def renew_id(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            before = work.seen[name]
            work.progress(name, "asking for a system-id of its own")
            with work.terms.open_door(name) as door:
                if door is not None:
                    door.generate_new_id()
                    work.seen[name] = after = read(door, work.terms.now())
                    if after.license.system_id != before.license.system_id:
                        door.note(replace(after.note, own_id=after.license.system_id).text())
            if work.seen[name].license.system_id == before.license.system_id:
                raise GuestError("generate-new-id left the system-id as it was", remedy="Look at the router's log, or make it from a fresh image")
            return report(work.specs[name], before, work.seen[name])

        return go

    for name, outcome in run_batch({name: renew_id(name) for name in work.todo("generate_new_id")}, work.terms.concurrency).items():
        if outcome.error is not None:
            work.fail(name, outcome.error)
        else:
            work.outcomes[name] = replace(outcome, warnings=(*work.outcomes[name].warnings, *outcome.warnings))
    for name in duplicates(work.seen):
        if any(step.what == "generate_new_id" for step in work.plans.get(name, ())) and work.outcomes[name].error is None:
            work.fail(name, GuestError("the new system-id is another router's too", remedy="Run again"))


def _renew_all(work: Work) -> None:
    """Ask the account server, one router at a time. The first refusal for want of trials ends the asking for trials."""
    asking = work.todo("renew")
    trials = [name for name in asking if work.specs[name].source == "trial"]
    if trials:
        work.progress(trials[0], f"asking for trial licences, one at a time: {len(trials)} ({', '.join(trials)})")
    exhausted: NoMoreTrialsError | None = None
    for name, step in asking.items():
        if exhausted is not None and name in trials:
            work.fail(name, NoMoreTrialsError("no trial was asked for: the account gives no more", remedy=exhausted.remedy))
            continue
        try:
            _renew(work, name, step)
        except NoMoreTrialsError as error:
            exhausted = error
            work.fail(name, error)
        except RouterError as error:
            work.fail(name, error)


def _renew(work: Work, name: str, step: Step) -> None:
    spec, before, terms = work.specs[name], work.seen[name], work.terms
    work.progress(name, f"asking the account server ({step.why})")
    with terms.open_door(name) as door:
        if door is None:
            return
        statuses = door.renew(terms.account, terms.password, step.level, spec.timeout)
    work.outcomes[name] = replace(work.outcomes[name], facts={**work.outcomes[name].facts, "status": statuses})
    judged, text = judge_renewal(statuses)
    if judged == "failed":
        error = renewal_error(text, spec)
        if not before.license.free and not isinstance(error, UnauthorizedError):
            _note_asked(work, name, in_vain=True)
        raise error
    after = work.seen[name] = _read_back(work, name, judged)
    made = report(spec, before, after, statuses)
    known = work.outcomes[name]
    work.outcomes[name] = replace(made, changes=(*known.changes, *made.changes), warnings=(*known.warnings, *made.warnings))
    if judged == "unknown" and after.license == before.license:
        raise GuestError(
            f"no final answer of the account server came (timeout: {spec.timeout:g} s); "
            "whether a licence was given is unknown, and the router shows none",
            found=text or "no status",
            remedy="Look at the account's page and at the router's way to it, raise timeout, and run again",
        )
    if not before.license.free:
        _note_asked(work, name, in_vain=after.license == before.license)
    _check_level(spec, after.license)


def _note_asked(work: Work, name: str, *, in_vain: bool) -> None:
    """Keep on the router that it was just asked, and what came of it."""
    found = work.seen[name]
    note = replace(found.note, asked_at=found.clock) if in_vain else replace(found.note, renewed_at=found.clock)
    with work.terms.open_door(name) as door:
        if door is not None:
            door.note(note.text())


def _read_back(work: Work, name: str, judged: str) -> Seen:
    """The licence after the server was asked, over a session of its own: what did not answer in time may still come on the old one."""
    spec, terms = work.specs[name], work.terms
    lost: RouterError | None = None
    for dummy in Deadline(spec.timeout).looks(LOOK, LOOK):
        try:
            with terms.open_door(name) as door:
                if door is not None:
                    return _settled(door, spec, terms, judged)
        except RouterError as error:
            lost = error
    raise GuestError(
        "the account server was asked; whether a licence was given is unknown, because the router cannot be read any more",
        found=str(lost or "no way to it"),
        remedy="Run again: what the router has is read first",
    ) from lost


def _settled(door: LicenseDoor, spec: LicenseSpec, terms: Terms, judged: str) -> Seen:
    """The licence, once it counts; at once where nobody waits, or where nothing is known to have come."""
    for dummy in Deadline(min(ENFORCED_WITHIN, spec.timeout if spec.wait and judged == "done" else 0)).looks(LOOK, LOOK):
        after = read(door, terms.now())
        if enforced(after.license, after.now) and not after.license.free:
            break
    return after


def _check_level(spec: LicenseSpec, after: License) -> None:
    """Raise RefusedError where the server gave another level than was asked for."""
    if spec.minimum_level is not None and after.rank < rank(spec.minimum_level):
        raise RefusedError(
            f"the account server decides the level of a router that has one: it is {after.level}, wanted {spec.minimum_level}",
            remedy="Upgrade the key in the account (all keys, Upgrade), then run again",
        )


def _predict_all(work: Work) -> None:
    """What a run would change. A router that would only be made has level free then."""
    for name in work.terms.fresh:
        if name in work.outcomes and name not in work.seen:
            try:
                work.plans[name] = steps(Case(License("", FREE), work.specs[name], work.terms.now()))
            except RouterError as error:
                work.fail(name, error)
    for name, plan in work.plans.items():
        found = work.seen[name].license if name in work.seen else License("", FREE)
        predicted = [change for step in plan for change in predict(step, found, work.specs[name])]
        work.outcomes[name] = replace(work.outcomes[name], changes=tuple(predicted))
