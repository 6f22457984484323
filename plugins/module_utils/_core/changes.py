# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, compare, apply: the part that all changing modules share (private).

A comparison yields `Change` objects and nothing else. Check mode, diff, `changed` and the pending list are all read off that list here,
so that a module cannot predict one thing and do another.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from .errors import RouterError
from .secrets import Mask

LIVE: t.Final = "live"
RESTART: t.Final = "restart"

Effect = t.Literal["live", "next_start", "restart"]


@dataclass(frozen=True)
class Change:
    """One field that would differ, or one action, with both sides.

    `field` is a dotted path in the module's own option names, for example `interfaces.ether1.link`; `power` and `exists` are fields too.
    """

    field: str
    before: t.Any
    after: t.Any
    effect: Effect = LIVE

    def as_dict(self) -> dict[str, t.Any]:
        return {"field": self.field, "before": self.before, "after": self.after, "effect": self.effect}


@dataclass(frozen=True)
class Outcome:
    """What became of one object of the batch."""

    name: str
    changes: tuple[Change, ...] = ()
    facts: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: RouterError | None = None
    changed: bool | None = None  # only where a change is not a field, as with scripts

    @property
    def has_changed(self) -> bool:
        return bool(self.changes) if self.changed is None else self.changed

    def result(self, mask: Mask) -> dict[str, t.Any]:
        """The object's entry in the module's result; secrets are replaced here and nowhere later."""
        entry: dict[str, t.Any] = dict(self.facts)
        entry.update(
            name=self.name,
            changed=self.has_changed,
            failed=self.error is not None,
            changes=[change.as_dict() for change in self.changes],
            diff=diff(self.name, self.changes),
        )
        if self.warnings:
            entry["warnings"] = list(self.warnings)
        masked: dict[str, t.Any] = mask.apply(entry)
        if self.error is not None:  # the name is no secret: a failure names its object even where all else is withheld
            masked["msg"] = f"{self.name}: {mask.apply(str(self.error))}"
        return masked


def diff(name: str, changes: t.Iterable[Change]) -> dict[str, t.Any]:
    """Both sides as nested dictionaries of only the fields that differ, as Ansible's `--diff` shows them."""
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for change in changes:
        if change.before is not None:  # what was not there has no before
            _put(before, change.field, change.before, first=True)
        _put(after, change.field, change.after, first=False)
    return {"before": before, "after": after, "before_header": name, "after_header": name}


def _put(tree: dict[str, t.Any], path: str, value: t.Any, *, first: bool) -> None:
    """Set a leaf; where a field changes twice in one run, its first `before` and its last `after` count.

    Slot names hold no dots; the names of files and scripts may, and stay whole.
    """
    *parents, leaf = path.split(".", 2 if path.startswith("interfaces.") else 1)
    for parent in parents:
        tree = tree.setdefault(parent, {})
    if not first or leaf not in tree:
        tree[leaf] = value


def compare(wanted: t.Mapping[str, t.Any], found: t.Mapping[str, t.Any], effect: Effect = LIVE, prefix: str = "") -> list[Change]:
    """Changes for every wanted field that differs. A wanted value of None was left out by the user and is not compared."""
    return [
        Change(prefix + key, found.get(key), value, effect)
        for key, value in wanted.items()
        if value is not None and value != found.get(key)
    ]


Work = t.Callable[[], Outcome]


def run_batch(jobs: t.Mapping[str, Work], concurrency: int) -> dict[str, Outcome]:
    """Run one job an object, side by side, at most `concurrency` at once. A job that raises a RouterError fails alone."""
    if not jobs:
        return {}

    def guarded(name: str) -> Outcome:
        try:
            return jobs[name]()
        except RouterError as error:
            return Outcome(name, error=error)

    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, len(jobs)))) as pool:
        return dict(zip(jobs, pool.map(guarded, jobs), strict=True))


def failed(outcome: Outcome, error: RouterError) -> Outcome:
    """The same outcome, ended by an error: what was already done stays visible."""
    return replace(outcome, error=error)


def summary(outcomes: t.Mapping[str, Outcome], masks: t.Mapping[str, Mask], what: str) -> dict[str, t.Any]:
    """The module's result for a whole batch: `changed`, `failed`, the entries by name and one message that names each failure."""
    entries = {name: outcome.result(masks.get(name, Mask())) for name, outcome in outcomes.items()}
    bad = [entry["msg"] for entry in entries.values() if entry["failed"]]
    result: dict[str, t.Any] = {
        what: entries,
        "changed": any(entry["changed"] for entry in entries.values()),
        "warnings": [f"{name}: {text}" for name, entry in entries.items() for text in entry.pop("warnings", [])],
        "diff": [entry["diff"] for entry in entries.values() if entry["changes"]],
    }
    if bad:
        result["failed"] = True
        result["msg"] = f"{len(bad)} of {len(entries)} failed: " + " | ".join(bad) if len(entries) > 1 else bad[0]
    return result
