# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `api` option of modules that speak RouterOS's API: its arguments, and what they mean (private, pure)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible.module_utils.common.parameters import env_fallback

from .._core.errors import InputError

TLS: t.Final = ("verified", "pinned", "unverified", "anonymous", "none")
PLAIN_PORT: t.Final = 8728
TLS_PORT: t.Final = 8729
FINGERPRINT: t.Final = re.compile(r"(?:sha256:)?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})", re.IGNORECASE)


def api_arguments() -> dict[str, t.Any]:
    """The argument spec of one session. The environment variables are those that users of other RouterOS tools set."""
    return {
        "host": {"type": "str", "required": True, "fallback": (env_fallback, ["MIKROTIK_HOST"])},
        "port": {"type": "int"},
        "username": {"type": "str", "default": "admin", "fallback": (env_fallback, ["MIKROTIK_USER"])},
        "password": {"type": "str", "default": "", "no_log": True, "fallback": (env_fallback, ["MIKROTIK_PASSWORD"])},
        "tls": {"type": "str", "choices": list(TLS), "default": "verified"},
        "ca_path": {"type": "path", "fallback": (env_fallback, ["MIKROTIK_CA_CERTIFICATE"])},
        "fingerprint": {"type": "str"},
        "login": {"type": "str", "choices": ["auto", "challenge"], "default": "auto"},
        "timeout": {"type": "int", "default": 30},
    }


@dataclass(frozen=True)
class ApiOptions:
    """One session's options. `timeout` in seconds, for connecting and for each command that has none of its own."""

    host: str
    port: int
    username: str
    password: str
    tls: str
    ca_path: str | None
    fingerprint: str | None  # 64 hex digits, lower case
    login: str
    timeout: float

    @property
    def service(self) -> str:
        """The router's service that must be enabled."""
        return "api" if self.tls == "none" else "api-ssl"

    @classmethod
    def parse(cls, options: t.Mapping[str, t.Any]) -> ApiOptions:
        """From the module's `api` option. Raises InputError."""
        host, tls, fingerprint = options["host"], options["tls"], options.get("fingerprint")
        if not host or "://" in host:
            raise InputError(f"api.host: {host!r} is no host name or address", remedy="Write it without scheme: api.tls and api.port say the rest")
        if (fingerprint is not None) != (tls == "pinned"):
            raise InputError(
                "api.fingerprint and api.tls: pinned go together",
                found=f"tls: {tls}, fingerprint {'given' if fingerprint else 'not given'}",
                remedy="Give the certificate's SHA-256 fingerprint with tls: pinned, or neither",
            )
        if options.get("ca_path") is not None and tls not in ("verified", "none"):
            raise InputError(f"api.ca_path: nothing is verified with tls: {tls}", remedy="Use tls: verified, or leave ca_path out")
        if options["timeout"] <= 0:
            raise InputError(f"api.timeout: {options['timeout']} s is not above 0")
        port = options.get("port")
        if port is not None and not 1 <= port <= 65535:
            raise InputError(f"api.port: {port} is not in 1..65535")
        return cls(
            host=host,
            port=port or (PLAIN_PORT if tls == "none" else TLS_PORT),
            username=options["username"],
            password=options["password"],
            tls=tls,
            ca_path=options.get("ca_path") if tls == "verified" else None,
            fingerprint=_fingerprint(fingerprint) if fingerprint is not None else None,
            login=options["login"],
            timeout=float(options["timeout"]),
        )


def _fingerprint(text: str) -> str:
    match = FINGERPRINT.fullmatch(text.strip())
    if match is None:
        raise InputError(
            "api.fingerprint: not a SHA-256 fingerprint",
            wanted="64 hex digits, with or without colons",
            remedy="Read it with: openssl s_client -connect HOST:8729 </dev/null | openssl x509 -noout -fingerprint -sha256",
        )
    return match.group(1).replace(":", "").lower()
