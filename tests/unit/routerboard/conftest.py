# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards that live as long as a test, and two clients for their API: librouteros, and bare sentences."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import librouteros
import pytest
from librouteros.api import Api
from librouteros.login import plain, token

from tests.simulators.routerboard.api_framing import SentenceReader, encode_sentence
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.models import PLAIN_LOGIN, at_least
from tests.waiting import PATIENCE

SECONDS = 0.01


class Wire:
    """A client that says exactly what it is told to and hides nothing of the answers."""

    def __init__(self, board: Board) -> None:
        self._socket = socket.create_connection(("127.0.0.1", board.ports["api"]), PATIENCE)
        self._reader = SentenceReader()
        self._sentences: list[list[str]] = []
        self._board = board

    def send(self, *words: str) -> None:
        self._socket.sendall(encode_sentence(word.encode() for word in words))

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> list[str] | None:
        """The next sentence; None where the board closed the connection."""
        while not self._sentences:
            data = self._socket.recv(65536)
            if not data:
                return None
            self._sentences += [[word.decode() for word in sentence] for sentence in self._reader.feed(data)]
        return self._sentences.pop(0)

    def ask(self, *words: str) -> list[list[str]]:
        """All sentences up to the !done, or to the end."""
        self.send(*words)
        answers = []
        while (answer := self.receive()) is not None:
            answers.append(answer)
            if answer[0] == "!done":
                break
        return answers

    def log_in(self, user: str = "admin", password: str = "") -> list[list[str]]:
        """As the board's version wants it."""
        if at_least(self._board.version, PLAIN_LOGIN):
            return self.ask("/login", f"=name={user}", f"=password={password}")
        challenge = bytes.fromhex(self.ask("/login")[0][1].removeprefix("=ret="))
        answer = hashlib.md5(b"\0" + password.encode() + challenge).hexdigest()
        return self.ask("/login", f"=name={user}", f"=response=00{answer}")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def make_board() -> Iterator[Callable[..., Board]]:
    """A board that is switched on, and off again at the end."""
    with ExitStack() as stack:

        def make(version: str = "6.49.10", **options: Any) -> Board:
            return stack.enter_context(Board(version, **{"seconds": SECONDS, **options}))

        yield make


@pytest.fixture
def board(make_board: Callable[..., Board]) -> Board:
    return make_board()


@pytest.fixture
def connect() -> Iterator[Callable[..., Api]]:
    """librouteros, logged in as the board's version wants it."""
    with ExitStack() as stack:

        def make(board: Board, user: str = "admin", password: str = "", **options: Any) -> Api:
            method = plain if at_least(board.version, PLAIN_LOGIN) else token
            options = {"port": board.ports["api"], "login_method": method, "encoding": "utf-8", "timeout": PATIENCE, **options}
            api = librouteros.connect("127.0.0.1", user, password, **options)
            stack.callback(api.close)
            return api

        yield make


@pytest.fixture
def api(board: Board, connect: Callable[..., Api]) -> Api:
    return connect(board)


@pytest.fixture
def open_wire() -> Iterator[Callable[[Board], Wire]]:
    """A bare connection that has not logged in."""
    with ExitStack() as stack:

        def make(board: Board) -> Wire:
            wire = Wire(board)
            stack.callback(wire.close)
            return wire

        yield make


@pytest.fixture
def wire(board: Board, open_wire: Callable[[Board], Wire]) -> Wire:
    """A bare connection that has logged in."""
    made = open_wire(board)
    assert made.log_in() == [["!done"]]
    return made
