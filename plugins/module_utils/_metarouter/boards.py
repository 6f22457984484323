# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which RouterBOARDs host MetaROUTER guests, what is known to go wrong there, and the feature's limits: one table (private, pure).

Source: the vendor's MetaROUTER manual page; where another source is meant, the entry says so.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._core.errors import RouterError, TrapError, UnsupportedError
from .._core.version import Version

MAX_GUESTS: t.Final = 8
MAX_INTERFACES: t.Final = 8
MEMORY: t.Final = (16, 256)  # MiB
ROUTEROS_MEMORY: t.Final = 24  # MiB; less only for OpenWrt
DEFAULT_ROUTEROS_MEMORY: t.Final = 32  # MiB; RouterOS's own default of 16 does not run a RouterOS guest
HOST_RESERVE: t.Final = 8  # MiB that the host keeps for itself; not measured
FEATURE_SINCE: t.Final = Version("3.21")
IMPORT_SINCE: t.Final = Version("3.24")
FIRST_BETA: t.Final = Version("4.0beta1")  # has MetaROUTER like 3.21, and imports only since the third
IMPORT_BETA: t.Final = Version("4.0beta3")
NOT_ENOUGH: t.Final = "not enough resources"

VLAN_RECIPE: t.Final = (
    "More networks fit on one interface as VLANs: on the host /interface vlan add interface=IT vlan-id=N, and the same inside the guest"
)


@dataclass(frozen=True)
class Board:
    """What the router says of itself in /system/resource. `free_memory` in MiB; None where it does not say."""

    name: str
    version: Version
    architecture: str = ""
    free_memory: int | None = None


@dataclass(frozen=True)
class Issue:
    """A known issue: where it stands, and what to do. `until` is the first version without it; None: no version is known."""

    board: re.Pattern[str]
    problem: str
    remedy: str
    until: Version | None = None
    fatal: bool = True  # else it is only warned of


_RB: t.Final = r"(?:RouterBOARD )?(?:RB)?"
# The patterns match the board's name as /system/resource prints it: RB433AH, RB2011UiAS-2HnD, 951Ui-2HnD, RouterBOARD 750.
_SUPPORTED: t.Final = (
    re.compile(_RB + r"4\d\d(?!\d).*", re.IGNORECASE),
    re.compile(_RB + r"7\d\d(?!\d).*", re.IGNORECASE),
    re.compile(_RB + r"9\d\d(?!\d).*", re.IGNORECASE),
    re.compile(_RB + r"2011.*", re.IGNORECASE),
    re.compile(_RB + r"(?:1000|1100|1100AH|800)", re.IGNORECASE),
)
_RB1100AH: t.Final = re.compile(_RB + r"1100AH", re.IGNORECASE)
ISSUES: t.Final = (
    Issue(
        re.compile(_RB + r"1100AHx2", re.IGNORECASE),
        "MetaROUTER is not supported on RB1100AHx2; it would only say that there are not enough resources",
        "Use an RB1100AH, RB1100, RB1000, RB800, RB4xx, RB7xx, RB9xx or RB2011",
    ),
    Issue(
        _RB1100AH,
        "RB1100AH before RouterOS 5.12 refuses every guest for want of resources",
        "Upgrade to 5.12 or later; if it stays, reinstall the router with Netinstall",
        until=Version("5.12"),
    ),
    Issue(
        re.compile(_RB + r"(?:4|7|9|20)\d.*", re.IGNORECASE),
        "guests on mipsbe boards freeze at random before RouterOS 5.25",
        "Upgrade to 5.25 or 6.x",
        until=Version("5.25"),
        fatal=False,
    ),
)
CHR: t.Final = "CHR"  # how a CHR's board name begins: CHR QEMU Standard PC ...
NO_MENU: t.Final = (
    "Boards with MetaROUTER: RB4xx, RB7xx and RB9xx without SPI flash, RB2011, RB1000, RB1100, RB1100AH and RB800, "
    "with RouterOS 3.21 to 6.x"
)


def explained(error: TrapError, board: Board | None) -> RouterError:
    """The router's refusal, with what the manual says of the one that names no cause (Not enough resources)."""
    if NOT_ENOUGH not in error.text.lower():
        return error
    found = f"{board.name}, RouterOS {board.version}" if board is not None else error.text
    if board is not None and _RB1100AH.fullmatch(board.name):
        return UnsupportedError("the router says that there are not enough resources", found=found, remedy="Reinstall it with Netinstall")
    remedy = "Give the guest less memory_size or disk_size, or stop another guest"
    return UnsupportedError("the router says that there are not enough resources", found=found, remedy=remedy)


