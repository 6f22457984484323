# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/metarouter and /metarouter/interface as the MetaROUTER manual describes them, on boards that have them and on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import pytest
from librouteros.api import Api
from librouteros.exceptions import TrapError

from tests.simulators.routerboard import hosting, menus_metarouter
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.images import BAD_IMAGE, WRONG_ARCHITECTURE, openwrt_image
from tests.simulators.routerboard.rendering import Rendering

from .conftest import Wire

Word = str | int | bool
GUESTS = ("metarouter",)
INTERFACES = ("metarouter", "interface")


def only(api: Api, *path: str) -> Mapping[str, Word]:
    (row,) = api.path(*path)
    return row


def order(api: Api, verb: str, **words: Word) -> None:
    tuple(api.path(*GUESTS)(verb, **{name.replace("_", "-").replace("item", ".id"): value for name, value in words.items()}))


def refused(api: Api, text: str, verb: str, path: tuple[str, ...] = GUESTS, **words: Word) -> None:
    with pytest.raises(TrapError) as caught:
        tuple(api.path(*path)(verb, **{name.replace("_", "-").replace("item", ".id"): value for name, value in words.items()}))
    assert caught.value.message == text


# Boards


@pytest.mark.parametrize(
    ("version", "model", "present"),
    [
        ("6.49.10", "RB2011UiAS", True),
        ("6.30.2", "RB951G", True),
        ("3.21", "RB433", True),
        ("6.49.10", "RB1100AH", True),
        ("6.49.10", "hAP lite", False),
        ("6.49.10", "hEX", False),
        ("6.49.10", "RB4011", False),
        ("7.20.8", "RB2011UiAS", False),
    ],
)
def test_which_boards_have_the_menu(
    make_board: Callable[..., Board], connect: Callable[..., Api], version: str, model: str, present: bool
) -> None:
    api = connect(make_board(version, model=model))
    if present:
        assert list(api.path(*GUESTS)) == []
    else:
        refused(api, "no such command prefix", "print")
    assert only(api, "system", "routerboard")["model"] == model


@pytest.mark.parametrize(
    ("version", "model", "shown", "architecture"),
    [
        ("6.49.10", "RB2011UiAS", "6.49.10 (long-term)", "mipsbe"),
        ("6.30.2", "RB1100AH", "6.30.2", "powerpc"),
        ("3.21", "RB433", "3.21", None),
        ("7.20.8", "hEX", "7.20.8 (stable)", "mmips"),
    ],
)
def test_resources(
    make_board: Callable[..., Board], connect: Callable[..., Api], version: str, model: str, shown: str, architecture: str | None
) -> None:
    resource = only(connect(make_board(version, model=model)), "system", "resource")
    assert (resource["version"], resource["board-name"], resource.get("architecture-name")) == (shown, model, architecture)


@pytest.mark.parametrize(
    ("version", "model", "works"), [("5.11", "RB1100AH", False), ("5.12", "RB1100AH", True), ("6.49.10", "RB1100AHx2", False)]
)
def test_boards_that_refuse_every_guest(
    make_board: Callable[..., Board], connect: Callable[..., Api], version: str, model: str, works: bool
) -> None:
    api = connect(make_board(version, model=model))
    if works:
        api.path(*GUESTS).add()
    else:
        refused(api, hosting.NOT_ENOUGH, "add")
        refused(api, hosting.NOT_ENOUGH, "add", disabled="yes")


# Guests


def test_a_guest_without_settings(api: Api) -> None:
    """The manual: 16MiB of memory, a dynamic disk, and it runs."""
    api.path(*GUESTS).add(name="mr0")
    guest = only(api, *GUESTS)
    assert (guest["memory-size"], guest["disk-size"], guest["disabled"], guest["state"]) == ("16MiB", "unlimited", False, "booting")


def test_automatic_names_take_the_lowest_free_number(api: Api) -> None:
    for dummy in range(3):
        api.path(*GUESTS).add(disabled="yes")
    order(api, "remove", item="mr2")
    api.path(*GUESTS).add(disabled="yes")
    assert [row["name"] for row in api.path(*GUESTS)] == ["mr1", "mr3", "mr2"]


