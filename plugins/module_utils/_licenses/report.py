# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one router's licence, and what would (private, pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._core.batch import Outcome
from .._core.changes import Change, compare
from .license import FREE, License, LicenseSpec, buy_before, days_left, iso, rank, verdict
from .look import Seen
from .rules import Step

FIELDS: t.Final = ("system_id", "level", "limited_upgrades", "next_renewal_at", "deadline_at")
BY_SERVER: t.Final = "set by the account server"


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


def predict(step: Step, found: License, spec: LicenseSpec) -> t.Iterator[Change]:
    """The changes that a step would make."""
    if step.what == "generate_new_id":
        yield Change("system_id", found.system_id, "a new one")
        return
    wanted = step.level or spec.minimum_level or FREE
    if found.rank < rank(wanted):
        yield Change("level", found.level, wanted)
    yield Change("next_renewal_at", iso(found.next_renewal_at), BY_SERVER)
    yield Change("deadline_at", iso(found.deadline_at), BY_SERVER)
