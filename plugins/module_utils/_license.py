# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CHR's licence: what the router shows of it, what that means, and what may be done about it (private, pure).

Source of the rules: the vendor's CHR manual page, CHR Licensing. All times are the router's own, without a time zone.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ._errors import InputError, RefusedError, RouterError
from ._routeros.text import date_time, truth

LEVELS: t.Final = ("free", "p1", "p10", "p-unlimited")  # in rising order
PAID: t.Final = LEVELS[1:]
FREE: t.Final = LEVELS[0]
SOURCES: t.Final = ("none", "trial", "purchased")
NEW_ID: t.Final = ("never", "if_free", "if_duplicate")
BUY_WITHIN: t.Final = timedelta(days=60)  # after a trial's end; then it goes from the account
DONE: t.Final = "done"
ERROR: t.Final = "ERROR:"
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

    @property
    def expired(self) -> bool:
        """A trial that ran out, or a licence that could not be renewed in time: no renewal is due any more, and upgrades are limited."""
        return not self.free and self.next_renewal_at is None and self.limited_upgrades is True

    @property
    def enforced(self) -> bool:
        """Whether the level really counts. A stored one without a time of renewal does not before a restart (measured on a cloud CHR)."""
        return self.free or self.next_renewal_at is not None or self.expired

    def as_dict(self) -> dict[str, t.Any]:
        """The fields as modules return them, dates in ISO whatever the version printed."""
        return {
            "system_id": self.system_id,
            "level": self.level,
            "limited_upgrades": self.limited_upgrades,
            "next_renewal_at": iso(self.next_renewal_at),
            "deadline_at": iso(self.deadline_at),
            "enforced": self.enforced,
            "reboot_needed": not self.enforced,
        }


def rank(level: str) -> int:
    """A level's place; an unknown one is above all, as only the vendor can add one."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def iso(moment: datetime | None) -> str | None:
    """A moment as text, or None."""
    return None if moment is None else moment.isoformat(sep="T", timespec="seconds")


def parse_license(row: t.Mapping[str, str]) -> License:
    """From the properties of /system/license, as the API or a script gives them. Raises InputError for a date of no known format."""
    if "level" not in row or "system-id" not in row:
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
    if license_.expired or (license_.deadline_at is not None and license_.deadline_at < now):
        return "expired"
    if not license_.enforced:
        return "not_enforced"
    if spec.minimum_level is not None and license_.rank < rank(spec.minimum_level):
        return "below"
    if license_.next_renewal_at is not None and license_.next_renewal_at < now:
        return "renewal_overdue"
    return "trial" if spec.source == "trial" and not license_.free else "ok"


@dataclass(frozen=True)
class Step:
    """One thing to do, and why. `what` is `generate_new_id` or `renew`; `level` is what to ask for, None: the server decides."""

    what: str
    why: str
    level: str | None = None


def steps(license_: License, spec: LicenseSpec, now: datetime, duplicate: bool) -> list[Step]:
    """What is to be done for one router, in order. Raises RefusedError with the manual step where the wish cannot be met from the router."""
    todo: list[Step] = []
    if duplicate and spec.generate_new_id == "never" and _asks(license_, spec):
        raise RefusedError(
            f"system-id {license_.system_id} is another router's too, and a licence would count for both",
            remedy="Say generate_new_id: if_duplicate, or make the router from a fresh image",
        )
    # What was bought was bought for the system-id that there is.
    if spec.generate_new_id == "if_free" and spec.source == "trial" and _asks(license_, spec):
        todo.append(Step("generate_new_id", "before the first licence"))
    if spec.generate_new_id != "never" and duplicate:
        if not license_.free:
            raise RefusedError(
                f"system-id {license_.system_id} is another router's too, and a new one is possible only at level free",
                found=f"level {license_.level}",
                remedy="Make one of the two routers from a fresh image, and move its licence in the account",
            )
        todo = [Step("generate_new_id", f"{license_.system_id} is another router's too")]
    step = _renewal(license_, spec, now)
    return [*todo, step] if step is not None else todo


def _asks(license_: License, spec: LicenseSpec) -> bool:
    return license_.free and spec.source != "none" and spec.minimum_level not in (None, FREE)


def _renewal(license_: License, spec: LicenseSpec, now: datetime) -> Step | None:
    wanted = rank(spec.minimum_level or FREE)
    if license_.expired:
        return _expired(license_, spec)
    if license_.free:
        if wanted == 0:
            return None
        if spec.source == "none":
            return None  # verify only; the verdict says it
        return Step("renew", f"level {license_.level}, wanted {spec.minimum_level}", spec.minimum_level)
    if license_.rank < wanted:
        if spec.source == "trial":
            raise RefusedError(
                f"a trial's level cannot be raised: this router has {license_.level}, wanted {spec.minimum_level}",
                remedy="Make a new CHR and ask for the trial there, or buy the level in the account",
            )
        if spec.source == "purchased":
            return Step("renew", f"level {license_.level}, wanted {spec.minimum_level}: as bought in the account")
        return None
    due = license_.next_renewal_at
    if spec.source == "purchased" and due is not None and due - timedelta(days=spec.renew_before) < now:
        return Step("renew", f"renewal is due at {iso(due)}")
    return None


def _expired(license_: License, spec: LicenseSpec) -> Step | None:
    if spec.source == "purchased":
        return Step("renew", f"level {license_.level} has expired; bought since")
    if spec.source == "trial":
        raise RefusedError(
            f"the trial of level {license_.level} has expired, and there is no second one",
            remedy="Buy the licence in the account with a prepaid key and say source: purchased, or make a new CHR",
        )
    return None


def judge_renewal(rows: t.Sequence[str]) -> tuple[str, str]:
    """(`done`, `failed` or `unknown`, the text) of the statuses that renew streamed: the last one decides."""
    last = rows[-1].strip() if rows else ""
    if last == DONE:
        return "done", last
    if last.startswith(ERROR):
        return "failed", last[len(ERROR) :].strip()
    return "unknown", last


class NoMoreTrialsError(RefusedError):
    """The account's pool of trials is empty: asking for another one makes no sense."""


def renewal_error(text: str, spec: LicenseSpec) -> RouterError:
    """The server's refusal, with the way out."""
    if TRIALS_EXHAUSTED in text.lower():
        return NoMoreTrialsError(
            "the account server gives no more trials to this account", found=text, remedy="Buy the licence, or free trials in the account"
        )
    if "unauthorized" in text.lower():
        return RefusedError("the account server does not know account and password", found=text, remedy="Check account and password")
    return RefusedError(f"the account server refused to renew the licence of {spec.name}", found=text, remedy="Look at the account's page")


def check_account(account: str | None, password: str | None, specs: t.Iterable[LicenseSpec]) -> None:
    """Raise InputError where a licence is to be asked for and nobody said by whom."""
    asking = [spec.name for spec in specs if spec.source != "none"]
    if asking and (not account or not password):
        missing = " and ".join(name for name, value in (("account", account), ("password", password)) if not value)
        raise InputError(f"{missing}: needed for source trial and purchased", found=", ".join(asking), remedy="Give both, or say source: none")
