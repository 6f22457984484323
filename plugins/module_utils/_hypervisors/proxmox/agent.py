# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way into a router through its guest agent, as Proxmox VE gives it (private).

The dialogue with the agent is Proxmox VE's own, so little of _routeros/qga.py is of use here: of the agent's answers only what the API makes of them
comes back.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import typing as t
from contextlib import suppress
from dataclasses import dataclass

from ..._core.errors import GuestError, LostError, RouterError, UnsupportedError
from ..._core.text import quote
from ..._core.waiting import Deadline
from ..._routeros.agent_facts import agent_facts
from ..._routeros.ascii_source import ascii_source
from ..._routeros.qga import NO_AGENT
from ..._routeros.script import EXIT_DONE, GUARD_TIMEOUT, follow
from ..._routeros.way import Credential, Ended, Pace
from . import file_scripts
from .agent_files import AgentFiles
from .agent_ladder import PACE, FileRung, InputRung, Known, Ladder, NodeRung, Rung, fresh_name
from .agent_limits import part
from .agent_line import AgentLine, At, AwayError
from .connection import Api
from .node_shell import NodeShell
from .properties import is_on, parse

FIRST_PING: t.Final = 0.5  # seconds between two pings, growing; Proxmox VE itself waits 3 for an answer
SLOWEST_PING: t.Final = 2.0
NO_KVM: t.Final = "CHR has a guest agent only where it sees KVM: take that out of the guest's configuration, and restart it"


class Agents:
    """The agents of one cluster's guests."""

    def __init__(self, api: Api, shell: NodeShell | None) -> None:
        self._api = api
        self._shell = shell
        self._known: dict[int, Known] = {}
        self._lock = threading.Lock()

    def way(self, vmid: int, at: At, is_open: bool | None) -> PveAgentWay:
        """The way into a guest. All ways into one guest take turns, and know what one of them found out."""
        with self._lock:
            known = self._known.setdefault(vmid, Known())
        line = AgentLine(self._api, at, known.turn)
        rungs: list[Rung] = [InputRung(line), FileRung(line)]
        return PveAgentWay(line, Ladder(line, known, rungs + ([NodeRung(line, self._shell)] if self._shell else [])), is_open)


@dataclass
class _Job:
    """A script that was handed over."""

    source: str
    marker: str
    rung: Rung
    pid: int
    ended: Ended | None = None  # an agent may tell it once only


class PveAgentWay:
    """One running guest's agent, as a way into its router. It logs in nowhere: who may ask the agent is let in."""

    name = "guest_agent"
    returns_text = True
    logs_in = False
    pace: Pace = PACE

    def __init__(self, line: AgentLine, ladder: Ladder, is_open: bool | None) -> None:
        self._line = line
        self._ladder = ladder
        self._jobs: dict[int, _Job] = {}
        self._numbers = itertools.count(1)
        self.is_open = is_open
        self.files = AgentFiles(self, line)

    def wait(self, timeout: float) -> None:
        """Ping the agent until it answers. What no patience mends (no agent, a guest that is off, a missing privilege) is told at once."""
        silence: GuestError | None = None
        for dummy in Deadline(timeout).looks(FIRST_PING, SLOWEST_PING):
            try:
                self._line.ping()
                return
            except (AwayError, LostError) as error:
                silence = error
        hidden = self._hides_kvm() if timeout else ""
        found = hidden or (silence.found if silence else "")
        raise GuestError(f"the guest agent did not answer within {timeout:g} s", found=found, remedy=NO_KVM if hidden else NO_AGENT) from silence

    def _hides_kvm(self) -> str:
        """What of a running guest's configuration keeps it from seeing KVM; empty for nothing, and where nobody says."""
        with suppress(RouterError):
            config = self._line.reach(lambda path: self._line.api.get(f"{path}/config", current=True), "config")
            if not is_on(config.get("kvm", 1)):
                return "kvm: 0"
            if is_on(parse(str(config.get("cpu", "")), "cputype").get("hidden", "0")):
                return f"cpu: {config['cpu']}"
        return ""

    def log_in(self, credentials: t.Sequence[Credential]) -> None:
        """Nobody asks."""

    def start(self, source: str) -> int:
        """Hand a script over, with a last line of our own, without which its end is not known. What ends itself earlier has an unknown end, too."""
        marker = f"vrouter.mikrotik: end {secrets.token_hex(4)}"
        marked = f"{ascii_source(source)}\n\n:put {quote(marker)}\n"
        number = next(self._numbers)
        self._jobs[number] = _Job(marked, marker, *self._ladder.start(marked, self._shortened))
        return number

    def poll(self, job: int) -> Ended | None:
        known = self._jobs[job]
        if known.ended is None:
            known.ended = self._look(known)
        return known.ended

    def _look(self, job: _Job) -> Ended | None:
        ended = self._ladder.poll(job.pid)
        if ended is None:
            return None
        before, marker, after = ended.output.rpartition(f"{job.marker}\n")
        if marker:
            self._ladder.prove()
            return Ended(ended.exit_code, before + after)
        return self._without_marker(job, ended)

    def _without_marker(self, job: _Job, ended: Ended) -> Ended | None:
        """Where nothing at all runs on that rung, the script did not, and is handed over on the next."""
        if not self._useless(job.rung):
            return Ended(None if ended.exit_code == EXIT_DONE else ended.exit_code, ended.output)
        self._ladder.leave(job.rung, f"exit code {ended.exit_code}, and nothing was run")
        try:
            job.rung, job.pid = self._ladder.start(job.source, self._shortened)
        except LostError as error:
            return Ended(None, str(error))
        return None

    def _useless(self, rung: Rung) -> bool:
        """Whether it is certain that a rung runs nothing."""
        try:
            return not self._ladder.runs(rung)
        except GuestError:
            return False

    def facts(self) -> dict[str, t.Any]:
        """In two exchanges."""
        return agent_facts(self, self._line.simple("network-get-interfaces"))

    def _shortened(self, source: str) -> str:
        """A short script that runs a long one, which is on the router in several files by then."""
        if not self.files.reads_pieces:
            raise UnsupportedError(
                f"the script is too long: {len(source)} characters do not go to the agent at once",
                found=f"RouterOS before {file_scripts.READS_PIECES}, which cannot put it together",
                remedy="Split the script",
            )
        names: list[str] = []
        step = part(self._line.api.version)
        try:
            for start in range(0, len(source), step):
                names.append(fresh_name("txt"))
                self._line.write_file(names[-1], source[start : start + step].encode())
        except RouterError:
            with suppress(RouterError):
                follow(self, file_scripts.remove(names), GUARD_TIMEOUT)
            raise
        return file_scripts.run_parts(names, len(source))
