# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router should be, and what was found of it (private, pure: no I/O, no client library).

The words are the module's options and are the same on every hypervisor; a driver translates them.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field, replace

from .._core.addresses import parse_mac
from .._core.batch import parse_batch
from .._core.errors import InputError
from .._core.names import check_readable
from .._core.version import Version
from .platform import Platform, own_words
from .segment import SegmentSpec, parse_segments, wire_of

Power = t.Literal["running", "stopped", "suspended"]
State = t.Literal["present", "started", "stopped", "restarted", "absent"]

SLOT: t.Final = re.compile(r"ether([1-9][0-9]?)")
UNKNOWN_LEVEL: t.Final = "unknown"  # of a licence: the router was configured, and nobody has looked yet


@dataclass(frozen=True)
class Nic:
    """A wanted interface: RouterOS's slot name, and the segment that it is wired to. None means: left out by the user."""

    name: str
    network: str | None = None
    mac: str | None = None
    model: str | None = None
    link: bool | None = None
    own: t.Mapping[str, t.Any] = field(default_factory=dict)  # the hypervisor's own words for it, those alone that were given

    @property
    def slot(self) -> int:
        """N of etherN."""
        return slot_number(self.name)


@dataclass(frozen=True)
class NicState:
    """An interface as the hypervisor holds it; `slot` comes from its PCI address, never from its place in a list."""

    name: str
    mac: str
    model: str
    network: str
    link: bool  # the wire is plugged in, in the stored and, while the guest runs, in the live definition
    own: t.Mapping[str, t.Any] = field(default_factory=dict)  # the hypervisor's own words for it


@dataclass(frozen=True)
class Mark:
    """What we wrote on a guest at its hypervisor: proof that it is ours, and what the router is."""

    version: str = ""  # RouterOS version of the image it was made from
    image: str = ""  # name of that image
    configured: bool = False  # first boot has succeeded
    disk_ready: bool = True  # False from the guest's definition until its disk is whole
    disk_size: int = 0  # MiB, as made; 0: the image's own size
    license_level: str = ""  # the level last seen; empty while it never was configured, "unknown" once it was and nobody looked
    guest_uuid: str = ""  # the guest that it was written on: a clone inherits the mark, and not this
    disk_id: str = ""  # the identity of that guest's system disk; empty where it cannot have one

    def with_disk(self, made: Mark, disk_id: str) -> Mark:
        """The mark of a guest whose disk has just been made whole; `made` is the one that it was to be made with."""
        return replace(
            self, image=made.image, version=made.version or self.version, disk_size=made.disk_size, disk_id=disk_id, disk_ready=True
        )

    def configured_on(self, guest_uuid: str, disk_id: str) -> Mark:
        """The mark of a guest whose first boot has just succeeded. Of a clone's licence nobody knows yet."""
        level = self.license_level if self.guest_uuid == guest_uuid else ""
        return replace(self, configured=True, guest_uuid=guest_uuid, disk_id=disk_id, license_level=level or UNKNOWN_LEVEL)


@dataclass(frozen=True)
class GuestSpec:
    """One wanted router. Sizes in MiB. None means: left out by the user, so not compared, and a default at creation.

    `own` are the hypervisor's own words for it (the suboptions named after the driver), those alone that were given.
    """

    name: str
    state: State = "present"
    image: str | None = None
    version: str | None = None
    cpus: int | None = None
    memory: int | None = None
    disk_size: int | None = None
    disk_bus: str | None = None
    serial_console: bool | None = None
    agent: bool | None = None
    autostart: bool | None = None
    description: str | None = None
    interfaces: tuple[Nic, ...] = ()
    segments: t.Mapping[str, SegmentSpec] = field(default_factory=dict)  # by name, those that were described
    own: t.Mapping[str, t.Any] = field(default_factory=dict)
    configured: bool | None = None
    link_before_first_boot: bool = False
    confirm: str | None = None
    force_off: bool = False
    licensed: str | None = None
    shutdown_timeout: int = 60

    def value(self, option: str, platform: Platform) -> t.Any:
        """What a new guest gets for an option: the user's word, else the default; None where there is none."""
        given = getattr(self, option)
        return platform.default(option) if given is None else given

    def own_value(self, option: str, platform: Platform) -> t.Any:
        """The same for one of the hypervisor's own words."""
        return self.own.get(option, platform.own[option].default)

    def segment(self, name: str) -> SegmentSpec:
        """A segment as it was described; one that was not is what its name says."""
        return self.segments.get(name) or SegmentSpec(name)

    def named_segments(self, found: GuestState, platform: Platform) -> GuestState:
        """The guest with the names of our segments, where its hypervisor tells only what its interfaces are wired to."""
        if platform.wire is None:
            return found
        wanted = {nic.name: nic.network for nic in self.interfaces if nic.network}
        names: dict[str, str] = {}
        for name, segment in self.segments.items():
            names.setdefault(wire_of(segment, platform), name)

        def name_of(nic: NicState) -> str:
            name = wanted.get(nic.name)
            return name if name and wire_of(self.segment(name), platform) == nic.network else names.get(nic.network, nic.network)

        return replace(found, interfaces=tuple(replace(nic, network=name_of(nic)) for nic in found.interfaces))

    @property
    def source(self) -> str | None:
        """What a new guest's disk is made from: a template of its hypervisor, or the path of an image. None where neither was given."""
        return self.own.get("template") or self.image


