# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands inside many MetaROUTER guests, through their host's consoles: side by side over guests, in order within one (private)."""

from __future__ import annotations

import re
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress, run_batch
from .._core.changes import Change
from .._core.errors import GuestError, InputError, RouterError
from .._core.text import quote
from .._guests.scripts import Job, parse_script, predict
from .._routeros.console import (
    INTERRUPT,
    LICENSE,
    NEW_PASSWORD,
    REPEAT_PASSWORD,
    ROUTEROS,
    Expect,
    NoLoginError,
    Session,
    SilentError,
    Talk,
    log_in,
    log_out,
    set_password,
)
from .._routeros.conversation import Console, ConsoleRunner, converse
from .._routeros.script import Script, run
from .._routeros.ssh import SshSession
from .._routeros.way import Credential

PREFIX: t.Final = "\x01"  # Ctrl-A, and what comes after it (MetaROUTER manual, Connecting to the virtual machine)
QUIT: t.Final = "q"
BREAK: t.Final = "b"
ENTERED: t.Final = re.compile(r"\[Ctrl-A is the prefix key\]")
MENU: t.Final = re.compile(r"Q - quit connection")
LEFT: t.Final = re.compile(r"Welcome back!")
ANSWER: t.Final = 10.0  # seconds that the host itself may take to answer
QUICK: t.Final = 3.0  # seconds of silence
PATIENCE: t.Final = 15.0  # seconds of silence after which check mode takes a guest for one that does not run
FACTORY: t.Final = {"routeros": Credential("admin"), "openwrt": Credential("root")}


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
class Terms:
    """How the batch is carried out."""

    check_mode: bool
    concurrency: int
    planned: Planned = NOTHING_PLANNED


def parse_console(options: t.Mapping[str, t.Any]) -> ConsoleJob:
    """One entry of `guests`. Raises InputError."""
    name, os, new_password = options["name"], options["os"], options.get("new_password")
    if options["timeout"] <= 0:
        raise InputError(f"timeout: {options['timeout']} s is not above 0")
    if new_password is not None and not new_password.strip():
        raise InputError("new_password: the guest would keep the factory's empty password", remedy="Give one, or leave new_password out")
    if os == "openwrt" and new_password:
        raise InputError("new_password: OpenWrt's console asks for no login", remedy="Set its password by other means, for example in its image")
    given = options.get("credentials")
    credentials = [FACTORY[os]] if given is None else [Credential(entry["username"], entry.get("password") or "") for entry in given]
    for credential in credentials:
        _check_keys(credential.username, "credentials: a username")
        _check_keys(credential.password, "credentials: a password")
    _check_keys(name, "name")
    _check_keys(new_password or "", "new_password")
    commands = tuple(_parse_command(entry, name, number, os) for number, entry in enumerate(options["commands"], 1))
    return ConsoleJob(name, os, tuple(credentials), new_password, commands, options["send_break"], float(options["timeout"]))


def _parse_command(entry: t.Mapping[str, t.Any], guest: str, number: int, os: str) -> Job:
    title = entry.get("name") or f"command {number}"
    source, unless = entry["source"].strip(), (entry.get("unless") or "").strip() or None
    for text in (source, unless or ""):
        if len(text.splitlines()) > 1:
            raise InputError(f"commands: {title} has several lines", remedy="The console takes one command a line: make each its own entry")
        _check_keys(text, f"commands: {title}")
    if unless is not None and os == "openwrt":
        raise InputError(f"commands: {title}: unless takes a RouterOS expression", remedy="Write the question into the command: test ... || ...")
    return parse_script({**entry, "guest": guest, "name": title, "source": source, "unless": unless}, number)


def _check_keys(text: str, what: str) -> None:
    """Raise InputError for what a console would take as a key of its own: Ctrl-A leaves it, a tabulator completes words."""
    if any(char < " " or char == "\x7f" for char in text):
        raise InputError(f"{what} holds a control character, which a console takes as a command of its own", remedy="Write it with an escape")


def run_consoles(session: SshSession, jobs: t.Mapping[str, ConsoleJob], terms: Terms, progress: Progress) -> dict[str, Outcome]:
    """Do every guest's work; an outcome for each."""

    def work(job: ConsoleJob) -> t.Callable[[], Outcome]:
        return lambda: _Work(session, job, terms, progress).outcome()

    return run_batch({name: work(job) for name, job in jobs.items()}, terms.concurrency)


