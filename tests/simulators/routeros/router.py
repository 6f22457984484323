# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated router: the menus, their state, and the execution of scripts against them."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from zlib import crc32

from . import language
from .errors import RouterError, ScriptTimeoutError
from .evaluator import Interpreter, Scope
from .fields import Reference
from .menu import Command, Invocation, Menu
from .menus import file, firewall, interface, ip, license, log, ntp, scheduler, script, system, user
from .menus.file import Files
from .menus.log import Log
from .menus.scheduler import Scheduler
from .platform import Platform
from .settings import Settings
from .table import Table
from .values import Value, inward, outward
from .wiring import Wiring

_AREAS = (interface, ip, firewall, user, system, license, ntp, script, scheduler, file, log)
_FACTORY = (ip, user, system, license)
# Seconds between two looks at the machine. Short enough for a link's change, long enough for a slow machine.
_POLL = 0.5
# Seconds that a busy script leaves to the others.
_TURN = 0.001


Area = Callable[["Router"], dict[str, Menu]]


class Result:
    """How a script ended: 0 done, 1 timed out, -1 error.

    `output` has RouterOS's CRLF line ends; an error's text is its last line.
    """

    __slots__ = ("exit_code", "output")

    def __init__(self, exit_code: int, output: str) -> None:
        self.exit_code = exit_code
        self.output = output


