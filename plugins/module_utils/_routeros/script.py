# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A RouterOS script job: submit, follow, result; the same on every transport (private).

A transport is one way into a router: a hypervisor's guest agent today, a serial console or the API later. It only starts a script and says
how it stands; the waiting, the marker rule and what counts as success are here.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from .._core.errors import GuestError, LostError
from .._core.waiting import Deadline, wait_for

EXIT_DONE: t.Final = 0
EXIT_TIMED_OUT: t.Final = 1
EXIT_FAILED: t.Final = -1
UNCHANGED: t.Final = "vrouter.mikrotik: changed=false"  # a script that prints this line says that it changed nothing
FIRST_POLL: t.Final = 0.02  # seconds; most scripts end at once
SLOWEST_POLL: t.Final = 0.2  # seconds; so a result is seen at most this late
GUARD_TIMEOUT: t.Final = 30.0  # seconds; an `unless` only reads


@dataclass(frozen=True)
class Ended:
    """What a transport knows of a script that has ended. `exit_code` as CHR gives it: 0 done, 1 timed out, -1 error."""

    exit_code: int
    output: str


class Runner(t.Protocol):
    """What runs scripts on one router. Calls raise GuestError where the router, HypervisorError where the hypervisor fails."""

    name: str

    def start(self, source: str) -> int:
        """Hand the script over; its job number. Raises GuestError saying `unknown` where the answer was lost."""

    def poll(self, job: int) -> Ended | None:
        """How the script ended, or None while it runs."""


class Transport(Runner, t.Protocol):
    """A runner that has to be waited for, and takes files too."""

    def wait(self, timeout: float) -> None:
        """Block until the way is open, at most `timeout` seconds; raises GuestError after that."""

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file on the router."""

    def read_file(self, name: str) -> bytes | None:
        """Fetch a file from the router, or None where it has none of that name."""


@dataclass(frozen=True)
class Script:
    """One script for one router. `marker` must be printed by its last statement, so that a lost answer is never success."""

    name: str
    source: str
    timeout: float = 60.0  # seconds
    unless: str | None = None  # a RouterOS expression; where it is true the script is not run
    marker: str | None = None
    remedy: str | None = None  # what to do when it fails, where its user did not write it


class ScriptError(GuestError):
    """RouterOS ended a script with an error, or by its own time limit: it runs no more."""

    exit_code = EXIT_FAILED


@dataclass(frozen=True)
class ScriptResult:
    """One type on every transport. `exit_code` is None where the script was not run."""

    name: str
    ran: bool
    changed: bool
    transport: str
    output: str = ""
    exit_code: int | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, t.Any]:
        return dict(vars(self), output_lines=self.output.splitlines())


def run(transport: Runner, script: Script) -> ScriptResult:
    """Run the script unless its guard says it need not.

    Raises ScriptError where RouterOS ended it, LostError where its end is unknown, and GuestError for every other end that is not a clean one.
    """
    if script.unless is not None and holds(transport, script.unless):
        return ScriptResult(script.name, ran=False, changed=False, transport=transport.name)
    began = time.monotonic()
    ended = follow(transport, script.source, script.timeout)
    seconds = round(time.monotonic() - began, 3)
    if ended.exit_code != EXIT_DONE:
        raise _failure(script, ended)
    lines = [line.strip() for line in ended.output.splitlines()]
    if script.marker is not None and script.marker not in lines:
        raise LostError(
            f"script {script.name}: its end is unknown, its last line did not come back",
            found=ended.output or "no output",
            remedy="Run again: what is already done is skipped",
        )
    shown = "\n".join(line for line in ended.output.splitlines() if line.strip() not in (script.marker, UNCHANGED))
    return ScriptResult(script.name, True, UNCHANGED not in lines, transport.name, shown, ended.exit_code, seconds)


def read(transport: Runner, script: Script, patience: float) -> str:
    """What a script that only reads printed; it is asked again, for `patience` seconds, where its answer was lost. Raises GuestError."""
    lost: LostError | None = None
    for dummy in Deadline(patience).looks(FIRST_POLL, SLOWEST_POLL):
        try:
            return run(transport, script).output
        except LostError as error:
            lost = error
    raise GuestError(f"the router did not answer within {patience:g} s", found=str(lost), remedy="Look at its console, then run again") from lost


def holds(transport: Runner, expression: str) -> bool:
    """Whether a RouterOS expression is true on the router. Only reads."""
    ended = follow(transport, f':if ({expression}) do={{:put "true"}} else={{:put "false"}}', GUARD_TIMEOUT)
    answer = ended.output.strip()
    if ended.exit_code != EXIT_DONE or answer not in ("true", "false"):
        raise GuestError(f"unless: {expression!r} is no expression that RouterOS can decide", found=answer)
    return answer == "true"


def follow(transport: Runner, source: str, timeout: float) -> Ended:
    """Start the source and wait for its end. An answer that is lost meanwhile is asked for again.

    Raises LostError when no end is known within `timeout` seconds: the script may go on inside the router.
    """
    job = transport.start(source)
    lost: LostError | None = None

    def look() -> Ended | None:
        nonlocal lost
        try:
            return transport.poll(job)
        except LostError as error:
            lost = error
        except GuestError as error:
            if lost is None:
                raise
            raise LostError(  # an end is told once: the answer that was lost was it
                "the answer that told how the script ended was lost", found=str(error), remedy="Run again, and look at what it did first"
            ) from lost
        return None

    ended = wait_for(look, timeout, first=FIRST_POLL, slowest=SLOWEST_POLL)
    if ended is None:
        raise LostError(
            f"the script did not end within {timeout:g} s and may still run on the router",
            found=str(lost or ""),
            remedy="Raise timeout, or look at /log and /system/script/job on the router",
        )
    return ended


def _failure(script: Script, ended: Ended) -> ScriptError:
    said = ended.output.strip() or "nothing"
    if ended.exit_code == EXIT_TIMED_OUT:
        problem, remedy = "RouterOS ended it after its own time limit", "Split the script"
    else:
        problem, remedy = f"RouterOS reports an error (exit code {ended.exit_code})", "Mend the script"
    error = ScriptError(f"script {script.name}: {problem}", found=said, remedy=script.remedy or remedy)
    error.exit_code = ended.exit_code
    return error
