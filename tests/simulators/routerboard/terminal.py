# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's command line on one router: logging in, commands, menus."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..routeros.errors import RouterError
from ..routeros.evaluator import Interpreter, Scope
from ..routeros.menu import Menu
from ..routeros.nodes import Call, Statement
from ..routeros.parser import Parser
from ..routeros.router import Result, Router
from ..routeros.values import inward, outward, to_text
from . import console_texts as texts
from .accounts import LoginName, has_password, login_allowed, set_password
from .line_editor import Event, Typed
from .models import at_least
from .terminal_machine import WIDTH, Ask, Dialogue, Hold, Machine, Probe, Program, Run
from .worker import Worker

# Where a script failed stands behind the error in its output, not on the command line.
_PLACE = re.compile(r" \([/:][^()]*; line \d+\)(?=\r\n$)")
_CONFIRM = {"/system/reboot": texts.REBOOT_QUESTION, "/system/shutdown": texts.SHUTDOWN_QUESTION}


@dataclass
class TerminalSettings:
    """`probe_seconds` is how long a terminal that does not answer is waited for (a router: about 10 s).

    `licence` is whether the licence question is still to be asked; the first answer ends that. `lost_password_keys` are swallowed
    at the next password prompt, as it happens on slow guests. `question_mark_helps` is about "?" in the line, None goes by version.
    `questions_want_enter` is whether [Y/n] takes a line instead of one key. Neither of the last two was measured.
    """

    probe_seconds: float = 0.3
    licence: bool = True
    lost_password_keys: int = 0
    question_mark_helps: bool | None = None
    questions_want_enter: bool = False


# Starts a program on a command's argument; the function that it is given ends the program at any later time.
ProgramStart: TypeAlias = Callable[[str, Callable[[], None]], Program]


