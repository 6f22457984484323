# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for many routers: side by side over guests, in order within one (private)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._core.batch import Outcome, Progress
from .._core.changes import Change
from .._core.errors import GuestError, InputError, UnsupportedError
from .._core.local_files import read_local
from .._routeros.script import holds
from .._routeros.statements import exists, pairs
from .._routeros.way import Files, Way
from .enter import OTHER_WAY, RunOptions, each_guest
from .hypervisor import Hypervisor

FLAT: t.Final = re.compile(r"[^/\\]{1,255}")  # CHR's agent takes no folders (measured)


@dataclass(frozen=True)
class File:
    """One file on one guest: to be written with `content`, or, without, to be fetched to `dest`."""

    guest: str
    name: str
    content: bytes | None = None
    dest: Path | None = None


def parse_file(options: t.Mapping[str, t.Any]) -> File:
    """A File from one entry of the module's `files`. Raises InputError."""
    check_flat(options["name"], "name")
    if options.get("dest") is not None:
        return File(options["guest"], options["name"], dest=Path(options["dest"]))
    content = read_local(options["src"], "src") if options.get("src") is not None else options["content"].encode()
    return File(options["guest"], options["name"], content)


def check_flat(name: str, option: str) -> None:
    """Raise InputError for a file name that CHR's agent refuses."""
    if not FLAT.fullmatch(name):
        raise InputError(f"{option}: {name!r} holds a folder", remedy="CHR's guest agent takes flat names only, for example setup.rsc")


def transfer_files(hypervisor: Hypervisor, files: t.Sequence[File], options: RunOptions, progress: Progress) -> dict[str, Outcome]:
    """Put and fetch every guest's files; only what differs is written, and what was written is read back."""

    def act(way: Way | None, file: File) -> tuple[dict[str, t.Any], Change | None]:
        there = None if way is None else read_router_file(way, file.name)
        progress(file.guest, f"file {file.name}")
        if file.content is None:
            return _fetch(file, there, options.check_mode)
        change = None if there == file.content else Change(f"files.{file.name}", _size(there), _size(file.content))
        if change is not None and way is not None and not options.check_mode:
            mover(way).write(file.name, file.content)
            if read_router_file(way, file.name) != file.content:
                raise GuestError(f"file {file.name}: what was read back differs", remedy="Check the router's free space and run again")
        return {"name": file.name, "size": len(file.content), "changed": change is not None}, change

    return each_guest(hypervisor, files, options, progress, "files", act, refuse)


def refuse(way: Way, file: File) -> None:
    """Raise UnsupportedError where files do not move."""
    mover(way)


def mover(way: Way) -> Files:
    """What moves files on this way. Raises UnsupportedError where nothing does."""
    if way.files is None:
        raise UnsupportedError(f"files cannot be moved here: {way.name} moves none", remedy=OTHER_WAY)
    return way.files


def read_router_file(way: Way, name: str) -> bytes | None:
    """A file's content, or None where the router has none of that name."""
    files = mover(way)
    return files.read(name) if holds(way, exists("/file", pairs(name=name))) else None


def _fetch(file: File, there: bytes | None, check_mode: bool) -> tuple[dict[str, t.Any], Change | None]:
    dest = t.cast(Path, file.dest)
    if there is None:
        if check_mode:
            return {"name": file.name, "changed": True}, Change(f"files.{file.name}", None, str(dest))
        raise GuestError(f"file {file.name} does not exist on the router", remedy="Look at /file on the router")
    have = dest.read_bytes() if dest.is_file() else None
    change = None if have == there else Change(f"files.{file.name}", _size(have), _size(there))
    if change is not None and not check_mode:
        part = dest.with_name(dest.name + ".part")
        try:
            part.write_bytes(there)
            part.replace(dest)
        except OSError as error:
            raise InputError(f"dest: {dest} cannot be written", found=error.strerror or str(error)) from error
    return {"name": file.name, "size": len(there), "changed": change is not None}, change


def _size(content: bytes | None) -> str | None:
    return None if content is None else f"{len(content)} bytes"
