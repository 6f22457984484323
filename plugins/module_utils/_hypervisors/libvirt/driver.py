# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt driver: KVM and QEMU hosts (private)."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager

from ..._core.batch import Planned, Progress
from ..._core.changes import Change
from ..._core.errors import HypervisorError, RouterError, UnsupportedError
from ..._guests.guest import GuestRef, GuestSpec, GuestState, Mark, NewGuest, Power, slot_number
from ..._guests.hypervisor import Hypervisor, Observed, Report
from ..._guests.plan import GuestPlan
from ..._guests.platform import COMMON_DEFAULTS
from ..._guests.segment import SegmentPlan, SegmentSpec, SegmentState
from ..._images.local import Images
from ..._routeros.qga import AgentWay
from . import disks, domain_xml, host, storage
from .agent import AgentChannel
from .checks import Checks, pool_of
from .connection import Connections, error_code, library, translated
from .events import Events
from .networks import Networks
from .platform import PLATFORM
from .power import POWER, is_active, is_paused, refuse_saved_memory, start
from .reading import Reader

if t.TYPE_CHECKING:
    import libvirt

START_REMEDY: t.Final = (
    "See the host's QEMU log for this guest; where libvirt misses its folder dnsmasq, make it (the role kvm_host does)"  # libvirt 9.0
)
OTHER_RUN: t.Final = 2.0  # seconds from a clone to its mark, after which a disk without it counts as half-made
_NO_NAMESPACE: t.Final[tuple[t.Any, t.Any]] = (None, None)  # libvirt's own kinds of metadata have none


@contextmanager
def connect(options: t.Mapping[str, t.Any], concurrency: int) -> t.Iterator[Hypervisor]:
    """An open driver for the `libvirt` options; closed at the end. Raises UnreachableError, or UnsupportedError for other virtualisation."""
    connections = Connections(options["uri"], concurrency)
    try:
        with translated("the host cannot be asked what it is"):
            if not host.says_qemu(options["uri"]):  # which costs no question
                host.refuse_other_drivers(connections.get().getType())
        yield LibvirtHypervisor(connections)
    finally:
        connections.close()


