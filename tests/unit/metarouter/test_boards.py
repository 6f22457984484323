# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of boards: who can host guests, and what each other one is told."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import TrapError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.version import Version
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter import boards
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.boards import Board


def board(name: str = "RB2011UiAS", version: str = "6.49.10", architecture: str = "mipsbe", free: int | None = None) -> Board:
    return Board(name, Version(version), architecture, free)


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("RB2011UiAS", "7.20.8", "RouterOS 7 has no MetaROUTER.*Stay on RouterOS 6"),
        ("CHR QEMU Standard PC", "7.20.8", "a CHR hosts no MetaROUTER guests.*Make another CHR"),
        ("CHR", "6.49.10", "a CHR hosts no MetaROUTER guests"),
        ("RB4011iGS+", "7.20.8", r"RouterOS 7 has no MetaROUTER \(found: .*\)\. Boards with MetaROUTER"),
        ("RB433", "3.20", "older than MetaROUTER.*3.21 to 6.x.*Upgrade"),
        ("RB941-2nD", "6.49.10", "SPI flash"),
        ("hAP ac^2", "6.49.10", "Boards with MetaROUTER: RB4xx"),
    ],
)
def test_a_board_without_the_menu_says_why(name: str, version: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=said):
        raise boards.missing_menu(board(name, version))


@pytest.mark.parametrize(
    ("name", "version", "stops", "warns"),
    [
        ("RB1100AHx2", "6.49.10", "not supported on RB1100AHx2", ""),
        ("RB1100AH", "5.11", "Upgrade to 5.12", ""),
        ("RB1100AH", "5.12", "", ""),
        ("RB433AH", "5.24", "", "freeze at random"),
        ("RB433AH", "5.25", "", ""),
        ("RB2011UiAS-2HnD", "6.49.10", "", ""),
    ],
)
def test_known_issues_stop_or_warn_where_they_stand_and_nowhere_else(name: str, version: str, stops: str, warns: str) -> None:
    errors, warnings = boards.known_issues(board(name, version))
    assert len(errors) == bool(stops)
    assert stops in "".join(map(str, errors))
    assert len(warnings) == bool(warns)
    assert warns in "".join(warnings)


def test_images_are_refused_where_they_cannot_run() -> None:
    boards.check_import(board(version="3.24"))
    with pytest.raises(UnsupportedError, match=r"3.24 or later"):
        boards.check_import(board(version="3.23"))
    boards.check_architecture(board(), "x.tgz", "mips")
    boards.check_architecture(board(), "x.tgz", None)
    with pytest.raises(UnsupportedError, match=r"built for powerpc, this board is mipsbe"):
        boards.check_architecture(board(), "x.tgz", "powerpc")
    assert boards.family("openwrt-mr-ppc-rootfs.tgz") == "powerpc"


def test_limits_count_what_is_there_and_what_comes() -> None:
    boards.check_room(7, 1)
    with pytest.raises(UnsupportedError, match=r"at most 8 guests"):
        boards.check_room(8, 1)
    boards.check_interfaces(6, 2)
    with pytest.raises(UnsupportedError, match=r"at most 8 interfaces.*/interface vlan add"):
        boards.check_interfaces(7, 2)


def test_the_host_keeps_a_reserve() -> None:
    boards.check_memory(board(free=40), 32)
    boards.check_memory(board(free=None), 256)
    with pytest.raises(UnsupportedError, match=r"39 MiB free"):
        boards.check_memory(board(free=39), 32)


@pytest.mark.parametrize("version", ["4.0beta1", "4.0beta2"])
def test_the_first_betas_of_4_0_have_guests_and_import_nothing(version: str) -> None:
    assert boards.known_issues(board(version=version))[0] == []
    with pytest.raises(UnsupportedError, match=r"cannot import images .wanted: 3\.24 or later, of 4\.0 beta 3 or later"):
        boards.check_import(board(version=version))
    boards.check_import(board(version="4.0beta3"))
    boards.check_import(board(version="3.30"))


@pytest.mark.parametrize(
    ("name", "remedy"), [("RB1100AH", "Reinstall it with Netinstall"), ("RB450G", "Give the guest less memory_size or disk_size")]
)
def test_not_enough_resources_is_explained_as_the_manual_does(name: str, remedy: str) -> None:
    refusal = TrapError("/metarouter/add", [{"message": "failure: not enough resources"}], [])
    assert remedy in str(boards.explained(refusal, board(name, "6.30.2")))
    other = TrapError("/metarouter/add", [{"message": "failure: no"}], [])
    assert boards.explained(other, board(name, "6.30.2")) is other
