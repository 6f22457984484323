# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one Proxmox VE cluster, and what it says where it refuses them (private).

proxmoxer makes paths, answers and refusals; the session below it is ours, since proxmoxer's has one timeout for everything, logs in past the
session, and says everything in forms, which cannot hold an empty list (facts on Proxmox VE, 0 and 1.1).
"""

from __future__ import annotations

import re
import threading
import typing as t
from contextlib import contextmanager

from ..._core.errors import HypervisorError, InputError, RouterError, UnreachableError, UnsupportedError
from . import privileges
from .login import Login, Trust, addresses
from .session import Refusal, Session, Silence

PROXY_FAILED: t.Final = range(595, 600)  # the API host did not reach the node (1.1)
_POOL: t.Final = re.compile(r"pool '([^']*)' does not exist")
_WORDS: t.Final = {"GET": "be read", "POST": "be done", "PUT": "be changed", "DELETE": "be removed"}


class PveError(HypervisorError):
    """Proxmox VE refused a request, or a task of its failed; `status` is 0 for a task."""

    def __init__(self, problem: str, text: str, *, status: int = 0, errors: t.Mapping[str, str] | None = None, remedy: str = "") -> None:
        self.text = text
        self.status = status
        self.errors = dict(errors or {})
        self._remedy = remedy
        details = "; ".join(f"{name}: {why}" for name, why in self.errors.items())
        super().__init__(problem, found=f"{text}{': ' if text and details else ''}{details}", remedy=remedy)

    def about(self, problem: str, remedy: str = "") -> PveError:
        """The same, said of something that the user knows."""
        return type(self)(problem, self.text, status=self.status, errors=self.errors, remedy=self._remedy or remedy)


class UnansweredError(PveError):
    """No answer came: whether what was asked for was done is unknown."""

    def about(self, problem: str, remedy: str = "") -> PveError:
        return super().about(f"{problem}: no answer came, so whether it was done is unknown", remedy)


class NodeError(PveError):
    """A node of the cluster cannot be reached."""


@contextmanager
def saying(problem: str, remedy: str = "") -> t.Iterator[None]:
    """Refusals of the body's requests, said of what they were for."""
    try:
        yield
    except PveError as error:
        raise error.about(problem, remedy) from None


