# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's files as they are, and as they are generated."""

from __future__ import annotations

import ast
from pathlib import Path


class Tree:
    """A checkout or a copy of it. What is generated is kept here, and read again like a file, until it is written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._generated: dict[str, str] = {}

    def read(self, name: str) -> str:
        """A file's text, with what was generated of it."""
        return self._generated.get(name) or (self._root / name).read_text(encoding="utf-8")

    def generate(self, name: str, text: str) -> None:
        """Say what a file should be."""
        self._generated[name] = text

    def stale(self) -> list[str]:
        """The files that are not what they should be."""
        return [name for name, text in self._generated.items() if not self._is(name, text)]

    def write(self) -> list[str]:
        """Write the stale files, and return their names."""
        stale = self.stale()
        for name in stale:
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._generated[name], encoding="utf-8")
        return stale

    def _is(self, name: str, text: str) -> bool:
        path = self._root / name
        return path.is_file() and path.read_text(encoding="utf-8") == text


def constant(source: str, name: str) -> str:
    """A text constant of a Python file, at its top or in a class; empty where it has none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return str(ast.literal_eval(node.value))
    return ""
