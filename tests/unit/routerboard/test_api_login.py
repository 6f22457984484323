# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both logins: since 6.43 the password itself, before it the answer to a challenge (RouterOS manual, API)."""

from __future__ import annotations

from collections.abc import Callable

import librouteros
import pytest
from librouteros.api import Api
from librouteros.exceptions import FatalError
from librouteros.login import plain

from tests.simulators.routerboard.board import Board
from tests.waiting import PATIENCE

from .conftest import Wire

OLD = ("3.21", "6.30.2", "6.42.12")
NEW = ("6.43", "6.49.10", "7.20.8")


@pytest.mark.parametrize("version", OLD + NEW)
def test_the_version_s_own_login(make_board: Callable[..., Board], connect: Callable[..., Api], version: str) -> None:
    board = make_board(version)
    board.run(':put [/user add name=robot password="s3cret=pass" group=full]')
    api = connect(board, "robot", "s3cret=pass")
    assert str(next(iter(api.path("system", "resource")))["version"]).startswith(version)


@pytest.mark.parametrize("version", OLD)
def test_a_client_of_today_believes_to_be_logged_in(make_board: Callable[..., Board], version: str) -> None:
    """librouteros overlooks the challenge; its first command fails."""
    board = make_board(version)
    api = librouteros.connect("127.0.0.1", "admin", "", port=board.ports["api"], login_method=plain, timeout=PATIENCE)
    with pytest.raises(FatalError, match="not logged in"):
        list(api.path("interface"))


@pytest.mark.parametrize("version", OLD)
def test_the_new_form_is_answered_with_a_challenge(
    make_board: Callable[..., Board], open_wire: Callable[[Board], Wire], version: str
) -> None:
    answers = open_wire(make_board(version)).ask("/login", "=name=admin", "=password=")
    assert [answer[0] for answer in answers] == ["!done"]
    assert len(bytes.fromhex(answers[0][1].removeprefix("=ret="))) == 16


@pytest.mark.parametrize(("version", "text"), [("6.49.10", "invalid user name or password (6)"), ("6.30.2", "cannot log in")])
@pytest.mark.parametrize(("user", "password"), [("admin", "wrong"), ("nobody", ""), ("retired", "")])
def test_refusals(
    make_board: Callable[..., Board], open_wire: Callable[[Board], Wire], version: str, text: str, user: str, password: str
) -> None:
    board = make_board(version)
    board.run("/user add name=retired group=full disabled=yes")
    wire = open_wire(board)
    assert wire.log_in(user, password) == [["!trap", f"=message={text}"], ["!done"]]
    assert wire.ask("/interface/print") == [["!fatal", "not logged in"]]


def test_a_challenge_is_good_for_one_answer(make_board: Callable[..., Board], open_wire: Callable[[Board], Wire]) -> None:
    wire = open_wire(make_board("6.30.2"))
    assert wire.ask("/login", "=name=admin", "=response=00" + "0" * 32)[0][0] == "!trap"
