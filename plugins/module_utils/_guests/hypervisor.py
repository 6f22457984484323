# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that a driver keeps (private).

A driver knows its hypervisor's library and words; it knows no module, and no other driver. Callers know only this file and the registry of
_hypervisors.

What shapes the contract: libvirt changes a guest call by call, Proxmox VE takes one configuration request for many fields and answers with a
task, vSphere takes one specification. So a driver gets the whole plan of one guest and orders its own calls. Images reach a hypervisor once
and guests clone them, so `prepare` sees all plans of a batch before the first is applied. What only the host can know is asked in `check`.
"""

from __future__ import annotations

import typing as t

from .._core.batch import Planned, Progress
from .._core.changes import Change
from .._core.errors import RouterError
from .._routeros.way import Way
from .guest import GuestState
from .limits import Platform
from .plan import GuestPlan
from .segment import SegmentPlan, SegmentState


class Hypervisor(t.Protocol):
    """One open connection to one hypervisor. Every method may be called from several threads, for different objects."""

    title: str  # for messages, for example "libvirt at qemu:///system"
    platform: Platform

    def observe(self, names: t.Collection[str]) -> dict[str, GuestState]:
        """Those of the named guests that exist, in as few calls as the interface allows. A guest that is off and marked as configured comes
        with the identity of its disk, a clone with the MACs that it shares."""

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        """What this host cannot do of the plans, by guest; reads only. Nothing is applied for a guest that is named here."""

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        """Bring what several guests share (base images), once; errors by guest."""

    def apply(self, plan: GuestPlan, progress: Progress, done: t.Callable[[Change], None]) -> None:
        """Make one guest's changes, in their order. `done` is told each one that this run made, as soon as it stands: what another run was
        quicker with, and what a lost connection leaves unknown, is not told."""

    def note_license(self, guest: GuestState, level: str) -> None:
        """Write the licence level that a router was just seen with into its guest's mark."""

    def observe_segments(self, names: t.Collection[str]) -> dict[str, SegmentState]:
        """Those of the named segments that exist."""

    def check_segment(self, plan: SegmentPlan) -> None:
        """Raise UnsupportedError for what this host cannot do of the plan; reads only."""

    def apply_segment(self, plan: SegmentPlan) -> None:
        """Make one segment's changes."""

    def disk_id(self, guest: GuestState) -> str:
        """The identity of a guest's system disk now, empty for none; asked of a guest that runs where its router does not answer."""

    def ways(self, guest: GuestState) -> t.Sequence[Way]:
        """The ways into a running guest's router, the preferred one first. Asks nobody."""
