# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's ways of writing things: quoted strings, versions, names (private, pure)."""

from __future__ import annotations

import re
import typing as t

_ESCAPES: t.Final = {'"': '\\"', "\\": "\\\\", "$": "\\$", "?": "\\?", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


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


def readable(value: t.Any) -> t.Any:
    """The value with question marks for what is no UTF-8 in its texts, as a router's comments may hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, t.Mapping):
        return {readable(key): readable(item) for key, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, (list, tuple)) else value


_SIZE: t.Final = re.compile(r"(\d+(?:\.\d+)?)\s*(KiB|kB|MiB|GiB|B|bytes)?", re.IGNORECASE)
_UNITS: t.Final = {"b": 1, "bytes": 1, "kb": 1024, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


def size(text: str, unit: int) -> int | None:
    """Bytes, from a size as RouterOS renders it: `32MiB`, `23.5MiB`, `32000kiB`, or a bare number of `unit` bytes. None where it is no size."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    number, suffix = match.groups()
    return int(float(number) * (_UNITS[suffix.lower()] if suffix else unit))
