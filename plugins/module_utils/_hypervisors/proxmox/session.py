# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP session below proxmoxer: TLS, logins, and what goes as a form, as JSON or as an upload (private). Knows the libraries, and hides them."""

from __future__ import annotations

import json
import threading
import typing as t

from ..._core.errors import UnreachableError
from .login import Login, Trust

MISSING: t.Final[list[str]] = []  # libraries
try:
    import requests
    import requests_toolbelt
    from proxmoxer.backends.https import JsonSerializer
    from proxmoxer.core import ProxmoxResource, ResourceException
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import NewConnectionError
except ImportError as error:
    MISSING.append(str(error.name))

BINARY: t.Final = "application/octet-stream"  # which Proxmox wants said


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer of 400 and above: its status, its text and the text for each parameter."""

    def __init__(self, status: int, text: str, errors: t.Mapping[str, t.Any]) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.errors = {str(name): str(why) for name, why in errors.items()}


class Silence(Exception):  # noqa: N818 - it is no answer
    """There was no answer. `was_sent`: the server may have got the request."""

    def __init__(self, reason: str, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class Session:
    """Sends requests as one login. Nothing of the environment is heeded: REQUESTS_CA_BUNDLE would undo what was said of trust (facts, 0b)."""

    def __init__(self, login: Login, trust: Trust, concurrency: int) -> None:
        if MISSING:
            raise UnreachableError(
                f"the Python library {MISSING[0]} is missing",
                remedy="Install it where the module runs: pip install proxmoxer requests requests-toolbelt",
            )
        self._login = login
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = trust.verify
        self._http.mount("https://", _adapter(trust.fingerprint, concurrency))
        self._headers: dict[str, str] = {}
        self._csrf: dict[str, str] = {}
        self._lock = threading.Lock()
        if login.token:
            self._headers["Authorization"] = f"PVEAPIToken={login.who}={login.secret}"

    def ask(self, base: str, method: str, path: str, values: dict[str, t.Any], timeouts: tuple[float, float]) -> t.Any:
        """The answer: its `data`, and what stands beside it. Raises Refusal and Silence."""
        try:
            if not self._headers:
                with self._lock:
                    if not self._headers:
                        self._take_ticket(base, timeouts)
            resource = self._resource(base, timeouts)
            call = {"GET": resource.get, "POST": resource.post, "PUT": resource.put, "DELETE": resource.delete}[method]
            answer = call(path, **values)
        except ResourceException as error:
            errors = error.errors if isinstance(error.errors, dict) else {}
            raise Refusal(int(error.status_code), str(error.content or error.status_message or ""), errors) from error
        except requests.RequestException as error:
            raise Silence(_reason(error), not _never_sent(error)) from error
        except OSError as error:  # of the file with the authority, which nobody can read
            raise Silence(str(error), was_sent=False) from error
        if not isinstance(answer, dict) or "data" not in answer:
            raise Refusal(500, "what answers is no API of Proxmox VE", {})
        return answer

    def log_in_anew(self) -> bool:
        """Forget a ticket that is refused; whether there was one."""
        with self._lock:
            if self._login.token:
                return False
            self._headers = {}
            return True

    def close(self) -> None:
        self._http.close()

    def _resource(self, base: str, timeouts: tuple[float, float]) -> t.Any:
        return ProxmoxResource(base_url=base, session=_Sender(self, timeouts), serializer=_serializer())

    def _take_ticket(self, base: str, timeouts: tuple[float, float]) -> None:
        ticket = self._resource(base, timeouts).post("access/ticket", username=self._login.user, password=self._login.secret).get("data") or {}
        if "ticket" not in ticket or ticket.get("NeedTFA"):
            raise Refusal(401, "the user needs a second factor, which only an API token does without", {})
        self._csrf = {"CSRFPreventionToken": ticket["CSRFPreventionToken"]}
        self._headers = {"Cookie": f"PVEAuthCookie={ticket['ticket']}"}

    def send(self, method: str, url: str, values: dict[str, t.Any], params: t.Any, timeouts: tuple[float, float]) -> requests.Response:
        """One request, as a form, or as what a form cannot say."""
        headers = {**self._headers, **({} if method == "GET" else self._csrf)}
        body: dict[str, t.Any] = {"data": values}
        if any(isinstance(value, list) for value in values.values()):
            body = {"json": values}
        elif any(hasattr(value, "read") for value in values.values()):
            parts = [(key, _part(value)) for key, value in values.items()]  # in their order, which matters (facts, 0)
            encoder = requests_toolbelt.MultipartEncoder(parts)
            body, headers["Content-Type"] = {"data": encoder}, encoder.content_type
        answer = self._http.request(method, url, params=params, headers=headers, timeout=timeouts, allow_redirects=False, **body)
        if 300 <= answer.status_code < 400:
            raise Refusal(500, f"{url} leads elsewhere, so it is no API of Proxmox VE", {})
        return answer


class _Sender:
    """What proxmoxer takes for its session: one request's timeouts with it."""

    def __init__(self, session: Session, timeouts: tuple[float, float]) -> None:
        self._session = session
        self._timeouts = timeouts

    def request(self, method: str, url: str, data: dict[str, t.Any] | None = None, params: t.Any = None) -> requests.Response:
        return self._session.send(method, url, data or {}, params, self._timeouts)


def _serializer() -> t.Any:
    """Answers as they are; proxmoxer's own drops what stands beside the data."""

    class Whole(JsonSerializer):
        def loads(self, response: requests.Response) -> t.Any:
            try:
                return json.loads(response.content.decode("utf-8"))
            except ValueError:
                return None

    return Whole()


def _adapter(fingerprint: str, concurrency: int) -> HTTPAdapter:
    """Connections to a server with a known certificate, if one is given."""

    class Pinned(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: t.Any) -> None:
            super().init_poolmanager(connections, maxsize, block, assert_fingerprint=fingerprint or None, **options)

    return Pinned(pool_connections=4, pool_maxsize=concurrency + 2)


def _part(value: t.Any) -> t.Any:
    return (value.name, value, BINARY) if hasattr(value, "read") else str(value)


def _never_sent(error: requests.RequestException) -> bool:
    """Whether a request that got no answer cannot have reached a server."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectionError) and isinstance(cause, NewConnectionError)


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
