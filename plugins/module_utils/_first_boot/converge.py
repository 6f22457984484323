# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot of many routers: record, closed links, script, open links; each router on its own (private)."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass, replace

from .._core.batch import Outcome, Progress, run_batch
from .._core.changes import Change
from .._core.errors import GuestError, RouterError
from .._guests.carry_out import carry_out
from .._guests.enter import RunOptions, existing, open_running
from .._guests.facts import guest_facts
from .._guests.guest import GuestSpec, GuestState, Mark
from .._guests.hypervisor import Hypervisor, Report
from .._guests.plan import plan
from .on_router import OnRouter
from .record import Kept, Record
from .wanted import FirstBoot, content_hash, logins, reachable, settings

JUST_DONE: t.Final = "done"  # this run did it
STANDING: t.Final = "standing"  # an earlier run did it
DRIFT: t.Final = "drift"  # it was done, and something else is wanted now
WOULD_RUN: t.Final = "would run"
WAITING: t.Final = "waiting"  # the guest does not run; it keeps its closed links until it does
REAPPLY: t.Final = "name the router in chr_first_boot_reapply to apply them"
AGAIN: t.Final = "a script that ran once runs again only where chr_first_boot_scripts_again names it too"
OTHERS: t.Final = "others"  # settings that cannot be read
UNREADABLE: t.Final = "which ones cannot be told: no text comes back from this router"
STAYS: t.Final = ("identity", "time_zone", "services", "scripts")  # what cannot be undone when it is described no more


@dataclass(frozen=True)
class Boot:
    """One router's first boot, and how its links are wanted afterwards."""

    wanted: FirstBoot
    links: GuestSpec
    reapply: bool = False


def boot_routers(hypervisor: Hypervisor, boots: t.Mapping[str, Boot], options: RunOptions, progress: Progress) -> dict[str, Outcome]:
    """Bring every router through its first boot, once in its life; an outcome for each."""
    found = hypervisor.observe(boots)

    def work(name: str) -> t.Callable[[], Outcome]:
        return lambda: _Router(hypervisor, boots[name], found.get(name), options, progress).converge()

    return run_batch({name: work(name) for name in boots}, options.concurrency)


def compare_settings(record: Record | None, after: t.Mapping[str, str]) -> list[Change]:
    """What differs from what was set before: a field that is described no more has no `after`."""
    if record is not None and not record.whole:
        return [] if record.content == content_hash(after) else [Change("settings", OTHERS, "as described")]
    before: t.Mapping[str, str] = record.settings if record else {}
    return [Change(key, before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before]) if before.get(key) != after.get(key)]


