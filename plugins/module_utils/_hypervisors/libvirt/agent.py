# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel to a guest's agent, as libvirt carries it (private).

libvirt synchronises with the agent by itself: never send guest-sync-delimited through it, the 0xFF before the reply breaks libvirt 9.0's agent
until the guest restarts.
"""

from __future__ import annotations

import json
import typing as t

from ..._core.errors import GuestError, LostError
from ..._routeros.qga import NO_AGENT, SILENT_AGENT, Request
from .connection import Handle, error_code, is_alive, library, translated
from .domain_xml import AGENT_CHANNEL
from .events import Events
from .power import suspended_for

if t.TYPE_CHECKING:
    import libvirt


class AgentChannel:
    """One running guest's channel."""

    def __init__(self, handle: Handle, events: Events) -> None:
        self._handle = handle
        self._events = events

    def wait(self, timeout: float) -> None:
        if not self._events.wait_until(self._connected, timeout):
            self._refuse_suspended()
            raise GuestError(f"the guest agent did not open its channel within {timeout:g} s", remedy=NO_AGENT)

    def _connected(self) -> bool:
        with translated("the guest cannot be read"):
            xml = self._handle.get().XMLDesc(0)
        return f"name='{AGENT_CHANNEL}' state='connected'" in xml

    def ask(self, request: Request, timeout: int) -> t.Any:
        lib = library()
        import libvirt_qemu

        domain = self._handle.get()
        try:
            return json.loads(libvirt_qemu.qemuAgentCommand(domain, json.dumps(request), timeout, 0))["return"]
        except lib.libvirtError as error:
            if is_alive(domain.connect()) and error_code(error) in _silence():
                self._refuse_suspended()
            raise _explain(error, request["execute"], domain) from error

    def tell(self, request: Request, timeout: int) -> None:
        lib = library()
        try:
            self.ask(request, timeout)
        except LostError as error:
            cause = error.__cause__
            if not isinstance(cause, lib.libvirtError) or error_code(cause) not in _silence():
                raise

    def _refuse_suspended(self) -> None:
        """A guest that was paused says nothing, and why it was says more than its silence. Raises LostError."""
        why = suspended_for(self._handle.get())
        if why is None:
            return
        raise LostError(
            f"the guest is suspended{': ' if why else ''}{why}; what it was doing goes on when it runs again",
            remedy="Make room on its host, then start it with chr_guest" if why else "Start it with chr_guest",
        )


def _silence() -> tuple[int, ...]:
    lib = library()
    codes = [lib.VIR_ERR_AGENT_UNRESPONSIVE, lib.VIR_ERR_OPERATION_TIMEOUT]
    codes.append(getattr(lib, "VIR_ERR_AGENT_COMMAND_TIMEOUT", lib.VIR_ERR_AGENT_UNRESPONSIVE))
    return tuple(codes)


def _explain(error: libvirt.libvirtError, command: str, domain: libvirt.virDomain) -> GuestError:
    lib = library()
    code, text = error_code(error), error.get_error_message() or str(error)
    unknown = "; whether the script began is unknown" if command == "guest-exec" else ""
    if not is_alive(domain.connect()):
        return LostError(f"the connection to libvirt was lost before {command} was answered{unknown}", found=text, remedy="Run again")
    if code in _silence():
        return LostError(f"the guest agent did not answer {command}{unknown}", found=text, remedy=SILENT_AGENT)
    if code == lib.VIR_ERR_ARGUMENT_UNSUPPORTED:
        return GuestError("the guest has no agent channel", found=text, remedy="Create it with agent: true")
    if code == lib.VIR_ERR_OPERATION_INVALID:
        return GuestError("the guest is not running", found=text, remedy="Start it first")
    return GuestError(f"the guest agent refused {command}", found=text)
