# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver whose hypervisor is only memory: it keeps the whole contract and nothing more.

It stands for the engines' rules, which need hundreds of small situations, and for what a new driver is measured by (suite.py). Whether a real
libvirt does what its driver says is tested in tests/integration.
"""

from __future__ import annotations

import threading
import typing as t
import uuid
from dataclasses import replace

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Planned, Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError, InputError, RefusedError, RouterError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import (
    GuestRef,
    GuestSpec,
    GuestState,
    Mark,
    NewGuest,
    NicState,
    Power,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Observed, Report
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import Platform
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentPlan, SegmentSpec, SegmentState

from tests.toy.driver import platform as toy

if t.TYPE_CHECKING:
    from tests.unit.support import Chr, ExitCodeWay, SimulatedWay

DISK = "5f4a3c5e-0000-4000-8000-00000000000d"
SEGMENT = "5f4a3c5e-0000-4000-8000-0000000000ff"
PLATFORM = toy.PLATFORM


class MemoryHypervisor:
    """`log` holds each step that was taken, as "guest step". What is `broken` raises its error at its first step.

    `returns_text` says whether the ways into its routers give text back, or only an exit code.
    """

    title = "memory"

    def __init__(
        self, *guests: GuestState, segments: t.Iterable[SegmentState] = (), platform: Platform = PLATFORM, returns_text: bool = True
    ) -> None:
        self.platform = platform
        self.returns_text = returns_text
        self.guests = {guest.name: guest for guest in guests}
        self.segments = {segment.name: segment for segment in segments}
        self.routers: dict[str, Chr] = {}
        self.log: list[str] = []
        self.refused: dict[str, RouterError] = {}  # what `check` says
        self.unprepared: dict[str, RouterError] = {}  # what `prepare` says
        self.broken: dict[str, RouterError] = {}
        self.unreadable: dict[str, RouterError] = {}
        self.disks: dict[str, str] = {}  # the identities of disks that were replaced, empty for none
        self.stuck: set[str] = set()  # guests that are suspended again as soon as they run
        self.deaf: set[str] = set()  # guests that do not shut down when they are asked to
        self._lock = threading.RLock()

    def plug(self, name: str, router: Chr) -> Chr:
        """Put a router into a guest, cabled as the guest's links are."""
        self.routers[name] = router if self.returns_text else router.give_no_text()
        self._cable(self.guests[name])
        return router

    def _cable(self, guest: GuestState) -> None:
        if guest.name in self.routers:
            for nic in guest.interfaces:
                self.routers[guest.name].cable(int(nic.name.removeprefix("ether")), nic.link)

    # Reading

    def observe(self, names: t.Collection[str]) -> Observed:
        return Observed(
            {name: self._shown(self.guests[name]) for name in names if name in self.guests and name not in self.unreadable},
            {name: error for name, error in self.unreadable.items() if name in names},
        )

    def list(self) -> Observed:
        return self.observe([name for name, guest in self.guests.items() if guest.mark is not None])

    def _shown(self, guest: GuestState) -> GuestState:
        """A guest that runs holds its disk."""
        mark = guest.mark or Mark()
        if guest.power != "stopped" or not mark.configured or guest.disk_id is not None:
            return guest
        return replace(guest, disk_id=self.disks.get(guest.name, mark.disk_id))

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        taken = {nic.mac: guest.name for guest in self.guests.values() for nic in guest.interfaces}
        errors = {name: error for name, error in self.refused.items() if name in plans}
        for name, plan in plans.items():
            for nic in plan.spec.interfaces if plan.creates else ():
                if nic.mac in taken:
                    errors[name] = InputError(f"interfaces.{nic.name}.mac: {nic.mac} belongs to guest {taken[str(nic.mac)]}")
        return errors

    def power(self, guest: GuestRef) -> Power:
        return self._at(guest).power

    def disk_id(self, guest: GuestRef) -> str:
        found = self._at(guest)
        marked = found.mark.disk_id if found.mark else ""
        return self.disks.get(guest.name, marked if found.disk_id is None else found.disk_id)

    def _at(self, guest: GuestRef) -> GuestState:
        found = self.guests.get(guest.name)
        if found is None or found.uuid != guest.uuid:
            raise HypervisorError(f"guest {guest.name} cannot be found any more", remedy="Run again")
        return found

    # Steps

    def _step(self, guest: GuestRef, what: str) -> GuestState:
        if guest.name in self.broken:
            raise self.broken[guest.name]
        self.log.append(f"{guest.name} {what}")
        return self._at(guest)

    def _keep(self, guest: GuestState) -> None:
        self.guests[guest.name] = guest
        self._cable(guest)

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        return {name: error for name, error in self.unprepared.items() if name in plans}

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        spec = guest.spec
        if spec.name in self.broken:
            raise self.broken[spec.name]
        with self._lock:
            if spec.name in self.guests:
                raise HypervisorError("the guest cannot be defined", found="there is one of that name", remedy="Run again")
            own = {key: guest.own(key) for key, option in self.platform.own.items() if not option.placement}
            self.guests[spec.name] = GuestState(
                spec.name,
                self.platform.key,
                guest.uuid,
                id=f"id-{guest.uuid[:8]}",
                location=str(guest.own("shelf")),
                power="stopped",
                mark=guest.mark,
                interfaces=guest.interfaces,
                own={**own, "speed": "slow"} if own["speed"] == "auto" else own,
                disk_size=guest.mark.disk_size,
                **{key: guest.value(key) for key in ("cpus", "memory", "disk_bus", "serial_console", "agent", "autostart", "description")},
            )
        self.log.append(f"{spec.name} create")
        return self.guests[spec.name].ref

    def make_disk(self, guest: GuestRef, spec: GuestSpec, report: Report) -> str | None:
        found = self._step(guest, "disk")
        return None if found.mark and found.mark.disk_ready else DISK

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        for change in changes:
            self._keep(_changed(self._step(guest, f"{change.field} {change.after}"), change))
            report.done(change)

    def write_mark(self, guest: GuestRef, change: t.Callable[[Mark], Mark]) -> bool:
        with self._lock:
            have = self._at(guest)
            wanted = change(have.mark or Mark())
            if wanted == have.mark:
                return False
            self._step(guest, f"mark {'configured' if wanted.configured else 'not configured'}")
            self._keep(replace(have, mark=wanted))
        return True

    def identify(self, guest: GuestRef) -> str:
        found = self._step(guest, "identify")
        if found.power == "stopped":
            self.disks[guest.name] = self.disk_id(guest) or str(uuid.uuid4())
        return self.disk_id(guest)

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        found = self._step(guest, "start")
        self._keep(replace(found, power="suspended" if guest.name in self.stuck else "running"))
        return found.power != "running"

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        found = self._step(guest, "shut down")
        if guest.name in self.deaf:
            return False
        self._keep(replace(found, power="stopped"))
        return True

    def power_off(self, guest: GuestRef) -> None:
        self._keep(replace(self._step(guest, "power off"), power="stopped"))

    def remove(self, guest: GuestRef, report: Report) -> None:
        if self._step(guest, "remove").power != "stopped":
            raise RefusedError("the guest runs")
        del self.guests[guest.name]

    # Segments

    def observe_segments(self, specs: t.Mapping[str, SegmentSpec], *, with_guests: bool = False) -> dict[str, SegmentState]:
        return {name: self._used(self.segments[name]) for name in specs if name in self.segments}

    def _used(self, segment: SegmentState) -> SegmentState:
        users = [guest.name for guest in self.guests.values() if any(nic.network == segment.name for nic in guest.interfaces)]
        return replace(segment, guests=segment.guests or tuple(sorted(users)))

    def check_segment(self, plan: SegmentPlan) -> None:
        if plan.spec.name in self.refused:
            raise self.refused[plan.spec.name]

    def apply_segment(self, plan: SegmentPlan) -> None:
        spec = plan.spec
        self.log += [f"{spec.name} {change.field} {change.after}" for change in plan.changes]
        if spec.state == "absent":
            del self.segments[spec.name]
        elif plan.found is not None:
            self.segments[spec.name] = replace(plan.found, active=True)
        else:
            self.segments[spec.name] = SegmentState(
                spec.name,
                SEGMENT,
                ours=True,
                active=True,
                bridge=plan.bridge,
                attached=spec.attach_to is not None,
                open_vswitch=bool(spec.open_vswitch),
                address=spec.address,
                mtu=spec.mtu,
                vlan_tag=spec.vlan_tag,
                vlan_trunk=spec.vlan_trunk,
                mac_spoofing=spec.mac_spoofing is not False,
            )

    # Inside a guest

    def ways(self, guest: GuestState) -> t.Sequence[SimulatedWay | ExitCodeWay]:
        way = self.routers[guest.name].way
        way.is_open = guest.agent_connected
        return [way]


def _changed(guest: GuestState, change: Change) -> GuestState:
    """The guest after a change. Refuses one whose `before` is not what stands."""
    if not change.field.startswith("interfaces."):
        assert getattr(guest, change.field) == change.before
        return replace(guest, **{change.field: change.after})
    name, key = change.field.split(".")[1:]
    assert getattr(guest.nic(name), key) == change.before
    nics = tuple(_with(nic, key, change.after) if nic.name == name else nic for nic in guest.interfaces)
    return replace(guest, interfaces=nics)


def _with(nic: NicState, key: str, value: t.Any) -> NicState:
    return replace(nic, **{key: value})
