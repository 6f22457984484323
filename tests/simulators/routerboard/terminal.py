# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's command line on one router, as a machine: bytes from a terminal in, bytes to it out.

The session is written down as a dialogue, a generator that yields what it waits for (a line, the terminal's answer, the end of a
command, a program that holds the terminal) and is sent what came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ..routeros.errors import RouterError
from ..routeros.evaluator import Interpreter, Scope
from ..routeros.menu import Menu
from ..routeros.nodes import Call, Statement
from ..routeros.parser import Parser
from ..routeros.router import Result, Router
from ..routeros.values import inward, outward, to_text
from . import console_texts as texts
from .accounts import LoginName, has_password, login_allowed, set_password
from .line_editor import EscapeFilter, Event, LineEditor, Typed
from .models import at_least
from .worker import Worker

_WIDTH = 80
_CURSOR = re.compile(r"\x1b\[\d+;(\d+)R")
_PLACE = re.compile(r" \([/:][^()]*; line \d+\)(?=\r\n$)")
_CONFIRM = {"/system/reboot": texts.REBOOT_QUESTION, "/system/shutdown": texts.SHUTDOWN_QUESTION}
_CTRL_C = "\x03"


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


class Program(Protocol):
    """Something that holds the terminal for a while and writes to it by itself."""

    def feed(self, data: bytes) -> bytes | None:
        """None while it holds the terminal; once it is done, what it left of the bytes."""

    def close(self) -> None:
        """The terminal is gone."""


# Starts a program on a command's argument; the function that it is given ends the program at any later time.
ProgramStart: TypeAlias = Callable[[str, Callable[[], None]], Program]


@dataclass
class _Ask:
    prompt: str
    hidden: bool = False
    shell: bool = False  # the prompt is redrawn as the command line's
    lost: int = 0  # keys
    one_key: bool = False


@dataclass
class _Probe:
    """Gives the terminal's width."""


@dataclass
class _Run:
    source: str


@dataclass
class _Hold:
    program: Program


_Step: TypeAlias = "_Ask | _Probe | _Run | _Hold"
_Dialogue: TypeAlias = "Generator[_Step, object, None]"


@dataclass
class _Reading:
    editor: LineEditor
    ask: _Ask


