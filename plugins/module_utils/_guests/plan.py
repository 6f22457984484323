# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a wanted router with the one that was found (private, pure).

`plan()` answers with the changes that would make it so and with what cannot be changed, or raises the error that forbids all of it. Nothing here
touches anything.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._core import changes as reconcile
from .._core.changes import Change, sides
from .._core.confirm import require_confirm
from .._core.errors import InputError, RefusedError, UnsupportedError
from .guest import UNKNOWN_LEVEL, GuestSpec, GuestState, Nic, NicState, check_gaps, new_link, slot_number
from .platform import COMMON_DEFAULTS, Platform

FREE: t.Final = "free"  # the level that every router has, and that is lost without harm
COMPARED: t.Final = (*COMMON_DEFAULTS, "disk_bus", "disk_size")


@dataclass(frozen=True)
class GuestPlan:
    """What is to be done to one guest. `found` is None for a guest that does not exist yet.

    `left` is what is wanted and cannot be changed on a guest that exists: everything else is done all the same, and then the guest fails for it.
    """

    spec: GuestSpec
    found: GuestState | None
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    left: tuple[Change, ...] = ()

    @property
    def creates(self) -> bool:
        return self.found is None and bool(self.changes)

    @property
    def needs_disk(self) -> bool:
        """A new guest, or one whose making was cut short before its disk was whole."""
        return self.creates or any(change.field == "disk" for change in self.changes)

    @property
    def removes(self) -> bool:
        return any(change.field == "exists" and change.after is False for change in self.changes)

    def left_error(self) -> UnsupportedError | None:
        """What to say of what is left."""
        if not self.left:
            return None
        shrinks = any(change.field == "disk_size" and change.after < change.before for change in self.left)
        return UnsupportedError(
            f"this release cannot change these on an existing guest: {sides(self.left)}{'; a disk is never shrunk' if shrinks else ''}",
            remedy="Everything else is done all the same. Leave them as they are, or remove the guest and create it anew",
        )


def plan(spec: GuestSpec, found: GuestState | None, platform: Platform) -> GuestPlan:
    """The changes from `found` to `spec`, in the order in which they are to be applied.

    Links close before anything else and open after the mark, so that a run which is cut off leaves the gate closed or the mark true.
    """
    if found is not None and found.mark is None:
        raise RefusedError(
            f"a guest named {spec.name} exists and is not ours",
            found=f"{found.place}, without the mark of vrouter.mikrotik",
            remedy="Choose another name, or remove that guest by hand if it is yours",
        )
    if spec.state == "absent":
        return GuestPlan(spec, found, tuple(_removal(spec, found)) if found else ())
    if found is None:
        return GuestPlan(spec, None, tuple(_creation(spec, platform)))
    _refuse_shared_macs(spec, found)
    links, fields = list(_links(spec, found)), list(_fields(spec, found, platform))
    changes = (
        *(change for change in links if not change.after),
        *_repair(spec, found),
        *_macs(spec, found, platform),
        *(change for change in fields if change.field in platform.effects),
        *_live_of_interfaces(spec, found, platform),
        *_mark(spec, found),
        *(change for change in links if change.after),
        *_power(spec, found),
    )
    if found.unshaped:
        return GuestPlan(spec, found, changes)
    left = [change for change in fields if change.field not in platform.effects]
    told = (*_elsewhere(spec, found, platform), *_unlisted(spec, found))
    return GuestPlan(spec, found, changes, told, (*left, *_left_of_interfaces(spec, found, platform)))


def _removal(spec: GuestSpec, found: GuestState) -> t.Iterator[Change]:
    consequence = f"It would remove guest {found.name} ({found.place}) and its disks: {', '.join(found.disks) or 'none'}"
    require_confirm("guest", spec.name, spec.confirm, consequence)
    if spec.licensed != "released":
        _refuse_licensed(found)
    if found.power != "stopped":
        yield Change("power", found.power, "stopped")
    yield Change("exists", True, False)


