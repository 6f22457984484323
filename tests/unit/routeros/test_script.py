# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a script's success, on a simulated router behind its agent."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, LostError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import UNCHANGED, Script, ScriptError, holds, probe, run

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.unit.support import Chr, ExitCodeWay
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


# Guards, and questions, on every way


@pytest.fixture(params=[True, False], ids=["text", "exit code"])
def router(request: pytest.FixtureRequest) -> Chr:
    """A router from which text comes back, and one from which it does not."""
    return Chr() if request.param else Chr().give_no_text()


def test_a_guard_that_holds_keeps_the_script_from_running(router: Chr) -> None:
    result = run(router.way, Script("once", ":error no", unless='[/system identity get name] = "MikroTik"'))
    assert (result.ran, result.changed, result.exit_code) == (False, False, None)


def test_a_guard_that_does_not_hold_lets_it_run(router: Chr) -> None:
    assert run(router.way, Script("once", ":put 1", unless='[/system identity get name] = "edge1"')).ran


TRUTHS = [("true", True), ("1 = 2", False), ("[:len [/user find]] = 1", True), ('("a" = "a") && !(1 = 2)', True)]
BROKEN = ["1 +", "[/nonsense]", "true) do={:put 7}; :if (false", "$", "}", '"', "true # a comment"]


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize(("expression", "answer"), TRUTHS)
def test_an_expression_is_true_or_false(router: Chr, expression: str, answer: bool, expected: bool) -> None:
    assert holds(router.way, expression) is answer
    assert probe(router.way, expression, expected=expected) is answer


@pytest.mark.parametrize("expression", ['"yes"', "0", "1", '[:pick "a" 5]', "[/system identity get name]", '[:put ""]', "10.0.0.1"])
def test_what_is_no_truth_value_is_judged_alike_on_every_way(expression: str) -> None:
    assert probe(Chr().give_no_text().way, expression) is probe(Chr().way, expression)


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize("expression", BROKEN)
def test_a_broken_expression_is_neither_and_runs_nothing(router: Chr, expression: str, expected: bool) -> None:
    assert probe(router.way, expression, expected=expected) is None
    with pytest.raises(GuestError, match=r"^unless: .* is no expression that RouterOS can decide"):
        run(router.way, Script("once", '/system identity set name="ran"', unless=expression))
    assert router.router.identity == "MikroTik"


def test_without_text_the_expected_answer_takes_one_script_and_the_other_two() -> None:
    way = Chr().give_no_text().way
    for expression, expected, scripts in (("true", True, 1), ("false", False, 1), ("false", True, 2), ("true", False, 2)):
        before = len(way.started)
        probe(way, expression, expected=expected)
        assert len(way.started) - before == scripts


# Without text


def test_without_text_success_is_the_exit_code_and_the_output_is_unknown() -> None:
    router = Chr().give_no_text()
    result = run(router.way, Script("set", '/system identity set name="edge1"\n:put 1', marker="1"))
    assert (result.ran, result.changed, result.exit_code, result.output, router.router.identity) == (True, True, 0, None, "edge1")
    with pytest.raises(ScriptError, match=r"exit code -1.*an exit code alone.*router's log"):
        run(router.way, Script("bad", ":nonsense"))
    with pytest.raises(ScriptError, match="its own time limit"):
        run(Chr(script_timeout=1).give_no_text().way, Script("slow", ":delay 10s"))


def test_an_exit_code_that_nobody_gave_is_unknown_and_never_success() -> None:
    way = Chr(exit_codes=False).give_no_text().way
    with pytest.raises(LostError, match=r"how the script ended was lost \(found: no exit code\)"):
        run(way, Script("set", ":put 1"))
    with pytest.raises(LostError):
        run(way, Script("guarded", ":put 1", unless="true"))
    with pytest.raises(GuestError, match=r"did not answer within 0\.1 s"):
        probe(way, "true", patience=0.1)


def test_an_agent_that_leaves_the_exit_code_out_is_not_believed_to_have_succeeded() -> None:
    way = Chr().way
    call = way.call

    def without(command: str, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        answer = call(command, arguments)
        return {key: value for key, value in answer.items() if key != "exitcode"}

    way.call = without  # type: ignore[method-assign]
    with pytest.raises(LostError, match=r"no exit code"):
        run(way, Script("set", ":put 1"))
    with pytest.raises(LostError):
        holds(way, "true")


def test_an_end_that_is_told_once_and_was_lost_is_unknown_and_the_script_is_not_started_again() -> None:
    way = Chr().give_no_text().way
    assert isinstance(way, ExitCodeWay)
    call = way.call

    def lossy(command: str, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        answer = call(command, arguments)
        if command == "list" and answer and answer[0].ended:
            raise LostError("the guest's tools did not answer list")
        return answer

    way.call = lossy  # type: ignore[method-assign]
    with pytest.raises(LostError, match="how the script ended was lost"):
        run(way, Script("set", ":put 1"))
    assert way.started == [":put 1"]


# An agent that does not answer


def test_a_lost_answer_is_no_success_and_is_not_asked_for_again() -> None:
    way = Chr(open_port=False).way
    with pytest.raises(GuestError, match="did not answer guest-exec"):
        run(way, Script("lost", ":put 1"))
    assert way.started == [":put 1"]
