# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a MetaROUTER guest as found to the guest as wanted: the list of changes (private, pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._core.changes import LIVE, RESTART, Change, compare
from .._core.errors import InputError, RefusedError, UnsupportedError
from .boards import MAX_INTERFACES
from .gate import Gate
from .guest import RUNNING, STOPPED, UNLIMITED, Nic, NicState, VmSpec, VmState

NIC_FIELDS: t.Final = ("type", "dynamic_bridge", "dynamic_mac_address", "static_interface", "vm_mac_address", "disabled", "comment")
GOES_OFF: t.Final = (*STOPPED, "shutting-down")
VIRTUAL_ETHERNET: t.Final = "virtual-ethernet"
DISK_WARNING: t.Final = (
    "disk_size: a disk without a limit, as RouterOS makes them where none is given, lets the guest fill the host's storage, for example with a "
    "proxy's cache; give a size in kiB"
)
RENUMBERED: t.Final = "{} is not the guest's last interface: the guest may count those after it anew at its next start, and name them otherwise"


@dataclass(frozen=True)
class Host:
    """What guests are wired to: the host's interfaces by name, with their types, and the addresses on them by interface."""

    interfaces: t.Mapping[str, str]
    addresses: t.Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class NicPlan:
    """What is to be done to one interface. `found` is None for one that does not exist yet."""

    wanted: Nic
    found: NicState | None
    changes: tuple[Change, ...]
    closed: bool = False  # disabled by us, until the guest has a password

    @property
    def makes_host_interface(self) -> bool:
        return any(change.field.endswith(".host_interface") and change.before is None for change in self.changes)

    def values(self) -> dict[str, t.Any]:
        """The properties to send, by the module's names: those that change, and no others."""
        fields = {change.field.rpartition(".")[2]: change.after for change in self.changes}
        return {key: value for key, value in fields.items() if key in NIC_FIELDS}

    @property
    def result(self) -> NicState:
        """The interface as the plan would leave it."""
        base = self.found or NicState("", self.wanted.name, "dynamic", "", "", "", "", False, False, "", ours=True)
        return replace(base, **self.values(), closed=self.closed)


@dataclass(frozen=True)
class VmPlan:
    """What is to be done to one guest. `found` is None for one that does not exist yet."""

    spec: VmSpec
    found: VmState | None
    own: tuple[Change, ...]  # of the guest itself
    nics: tuple[NicPlan, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.own, *(change for nic in self.nics for change in nic.changes))

    @property
    def creates(self) -> bool:
        return self.found is None and bool(self.own)

    @property
    def new_nics(self) -> int:
        return sum(1 for nic in self.nics if nic.found is None and nic.changes)

    def after(self, field: str) -> t.Any:
        """What a field of the guest itself will be, or None where it does not change."""
        return next((change.after for change in self.own if change.field == field), None)

    @property
    def closed(self) -> list[str]:
        """The interfaces that stay closed, or will be."""
        return [nic.name for nic in self.interfaces if nic.closed]

    @property
    def interfaces(self) -> tuple[NicState, ...]:
        """All interfaces as the plan would leave them."""
        left = {nic.name: nic for nic in self.found.interfaces} if self.found is not None else {}
        for nic in self.nics:
            left.pop(nic.wanted.name, None)
            if nic.wanted.state == "present":
                left[nic.wanted.name] = nic.result
        return tuple(sorted(left.values(), key=lambda nic: nic.name))

    @property
    def starts(self) -> bool:
        return bool(self.after("state") == "running")

    @property
    def pending(self) -> bool:
        """Whether the guest goes on with what it had before a change, of now or of an earlier run."""
        if any(change.effect == RESTART and change.field == "memory_size" for change in self.own):
            return True
        return self.found is not None and self.found.restart_needed and self.after("state") is None

    @property
    def touched(self) -> frozenset[str]:
        """The host's interfaces and bridges that the changes involve."""
        names: set[str] = set()
        for nic in self.nics:
            if not nic.changes:
                continue
            if nic.found is not None:
                names |= {nic.found.dynamic_bridge, nic.found.static_interface, nic.found.host_interface}
            names |= {nic.wanted.dynamic_bridge or "", nic.wanted.static_interface or ""}
        if self.spec.state == "absent" and self.found is not None:
            names |= {name for nic in self.found.interfaces for name in (nic.dynamic_bridge, nic.static_interface, nic.host_interface)}
        return frozenset(names - {""})


