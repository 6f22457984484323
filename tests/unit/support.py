# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests stand on: simulated routers behind their guest agent, and a hypervisor that is only memory.

`MemoryHypervisor` keeps the drivers' contract and nothing more: it holds states, carries out plans on them, and opens ways into
simulators. It stands here for the rules of the engines, which need hundreds of small situations; whether a real libvirt does what its driver
says is tested in tests/integration.
"""

from __future__ import annotations

import json
import typing as t
import uuid
from dataclasses import replace

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Planned, Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, LostError, RouterError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests import limits
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import (
    DEFAULTS,
    NIC_MODEL,
    GuestSpec,
    GuestState,
    Mark,
    NicState,
    derive_mac,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan, new_link
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentPlan, SegmentState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.qga import AgentWay, Request

from tests.simulators.routeros.agent import GuestAgent
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

UUID = "5f4a3c5e-0000-4000-8000-000000000001"
DISK = "5f4a3c5e-0000-4000-8000-00000000000d"
OTHER_UUID = "5f4a3c5e-0000-4000-8000-000000000002"
POWERS: t.Final = {"stopped": "stopped", "running": "running", "restarted": "running"}


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def nic(number: int, **values: t.Any) -> NicState:
    """etherN, wired to netN with its link down."""
    defaults: dict[str, t.Any] = {"mac": derive_mac(UUID, number), "model": NIC_MODEL, "network": f"net{number}", "link": False}
    return NicState(f"ether{number}", **{**defaults, **values})


def state(name: str = "edge1", **values: t.Any) -> GuestState:
    """A guest of ours as a hypervisor would show it: two interfaces, stopped, not configured."""
    defaults: dict[str, t.Any] = {
        "uuid": UUID,
        "power": "stopped",
        "mark": Mark(version="7.20.8", image="chr.img", guest_uuid=UUID, disk_id=DISK),
        "cpus": 1,
        "memory": 1024,
        "disk_bus": "virtio",
        "machine": "pc",
        "cpu_model": "",
        "accelerator": "qemu",
        "serial_console": True,
        "agent": True,
        "autostart": True,
        "description": "",
        "interfaces": (nic(1), nic(2)),
    }
    return GuestState(name, **{**defaults, **values})


def applied(plan: GuestPlan) -> GuestState | None:
    """What a hypervisor holds after every change of a plan. Refuses a change whose `before` is not what stands."""
    if not plan.changes:
        return plan.found
    if plan.creates:
        return _created(plan.spec)
    guest = t.cast(GuestState, plan.found)
    for change in plan.changes:
        if change.field == "exists":
            return None
        guest = _changed(guest, change)
    return guest


def _created(spec: GuestSpec) -> GuestState:
    guest_uuid = str(uuid.uuid4())
    given = {key: getattr(spec, key) for key in DEFAULTS if key not in ("disk_clone", "accelerator")}
    values = {key: DEFAULTS[key] if value is None else value for key, value in given.items()}
    nics = tuple(
        NicState(nic.name, nic.mac or derive_mac(guest_uuid, nic.slot), nic.model or NIC_MODEL, str(nic.network), new_link(spec, nic))
        for nic in spec.interfaces
    )
    mark = Mark(spec.version or "", str(spec.image), disk_size=spec.disk_size or 0, guest_uuid=guest_uuid, disk_id=DISK)
    return state(
        spec.name,
        uuid=guest_uuid,
        mark=mark,
        disk_size=mark.disk_size,
        interfaces=nics,
        cpu_model=spec.cpu_model or "",
        accelerator=spec.accelerator if spec.accelerator in ("kvm", "qemu") else "qemu",
        power="running" if spec.state in ("started", "restarted") else "stopped",
        **values,
    )


def _changed(guest: GuestState, change: Change) -> GuestState:
    mark = guest.mark or Mark()
    if change.field.startswith("interfaces."):
        name, key = change.field.split(".")[1:]
        assert getattr(guest.nic(name), key) == change.before
        nics = tuple(replace(have, **{key: change.after}) if have.name == name else have for have in guest.interfaces)
        return replace(guest, interfaces=nics)
    if change.field == "configured":
        bound = mark.configured_on(guest.uuid, guest.disk_id or DISK) if change.after else replace(mark, configured=False)
        return replace(guest, mark=bound)
    if change.field == "disk":
        assert not mark.disk_ready
        return replace(guest, mark=replace(mark, disk_ready=True))
    assert getattr(guest, change.field) == change.before
    value: t.Any = POWERS[change.after] if change.field == "power" else change.after
    return replace(guest, **{change.field: value})


class SimulatedChannel:
    """A hypervisor's agent channel to a simulated agent in this process."""

    def __init__(self, agent: GuestAgent) -> None:
        self._agent = agent

    def ask(self, request: Request, timeout: int) -> t.Any:
        answer = self._agent.receive(json.dumps(request).encode() + b"\n")
        if not answer:
            raise LostError(f"the guest agent did not answer {request['execute']}")
        reply = json.loads(answer)
        if "error" in reply:
            raise GuestError(f"the guest agent refused {request['execute']}", found=reply["error"]["desc"])
        return reply["return"]

    def tell(self, request: Request, timeout: int) -> None:
        assert self._agent.receive(json.dumps(request).encode() + b"\n") == b"", "CHR never answers this command"

    def wait(self, timeout: float) -> None:
        self.ask({"execute": "guest-ping"}, 1)


