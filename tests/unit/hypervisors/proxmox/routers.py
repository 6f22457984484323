# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers that run on the double, made and started as any client would."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.agent import Agents, PveAgentWay
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.connection import Api
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.node_shell import NodeShell
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.tasks import Tasks
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script, run

from tests.simulators.proxmox.asked import Asked, without_polling
from tests.simulators.proxmox.serving import ChrPve
from tests.simulators.routeros.agent import GuestAgent
from tests.simulators.routeros.router import Router

from .support import Options, api

NODE = "pve1"
PASSWORD = {"token_id": None, "token_secret": None, "user": "root@pam", "password": "secret"}
NET = "virtio=02:00:00:00:00:01,bridge=vmbr0"
RELEASES = ["7.4", "8.0", "8.4", "9.0"]
COUNT = ":global n; :set n ($n + 1); :put $n"


@dataclass
class Guest:
    """One running router, and the agents as the driver has them."""

    pve: ChrPve
    agents: Agents
    vmid: int

    @property
    def agent(self) -> GuestAgent:
        """Its far end."""
        agent = self.pve.machines[self.vmid].agent
        assert agent is not None
        return agent

    @property
    def router(self) -> Router:
        router = self.pve.machines[self.vmid].router
        assert router is not None
        return router

    def way(self) -> PveAgentWay:
        return self.agents.way(self.vmid, lambda ask: ask(f"nodes/{NODE}/qemu/{self.vmid}"), None)

    def asked(self) -> list[Asked]:
        """What its agent was asked since the last time, without polling."""
        found = [one for one in without_polling(self.pve.asked) if f"/qemu/{self.vmid}/agent/" in one.path]
        self.pve.asked.clear()
        return found


def boot(
    pve: ChrPve, options: Options, proxmox: Api, *, shell: NodeShell | None = None, vmid: int = 100, version: str = "7.20.8", **config: t.Any
) -> Guest:
    """Make a guest of a RouterOS version, and start it."""
    pve.host_files["/root/chr.raw"] = f"vrouter.version={version} ".encode().ljust(70_000, b"\0")
    disk = "local-lvm:0,import-from=/root/chr.raw"
    wanted = {"name": f"edge{vmid}", "agent": 1, "virtio0": disk, "net0": NET, "boot": "order=virtio0", **config}
    with api({**options, **PASSWORD}) as root:
        tasks = Tasks(root)
        tasks.carry_out(lambda: root.post(f"nodes/{NODE}/qemu", vmid=vmid, **wanted), "create")
        tasks.carry_out(lambda: root.post(f"nodes/{NODE}/qemu/{vmid}/status/start"), "start")
    pve.asked.clear()
    return Guest(pve, Agents(proxmox, shell), vmid)


def said(guest: Guest, source: str) -> str:
    """What a script prints, by a new way."""
    return run(guest.way(), Script("test", source)).output or ""


Boot = t.Callable[..., Guest]
