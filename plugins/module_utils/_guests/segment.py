# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network segment should be, what was found, and the changes between them (private, pure)."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field, replace

from .._core import changes as reconcile
from .._core.batch import parse_batch
from .._core.changes import Change, sides
from .._core.confirm import require_confirm
from .._core.errors import InputError, RefusedError, UnsupportedError
from .._core.names import check_readable
from .platform import Feature, Platform, own_words

DEVICE: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")  # Linux: at most 15 characters
MTU: t.Final = range(68, 65536)  # bytes
VLAN: t.Final = range(1, 4095)

ARGUMENTS: t.Final[dict[str, t.Any]] = {  # of one entry of `networks`
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "bridge": {"type": "str"},
    "attach_to": {"type": "str"},
    "open_vswitch": {"type": "bool"},
    "address": {"type": "str"},
    "mtu": {"type": "int"},
    "vlan_tag": {"type": "int"},
    "vlan_trunk": {"type": "list", "elements": "int"},
    "mac_spoofing": {"type": "bool"},
    "manage": {"type": "bool", "default": False},
    "confirm": {"type": "str"},
}


@dataclass(frozen=True)
class SegmentSpec:
    """One wanted segment. None means: left out by the user."""

    name: str
    state: t.Literal["present", "absent"] = "present"
    bridge: str | None = None  # the bridge device that a segment of our own gets
    attach_to: str | None = None  # an existing bridge of the host, never changed
    open_vswitch: bool | None = None  # that bridge is one of Open vSwitch's
    address: str | None = None  # the host's own address on it, with prefix length
    mtu: int | None = None
    vlan_tag: int | None = None
    vlan_trunk: tuple[int, ...] | None = None
    mac_spoofing: bool | None = None
    manage: bool = False
    confirm: str | None = None
    own: t.Mapping[str, t.Any] = field(default_factory=dict)  # the hypervisor's own words for it, those alone that were given

    @property
    def carrier(self) -> str:
        """The bridge device under the segment; an existing one may give the segment its name."""
        return self.attach_to or self.bridge or self.name


@dataclass(frozen=True)
class SegmentState:
    """One segment as the hypervisor holds it.

    `due` is what the own words are to become where only the driver knows what follows from those that were left out; `warnings` are what whoever
    uses the segment should know.
    """

    name: str
    uuid: str
    ours: bool
    active: bool
    bridge: str
    attached: bool  # rides on a bridge that is the host's own
    open_vswitch: bool
    address: str | None
    mtu: int | None
    vlan_tag: int | None
    vlan_trunk: tuple[int, ...] | None
    mac_spoofing: bool
    guests: tuple[str, ...] = ()
    own: t.Mapping[str, t.Any] = field(default_factory=dict)  # the hypervisor's own words for it
    due: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SegmentPlan:
    """What is to be done to one segment. `found` is None for one that does not exist yet."""

    spec: SegmentSpec
    found: SegmentState | None
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()

    @property
    def defines(self) -> bool:
        """Whether its definition is to be written: a new one, or one of ours that never could start and is mended."""
        return any(change.field != "active" for change in self.changes)

    @property
    def bridge(self) -> str:
        """The bridge device under the segment."""
        return self.spec.carrier


def wire_of(spec: SegmentSpec, platform: Platform) -> str:
    """What an interface on the segment is wired to, as its hypervisor tells it: the segment itself, or what carries it."""
    return spec.name if platform.wire is None else platform.wire(spec.carrier, spec.vlan_tag, spec.vlan_trunk)


def same_wires(specs: t.Mapping[str, SegmentSpec], platform: Platform) -> dict[str, str]:
    """Of each segment that means the same wire as others: a warning that names them."""
    names: dict[str, list[str]] = {}
    for name, spec in specs.items():
        names.setdefault(wire_of(spec, platform), []).append(name)
    return {
        name: f"segments {', '.join(same)} are one and the same wire: {wire}"
        for wire, same in names.items()
        if len(same) > 1
        for name in same
    }


