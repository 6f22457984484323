# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to one libvirtd, shared by workers (private).

Measured on libvirt 9.0: one connection serves five calls at a time, so a sixth caller waits behind five slow agents; a keep-alive shorter
than an agent call closes the connection under it; events are only delivered where the event loop was registered before the first open.
"""

from __future__ import annotations

import itertools
import re
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from ..._core.errors import HypervisorError, RouterError, UnreachableError
from ..._guests.guest import GuestRef

if t.TYPE_CHECKING:
    import libvirt

WORKERS_PER_CONNECTION: t.Final = 4
KEEPALIVE: t.Final = (5, 6)  # seconds, tries: 35 s, longer than the longest agent call (5 s sync and 5 s answer)
CALLS_AT_ONCE: t.Final = 5  # that one connection serves
KVM_HOST: t.Final = "the role kvm_host sets a host up"
OBSTACLES: t.Final = (  # on the way to a libvirtd, in its own, OpenSSH's and polkit's words; the first that fits
    (
        r"Permission denied \(|Host key verification failed|Too many authentication failures",
        "SSH lets nobody in without a question there: give the user a key (ssh-copy-id) and log in once to take the host's key",
    ),
    (r"ssh: ", "SSH does not come through: check host, port and network with ssh itself"),
    (
        r"Permission denied|polkit|authentication ",
        f"libvirtd runs there and refuses this user, who must be root or in group libvirt since before the login; {KVM_HOST}",
    ),
    (
        r"Failed to connect socket|unable to connect|not found",
        f"No libvirtd answers there: start it (systemctl start libvirtd), or install it; {KVM_HOST}",
    ),
)
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
    """As many connections to one URI as the workers need, at most four workers on each; opened when first used, and again when they were lost."""

    def __init__(self, uri: str, workers: int) -> None:
        self.uri = uri
        self.on_loss: t.Callable[[], None] = lambda: None  # called, from libvirt's event loop, whenever a connection was lost
        self._limit = -(-max(1, workers) // WORKERS_PER_CONNECTION)
        self._open: list[libvirt.virConnect] = []
        self._listening: list[tuple[libvirt.virConnect, int]] = []
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._mine = threading.local()
        _run_event_loop()

    def get(self) -> libvirt.virConnect:
        """The connection that the calling thread uses. Raises UnreachableError."""
        index = getattr(self._mine, "index", None)
        if index is None:
            index = self._mine.index = (next(self._turn) // WORKERS_PER_CONNECTION) % self._limit
        with self._lock:
            while len(self._open) <= index:
                self._open.append(self._connect())
            if not is_alive(self._open[index]):
                self._open[index] = self._connect()
            return self._open[index]

    def lost(self) -> bool:
        """Whether the calling thread's connection was lost, and not opened again."""
        index = getattr(self._mine, "index", 0)
        with self._lock:
            return index >= len(self._open) or not is_alive(self._open[index])

    def listen(self, connection: libvirt.virConnect, kinds: t.Iterable[str], callback: t.Callable[..., None]) -> None:
        """Be told of events of these kinds, of all guests."""
        lib = library()
        for kind in kinds:
            event = getattr(lib, f"VIR_DOMAIN_EVENT_ID_{kind}")
            self._listening.append((connection, connection.domainEventRegisterAny(None, event, callback, None)))

    def close(self) -> None:
        """Close all. Errors do not matter any more: the work is done.

        A callback keeps its connection until the process ends. Taking it back is a round trip, so that is only done where the line has no length.
        """
        lib = library()
        self.on_loss = lambda: None
        if not urlsplit(self.uri).netloc:
            for connection, number in self._listening:
                with suppress(lib.libvirtError):
                    connection.domainEventDeregisterAny(number)
            for connection in self._open:
                with suppress(lib.libvirtError):
                    connection.unregisterCloseCallback()
        self._listening.clear()
        for connection in self._open:
            with suppress(lib.libvirtError):
                connection.close()
        self._open.clear()

    def _connect(self) -> libvirt.virConnect:
        connection = _open(self.uri)
        _where_supported(lambda: connection.registerCloseCallback(lambda *dummy: self.on_loss(), None))
        return connection


def is_alive(connection: libvirt.virConnect) -> bool:
    """Whether the connection still stands, as far as this end knows."""
    lib = library()
    try:
        return bool(connection.isAlive() == 1)
    except lib.libvirtError:
        return False


def _open(uri: str) -> libvirt.virConnect:
    lib = library()
    try:
        connection: libvirt.virConnect = lib.open(_without_terminal(uri))
        _where_supported(lambda: connection.setKeepAlive(*KEEPALIVE))
    except lib.libvirtError as error:
        raise UnreachableError(
            f"libvirt at {uri} cannot be reached",
            found=error.get_error_message() or str(error),
            remedy=_way_in(str(error)),
        ) from error
    return connection


def _way_in(said: str) -> str:
    """What to do about a connection that was not made, from what libvirt says of it."""
    return next((remedy for words, remedy in OBSTACLES if re.search(words, said)), "Check that libvirtd runs there; " + KVM_HOST)


def _where_supported(act: t.Callable[[], t.Any]) -> None:
    """What a driver inside the library, which has no wire, does not offer."""
    lib = library()
    try:
        act()
    except lib.libvirtError as error:
        if error_code(error) != lib.VIR_ERR_NO_SUPPORT:
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


def side_by_side(*calls: t.Callable[[], t.Any]) -> list[t.Any]:
    """The answers to calls that do not need one another, in order: on a long line they cost one round trip and not one each."""
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(len(calls), CALLS_AT_ONCE)) as pool:
        return [answer.result() for answer in [pool.submit(call) for call in calls]]


def stored_definition(domain: libvirt.virDomain) -> str:
    """A guest's stored definition; that of one which somebody removes meanwhile is empty. Raises libvirt's own error for any other trouble."""
    lib = library()
    try:
        return domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
    except lib.libvirtError as error:
        if error_code(error) != lib.VIR_ERR_NO_DOMAIN:
            raise
        return "<domain/>"


class Handle:
    """One guest by its UUID, looked up anew where the connection is another one than before."""

    def __init__(self, connections: Connections, guest: GuestRef, known: libvirt.virDomain | None = None) -> None:
        self._connections = connections
        self._guest = guest
        self._domain = known

    def get(self) -> libvirt.virDomain:
        """The guest on the calling thread's connection. Raises UnreachableError where there is none."""
        connection = self._connections.get()
        if self._domain is None or self._domain.connect() is not connection:
            with translated(f"guest {self._guest.name} cannot be found any more", "Run again"):
                self._domain = connection.lookupByUUIDString(self._guest.uuid)
        return self._domain
