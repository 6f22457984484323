# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No interface of a guest carries anything before the guest has its password."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Planned
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import LostError

from tests.integration.metarouter.support import TERMS, Wanted, fields, guest, one, run, watch
from tests.routerboards import Boards, Enter
from tests.simulators.routerboard.accounts import set_password
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.rendering import Rendering

GATED: Wanted = {"open_before_configured": False}
WIRED: Wanted = {**GATED, "interfaces": [{"name": "ether1", "dynamic_bridge": "lan"}, {"name": "ether2", "static_interface": "ether5"}]}
LAN = "/interface bridge add name=lan; /interface bridge port add bridge=lan interface=ether2"


@pytest.fixture
def board(boards: Boards) -> Board:
    made = boards()
    made.run(LAN)
    return made


def give_password(board: Board, name: str = "client1") -> None:
    """As a person at its console does."""
    router = board.wait_for(name, "running").router
    assert router is not None
    set_password(router, "admin", "a password of its own")


def on_the_lan(board: Board) -> list[str]:
    ports = board.router.table("/interface/bridge/port").items()
    return [str(port.values["interface"]) for port in ports if port.values["interface"] != "ether2"]


@pytest.mark.parametrize("version", ["3.21", "6.30.2", "6.49.10"])
@pytest.mark.parametrize("rendering", [None, Rendering(guest_comment=False, booleans="yes")])
def test_a_guest_on_a_bridge_that_is_in_use_waits_for_its_password(
    version: str, rendering: Rendering | None, boards: Boards, enter: Enter
) -> None:
    board = boards(version, rendering=rendering)
    board.run(LAN)
    seen = watch(board)
    with enter(board) as api:
        made = one(api, **WIRED)
        assert (made.facts["state"], made.facts["closed"], on_the_lan(board)) == ("running", ["ether1", "ether2"], [])
        assert one(api, **WIRED).changes == ()
        give_password(board)
        opened = one(api, state="present", **GATED, configured=True)
        assert fields(opened) == {"interfaces.ether1.disabled", "interfaces.ether2.disabled"}
        assert (opened.facts["closed"], on_the_lan(board)) == ([], ["vif1"])
        assert one(api, **WIRED).changes == ()
        assert on_the_lan(board) == ["vif1"]
    assert seen == []


def test_a_guest_that_is_made_anew_waits_again(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, **WIRED)
        give_password(board)
        one(api, configured=True, **WIRED)
        one(api, state="absent", confirm="client1")
        seen = watch(board)
        assert one(api, **WIRED).facts["closed"] == ["ether1", "ether2"]
    assert seen == []


def test_what_is_said_of_a_guest_that_is_not_there_yet_opens_nothing(board: Board, enter: Enter) -> None:
    seen = watch(board)
    with enter(board) as api:
        assert one(api, configured=True, **WIRED).facts["closed"] == ["ether1", "ether2"]
    assert seen == []


def test_an_interface_that_comes_later_waits_and_the_others_are_never_cut(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, **WIRED)
        give_password(board)
        one(api, configured=True, **WIRED)
        later = {**WIRED, "interfaces": [*WIRED["interfaces"], {"name": "ether3", "dynamic_bridge": "lan"}]}
        cut = cuts(board, "vif1")
        assert one(api, **later).facts["closed"] == ["ether3"]
        assert on_the_lan(board) == ["vif1"]
        assert fields(one(api, configured=True, **later)) == {"interfaces.ether3.disabled"}
        assert on_the_lan(board) == ["vif1", "vif2"]
    assert cut == []


def cuts(board: Board, name: str) -> list[str]:
    """Fills whenever an interface of the host is gone."""
    seen: list[str] = []
    refresh = board.hosting.refresh

    def look() -> None:
        refresh()
        if all(item.values["name"] != name for item in board.router.table("/interface").items()):
            seen.append(name)

    board.hosting.refresh = look  # type: ignore[method-assign]
    return seen


def test_the_users_own_word_counts_once_the_guest_has_its_password(board: Board, enter: Enter) -> None:
    nics = [{"name": "ether1", "disabled": False, "dynamic_bridge": "lan"}, {"name": "ether2", "disabled": True, "static_interface": "ether5"}]
    with enter(board) as api:
        seen = watch(board)
        assert one(api, interfaces=nics, **GATED).facts["closed"] == ["ether1"]
        assert one(api, interfaces=nics, **GATED).changes == ()
        give_password(board)
        opened = one(api, interfaces=nics, configured=True, **GATED)
        assert [nic["disabled"] for nic in opened.facts["interfaces"]] == [False, True]
        assert one(api, interfaces=nics, configured=True, **GATED).changes == ()
        shut = [{**nics[0], "disabled": True}]
        assert fields(one(api, interfaces=shut, **GATED)) == {"interfaces.ether1.disabled"}
        held = one(api, interfaces=nics, **GATED)  # to open it takes the word again
        assert (held.changes, held.facts["closed"]) == ((), ["ether1"])
        assert fields(one(api, interfaces=nics, configured=True, **GATED)) == {"interfaces.ether1.disabled"}
    assert seen == []


