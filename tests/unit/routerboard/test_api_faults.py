# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults strike where they should: what ran and what did not, when a connection was lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from librouteros.api import Api
from librouteros.exceptions import ConnectionClosed, TrapError

from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.images import openwrt_image
from tests.waiting import PATIENCE

LOST = (ConnectionClosed, ConnectionResetError, BrokenPipeError)
BRIDGE = ("interface", "bridge")


@pytest.mark.parametrize(("before", "made"), [(True, []), (False, ["b1"])])
def test_a_connection_lost_before_and_after_the_command_ran(
    board: Board, connect: Callable[..., Api], before: bool, made: list[str]
) -> None:
    fault = (board.faults.drop_before if before else board.faults.drop_after)("/interface/bridge/add")
    with pytest.raises(LOST):
        connect(board).path(*BRIDGE).add(name="b1")
    assert fault.struck.wait(PATIENCE)
    assert [row["name"] for row in connect(board).path(*BRIDGE)] == made


def test_a_fault_strikes_once_at_its_turn(board: Board, connect: Callable[..., Api]) -> None:
    board.faults.drop_before("/interface/bridge/add", nth=2)
    api = connect(board)
    api.path(*BRIDGE).add(name="b1")
    with pytest.raises(LOST):
        api.path(*BRIDGE).add(name="b2")
    connect(board).path(*BRIDGE).add(name="b3")
    assert [row["name"] for row in connect(board).path(*BRIDGE)] == ["b1", "b3"]


def test_a_command_hangs_until_it_is_released(board: Board, connect: Callable[..., Api]) -> None:
    fault = board.faults.hang("/system/identity/print")
    with pytest.raises(TimeoutError):
        list(connect(board, timeout=0.2).path("system", "identity"))
    assert fault.struck.is_set()
    fault = board.faults.hang("/system/identity/print")
    fault.released.set()
    assert list(connect(board).path("system", "identity"))


def test_an_import_goes_on_without_its_client(board: Board, connect: Callable[..., Api]) -> None:
    board.upload("openwrt.tgz", openwrt_image("mips"))
    board.faults.interrupt_import()
    with pytest.raises(LOST):
        tuple(connect(board).path("metarouter")("import-image", **{"file-name": "openwrt.tgz"}))
    board.wait_for("mr1", "running")


def test_a_restart_of_the_board_by_its_user(board: Board, connect: Callable[..., Api]) -> None:
    with pytest.raises(LOST):
        api = connect(board)
        tuple(api.path("system")("reboot"))
        while True:
            list(api.path("interface"))
    board.wait_up()
    assert list(connect(board).path("interface"))


def test_logins_are_refused_until_told_otherwise(board: Board, connect: Callable[..., Api]) -> None:
    board.faults.refuse_logins = True
    with pytest.raises(TrapError, match="invalid user name or password"):
        connect(board)
    board.faults.refuse_logins = False
    assert list(connect(board).path("interface"))
