# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licence report: every verdict, who must act, the statuses and the order; and its renderings."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._license_formats import as_json, html, prometheus, text
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._license_report import (
    ADVICE,
    BUYER,
    CRITICAL,
    NETWORK,
    NOBODY,
    OK,
    OPERATOR,
    UNKNOWN,
    VERDICTS,
    WARNING,
    Report,
    Row,
    Thresholds,
    assemble,
    judge,
    misspelt,
    off,
    unreachable,
)

NOW = datetime(2026, 3, 1, 12, 0, 0)
MADE = datetime(2026, 3, 1, 11, 0, 0, tzinfo=timezone.utc)
HOSTILE = '<b>"r&1"</b>\\'


def facts(level: str = "p1", left: float | None = 70, renewal: float | None = 40, **values: t.Any) -> dict[str, t.Any]:
    """What the module returns; `left` and `renewal` are days from now to the deadline and to the next renewal."""

    def at(days: float | None) -> str | None:
        return None if days is None else (NOW + timedelta(days=days)).isoformat()

    given = {"system_id": f"id of {level}", "level": level, "limited_upgrades": False, "router_time": NOW.isoformat(), "judged_at": NOW.isoformat()}
    return {**given, "deadline_at": at(left), "next_renewal_at": at(renewal), **values}


FREE = facts("free", None, None)
EXPIRED = facts(left=-3, renewal=None, limited_upgrades=True)
STORED_ONLY = facts(renewal=None)


def row(name: str = "r1", given: dict[str, t.Any] | None = None, source: str = "none", wanted: str | None = None) -> Row:
    return judge(name, given or facts(), source, wanted, Thresholds())


@pytest.mark.parametrize(
    ("given", "source", "wanted", "verdict", "status", "who", "todo"),
    [
        (facts(), "purchased", "p1", "ok", OK, NOBODY, ""),
        (facts(left=29, renewal=1), "none", None, "ok", OK, NOBODY, ""),
        (FREE, "none", None, "ok", OK, NOBODY, ""),
        (facts(left=50), "trial", "p1", "trial", OK, BUYER, "buy the level in the account before the deadline"),
        (facts(left=25, renewal=-5), "trial", "p1", "trial", WARNING, BUYER, "before the deadline"),
        (facts(left=25, renewal=-5), "purchased", "p1", "renewal_overdue", WARNING, NETWORK, "once an hour"),
        (facts(left=25, renewal=-5), "none", None, "renewal_overdue", WARNING, NETWORK, "once an hour"),
        (EXPIRED, "trial", None, "expired", CRITICAL, BUYER, "prepaid key"),
        (EXPIRED, "none", None, "expired", CRITICAL, BUYER, "prepaid key"),
        (EXPIRED, "purchased", None, "expired", CRITICAL, NETWORK, "renew with source purchased"),
        (STORED_ONLY, "none", None, "not_enforced", CRITICAL, OPERATOR, "restart it"),
        (FREE, "trial", "p1", "below", CRITICAL, OPERATOR, "run provision"),
        (facts(), "trial", "p10", "below", CRITICAL, BUYER, "cannot be raised"),
        (FREE, "none", "p1", "below", CRITICAL, BUYER, "ask for its trial with source trial"),
        (facts(), "purchased", "p10", "below", CRITICAL, BUYER, "buy or upgrade"),
        (facts("p-unlimited"), "none", "p10", "ok", OK, NOBODY, ""),
    ],
)
def test_verdict_status_and_who_must_act(
    given: dict[str, t.Any], source: str, wanted: str | None, verdict: str, status: int, who: str, todo: str
) -> None:
    found = row(given=given, source=source, wanted=wanted)
    assert (found.verdict, found.status, found.who) == (verdict, status, who)
    assert todo in found.todo


def test_a_router_that_cannot_be_read_is_the_operators() -> None:
    found = unreachable("r1", "r1: the guest is\nstopped.")
    assert (found.verdict, found.status, found.who, found.reason) == ("unreachable", UNKNOWN, OPERATOR, "the guest is stopped.")


def test_a_wrong_clock_is_a_warning_at_least() -> None:
    found = row(given=facts(router_time="1970-01-01T00:00:00"))
    assert (found.verdict, found.status, found.who) == ("ok", WARNING, OPERATOR)
    assert found.reason == "its clock is wrong: 1970-01-01T00:00:00."


def test_a_router_that_is_not_meant_to_run_needs_nobody() -> None:
    assert (off("r1").verdict, off("r1").status, off("r1").who) == ("off", OK, NOBODY)


