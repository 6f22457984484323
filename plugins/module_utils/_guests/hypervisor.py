# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that a driver keeps (private).

A driver knows its hypervisor's library and words; it knows no module, and no other driver. Callers know only this file and the registry of
_hypervisors. tests/contract runs every driver through the same cases.

What shapes the contract: libvirt changes a guest call by call, Proxmox VE takes one configuration request for many fields and answers with a
task, vSphere takes one specification. So a driver gets what belongs together in one step, and the engine (carry_out.py) orders the steps: the
gate, the mark, the licence rule and power are nobody's but its own. Images reach a hypervisor once and guests clone them, so `prepare` sees all
plans of a batch before the first is carried out. What only the host can know is asked in `check`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._core.batch import Planned, Progress
from .._core.changes import Change
from .._core.errors import RouterError
from .._routeros.way import Way
from .guest import GuestRef, GuestSpec, GuestState, Mark, NewGuest, Power
from .plan import GuestPlan
from .platform import Platform
from .segment import SegmentPlan, SegmentSpec, SegmentState


@dataclass(frozen=True)
class Observed:
    """What was found, by name. A guest that cannot be read, or a name that several guests have, is among the errors, and costs no other."""

    guests: t.Mapping[str, GuestState] = field(default_factory=dict)
    errors: t.Mapping[str, RouterError] = field(default_factory=dict)

    def get(self, name: str) -> GuestState | None:
        """The guest, or None where there is none. Raises the error of one that cannot be read."""
        if name in self.errors:
            raise self.errors[name]
        return self.guests.get(name)


@dataclass
class Report:
    """What the work on one guest tells as it goes: what is waited for, what stands, and what its hypervisor warned of."""

    name: str
    shown: Progress
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def progress(self, what: str) -> None:
        self.shown(self.name, what)

    def done(self, change: Change) -> None:
        """One change that this run made, as soon as it stands: what another run was quicker with, and what a lost connection leaves unknown,
        is not told."""
        self.changes.append(change)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Hypervisor(t.Protocol):
    """One open connection to one hypervisor. Every method may be called from several threads, for different objects."""

    title: str  # for messages, for example "libvirt at qemu:///system"
    platform: Platform

    # Reading

    def observe(self, names: t.Collection[str]) -> Observed:
        """The named guests, in as few calls as the interface allows, wherever they are now. A guest that is off and marked as configured comes
        with the identity of its disk, a clone with the MACs that it shares."""

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        """What this host cannot do of the plans, by guest; reads only. Nothing is done for a guest that is named here."""

    def power(self, guest: GuestRef) -> Power:
        """How the guest stands now."""

    def disk_id(self, guest: GuestRef) -> str:
        """The identity of a guest's system disk now, empty for none."""

    # Steps. What is done to a guest that has gone meanwhile raises HypervisorError.

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        """Bring what several guests share (images), once; errors by guest."""

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        """Make a guest that is off, with its mark and with its links as given. Its disk may come with it, or with the next step."""

    def make_disk(self, guest: GuestRef, spec: GuestSpec, report: Report) -> str | None:
        """Make the system disk of a guest whose mark says that it has no whole one, and give it an identity, which is returned (empty for a
        disk that cannot have one). None where another run, which makes this guest too, has made it."""

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        """Make changes of fields and interfaces, of the stored and, while the guest runs, the live definition: in this order, or all at once."""

    def write_mark(self, guest: GuestRef, change: t.Callable[[Mark], Mark]) -> bool:
        """Read the mark, change it, write it back: what others wrote into it stays. Whether it had to be written."""

    def identify(self, guest: GuestRef) -> str:
        """The identity of a guest's system disk; one that has none gets it, if nobody has the disk open and it can take one."""

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        """Start or resume a guest; whether this run did. `as_stored`: its links must come up as its stored definition says, so RefusedError is
        raised where something else, such as saved memory, would decide."""

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        """Ask the router to shut down, and wait at most so many seconds; whether the guest is off then."""

    def power_off(self, guest: GuestRef) -> None:
        """Cut the power of a guest that is not off."""

    def remove(self, guest: GuestRef, report: Report) -> None:
        """Remove a guest that is off, its own disks first: a run that is cut off still finds the guest and its mark."""

    # Segments

    def observe_segments(self, specs: t.Mapping[str, SegmentSpec], *, with_guests: bool = False) -> dict[str, SegmentState]:
        """Those of the segments that exist, by name. Where a segment is no object of its own, its description says what is looked for.

        The guests that are wired to them come with those that are to be removed, with all of them where asked for, and where they cost nothing.
        """

    def check_segment(self, plan: SegmentPlan) -> None:
        """Raise UnsupportedError for what this host cannot do of the plan; reads only."""

    def apply_segment(self, plan: SegmentPlan) -> None:
        """Make one segment's changes."""

    # Inside a guest

    def ways(self, guest: GuestState) -> t.Sequence[Way]:
        """The ways into a running guest's router, the preferred one first. Asks nobody."""

    def list(self) -> Observed:
        """Every guest that bears our mark. (The last method: its name hides the built-in type below it.)"""
