# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The toy hypervisor, as data (private, pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import LIVE
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import KVM, OwnOption, Platform
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import FEATURES

PLATFORM: t.Final = Platform(
    key="toy",
    hardware=KVM,
    own={
        "shelf": OwnOption("upper", placement=True),
        "template": OwnOption(placement=True),
        "machine": OwnOption("pc"),
        "speed": OwnOption("auto", found_out="auto"),
    },
    features=frozenset(("agent", "serial_console", "autostart", "template", *FEATURES.values())),
    effects={"autostart": LIVE, "description": LIVE},
    image_format="vmdk",
)