@pytest.mark.parametrize(
    ("rendering", "memory", "disk", "unlimited"),
    [
        (Rendering(), "32MiB", "32000kiB", "unlimited"),
        (Rendering(sizes="plain", unlimited="0"), 32, 32000, 0),
        (Rendering(sizes="bytes", unlimited="0kiB"), 33554432, 32768000, "0kiB"),
    ],
)
def test_sizes_on_every_setting(
    make_board: Callable[..., Board], connect: Callable[..., Api], rendering: Rendering, memory: object, disk: object, unlimited: object
) -> None:
    api = connect(make_board(rendering=rendering))
    for size in ("32000", "32000kiB", "unlimited"):
        api.path(*GUESTS).add(**{"memory-size": "32", "disk-size": size, "disabled": "yes"})
    rows = list(api.path(*GUESTS))
    assert [row["disk-size"] for row in rows] == [disk, disk, unlimited]
    assert {row["memory-size"] for row in rows} == {memory}


def test_impossible_values(api: Api) -> None:
    out_of_range = "value of memory-size is out of range (16..256)"
    refused(api, out_of_range, "add", memory_size=15)
    refused(api, out_of_range, "add", memory_size=257)
    refused(api, "value of disk-size is out of range (0..4294967295)", "add", disk_size=4294967296)
    refused(api, "invalid value for argument memory-size", "add", memory_size="much")
    refused(api, "unknown parameter cpu", "add", cpu=1)
    api.path(*GUESTS).add(name="a", disabled="yes")
    refused(api, "failure: already have such name", "add", name="a")
    refused(api, "no such item", "start", item="b")
    refused(api, hosting.IS_DISABLED, "start", item="a")
    refused(api, menus_metarouter.INTERACTIVE, "console", item="a")