class Api:
    """One cluster. Every method may be called from several threads. Paths have no slash at their ends."""

    def __init__(self, options: t.Mapping[str, t.Any], concurrency: int) -> None:
        self.login = Login.of(options)
        self._addresses = addresses(options)
        self._connect, self._patience = options["connect_timeout"], options["timeout"]
        self.upload_timeout, self.task_timeout = options["upload_timeout"], options["task_timeout"]
        self._version = ""
        self._lock = threading.RLock()
        for name in ("connect_timeout", "timeout", "upload_timeout", "task_timeout"):
            if options[name] < 1:
                raise InputError(f"proxmox.{name}: {options[name]} is below 1 second")
        self._session = Session(self.login, Trust.of(options), concurrency)

    @property
    def host(self) -> str:
        """HOST:PORT of the node that answers."""
        return self._addresses[0]

    @property
    def hosts(self) -> list[str]:
        """HOST:PORT of all."""
        return list(self._addresses)

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor number of the release; asked once."""
        with self._lock:
            if not self._version:
                self._version = str(self.get("version")["version"])
        major, minor = self._version.partition("-")[0].split(".")[:2]
        return int(major), int(minor)

    def get(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("GET", path, fields)

    def whole(self, path: str, **fields: t.Any) -> t.Mapping[str, t.Any]:
        """The same with what stands beside the `data`."""
        answer: t.Mapping[str, t.Any] = self._answer("GET", path, fields)
        return answer

    def post(self, path: str, **fields: t.Any) -> t.Any:
        """A list among the fields makes it a JSON body: a form cannot say an empty one. A file makes it an upload."""
        return self._ask("POST", path, fields)

    def put(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("PUT", path, fields)

    def delete(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("DELETE", path, fields)

    def close(self) -> None:
        self._session.close()

    def answering(self) -> frozenset[str]:
        """Those of the hosts that answer now."""
        return frozenset(address for address in list(self._addresses) if self._answers(address))

    def _answers(self, address: str) -> bool:
        try:
            self._session.ask(f"https://{address}/api2/json", "GET", "version", {}, (self._connect, self._connect))
        except Silence:
            return False
        except Refusal:
            pass
        return True

    def _ask(self, method: str, path: str, fields: t.Mapping[str, t.Any]) -> t.Any:
        return self._answer(method, path, fields)["data"]

    def _answer(self, method: str, path: str, fields: t.Mapping[str, t.Any], again: bool = True) -> t.Any:
        """The answer to one request, of the first host that is there."""
        values = {name: _plain(value) for name, value in fields.items() if value is not None}
        try:
            return self._at_a_host(method, path, values)
        except Refusal as refusal:
            if refusal.status == 401 and again and self._session.log_in_anew():
                return self._answer(method, path, fields, again=False)
            raise self._told(method, path, refusal) from refusal

    def _at_a_host(self, method: str, path: str, values: dict[str, t.Any]) -> t.Any:
        """Raises UnreachableError where no host can be connected to. What was sent and not answered is sent again only if it reads."""
        trouble: dict[str, str] = {}
        there: list[str] = []
        for address in self._in_turn(there):
            try:
                return self._session.ask(f"https://{address}/api2/json", method, path, values, self._timeouts(values))
            except Silence as silence:
                if method != "GET" and silence.was_sent:
                    problem = f"whether {path} was done is unknown: {address} gave no answer"
                    raise UnansweredError(problem, str(silence), remedy="Run again") from silence
                if silence.was_sent and address not in trouble:
                    there.append(address)
                trouble[address] = str(silence)
                self._leave(address)
        found = "; ".join(f"{address}: {why}" for address, why in trouble.items())
        raise UnreachableError(f"Proxmox VE cannot be reached at {' or '.join(trouble)}", found=found, remedy=_remedy(trouble.values()))

    def _in_turn(self, there: t.Sequence[str]) -> t.Iterator[str]:
        """Every host, and once more those that were there: a connection that was kept may have ended meanwhile."""
        yield from list(self._addresses)
        yield from list(there)

    def _timeouts(self, values: t.Mapping[str, t.Any]) -> tuple[float, float]:
        return self._connect, self.upload_timeout if any(hasattr(value, "read") for value in values.values()) else self._patience

    def _leave(self, address: str) -> None:
        """Ask others first from now on."""
        with self._lock:
            if self._addresses[0] == address:
                self._addresses = [*self._addresses[1:], address]

    def _told(self, method: str, path: str, refusal: Refusal) -> RouterError:
        """What the user is told of an answer of 400 and above."""
        status, text = refusal.status, refusal.text
        if status == 401:
            return UnreachableError(
                f"Proxmox VE at {self.host} does not let {self.login.who} in",
                found=text,
                remedy="Check the token's id and secret, or the user's password and realm",
            )
        pool = _POOL.search(text)
        if pool:
            problem = f"proxmox.pool: there is no pool {pool[1]}, or {self.login.who} may not see it"
            return InputError(problem, remedy="Make it first, or leave it out")
        if status == 403:
            return UnsupportedError(f"{self.login.who} may not do this: /{path} cannot {_WORDS[method]}", found=text, remedy=self._needed(text))
        kind = NodeError if status in PROXY_FAILED else PveError
        return kind(f"/{path} cannot {_WORDS[method]}", text, status=status, errors=refusal.errors if status == 400 else {})

    def _needed(self, text: str) -> str:
        """The role that the login needs, for the release that is asked."""
        denied = privileges.denial(text)
        return privileges.advice(denied, ".".join(map(str, self.version))) if denied else "Ask who administers the cluster"


def _plain(value: t.Any) -> t.Any:
    """Booleans as Proxmox reads them (0, item 10)."""
    return int(value) if isinstance(value, bool) else value


def _remedy(trouble: t.Iterable[str]) -> str:
    if any("certificate" in text.lower() or "fingerprint" in text.lower() for text in trouble):
        return "Give the cluster's CA in ca_path (/etc/pve/pve-root-ca.pem), or the certificate's SHA-256 in fingerprint (pvenode cert info)"
    return "Check hosts and port, and that the machine that runs the module may reach them"
