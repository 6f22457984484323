# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue with CHR's guest agent, whichever hypervisor carries it (private).

Measured on CHR 7.22: 21 commands; scripts go in as `input-data` without `path`; `out-data` is absent when a script printed nothing; closing a
file is answered with no bytes at all.
"""

from __future__ import annotations

import base64
import typing as t

from .agent_facts import agent_facts
from .way import Credential, Ended, Pace

ANSWER: t.Final = 25  # seconds for one answer: on a busy host an agent takes up to 20
SENT: t.Final = 1  # seconds in which a command that is never answered is certainly sent: a busy host can give it up before, unless it is to wait
FILE_CHUNK: t.Final = 48 * 1024  # bytes; base64 of it stays below 64 KiB
NO_AGENT: t.Final = (
    "CHR has a guest agent only under KVM on x86: check that the guest runs with accelerator kvm, or wait longer with agent_timeout"
)
SILENT_AGENT: t.Final = (
    "Run again if its host was busy; an agent that stays silent comes back with a restart of the router (state: restarted, force_off: true)"
)

Request = t.Mapping[str, t.Any]  # as it goes over the channel, in JSON: `execute` and perhaps `arguments`


class Channel(t.Protocol):
    """What a hypervisor gives of a guest's agent: one request, one answer."""

    def ask(self, request: Request, timeout: int) -> t.Any:
        """What the answer returns. Raises LostError where none came, so that nobody knows what the agent did, GuestError where it refused."""

    def tell(self, request: Request, timeout: int) -> None:
        """The same for a request that the agent carries out and never answers."""

    def wait(self, timeout: float) -> None:
        """Block until the router has opened the channel, at most `timeout` seconds. Raises GuestError after that."""


class AgentWay:
    """One running guest's agent, as a way into its router. It logs in nowhere: who reaches the agent is let in."""

    name = "guest_agent"
    returns_text = True
    logs_in = False
    pace = Pace()

    def __init__(self, channel: Channel, is_open: bool | None) -> None:
        self._channel = channel
        self.is_open = is_open
        self.files = AgentFiles(self)

    def wait(self, timeout: float) -> None:
        self._channel.wait(timeout)

    def log_in(self, credentials: t.Sequence[Credential]) -> None:
        """Nobody asks."""

    def call(self, command: str, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """One agent command; what it returned. Raises GuestError for the agent's refusals, LostError where no answer came."""
        return self._channel.ask(_request(command, arguments), ANSWER)

    def tell(self, command: str, arguments: t.Mapping[str, t.Any]) -> None:
        """One agent command that is carried out and never answered."""
        self._channel.tell(_request(command, arguments), SENT)

    def start(self, source: str) -> int:
        """Hand a script over as `input-data`; its job number."""
        data = base64.b64encode(source.encode()).decode()
        return int(self.call("guest-exec", {"input-data": data, "capture-output": True})["pid"])

    def poll(self, job: int) -> Ended | None:
        status = self.call("guest-exec-status", {"pid": job})
        if not status["exited"]:
            return None
        output = base64.b64decode(status.get("out-data", "")).decode("utf-8", "replace").replace("\r\n", "\n")
        return Ended(status.get("exitcode"), output)

    def facts(self) -> dict[str, t.Any]:
        """In three exchanges, since the line may be long."""
        return agent_facts(self, self.call("guest-network-get-interfaces"))


class AgentFiles:
    """Files through the agent, in flat /file; CHR takes no folders."""

    def __init__(self, agent: AgentWay) -> None:
        self._agent = agent

    def write(self, name: str, content: bytes) -> None:
        handle = self._agent.call("guest-file-open", {"path": name, "mode": "w"})
        for start in range(0, len(content), FILE_CHUNK):
            block = base64.b64encode(content[start : start + FILE_CHUNK]).decode()
            self._agent.call("guest-file-write", {"handle": handle, "buf-b64": block})
        self._close(handle)  # which commits it

    def read(self, name: str) -> bytes:
        handle = self._agent.call("guest-file-open", {"path": name, "mode": "r"})
        content = bytearray()
        while True:
            part = self._agent.call("guest-file-read", {"handle": handle, "count": FILE_CHUNK})
            content += base64.b64decode(part.get("buf-b64", ""))
            if part.get("eof") or not part.get("count"):
                break
        self._close(handle)
        return bytes(content)

    def _close(self, handle: t.Any) -> None:
        self._agent.tell("guest-file-close", {"handle": handle})


def _request(command: str, arguments: t.Mapping[str, t.Any] | None) -> Request:
    return {"execute": command, **({"arguments": dict(arguments)} if arguments else {})}
