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
from .guest import GuestSpec
from .platform import Platform

PARAVIRTUAL: t.Final = "Hypervisors that provide paravirtualization are not supported"  # CHR manual, System Requirements, Warning
MEMORY_PER_QUEUE: t.Final = 8  # MiB for each CPU and each interface after the first


@dataclass(frozen=True)
class Row:
    """One limit. Of the rows that agree in option, bound and kind, the one of the newest version counts; None lifts the limit."""

    option: str
    since: str  # RouterOS version
    bound: t.Literal["at least", "at most"]
    limit: int | None
    kind: t.Literal["error", "warning"] = "error"
    queues: int = 0  # what each queue (a CPU for an interface after the first) adds to the limit
    words: str = ""  # what is said after, or in the place of, the limit


ROWS: t.Final = (
    Row("cpus", "6.0", "at least", 1),
    Row("memory", "6.0", "at least", 128, queues=MEMORY_PER_QUEUE),
    Row("memory", "7.0", "at least", 256, queues=MEMORY_PER_QUEUE),
    Row("memory", "7.0", "at least", 1024, "warning", words="is enough to run; the manual recommends 1024 MiB for RouterOS 7"),
    Row("disk_size", "6.0", "at least", 128),
    Row("disk_size", "6.0", "at most", 16 * 1024, words=" (16 GB), the most that RouterOS 6 can use"),
    Row("disk_size", "7.0", "at most", None),
)
UNITS: t.Final = {"memory": " MiB", "disk_size": " MiB"}


def check(spec: GuestSpec, platform: Platform, rows: t.Sequence[Row] = ROWS) -> list[str]:
    """Raise for each limit that the wanted guest breaks, all in one error; return the warnings.

    Only what is given, or would be a new guest's default, is looked at. Without a version the rules of RouterOS 7 apply.
    """
    platform.guest_name.check(spec.name)
    version = Version(spec.version) if spec.version else Version("7.0")
    broken = [(row, said) for row in _in_force(rows, version) if (said := _broken(row, spec, platform))]
    if version < OLDEST_CHR:
        raise UnsupportedError(
            f"version {version} has no CHR", wanted=f"{OLDEST_CHR} or later (CHR manual, System Requirements)", remedy="Choose a newer version"
        )
    problems = [*(said for row, said in broken if row.kind == "error"), *_hardware(spec, platform), *_lacking(spec, platform)]
    if problems:
        raise InputError(
            "; ".join(problems), remedy=f"These are the limits of the CHR manual for RouterOS {version.major} on {platform.hardware.title}"
        )
    return [*_discouraged(spec, platform), *(said for row, said in broken if row.kind == "warning")]


def check_words(spec: GuestSpec, platform: Platform) -> list[str]:
    """The same for a guest that stands, of which only words that do not exist here are wrong: such a bus is no difference but a mistake."""
    problems = list(_hardware(spec, platform))
    if problems:
        raise InputError("; ".join(problems), remedy=f"These are what CHR can use on {platform.hardware.title}")
    return []


def _in_force(rows: t.Sequence[Row], version: Version) -> list[Row]:
    """The rows that count for a version."""
    newest: dict[tuple[str, str, str], Row] = {}
    for row in sorted(rows, key=lambda row: Version(row.since)):
        if Version(row.since) <= version:
            newest[row.option, row.bound, row.kind] = row
    return list(newest.values())


def _broken(row: Row, spec: GuestSpec, platform: Platform) -> str:
    """What is wrong by this row; empty where nothing is."""
    value = spec.value(row.option, platform)
    if row.limit is None or value is None:
        return ""
    cpus, interfaces = max(0, spec.value("cpus", platform)), len(spec.interfaces)
    limit = row.limit + row.queues * cpus * max(0, interfaces - 1)
    if value >= limit if row.bound == "at least" else value <= limit:
        return ""
    unit = UNITS.get(row.option, "")
    if row.kind == "warning":
        return f"{row.option}: {value}{unit} {row.words}"
    words = f" for {cpus} CPUs and {interfaces} interfaces" if row.queues else row.words
    return f"{row.option}: {value}{unit} is {'below' if row.bound == 'at least' else 'above'} {limit}{unit}{words}"


def _hardware(spec: GuestSpec, platform: Platform) -> t.Iterator[str]:
    """Buses, models and slots that this hypervisor has none of, or CHR no driver for."""
    bus, buses = spec.value("disk_bus", platform), platform.hardware.disk_buses
    if bus not in buses:
        yield f"disk_bus: CHR's system disk cannot be on {bus}, only on {', '.join(buses)}"
    for nic in spec.interfaces:
        model, models = nic.model or platform.nic_model, platform.hardware.nic_models
        if model not in models:
            yield f"interfaces.{nic.name}.model: CHR has no driver for {model}, only for {', '.join(models)}"
        if nic.slot > platform.slots:
            yield f"interfaces.{nic.name}: a guest has room for ether1 to ether{platform.slots}"


def _lacking(spec: GuestSpec, platform: Platform) -> t.Iterator[str]:
    """What was asked for by name and this hypervisor does not have."""
    for option in ("agent", "serial_console", "autostart"):
        if getattr(spec, option) and option not in platform.features:
            yield f"{option}: guests of {platform.key} have none"


def _discouraged(spec: GuestSpec, platform: Platform) -> t.Iterator[str]:
    for nic in spec.interfaces:
        if nic.model in platform.hardware.discouraged:
            better = platform.nic_model
            yield f"interfaces.{nic.name}.model: the CHR manual advises against {nic.model}; use {better} where the host offers it"
