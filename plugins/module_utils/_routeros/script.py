# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A RouterOS script job: submit, follow, result; the same on every way into a router (private).

The waiting, the marker rule and what counts as success are here. Where no text comes back, success is the exit code 0, and questions are
asked so that the exit code answers them.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from .._core.errors import GuestError, LostError
from .._core.waiting import Deadline, wait_for
from .way import Ended, Runner

EXIT_DONE: t.Final = 0
EXIT_TIMED_OUT: t.Final = 1
EXIT_FAILED: t.Final = -1
UNCHANGED: t.Final = "vrouter.mikrotik: changed=false"  # a script that prints this line says that it changed nothing
GUARD_TIMEOUT: t.Final = 30.0  # seconds; an `unless` only reads


@dataclass(frozen=True)
class Script:
    """One script for one router. `marker` is printed by its last statement, so that a lost answer is never success; only text can prove it."""

    name: str
    source: str
    timeout: float = 60.0  # seconds
    unless: str | None = None  # a RouterOS expression; where it is true the script is not run
    marker: str | None = None
    remedy: str | None = None  # what to do when it fails, where its user did not write it


class ScriptError(GuestError):
    """RouterOS ended a script with an error, or by its own time limit: it runs no more."""

    exit_code: int | None = EXIT_FAILED


@dataclass(frozen=True)
class ScriptResult:
    """One type on every way. `exit_code` is None where the script was not run, `output` where it ran and no text comes back."""

    name: str
    ran: bool
    changed: bool
    transport: str
    output: str | None = ""
    exit_code: int | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, t.Any]:
        return dict(vars(self), output_lines=(self.output or "").splitlines())


def run(way: Runner, script: Script) -> ScriptResult:
    """Run the script unless its guard says it need not.

    Raises ScriptError where RouterOS ended it, LostError where its end is unknown, and GuestError for every other end that is not a clean one.
    """
    if script.unless is not None and holds(way, script.unless):
        return ScriptResult(script.name, ran=False, changed=False, transport=way.name)
    began = time.monotonic()
    ended = follow(way, script.source, script.timeout)
    seconds = round(time.monotonic() - began, 3)
    if ended.exit_code != EXIT_DONE:
        raise _failure(way, script, ended)
    if not way.returns_text:
        return ScriptResult(script.name, True, True, way.name, None, ended.exit_code, seconds)
    lines = [line.strip() for line in ended.output.splitlines()]
    if script.marker is not None and script.marker not in lines:
        raise LostError(
            f"script {script.name}: its end is unknown, its last line did not come back",
            found=ended.output or "no output",
            remedy="Run again: what is already done is skipped",
        )
    shown = "\n".join(line for line in ended.output.splitlines() if line.strip() not in (script.marker, UNCHANGED))
    return ScriptResult(script.name, True, UNCHANGED not in lines, way.name, shown, ended.exit_code, seconds)


Answer = t.TypeVar("Answer")


def insist(way: Runner, ask: t.Callable[[], Answer | None], patience: float) -> Answer:
    """What is answered to a question that may be asked twice; again, for `patience` seconds, where no answer came. Raises GuestError."""
    lost: LostError | None = None
    for dummy in Deadline(patience).looks(way.pace.first, way.pace.slowest):
        try:
            answer = ask()
        except LostError as error:
            lost = error
        else:
            if answer is not None:
                return answer
    problem = f"the router did not answer within {patience:g} s"
    raise GuestError(problem, found=str(lost or ""), remedy="Look at its console, then run again") from lost


def probe(way: Runner, expression: str, *, expected: bool = True, patience: float = 0.0) -> bool | None:
    """Whether a RouterOS expression is true on the router; None where RouterOS cannot decide it. Only reads.

    A lost answer is asked for again for `patience` seconds; raises GuestError where none came. Without text it takes one script where the
    answer is the `expected` one, else two.
    """
    return _decide(lambda source: insist(way, lambda: follow(way, source, GUARD_TIMEOUT), patience), way.returns_text, expression, expected)[0]


def holds(way: Runner, expression: str) -> bool:
    """The same for the expression of an `unless`. Raises GuestError where RouterOS cannot decide it."""
    answer, said = _decide(lambda source: follow(way, source, GUARD_TIMEOUT), way.returns_text, expression, expected=True)
    if answer is None:
        raise GuestError(f"unless: {expression!r} is no expression that RouterOS can decide", found=said)
    return answer


def _decide(ask: t.Callable[[str], Ended], returns_text: bool, expression: str, expected: bool) -> tuple[bool | None, str]:
    """The answer, and what RouterOS said."""
    if returns_text:
        ended = ask(f':if ({expression}) do={{:put "true"}} else={{:put "false"}}')
        said = ended.output.strip()
        return ({"true": True, "false": False}.get(said) if ended.exit_code == EXIT_DONE else None), said
    for answer in (expected, not expected):  # a broken expression fails both times, and so is neither
        if ask(_fails_unless(expression, answer)).exit_code == EXIT_DONE:
            return answer, ""
    return None, ""


def _fails_unless(expression: str, answer: bool) -> str:
    """A script that ends with an error unless that is the answer; what is no truth value counts as false, as it does in `:if`."""
    return f"""
:local vrouterHolds false
:if (({expression})) do={{:set vrouterHolds true}}
:if ($vrouterHolds != {str(answer).lower()}) do={{:error "vrouter.mikrotik: not {str(answer).lower()}"}}
"""


def follow(way: Runner, source: str, timeout: float) -> Ended:
    """Start the source and wait for its end. An answer that is lost meanwhile is asked for again.

    Raises LostError when no end is known within `timeout` seconds: the script may go on inside the router; and where it ended, and how is not
    known.
    """
    job = way.start(source)
    lost: LostError | None = None

    def look() -> Ended | None:
        nonlocal lost
        try:
            return way.poll(job)
        except LostError as error:
            lost = error
        except GuestError as error:
            if lost is None:
                raise
            raise _unknown_end(str(error)) from lost  # an end is told once: the answer that was lost was it
        return None

    ended = wait_for(look, timeout, first=way.pace.first, slowest=way.pace.slowest)
    if ended is None:
        raise LostError(
            f"the script did not end within {timeout:g} s and may still run on the router",
            found=str(lost or ""),
            remedy="Raise timeout, or look at /log and /system/script/job on the router",
        )
    if ended.exit_code is None:
        raise _unknown_end("no exit code")
    return ended


def _unknown_end(found: str) -> LostError:
    remedy = "Look at what it did before you run it again; a script that ends itself (:return) never tells it"
    return LostError("the answer that told how the script ended was lost", found=found, remedy=remedy)


def _failure(way: Runner, script: Script, ended: Ended) -> ScriptError:
    said = ended.output.strip() or "nothing"
    if ended.exit_code == EXIT_TIMED_OUT:
        problem, remedy = "RouterOS ended it after its own time limit", "Split the script"
    else:
        mend = "Mend the script" if way.returns_text else "Look for the error in the router's log, and mend the script"
        problem, remedy = f"RouterOS reports an error (exit code {ended.exit_code})", mend
    if not way.returns_text:
        said = f"an exit code alone, as {way.name} gives no text back"
    error = ScriptError(f"script {script.name}: {problem}", found=said, remedy=script.remedy or remedy)
    error.exit_code = ended.exit_code
    return error