@dataclass(frozen=True)
class GuestRef:
    """Which guest: names are not unique everywhere, and a guest may be replaced by another of its name while a run works on it."""

    name: str
    uuid: str
    id: str  # by which its hypervisor knows it
    location: str  # where it is now


@dataclass(frozen=True)
class GuestState:
    """One router as its hypervisor holds it. Sizes in MiB; `disk_size` is 0 where it was not asked for."""

    name: str
    hypervisor: str  # the key of its platform
    uuid: str
    id: str  # by which its hypervisor knows it
    location: str  # where it is now
    power: Power
    mark: Mark | None  # None: not ours
    cpus: int
    memory: int
    disk_bus: str
    serial_console: bool
    agent: bool
    autostart: bool
    description: str
    interfaces: tuple[NicState, ...]
    own: t.Mapping[str, t.Any] = field(default_factory=dict)  # the hypervisor's own words for it
    disk_size: int = 0
    agent_connected: bool | None = False  # None: nobody asked, and it may be
    console: str = ""  # command that opens the serial console
    disks: tuple[str, ...] = field(default=())  # what the hypervisor calls the guest's own disks
    disk_id: str | None = (
        None  # the identity that its system disk has, empty for none; None where the guest runs, so that it holds its disk
    )
    suspended_for: str = ""  # why the hypervisor suspended it, where nobody asked for that
    shared_macs: t.Mapping[str, str] = field(default_factory=dict)  # of a clone: MACs that another guest has too, and that guest's name

    @property
    def ref(self) -> GuestRef:
        return GuestRef(self.name, self.uuid, self.id, self.location)

    @property
    def place(self) -> str:
        """Which guest it is, for messages: where a hypervisor has words of its own for that, in these."""
        return f"UUID {self.uuid}" if self.id == self.uuid else f"{self.id} on {self.location}, UUID {self.uuid or 'none'}"

    @property
    def cloned(self) -> bool:
        """Whether its mark was written on another guest."""
        return self.mark is not None and self.mark.guest_uuid not in ("", self.uuid)

    @property
    def unshaped(self) -> bool:
        """Whether it is a clone of a template whose making was cut short: it still has the template's hardware, and gets its own with its disk."""
        return self.cloned and self.mark is not None and not self.mark.disk_ready

    @property
    def configured(self) -> bool:
        """Whether first boot has succeeded on this very guest and on the disk that it has. What cannot be proved does not count."""
        mark = self.mark
        if mark is None or not mark.configured or mark.guest_uuid != self.uuid:
            return False
        return self.disk_id is None or (bool(self.disk_id) and self.disk_id == mark.disk_id)

    def nic(self, name: str) -> NicState | None:
        return next((nic for nic in self.interfaces if nic.name == name), None)


@dataclass(frozen=True)
class NewGuest:
    """A guest that is to be made, with everything decided that is not its hypervisor's to decide."""

    spec: GuestSpec
    platform: Platform
    uuid: str
    mark: Mark  # of a guest whose disk is not there yet
    interfaces: tuple[NicState, ...]

    @classmethod
    def of(cls, spec: GuestSpec, platform: Platform, uuid: str) -> NewGuest:
        """From the wish, and a UUID that nobody has."""
        image = os.path.basename(spec.source or "")
        mark = Mark(spec.version or "", image, disk_ready=False, disk_size=spec.disk_size or 0, guest_uuid=uuid)
        return cls(spec, platform, uuid, mark, tuple(_new_nic(spec, nic, platform, uuid) for nic in spec.interfaces))

    def value(self, option: str) -> t.Any:
        return self.spec.value(option, self.platform)

    def own(self, option: str) -> t.Any:
        return self.spec.own_value(option, self.platform)


