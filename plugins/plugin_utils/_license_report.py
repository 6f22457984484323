# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a licence report says of each router, and of all (private, pure): verdict, status, who must act, order.

The verdict's rules are those of the module chr_license; here the user's word on trial or purchased is added, which the report never gives to the
module, because with it the account server would be asked.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.license import (
    LEVELS,
    SOURCES,
    License,
    LicenseSpec,
    buy_before,
    days_left,
    iso,
    verdict,
)

Values = t.Mapping[str, t.Any]

# Statuses as monitoring plugins end with them.
OK: t.Final = 0
WARNING: t.Final = 1
CRITICAL: t.Final = 2
UNKNOWN: t.Final = 3
NAMES: t.Final = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
WORST_FIRST: t.Final = (CRITICAL, WARNING, UNKNOWN, OK)

UNREACHABLE: t.Final = "unreachable"
MISCONFIGURED: t.Final = "misconfigured"
OFF: t.Final = "off"
# The worst first, with the words of the summary, for one and for several routers.
VERDICTS: t.Final = {
    "expired": ("expired", "expired"),
    "not_enforced": ("not enforced", "not enforced"),
    "below": ("below its level", "below their level"),
    "renewal_overdue": ("renewal overdue", "renewals overdue"),
    "trial": ("trial", "trials"),
    UNREACHABLE: ("unreachable", "unreachable"),
    MISCONFIGURED: ("misconfigured", "misconfigured"),
    OFF: ("off", "off"),
    "ok": ("ok", "ok"),
}
# A verdict's own status; where days are left, the thresholds can raise that of TIMED ones. What is ok renews itself.
STATUS: t.Final = {
    "expired": CRITICAL,
    "not_enforced": CRITICAL,
    "below": CRITICAL,
    "renewal_overdue": WARNING,
    "trial": OK,
    UNREACHABLE: UNKNOWN,
    MISCONFIGURED: UNKNOWN,
    OFF: OK,
    "ok": OK,
}
TIMED: t.Final = ("renewal_overdue", "trial")

NOBODY: t.Final = "nobody"
NETWORK: t.Final = "router's network"
BUYER: t.Final = "buyer"
OPERATOR: t.Final = "operator"


@dataclass(frozen=True)
class Advice:
    """Who must act, and how, for a verdict; `source` and `level` narrow it down, None: any. The first that fits counts."""

    verdict: str
    who: str
    todo: str = ""
    source: str | None = None
    level: str | None = None


ADVICE: t.Final = (
    Advice("ok", NOBODY),
    Advice(OFF, NOBODY),
    Advice("trial", BUYER, "buy the level in the account before the deadline, then renew with source purchased"),
    Advice("expired", NETWORK, "let it reach the account server, then renew with source purchased", source="purchased"),
    Advice("expired", BUYER, "buy it with a prepaid key by the last day to buy, then renew with source purchased; later only a new CHR helps"),
    Advice("renewal_overdue", NETWORK, "let it reach the account server; it tries once an hour"),
    Advice("not_enforced", OPERATOR, "restart it: its level does not count before that"),
    Advice("below", OPERATOR, "run provision: it asks for the trial", source="trial", level="free"),
    Advice("below", BUYER, "ask for its trial with source trial, which lists it in the account; buy the level there", level="free"),
    Advice("below", BUYER, "buy the level in the account; a trial's own level cannot be raised", source="trial"),
    Advice("below", BUYER, "buy or upgrade the level in the account, then renew with source purchased"),
    Advice(UNREACHABLE, OPERATOR, "see that it runs and can be reached"),
    Advice(MISCONFIGURED, OPERATOR, "correct its variables"),
)
SET_CLOCK: t.Final = "set its clock: the account server refuses it with a wrong one"
DISTINCT: t.Final = "give each router of this system-id one of its own: generate_new_id at level free, else a new CHR"


@dataclass(frozen=True)
class Thresholds:
    """So many days before a deadline, or fewer, the status is a warning, and critical."""

    warning: int = 30
    critical: int = 7

    def __post_init__(self) -> None:
        if not 0 <= self.critical <= self.warning:
            raise ValueError(f"0 <= critical_days <= warning_days must hold; they are {self.critical} and {self.warning}")


@dataclass(frozen=True)
class Row:
    """One router. Dates are in ISO format and the router's own time; `reason` is why an unreachable one could not be read."""

    name: str
    verdict: str
    status: int
    who: str
    todo: str
    level: str | None = None
    system_id: str | None = None
    days_left: int | None = None
    next_renewal_at: str | None = None
    deadline_at: str | None = None
    buy_before: str | None = None
    source: str = "none"
    minimum_level: str | None = None
    reason: str = ""
    shares_id_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All routers, the worst first."""

    rows: tuple[Row, ...]
    made_at: datetime  # UTC
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def status(self) -> int:
        """The worst of all; an unreachable router counts only where there is nothing worse."""
        found = {row.status for row in self.rows}
        return next((status for status in WORST_FIRST if status in found), UNKNOWN)

    @property
    def counts(self) -> dict[str, int]:
        """How many routers have each verdict that occurs, the worst first."""
        counted = Counter(row.verdict for row in self.rows)
        return {name: counted[name] for name in VERDICTS if counted[name]}

    @property
    def duplicates(self) -> dict[str, list[str]]:
        """The system-ids that several routers have."""
        return duplicates({row.name: row.system_id for row in self.rows})

    @property
    def headline(self) -> str:
        """One line as a monitoring plugin writes it."""
        parts = [f"{count} {VERDICTS[name][count > 1]}" for name, count in self.counts.items()]
        shared = sum(len(names) for names in self.duplicates.values())
        if shared:
            parts.append(f"{shared} share a system-id")
        return f"LICENSES {NAMES[self.status]}: {', '.join(parts) or 'no routers'}"

    def as_dict(self) -> dict[str, t.Any]:
        """The report as JSON carries it."""
        return {
            "status": NAMES[self.status],
            "exit_code": self.status,
            "headline": self.headline,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "warning_days": self.thresholds.warning,
            "critical_days": self.thresholds.critical,
            "counts": self.counts,
            "duplicate_system_ids": self.duplicates,
            "routers": [{**asdict(row), "status": NAMES[row.status], "shares_id_with": list(row.shares_id_with)} for row in self.rows],
        }


def misspelt(source: str, minimum_level: str) -> str:
    """What is wrong with the user's word on a licence, else nothing; an empty one was not given."""
    given = {"chr_license_source": (source, SOURCES), "chr_license_minimum_level": (minimum_level, LEVELS)}
    return " ".join(f"{name}: {value!r} is none of {', '.join(known)}." for name, (value, known) in given.items() if value and value not in known)