def test_every_verdict_has_advice_for_every_router() -> None:
    assert {advice.verdict for advice in ADVICE if advice.source is None and advice.level is None} == set(VERDICTS)


@pytest.mark.parametrize(("left", "status"), [(31, OK), (30, WARNING), (8, WARNING), (7, CRITICAL), (0, CRITICAL)])
def test_the_thresholds_count_whole_days(left: int, status: int) -> None:
    found = row(given=facts(left=left + 0.5), source="trial")
    assert (found.days_left, found.status) == (left, status)
    assert found.buy_before == (NOW + timedelta(days=left + 60.5)).isoformat()


def test_thresholds_that_contradict_are_refused() -> None:
    with pytest.raises(ValueError, match="they are 8 and 7"):
        Thresholds(warning=7, critical=8)


def test_a_word_that_is_not_known_is_told() -> None:
    assert misspelt("", "") == misspelt("trial", "p1") == ""
    assert misspelt("gift", "p2") == (
        "chr_license_source: 'gift' is none of none, trial, purchased. chr_license_minimum_level: 'p2' is none of free, p1, p10, p-unlimited."
    )


def fleet() -> Report:
    rows = [
        row("ok", facts(system_id="a")),
        unreachable("gone", "the guest is stopped."),
        row("tried", facts(left=20, system_id="b"), "trial"),
        row("tried-longer", facts(left=50, system_id="c"), "trial"),
        row("soon", facts(left=5, system_id="d"), "trial"),
        row("over", {**EXPIRED, "system_id": "e"}),
    ]
    return assemble(rows, MADE, Thresholds())


def test_the_most_urgent_come_first() -> None:
    assert [item.name for item in fleet().rows] == ["over", "soon", "tried", "gone", "tried-longer", "ok"]
    assert fleet().headline == "LICENSES CRITICAL: 1 expired, 3 trials, 1 unreachable, 1 ok"


@pytest.mark.parametrize(
    ("names", "status"),
    [(["ok"], OK), (["ok", "gone"], UNKNOWN), (["gone", "tried"], WARNING), (["gone", "tried", "soon"], CRITICAL), ([], UNKNOWN)],
)
def test_the_worst_status_counts_and_unknown_only_without_a_worse_one(names: list[str], status: int) -> None:
    assert assemble([item for item in fleet().rows if item.name in names], MADE, Thresholds()).status == status


def test_a_shared_system_id_is_a_warning_for_all_that_have_it() -> None:
    made = assemble([row(name, facts(system_id="same")) for name in ("b", "a")] + [row("c")], MADE, Thresholds())
    assert made.duplicates == {"same": ["a", "b"]}
    assert [(item.name, item.status, item.who, item.shares_id_with) for item in made.rows] == [
        ("a", WARNING, OPERATOR, ("b",)),
        ("b", WARNING, OPERATOR, ("a",)),
        ("c", OK, NOBODY, ()),
    ]
    assert made.headline == "LICENSES WARNING: 3 ok, 2 share a system-id"


# Renderings


def small() -> Report:
    shared = [row(name, facts(system_id="x/y"), "purchased") for name in ("r2", "r3")]
    return assemble([*shared, row("r1", facts(left=20), "trial"), unreachable("r4", "the guest is stopped.")], MADE, Thresholds())


def test_the_terminals_table() -> None:
    distinct = "give each router of this system-id one of its own: generate_new_id at level free, else a new CHR"
    assert text(small()) == [
        "LICENSES WARNING: 1 trial, 1 unreachable, 2 ok, 2 share a system-id",
        "",
        "ROUTER  STATUS   VERDICT      LEVEL  SYSTEM-ID  DAYS LEFT  DEADLINE    BUY BEFORE  WHO MUST ACT",
        "r1      WARNING  trial        p1     id of p1   20         2026-03-21  2026-05-20  buyer",
        "r2      WARNING  ok           p1     x/y        70         2026-05-10  -           operator",
        "r3      WARNING  ok           p1     x/y        70         2026-05-10  -           operator",
        "r4      UNKNOWN  unreachable  -      -          -          -           -           operator",
        "",
        "r1: buy the level in the account before the deadline, then renew with source purchased",
        f"r2: {distinct}",
        f"r3: {distinct}",
        "r4: see that it runs and can be reached: the guest is stopped.",
        "system-id x/y is shared by r2, r3",
    ]


