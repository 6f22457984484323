# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated RouterBOARDs behind real sockets, and our own way to log in."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api import Api, session
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api_options import ApiOptions

from tests.simulators.routerboard.board import Board
from tests.waiting import PATIENCE

SECONDS = 0.02  # that a guest's change of state takes

Boards = Callable[..., Board]
Enter = Callable[..., AbstractContextManager[Api]]


@pytest.fixture
def boards() -> Iterator[Boards]:
    """Makes boards that are stopped at the end of the test."""
    with ExitStack() as stack:

        def make(version: str = "6.49.10", model: str = "RB2011UiAS", **more: t.Any) -> Board:
            return stack.enter_context(Board(version, model, **{"seconds": SECONDS, **more}))

        yield make


@pytest.fixture
def board(boards: Boards) -> Board:
    return boards()


@pytest.fixture
def enter() -> Enter:
    """A session with a board, plain unless the options say otherwise."""

    def connect(board: Board, **options: t.Any) -> AbstractContextManager[Api]:
        return session(api_options(board, **options))

    return connect


def api_options(board: Board, **options: t.Any) -> ApiOptions:
    """What a module gets in `api`."""
    given = {"host": "127.0.0.1", "username": "admin", "password": "", "tls": "none", "login": "auto", "timeout": PATIENCE, **options}
    return ApiOptions.parse({"port": board.ports["api" if given["tls"] == "none" else "api-ssl"], **given})
