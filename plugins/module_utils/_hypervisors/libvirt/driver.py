# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt driver: KVM and QEMU hosts (private)."""

from __future__ import annotations

import typing as t
import uuid
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from ..._core.batch import Planned, Progress
from ..._core.changes import Change
from ..._core.errors import HypervisorError, InputError, RefusedError, RouterError, UnsupportedError
from ..._guests import limits
from ..._guests.guest import NIC_MODEL, GuestSpec, GuestState, Mark, Power, derive_mac, slot_number
from ..._guests.hypervisor import Hypervisor
from ..._guests.plan import GuestPlan, new_link
from ..._guests.segment import SegmentPlan, SegmentState
from ..._images.local import Images
from ..._routeros.qga import AgentWay
from . import disks, domain_xml, host, storage
from .agent import AgentChannel
from .connection import Connections, Handle, error_code, library, side_by_side, translated
from .events import Events
from .networks import Networks
from .power import POWER, is_active, is_paused, refuse_saved_memory, start, suspended_for

if t.TYPE_CHECKING:
    import libvirt

MACHINES: t.Final = ("pc", "q35")
START_REMEDY: t.Final = (
    "See the host's QEMU log for this guest; where libvirt misses its folder dnsmasq, make it (the role kvm_host does)"  # libvirt 9.0
)
OTHER_RUN: t.Final = 2.0  # seconds from a clone to its mark, after which a disk without it counts as half-made
Done = t.Callable[[Change], None]
_NO_NAMESPACE: t.Final[tuple[t.Any, t.Any]] = (None, None)  # libvirt's own kinds of metadata have none


@contextmanager
def connect(options: t.Mapping[str, t.Any], concurrency: int) -> t.Iterator[Hypervisor]:
    """An open driver for the `libvirt` options; closed at the end. Raises UnreachableError, or UnsupportedError for other virtualisation."""
    connections = Connections(options["uri"], concurrency)
    try:
        with translated("the host cannot be asked what it is"):
            if not host.says_qemu(options["uri"]):  # which costs no question
                host.refuse_other_drivers(connections.get().getType())
        yield LibvirtHypervisor(connections, options["uri"], options["pool"])
    finally:
        connections.close()