class Router:
    """`uuid` is the machine's; the licence's system-id comes from it at the first boot, so that a test can foretell it.

    Scripts may run in several threads: they take turns, and a script that waits lets the others run.
    `areas` are the menus of a special kind of router, mounted over the usual ones.
    """

    def __init__(self, platform: Platform, uuid: str | None = None, areas: Iterable[Area] = ()) -> None:
        self.platform = platform
        self.globals: dict[str, Value] = {}
        self.booted = platform.now()
        self.wiring = Wiring(self)
        self.lock = threading.Lock()
        self._uuid = uuid
        self._dirty = False
        self._menus: dict[str, Menu] = {}
        self.root = language.build(self.release)
        for make in (*(area.menus for area in _AREAS), *areas):
            for path, menu in make(self).items():
                self._menus["/" + path] = menu
                self.root.mount(path, menu)
        for command in system.commands():
            self.root.children["system"].add_command(command)

    # Doors for the world outside

    def boot(self) -> None:
        """Load the state, or be factory-fresh, and make the machine agree."""
        with self.lock:
            state = self.platform.load()
            if state is None:
                self._factory()
            else:
                self._restore(state)
            self.globals.clear()
            self.booted = self.platform.now()
            self.wiring.refresh()
            self._scheduler.start()
            self.persist()

    def execute(self, source: str, timeout: float | None = None) -> Result:
        """Run a script to its end, or to its time limit in seconds."""
        return self._execute(lambda run: run.run_source(inward(source)), timeout)

    def execute_file(self, contents: str, timeout: float | None = None) -> Result:
        """The same for what a file holds, which is read command by command."""
        return self._execute(lambda run: run.run_file(contents), timeout)

    def _execute(self, work: Callable[[Interpreter], None], timeout: float | None) -> Result:
        with self.lock:
            run = Interpreter(self, timeout)
            exit_code = 0
            try:
                work(run)
            except RouterError as error:
                run.emit(error.text())
                exit_code = -1
            except RecursionError:
                run.emit("failure: maximum recursion depth reached")
                exit_code = -1
            except ScriptTimeoutError:
                exit_code = 1
            self.apply()
            self.persist()
            return Result(exit_code, outward("".join(run.output)))

    def invoke(self, command: Command, values: dict[str, Value], run: Interpreter | None = None) -> Value:
        """One command of a door whose requests need no parser; raises RouterError. Only for commands that are not lazy."""
        with self.lock:
            call = Invocation(command, run or Interpreter(self), Scope(self.globals), {}, None)
            call.values = values
            try:
                return command.handler(call)
            finally:
                self.apply()
                self.persist()

    def poll(self) -> float:
        """Housekeeping: notice links and leases, keep the state. Returns the seconds until the next call."""
        with self.lock:
            self.wiring.refresh()
            self._scheduler.run_due()
            self.persist()
            return _POLL

    @property
    def identity(self) -> str:
        with self.lock:
            return outward(str(self.settings("/system/identity").current()["name"]))

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor number of the RouterOS that it plays."""
        major, minor = self.platform.version.split(".")[:2]
        return int(major), int(re.sub(r"\D.*", "", minor))

    @property
    def system_id(self) -> str:
        return str(self.settings("/system/license").stored.get("system-id", ""))

    @property
    def files(self) -> Files:
        menu = self._menus["/file"]
        assert isinstance(menu, Files)
        return menu

    def interfaces(self) -> list[tuple[str, str, list[str]]]:
        """(name, MAC address, addresses such as "192.0.2.1/24") of every interface."""
        with self.lock:
            standing = [item.values for item in self.table("/ip/address").items() if not item.values.get("disabled")]
            found = []
            for item in self.table("/interface").items():
                name = item.values["name"]
                mine = [str(values["address"]) for values in standing if values["interface"] == name]
                found.append((outward(str(name)), self.wiring.mac_address(item), mine))
            return found

    # For the menus

    def table(self, path: str) -> Table:
        menu = self._menus[path]
        assert isinstance(menu, Table)
        return menu

    def settings(self, path: str) -> Settings:
        menu = self._menus[path]
        assert isinstance(menu, Settings)
        return menu

    def touch(self) -> None:
        """Something changed that must be kept."""
        self._dirty = True

    def apply(self) -> None:
        self.wiring.refresh()

    def rename(self, path: str, old: str, new: str) -> None:
        """Let everything that refers to an item of that menu follow its new name."""
        for table in self._menus.values():
            if isinstance(table, Table):
                names = [field.name for field in table.fields.values() if _refers(field.kind, path)]
                for item in table.store.items:
                    for name in names:
                        if item.values.get(name) == old:
                            item.values[name] = new

    @property
    def _scheduler(self) -> Scheduler:
        menu = self._menus["/system/scheduler"]
        assert isinstance(menu, Scheduler)
        return menu

    def run_event(self, origin: str, source: str) -> None:
        """Run a script that nobody waits for; the log tells how it failed."""
        try:
            Interpreter(self).run_source(source)
        except RouterError as error:
            log = self._menus["/log"]
            assert isinstance(log, Log)
            log.record_event("script,error", f"executing script from {origin} failed: {error.text()}")
        self.wiring.refresh()

    def wait(self, seconds: float) -> None:
        """Let other scripts run for so long."""
        self.lock.release()
        try:
            self.platform.sleep(seconds)
        finally:
            self.lock.acquire()
        self.wiring.refresh()

    def give_way(self) -> None:
        self.lock.release()
        time.sleep(_TURN)
        self.lock.acquire()

    def ping(self, address: str, timeout: float) -> float | None:
        self.lock.release()
        try:
            return self.platform.ping(address, timeout)
        finally:
            self.lock.acquire()

    def new_system_id(self) -> str:
        """Eleven characters, as a CHR's licence has them."""
        seed = os.urandom(8)
        if self._uuid is not None:
            seed = b"".join(crc32(text.encode()).to_bytes(4, "big") for text in (self._uuid, self._uuid[::-1]))
        return base64.b64encode(seed).decode("ascii")[:11]

    # State

    def _stores(self) -> dict[str, Table]:
        """The tables to keep, each store once."""
        found: dict[str, Table] = {}
        seen: set[int] = set()
        for path, menu in self._menus.items():
            if isinstance(menu, Table) and menu.kept and id(menu.store) not in seen:
                seen.add(id(menu.store))
                found[path] = menu
        return found

    def persist(self) -> None:
        if not self._dirty:
            return
        tables = {path: table.store.dump() for path, table in self._stores().items()}
        settings = {path: menu.stored for path, menu in self._menus.items() if isinstance(menu, Settings)}
        self.platform.save(json.dumps({"tables": tables, "settings": settings}).encode("ascii"))
        self._dirty = False

    def _restore(self, state: bytes) -> None:
        kept = json.loads(state)
        stores = self._stores()
        for path, content in kept["tables"].items():
            stores[path].store.restore(content["next"], list(content["items"]))
        for path, stored in kept["settings"].items():
            self.settings(path).stored = stored

    def _factory(self) -> None:
        self.wiring.refresh()
        for area in _FACTORY:
            area.factory(self)
        self.touch()


def _refers(kind: object, path: str) -> bool:
    return isinstance(kind, Reference) and kind.path == path
