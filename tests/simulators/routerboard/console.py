# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's serial line, and the host's `/metarouter console`, which ties a terminal to it (MetaROUTER manual, Connecting to the
virtual machine).

The line goes on when nobody is attached: who was logged in still is when the next one comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..routeros.errors import RouterError
from ..routeros.router import Router
from . import console_texts as texts
from .openwrt import Disk, OpenWrtShell
from .terminal import Terminal, TerminalSettings
from .worker import ThreadWorker

# MetaROUTER manual.
ENTERED = "\r\n[Ctrl-A is the prefix key]\r\n\r\n"
MENU = "\r\n[Q - quit connection]      [B - send break]\r\n[A - send Ctrl-A prefix]   [R - autoconfigure rate]\r\n"
LEFT = "\r\n Welcome back!\r\n"
# Not seen on a router, these three.
BUSY = "failure: console is already in use"
POWERED_OFF = "\r\nPower down.\r\n"
_BACKLOG = 4096  # bytes

_PREFIX = b"\x01"

Send: TypeAlias = Callable[[bytes], None]


@dataclass
class LineSettings:
    """`ends_attachment` is whether a guest that goes off throws its terminal out; `keeps_unread` whether what was printed while nobody
    was attached is shown to the next one, as the manual's example has it. Neither was measured.
    """

    terminal: TerminalSettings = field(default_factory=TerminalSettings)
    ends_attachment: bool = False
    keeps_unread: bool = True


class ConsoleLine:
    """`breaks` counts the breaks that were sent; nothing else comes of one."""

    def __init__(self, settings: LineSettings | None = None) -> None:
        self.settings = settings or LineSettings()
        self.breaks = 0
        self._disk = Disk()
        self._worker = ThreadWorker()
        self._lock = self._worker.lock
        self._system: Terminal | OpenWrtShell | None = None
        self._attached: Attachment | None = None
        self._unread = b""

    def power_on(self, router: Router | None, version: str) -> None:
        """The guest boots; without a router it is an OpenWrt."""
        with self._lock:
            if router is None:
                self._system = OpenWrtShell(self._disk, self._print)
            else:
                self._print(texts.STARTING.encode("ascii"))
                self._system = Terminal(router, self._print, self._worker, self.settings.terminal)
            self._system.open()

    def power_off(self) -> None:
        with self._lock:
            if self._system is None:
                return
            self._system.close()
            self._system = None
            self._print(POWERED_OFF.encode("ascii"))
            if self._attached is not None and self.settings.ends_attachment:
                self._attached.on_end()

    def attach(self, send: Send, on_end: Callable[[], None] = lambda: None) -> Attachment:
        """Raises RouterError where somebody else holds the line. `on_end` is called, from any thread, where the line ends by itself."""
        with self._lock:
            if self._attached is not None:
                raise RouterError(BUSY)
            self._attached = Attachment(self, send, on_end)
            unread, self._unread = self._unread, b""
            if unread:
                send(unread)
            return self._attached

    @property
    def held(self) -> bool:
        return self._attached is not None

    def _print(self, data: bytes) -> None:
        if self._attached is not None:
            self._attached.send(data)
        elif self.settings.keeps_unread:
            self._unread = (self._unread + data)[-_BACKLOG:]

    # For the attachment

    def type(self, data: bytes) -> None:
        with self._lock:
            if self._system is not None:
                self._system.feed(data)

    def release(self, attachment: Attachment) -> None:
        with self._lock:
            if self._attached is attachment:
                self._attached = None


class Attachment:
    """One terminal's hold on a line. `send` must not wait for anything."""

    def __init__(self, line: ConsoleLine, send: Send, on_end: Callable[[], None]) -> None:
        self.send = send
        self.on_end = on_end
        self._line = line

    def feed(self, data: bytes) -> None:
        self._line.type(data)

    def send_break(self) -> None:
        self._line.breaks += 1

    def detach(self) -> None:
        self._line.release(self)


class ConsoleSession:
    """`/metarouter console`: what is typed goes to the guest, except for the prefix key and the key after it."""

    def __init__(self, line: ConsoleLine, send: Send, done: Callable[[], None]) -> None:
        self._send = send
        self._done = done
        self._prefixed = False
        # The line may speak as soon as it is attached; what it says belongs after the first line.
        early: list[bytes] = []
        self._attachment = line.attach(early.append, self._thrown_out)
        send(ENTERED.encode("ascii") + b"".join(early))
        self._attachment.send = send

    def feed(self, data: bytes) -> bytes | None:
        for index in range(len(data)):
            if self._key(data[index : index + 1]):
                self._leave()
                return data[index + 1 :]
        return None

    def close(self) -> None:
        self._attachment.detach()

    def _key(self, key: bytes) -> bool:
        """True where it leaves."""
        if not self._prefixed:
            if key == _PREFIX:
                self._prefixed = True
                self._send(MENU.encode("ascii"))
            else:
                self._attachment.feed(key)
            return False
        self._prefixed = False
        command = key.upper()
        if command == b"B":
            self._attachment.send_break()
        elif command == b"A":
            self._attachment.feed(_PREFIX)
        return command == b"Q"

    def _leave(self) -> None:
        self._attachment.detach()
        self._send(LEFT.encode("ascii"))

    def _thrown_out(self) -> None:
        self._leave()
        self._done()
