# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double in another process, looked at and broken from outside, without its API.

    python -m tests.simulators.proxmox.control FOLDER guests
    python -m tests.simulators.proxmox.control FOLDER fail_task '"qmstart"' '"no space left on device"'

Every public method and attribute of ChrPve has its name there; what it takes and gives is JSON. What is a `with` in a test's own process
(`hold`, `hold_tasks`) begins with its name and ends with `release`; `reached` waits until somebody stands there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import secrets
import socket
import socketserver
import sys
import threading
import typing as t
from pathlib import Path

from fakepve import PveError, TaskError

from .looking import LookingPve
from .tasks import Hold

_PATIENCE = 600  # seconds for an answer
ABOUT = "pve.json"


class RemoteError(Exception):
    """What was asked of a double in another process failed there."""


class Control:
    """The double's side: it answers on loopback to whoever has the key."""

    def __init__(self, pve: LookingPve) -> None:
        self.key = secrets.token_urlsafe()
        self._pve = pve
        self._held: dict[str, tuple[contextlib.ExitStack, Hold]] = {}
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def close(self) -> None:
        for stack, dummy in self._held.values():
            stack.close()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: dict[str, t.Any]) -> dict[str, t.Any]:
        if not secrets.compare_digest(str(asked.get("key")), self.key):
            return {"error": "wrong key"}
        try:
            return {"value": self._do(asked["name"], asked.get("arguments", []), asked.get("options", {}))}
        except (AttributeError, LookupError, PveError, TaskError, TypeError, ValueError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _do(self, name: str, arguments: list[t.Any], options: dict[str, t.Any]) -> t.Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("release", "reached"):
            return getattr(self, name)(*arguments)
        if name == "set":
            return self._set(**options)
        found = getattr(self._pve, name)
        value = found(*arguments, **options) if callable(found) else found
        if inspect.iscoroutine(value):
            return self._pve.here(value)
        if isinstance(value, contextlib.AbstractContextManager):
            return self._hold(" ".join([name, *map(str, arguments)]), value)
        return value

    def _set(self, **attributes: t.Any) -> None:
        for name, value in attributes.items():
            getattr(self._pve, name)
            setattr(self._pve, name, value)

    def _hold(self, key: str, context: contextlib.AbstractContextManager[Hold]) -> None:
        stack = contextlib.ExitStack()
        self._held[key] = (stack, stack.enter_context(context))

    def release(self, *key: str) -> None:
        stack, dummy = self._held.pop(" ".join(key))
        stack.close()

    def reached(self, *key: str) -> bool:
        return self._held[" ".join(key)][1].reached.wait(_PATIENCE)


class Remote:
    """A double in another process, by the folder of its files. `remote.fail_task("qmstart", "...")`, `remote.asked()`, `remote.set(time_scale=1)`."""

    def __init__(self, folder: Path) -> None:
        self.about: dict[str, t.Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: t.Any, **options: t.Any) -> t.Any:
            return self.call(name, *arguments, **options)

        return call

    def call(self, name: str, /, *arguments: t.Any, **options: t.Any) -> t.Any:
        control = self.about["control"]
        asked = {"key": control["key"], "name": name, "arguments": arguments, "options": options}
        with socket.create_connection(("127.0.0.1", control["port"]), _PATIENCE) as connection, connection.makefile("rwb") as stream:
            stream.write(json.dumps(asked).encode() + b"\n")
            stream.flush()
            answer = json.loads(stream.readline())
        if "error" in answer:
            raise RemoteError(answer["error"])
        return answer["value"]


def _handler(control: Control) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline())
            self.wfile.write(json.dumps(control.answer(asked), default=_plain).encode() + b"\n")

    return Handler


def _plain(value: t.Any) -> t.Any:
    """What JSON has no form for."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


if __name__ == "__main__":
    print(json.dumps(Remote(Path(sys.argv[1])).call(sys.argv[2], *map(json.loads, sys.argv[3:]))))
