# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licences of many routers: read side by side, judged purely, changed one at a time where the account server is asked (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .._core.batch import Outcome, Progress, run_batch
from .._core.changes import Change, compare
from .._core.dates import date_time
from .._core.errors import GuestError, RefusedError, RouterError
from .._core.waiting import Deadline
from .doors import LicenseDoor, Reading
from .license import (
    FREE,
    License,
    LicenseSpec,
    NoMoreTrialsError,
    Record,
    UnauthorizedError,
    buy_before,
    days_left,
    enforced,
    iso,
    judge_renewal,
    parse_license,
    parse_record,
    rank,
    renewal_error,
    verdict,
)
from .rules import RENEWAL_RULES, Case, Holder, Step, decide, manual_step, repeaters, steps

CLOCK_TOLERANCE: t.Final = timedelta(days=2)  # between router and controller; time zones are within it, a clock without NTP is not
LOOK: t.Final = 0.5  # seconds between two looks at what is waited for
NETWORK_WITHIN: t.Final = 30.0  # seconds in which a router that has just started gets its route and its DNS servers
ENFORCED_WITHIN: t.Final = 15.0  # seconds in which a level counts, unless it needs a restart
FIELDS: t.Final = ("system_id", "level", "limited_upgrades", "next_renewal_at", "deadline_at")
BY_SERVER: t.Final = "set by the account server"

Open = t.Callable[[str], t.ContextManager[LicenseDoor | None]]


@dataclass(frozen=True)
class Order:
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


@dataclass(frozen=True)
class Seen:
    """One router's licence as found. `clock` is its own; `now` is the controller's where that clock is plainly wrong."""

    license: License
    clock: datetime
    now: datetime
    reading: Reading

    @property
    def record(self) -> Record:
        return parse_record(self.reading.record)


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

    def warn(self, name: str, text: str) -> None:
        self.outcomes[name] = replace(self.outcomes[name], warnings=(*self.outcomes[name].warnings, text))

    def fail(self, name: str, error: RouterError) -> None:
        self.outcomes[name] = replace(self.outcomes[name], error=error)


def converge(specs: t.Mapping[str, LicenseSpec], order: Order, progress: Progress) -> dict[str, Outcome]:
    """Make every router's licence so; an outcome for each. Without `source` the account server is never asked."""
    batch = Batch(specs, order, progress)
    batch.outcomes = run_batch({name: _look(batch, name) for name in specs}, order.concurrency)
    shared = duplicates(batch.seen)
    for name in [name for name in specs if name in batch.seen]:
        batch.outcomes[name] = report(specs[name], batch.seen[name], batch.seen[name])
        try:
            batch.plans[name] = _plan(batch, name, name in shared or specs[name].duplicate)
        except RouterError as error:
            batch.fail(name, error)
    if order.check_mode:
        _predict_all(batch)
    else:
        _new_ids(batch)
        _renew_all(batch)
    return batch.outcomes


def _look(batch: Batch, name: str) -> t.Callable[[], Outcome]:
    """Read one router. One that is to ask the account server, and has just started, may take a moment to be able to."""
    spec, order = batch.specs[name], batch.order

    def work() -> Outcome:
        with order.open_door(name) as door:
            if door is None:
                return Outcome(name, facts={"verdict": "unknown"})
            found = read(door, order)
            if _would_ask(spec, found) and spec.wait and not order.check_mode:
                found = _with_a_way(door, found, batch, name)
            batch.seen[name] = found
        return Outcome(name)

    return work


def _with_a_way(door: LicenseDoor, found: Seen, batch: Batch, name: str) -> Seen:
    """The router as it is once it can reach the account server, or after the time that it gets for that."""
    if _no_way(found, batch.order) is None:
        return found
    batch.progress(name, "waiting for its way to the account server")
    for dummy in Deadline(min(NETWORK_WITHIN, batch.specs[name].timeout)).looks(LOOK, LOOK):
        found = read(door, batch.order)
        if _no_way(found, batch.order) is None:
            break
    return found


def _would_ask(spec: LicenseSpec, found: Seen) -> bool:
    try:
        return decide(RENEWAL_RULES, Case(found.license, spec, found.now)) is not None
    except RefusedError:
        return False


