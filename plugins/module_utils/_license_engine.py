# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licences of many routers: read side by side, judged purely, changed one at a time where the account server is asked (private)."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ._errors import GuestError, RefusedError, RouterError
from ._hypervisor import Progress
from ._license import (
    License,
    LicenseSpec,
    NoMoreTrialsError,
    Step,
    buy_before,
    days_left,
    iso,
    judge_renewal,
    parse_license,
    rank,
    renewal_error,
    steps,
    verdict,
)
from ._reconcile import Change, Outcome, compare, run_batch
from ._routeros.license import LicenseDoor, Reading
from ._routeros.text import date_time

CLOCK_TOLERANCE: t.Final = timedelta(days=2)  # between router and controller; time zones are within it, a clock without NTP is not
LOOK: t.Final = 0.5  # seconds between two looks at a licence that is not yet what the server said
FIELDS: t.Final = ("system_id", "level", "limited_upgrades", "next_renewal_at", "deadline_at")

Open = t.Callable[[str], t.ContextManager[LicenseDoor | None]]


@dataclass(frozen=True)
class Order:
    """How the batch is carried out. `open_door` gives the way to one router, or None in check mode for one that does not run yet."""

    check_mode: bool
    concurrency: int
    account: str
    password: str
    open_door: Open
    now: t.Callable[[], datetime] = datetime.now


@dataclass(frozen=True)
class Seen:
    """One router's licence as found, and its clock."""

    license: License
    now: datetime
    reading: Reading


