# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System-ids that several routers have (private, pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.vrouter.mikrotik.plugins.module_utils._license import FREE


@dataclass(frozen=True)
class Holder:
    """A router and its system-id; `finished`: it is not of this batch of the play, so it keeps what it has."""

    host: str
    system_id: str
    level: str
    finished: bool = False


def repeaters(holders: t.Iterable[Holder]) -> list[str]:
    """The routers whose system-id another one keeps: one with a licence, which cannot get a new id, else a finished one, else the first by name."""
    last = {holder.host: holder for holder in holders}
    owner: dict[str, str] = {}
    repeating: list[str] = []
    for holder in sorted(last.values(), key=lambda holder: (holder.level == FREE, not holder.finished, holder.host)):
        if owner.setdefault(holder.system_id, holder.host) != holder.host:
            repeating.append(holder.host)
    return sorted(repeating)
