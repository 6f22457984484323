# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of guests and segments (private, pure)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .errors import InputError


@dataclass(frozen=True)
class NameRule:
    """How what we make may be called; what others made may have any name."""

    pattern: re.Pattern[str]
    wanted: str  # the pattern in words

    def check(self, name: str, option: str = "name") -> str:
        """The name, if it keeps the rule. Raises InputError."""
        if not self.pattern.fullmatch(name):
            raise InputError(
                f"{option}: {name!r} cannot be the name of a new guest or segment", wanted=self.wanted, remedy="Choose another name"
            )
        return name


PLAIN: t.Final = NameRule(  # safe everywhere it goes: XML, shells, file names, RouterOS
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"),
    "1 to 63 of letters, digits, '.', '_' and '-', beginning with a letter or digit",
)


def check_readable(name: str, option: str = "name") -> str:
    """The name of something that may be others', if it is one at all: not empty, and of characters that can be shown. Raises InputError."""
    if not name or not name.isprintable() or name != name.strip():
        raise InputError(f"{option}: {name!r} is no name", wanted="printable characters, without blanks at its ends")
    return name