def test_what_a_person_disabled_is_not_opened(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, **WIRED)
        give_password(board)
        one(api, configured=True, **WIRED)
        board.run('/metarouter interface disable [find virtual-machine="client1"]')
        assert one(api, configured=True, **WIRED).changes == ()


def test_the_hosts_side_gets_its_address_when_it_opens(board: Board, enter: Enter) -> None:
    wanted: Wanted = {**GATED, "interfaces": [{"name": "ether1", "host_addresses": ["198.51.100.1/30"]}]}
    with enter(board) as api:
        assert "interfaces.ether1.host_addresses" not in fields(one(api, **wanted))
        give_password(board)
        assert fields(one(api, configured=True, **wanted)) == {"interfaces.ether1.disabled", "interfaces.ether1.host_addresses"}
        assert "198.51.100.1/30" in board.run("/ip address print")
        assert one(api, **wanted).changes == ()


def test_who_asks_for_it_gets_open_interfaces(board: Board, enter: Enter) -> None:
    seen = watch(board)
    with enter(board) as api:
        assert one(api, **{**WIRED, "open_before_configured": True}).facts["closed"] == []
    assert seen


def test_an_openwrt_guest_is_not_kept_waiting(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        assert one(api, guest_os="openwrt", memory_size=16, **WIRED).facts["closed"] == []
    assert on_the_lan(board) == ["vif1"]


# Guests of others


THEIRS = "/metarouter add name=client1 memory-size=32 disabled={}; /metarouter interface add virtual-machine=client1 type=dynamic dynamic-bridge=lan"


@pytest.mark.parametrize("listed", [True, False])
def test_an_adopted_guest_that_is_off_starts_closed(listed: bool, board: Board, enter: Enter) -> None:
    board.run(THEIRS.format("yes"))
    seen = watch(board)
    wanted: Wanted = {**GATED, "adopt": True, "interfaces": [{"name": "ether1"}] if listed else []}
    with enter(board) as api:
        assert one(api, **wanted).facts["closed"] == ["ether1"]
        assert one(api, **wanted).changes == ()
        give_password(board)
        one(api, configured=True, **wanted)
    assert (seen, on_the_lan(board)) == ([], ["vif1"])


def test_an_adopted_guest_that_runs_is_not_cut(board: Board, enter: Enter) -> None:
    board.run(THEIRS.format("no"))
    give_password(board)
    cut = cuts(board, "vif1")
    with enter(board) as api:
        assert one(api, adopt=True, comment="ours now", **GATED).facts["closed"] == []
    assert (cut, on_the_lan(board)) == ([], ["vif1"])


# Check mode, and runs that end before their time


def changes(outcome: Outcome) -> list[dict[str, t.Any]]:
    assert outcome.error is None, outcome.error
    return [change.as_dict() for change in outcome.changes]


@pytest.mark.parametrize("already", [False, True])
def test_check_mode_predicts_each_step_from_the_one_before(already: bool, board: Board, enter: Enter) -> None:
    addresses = {"host_addresses": ["198.51.100.1/30"]}
    nics = [{"name": "ether1", **addresses}, {"name": "ether2", "host_name": "uplink", "host_addresses": ["198.51.100.5/30"]}]
    wanted = guest(interfaces=nics, **GATED)
    opening = {**wanted, "state": "present", "configured": True}
    check = replace(TERMS, check_mode=True)
    planned = replace(check, planned=Planned(guests=frozenset({"client1"})))
    with enter(board) as api:
        if already:
            one(api, interfaces=[{"name": "ether1"}], **GATED)
            give_password(board)
            one(api, configured=True, **GATED)
        made = run(api, wanted, terms=check)["client1"]
        opened = run(api, opening, terms=planned)["client1"]
        assert made.facts["closed"] == (["ether2"] if already else ["ether1", "ether2"])
        assert changes(run(api, wanted)["client1"]) == changes(made)
        assert changes(run(api, opening)["client1"]) == changes(opened)
        assert changes(run(api, opening, terms=planned)["client1"]) == []


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("command", ["/metarouter/interface/add", "/metarouter/enable", "/metarouter/interface/set"])
def test_a_run_that_is_cut_off_between_the_steps_exposes_nothing(command: str, fault: str, board: Board, enter: Enter) -> None:
    seen = watch(board)
    getattr(board.faults, fault)(command)
    lost = 0
    for step in ("made", "given its password", "opened"):
        for dummy in range(2):  # the second run finishes what the first left
            with enter(board) as api:
                if step == "given its password":
                    give_password(board)
                    continue
                error = run(api, guest(configured=step == "opened", **WIRED))["client1"].error
                assert error is None or isinstance(error, LostError)
                lost += error is not None
    assert (lost, seen, on_the_lan(board)) == (1, [], ["vif1"])
