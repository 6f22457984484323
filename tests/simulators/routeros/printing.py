# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How print shows items: columns, detail, terse, and as values."""

from __future__ import annotations

from .values import Array, Id, Value, to_text

Record = dict[str, Value]

# The letters before an item, in RouterOS's order.
_FLAGS = (
    ("disabled", "X"),
    ("invalid", "I"),
    ("dynamic", "D"),
    ("active", "A"),
    ("connect", "c"),
    ("dhcp", "d"),
    ("running", "R"),
    ("static", "s"),
    ("slave", "S"),
)
_FLAG_NAMES = frozenset(name for name, _letter in _FLAGS)


def cell(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return to_text(value)


def quoted(value: Value) -> str:
    text = cell(value)
    if text and all(char.isalnum() or char in "-_./:*,+@" for char in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def as_value(record: Record) -> Array:
    return Array([], dict(record))


def render_settings(record: Record) -> str:
    width = max(map(len, record), default=0) + 2
    return "\n".join(f"{name:>{width}}: {cell(value)}" for name, value in record.items())


def _letters(record: Record) -> str:
    return "".join(letter for name, letter in _FLAGS if record.get(name) is True)


def _legend(records: list[Record]) -> str:
    used = [(letter, name) for name, letter in _FLAGS if any(record.get(name) is True for record in records)]
    return "Flags: " + ", ".join(f"{letter} - {name.upper()}" for letter, name in used) if used else ""


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _FLAG_NAMES and name != ".id" and value is not None}


def render_terse(records: list[Record]) -> str:
    lines = []
    for number, record in enumerate(records):
        pairs = " ".join(f"{name}={cell(value)}" for name, value in _plain(record).items())
        lines.append(f"{number:>2} {_letters(record):<2} {pairs}")
    return "\n".join(lines)


def render_detail(records: list[Record]) -> str:
    lines = [line for line in (_legend(records),) if line]
    for number, record in enumerate(records):
        plain = _plain(record)
        comment = plain.pop("comment", "")
        head = f"{number:>2} {_letters(record):<3}"
        if comment:
            lines.append(f"{head} ;;; {cell(comment)}")
            head = " " * len(head)
        lines.append(f"{head} " + " ".join(f"{name}={quoted(value)}" for name, value in plain.items()))
    return "\n".join(lines)


def render_columns(records: list[Record], columns: tuple[str, ...]) -> str:
    shown = [name for name in columns if any(cell(record.get(name)) for record in records)]
    if not shown:
        return ""
    letters = [_letters(record) for record in records]
    flag_width = max(map(len, letters), default=0)
    widths = [max(len(name), *(len(cell(record.get(name))) for record in records)) for name in shown]
    lines = [line for line in (_legend(records), "Columns: " + ", ".join(name.upper() for name in shown)) if line]
    heads = "  ".join(f"{name.upper():<{width}}" for name, width in zip(shown, widths, strict=False))
    lines.append(f"# {' ' * flag_width} {heads}".rstrip())
    for number, (record, flags) in enumerate(zip(records, letters, strict=False)):
        if record.get("comment"):
            lines.append(f";;; {cell(record['comment'])}")
        cells = "  ".join(f"{cell(record.get(name)):<{width}}" for name, width in zip(shown, widths, strict=False))
        lines.append(f"{number} {flags:<{flag_width}} {cells}".rstrip())
    return "\n".join(lines)


def identified(record: Record, number: int) -> Record:
    return {".id": Id(f"*{number:X}"), **record}
