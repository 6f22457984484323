# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHR's QEMU guest agent: MikroTik's own implementation, with the behaviour that was measured on CHR 7.22.

It is not the stock agent: `guest-file-close` and `guest-file-flush` answer with nothing at all, file names are flat,
`guest-exec` takes a script in `input-data` and no `path`, output has CRLF line ends, and 0xFF stands before the reply
to `guest-sync-delimited`.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable

from .agent_files import FileHandles, flat_name
from .router import Result, Router
from .values import inward

VERSION = "2.10.50"
KERNEL = "5.6.3-64"
SILENT = None
_KNOWN_BUT_UNSUPPORTED = frozenset(
    {"guest-get-users", "guest-get-memory-blocks", "guest-get-memory-block-info", "guest-get-vcpus", "guest-get-fsinfo"}
)
# How many ended scripts are remembered.
_FINISHED_KEPT = 64
Arguments = dict[str, object]


class AgentError(Exception):
    """An error reply, with its text."""

    def __init__(self, description: str, kind: str = "GenericError") -> None:
        super().__init__(description)
        self.kind = kind


class Job:
    """A script that runs, or ran, in a thread of its own."""

    def __init__(self, capture: bool) -> None:
        self.capture = capture
        self.result: Result | None = None


class GuestAgent:
    """The far end of the port `org.qemu.guest_agent.0`. Pure protocol: bytes in, bytes out.

    `open_port=False` is a CHR that does not detect KVM: it never answers. `script_timeout` is in seconds; a real CHR's
    limit is not documented. What nobody measured is switched on by a test of that case: `runs_files` (a `path` names a file that is executed, as
    documented; other paths were refused when measured) and `ignores_null_path` (a script beside `"path": null` is not run, and ends well).
    """

    def __init__(self, router: Router, *, open_port: bool = True, script_timeout: float = 120.0) -> None:
        self._router = router
        self._open = open_port
        self._timeout = script_timeout
        self._buffer = b""
        self._files = FileHandles(router)
        self._jobs: dict[int, Job] = {}
        self._next_pid = 1
        self._frozen = False
        self.runs_files = self.ignores_null_path = False
        self._commands: dict[str, Callable[[Arguments], object]] = {
            "guest-exec": self._exec,
            "guest-exec-status": self._exec_status,
            "guest-file-close": self._file_close,
            "guest-file-flush": self._file_flush,
            "guest-file-open": self._file_open,
            "guest-file-read": self._file_read,
            "guest-file-write": self._file_write,
            "guest-fsfreeze-freeze": self._freeze,
            "guest-fsfreeze-status": lambda arguments: "frozen" if self._frozen else "thawed",
            "guest-fsfreeze-thaw": self._thaw,
            "guest-get-host-name": lambda arguments: {"host-name": self._router.identity},
            "guest-get-osinfo": self._osinfo,
            "guest-get-time": lambda arguments: int(self._router.platform.now() * 1_000_000_000),
            "guest-get-timezone": lambda arguments: {"offset": 0},
            "guest-info": self._info,
            "guest-network-get-interfaces": self._interfaces,
            "guest-ping": lambda arguments: {},
            "guest-set-time": self._set_time,
            "guest-shutdown": self._shutdown,
            "guest-sync": lambda arguments: _number(arguments, "id"),
            "guest-sync-delimited": lambda arguments: _number(arguments, "id"),
        }

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the port; return what to write back. A command ends with its line; a part of one is kept."""
        if not self._open:
            return b""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        return b"".join(self._answer(line) for line in lines)

    def _answer(self, line: bytes) -> bytes:
        # A client flushes the port with 0xFF, and whatever stood before it is to be forgotten.
        line = line.rpartition(b"\xff")[2].strip()
        if not line:
            return b""
        name = ""
        try:
            name, arguments = _request(line)
            returned = self._run(name, arguments)
        except AgentError as error:
            reply: dict[str, object] = {"error": {"class": error.kind, "desc": str(error)}}
        else:
            if returned is SILENT:
                return b""
            reply = {"return": returned}
        prefix = b"\xff" if name == "guest-sync-delimited" else b""
        return prefix + json.dumps(reply).encode("ascii") + b"\n"

    def _run(self, name: str, arguments: Arguments) -> object:
        if name in _KNOWN_BUT_UNSUPPORTED:
            raise AgentError("Command not supported")
        command = self._commands.get(name)
        if command is None:
            raise AgentError(f"The command '{name}' was not found", "CommandNotFound")
        return command(arguments)

    # About the guest

    def _info(self, arguments: Arguments) -> object:
        # Only the reply to guest-sync-delimited is announced as missing, although two others never come.
        described = [{"name": name, "enabled": True, "success-response": name != "guest-sync-delimited"} for name in self._commands]
        return {"version": VERSION, "supported_commands": described}

    def _osinfo(self, arguments: Arguments) -> object:
        return {
            "id": "routeros",
            "kernel-release": KERNEL,
            "machine": "x86_64",
            "name": "RouterOS",
            "pretty-name": f"RouterOS {self._router.platform.version}",
        }

    def _interfaces(self, arguments: Arguments) -> object:
        found = []
        for name, mac_address, addresses in self._router.interfaces():
            entry: dict[str, object] = {"name": name, "hardware-address": mac_address.lower()}
            if addresses:
                entry["ip-addresses"] = [
                    {
                        "ip-address-type": "ipv4",
                        "ip-address": address.partition("/")[0],
                        "prefix": int(address.partition("/")[2]),
                    }
                    for address in addresses
                ]
            found.append(entry)
        return found

    def _set_time(self, arguments: Arguments) -> object:
        if "time" in arguments:
            self._router.platform.set_clock(_number(arguments, "time") / 1_000_000_000)
        return {}

    def _shutdown(self, arguments: Arguments) -> object:
        """Powers off before a reply could leave."""
        self._router.poll()
        if arguments.get("mode") == "reboot":
            self._router.platform.reboot()
        else:
            self._router.platform.power_off()
        return SILENT

    def _freeze(self, arguments: Arguments) -> object:
        self._frozen = True
        return 1

    def _thaw(self, arguments: Arguments) -> object:
        thawed, self._frozen = int(self._frozen), False
        return thawed

    # Scripts

    def _exec(self, arguments: Arguments) -> object:
        work = self._work_of(arguments)
        job = Job(arguments.get("capture-output") is True)
        pid = self._next_pid
        self._next_pid += 1
        self._jobs[pid] = job
        threading.Thread(target=self._work, args=(job, work), name=f"script-{pid}", daemon=True).start()
        return {"pid": pid}

    def _work_of(self, arguments: Arguments) -> Callable[[], Result]:
        """What a request wants to be run."""
        if "path" in arguments:
            path = arguments["path"]
            if path is None and self.ignores_null_path:
                return lambda: Result(0, "")
            contents = self._contents(path) if self.runs_files and isinstance(path, str) else None
            if contents is None:
                raise AgentError("Invalid parameter 'path'")
            return lambda: self._router.execute_file(contents, self._timeout)
        if "input-data" not in arguments:
            raise AgentError("Parameter 'input-data' is missing")
        source = _decoded(arguments, "input-data").decode("utf-8", "surrogateescape")
        return lambda: self._router.execute(source, self._timeout)

    def _contents(self, path: str) -> str | None:
        name = flat_name(path)
        with self._router.lock:
            return None if name is None else self._router.files.read(name)

    @staticmethod
    def _work(job: Job, work: Callable[[], Result]) -> None:
        result = Result(-1, "")  # what a defect of the simulator itself leaves behind
        try:
            result = work()
        finally:
            job.result = result

    def _exec_status(self, arguments: Arguments) -> object:
        job = self._jobs.get(_number(arguments, "pid"))
        if job is None:
            raise AgentError("Invalid parameter 'pid'")
        if job.result is None:
            return {"exited": False}
        self._forget_old_jobs()
        status: dict[str, object] = {"exited": True, "exitcode": job.result.exit_code}
        if job.result.output and job.capture:
            output = job.result.output.encode("utf-8", "surrogateescape")
            status["out-data"] = base64.b64encode(output).decode("ascii")
        return status

    def _forget_old_jobs(self) -> None:
        ended = [pid for pid, job in self._jobs.items() if job.result is not None]
        for pid in ended[:-_FINISHED_KEPT]:
            del self._jobs[pid]

    # Files

    def _file_open(self, arguments: Arguments) -> object:
        path, mode = _text(arguments, "path"), _text(arguments, "mode") if "mode" in arguments else "r"
        handle = self._files.open(inward(path), mode)
        if handle is None:
            raise AgentError(f"failed to open file '{path}' (mode: '{mode}')")
        return handle

    def _file_write(self, arguments: Arguments) -> object:
        data = _decoded(arguments, "buf-b64")
        if "count" in arguments:
            data = data[: _number(arguments, "count")]
        if not self._files.write(_number(arguments, "handle"), data):
            raise AgentError("Invalid parameter 'handle'")
        return {"count": len(data), "eof": False}

    def _file_read(self, arguments: Arguments) -> object:
        count = _number(arguments, "count") if "count" in arguments else 4096
        data = self._files.read(_number(arguments, "handle"), count)
        if data is None:
            raise AgentError("Invalid parameter 'handle'")
        return {"count": len(data), "buf-b64": base64.b64encode(data).decode("ascii"), "eof": len(data) < count}

    def _file_close(self, arguments: Arguments) -> object:
        self._files.close(_number(arguments, "handle"))
        return SILENT

    def _file_flush(self, arguments: Arguments) -> object:
        self._files.flush(_number(arguments, "handle"))
        return SILENT


def _request(line: bytes) -> tuple[str, Arguments]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise AgentError("Invalid JSON syntax") from error
    if not isinstance(request, dict) or not isinstance(request.get("execute"), str):
        raise AgentError("QMP input lacks member 'execute'")
    arguments = request.get("arguments", {})
    if not isinstance(arguments, dict):
        raise AgentError("QMP input member 'arguments' must be an object")
    return str(request["execute"]), arguments


def _number(arguments: Arguments, name: str) -> int:
    value = arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AgentError(f"Parameter '{name}' is missing" if value is None else f"Invalid parameter type for '{name}'")
    return value


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise AgentError(f"Parameter '{name}' is missing" if value is None else f"Invalid parameter type for '{name}'")
    return value


def _decoded(arguments: Arguments, name: str) -> bytes:
    try:
        return base64.b64decode(_text(arguments, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise AgentError(f"Invalid parameter '{name}'") from error
