# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that bear libvirt's name (private). No library is needed to know them."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.parameters import env_fallback

CONNECTION: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {"uri": {"type": "str", "required": True, "fallback": (env_fallback, ["LIBVIRT_DEFAULT_URI"])}},
}

GUEST: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "pool": {"type": "str"},
        "disk_clone": {"type": "str", "choices": ["linked", "full"]},
        "machine": {"type": "str", "choices": ["pc", "q35"]},
        "accelerator": {"type": "str", "choices": ["auto", "kvm", "qemu"]},
        "cpu_model": {"type": "str"},
    },
}
