# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interface is wired to: a bridge or VNet, with a VLAN or a trunk of several (private, pure).

Facts on Proxmox VE, 1.2: `bridge=B[,tag=1..4094][,trunks=10;20-30]`.
"""

from __future__ import annotations

import typing as t
from itertools import groupby

VLANS: t.Final = range(1, 4095)


def wire(bridge: str, tag: int | None, trunk: t.Collection[int] | None) -> str:
    """The wire in one word, the same for whatever means the same: `vmbr0`, `vmbr0.10`, `vmbr0 trunk 10;20-30`."""
    if trunk:
        return f"{bridge} trunk {render_trunk(trunk)}"
    return bridge if tag is None else f"{bridge}.{tag}"


def parse_trunk(text: str) -> tuple[int, ...]:
    """The VLANs of `10;20-30`, in order, each once."""
    found: set[int] = set()
    for part in filter(None, text.split(";")):
        first, dummy, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found & set(VLANS)))


def render_trunk(trunk: t.Iterable[int]) -> str:
    """VLANs as Proxmox takes them, runs of three and more as ranges."""
    runs: list[str] = []
    for dummy, group in groupby(enumerate(sorted(set(trunk))), lambda pair: pair[1] - pair[0]):
        run = [vlan for dummy, vlan in group]
        runs += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(vlan) for vlan in run]
    return ";".join(runs)


def wire_of(options: t.Mapping[str, str]) -> str:
    """The same of an interface's options as they are stored; one without a bridge is in a network of its own user."""
    if "bridge" not in options:
        return ""
    tag = options.get("tag")
    return wire(options["bridge"], int(tag) if tag else None, parse_trunk(options.get("trunks", "")))
