# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One guest's agent, as Proxmox VE's API gives it (private).

Facts on Proxmox VE, 1.6: every call pings the agent first, and almost every refusal is a 500 whose text says which it was. Errors of the simple
commands come with 200. The agent's socket serves one client at a time.
"""

from __future__ import annotations

import base64
import re
import threading
import typing as t

from ..._core.errors import GuestError, HypervisorError, LostError
from ..._routeros.qga import SILENT_AGENT
from .connection import Api, NodeError, PveError, UnansweredError

Answer = t.TypeVar("Answer")

_UNCONFIGURED: t.Final = re.compile(r"no (qemu )?guest agent configured", re.IGNORECASE)
_STOPPED: t.Final = re.compile(r"VM \d+ (is )?not running")
_AWAY: t.Final = re.compile(r"guest agent is not running|unable to connect to VM \d+ qga socket", re.IGNORECASE)
_UNHEARD: t.Final = re.compile(r"command '(?P<command>guest-[a-z-]+)' failed - ")
_REFUSED: t.Final = "Agent error: "
_NEVER_SENT: t.Final = 595  # the API host did not get as far as the node; 596 and above: its answer did not come


class At(t.Protocol):
    """Asks something at a guest's path, wherever the guest is now."""

    def __call__(self, ask: t.Callable[[str], Answer], /) -> Answer: ...


class AwayError(GuestError):
    """The agent does not answer: what was to be asked was not. It may do so later."""


class RefusedCommandError(GuestError):
    """The agent, or Proxmox VE before it, refused a command: it was not carried out."""


class UnheardError(LostError):
    """The agent gave no answer to one of its commands, which it may have carried out."""

    def __init__(self, command: str, text: str) -> None:
        self.command = command
        super().__init__(f"the guest agent did not answer {command}", found=text, remedy=SILENT_AGENT)


class AgentLine:
    """Asks one guest's agent, one thing at a time. What the router or its agent fails in is a GuestError, what Proxmox VE does a HypervisorError."""

    def __init__(self, api: Api, at: At, turn: threading.Lock) -> None:
        self.api = api
        self._at = at
        self._turn = turn  # everybody's who asks this guest's agent

    def ping(self) -> None:
        self.post("ping")

    def get(self, command: str, /, **fields: t.Any) -> t.Any:
        return self._ask(self.api.get, command, fields)

    def post(self, command: str, /, **fields: t.Any) -> t.Any:
        return self._ask(self.api.post, command, fields)

    def simple(self, command: str) -> t.Any:
        """What one of the commands without arguments returned."""
        result = self.get(command)["result"]
        if isinstance(result, dict) and "error" in result:
            raise RefusedCommandError(f"the guest agent refused {command}", found=str(result["error"].get("desc", "")))
        return result

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file in the root of /file. CHR writes it and says nothing when it is closed, which Proxmox VE takes for a failure (0b)."""
        try:
            self.post("file-write", file=name, content=base64.b64encode(content).decode(), encode=False)
        except LostError as error:
            if not isinstance(error, UnheardError) or error.command != "guest-file-close":
                raise GuestError(f"file {name}: whether it was written is unknown", found=str(error), remedy="Run again") from error

    def _ask(self, request: t.Callable[..., t.Any], command: str, fields: t.Mapping[str, t.Any]) -> t.Any:
        return self.reach(lambda path: request(f"{path}/agent/{command}", **fields), command)

    def reach(self, ask: t.Callable[[str], Answer], command: str) -> Answer:
        """The same by other means than the API, at the guest's path there. `command` is for the errors."""
        with self._turn:
            try:
                return self._at(ask)
            except PveError as error:
                raise explained(error, command) from None


def explained(error: PveError, command: str) -> GuestError | HypervisorError:
    """What a refusal of Proxmox VE's means for who asked the agent."""
    if isinstance(error, UnansweredError) or (isinstance(error, NodeError) and error.status != _NEVER_SENT):
        return LostError(f"no answer came to {command}; whether it was carried out is unknown", found=error.found, remedy="Run again")
    return of_agent(error.text, command) or (_refused(command, error.found) if error.status == 400 else error)


def of_agent(text: str, command: str) -> GuestError | None:
    """The same for what Proxmox VE says, wherever it says it; None where it is not about the agent."""
    unheard = _UNHEARD.search(text)
    if _UNCONFIGURED.search(text):
        return GuestError("the guest has no agent", found=text, remedy="Set agent: true for it; it counts from the next start")
    if _STOPPED.search(text):
        return GuestError("the guest is not running", found=text, remedy="Start it first")
    if _AWAY.search(text):
        return AwayError("the guest agent does not answer", found=text, remedy=SILENT_AGENT)
    if unheard:
        return UnheardError(unheard["command"], text)
    return _refused(command, text.partition(_REFUSED)[2]) if _REFUSED in text else None


def _refused(command: str, found: str) -> RefusedCommandError:
    return RefusedCommandError(f"the guest agent refused {command}", found=found)
