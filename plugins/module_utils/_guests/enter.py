# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a guest's router is entered (private).

A hypervisor's driver names the ways into a router in the order in which they are preferred. The first that can do what is wanted and opens is
taken; what no way can do is refused before anything is waited for or touched.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress, run_batch
from .._core.changes import Change
from .._core.errors import GuestError, InputError, RefusedError, RouterError, UnsupportedError
from .._routeros.way import Credential, Way
from .guest import GuestState
from .hypervisor import Hypervisor

OTHER_WAY: t.Final = "Reach the router over its API or SSH for this"


@dataclass(frozen=True)
class RunOptions:
    """How a batch of work inside routers is run. `router_credentials` are for ways that log in, and are tried in their order."""

    check_mode: bool
    agent_timeout: float  # seconds that a way into a router may take to open
    concurrency: int
    planned: Planned = NOTHING_PLANNED  # made by earlier tasks of a check-mode run
    router_credentials: tuple[Credential, ...] = ()


Refuse = t.Callable[[Way], None]  # raises UnsupportedError for a way that cannot do what is wanted


def any_way(way: Way) -> None:
    """No way is refused: an exit code is all that is needed."""


def needs_text(what: str, remedy: str = OTHER_WAY) -> Refuse:
    """Refuses ways that give no text back; `what` is wanted of it."""

    def refuse(way: Way) -> None:
        if not way.returns_text:
            raise UnsupportedError(f"{what} cannot be had here: {way.name} gives only an exit code back, no text", remedy=remedy)

    return refuse


def open_guest(
    hypervisor: Hypervisor, name: str, guest: GuestState | None, options: RunOptions, progress: Progress, refuse: Refuse = any_way
) -> Way | None:
    """The way into the router; None in check mode where it does not run, or would only be made."""
    if options.check_mode and guest is None and name in options.planned.guests:
        return None
    guest = existing(guest)
    if guest.power != "running":
        if options.check_mode:
            return None
        why, remedy = (f": {guest.suspended_for}", "Make room on its host, then start") if guest.suspended_for else ("", "Start")
        raise GuestError(f"the guest is {guest.power}{why}", remedy=f"{remedy} it with chr_guest first")
    return open_running(hypervisor, guest, options, progress, refuse)


def existing(guest: GuestState | None) -> GuestState:
    """The guest, if it is there and ours to enter. Raises GuestError and RefusedError."""
    if guest is None:
        raise GuestError("the guest does not exist", remedy="Create it with chr_guest first")
    if guest.mark is None:
        raise RefusedError("the guest is not ours", remedy="Only guests that bear the mark of vrouter.mikrotik are entered")
    return guest


def open_running(
    hypervisor: Hypervisor, guest: GuestState, options: RunOptions, progress: Progress, refuse: Refuse = any_way
) -> Way | None:
    """The way into a router that runs, once it is open; None in check mode, which waits for nothing, where none is."""
    if options.check_mode:
        return open_now(hypervisor, guest, refuse, options.router_credentials)
    failure: GuestError | None = None
    for way in _able(hypervisor.ways(guest), refuse, options.router_credentials):
        try:
            if not way.is_open:
                progress(guest.name, f"waiting for its {way.name.replace('_', ' ')}")
                way.wait(options.agent_timeout)
            return way
        except GuestError as error:
            failure = failure or error
    raise failure or UnsupportedError("this hypervisor has no way into the guest's router", remedy=OTHER_WAY)


def open_now(
    hypervisor: Hypervisor, guest: GuestState, refuse: Refuse = any_way, credentials: t.Sequence[Credential] = ()
) -> Way | None:
    """The same without waiting, None where no way is open."""
    return next((way for way in _able(hypervisor.ways(guest), refuse, credentials) if _is_open(way)), None)


def _able(ways: t.Iterable[Way], refuse: Refuse, credentials: t.Sequence[Credential]) -> list[Way]:
    """The ways that can do what is wanted, with what they log in with. Raises what speaks against the first where none is left."""
    able: list[Way] = []
    failure: RouterError | None = None
    for way in ways:
        try:
            refuse(way)
            _log_in(way, credentials)
            able.append(way)
        except (UnsupportedError, InputError) as error:
            failure = failure or error
    if failure is not None and not able:
        raise failure
    return able


def _log_in(way: Way, credentials: t.Sequence[Credential]) -> None:
    if not way.logs_in:
        return
    if not credentials:
        raise InputError(f"router_credentials: {way.name} logs in to the router, and no credentials were given")
    way.log_in(credentials)


def _is_open(way: Way) -> bool:
    """Whether a way is open; it is asked where that is not known."""
    if way.is_open is None:
        try:
            way.wait(0)
        except GuestError:
            return False
    return way.is_open is not False


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
    act: t.Callable[[Way | None, Item], tuple[dict[str, t.Any], Change | None]],
    refuse: t.Callable[[Way, Item], None],
) -> dict[str, Outcome]:
    """Do every guest's items in their order; an outcome for each guest. An item that `refuse` raises for keeps its guest from being touched."""
    guests: dict[str, list[Item]] = {}
    for item in items:
        guests.setdefault(item.guest, []).append(item)
    found = hypervisor.observe(guests)

    def refuse_any(way: Way, wanted: t.Iterable[Item]) -> None:
        for item in wanted:
            refuse(way, item)

    def work(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            done: list[dict[str, t.Any]] = []
            changes: list[Change] = []
            error: RouterError | None = None
            try:
                way = open_guest(hypervisor, name, found.get(name), options, progress, lambda way: refuse_any(way, guests[name]))
                for item in guests[name]:
                    entry, change = act(way, item)
                    done.append(entry)
                    changes += [change] if change else []
            except RouterError as caught:
                error = caught
            return Outcome(name, tuple(changes), {what: done}, error=error)

        return go

    return run_batch({name: work(name) for name in guests}, options.concurrency)
