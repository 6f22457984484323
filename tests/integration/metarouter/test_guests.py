# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetaROUTER guests on a simulated RouterBOARD, on every version and every guess of how it shows things."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import LostError, RefusedError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.converge import converge
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.facts import read_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.guest import parse_wiring

from tests.integration.metarouter.support import TERMS, Wanted, fields, guest, one, run
from tests.routerboards import Boards, Enter
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.rendering import Rendering

RENDERINGS = [
    Rendering(),
    Rendering(sizes="plain", unlimited="0", booleans="yes", guest_comment=False, used_disk_unit=False),
    Rendering(sizes="bytes", unlimited="0kiB", guest_comment=False, interface_macs=False),
    Rendering(unlimited="0kiB", booleans="yes", live_memory=False, orphans=False),
    Rendering(remove_running=True, names_as_ids=False, host_memory="kB"),
    Rendering(vif_macs=False, no_bridge="", host_memory="KiB", guest_comment=False),
]
CLIENT: Wanted = {
    "memory_size": 32,
    "disk_size": 32000,
    "interfaces": [{"name": "ether1", "host_name": "uplink", "host_addresses": ["198.51.100.1/30"]}, {"name": "ether2", "dynamic_bridge": "bridge1"}],
}


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("version", ["3.21", "6.30.2", "6.49.10"])
def test_a_guest_is_made_wired_and_started_and_a_second_run_changes_nothing(
    version: str, rendering: Rendering, boards: Boards, enter: Enter
) -> None:
    board = boards(version, rendering=rendering)
    board.run("/interface bridge add name=bridge1")
    with enter(board) as api:
        made = one(api, **CLIENT)
        assert {"exists", "state", "interfaces.ether1.host_interface", "interfaces.ether1.host_addresses"} <= fields(made)
        assert made.facts["state"] == "running"
        assert [nic["host_interface"] for nic in made.facts["interfaces"]] == ["uplink", "vif1"]
        assert (made.facts["disk_reads"], made.facts["disk_writes"]) == (210, 35)
        assert one(api, **CLIENT).changes == ()
        gone = one(api, state="absent", confirm="client1")
        assert fields(gone) == {"state", "exists"}
        assert not gone.facts["exists"]
        assert one(api, state="absent", confirm="client1").changes == ()
    assert board.run(":put [:len [/interface virtual-ethernet find]]") == "0"
    assert "198.51.100.1" not in board.run("/ip address print")


def test_a_guest_never_runs_before_it_is_wired(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, interfaces=[{"name": "ether1"}])
    verbs = [sentence[0] for sentence in board.api_log]
    assert verbs.index("/metarouter/interface/add") < verbs.index("/metarouter/enable")
    assert "=disabled=yes" in next(sentence for sentence in board.api_log if sentence[0] == "/metarouter/add")


def test_eight_guests_with_eight_interfaces_that_need_nothing_cost_three_commands(board: Board, enter: Enter) -> None:
    wanted = [guest(f"c{number}", memory_size=24 if number else 32, state="present", interfaces=[{"name": "ether1"}]) for number in range(8)]
    with enter(board) as api:
        run(api, *wanted)
        before = api.count
        again = run(api, *wanted)
        assert api.count - before == 3
    assert not any(outcome.changes or outcome.error for outcome in again.values())


def test_check_mode_touches_nothing_and_says_what_would_be(board: Board, enter: Enter) -> None:
    board.run("/interface bridge add name=bridge1")
    with enter(board) as api:
        predicted = one(api, terms=replace(TERMS, check_mode=True), **CLIENT)
        assert all(sentence[0].endswith("/print") for sentence in board.api_log)
        assert [change.as_dict() for change in predicted.changes] == [change.as_dict() for change in one(api, **CLIENT).changes]


