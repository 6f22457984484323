# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `libvirt` connection options (private). No library is needed to know them."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.parameters import env_fallback

ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "uri": {"type": "str", "required": True, "fallback": (env_fallback, ["LIBVIRT_DEFAULT_URI"])},
        "pool": {"type": "str", "default": "default"},
    },
}