def _refuse_licensed(found: GuestState) -> None:
    """A licence goes with the guest that holds it. What nobody has read is no proof that there is none, unless the router never was configured."""
    level = found.mark.license_level if found.mark else ""
    if level in ("", FREE):
        return
    if level != UNKNOWN_LEVEL:
        raise RefusedError(
            f"the router holds a licence of level {level}",
            remedy="Move it to another router first, or say licensed: released to give it up with this guest",
        )
    raise RefusedError(
        "nobody has read yet which licence the router holds",
        found=f"a configured router that is {found.power}{'' if found.agent_connected else ', whose guest agent is away'}",
        remedy="Start it and read its licence (provision and license_report do), or say licensed: released to give up what it may hold",
    )


def _creation(spec: GuestSpec, platform: Platform) -> t.Iterator[Change]:
    if spec.source is None:
        ways = f" or {platform.key}.template" if "template" in platform.features else ""
        raise InputError(f"image{ways}: a new guest needs one", remedy="Give the path of a CHR disk image; chr_image gets one")
    check_gaps(spec)
    yield Change("exists", False, True)
    values = {key: spec.value(key, platform) for key in (*COMMON_DEFAULTS, "disk_bus", "image", "version", "disk_size")}
    values.update({f"{platform.key}.{key}": spec.own_value(key, platform) for key in platform.own})
    for key, value in values.items():
        if value not in (None, ""):
            yield Change(key, None, value)
    for nic in spec.interfaces:
        wanted = {"network": nic.network, "model": nic.model or platform.nic_model, "mac": nic.mac, "link": new_link(spec, nic)}
        yield from reconcile.compare(wanted, {}, prefix=f"interfaces.{nic.name}.")
        yield from reconcile.compare(nic.own, {}, prefix=f"interfaces.{nic.name}.{platform.key}.")
    if spec.state in ("started", "restarted"):
        yield Change("power", None, "running")


def _repair(spec: GuestSpec, found: GuestState) -> t.Iterator[Change]:
    """A guest that an interrupted run left without a whole disk gets one; it was never started."""
    if found.mark is not None and not found.mark.disk_ready:
        if spec.source is None:
            raise InputError("image: the guest's disk was never finished and needs one", remedy="Give the path of its CHR disk image")
        yield Change("disk", "unfinished", "ready")


def _fields(spec: GuestSpec, found: GuestState, platform: Platform) -> t.Iterator[Change]:
    """Every wanted difference of a field, with what a change of it costs here."""
    own = {key: spec.own.get(key) for key, option in platform.own.items() if not option.placement and spec.own.get(key) != option.found_out}
    for prefix, wanted, have in (("", {key: getattr(spec, key) for key in COMPARED}, vars(found)), (f"{platform.key}.", own, found.own)):
        for change in reconcile.compare(wanted, have, prefix=prefix):
            yield replace(change, effect=platform.effects.get(change.field, reconcile.RESTART))


def _own_of_nic(nic: Nic, have: NicState, platform: Platform) -> t.Iterator[Change]:
    """Every wanted difference of an interface in its hypervisor's own words, with what a change costs."""
    for change in reconcile.compare(nic.own, have.own, prefix=f"interfaces.{nic.name}.{platform.key}."):
        effect = platform.effects.get(f"interfaces.{platform.key}.{change.field.rpartition('.')[2]}", reconcile.RESTART)
        yield replace(change, effect=effect)


def _live_of_interfaces(spec: GuestSpec, found: GuestState, platform: Platform) -> t.Iterator[Change]:
    """Those of them that are made while the guest runs."""
    for nic in spec.interfaces:
        have = found.nic(nic.name)
        if have is not None:
            yield from (change for change in _own_of_nic(nic, have, platform) if change.effect == reconcile.LIVE)


def _left_of_interfaces(spec: GuestSpec, found: GuestState, platform: Platform) -> t.Iterator[Change]:
    """Every wanted difference of an interface that this release cannot make on an existing guest."""
    for nic in spec.interfaces:
        have = found.nic(nic.name)
        if have is None:
            yield Change(f"interfaces.{nic.name}", None, nic.network)
        else:
            side = {"network": nic.network, "mac": nic.mac, "model": nic.model}
            yield from reconcile.compare(side, vars(have), prefix=f"interfaces.{nic.name}.")
            yield from (change for change in _own_of_nic(nic, have, platform) if change.effect != reconcile.LIVE)


