# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of the changing modules: read in bulk, plan purely, check, apply side by side, read back (private)."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress, run_batch
from .._core.errors import GuestError, RouterError
from . import limits
from .carry_out import carry_out
from .facts import guest_facts, segment_facts
from .guest import GuestSpec, GuestState
from .hypervisor import Hypervisor, Observed, Report
from .license_mark import look_before_removal
from .plan import GuestPlan, plan
from .segment import SegmentSpec, plan_segment, same_wires

Plans = t.Mapping[str, GuestPlan]


def converge_guests(
    hypervisor: Hypervisor,
    specs: t.Mapping[str, GuestSpec],
    *,
    check_mode: bool,
    concurrency: int,
    progress: Progress,
    planned: Planned = NOTHING_PLANNED,
) -> dict[str, Outcome]:
    """Make every wanted guest so, each on its own; an outcome for each. In check mode nothing is touched."""
    found = _observe(hypervisor, specs)
    found = look_before_removal(hypervisor, specs, found, check_mode=check_mode, concurrency=concurrency)
    plans, outcomes = _plan_guests(hypervisor, specs, found)
    busy = {name: item for name, item in plans.items() if item.changes}
    busy = _drop_failed(outcomes, busy, hypervisor.check(busy, planned) if busy else {})
    if check_mode or not busy:
        return outcomes
    busy = _drop_failed(outcomes, busy, hypervisor.prepare(busy, progress))

    def work(name: str) -> t.Callable[[], Outcome]:
        return lambda: _apply(hypervisor, busy[name], outcomes[name], progress)

    outcomes.update(run_batch({name: work(name) for name in busy}, concurrency))
    outcomes.update(_read_back(hypervisor, {name: outcomes[name] for name in busy}, specs))
    return outcomes


def _observe(hypervisor: Hypervisor, specs: t.Mapping[str, GuestSpec]) -> Observed:
    """The guests, wired to segments as these were described."""
    found = hypervisor.observe(specs)
    return replace(found, guests={name: specs[name].named_segments(guest, hypervisor.platform) for name, guest in found.guests.items()})


def _apply(hypervisor: Hypervisor, item: GuestPlan, outcome: Outcome, progress: Progress) -> Outcome:
    """The outcome with the changes that this run really made, as far as it came."""
    report = Report(item.spec.name, progress)
    error: RouterError | None = None
    try:
        carry_out(hypervisor, item, report)
    except RouterError as caught:
        error = caught
    facts = outcome.facts if error is None else {key: value for key, value in outcome.facts.items() if key != "left"}
    warnings = (*outcome.warnings, *report.warnings)
    return replace(outcome, changes=tuple(report.changes), warnings=warnings, facts=facts, error=error or outcome.error)


def _plan_guests(
    hypervisor: Hypervisor, specs: t.Mapping[str, GuestSpec], found: Observed
) -> tuple[dict[str, GuestPlan], dict[str, Outcome]]:
    plans: dict[str, GuestPlan] = {}
    outcomes: dict[str, Outcome] = {}
    for name, spec in specs.items():
        have = found.guests.get(name)
        try:
            have = found.get(name)
            look = limits.check if have is None else limits.check_words
            warnings = look(spec, hypervisor.platform) if spec.state != "absent" else []
            plans[name] = plan(spec, have, hypervisor.platform)
        except RouterError as error:
            outcomes[name] = Outcome(name, facts=guest_facts(have), error=error)
            continue
        item = plans[name]
        left = {"left": [change.field for change in item.left]} if item.left else {}
        outcomes[name] = Outcome(name, item.changes, {**guest_facts(have), **left}, (*item.warnings, *warnings), item.left_error())
    return plans, outcomes


def _drop_failed(outcomes: dict[str, Outcome], plans: Plans, errors: t.Mapping[str, RouterError]) -> dict[str, GuestPlan]:
    """Record errors that came before anything was touched: such a guest has no changes to show. The plans that are left."""
    for name, error in errors.items():
        outcomes[name] = Outcome(name, facts=guest_facts(plans[name].found), error=error)
    return {name: item for name, item in plans.items() if name not in errors}


def _read_back(hypervisor: Hypervisor, outcomes: t.Mapping[str, Outcome], specs: t.Mapping[str, GuestSpec]) -> dict[str, Outcome]:
    """The outcomes with the guests as they stand now."""
    if not outcomes:
        return {}
    try:
        after = _observe(hypervisor, {name: specs[name] for name in outcomes})
    except RouterError as error:  # what was done stays said; what stands is not known
        return {name: replace(outcome, error=outcome.error or error) for name, outcome in outcomes.items()}
    unread = {
        name: replace(outcome, error=outcome.error or after.errors[name]) for name, outcome in outcomes.items() if name in after.errors
    }
    return {**{name: _standing(outcome, after.guests.get(name)) for name, outcome in outcomes.items()}, **unread}


def _standing(outcome: Outcome, after: GuestState | None) -> Outcome:
    """The outcome with the guest as it stands now. One that the hypervisor suspended again at once was started in vain."""
    error = outcome.error
    if (
        after is not None
        and after.suspended_for
        and any(change.field == "power" and change.after == "running" for change in outcome.changes)
    ):
        remedy = "Make room on its host, then run again: it goes on where it stopped"
        error = error or GuestError(f"the guest was started, and is suspended: {after.suspended_for}", remedy=remedy)
    return replace(outcome, facts=_facts(after, outcome.facts), error=error)


def _facts(after: GuestState | None, before: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**guest_facts(after), **{key: before[key] for key in ("left",) if key in before}}


def converge_segments(
    hypervisor: Hypervisor, specs: t.Mapping[str, SegmentSpec], *, check_mode: bool, concurrency: int, planned: Planned = NOTHING_PLANNED
) -> dict[str, Outcome]:
    """Make every wanted segment so, each on its own; an outcome for each. In check mode nothing is touched."""
    platform = hypervisor.platform
    found = dict(hypervisor.observe_segments(specs))
    same = same_wires(specs, platform)
    if check_mode:
        found = {name: replace(have, guests=tuple(set(have.guests) - planned.gone)) for name, have in found.items()}

    def work(name: str) -> t.Callable[[], Outcome]:
        def apply() -> Outcome:
            item = plan_segment(specs[name], found.get(name), platform)
            warnings = (*item.warnings, *([same[name]] if name in same else []))
            if not item.changes:
                return Outcome(name, facts=segment_facts(item.found, platform), warnings=warnings)
            hypervisor.check_segment(item)
            if check_mode:
                return Outcome(name, item.changes, segment_facts(item.found, platform), warnings)
            hypervisor.apply_segment(item)
            after = hypervisor.observe_segments({name: specs[name]}).get(name)
            return Outcome(name, item.changes, segment_facts(after, platform), warnings)

        return apply

    return run_batch({name: work(name) for name in specs}, concurrency)
