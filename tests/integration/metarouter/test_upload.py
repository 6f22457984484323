# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are put into a simulated RouterBOARD's /file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, InputError, UnreachableError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.ssh import SshOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.upload import by_ftp, uploader

from tests.routerboards import Boards
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.file_shelf import FileShelf

CONTENT = bytes(range(256)) * 300
NO_SFTP = "3.30"


def options(board: Board, **more: t.Any) -> dict[str, t.Any]:
    keys = {"private_key": None, "passphrase": None, "known_hosts": "unused", "host_key": None, "host_key_checking": "off"}
    way = {"host": "127.0.0.1", "port": board.ports["ssh"], "ftp_port": board.ports["ftp"], "username": "admin", "password": "", "timeout": 10}
    return {**keys, **way, **more}


@pytest.fixture
def image(tmp_path: Path) -> str:
    file = tmp_path / "image.tgz"
    file.write_bytes(CONTENT)
    return str(file)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Routers that keep only the beginning of a file, and say nothing."""
    write = FileShelf.write
    monkeypatch.setattr(FileShelf, "write", lambda shelf, path, contents: write(shelf, path, contents[:1000]))


@pytest.mark.parametrize("version", [NO_SFTP, "6.49.10"])
def test_a_file_arrives_whole_and_again_over_itself(version: str, boards: Boards, image: str) -> None:
    board = boards(version)
    for dummy in range(2):
        uploader(options(board))(image, "disk1-image.tgz")
        assert FileShelf(board.router).read("disk1-image.tgz") == CONTENT
        assert FileShelf(board.router).names() == ["disk1-image.tgz"]


@pytest.mark.parametrize("version", [NO_SFTP, "6.49.10"])
def test_half_a_file_is_named_and_does_not_stay(version: str, boards: Boards, image: str, full: None) -> None:
    board = boards(version)
    with pytest.raises(GuestError, match=r"upload: image.tgz .*free space"):
        uploader(options(board))(image, "image.tgz")
    assert FileShelf(board.router).names() == []


def test_a_missing_local_file_is_named_before_anything_is_opened(boards: Boards) -> None:
    with pytest.raises(InputError, match=r"nowhere\.tgz does not exist"):
        uploader({})("nowhere.tgz", "image.tgz")


def test_a_refused_ftp_login_names_the_options_and_not_the_password(boards: Boards, image: str) -> None:
    with pytest.raises(UnreachableError, match=r"refused the login of user admin.*ssh\.password.*policy ftp") as caught:
        by_ftp(SshOptions.parse(options(boards(), password="not this one")), image, "image.tgz")
    assert "not this one" not in str(caught.value)


def test_a_router_without_any_door_for_files_is_named(boards: Boards, image: str) -> None:
    board = boards(NO_SFTP)
    board.run("/ip service disable ftp")
    with pytest.raises(GuestError, match=r"did not get to 127.0.0.1.*services ssh and ftp"):
        uploader(options(board))(image, "image.tgz")