@dataclass
class Batch:
    """The work as it goes, by router."""

    specs: t.Mapping[str, LicenseSpec]
    order: Order
    progress: Progress
    seen: dict[str, Seen] = field(default_factory=dict)
    plans: dict[str, list[Step]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def todo(self, what: str) -> dict[str, Step]:
        """The step of that kind of every router that has one and did not fail."""
        pairs = [(name, step) for name, plan in self.plans.items() for step in plan if step.what == what]
        return {name: step for name, step in pairs if self.outcomes[name].error is None}

    def fail(self, name: str, error: RouterError) -> None:
        self.outcomes[name] = replace(self.outcomes[name], error=error)


def converge(specs: t.Mapping[str, LicenseSpec], order: Order, progress: Progress) -> dict[str, Outcome]:
    """Make every router's licence so; an outcome for each. Without `source` the account server is never asked."""
    batch = Batch(specs, order, progress)
    batch.outcomes = run_batch({name: _look(batch, name) for name in specs}, order.concurrency)
    shared = duplicates(batch.seen)
    for name in [name for name in specs if name in batch.seen]:
        found = batch.seen[name]
        batch.outcomes[name] = report(specs[name], found, found)
        try:
            batch.plans[name] = _plan(specs[name], found, name in shared, order)
        except RouterError as error:
            batch.fail(name, error)
    if order.check_mode:
        for name, plan in batch.plans.items():
            predicted = tuple(_predict(step, batch.seen[name].license, specs[name]) for step in plan)
            batch.outcomes[name] = replace(batch.outcomes[name], changes=predicted)
    else:
        _new_ids(batch)
        _renew_all(batch)
    return batch.outcomes


def _look(batch: Batch, name: str) -> t.Callable[[], Outcome]:
    def work() -> Outcome:
        with batch.order.open_door(name) as door:
            if door is None:
                return Outcome(name, facts={"verdict": "unknown"})
            batch.seen[name] = read(door)
        return Outcome(name)

    return work


def read(door: LicenseDoor) -> Seen:
    """A router's licence and clock."""
    reading = door.read()
    now = date_time(reading.clock)
    if now is None:
        raise GuestError("the router does not tell its time", remedy="Look at /system clock")
    return Seen(parse_license(reading.license), now, reading)


def duplicates(seen: t.Mapping[str, Seen]) -> dict[str, str]:
    """Routers whose system-id another one of the batch has, with that other's name.

    One router may keep the id: one with a licence, as it cannot get a new id, else the first by name.
    """
    owner: dict[str, str] = {}
    shared: dict[str, str] = {}
    for name in sorted(seen, key=lambda name: (seen[name].license.free, name)):
        first = owner.setdefault(seen[name].license.system_id, name)
        if first != name:
            shared[name] = first
    return shared


def _plan(spec: LicenseSpec, found: Seen, duplicate: bool, order: Order) -> list[Step]:
    todo = steps(found.license, spec, found.now, duplicate)
    if any(step.what == "renew" for step in todo):
        if not found.license.free and _too_soon(found, spec, order):
            return [step for step in todo if step.what != "renew"]
        _preflight(found, order)
    return todo


def _too_soon(found: Seen, spec: LicenseSpec, order: Order) -> bool:
    """Whether the last attempt is so recent that another would only be a loop: an unpaid trial looks as if it were due for ever."""
    last = date_time(found.reading.last_attempt)
    return last is not None and order.now() - last < timedelta(hours=spec.renew_interval)


def _preflight(found: Seen, order: Order) -> None:
    """Raise GuestError for what would make the router's talk with the account server fail."""
    if not found.reading.routes:
        raise GuestError("the router has no active default route, so it cannot reach the account server", remedy="Give it one first")
    if not found.reading.dns:
        raise GuestError("the router knows no DNS server, so it cannot find the account server", remedy="Set /ip dns servers first")
    if abs(found.now - order.now()) > CLOCK_TOLERANCE:
        raise GuestError(
            "the router's clock is wrong, so the account server's certificate would not verify",
            found=iso(found.now) or "",
            wanted=f"about {iso(order.now())}",
            remedy="Give it an NTP server first",
        )


def _new_ids(batch: Batch) -> None:
    """Give every router that needs one an id of its own, side by side: the account server has no part in it."""

    def work(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            before = batch.seen[name]
            batch.progress(name, "asking for a system-id of its own")
            with batch.order.open_door(name) as door:
                if door is not None:
                    door.generate_new_id()
                    batch.seen[name] = read(door)
            if batch.seen[name].license.system_id == before.license.system_id:
                raise GuestError("generate-new-id left the system-id as it was", remedy="Look at the router's log, or make it from a fresh image")
            return report(batch.specs[name], before, batch.seen[name])

        return go

    for name, outcome in run_batch({name: work(name) for name in batch.todo("generate_new_id")}, batch.order.concurrency).items():
        if outcome.error is not None:
            batch.fail(name, outcome.error)
        else:
            batch.outcomes[name] = outcome
    for name in duplicates(batch.seen):
        if any(step.what == "generate_new_id" for step in batch.plans.get(name, ())) and batch.outcomes[name].error is None:
            batch.fail(name, GuestError("the new system-id is another router's too", remedy="Run again"))


def _renew_all(batch: Batch) -> None:
    """Ask the account server, one router at a time. The first refusal for want of trials ends the asking for trials."""
    asking = batch.todo("renew")
    trials = [name for name in asking if batch.specs[name].source == "trial"]
    if trials:
        batch.progress(trials[0], f"asking for trial licences, one at a time: {len(trials)} ({', '.join(trials)})")
    exhausted: NoMoreTrialsError | None = None
    for name, step in asking.items():
        if exhausted is not None and name in trials:
            batch.fail(name, NoMoreTrialsError("no trial was asked for: the account gives no more", remedy=exhausted.remedy))
            continue
        try:
            _renew(batch, name, step)
        except NoMoreTrialsError as error:
            exhausted = error
            batch.fail(name, error)
        except RouterError as error:
            batch.fail(name, error)


def _renew(batch: Batch, name: str, step: Step) -> None:
    spec, before, order = batch.specs[name], batch.seen[name], batch.order
    batch.progress(name, f"asking the account server ({step.why})")
    with order.open_door(name) as door:
        if door is None:
            return
        if not before.license.free:
            door.note_attempt(order.now().strftime("%Y-%m-%d %H:%M:%S"))
        statuses = door.renew(order.account, order.password, step.level, spec.timeout)
    judged, text = judge_renewal(statuses)
    if judged == "failed":
        raise renewal_error(text, spec)
    with order.open_door(name) as door:  # anew: what did not answer in time may still come on the old one
        if door is None:
            return
        after = batch.seen[name] = _read_back(door, spec, judged)
    made = report(spec, before, after, statuses)
    batch.outcomes[name] = replace(made, changes=(*batch.outcomes[name].changes, *made.changes))
    if judged == "unknown" and after.license == before.license:
        raise GuestError(
            f"the account server did not finish within {spec.timeout:g} s; whether a licence was given is unknown, and the router shows none",
            found=text or "no status",
            remedy="Look at the account's page and at the router's way to it, raise timeout, and run again",
        )
    _check_level(spec, after.license)


def _read_back(door: LicenseDoor, spec: LicenseSpec, judged: str) -> Seen:
    """The licence, once it counts; at once where nobody waits, or where nothing is known to have come."""
    deadline = time.monotonic() + (spec.timeout if spec.wait and judged == "done" else 0)
    while True:
        after = read(door)
        settled = after.license.enforced and not after.license.free
        if settled or time.monotonic() >= deadline:
            return after
        time.sleep(LOOK)


def _check_level(spec: LicenseSpec, after: License) -> None:
    """Raise RefusedError where the server gave another level than was asked for."""
    if spec.minimum_level is not None and after.rank < rank(spec.minimum_level):
        raise RefusedError(
            f"the account server decides the level of a router that has one: it is {after.level}, wanted {spec.minimum_level}",
            remedy="Upgrade the key in the account (all keys, Upgrade), then run again",
        )


def report(spec: LicenseSpec, before: Seen, after: Seen, statuses: t.Sequence[str] = ()) -> Outcome:
    """What became of one router, from its licence before and after."""
    old, new = ({key: _plain(getattr(seen.license, key)) for key in FIELDS} for seen in (before, after))
    judged = verdict(after.license, spec, after.now)
    facts = {
        **after.license.as_dict(),
        "verdict": judged,
        "days_left": days_left(after.license, after.now),
        "buy_before": iso(buy_before(after.license)) if judged in ("trial", "expired") else None,
        "status": list(statuses),
        "router_time": iso(after.now),
    }
    warnings = () if after.license.enforced else ("the level does not count before the router is restarted",)
    return Outcome(spec.name, tuple(compare(new, old)), facts, warnings)


def _plain(value: t.Any) -> t.Any:
    return iso(value) if isinstance(value, datetime) else value


def _predict(step: Step, found: License, spec: LicenseSpec) -> Change:
    if step.what == "generate_new_id":
        return Change("system_id", found.system_id, "a new one")
    return Change("level", found.level, step.level or spec.minimum_level or found.level)
