# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHR's guest agent, reached through libvirt (private).

Measured on CHR 7.22: 21 commands; scripts go in as `input-data` without `path`; `out-data` is absent when a script printed nothing; closing a
file is answered with no bytes at all. libvirt synchronises with the agent by itself: never send guest-sync-delimited through it, the 0xFF before
the reply breaks libvirt 9.0's agent until the guest restarts.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ..._core.errors import GuestError, HypervisorError, LostError
from ..._routeros.script import Ended
from .connection import Events, error_code, library
from .domain_xml import AGENT_CHANNEL

if t.TYPE_CHECKING:
    import libvirt

ANSWER: t.Final = 25  # seconds for one answer: on a busy host an agent takes up to 20; libvirt's own synchronising before it takes up to 5 more
SILENT: t.Final = 0  # for commands that CHR never answers: do not wait
SENT: t.Final = 1  # seconds in which such a command is certainly sent
FILE_CHUNK: t.Final = 48 * 1024  # bytes; base64 of it stays below 64 KiB
NO_AGENT: t.Final = (
    "CHR has a guest agent only under KVM on x86: check that the guest runs with accelerator kvm, or wait longer with agent_timeout"
)


class AgentTransport:
    """One running guest's agent."""

    name = "guest_agent"

    def __init__(self, domain: libvirt.virDomain, events: Events) -> None:
        self._domain = domain
        self._events = events

    def connected(self) -> bool:
        """Whether the router has opened its agent channel."""
        lib = library()
        try:
            xml = self._domain.XMLDesc(0)
        except lib.libvirtError as error:
            raise HypervisorError("the guest cannot be read", found=error.get_error_message()) from error
        return f"name='{AGENT_CHANNEL}' state='connected'" in xml

    def wait(self, timeout: float) -> None:
        """Block until the router has opened its agent channel."""
        if not self._events.wait_until(self.connected, timeout):
            raise GuestError(f"the guest agent did not open its channel within {timeout:g} s", remedy=NO_AGENT)

    def call(self, command: str, arguments: t.Mapping[str, t.Any] | None = None, timeout: int = ANSWER) -> t.Any:
        """One agent command; what it returned. Raises GuestError for the agent's refusals, LostError for silence."""
        lib = library()
        request: dict[str, t.Any] = {"execute": command}
        if arguments:
            request["arguments"] = dict(arguments)
        import libvirt_qemu

        try:
            answer = libvirt_qemu.qemuAgentCommand(self._domain, json.dumps(request), timeout, 0)
        except lib.libvirtError as error:
            raise _explain(error, command) from error
        return json.loads(answer)["return"]

    def start(self, source: str) -> int:
        """Hand a script over as `input-data`; its job number."""
        data = base64.b64encode(source.encode()).decode()
        return int(self.call("guest-exec", {"input-data": data, "capture-output": True})["pid"])

    def poll(self, job: int) -> Ended | None:
        """How the script ended, or None while it runs."""
        status = self.call("guest-exec-status", {"pid": job})
        if not status["exited"]:
            return None
        output = base64.b64decode(status.get("out-data", "")).decode("utf-8", "replace").replace("\r\n", "\n")
        return Ended(int(status["exitcode"]), output)

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file on the router, in flat /file; CHR takes no folders."""
        handle = self.call("guest-file-open", {"path": name, "mode": "w"})
        for start in range(0, len(content), FILE_CHUNK):
            block = base64.b64encode(content[start : start + FILE_CHUNK]).decode()
            self.call("guest-file-write", {"handle": handle, "buf-b64": block})
        self._commit(handle)

    def read_file(self, name: str) -> bytes:
        """Fetch a file from the router."""
        handle = self.call("guest-file-open", {"path": name, "mode": "r"})
        content = bytearray()
        while True:
            part = self.call("guest-file-read", {"handle": handle, "count": FILE_CHUNK})
            content += base64.b64decode(part.get("buf-b64", ""))
            if part.get("eof") or not part.get("count"):
                break
        self.tell("guest-file-close", {"handle": handle})
        return bytes(content)

    def _commit(self, handle: int) -> None:
        """Close a written file, which commits it. On a busy host libvirt can give a command up before it was sent, unless it is to wait."""
        self.tell("guest-file-close", {"handle": handle}, SENT)

    def tell(self, command: str, arguments: t.Mapping[str, t.Any] | None = None, timeout: int = SILENT) -> None:
        """A command that CHR carries out and never answers: its silence is no error."""
        lib = library()
        try:
            self.call(command, arguments, timeout)
        except GuestError as error:
            cause = error.__cause__
            if isinstance(cause, lib.libvirtError) and error_code(cause) in _silence():
                return
            raise


def _silence() -> tuple[int, ...]:
    lib = library()
    codes = [lib.VIR_ERR_AGENT_UNRESPONSIVE, lib.VIR_ERR_OPERATION_TIMEOUT]
    codes.append(getattr(lib, "VIR_ERR_AGENT_COMMAND_TIMEOUT", lib.VIR_ERR_AGENT_UNRESPONSIVE))
    return tuple(codes)


def _explain(error: libvirt.libvirtError, command: str) -> GuestError:
    lib = library()
    code, text = error_code(error), error.get_error_message() or str(error)
    if code in _silence():
        lost = "; whether the script began is unknown" if command == "guest-exec" else ""
        return LostError(f"the guest agent did not answer {command}{lost}", found=text, remedy="Check the router's console, then run again")
    if code == lib.VIR_ERR_ARGUMENT_UNSUPPORTED:
        return GuestError("the guest has no agent channel", found=text, remedy="Create it with agent: true")
    if code == lib.VIR_ERR_OPERATION_INVALID:
        return GuestError("the guest is not running", found=text, remedy="Start it first")
    return GuestError(f"the guest agent refused {command}", found=text)
