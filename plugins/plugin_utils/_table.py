# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that ends each playbook (private, pure)."""

from __future__ import annotations

import textwrap
import typing as t
from dataclasses import dataclass

from ._columns import columns
from ._phase import OF_NO_GUESTS, SEGMENTS, guests_of
from ._table_layouts import Layout

DONE: t.Final = "done"
UNCHANGED: t.Final = "unchanged"
PENDING: t.Final = "pending"
FAILED: t.Final = "failed"
REASON_WIDTH: t.Final = 100  # characters
HEADINGS: t.Final = ("ROUTER", "RESULT")

Values = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Row:
    """One router's line; `cells` hold one text a line."""

    router: str
    result: str
    reason: str
    cells: tuple[tuple[str, ...], ...]


def row(
    layout: Layout,
    router: str,
    name: str,
    report: Values,
    broken: str | None,
    notes: t.Sequence[str],
    check_mode: bool,
    confirmed: t.Sequence[str] | None = None,
) -> Row:
    """One router's row, from the shares that the phases left. `broken` is why it never came to a phase.

    `confirmed` is given where routers are removed: one that stands and is not named in it is pending.
    """
    results: Values = report.get("results") or {}
    problems = [share["msg"] for share in results.values() if share.get("failed")]
    left = [share["left"] for phase, share in results.items() if share.get("left") and phase not in OF_NO_GUESTS]
    reason = (problems or left or [broken or ""])[-1]
    if reason:
        result = FAILED
    elif any(share.get("changed") for share in results.values()):
        result = PENDING if check_mode else DONE
    else:
        result = UNCHANGED
    facts: dict[str, t.Any] = {}
    for dummy, entry in (found for found in guests_of(results) if found[0] in (name, router)):
        facts = {**entry} if entry.get("exists") is False else {**facts, **entry}
    if not reason and confirmed is not None and facts.get("exists") and name not in confirmed:
        result = PENDING
        reason = f"would be removed: guest {facts['uuid']} and its disks {', '.join(facts['disks'])}. Name it in confirm to remove it."
    return Row(router, result, reason, ((router,), (result,), *layout.cells({"name": name, **facts}, notes)))


def removal_notes(reports: t.Iterable[Values], confirmed: t.Collection[str], all_known: bool) -> list[str]:
    """What is said below a table of removals: the segments that would go too and, if every router was described, what `confirm` names in vain."""
    standing: dict[str, t.Sequence[str]] = {}
    named: set[str] = set()
    for report in reports:
        shares: dict[str, Values] = {phase: share.get("entries") or {} for phase, share in (report.get("results") or {}).items()}
        named.update(name for entries in shares.values() for name in entries)
        segments = shares.get(SEGMENTS, {})
        standing.update({name: entry["guests"] for name, entry in segments.items() if entry.get("ours") and name not in confirmed})
    notes = [
        f"segment {name} would be removed{', once nobody is wired to it: ' + ', '.join(guests) if guests else ''}. Name it in confirm to remove it."
        for name, guests in sorted(standing.items())
    ]
    vain = sorted(set(confirmed) - named) if all_known else []
    return [*notes, *([f"confirm names no router and no segment of these hosts: {', '.join(vain)}"] if vain else [])]


def left_of_segments(reports: t.Iterable[Values]) -> list[str]:
    """Why segments were not made or removed, where that is no router's own failure; each once."""
    shares = [(phase, share) for report in reports for phase, share in (report.get("results") or {}).items()]
    return list(dict.fromkeys(f"segment {share['left']}" for phase, share in shares if share.get("left") and phase in OF_NO_GUESTS))


def render(layout: Layout, rows: t.Sequence[Row]) -> list[str]:
    """The table's lines, with the reasons of failed routers below it."""
    grid = [tuple((heading,) for heading in (*HEADINGS, *layout.headings)), *(row.cells for row in rows)]
    lines = columns(grid)
    for item in rows:
        if item.reason:
            reason = item.reason if item.reason.startswith(f"{item.router}: ") else f"{item.router}: {item.reason}"
            lines += ["", *textwrap.wrap(reason, REASON_WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)]
    counts = {kind: sum(row.result == kind for row in rows) for kind in (DONE, UNCHANGED, PENDING, FAILED)}
    verdict = "Nothing changed: " if rows and counts[UNCHANGED] == len(rows) else ""
    return [*lines, "", verdict + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count or kind != PENDING)]
