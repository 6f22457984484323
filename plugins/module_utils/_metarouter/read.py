# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A RouterBOARD's menus /metarouter and /metarouter/interface, read in bulk over the API (private).

How the API renders sizes, booleans and `unlimited` there is documented nowhere, so every plausible form is read; see `_memory` and `_disk`.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._core.errors import TrapError
from .._core.text import size, truth
from .._core.version import Version
from .._routeros.api import Api, Row, is_unknown
from .boards import Board, missing_menu
from .guest import SLOT, UNLIMITED, Disk, NicState, VmState
from .mark import CLOSED, RESTART, unmarked
from .plan import Host

VM: t.Final = "/metarouter"
NIC: t.Final = "/metarouter/interface"
VM_PROPERTIES: t.Final = (
    ".id",
    "name",
    "memory-size",
    "disk-size",
    "used-disk",
    "disk-reads",
    "disk-writes",
    "state",
    "disabled",
    "comment",
)
NIC_PROPERTIES: t.Final = (
    ".id",
    "virtual-machine",
    "type",
    "dynamic-bridge",
    "dynamic-mac-address",
    "static-interface",
    "vm-mac-address",
    "disabled",
    "active",
    "comment",
)
KIB: t.Final = 1024
MIB: t.Final = 1024 * 1024
SMALLEST_IN_BYTES: t.Final = 16 * MIB  # no guest has less memory, and none has as many MiB or kiB


def observe(api: Api, with_addresses: bool) -> tuple[dict[str, VmState], Host]:
    """All guests by name, and what they can be wired to. Three commands, and one more for the host's addresses."""
    try:
        vms = api.print(VM, VM_PROPERTIES)
    except TrapError as error:
        if is_unknown(error):
            raise missing_menu(read_board(api)) from error
        raise
    nics = api.print(NIC, NIC_PROPERTIES)
    interfaces = api.print("/interface", (".id", "name", "type", "mac-address"))
    addresses: dict[str, tuple[str, ...]] = {}
    if with_addresses:
        for row in api.print("/ip/address", ("address", "interface")):
            addresses[row["interface"]] = (*addresses.get(row["interface"], ()), row["address"])
    found = {row["name"]: vm_state(row, [nic for nic in nics if nic.get("virtual-machine") in (row["name"], row[".id"])]) for row in vms}
    return with_vifs(found, interfaces), Host({row["name"]: row.get("type", "") for row in interfaces}, addresses)


def read_states(api: Api) -> dict[str, str]:
    """Each guest's state, in one command."""
    return {row["name"]: state_of(row) for row in api.print(VM, ("name", "state", "disabled"))}


def read_board(api: Api) -> Board:
    """What the router says of itself."""
    row = api.print("/system/resource")[0]
    free = size(row.get("free-memory", ""), _memory_unit(row))
    return Board(
        name=row.get("board-name", ""),
        version=Version(row["version"].split()[0]),
        architecture=row.get("architecture-name") or row.get("cpu", ""),
        free_memory=None if free is None else free // MIB,
    )


def _memory_unit(resource: Row) -> int:
    """What a bare number of bytes or kiB counts: no board has so little memory as its number would be in the other."""
    total = resource.get("total-memory", "")
    return KIB if total.isdigit() and int(total) < SMALLEST_IN_BYTES else 1


def vm_state(row: Row, nics: list[Row]) -> VmState:
    """One guest from its row and those of its interfaces."""
    comment = unmarked(row.get("comment", ""))
    interfaces = nic_states(nics)
    in_bytes = _in_bytes(row)
    used = size(row.get("used-disk", ""), 1 if in_bytes else KIB)
    return VmState(
        id=row[".id"],
        name=row["name"],
        memory_size=_memory(row),
        disk_size=_disk(row.get("disk-size", UNLIMITED), in_bytes),
        used_disk=None if used is None else used // KIB,
        state=state_of(row),
        disabled=truth(row.get("disabled", "")),
        comment=comment.text,
        ours=comment.ours or any(nic.ours for nic in interfaces),
        disk_reads=_count(row.get("disk-reads", "")),
        disk_writes=_count(row.get("disk-writes", "")),
        pending=RESTART in comment.flags or any(nic.pending for nic in interfaces),
        interfaces=interfaces,
    )


