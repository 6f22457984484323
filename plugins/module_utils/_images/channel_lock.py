# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: which version a channel was resolved to, once (private). JSON, such as `{"7-stable": "7.20.8"}`; made to be committed."""

from __future__ import annotations

import json
import os
import secrets
import typing as t
from contextlib import suppress
from pathlib import Path

from .._core.errors import InputError, RefusedError
from .._core.version import Version
from .cache import publish

_REMEDY: t.Final = "Give version instead of channel, or a lock_file that is kept between runs"
_AWX: t.Final = "AWX_PRIVATE_DATA_DIR"  # set in every AWX job
_AWX_MOUNT: t.Final = Path("/runner")  # where that folder appears in an execution environment


class VersionLock:
    """A lock file, or none."""

    def __init__(self, path: str | None, environment: t.Mapping[str, str]) -> None:
        self._path = Path(path).resolve() if path else None  # a link stays one: its target is replaced
        self._awx = environment.get(_AWX)

    def version(self, key: str) -> str | None:
        """The version that a channel was resolved to. Raises InputError for a broken lock file."""
        text = self._read().get(key)
        if text is not None and str(Version(text).major) != key.partition("-")[0]:
            raise InputError(f"lock_file: {self._path} gives {key} another major version", found=text, remedy="Correct it")
        return text

    def require_kept(self, channel: str) -> None:
        """Raises RefusedError where a resolved version could not be kept: the next run might then give new routers another version."""
        problem = f"channel {channel} cannot be resolved"
        if self._path is None:
            raise RefusedError(problem, found="no lock_file to keep its version in", remedy=_REMEDY)
        if self._awx and any(self._path.is_relative_to(folder) for folder in (Path(self._awx), _AWX_MOUNT)):
            raise RefusedError(problem, found=f"lock_file {self._path} vanishes with this AWX job's project folder", remedy=_REMEDY)
        if not os.access(self._path.parent, os.W_OK | os.X_OK):
            raise RefusedError(problem, found=f"lock_file {self._path} cannot be written", remedy=_REMEDY)

    def keep(self, key: str, version: str) -> None:
        """Add a channel's version to the file. Only while the cache is held, so that two runs do not lose each other's line."""
        path = t.cast(Path, self._path)  # a lock without a file was refused before
        known = {**self._read(), key: version}
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            for left in path.parent.glob(f".{path.name}.{'[0-9a-f]' * 16}"):  # of a killed run
                left.unlink(missing_ok=True)
            part.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
            publish(part, path)
        except OSError as error:
            raise RefusedError(f"lock_file: {path} cannot be written", found=error.strerror or str(error), remedy=_REMEDY) from error
        finally:
            with suppress(OSError):
                part.unlink()

    def _read(self) -> dict[str, str]:
        if self._path is None:
            return {}
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(f"lock_file: {self._path} cannot be read", found=str(error), remedy="Correct or remove it") from error
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise InputError(f"lock_file: {self._path} is none", wanted='{"7-stable": "7.20.8"}', remedy="Correct or remove it")
        return data
