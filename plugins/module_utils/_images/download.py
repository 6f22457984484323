# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP downloads that survive a dropped connection (private)."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

from ansible.module_utils import urls

from .._core.errors import InputError, UnreachableError
from .disk import LARGEST

CHUNK: t.Final = 1 << 18  # bytes
_TEXT_LIMIT: t.Final = 4096  # bytes
_RANGE: t.Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_TRANSIENT: t.Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_OFFLINE: t.Final = "Check the network and proxy; or download it elsewhere and give its path, or name a mirror that this machine reaches"

Advance = t.Callable[[int, "int | None"], None]  # bytes so far, and of how many


class MissingError(InputError):
    """The server has no such file."""


class _DroppedError(Exception):
    """The connection was made and did not hold, or the server is busy: worth another try."""


class _RestartError(_DroppedError):
    """The server cannot go on where the last try ended."""


@dataclass
class _Partial:
    """What has come so far."""

    handle: t.BinaryIO
    received: int = 0
    total: int | None = None

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()

    def add(self, block: bytes) -> None:
        self.handle.write(block)
        self.digest.update(block)
        self.received += len(block)

    def restart(self) -> None:
        self.handle.seek(0)
        self.handle.truncate()
        self.received, self.total, self.digest = 0, None, hashlib.sha256()


@dataclass(frozen=True)
class Http:
    """How this run talks to servers: `timeout` in seconds for each network operation, `attempts` at most, `pause` seconds after the first
    failed one, then twice as long each time."""

    timeout: int = 30
    validate_certs: bool = True
    attempts: int = 6
    pause: float = 1.0

    def find(self, url: str) -> str | None:
        """A small text, or None where the server has no such file. Raises UnreachableError where it does not answer."""
        try:
            return self.text(url)
        except MissingError:
            return None

    def text(self, url: str) -> str:
        """A small text. Raises MissingError where the server has no such file and UnreachableError where it does not answer."""

        def read() -> str:
            with self._open(url, {}) as response:
                body = _read(response, _TEXT_LIMIT)
                length = _length(response)
            if length is not None and len(body) < min(length, _TEXT_LIMIT):  # half a version is a version too
                raise _DroppedError(f"the connection ended after {len(body)} of {length} bytes")
            return body.decode("utf-8", "replace")

        return t.cast(str, self._persistently(url, read))

    def download(self, url: str, target: Path, advance: Advance) -> str:
        """Write the file at `url` to `target` and return its SHA-256. A dropped connection goes on where it ended."""
        with target.open("wb") as handle:
            partial = _Partial(handle)
            self._persistently(url, lambda: self._go_on(url, partial, advance))
            handle.flush()
        return partial.digest.hexdigest()

    def _persistently(self, url: str, work: t.Callable[[], t.Any]) -> t.Any:
        for attempt in range(self.attempts):
            try:
                return work()
            except _DroppedError as error:
                reason = str(error)
            if attempt + 1 < self.attempts:
                time.sleep(self.pause * 2**attempt)
        raise UnreachableError(f"{url} could not be downloaded in {self.attempts} attempts", found=reason, remedy=_OFFLINE)

    def _go_on(self, url: str, partial: _Partial, advance: Advance) -> None:
        headers = {"Range": f"bytes={partial.received}-"} if partial.received else {}
        try:
            with self._open(url, headers) as response:
                _accept(response, partial)
                while block := _read(response, CHUNK):
                    partial.add(block)
                    if partial.received > LARGEST:
                        raise InputError(
                            f"{url} is larger than any CHR image", wanted=f"at most {LARGEST >> 30} GiB", remedy="Check the mirror"
                        )
                    advance(partial.received, partial.total)
        except _RestartError:
            partial.restart()
            raise
        except UnreachableError as error:
            if not partial.received:
                raise
            raise _DroppedError(error.found) from error  # it was there a moment ago
        if partial.total is not None and partial.received < partial.total:
            raise _DroppedError(f"the connection ended after {partial.received} of {partial.total} bytes")

    def _open(self, url: str, headers: dict[str, str]) -> t.Any:
        try:
            return urls.open_url(
                url,
                headers=headers,
                timeout=self.timeout,
                validate_certs=self.validate_certs,
                follow_redirects="safe",
                decompress=False,
                http_agent="vrouter.mikrotik",
            )
        except HTTPError as error:
            error.close()
            raise _status(url, error.code) from error
        except URLError as error:  # no connection
            raise UnreachableError(f"{url} cannot be reached", found=str(error.reason), remedy=_OFFLINE) from error
        except (urls.ConnectionError, urls.MissingModuleError, ValueError) as error:
            raise UnreachableError(f"{url} cannot be reached", found=str(error), remedy=_OFFLINE) from error
        except (OSError, http.client.HTTPException) as error:
            raise _DroppedError(_reason(error)) from error


def _status(url: str, code: int) -> Exception:
    found = f"HTTP status {code}"
    if code in (404, 410):
        return MissingError(f"{url} does not exist", found=found, remedy="Check the version and the mirror")
    if code == 416:
        return _RestartError(found)
    if code in _TRANSIENT:
        return _DroppedError(found)
    return UnreachableError(f"{url} is refused", found=found, remedy=_OFFLINE)


def _accept(response: t.Any, partial: _Partial) -> None:
    """Take note of what the server is about to send: the rest (206), or all again."""
    match = _RANGE.fullmatch(response.headers.get("Content-Range") or "") if response.status == 206 else None
    if match is not None and int(match[1]) == partial.received:
        partial.total = None if match[2] == "*" else int(match[2])
        return
    if response.status == 206:
        raise _RestartError("the server sent another part of the file than asked for")
    partial.restart()
    partial.total = _length(response)


def _length(response: t.Any) -> int | None:
    length = response.headers.get("Content-Length") or ""
    return int(length) if length.isdigit() else None


def _read(response: t.Any, size: int) -> bytes:
    try:
        return t.cast(bytes, response.read(size))
    except (OSError, http.client.HTTPException) as error:
        raise _DroppedError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
