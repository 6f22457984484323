# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands inside many MetaROUTER guests, through their host's consoles: side by side over guests, in order within one (private)."""

from __future__ import annotations

import re
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass

from ._errors import GuestError, InputError, RouterError
from ._hypervisor import NOTHING_PLANNED, Planned, Progress
from ._jobs import Job, parse_script, predict
from ._reconcile import Change, Outcome, run_batch
from ._routeros.console import (
    INTERRUPT,
    LICENSE,
    NEW_PASSWORD,
    REPEAT_PASSWORD,
    ROUTEROS,
    Credential,
    Expect,
    Session,
    Talk,
    log_in,
    set_password,
)
from ._routeros.conversation import Console, ConsoleRunner, converse
from ._routeros.ssh import SshSession
from ._routeros.text import quote
from ._script import Script, run

PREFIX: t.Final = "\x01"  # Ctrl-A; then Q quits and B sends a break (MetaROUTER manual, Connecting to the virtual machine)
ENTERED: t.Final = re.compile(r"\[Ctrl-A is the prefix key\]")
MENU: t.Final = re.compile(r"Q - quit connection")
LEFT: t.Final = re.compile(r"Welcome back!")
ANSWER: t.Final = 10.0  # seconds that the host itself may take to answer
QUICK: t.Final = 3.0  # seconds of silence


@dataclass(frozen=True)
class ConsoleJob:
    """What is to be done in one guest. `timeout` in seconds, for logging in."""

    name: str
    os: str
    credentials: tuple[Credential, ...]
    new_password: str | None
    commands: tuple[Job, ...]
    send_break: bool
    timeout: float

    @property
    def guest(self) -> str:
        """What the host knows the guest by: its number where the name is one, else its quoted name."""
        return self.name if self.name.isdigit() else quote(self.name)


@dataclass(frozen=True)
class Order:
    """How the batch is carried out."""

    check_mode: bool
    concurrency: int
    planned: Planned = NOTHING_PLANNED


def parse_console(options: t.Mapping[str, t.Any]) -> ConsoleJob:
    """One entry of `guests`. Raises InputError."""
    name, os = options["name"], options["os"]
    if options["timeout"] <= 0:
        raise InputError(f"timeout: {options['timeout']} s is not above 0")
    if os == "openwrt" and options.get("new_password"):
        raise InputError("new_password: OpenWrt's console asks for no login", remedy="Set its password by other means, for example in its image")
    given = options.get("credentials")
    credentials = [Credential("admin")] if given is None else [Credential(entry["username"], entry.get("password") or "") for entry in given]
    commands = [parse_script({**entry, "guest": name}, number) for number, entry in enumerate(options["commands"], 1)]
    for job in commands:
        if "\n" in job.script.source.strip() or "\n" in (job.script.unless or ""):
            raise InputError(f"commands: {job.script.name} has several lines", remedy="The console takes one command a line: make each its own entry")
    return ConsoleJob(name, os, tuple(credentials), options.get("new_password"), tuple(commands), options["send_break"], float(options["timeout"]))


def run_consoles(session: SshSession, jobs: t.Mapping[str, ConsoleJob], order: Order, progress: Progress) -> dict[str, Outcome]:
    """Do every guest's work; an outcome for each."""

    def work(job: ConsoleJob) -> t.Callable[[], Outcome]:
        return lambda: _Work(session, job, order, progress).outcome()

    return run_batch({name: work(job) for name, job in jobs.items()}, order.concurrency)


