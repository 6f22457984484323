# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, compare, apply: the part that all changing modules share (private).

A comparison yields `Change` objects and nothing else. Check mode, diff, `changed` and the pending list are all read off that list here,
so that a module cannot predict one thing and do another.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

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


def sides(changes: t.Iterable[Change]) -> str:
    """The changes as one text, for an error that names what differs."""
    return "; ".join(f"{change.field} is {change.before}, wanted {change.after}" for change in changes)


def compare(wanted: t.Mapping[str, t.Any], found: t.Mapping[str, t.Any], effect: Effect = LIVE, prefix: str = "") -> list[Change]:
    """Changes for every wanted field that differs. A wanted value of None was left out by the user and is not compared."""
    return [
        Change(prefix + key, found.get(key), value, effect)
        for key, value in wanted.items()
        if value is not None and value != found.get(key)
    ]
