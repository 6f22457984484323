# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests do on their host over time: states, memory, vifs, bridge ports, restarts."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest
from librouteros.api import Api
from librouteros.exceptions import TrapError

from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.hosting import NOT_ENOUGH, GuestMachine
from tests.simulators.routerboard.images import openwrt_image
from tests.waiting import PATIENCE


def names(board: Board, path: str, name: str = "name") -> list[str]:
    with board.router.lock:
        return [str(item.values[name]) for item in board.router.table(path).items()]


def vifs(board: Board) -> list[str]:
    return [name for name in names(board, "/interface") if name.startswith("vif")]


def guest(board: Board, *interfaces: str, name: str = "a") -> GuestMachine:
    """A running guest with interfaces that have these further arguments."""
    board.run(f"/metarouter add name={name} disabled=yes")
    for arguments in interfaces:
        board.run(f"/metarouter interface add virtual-machine={name} {arguments}")
    board.run(f"/metarouter enable [find name={name}]")
    return board.wait_for(name, "running")


def ports(machine: GuestMachine) -> list[tuple[str, str]]:
    assert machine.router is not None
    return [(name, mac) for name, mac, dummy in machine.router.interfaces()]


@pytest.mark.parametrize(
    ("order", "states"),
    [
        ("shut-down", ["shutting-down", "stopped"]),
        ("reboot", ["rebooting", "running"]),
        ("disable", ["shutting-down", "disabled"]),
    ],
)
def test_states(board: Board, order: str, states: list[str]) -> None:
    machine = guest(board)
    board.run(f"/metarouter {order} [find name=a]")
    board.wait_for("a", states[-1])
    assert machine.history == ["booting", "running", *states]


def test_a_guest_that_shuts_down_starts_again_when_told(board: Board) -> None:
    machine = guest(board)
    board.run("/metarouter shut-down a; /metarouter start a")
    board.wait_for("a", "running")
    assert machine.starts == 2


def test_states_take_their_time(make_board: Callable[..., Board]) -> None:
    board = make_board(seconds=3600)
    board.run("/metarouter add name=a")
    assert board.wait_for("a", "booting").router is None
    board.run("/metarouter shut-down a")
    board.wait_for("a", "shutting-down")


def test_vifs_are_there_while_the_guest_runs(board: Board) -> None:
    machine = guest(board, "vm-mac-address=02:49:E8:55:8E:E8", "dynamic-mac-address=02:00:00:00:00:01")
    assert vifs(board) == ["vif1", "vif2"]
    assert "02:00:00:00:00:01" in board.run("/interface print terse")
    assert ports(machine)[0] == ("ether1", "02:49:E8:55:8E:E8")
    board.run("/metarouter shut-down a")
    board.wait_for("a", "stopped")
    assert vifs(board) == []
    guest(board, "", name="b")
    board.run("/metarouter start a")
    board.wait_for("a", "running")
    assert vifs(board) == ["vif1", "vif2", "vif3"]


def test_vifs_cannot_be_changed_by_the_user(board: Board) -> None:
    guest(board, "")
    for command in ("/interface set vif1 name=mine", "/interface disable vif1"):
        assert "can not change dynamic item" in board.router.execute(command).output


def test_a_dynamic_bridge_has_the_vif_as_a_port_while_it_is_there(board: Board) -> None:
    board.run("/interface bridge add name=b1; /interface bridge add name=b2")
    guest(board, "dynamic-bridge=b1")
    assert names(board, "/interface/bridge/port", "bridge") == ["b1"]
    board.run("/metarouter interface set 0 dynamic-bridge=b2")
    assert names(board, "/interface/bridge/port", "bridge") == ["b2"]
    board.run("/metarouter disable 0")
    board.wait_for("a", "disabled")
    assert names(board, "/interface/bridge/port", "bridge") == []


def test_a_static_interface_makes_no_vif(board: Board) -> None:
    board.run("/interface virtual-ethernet add name=to-a")
    machine = guest(board, "type=static static-interface=to-a")
    assert vifs(board) == []
    assert [name for name, dummy in ports(machine)] == ["ether1"]


def test_interfaces_are_plugged_into_a_running_guest(board: Board) -> None:
    machine = guest(board, "")
    board.run("/metarouter interface add virtual-machine=a vm-mac-address=02:00:00:00:00:09")
    assert vifs(board) == ["vif1", "vif2"]
    assert ports(machine)[1] == ("ether2", "02:00:00:00:00:09")
    board.run("/metarouter interface disable 0")
    assert vifs(board) == ["vif2"]
    assert ports(machine) == [("ether1", "02:00:00:00:00:09")]


def test_a_guest_keeps_its_configuration_over_restarts(board: Board) -> None:
    machine = guest(board, "")
    assert machine.router is not None
    assert machine.router.platform.version == "6.49.10"
    assert machine.router.execute("/ip dhcp-client print count-only").output == "0\r\n"
    machine.router.execute("/system identity set name=Client1")
    machine.router.execute("/system reboot")
    board.wait_for("a", "running", starts=2)
    assert machine.router.identity == "Client1"
    machine.router.execute("/system shutdown")
    board.wait_for("a", "stopped")


def test_guests_take_the_host_s_memory(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    board = make_board(model="RB433")  # 64 MiB, 24 of them taken
    api = connect(board)
    guests = api.path("metarouter")
    guests.add(**{"name": "a", "memory-size": "32"})
    (resource,) = api.path("system", "resource")
    assert resource["free-memory"] == 8 * 1048576
    with pytest.raises(TrapError, match=NOT_ENOUGH):
        guests.add(name="b")
    guests.add(name="b", disabled="yes")
    with pytest.raises(TrapError, match=NOT_ENOUGH):
        tuple(guests("enable", **{".id": "b"}))
    board.wait_for("a", "running")
    tuple(guests("shut-down", **{".id": "a"}))
    board.wait_for("a", "stopped")
    tuple(guests("enable", **{".id": "b"}))
    board.wait_for("b", "running")
    with pytest.raises(TrapError, match=NOT_ENOUGH):
        tuple(guests("start", **{".id": "a"}))


def test_imported_guests_are_no_routeros(board: Board) -> None:
    board.upload("openwrt.tgz", openwrt_image("mips"))
    board.run("/metarouter import-image file-name=openwrt.tgz")
    machine = board.wait_for("mr1", "running")
    assert (machine.kind, machine.router) == ("openwrt", None)
    assert guest(board, name="a").kind == "routeros"


def test_enabled_guests_start_with_the_board(board: Board) -> None:
    machine = guest(board, "dynamic-mac-address=02:00:00:00:00:01")
    board.run("/metarouter add name=off disabled=yes")
    board.reboot(0)
    assert board.wait_for("a", "running", starts=2) is machine
    assert machine.starts == 2
    board.wait_for("off", "disabled")
    assert vifs(board) == ["vif1"]


def test_guests_are_found_by_name_and_number(board: Board) -> None:
    machine = guest(board, name="client1")
    assert board.guest("client1") is machine
    assert board.guest("0") is machine
    assert board.guest("1") is None


def test_a_guest_s_console_is_alive_while_the_guest_runs(board: Board) -> None:
    machine = guest(board)
    printed: queue.Queue[bytes] = queue.Queue()
    attachment = machine.line.attach(printed.put)
    shown = b""
    while b"Login:" not in shown:
        shown += printed.get(timeout=PATIENCE)
    board.run("/metarouter shut-down a")
    while b"Power down." not in shown:
        shown += printed.get(timeout=PATIENCE)
    attachment.detach()
