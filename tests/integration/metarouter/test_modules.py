# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MetaROUTER modules as Ansible runs them, on a whole simulated RouterBOARD."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.module_runs import Json, ModuleRun, Ran
from tests.routerboards import Boards
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.images import openwrt_image

HOST_PASSWORD = "the password of the host"


def api(board: Board, **more: t.Any) -> Json:
    return {"host": "127.0.0.1", "port": board.ports["api"], "tls": "none", "password": HOST_PASSWORD, **more}


def ssh(board: Board, **more: t.Any) -> Json:
    given = {"host": "127.0.0.1", "port": board.ports["ssh"], "ftp_port": board.ports["ftp"], "password": HOST_PASSWORD}
    return {**given, "host_key_checking": "off", **more}


def run(module: str, board: Board, check: bool = False, **options: t.Any) -> Ran:
    """Run a module to its end. Its output never holds the host's password."""
    ran = ModuleRun(module, {"api": api(board), **options}, check).end()
    assert HOST_PASSWORD not in ran.text
    return ran


@pytest.fixture
def board(boards: Boards) -> Board:
    return guarded(boards())


def guarded(made: Board) -> Board:
    made.run(f'/user set [find name="admin"] password="{HOST_PASSWORD}"; /interface bridge add name=bridge1')
    return made


NICS: list[Json] = [{"name": "ether1"}, {"name": "ether2", "dynamic_bridge": "bridge1"}]
CLIENT: Json = {"name": "client1", "state": "started", "memory_size": 32, "interfaces": NICS}


def test_a_guest_from_its_beginning_to_its_end(board: Board) -> None:
    predicted = run("metarouter_vm", board, check=True, guests=[CLIENT]).ok()
    assert board.guest("client1") is None
    made = run("metarouter_vm", board, guests=[CLIENT]).ok()
    assert made.changed
    assert made.fields("client1") == predicted.fields("client1")
    assert "FastPath" in made.warnings
    assert made.objects["client1"]["closed"] == predicted.objects["client1"]["closed"] == ["ether1", "ether2"]
    assert made.objects["client1"]["diff"]["after"]["memory_size"] == 32
    assert not run("metarouter_vm", board, guests=[CLIENT]).ok().changed
    opened = run("metarouter_vm", board, guests=[{"name": "client1", "configured": True}]).ok()
    assert [nic["host_interface"] for nic in opened.objects["client1"]["interfaces"]] == ["vif1", "vif2"]
    later: Json = {"interfaces": [{"guest": "client1", "name": "ether3", "comment": "later"}]}
    wired = run("metarouter_interface", board, **later).ok()
    assert wired.fields("client1") == [f"interfaces.ether3.{field}" for field in ("exists", "type", "disabled", "comment")]
    assert run("metarouter_interface", board, configured=True, **later).ok().fields("client1") == ["interfaces.ether3.disabled"]
    assert not run("metarouter_interface", board, **later).ok().changed
    told = run("metarouter_info", board).ok().result
    assert (told["host"]["interfaces_free"], told["guests"]["client1"]["state"]) == (5, "running")
    refused = run("metarouter_vm", board, guests=[{"name": "client1", "state": "absent"}])
    assert "wanted: confirm: client1" in refused.message
    assert run("metarouter_vm", board, guests=[{"name": "client1", "state": "absent", "confirm": "client1"}]).ok().changed
    assert not run("metarouter_vm", board, guests=[{"name": "client1", "state": "absent", "confirm": "client1"}]).ok().changed


def test_one_bad_guest_fails_alone(board: Board) -> None:
    ran = run("metarouter_vm", board, guests=[CLIENT, {"name": "bad", "memory_size": 5}, {"name": "worse", "interfaces": [{"name": "ether2"}]}])
    assert "2 of 3 failed" in ran.message
    assert "bad: memory_size: 5 MiB is out of range (wanted: 16..256 MiB)." in ran.message
    assert ran.objects["client1"]["state"] == "running"


@pytest.mark.parametrize("version", ["3.30", "6.49.10"])
def test_a_local_image_is_uploaded_imported_and_started(version: str, boards: Boards, tmp_path: Path) -> None:
    board = guarded(boards(version))
    image = tmp_path / "openwrt-mr-mips-rootfs.tgz"
    image.write_bytes(openwrt_image("mips"))
    guest = {"name": "wrt1", "state": "started", "guest_os": "openwrt", "memory_size": 16, "image_src": str(image)}
    assert "Give ssh" in run("metarouter_vm", board, guests=[guest]).message
    made = run("metarouter_vm", board, ssh=ssh(board), guests=[guest]).ok()
    assert made.objects["wrt1"]["state"] == "running"
    assert not run("metarouter_vm", board, ssh=ssh(board), guests=[guest]).ok().changed
    inside = {"name": "wrt1", "os": "openwrt", "commands": [{"source": "echo here"}]}
    console = ModuleRun("metarouter_console", {"ssh": ssh(board), "guests": [inside]}).end()
    assert console.ok().objects["wrt1"]["commands"][0]["output"] == "here"


