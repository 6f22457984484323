# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one Proxmox VE cluster, and what it says where it refuses them (private).

proxmoxer makes paths, answers and refusals; the session below it is ours, since proxmoxer's has one timeout for everything, logs in past the
session, and says everything in forms, which cannot hold an empty list (facts on Proxmox VE, 0 and 1.1).
"""

from __future__ import annotations

import threading
import types
import typing as t
from contextlib import contextmanager

from ..._core.errors import HypervisorError, InputError, RouterError, UnreachableError, UnsupportedError
from . import privileges
from .login import Login, Trust, addresses

PROXY_FAILED: t.Final = range(595, 600)  # the API host did not reach the node (1.1)
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


class NodeError(PveError):
    """A node of the cluster cannot be reached."""


@contextmanager
def saying(problem: str, remedy: str = "") -> t.Iterator[None]:
    """Refusals of the body's requests, said of what they were for."""
    try:
        yield
    except PveError as error:
        raise error.about(problem, remedy) from error


def library() -> types.ModuleType:
    """The session, which is all that imports a library. Raises UnreachableError naming how to install what is missing."""
    try:
        from . import session
    except ImportError as error:
        raise UnreachableError(
            f"the Python library {error.name} is missing",
            remedy="Install it where the module runs: pip install proxmoxer requests requests-toolbelt",
        ) from error
    return session


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
        self._library = library()
        self._session = self._library.Session(self.login, Trust.of(options), concurrency)

    @property
    def host(self) -> str:
        """HOST:PORT of the node that answers."""
        return self._addresses[0]

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor number of the release; asked once."""
        with self._lock:
            if not self._version:
                self._version = str(self.get("version")["version"])
        major, minor = self._version.split("-")[0].split(".")[:2]
        return int(major), int(minor)

    def get(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("GET", path, fields)

    def post(self, path: str, **fields: t.Any) -> t.Any:
        """A list among the fields makes it a JSON body: a form cannot say an empty one. A file makes it an upload."""
        return self._ask("POST", path, fields)

    def put(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("PUT", path, fields)

    def delete(self, path: str, **fields: t.Any) -> t.Any:
        return self._ask("DELETE", path, fields)

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, path: str, fields: t.Mapping[str, t.Any], again: bool = True) -> t.Any:
        """One request, at the first host that is there."""
        values = {name: _plain(value) for name, value in fields.items() if value is not None}
        try:
            return self._at_a_host(method, path, values)
        except self._library.ResourceException as error:
            if error.status_code == 401 and again and self._session.log_in_anew():
                return self._ask(method, path, fields, again=False)
            raise self._refusal(method, path, error) from error

    def _at_a_host(self, method: str, path: str, values: dict[str, t.Any]) -> t.Any:
        """Raises UnreachableError where no host can be connected to. What was sent and not answered is sent to another host only if it reads."""
        trouble: list[str] = []
        for address in list(self._addresses):
            try:
                answer = self._session.ask(f"https://{address}/api2/json", method, path, values, self._timeouts(values))
            except self._library.requests.RequestException as error:
                if method != "GET" and not self._session.never_sent(error):
                    raise UnansweredError(
                        f"whether {path} was done is unknown: {address} gave no answer", _reason(error), remedy="Run again"
                    ) from error
                trouble.append(f"{address}: {_reason(error)}")
                self._leave(address)
                continue
            return answer
        raise UnreachableError(f"Proxmox VE cannot be reached at {' or '.join(self._addresses)}", found="; ".join(trouble), remedy=_remedy(trouble))

    def _timeouts(self, values: t.Mapping[str, t.Any]) -> tuple[float, float]:
        return self._connect, self.upload_timeout if any(hasattr(value, "read") for value in values.values()) else self._patience

    def _leave(self, address: str) -> None:
        """Ask others first from now on."""
        with self._lock:
            if self._addresses[0] == address:
                self._addresses = [*self._addresses[1:], address]

    def _refusal(self, method: str, path: str, error: t.Any) -> RouterError:
        """What the user is told of an answer of 400 and above."""
        status, text = int(error.status_code), str(error.content or error.status_message or "")
        errors = error.errors if isinstance(error.errors, dict) and status == 400 else {}
        if status == 401:
            return UnreachableError(
                f"Proxmox VE at {self.host} does not let {self.login.who} in",
                found=text,
                remedy="Check the token's id and secret, or the user's password and realm",
            )
        if status == 403:
            return UnsupportedError(f"{self.login.who} may not do this: /{path} cannot {_WORDS[method]}", found=text, remedy=self._needed(text))
        kind = NodeError if status in PROXY_FAILED else PveError
        return kind(f"/{path} cannot {_WORDS[method]}", text, status=status, errors={str(key): str(why) for key, why in errors.items()})

    def _needed(self, text: str) -> str:
        """The role that the login needs, for the release that is asked."""
        denied = privileges.denial(text)
        return privileges.advice(denied, ".".join(map(str, self.version))) if denied else "Ask who administers the cluster"


def _plain(value: t.Any) -> t.Any:
    """Booleans as Proxmox reads them (0, item 10)."""
    return int(value) if isinstance(value, bool) else value


def _reason(error: Exception) -> str:
    """The innermost cause, which says it shortest."""
    cause: t.Any = error
    for dummy in range(5):
        inner = getattr(cause, "reason", None) or (cause.args[0] if cause.args and isinstance(cause.args[0], Exception) else None)
        if not isinstance(inner, Exception):
            break
        cause = inner
    text = str(cause.args[-1] if cause.args else cause)
    return text.rpartition(": ")[2] if "object at 0x" in text else text


def _remedy(trouble: t.Iterable[str]) -> str:
    if any("certificate" in text.lower() or "fingerprint" in text.lower() for text in trouble):
        return "Give the cluster's CA in ca_path (/etc/pve/pve-root-ca.pem), or the certificate's SHA-256 in fingerprint (pvenode cert info)"
    return "Check hosts and port, and that the machine that runs the module may reach them"
