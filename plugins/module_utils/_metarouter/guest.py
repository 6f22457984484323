# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a MetaROUTER guest should be, and what was found of it on its RouterBOARD (private, pure: no I/O).

The words are RouterOS's own, with underscores. Ranges and defaults: MetaROUTER manual, reference.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._core.addresses import address, parse_mac
from .._core.batch import parse_batch
from .._core.errors import InputError
from .boards import DEFAULT_ROUTEROS_MEMORY, MAX_INTERFACES, MEMORY, ROUTEROS_MEMORY

UNLIMITED: t.Final = "unlimited"
MAX_DISK: t.Final = 4294967295  # kiB
STATES: t.Final = ("present", "absent", "started", "stopped", "restarted", "disabled")
RUNNING: t.Final = ("booting", "running", "rebooting")  # a guest in one of these states has its memory
STOPPED: t.Final = ("stopped", "disabled")
SLOT: t.Final = re.compile(r"ether([1-8])")
EXTERNAL: t.Final = re.compile(r"/?(disk|usb|sd|micro-?sd|cf|sata|nfs)[\w-]*/.*", re.IGNORECASE)  # RouterOS's names for what is plugged in

# The arguments of one interface, in a guest's `interfaces` and in a list of interfaces of several guests.
NIC_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str", "choices": ["dynamic", "static"]},
    "dynamic_bridge": {"type": "str"},
    "dynamic_mac_address": {"type": "str"},
    "static_interface": {"type": "str"},
    "host_name": {"type": "str"},
    "vm_mac_address": {"type": "str"},
    "disabled": {"type": "bool"},
    "comment": {"type": "str"},
    "host_addresses": {"type": "list", "elements": "str"},
}

Disk = t.Union[int, str]  # noqa: UP007  (kiB, or UNLIMITED)


@dataclass(frozen=True)
class Nic:
    """A wanted interface; `name` is its slot, as a RouterOS guest names it. None means: left out by the user, so not compared."""

    name: str
    state: str = "present"
    type: str | None = None
    dynamic_bridge: str | None = None  # "": none
    dynamic_mac_address: str | None = None
    static_interface: str | None = None
    host_name: str | None = None
    vm_mac_address: str | None = None
    disabled: bool | None = None
    comment: str | None = None
    host_addresses: tuple[str, ...] | None = None

    @property
    def number(self) -> int:
        """N of etherN."""
        return int(self.name[len("ether") :])

    @property
    def bound_to(self) -> str | None:
        """The host's interface that a static one is bound to."""
        return self.host_name or self.static_interface


@dataclass(frozen=True)
class NicState:
    """An interface as the router holds it. `host_interface` is the vif that stands for it while the guest runs, or the static one."""

    id: str
    name: str
    type: str
    dynamic_bridge: str
    dynamic_mac_address: str
    static_interface: str
    vm_mac_address: str
    disabled: bool
    active: bool
    comment: str
    ours: bool
    closed: bool = False  # disabled by us, until the guest has a password
    pending: bool = False  # its mark says that the guest's memory was changed while it ran
    host_interface: str = ""


@dataclass(frozen=True)
class VmSpec:
    """One wanted guest. `memory_size` in MiB, `disk_size` in kiB or UNLIMITED."""

    name: str
    state: str = "present"
    guest_os: str = "routeros"
    memory_size: int | None = None
    disk_size: Disk | None = None
    image: str | None = None  # a file on the router
    image_src: str | None = None  # a local file, uploaded first
    comment: str | None = None
    interfaces: tuple[Nic, ...] = ()
    only_interfaces: bool = False  # the guest itself is not described, and must exist
    confirm: str | None = None
    adopt: bool = False
    configured: bool = False  # it has its password
    open_before_configured: bool = False

    @property
    def new_memory(self) -> int:
        """MiB that a new guest gets."""
        if self.memory_size is not None:
            return self.memory_size
        return DEFAULT_ROUTEROS_MEMORY if self.guest_os == "routeros" else MEMORY[0]

    @property
    def image_name(self) -> str | None:
        """The image's name on the router."""
        return self.image_src.rpartition("/")[2] if self.image_src else self.image


@dataclass(frozen=True)
class VmState:
    """One guest as the router holds it. `memory_size` in MiB, sizes of disks in kiB; None where the router's text is no size."""

    id: str
    name: str
    memory_size: int | None
    disk_size: Disk | None
    used_disk: int | None
    state: str
    disabled: bool
    comment: str
    ours: bool  # it, or one of its interfaces, bears our mark
    disk_reads: int | None = None
    disk_writes: int | None = None
    pending: bool = False  # a mark, its own or one of its interfaces', says that its memory was changed while it ran
    interfaces: tuple[NicState, ...] = ()

    @property
    def restart_needed(self) -> bool:
        """Whether it still runs with what it had before a change."""
        return self.pending and self.state in RUNNING

    @classmethod
    def fresh(cls, name: str) -> VmState:
        """One that was only just made."""
        return cls("", name, None, None, None, "disabled", True, "", ours=True)

    def nic(self, name: str) -> NicState | None:
        """The interface in a slot."""
        return next((nic for nic in self.interfaces if nic.name == name), None)


