# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How these tests ask for guests."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.converge import Terms, converge
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.guest import parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api import Api

from tests.simulators.routerboard.board import Board
from tests.waiting import PATIENCE

TERMS = Terms(check_mode=False, timeout=PATIENCE, import_timeout=PATIENCE)
IMAGE = "openwrt-mr-mips-rootfs.tgz"

Wanted = dict[str, t.Any]


def guest(name: str = "client1", **more: t.Any) -> Wanted:
    """Most of these tests have nothing to do with passwords, so its interfaces are open from the first."""
    given = {"name": name, "state": "started", "guest_os": "routeros", "adopt": False, "configured": False, "open_before_configured": True, **more}
    return {**given, "interfaces": [{"state": "present", **nic} for nic in given.get("interfaces", [])]}


def silent(name: str, what: str) -> None:
    """Nobody looks at the progress."""


def run(api: Api, *guests: Wanted, terms: Terms = TERMS, progress: Progress = silent) -> dict[str, Outcome]:
    specs, errors = parse_guests(guests)
    assert not errors, errors
    return converge(api, specs, terms, progress)


def one(api: Api, terms: Terms = TERMS, **more: t.Any) -> Outcome:
    """One guest, which must succeed."""
    outcome = run(api, guest(**more), terms=terms)["client1"]
    assert outcome.error is None, outcome.error
    return outcome


def watch(board: Board) -> list[str]:
    """Whoever stands on a guest's wires: fills with the guests that could be reached there while their first user had no password."""
    seen: list[str] = []
    refresh = board.hosting.refresh

    def look() -> None:
        refresh()
        for machine in board.hosting.machines.values():
            users = machine.router.table("/user").items() if machine.router is not None else []
            if machine.machine.port_list and any(not user.values.get("password") for user in users if user.values["name"] == "admin"):
                seen.append(f"{machine.number}: {machine.machine.port_list}")

    board.hosting.refresh = look  # type: ignore[method-assign]
    return seen


def fields(outcome: Outcome) -> set[str]:
    return {change.field for change in outcome.changes}