def state_of(row: Row) -> str:
    """The guest's state; a disabled one has none of its own on some versions."""
    if row.get("state"):
        return row["state"]
    return "disabled" if truth(row.get("disabled", "")) else "stopped"


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _in_bytes(row: Row) -> bool:
    """Whether this row's bare numbers are bytes: its memory tells, as no guest has so many MiB or kiB."""
    text = row.get("memory-size", "")
    return text.isdigit() and int(text) >= SMALLEST_IN_BYTES


def _memory(row: Row) -> int | None:
    """MiB. A bare number is MiB up to the largest guest's 256, and bytes from the smallest's 16 MiB on; between them it is kiB."""
    text = row.get("memory-size", "")
    unit = MIB
    if text.isdigit() and int(text) > 256:
        unit = 1 if _in_bytes(row) else KIB
    found = size(text, unit)
    return None if found is None else found // MIB


def _disk(text: str, in_bytes: bool) -> Disk | None:
    """kiB, or UNLIMITED, which old versions print as `0kiB`."""
    if text in ("", UNLIMITED):
        return UNLIMITED
    found = size(text, 1 if in_bytes else KIB)
    if found is None:
        return None
    return found // KIB or UNLIMITED


def nic_states(rows: list[Row]) -> tuple[NicState, ...]:
    """A guest's interfaces by slot. Our mark names an interface's slot; others, and copies of marked ones, take the free ones in the order in
    which they were made, as the guest numbers its interfaces."""
    marked: dict[str, Row] = {}
    others: list[Row] = []
    for row in sorted(rows, key=lambda row: int(row[".id"].lstrip("*"), 16)):
        slot = unmarked(row.get("comment", "")).of
        if SLOT.fullmatch(slot) and slot not in marked:
            marked[slot] = row
        else:
            others.append(row)
    free = (slot for slot in (f"ether{number}" for number in range(1, len(rows) + len(marked) + 1)) if slot not in marked)
    slots = {**marked, **dict(zip(free, others, strict=False))}
    return tuple(_nic_state(slots[slot], slot) for slot in sorted(slots, key=lambda slot: int(slot[len("ether") :])))


def _nic_state(row: Row, slot: str) -> NicState:
    comment = unmarked(row.get("comment", ""))
    static = row.get("static-interface", "")
    static = "" if static == "none" else static
    kind = row.get("type") or ("static" if static else "dynamic")
    return NicState(
        id=row[".id"],
        name=slot,
        type=kind,
        dynamic_bridge="" if row.get("dynamic-bridge", "none") == "none" else row["dynamic-bridge"],
        dynamic_mac_address=row.get("dynamic-mac-address", "").upper(),
        static_interface=static,
        vm_mac_address=row.get("vm-mac-address", "").upper(),
        disabled=truth(row.get("disabled", "")),
        active=truth(row.get("active", "")),
        comment=comment.text,
        ours=comment.ours,
        closed=CLOSED in comment.flags,
        pending=RESTART in comment.flags,
        host_interface=static if kind == "static" else "",
    )


def with_vifs(guests: t.Mapping[str, VmState], interfaces: list[Row]) -> dict[str, VmState]:
    """The guests with the host's vif for each dynamic interface of one that runs.

    A vif bears the interface's dynamic-mac-address. Where none does, or this RouterOS shows no MAC addresses in /interface, the vifs of a
    single guest are told by their order; of several guests nobody knows whose is whose.
    """
    vifs = [row for row in interfaces if row.get("type") == "vif"]
    macs = {row["mac-address"].upper(): row["name"] for row in vifs if row.get("mac-address")}
    waiting = {name: [nic for nic in vm.interfaces if nic.type == "dynamic" and not nic.disabled] for name, vm in guests.items()}
    sides = {nic.id: macs[nic.dynamic_mac_address] for nics in waiting.values() for nic in nics if nic.dynamic_mac_address in macs}
    alone = [nics for name, nics in waiting.items() if nics and guests[name].state == "running"]
    if not sides and len(alone) == 1 and len(alone[0]) == len(vifs):
        ordered = sorted((row["name"] for row in vifs), key=lambda name: (len(name), name))
        sides = {nic.id: name for nic, name in zip(alone[0], ordered, strict=True)}

    def known(nic: NicState) -> NicState:
        return replace(nic, host_interface=sides.get(nic.id, "")) if nic.type == "dynamic" else nic

    return {name: replace(vm, interfaces=tuple(map(known, vm.interfaces))) for name, vm in guests.items()}
