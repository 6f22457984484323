# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return of guests and segments (private)."""

from __future__ import annotations

import typing as t

from .._core.batch import Outcome, run_batch
from .._core.errors import RouterError
from .enter import needs_text, open_now
from .guest import GuestSpec, GuestState
from .hypervisor import Hypervisor
from .license_mark import note_level
from .platform import Platform
from .segment import SegmentSpec, SegmentState


def guest_facts(found: GuestState | None) -> dict[str, t.Any]:
    """What a module returns of one guest."""
    if found is None:
        return {"exists": False}
    mark = found.mark
    facts: dict[str, t.Any] = {"exists": True, "ours": mark is not None}
    for key in ("uuid", "id", "location", "power", "cpus", "memory", "autostart", "agent_connected", "console"):
        facts[key] = getattr(found, key)
    facts[found.hypervisor] = dict(found.own)
    if found.suspended_for:
        facts["suspended_for"] = found.suspended_for
    facts["disks"] = list(found.disks)
    facts["interfaces"] = [dict(vars(nic)) for nic in found.interfaces]
    if mark is not None:
        facts.update(version=mark.version, image=mark.image, configured=found.configured, disk_ready=mark.disk_ready)
    return facts


def segment_facts(found: SegmentState | None, platform: Platform) -> dict[str, t.Any]:
    """What a module returns of one segment."""
    if found is None:
        return {"exists": False}
    facts = {key: value for key, value in vars(found).items() if key not in ("own", "due", "warnings")}
    return {"exists": True, **facts, **({platform.key: dict(found.own)} if found.own else {})}


def read_guests(
    hypervisor: Hypervisor,
    names: t.Collection[str] | None,
    *,
    segments: t.Mapping[str, SegmentSpec] | None = None,
    ask_agent: bool,
    check_mode: bool,
    concurrency: int,
) -> dict[str, Outcome]:
    """What the hypervisor holds of each named guest, or of all that are ours, and what its router says where its agent may answer.

    Interfaces are wired to `segments`, where these are no objects of the hypervisor.
    """
    found = hypervisor.list() if names is None else hypervisor.observe(names)
    wanted = [*found.guests, *found.errors] if names is None else names

    def read(name: str) -> t.Callable[[], Outcome]:
        def work() -> Outcome:
            guest = found.get(name)
            facts = guest_facts(guest and GuestSpec(name, segments=segments or {}).named_segments(guest, hypervisor.platform))
            if guest is not None and ask_agent and guest.power == "running" and guest.agent_connected is not False:
                facts.update(_ask(hypervisor, guest, check_mode))
            return Outcome(name, facts=facts)

        return work

    return run_batch({name: read(name) for name in wanted}, concurrency)


def _ask(hypervisor: Hypervisor, guest: GuestState, check_mode: bool) -> dict[str, t.Any]:
    """What the router says, or why it gave no answer."""
    try:
        way = open_now(hypervisor, guest, needs_text("what the router says of itself"))
        if way is None:
            return {}
        facts = way.facts()
        if not check_mode:
            note_level(hypervisor, guest, facts["license_level"])
    except RouterError as error:
        return {"router_error": str(error)}
    return {"router": facts}