def _new_nic(spec: GuestSpec, nic: Nic, platform: Platform, uuid: str) -> NicState:
    mac, model = nic.mac or platform.macs.derive(uuid, nic.slot), nic.model or platform.nic_model
    own = {key: nic.own.get(key, option.default) for key, option in platform.nic_own.items()}
    return NicState(nic.name, mac, model, str(nic.network), new_link(spec, nic), own)


def new_link(spec: GuestSpec, nic: Nic) -> bool:
    """Whether a new guest's link is up: only where the user opened the gate before first boot."""
    return spec.link_before_first_boot and nic.link is not False


def slot_number(name: str) -> int:
    """N of `etherN`. Raises InputError for any other name."""
    match = SLOT.fullmatch(name)
    if match is None:
        raise InputError(
            f"interfaces: {name!r} is no slot name",
            wanted="ether1, ether2 and so on",
            remedy="Name interfaces as a fresh CHR does; rename them inside RouterOS if you like",
        )
    return int(match.group(1))


def parse_guest(options: t.Mapping[str, t.Any], platform: Platform, others: t.Collection[str] = ()) -> GuestSpec:
    """A GuestSpec from one entry of the module's `guests`; `others` are the keys of the hypervisors that are not meant. Raises InputError."""
    name = check_readable(options["name"])
    own = own_words(options, platform, others, "guest")
    if options.get("version") is not None:
        Version(options["version"])
    nics = tuple(_parse_nic(nic, platform, others) for nic in options.get("interfaces") or ())
    _check_unique(nics)
    segments, errors = parse_segments(options.get("networks") or (), platform, others)
    for error in errors.values():
        raise error
    values = {key: options[key] for key in GuestSpec.__dataclass_fields__ if options.get(key) is not None and key != "interfaces"}
    return GuestSpec(**{**values, "name": name, "interfaces": nics, "segments": segments, "own": own})


def _parse_nic(options: t.Mapping[str, t.Any], platform: Platform, others: t.Collection[str]) -> Nic:
    slot_number(options["name"])
    mac = options.get("mac")
    network = options.get("network")
    return Nic(
        name=options["name"],
        network=check_readable(network, "interfaces.network") if network is not None else None,
        mac=parse_mac(mac, f"interfaces.{options['name']}.mac") if mac is not None else None,
        model=options.get("model"),
        link=options.get("link"),
        own=own_words(options, platform, others, "guest", f"interfaces.{options['name']}."),
    )


def _check_unique(nics: tuple[Nic, ...]) -> None:
    for what in ("name", "mac"):
        values = [getattr(nic, what) for nic in nics if getattr(nic, what) is not None]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise InputError(f"interfaces: {what} {', '.join(twice)} is given twice", remedy="Give each interface its own")


def parse_guests(
    entries: t.Sequence[t.Mapping[str, t.Any]], platform: Platform, others: t.Collection[str] = ()
) -> tuple[dict[str, GuestSpec], dict[str, InputError]]:
    """All guests of a batch by name, and the errors of those that are wrong in themselves or share a MAC."""
    specs, errors = parse_batch("guests", entries, lambda entry: parse_guest(entry, platform, others))
    shared = _shared_macs(specs)
    errors.update(shared)
    return {name: spec for name, spec in specs.items() if name not in shared}, errors


def _shared_macs(specs: t.Mapping[str, GuestSpec]) -> dict[str, InputError]:
    owners: dict[str, list[str]] = {}
    for spec in specs.values():
        for nic in spec.interfaces:
            if nic.mac:
                owners.setdefault(nic.mac, []).append(spec.name)
    return {
        name: InputError(f"interfaces: MAC {mac} is given to {' and '.join(names)}", remedy="Give each interface its own")
        for mac, names in owners.items()
        if len(names) > 1
        for name in names
    }


def check_gaps(spec: GuestSpec) -> None:
    """A new guest's interfaces must be ether1..etherN without a gap, else RouterOS would number them otherwise."""
    slots = sorted(nic.slot for nic in spec.interfaces)
    if slots != list(range(1, len(slots) + 1)):
        raise InputError(
            "interfaces: a new guest cannot have gaps",
            wanted=", ".join(f"ether{n}" for n in range(1, len(slots) + 1)),
            found=", ".join(f"ether{n}" for n in slots),
            remedy="RouterOS numbers the ports it finds one after the other",
        )
    for nic in spec.interfaces:
        if nic.network is None:
            raise InputError(f"interfaces.{nic.name}: network is missing", remedy="Name the segment it is wired to")