class LibvirtHypervisor:
    """One libvirtd with QEMU/KVM guests."""

    platform = limits.KVM

    def __init__(self, connections: Connections, uri: str, pool: str) -> None:
        self.title = f"libvirt at {uri}"
        self._uri = uri
        self._connections = connections
        self._events = Events(connections)
        self._pool_name = pool
        self._images = Images()
        self._networks = Networks(connections)
        self._kvm: bool | None = None
        self._seen: dict[str, libvirt.virDomain] = {}  # looked up already, by name

    def _pool(self) -> storage.Pool:
        return storage.Pool(self._connections.get(), self._pool_name)

    # observe

    def observe(self, names: t.Collection[str]) -> dict[str, GuestState]:
        """Two calls for all guests, then one for each named guest; more only where something hangs on it."""
        lib = library()
        connection = self._connections.get()
        with translated("the guests cannot be listed"):
            stats, automatic = side_by_side(
                lambda: connection.getAllDomainStats(lib.VIR_DOMAIN_STATS_STATE, 0),
                lambda: connection.listAllDomains(lib.VIR_CONNECT_LIST_DOMAINS_AUTOSTART),
            )
        powers = {domain.name(): (domain, POWER.get(values.get("state.state", 0), "stopped")) for domain, values in stats}
        started_with_host = {domain.name() for domain in automatic}
        self._seen.update({name: domain for name, (domain, dummy) in powers.items() if name in names})
        reads = [partial(self._read, *powers[name], name in started_with_host) for name in names if name in powers]
        return {state.name: state for state in side_by_side(*reads) if state is not None}

    def _read(self, domain: libvirt.virDomain, power: Power, automatic: bool) -> GuestState | None:
        lib = library()
        try:
            if power == "stopped":
                stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
                return self._proved(domain_xml.parse(stored, None, power, automatic, self._uri), stored, domain.connect())
            live = domain.XMLDesc(0)
            state = domain_xml.parse(live, None, power, automatic, self._uri)
            if state.mark is not None and not state.configured:
                stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
                state = self._proved(domain_xml.parse(stored, live, power, automatic, self._uri), stored, domain.connect())
            if power == "suspended":
                state = replace(state, suspended_for=suspended_for(domain) or "")
        except lib.libvirtError as error:
            if error_code(error) == lib.VIR_ERR_NO_DOMAIN:
                return None
            raise HypervisorError(f"guest {domain.name()} cannot be read", found=error.get_error_message()) from error
        return state

    @staticmethod
    def _proved(state: GuestState, stored: str, connection: libvirt.virConnect) -> GuestState:
        """The guest with what shows whether its mark is its own: asked only where something hangs on it."""
        if state.cloned:
            state = replace(state, shared_macs=_macs_in_use(connection, state.name))
        if state.configured and state.power == "stopped":
            state = replace(state, disk_id=disks.identity(connection, stored))
        return state

    # check

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        """Networks, pool, image, MACs and accelerator of every guest that would be made or started."""
        errors: dict[str, RouterError] = {}
        new = {name: plan for name, plan in plans.items() if plan.needs_disk}
        taken = _macs_in_use(self._connections.get()) if any(plan.creates for plan in new.values()) else {}
        for name, plan in plans.items():
            try:
                if plan.needs_disk:
                    self._check_disk(plan, planned)
                if plan.creates:
                    self._check_new(plan.spec, planned, taken)
            except RouterError as error:
                errors[name] = error
        return errors

    def _check_new(self, spec: GuestSpec, planned: Planned, taken: t.Mapping[str, str]) -> None:
        machine = spec.value("machine")
        if machine not in MACHINES:
            raise InputError(f"machine: {machine} is unknown", wanted=", ".join(MACHINES))
        if machine == "q35" and spec.disk_bus == "ide":
            raise UnsupportedError("disk_bus: machine q35 has no IDE", remedy="Use machine pc, or disk_bus sata or virtio")
        if spec.accelerator == "kvm" and not self._kvm_works():
            raise UnsupportedError(
                "accelerator: KVM does not work on this host, whatever its device node says", remedy="Enable VT-x or AMD-V, or use qemu"
            )
        for nic in spec.interfaces:
            if nic.network not in planned.networks:
                self._networks.require(str(nic.network))
            if nic.mac in taken:
                raise InputError(f"interfaces.{nic.name}.mac: {nic.mac} belongs to guest {taken[str(nic.mac)]}", remedy="Use another MAC")

    def _check_disk(self, plan: GuestPlan, planned: Planned) -> None:
        if plan.spec.image in planned.images:
            return
        image = self._images.get(str(plan.spec.image))
        size = plan.spec.disk_size
        if size is not None and (size << 20) < image.size:
            raise InputError(f"disk_size: {size} MiB is below the image's own {image.size >> 20} MiB", remedy="Disks only grow")
        pool = self._pool()
        if plan.spec.disk_clone == "full" and (free := pool.free_mib(image.size >> 20)) < (image.size >> 20):
            raise HypervisorError(
                f"storage pool {pool.name} has no room for a full copy",
                wanted=f"{image.size >> 20} MiB",
                found=f"{free} MiB free",
                remedy="Make room, or use disk_clone: linked",
            )

    def _kvm_works(self) -> bool:
        if self._kvm is None:
            with translated("the host's capabilities cannot be read"):
                self._kvm = host.kvm_works(self._connections.get())
        return self._kvm

    # apply

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        """Every image that new guests need, as a whole base volume."""
        users: dict[str, list[str]] = {}
        for name, plan in plans.items():
            if plan.needs_disk:
                users.setdefault(str(plan.spec.image), []).append(name)
        errors: dict[str, RouterError] = {}
        for path, names in users.items():
            try:
                storage.ensure_base(self._pool(), self._images.get(path), lambda what, names=names: progress(names[0], what))  # type: ignore[misc]
            except RouterError as error:
                errors.update(dict.fromkeys(names, error))
        if any(plan.creates for plan in plans.values()):
            self._kvm_works()
        return errors

    def apply(self, plan: GuestPlan, progress: Progress, done: Done) -> None:
        """Make one guest's changes. A new guest is defined first: its UUID names its disk, so a killed run is taken up safely."""
        if plan.removes:
            self._remove(plan, progress, done)
        elif plan.creates:
            domain = self._define(plan.spec)
            for change in plan.changes:
                if change.field != "power":
                    done(change)
            progress(plan.spec.name, "making its disk")
            self._make_disk(domain, plan.spec)
            self._change_all(domain, plan, [change for change in plan.changes if change.field == "power"], progress, done)
        else:
            self._change_all(self._lookup(plan.spec.name), plan, plan.changes, progress, done)

    def _change_all(self, domain: libvirt.virDomain, plan: GuestPlan, changes: t.Iterable[Change], progress: Progress, done: Done) -> None:
        """In the plan's order: closed links, then the mark, then power. A run killed in between starts again from closed links."""
        nics: list[Change] = []
        for change in changes:
            if change.field.startswith("interfaces."):
                nics.append(change)
                continue
            self._set_interfaces(domain, nics, done)
            nics.clear()
            if change.field == "disk":
                progress(plan.spec.name, "making its disk")
                made = self._make_disk(domain, plan.spec)
            elif change.field == "power":
                progress(plan.spec.name, f"power: {change.after}")
                made = self._power(domain, plan, change.after, done)
            else:
                made = self._set(domain, change)
            if made:
                done(change)
        self._set_interfaces(domain, nics, done)

    def _lookup(self, name: str) -> libvirt.virDomain:
        with translated(f"guest {name} cannot be found any more", "Run again"):
            domain: libvirt.virDomain = self._connections.get().lookupByName(name)
        return domain

    def _define(self, spec: GuestSpec) -> libvirt.virDomain:
        lib = library()
        guest = self._definition(spec, str(uuid.uuid4()))
        try:
            domain: libvirt.virDomain = self._connections.get().defineXML(domain_xml.render(guest))
        except lib.libvirtError as error:
            taken = "already exists with uuid" in (error.get_error_message() or "")
            remedy = "Another run makes it now: run again when that is done" if taken else "See the module's options"
            raise HypervisorError("the guest cannot be defined", found=error.get_error_message(), remedy=remedy) from error
        if spec.value("autostart"):
            with translated("autostart cannot be set"):
                domain.setAutostart(True)
        return domain

    def _definition(self, spec: GuestSpec, guest_uuid: str) -> domain_xml.Definition:
        value = spec.value
        accelerator = value("accelerator")
        if accelerator == "auto":
            accelerator = "kvm" if self._kvm_works() else "qemu"
        nics = []
        for nic in spec.interfaces:
            segment = self._networks.require(str(nic.network))
            mac = nic.mac or derive_mac(guest_uuid, nic.slot)
            model = nic.model or NIC_MODEL
            group = self._networks.port_group(segment)
            link = new_link(spec, nic)
            nics.append(domain_xml.NicDefinition(nic.slot, mac, model, segment.name, link, group, segment.mac_spoofing))
        image = self._images.get(str(spec.image))
        mark = Mark(spec.version or "", image.path.name, disk_ready=False, disk_size=spec.disk_size or 0, guest_uuid=guest_uuid)
        return domain_xml.Definition(
            name=spec.name,
            uuid=guest_uuid,
            mark=mark,
            cpus=value("cpus"),
            memory=value("memory"),
            machine=value("machine"),
            accelerator=accelerator,
            cpu_model=spec.cpu_model,
            disk_bus=value("disk_bus"),
            pool=self._pool_name,
            volume=disks.volume_name(spec.name, guest_uuid),
            serial_console=value("serial_console"),
            agent=value("agent"),
            description=value("description"),
            interfaces=tuple(nics),
        )

    def _make_disk(self, domain: libvirt.virDomain, spec: GuestSpec) -> bool:
        """Clone the disk, unless another run makes this guest too: its disk must not be pulled away under it. Whether this run made it."""
        if self._disk_ready(domain):
            return False
        pool, name = self._pool(), disks.volume_name(spec.name, domain.UUIDString())
        if pool.find(name) is not None:
            if self._events.wait_until(lambda: self._disk_ready(domain), OTHER_RUN):
                return False
            pool.delete(name)  # half-made: the name holds the UUID of a guest that was never started
        image = self._images.get(str(spec.image))
        disk_id = disks.write_identity(storage.clone(pool, name, image, spec.disk_size, spec.value("disk_clone")))
        self._write_mark(domain, lambda mark: mark.with_disk(image.path.name, spec.version, spec.disk_size, disk_id))
        return True

    @staticmethod
    def _disk_ready(domain: libvirt.virDomain) -> bool:
        lib = library()
        with translated("the guest cannot be read"):
            return domain_xml.mark_of(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)).disk_ready

    def _write_mark(self, domain: libvirt.virDomain, change: t.Callable[[Mark], Mark]) -> bool:
        """Read the mark, change it, write it back: what others wrote into it stays. Whether it had to be written."""
        lib = library()
        with translated("the guest's mark cannot be written"):
            mark = domain_xml.mark_of(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE))
            wanted = change(mark)
            if wanted == mark:
                return False
            uri, prefix = domain_xml.MARK_URI, domain_xml.MARK_PREFIX
            domain.setMetadata(lib.VIR_DOMAIN_METADATA_ELEMENT, domain_xml.marked(wanted), prefix, uri, self._both(domain))
        return True

    def _both(self, domain: libvirt.virDomain) -> int:
        """The flags that change the stored definition and, while the guest runs, the live one with it."""
        lib = library()
        flags: int = lib.VIR_DOMAIN_AFFECT_CONFIG
        return flags | lib.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else flags

    def _set(self, domain: libvirt.virDomain, change: Change) -> bool:
        lib = library()
        field, value = change.field, change.after
        if field == "configured":
            return self._set_configured(domain, value)
        with translated(f"{field} cannot be set"):
            if field == "autostart":
                domain.setAutostart(value)
            elif field == "description":
                domain.setMetadata(lib.VIR_DOMAIN_METADATA_DESCRIPTION, value, *_NO_NAMESPACE, self._both(domain))
            else:
                raise UnsupportedError(f"{field} cannot be changed", remedy="Look for it in the module's documentation")
        return True

    def _set_interfaces(self, domain: libvirt.virDomain, changes: t.Sequence[Change], done: Done) -> None:
        """Links live and stored, MACs of a guest that is off."""
        if not changes:
            return
        lib = library()
        links = {_slot(change): bool(change.after) for change in changes if change.field.endswith(".link")}
        macs = {_slot(change): str(change.after) for change in changes if change.field.endswith(".mac")}
        with translated("an interface cannot be changed"):
            flags = self._both(domain)
            for xml in domain_xml.with_link(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE), links):
                domain.updateDeviceFlags(xml, flags)
            if macs:
                self._connections.get().defineXML(domain_xml.with_macs(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE), macs))
        for change in changes:
            done(change)

    def _set_configured(self, domain: libvirt.virDomain, value: bool) -> bool:
        """Bind the mark to this guest and its disk, or take it back; a disk without an identity gets one while nobody has it open."""
        lib = library()
        connection = self._connections.get()
        with translated("the guest's disk cannot be recognised", "Run again"):
            stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
            disk_id = disks.identity(connection, stored) if domain.isActive() else disks.identify(connection, stored)
        guest_uuid = domain.UUIDString()
        return self._write_mark(domain, lambda mark: mark.configured_on(guest_uuid, disk_id) if value else replace(mark, configured=False))

    def note_license(self, guest: GuestState, level: str) -> None:
        self._write_mark(self._lookup(guest.name), lambda mark: replace(mark, license_level=level))

    # power

    def _power(self, domain: libvirt.virDomain, plan: GuestPlan, wanted: str, done: Done) -> bool:
        """Whether this run changed it."""
        stopped = wanted in ("stopped", "restarted") and self._stop(domain, plan.spec)
        if wanted == "stopped":
            return stopped
        try:
            if wanted == "restarted":
                self._refuse_replaced_disk(domain)
            if any(change.field.endswith(".link") for change in plan.changes):
                refuse_saved_memory(domain)
            with translated("the guest cannot be started", START_REMEDY):
                return start(domain)
        except RouterError:
            if stopped:  # it stays so
                done(Change("power", "running", "stopped"))
            raise

    def _refuse_replaced_disk(self, domain: libvirt.virDomain) -> None:
        """A disk can be replaced under a running guest, and is then first used by its next start."""
        lib = library()
        with translated("the guest's disk cannot be recognised", "Run again"):
            stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
            mark = domain_xml.mark_of(stored)
            if mark.configured and disks.identity(self._connections.get(), stored) != mark.disk_id:
                raise RefusedError(
                    "the guest's disk was replaced while it ran, so it was not started again", remedy="Run again: its links are closed first"
                )

    def _stop(self, domain: libvirt.virDomain, spec: GuestSpec) -> bool:
        """Ask the router first, through its agent or ACPI; cut the power only where that was allowed. Whether it ran."""
        lib = library()
        handle = Handle(self._connections, spec.name)
        if not is_active(domain):
            return False
        if not spec.force_off and is_paused(domain):
            raise RefusedError(
                "the guest is suspended, so its router cannot shut down", remedy="Resume it (state: started), or allow force_off: true"
            )
        try:
            domain.shutdown()
        except lib.libvirtError as error:
            if error_code(error) not in (lib.VIR_ERR_OPERATION_INVALID, lib.VIR_ERR_AGENT_UNRESPONSIVE, lib.VIR_ERR_OPERATION_FAILED):
                raise HypervisorError("the guest cannot be shut down", found=error.get_error_message()) from error
        if not is_paused(domain) and self._events.wait_until(lambda: not is_active(handle.get()), spec.shutdown_timeout):
            return True
        if not spec.force_off:
            raise RefusedError(
                f"the router did not shut down within {spec.shutdown_timeout} s", remedy="Raise shutdown_timeout, or allow force_off: true"
            )
        with translated("the guest's power cannot be cut"):
            if is_active(handle.get()):
                handle.get().destroy()
        return True

    def _remove(self, plan: GuestPlan, progress: Progress, done: Done) -> None:
        """Disk first, definition last: a killed run still finds the guest, and its mark, and goes on."""
        lib = library()
        spec, found = plan.spec, plan.found
        domain = self._lookup(spec.name)
        if found is None or domain.UUIDString() != found.uuid:
            raise RefusedError("the guest was replaced while this run looked at it", remedy="Run again")
        power, exists = (next((change for change in plan.changes if change.field == field), None) for field in ("power", "exists"))
        progress(spec.name, "shutting down" if power else "removing")
        if self._stop(domain, spec) and power is not None:
            done(power)
        for pool, volume in domain_xml.volumes_of(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)):
            if volume == disks.volume_name(spec.name, found.uuid):
                storage.Pool(self._connections.get(), pool).delete(volume)
        with translated("the guest cannot be removed"):
            flags = lib.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | lib.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | lib.VIR_DOMAIN_UNDEFINE_NVRAM
            domain.undefineFlags(flags)
        if exists is not None:
            done(exists)

    # segments

    def observe_segments(self, names: t.Collection[str]) -> dict[str, SegmentState]:
        return self._networks.observe(names)

    def check_segment(self, plan: SegmentPlan) -> None:
        self._networks.check(plan)

    def apply_segment(self, plan: SegmentPlan) -> None:
        self._networks.apply(plan)

    # inside the router

    def disk_id(self, guest: GuestState) -> str:
        lib = library()
        domain = self._lookup(guest.name)
        with translated("the guest's disk cannot be recognised", "Run again"):
            return disks.identity(domain.connect(), domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE))

    def ways(self, guest: GuestState) -> list[AgentWay]:
        channel = AgentChannel(Handle(self._connections, guest.name, self._seen.get(guest.name)), self._events)
        return [AgentWay(channel, guest.agent_connected)]


def _slot(change: Change) -> int:
    """N of the etherN whose field changes."""
    return slot_number(change.field.split(".")[1])


def _macs_in_use(connection: libvirt.virConnect, but_of: str = "") -> dict[str, str]:
    """The MACs of all guests on the host, and whose they are."""
    lib = library()
    taken: dict[str, str] = {}
    with translated("the guests cannot be listed"):
        for domain in connection.listAllDomains():
            if domain.name() != but_of:
                taken.update(dict.fromkeys(domain_xml.macs(domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)), domain.name()))
    return taken