def read(door: LicenseDoor, order: Order) -> Seen:
    """A router's licence and clock."""
    reading = door.read()
    clock = date_time(reading.clock)
    if clock is None:
        raise GuestError("the router does not tell its time", remedy="Look at /system clock")
    controller = order.now()
    return Seen(parse_license(reading.license), clock, clock if abs(clock - controller) <= CLOCK_TOLERANCE else controller, reading)


def duplicates(seen: t.Mapping[str, Seen]) -> set[str]:
    """Routers whose system-id another one of the batch keeps."""
    return repeaters(Holder(name, found.license.system_id, found.license.level) for name, found in seen.items())


def _plan(batch: Batch, name: str, duplicate: bool) -> list[Step]:
    """What is to be done for one router; what is left out, or stands in the way of a real run, becomes a warning."""
    spec, found, order = batch.specs[name], batch.seen[name], batch.order
    own_id = found.record.own_id == found.license.system_id
    case = Case(found.license, spec, found.now, duplicate, own_id)
    todo = steps(case)
    manual = manual_step(case)
    if manual:
        batch.warn(name, f"level {found.license.level} is below {spec.minimum_level}: {manual}")
    if all(step.what != "renew" for step in todo):
        return todo
    if not found.license.free and _too_soon(found, spec):
        asked, again = iso(found.record.asked_at), f"{spec.renew_interval} h (renew_interval)"
        batch.warn(name, f"a renewal was asked for at {asked} and changed nothing; the account server is not asked again within {again}")
        return [step for step in todo if step.what != "renew"]
    trouble = _no_way(found, order)
    if trouble is None:
        return todo
    if not order.check_mode:
        raise trouble
    batch.warn(name, str(trouble))
    return todo


def _too_soon(found: Seen, spec: LicenseSpec) -> bool:
    """Whether the router was asked in vain so recently that another time would only be a loop: an unpaid trial looks as if it were due for ever."""
    asked = found.record.asked_at
    return asked is not None and timedelta(0) <= found.clock - asked < timedelta(hours=spec.renew_interval)


def _no_way(found: Seen, order: Order) -> GuestError | None:
    """What would make the router's talk with the account server fail."""
    if not found.reading.routes:
        return GuestError("the router has no active default route, so it cannot reach the account server", remedy="Give it one first")
    if not found.reading.dns:
        return GuestError("the router knows no DNS server, so it cannot find the account server", remedy="Set /ip dns servers first")
    if found.now != found.clock:
        return GuestError(
            "the router's clock is wrong, so the account server's certificate would not verify",
            found=iso(found.clock) or "",
            wanted=f"about {iso(order.now())}",
            remedy="Give it an NTP server first",
        )
    return None


