# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One API connection after the wire: login, commands, replies. Sentences in, sentences out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from ..routeros.errors import RouterError
from ..routeros.evaluator import Interpreter
from ..routeros.menu import Command
from ..routeros.router import Router
from ..routeros.values import Value, outward, to_text
from .api_commands import Record, Request, UnknownParameterError, arguments, find_command, row_words, rows, trap_words
from .api_framing import Sentence, encode_sentence
from .api_login import Login, LoginRefusedError
from .faults import Fault, Faults, When
from .models import EMPTY_REPLY, at_least
from .rendering import Rendering

NOT_LOGGED_IN = "not logged in"
QUIT = "session terminated on request"


class ApiHost(Protocol):
    """What a session needs of its board."""

    router: Router
    rendering: Rendering
    faults: Faults

    def log_api(self, words: list[str]) -> None: ...


class _Run(Interpreter):
    """One command: its progress becomes rows, and it can be cancelled while it waits."""

    def __init__(self, session: ApiSession, request: Request, fault: Fault | None) -> None:
        super().__init__(session.host.router)
        self.cancelled = threading.Event()
        self._session = session
        self._request = request
        self._fault = fault

    def report(self, row: Record) -> None:
        if self._fault is not None and self._fault.when is When.MIDWAY:
            self._session.drop()
        self._session.reply("!re", row_words(row, None, self._session.host.rendering), self._request)

    def sleep(self, seconds: float) -> None:
        self.router.lock.release()
        try:
            cancelled = self.cancelled.wait(seconds)
        finally:
            self.router.lock.acquire()
        if cancelled:
            raise RouterError("interrupted")


class ApiSession:
    """`send` puts bytes on the wire, `drop` cuts the connection; neither may raise. Slow commands run in threads of their own."""

    def __init__(self, host: ApiHost, send: Callable[[bytes], None], drop: Callable[[], None]) -> None:
        self.host = host
        self._drop = drop
        self._ended = False
        self._send = send
        self._user: str | None = None
        self._login = Login(host.router)
        self._running: dict[str | None, _Run] = {}

    def handle(self, sentence: Sentence) -> None:
        if self._ended:
            return
        words = [word.decode("latin-1") for word in sentence]
        request = Request(words)
        if request.path == "/login":
            self._log_in(request)
        elif self._user is None:
            self._fatal(NOT_LOGGED_IN)
        elif request.path == "/quit":
            self._fatal(QUIT)
        else:
            self.host.log_api([outward(word) for word in words])
            if request.path == "/cancel":
                self._cancel(request)
            else:
                self._begin(request)

    def reply(self, kind: str, words: list[str], request: Request) -> None:
        tag = [f".tag={request.tag}"] if request.tag is not None else []
        self._send(encode_sentence(word.encode("latin-1") for word in (kind, *words, *tag)))

    def drop(self) -> None:
        self._ended = True
        self._drop()

    def close(self) -> None:
        """The wire is gone. What runs, runs to its end, as an import does on a router."""
        self._send = _nowhere

    def _fatal(self, reason: str) -> None:
        self._send(encode_sentence([b"!fatal", reason.encode("ascii")]))
        self.drop()

    def _log_in(self, request: Request) -> None:
        try:
            if self.host.faults.refuse_logins:
                self._login.refuse()
            self._user, challenge = self._login.attempt(request.attributes)
        except LoginRefusedError as error:
            self.reply("!trap", [f"=message={error}"], request)
            challenge = None
        self.reply("!done", [f"=ret={challenge}"] if challenge is not None else [], request)

    # Commands

    def _begin(self, request: Request) -> None:
        fault = self.host.faults.strike(request.path)
        if fault is not None and fault.when is When.BEFORE:
            self.drop()
            return
        try:
            command = find_command(self.host.router.root, request.path, self.host.rendering.unknown_menu)
        except RouterError as error:
            self._trap(error, request)
            return
        run = self._running[request.tag] = _Run(self, request, fault)
        if command.slow or fault is not None:
            threading.Thread(target=self._run, args=(command, request, run, fault), daemon=True).start()
        else:
            self._run(command, request, run, fault)

    def _run(self, command: Command, request: Request, run: _Run, fault: Fault | None) -> None:
        if fault is not None and fault.when is When.HANG:
            fault.released.wait()
        try:
            replies = self._execute(command, request, run)
        except RouterError as error:
            replies = [("!trap", trap_words(error)), ("!done", [])]
        self._running.pop(request.tag, None)
        if fault is not None and fault.when is When.AFTER:
            self.drop()
            return
        for kind, words in replies:
            self.reply(kind, words, request)

    def _execute(self, command: Command, request: Request, run: _Run) -> list[tuple[str, list[str]]]:
        values = arguments(command, request.attributes, self.host.rendering)
        if command.name == "print":
            return self._print(command, request, values, run)
        if request.queries:
            raise UnknownParameterError("?" + request.queries[0])
        ret = self.host.router.invoke(command, values, run)
        return [("!done", [] if ret is None else [f"=ret={to_text(ret)}"])]

    def _print(self, command: Command, request: Request, values: dict[str, Value], run: _Run) -> list[tuple[str, list[str]]]:
        router = self.host.router
        count_only = values.pop("count-only", None) is not None
        records = rows(router.invoke(command, {"as-value": True}, run), request.queries)
        if count_only:
            return [("!done", [f"=ret={len(records)}"])]
        wanted = request.attributes.get(".proplist") or values.get("proplist")
        proplist = to_text(wanted).split(",") if wanted else None
        replies = [("!re", row_words(record, proplist, self.host.rendering)) for record in records]
        if not replies and at_least(router.platform.version, EMPTY_REPLY):
            replies.append(("!empty", []))
        return [*replies, ("!done", [])]

    def _trap(self, error: RouterError, request: Request) -> None:
        self.reply("!trap", trap_words(error), request)
        self.reply("!done", [], request)

    def _cancel(self, request: Request) -> None:
        """One command by its tag, or all of them."""
        if "tag" in request.attributes:
            found = [run for tag, run in self._running.items() if tag == request.attributes["tag"]]
        else:
            found = list(self._running.values())
        for run in found:
            run.cancelled.set()
        self.reply("!done", [], request)


def _nowhere(data: bytes) -> None:
    """Where replies go that nobody waits for any more."""
