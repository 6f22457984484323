# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, for every door."""

from __future__ import annotations

from ..routeros.router import Router


def login_allowed(router: Router, user: str, password: str) -> str | None:
    """The user's plain name, without console parameters such as "+ct"; None where the door stays shut."""
    name = user.partition("+")[0]
    item = router.table("/user").lookup(name)
    if item is None or item.values["disabled"] or item.values.get("password", "") != password:
        return None
    return name
