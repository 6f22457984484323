# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterBOARDs and RouterOS versions: which of them can host MetaROUTER guests (MetaROUTER manual, first section and Known Issues)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The first RouterOS with import-image, with the new login, with `!empty`.
IMPORT_IMAGE = "3.24"
PLAIN_LOGIN = "6.43"
EMPTY_REPLY = "7.18"
# RB1100AH refuses guests before this one (MetaROUTER manual, Known Issues, PPC).
RB1100AH_FIXED = "5.12"
# RouterOS shows its release channel since about this version.
_CHANNEL = "6.34"
# 7 has no /metarouter (console trees of 7.9.2 to 7.24).
_LAST_MAJOR = 6


def version_key(version: str) -> tuple[int, ...]:
    """ "6.49.10" -> (6, 49, 10). Beta and rc count as their release."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split("beta|rc", version)[0]))


def at_least(version: str, other: str) -> bool:
    return version_key(version) >= version_key(other)


def shown_version(version: str) -> str:
    """As /system/resource shows it."""
    if not at_least(version, _CHANNEL):
        return version
    return f"{version} ({'long-term' if version_key(version)[0] == _LAST_MAJOR else 'stable'})"


@dataclass(frozen=True)
class Model:
    """One board. `memory` and `used` (by RouterOS itself) are in MiB."""

    architecture: str  # mipsbe, powerpc, mmips, arm
    memory: int
    cpu: str
    metarouter: bool = True  # whether the menu is there at all
    broken: bool = False  # the menu is there, but no guest can be created
    broken_before: str = "0"
    used: int = 24

    def has_menu(self, version: str) -> bool:
        return self.metarouter and version_key(version)[0] <= _LAST_MAJOR

    def lacks_resources(self, version: str) -> bool:
        return self.broken or not at_least(version, self.broken_before)

    def image_architecture(self) -> str:
        """What an image to import must be for: "mips" or "ppc", as OpenWrt's file names have it."""
        return "ppc" if self.architecture == "powerpc" else "mips"


MODELS = {
    "RB433": Model("mipsbe", 64, "MIPS 24Kc V7.4"),
    "RB450G": Model("mipsbe", 256, "MIPS 24Kc V7.4"),
    "RB951G": Model("mipsbe", 128, "MIPS 74Kc V4.12"),
    "RB2011UiAS": Model("mipsbe", 128, "MIPS 74Kc V4.12"),
    "RB1100AH": Model("powerpc", 1024, "e500v2", broken_before=RB1100AH_FIXED),
    "RB1100AHx2": Model("powerpc", 2048, "e500v2", broken=True),
    "hAP lite": Model("smips", 32, "MIPS 24Kc V7.4", metarouter=False),  # SPI flash
    "RB750r2": Model("mipsbe", 64, "MIPS 24Kc V7.4", metarouter=False),  # SPI flash
    "hEX": Model("mmips", 256, "MIPS 1004Kc V2.15", metarouter=False),
    "RB4011": Model("arm", 1024, "ARMv7", metarouter=False),
}
