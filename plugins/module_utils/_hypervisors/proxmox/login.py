# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks, and whether the one that answers is who it should be: options of the connection, checked (private, pure).

Facts on Proxmox VE, 1.1: a token goes into a header; a ticket is a cookie, and a second header with everything that is no GET.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

from ..._core.errors import InputError

PORT: t.Final = 8006
_SHA256: t.Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Login:
    """An API token, where there is one, else a user's password."""

    user: str  # NAME@REALM
    token: str = ""  # the token's id, without its user
    secret: str = field(default="", repr=False)  # the token's, or the password

    @property
    def who(self) -> str:
        """As Proxmox writes them down."""
        return f"{self.user}!{self.token}" if self.token else self.user

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> Login:
        """Raises InputError for what is missing, or is given twice."""
        token, user = options.get("token_id") or "", options.get("user") or ""
        owner, mark, name = token.rpartition("!")
        if mark and user not in ("", owner):
            raise InputError(f"proxmox.token_id: {token} is a token of {owner}", found=f"user: {user}", remedy="Leave user out")
        user = owner if mark else user
        if token and not user:
            raise InputError(f"proxmox.token_id: whose token {token} is, is not said", wanted="USER@REALM!NAME, or user beside it")
        secret = options.get("token_secret" if token else "password") or ""
        if not user or not secret:
            raise InputError(
                "proxmox: nothing to log in with",
                wanted="token_id and token_secret, or user and password",
                remedy="An API token is best: Datacenter, Permissions, API Tokens",
            )
        if "@" not in user:
            raise InputError(f"proxmox.user: {user} has no realm", wanted=f"for example {user}@pam or {user}@pve")
        return cls(user, name, secret)


@dataclass(frozen=True)
class Trust:
    """How a server proves who it is: by its certificate's SHA-256 alone where that is given, else by an authority."""

    verify: bool | str  # as the requests library has it
    fingerprint: str = ""  # 64 hexadecimal digits

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> Trust:
        given = options.get("fingerprint") or ""
        fingerprint = given.replace(":", "").lower()
        if given and not _SHA256.fullmatch(fingerprint):
            raise InputError(
                "proxmox.fingerprint: this is no SHA-256 of a certificate",
                wanted="64 hexadecimal digits, with or without colons",
                remedy="On a node: pvenode cert info",
            )
        if fingerprint:
            return cls(False, fingerprint)
        authority = options.get("ca_path")
        if authority and not os.path.exists(authority):
            raise InputError(f"proxmox.ca_path: there is no file {authority}", remedy="Fetch it from a node: /etc/pve/pve-root-ca.pem")
        return cls((options.get("ca_path") or True) if options.get("validate_certs", True) else False)


def addresses(options: t.Mapping[str, t.Any]) -> list[str]:
    """HOST:PORT of every API host, in the order in which they are tried. Raises InputError for none."""
    port = options.get("port") or PORT
    hosts = [host.strip().removeprefix("https://").rstrip("/") for host in options["hosts"] or () if host.strip()]
    if not hosts:
        wanted = "names or addresses of nodes of one cluster, there or in the environment variable PROXMOX_HOST"
        raise InputError("proxmox.hosts: no host is named", wanted=wanted)
    return [_address(host, port) for host in hosts]


def _address(host: str, port: int) -> str:
    if host.count(":") > 1 and not host.startswith("["):
        return f"[{host}]:{port}"
    return host if re.search(r":\d+\Z", host) and not host.endswith("]") else f"{host}:{port}"
