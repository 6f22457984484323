# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue with a router's serial console: logging in, and one command at a time (private, pure: bytes in, bytes out).

It knows nothing of the wire: a RouterBOARD's `/metarouter console` over SSH today, a hypervisor's serial port later. A dialogue is a
generator: it yields what to send and which texts it then waits for, and gets the one that came, or None after silence.
"""

from __future__ import annotations

import codecs
import re
import typing as t
from dataclasses import dataclass

from .._core.errors import GuestError
from .._core.text import quote
from .script import EXIT_DONE, EXIT_FAILED
from .way import Credential, Ended

# Appended to the user's name, RouterOS's console then asks the terminal nothing and uses no colours: c, e(dumb), t; a line is so wide.
PLAIN_TERMINAL: t.Final = "+cet1024w"
INTERRUPT: t.Final = "\x03"
SILENCE: t.Final = 3.0  # seconds after which a key is pressed again: a slow guest can lose one (seen with blank passwords)
SETTLED: t.Final = 0.5  # seconds of silence after which a screen shows where the line stands, and not where it stood
STEPS: t.Final = 30  # answers without an end, after which a login is given up: it goes round in circles
# A terminal's answers to "what are you" and "where is your cursor", which a RouterOS waits for up to 10 s (measured on 7.23).
PROBES: t.Final = {"\x1bZ": "\x1b[?1;2c", "\x1b[6n": "\x1b[24;80R"}

_ESCAPE: t.Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-B]|[@-Z\\^_=>])")
_HALF_ESCAPE: t.Final = re.compile(r"(?:\x1b(?:\[[0-9;?]*|[()])?|\r)\Z")

LOGIN: t.Final = re.compile(r"[Ll]ogin: *\Z")  # RouterOS writes it with a capital, a Linux without
PASSWORD: t.Final = re.compile(r"[Pp]assword: *\Z")
REFUSED: t.Final = re.compile(r"(?:Login failed|Login incorrect|incorrect username or password)[^\n]*\n")
LICENSE: t.Final = re.compile(r"software licen[sc]e\? \[Y/n\]:? *\Z")
NEW_PASSWORD: t.Final = re.compile(r"(?<!repeat )new password> *\Z")
REPEAT_PASSWORD: t.Final = re.compile(r"repeat new password> *\Z")
ACTIVATE: t.Final = re.compile(r"Please press Enter to activate this console\.?\s*\Z")
ROUTEROS: t.Final = re.compile(r"^\[[^\]@\n]+@[^\n]*\] (?:/?[a-z][^\n<>]*)?(?:<SAFE> ?>?|>) *\Z", re.MULTILINE)
OPENWRT: t.Final = re.compile(r"^(?:[\w-]+@[\w.() -]+:)?[/~][^\n]*# *\Z", re.MULTILINE)
QUESTION: t.Final = re.compile(r"^[^\n]*\[[Yy]/[Nn]\]:? *\Z", re.MULTILINE)
AT_LOGIN: t.Final = (REFUSED, LOGIN, PASSWORD, LICENSE, REPEAT_PASSWORD, NEW_PASSWORD, ACTIVATE, ROUTEROS, OPENWRT)


class SilentError(GuestError):
    """Nobody answers at the console: the guest is off, or still boots."""


class NoLoginError(GuestError):
    """The guest refuses every login."""


@dataclass(frozen=True)
class Expect:
    """Send this, then wait until one of these texts is on the screen; None is handed back after so many seconds without one."""

    send: str
    patterns: tuple[re.Pattern[str], ...]
    silence: float


Result = t.TypeVar("Result")
Talk = t.Generator[Expect, t.Optional[t.Match[str]], Result]  # noqa: UP045  (evaluated at import on Python 3.10 as well)


class Screen:
    """What a terminal would show, as plain text: no colours, lines ended by `\\n`. What was matched is taken off it."""

    def __init__(self) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._half = ""

    def feed(self, data: bytes) -> str:
        """Take bytes from the console; what a terminal answers to them."""
        raw = self._half + self._decoder.decode(data)
        half = _HALF_ESCAPE.search(raw)
        self._half = half.group() if half else ""
        raw = raw[: len(raw) - len(self._half)]
        answers = "".join(answer * raw.count(probe) for probe, answer in PROBES.items())
        self.text += _ESCAPE.sub("", raw).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\x07", "")
        return answers

    def take(self, patterns: t.Iterable[re.Pattern[str]]) -> re.Match[str] | None:
        """The pattern that is there first in their order; the text up to its end is taken off."""
        for pattern in patterns:
            match = pattern.search(self.text)
            if match is not None:
                self.text = self.text[match.end() :]
                return match
        return None


@dataclass(frozen=True)
class Session:
    """Where a login ended. `credential` is the place of the one that worked, from 0; None where no login was asked for."""

    os: str  # routeros or openwrt
    prompt: str
    credential: int | None
    password_set: bool = False  # a new password was asked for, and given


def log_in(credentials: t.Sequence[Credential], new_password: str | None, patience: float) -> Talk[Session]:
    """From whatever the line shows to a prompt, logged in by the first credential that works.

    Raises SilentError after `patience` seconds without a word, and GuestError where no login works.

    Somebody may have left the line logged in, in a menu or half-way in a command: that session is ended first, as nobody knows whose it is.
    """
    state = _Login(credentials, new_password, patience)
    yield Expect(INTERRUPT, (), SETTLED)
    match = yield Expect("", AT_LOGIN, SILENCE)
    while (session := state.session(match)) is None:
        match = yield Expect(state.answer(match), AT_LOGIN, SILENCE)
    return session


class _Login:
    """What a login knows of itself: which credential is tried, and what was answered."""

    def __init__(self, credentials: t.Sequence[Credential], new_password: str | None, patience: float) -> None:
        self._credentials = credentials
        self._new_password = new_password
        self._patience = patience
        self._last = ""
        self._tried = -1  # the credential whose name was sent last
        self._password_set = False
        self._silent = 0.0  # seconds
        self._steps = 0

    def session(self, match: re.Match[str] | None) -> Session | None:
        """The end of the login, if this prompt is it."""
        if match is None or match.re not in (ROUTEROS, OPENWRT):
            return None
        if match.re is OPENWRT:
            return Session("openwrt", match.group().strip(), self._tried if self._tried >= 0 else None)
        if self._tried < 0:
            return None
        return Session("routeros", match.group().strip(), self._tried, self._password_set)

    def answer(self, match: re.Match[str] | None) -> str:
        """What to type now. Raises GuestError where nothing is left to try."""
        if match is None:
            self._silent += SILENCE
            if self._silent >= self._patience:
                raise SilentError("the console does not answer", found=self._last or "nothing", remedy="See that the guest runs and has booted")
            return "\r"
        self._silent = 0.0
        self._last = match.group().strip()
        self._steps += 1
        if self._steps > STEPS:
            raise GuestError("the console's login does not come to an end", found=self._last, remedy="Look at the console")
        answers: dict[re.Pattern[str], t.Callable[[], str]] = {
            REFUSED: lambda: "",
            LOGIN: self._name,
            PASSWORD: lambda: (self._credentials[self._tried].password if self._tried >= 0 else "") + "\r",
            LICENSE: lambda: "n",
            NEW_PASSWORD: self._new,
            REPEAT_PASSWORD: lambda: f"{self._new_password}\r",
            ACTIVATE: lambda: "\r",
            ROUTEROS: lambda: DIALECTS["routeros"].leave,
        }
        return answers[match.re]()

    def _name(self) -> str:
        self._tried += 1
        if self._tried >= len(self._credentials):
            tried = ", ".join(f"{credential.username} {_with(credential)}" for credential in self._credentials) or "none"
            raise NoLoginError("the guest refuses every login", found=f"tried {tried}", remedy="Give its user and password in credentials")
        parameters = PLAIN_TERMINAL if "Login" in self._last else ""
        return f"{self._credentials[self._tried].username}{parameters}\r"

    def _new(self) -> str:
        if self._new_password is None:
            return INTERRUPT
        self._password_set = True
        return f"{self._new_password}\r"


def _with(credential: Credential) -> str:
    return "with a password" if credential.password else "without password"


@dataclass(frozen=True)
class Dialect:
    """How one system's prompt looks, and how a line of it prints two markers that its own echo does not contain.

    `line` and `end` are formats with `source` and `number`; `echo` is the tail of the line as it was typed, `fine` what proves success,
    `leave` logs out.
    """

    prompt: re.Pattern[str]
    line: str
    echo: str
    end: str
    fine: str
    leave: str


DIALECTS: t.Final = {
    "routeros": Dialect(
        prompt=ROUTEROS,
        line='{source}; :put ("vrouter"."{number}fine")',
        echo='("vrouter"."{number}fine")',
        end=':put ("vrouter"."{number}end")',
        fine="vrouter{number}fine",
        leave="/quit\r",
    ),
    "openwrt": Dialect(
        prompt=OPENWRT,
        line='{source}; echo "vrouter"{number}fine=$?',
        echo='echo "vrouter"{number}fine=$?',
        end='echo "vrouter"{number}end',
        fine="vrouter{number}fine=0",
        leave="exit\r",
    ),
}
_MARKER: t.Final = re.compile(r"vrouter\d+fine(?:=\d+)?")


def run_command(os: str, source: str, number: int) -> Talk[Ended]:
    """One command, on one line. `number` differs from that of every earlier command of this line.

    A marker that its echo cannot contain ends the output; another, printed by the command's own line, is there only if all of that line
    went well. So success is never guessed, and versions without `on-error` work too. Raises GuestError for a command that asks a question.
    """
    dialect = DIALECTS[os]
    returned = re.compile(rf"{_echo(dialect, number)}[^\n]*\n(?s:.*){dialect.prompt.pattern}", re.MULTILINE)
    shown = yield from _until(dialect.line.format(source=source, number=number) + "\r", returned, (QUESTION, dialect.prompt))
    end = re.compile(rf"^vrouter{number}end$", re.MULTILINE)
    shown += yield from _until(dialect.end.format(number=number) + "\r", end)
    return _ended(dialect, shown, number)


def _until(send: str, pattern: re.Pattern[str], settled: tuple[re.Pattern[str], ...] = ()) -> Talk[str]:
    """Everything on the screen up to this text, however long it takes: whoever drives the dialogue has the time limit.

    The texts of `settled` count only once nothing more comes: in the middle of an output they would mean nothing.
    """
    match = yield Expect(send, (pattern,), SILENCE)
    while match is None:
        match = yield Expect("", (pattern, *settled), SILENCE)
    if match.re is QUESTION:
        raise GuestError("the command asks a question, which nobody answers here", found=match.group(), remedy="Give it in a form that asks nothing")
    return match.string[: match.end()]


def _echo(dialect: Dialect, number: int) -> str:
    """A pattern for the tail of a typed line as the console shows it, which breaks it where its own line ends."""
    return r"\n?".join(map(re.escape, dialect.echo.format(number=number)))


def _ended(dialect: Dialect, shown: str, number: int) -> Ended:
    """The output without echoes, prompts and markers. The echo is redrawn as often as the console likes."""
    starts = [match.end() for match in re.finditer(_echo(dialect, number), shown)]
    lines = shown[starts[-1] if starts else 0 :].split("\n")
    prompt = re.compile(dialect.prompt.pattern.removesuffix(r" *\Z"))
    output = [line for line in lines if not prompt.match(line) and not _MARKER.fullmatch(line) and line != f"vrouter{number}end"]
    code = EXIT_DONE if dialect.fine.format(number=number) in lines else EXIT_FAILED
    return Ended(code, "\n".join(output).strip("\n"))


def log_out(os: str) -> Talk[None]:
    """Leave nobody logged in, and nothing running or half typed. A guest that went off does not answer, which is no error."""
    dialect = DIALECTS[os]
    yield Expect(INTERRUPT, (dialect.prompt,), SILENCE)
    yield Expect(dialect.leave, (LOGIN, ACTIVATE), SILENCE)


def set_password(username: str, password: str) -> str:
    """The RouterOS command that gives a user a password."""
    return f"/user set [find name={quote(username)}] password={quote(password)}"
