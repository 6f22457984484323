# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A licence report as text, JSON, an HTML page and a Prometheus textfile (private, pure)."""

from __future__ import annotations

import json
import typing as t
from html import escape

from ._columns import columns
from ._license_report import NAMES, Report, Row

HEADINGS: t.Final = ("ROUTER", "STATUS", "VERDICT", "LEVEL", "SYSTEM-ID", "DAYS LEFT", "DEADLINE", "BUY BEFORE", "WHO MUST ACT")


def text(report: Report) -> list[str]:
    """Lines for a terminal: the headline, the table, and below it what is to be done."""
    table = columns([[(cell,) for cell in cells] for cells in (HEADINGS, *(_cells(row) for row in report.rows))])
    notes = [f"{row.name}: {_todo(row)}" for row in report.rows if row.todo or row.reason]
    shared = [f"system-id {system_id} is shared by {', '.join(names)}" for system_id, names in report.duplicates.items()]
    return [report.headline, "", *table, *([""] if notes or shared else []), *notes, *shared]


def _cells(row: Row) -> tuple[str, ...]:
    """One line's cells; a date's time of day is left to JSON."""
    left = "-" if row.days_left is None else str(row.days_left)
    dates = tuple((moment or "-").partition("T")[0] for moment in (row.deadline_at, row.buy_before))
    judged = row.verdict.replace("_", " ")
    level = f"{row.level} (wants {row.minimum_level})" if row.verdict == "below" else row.level or "-"
    return (row.name, NAMES[row.status], judged, level, row.system_id or "-", left, *dates, row.who)


def _todo(row: Row) -> str:
    return f"{row.todo}: {row.reason}" if row.reason else row.todo


def as_json(report: Report) -> str:
    """One JSON document."""
    return json.dumps(report.as_dict(), indent=2) + "\n"


_STYLE: t.Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
h1 { font-size: 1.3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .4rem .7rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.status { border-radius: .3rem; color: #fff; font-size: .8em; font-weight: 600; padding: .1rem .5rem; }
.ok { background: #2a7d3f; } .warning { background: #a86400; } .critical { background: #b3261e; } .unknown { background: #5f6368; }
footer, .note { font-size: .9em; opacity: .8; }
"""

_PAGE: t.Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{headline}</title>
<style>{style}</style>
</head>
<body>
<h1>{headline}</h1>
{shared}<table>
<thead><tr>{headings}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<footer>
<p>Made at {made_at}. A warning {warning} days before a deadline, critical {critical} days before it. Dates are each router's own.</p>
</footer>
</body>
</html>
"""


def html(report: Report) -> str:
    """A page that stands alone: no script, and nothing that is loaded from elsewhere."""
    shared = [f"<li>{escape(system_id)}: {escape(', '.join(names))}</li>\n" for system_id, names in report.duplicates.items()]
    return _PAGE.format(
        headline=escape(report.headline),
        style=_STYLE,
        shared=f"<h2>Shared system-ids</h2>\n<ul>\n{''.join(shared)}</ul>\n" if shared else "",
        headings="".join(f'<th scope="col">{heading.capitalize()}</th>' for heading in (*HEADINGS, "WHAT TO DO")),
        rows="\n".join(_html_row(row) for row in report.rows),
        made_at=escape(report.made_at.isoformat(sep=" ", timespec="seconds")),
        warning=report.thresholds.warning,
        critical=report.thresholds.critical,
    )


def _html_row(row: Row) -> str:
    name, status, judged, level, system_id, left, deadline, buy, who = (escape(cell) for cell in _cells(row))
    note = f'<br><span class="note">{escape(row.reason)}</span>' if row.reason else ""
    cells = [
        f'<th scope="row">{name}</th>',
        f'<td><span class="status {status.lower()}">{status}</span></td>',
        *(f"<td>{cell}</td>" for cell in (judged, level, system_id)),
        f'<td class="number">{left}</td>',
        *(f"<td>{cell}</td>" for cell in (deadline, buy, who)),
        f"<td>{escape(row.todo)}{note}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


Sample = t.Tuple[t.Mapping[str, str], float]  # noqa: UP006  (evaluated at import)


def prometheus(report: Report) -> str:
    """The text format of node_exporter's textfile collector."""
    rows = report.rows
    families: list[tuple[str, str, list[Sample]]] = [
        ("days_left", "Whole days until the deadline, by the router's clock.", [(_of(r), r.days_left) for r in rows if r.days_left is not None]),
        ("level_info", "The level and the system-id.", [(_of(r, level=r.level, system_id=r.system_id or ""), 1) for r in rows if r.level]),
        ("verdict", "What the licence is worth now, and who must act.", [(_of(r, verdict=r.verdict, who=r.who), 1) for r in rows]),
        ("status", "0 ok, 1 warning, 2 critical, 3 unknown.", [(_of(r), r.status) for r in rows]),
        ("system_id_shared", "The number of routers that have this system-id.", [({"system_id": i}, len(n)) for i, n in report.duplicates.items()]),
        ("report_status", "The worst status of all routers.", [({}, report.status)]),
        ("report_timestamp_seconds", "When the report was made.", [({}, report.made_at.timestamp())]),
    ]
    return "".join(_family(f"vrouter_license_{name}", about, samples) for name, about, samples in families)


def _of(row: Row, **labels: str) -> dict[str, str]:
    return {"router": row.name, **labels}


def _family(name: str, about: str, samples: t.Sequence[Sample]) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text_)}"' for key, text_ in labels.items())
        lines.append(f"{name}{'{' + inside + '}' if inside else ''} {value:.15g}")
    return "\n".join(lines) + "\n"


def _label(value: str) -> str:
    """A label's value as the exposition format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
