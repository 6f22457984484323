# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a new guest goes: node, storages, template (private, pure).

What the user left out is chosen: of the nodes that have what the guest needs, the one with the most free memory; of its storages, the one with
the most room. Guests of one batch are counted as they are placed.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._core.errors import HypervisorError, InputError, UnsupportedError
from ..._guests.guest import GuestSpec
from .cluster import Listed, Node, Resources, Storage
from .platform import PLATFORM

DISKS: t.Final = "images"
IMAGES: t.Final = "import"


@dataclass(frozen=True)
class Place:
    """Where one guest is made. `image_storage` is empty where nothing is uploaded, `storage` where a template's own is kept."""

    node: str
    storage: str
    image_storage: str = ""
    template: Listed | None = None


def is_path(template: t.Any) -> bool:
    """Whether a template is an image by its path on the node, and no guest."""
    return str(template or "").startswith("/")


class Placement:
    """Places the guests of one batch, one after the other.

    `has` says whether a node has a bridge or VNet, `storage_of` where a template's disk is.
    """

    def __init__(self, there: Resources, has: t.Callable[[str, str], bool], storage_of: t.Callable[[Listed], str]) -> None:
        self._there = there
        self._has = has
        self._storage_of = storage_of
        self._taken: dict[str, int] = {}  # bytes of memory, by node

    def place(self, spec: GuestSpec, carriers: t.Collection[str]) -> Place:
        """Raises InputError for a place that is none, UnsupportedError and HypervisorError where nothing fits."""
        template = self._template(spec)
        trouble: list[str] = []
        for node in self._candidates(spec, template):
            missing = [carrier for carrier in sorted(carriers) if not self._has(node.name, carrier)]
            if missing:
                trouble.append(f"node {node.name} has no {' and no '.join(missing)}")
                continue
            try:
                place = self._on(node, spec, template)
            except UnsupportedError as error:
                trouble.append(error.problem)
                continue
            self._taken[node.name] = self._taken.get(node.name, 0) + (int(spec.value("memory", PLATFORM)) << 20)
            return place
        if len(trouble) == 1:
            raise UnsupportedError(trouble[0], remedy="Name what is there, or make what is missing")
        raise UnsupportedError("no node has everything that the guest needs", found="; ".join(trouble), remedy="Say proxmox.node and mend that one")

    def _template(self, spec: GuestSpec) -> Listed | None:
        wanted = spec.own.get("template")
        if not wanted or is_path(wanted):
            return None
        found = [guest for guest in self._there.guests if guest.is_template and str(wanted) in (guest.name, str(guest.vmid))]
        if len(found) == 1:
            return found[0]
        known = ", ".join(sorted(f"{guest.name or '?'} (VM {guest.vmid})" for guest in self._there.guests if guest.is_template)) or "none"
        raise InputError(
            f"proxmox.template: {'several templates are' if found else 'no template is'} {wanted}", found=known, remedy="Give a name or VMID of one"
        )

    def _candidates(self, spec: GuestSpec, template: Listed | None) -> list[Node]:
        """Nodes to try, the best first."""
        wanted = spec.own.get("node")
        if wanted:
            if wanted not in self._there.nodes:
                raise InputError(f"proxmox.node: there is no node {wanted}", found=", ".join(sorted(self._there.nodes)) or "no node at all")
            if not self._there.is_online(wanted):
                raise HypervisorError(f"node {wanted} does not answer", remedy="Run again when it is back, or choose another proxmox.node")
            return [self._there.nodes[wanted]]
        online = [node for node in self._there.nodes.values() if node.is_online]
        if template is not None:  # a linked clone is where its template is
            online = [node for node in online if node.name == template.node]
        if not online:
            raise HypervisorError("no node of the cluster is online", remedy="Check the cluster's state")
        return sorted(online, key=lambda node: (self._taken.get(node.name, 0) - node.free, node.name))

    def _on(self, node: Node, spec: GuestSpec, template: Listed | None) -> Place:
        if template is not None:
            full = spec.own_value("disk_clone", PLATFORM) == "full"
            wanted = spec.own.get("storage")
            if wanted and not full and (there := self._storage_of(template)) != wanted:
                remedy = "Leave it out, or use proxmox.disk_clone: full"
                raise InputError(f"proxmox.storage: a linked clone is where its template is, and that is on {there or 'none'}", remedy=remedy)
            storage = self._storage(node, "storage", spec, DISKS).name if wanted and full else ""
            return Place(node.name, storage, template=template)
        storage = self._storage(node, "storage", spec, DISKS).name
        if spec.own.get("template"):
            return Place(node.name, storage)
        return Place(node.name, storage, self._storage(node, "image_storage", spec, IMAGES).name)

    def _storage(self, node: Node, option: str, spec: GuestSpec, content: str) -> Storage:
        """The storage that is named, or the roomiest that can. Raises UnsupportedError naming those there are."""
        wanted = spec.own.get(option)
        here = [storage for storage in self._there.storages if storage.node == node.name and storage.is_active]
        able = [storage for storage in here if content in storage.content]
        fitting = [storage for storage in able if wanted in (None, storage.name)]
        if fitting:
            return max(fitting, key=lambda storage: (storage.free, storage.name))
        known = ", ".join(sorted(storage.name for storage in able)) or "none"
        if wanted and any(storage.name == wanted for storage in here):
            raise UnsupportedError(f"proxmox.{option}: storage {wanted} on node {node.name} does not take content {content} (those that do: {known})")
        what = f"proxmox.{option}: node {node.name} has no storage {wanted}" if wanted else f"node {node.name} has no storage for content {content}"
        raise UnsupportedError(f"{what} (those for content {content}: {known})")
