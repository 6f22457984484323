# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot of many routers: record, closed links, script, open links; each router on its own (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._core.batch import Outcome, Progress, run_batch
from .._core.changes import Change
from .._core.errors import GuestError, RefusedError, RouterError
from .._guests.enter import RunOptions
from .._guests.facts import guest_facts
from .._guests.guest import GuestSpec, GuestState, Mark
from .._guests.hypervisor import Hypervisor
from .._guests.plan import plan
from .._routeros.script import Script, Transport, run
from . import wanted as boot
from .wanted import FirstBoot

# How first boot stands, as reported.
DONE: t.Final = "done"  # this run did it
STANDING: t.Final = "standing"  # an earlier run did it
DRIFT: t.Final = "drift"  # it was done, and something else is wanted now
WOULD_RUN: t.Final = "would run"
WAITING: t.Final = "waiting"  # the guest does not run; it keeps its closed links until it does


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
        self._warnings: list[str] = []
        self._state = WOULD_RUN

    def converge(self) -> Outcome:
        error: RouterError | None = None
        try:
            self._boot()
        except RouterError as caught:
            error = caught
        facts = {**guest_facts(self._found), "first_boot": self._state if error is None else "failed"}
        return Outcome(self._name, tuple(self._changes), facts, tuple(self._warnings), error)

    def _boot(self) -> None:
        guest = self._running()
        if guest is None:
            return
        transport = self._open(guest)
        if transport is None:
            self._predict(guest, None)
            return
        record = boot.parse_record(self._run(transport, "first boot record", boot.read_script(), boot.READ_LINE, 30))
        current = boot.content_hash(self._item.wanted)
        if record is not None and record[0] == guest.uuid:
            if record[1] == current:
                self._state = STANDING
            elif not self._item.reapply:
                self._state = DRIFT
                self._warnings.append("first boot was done with other settings; name the router in chr_first_boot_reapply to apply these")
            if self._state in (STANDING, DRIFT):
                self._links(guest, configured=True)
                return
        self._apply(guest, transport, record)

    def _apply(self, guest: GuestState, transport: Transport, record: tuple[str, str] | None) -> None:
        if record is None or record[0] != guest.uuid:
            self._links(guest, configured=False)
        change = self._change(record)
        if self._options.check_mode:
            self._predict(guest, record)
            return
        self._progress(self._name, "first boot script")
        for file, content in boot.key_files(self._item.wanted).items():
            transport.write_file(file, content)
        source = boot.script(self._item.wanted, guest.uuid)
        self._run(transport, "first boot", source, boot.DONE_LINE, self._item.wanted.timeout)
        self._changes.append(change)
        self._state = DONE
        self._links(self._reread(), configured=True)

    def _change(self, record: tuple[str, str] | None) -> Change:
        """What the record would become: whose it is and a hash of what was set."""
        return Change("first_boot", record[1] if record else None, boot.content_hash(self._item.wanted))

    def _run(self, transport: Transport, name: str, source: str, marker: str, timeout: float) -> str:
        return run(transport, Script(name, source, timeout=timeout, marker=marker)).output

    def _running(self) -> GuestState | None:
        """The guest, if it runs; else how its first boot stands is said here."""
        guest = self._found
        would_start = self._options.check_mode and self._name in self._options.planned.guests
        if guest is None and not would_start:
            raise GuestError("the guest does not exist", remedy="Create it with chr_guest first")
        if guest is not None and guest.mark is None:
            raise RefusedError("the guest is not ours", remedy="Only guests that bear the mark of vrouter.mikrotik are entered")
        if guest is not None and guest.power == "running":
            return guest
        if guest is not None and guest.mark is not None and guest.mark.configured:
            self._state = STANDING
        elif would_start:
            self._predict_new()
        else:
            self._state = WAITING
        return None

    def _open(self, guest: GuestState) -> Transport | None:
        transport = self._hypervisor.transport(guest)
        if not guest.agent_connected:
            if self._options.check_mode:
                return None
            self._progress(self._name, "waiting for its guest agent")
            transport.wait(self._options.agent_timeout)
        return transport

    def _links(self, guest: GuestState, configured: bool) -> None:
        """Move the hypervisor's mark and the links with it."""
        item = plan(replace(self._item.links, configured=configured), guest)
        if item.changes and not self._options.check_mode:
            self._hypervisor.apply(item, self._progress)
            self._reread()
        self._changes += item.changes

    def _predict(self, guest: GuestState, record: tuple[str, str] | None) -> None:
        """Check mode's word on a first boot that it does not run: the record, then the links that open."""
        self._changes.append(self._change(record))
        if record is None or record[0] != guest.uuid:  # its links were closed, or would have been
            guest = replace(guest, interfaces=tuple(replace(nic, link=False) for nic in guest.interfaces))
            guest = replace(guest, mark=replace(guest.mark or Mark(), configured=False))
        self._changes += plan(replace(self._item.links, configured=True), guest).changes

    def _predict_new(self) -> None:
        """The same for a guest that an earlier task of the check-mode run would have made or started."""
        self._changes.append(self._change(None))
        up = [nic for nic in self._item.links.interfaces if nic.link is not False]
        self._changes += [Change(f"interfaces.{nic.name}.link", False, True) for nic in up]
        self._changes.append(Change("configured", False, True))

    def _reread(self) -> GuestState:
        now = self._hypervisor.observe([self._name]).get(self._name)
        if now is None:
            raise GuestError("the guest has gone while this run worked on it", remedy="Run again")
        self._found = now
        return now