def parse_segment(options: t.Mapping[str, t.Any], platform: Platform, others: t.Collection[str] = ()) -> SegmentSpec:
    """A SegmentSpec from one entry of the module's `networks`; `others` are the keys of the hypervisors that are not meant.

    Raises InputError naming the option and its limit.
    """
    check_readable(options["name"])
    given = {key: options[key] for key in SegmentSpec.__dataclass_fields__ if options.get(key) is not None}
    given["own"] = own_words(options, platform, others, "segment")
    if "vlan_trunk" in given:
        given["vlan_trunk"] = tuple(given["vlan_trunk"]) or None
    if "address" in given:
        given["address"] = _parse_address(given["address"])
    spec = SegmentSpec(**given)
    _check_devices(spec)
    _check_numbers(spec)
    return spec


def parse_segments(
    entries: t.Sequence[t.Mapping[str, t.Any]], platform: Platform, others: t.Collection[str] = ()
) -> tuple[dict[str, SegmentSpec], dict[str, InputError]]:
    """All segments of a batch by name, and the errors of those that are wrong in themselves."""
    return parse_batch("networks", entries, lambda entry: parse_segment(entry, platform, others))


def _check_devices(spec: SegmentSpec) -> None:
    if spec.bridge and spec.attach_to:
        raise InputError("bridge and attach_to exclude each other", remedy="bridge makes a new one, attach_to uses the host's own")
    for option in ("bridge", "attach_to"):
        device = getattr(spec, option)
        if device is not None and not DEVICE.fullmatch(device):
            raise InputError(f"{option}: {device!r} is no device name", wanted="1 to 15 of letters, digits, '.', '_', '-'")
    if spec.open_vswitch and not spec.attach_to:
        raise InputError("open_vswitch: only an existing bridge can be Open vSwitch's", remedy="Name it in attach_to")
    if spec.attach_to and (spec.address or spec.mtu):
        raise InputError(
            "address and mtu belong to the host's own bridge", found=f"attach_to: {spec.attach_to}", remedy="Set them on the host itself"
        )


def _check_numbers(spec: SegmentSpec) -> None:
    if spec.mtu is not None and spec.mtu not in MTU:
        raise InputError(f"mtu: {spec.mtu} is out of range", wanted=f"{MTU.start} to {MTU.stop - 1} bytes")
    for tag in (*(spec.vlan_trunk or ()), *(() if spec.vlan_tag is None else (spec.vlan_tag,))):
        if tag not in VLAN:
            raise InputError(f"vlan: {tag} is no VLAN id", wanted=f"{VLAN.start} to {VLAN.stop - 1}")
    if spec.vlan_tag is not None and spec.vlan_trunk:
        raise InputError("vlan_tag and vlan_trunk exclude each other", remedy="A tagged segment carries one VLAN, a trunk several")


def _parse_address(text: str) -> str:
    """The address with its prefix length, written as a hypervisor gives it back. Raises InputError."""
    try:
        address = str(ipaddress.ip_interface(text))
    except ValueError:
        address = ""
    if not address or "/" not in text:
        raise InputError(f"address: {text!r} is no address with prefix", wanted="for example 198.51.100.1/24")
    return address


FEATURES: t.Final[dict[str, Feature]] = {
    "bridge": "segment.bridge",
    "attach_to": "segment.attach_to",
    "open_vswitch": "segment.open_vswitch",
    "address": "segment.address",
    "mtu": "segment.mtu",
    "vlan_tag": "segment.vlan_tag",
    "vlan_trunk": "segment.vlan_trunk",
    "mac_spoofing": "segment.mac_spoofing",
}


def _refuse_lacking(spec: SegmentSpec, platform: Platform) -> None:
    lacking = [option for option, feature in FEATURES.items() if getattr(spec, option) is not None and feature not in platform.features]
    if lacking:
        raise UnsupportedError(f"segments of {platform.key} have no {', '.join(lacking)}", remedy="Leave these options out")


