# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's example "isolated MetaROUTER for a client", whole, by the playbook metarouter_client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.metarouter.support import watch
from tests.module_runs import COLLECTIONS, Json
from tests.routerboards import Boards
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.images import openwrt_image

HOST_PASSWORD = "the password of the host"
CLIENT_PASSWORD = "the clients' $own$ password"
CLIENT: Json = {
    "metarouter_memory_size": 32,
    "metarouter_bridges": [{"name": "bridge1", "ports": ["ether2"]}],
    "metarouter_interfaces": [{"name": "ether1", "host_addresses": ["198.51.100.1/30"]}, {"name": "ether2", "dynamic_bridge": "bridge1"}],
    "metarouter_admin_password": CLIENT_PASSWORD,
    "metarouter_identity": "Client1",
    "metarouter_interface_names": {"ether1": "public", "ether2": "local"},
    "metarouter_addresses": [{"address": "198.51.100.2/30", "interface": "public"}, {"address": "192.168.1.1/24", "interface": "local"}],
    "metarouter_routes": [{"gateway": "198.51.100.1"}],
    "metarouter_masquerade": ["public"],
}


class Playbook:
    """metarouter_client on one board."""

    def __init__(self, board: Board, folder: Path, hosts: dict[str, Json]) -> None:
        self._folder = folder
        self._board = board
        self._inventory = folder / "inventory.json"
        shared = {
            "metarouter_host": "127.0.0.1",
            "metarouter_password": HOST_PASSWORD,
            "metarouter_tls": "none",
            "metarouter_api_port": board.ports["api"],
            "metarouter_ssh_port": board.ports["ssh"],
            "metarouter_ssh_host_key_checking": "off",
        }
        self._inventory.write_text(json.dumps({"all": {"vars": shared, "hosts": hosts}}))
        board.run(f'/user set [find name="admin"] password="{HOST_PASSWORD}"')

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a run prints that ends so; no password is in it."""
        limit = f"metarouter_limit_file={self._folder / 'failed'}"
        done = ansible_playbook("-i", str(self._inventory), "-vvv", "vrouter.mikrotik.metarouter_client", "-e", limit, *arguments)
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        for secret in (HOST_PASSWORD, CLIENT_PASSWORD):
            assert secret not in output
        return output


def ansible_playbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    """ansible-playbook, run to its end."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCALHOST_WARNING": "false"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def changed(output: str) -> dict[str, int]:
    """The phases that changed something, in order, and for how many guests."""
    ended = re.findall(r"^   (\w+), .+: (\d+) changed, \d+ failed$", output, re.MULTILINE)
    return {phase: int(count) for phase, count in ended if int(count)}


@pytest.mark.parametrize("version", ["3.21", "6.30.2", "6.49.10"])
def test_a_router_for_a_client_in_one_run_and_nothing_in_the_second(version: str, boards: Boards, tmp_path: Path) -> None:
    board = boards(version)
    playbook = Playbook(board, tmp_path, {"client1": CLIENT})
    steps = {f"metarouter_{phase}": 1 for phase in ("bridge", "vm", "password", "open", "console", "ports")}
    seen = watch(board)
    assert changed(playbook.run("--check", "--diff")) == steps
    assert board.guest("client1") is None
    made = playbook.run("--diff")
    assert changed(made) == steps
    row = next(line for line in made.splitlines() if line.startswith("client1  done "))
    assert row.split()[2:5] == ["running", "32", "MiB"]
    assert "/metarouter console client1" in made
    machine = board.wait_for("client1", "running")
    inside = machine.router
    assert inside is not None

    def ask(question: str) -> str:
        return inside.execute(question).output.strip()

    assert ask(":put [/system identity get name]") == "Client1"
    assert ask(':put [:len [/ip address find where address="198.51.100.2/30" interface=public]]') == "1"
    assert ask(':put [:len [/ip address find where address="192.168.1.1/24" interface=local]]') == "1"
    assert ask(":put [:len [/ip route find where gateway=198.51.100.1]]") == "1"
    assert ask(":put [:len [/ip firewall nat find where action=masquerade out-interface=public]]") == "1"
    assert "ether2" in board.run("/interface bridge port print")
    assert "198.51.100.1/30" in board.run("/ip address print")
    assert not machine.line.held
    again = playbook.run()
    assert changed(again) == {}
    assert seen == []
    assert "Nothing changed: 0 done, 1 unchanged, 0 failed" in again
    assert changed(playbook.run("--check")) == {}
    assert changed(playbook.run("-e", "metarouter_state=absent", "-e", "metarouter_confirm=client1")) == {"metarouter_vm": 1}
    assert board.guest("client1") is None


