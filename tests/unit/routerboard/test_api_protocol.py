# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API as bytes and sentences: framing, tags, what comes before the login (RouterOS manual, API)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librouteros.api import Api
from librouteros.protocol import encode_length as reference

from tests.simulators.routerboard.api_framing import FramingError, SentenceReader, encode_length, encode_sentence
from tests.simulators.routerboard.board import Board

from .conftest import Wire


@pytest.mark.parametrize("length", [0, 0x7F, 0x80, 0x100, 0x3FFF, 0x4000, 0x1FFFFF, 0x200000, 0xFFFFFFF])
def test_lengths_are_written_as_another_implementation_writes_them(length: int) -> None:
    assert encode_length(length) == reference(length)


@given(st.lists(st.lists(st.binary(min_size=1, max_size=300), min_size=1), max_size=4), st.integers(1, 70))
def test_sentences_survive_any_cut(sentences: list[list[bytes]], size: int) -> None:
    sent = b"".join(map(encode_sentence, sentences))
    reader = SentenceReader()
    assert [s for at in range(0, len(sent), size) for s in reader.feed(sent[at : at + size])] == sentences


def test_the_four_byte_length_is_read() -> None:
    word = bytes(0x200000)
    assert list(SentenceReader().feed(encode_sentence([word]))) == [[word]]
    five = b"\xf0" + len(word).to_bytes(4, "big") + word + b"\0"
    assert list(SentenceReader().feed(five)) == [[word]]


def test_reserved_lengths_end_the_connection(wire: Wire) -> None:
    with pytest.raises(FramingError):
        list(SentenceReader().feed(b"\xf8"))
    wire.send_bytes(b"\xf8")
    assert wire.receive() is None


def test_commands_before_the_login_are_fatal(board: Board, open_wire: Callable[[Board], Wire]) -> None:
    assert open_wire(board).ask("/interface/print") == [["!fatal", "not logged in"]]
    assert board.api_log == []


def test_quit(wire: Wire) -> None:
    assert wire.ask("/quit") == [["!fatal", "session terminated on request"]]


def test_empty_sentences_are_ignored(wire: Wire) -> None:
    wire.send_bytes(b"\0\0")
    assert wire.ask("/system/identity/print") == [["!re", "=name=MikroTik"], ["!done"]]


def test_a_tag_comes_back_with_every_sentence_and_only_where_sent(wire: Wire) -> None:
    assert wire.ask("/system/identity/print", ".tag=7") == [["!re", "=name=MikroTik", ".tag=7"], ["!done", ".tag=7"]]
    assert wire.ask("/nonsense/print", ".tag=8")[0][-1] == ".tag=8"
    assert wire.ask("/interface/print", "?name=none") == [["!done"]]


def test_several_commands_in_one_go(wire: Wire) -> None:
    words = [(b"/interface/bridge/add", b"=name=b%d" % n, b".tag=%d" % n) for n in range(3)]
    wire.send_bytes(b"".join(map(encode_sentence, words)))
    assert [wire.receive() for dummy in words] == [["!done", f"=ret=*{n + 6}", f".tag={n}"] for n in range(3)]


@pytest.mark.parametrize("comment", ["Büro, 東京", "a=b=c", "no", "123", "x" * 40000, "two\r\nlines"])
def test_values_come_back_as_they_were_sent(api: Api, wire: Wire, comment: str) -> None:
    api.path("interface", "bridge").add(name="b1", comment=comment)
    assert f"=comment={comment}" in wire.ask("/interface/bridge/print")[0]


def test_an_empty_comment_is_not_shown(api: Api, wire: Wire) -> None:
    api.path("interface", "bridge").add(name="b1", comment="")
    assert not [word for word in wire.ask("/interface/bridge/print")[0] if word.startswith("=comment")]


def test_every_command_is_logged_as_it_came(board: Board, api: Api) -> None:
    api.path("interface", "bridge").add(name="b1", comment="Büro")
    assert board.api_log == [["/interface/bridge/add", "=name=b1", "=comment=Büro"]]
