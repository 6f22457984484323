# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of the changing modules: read in bulk, plan purely, check, apply side by side, read back (private)."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress, run_batch
from .._core.changes import Change
from .._core.errors import RouterError
from . import limits
from .facts import guest_facts, segment_facts
from .guest import GuestSpec, GuestState
from .hypervisor import Hypervisor
from .plan import GuestPlan, plan
from .segment import SegmentSpec, plan_segment

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
    found = hypervisor.observe(specs)
    plans, outcomes = _plan_guests(hypervisor, specs, found)
    busy = {name: item for name, item in plans.items() if item.changes}
    busy = _drop_failed(outcomes, busy, hypervisor.check(busy, planned) if busy else {})
    if check_mode or not busy:
        return outcomes
    busy = _drop_failed(outcomes, busy, hypervisor.prepare(busy, progress))

    def work(name: str) -> t.Callable[[], Outcome]:
        def apply() -> Outcome:
            try:
                hypervisor.apply(busy[name], progress)
            except RouterError as error:
                return replace(outcomes[name], error=error)
            return outcomes[name]

        return apply

    outcomes.update(run_batch({name: work(name) for name in busy}, concurrency))
    after = hypervisor.observe(busy) if busy else {}
    outcomes.update({name: _read_back(outcomes[name], item, after.get(name)) for name, item in busy.items()})
    return outcomes


def _plan_guests(
    hypervisor: Hypervisor, specs: t.Mapping[str, GuestSpec], found: t.Mapping[str, GuestState]
) -> tuple[dict[str, GuestPlan], dict[str, Outcome]]:
    plans: dict[str, GuestPlan] = {}
    outcomes: dict[str, Outcome] = {}
    for name, spec in specs.items():
        have = found.get(name)
        try:
            warnings = limits.check(spec, hypervisor.platform) if have is None and spec.state != "absent" else []
            plans[name] = plan(spec, have)
        except RouterError as error:
            outcomes[name] = Outcome(name, facts=guest_facts(have), error=error)
            continue
        outcomes[name] = Outcome(name, plans[name].changes, guest_facts(have), (*plans[name].warnings, *warnings))
    return plans, outcomes


def _drop_failed(outcomes: dict[str, Outcome], plans: Plans, errors: t.Mapping[str, RouterError]) -> dict[str, GuestPlan]:
    """Record errors that came before anything was touched: such a guest has no changes to show. The plans that are left."""
    for name, error in errors.items():
        outcomes[name] = Outcome(name, facts=guest_facts(plans[name].found), error=error)
    return {name: item for name, item in plans.items() if name not in errors}


def _read_back(outcome: Outcome, item: GuestPlan, after: GuestState | None) -> Outcome:
    """The outcome with the guest as it stands now; after a failure, only the changes that were really made."""
    changes = outcome.changes if outcome.error is None else tuple(made(item, after))
    return replace(outcome, changes=changes, facts=guest_facts(after))


def made(item: GuestPlan, after: GuestState | None) -> t.Iterator[Change]:
    """The plan's changes that hold in the state found after a failure."""
    exists = after is not None
    for change in item.changes:
        if item.creates or item.removes:
            if change.field == "exists" and change.after == exists:
                yield change
            continue
        if after is not None and _value(after, change.field) == change.after:
            yield change


def _value(state: GuestState, field: str) -> t.Any:
    if field == "configured":
        return state.mark is not None and state.mark.configured
    if field.startswith("interfaces."):
        name, key = field.split(".")[1:3]
        return getattr(state.nic(name), key, None)
    return getattr(state, field, None)


def converge_segments(
    hypervisor: Hypervisor, specs: t.Mapping[str, SegmentSpec], *, check_mode: bool, concurrency: int
) -> dict[str, Outcome]:
    """Make every wanted segment so, each on its own; an outcome for each. In check mode nothing is touched."""
    found = hypervisor.observe_segments(specs)

    def work(name: str) -> t.Callable[[], Outcome]:
        def apply() -> Outcome:
            item = plan_segment(specs[name], found.get(name))
            if not item.changes:
                return Outcome(name, facts=segment_facts(item.found))
            hypervisor.check_segment(item)
            if check_mode:
                return Outcome(name, item.changes, segment_facts(item.found))
            hypervisor.apply_segment(item)
            return Outcome(name, item.changes, segment_facts(hypervisor.observe_segments([name]).get(name)))

        return apply

    return run_batch({name: work(name) for name in specs}, concurrency)
