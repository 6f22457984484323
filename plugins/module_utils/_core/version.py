# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's version numbers (private, pure)."""

from __future__ import annotations

import re
import typing as t
from functools import total_ordering

from .errors import InputError

_VERSION: t.Final = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:(alpha|beta|rc)(\d+))?")


_STAGES: t.Final = {"alpha": 0, "beta": 1, "rc": 2, None: 3}


@total_ordering
class Version:
    """A RouterOS version, `MAJOR.MINOR[.PATCH][betaN|rcN]`; a beta stands before its rc, and that before the release."""

    def __init__(self, text: str) -> None:
        match = _VERSION.fullmatch(text)
        if match is None:
            raise InputError(
                f"version {text!r} is no RouterOS version",
                wanted="MAJOR.MINOR[.PATCH][betaN|rcN], for example 7.20.8",
                remedy='Quote it in YAML: version: "7.20"',
            )
        major, minor, patch, stage, number = match.groups()
        self.text = text
        self.major = int(major)
        self.key = (int(major), int(minor), int(patch or 0), _STAGES[stage], int(number or 0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


OLDEST_CHR: t.Final = Version("6.34")  # CHR manual, System Requirements
