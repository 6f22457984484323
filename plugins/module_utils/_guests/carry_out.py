# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of one guest's plan, in the order that keeps its promises (private).

A guest is defined with its mark before it has a disk, so a run that is cut off is taken up; links close before anything else is touched and open
after the mark says that first boot succeeded; the power is cut only where that was allowed. A driver does what it is told, step by step.
"""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import replace
from itertools import groupby

from .._core.changes import Change
from .._core.errors import RefusedError, RouterError
from .guest import GuestRef, Mark, NewGuest
from .hypervisor import Hypervisor, Report
from .plan import GuestPlan, gate_is_open


def carry_out(hypervisor: Hypervisor, plan: GuestPlan, report: Report) -> None:
    """Make a plan's changes. Each one that this run made is told to `report` as soon as it stands, also where a later one fails."""
    work = _Work(hypervisor, plan, report)
    if plan.creates:
        work.create()
    elif plan.found is not None:
        ref = plan.found.ref
        if plan.removes:
            work.remove(ref)
        else:
            work.change(ref, plan.changes)


class _Work:
    def __init__(self, hypervisor: Hypervisor, plan: GuestPlan, report: Report) -> None:
        self._hypervisor = hypervisor
        self._plan = plan
        self._spec = plan.spec
        self._report = report

    def create(self) -> None:
        new = NewGuest.of(self._spec, self._hypervisor.platform, str(uuid.uuid4()))
        ref = self._hypervisor.create(new, self._report)
        later = [change for change in self._plan.changes if change.field == "power"]
        for change in self._plan.changes:
            if change not in later:
                self._report.done(change)
        self._make_disk(ref)
        self.change(ref, later)

    def change(self, ref: GuestRef, changes: t.Iterable[Change]) -> None:
        """In the plan's order, with what a driver can do at once in one step."""
        steps: dict[str, t.Callable[[GuestRef, Change], bool]] = {
            "disk": lambda guest, dummy: self._make_disk(guest),
            "configured": self._set_configured,
            "power": self._set_power,
        }
        for step, group in groupby(changes, lambda change: steps.get(change.field)):
            if step is None:
                self._hypervisor.set(ref, list(group), self._report)
                continue
            for change in group:
                if step(ref, change):
                    self._report.done(change)

    def remove(self, ref: GuestRef) -> None:
        power = next((change for change in self._plan.changes if change.field == "power"), None)
        self._report.progress("removing" if power is None else "shutting down")
        if self._stop(ref) and power is not None:
            self._report.done(power)
        self._hypervisor.remove(ref, self._report)
        self._report.done(next(change for change in self._plan.changes if change.field == "exists"))

    def _make_disk(self, ref: GuestRef) -> bool:
        """Whether this run made it."""
        self._report.progress("making its disk")
        disk_id = self._hypervisor.make_disk(ref, self._spec, self._report)
        if disk_id is None:
            return False
        wished = NewGuest.of(self._spec, self._hypervisor.platform, ref.uuid).mark
        self._hypervisor.write_mark(ref, lambda mark: mark.with_disk(wished, disk_id))
        return True

    def _set_configured(self, ref: GuestRef, change: Change) -> bool:
        """Bind the mark to this guest and its disk, or take it back. Whether it had to be written.

        A disk that has no identity can get one only while the guest is off: also when the mark is taken back, before the start and first boot.
        """
        disk_id = self._hypervisor.identify(ref)
        if not change.after:
            return self._hypervisor.write_mark(ref, lambda mark: replace(mark, configured=False))
        return self._hypervisor.write_mark(ref, lambda mark: mark.configured_on(ref.uuid, disk_id))

    def _set_power(self, ref: GuestRef, change: Change) -> bool:
        """Whether this run changed it."""
        self._report.progress(f"power: {change.after}")
        stopped = change.after in ("stopped", "restarted") and self._stop(ref)
        if change.after == "stopped":
            return stopped
        try:
            if change.after == "restarted":
                self._refuse_replaced_disk(ref)
            return self._hypervisor.start(ref, self._report, as_stored=self._links_matter())
        except RouterError:
            if stopped:  # it stays so
                self._report.done(Change("power", "running", "stopped"))
            raise

    def _links_matter(self) -> bool:
        """Whether the guest must come up with the links that its definition has now."""
        found = self._plan.found
        gate_closed = found is None or not gate_is_open(self._spec, found)
        return gate_closed or any(change.field.startswith("interfaces.") for change in self._plan.changes)

    def _refuse_replaced_disk(self, ref: GuestRef) -> None:
        """A disk can be replaced under a running guest, and is then first used by its next start."""
        now = self._hypervisor.observe([ref.name]).get(ref.name)
        if now is not None and (now.mark or Mark()).configured and not now.configured:
            raise RefusedError(
                "the guest's disk was replaced while it ran, so it was not started again", remedy="Run again: its links are closed first"
            )

    def _stop(self, ref: GuestRef) -> bool:
        """Ask the router first; cut the power only where that was allowed. Whether the guest was not off before."""
        spec, standing = self._spec, self._hypervisor.power(ref)
        if standing == "stopped":
            return False
        if standing == "suspended" and not spec.force_off:
            raise RefusedError(
                "the guest is suspended, so its router cannot shut down", remedy="Resume it (state: started), or allow force_off: true"
            )
        if standing == "running" and self._hypervisor.shut_down(ref, spec.shutdown_timeout):
            return True
        if not spec.force_off:
            raise RefusedError(
                f"the router did not shut down within {spec.shutdown_timeout} s", remedy="Raise shutdown_timeout, or allow force_off: true"
            )
        self._hypervisor.power_off(ref)
        return True
