# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's two logins: the password itself since RouterOS 6.43, an answer to a challenge before."""

from __future__ import annotations

import hashlib
import os

from ..routeros.router import Router
from .accounts import login_allowed
from .models import PLAIN_LOGIN, at_least

REFUSED = "invalid user name or password (6)"
REFUSED_BEFORE = "cannot log in"


class LoginRefusedError(Exception):
    """The text is RouterOS's."""


class Login:
    """One connection's way in."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._plain = at_least(router.platform.version, PLAIN_LOGIN)
        self._challenge = b""

    def attempt(self, attributes: dict[str, str]) -> tuple[str | None, str | None]:
        """(user, None) once logged in, (None, challenge) where an answer to the challenge is wanted next."""
        name = attributes.get("name", "")
        if self._plain:
            user = login_allowed(self._router, name, attributes.get("password", ""))
            if user is None:
                self.refuse()
            return user, None
        # RouterOS before 6.43 knows no `password` and takes the new form for the first half of the old one.
        if "response" not in attributes:
            self._challenge = os.urandom(16)
            return None, self._challenge.hex()
        challenge, self._challenge = self._challenge, b""
        if not challenge or not self._answers(name, attributes["response"], challenge):
            self.refuse()
        return name, None

    def refuse(self) -> None:
        raise LoginRefusedError(REFUSED if self._plain else REFUSED_BEFORE)

    def _answers(self, name: str, response: str, challenge: bytes) -> bool:
        item = self._router.table("/user").lookup(name)
        if item is None or item.values["disabled"]:
            return False
        password = str(item.values.get("password", "")).encode("latin-1")
        return response == "00" + hashlib.md5(b"\0" + password + challenge).hexdigest()
