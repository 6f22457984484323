# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the simulator accepts, a real RouterOS knows: menus, commands and arguments against a real command tree."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

_VERSION = "7.20.8"


def _tree() -> dict[str, Any]:
    for folder in Path(__file__).resolve().parents:
        file = folder.parent / "shared" / "data" / "routeros" / f"command-tree-{_VERSION}.json.gz"
        if file.exists():
            with gzip.open(file) as stream:
                tree: dict[str, Any] = json.load(stream)
            return tree
    pytest.skip(f"RouterOS's command tree is not here: shared/data/routeros/command-tree-{_VERSION}.json.gz")


def _accepted() -> Iterator[tuple[tuple[str, ...], str, frozenset[str]]]:
    """(menu, command, arguments) of all that the simulator accepts."""
    for menu in Router(MemoryPlatform()).root.walk():
        path = tuple(part for part in menu.path.split("/") if part)
        yield path, "", frozenset()
        for command in menu.commands.values():
            yield path, command.name, command.arguments


def test_every_menu_command_and_argument_exists_on_routeros() -> None:
    tree = _tree()
    unknown = []
    for path, name, arguments in _accepted():
        node: Any = tree
        for part in (*path, *filter(None, [name])):
            node = node.get(part, {})
        where = "/" + "/".join((*path, name))
        if not node:
            unknown.append(where)
        unknown.extend(f"{where} {argument}=" for argument in sorted(arguments) if argument not in node)
    assert unknown == []
