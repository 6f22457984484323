# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the simulator accepts, a real RouterOS knows: menus, commands and arguments against a real command tree."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router
from tests.unit.command_trees import command_tree, unknown


def _accepted() -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """(menu or command, arguments) of all that the simulator accepts."""
    for menu in Router(MemoryPlatform()).root.walk():
        path = tuple(part for part in menu.path.split("/") if part)
        yield path, frozenset()
        for command in menu.commands.values():
            yield (*path, command.name), command.arguments


def test_every_menu_command_and_argument_exists_on_routeros() -> None:
    tree = command_tree("7.20.8")
    assert [problem for path, arguments in _accepted() for problem in unknown(tree, path, arguments)] == []
