# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is settled between the phases, by plain data: nothing is rendered any more (private, pure)."""

from __future__ import annotations

import typing as t

from ._phase import Found, Phase, Values

UNKNOWN: t.Final = object()  # no phase of this router found it


def find(results: t.Mapping[str, t.Any], place: str) -> t.Any:
    """What a phase returned for the router's own object, by `phase.field`; UNKNOWN where it did not."""
    phase, dummy, name = place.partition(".")
    entry: Values = next(iter(((results.get(phase) or {}).get("entries") or {}).values()), {})
    return entry.get(name, UNKNOWN)


def was_found(results: t.Mapping[str, t.Any], wanted: Found) -> bool:
    """Whether one of these was found. A list counts as true when it is not empty; what is not known was not found."""
    values = ((find(results, place), value) for place, value in wanted.items())
    return any(found is not UNKNOWN and bool(found) == value for found, value in values)


def takes_part(described: Values, results: t.Mapping[str, t.Any]) -> bool:
    """Whether a router that wants a phase has it, by what its earlier phases found."""
    only, never = described["if_found"], described["unless_found"]
    return (not only or was_found(results, only)) and not was_found(results, never)


def complete(phase: Phase, described: Values, results: t.Mapping[str, t.Any]) -> list[Values]:
    """The router's entries, with what earlier phases found."""
    found = {option: find(results, place) for option, place in phase.filled.items()}
    late = {option: value for option, value in found.items() if value is not UNKNOWN and value not in (None, "")}
    dropped = {option for option, wanted in phase.dropped.items() if was_found(results, wanted)}
    return [{key: value for key, value in {**entry, **late}.items() if key not in dropped} for entry in described["entries"]]


def planned(phase: Phase, described: Values, results: t.Mapping[str, t.Any]) -> Values:
    """What a run without check mode would have made for the router by now."""
    plan: Values = dict(described["planned"])
    for kind, place in phase.planned_found.items():
        if find(results, f"{place.partition('.')[0]}.planned") is True:
            plan[kind] = [*plan.get(kind, []), find(results, place)]
    return plan
