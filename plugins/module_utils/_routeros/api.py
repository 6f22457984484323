# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of RouterOS's API, on librouteros's protocol layer (private).

librouteros's own calls turn `name=123` into a number and `comment=no` into false, drop the rows that came before a trap, and report a login
as done that a RouterOS before 6.43 has only answered with its challenge. So sentences are read here: values stay text, as the router sent them.
"""

from __future__ import annotations

import hashlib
import socket
import time
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass, field

from .._core.errors import LostError, RouterError, TrapError, UnreachableError
from .api_options import ApiOptions
from .api_tls import explain_tls, secure

if t.TYPE_CHECKING:
    from librouteros.protocol import ApiProtocol

CHUNK: t.Final = 65536  # bytes read from the socket at once; librouteros asks for single ones
# How RouterOS says that a menu or a command is missing: no such command, no such command prefix, no such command or directory (metarouter).
UNKNOWN: t.Final = ("no such command", "bad command name")

WIRE: t.Final = "latin-1"  # a character a byte: librouteros drops what is no UTF-8, and an edited comment would lose it

Row = t.Dict[str, str]  # noqa: UP006  (evaluated at import on Python 3.10 as well)


@dataclass(frozen=True)
class Reply:
    """All that came back for one command: its rows, and what `!done` carried (`ret` is a new item's id)."""

    rows: list[Row] = field(default_factory=list)
    done: Row = field(default_factory=dict)


class Api:
    """One logged-in session. Commands go one after the other; `count` says how many were sent, logging in not counted."""

    def __init__(self, protocol: ApiProtocol, transport: Transport, options: ApiOptions) -> None:
        self._protocol = protocol
        self._transport = transport
        self._timeout = options.timeout
        self.host = options.host
        self.router_address = transport.peer
        self.count = 0

    def call(
        self,
        command: str,
        arguments: t.Mapping[str, str] | None = None,
        queries: t.Iterable[str] = (),
        timeout: float | None = None,
        on_row: t.Callable[[Row], None] | None = None,
    ) -> Reply:
        """Send a command, for example `/metarouter/print`, and read its whole answer; `on_row` sees each row as it comes.

        Queries are words such as `?name=edge1`. `timeout` in seconds is for the whole command; None takes the connection's own.
        Raises TrapError, or LostError where the outcome is unknown.
        """
        self.count += 1
        return self._exchange(command, arguments or {}, queries, timeout, on_row)

    def _exchange(
        self,
        command: str,
        arguments: t.Mapping[str, str],
        queries: t.Iterable[str] = (),
        timeout: float | None = None,
        on_row: t.Callable[[Row], None] | None = None,
    ) -> Reply:
        limit = self._timeout if timeout is None else timeout
        self._transport.deadline = time.monotonic() + limit
        words = [*(f"={name}={value}" for name, value in arguments.items()), *queries]
        try:
            with _explained(command, self.host, limit):
                self._protocol.writeSentence(command, *map(_to_wire, words))
                return self._read(command, on_row)
        except LostError:
            self._transport.close()  # a late answer would be taken for that of the next command
            raise

    def _read(self, command: str, on_row: t.Callable[[Row], None] | None) -> Reply:
        rows: list[Row] = []
        traps: list[Row] = []
        while True:
            kind, words = self._protocol.readSentence()
            row = dict(_pair(_from_wire(word)) for word in words if word.startswith("="))
            if kind == "!re" and row:  # an empty row holds none of the asked-for properties
                rows.append(row)
                if on_row is not None:
                    on_row(row)
            elif kind == "!trap":
                traps.append(row)
            elif kind == "!done":
                if traps:
                    raise TrapError(command, traps, rows)
                return Reply(rows, row)

    def print(self, menu: str, properties: t.Iterable[str] = (), *queries: str) -> list[Row]:
        """The items of a menu with these properties; one that an item, or this RouterOS, does not have is absent."""
        proplist = ",".join(properties)
        return self.call(f"{menu}/print", {".proplist": proplist} if proplist else {}, queries).rows

    def add(self, menu: str, values: t.Mapping[str, str]) -> str:
        """Add an item; its id."""
        return self.call(f"{menu}/add", values).done.get("ret", "")

    def set(self, menu: str, item: str, values: t.Mapping[str, str]) -> None:
        """Set properties of an item."""
        self.call(f"{menu}/set", {".id": item, **values})

    def act(self, menu: str, verb: str, item: str) -> None:
        """A verb that takes an item and nothing else: remove, enable, start ..."""
        self.call(f"{menu}/{verb}", {".id": item})

    def log_in(self, options: ApiOptions) -> None:
        """Log in by the way that this RouterOS speaks.

        Since 6.43 name and password go in one sentence. An older router answers that with a challenge in `ret`, and is not logged in.
        """
        who = {"name": options.username}
        try:
            first = {} if options.login == "challenge" else {**who, "password": options.password}
            challenge = self._exchange("/login", first).done.get("ret")
            if challenge is not None:
                self._exchange("/login", {**who, "response": _response(options.password, challenge)})
        except TrapError as error:
            raise UnreachableError(
                f"api: {self.host} refused the login of user {options.username}",
                found=error.text,
                remedy="Check api.username and api.password, that the user's group has the policies api, read, write and test, and its address list",
            ) from error


class Transport:
    """A socket with a deadline for the whole of a command, not for each read; what librouteros's protocol reads and writes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.peer = str(sock.getpeername()[0])
        self.deadline = 0.0
        self._buffer = bytearray()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def write(self, data: bytes) -> None:
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self.sock.settimeout(self._left())
            got = self.sock.recv(CHUNK)
            if not got:
                raise ConnectionResetError("the router closed the connection")
            self._buffer += got
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def close(self) -> None:
        self.sock.close()


@contextmanager
def session(options: ApiOptions) -> t.Iterator[Api]:
    """A logged-in session, closed at the end. Raises UnreachableError."""
    protocol_class = _library()
    transport = Transport(_connect(options))
    try:
        # librouteros types its own transport class; it only ever reads, writes and closes
        protocol = protocol_class(t.cast(t.Any, transport), WIRE)
        api = Api(protocol, transport, options)
        api.log_in(options)
        yield api
    finally:
        transport.close()


def _library() -> type[ApiProtocol]:
    try:
        from librouteros.protocol import ApiProtocol
    except ImportError as error:
        raise UnreachableError(
            "the Python package librouteros is not installed for the Python that runs this module",
            remedy="Install it with: pip install 'librouteros>=4.1.1'",
        ) from error
    return ApiProtocol


def _connect(options: ApiOptions) -> socket.socket:
    where = f"{options.host} port {options.port}"
    try:
        plain = socket.create_connection((options.host, options.port), timeout=options.timeout)
    except OSError as error:
        raise UnreachableError(
            f"api: no connection to {where}",
            found=error.strerror or str(error),
            remedy=f"Check api.host and api.port, the router's firewall, and /ip service: {options.service} must be enabled",
        ) from error
    try:
        return secure(plain, options)
    except (OSError, RouterError) as error:
        plain.close()
        raise explain_tls(error, options) from error


@contextmanager
def _explained(command: str, host: str, limit: float) -> t.Iterator[None]:
    """What ends a session becomes one sentence that says whether the command was carried out: nobody knows."""
    from librouteros.exceptions import FatalError, LibRouterosError

    unknown = f"whether {command} was carried out is unknown"
    remedy = "Run again when the router answers: what is already done is skipped"
    try:
        yield
    except TimeoutError as error:
        raise LostError(f"{host} did not answer {command} within {limit:g} s; {unknown}", remedy=remedy) from error
    except FatalError as error:
        raise LostError(f"{host} ended the session at {command}", found=str(error), remedy=remedy) from error
    except (OSError, LibRouterosError) as error:
        raise LostError(f"the connection to {host} was lost; {unknown}", found=str(error), remedy=remedy) from error


def is_unknown(error: TrapError) -> bool:
    """Whether this RouterOS lacks the menu or the command."""
    return any(text in error.text for text in UNKNOWN)


def _to_wire(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode(WIRE)


def _from_wire(word: str) -> str:
    """UTF-8, in which bytes that are none stay as they are."""
    return word.encode(WIRE).decode("utf-8", "surrogateescape")


def _pair(word: str) -> tuple[str, str]:
    dummy, name, value = word.split("=", 2)
    return name, value


def _response(password: str, challenge: str) -> str:
    """The answer to the challenge of a RouterOS before 6.43: `00`, then MD5 of a zero byte, the password and the challenge."""
    digest = hashlib.md5(b"\x00" + password.encode() + bytes.fromhex(challenge), usedforsecurity=False)
    return "00" + digest.hexdigest()
