# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that ends each playbook (private, pure)."""

from __future__ import annotations

import ipaddress
import textwrap
import typing as t
from dataclasses import dataclass

from ._columns import columns
from ._phase import GUESTS, SEGMENTS
from ._shares import entries_of
from ._table_layouts import Layout

DONE: t.Final = "done"
UNCHANGED: t.Final = "unchanged"
PENDING: t.Final = "pending"
FAILED: t.Final = "failed"
COMMAND: t.Final = "    "  # begins a line that is not folded
REASON_WIDTH: t.Final = 100  # characters
HEADINGS: t.Final = ("ROUTER", "RESULT")

Values = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Row:
    """One router's line; `cells` hold one text a line. `notes` stand below the table."""

    router: str
    result: str
    reason: str
    cells: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    guest: str = ""


def row(
    layout: Layout,
    router: str,
    name: str,
    report: Values,
    broken: str | None,
    notes: t.Sequence[str],
    check_mode: bool,
    confirmed: t.Sequence[str] | None = None,
    login: str = "",
) -> Row:
    """One router's row, from the shares that the phases left. `broken` is why it never came to a phase.

    `login` is the command that logs in to it, with `{}` for its address.
    `confirmed` is given where routers are removed: one that stands and is not named in it is pending.
    """
    results: Values = report.get("results") or {}
    problems = [str(report.get("msg") or "It failed.")] if any(share.get("failed") for share in results.values()) else []
    left = [share["left"] for share in results.values() if share.get("left") and share["of"] == GUESTS]
    reason = (problems or left or [broken or ""])[-1]
    if confirmed is not None and "licensed: released" in reason:
        reason += f" Here: name {router} in released, too."
    if reason:
        result = FAILED
    elif any(share.get("changed") for share in results.values()):
        result = PENDING if check_mode else DONE
    else:
        result = UNCHANGED
    facts: dict[str, t.Any] = {}
    for dummy, entry in (found for found in entries_of(results, GUESTS) if found[0] in (name, router)):
        facts = {**entry} if entry.get("exists") is False else {**facts, **entry}
    if not reason and confirmed is not None and facts.get("exists") and not {name, router} & set(confirmed):
        result = PENDING
        known_by = facts["uuid"] if facts.get("id", facts["uuid"]) == facts["uuid"] else f"{facts['id']} on {facts['location']}"
        reason = f"would be removed: guest {known_by} and its disks {', '.join(facts['disks'])}. Name it in confirm to remove it."
    ways = reach(facts, dict(entries_of(results, SEGMENTS)), login) if login else ()
    cells = ((router,), (result,), *layout.cells({"name": name, **facts}, (*ways, *notes)))
    return Row(router, result, reason, cells, tuple(drift_notes(router, facts.get("drift") or [])), name)


def reach(facts: Values, segments: Values, login: str) -> t.Iterator[str]:
    """A line for SSH for each address of the router on a segment where its host has one."""
    reported = {nic["mac"]: nic.get("addresses", []) for nic in (facts.get("router") or {}).get("interfaces", [])}
    for nic in facts.get("interfaces") or []:
        host = str((segments.get(nic["network"]) or {}).get("address") or "")
        for own in reported.get(nic["mac"], []) if host and nic["link"] else []:
            if ipaddress.ip_interface(own).ip in ipaddress.ip_interface(host).network:
                address, its_host = own.partition("/")[0], host.partition("/")[0]
                yield f"{login.format(address)} on {nic['network']}, where its host is {its_host}"


def drift_notes(router: str, drift: t.Sequence[Values]) -> t.Iterator[str]:
    """What first boot had set otherwise, with both sides, and how the description is applied."""
    if drift:
        sides = "; ".join(f"{entry['field']}: {_side(entry['before'])} -> {_side(entry['after'])}" for entry in drift)
        yield f"{router}: drift. {sides}. To apply it:"
        yield f"{COMMAND}-e '{{\"chr_first_boot_reapply\": [\"{router}\"]}}'"


def _side(value: object) -> str:
    return "not set" if value is None else str(value)


def removal_notes(reports: t.Iterable[Values], confirmed: t.Collection[str], rows: t.Sequence[Row]) -> list[str]:
    """What is said below a table of removals: the segments that would go too, and what `confirm` names in vain."""
    standing: dict[str, t.Sequence[str]] = {}
    gone = {item.guest for item in rows if item.result == DONE}
    named = {name for item in rows for name in (item.router, item.guest)}
    for report in reports:
        results: Values = report.get("results") or {}
        named.update(name for share in results.values() for name in share.get("entries") or {})
        segments = dict(entries_of(results, SEGMENTS))
        left = {name: [guest for guest in entry.get("guests", ()) if guest not in gone] for name, entry in segments.items()}
        standing.update({name: left[name] for name, entry in segments.items() if entry.get("ours") and name not in confirmed})
    notes = [
        f"segment {name} would be removed{', once nobody is wired to it: ' + ', '.join(guests) if guests else ''}. Name it in confirm to remove it."
        for name, guests in sorted(standing.items())
    ]
    vain = ", ".join(sorted(set(confirmed) - named))
    unknown = [item.router for item in rows if item.result == FAILED]
    hedge = f" (the segments of {', '.join(unknown)} may not be known)" if unknown else ""
    return [*notes, *([f"confirm names no router and no segment of these hosts: {vain}{hedge}"] if vain else [])]


def left_of_segments(reports: t.Iterable[Values]) -> list[str]:
    """Why segments were not made or removed, where that is no router's own failure; each once."""
    shares = [share for report in reports for share in (report.get("results") or {}).values()]
    return list(dict.fromkeys(f"segment {share['left']}" for share in shares if share.get("left") and share["of"] == SEGMENTS))


def render(layout: Layout, rows: t.Sequence[Row]) -> list[str]:
    """The table's lines, with the reasons of failed routers below it."""
    grid = [tuple((heading,) for heading in (*HEADINGS, *layout.headings)), *(row.cells for row in rows)]
    lines = columns(grid)
    for item in rows:
        reason = item.reason if not item.reason or item.reason.startswith(f"{item.router}: ") else f"{item.router}: {item.reason}"
        for text in filter(None, (reason, *item.notes)):
            if text.startswith(COMMAND):  # to be copied as it stands
                lines.append(text)
                continue
            lines += ["", *textwrap.wrap(text, REASON_WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)]
    counts = {kind: sum(row.result == kind for row in rows) for kind in (DONE, UNCHANGED, PENDING, FAILED)}
    verdict = "Nothing changed: " if rows and counts[UNCHANGED] == len(rows) else ""
    return [*lines, "", verdict + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count or kind != PENDING)]


def ssh_command(table_ssh: object, admin_disabled: object, users: object, services: object) -> str:
    """The command that logs in by SSH as first boot set it, with `{}` for the address; empty where SSH is off or not to be shown."""
    ssh: Values = next((entry for entry in _dictionaries(services) if entry.get("name") == "ssh"), {})
    if table_ssh is False or ssh.get("enabled") is False:
        return ""
    people = [str(user.get("name")) for user in _dictionaries(users) if user.get("group", "full") == "full"]
    user = people[0] if admin_disabled is True and people else "admin"
    port = f" -p {ssh['port']}" if ssh.get("port") else ""
    return f"ssh{port} {user}@{{}}"


def _dictionaries(value: object) -> list[Values]:
    """The entries of a list as its user gave it, which may be anything: a router's mistake is said elsewhere."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
