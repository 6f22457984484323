# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of a libvirt guest: how it stands and why, starting it (private)."""

from __future__ import annotations

import typing as t

from ..._core.errors import RefusedError
from ..._guests.guest import Power
from .connection import error_code, library, translated

if t.TYPE_CHECKING:
    import libvirt

POWER: t.Final[dict[int, Power]] = {1: "running", 2: "running", 3: "suspended", 4: "running", 5: "stopped", 6: "stopped", 7: "suspended"}
NO_SPACE: t.Final = "its host has no space left for its disk"
DISK_TROUBLE: t.Final = "its host cannot read or write its disk"


def is_active(domain: libvirt.virDomain) -> bool:
    """Whether it runs, or is paused."""
    with translated("the guest cannot be read"):
        return bool(domain.isActive())


def is_paused(domain: libvirt.virDomain) -> bool:
    """Whether it is paused, by whomever."""
    with translated("the guest cannot be read"):
        return bool(domain.state()[0] == library().VIR_DOMAIN_PAUSED)


def suspended_for(domain: libvirt.virDomain) -> str | None:
    """Why QEMU paused the guest, in words; empty where somebody else did, None for a guest that is not paused."""
    lib = library()
    with translated("the guest cannot be read"):
        states: t.Any = domain.state()
    if states[0] != lib.VIR_DOMAIN_PAUSED:
        return None
    if states[1] != lib.VIR_DOMAIN_PAUSED_IOERROR:
        return ""
    with translated("the guest's disks cannot be read"):
        errors: t.Any = domain.diskErrors()  # a dictionary, whatever the bindings' hints say
    return NO_SPACE if lib.VIR_DOMAIN_DISK_ERROR_NO_SPACE in errors.values() else DISK_TROUBLE


def start(domain: libvirt.virDomain) -> bool:
    """Start or resume it; whether this run did. A guest that another run starts counts as paused for a moment (measured)."""
    lib = library()
    try:
        state = domain.state()[0]
        if state == lib.VIR_DOMAIN_RUNNING:
            return False
        if state == lib.VIR_DOMAIN_PAUSED:
            domain.resume()
        else:
            domain.create()
    except lib.libvirtError as error:
        if error_code(error) != lib.VIR_ERR_OPERATION_INVALID or not domain.isActive():
            raise
        return False
    return True


def refuse_saved_memory(domain: libvirt.virDomain) -> None:
    """A saved memory image holds the links as they were when it was saved: started from it, the guest would not heed the stored definition."""
    with translated("the guest cannot be read"):
        if not domain.isActive() and domain.hasManagedSaveImage():
            raise RefusedError(
                "the guest's memory was saved with other links, and a start would bring these back",
                remedy=f"Give the saved memory up: virsh managedsave-remove {domain.name()}",
            )