def _new_ids(batch: Batch) -> None:
    """Give every router that needs one an id of its own, side by side: the account server has no part in it."""

    def work(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            before = batch.seen[name]
            batch.progress(name, "asking for a system-id of its own")
            with batch.order.open_door(name) as door:
                if door is not None:
                    door.generate_new_id()
                    batch.seen[name] = after = read(door, batch.order)
                    if after.license.system_id != before.license.system_id:
                        door.note(replace(after.record, own_id=after.license.system_id).text())
            if batch.seen[name].license.system_id == before.license.system_id:
                raise GuestError("generate-new-id left the system-id as it was", remedy="Look at the router's log, or make it from a fresh image")
            return report(batch.specs[name], before, batch.seen[name])

        return go

    for name, outcome in run_batch({name: work(name) for name in batch.todo("generate_new_id")}, batch.order.concurrency).items():
        if outcome.error is not None:
            batch.fail(name, outcome.error)
        else:
            batch.outcomes[name] = replace(outcome, warnings=(*batch.outcomes[name].warnings, *outcome.warnings))
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
        statuses = door.renew(order.account, order.password, step.level, spec.timeout)
    batch.outcomes[name] = replace(batch.outcomes[name], facts={**batch.outcomes[name].facts, "status": statuses})
    judged, text = judge_renewal(statuses)
    if judged == "failed":
        error = renewal_error(text, spec)
        if not before.license.free and not isinstance(error, UnauthorizedError):
            _note_in_vain(batch, name)
        raise error
    after = batch.seen[name] = _read_back(batch, name, judged)
    made = report(spec, before, after, statuses)
    known = batch.outcomes[name]
    batch.outcomes[name] = replace(made, changes=(*known.changes, *made.changes), warnings=(*known.warnings, *made.warnings))
    if judged == "unknown" and after.license == before.license:
        raise GuestError(
            f"no final answer of the account server came (timeout: {spec.timeout:g} s); "
            "whether a licence was given is unknown, and the router shows none",
            found=text or "no status",
            remedy="Look at the account's page and at the router's way to it, raise timeout, and run again",
        )
    if after.license == before.license and not before.license.free:
        _note_in_vain(batch, name)
    _check_level(spec, after.license)


def _note_in_vain(batch: Batch, name: str) -> None:
    """Keep on the router that it was just asked, and nothing came of it."""
    found = batch.seen[name]
    with batch.order.open_door(name) as door:
        if door is not None:
            door.note(replace(found.record, asked_at=found.clock).text())


def _read_back(batch: Batch, name: str, judged: str) -> Seen:
    """The licence after the server was asked, over a session of its own: what did not answer in time may still come on the old one."""
    spec, order = batch.specs[name], batch.order
    lost: RouterError | None = None
    for dummy in Deadline(spec.timeout).looks(LOOK, LOOK):
        try:
            with order.open_door(name) as door:
                if door is not None:
                    return _settled(door, spec, order, judged)
        except RouterError as error:
            lost = error
    raise GuestError(
        "the account server was asked; whether a licence was given is unknown, because the router cannot be read any more",
        found=str(lost or "no way to it"),
        remedy="Run again: what the router has is read first",
    ) from lost


def _settled(door: LicenseDoor, spec: LicenseSpec, order: Order, judged: str) -> Seen:
    """The licence, once it counts; at once where nobody waits, or where nothing is known to have come."""
    for dummy in Deadline(min(ENFORCED_WITHIN, spec.timeout if spec.wait and judged == "done" else 0)).looks(LOOK, LOOK):
        after = read(door, order)
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


def report(spec: LicenseSpec, before: Seen, after: Seen, statuses: t.Sequence[str] = ()) -> Outcome:
    """What became of one router, from its licence before and after."""
    old, new = ({key: _plain(key, getattr(seen.license, key)) for key in FIELDS} for seen in (before, after))
    judged = verdict(after.license, spec, after.now)
    facts = {
        **after.license.as_dict(after.now),
        "verdict": judged,
        "days_left": days_left(after.license, after.now),
        "buy_before": iso(buy_before(after.license)) if judged in ("trial", "expired") else None,
        "status": list(statuses),
        "router_time": iso(after.clock),
        "judged_at": iso(after.now),
    }
    warnings = []
    if facts["reboot_needed"]:
        warnings.append("the level does not count before the router is restarted")
    if after.now != after.clock:
        warnings.append(f"the router's clock is wrong ({facts['router_time']}), so its licence is judged by this machine's clock")
    return Outcome(spec.name, tuple(compare(new, old)), facts, tuple(warnings))


def _plain(key: str, value: t.Any) -> t.Any:
    """A field as it is compared. Some versions do not show that upgrades are not limited."""
    if key == "limited_upgrades":
        return bool(value)
    return iso(value) if isinstance(value, datetime) else value


def _predict_all(batch: Batch) -> None:
    """What a run would change. A router that would only be made has level free then."""
    for name in batch.order.fresh:
        if name in batch.outcomes and name not in batch.seen:
            try:
                batch.plans[name] = steps(Case(License("", FREE), batch.specs[name], batch.order.now()))
            except RouterError as error:
                batch.fail(name, error)
    for name, plan in batch.plans.items():
        found = batch.seen[name].license if name in batch.seen else License("", FREE)
        predicted = [change for step in plan for change in _predict(step, found, batch.specs[name])]
        batch.outcomes[name] = replace(batch.outcomes[name], changes=tuple(predicted))


def _predict(step: Step, found: License, spec: LicenseSpec) -> t.Iterator[Change]:
    if step.what == "generate_new_id":
        yield Change("system_id", found.system_id, "a new one")
        return
    wanted = step.level or spec.minimum_level or FREE
    if found.rank < rank(wanted):
        yield Change("level", found.level, wanted)
    yield Change("next_renewal_at", iso(found.next_renewal_at), BY_SERVER)
    yield Change("deadline_at", iso(found.deadline_at), BY_SERVER)