def missing_menu(board: Board) -> UnsupportedError:
    """Why a router without /metarouter has none, and what to do."""
    found = f"{board.name}, RouterOS {board.version}"
    supported = any(pattern.fullmatch(board.name) for pattern in _SUPPORTED)
    if board.name.startswith(CHR):
        return UnsupportedError("a CHR hosts no MetaROUTER guests", found=found, remedy="Make another CHR on its hypervisor, with chr_guest")
    if board.version.major >= 7:
        remedy = "Stay on RouterOS 6 on this board, or use a CHR on a hypervisor" if supported else NO_MENU
        return UnsupportedError("RouterOS 7 has no MetaROUTER", found=found, remedy=remedy)
    if board.version < FEATURE_SINCE:
        return UnsupportedError("this RouterOS is older than MetaROUTER", wanted="3.21 to 6.x", found=found, remedy="Upgrade the router")
    if supported:
        remedy = f"Boards of this series with SPI flash have none. {NO_MENU}"
        return UnsupportedError("this board has no MetaROUTER", found=found, remedy=remedy)
    return UnsupportedError("this board has no MetaROUTER", found=found, remedy=NO_MENU)


def known_issues(board: Board) -> tuple[list[RouterError], list[str]]:
    """What stands against guests on this board: errors that must stop the work, and warnings."""
    errors: list[RouterError] = []
    warnings: list[str] = []
    for issue in ISSUES:
        if not issue.board.fullmatch(board.name) or (issue.until is not None and board.version >= issue.until):
            continue
        if issue.fatal:
            errors.append(UnsupportedError(issue.problem, found=f"{board.name}, RouterOS {board.version}", remedy=issue.remedy))
        else:
            warnings.append(f"{issue.problem}. {issue.remedy}.")
    return errors, warnings


def check_import(board: Board) -> None:
    """Raise UnsupportedError where images cannot be imported."""
    if board.version < IMPORT_SINCE or FIRST_BETA <= board.version < IMPORT_BETA:
        since = f"{IMPORT_SINCE} or later, of 4.0 beta 3 or later"
        raise UnsupportedError("image: this RouterOS cannot import images", wanted=since, found=str(board.version), remedy="Upgrade the router")


def check_architecture(board: Board, image: str, architecture: str | None) -> None:
    """Raise UnsupportedError for an image of another architecture: `mips` or `powerpc`; None where it could not be found out."""
    own = family(board.architecture)
    if architecture is not None and own is not None and own != architecture:
        raise UnsupportedError(
            f"image: {image} is built for {architecture}, this board is {board.architecture}",
            remedy="Take the image for this architecture; the vendor's are named openwrt-mr-mips-... and openwrt-mr-ppc-...",
        )


def family(architecture: str) -> str | None:
    """`mips` or `powerpc`, from RouterOS's name for an architecture or an image's file name; None where neither is in it."""
    if re.search("ppc|powerpc", architecture, re.IGNORECASE):
        return "powerpc"
    return "mips" if re.search("mips", architecture, re.IGNORECASE) else None


def check_room(guests: int, added: int) -> None:
    """Raise UnsupportedError when a host of `guests` guests cannot take `added` more."""
    if guests + added > MAX_GUESTS:
        raise UnsupportedError(
            f"a RouterBOARD takes at most {MAX_GUESTS} guests",
            found=f"{guests}, and {added} to be made",
            remedy="Remove a guest, or use another board",
        )


def check_interfaces(interfaces: int, added: int) -> None:
    """Raise UnsupportedError when a host of `interfaces` guest interfaces cannot take `added` more."""
    if interfaces + added > MAX_INTERFACES:
        raise UnsupportedError(
            f"a RouterBOARD takes at most {MAX_INTERFACES} interfaces of guests",
            found=f"{interfaces}, and {added} to be made",
            remedy=VLAN_RECIPE,
        )


def check_memory(board: Board, needed: int) -> None:
    """Raise UnsupportedError when guests of together `needed` MiB do not fit beside the host."""
    if board.free_memory is not None and needed + HOST_RESERVE > board.free_memory:
        raise UnsupportedError(
            f"the host has not enough free memory to start guests of {needed} MiB and keep {HOST_RESERVE} MiB for itself",
            found=f"{board.free_memory} MiB free",
            remedy="Stop another guest, or give the guests less memory_size",
        )
