# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one SSH connection may do: log in, type commands, run one command, carry files."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from paramiko.channel import Channel
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.pkey import PKey
from paramiko.server import ServerInterface
from paramiko.sftp_server import SFTPServer

from ..routeros.errors import no_such_item
from ..routeros.router import Router
from ..routeros.values import inward
from .accounts import LoginName, key_allowed, login_allowed
from .console import ConsoleLine, ConsoleSession
from .ssh_files import FileServer
from .terminal import Terminal, TerminalSettings
from .terminal_machine import WIDTH, Program
from .worker import ThreadWorker

_CHUNK = 32768
_CONSOLE = "/metarouter/console"
# The exit status of a command that failed; not measured.
COMMAND_FAILED = 1
# What paramiko raises once the client is gone.
_GONE = (OSError, EOFError)


class Guest(Protocol):
    @property
    def line(self) -> ConsoleLine: ...


class SshHost(Protocol):
    """What the door needs of the board that it is in."""

    @property
    def router(self) -> Router: ...

    def guest(self, text: str) -> Guest | None:
        """By name, or by the number that print shows."""


class SshSession(ServerInterface):
    """One connection. Its channels are served by threads, which `join` waits for."""

    def __init__(self, host: SshHost, settings: TerminalSettings, sftp: bool) -> None:
        self.router = host.router
        self._host = host
        self._settings = settings
        self._sftp = sftp
        self._login = LoginName("")
        self._widths: dict[int, int] = {}
        self._waiting: list[threading.Thread] = []
        self._threads: list[threading.Thread] = []

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    # Logging in

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_password(self, username: str, password: str) -> int:
        return self._admit(username, login_allowed(self.router, inward(username), inward(password)))

    def check_auth_publickey(self, username: str, key: PKey) -> int:
        return self._admit(username, key_allowed(self.router, inward(username), key.asbytes()))

    def _admit(self, username: str, user: str | None) -> int:
        if user is None:
            return AUTH_FAILED
        self._login = LoginName.parse(inward(username))
        return AUTH_SUCCESSFUL

    # Channels

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(
        self, channel: Channel, term: bytes, width: int, height: int, pixelwidth: int, pixelheight: int, modes: bytes
    ) -> bool:
        self._widths[channel.get_id()] = width
        return True

    def check_channel_window_change_request(
        self, channel: Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        return True

    def check_channel_env_request(self, channel: Channel, name: bytes, value: bytes) -> bool:
        return False

    def check_channel_exec_request(self, channel: Channel, command: bytes) -> bool:
        self._serve(lambda: self._execute(channel, command.decode("utf-8", "surrogateescape")))
        return True

    def check_channel_shell_request(self, channel: Channel) -> bool:
        self._serve(lambda: self._shell(channel))
        return True

    def check_channel_subsystem_request(self, channel: Channel, name: str) -> bool:
        if name != "sftp" or not self._sftp:
            return False
        self._start(SFTPServer(channel, name, self, FileServer, router=self.router))
        return True

    def _serve(self, serve: Callable[[], None]) -> None:
        self._start(threading.Thread(target=serve, daemon=True))

    def _start(self, thread: threading.Thread) -> None:
        """Once the client has its answer: a command may be so quick that its channel would be closed before it was granted."""
        self._waiting.append(thread)

    def answered(self) -> None:
        """The request that a `check_` method decided on has been answered."""
        for thread in self._waiting:
            self._threads.append(thread)
            thread.start()
        self._waiting.clear()

    def _execute(self, channel: Channel, command: str) -> None:
        result = self.router.execute(command)
        with contextlib.suppress(*_GONE):
            channel.sendall(result.output.encode("utf-8", "surrogateescape"))
            channel.send_exit_status(0 if result.exit_code == 0 else COMMAND_FAILED)
            channel.close()

    def _shell(self, channel: Channel) -> None:
        outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        writer = threading.Thread(target=_write_out, args=(channel, outgoing), daemon=True)
        writer.start()
        worker = ThreadWorker()
        terminal = Terminal(
            self.router,
            outgoing.put,
            worker,
            self._settings,
            self._login,
            self._widths.get(channel.get_id()) or WIDTH,
            {_CONSOLE: lambda argument, done: self._console(argument, outgoing.put, done)},
            lambda: outgoing.put(None),
        )
        with worker.lock:
            terminal.open()
        while data := _receive(channel):
            with worker.lock:
                terminal.feed(data)
        with worker.lock:
            terminal.close()
        worker.close()
        outgoing.put(None)
        writer.join()

    def _console(self, argument: str, send: Callable[[bytes], None], done: Callable[[], None]) -> Program:
        guest = self._host.guest(argument)
        if guest is None:
            raise no_such_item()
        return ConsoleSession(guest.line, send, done)


def _receive(channel: Channel) -> bytes:
    try:
        return bytes(channel.recv(_CHUNK))
    except OSError:
        return b""


def _write_out(channel: Channel, outgoing: SimpleQueue[bytes | None]) -> None:
    """None ends the session, as /quit does."""
    with contextlib.suppress(*_GONE):
        while (data := outgoing.get()) is not None:
            channel.sendall(data)
        channel.close()
