# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one kind of hypervisor is, as data (private, pure). The core reads these tables and knows no hypervisor's word.

Each driver's folder has one, in `platform.py`; what most have in common are the defaults here.
"""

from __future__ import annotations

import hashlib
import typing as t
import uuid as uuidlib
from dataclasses import dataclass, field

from .._core.changes import Effect
from .._core.errors import InputError
from .._core.names import PLAIN, NameRule

Feature = t.Literal[
    "agent",
    "serial_console",
    "autostart",
    "template",  # a guest can be made from a template of the hypervisor instead of an image
    "segment.bridge",
    "segment.attach_to",
    "segment.open_vswitch",
    "segment.address",
    "segment.mtu",
    "segment.vlan_tag",
    "segment.vlan_trunk",
    "segment.mac_spoofing",
]


@dataclass(frozen=True)
class Hardware:
    """What CHR can use on one hypervisor (CHR manual, "Usable Network and Disk interfaces on various hypervisors"); the recommended one is first.

    `disk_buses` are those of the system disk; where SCSI serves secondary disks alone (the manual's note), it is not among them.
    """

    title: str
    nic_models: tuple[str, ...]
    disk_buses: tuple[str, ...]

    @property
    def discouraged(self) -> frozenset[str]:
        """E1000, where there is something better (CHR manual, the warning below that list)."""
        return frozenset({"e1000"}) - {self.nic_models[0]}


KVM: t.Final = Hardware("Qemu/KVM", ("virtio", "e1000", "vmxnet3"), ("virtio", "ide", "sata"))
ESX: t.Final = Hardware("ESX", ("vmxnet3", "e1000"), ("ide",))
HYPER_V: t.Final = Hardware("Hyper-V", ("network adapter", "legacy network adapter"), ("ide",))
VIRTUALBOX: t.Final = Hardware("VirtualBox", ("e1000", "rtl8193"), ("ide", "sata", "scsi", "sas"))
XEN: t.Final = Hardware("Xen Project", ("netfront", "e1000", "rtl8193"), ("ide", "sata"))


@dataclass(frozen=True)
class MacRange:
    """Where the MACs that we derive lie: so many low bits of `first` are a hash."""

    first: str
    bits: int

    def derive(self, guest_uuid: str, slot: int) -> str:
        """A stable MAC for etherN, from a hash of the guest's UUID and N."""
        digest = hashlib.sha256(f"{uuidlib.UUID(guest_uuid)}/{slot}".encode()).digest()
        low = int.from_bytes(digest[:5], "big") >> (40 - self.bits)
        value = int(self.first.replace(":", ""), 16) | low
        return ":".join(f"{byte:02x}" for byte in value.to_bytes(6, "big"))


Wire = t.Callable[[str, t.Union[int, None], t.Union[t.Tuple[int, ...], None]], str]  # noqa: UP006, UP007  (of bridge, VLAN and trunk)
LOCAL: t.Final = MacRange("02:00:00:00:00:00", 40)  # locally administered


@dataclass(frozen=True)
class OwnOption:
    """One of the hypervisor's own words for a guest, a suboption of `guests[].<key>`.

    `placement` ones count when a guest is made and are never compared afterwards: a guest that moved is found where it is. `found_out` is the
    value that leaves the choice to the driver; it is not compared either. `location` says that a guest's location is meant: one that is elsewhere
    by now is told.
    """

    default: t.Any = None
    placement: bool = False
    found_out: t.Any = None
    location: bool = False


COMMON_DEFAULTS: t.Final[t.Mapping[str, t.Any]] = {
    "cpus": 1,
    "memory": 1024,
    "serial_console": True,
    "agent": True,
    "autostart": True,
    "description": "",
}


@dataclass(frozen=True)
class Platform:
    """One kind of hypervisor. Its `key` names its connection option, its suboptions of a guest, and the role variables `chr_<key>_*`.

    `effects` says what a change of a field costs a guest that exists; a field that is not there cannot be changed.
    """

    key: str
    hardware: Hardware
    own: t.Mapping[str, OwnOption] = field(default_factory=dict)
    nic_own: t.Mapping[str, OwnOption] = field(default_factory=dict)  # the same for an interface: `interfaces[].<key>`
    segment_own: t.Mapping[str, OwnOption] = field(default_factory=dict)  # the same for a segment: `networks[].<key>`
    features: frozenset[Feature] = frozenset(("agent", "serial_console", "autostart"))
    effects: t.Mapping[str, Effect] = field(default_factory=dict)
    slots: int = 24  # etherN has a fixed PCI address, and there are so many
    macs: MacRange = LOCAL
    image_format: t.Literal["raw", "vmdk"] = "raw"  # in which `prepare` takes an image
    guest_name: NameRule = PLAIN
    segment_name: NameRule = PLAIN
    forwards: bool = False  # whether it switches its host's IP forwarding on for a segment with an address
    wire: Wire | None = None  # where a segment is no object of its own: what its interfaces are wired to, as the driver tells it

    def default(self, option: str) -> t.Any:
        """What a new guest gets for an option that the user left out; None where there is nothing to get."""
        if option == "disk_bus":
            return self.hardware.disk_buses[0]
        value = COMMON_DEFAULTS.get(option)
        lacks = option in ("agent", "serial_console", "autostart") and option not in self.features
        return False if lacks else value

    @property
    def nic_model(self) -> str:
        """The model of a new interface that the user left out."""
        return self.hardware.nic_models[0]


def own_words(options: t.Mapping[str, t.Any], platform: Platform, others: t.Collection[str], kind: str, where: str = "") -> dict[str, t.Any]:
    """The hypervisor's own words of an entry, those alone that were given. Raises InputError for words of another hypervisor."""
    strange = [key for key in others if options.get(key) is not None]
    if strange:
        raise InputError(
            f"{where}{strange[0]}: this {kind}'s hypervisor is {platform.key}", remedy=f"Use {platform.key}, or connect to {strange[0]}"
        )
    return {key: value for key, value in (options.get(platform.key) or {}).items() if value is not None}