def test_the_prometheus_textfile() -> None:
    assert prometheus(small()) == """\
# HELP vrouter_license_days_left Whole days until the deadline, by the router's clock.
# TYPE vrouter_license_days_left gauge
vrouter_license_days_left{router="r1"} 20
vrouter_license_days_left{router="r2"} 70
vrouter_license_days_left{router="r3"} 70
# HELP vrouter_license_level_info The level and the system-id.
# TYPE vrouter_license_level_info gauge
vrouter_license_level_info{router="r1",level="p1",system_id="id of p1"} 1
vrouter_license_level_info{router="r2",level="p1",system_id="x/y"} 1
vrouter_license_level_info{router="r3",level="p1",system_id="x/y"} 1
# HELP vrouter_license_verdict What the licence is worth now, and who must act.
# TYPE vrouter_license_verdict gauge
vrouter_license_verdict{router="r1",verdict="trial",who="buyer"} 1
vrouter_license_verdict{router="r2",verdict="ok",who="operator"} 1
vrouter_license_verdict{router="r3",verdict="ok",who="operator"} 1
vrouter_license_verdict{router="r4",verdict="unreachable",who="operator"} 1
# HELP vrouter_license_status 0 ok, 1 warning, 2 critical, 3 unknown.
# TYPE vrouter_license_status gauge
vrouter_license_status{router="r1"} 1
vrouter_license_status{router="r2"} 1
vrouter_license_status{router="r3"} 1
vrouter_license_status{router="r4"} 3
# HELP vrouter_license_system_id_shared The number of routers that have this system-id.
# TYPE vrouter_license_system_id_shared gauge
vrouter_license_system_id_shared{system_id="x/y"} 2
# HELP vrouter_license_report_status The worst status of all routers.
# TYPE vrouter_license_report_status gauge
vrouter_license_report_status 1
# HELP vrouter_license_report_timestamp_seconds When the report was made.
# TYPE vrouter_license_report_timestamp_seconds gauge
vrouter_license_report_timestamp_seconds 1772362800
"""


def test_labels_are_escaped() -> None:
    made = prometheus(assemble([row('a "b"\\\nc')], MADE, Thresholds()))
    assert 'vrouter_license_status{router="a \\"b\\"\\\\\\nc"} 0\n' in made


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text of each body row's cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


def test_the_page_has_a_row_for_each_router_and_loads_nothing() -> None:
    page = Page(html(small()))
    assert [cells[:3] for cells in page.rows[1:]] == [
        ["r1", "WARNING", "trial"],
        ["r2", "WARNING", "ok"],
        ["r3", "WARNING", "ok"],
        ["r4", "UNKNOWN", "unreachable"],
    ]
    assert not {tag for tag, dummy in page.tags} & {"script", "link", "img", "iframe", "object"}
    assert not [attrs for dummy, attrs in page.tags if attrs.keys() & {"src", "href"}]
    assert "url(" not in html(small()) and "@import" not in html(small())


def test_the_page_escapes_everything() -> None:
    broken = unreachable(HOSTILE, f"the reason of {HOSTILE}")
    hostile = [row(f"{HOSTILE}{number}", facts(HOSTILE, system_id=HOSTILE)) for number in (1, 2)]
    page = html(assemble([broken, *hostile], MADE, Thresholds()))
    assert "<b>" not in page
    shown = [cells for cells in Page(page).rows if cells[0] == f"{HOSTILE}1"]
    assert shown[0][3:5] == [HOSTILE, HOSTILE]


def test_json_holds_the_whole_report() -> None:
    found = json.loads(as_json(small()))
    assert {key: found[key] for key in ("status", "exit_code", "made_at", "counts", "duplicate_system_ids")} == {
        "status": "WARNING",
        "exit_code": 1,
        "made_at": "2026-03-01T11:00:00+00:00",
        "counts": {"trial": 1, "unreachable": 1, "ok": 2},
        "duplicate_system_ids": {"x/y": ["r2", "r3"]},
    }
    assert found["routers"][1] == {
        "name": "r2",
        "verdict": "ok",
        "status": "WARNING",
        "who": "operator",
        "todo": "give each router of this system-id one of its own: generate_new_id at level free, else a new CHR",
        "level": "p1",
        "system_id": "x/y",
        "days_left": 70,
        "next_renewal_at": "2026-04-10T12:00:00",
        "deadline_at": "2026-05-10T12:00:00",
        "buy_before": None,
        "source": "purchased",
        "minimum_level": None,
        "reason": "",
        "shares_id_with": ["r3"],
    }
