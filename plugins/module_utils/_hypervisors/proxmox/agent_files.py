# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to and from a router through its guest agent, as Proxmox VE gives it (private).

Of Proxmox VE's two endpoints for files, one writes and reports a failure, and the other gives nothing (facts on Proxmox VE, 0b). So files are
fetched, and what was written is looked at, by scripts.
"""

from __future__ import annotations

import base64
import typing as t

from ..._core.errors import GuestError, UnsupportedError
from ..._core.text import size as parsed_size
from ..._core.version import Version
from ..._routeros.script import GUARD_TIMEOUT, Script, insist, run
from ..._routeros.way import Runner
from . import file_scripts
from .agent_limits import FILE, takes_file
from .agent_line import AgentLine

OVER_SSH: t.Final = "Copy it over SSH instead (SFTP with the router)"


class AgentFiles:
    """Files in flat /file; CHR's agent takes no folders."""

    def __init__(self, way: Runner, line: AgentLine) -> None:
        self._way = way
        self._line = line
        self._release: Version | None = None

    @property
    def reads_pieces(self) -> bool:
        """Whether the router can read a file of any length; asked once."""
        if self._release is None:
            self._release = Version(self._ask(file_scripts.RELEASE, "what its release is"))
        return self._release >= file_scripts.READS_PIECES

    def write(self, name: str, content: bytes) -> None:
        if not takes_file(self._line.api.version, content):
            raise UnsupportedError(
                f"file {name} is too long for one request to Proxmox VE, and CHR's agent appends nothing through it",
                wanted=f"at most {FILE} bytes, less before 8.4",
                found=f"{len(content)} bytes",
                remedy=OVER_SSH,
            )
        self._line.write_file(name, content)
        size = self._size(name)
        if size != len(content) or (self._can_read(size) and self._content(name, size) != content):
            found = f"{size} bytes of {len(content)}" if size != len(content) else "other bytes"
            raise GuestError(f"file {name} did not arrive whole", found=found, remedy="Check the router's free space and run again")

    def read(self, name: str) -> bytes:
        size = self._size(name)
        if not self._can_read(size):
            raise UnsupportedError(
                f"file {name} is too long for RouterOS {self._release} to read",
                wanted=f"at most {file_scripts.SHORT} bytes before RouterOS {file_scripts.READS_PIECES}",
                found=f"{size} bytes",
                remedy=OVER_SSH,
            )
        return self._content(name, size)

    def _can_read(self, size: int) -> bool:
        return size <= file_scripts.SHORT or self.reads_pieces

    def _content(self, name: str, size: int) -> bytes:
        content = b""
        while len(content) < size:
            got = self._next(name, len(content))
            if len(got) != min(file_scripts.PIECE, size - len(content)):
                raise GuestError(f"file {name}: RouterOS does not give it whole", found=f"{len(content + got)} bytes of {size}", remedy=OVER_SSH)
            content += got
        return content

    def _next(self, name: str, offset: int) -> bytes:
        what = f"what file {name} holds"
        if self.reads_pieces:
            return base64.b64decode(self._ask(file_scripts.piece(name, offset), what))
        return bytes(int(number) for number in self._ask(file_scripts.short(name), what).split())

    def _size(self, name: str) -> int:
        said = self._ask(file_scripts.size(name), f"how long file {name} is")
        size = parsed_size(said, 1)
        if size is None:
            raise GuestError(f"file {name}: RouterOS does not say how long it is", found=said, remedy="Look at /file on the router")
        return size

    def _ask(self, source: str, what: str) -> str:
        """What a script prints that only reads."""
        script = Script(what, source, GUARD_TIMEOUT, remedy="Look at /file on the router")
        return (insist(self._way, lambda: run(self._way, script), GUARD_TIMEOUT).output or "").strip()