def plan_segment(spec: SegmentSpec, found: SegmentState | None, platform: Platform) -> SegmentPlan:
    """The changes from `found` to `spec`; raises where they would touch what is not ours, or what the hypervisor does not have."""
    _refuse_lacking(spec, platform)
    if spec.state == "absent":
        left = (*found.warnings, *(_left_behind(found) if platform.forwards else ())) if found else ()
        return SegmentPlan(spec, found, tuple(_removal(spec, found)) if found else (), left)
    prefix = f"{platform.key}."
    wanted = {key: getattr(spec, key) for key in ("address", "mtu", "open_vswitch", "vlan_tag", "vlan_trunk", "mac_spoofing")}
    wanted["bridge"] = spec.bridge or spec.attach_to or (spec.name if found is None else None)
    if found is None:
        platform.segment_name.check(spec.name)
        fields = (*reconcile.compare(wanted, {}), *reconcile.compare(spec.own, {}, prefix=prefix))
        return SegmentPlan(spec, None, (Change("exists", False, True), *fields, Change("active", None, True)))
    differ = reconcile.compare(wanted, vars(found))
    start = (*reconcile.compare(found.due, found.own, prefix=prefix), *(() if found.active else (Change("active", False, True),)))
    if (differ or start) and not found.ours and not spec.manage:
        raise RefusedError(
            f"segment {spec.name} exists and is not ours, so it can only be attached to",
            found=sides([*differ, *start]),
            remedy="Leave these options out, or say manage: true to let this collection start it",
        )
    if differ and found.ours and not found.active and not found.guests:
        return SegmentPlan(_completed(spec, found), found, (*differ, *start), found.warnings)
    if differ:
        others = f" (guests on it: {', '.join(found.guests)})" if found.guests else ""
        raise UnsupportedError(
            f"this release cannot change an existing segment: {sides(differ)}{others}", remedy="Remove the segment and create it anew"
        )
    return SegmentPlan(spec, found, start, found.warnings)


def _completed(spec: SegmentSpec, found: SegmentState) -> SegmentSpec:
    """What is wanted, with what the user left out as it was found: a definition is written whole."""
    kept = {key: getattr(found, key) for key in ("address", "mtu", "open_vswitch", "vlan_tag", "vlan_trunk", "mac_spoofing")}
    if spec.bridge is None and spec.attach_to is None:
        kept["attach_to" if found.attached else "bridge"] = found.bridge
    if spec.attach_to is not None:
        kept.update(address=None, mtu=None)  # the host's own bridge has them
    if spec.vlan_tag is not None or spec.vlan_trunk is not None:
        kept.update(vlan_tag=None, vlan_trunk=None)
    return replace(spec, **{key: value for key, value in kept.items() if getattr(spec, key) is None})


def _left_behind(found: SegmentState) -> t.Iterator[str]:
    """What a removed segment leaves on its host. Whether the host forwarded before nobody knows, so it is not switched off."""
    if found.address is not None:
        family = "ipv6.conf.all.forwarding" if ":" in found.address else "ipv4.ip_forward"
        yield (
            f"the hypervisor switched the host's IP forwarding on for the address {found.address}, and leaves it on; "
            f"where nothing else needs it: sysctl -w net.{family}=0"
        )


def _removal(spec: SegmentSpec, found: SegmentState) -> t.Iterator[Change]:
    if not found.ours:
        raise RefusedError(f"segment {spec.name} is not ours", remedy="Remove it by hand if it is yours")
    require_confirm("segment", spec.name, spec.confirm)
    if found.guests:
        raise RefusedError(f"guests are still wired to segment {spec.name}", found=", ".join(found.guests), remedy="Remove them first")
    if found.active:
        yield Change("active", True, False)
    yield Change("exists", True, False)
