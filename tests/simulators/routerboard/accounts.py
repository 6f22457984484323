# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, for every door. Texts are the router's own: bytes, one character a byte (see routeros/values.py)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ..routeros.router import Router


@dataclass(frozen=True)
class LoginName:
    """A login name with its console parameters: "admin+cet1024w" asks for no colours, a dumb terminal, no detection, 1024 columns."""

    user: str
    colours: bool = True
    detects: bool = True
    width: int | None = None

    @classmethod
    def parse(cls, text: str) -> LoginName:
        user, dummy, parameters = text.partition("+")
        width = re.search(r"(\d+)w", parameters)
        return cls(user, "c" not in parameters, "t" not in parameters, int(width[1]) if width else None)


def login_allowed(router: Router, user: str, password: str) -> str | None:
    """The user's plain name, without console parameters such as "+ct"; None where the door stays shut."""
    name = LoginName.parse(user).user
    item = router.table("/user").lookup(name)
    if item is None or item.values["disabled"] or item.values.get("password", "") != password:
        return None
    return name


def key_allowed(router: Router, user: str, blob: bytes) -> str | None:
    """As `login_allowed`, by a public key of /user/ssh-keys; `blob` is the key as SSH sends it."""
    name = LoginName.parse(user).user
    item = router.table("/user").lookup(name)
    if item is None or item.values["disabled"]:
        return None
    keys = [str(key.values["key"]).split() for key in router.table("/user/ssh-keys").items() if key.values["user"] == name]
    return name if base64.b64encode(blob).decode("ascii") in [key[1] for key in keys] else None


def has_password(router: Router, user: str) -> bool:
    item = router.table("/user").lookup(user)
    return item is not None and item.values.get("password", "") != ""


def set_password(router: Router, user: str, password: str) -> None:
    with router.lock:
        users = router.table("/user")
        item = users.lookup(user)
        if item is not None:
            users.write([item], {"password": password})
        router.persist()