def is_configured(spec: GuestSpec, found: GuestState) -> bool:
    """Whether first boot has succeeded: what the caller says now, else what the mark says."""
    return found.configured if spec.configured is None else spec.configured


def gate_is_open(spec: GuestSpec, found: GuestState) -> bool:
    """Whether links may be up: first boot succeeded, or the user opened the gate before."""
    return is_configured(spec, found) or spec.link_before_first_boot


def _links(spec: GuestSpec, found: GuestState) -> t.Iterator[Change]:
    """The gate: no link is up before first boot succeeded, listed or not, unless the user opened it."""
    listed = {nic.name: nic for nic in spec.interfaces}
    for have in found.interfaces:
        wanted = _wanted_link(spec, listed.get(have.name)) if gate_is_open(spec, found) else False
        if wanted is not None and wanted != have.link:
            yield Change(f"interfaces.{have.name}.link", have.link, wanted)


def _wanted_link(spec: GuestSpec, nic: Nic | None) -> bool | None:
    """A listed link that the user left out comes up with the word that first boot succeeded; else it is not compared."""
    if nic is None:
        return None
    return True if nic.link is None and spec.configured else nic.link


def _refuse_shared_macs(spec: GuestSpec, found: GuestState) -> None:
    """Two guests with one MAC are never on the wires together: a clone that runs keeps its links down, since MACs change only while it is off."""
    listed = {nic.name: nic for nic in spec.interfaces}
    for have in found.interfaces:
        owner = found.shared_macs.get(have.mac)
        if owner is None:
            continue
        wanted = listed.get(have.name)
        if wanted is not None and wanted.mac == have.mac:
            raise InputError(f"interfaces.{have.name}.mac: {have.mac} belongs to guest {owner}", remedy="Use another MAC, or leave it out")
        if gate_is_open(spec, found) and found.power != "stopped":
            raise RefusedError(
                f"interfaces.{have.name}: the guest is a clone and has the MAC of guest {owner}",
                found=have.mac,
                remedy="Stop it: the next run gives it MACs of its own",
            )


def _macs(spec: GuestSpec, found: GuestState, platform: Platform) -> t.Iterator[Change]:
    """A clone gets MACs of its own before it is started."""
    if found.power != "stopped":
        return
    for have in found.interfaces:
        if have.mac in found.shared_macs:
            yield Change(f"interfaces.{have.name}.mac", have.mac, platform.macs.derive(found.uuid, slot_number(have.name)))


def _mark(spec: GuestSpec, found: GuestState) -> t.Iterator[Change]:
    """The mark follows what was found: one that is another guest's, or another disk's, is taken back before anything is started."""
    marked = found.mark is not None and found.mark.configured
    wanted = is_configured(spec, found)
    if wanted != found.configured or (marked and not wanted):
        yield Change("configured", marked and not wanted, wanted)


def _power(spec: GuestSpec, found: GuestState) -> t.Iterator[Change]:
    if spec.state == "restarted" and found.power == "running":
        yield Change("power", "running", "restarted")
    elif spec.state in ("started", "restarted") and found.power != "running":
        yield Change("power", found.power, "running")
    elif spec.state == "stopped" and found.power != "stopped":
        yield Change("power", found.power, "stopped")


def _elsewhere(spec: GuestSpec, found: GuestState, platform: Platform) -> t.Iterator[str]:
    """A guest that was moved stays where it is."""
    for key, option in platform.own.items():
        wanted = spec.own.get(key)
        if option.location and wanted not in (None, found.location):
            yield f"it is on {key} {found.location}, not on {wanted}: {key} counts when a guest is made, and it stays where it is"


def _unlisted(spec: GuestSpec, found: GuestState) -> t.Iterator[str]:
    listed = {nic.name for nic in spec.interfaces}
    extra = [nic.name for nic in found.interfaces if nic.name not in listed]
    if listed and extra:
        yield f"interfaces not listed are left alone: {', '.join(extra)}"
