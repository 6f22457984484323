# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return of guests and segments (private)."""

from __future__ import annotations

import typing as t

from .._core.batch import Outcome, run_batch
from .enter import needs_text, open_now
from .guest import GuestState
from .hypervisor import Hypervisor
from .license_mark import note_level
from .segment import SegmentState


def guest_facts(found: GuestState | None) -> dict[str, t.Any]:
    """What a module returns of one guest."""
    if found is None:
        return {"exists": False}
    mark = found.mark
    facts: dict[str, t.Any] = {"exists": True, "ours": mark is not None}
    for key in ("uuid", "power", "cpus", "memory", "machine", "accelerator", "autostart", "agent_connected", "console"):
        facts[key] = getattr(found, key)
    if found.suspended_for:
        facts["suspended_for"] = found.suspended_for
    facts["disks"] = list(found.disks)
    facts["interfaces"] = [dict(vars(nic)) for nic in found.interfaces]
    if mark is not None:
        facts.update(version=mark.version, image=mark.image, configured=found.configured, disk_ready=mark.disk_ready)
    return facts


def segment_facts(found: SegmentState | None) -> dict[str, t.Any]:
    """What a module returns of one segment."""
    return {"exists": False} if found is None else {"exists": True, **vars(found)}


def read_guests(
    hypervisor: Hypervisor, names: t.Collection[str], *, ask_agent: bool, check_mode: bool, concurrency: int
) -> dict[str, dict[str, t.Any]]:
    """What the hypervisor holds of each named guest, and what its router says where its agent has opened the channel."""
    found = hypervisor.observe(names)

    def ask(name: str) -> t.Callable[[], Outcome]:
        def work() -> Outcome:
            way = open_now(hypervisor, found[name], needs_text("what the router says of itself"))
            if way is None:
                return Outcome(name)
            facts = way.facts()
            if not check_mode:
                note_level(hypervisor, found[name], facts["license_level"])
            return Outcome(name, facts=facts)

        return work

    asked = [name for name, state in found.items() if ask_agent and state.agent_connected is not False and state.power == "running"]
    answers = run_batch({name: ask(name) for name in asked}, concurrency)
    result = {name: guest_facts(found.get(name)) for name in names}
    for name, answer in answers.items():
        if answer.error is None and answer.facts:
            result[name]["router"] = dict(answer.facts)
        elif answer.error is not None:
            result[name]["router_error"] = str(answer.error)
    return result
