# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of drivers: what each is and how it is opened (private).

Adding a hypervisor is adding an entry to DRIVERS, beside the driver and its doc fragment. A driver's library is first imported when one is
opened, and by a statement, because Ansible ships to a module only what it finds by parsing.
"""

from __future__ import annotations

import typing as t
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .._core.errors import InputError
from .._guests.hypervisor import Hypervisor
from .._guests.platform import Platform
from .._guests.segment import ARGUMENTS as SEGMENT
from .libvirt import arguments as libvirt_arguments
from .libvirt.platform import PLATFORM as LIBVIRT
from .proxmox import arguments as proxmox_arguments
from .proxmox.platform import PLATFORM as PROXMOX

Arguments = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import)
Opened = AbstractContextManager[Hypervisor]


def _libvirt(options: t.Mapping[str, t.Any], concurrency: int) -> Opened:
    from .libvirt import driver

    return driver.connect(options, concurrency)


def _proxmox(options: t.Mapping[str, t.Any], concurrency: int) -> Opened:
    from .proxmox import driver

    return driver.connect(options, concurrency)


@dataclass(frozen=True)
class Driver:
    """One kind of hypervisor: its data, the argument specifications of its connection and of its words, and how it is opened."""

    platform: Platform
    connection: Arguments
    guest: Arguments
    open: t.Callable[[t.Mapping[str, t.Any], int], Opened]
    nic: Arguments | None = None  # its words for an interface, where it has any
    segment: Arguments | None = None  # the same for a segment


_ALL: t.Final = (
    Driver(LIBVIRT, libvirt_arguments.CONNECTION, libvirt_arguments.GUEST, _libvirt),
    Driver(PROXMOX, proxmox_arguments.CONNECTION, proxmox_arguments.GUEST, _proxmox, proxmox_arguments.NIC, proxmox_arguments.SEGMENT),
)
DRIVERS: t.Final = {driver.platform.key: driver for driver in _ALL}


def connection_arguments() -> Arguments:
    """The connection options of every driver, for a module's argument specification."""
    return {key: driver.connection for key, driver in DRIVERS.items()}


def guest_arguments() -> Arguments:
    """Every driver's own words for a guest, for the suboptions of `guests`."""
    return {key: driver.guest for key, driver in DRIVERS.items()}


def nic_arguments() -> Arguments:
    """The same for an interface, for the suboptions of `guests[].interfaces`."""
    return {key: driver.nic for key, driver in DRIVERS.items() if driver.nic is not None}


def segment_arguments() -> Arguments:
    """An entry of `networks`: what every segment has, and every driver's own words for one."""
    return {**SEGMENT, **{key: driver.segment for key, driver in DRIVERS.items() if driver.segment is not None}}


def named(params: t.Mapping[str, t.Any]) -> Driver:
    """The driver of the one connection option that is given. Raises InputError."""
    for key, driver in DRIVERS.items():
        if params.get(key) is not None:
            return driver
    raise InputError("no hypervisor is named", wanted=f"one of {', '.join(DRIVERS)}")


def connect(params: t.Mapping[str, t.Any], concurrency: int) -> Opened:
    """Open the hypervisor that the one given connection option names. Raises UnreachableError."""
    driver = named(params)
    return driver.open(params[driver.platform.key], concurrency)
