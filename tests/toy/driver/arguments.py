# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that bear the toy's name (private)."""

from __future__ import annotations

import typing as t

CONNECTION: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {"socket": {"type": "path", "required": True}, "room": {"type": "str"}},
}

GUEST: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "shelf": {"type": "str"},
        "template": {"type": "str"},
        "machine": {"type": "str"},
        "speed": {"type": "str", "choices": ["auto", "slow"]},
    },
}
