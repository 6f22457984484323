# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of playbooks show of each kind of guest (private, pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Values = t.Mapping[str, t.Any]
Cell = t.Tuple[str, ...]  # noqa: UP006  (evaluated at import)  one text a line
NOTHING: t.Final = ("-",)


@dataclass(frozen=True)
class Layout:
    """The columns after name and result. `prefix` begins the names of the variables; `cells` gets a guest's facts and the user's notes on it."""

    prefix: str
    headings: tuple[str, ...]
    cells: t.Callable[[Values, t.Sequence[str]], tuple[Cell, ...]]


def _chr(facts: Values, notes: t.Sequence[str]) -> tuple[Cell, ...]:
    return (
        (state(facts),),
        (first_boot(facts),),
        (license_of(facts),),
        tuple(interfaces(facts)) or NOTHING,
        _reach(facts, notes, facts.get("console") or "" if facts.get("power") != "stopped" else ""),
    )


def _metarouter(facts: Values, notes: t.Sequence[str]) -> tuple[Cell, ...]:
    memory = f"{facts['memory_size']} MiB" if facts.get("memory_size") else "-"
    console = f"/metarouter console {facts['name']}" if facts.get("exists") else ""
    return (state(facts),), (memory,), tuple(virtual_interfaces(facts)) or NOTHING, _reach(facts, notes, console)


def _reach(facts: Values, notes: t.Sequence[str], console: str) -> Cell:
    return (*(notes if facts.get("exists", True) else ()), *([console] if console else [])) or NOTHING


def state(facts: Values) -> str:
    """Running, stopped, or what is known of a guest that does not stand."""
    if facts.get("suspended_for"):
        return f"{facts['power']}: {facts['suspended_for']}"
    return str(facts.get("power") or facts.get("state") or ("absent" if facts.get("exists") is False else "-"))


def first_boot(facts: Values) -> str:
    """How first boot ran, or what the hypervisor's mark says of it."""
    if "first_boot" in facts:
        return str(facts["first_boot"])
    return {True: "standing", False: "not yet"}.get(facts.get("configured", "-"), "-")


def license_of(facts: Values) -> str:
    """The level, and what is to be said of it where the phase of licences ran."""
    level = (facts.get("router") or {}).get("license_level") or facts.get("level") or "-"
    verdict = str(facts.get("verdict", "ok")).replace("_", " ")
    if verdict in ("ok", "unknown"):
        return str(level)
    return f"{level} ({verdict}, {facts['days_left']} days left)" if verdict == "trial" else f"{level} ({verdict})"


def interfaces(facts: Values) -> t.Iterator[str]:
    """Slot name, MAC, segment and link of each interface, with the addresses that the guest itself reports."""
    reported = {nic["mac"]: nic for nic in (facts.get("router") or {}).get("interfaces", [])}
    for nic in facts.get("interfaces") or []:
        own = ", ".join((reported.get(nic["mac"]) or {}).get("addresses", []))
        yield " ".join(part for part in (nic["name"], nic["mac"], nic["network"], "up" if nic["link"] else "down", own) if part)


def virtual_interfaces(facts: Values) -> t.Iterator[str]:
    """Slot name and MAC of each interface, the host's interface that stands for it, and the bridge that this one joins."""
    for nic in facts.get("interfaces") or []:
        bridge = f"in {nic['dynamic_bridge']}" if nic["dynamic_bridge"] else ""
        yield " ".join(part for part in (nic["name"], nic["vm_mac_address"], nic["host_interface"], bridge) if part)


CHR: t.Final = Layout("chr", ("STATE", "FIRST BOOT", "LICENCE", "INTERFACES", "REACH"), _chr)
METAROUTER: t.Final = Layout("metarouter", ("STATE", "MEMORY", "INTERFACES", "REACH"), _metarouter)
LAYOUTS: t.Final = {layout.prefix: layout for layout in (CHR, METAROUTER)}
