# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and times as RouterOS prints them (private, pure)."""

from __future__ import annotations

import re
import typing as t
import zoneinfo
from datetime import datetime

from .errors import InputError

_SURE: t.Final = "Europe/London"  # in every database
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


def is_time_zone(name: str) -> bool:
    """Whether RouterOS knows a time zone, as far as this machine can tell: it has the same database, or none."""
    if name in ("manual", _SURE):
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return not _has_zones()
    return True


def _has_zones() -> bool:
    try:
        zoneinfo.ZoneInfo(_SURE)
    except zoneinfo.ZoneInfoNotFoundError:
        return False
    return True
