# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's ways of writing things: quoted strings, versions, names (private, pure)."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from datetime import datetime
from functools import total_ordering

from .errors import InputError

_ESCAPES: t.Final = {'"': '\\"', "\\": "\\\\", "$": "\\$", "?": "\\?", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_VERSION: t.Final = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:(alpha|beta|rc)(\d+))?")
_STAGES: t.Final = {"alpha": 0, "beta": 1, "rc": 2, None: 3}


def escape(text: str) -> str:
    """The text as it stands between the quotes of a RouterOS string. Control characters become `\\XX`; other text stays UTF-8."""
    return "".join(_ESCAPES.get(char, char if char >= " " and char != "\x7f" else f"\\{ord(char):02X}") for char in text)


def quote(text: str) -> str:
    """The text as a RouterOS string literal that evaluates to exactly this text: no `$` expands and no quote ends it early."""
    return f'"{escape(text)}"'


def boolean(value: bool) -> str:
    """RouterOS's word for a truth value."""
    return "yes" if value else "no"


def truth(text: str) -> bool:
    """Whether a flag that RouterOS shows is set: `true` on newer versions and over REST, `yes` on old ones and in scripts."""
    return text in ("true", "yes")


_MONTHS: t.Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OLD_DATE: t.Final = re.compile(r"([a-z]{3})/(\d\d)/(\d{4})", re.IGNORECASE)


def date_time(text: str) -> datetime | None:
    """A moment as RouterOS prints it, without a time zone: `2026-06-11 10:55:29`, or before about 7.10 `jun/11/2026 10:55:29`.

    None for an empty text. Raises InputError.
    """
    day, dummy, moment = text.strip().partition(" ")
    if not day:
        return None
    old = _OLD_DATE.fullmatch(day)
    try:
        if old is not None:  # strptime would read the month's name by the user's locale
            day = f"{old[3]}-{_MONTHS.index(old[1].lower()) + 1:02}-{old[2]}"
        return datetime.fromisoformat(f"{day} {moment}".strip())
    except ValueError as error:
        raise InputError(
            f"the router's date {text!r} has no known format", wanted="2026-06-11 10:55:29 or jun/11/2026 10:55:29"
        ) from error


def address(text: str, option: str) -> str:
    """An interface's address as RouterOS writes it, with its prefix length, so that the next run finds it again. Raises InputError."""
    try:
        return str(ipaddress.IPv4Interface(text))
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no IPv4 address", wanted="for example 192.0.2.2/24") from error


_SIZE: t.Final = re.compile(r"(\d+)\s*(KiB|MiB|GiB|B|bytes)?", re.IGNORECASE)
_UNITS: t.Final = {"b": 1, "bytes": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


def size(text: str, unit: int) -> int | None:
    """Bytes, from a size as RouterOS renders it: `32MiB`, `32000kiB`, or a bare number of `unit` bytes. None where it is no size."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    number, suffix = match.groups()
    return int(number) * (_UNITS[suffix.lower()] if suffix else unit)


@total_ordering
class Version:
    """A RouterOS version, `MAJOR.MINOR[.PATCH][betaN|rcN]`; a beta stands before its rc, and that before the release."""

    def __init__(self, text: str) -> None:
        match = _VERSION.fullmatch(text)
        if match is None:
            raise InputError(
                f"version {text!r} is no RouterOS version",
                wanted="MAJOR.MINOR[.PATCH][betaN|rcN], for example 7.20.8",
                remedy='Quote it in YAML: version: "7.20"',
            )
        major, minor, patch, stage, number = match.groups()
        self.text = text
        self.major = int(major)
        self.key = (int(major), int(minor), int(patch or 0), _STAGES[stage], int(number or 0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text
