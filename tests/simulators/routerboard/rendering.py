# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody measured on a RouterBOARD: how it words and shows things. Each guess is a switch; clients must work on every setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .models import at_least


@dataclass(frozen=True)
class Rendering:
    """The switches of one board. The defaults are what seems most likely for RouterOS 6."""

    @classmethod
    def likely(cls, version: str) -> Rendering:
        """For RouterOS 3 and 4, as the manual's samples and their API documents have it."""
        return cls() if at_least(version, "5.0") else cls(unlimited="0kiB", booleans="yes", interface_macs=False)

    sizes: Literal["unit", "plain", "bytes"] = "unit"  # 32MiB, 32 or 33554432; 32000kiB, 32000 or 32768000
    unlimited: str = "unlimited"  # a disk without a limit; "0kiB" in the manual's samples, perhaps "0"
    booleans: Literal["true", "yes"] = "true"  # over the API; the documents of RouterOS 3 and 4 have yes and no
    guest_comment: bool = True  # whether /metarouter has `comment`; the manual lists it for interfaces only
    used_disk_unit: bool = True  # 7383kiB or 7383
    interface_macs: bool = True  # whether /interface shows mac-address
    live_memory: bool = True  # whether `set memory-size` is accepted on a running guest; it counts from its next start
    remove_running: bool = False  # whether a running guest may be removed
    orphans: bool = True  # whether the interfaces of a removed guest stay, naming it by its id
    import_shows_late: bool = False  # whether import-image ends a moment before its guest is there
    vif_macs: bool = True  # whether a vif bears its interface's dynamic-mac-address
    no_bridge: Literal["none", "", "both"] = "both"  # what takes an interface out of its dynamic-bridge
    names_as_ids: bool = True  # whether the API takes an item's name in `.id`
    host_memory: Literal["bytes", "KiB", "kB", "MiB"] = "bytes"  # free-memory and total-memory: 83886080, 81920, 81920kB or 80.0MiB
    unknown_menu: str = "no such command prefix"  # what the API says where a menu is missing

    def size(self, amount: int, unit: str) -> str | int:
        """A size given in MiB or kiB."""
        if self.sizes == "unit":
            return f"{amount}{unit}"
        return amount if self.sizes == "plain" else amount * {"kiB": 1024, "MiB": 1048576}[unit]

    def boolean(self, value: bool) -> str:
        words = ("no", "yes") if self.booleans == "yes" else ("false", "true")
        return words[value]

    def memory(self, amount: int) -> str | int:
        """Of the host itself, given in bytes."""
        if self.host_memory == "MiB":
            return f"{amount / 1048576:.1f}MiB"
        if self.host_memory == "bytes":
            return amount
        return amount // 1024 if self.host_memory == "KiB" else f"{amount // 1024}kB"
