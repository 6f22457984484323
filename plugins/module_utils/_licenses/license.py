# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CHR's licence: what the router shows of it, what that means, and what may be done about it (private, pure).

Source of the rules: the vendor's CHR manual page, CHR Licensing. All times are the router's own, without a time zone.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._core.dates import date_time
from .._core.errors import InputError, RefusedError, RouterError
from .._core.text import truth

LEVELS: t.Final = ("free", "p1", "p10", "p-unlimited")  # in rising order
PAID: t.Final = LEVELS[1:]
FREE: t.Final = LEVELS[0]
SOURCES: t.Final = ("none", "trial", "purchased")
NEW_ID: t.Final = ("never", "if_free", "if_duplicate")
BUY_WITHIN: t.Final = timedelta(days=60)  # after a trial's end; then it goes from the account
STATUS_DONE: t.Final = "done"
ERROR: t.Final = "ERROR:"
_MOMENT: t.Final = r"=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\b"
ASKED: t.Final = re.compile(r"\basked" + _MOMENT)
RENEWED: t.Final = re.compile(r"\brenewed" + _MOMENT)
OWN_ID: t.Final = re.compile(r"\bid=(\S+)")
TRIALS_EXHAUSTED: t.Final = "too many trial licences"


@dataclass(frozen=True)
class License:
    """What /system/license shows. `limited_upgrades` is None where this RouterOS does not show it."""

    system_id: str
    level: str
    limited_upgrades: bool | None = None
    next_renewal_at: datetime | None = None
    deadline_at: datetime | None = None

    @property
    def free(self) -> bool:
        return self.level == FREE

    @property
    def rank(self) -> int:
        return rank(self.level)

    def as_dict(self, now: datetime) -> dict[str, t.Any]:
        """The fields as modules return them, dates in ISO whatever the version printed."""
        return {
            "system_id": self.system_id,
            "level": self.level,
            "limited_upgrades": self.limited_upgrades,
            "next_renewal_at": iso(self.next_renewal_at),
            "deadline_at": iso(self.deadline_at),
            "enforced": enforced(self, now),
            "reboot_needed": not enforced(self, now),
        }


def expired(license_: License, now: datetime) -> bool:
    """A trial that ran out, or a licence that could not be renewed in time.

    RouterOS 7 then shows limited upgrades and no time of renewal; on any version the deadline has passed.
    """
    if license_.free:
        return False
    limited = license_.next_renewal_at is None and license_.limited_upgrades is True
    return limited or (license_.deadline_at is not None and license_.deadline_at < now)


def enforced(license_: License, now: datetime) -> bool:
    """Whether the level really counts. A stored one without a time of renewal does not before a restart (measured on a cloud CHR)."""
    return license_.free or license_.next_renewal_at is not None or expired(license_, now)


def rank(level: str) -> int:
    """A level's place; an unknown one is above all, as only the vendor can add one."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def iso(moment: datetime | None) -> str | None:
    """A moment as text, or None."""
    return None if moment is None else moment.isoformat(sep="T", timespec="seconds")


def parse_license(row: t.Mapping[str, str]) -> License:
    """From the properties of /system/license, as the API or a script gives them. Raises InputError for a date of no known format."""
    if not row.get("level") or not row.get("system-id"):
        raise InputError("this router has no CHR licence", found=", ".join(sorted(row)) or "nothing", remedy="Only CHR has levels and a system-id")
    limited = row.get("limited-upgrades", "")
    return License(
        system_id=row["system-id"],
        level=row["level"],
        limited_upgrades=truth(limited) if limited else None,
        next_renewal_at=date_time(row.get("next-renewal-at", "")),
        deadline_at=date_time(row.get("deadline-at", "")),
    )


@dataclass(frozen=True)
class LicenseSpec:
    """What is wanted of one router's licence."""

    name: str
    minimum_level: str | None = None
    source: str = "none"
    generate_new_id: str = "never"
    duplicate: bool = False  # a router that is not in this batch has its system-id, and keeps it
    renew_before: int = 0  # days before the next renewal at which one is asked for
    renew_interval: int = 24  # hours that lie between two attempts
    wait: bool = True
    timeout: float = 120


