# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands answer: rows, property lists, queries, ids and traps with RouterOS's texts (RouterOS manual, API)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from librouteros.api import Api
from librouteros.query import Key

from tests.simulators.routerboard.api_commands import Record
from tests.simulators.routerboard.api_query import matches
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.rendering import Rendering
from tests.simulators.routeros.errors import RouterError

from .conftest import Wire

RECORD: Record = {"name": "ether1", "mtu": 1500, "disabled": False, "comment": None}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("name", True),
        ("comment", False),
        ("-comment", True),
        ("-name", False),
        ("name=ether1", True),
        ("=name=ether1", True),
        ("name=ether", False),
        ("<mtu=1501", True),
        (">mtu=900", True),
        (">mtu=1500", False),
        ("disabled=no", True),
        ("disabled=false", True),
        ("name=x mtu=1500", False),
        ("name=x mtu=1500 #|", True),
        ("name=x #!", True),
        ("name=x mtu=1500 #!&", False),
        ("name=x mtu=1500 disabled=no #|&", False),
        ("name=x mtu=1500 disabled=no #||", True),
        ("name=ether1 name=x #1", True),
        ("name=ether1 name=x #0", False),
        ("name=ether1 name=x #1.|&", True),
        ("", True),
    ],
)
def test_queries(words: str, found: bool) -> None:
    assert matches(words.split(), RECORD) is found


@pytest.mark.parametrize("words", ["#!", "name #&", "name #3", "name #x"])
def test_impossible_queries(words: str) -> None:
    with pytest.raises(RouterError):
        matches(words.split(), RECORD)


def test_queries_of_another_client(api: Api) -> None:
    name, kind = Key("name"), Key("type")
    found = api.path("interface").select(name).where(kind == "ether", name != "ether2")
    assert [row["name"] for row in found] == ["ether1", "ether3", "ether4", "ether5"]


def test_a_row_without_any_wanted_property_is_an_empty_sentence(wire: Wire) -> None:
    assert wire.ask("/ip/address/print", "=.proplist=comment,nonsense") == [["!re"], ["!done"]]
    assert wire.ask("/ip/address/print", "=.proplist=nonsense,.id,disabled") == [["!re", "=.id=*1", "=disabled=false"], ["!done"]]


def test_print_s_other_ways(wire: Wire) -> None:
    assert wire.ask("/interface/print", "=count-only=") == [["!done", "=ret=5"]]
    assert wire.ask("/interface/print", "=count-only=", "?name=ether2") == [["!done", "=ret=1"]]
    assert wire.ask("/interface/getall", "=detail=") == wire.ask("/interface/print")
    assert wire.ask("/system/identity/print", "=detail=")[0][-1] == "=message=unknown parameter detail"
    assert wire.ask("/interface/print", "=as-value=")[0][-1] == "=message=unknown parameter as-value"


@pytest.mark.parametrize(("version", "answer"), [("6.49.10", [["!done"]]), ("7.17", [["!done"]]), ("7.18", [["!empty"], ["!done"]])])
def test_nothing_to_print(
    make_board: Callable[..., Board], open_wire: Callable[[Board], Wire], version: str, answer: list[list[str]]
) -> None:
    wire = open_wire(make_board(version))
    wire.log_in()
    assert wire.ask("/interface/bridge/print") == answer


def test_booleans_as_the_board_words_them(make_board: Callable[..., Board], open_wire: Callable[[Board], Wire]) -> None:
    wire = open_wire(make_board(rendering=Rendering(booleans="yes")))
    wire.log_in()
    assert "=disabled=no" in wire.ask("/interface/print")[0]


def test_items_are_named_by_id_name_place_and_lists_of_them(wire: Wire) -> None:
    for name in ("a", "b", "c", "d"):
        wire.ask("/interface/bridge/add", f"=name={name}")
    assert wire.ask("/interface/bridge/set", "=.id=a", "=comment=by name") == [["!done"]]
    assert wire.ask("/interface/bridge/set", "=numbers=1", "=comment=by place") == [["!done"]]
    assert wire.ask("/interface/bridge/disable", "=.id=*8,*9") == [["!done"]]
    assert wire.ask("/interface/bridge/remove", "=numbers=c,d") == [["!done"]]
    rows = wire.ask("/interface/bridge/print", "=.proplist=.id,comment")[:-1]
    assert rows == [["!re", "=.id=*6", "=comment=by name"], ["!re", "=.id=*7", "=comment=by place"]]


@pytest.mark.parametrize(
    ("words", "trap"),
    [
        (["/nonsense/print"], ["=category=0", "=message=no such command prefix"]),
        (["/interface/nonsense"], ["=category=0", "=message=no such command"]),
        (["/put", "=message=x"], ["=category=0", "=message=no such command"]),
        (["/interface/set", "=.id=*77", "=mtu=1400"], ["=category=0", "=message=no such item"]),
        (["/interface/bridge/add", "=nonsense=1"], ["=message=unknown parameter nonsense"]),
        (["/ip/address/add", "=address=192.0.2.1/24"], ["=category=0", "=message=missing =interface="]),
        (
            ["/ip/address/add", "=address=192.0.2.1/24", "=interface=x"],
            ["=category=1", "=message=input does not match any value of interface"],
        ),
        (["/ip/address/add", "=address=x", "=interface=ether1"], ["=category=1", "=message=invalid value for argument address"]),
        (["/interface/bridge/add", "=pvid=9999"], ["=category=1", "=message=value of pvid is out of range (1..4094)"]),
        (["/interface/bridge/add", "=name=ether1"], ["=message=failure: already have interface with name ether1"]),
    ],
)
def test_traps(wire: Wire, words: list[str], trap: list[str]) -> None:
    assert wire.ask(*words) == [["!trap", *trap], ["!done"]]


@pytest.mark.parametrize("text", ["no such command", "no such command or directory (nonsense)"])
def test_the_text_for_a_missing_menu_is_a_switch(
    text: str, make_board: Callable[..., Board], open_wire: Callable[[Board], Wire]
) -> None:
    wire = open_wire(make_board(rendering=Rendering(unknown_menu=text)))
    wire.log_in()
    assert wire.ask("/nonsense/print") == [["!trap", "=category=0", f"=message={text}"], ["!done"]]


def test_a_board_may_take_no_names_for_ids(make_board: Callable[..., Board], open_wire: Callable[[Board], Wire]) -> None:
    wire = open_wire(make_board(rendering=Rendering(names_as_ids=False)))
    wire.log_in()
    assert wire.ask("/interface/set", "=.id=ether1", "=mtu=1400") == [["!trap", "=category=0", "=message=no such item"], ["!done"]]
    assert wire.ask("/interface/set", "=.id=*1", "=mtu=1400") == [["!done"]]
    assert wire.ask("/interface/set", "=numbers=ether1", "=mtu=1400") == [["!done"]]


def test_what_a_script_does_the_api_shows(board: Board, api: Api) -> None:
    board.run("/ip address add address=192.0.2.1/24 interface=ether2 comment=ours")
    assert [row["address"] for row in api.path("ip", "address") if row.get("comment") == "ours"] == ["192.0.2.1/24"]
    api.path("system", "identity").update(name="edge1")
    assert board.router.identity == "edge1"
