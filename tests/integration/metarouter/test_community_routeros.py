# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""community.routeros, a collection that knows nothing of ours, is satisfied by the simulated RouterBOARD (tests/run/bundle fetches it)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.simulators.routerboard.board import Board

PLAYBOOK = Path(__file__).parent / "community_routeros.yml"
Answers = dict[str, dict[str, t.Any]]


def play(board: Board, folder: Path) -> Answers:
    """Every registered result of the playbook."""
    answers = folder / "answers.json"
    variables = {
        "api_port": board.ports["api-ssl"],
        "ca_file": str(board.ca_file),
        "answers": str(answers),
        "ansible_python_interpreter": sys.executable,
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "-e", json.dumps(variables)]
    ran = subprocess.run([*command, str(PLAYBOOK)], cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: Answers = json.loads(answers.read_text())
    return found


@pytest.fixture(scope="module", params=["6.49.10", "7.20.8"])
def board(request: pytest.FixtureRequest) -> t.Iterator[Board]:
    with Board(request.param, seconds=0.05) as made:
        yield made


@pytest.fixture(scope="module")
def answers(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return play(board, tmp_path_factory.mktemp("community"))


@pytest.fixture
def is_host(board: Board) -> bool:
    """Whether the board can have guests."""
    return board.version.startswith("6")


def test_api_lists_a_menu(answers: Answers) -> None:
    assert [row["name"] for row in answers["interfaces"]["msg"]] == ["ether1", "ether2", "ether3", "ether4", "ether5"]


def test_api_adds_asks_and_removes(answers: Answers) -> None:
    assert (answers["added"]["changed"], answers["added"]["msg"]) == (True, ["added: .id= *2"])
    assert answers["queried"]["msg"] == [{".id": "*2", "address": "192.0.2.1/24"}]
    assert (answers["removed"]["changed"], answers["removed"]["msg"]) == (True, ["removed: .id= *2"])


def test_api_understands_queries_with_or(answers: Answers) -> None:
    assert answers["extended"]["msg"] == [{"name": f"ether{n}", "type": "ether"} for n in (1, 2, 3)]


def test_api_modify_adds_and_is_satisfied_the_second_time(answers: Answers) -> None:
    first = answers["bridges"]
    assert (first["changed"], first["old_data"]) == (True, [])
    assert [(row["name"], row.get("comment"), row["disabled"]) for row in first["new_data"]] == [
        ("bridge1", "Büro", False),
        ("bridge2", None, True),
    ]
    assert not answers["bridges_again"]["changed"]


def test_api_modify_follows_references(answers: Answers) -> None:
    assert [(row["interface"], row["bridge"]) for row in answers["ports"]["new_data"]] == [("ether3", "bridge1")]


def test_api_modify_takes_values_and_entries_away(answers: Answers) -> None:
    assert [(row["name"], row.get("comment")) for row in answers["fewer"]["new_data"]] == [("bridge1", None)]


def test_api_modify_sets_what_there_is_once(answers: Answers, board: Board) -> None:
    assert answers["identity"]["new_data"] == [{"name": "edge1"}]
    assert board.router.identity == "edge1"


def test_api_info_hides_defaults(answers: Answers) -> None:
    (row,) = answers["shown"]["result"]
    assert row["name"] == "bridge1"
    assert not {"comment", "disabled", "protocol-mode", "dynamic"} & set(row)


def test_api_find_and_modify(answers: Answers) -> None:
    first = answers["modified"]
    assert (first["changed"], first["match_count"], first["modify_count"]) == (True, 1, 1)
    (row,) = [row for row in first["new_data"] if row["address"] == "192.0.2.1/24"]
    assert (row["comment"], row["disabled"]) == ("second", True)
    assert not answers["modified_again"]["changed"]


def test_traps_arrive_with_routeros_s_text(answers: Answers) -> None:
    assert "no such command prefix" in str(answers["unknown"]["msg"])


def test_guests_through_a_foreign_client(answers: Answers, board: Board, is_host: bool) -> None:
    if not is_host:
        for name in ("guest", "guest_modified", "guest_started"):
            assert "no such command prefix" in str(answers[name])
        return
    assert answers["guest"]["msg"] == ["added: .id= *1"]
    (row,) = answers["guest_modified"]["new_data"]
    assert (row["memory-size"], row["comment"]) == ("48MiB", "ours")
    assert board.wait_for("client1", "running").memory == 48
