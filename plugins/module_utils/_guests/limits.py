# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CHR manual's limits, as one table (private, pure).

Each rule is a row: what it looks at, from which RouterOS version on, the limit, and whether breaking it is an error or only a warning.
Sources: CHR manual, System Requirements (6.34, 64 bit, 128 MiB, 16 GB, NIC models and disk buses, BIOS images); the current manual's
formulas for memory, v6: 128 + 8 x CPUs x (interfaces - 1) MiB, v7: 256 + the same; 1024 MiB recommended on v7.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._core.errors import InputError, UnsupportedError
from .._core.version import OLDEST_CHR, Version
from .guest import NIC_MODEL, GuestSpec

MIN_MEMORY: t.Final = 128  # MiB; below it even the self-installation does not finish
MIN_DISK: t.Final = 128  # MiB
MAX_DISK_V6: t.Final = 16 * 1024  # MiB
RECOMMENDED_MEMORY_V7: t.Final = 1024  # MiB
BASE_MEMORY: t.Final = {6: 128, 7: 256}  # MiB
MEMORY_PER_QUEUE: t.Final = 8  # MiB for each CPU and each interface after the first
PARAVIRTUAL: t.Final = "Hypervisors that provide paravirtualization are not supported"  # CHR manual, System Requirements, Warning


@dataclass(frozen=True)
class Platform:
    """What CHR can use on one hypervisor (CHR manual, "Usable Network and Disk interfaces on various hypervisors"); the best NIC model is first.

    `disk_buses` are those of the system disk; where SCSI serves secondary disks alone (the manual's note), it is not among them.
    """

    title: str
    nic_models: tuple[str, ...]
    disk_buses: tuple[str, ...]

    @property
    def discouraged(self) -> frozenset[str]:
        """E1000, where there is something better (CHR manual, the warning below that list)."""
        return frozenset({"e1000"}) - {self.nic_models[0]}


KVM: t.Final = Platform("Qemu/KVM", ("virtio", "e1000", "vmxnet3"), ("ide", "sata", "virtio"))
ESX: t.Final = Platform("ESX", ("vmxnet3", "e1000"), ("ide",))
HYPER_V: t.Final = Platform("Hyper-V", ("network adapter", "legacy network adapter"), ("ide",))
VIRTUALBOX: t.Final = Platform("VirtualBox", ("e1000", "rtl8193"), ("ide", "sata", "scsi", "sas"))
XEN: t.Final = Platform("Xen Project", ("netfront", "e1000", "rtl8193"), ("ide", "sata"))


def base_memory(version: Version, cpus: int, interfaces: int) -> int:
    """The least memory, in MiB, by the manual's formula for this version."""
    base = BASE_MEMORY[6 if version.major < 7 else 7]
    return max(MIN_MEMORY, base + MEMORY_PER_QUEUE * cpus * max(0, interfaces - 1))


def check(spec: GuestSpec, platform: Platform) -> list[str]:
    """Raise for each limit that the wanted guest breaks, all in one error; return the warnings.

    Only what is given, or would be a new guest's default, is looked at. Without a version the rules of RouterOS 7 apply.
    """
    version = Version(spec.version) if spec.version else Version("7.0")
    problems = [problem for problem in _problems(spec, platform, version) if problem]
    if version < OLDEST_CHR:
        raise UnsupportedError(
            f"version {version} has no CHR", wanted=f"{OLDEST_CHR} or later (CHR manual, System Requirements)", remedy="Choose a newer version"
        )
    if problems:
        raise InputError("; ".join(problems), remedy=f"These are the limits of the CHR manual for RouterOS {version.major} on {platform.title}")
    return _warnings(spec, platform, version)


def _problems(spec: GuestSpec, platform: Platform, version: Version) -> t.Iterator[str]:
    memory = spec.value("memory")
    cpus = spec.value("cpus")
    least = base_memory(version, cpus, len(spec.interfaces))
    if cpus < 1:
        yield f"cpus: {cpus} is below 1"
    if memory < least:
        yield f"memory: {memory} MiB is below {least} MiB for {cpus} CPUs and {len(spec.interfaces)} interfaces"
    if spec.disk_size is not None and spec.disk_size < MIN_DISK:
        yield f"disk_size: {spec.disk_size} MiB is below {MIN_DISK} MiB"
    if spec.disk_size is not None and version.major < 7 and spec.disk_size > MAX_DISK_V6:
        yield f"disk_size: {spec.disk_size} MiB is above {MAX_DISK_V6} MiB (16 GB), the most that RouterOS 6 can use"
    bus = spec.value("disk_bus")
    if bus not in platform.disk_buses:
        yield f"disk_bus: CHR's system disk cannot be on {bus}, only on {', '.join(platform.disk_buses)}"
    for nic in spec.interfaces:
        model = nic.model or NIC_MODEL
        if model not in platform.nic_models:
            yield f"interfaces.{nic.name}.model: CHR has no driver for {model}, only for {', '.join(platform.nic_models)}"


def _warnings(spec: GuestSpec, platform: Platform, version: Version) -> list[str]:
    found = [
        f"interfaces.{nic.name}.model: the CHR manual advises against {nic.model}; use {platform.nic_models[0]} where the host offers it"
        for nic in spec.interfaces
        if nic.model in platform.discouraged
    ]
    memory = spec.value("memory")
    if version.major >= 7 and memory < RECOMMENDED_MEMORY_V7:
        found.append(f"memory: {memory} MiB is enough to run; the manual recommends {RECOMMENDED_MEMORY_V7} MiB for RouterOS 7")
    return found
