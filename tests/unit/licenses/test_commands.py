# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we say to a router about its licence: every command and argument exists on real versions, and no more is said than is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.unit.command_trees import command_tree, unknown

from .conftest import Fleet

LIFE: tuple[dict[str, Any], ...] = (
    {"source": "trial", "minimum_level": "p1", "generate_new_id": "if_free"},
    {"source": "purchased", "minimum_level": "p1", "renew_before": 60, "renew_interval": 1},
)


@pytest.fixture
def api_fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet("api", stack)


def live(fleet: Fleet) -> list[list[str]]:
    """A router that gets an id, a trial and two renewals; the sentences that it was told."""
    clone = fleet.add()
    for wishes in LIFE:
        fleet.one(**wishes)
    clone.pass_time(1)
    fleet.one(**LIFE[1])
    return clone.api_log


@pytest.mark.parametrize("version", ["7.12.2", "7.16.2", "7.20.8", "7.24"])
def test_every_command_and_argument_exists_on_routeros(version: str, api_fleet: Fleet) -> None:
    tree = command_tree(version)
    told = [words for words in live(api_fleet) if words[0] != "/login"]
    assert {words[0] for words in told} >= {"/system/license/renew", "/system/license/generate-new-id", "/system/script/set"}
    problems = []
    for words in told:
        arguments = [word.split("=")[1] for word in words[1:] if word.startswith("=") and not word.startswith("=.")]
        problems += unknown(tree, [part for part in words[0].split("/") if part], arguments)
    assert problems == []


def test_a_router_with_nothing_to_do_is_read_with_three_commands_and_its_routes_are_left_alone(api_fleet: Fleet) -> None:
    clone = api_fleet.add()
    api_fleet.one(**LIFE[0])
    clone.api_log.clear()
    assert api_fleet.one(**LIFE[0]).changes == ()
    told = sorted(words[0] for words in clone.api_log if words[0] != "/login")
    assert told == ["/system/clock/print", "/system/license/print", "/system/script/print"]
