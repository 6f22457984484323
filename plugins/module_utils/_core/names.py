# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of guests and segments (private, pure)."""

from __future__ import annotations

import re
import typing as t

from .errors import InputError

NAME: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def check_name(name: str, option: str = "name") -> str:
    """The name, if it is safe everywhere it goes (XML, shells, file names, RouterOS). Raises InputError."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{option}: {name!r} cannot be the name of a guest or segment",
            wanted="1 to 63 of letters, digits, '.', '_' and '-', beginning with a letter or digit",
            remedy="Choose another name; what RouterOS shows is set by the identity, which may be any text",
        )
    return name
