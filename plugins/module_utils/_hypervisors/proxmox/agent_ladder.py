# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How scripts get to CHR's agent past Proxmox VE: several rungs, of which the first that works is remembered (private).

Facts on Proxmox VE, 1.6: the API cannot say "no program, only input" from 8.0 on. An empty list says it nearly; whether CHR takes that for none is
not measured. What is documented is that CHR executes a file that is named. A rung is left only where it is certain that the script was not run.
"""

from __future__ import annotations

import secrets
import threading
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ..._core.errors import GuestError, LostError, UnreachableError
from ..._core.text import quote
from ..._routeros.script import GUARD_TIMEOUT, follow
from ..._routeros.way import Ended, Pace
from . import file_scripts
from .agent_limits import STDIN, TAKES_LISTS, takes_file, takes_input
from .agent_line import AgentLine, AwayError, RefusedCommandError
from .connection import NodeError
from .node_shell import NodeShell

PACE: t.Final = Pace(0.05, 0.5)  # a look is a request, for which Proxmox VE asks the agent twice
ALL_USELESS: t.Final = "Give proxmox.ssh_user: on the node itself, qm guest exec hands scripts over in the form that CHR documents"


@dataclass
class Known:
    """What is known of one guest's agent here, by everybody who asks it."""

    turn: threading.Lock = field(default_factory=threading.Lock)  # one client at a time
    useless: dict[str, str] = field(default_factory=dict)  # rungs that run nothing there, and why
    proven: bool = False  # whether the first of the others has run something


class Rung(t.Protocol):
    """One form in which a script is handed over."""

    title: str
    leaves_source: bool  # whether the source lies on a router that does not run it

    def takes(self, source: str) -> bool:
        """Whether it is short enough."""

    def start(self, source: str) -> int:
        """Hand it over; its number with the agent. Raises RefusedCommandError where it is certain that it does not run."""


class InputRung:
    """The script as `input-data`, and no program. Before 8.0 a form says that, later a JSON body with an empty list."""

    title = "agent/exec with input-data"
    leaves_source = False

    def __init__(self, line: AgentLine) -> None:
        self._line = line

    def takes(self, source: str) -> bool:
        return takes_input(self._line.api.version, source)

    def start(self, source: str) -> int:
        fields: dict[str, t.Any] = {"command": []} if self._line.api.version >= TAKES_LISTS else {}
        return int(self._line.post("exec", **fields, **{"input-data": source})["pid"])


class FileRung:
    """A file that CHR executes. It is one block, of which nothing runs unless all of it has come, and it removes itself before anything else."""

    title = "agent/file-write and agent/exec of the file"
    leaves_source = True

    def __init__(self, line: AgentLine) -> None:
        self._line = line

    def takes(self, source: str) -> bool:
        return takes_file(self._line.api.version, _in_a_file(fresh_name("rsc"), source))

    def start(self, source: str) -> int:
        name = fresh_name("rsc")
        self._line.write_file(name, _in_a_file(name, source))
        command = [name] if self._line.api.version >= TAKES_LISTS else name
        return int(self._line.post("exec", command=command)["pid"])


class NodeRung:
    """The command of the node itself, which can say "no program, only input" on every release."""

    title = "qm guest exec on the node"
    leaves_source = False

    def __init__(self, line: AgentLine, shell: NodeShell) -> None:
        self._line = line
        self._shell = shell

    def takes(self, source: str) -> bool:
        return len(source) <= STDIN

    def start(self, source: str) -> int:
        return self._line.reach(lambda path: self._shell.exec(*_node_and_vmid(path), source), "exec")


def _node_and_vmid(path: str) -> tuple[str, int]:
    dummy, node, dummy, vmid = path.split("/")
    return node, int(vmid)


def fresh_name(ending: str) -> str:
    """For a file of ours, which nobody else writes or runs."""
    return f"vrouter-mikrotik-{secrets.token_hex(4)}.{ending}"


def _in_a_file(name: str, source: str) -> bytes:
    return f"{{\n{file_scripts.remove([name])}\n:local run [:parse {quote(source)}]\n$run\n}}\n".encode()


Shorten = t.Callable[[str], str]  # a script that does the same as one that is too long for a rung


class Ladder:
    """The rungs for one guest, from the first on."""

    def __init__(self, line: AgentLine, known: Known, rungs: t.Sequence[Rung]) -> None:
        self._line = line
        self._known = known
        self._rungs = rungs

    def start(self, source: str, shorten: Shorten) -> tuple[Rung, int]:
        """Hand a script over on the first rung that takes it; which that was, and the script's number there. Raises GuestError and LostError."""
        for rung in self._rungs:
            if rung.title in self._known.useless:
                continue
            try:
                fits = rung.takes(source)
                if (rung.leaves_source or not fits) and not self.runs(rung):
                    self.leave(rung, "nothing was run")
                    continue
                return rung, rung.start(source if fits else shorten(source))
            except RefusedCommandError as error:
                if self._known.proven and rung.title not in self._known.useless:
                    raise
                self.leave(rung, error.found)
        found = "; ".join(f"{title}: {why}" for title, why in self._known.useless.items())
        raise GuestError("Proxmox VE cannot hand scripts to this router's agent", found=found, remedy=ALL_USELESS)

    def poll(self, pid: int) -> Ended | None:
        return _status(self._line, pid)

    def runs(self, rung: Rung) -> bool:
        """Whether a rung runs scripts at all, found out with a harmless one unless it is known. Raises GuestError."""
        if rung.title in self._known.useless:  # somebody else found out meanwhile, and may have proven the next
            return False
        if self._known.proven:
            return True
        mark = f"vrouter.mikrotik: {secrets.token_hex(4)}"
        try:
            ended = follow(_Probe(self._line, rung), f":put {quote(mark)}", GUARD_TIMEOUT)
        except LostError as error:  # no script of the user's has begun
            raise GuestError("whether scripts can be handed over cannot be found out", found=str(error), remedy="Run again") from error
        if mark not in ended.output:
            return False
        self.prove()
        return True

    def prove(self) -> None:
        """A script did run."""
        self._known.proven = True

    def leave(self, rung: Rung, why: str) -> None:
        """Never use a rung again."""
        self._known.useless[rung.title] = why


class _Probe:
    """One rung, for a script that may be run any number of times."""

    name = "guest_agent"
    returns_text = True
    pace = PACE

    def __init__(self, line: AgentLine, rung: Rung) -> None:
        self._line = line
        self.start = rung.start

    def poll(self, job: int) -> Ended | None:
        return _status(self._line, job)


def _status(line: AgentLine, pid: int) -> Ended | None:
    """How a script ended; None while it runs. Raises LostError where nobody said, which may be asked again."""
    try:
        said = line.get("exec-status", pid=pid)
    except (AwayError, NodeError, UnreachableError) as error:
        raise LostError("how the script ended was not told", found=str(error)) from error
    return Ended(said.get("exitcode"), _text(str(said.get("out-data", "")))) if said["exited"] else None


def _text(said: str) -> str:
    """Proxmox VE shows each byte of an output as a character."""
    with suppress(UnicodeEncodeError):  # it does so no more
        said = said.encode("latin-1").decode("utf-8", "replace")
    return said.replace("\r\n", "\n")