def test_a_comment_only_where_the_board_has_one(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    api = connect(make_board())
    api.path(*GUESTS).add(comment="ours", disabled="yes")
    assert only(api, *GUESTS)["comment"] == "ours"
    refused(connect(make_board(rendering=Rendering(guest_comment=False))), "unknown parameter comment", "add", comment="ours")


def test_at_most_eight_guests_and_eight_interfaces(api: Api) -> None:
    for dummy in range(8):
        api.path(*GUESTS).add(disabled="yes")
        api.path(*INTERFACES).add(**{"virtual-machine": "mr1"})
    refused(api, hosting.TOO_MANY_GUESTS, "add", disabled="yes")
    refused(api, hosting.TOO_MANY_INTERFACES, "add", INTERFACES, virtual_machine="mr1")


def test_orders_take_names_ids_and_places(board: Board, api: Api) -> None:
    api.path(*GUESTS).add(name="a")
    board.wait_for("a", "running")
    for item in ({"item": "a"}, {"item": "*1"}, {"numbers": 0}):
        order(api, "shut-down", **item)
        board.wait_for("a", "stopped")
        order(api, "start", **item)
        board.wait_for("a", "running")


def test_a_running_guest_may_be_removed_only_where_the_board_lets(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    for allowed in (False, True):
        board = make_board(rendering=Rendering(remove_running=allowed))
        api = connect(board)
        api.path(*GUESTS).add(name="a")
        board.wait_for("a", "running")
        if allowed:
            order(api, "remove", item="a")
            assert list(api.path(*GUESTS)) == []
        else:
            refused(api, hosting.IS_RUNNING, "remove", item="a")


def test_memory_of_a_running_guest(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    board = make_board()
    api = connect(board)
    api.path(*GUESTS).add(name="a")
    machine = board.wait_for("a", "running")
    order(api, "set", item="a", memory_size=32)
    assert (only(api, *GUESTS)["memory-size"], machine.memory) == ("32MiB", 16)
    order(api, "reboot", item="a")
    board.wait_for("a", "running")
    assert machine.memory == 32
    strict = make_board(rendering=Rendering(live_memory=False))
    api = connect(strict)
    api.path(*GUESTS).add(name="a")
    refused(api, menus_metarouter.RUNNING_MEMORY, "set", item="a", memory_size=32)


# Interfaces


def test_an_interface_without_settings(api: Api) -> None:
    api.path(*GUESTS).add(name="a", disabled="yes")
    api.path(*INTERFACES).add(**{"virtual-machine": "a"})
    row = only(api, *INTERFACES)
    assert (row["type"], row["dynamic-bridge"], row["static-interface"], row["active"]) == ("dynamic", "none", "none", False)
    assert str(row["vm-mac-address"]).startswith("02:")
    assert row["vm-mac-address"] != row["dynamic-mac-address"]


def test_a_given_static_interface_makes_the_type(api: Api) -> None:
    """Seen on a RB2011 with 6.30.2: `add static-interface=... virtual-machine=...` without a type."""
    api.path(*GUESTS).add(name="a", disabled="yes")
    api.path(*INTERFACES).add(**{"virtual-machine": "a", "static-interface": "ether2"})
    assert only(api, *INTERFACES)["type"] == "static"


def test_references_of_an_interface_must_exist(api: Api) -> None:
    api.path(*GUESTS).add(name="a", disabled="yes")
    for name, value in (("virtual-machine", "b"), ("static-interface", "ether99"), ("dynamic-bridge", "ether1"), ("type", "odd")):
        words = {"virtual_machine": "a", name.replace("-", "_"): value}
        refused(api, f"input does not match any value of {name}", "add", INTERFACES, **words)
    refused(api, "missing =virtual-machine=", "add", INTERFACES)


def test_an_interface_follows_its_guest_s_name(api: Api) -> None:
    api.path(*GUESTS).add(name="a", disabled="yes")
    api.path(*INTERFACES).add(**{"virtual-machine": "a"})
    order(api, "set", item="a", name="b")
    assert only(api, *INTERFACES)["virtual-machine"] == "b"


@pytest.mark.parametrize("orphans", [True, False])
def test_the_interfaces_of_a_removed_guest(make_board: Callable[..., Board], connect: Callable[..., Api], orphans: bool) -> None:
    api = connect(make_board(rendering=Rendering(orphans=orphans)))
    api.path(*GUESTS).add(name="a", disabled="yes")
    api.path(*INTERFACES).add(**{"virtual-machine": "a"})
    order(api, "remove", item="a")
    assert [row["virtual-machine"] for row in api.path(*INTERFACES)] == (["*1"] if orphans else [])


def test_host_interfaces_with_names_of_their_own(api: Api) -> None:
    """The manual: add them in /interface virtual-ethernet where a custom name is wanted."""
    api.path("interface", "virtual-ethernet").add(name="to-client")
    (row,) = [row for row in api.path("interface") if row["name"] == "to-client"]
    assert row["type"] == "virtual-ethernet"
    api.path(*GUESTS).add(name="a", disabled="yes")
    api.path(*INTERFACES).add(**{"virtual-machine": "a", "type": "static", "static-interface": "to-client"})


def test_interfaces_without_macs_where_the_board_shows_none(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    api = connect(make_board(rendering=Rendering(interface_macs=False)))
    assert all("mac-address" not in row for row in api.path("interface"))
    assert all("mac-address" in row for row in api.path("interface", "ethernet"))


# Images


@pytest.mark.parametrize(("empty", "other"), [("none", ""), ("", "none")])
def test_an_interface_leaves_its_bridge_by_one_value_only(
    make_board: Callable[..., Board], connect: Callable[..., Api], empty: Literal["none", ""], other: str
) -> None:
    api = connect(make_board(rendering=Rendering(no_bridge=empty)))
    api.path("interface", "bridge").add(name="lan")
    api.path(*GUESTS).add(name="a", disabled=True)
    item = api.path(*INTERFACES).add(**{"virtual-machine": "a", "dynamic-bridge": "lan"})
    refused(api, "input does not match any value of dynamic-bridge", "set", INTERFACES, item=item, dynamic_bridge=other)
    api.path(*INTERFACES).update(**{".id": item, "dynamic-bridge": empty})
    assert only(api, *INTERFACES)["dynamic-bridge"] == empty


@pytest.mark.parametrize(("unit", "free"), [("bytes", 109051904), ("KiB", 106496), ("kB", "106496kB"), ("MiB", "104.0MiB")])
def test_the_hosts_memory_is_shown_in_units_of_a_switch(
    make_board: Callable[..., Board], connect: Callable[..., Api], unit: Literal["bytes", "KiB", "kB", "MiB"], free: object
) -> None:
    assert only(connect(make_board(rendering=Rendering(host_memory=unit))), "system", "resource")["free-memory"] == free


def test_vifs_bear_macs_of_their_own_where_the_board_gives_them(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    for same in (True, False):
        board = make_board(rendering=Rendering(vif_macs=same))
        api = connect(board)
        api.path(*GUESTS).add(name="a", **{"memory-size": 32})
        api.path(*INTERFACES).add(**{"virtual-machine": "a"})
        board.wait_for("a", "running")
        vif = next(row for row in api.path("interface") if row["type"] == "vif")
        assert (vif["mac-address"] == only(api, *INTERFACES)["dynamic-mac-address"]) is same


def test_interfaces_that_stand_on_others(api: Api) -> None:
    api.path("interface", "bonding").add(name="bond1", slaves="ether3,ether4")
    api.path("interface", "vrrp").add(name="vrrp1", interface="bond1")
    api.path("interface", "pppoe-client").add(name="pppoe1", interface="ether2")
    api.path("interface", "pppoe-server").add(name="customer", service="all")
    api.path("interface", "pppoe-server", "server").add(interface="ether5", **{"service-name": "all"})
    api.path("interface", "l2tp-client").add(name="l2tp1", **{"connect-to": "192.0.2.9"})
    kinds = {row["name"]: row["type"] for row in api.path("interface") if row["type"] != "ether"}
    assert kinds == {"bond1": "bond", "vrrp1": "vrrp", "pppoe1": "pppoe-out", "customer": "pppoe-in", "l2tp1": "l2tp-out"}
    assert only(api, "interface", "bonding")["slaves"] == "ether3,ether4"
    refused(api, "input does not match any value of slaves", "add", ("interface", "bonding"), name="b", slaves="ether3,nowhere")


def test_import(board: Board, wire: Wire, api: Api) -> None:
    board.upload("openwrt.tgz", openwrt_image("mips"))
    answers = wire.ask("/metarouter/import-image", "=file-name=openwrt.tgz", "=memory-size=24", "=enabled=no")
    assert answers == [["!re", "=imported=0%"], ["!re", "=imported=50%"], ["!re", "=imported=100%"], ["!done"]]
    guest = only(api, *GUESTS)
    assert (guest["name"], guest["memory-size"], guest["state"], guest["used-disk"]) == ("mr1", "24MiB", "disabled", "7383kiB")
    assert board.run("/metarouter import-image file-name=openwrt.tgz") == " imported: 100%"
    board.wait_for("mr2", "running")


def test_images_that_cannot_be_imported(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    board = make_board()
    api = connect(board)
    image = openwrt_image("mips", 5000)
    for name, content, text in (
        ("ppc.tgz", openwrt_image("ppc"), WRONG_ARCHITECTURE),
        ("cut.tgz", image[:-20], BAD_IMAGE),
        ("text.tgz", b"no archive", BAD_IMAGE),
    ):
        board.upload(name, content)
        refused(api, text, "import-image", file_name=name)
    refused(api, menus_metarouter.NO_FILE, "import-image", file_name="absent.tgz")
    refused(api, "missing =file-name=", "import-image")
    assert list(api.path(*GUESTS)) == []
    powerpc = make_board(model="RB1100AH")
    powerpc.upload("ppc.tgz", openwrt_image("ppc"))
    order(connect(powerpc), "import-image", file_name="ppc.tgz")


@pytest.mark.parametrize(("version", "known"), [("3.23", False), ("3.24", True)])
def test_import_came_with_3_24(make_board: Callable[..., Board], connect: Callable[..., Api], version: str, known: bool) -> None:
    text = menus_metarouter.NO_FILE if known else "no such command"
    refused(connect(make_board(version)), text, "import-image", file_name="x")


def test_an_import_can_be_cancelled(make_board: Callable[..., Board], open_wire: Callable[[Board], Wire]) -> None:
    board = make_board(seconds=3600)
    board.upload("openwrt.tgz", openwrt_image("mips"))
    wire = open_wire(board)
    wire.log_in()
    wire.send("/metarouter/import-image", "=file-name=openwrt.tgz", ".tag=1")
    assert wire.receive() == ["!re", "=imported=0%", ".tag=1"]
    wire.send("/cancel", "=tag=1", ".tag=2")
    answers = [wire.receive() for dummy in range(3)]
    assert sorted(filter(None, answers)) == [
        ["!done", ".tag=1"],
        ["!done", ".tag=2"],
        ["!trap", "=category=2", "=message=interrupted", ".tag=1"],
    ]
    assert wire.ask("/metarouter/print") == [["!done"]]
