# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE, as data (private, pure). Facts on Proxmox VE, 1.2."""

from __future__ import annotations

import re
import typing as t

from ..._core.changes import LIVE
from ..._core.names import NameRule
from ..._guests.platform import KVM, OwnOption, Platform
from .wires import wire

SLOTS: t.Final = 32  # net0 to net31
HOST: t.Final = NameRule(
    re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"),
    "1 to 63 of letters, digits, '-' and '.', as in DNS",
)

PLATFORM: t.Final = Platform(
    key="proxmox",
    hardware=KVM,
    own={
        "node": OwnOption(placement=True, location=True),
        "storage": OwnOption(placement=True),
        "image_storage": OwnOption(placement=True),
        "pool": OwnOption(placement=True),
        "vmid": OwnOption(placement=True),
        "tags": OwnOption(placement=True),
        "template": OwnOption(placement=True),
        "disk_clone": OwnOption("linked", placement=True),
        "machine": OwnOption("pc"),
        "cpu": OwnOption(),
    },
    nic_own={"queues": OwnOption(), "rate": OwnOption(), "firewall": OwnOption()},
    segment_own={"nodes": OwnOption()},
    features=frozenset(
        (
            "agent",
            "serial_console",
            "autostart",
            "template",
            "segment.bridge",
            "segment.attach_to",
            "segment.address",
            "segment.mtu",
            "segment.vlan_tag",
            "segment.vlan_trunk",
            "segment.mac_spoofing",
        )
    ),
    effects={"autostart": LIVE, "description": LIVE, "interfaces.proxmox.rate": LIVE, "interfaces.proxmox.firewall": LIVE},
    slots=SLOTS,
    guest_name=HOST,
    wire=wire,
)
