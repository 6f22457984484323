# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests from images: what fails half-way is finished, and nobody else's guest is ever touched for it."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, LostError, RefusedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter import image_import
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.facts import read_guests

from tests.integration.metarouter.support import IMAGE, Wanted, guest, one, run, silent
from tests.routerboards import Boards, Enter
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.faults import Fault
from tests.simulators.routerboard.images import openwrt_image
from tests.simulators.routerboard.rendering import Rendering
from tests.waiting import PATIENCE

WRT: Wanted = {"guest_os": "openwrt", "memory_size": 16, "image": IMAGE}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that nobody goes on with is given up soon."""
    monkeypatch.setattr(image_import, "PATIENCE", 0.1)


@pytest.fixture
def board(boards: Boards) -> Board:
    made = boards()
    made.upload(IMAGE, openwrt_image("mips"))
    return made


def standing(board: Board) -> dict[str, str]:
    """The states of all guests by name."""
    items = board.router.table("/metarouter").items()
    return {str(item.values["name"]): board.hosting.machines[item.number].state for item in items}


def records(board: Board) -> str:
    return board.run(":put [:len [/system script find]]")


def failing(board: Board, enter: Enter, *guests: Wanted) -> str:
    """How a run of one guest fails."""
    with enter(board) as api:
        outcome = run(api, *(guests or [guest(**WRT)]))["client1"]
    assert outcome.error is not None
    return str(outcome.error)


def succeeding(board: Board, enter: Enter) -> Outcome:
    with enter(board) as api:
        return one(api, **WRT)


def test_an_image_on_the_router_becomes_a_guest_of_its_own_name(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        made = one(api, disk_size=40000, **WRT)
        assert (made.facts["memory_size"], made.facts["disk_size"], made.facts["state"]) == (16, 40000, "running")
        assert one(api, disk_size=40000, **WRT).changes == ()
    assert records(board) == "0"


def test_images_that_cannot_work_are_refused_before_they_are_imported(board: Board, boards: Boards, enter: Enter) -> None:
    board.upload("openwrt-mr-ppc-rootfs.tgz", openwrt_image("ppc"))
    wrong: Wanted = {"guest_os": "openwrt", "memory_size": 16}
    with enter(board) as api:
        assert "built for powerpc" in str(run(api, guest(image="openwrt-mr-ppc-rootfs.tgz", **wrong))["client1"].error)
        assert "has no file gone.tgz" in str(run(api, guest(image="gone.tgz", **wrong))["client1"].error)
        assert isinstance(run(api, guest(image_src=__file__, **wrong))["client1"].error, InputError)
    with enter(boards("3.21")) as api:
        assert "3.24 or later" in str(run(api, guest(image=IMAGE, **wrong))["client1"].error)


def test_a_guest_that_shows_only_after_its_import_ended_is_waited_for(boards: Boards, enter: Enter) -> None:
    board = boards(rendering=Rendering(import_shows_late=True))
    board.upload(IMAGE, openwrt_image("mips"))
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == ["client1"]


# Runs that end before their time


@pytest.mark.parametrize(
    "fault", ["drop_before add", "interrupt_import", "drop_before import", "drop_after import", "drop_before set", "drop_after set"]
)
def test_an_interrupted_import_is_finished_by_the_next_run(fault: str, board: Board, enter: Enter) -> None:
    interrupt(board, enter, fault)
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == ["client1"]
    assert succeeding(board, enter).changes == ()
    assert records(board) == "0"


def interrupt(board: Board, enter: Enter, fault: str) -> None:
    """A run that loses its session, and after it all that the board still does on its behalf."""
    kind, dummy, what = fault.partition(" ")
    if what:
        getattr(board.faults, kind)({"add": "/system/script/add", "import": "/metarouter/import-image", "set": "/metarouter/set"}[what])
    else:
        board.faults.interrupt_import()
    with enter(board) as api:
        assert isinstance(run(api, guest(**WRT))["client1"].error, LostError)
    if fault == "interrupt_import":
        board.wait_for("mr1", "disabled")


def test_a_board_that_restarts_in_the_middle_is_gone_on_with(board: Board, enter: Enter) -> None:
    board.run("/metarouter add name=office disabled=yes")
    held = board.faults.hang("/metarouter/import-image")
    with ThreadPoolExecutor(1) as pool, enter(board, timeout=30) as api:
        cut = pool.submit(run, api, guest(**WRT))
        assert held.struck.wait(30)
        board.reboot(0)
        assert isinstance(cut.result()["client1"].error, LostError)
    board.wait_up()
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == ["office", "client1"]


def test_the_record_of_a_guest_that_is_removed_goes_with_it(board: Board, enter: Enter) -> None:
    interrupt(board, enter, "drop_after set")
    with enter(board) as api:
        assert one(api, state="absent", confirm="client1").changes
    assert (standing(board), records(board)) == ({}, "0")


# Bystanders


BYSTANDERS = {
    "stopped": "/metarouter add name=office disabled=yes",
    "commented": '/metarouter add name=office disabled=yes comment="the office"',
    "running": "/metarouter add name=office memory-size=24",
    "named by RouterOS": "/metarouter add disabled=yes",
}


@pytest.mark.parametrize("other", BYSTANDERS.values(), ids=BYSTANDERS)
def test_an_import_that_the_router_refuses_leaves_no_record_and_no_harm(other: str, board: Board, enter: Enter) -> None:
    whole = openwrt_image("mips")
    board.upload(IMAGE, whole[: len(whole) // 2])
    assert "was not imported (found: failure: can not import image: bad image file)" in failing(board, enter)
    assert records(board) == "0"
    board.run(other)
    theirs = list(standing(board))
    board.upload(IMAGE, whole)
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == [*theirs, "client1"]


@pytest.mark.parametrize("other", BYSTANDERS.values(), ids=BYSTANDERS)
def test_a_guest_that_somebody_made_since_an_import_was_cut_off_is_named_and_kept(other: str, board: Board, enter: Enter) -> None:
    interrupt(board, enter, "drop_before import")
    board.run(other)
    theirs = board.wait_for(next(iter(standing(board))), "running" if "24" in other else "disabled")
    before = standing(board)
    said = failing(board, enter)
    assert f"found: {next(iter(before))} ({theirs.state}" in said
    assert standing(board) == before
    board.run("/system script remove vrouter-import-client1")  # as the message says
    assert succeeding(board, enter).facts["state"] == "running"
    assert {name: state for name, state in standing(board).items() if name != "client1"} == before


OWNERS = {
    "renamed": "/metarouter set mr1 name=lab",
    "commented": '/metarouter set mr1 comment="the lab"',
    "running": "/metarouter enable mr1",
    "wired": "/metarouter interface add virtual-machine=mr1 type=dynamic",
}


@pytest.mark.parametrize("fault", ["interrupt_import", "drop_before set"])
@pytest.mark.parametrize("taken", OWNERS.values(), ids=OWNERS)
def test_an_imported_guest_that_somebody_took_is_theirs(taken: str, fault: str, board: Board, enter: Enter) -> None:
    interrupt(board, enter, fault)
    board.run(taken)
    name = next(iter(standing(board)))
    board.wait_for(name, "running" if "enable" in taken else "disabled")
    before = standing(board)
    said = failing(board, enter)
    assert f"found: {name} (" in said
    assert "hut it down" not in said
    assert standing(board) == before


def test_a_guest_of_ours_that_came_meanwhile_is_no_stranger(board: Board, enter: Enter) -> None:
    interrupt(board, enter, "drop_before import")
    with enter(board) as api:
        assert not run(api, guest("other", state="present"))["other"].error
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == ["other", "client1"]


def test_a_neighbour_beside_what_the_import_left_stays(board: Board, enter: Enter) -> None:
    interrupt(board, enter, "interrupt_import")
    board.run("/metarouter add name=office disabled=yes")
    assert succeeding(board, enter).facts["state"] == "running"
    assert list(standing(board)) == ["office", "client1"]


def test_of_two_guests_that_may_have_come_of_it_none_is_touched(board: Board, enter: Enter) -> None:
    interrupt(board, enter, "interrupt_import")
    board.run(f"/metarouter import-image file-name={IMAGE} enabled=no")
    assert "mr1 (disabled), mr2 (disabled)" in failing(board, enter)
    assert list(standing(board)) == ["mr1", "mr2"]


# Runs beside each other


class Race:
    """Two runs on one board. The first is held in its import until the second was seen to do something."""

    def __init__(self, board: Board, enter: Enter) -> None:
        self._board = board
        self._enter = enter
        self.held: Fault = board.faults.hang("/metarouter/import-image")

    def run(self, wanted: Wanted, progress: Progress = silent) -> Outcome:
        with self._enter(self._board, timeout=PATIENCE) as api:
            return run(api, wanted, progress=progress)[wanted["name"]]

    def both(self, first: Wanted, second: Wanted, go_on: t.Callable[[str], bool]) -> tuple[Outcome, Outcome]:
        """The first goes on as soon as the second's progress says so, or with the second's end."""

        def seen(name: str, what: str) -> None:
            if go_on(what):
                self.held.released.set()

        with ThreadPoolExecutor(1) as pool:
            earlier = pool.submit(self.run, first)
            assert self.held.struck.wait(PATIENCE)
            later = self.run(second, seen)
            self.held.released.set()
            return earlier.result(), later


def waits(what: str) -> bool:
    return what.startswith("waiting for the import")


def test_of_two_runs_that_make_the_same_guest_one_does(board: Board, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_import, "PATIENCE", PATIENCE)
    board.run("/metarouter add name=office disabled=yes")
    first, second = Race(board, enter).both(guest(**WRT), guest(**WRT), waits)
    assert first.error is None
    assert isinstance(second.error, RefusedError)
    assert "another run made client1 meanwhile. Run again" in str(second.error)
    assert standing(board) == {"office": "disabled", "client1": "running"}
    assert sum(sentence[0] == "/metarouter/import-image" for sentence in board.api_log) == 1
    assert succeeding(board, enter).changes == ()


def test_two_runs_that_import_for_two_guests_go_one_after_the_other(board: Board, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_import, "PATIENCE", PATIENCE)
    first, second = Race(board, enter).both(guest(**WRT), guest("client2", **WRT), waits)
    assert (first.error, second.error) == (None, None)
    assert standing(board) == {"client1": "running", "client2": "running"}
    assert records(board) == "0"


def test_a_run_that_was_taken_for_dead_touches_nothing_when_it_wakes(board: Board, enter: Enter) -> None:
    first, second = Race(board, enter).both(guest(**WRT), guest(**WRT), lambda what: False)
    assert second.error is None
    assert "another run imports client1 at the same time" in str(first.error)
    assert "remove mr1, which came of this run's import" in str(first.error)
    assert standing(board) == {"client1": "running", "mr1": "disabled"}


def test_two_imports_that_began_together_are_told_apart_by_their_order(
    board: Board, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_import, "PATIENCE", PATIENCE)
    waiting = threading.Barrier(2)

    def make(name: str) -> Outcome:
        with enter(board, timeout=PATIENCE) as api:
            waiting.wait(PATIENCE)
            return run(api, guest(name, **WRT))[name]

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(make, ("client1", "client2")))
    assert not [str(outcome.error) for outcome in outcomes if outcome.error]
    with enter(board) as api:
        assert sorted(read_guests(api, [])["guests"]) == ["client1", "client2"]