def test_the_client_is_joined_only_after_the_guest_has_its_password(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    playbook = Playbook(board, tmp_path, {"client1": CLIENT})
    joined: list[bool] = []
    add = board.router.table("/interface/bridge/port").do_add

    def watch(call: t.Any) -> t.Any:
        guest = board.hosting.machine_of("client1")
        assert guest is not None and guest.router is not None
        users = guest.router.table("/user").items()
        joined.append(any(item.values["name"] == "admin" and item.values.get("password") for item in users))
        return add(call)

    board.router.table("/interface/bridge/port").commands["add"].handler = watch
    playbook.run()
    assert joined == [True]


def test_a_guest_without_a_password_is_refused_before_anything_is_touched(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    unset = {key: value for key, value in CLIENT.items() if key != "metarouter_admin_password"}
    guests = {"unset": unset, "empty": {**unset, "metarouter_admin_password": ""}, "blank": {**unset, "metarouter_admin_password": " "}}
    output = Playbook(board, tmp_path, guests).run(code=2)
    assert not [sentence for sentence in board.api_log if not sentence[0].endswith("/print")]
    table = output[output.rindex("ROUTER") :]
    for name in guests:
        assert f"{name}: metarouter_admin_password is empty: the guest would keep the factory's empty password" in table
    beside = Playbook(board, tmp_path, {**guests, "client2": {"metarouter_admin_password": CLIENT_PASSWORD}}).run(code=2)
    assert "1 done, 0 unchanged, 3 failed" in beside
    assert [str(item.values["name"]) for item in board.router.table("/metarouter").items()] == ["client2"]


def test_a_guest_beside_others_on_one_bridge_and_one_made_anew_are_never_seen_without_password(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    second = {"metarouter_interfaces": [{"name": "ether1", "dynamic_bridge": "bridge1"}], "metarouter_admin_password": CLIENT_PASSWORD}
    seen = watch(board)
    Playbook(board, tmp_path, {"client1": CLIENT}).run()
    both = Playbook(board, tmp_path, {"client1": CLIENT, "client2": second})
    assert changed(both.run()) == {"metarouter_vm": 1, "metarouter_password": 1, "metarouter_open": 1}
    both.run("--limit", "client2", "-e", "metarouter_state=absent", "-e", "metarouter_confirm=client2")
    assert changed(both.run()) == {"metarouter_vm": 1, "metarouter_password": 1, "metarouter_open": 1}
    assert seen == []


def test_a_run_that_never_came_to_the_password_is_finished_by_the_next(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    seen = watch(board)
    playbook = Playbook(board, tmp_path, {"client1": CLIENT})
    playbook.run("-e", "metarouter_ssh_port=1", code=2)  # nobody answers there
    board.wait_for("client1", "running")
    assert changed(playbook.run()) == {f"metarouter_{phase}": 1 for phase in ("password", "open", "console", "ports")}
    assert changed(playbook.run()) == {}
    assert seen == []


def test_two_guests_of_one_board_go_in_one_session_and_a_bad_one_fails_alone(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    board.upload("openwrt-mr-mips-rootfs.tgz", openwrt_image("mips"))
    wrt = {"metarouter_guest_os": "openwrt", "metarouter_memory_size": 16, "metarouter_image": "openwrt-mr-mips-rootfs.tgz"}
    playbook = Playbook(board, tmp_path, {"wrt1": {**wrt, "metarouter_interfaces": [{"name": "ether1"}]}, "wrt2": wrt})
    output = playbook.run()
    assert changed(output) == {"metarouter_vm": 2}
    assert sum(sentence[0] == "/metarouter/import-image" for sentence in board.api_log) == 2
    assert changed(playbook.run()) == {}


def test_a_bad_guest_fails_alone_and_the_limit_file_names_it(boards: Boards, tmp_path: Path) -> None:
    good = {"metarouter_memory_size": 32, "metarouter_admin_password": CLIENT_PASSWORD}
    playbook = Playbook(boards(), tmp_path, {"a": good, "b": {**good, "metarouter_memory_size": "{{ nobody_defined_this }}"}, "c": good})
    output = playbook.run(code=2)
    assert "2 done, 0 unchanged, 1 failed" in output
    assert (tmp_path / "failed").read_text() == "b\n"
    mended = playbook.run("--limit", f"@{tmp_path / 'failed'}", "-e", "metarouter_memory_size=32")
    assert "1 done, 0 unchanged, 0 failed" in mended
    assert not (tmp_path / "failed").exists()


def test_module_defaults_hold_the_whole_session_of_many_tasks(boards: Boards, tmp_path: Path) -> None:
    board = boards()
    tasks = [
        {"name": "Bridge", "vrouter.mikrotik.metarouter_bridge": {"bridges": [{"name": "lan"}]}},
        {"name": "Guest", "vrouter.mikrotik.metarouter_vm": {"guests": [{"name": "a", "interfaces": [{"name": "ether1", "dynamic_bridge": "lan"}]}]}},
    ]
    session = {"api": {"host": "127.0.0.1", "port": board.ports["api"], "tls": "none"}}
    defaults = {"group/vrouter.mikrotik.routeros": session}
    book = tmp_path / "play.json"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}]))
    done = ansible_playbook("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("changed: [localhost]") == 2