class _Work:
    """One guest's work as it goes: what was done stays visible after a failure."""

    def __init__(self, session: SshSession, job: ConsoleJob, terms: Terms, progress: Progress) -> None:
        self._session = session
        self._job = job
        self._terms = terms
        self._progress = progress
        self._done: list[dict[str, t.Any]] = []
        self._changes: list[Change] = []
        self._facts: dict[str, t.Any] = {}

    def outcome(self) -> Outcome:
        error: RouterError | None = None
        try:
            self._enter()
        except (_ClosedError, SilentError) as caught:
            if self._terms.check_mode and self._job.name in self._terms.planned.guests:  # an earlier task would make it, or start it
                self._predict_all()
            else:
                error = caught
        except RouterError as caught:
            error = caught
        return Outcome(self._job.name, tuple(self._changes), {**self._facts, "commands": self._done}, error=error)

    def _predict_all(self) -> None:
        """For a guest that nobody can ask."""
        if self._job.new_password is not None:
            self._changes.append(Change("password", None, "set"))
        for job in self._job.commands:
            self._keep(job, predict(None, job.script).as_dict(), True)

    def _enter(self) -> None:
        job = self._job
        with host_shell(self._session) as host, guest_console(host, job) as console:
            if job.send_break:
                if not self._terms.check_mode:
                    console.type(PREFIX + BREAK)
                self._changes.append(Change("break", None, "sent"))
            self._progress(job.name, "logging in at its console")
            answer, patience = job.new_password, job.timeout
            if self._terms.check_mode:  # a question for a new password is left unanswered, and a guest that is off is no surprise
                answer, patience = None, min(PATIENCE, job.timeout / 2)
            login = converse(console, log_in(job.credentials, answer, patience), job.timeout, "logging in")
            self._facts["login"] = {"os": login.os, "credential": login.credential, "prompt": login.prompt}
            try:
                self._work(console, login)
            finally:
                with suppress(GuestError):  # who is already gone needs no farewell, and another error counts more
                    converse(console, log_out(login.os), ANSWER, "logging out")

    def _work(self, console: Console, login: Session) -> None:
        if login.os != self._job.os:
            raise GuestError("os: another system answers", wanted=self._job.os, found=login.os, remedy="Change os")
        runner = ConsoleRunner(console, login.os)
        self._set_password(runner, login)
        self._verify_password(console, login)
        for job in self._job.commands:
            if self._terms.check_mode and not job.read_only:
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
        if not login.password_set and not self._terms.check_mode:
            run(runner, Script("new_password", set_password(used.username, wanted)))
        self._changes.append(Change("password", None, "set"))

    def _verify_password(self, console: Console, login: Session) -> None:
        """The factory's login must be refused: by trying it, unless who logged in is the factory's user and has another password."""
        wanted, factory = self._job.new_password, FACTORY[login.os]
        if wanted is None or login.credential is None or self._terms.check_mode:
            return
        used = self._job.credentials[login.credential]
        if used == Credential(factory.username, wanted):
            return
        self._progress(self._job.name, "verifying that the factory's password is refused")
        try:
            converse(console, log_in((factory,), None, self._job.timeout), self._job.timeout, "trying the factory's login")
        except NoLoginError:
            again = (Credential(used.username, wanted),)
            converse(console, log_in(again, None, self._job.timeout), self._job.timeout, "logging in with the new password")
            return
        raise GuestError(
            f"the guest still takes {factory.username} without password",
            remedy=f"Name {factory.username} first in credentials, so that new_password becomes its password",
        )

    def _keep(self, job: Job, entry: dict[str, t.Any], changed: bool) -> None:
        self._done.append(entry)
        if changed and not job.read_only:
            self._changes.append(Change(f"commands.{job.script.name}", "not run", "run"))


class _ClosedError(GuestError):
    """The host lets nobody in: no such guest, or somebody else is there."""


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
        raise _ClosedError(
            f"the host does not open the console of {job.name}",
            found=refused,
            remedy="See that the guest exists and runs, and that nobody else holds its console",
        )
    try:
        yield console
    finally:
        with suppress(GuestError):  # the end of the channel frees the console too, and another error counts more
            converse(console, _leave_console(), ANSWER, "leaving the console")


def _enter_console(guest: str) -> Talk[str | None]:
    """None once the console is open, else what the host said."""
    match = yield Expect(f"/metarouter console {guest}\r", (ENTERED, _AFTER_COMMAND), ANSWER)
    if match is not None and match.re is ENTERED:
        return None
    lines = [line.strip() for line in (match.string if match is not None else "no answer").splitlines()]
    said = [line for line in lines if line and "/metarouter console" not in line and not _PROMPT_LINE.match(line)]
    return " ".join(said) or "no answer"


# The host's prompt after something was said: the command's own echo, which is drawn twice, stands behind a prompt too.
_AFTER_COMMAND: t.Final = re.compile(r"/metarouter console [^\n]*\n(?s:.*)^(?!\[)[^\n]*\S[^\n]*\n(?s:.*)^\[[^\]@\n]+@[^\n]*\] > *\Z", re.MULTILINE)
_PROMPT_LINE: t.Final = re.compile(r"\[[^\]@\n]+@[^\n]*\] >")


def _leave_console() -> Talk[None]:
    """Ctrl-A, then Q; from whatever state the line is in. A guest that went off may have thrown us out already."""
    yield Expect(PREFIX, (MENU,), QUICK)
    yield Expect(QUIT, (LEFT, ROUTEROS), QUICK)