@dataclass
class _Probing:
    typed: str = ""
    escapes: EscapeFilter = field(default_factory=EscapeFilter)


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
        width: int = _WIDTH,
        programs: Mapping[str, ProgramStart] | None = None,
        on_logout: Callable[[], None] | None = None,
    ) -> None:
        self._router = router
        self._version = router.platform.version
        self._send = send
        self._worker = worker
        self._settings = settings or TerminalSettings()
        self._login = login
        self._columns = self._width = width
        self._colours = False
        self._programs = programs or {}
        self._on_logout = on_logout
        self._menu: Menu = router.root
        self._typed = ""
        self._consuming = False
        self._state: _Reading | _Probing | _Run | _Hold | None = None
        self._dialogue = self._session()

    def open(self) -> None:
        self._advance(None)

    def feed(self, data: bytes) -> None:
        self._typed += data.decode("latin-1")
        self._consume()

    def close(self) -> None:
        if isinstance(self._state, _Hold):
            self._state.program.close()
        self._state = None
        self._dialogue.close()

    # The machine under the dialogue

    def _write(self, text: str) -> None:
        self._send(text.encode("latin-1"))

    def _advance(self, came: object) -> None:
        """Let the dialogue go on to what it waits for next."""
        self._state = None
        try:
            step = self._dialogue.send(came)
        except StopIteration:
            if self._on_logout is not None:
                self._on_logout()
            return
        if isinstance(step, _Ask):
            helps = step.shell and self._question_mark_helps
            self._state = _Reading(LineEditor(self._write, step.prompt, self._width, step.hidden, helps), step)
        elif isinstance(step, _Probe):
            self._begin_probe()
        elif isinstance(step, _Run):
            self._begin_run(step)
        else:
            self._state = step
        self._consume()

    def _consume(self) -> None:
        """Take what was typed for as long as somebody wants it."""
        if self._consuming:
            return
        self._consuming = True
        while self._typed and self._take():
            pass
        self._consuming = False

    def _take(self) -> bool:
        state = self._state
        if isinstance(state, _Reading):
            self._read_key(state, self._next())
        elif isinstance(state, _Probing):
            self._read_probe(state, self._next())
        elif isinstance(state, _Hold):
            self._feed_program(state)
        elif isinstance(state, _Run) and _CTRL_C in self._typed:
            self._typed = self._typed.partition(_CTRL_C)[2]
            self._advance(None)
        else:
            return False
        return True

    def _next(self) -> str:
        char, self._typed = self._typed[0], self._typed[1:]
        return char

    def _read_key(self, state: _Reading, char: str) -> None:
        if state.ask.lost > 0:
            state.ask.lost -= 1
            return
        typed = state.editor.feed(char)
        if typed is None and state.ask.one_key and not self._settings.questions_want_enter:
            typed = Typed(Event.LINE, char)
        if typed is None:
            return
        if typed.event is Event.HELP:
            self._write(f"\r\n{texts.HELP}\r\n{state.editor.shown()}")
        else:
            if state.ask.shell and typed.event is Event.LINE:
                self._write("\r" + self._coloured(state.editor.shown()))
            self._write("\r\n")
            self._advance(typed)

    def _begin_probe(self) -> None:
        state = _Probing()
        self._state = state

        def give_up() -> None:
            if self._state is state:
                self._end_probe(state, _WIDTH)

        self._write(texts.PROBE)
        self._worker.after(self._settings.probe_seconds, give_up)

    def _read_probe(self, state: _Probing, char: str) -> None:
        key = state.escapes.feed(char)
        answer = _CURSOR.fullmatch(key)
        if answer:
            self._end_probe(state, int(answer[1]))
        elif len(key) == 1:
            state.typed += key

    def _end_probe(self, state: _Probing, width: int) -> None:
        self._typed = state.typed + self._typed
        self._advance(width)

    def _begin_run(self, step: _Run) -> None:
        self._state = step

        def done(result: Result) -> None:
            if self._state is step:
                self._advance(result)

        self._worker.run(lambda: self._router.execute(outward(step.source)), done)

    def _feed_program(self, state: _Hold) -> None:
        data, self._typed = self._typed.encode("latin-1"), ""
        left = state.program.feed(data)
        if left is not None:
            self._typed = left.decode("latin-1")
            self._advance(None)

    # The dialogue

    def _session(self) -> _Dialogue:
        while True:
            given = self._login
            login = given or (yield from self._log_in())
            yield from self._greet(login)
            yield from self._shell(login)
            if given is not None:
                return

    def _log_in(self) -> Generator[_Step, object, LoginName]:
        self._write(texts.login_banner(self._version))
        while True:
            name = yield from self._ask(_Ask(texts.login_prompt(self._version)))
            if not name:
                continue
            lost, self._settings.lost_password_keys = self._settings.lost_password_keys, 0
            password = yield from self._ask(_Ask(texts.PASSWORD, hidden=True, lost=lost))
            if password is not None and login_allowed(self._router, name, password) is not None:
                return LoginName.parse(name)
            self._write(texts.LOGIN_FAILED + "\r\n")

    def _ask(self, ask: _Ask) -> Generator[_Step, object, str | None]:
        """A line; None where Ctrl-C or Ctrl-D came instead."""
        self._write(ask.prompt)
        typed = yield ask
        assert isinstance(typed, Typed)
        return typed.text if typed.event is Event.LINE else None

    def _greet(self, login: LoginName) -> _Dialogue:
        self._colours, self._width = login.colours, login.width or self._columns
        if login.detects:
            width = yield _Probe()
            assert isinstance(width, int)
            self._width = login.width or width
        self._write(texts.welcome(self._version))
        if self._settings.licence:
            answer = yield from self._ask(_Ask(texts.LICENCE_QUESTION, one_key=True))
            self._settings.licence = False
            if answer is not None and answer[:1].lower() != "n":
                self._write(texts.LICENCE)
        if at_least(self._version, texts.NEW_PASSWORD) and not has_password(self._router, login.user):
            yield from self._change_password(login.user)

    def _change_password(self, user: str) -> _Dialogue:
        """Asked of users without one; Ctrl-C skips it."""
        self._write(texts.CHANGE_PASSWORD)
        while True:
            first = yield from self._ask(_Ask(texts.NEW_PASSWORD_PROMPT, hidden=True))
            if first is None:
                return
            again = yield from self._ask(_Ask(texts.REPEAT_PASSWORD_PROMPT, hidden=True))
            if again is None:
                return
            if first and first == again:
                set_password(self._router, user, first)
                self._write(texts.PASSWORD_CHANGED)
                return
            self._write(texts.PASSWORDS_DIFFER)

    def _shell(self, login: LoginName) -> _Dialogue:
        self._menu = self._router.root
        while True:
            prompt = texts.prompt(self._version, login.user, inward(self._router.identity), self._menu.path)
            self._draw_prompt(prompt)
            typed = yield _Ask(prompt, shell=True)
            assert isinstance(typed, Typed)
            line = typed.text.strip()
            if typed.event is Event.END or line in ("/quit", "quit"):
                return
            if typed.event is Event.LINE and line:
                yield from self._command(line)

    def _command(self, line: str) -> _Dialogue:
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
            yield _Hold(program)
        elif statements:
            question = _CONFIRM.get(statements[0].command.path) if isinstance(statements[0], Call) else None
            if question is None or (yield from self._ask(_Ask(question, one_key=True))) in ("y", "Y"):
                result = yield _Run(f"{menu.path}\n{line}" if menu.path else line)
                self._show_result(result)

    def _start_program(self, statements: list[Statement]) -> Program | None:
        call = statements[0] if len(statements) == 1 else None
        if not isinstance(call, Call) or call.command.path not in self._programs:
            return None
        with self._router.lock:
            evaluate = Interpreter(self._router).evaluate
            arguments = [to_text(evaluate(node, Scope(self._router.globals))) for node in call.arguments.values()]
        start = self._programs[call.command.path]
        return start(arguments[0] if arguments else "", lambda: self._worker.after(0, self._end_program))

    def _end_program(self) -> None:
        """Called by a program that ends by itself."""
        if isinstance(self._state, _Hold):
            self._advance(None)

    # What is shown

    @property
    def _question_mark_helps(self) -> bool:
        """RouterOS 7 moved the help to F1."""
        wanted = self._settings.question_mark_helps
        return not at_least(self._version, "7") if wanted is None else wanted

    def _coloured(self, line: str) -> str:
        return f"\x1b[m\x1b[36m{line}\x1b[m" if self._colours else line

    def _draw_prompt(self, prompt: str) -> None:
        """As RouterOS does it: what stood in the line is painted over (measured on CHR 7.21, reported for 6)."""
        blank = " " * max(self._width - 1 - len(prompt), 0)
        self._write(f"\r\r\r\r{prompt}{blank}\r{self._coloured(prompt)}")

    def _show_result(self, result: object) -> None:
        if not isinstance(result, Result):
            self._write(texts.INTERRUPTED)
            return
        output = inward(result.output)
        self._show(_PLACE.sub("", output) if result.exit_code else output)

    def _show(self, output: str) -> None:
        """Lines that do not fit the terminal are broken."""
        width = self._width
        lines = output.split("\r\n")
        broken = [line[start : start + width] for line in lines for start in range(0, max(len(line), 1), width)]
        self._write("\r" + "\r\n".join(broken) + ("\r\n" if output else ""))