class SimulatedWay(AgentWay):
    """The dialogue with a guest agent, spoken to a simulated one; only the wire is replaced."""

    def __init__(self, agent: GuestAgent) -> None:
        super().__init__(SimulatedChannel(agent), is_open=None)
        self.started: list[str] = []  # every script that was handed over

    def start(self, source: str) -> int:
        self.started.append(source)
        return super().start(source)


class Chr:
    """One simulated CHR: its machine, its router, its agent and the way in."""

    def __init__(self, platform: MemoryPlatform | None = None, **agent: t.Any) -> None:
        self.platform = platform or MemoryPlatform(ports=2)
        self.router = Router(self.platform, UUID)
        self.router.boot()
        self.way = SimulatedWay(GuestAgent(self.router, **agent))

    def ask(self, expression: str) -> str:
        """What a RouterOS expression evaluates to."""
        result = self.router.execute(f":put {expression}")
        assert result.exit_code == 0, result.output
        return result.output.replace("\r\n", "\n").removesuffix("\n")

    def count(self, menu: str, where: str) -> int:
        """How many items of a menu match."""
        return int(self.ask(f"[:len [{menu} find where {where}]]"))


class MemoryHypervisor:
    """The contract on states in memory. `log` holds every change that was applied, as "name field after".

    `broken` raises its error when that guest is applied to. A plan made from a state that is no longer there is refused.
    """

    title = "memory"
    platform = limits.KVM

    def __init__(self, *guests: GuestState, segments: t.Iterable[SegmentState] = ()) -> None:
        self.guests = {guest.name: guest for guest in guests}
        self.segments = {segment.name: segment for segment in segments}
        self.routers: dict[str, Chr] = {}
        self.log: list[str] = []
        self.refused: dict[str, RouterError] = {}  # what `check` says
        self.unprepared: dict[str, RouterError] = {}  # what `prepare` says
        self.broken: dict[str, RouterError] = {}
        self.disks: dict[str, str] = {}  # the identities of disks that were replaced
        self.stuck: set[str] = set()  # guests that are suspended again as soon as they run

    def plug(self, name: str, chr_: Chr) -> Chr:
        """Put a simulated router into a guest, cabled as the guest's links are."""
        self.routers[name] = chr_
        self._cable(name)
        return chr_

    def observe(self, names: t.Collection[str]) -> dict[str, GuestState]:
        return {name: self.guests[name] for name in names if name in self.guests}

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        return {name: error for name, error in self.refused.items() if name in plans}

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        return {name: error for name, error in self.unprepared.items() if name in plans}

    def apply(self, plan: GuestPlan, progress: Progress, done: t.Callable[[Change], None]) -> None:
        name = plan.spec.name
        assert plan.found == self.guests.get(name), "the plan was made from another state"
        if name in self.broken:
            raise self.broken[name]
        after = applied(plan)
        for change in plan.changes:
            self.log.append(f"{name} {change.field} {change.after}")
            done(change)
        if after is not None and name in self.stuck:
            after = replace(after, power="suspended")
        if after is None:
            del self.guests[name]
        else:
            self.guests[name] = after
            self._cable(name)

    def disk_id(self, guest: GuestState) -> str:
        return self.disks.get(guest.name, DISK)

    def note_license(self, guest: GuestState, level: str) -> None:
        have = self.guests[guest.name]
        self.guests[guest.name] = replace(have, mark=replace(have.mark or Mark(), license_level=level))

    def _cable(self, name: str) -> None:
        if name in self.routers:
            for index, have in enumerate(self.guests[name].interfaces):
                self.routers[name].platform.set_running(f"eth{index}", have.link)

    def observe_segments(self, names: t.Collection[str]) -> dict[str, SegmentState]:
        return {name: self.segments[name] for name in names if name in self.segments}

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
            spoofing = spec.mac_spoofing is not False
            attached = spec.attach_to is not None
            self.segments[spec.name] = SegmentState(
                spec.name,
                UUID,
                ours=True,
                active=True,
                bridge=plan.bridge,
                attached=attached,
                open_vswitch=bool(spec.open_vswitch),
                address=spec.address,
                mtu=spec.mtu,
                vlan_tag=spec.vlan_tag,
                vlan_trunk=spec.vlan_trunk,
                mac_spoofing=spoofing,
            )

    def ways(self, guest: GuestState) -> list[SimulatedWay]:
        way = self.routers[guest.name].way
        way.is_open = guest.agent_connected
        return [way]
