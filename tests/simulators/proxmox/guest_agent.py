# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PVE's side of the guest agent (1.6): its commands become QGA's, and CHR's answers become PVE's."""

from __future__ import annotations

import base64
import json
import typing as t

from aiohttp import web
from fakepve import FakeVm, PveError
from fakepve.routing import die, param_error
from fakepve.schema import Match
from fakepve.server import API, USER, ok

from .config import ConfigPve
from .machine import agent_enabled
from .strict import Values, parameters

# Not measured on CHR: that its agent takes `"path": null`, which PVE 8 and 9 send for `command: []`, as no path at all.
CHR_TAKES_A_NULL_PATH_AS_NONE = True
_READ_LIMIT = 16 << 20
_PROBE = "guest-ping"


class AgentPve(ConfigPve):
    """`takes_null_path`: see CHR_TAKES_A_NULL_PATH_AS_NONE; a test of the other case switches it off."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.takes_null_path = CHR_TAKES_A_NULL_PATH_AS_NONE

    async def _agent(self, request: web.Request) -> web.Response:
        match = self.resolve(request, API)
        values = await parameters(request)
        if values.get("command") == "":  # a form's empty field
            if self.rules.exec_needs_command:
                raise param_error(command="type check ('array') failed")
            del values["command"]
        return t.cast(web.Response, ok(await self.answer(request, match, values, request[USER], self._agent_call)))

    async def _agent_call(self, match: Match, values: Values) -> object:
        vm = self.find(values["node"], values["vmid"])
        self.follow_power()
        if not agent_enabled(vm):
            raise die("No QEMU guest agent configured")
        if vm.status != "running":
            raise die(f"VM {vm.vmid} is not running")
        if self._ask(vm, _PROBE) is None:  # every call asks that first
            raise die("QEMU guest agent is not running")
        command = match.template.rpartition("/")[2]
        special = {"exec": self._exec, "exec-status": self._exec_status, "file-write": self._file_write, "file-read": self._file_read}
        if command in special:
            return special[command](vm, values)
        # Errors of the simple commands come with 200: the error's object is the result.
        reply = self._ask(vm, f"guest-{command}")
        if reply is None and command != "shutdown":
            raise self._no_answer(vm, f"guest-{command}")
        self.follow_power()
        return {"result": None if reply is None else reply.get("return", reply)}

    def _ask(self, vm: FakeVm, command: str, **arguments: object) -> dict[str, t.Any] | None:
        """The agent's reply; None where none comes."""
        machine = self.machines.get(vm.vmid)
        if machine is None or machine.agent is None or vm.agent_hangs:
            return None
        request = {"execute": command, **({"arguments": arguments} if arguments else {})}
        answer = machine.agent.receive(json.dumps(request).encode() + b"\n")
        return t.cast("dict[str, t.Any]", json.loads(answer)) if answer else None

    def _demand(self, vm: FakeVm, command: str, **arguments: object) -> t.Any:
        """What the agent returned; PVE's 500 for an error and for silence."""
        reply = self._ask(vm, command, **arguments)
        if reply is None:
            raise self._no_answer(vm, command)
        if "error" in reply:
            raise die(f"Agent error: {reply['error']['desc']}")
        return reply["return"]

    def _no_answer(self, vm: FakeVm, command: str) -> PveError:
        return t.cast(PveError, die(f"VM {vm.vmid} {self.rules.agent_verb} command '{command}' failed - got timeout"))

    # Scripts

    def _exec(self, vm: FakeVm, values: Values) -> object:
        command, data = values.get("command"), values.get("input-data")
        if command is None and data is None:
            raise die("command or input-data (or both) required")
        arguments: dict[str, object] = {"capture-output": True}
        if command is not None:
            argv = list(command) if isinstance(command, list) else command.split("\0")
            arguments["path"] = argv.pop(0) if argv else None
            arguments["arg"] = argv
        if data is not None:
            arguments["input-data"] = base64.b64encode(_bytes(data)).decode()
        if self.takes_null_path and arguments.get("path", "") is None:
            del arguments["path"]
        return self._demand(vm, "guest-exec", **arguments)

    def _exec_status(self, vm: FakeVm, values: Values) -> object:
        status = dict(self._demand(vm, "guest-exec-status", pid=values["pid"]))
        status["exited"] = int(status["exited"])
        if "out-data" in status:
            status["out-data"] = base64.b64decode(status["out-data"]).decode("latin-1")
        return status

    # Files. CHR never answers guest-file-close, so that each ends in 500: the write is done, the read gives nothing (0b).

    def _file_write(self, vm: FakeVm, values: Values) -> object:
        encode = values.get("encode", 1)
        content = base64.encodebytes(_bytes(values["content"])).decode() if encode else values["content"]
        handle = self._demand(vm, "guest-file-open", path=values["file"], mode="wb")
        self._demand(vm, "guest-file-write", handle=handle, **{"buf-b64": content})
        self._demand(vm, "guest-file-close", handle=handle)
        return None

    def _file_read(self, vm: FakeVm, values: Values) -> object:
        handle = self._demand(vm, "guest-file-open", path=values["file"], mode="rb")
        read = self._demand(vm, "guest-file-read", handle=handle, count=_READ_LIMIT)
        self._demand(vm, "guest-file-close", handle=handle)
        return {"content": base64.b64decode(read["buf-b64"]).decode("latin-1"), "bytes-read": read["count"]}


def _bytes(text: str) -> bytes:
    """0, item 2: PVE takes a character for a byte, and dies of one that is none."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as wide:
        raise die("Wide character in subroutine entry") from wide