def parse_guests(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[dict[str, VmSpec], dict[str, InputError]]:
    """The wanted guests of a batch by name, and the errors of those that are wrong in themselves."""
    return parse_batch("guests", entries, parse_guest)


def parse_guest(options: t.Mapping[str, t.Any]) -> VmSpec:
    """One entry of `guests`. Raises InputError."""
    name, state, guest_os = options["name"], options["state"], options["guest_os"]
    if not name.strip():
        raise InputError("name: a guest needs a name")
    spec = VmSpec(
        name=name,
        state=state,
        guest_os=guest_os,
        memory_size=_memory(options.get("memory_size"), guest_os),
        disk_size=_disk(options.get("disk_size")),
        image=options.get("image"),
        image_src=options.get("image_src"),
        comment=options.get("comment"),
        interfaces=parse_nics(options.get("interfaces") or ()),
        confirm=options.get("confirm"),
        adopt=options["adopt"],
        configured=options["configured"],
        open_before_configured=options["open_before_configured"],
    )
    _check_image(spec)
    if state == "absent" and spec.confirm != name:
        raise InputError(
            f"confirm: removing {name} deletes its disk",
            wanted=f"confirm: {name}",
            found=f"confirm: {spec.confirm}" if spec.confirm else "no confirm",
            remedy="Say the name once more in confirm",
        )
    return spec


def parse_wiring(entries: t.Sequence[t.Mapping[str, t.Any]], *, adopt: bool, configured: bool) -> tuple[dict[str, VmSpec], dict[str, InputError]]:
    """Interfaces of several guests, as one spec for each guest, and by guest the errors. What else is said is said of each guest."""
    by_guest: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for entry in entries:
        by_guest.setdefault(entry["guest"], []).append(entry)

    def parse(guest: t.Mapping[str, t.Any]) -> VmSpec:
        nics = parse_nics(by_guest[guest["name"]])
        return VmSpec(guest["name"], interfaces=nics, only_interfaces=True, adopt=adopt, configured=configured)

    return parse_batch("interfaces", [{"name": name} for name in by_guest], parse)


def _memory(value: int | None, guest_os: str) -> int | None:
    if value is None:
        return None
    low, high = MEMORY
    if not low <= value <= high:
        raise InputError(f"memory_size: {value} MiB is out of range", wanted=f"{low}..{high} MiB")
    if guest_os == "routeros" and value < ROUTEROS_MEMORY:
        raise InputError(
            f"memory_size: {value} MiB is too little for a RouterOS guest",
            wanted=f"at least {ROUTEROS_MEMORY} MiB",
            remedy="Give it more, or say guest_os: openwrt where the guest is OpenWrt",
        )
    return value


def _disk(value: t.Any) -> Disk | None:
    """kiB, or UNLIMITED, which RouterOS also writes as 0."""
    if value is None or value == UNLIMITED:
        return None if value is None else UNLIMITED
    if not str(value).isdigit() or int(value) > MAX_DISK:
        raise InputError(f"disk_size: {value!r} is no size", wanted=f"kiB in 0..{MAX_DISK}, or {UNLIMITED}, which 0 means too")
    return int(value) or UNLIMITED


def _check_image(spec: VmSpec) -> None:
    if spec.image_name is None:
        return
    if spec.guest_os == "routeros":
        raise InputError(
            f"image: {spec.image_name} cannot be imported into a RouterOS guest",
            remedy="Say guest_os: openwrt; RouterOS guests are made without an image",
        )
    if spec.image is not None and EXTERNAL.fullmatch(spec.image):
        raise InputError(
            f"image: {spec.image} is on an external disk",
            remedy="MetaROUTER guests cannot use external storage devices: copy the image to the router's own storage",
        )


def parse_nics(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Nic, ...]:
    """The wanted interfaces of one guest, in the order of their slots. Raises InputError."""
    specs, errors = parse_batch("interfaces", entries, parse_nic)
    for error in errors.values():
        raise error
    return tuple(sorted(specs.values(), key=lambda nic: nic.number))


def parse_nic(options: t.Mapping[str, t.Any]) -> Nic:
    """One entry of `interfaces`. Raises InputError."""
    name = options["name"]
    if not SLOT.fullmatch(name):
        raise InputError(f"interfaces: {name!r} is no slot of a guest", wanted=f"ether1..ether{MAX_INTERFACES}, in the order in which they are made")
    bound = options.get("static_interface") is not None or options.get("host_name") is not None
    nic = Nic(
        name=name,
        state=options["state"],
        type=options.get("type") or ("static" if bound else None),
        dynamic_bridge=options.get("dynamic_bridge"),
        dynamic_mac_address=_mac(options, "dynamic_mac_address"),
        static_interface=options.get("static_interface"),
        host_name=options.get("host_name"),
        vm_mac_address=_mac(options, "vm_mac_address"),
        disabled=options.get("disabled"),
        comment=options.get("comment"),
        host_addresses=None if options.get("host_addresses") is None else tuple(
            address(text, f"interfaces.{name}.host_addresses") for text in options["host_addresses"]
        ),
    )
    _check_type(nic)
    return nic


def _check_type(nic: Nic) -> None:
    if nic.static_interface is not None and nic.host_name is not None:
        raise InputError(
            f"interfaces.{nic.name}: static_interface and host_name exclude each other", remedy="host_name makes the interface it is bound to"
        )
    if nic.type == "static" and (nic.dynamic_bridge or nic.dynamic_mac_address):
        raise InputError(
            f"interfaces.{nic.name}: dynamic_bridge and dynamic_mac_address belong to a dynamic interface",
            found="type: static",
            remedy="For a static one, make the host's interface a port of the bridge",
        )
    if nic.type == "dynamic" and nic.bound_to:
        raise InputError(f"interfaces.{nic.name}: static_interface and host_name belong to a static interface", found="type: dynamic")
    if nic.type == "static" and not nic.bound_to:
        raise InputError(f"interfaces.{nic.name}: a static interface needs static_interface or host_name")


def _mac(options: t.Mapping[str, t.Any], key: str) -> str | None:
    """The MAC as RouterOS prints it, in upper case."""
    value = options.get(key)
    return None if value is None else parse_mac(value, f"interfaces.{options['name']}.{key}").upper()
