# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Proxmox VE must let us do, and no more: the privileges by path and release (private, pure).

docs/proxmox.md shows this table, and the error for a refusal quotes it.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

VM_CONFIG: t.Final = tuple(f"VM.Config.{kind}" for kind in ("CPU", "Disk", "HWType", "Memory", "Network", "Options"))
GUESTS: t.Final = ("Pool.Audit", "VM.Allocate", "VM.Audit", "VM.Clone", *VM_CONFIG, "VM.PowerMgmt")
_REFUSAL: t.Final = re.compile(
    r"Permission check failed \((?P<path>/[^,\s]*), (?P<privileges>[\w.|]+(?:, ?[\w.]+)*)(?: for modifying tag '(?P<tag>[^']+)')?\)"
)


@dataclass(frozen=True)
class Grant:
    """A role, and where it is given. `under` is what that path and those below it start with."""

    role: str
    paths: tuple[str, ...]
    privileges: tuple[str, ...]
    purpose: str
    under: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Whether a path may be one of those that the role is given for."""
        return any(path == top or path.startswith(f"{top}/") for top in self.under)

    def command(self) -> str:
        """The command on a node that makes the role."""
        return f'pveum role add {self.role} --privs "{",".join(self.privileges)}"'


@dataclass(frozen=True)
class Denial:
    """What a refusal says: the path, and the privileges of which one was missing; for a tag that not everybody may set, the tag."""

    path: str
    privileges: tuple[str, ...]
    tag: str = ""


def grants(release: str) -> tuple[Grant, ...]:
    """What a release such as "8.4" asks for. A privilege that a release does not know is an error when a role is made, so each gets its own."""
    major = int(release.partition(".")[0])
    # From 9 on, Unrestricted is enough for each call of the agent, and exec takes nothing less.
    agent = "VM.GuestAgent.Unrestricted" if major >= 9 else "VM.Monitor"
    bridges = ("/sdn/zones/localnetwork/BRIDGE", "/sdn/zones/ZONE/VNET") if major >= 8 else ("/sdn/vnets/VNET",)
    return (
        Grant("ChrGuests", ("/vms", "/pool/POOL"), (*GUESTS, agent), "the routers", ("/vms", "/pool")),
        Grant(
            "ChrDisks", ("/storage/STORAGE",), ("Datastore.AllocateSpace", "Datastore.Audit"), "the storage of their disks", ("/storage",)
        ),
        Grant(
            "ChrImages", ("/storage/STORAGE",), ("Datastore.AllocateTemplate", "Datastore.Audit"), "the storage of images", ("/storage",)
        ),
        Grant(
            "ChrNetworks",
            bridges,
            ("SDN.Use",) if major >= 8 else ("SDN.Audit",),
            "the bridges and VNets that they use",
            ("/sdn",),
        ),
        Grant("ChrNodes", ("/nodes",), ("Sys.Audit",), "the memory that the nodes have free", ("/nodes",)),
        Grant("ChrBridges", ("/nodes/NODE",), ("Sys.Audit", "Sys.Modify"), "bridges that we manage", ("/nodes",)),
        Grant("ChrFirewall", ("/",), ("Sys.Audit",), "whether the cluster's firewall is on", ("/",)),
    )


def denial(text: str) -> Denial | None:
    """What Proxmox VE's own text says of a refusal, where it says it."""
    match = _REFUSAL.search(text)
    return Denial(match["path"], tuple(re.split(r"[|,]\s*", match["privileges"])), match["tag"] or "") if match else None


def advice(denied: Denial, release: str) -> str:
    """How to grant what was refused: the roles of this table that hold it, or the privilege alone where none does."""
    if denied.tag:
        return f"Let everybody use the tag {denied.tag}: Datacenter, Options, User Tag Access"
    roles = [
        f"the role {grant.role} ({', '.join(grant.privileges)}) on {' or '.join(grant.paths)} for {grant.purpose}"
        for grant in grants(release)
        if grant.covers(denied.path) and not set(denied.privileges).isdisjoint(grant.privileges)
    ]
    wanted = ", or ".join(roles) or f"{' or '.join(denied.privileges)} on {denied.path}"
    return f"Give the user, and its token where that has privileges of its own, {wanted}"