def plan_guest(spec: VmSpec, found: VmState | None, host: Host) -> VmPlan:
    """The changes from `found` to `spec`. Raises where something stands in the way; nothing was touched then."""
    if spec.state == "absent":
        plan = VmPlan(spec, found, tuple(_removal(spec, found)) if found is not None else ())
    elif found is None:
        if spec.only_interfaces:
            raise UnsupportedError(f"guest {spec.name} does not exist", remedy="Make it with metarouter_vm first")
        plan = VmPlan(spec, None, tuple(_creation(spec)), _plan_nics(spec, None, host), tuple(_warnings(spec, None)))
    else:
        plan = VmPlan(spec, found, tuple(_update(spec, found)), _plan_nics(spec, found, host), tuple(_warnings(spec, found)))
    if found is not None and plan.changes and not found.ours and not spec.adopt:
        raise RefusedError(
            f"guest {spec.name} exists and does not bear our mark",
            found="; ".join(f"{change.field} is {change.before}, wanted {change.after}" for change in plan.changes),
            remedy="Say adopt: true to let this collection change it",
        )
    return plan


def _warnings(spec: VmSpec, found: VmState | None) -> t.Iterator[str]:
    if spec.disk_size == UNLIMITED or (found is None and spec.disk_size is None):
        yield DISK_WARNING
    have = {nic.name for nic in found.interfaces} if found is not None else set()
    leaving = [nic for nic in spec.interfaces if nic.state == "absent" and nic.name in have]
    staying = have - {nic.name for nic in leaving}
    yield from (RENUMBERED.format(nic.name) for nic in leaving if any(name > nic.name for name in staying))


def _removal(spec: VmSpec, found: VmState) -> t.Iterator[Change]:
    if found.state not in STOPPED:
        yield Change("state", found.state, "stopped")
    yield Change("exists", True, False)


def _creation(spec: VmSpec) -> t.Iterator[Change]:
    yield Change("exists", False, True)
    if spec.image_name is not None:
        yield Change("image", None, spec.image_name)
    yield Change("memory_size", None, spec.new_memory)
    if spec.disk_size is not None:
        yield Change("disk_size", None, spec.disk_size)
    if spec.comment:
        yield Change("comment", None, spec.comment)
    yield Change("state", None, "running" if spec.state in ("started", "restarted") else "disabled")


def _update(spec: VmSpec, found: VmState) -> t.Iterator[Change]:
    if spec.adopt and not found.ours:
        yield Change("ours", False, True)
    wanted = {"memory_size": spec.memory_size}
    running = found.state in RUNNING
    yield from compare(wanted, vars(found), RESTART if running and spec.state not in ("restarted", "stopped", "disabled") else LIVE)
    if isinstance(spec.disk_size, int) and found.used_disk is not None and spec.disk_size < found.used_disk:
        raise RefusedError(
            f"disk_size: {spec.disk_size} kiB is less than the guest already uses", found=f"{found.used_disk} kiB", remedy="Give it more"
        )
    yield from compare({"disk_size": spec.disk_size, "comment": spec.comment}, vars(found))
    if spec.state in ("started", "restarted"):
        if spec.state == "restarted" or not running:
            yield Change("state", found.state, "running", RESTART if running else LIVE)
    elif spec.state == "stopped" and found.state not in GOES_OFF:
        yield Change("state", found.state, "stopped")
    elif spec.state == "disabled" and not (found.disabled and found.state in GOES_OFF):
        yield Change("state", found.state, "disabled")


def _plan_nics(spec: VmSpec, found: VmState | None, host: Host) -> tuple[NicPlan, ...]:
    have = {nic.name: nic for nic in found.interfaces} if found is not None else {}
    _check_gaps(spec, set(have))
    runs = spec.state in ("started", "restarted") or (found is not None and found.state in RUNNING and spec.state == "present")
    gate = Gate(spec, found)
    listed = {nic.name for nic in spec.interfaces}
    others = [Nic(nic.name) for nic in have.values() if nic.name not in listed and gate.concerns(nic)]
    return tuple(_plan_nic(nic, have.get(nic.name), host, runs, gate) for nic in (*spec.interfaces, *others))


