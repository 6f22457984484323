# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules tell of a RouterBOARD and its MetaROUTER guests (private)."""

from __future__ import annotations

import typing as t

from .._core.text import readable
from .._routeros.api import Api
from . import boards
from .guest import VmState
from .read import observe, read_board


def holds(path: str, after: t.Any, now: VmState | None) -> bool:
    """Whether a change is to be seen in the guest as it stands now."""
    if path == "exists":
        return bool(after) == (now is not None)
    if now is None:
        return False
    if not path.startswith("interfaces."):
        return bool(getattr(now, path, None) == after)
    dummy, slot, key = path.split(".")
    nic = now.nic(slot)
    if key == "exists":
        return bool(after) == (nic is not None)
    return nic is not None and bool(getattr(nic, key, None) == after)


def guest_facts(found: VmState | None) -> dict[str, t.Any]:
    """What modules return of one guest."""
    if found is None:
        return {"exists": False}
    facts = {key: value for key, value in vars(found).items() if key not in ("id", "interfaces", "name", "pending")}
    nics = [{key: value for key, value in vars(nic).items() if key not in ("id", "pending")} for nic in found.interfaces]
    return {"exists": True, **facts, "restart_needed": found.restart_needed, "interfaces": nics}


def read_guests(api: Api, names: t.Collection[str]) -> dict[str, t.Any]:
    """The host, and what it holds of each named guest, or of all."""
    found, host = observe(api, with_addresses=True)
    board = read_board(api)
    errors, warnings = boards.known_issues(board)
    told: dict[str, t.Any] = {
        "host": {
            "board": board.name,
            "version": str(board.version),
            "architecture": board.architecture,
            "free_memory": board.free_memory,
            "guests_free": boards.MAX_GUESTS - len(found),
            "interfaces_free": boards.MAX_INTERFACES - sum(len(vm.interfaces) for vm in found.values()),
            "issues": [str(error) for error in errors] + warnings,
            "addresses": {name: list(addresses) for name, addresses in host.addresses.items()},
        },
        "guests": {name: {"name": name, **guest_facts(found.get(name))} for name in names or sorted(found)},
    }
    return t.cast("dict[str, t.Any]", readable(told))
