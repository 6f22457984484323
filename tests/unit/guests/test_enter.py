# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way into a router is taken, what is refused, and with what it is logged in."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, InputError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions, any_way, needs_text, open_running
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.facts import read_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script, run
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Credential, Way

from tests.contract.memory import MemoryHypervisor
from tests.unit.support import Chr, quiet, state

GUEST = state("edge1", power="running", agent_connected=None)
FACTORY = Credential("admin")
TEXT = needs_text("its text")


class ManyWays(MemoryHypervisor):
    """A hypervisor with several ways into its only guest."""

    def __init__(self, *ways: Way) -> None:
        super().__init__(GUEST)
        self._ways = ways

    def ways(self, guest: GuestState) -> t.Sequence[t.Any]:
        return self._ways


def talking(is_open: bool | None = None, **agent: t.Any) -> Way:
    way = Chr(**agent).way
    way.is_open = is_open
    return way


def mute(is_open: bool | None = None, **tools: t.Any) -> Way:
    way = Chr(**tools).give_no_text().way
    way.is_open = is_open
    return way


def enter(*ways: Way, refuse: t.Any = any_way, check_mode: bool = False, credentials: tuple[Credential, ...] = ()) -> Way | None:
    options = RunOptions(check_mode, 1, 1, router_credentials=credentials)
    return open_running(ManyWays(*ways), GUEST, options, quiet, refuse)


def test_the_first_way_that_opens_is_taken() -> None:
    for is_open in (True, False, None):
        first, second = mute(is_open), talking()
        assert enter(first, second) is first
    closed, second = mute(False, open_port=False), talking()
    assert enter(closed, second) is second


def test_a_way_that_cannot_do_what_is_wanted_is_passed_over() -> None:
    second = talking()
    assert enter(mute(True), second, refuse=TEXT) is second


def test_where_no_way_can_the_first_says_why_before_any_is_waited_for() -> None:
    with pytest.raises(UnsupportedError, match=r"its text cannot be had here: guest_programs gives only an exit code.*API or SSH"):
        enter(mute(open_port=False), refuse=TEXT)
    with pytest.raises(UnsupportedError, match="no way into the guest's router"):
        enter()


def test_where_no_way_opens_the_preferred_one_says_so() -> None:
    with pytest.raises(GuestError, match="the guest's tools do not answer"):
        enter(mute(open_port=False), talking(open_port=False))


@pytest.mark.parametrize(("is_open", "answers", "taken"), [(True, True, True), (None, True, True), (None, False, False), (False, True, False)])
def test_check_mode_asks_where_nobody_knows_and_waits_for_nothing(is_open: bool | None, answers: bool, taken: bool) -> None:
    way = mute(is_open, open_port=answers)
    assert enter(way, check_mode=True) is (way if taken else None)


def test_a_way_that_logs_in_tries_what_it_was_given_in_order() -> None:
    router = Chr(logs_in=True).give_no_text()
    way = enter(router.way, credentials=(Credential("admin", "another-password"), FACTORY))
    assert way is router.way
    set_password = Script("password", '/user set admin password="another-password"')  # and is followed with the new one
    assert run(router.way, set_password).exit_code == 0
    assert run(router.way, Script("again", ":put 1")).exit_code == 0
    assert enter(router.way, credentials=(FACTORY,)) is router.way
    with pytest.raises(GuestError, match="the router refuses every login"):
        run(router.way, Script("late", ":put 1"))


def test_a_way_that_logs_in_is_not_taken_without_credentials() -> None:
    router, other = Chr(logs_in=True).give_no_text(), talking()
    with pytest.raises(InputError, match=r"^router_credentials: guest_programs logs in"):
        enter(router.way)
    assert enter(router.way, other) is other


def test_what_a_router_says_of_itself_is_not_asked_where_no_text_comes_back() -> None:
    hypervisor = MemoryHypervisor(GUEST, returns_text=False)
    router = hypervisor.plug("edge1", Chr())
    facts = read_guests(hypervisor, ["edge1"], ask_agent=True, check_mode=False, concurrency=1)["edge1"].facts
    assert "what the router says of itself cannot be had here" in facts["router_error"] and "API or SSH" in facts["router_error"]
    assert (router.way.started, facts["power"]) == ([], "running")


@pytest.mark.parametrize("answers", [True, False])
def test_an_agent_of_which_nobody_knows_is_asked_once_and_its_silence_is_no_error(answers: bool) -> None:
    hypervisor = MemoryHypervisor(GUEST)
    hypervisor.plug("edge1", Chr(open_port=answers))
    facts = read_guests(hypervisor, ["edge1"], ask_agent=True, check_mode=False, concurrency=1)["edge1"].facts
    assert ("router" in facts, "router_error" in facts) == (answers, False)