def _check_gaps(spec: VmSpec, have: t.Collection[str]) -> None:
    """The guest names its interfaces in the order in which they are made, so a new one takes the first slot that is free."""
    free = [number for number in range(1, MAX_INTERFACES + 1) if f"ether{number}" not in have]
    new = [nic for nic in spec.interfaces if nic.state == "present" and nic.name not in have]
    for nic, number in zip(new, free, strict=False):
        if nic.number != number:
            raise InputError(
                f"interfaces: the next interface of {spec.name} is ether{number}",
                found=nic.name,
                remedy="The guest numbers its interfaces in the order in which they are made: leave no gap",
            )


def _plan_nic(nic: Nic, found: NicState | None, host: Host, runs: bool, gate: Gate) -> NicPlan:
    if nic.state == "absent":
        gone = () if found is None else (Change(f"interfaces.{nic.name}.exists", True, False),)
        return NicPlan(nic, found, gone)
    disabled, closed = gate.position(nic, found)
    wired = replace(nic, disabled=disabled)
    up = not disabled if disabled is not None else found is None or not found.disabled
    return NicPlan(nic, found, tuple(_nic_changes(wired, found, host, runs and up)), closed)


def _nic_changes(nic: Nic, found: NicState | None, host: Host, runs: bool) -> t.Iterator[Change]:
    prefix = f"interfaces.{nic.name}."
    if nic.host_name is not None:
        yield from _host_interface(nic.host_name, prefix, host)
    elif nic.static_interface is not None and nic.static_interface not in host.interfaces:
        raise UnsupportedError(f"{prefix}static_interface: the host has no interface {nic.static_interface}", found=_names(host))
    if nic.dynamic_bridge and host.interfaces.get(nic.dynamic_bridge) != "bridge":
        raise UnsupportedError(
            f"{prefix}dynamic_bridge: the host has no bridge {nic.dynamic_bridge}", remedy="Make it with metarouter_bridge first"
        )
    wanted = {key: getattr(nic, key) for key in NIC_FIELDS} | {"static_interface": nic.bound_to}
    if found is None:
        yield Change(prefix + "exists", False, True)
        wanted |= {"type": nic.type or "dynamic", "dynamic_bridge": nic.dynamic_bridge or None}
    yield from compare(wanted, vars(found) if found is not None else {}, prefix=prefix)
    if runs or nic.bound_to is not None:  # the host's side of a dynamic interface is there only while the guest runs and it is enabled
        yield from _host_addresses(nic, found, host, prefix)


def _host_interface(name: str, prefix: str, host: Host) -> t.Iterator[Change]:
    kind = host.interfaces.get(name)
    if kind is None:
        yield Change(prefix + "host_interface", None, name)
    elif kind not in (VIRTUAL_ETHERNET, "virtual", ""):
        raise RefusedError(
            f"{prefix}host_name: the host already has an interface {name} that is no virtual-ethernet",
            found=kind,
            remedy="Choose another name, or bind the guest to it with static_interface",
        )


def _host_addresses(nic: Nic, found: NicState | None, host: Host, prefix: str) -> t.Iterator[Change]:
    """Addresses that the host lacks on its side of the interface; others that it has there are left alone."""
    if nic.host_addresses is None:
        return
    side = nic.bound_to or (found.host_interface if found is not None else "")
    have = host.addresses.get(side, ())
    missing = [text for text in nic.host_addresses if text not in have]
    if missing:
        yield Change(prefix + "host_addresses", list(have) if side else None, [*have, *missing])


def _names(host: Host) -> str:
    return ", ".join(host.interfaces) or "none"


def foreseen(plan: VmPlan, host: Host) -> tuple[VmState, Host]:
    """What a later task of a check-mode run would find, where this plan describes a guest that runs in the end."""
    interfaces, addresses = dict(host.interfaces), dict(host.addresses)
    for nic in plan.nics:
        side = nic.wanted.bound_to or (nic.found.host_interface if nic.found is not None else "")
        if nic.makes_host_interface:
            interfaces[side] = VIRTUAL_ETHERNET
        for change in nic.changes:
            if change.field.endswith(".host_addresses"):
                addresses[side] = tuple(change.after)
    guest = plan.found or VmState.fresh(plan.spec.name)
    return replace(guest, ours=True, state="running", disabled=False, interfaces=plan.interfaces), Host(interfaces, addresses)
