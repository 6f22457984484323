# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects in one module run: what is wanted of each, the bounded workers, what became of each (private)."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from .changes import Change, diff
from .errors import InputError, RouterError
from .secrets import Mask


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


Spec = t.TypeVar("Spec")
Entry = t.Mapping[str, t.Any]


def parse_batch(
    option: str, entries: t.Sequence[t.Mapping[str, t.Any]], parse: t.Callable[[t.Mapping[str, t.Any]], Spec]
) -> tuple[dict[str, Spec], dict[str, InputError]]:
    """All objects of a batch by name, and the errors of those that are wrong in themselves, each by name."""
    specs: dict[str, Spec] = {}
    errors: dict[str, InputError] = {}
    for entry in entries:
        name = str(entry["name"])
        if name in specs or name in errors:
            specs.pop(name, None)
            errors[name] = InputError(f"{option}: the name is given twice", remedy="Give each its own entry")
            continue
        try:
            specs[name] = parse(entry)
        except InputError as error:
            errors[name] = error
    return specs, errors


Progress = t.Callable[[str, str], None]  # name of the object, what is being waited for


@dataclass(frozen=True)
class Planned:
    """What an earlier phase of a check-mode run would have made; it counts as present."""

    networks: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()  # guests that it would have removed


NOTHING_PLANNED: t.Final = Planned()


def parse_lists(owner: str, entries: t.Sequence[Entry], parse: t.Callable[[Entry, int], Spec]) -> tuple[list[Spec], dict[str, InputError]]:
    """The entries of owners that have no bad one, and by owner the error of the first bad one. Entries are numbered from 1."""
    specs: list[tuple[str, Spec]] = []
    errors: dict[str, InputError] = {}
    for number, entry in enumerate(entries, 1):
        name = str(entry[owner])
        try:
            specs.append((name, parse(entry, number)))
        except InputError as error:
            errors.setdefault(name, error)
    return [spec for name, spec in specs if name not in errors], errors
