# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of drivers: how a connection names its driver (private).

Adding a hypervisor is adding one entry to each of the two functions, beside the driver and its doc fragment. The imports stand in the functions,
and are no importlib calls, because Ansible ships to a module only what it finds by parsing.
"""

from __future__ import annotations

import typing as t
from contextlib import AbstractContextManager

from .._core.errors import InputError
from .._guests.hypervisor import Hypervisor


def connection_arguments() -> dict[str, t.Any]:
    """The connection options of every driver, for a module's argument specification."""
    from .libvirt import arguments as libvirt

    return {"libvirt": libvirt.ARGUMENTS}


def connect(params: t.Mapping[str, t.Any], concurrency: int) -> AbstractContextManager[Hypervisor]:
    """Open the hypervisor that the one given connection option names. Raises UnreachableError."""
    if params.get("libvirt") is not None:
        from .libvirt import driver as libvirt

        return libvirt.connect(params["libvirt"], concurrency)
    raise InputError("no hypervisor is named", wanted=f"one of {', '.join(connection_arguments())}")
