# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements of RouterOS's scripting language that are true to what is there already (private, pure)."""

from __future__ import annotations

from .._core.text import quote


def pairs(**values: str) -> str:
    """Properties with their values: `name="lan" comment="x"`. An underscore in a name stands for a hyphen."""
    return " ".join(f"{key.replace('_', '-')}={quote(value)}" for key, value in values.items())


def find(menu: str, match: str) -> str:
    """The expression for the items of a menu that match."""
    return f"[{menu} find where {match}]"


def exists(menu: str, match: str) -> str:
    """The expression that is true where an item matches."""
    return f"[:len {find(menu, match)}] > 0"


def present(menu: str, match: str, values: str, update: str | None = None) -> str:
    """The statement that adds an item unless one matches; with `update` it sets the one that does."""
    other = f" else={{{menu} set {find(menu, match)} {update}}}" if update else ""
    return f":if ([:len {find(menu, match)}] = 0) do={{{menu} add {values}}}{other}"


def script_item(name: str, source: str, **more: str) -> str:
    """The statement that makes an item of /system script hold this source, and further properties."""
    stored = pairs(source=source, **more)
    return present("/system script", pairs(name=name), f"{pairs(name=name)} {stored}", stored)
