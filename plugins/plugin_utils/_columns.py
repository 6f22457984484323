# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in columns (private, pure)."""

from __future__ import annotations

import typing as t

GAP: t.Final = "  "

Cell = t.Sequence[str]  # one text a line


def columns(grid: t.Sequence[t.Sequence[Cell]]) -> list[str]:
    """The lines of a table whose rows all have as many cells; a cell of several lines makes its row higher."""
    widths = [max(len(text) for cells in grid for text in cells[column]) for column in range(len(grid[0]))]
    lines: list[str] = []
    for cells in grid:
        for index in range(max(len(cell) for cell in cells)):
            parts = [(cell[index] if index < len(cell) else "").ljust(width) for cell, width in zip(cells, widths, strict=True)]
            lines.append(GAP.join(parts).rstrip())
    return lines