def judge(name: str, facts: Values, source: str, minimum_level: str | None, thresholds: Thresholds) -> Row:
    """One router's row, from what the module chr_license returned of it and the user's word on its licence."""
    known = License(
        system_id=facts["system_id"],
        level=facts["level"],
        limited_upgrades=facts.get("limited_upgrades"),
        next_renewal_at=_moment(facts.get("next_renewal_at")),
        deadline_at=_moment(facts.get("deadline_at")),
    )
    now = datetime.fromisoformat(facts["judged_at"])
    judged: str = verdict(known, LicenseSpec(name, minimum_level=minimum_level, source=source), now)
    if judged == "renewal_overdue" and source == "trial":
        judged = "trial"  # one that nobody bought looks as if its renewal were due for ever
    left = days_left(known, now)
    advice, status = advise(judged, source, known.level), status_of(judged, left, thresholds)
    who, todo, reason = advice.who, advice.todo, ""
    if facts["router_time"] != facts["judged_at"]:
        status, reason = status or WARNING, f"its clock is wrong: {facts['router_time']}."
        who, todo = (OPERATOR, SET_CLOCK) if who == NOBODY else (who, todo)
    return Row(
        name,
        judged,
        status,
        who,
        todo,
        level=known.level,
        system_id=known.system_id,
        days_left=left,
        next_renewal_at=iso(known.next_renewal_at),
        deadline_at=iso(known.deadline_at),
        buy_before=iso(buy_before(known)) if advice.who == BUYER else None,
        source=source,
        minimum_level=minimum_level,
        reason=reason,
    )


def off(name: str) -> Row:
    """The row of a router that is not meant to run."""
    return Row(name, OFF, STATUS[OFF], NOBODY, "")


def unreachable(name: str, reason: str) -> Row:
    """The row of a router that could not be read."""
    return _unknown(name, UNREACHABLE, reason)


def misconfigured(name: str, reason: str) -> Row:
    """The row of a router whose variables are wrong."""
    return _unknown(name, MISCONFIGURED, reason)


def _unknown(name: str, verdict_: str, reason: str) -> Row:
    advice = advise(verdict_, "none", "")
    return Row(name, verdict_, STATUS[verdict_], advice.who, advice.todo, reason=" ".join(reason.split()).removeprefix(f"{name}: "))


def advise(verdict_: str, source: str, level: str) -> Advice:
    """Who must act, and how."""
    return next(
        advice for advice in ADVICE if advice.verdict == verdict_ and advice.source in (None, source) and advice.level in (None, level)
    )


def status_of(verdict_: str, left: int | None, thresholds: Thresholds) -> int:
    """The status of a verdict with so many days left."""
    own = STATUS[verdict_]
    if verdict_ not in TIMED or left is None or left > thresholds.warning:
        return own
    return CRITICAL if left <= thresholds.critical else WARNING


def duplicates(ids: t.Mapping[str, str | None]) -> dict[str, list[str]]:
    """The names by system-id, where several have the same one."""
    holders: dict[str, list[str]] = {}
    for name, system_id in sorted(ids.items()):
        if system_id is not None:
            holders.setdefault(system_id, []).append(name)
    return {system_id: names for system_id, names in holders.items() if len(names) > 1}


def assemble(rows: t.Iterable[Row], made_at: datetime, thresholds: Thresholds) -> Report:
    """The report: routers that share a system-id are marked, and the most urgent come first."""
    given = list(rows)
    shared = duplicates({row.name: row.system_id for row in given})
    marked = [_mark(row, shared.get(row.system_id or "", [])) for row in given]
    return Report(tuple(sorted(marked, key=_urgency)), made_at, thresholds)


def _mark(row: Row, holders: t.Sequence[str]) -> Row:
    """A shared system-id is a warning at least: a licence given to it counts for nobody in particular."""
    others = tuple(name for name in holders if name != row.name)
    if not others:
        return row
    who, todo = (OPERATOR, DISTINCT) if row.who == NOBODY else (row.who, row.todo)
    return replace(row, shares_id_with=others, status=row.status or WARNING, who=who, todo=todo)


def _urgency(row: Row) -> tuple[int, int, float, str]:
    left = float("inf") if row.days_left is None else row.days_left
    return WORST_FIRST.index(row.status), list(VERDICTS).index(row.verdict), left, row.name


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