def test_updates_reach_what_runs_or_wait_and_say_so(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, memory_size=32, interfaces=[{"name": "ether1"}])
        pending = one(api, memory_size=48)
        assert [(change.before, change.after, change.effect) for change in pending.changes] == [(32, 48, "restart")]
        assert one(api, memory_size=48).changes == ()
        nics = [{"name": "ether1", "disabled": True}, {"name": "ether2", "vm_mac_address": "02:00:00:00:00:99"}]
        wired = one(api, comment="rack 4", interfaces=nics)
        new = {f"interfaces.ether2.{field}" for field in ("exists", "type", "vm_mac_address")}
        assert fields(wired) == {"comment", "interfaces.ether1.disabled", *new}
        assert wired.facts["comment"] == "rack 4"
        assert fields(one(api, interfaces=[{"name": "ether2", "state": "absent"}])) == {"interfaces.ether2.exists"}
    inside = board.wait_for("client1", "running").router
    assert inside is not None


@pytest.mark.parametrize("restart", [["restarted"], ["stopped", "started"], ["disabled", "started"]])
@pytest.mark.parametrize("comments", [True, False])
def test_a_restart_is_needed_until_it_was_done(comments: bool, restart: list[str], boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(guest_comment=comments))
    nics: Wanted = {"interfaces": [{"name": "ether1", "comment": "uplink"}]}
    with enter(board) as api:
        assert not one(api, interfaces=[*nics["interfaces"], {"name": "ether2"}]).facts["restart_needed"]
        assert one(api, memory_size=48, terms=replace(TERMS, check_mode=True)).facts["restart_needed"]
        assert one(api, memory_size=48).facts["restart_needed"]
        again = one(api, memory_size=48, **nics)
        assert (again.changes, again.facts["restart_needed"]) == ((), True)
        edited = one(api, interfaces=[{"name": "ether1", "comment": "downlink"}])
        assert (fields(edited), edited.facts["restart_needed"]) == ({"interfaces.ether1.comment"}, True)
        assert one(api, interfaces=[{"name": "ether2", "state": "absent"}]).facts["restart_needed"]
        assert read_guests(api, ["client1"])["guests"]["client1"]["restart_needed"]
        for state in restart:
            assert not one(api, state=state).facts["restart_needed"]
        done = one(api, memory_size=48)
        assert (done.changes, done.facts["restart_needed"]) == ((), False)
        assert done.facts["interfaces"][0]["comment"] == "downlink"


def test_what_an_interface_remembered_stays_remembered_when_it_goes(boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(guest_comment=False))
    with enter(board) as api:
        one(api, interfaces=[{"name": "ether1"}, {"name": "ether2"}])
        assert one(api, memory_size=48).facts["restart_needed"]
        assert one(api, interfaces=[{"name": "ether1", "state": "absent"}]).facts["restart_needed"]


def test_interfaces_go_and_come_in_the_middle(board: Board, enter: Enter) -> None:
    three = [{"name": f"ether{number}", "comment": f"to {number}"} for number in (1, 2, 3)]
    with enter(board) as api:
        one(api, interfaces=three)
        gone = one(api, interfaces=[{"name": "ether2", "state": "absent"}])
        assert "ether2 is not the guest's last interface" in gone.warnings[0]
        left = [three[0], three[2]]
        assert one(api, interfaces=left).changes == ()
        later = run(api, guest(interfaces=[*left, {"name": "ether4"}]))["client1"]
        assert "the next interface of client1 is ether2 (found: ether4)" in str(later.error)
        back = one(api, interfaces=three)
        assert {field.rpartition(".")[0] for field in fields(back)} == {"interfaces.ether2"}
        assert [nic["comment"] for nic in back.facts["interfaces"]] == ["to 1", "to 2", "to 3"]
        assert one(api, interfaces=[*three, {"name": "ether4"}]).changes


def test_a_guest_that_shuts_down_is_waited_for(boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(live_memory=False), seconds=0.3)
    with enter(board) as api:
        one(api, state="started")
        for state, ends in (("stopped", "stopped"), ("disabled", "disabled")):
            board.run("/metarouter disable client1" if state == "disabled" else "/metarouter shut-down client1")
            done = one(api, state=state)
            assert (done.changes, done.facts["state"]) == ((), ends)
            one(api, state="started")
        board.run("/metarouter shut-down client1")
        assert one(api, state="present", memory_size=40).facts["memory_size"] == 40  # this board refuses it before the guest is off