class Terminal:
    """`login` is who is logged in already (the session ends with `on_logout` then); without it the terminal begins with "Login:".

    `programs` are started by the commands of these paths, for example "/metarouter/console". All methods, and what the worker calls,
    must be called one at a time.
    """

    def __init__(
        self,
        router: Router,
        send: Callable[[bytes], None],
        worker: Worker,
        settings: TerminalSettings | None = None,
        login: LoginName | None = None,
        width: int = WIDTH,
        programs: Mapping[str, ProgramStart] | None = None,
        on_logout: Callable[[], None] = lambda: None,
    ) -> None:
        self._router = router
        self._version = router.platform.version
        self._settings = settings or TerminalSettings()
        self._login = login
        self._columns = width
        self._programs = programs or {}
        self._menu: Menu = router.root
        self._machine = Machine(send, worker, self._session(), on_logout)

    def open(self) -> None:
        self._machine.start()

    def feed(self, data: bytes) -> None:
        self._machine.feed(data)

    def close(self) -> None:
        self._machine.close()

    # The dialogue

    def _session(self) -> Dialogue[None]:
        while True:
            given = self._login
            login = given or (yield from self._log_in())
            yield from self._greet(login)
            yield from self._shell(login)
            if given is not None:
                return

    def _log_in(self) -> Dialogue[LoginName]:
        self._machine.write(texts.login_banner(self._version))
        while True:
            name = yield from self._ask(Ask(texts.login_prompt(self._version)))
            if not name:
                continue
            lost, self._settings.lost_password_keys = self._settings.lost_password_keys, 0
            password = yield from self._ask(Ask(texts.PASSWORD, hidden=True, lost=lost))
            if password is not None and login_allowed(self._router, name, password) is not None:
                return LoginName.parse(name)
            self._machine.write(texts.LOGIN_FAILED + "\r\n")

    def _ask(self, ask: Ask) -> Dialogue[str | None]:
        """A line; None where Ctrl-C or Ctrl-D came instead."""
        self._machine.write(ask.prompt)
        typed = yield ask
        assert isinstance(typed, Typed)
        return typed.text if typed.event is Event.LINE else None

    def _greet(self, login: LoginName) -> Dialogue[None]:
        self._machine.colours, self._machine.width = login.colours, login.width or self._columns
        if login.detects:
            width = yield Probe(self._settings.probe_seconds)
            assert isinstance(width, int)
            self._machine.width = login.width or width
        self._machine.write(texts.welcome(self._version))
        if self._settings.licence:
            answer = yield from self._ask(Ask(texts.LICENCE_QUESTION, one_key=not self._settings.questions_want_enter))
            self._settings.licence = False
            if answer is not None and answer[:1].lower() != "n":
                self._machine.write(texts.LICENCE)
        if at_least(self._version, texts.NEW_PASSWORD) and not has_password(self._router, login.user):
            yield from self._change_password(login.user)

    def _change_password(self, user: str) -> Dialogue[None]:
        """Asked of users without one; Ctrl-C skips it."""
        self._machine.write(texts.CHANGE_PASSWORD)
        while True:
            first = yield from self._ask(Ask(texts.NEW_PASSWORD_PROMPT, hidden=True))
            if first is None:
                return
            again = yield from self._ask(Ask(texts.REPEAT_PASSWORD_PROMPT, hidden=True))
            if again is None:
                return
            if first and first == again:
                set_password(self._router, user, first)
                self._machine.write(texts.PASSWORD_CHANGED)
                return
            self._machine.write(texts.PASSWORDS_DIFFER)

    def _shell(self, login: LoginName) -> Dialogue[None]:
        self._menu = self._router.root
        while True:
            prompt = texts.prompt(self._version, login.user, inward(self._router.identity), self._menu.path)
            self._draw_prompt(prompt)
            typed = yield Ask(prompt, shell=True, helps=self._question_mark_helps)
            assert isinstance(typed, Typed)
            line = typed.text.strip()
            if typed.event is Event.END or line in ("/quit", "quit"):
                return
            if typed.event is Event.LINE and line:
                yield from self._command(line)

    def _command(self, line: str) -> Dialogue[None]:
        menu = self._menu
        try:
            parser = Parser(line, self._router.root, menu)
            statements = parser.script()
            program = self._start_program(statements)
        except RouterError as error:
            self._show(error.text() + "\r\n")
            return
        self._menu = parser.menu
        if program is not None:
            yield Hold(program)
        elif statements:
            question = _CONFIRM.get(statements[0].command.path) if isinstance(statements[0], Call) else None
            if question is None or (yield from self._ask(Ask(question, one_key=not self._settings.questions_want_enter))) in ("y", "Y"):
                source = outward(f"{menu.path}\n{line}" if menu.path else line)
                result = yield Run(lambda: self._router.execute(source))
                self._show_result(result)

    def _start_program(self, statements: list[Statement]) -> Program | None:
        call = statements[0] if len(statements) == 1 else None
        if not isinstance(call, Call) or call.command.path not in self._programs:
            return None
        with self._router.lock:
            evaluate = Interpreter(self._router).evaluate
            arguments = [to_text(evaluate(node, Scope(self._router.globals))) for node in call.arguments.values()]
        start = self._programs[call.command.path]
        return start(arguments[0] if arguments else "", self._machine.end_program)

    # What is shown

    @property
    def _question_mark_helps(self) -> bool:
        """RouterOS 7 moved the help to F1."""
        wanted = self._settings.question_mark_helps
        return not at_least(self._version, "7") if wanted is None else wanted

    def _draw_prompt(self, prompt: str) -> None:
        """As RouterOS does it: what stood in the line is painted over (measured on CHR 7.21, reported for 6)."""
        blank = " " * max(self._machine.width - 1 - len(prompt), 0)
        self._machine.write(f"\r\r\r\r{prompt}{blank}\r{self._machine.coloured(prompt)}")

    def _show_result(self, result: object) -> None:
        if not isinstance(result, Result):
            self._machine.write(texts.INTERRUPTED)
            return
        output = inward(result.output)
        self._show(_PLACE.sub("", output) if result.exit_code else output)

    def _show(self, output: str) -> None:
        """Lines that do not fit the terminal are broken."""
        width = self._machine.width
        lines = output.split("\r\n")
        broken = [line[start : start + width] for line in lines for start in range(0, max(len(line), 1), width)]
        self._machine.write("\r" + "\r\n".join(broken) + ("\r\n" if output else ""))
