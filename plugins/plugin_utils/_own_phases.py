# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phases that run no module: what is judged between the others (private)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.rules import Holder, repeaters

from ._batch import Batch, Router, Rule
from ._parsers import problems_of_new, setting_of
from ._phase import Phase, Values
from ._shares import failure, joined
from ._wording import in_variables


def new_objects(batch: Batch, phase: Phase, routers: Sequence[Router]) -> dict[str, Values]:
    """What only a router that does not exist yet must keep to, in its descriptions for the phases of this batch."""
    shares: dict[str, Values] = {}
    for router in routers:
        parts = [(other.module, router.described[other.name]) for other in batch.phases if other.name in router.described]
        problems = [
            in_variables(text, part["names"])
            for module, part in parts
            for entry in part["entries"]
            for text in problems_of_new(module, entry, setting_of(part, router.hypervisor))
        ]
        shares[router.host] = failure(joined(problems)) if problems else _fine({})
    return shares


def system_ids(results_of_finished: Mapping[str, Values]) -> Rule:
    """A rule that finds the routers whose system-id another one keeps. Those that the play is done with (serial) count, and keep what they have."""

    def judge(batch: Batch, phase: Phase, routers: Sequence[Router]) -> dict[str, Values]:
        now = {router.host: last_read(router.shares) for router in routers}
        finished = {host: last_read(results) for host, results in results_of_finished.items()}
        holders = [
            Holder(host, facts["system_id"], facts["level"], finished=read is finished)
            for read in (finished, now)
            for host, facts in read.items()
            if facts
        ]
        repeating = repeaters(holders)
        return {host: _fine({host: {"duplicate": host in repeating}}) for host in now}

    return judge


def last_read(results: Mapping[str, Values]) -> Values:
    """A router's licence as the last of these phases left it; empty where none read it."""
    entries = [entry for share in results.values() for entry in (share.get("entries") or {}).values() if entry.get("system_id")]
    return entries[-1] if entries else {}


def _fine(entries: Mapping[str, Values]) -> Values:
    return {"failed": False, "changed": False, "entries": dict(entries)}
