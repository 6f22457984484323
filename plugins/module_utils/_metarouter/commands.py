# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to a RouterBOARD to make, change and remove MetaROUTER guests and their interfaces (private)."""

from __future__ import annotations

import typing as t

from .._core.changes import Change
from .._core.errors import GuestError, RefusedError, TrapError, UnsupportedError
from .._core.text import boolean
from .._routeros.api import Api
from .guest import NicState, VmSpec, VmState
from .mark import CLOSED, RESTART, marked, unmarked
from .plan import VIRTUAL_ETHERNET, NicPlan, VmPlan
from .read import NIC, VM

ADDRESS: t.Final = "/ip/address"
HOST_INTERFACE: t.Final = f"/interface/{VIRTUAL_ETHERNET}"
NO_COMMENTS: t.Final = "this RouterOS keeps no comments for guests, so it is marked by its interfaces only"


def words(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Properties by the module's names and values, as RouterOS takes them."""
    return {name.replace("_", "-"): _word(value) for name, value in values.items()}


def _word(value: t.Any) -> str:
    return boolean(value) if isinstance(value, bool) else str(value)


def add_guest(api: Api, spec: VmSpec) -> tuple[str, list[str]]:
    """Make a guest, disabled, so that it does not start before it is wired. Returns its id, and warnings."""
    return _marked_write(lambda values: api.add(VM, {**values, "disabled": boolean(True)}), spec)


def name_guest(api: Api, item: str, spec: VmSpec) -> list[str]:
    """Give an imported guest its name, sizes and mark, all at once: what bears no mark is not ours yet. Returns warnings."""
    dummy, warnings = _marked_write(lambda values: api.set(VM, item, values), spec)
    return warnings


Written = t.TypeVar("Written")


def _marked_write(write: t.Callable[[dict[str, str]], Written], spec: VmSpec) -> tuple[Written, list[str]]:
    """Write what a new guest is. Returns what writing returned, and warnings."""
    values = words({"name": spec.name, "memory_size": spec.new_memory})
    if spec.disk_size is not None:
        values["disk-size"] = str(spec.disk_size)
    try:
        return write({**values, "comment": marked(spec.comment or "")}), []
    except TrapError as error:
        _comment_only(error, spec)
        return write(values), [NO_COMMENTS]


def _comment_only(error: TrapError, spec: VmSpec) -> None:
    """Raise, unless all that is missing is the place for our mark."""
    if "comment" not in error.text:
        raise error
    if spec.comment:
        raise UnsupportedError("comment: this RouterOS keeps none for guests", found=error.text, remedy="Leave comment out") from error


def set_guest(api: Api, found: VmState, plan: VmPlan) -> tuple[bool, list[str]]:
    """Change a guest's own properties, and remember whether they count only after a restart: whether it could be, and warnings."""
    sizes = words({key: plan.after(key) for key in ("memory_size", "disk_size") if plan.after(key) is not None})
    text = plan.after("comment")
    if text is None and plan.after("ours") is None and plan.pending == found.pending:
        _set_own(api, found.id, sizes)
        return True, []
    comment = marked(found.comment if text is None else text, flags=[RESTART] if plan.pending else [])
    try:
        _set_own(api, found.id, {**sizes, "comment": comment})
    except TrapError as error:
        _comment_only(error, plan.spec)
        _set_own(api, found.id, sizes)
        return plan.pending == found.pending, [NO_COMMENTS] if plan.after("ours") else []
    return True, []


def _set_own(api: Api, item: str, values: t.Mapping[str, str]) -> None:
    sizes = [name.replace("-", "_") for name in values if name.endswith("-size")]
    try:
        if values:
            api.set(VM, item, values)
    except TrapError as error:
        if "comment" in error.text or not sizes:
            raise
        remedy = "If it is because the guest runs, use state: restarted"
        raise GuestError(f"{', '.join(sizes)} cannot be changed now", found=error.text, remedy=remedy) from error


def note_restart(api: Api, guest: str, pending: bool) -> None:
    """Remember on the first of its interfaces what this RouterOS has no place for on the guest itself."""
    rows = [row for row in api.print(NIC, (".id", "comment"), f"?virtual-machine={guest}") if unmarked(row.get("comment", "")).ours]
    for row in rows[:1]:
        comment = unmarked(row["comment"])
        flags = (comment.flags - {RESTART}) | ({RESTART} if pending else set())
        api.set(NIC, row[".id"], {"comment": marked(comment.text, comment.of, flags)})


def apply_nic(api: Api, guest: str, plan: NicPlan) -> None:
    """Make, change or remove one interface; addresses on the host's side are set when the guest runs."""
    nic = plan.wanted
    if nic.state == "absent":
        if plan.found is not None:
            remove_nic(api, guest, plan.found)
        return
    if plan.makes_host_interface:
        api.add(HOST_INTERFACE, {"name": nic.host_name or "", "comment": marked("", f"{guest}/{nic.name}")})
    values = plan.values()
    comment = values.pop("comment", None)
    flags = [*([CLOSED] if plan.closed else []), *([RESTART] if plan.found is not None and plan.found.pending else [])]
    if plan.found is None:
        api.add(NIC, {"virtual-machine": guest, **words(values), "comment": marked(comment or "", nic.name, flags)})
    elif values or comment is not None or not plan.found.ours:
        text = comment if comment is not None else plan.found.comment
        _set_nic(api, plan.found.id, {**words(values), "comment": marked(text, nic.name, flags)})


def _set_nic(api: Api, item: str, values: t.Mapping[str, str]) -> None:
    """How a RouterOS takes an interface out of its bridge is documented nowhere: by an empty value, or by `none`."""
    try:
        api.set(NIC, item, values)
    except TrapError as error:
        if values.get("dynamic-bridge") != "" or "dynamic-bridge" not in error.text:
            raise
        api.set(NIC, item, {**values, "dynamic-bridge": "none"})


def remove_nic(api: Api, guest: str, nic: NicState) -> None:
    """Remove an interface, the addresses that we put on the host's side of it, and a virtual-ethernet that we made for it."""
    mine = f"?comment={marked('', f'{guest}/{nic.name}')}"
    for row in api.print(ADDRESS, (".id",), mine):
        api.act(ADDRESS, "remove", row[".id"])
    api.act(NIC, "remove", nic.id)
    if nic.static_interface:
        for row in api.print(HOST_INTERFACE, (".id",), mine):
            api.act(HOST_INTERFACE, "remove", row[".id"])


def add_addresses(api: Api, guest: str, change: Change, interface: str) -> None:
    """Put the missing addresses on the host's side of an interface; one of ours that stands on a vif of before moves here."""
    slot = change.field.split(".")[1]
    mark = marked("", f"{guest}/{slot}")
    standing = {row["address"]: row for row in api.print(ADDRESS, (".id", "address", "interface", "comment"))}
    for text in change.after:
        row = standing.get(text)
        if row is None:
            api.add(ADDRESS, {"address": text, "interface": interface, "comment": mark})
        elif row["interface"] != interface:
            if row.get("comment") != mark:
                raise RefusedError(
                    f"interfaces.{slot}.host_addresses: {text} stands on {row['interface']} already", remedy="Remove it there, or choose another"
                )
            api.set(ADDRESS, row[".id"], {"interface": interface})


def remove_guest(api: Api, plan: VmPlan) -> None:
    """Remove a stopped guest and all that we made for it."""
    if plan.found is None:
        return
    for nic in plan.found.interfaces:
        remove_nic(api, plan.spec.name, nic)
    api.act(VM, "remove", plan.found.id)