class _Work:
    """One guest's work as it goes: what was done stays visible after a failure."""

    def __init__(self, session: SshSession, job: ConsoleJob, order: Order, progress: Progress) -> None:
        self._session = session
        self._job = job
        self._order = order
        self._progress = progress
        self._done: list[dict[str, t.Any]] = []
        self._changes: list[Change] = []
        self._facts: dict[str, t.Any] = {}

    def outcome(self) -> Outcome:
        error: RouterError | None = None
        try:
            if self._order.check_mode and self._job.name in self._order.planned.guests and not self._exists():
                self._predict_all()
            else:
                self._enter()
        except RouterError as caught:
            error = caught
        return Outcome(self._job.name, tuple(self._changes), {**self._facts, "commands": self._done}, error=error)

    def _exists(self) -> bool:
        """Whether the host lets somebody into the guest; in check mode it may still be to be made."""
        try:
            with host_shell(self._session) as host, guest_console(host, self._job):
                return True
        except GuestError:
            return False

    def _predict_all(self) -> None:
        if self._job.new_password is not None:
            self._changes.append(Change("password", None, "set"))
        for job in self._job.commands:
            self._keep(job, predict(None, job.script).as_dict(), True)

    def _enter(self) -> None:
        job = self._job
        with host_shell(self._session) as host, guest_console(host, job) as console:
            if job.send_break:
                console.type(PREFIX + "b")
                self._changes.append(Change("break", None, "sent"))
            self._progress(job.name, "logging in at its console")
            answer = None if self._order.check_mode else job.new_password  # in check mode a question for a new one is left unanswered
            login = converse(console, log_in(job.credentials, answer), job.timeout, "logging in")
            self._facts["login"] = {"os": login.os, "credential": login.credential, "prompt": login.prompt}
            try:
                self._work(console, login)
            finally:
                _log_out(console, login)

    def _work(self, console: Console, login: Session) -> None:
        if login.os != self._job.os:
            raise GuestError("os: another system answers", wanted=self._job.os, found=login.os, remedy="Change os")
        runner = ConsoleRunner(console, login.os)
        self._set_password(runner, login)
        for job in self._job.commands:
            if self._order.check_mode and not job.read_only:
                result = predict(runner, job.script)
            else:
                self._progress(job.guest, f"running {job.script.name}")
                result = run(runner, job.script)
            self._keep(job, result.as_dict(), result.changed)

    def _set_password(self, runner: ConsoleRunner, login: Session) -> None:
        """Before anything else is set in the guest."""
        wanted = self._job.new_password
        if wanted is None or login.credential is None:
            return
        used = self._job.credentials[login.credential]
        if used.password == wanted and not login.password_set:
            return
        if not login.password_set and not self._order.check_mode:
            run(runner, Script("new_password", set_password(used.username, wanted)))
        self._changes.append(Change("password", None, "set"))

    def _keep(self, job: Job, entry: dict[str, t.Any], changed: bool) -> None:
        self._done.append(entry)
        if changed and not job.read_only:
            self._changes.append(Change(f"commands.{job.script.name}", "not run", "run"))


@contextmanager
def host_shell(session: SshSession) -> t.Iterator[Console]:
    """The host's own command line, at its prompt."""
    with session.shell() as channel:
        console = Console(channel)
        converse(console, _host_prompt(), session.options.timeout, "the host's shell")
        yield console


def _host_prompt() -> Talk[None]:
    """The host may ask a new user about its licence and for a new password first; neither is ours to answer."""
    answers = {LICENSE: "n", NEW_PASSWORD: INTERRUPT, REPEAT_PASSWORD: INTERRUPT}
    match = yield Expect("", (*answers, ROUTEROS), QUICK)
    while match is None or match.re is not ROUTEROS:
        match = yield Expect("\r" if match is None else answers[match.re], (*answers, ROUTEROS), QUICK)


@contextmanager
def guest_console(console: Console, job: ConsoleJob) -> t.Iterator[Console]:
    """The guest's console, left again whatever happens, so that nobody else finds it held."""
    refused = converse(console, _enter_console(job.guest), ANSWER, f"/metarouter console {job.name}")
    if refused is not None:
        raise GuestError(
            f"the host does not open the console of {job.name}",
            found=refused,
            remedy="See that the guest exists and runs, and that nobody else holds its console",
        )
    try:
        yield console
    finally:
        converse(console, _leave_console(), ANSWER, "leaving the console")


def _enter_console(guest: str) -> Talk[str | None]:
    """None once the console is open, else what the host said."""
    match = yield Expect(f"/metarouter console {guest}\r", (ENTERED, _AFTER_COMMAND), ANSWER)
    if match is not None and match.re is ENTERED:
        return None
    lines = [line.strip() for line in (match.string if match is not None else "no answer").splitlines()]
    said = [line for line in lines if line and "/metarouter console" not in line and not _PROMPT_LINE.match(line)]
    return " ".join(said) or "no answer"


# The host's prompt on a line of its own after something was said: the command's own echo stands behind a prompt too.
_AFTER_COMMAND: t.Final = re.compile(r"/metarouter console [^\n]*\n(?s:.*)^\[[^\]@\n]+@[^\n]*\] > *\Z", re.MULTILINE)
_PROMPT_LINE: t.Final = re.compile(r"\[[^\]@\n]+@[^\n]*\] >")


def _leave_console() -> Talk[None]:
    """Ctrl-A, then Q; from whatever state the line is in. A guest that went off may have thrown us out already."""
    yield Expect(PREFIX, (MENU,), QUICK)
    yield Expect("q", (LEFT, ROUTEROS), QUICK)


def _log_out(console: Console, login: Session) -> None:
    """Leave nobody logged in on the line."""
    console.type("/quit\r" if login.os == "routeros" else "exit\r")
