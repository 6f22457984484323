# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KVM and QEMU under libvirt, as data (private, pure)."""

from __future__ import annotations

import typing as t

from ..._core.changes import LIVE
from ..._guests.platform import KVM, OwnOption, Platform

SLOTS: t.Final = 24  # both machine types have room for so many
PLATFORM: t.Final = Platform(
    key="libvirt",
    hardware=KVM,
    own={
        "pool": OwnOption("default", placement=True),
        "disk_clone": OwnOption("linked", placement=True),
        "machine": OwnOption("pc"),
        "accelerator": OwnOption("auto", found_out="auto"),
        "cpu_model": OwnOption(),
    },
    features=frozenset(
        (
            "agent",
            "serial_console",
            "autostart",
            "segment.bridge",
            "segment.attach_to",
            "segment.open_vswitch",
            "segment.address",
            "segment.mtu",
            "segment.vlan_tag",
            "segment.vlan_trunk",
            "segment.mac_spoofing",
        )
    ),
    effects={"autostart": LIVE, "description": LIVE},
    slots=SLOTS,
    forwards=True,
)