class LibvirtHypervisor:
    """One libvirtd with QEMU/KVM guests."""

    platform = PLATFORM

    def __init__(self, connections: Connections) -> None:
        self.title = f"libvirt at {connections.uri}"
        self._connections = connections
        self._events = Events(connections)
        self._images = Images()
        self._networks = Networks(connections)
        self._checks = Checks(connections, self._networks, self._images)
        self._guests = Reader(connections)

    # reading

    def observe(self, names: t.Collection[str]) -> Observed:
        return self._guests.named(names)

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        return self._checks.all(plans, planned)

    def power(self, guest: GuestRef) -> Power:
        with translated("the guest cannot be read"):
            state: t.Any = self._guests.domain(guest).state()  # two numbers, whatever the bindings' hints say
        return POWER.get(state[0], "stopped")

    def disk_id(self, guest: GuestRef) -> str:
        lib = library()
        domain = self._guests.domain(guest)
        with translated("the guest's disk cannot be recognised", "Run again"):
            return disks.identity(domain.connect(), domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE))

    # making

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        """Every image that new guests need, as a whole base volume of each pool that they are in."""
        users: dict[tuple[str, str], list[str]] = {}
        for name, plan in plans.items():
            if plan.needs_disk:
                users.setdefault((pool_of(plan), str(plan.spec.image)), []).append(name)
        errors: dict[str, RouterError] = {}
        for (pool, path), names in users.items():
            try:
                where = storage.Pool(self._connections.get(), pool)
                storage.ensure_base(where, self._images.get(path), lambda what, names=names: progress(names[0], what))  # type: ignore[misc]
            except RouterError as error:
                errors.update(dict.fromkeys(names, error))
        if any(plan.creates for plan in plans.values()):
            self._checks.kvm_works()
        return errors

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        """Define the guest: its UUID names its disk, so a killed run is taken up safely."""
        lib = library()
        definition = self._definition(guest)
        try:
            domain: libvirt.virDomain = self._connections.get().defineXML(domain_xml.render(definition))
        except lib.libvirtError as error:
            taken = "already exists with uuid" in (error.get_error_message() or "")
            remedy = "Another run makes it now: run again when that is done" if taken else "See the module's options"
            raise HypervisorError("the guest cannot be defined", found=error.get_error_message(), remedy=remedy) from error
        if guest.value("autostart"):
            with translated("autostart cannot be set"):
                domain.setAutostart(True)
        self._guests.remember(domain)
        return GuestRef(guest.spec.name, guest.uuid, guest.uuid, self._connections.uri)

    def _definition(self, guest: NewGuest) -> domain_xml.Definition:
        accelerator = guest.own("accelerator")
        if accelerator == "auto":
            accelerator = "kvm" if self._checks.kvm_works() else "qemu"
        nics = []
        for nic in guest.interfaces:
            segment = self._networks.require(nic.network)
            group = self._networks.port_group(segment)
            slot = slot_number(nic.name)
            nics.append(domain_xml.NicDefinition(slot, nic.mac, nic.model, segment.name, nic.link, group, segment.mac_spoofing))
        return domain_xml.Definition(
            name=guest.spec.name,
            uuid=guest.uuid,
            mark=guest.mark,
            machine=guest.own("machine"),
            accelerator=accelerator,
            cpu_model=guest.own("cpu_model"),
            pool=guest.own("pool"),
            volume=disks.volume_name(guest.spec.name, guest.uuid),
            interfaces=tuple(nics),
            disk_bus=guest.value("disk_bus"),
            **{option: guest.value(option) for option in COMMON_DEFAULTS if option in domain_xml.Definition.__dataclass_fields__},
        )

    def make_disk(self, guest: GuestRef, spec: GuestSpec, report: Report) -> str | None:
        """Clone the disk, unless another run makes this guest too: its disk must not be pulled away under it."""
        domain = self._guests.domain(guest)
        if self._disk_ready(domain):
            return None
        name = disks.volume_name(guest.name, guest.uuid)
        pool = storage.Pool(self._connections.get(), domain_xml.system_disk(self._stored(domain)).pool)
        if pool.find(name) is not None:
            if self._events.wait_until(lambda: self._disk_ready(domain), OTHER_RUN):
                return None
            pool.delete(name)  # half-made: the name holds the UUID of a guest that was never started
        image = self._images.get(str(spec.image))
        return disks.write_identity(storage.clone(pool, name, image, spec.disk_size, spec.own_value("disk_clone", PLATFORM)))

    def _disk_ready(self, domain: libvirt.virDomain) -> bool:
        return domain_xml.mark_of(self._stored(domain)).disk_ready

    @staticmethod
    def _stored(domain: libvirt.virDomain) -> str:
        """The stored definition."""
        with translated("the guest cannot be read"):
            return domain.XMLDesc(library().VIR_DOMAIN_XML_INACTIVE)

    def remove(self, guest: GuestRef, report: Report) -> None:
        lib = library()
        domain = self._guests.domain(guest)
        for pool, volume in domain_xml.volumes_of(self._stored(domain)):
            if volume == disks.volume_name(guest.name, guest.uuid):
                storage.Pool(self._connections.get(), pool).delete(volume)
        with translated("the guest cannot be removed"):
            flags = lib.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | lib.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | lib.VIR_DOMAIN_UNDEFINE_NVRAM
            domain.undefineFlags(flags)

    # changing

    def write_mark(self, guest: GuestRef, change: t.Callable[[Mark], Mark]) -> bool:
        lib = library()
        domain = self._guests.domain(guest)
        with translated("the guest's mark cannot be written"):
            mark = domain_xml.mark_of(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE))
            wanted = change(mark)
            if wanted == mark:
                return False
            uri, prefix = domain_xml.MARK_URI, domain_xml.MARK_PREFIX
            domain.setMetadata(lib.VIR_DOMAIN_METADATA_ELEMENT, domain_xml.marked(wanted), prefix, uri, self._both(domain))
        return True

    def identify(self, guest: GuestRef) -> str:
        lib = library()
        domain = self._guests.domain(guest)
        with translated("the guest's disk cannot be recognised", "Run again"):
            stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
            give = disks.identity if domain.isActive() else disks.identify
            return give(domain.connect(), stored)

    @staticmethod
    def _both(domain: libvirt.virDomain) -> int:
        """The flags that change the stored definition and, while the guest runs, the live one with it."""
        lib = library()
        flags: int = lib.VIR_DOMAIN_AFFECT_CONFIG
        return flags | lib.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else flags

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        """Interfaces first, which are changed together; then each field."""
        domain = self._guests.domain(guest)
        nics = [change for change in changes if change.field.startswith("interfaces.")]
        if nics:
            self._set_interfaces(domain, nics)
        for change in changes:
            if change not in nics:
                self._set_field(domain, change)
            report.done(change)

    def _set_field(self, domain: libvirt.virDomain, change: Change) -> None:
        lib = library()
        with translated(f"{change.field} cannot be set"):
            if change.field == "autostart":
                domain.setAutostart(change.after)
            elif change.field == "description":
                domain.setMetadata(lib.VIR_DOMAIN_METADATA_DESCRIPTION, change.after, *_NO_NAMESPACE, self._both(domain))
            else:
                raise UnsupportedError(f"{change.field} cannot be changed", remedy="Look for it in the module's documentation")

    def _set_interfaces(self, domain: libvirt.virDomain, changes: t.Sequence[Change]) -> None:
        """Links live and stored, MACs of a guest that is off."""
        lib = library()
        links = {_slot(change): bool(change.after) for change in changes if change.field.endswith(".link")}
        macs = {_slot(change): str(change.after) for change in changes if change.field.endswith(".mac")}
        with translated("an interface cannot be changed"):
            flags = self._both(domain)
            for xml in domain_xml.with_link(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE), links):
                domain.updateDeviceFlags(xml, flags)
            if macs:
                domain.connect().defineXML(domain_xml.with_macs(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE), macs))

    # power

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        domain = self._guests.domain(guest)
        if as_stored:
            refuse_saved_memory(domain)
        with translated("the guest cannot be started", START_REMEDY):
            return start(domain)

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        """Through its agent or ACPI."""
        lib = library()
        handle = self._guests.handle(guest)
        try:
            handle.get().shutdown()
        except lib.libvirtError as error:
            if error_code(error) not in (lib.VIR_ERR_OPERATION_INVALID, lib.VIR_ERR_AGENT_UNRESPONSIVE, lib.VIR_ERR_OPERATION_FAILED):
                raise HypervisorError("the guest cannot be shut down", found=error.get_error_message()) from error
        return not is_paused(handle.get()) and self._events.wait_until(lambda: not is_active(handle.get()), timeout)

    def power_off(self, guest: GuestRef) -> None:
        domain = self._guests.domain(guest)
        with translated("the guest's power cannot be cut"):
            if is_active(domain):
                domain.destroy()

    # segments

    def observe_segments(self, specs: t.Mapping[str, SegmentSpec], *, with_guests: bool = False) -> dict[str, SegmentState]:
        return self._networks.observe(specs)

    def check_segment(self, plan: SegmentPlan) -> None:
        self._networks.check(plan)

    def apply_segment(self, plan: SegmentPlan) -> None:
        self._networks.apply(plan)

    # inside the router

    def ways(self, guest: GuestState) -> t.Sequence[AgentWay]:
        return [AgentWay(AgentChannel(self._guests.handle(guest.ref), self._events), guest.agent_connected)]

    def list(self) -> Observed:
        return self._guests.ours()


def _slot(change: Change) -> int:
    """N of the etherN whose field changes."""
    return slot_number(change.field.split(".")[1])
