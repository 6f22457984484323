# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way into a guest's router (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress, run_batch
from .._core.changes import Change
from .._core.errors import GuestError, RefusedError, RouterError
from .._routeros.script import Transport
from .guest import GuestState
from .hypervisor import Hypervisor


@dataclass(frozen=True)
class RunOptions:
    """How a batch of work inside routers is run."""

    check_mode: bool
    agent_timeout: float  # seconds that a router's agent may take to open its channel
    concurrency: int
    planned: Planned = NOTHING_PLANNED  # made by earlier tasks of a check-mode run


def open_transport(
    hypervisor: Hypervisor, name: str, guest: GuestState | None, options: RunOptions, progress: Progress
) -> Transport | None:
    """The way into the router; None in check mode where it does not run, or would only be made."""
    if options.check_mode and guest is None and name in options.planned.guests:
        return None
    guest = existing(guest)
    if guest.power != "running":
        if options.check_mode:
            return None
        why, remedy = (f": {guest.suspended_for}", "Make room on its host, then start") if guest.suspended_for else ("", "Start")
        raise GuestError(f"the guest is {guest.power}{why}", remedy=f"{remedy} it with chr_guest first")
    return way_in(hypervisor, guest, options, progress)


def existing(guest: GuestState | None) -> GuestState:
    """The guest, if it is there and ours to enter. Raises GuestError and RefusedError."""
    if guest is None:
        raise GuestError("the guest does not exist", remedy="Create it with chr_guest first")
    if guest.mark is None:
        raise RefusedError("the guest is not ours", remedy="Only guests that bear the mark of vrouter.mikrotik are entered")
    return guest


def way_in(hypervisor: Hypervisor, guest: GuestState, options: RunOptions, progress: Progress) -> Transport | None:
    """The way into a router that runs, once it is open; None in check mode, which waits for nothing, where it is not."""
    transport = hypervisor.transport(guest)
    if not guest.agent_connected:
        if options.check_mode:
            return None
        progress(guest.name, "waiting for its guest agent")
        transport.wait(options.agent_timeout)
    return transport


class OfGuest(t.Protocol):
    """A piece of work in one guest's router."""

    @property
    def guest(self) -> str: ...


Item = t.TypeVar("Item", bound=OfGuest)


def each_guest(
    hypervisor: Hypervisor,
    items: t.Sequence[Item],
    options: RunOptions,
    progress: Progress,
    what: str,
    act: t.Callable[[Transport | None, Item], tuple[dict[str, t.Any], Change | None]],
) -> dict[str, Outcome]:
    guests: dict[str, list[Item]] = {}
    for item in items:
        guests.setdefault(item.guest, []).append(item)
    found = hypervisor.observe(guests)

    def work(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            done: list[dict[str, t.Any]] = []
            changes: list[Change] = []
            error: RouterError | None = None
            try:
                transport = open_transport(hypervisor, name, found.get(name), options, progress)
                for item in guests[name]:
                    entry, change = act(transport, item)
                    done.append(entry)
                    changes += [change] if change else []
            except RouterError as caught:
                error = caught
            return Outcome(name, tuple(changes), {what: done}, error=error)

        return go

    return run_batch({name: work(name) for name in guests}, options.concurrency)