def parse_spec(options: t.Mapping[str, t.Any]) -> LicenseSpec:
    """One entry of `routers`. Raises InputError."""
    for option, low in (("timeout", 1), ("renew_before", 0), ("renew_interval", 1)):
        if options[option] < low:
            raise InputError(f"{option}: {options[option]} is below {low}")
    if options["source"] == "trial" and options.get("minimum_level") in (None, FREE):
        raise InputError("source: trial needs a level to ask for", remedy=f"Say minimum_level: one of {', '.join(PAID)}")
    given = {key: options[key] for key in LicenseSpec.__dataclass_fields__ if options.get(key) is not None}
    return LicenseSpec(**given)


Verdict = t.Literal["ok", "below", "renewal_overdue", "trial", "expired", "not_enforced"]


def days_left(license_: License, now: datetime) -> int | None:
    """Whole days until the deadline, below 0 after it; None where there is none."""
    return None if license_.deadline_at is None else (license_.deadline_at - now) // timedelta(days=1)


def buy_before(license_: License) -> datetime | None:
    """Until when a trial can still be bought."""
    return None if license_.deadline_at is None else license_.deadline_at + BUY_WITHIN


def verdict(license_: License, spec: LicenseSpec, now: datetime) -> Verdict:
    """What the licence is worth now, the worst first. The router cannot tell trial from paid: `source` is the user's word."""
    if expired(license_, now):
        return "expired"
    if not enforced(license_, now):
        return "not_enforced"
    if spec.minimum_level is not None and license_.rank < rank(spec.minimum_level):
        return "below"
    if license_.next_renewal_at is not None and license_.next_renewal_at < now:
        return "renewal_overdue"
    return "trial" if spec.source == "trial" and not license_.free else "ok"


def judge_renewal(rows: t.Sequence[str]) -> tuple[str, str]:
    """(`done`, `failed` or `unknown`, the text) of the statuses that renew streamed: the last one decides."""
    last = rows[-1].strip() if rows else ""
    if last == STATUS_DONE:
        return "done", last
    if last.startswith(ERROR):
        return "failed", last[len(ERROR) :].strip()
    return "unknown", last


class UnauthorizedError(RefusedError):
    """The server does not know account and password."""


class NoMoreTrialsError(RefusedError):
    """The account's pool of trials is empty: asking for another one makes no sense."""


def renewal_error(text: str, spec: LicenseSpec) -> RouterError:
    """The server's refusal, with the way out."""
    if TRIALS_EXHAUSTED in text.lower():
        return NoMoreTrialsError(
            "the account server gives no more trials to this account", found=text, remedy="Buy the licence, or free trials in the account"
        )
    if "unauthorized" in text.lower():
        return UnauthorizedError("the account server does not know account and password", found=text, remedy="Check account and password")
    return RefusedError(f"the account server refused to renew the licence of {spec.name}", found=text, remedy="Look at the account's page")


def check_account(account: str | None, password: str | None, spec: LicenseSpec) -> None:
    """Raise InputError where a licence is to be asked for and nobody said by whom."""
    missing = [name for name, value in (("account", account), ("password", password)) if not value]
    if spec.source != "none" and missing:
        raise InputError("; ".join(f"{name}: needed for source: {spec.source}" for name in missing), remedy="Give both, or say source: none")


@dataclass(frozen=True)
class Note:
    """What is kept on the router, by its own clock: when it was last asked in vain, and last renewed; and the system-id that this collection made."""

    asked_at: datetime | None = None
    renewed_at: datetime | None = None
    own_id: str = ""

    def text(self) -> str:
        """As a comment of RouterOS's scripting language."""
        words = (("asked", iso(self.asked_at)), ("renewed", iso(self.renewed_at)), ("id", self.own_id))
        return " ".join(["# license", *(f"{key}={value}" for key, value in words if value)])


def parse_note(text: str) -> Note:
    """From what `Note.text` wrote; whatever else stands there is nothing of ours."""
    own_id = OWN_ID.search(text)
    return Note(_moment(ASKED, text), _moment(RENEWED, text), own_id[1] if own_id else "")


def _moment(pattern: re.Pattern[str], text: str) -> datetime | None:
    match = pattern.search(text)
    return datetime.fromisoformat(match[1]) if match else None
