# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests stand on: guests in memory, and simulated routers behind their guest agent."""

from __future__ import annotations

import json
import typing as t
from contextlib import suppress

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, LostError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.carry_out import carry_out
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestState, Mark, NicState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Report
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.qga import AgentWay, Request
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import EXIT_FAILED, EXIT_TIMED_OUT
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Credential, Ended, Pace

from tests.contract.memory import DISK, PLATFORM, MemoryHypervisor
from tests.simulators.routeros.agent import GuestAgent
from tests.simulators.routeros.guest_programs import GuestPrograms, LoginRefusedError, Program
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

UUID = "5f4a3c5e-0000-4000-8000-000000000001"
OTHER_UUID = "5f4a3c5e-0000-4000-8000-000000000002"


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def nic(number: int, **values: t.Any) -> NicState:
    """etherN, wired to netN with its link down."""
    defaults: dict[str, t.Any] = {"mac": PLATFORM.macs.derive(UUID, number), "model": PLATFORM.nic_model, "network": f"net{number}", "link": False}
    return NicState(f"ether{number}", **{**defaults, **values})


def state(name: str = "edge1", **values: t.Any) -> GuestState:
    """A guest of ours as a hypervisor would show it: two interfaces, stopped, not configured."""
    defaults: dict[str, t.Any] = {
        "hypervisor": PLATFORM.key,
        "uuid": UUID,
        "id": "id-1",
        "location": "upper",
        "power": "stopped",
        "mark": Mark(version="7.20.8", image="chr.img", guest_uuid=UUID, disk_id=DISK),
        "cpus": 1,
        "memory": 1024,
        "disk_bus": "virtio",
        "own": {"machine": "pc", "speed": "slow"},
        "serial_console": True,
        "agent": True,
        "autostart": True,
        "description": "",
        "interfaces": (nic(1), nic(2)),
    }
    return GuestState(name, **{**defaults, **values})


def applied(plan: GuestPlan) -> GuestState | None:
    """What a hypervisor holds after every change of a plan."""
    memory = MemoryHypervisor(*([plan.found] if plan.found else []))
    carry_out(memory, plan, Report(plan.spec.name, quiet))
    return memory.guests.get(plan.spec.name)


class SimulatedChannel:
    """A hypervisor's agent channel to a simulated agent in this process."""

    def __init__(self, agent: GuestAgent) -> None:
        self._agent = agent

    def ask(self, request: Request, timeout: int) -> t.Any:
        answer = self._agent.receive(json.dumps(request).encode() + b"\n")
        if not answer:
            raise LostError(f"the guest agent did not answer {request['execute']}")
        reply = json.loads(answer)
        if "error" in reply:
            raise GuestError(f"the guest agent refused {request['execute']}", found=reply["error"]["desc"])
        return reply["return"]

    def tell(self, request: Request, timeout: int) -> None:
        assert self._agent.receive(json.dumps(request).encode() + b"\n") == b"", "CHR never answers this command"

    def wait(self, timeout: float) -> None:
        self.ask({"execute": "guest-ping"}, 1)


class SimulatedWay(AgentWay):
    """The dialogue with a guest agent, spoken to a simulated one; only the wire is replaced."""

    def __init__(self, agent: GuestAgent) -> None:
        super().__init__(SimulatedChannel(agent), is_open=None)
        self.started: list[str] = []  # every script that was handed over

    def start(self, source: str) -> int:
        self.started.append(source)
        return super().start(source)


class ExitCodeWay:
    """A way without text: it gives an exit code, at most once, and moves no files."""

    name = "guest_programs"
    returns_text = False
    pace = Pace()
    files = None

    def __init__(self, programs: GuestPrograms) -> None:
        self._programs = programs
        self._credentials: t.Sequence[Credential] = (Credential("nobody"),)
        self.logs_in = programs.logs_in
        self.is_open: bool | None = None
        self.started: list[str] = []  # every script that was handed over

    def wait(self, timeout: float) -> None:
        if not self._programs.open_port:
            raise GuestError("the guest's tools do not answer")

    def log_in(self, credentials: t.Sequence[Credential]) -> None:
        self._credentials = credentials

    def start(self, source: str) -> int:
        self.started.append(source)
        return int(self.call("start", {"source": source}))

    def poll(self, job: int) -> Ended | None:
        found: list[Program] = self.call("list", {"pid": job})
        if not found:
            return Ended(None)
        program = found[0]
        cut = program.exit_code == EXIT_FAILED and program.end - program.began >= self._programs.script_timeout
        return Ended(EXIT_TIMED_OUT if cut else program.exit_code) if program.ended else None

    def call(self, command: str, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """One exchange, with the first login that the router takes; the one that it took last is tried first."""
        if not self._programs.open_port:
            raise LostError(f"the guest's tools did not answer {command}")
        for credential in self._credentials:
            with suppress(LoginRefusedError):
                answer = getattr(self._programs, command)(**arguments or {}, **vars(credential))
                self._credentials = sorted(self._credentials, key=lambda one: one != credential)
                return answer
        raise GuestError("the router refuses every login that was given", remedy="Name the current one in router_credentials")

    def facts(self) -> dict[str, t.Any]:
        raise AssertionError("asked of a way that returns no text")


class Chr:
    """One simulated CHR: its machine, its router, its agents and the way in, which is the one with text unless `plug` says otherwise."""

    def __init__(self, platform: MemoryPlatform | None = None, *, logs_in: bool = False, exit_codes: bool = True, **agent: t.Any) -> None:
        self.platform = platform or MemoryPlatform(ports=2)
        self.router = Router(self.platform, UUID)
        self.router.boot()
        self.exit_code_way = ExitCodeWay(GuestPrograms(self.router, logs_in=logs_in, exit_codes=exit_codes, **agent))
        self.way: SimulatedWay | ExitCodeWay = SimulatedWay(GuestAgent(self.router, **agent))

    def give_no_text(self) -> Chr:
        """Take the way without text from now on."""
        self.way = self.exit_code_way
        return self

    def cable(self, slot: int, link: bool) -> None:
        """Plug or unplug the wire of etherN."""
        self.platform.set_running(f"eth{slot - 1}", link)

    def ask(self, expression: str) -> str:
        """What a RouterOS expression evaluates to."""
        result = self.router.execute(f":put {expression}")
        assert result.exit_code == 0, result.output
        return result.output.replace("\r\n", "\n").removesuffix("\n")

    def count(self, menu: str, where: str) -> int:
        """How many items of a menu match."""
        return int(self.ask(f"[:len [{menu} find where {where}]]"))
