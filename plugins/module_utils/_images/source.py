# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a CHR image comes from and how it is called (private, pure: no file and no network).

The layout of the vendor's server, its checksum files and its channel pointers were read from download.mikrotik.com and upgrade.mikrotik.com.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._core.errors import InputError
from .._core.version import OLDEST_CHR, Version

SUFFIXES: t.Final = {"raw": "img", "qcow2": "qcow2", "vmdk": "vmdk", "vdi": "vdi", "vhdx": "vhdx"}  # by format
# By major. NEWEST7.* and LATEST.7 still exist and are frozen at 7.12.1; NEWEST6.testing answers with a version 7.
_POINTERS: t.Final = {7: "NEWESTa7", 6: "NEWEST6"}
_CHANNELS: t.Final = {7: ("stable", "long-term", "testing", "development"), 6: ("stable", "long-term")}
_CHECKSUM: t.Final = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
_SIDECAR: t.Final = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.IGNORECASE)
_PLAIN_URL: t.Final = re.compile(r"[!-~]+")  # HTTP takes no spaces, control characters or letters beyond ASCII
_SHORT: t.Final = 12  # hex digits of a checksum in a file name


@dataclass(frozen=True)
class Request:
    """The image that a router wants. Routers that want the same one have equal requests. Exactly one of `version`, `channel` and `path`
    says where it comes from; beside a `path`, `version` is only a statement about that file."""

    version: str | None = None
    channel: str | None = None
    channel_major: int = 7
    path: str | None = None
    checksum: str | None = None  # SHA-256 in lower-case hex
    format: str = "raw"


def parse_request(entry: t.Mapping[str, t.Any]) -> Request:
    """One checked request. Raises InputError."""
    version = None if entry.get("version") is None else version_text(entry["version"])
    channel, path, checksum = entry.get("channel"), entry.get("path"), entry.get("checksum")
    given = [key for key, value in (("version", version), ("channel", channel), ("path", path)) if value]
    if len(given) != 1 and given != ["version", "path"]:
        raise InputError(
            "an image comes from one place",
            wanted="one of version, channel and path",
            found=" and ".join(given) or "none of them",
            remedy="Only a path may have a version beside it, which then says what is in the file",
        )
    major = entry.get("channel_major") or 7
    if channel and channel not in _CHANNELS[major]:
        raise InputError(f"channel: RouterOS {major} has none named {channel}", wanted=" or ".join(_CHANNELS[major]))
    digest = checksum_digest(checksum) if checksum else None
    return Request(version, channel or None, major if channel else 7, path or None, digest, entry.get("format") or "raw")


def version_text(value: object) -> str:
    """The version as the user wrote it. Raises InputError for a number: YAML has already lost a zero of 7.20 then."""
    if not isinstance(value, str):
        raise InputError(
            f"version: {value} is a number, not text; YAML reads 7.20 as 7.2",
            wanted="a text such as '7.20.8'",
            remedy='Quote it: version: "7.20"',
        )
    if Version(value) < OLDEST_CHR:
        raise InputError(f"version: there is no CHR of RouterOS {value}", wanted=f"{OLDEST_CHR} or later")
    return value


def checksum_digest(text: str) -> str:
    """The hex digits of a checksum option, in lower case. Raises InputError."""
    match = _CHECKSUM.fullmatch(text)
    if match is None:
        raise InputError(f"checksum: {text!r} is none", wanted="sha256: and 64 hex digits", remedy="sha256sum FILE prints them")
    return match[1].lower()


def sidecar_digest(text: str, url: str) -> str:
    """The checksum in a `.sha256` file (sha256sum's format) of the vendor for the file at `url`. Raises InputError."""
    match = _SIDECAR.fullmatch(text.strip())
    name = url.rpartition("/")[2]
    if match is None or match[2].rpartition("/")[2] != name:
        raise InputError(
            f"{url}.sha256 holds no checksum of {name}", found=repr(text[:100]), remedy="Check the mirror; a login page may have answered"
        )
    return match[1].lower()


def pointer_version(text: str, url: str, major: int) -> str:
    """The version that a channel pointer names: one line, the version and a Unix time. Raises InputError."""
    first = text.split()[0] if text.split() else ""
    try:
        version = Version(first)
    except InputError as error:
        raise InputError(
            f"{url} holds no RouterOS version", found=repr(text[:100]), remedy="Check channel_url, or give version instead of channel"
        ) from error
    if version.major != major:
        raise InputError(
            f"{url} names another major version",
            wanted=str(major),
            found=first,
            remedy="Check channel_url, or give version instead of channel",
        )
    return first


def base_url(option: str, url: str) -> str:
    """A base URL without its closing slash. Raises InputError unless it is plain HTTP or HTTPS; no message shows a password in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise InputError(f"{option}: this is no URL", wanted="http:// or https://", remedy="Check its host and port") from None
    if parts.username is not None or parts.password is not None:
        raise InputError(f"{option}: a user name or password in the URL would end in logs", remedy="Put them into ~/.netrc")
    if not usable or parts.query or parts.fragment or not _PLAIN_URL.fullmatch(url):
        raise InputError(
            f"{option}: {url} is no usable URL", wanted="http:// or https://, a host and a folder", remedy="For a local file, give path"
        )
    return url.rstrip("/")


def vendor_url(mirror: str, version: str) -> str:
    """The zipped raw image of a version."""
    return f"{mirror}/{version}/chr-{version}.img.zip"


def pointer_url(base: str, channel: str, major: int) -> str:
    """The pointer to the newest version of a channel."""
    return f"{base}/{_POINTERS[major]}.{channel}"


def channel_key(request: Request) -> str:
    """The channel's key in the lock file, such as `7-stable`."""
    return f"{request.channel_major}-{request.channel}"


def stem(name: str, digest: str) -> str:
    """The beginning of a cached file's name: what it is, and part of the checksum of the file that it was made from."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    for ending in (".zip", ".img", ".raw", ".qcow2", ".vmdk", ".vdi", ".vhdx"):
        plain = plain.removesuffix(ending)
    return f"{plain.lstrip('.')[:100] or 'image'}-{digest[:_SHORT]}"


def record_name(source: str) -> str:
    """The name of the file that says what the cache holds of a source (a URL, or `sha256:` and a local file's checksum)."""
    return f"{hashlib.sha256(source.encode()).hexdigest()[:24]}.json"
