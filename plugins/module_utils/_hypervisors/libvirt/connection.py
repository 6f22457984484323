# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to one libvirtd, shared by workers, and its events (private).

Measured on libvirt 9.0: one connection serves five calls at a time, so a sixth caller waits behind five slow agents; a keep-alive shorter
than an agent call closes the connection under it; events are only delivered where the event loop was registered before the first open.
"""

from __future__ import annotations

import itertools
import threading
import time
import typing as t
from contextlib import contextmanager

from ..._core.errors import HypervisorError, RouterError, UnreachableError

if t.TYPE_CHECKING:
    import libvirt

WORKERS_PER_CONNECTION: t.Final = 4
KEEPALIVE: t.Final = (5, 6)  # seconds, tries: 35 s, longer than the longest agent call (5 s sync and 5 s answer)
LOOP_TICK: t.Final = 60_000  # ms; only keeps the event loop's poll from being empty

_loop_lock = threading.Lock()
_loop_runs = False


def library() -> t.Any:
    """The libvirt bindings, imported when they are first needed. Raises UnreachableError with the command that installs them."""
    try:
        import libvirt
    except ImportError as error:
        raise UnreachableError(
            "the Python library libvirt-python is missing on the machine that runs this module",
            remedy="Install it there: python3 -m pip install libvirt-python (needs libvirt's headers), or apt install python3-libvirt",
        ) from error
    return libvirt


def error_code(error: libvirt.libvirtError) -> int:
    """libvirt's number for what went wrong."""
    return int(error.get_error_code() or 0)


@contextmanager
def translated(problem: str, remedy: str = "", kind: type[RouterError] = HypervisorError) -> t.Iterator[None]:
    """Turn libvirt's own error inside into one of ours that says what was being done."""
    lib = library()
    try:
        yield
    except lib.libvirtError as error:
        raise kind(problem, found=error.get_error_message() or str(error), remedy=remedy) from error


class Connections:
    """As many connections to one URI as the workers need, at most four workers on each; opened when first used."""

    def __init__(self, uri: str, workers: int) -> None:
        self.uri = uri
        self._limit = -(-max(1, workers) // WORKERS_PER_CONNECTION)
        self._open: list[libvirt.virConnect] = []
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._mine = threading.local()
        _run_event_loop()

    def get(self) -> libvirt.virConnect:
        """The connection that the calling thread uses."""
        index = getattr(self._mine, "index", None)
        if index is None:
            index = self._mine.index = (next(self._turn) // WORKERS_PER_CONNECTION) % self._limit
        with self._lock:
            while len(self._open) <= index:
                self._open.append(_open(self.uri))
            return self._open[index]

    def close(self) -> None:
        """Close all. Errors do not matter any more: the work is done."""
        lib = library()
        for connection in self._open:
            try:
                connection.close()
            except lib.libvirtError:
                continue
        self._open.clear()


def _open(uri: str) -> libvirt.virConnect:
    lib = library()
    try:
        connection: libvirt.virConnect = lib.open(_without_terminal(uri))
        _keep_alive(connection)
    except lib.libvirtError as error:
        raise UnreachableError(
            f"libvirt at {uri} cannot be reached",
            found=error.get_error_message() or str(error),
            remedy="Check that libvirtd runs there and that this user may use it (group libvirt); the role kvm_host sets a host up",
        ) from error
    return connection


def _keep_alive(connection: libvirt.virConnect) -> None:
    lib = library()
    try:
        connection.setKeepAlive(*KEEPALIVE)
    except lib.libvirtError as error:
        if error_code(error) != lib.VIR_ERR_NO_SUPPORT:  # a driver inside the library has no wire to keep alive
            raise


def _without_terminal(uri: str) -> str:
    """A remote URI that never asks for a password or a host key on a terminal that Ansible does not have."""
    if "+" not in uri.split(":", 1)[0] or "no_tty=" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}no_tty=1"


def _run_event_loop() -> None:
    """Register libvirt's event loop before the first open, and run it in a thread that ends with the process."""
    global _loop_runs
    lib = library()
    with _loop_lock:
        if _loop_runs:
            return
        lib.registerErrorHandler(_quiet, None)
        lib.virEventRegisterDefaultImpl()
        lib.virEventAddTimeout(LOOP_TICK, _quiet, None)
        threading.Thread(target=_loop, name="libvirt-events", daemon=True).start()
        _loop_runs = True


def _quiet(*dummy: t.Any) -> None:
    """libvirt prints errors to the terminal otherwise; they are raised as well."""


def _loop() -> None:
    lib = library()
    while True:
        lib.virEventRunDefaultImpl()


class Events:
    """Wakes those who wait for a domain to start, stop, open its agent channel or get our mark, so that nobody has to sleep and look."""

    def __init__(self, connections: Connections) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._registered = False
        self._connections = connections

    def _register(self) -> None:
        lib = library()
        with self._changed:
            if self._registered:
                return
            self._registered = True
        connection = self._connections.get()
        for kind in ("LIFECYCLE", "AGENT_LIFECYCLE", "DEVICE_REMOVED", "METADATA_CHANGE"):
            event = getattr(lib, f"VIR_DOMAIN_EVENT_ID_{kind}")
            connection.domainEventRegisterAny(None, event, self._note, None)

    def _note(self, *dummy: t.Any) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait_until(self, holds: t.Callable[[], bool], timeout: float) -> bool:
        """Look, then look again after each event, until it holds or `timeout` seconds are over. Whether it holds."""
        deadline = time.monotonic() + timeout
        self._register()
        while True:
            with self._changed:
                seen = self._count
            if holds():
                return True
            with self._changed:
                while self._count == seen:
                    left = deadline - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
                if self._count == seen:
                    break
        return holds()