class _Router:
    """The work on one router. `changes` grows as things are really done, so a failure shows how far it came."""

    def __init__(self, hypervisor: Hypervisor, item: Boot, found: GuestState | None, options: RunOptions, progress: Progress) -> None:
        self._hypervisor = hypervisor
        self._item = item
        self._found = found
        self._options = options
        self._name = item.links.name
        self._progress = progress
        self._changes: list[Change] = []
        self._drift: list[Change] = []
        self._warnings: list[str] = []
        self._state = WOULD_RUN

    def converge(self) -> Outcome:
        error: RouterError | None = None
        try:
            self._boot()
        except RouterError as caught:
            error = caught
            with suppress(RouterError):  # where the hypervisor went, too, what was found before is all that is known
                self._reread()
                self._close_unproved()
        facts = {
            **guest_facts(self._found),
            "first_boot": self._state if error is None else "failed",
            "drift": [{"field": change.field, "before": change.before, "after": change.after} for change in self._drift],
        }
        return Outcome(self._name, tuple(self._changes), facts, tuple(self._warnings), error)

    def _boot(self) -> None:
        guest = self._running()
        if guest is None:
            return
        credentials = (*self._options.router_credentials, *logins(self._item.wanted))
        way = open_running(self._hypervisor, guest, replace(self._options, router_credentials=credentials), self._progress)
        if way is None:
            self._predict(guest, None)
            return
        check_mode = self._options.check_mode
        on_router = OnRouter(way, self._item.wanted, guest.uuid, lambda what: self._progress(self._name, what), check_mode=check_mode)
        kept = on_router.read() if check_mode else on_router.settled()
        if on_router.waited or (kept.record is not None and not guest.configured):  # another run may just have come to its end
            guest = self._reread()
        if self._stands(kept, guest):
            self._links(guest, configured=True)
        else:
            self._apply(guest, on_router, kept)

    def _stands(self, kept: Kept, guest: GuestState) -> bool:
        """Whether first boot was done and is not to be done again."""
        if kept.record is None or kept.record.uuid != guest.uuid:
            return False
        wanted = self._item.wanted
        differences = compare_settings(kept.record, settings(wanted))
        if kept.cut is not None:
            differences.append(Change("first_boot", "cut off while it was applied again", JUST_DONE))
        applicable = kept.cut is not None or compare_settings(kept.record, reachable(wanted, kept.record.settings))
        if not differences:
            self._state = STANDING
        elif not (self._item.reapply and applicable):
            self._state = DRIFT
            self._drift = differences
            fields = ", ".join(change.field for change in differences) if kept.record.whole else UNREADABLE
            self._warnings.append(f"first boot was done with other settings ({fields}); {REAPPLY if applicable else AGAIN}")
        return self._state in (STANDING, DRIFT)

    def _apply(self, guest: GuestState, on_router: OnRouter, kept: Kept) -> None:
        ours = kept.record if kept.record is not None and kept.record.uuid == guest.uuid else None
        if ours is None:
            self._links(guest, configured=False)
        on_router.refuse(kept)
        if self._options.check_mode:
            self._predict(guest, ours)
            return
        changes = self._setting_changes(ours)
        self._progress(self._name, "first boot script")
        on_router.run_once(kept)
        self._changes += changes
        self._state = JUST_DONE
        self._links(self._reread(), configured=True)

    def _setting_changes(self, ours: Record | None) -> list[Change]:
        """Each setting that the script changes, and that first boot is done with it."""
        changes = compare_settings(ours, reachable(self._item.wanted, ours.settings if ours else {}))
        stays = [change.field for change in changes if change.after is None and change.field.split(".")[0] in STAYS]
        if stays:
            self._warnings.append(f"described no more, and left as it is: {', '.join(stays)}")
        if ours is not None and not ours.whole:
            self._warnings.append(f"left as it is where it is described no more, and {UNREADABLE}: {', '.join(STAYS)}")
        return [Change("first_boot", STANDING if ours else None, JUST_DONE), *changes]

    def _running(self) -> GuestState | None:
        """The guest, if it runs; else how its first boot stands is said here."""
        would_start = self._options.check_mode and self._name in self._options.planned.guests
        if self._found is None and would_start:
            self._predict_new()
            return None
        guest = existing(self._found)
        if guest.power == "running":
            return guest
        if guest.configured:
            self._state = STANDING
        elif would_start:
            self._predict_new()
        else:
            self._state = WAITING
        return None

    def _close_unproved(self) -> None:
        """A router that gives no answer stays on its wires only with the disk that was configured: its host may have started it with another."""
        guest = self._found
        if guest is None or guest.mark is None or guest.power != "running" or not guest.configured:
            return
        if self._hypervisor.disk_id(guest.ref) != guest.mark.disk_id:
            self._links(guest, configured=False)

    def _links(self, guest: GuestState, configured: bool) -> None:
        """Move the hypervisor's mark and the links with it."""
        item = plan(replace(self._item.links, configured=configured), guest, self._hypervisor.platform)
        if self._options.check_mode:
            self._changes += item.changes
        elif item.changes:
            carry_out(self._hypervisor, item, Report(self._name, self._progress, self._changes, self._warnings))
            self._reread()

    def _predict(self, guest: GuestState, ours: Record | None) -> None:
        """Check mode's word on a first boot that it does not run: the settings, then the links that open."""
        self._changes += self._setting_changes(ours)
        if ours is None:  # its links were closed, or would have been
            guest = replace(guest, interfaces=tuple(replace(nic, link=False) for nic in guest.interfaces))
            guest = replace(guest, mark=replace(guest.mark or Mark(), configured=False))
        self._changes += plan(replace(self._item.links, configured=True), guest, self._hypervisor.platform).changes

    def _predict_new(self) -> None:
        """The same for a guest that an earlier task of the check-mode run would have made or started."""
        self._changes += self._setting_changes(None)
        up = [nic for nic in self._item.links.interfaces if nic.link is not False]
        self._changes.append(Change("configured", False, True))
        self._changes += [Change(f"interfaces.{nic.name}.link", False, True) for nic in up]

    def _reread(self) -> GuestState:
        now = self._hypervisor.observe([self._name]).get(self._name)
        if now is None:
            raise GuestError("the guest has gone while this run worked on it", remedy="Run again")
        self._found = now
        return now
