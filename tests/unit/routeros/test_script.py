# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a script's success, on a simulated router behind its agent."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import UNCHANGED, Script, holds, run

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.unit.support import Chr
from tests.waiting import PATIENCE


@pytest.fixture
def chr_() -> Chr:
    return Chr()


class Stuck(MemoryPlatform):
    """A machine on which time stands still until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.ended = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.go_on.wait()
        super().sleep(seconds)
        self.ended.set()


def test_a_result_says_what_was_printed_and_how_it_went(chr_: Chr) -> None:
    result = run(chr_.way, Script("hello", ':put "one"; :put "two"'))
    assert (result.ran, result.changed, result.exit_code, result.output) == (True, True, 0, "one\ntwo")
    assert result.transport == "guest_agent"
    assert result.as_dict()["output_lines"] == ["one", "two"]


def test_a_silent_script_succeeds_with_no_output(chr_: Chr) -> None:
    result = run(chr_.way, Script("silent", '/system identity set name="edge1"'))
    assert (result.output, result.exit_code) == ("", 0)
    assert chr_.router.identity == "edge1"


def test_an_error_fails_with_routeros_own_words_and_the_line(chr_: Chr) -> None:
    with pytest.raises(GuestError, match=r"script bad: RouterOS reports an error \(exit code -1\).*found: .*no such item"):
        run(chr_.way, Script("bad", "/interface ethernet set 99 name=x"))
    with pytest.raises(GuestError, match=r"script bad: .*line 2"):
        run(chr_.way, Script("bad", ":put 1\n:nonsense"))


def test_a_script_that_routeros_ended_itself_has_failed() -> None:
    with pytest.raises(GuestError, match="script slow: RouterOS ended it after its own time limit"):
        run(Chr(script_timeout=1).way, Script("slow", ":delay 10s"))


def test_a_script_that_outlives_its_timeout_may_still_run() -> None:
    platform = Stuck()
    way = Chr(platform=platform).way
    try:
        with pytest.raises(GuestError, match=r"did not end within 0\.05 s and may still run"):
            run(way, Script("stuck", ":delay 1s", timeout=0.05))
    finally:
        platform.go_on.set()
    assert platform.ended.wait(PATIENCE)


# The marker


def test_a_marker_that_came_back_is_success_and_is_not_shown(chr_: Chr) -> None:
    assert run(chr_.way, Script("marked", ':put "one"; :put "the end"', marker="the end")).output == "one"


@pytest.mark.parametrize("source", [':put "one"', "", ':put "said the end"', ':put "the end"; :error "no"'])
def test_a_marker_that_did_not_come_back_is_never_success(chr_: Chr, source: str) -> None:
    with pytest.raises(GuestError):
        run(chr_.way, Script("marked", source, marker="the end"))


def test_an_end_without_its_marker_is_unknown_and_says_what_came(chr_: Chr) -> None:
    with pytest.raises(GuestError, match=r"its end is unknown.*found: one.*Run again"):
        run(chr_.way, Script("marked", ':put "one"', marker="the end"))


def test_a_script_can_say_that_it_changed_nothing(chr_: Chr) -> None:
    result = run(chr_.way, Script("same", f':put "one"; :put "{UNCHANGED}"'))
    assert (result.ran, result.changed, result.output) == (True, False, "one")


# Guards


def test_a_guard_that_holds_keeps_the_script_from_running(chr_: Chr) -> None:
    result = run(chr_.way, Script("once", ":error no", unless='[/system identity get name] = "MikroTik"'))
    assert (result.ran, result.changed, result.exit_code) == (False, False, None)


def test_a_guard_that_does_not_hold_lets_it_run(chr_: Chr) -> None:
    assert run(chr_.way, Script("once", ":put 1", unless='[/system identity get name] = "edge1"')).ran


@pytest.mark.parametrize(("expression", "answer"), [("true", True), ("1 = 2", False), ("[:len [/user find]] = 1", True)])
def test_an_expression_is_true_or_false(chr_: Chr, expression: str, answer: bool) -> None:
    assert holds(chr_.way, expression) is answer


@pytest.mark.parametrize("expression", ["1 +", "[/nonsense]", "true) do={:put 7}; :if (false"])
def test_what_routeros_cannot_decide_is_an_error(chr_: Chr, expression: str) -> None:
    with pytest.raises(GuestError, match="is no expression that RouterOS can decide"):
        holds(chr_.way, expression)


# An agent that does not answer


def test_a_lost_answer_is_no_success_and_is_not_asked_for_again() -> None:
    way = Chr(open_port=False).way
    with pytest.raises(GuestError, match="did not answer guest-exec"):
        run(way, Script("lost", ":put 1"))
    assert way.started == [":put 1"]
