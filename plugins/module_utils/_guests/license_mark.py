# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was last seen of a router's licence, kept in its guest's mark (private).

A router that is off cannot be asked before it is removed. So whoever looks at a licence, for whatever purpose, leaves the level in the mark.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._core.batch import Outcome, run_batch
from .._core.text import quote
from .._routeros.script import EXIT_DONE, GUARD_TIMEOUT, follow, probe
from .._routeros.way import Way
from .enter import open_now
from .guest import GuestSpec, GuestState
from .hypervisor import Hypervisor, Observed
from .plan import FREE

NOT_FREE: t.Final = "other than free"


def read_level(way: Way) -> str:
    """The router's licence level, or an empty text where it does not say. Without text it can only be asked whether it is free."""
    if not way.returns_text:
        free = probe(way, f"[/system license get level] = {quote(FREE)}")
        return "" if free is None else FREE if free else NOT_FREE
    ended = follow(way, ":put [/system license get level]", GUARD_TIMEOUT)
    return ended.output.strip() if ended.exit_code == EXIT_DONE else ""


def note_level(hypervisor: Hypervisor, guest: GuestState, level: str) -> None:
    """Keep the level that was just seen, unless the mark says it already."""
    if level and guest.mark is not None and guest.mark.license_level != level:
        hypervisor.write_mark(guest.ref, lambda mark: replace(mark, license_level=level))


def look_before_removal(
    hypervisor: Hypervisor, specs: t.Mapping[str, GuestSpec], found: Observed, *, check_mode: bool, concurrency: int
) -> Observed:
    """The guests as found, those that are to go with the level that their router tells now. Where it does not answer, the mark's word stands."""

    def look(guest: GuestState) -> t.Callable[[], Outcome]:
        def work() -> Outcome:
            way = open_now(hypervisor, guest)
            level = read_level(way) if way else ""
            if not check_mode:
                note_level(hypervisor, guest, level)
            return Outcome(guest.name, facts={"level": level})

        return work

    asked = {name: guest for name, guest in found.guests.items() if _is_to_go(specs[name]) and _answers(guest)}
    answers = run_batch({name: look(guest) for name, guest in asked.items()}, concurrency)
    levels = {name: str(answer.facts["level"]) for name, answer in answers.items() if answer.error is None and answer.facts["level"]}
    return replace(found, guests={name: _with_level(guest, levels.get(name)) for name, guest in found.guests.items()})


def _is_to_go(spec: GuestSpec) -> bool:
    return spec.state == "absent" and spec.confirm == spec.name and spec.licensed != "released"


def _answers(guest: GuestState) -> bool:
    return guest.mark is not None and guest.power == "running" and guest.agent_connected is not False


def _with_level(guest: GuestState, level: str | None) -> GuestState:
    if level is None or guest.mark is None:
        return guest
    return replace(guest, mark=replace(guest.mark, license_level=level))
