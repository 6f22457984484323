# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of first boot share: a running guest, its description, and one run over it."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot import wanted as boot
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import Boot, boot_routers
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import DONE_LINE
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestSpec, GuestState, Nic

from tests.contract.memory import MemoryHypervisor
from tests.unit.support import quiet, state

PASSWORD = 'correct "horse"'
RUN = RunOptions(check_mode=False, agent_timeout=1, concurrency=4)
CHECK = RunOptions(check_mode=True, agent_timeout=1, concurrency=4)


def running(name: str = "edge1", **values: t.Any) -> GuestState:
    return state(name, **{"power": "running", "agent_connected": True, **values})


def wanted(name: str = "edge1", *, reapply: bool = False, link: bool = True, **options: t.Any) -> Boot:
    given = {"name": name, "admin_password": PASSWORD, "identity": name, "interfaces": ["ether1", "ether2"], **options}
    nics = tuple(Nic(slot, link=link) for slot in ("ether1", "ether2"))
    return Boot(boot.parse(given), GuestSpec(name, interfaces=nics), reapply)


def go(hypervisor: MemoryHypervisor, *boots: Boot, options: RunOptions = RUN) -> dict[str, Outcome]:
    return boot_routers(hypervisor, {item.links.name: item for item in boots}, options, quiet)


def one(hypervisor: MemoryHypervisor, item: Boot | None = None, options: RunOptions = RUN) -> Outcome:
    return go(hypervisor, item or wanted(), options=options)["edge1"]


def said(hypervisor: MemoryHypervisor, words: str) -> str:
    """What an error tells of RouterOS's own words: where no text comes back, that there are none."""
    return words if hypervisor.returns_text else "an exit code alone, as guest_programs gives no text back"


def boot_scripts(hypervisor: MemoryHypervisor) -> int:
    """How often a first-boot script was handed to the router."""
    return sum(DONE_LINE in source for source in hypervisor.routers["edge1"].way.started)
