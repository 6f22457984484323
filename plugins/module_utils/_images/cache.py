# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that keeps images (private).

Nothing is ever written under a final name: a file is made as `.part-*`, synced, and renamed. All writers hold the folder's one lock, so
whoever holds it knows that any `.part-*` he did not make was left by a run that was killed.

    chr-7.20.8-3f0c2a9be1d4.img     an image; the hex digits begin the checksum of the file that it was made from
    chr-7.20.8-3f0c2a9be1d4.qcow2   the same in another format
    5d1e8c....json                  a record: what a source (a URL, a local file's checksum) gave, with all checksums
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .._core.errors import InputError, RouterError, UnsupportedError
from .disk import sha256
from .source import record_name

LOCK: t.Final = ".lock"
PART: t.Final = ".part-"


class _BusyError(Exception):
    """Another run is writing."""


@dataclass
class Record:
    """What a source gave: the checksum of the file itself, and name and checksum of each file made from it, by format."""

    source: str
    download: str
    files: dict[str, list[str]] = field(default_factory=dict)

    def matches(self, checksum: str | None) -> bool:
        """Whether a user's checksum is that of the file as it came, or of the raw image in it."""
        return checksum in (None, self.download, self.files.get("raw", ["", ""])[1])


class Cache:
    """A folder of images; it is made when something is first kept in it. `folder` is absolute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, source: str) -> Record | None:
        """What the cache knows of a source; an unreadable record is none."""
        try:
            data = json.loads((self.folder / record_name(source)).read_text(encoding="utf-8"))
            record = Record(**data)
            return record if record.source == source and all(len(entry) == 2 for entry in record.files.values()) else None
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, AttributeError):
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def intact(self, record: Record | None, image_format: str) -> Path | None:
        """The cached file of a format, if it still is what it was when it was made."""
        name, digest = (record.files if record else {}).get(image_format, ("", ""))
        path = self.folder / Path(name).name
        try:
            return path if name and path.is_file() and sha256(path) == digest else None
        except OSError as error:
            raise self._unusable(error) from error

    @contextmanager
    def writing(self, waiting: t.Callable[[], None]) -> t.Iterator[None]:
        """Hold the folder for writing; `waiting` is called where another run holds it. What a killed run left is removed."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._lock(descriptor, waiting)
            self._sweep()
            yield
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            os.close(descriptor)  # gives the lock up

    def _lock(self, descriptor: int, waiting: t.Callable[[], None]) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)

    def tidy(self) -> None:
        """Remove what killed runs left, unless another run is writing now."""

        def busy() -> None:
            raise _BusyError

        if self._parts():
            with suppress(_BusyError, RouterError), self.writing(busy):  # a shared cache may be read-only
                pass

    def _parts(self) -> list[Path]:
        try:
            return [self.folder / name for name in os.listdir(self.folder) if name.startswith(PART)]
        except OSError:
            return []

    def _sweep(self) -> None:
        for path in self._parts():
            path.unlink(missing_ok=True)

    @contextmanager
    def part(self) -> t.Iterator[Path]:
        """A name for a file in the making; whatever is left of it at the end goes. Only while `writing`."""
        path = self.folder / f"{PART}{secrets.token_hex(8)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def publish(self, part: Path, name: str) -> Path:
        """Give a finished file its final name."""
        return publish(part, self.folder / name)

    def keep(self, record: Record) -> None:
        """Write a record down."""
        with self.part() as part:
            part.write_text(json.dumps(asdict(record), indent=1, sort_keys=True) + "\n", encoding="utf-8")
            self.publish(part, record_name(record.source))

    def _unusable(self, error: OSError) -> Exception:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return UnsupportedError(
                f"cache_dir: {self.folder} is full", found=str(error.strerror), remedy="Free some space, or name another cache_dir"
            )
        return InputError(
            f"cache_dir: {self.folder} cannot be used",
            found=error.strerror or str(error),
            remedy="Name a folder that this user can write to",
        )


def publish(part: Path, target: Path) -> Path:
    """Give a finished file its final name in the same folder, so that a power cut leaves the whole file or none."""
    _sync(part, os.O_RDONLY)
    part.replace(target)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    return target


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