def test_an_image_of_the_wrong_architecture_is_refused_before_it_is_uploaded(board: Board, tmp_path: Path) -> None:
    image = tmp_path / "rootfs.tgz"
    image.write_bytes(openwrt_image("ppc"))
    guest = {"name": "wrt1", "guest_os": "openwrt", "memory_size": 16, "image_src": str(image)}
    assert "built for powerpc, this board is mipsbe" in run("metarouter_vm", board, ssh=ssh(board), guests=[guest]).message
    (tmp_path / "rootfs.tgz").write_text("no archive")
    assert "is no image" in run("metarouter_vm", board, ssh=ssh(board), guests=[guest]).message
    assert "rootfs" not in board.run("/file print")


def test_bridges_from_their_beginning_to_their_end(board: Board) -> None:
    wanted = {"name": "lan", "ports": ["ether2", "ether3"]}
    assert run("metarouter_bridge", board, check=True, bridges=[wanted]).ok().fields("lan") == ["exists", "ports"]
    assert "ether2" not in board.run("/interface bridge port print")
    made = run("metarouter_bridge", board, bridges=[wanted]).ok()
    assert made.objects["lan"]["ports"] == ["ether2", "ether3"]
    assert not run("metarouter_bridge", board, bridges=[wanted]).ok().changed
    grown = run("metarouter_bridge", board, bridges=[{"name": "lan", "ports": ["ether4"]}]).ok()
    assert grown.objects["lan"]["diff"] == {
        "before": {"ports": ["ether2", "ether3"]},
        "after": {"ports": ["ether2", "ether3", "ether4"]},
        "before_header": "lan",
        "after_header": "lan",
    }
    for bridge, said in (
        ({"name": "bridge1", "ports": ["ether2"]}, "is a port of bridge lan"),
        ({"name": "bridge1", "ports": ["ether9"]}, "has no interface ether9"),
        ({"name": "bridge1", "state": "absent", "confirm": "bridge1"}, "is not ours"),
        ({"name": "ether1"}, "is no bridge"),
        ({"name": "lan", "state": "absent"}, "needs its name twice"),
        ({"name": "lan", "ports": ["ether2", "ether2"]}, "listed twice"),
    ):
        assert said in run("metarouter_bridge", board, bridges=[bridge]).message
    assert run("metarouter_bridge", board, bridges=[{"name": "lan", "state": "absent", "confirm": "lan"}]).ok().changed
    assert not run("metarouter_bridge", board, bridges=[{"name": "lan", "state": "absent", "confirm": "lan"}]).ok().changed


def test_the_port_by_which_we_came_stays_out_of_bridges(board: Board) -> None:
    board.run("/ip address add address=127.0.0.1/8 interface=ether5")
    wanted = [{"name": "lan", "ports": ["ether4", "ether5"]}]
    assert "ether5 carries this very session" in run("metarouter_bridge", board, bridges=wanted).message
    assert run("metarouter_bridge", board, bridges=wanted, allow_session_path=True).ok().changed


def test_a_bridge_with_a_guest_on_it_is_not_removed(board: Board) -> None:
    run("metarouter_bridge", board, bridges=[{"name": "lan"}]).ok()
    wired = [{"name": "ether1", "dynamic_bridge": "lan"}]
    run("metarouter_vm", board, guests=[{**CLIENT, "interfaces": wired, "open_before_configured": True}]).ok()
    refused = run("metarouter_bridge", board, bridges=[{"name": "lan", "state": "absent", "confirm": "lan"}])
    assert "guests are still wired to bridge lan (found: vif1)" in refused.message


def test_a_host_that_cannot_be_reached_is_one_line(board: Board) -> None:
    for module, options in (("metarouter_vm", {"guests": [CLIENT]}), ("metarouter_info", {})):
        wrong = ModuleRun(module, {"api": api(board, password="something else"), **options}).end()
        assert "refused the login of user admin" in wrong.message
        assert "something else" not in wrong.text


def test_an_empty_password_is_refused_before_the_guest_is_entered(board: Board) -> None:
    run("metarouter_vm", board, guests=[CLIENT]).ok()
    empty = {"name": "client1", "new_password": "", "commands": [{"source": ":put 1"}]}
    ran = ModuleRun("metarouter_console", {"ssh": ssh(board), "guests": [empty]}).end()
    assert "client1: new_password: the guest would keep the factory's empty password" in ran.message
    assert "commands" not in ran.objects["client1"]


def test_secrets_of_a_guest_show_nowhere(board: Board) -> None:
    run("metarouter_vm", board, guests=[CLIENT]).ok()
    secret = 'a "strange" secret'
    guest = {"name": "client1", "credentials": [{"username": "admin", "password": secret}, {"username": "admin"}], "new_password": secret}
    quoted = r':put "a \"strange\" secret"'
    for source in (":put [/system identity get name]", quoted, "/nonsense"):
        ran = ModuleRun("metarouter_console", {"ssh": ssh(board), "guests": [{**guest, "commands": [{"source": source}]}]}).end()
        assert secret not in ran.text
        assert "strange" not in ran.text
        assert HOST_PASSWORD not in ran.text


def test_an_empty_connection_takes_everything_from_the_environment(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOST", "127.0.0.1"), ("USER", "admin"), ("PASSWORD", HOST_PASSWORD), ("CA_CERTIFICATE", str(board.ca_file))):
        monkeypatch.setenv(f"MIKROTIK_{name}", value)
    ran = ModuleRun("metarouter_info", {"api": {"port": board.ports["api-ssl"]}}).end().ok()
    assert ran.result["host"]["board"] == "RB2011UiAS"
    assert HOST_PASSWORD not in ran.text