def test_restarted_shuts_down_changes_and_starts(boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(live_memory=False))
    with enter(board) as api:
        one(api, memory_size=32)
        refused = run(api, guest(memory_size=40))["client1"]
        assert "use state: restarted" in str(refused.error)
        assert refused.changes == ()
        assert one(api, memory_size=40, state="restarted").facts["memory_size"] == 40
        assert one(api, memory_size=40).changes == ()


def test_power_goes_where_it_is_told(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        assert one(api, state="present").facts["state"] == "disabled"
        orders = {"stopped": "disabled", "started": "running"}, {"stopped": "stopped"}, {"started": "running"}, {"disabled": "disabled"}
        for state, after in [pair for order in orders for pair in order.items()]:
            assert one(api, state=state).facts["state"] == after
            assert one(api, state=state).changes == ()


def test_interfaces_of_a_guest_that_is_described_elsewhere(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api)
        wiring = [{"guest": name, "name": "ether1", "state": "present", "comment": "from here"} for name in ("client1", "nobody")]
        specs, dummy = parse_wiring(wiring, adopt=False, configured=True)
        outcomes = converge(api, specs, TERMS, lambda name, what: None)
        assert outcomes["client1"].facts["interfaces"][0]["host_interface"] == "vif1"
        assert "guest nobody does not exist" in str(outcomes["nobody"].error)
        assert outcomes["client1"].facts["state"] == "running"


# What the host can give


def test_limits_are_refused_for_those_beyond_them_and_name_the_way_out(board: Board, enter: Enter) -> None:
    many = [{"name": f"ether{number}"} for number in range(1, 8)]
    with enter(board) as api:
        outcomes = run(api, *(guest(f"g{number}", state="present", memory_size=24) for number in range(9)))
        assert [name for name, outcome in outcomes.items() if outcome.error] == ["g8"]
        assert "at most 8 guests" in str(outcomes["g8"].error)
        outcomes = run(api, guest("g0", state="present", interfaces=many), guest("g1", state="present", interfaces=many[:2]))
        assert not outcomes["g0"].error
        assert "/interface vlan add" in str(outcomes["g1"].error)
        assert outcomes["g1"].facts["interfaces"] == []


@pytest.mark.parametrize("unit", ["bytes", "KiB", "kB", "MiB"])
@pytest.mark.parametrize("model", ["RB2011UiAS", "RB1100AH"])
def test_memory_that_the_host_does_not_have_is_refused_before_anything_is_made(
    model: str, unit: t.Literal["bytes", "KiB", "kB", "MiB"], boards: Boards, enter: Enter
) -> None:
    free = {"RB2011UiAS": 104, "RB1100AH": 1000}[model]
    with enter(boards(model=model, rendering=Rendering(host_memory=unit))) as api:
        assert read_guests(api, [])["host"]["free_memory"] == free
        outcomes = run(api, *(guest(f"g{number}", memory_size=free // 8 if free // 8 > 24 else 24) for number in range(8)))
        assert f"{free} MiB free" in str(next(outcome.error for outcome in outcomes.values() if outcome.error))
        assert not [outcome for outcome in outcomes.values() if outcome.error and outcome.facts["exists"]]


@pytest.mark.parametrize(
    "text", ["no such command prefix", "no such command", "no such command or directory (metarouter)", "bad command name metarouter"]
)
@pytest.mark.parametrize(
    ("version", "model", "said"),
    [
        ("7.20.8", "RB2011UiAS", "RouterOS 7 has no MetaROUTER"),
        ("6.49.10", "hAP lite", "this board has no MetaROUTER"),
        ("6.49.10", "hEX", "Boards with MetaROUTER: RB4xx"),
    ],
)
def test_a_board_without_the_feature_is_told_so(version: str, model: str, said: str, text: str, boards: Boards, enter: Enter) -> None:
    with enter(boards(version, model, rendering=Rendering(unknown_menu=text))) as api, pytest.raises(UnsupportedError, match=said):
        run(api, guest())


def test_a_board_that_only_pretends_is_told_so_before_it_refuses(boards: Boards, enter: Enter) -> None:
    with enter(boards("6.49.10", "RB1100AHx2")) as api:
        assert "not supported on RB1100AHx2" in str(run(api, guest())["client1"].error)


def test_fastpath_is_warned_of_once(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        first = run(api, *(guest(f"g{number}", state="present", interfaces=[{"name": "ether1"}]) for number in range(2)))
        assert sum("FastPath" in text for outcome in first.values() for text in outcome.warnings) == 1
        assert not run(api, guest("g2", state="present", disk_size=32000, interfaces=[{"name": "ether1"}]))["g2"].warnings


# The session's own way


def on_the_way(board: Board, interface: str) -> None:
    board.run(f"/ip address add address=127.0.0.1/8 interface={interface}")


def test_the_sessions_own_interface_and_bridge_are_kept(board: Board, enter: Enter) -> None:
    board.run("/interface bridge add name=lan; /interface bridge port add bridge=lan interface=ether3")
    on_the_way(board, "lan")
    with enter(board) as api:
        for wiring in ({"static_interface": "ether3"}, {"dynamic_bridge": "lan"}):
            refused = run(api, guest(interfaces=[{"name": "ether1", **wiring}]))["client1"]
            assert isinstance(refused.error, RefusedError)
            assert "allow_session_path: true" in str(refused.error)
        assert one(api, interfaces=[{"name": "ether1", "static_interface": "ether4"}]).changes
        allowed = replace(TERMS, allow_session_path=True)
        assert one(api, terms=allowed, interfaces=[{"name": "ether2", "dynamic_bridge": "lan"}]).changes


STANDS_ON = {
    "VLAN": "/interface vlan add name=way vlan-id=5 interface=ether3",
    "VRRP": "/interface vrrp add name=way interface=ether3",
    "bond": "/interface bonding add name=way slaves=ether3,ether4",
    "VRRP on a bond": "/interface bonding add name=bond1 slaves=ether4,ether3; /interface vrrp add name=way interface=bond1",
    "PPPoE client": "/interface pppoe-client add name=way interface=ether3",
    "PPPoE server": "/interface pppoe-server server add service-name=all interface=ether3; /interface pppoe-server add name=way service=all",
    "L2TP": "/interface l2tp-client add name=way connect-to=192.0.2.9; /ip address add address=192.0.2.1/24 interface=ether3",
}


@pytest.mark.parametrize("made", STANDS_ON.values(), ids=STANDS_ON)
def test_what_the_sessions_interface_stands_on_is_kept_too(made: str, board: Board, enter: Enter) -> None:
    board.run(made)
    on_the_way(board, "way")
    with enter(board) as api:
        refused = run(api, guest(interfaces=[{"name": "ether1", "static_interface": "ether3"}]))["client1"]
        assert "ether3 carries this very session" in str(refused.error)
        assert one(api, interfaces=[{"name": "ether1", "static_interface": "ether5"}]).changes


@pytest.mark.parametrize("empty", ["none", ""])
def test_an_interface_leaves_its_bridge_by_whatever_this_router_takes_for_none(
    empty: t.Literal["none", ""], boards: Boards, enter: Enter
) -> None:
    board = boards(rendering=Rendering(no_bridge=empty))
    board.run("/interface bridge add name=bridge1")
    with enter(board) as api:
        one(api, interfaces=[{"name": "ether1", "dynamic_bridge": "bridge1"}])
        out = [{"name": "ether1", "dynamic_bridge": ""}]
        assert fields(one(api, interfaces=out)) == {"interfaces.ether1.dynamic_bridge"}
        assert "vif1" not in board.run("/interface bridge port print")
        assert one(api, interfaces=out).changes == ()
        assert one(api, interfaces=[*out, {"name": "ether2", "dynamic_bridge": ""}]).changes


def test_of_two_guests_whose_vifs_bear_other_macs_nobody_knows_whose_is_whose(boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(vif_macs=False))
    nics = [{"name": "ether1", "host_addresses": ["198.51.100.1/30"]}]
    with enter(board) as api:
        outcomes = run(api, *(guest(name, interfaces=nics) for name in ("a", "b")))
        assert all("Give the interface a host_name" in str(outcome.error) for outcome in outcomes.values())
    assert "198.51.100" not in board.run("/ip address print")


# Ownership


def test_a_comment_that_is_no_utf_8_survives_an_edit(board: Board, enter: Enter) -> None:
    board.run("/metarouter add name=client1 memory-size=32 disabled=yes; /metarouter interface add virtual-machine=client1 type=dynamic")
    items = [board.router.table(menu).items()[0] for menu in ("/metarouter", "/metarouter/interface")]
    for item in items:
        item.values["comment"] = "B\xfcro \x93quoted\x94"  # bytes, as Winbox writes them in another code page
    with enter(board) as api:
        made = one(api, state="present", adopt=True, interfaces=[{"name": "ether1", "disabled": True}])
        assert made.facts["comment"] == "B?ro ?quoted?"
        edited = one(api, state="present", interfaces=[{"name": "ether1", "comment": "Stra\u00dfe"}])
        assert [(change.before, change.after) for change in edited.changes] == [("B?ro ?quoted?", "Stra\u00dfe")]
    assert items[0].values["comment"] == "B\xfcro \x93quoted\x94 (vrouter.mikrotik)"
    assert items[1].values["comment"] == "Stra\u00dfe (vrouter.mikrotik ether1)".encode().decode("latin-1")


def test_a_guest_that_somebody_else_made_is_left_alone_until_it_is_adopted(board: Board, enter: Enter) -> None:
    board.run("/metarouter add name=client1 memory-size=32 comment=theirs disabled=yes")
    with enter(board) as api:
        refused = run(api, guest())["client1"]
        assert "adopt: true" in str(refused.error)
        assert one(api, adopt=True).facts["comment"] == "theirs"
        assert one(api, state="stopped").changes


# Faults


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize(
    "command", ["/metarouter/add", "/metarouter/interface/add", "/metarouter/enable", "/interface/virtual-ethernet/add", "/ip/address/add"]
)
def test_a_run_that_was_cut_off_is_finished_by_the_next(command: str, fault: str, board: Board, enter: Enter) -> None:
    board.run("/interface bridge add name=bridge1")
    getattr(board.faults, fault)(command)
    with enter(board) as api:
        error = run(api, guest(**CLIENT))["client1"].error
        assert isinstance(error, LostError)
        assert "Run again" in str(error)
    with enter(board) as api:
        assert one(api, **CLIENT).facts["state"] == "running"
        assert one(api, **CLIENT).changes == ()
        assert len(read_guests(api, [])["guests"]["client1"]["interfaces"]) == 2


def test_a_board_that_restarts_while_we_wait_is_an_error_and_the_next_run_converges(boards: Boards, enter: Enter) -> None:
    board = boards(seconds=30)
    with enter(board) as api:
        board.hosting.timeline.after(0.2, lambda: board.reboot(0))
        error = run(api, guest())["client1"].error
        assert isinstance(error, LostError), error


def test_a_guest_that_does_not_start_in_time_fails_alone(boards: Boards, enter: Enter) -> None:
    board = boards(seconds=30)
    with enter(board) as api:
        outcomes = run(api, guest(), guest("other", state="present"), terms=replace(TERMS, timeout=0.3))
        assert "did not change its state within 0.3 s (wanted: running, found: booting)" in str(outcomes["client1"].error)
        assert outcomes["other"].error is None
        assert "exists" in fields(outcomes["client1"])
        assert "state" not in fields(outcomes["client1"])


def test_info_tells_what_the_host_has_left(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        one(api, interfaces=[{"name": "ether1"}, {"name": "ether2"}])
        told = read_guests(api, ["client1", "nobody"])
    assert told["host"]["board"] == "RB2011UiAS"
    assert (told["host"]["guests_free"], told["host"]["interfaces_free"]) == (7, 6)
    assert told["guests"]["client1"]["state"] == "running"
    assert told["guests"]["nobody"] == {"name": "nobody", "exists": False}
