# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is where in a cluster: one question for all nodes, then one for each node that matters (private).

/cluster/resources is up to ten seconds old, and a young guest has no name in it; a node's own list is never old (facts on Proxmox VE, 0 item 9).
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..._core.errors import HypervisorError, RouterError
from ..._core.waiting import wait_for
from . import mark
from .config import Standing
from .connection import Api, NodeError
from .properties import tags

BEING_MADE: t.Final = 30.0  # seconds that a guest whose making has begun has to show its name
DOUBLED: t.Final = 5.0  # seconds that several guests of one name have to become one
FIRST_LOOK: t.Final = 0.2  # seconds
SLOWEST_LOOK: t.Final = 2.0

Item = t.TypeVar("Item")
Answer = t.TypeVar("Answer")


@dataclass(frozen=True)
class Node:
    """A node. Memory in bytes."""

    name: str
    is_online: bool
    free: int


@dataclass(frozen=True)
class Storage:
    """A storage on one node. Room in bytes."""

    name: str
    node: str
    content: frozenset[str]
    free: int
    is_active: bool
    is_shared: bool


@dataclass(frozen=True)
class Listed:
    """A guest as the cluster lists it: `name` is empty for a young one, and for one whose node has been away for long."""

    vmid: int
    node: str
    name: str
    is_template: bool
    pool: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Resources:
    """Everything that a login may see of a cluster."""

    nodes: dict[str, Node] = field(default_factory=dict)
    storages: tuple[Storage, ...] = ()
    guests: tuple[Listed, ...] = ()
    ids: frozenset[int] = frozenset()  # VMIDs that are taken, those of containers too

    def guest(self, vmid: int) -> Listed | None:
        return next((guest for guest in self.guests if guest.vmid == vmid), None)

    def is_online(self, node: str) -> bool:
        return node in self.nodes and self.nodes[node].is_online


@dataclass(frozen=True)
class Found:
    """Guests by name, and why others cannot be found."""

    guests: t.Mapping[str, Standing]
    errors: t.Mapping[str, RouterError]


class Cluster:
    """Looks guests up."""

    def __init__(self, api: Api, concurrency: int) -> None:
        self._api = api
        self._concurrency = concurrency
        self._latest: Resources | None = None
        self._before: frozenset[int] = frozenset()
        self._homes: dict[str, str] = {}  # node by name, of guests that were found or made

    def resources(self) -> Resources:
        """What there is now: one question."""
        entries = self._api.get("cluster/resources")
        first = self._latest is None
        self._latest = Resources(
            {entry["node"]: _node(entry) for entry in entries if entry["type"] == "node"},
            tuple(_storage(entry) for entry in entries if entry["type"] == "storage"),
            tuple(_listed(entry) for entry in entries if entry["type"] == "qemu"),
            frozenset(int(entry["vmid"]) for entry in entries if "vmid" in entry),
        )
        if first:
            self._before = frozenset(guest.vmid for guest in self._latest.guests)
        return self._latest

    def is_new(self, guest: Listed) -> bool:
        """Whether it was not there when the cluster was first asked; it may still bear the name of one that had its VMID before."""
        return guest.vmid not in self._before

    def latest(self) -> Resources:
        """What there was when it was last asked."""
        return self._latest or self.resources()

    def side_by_side(self, ask: t.Callable[[Item], Answer], items: t.Iterable[Item]) -> list[Answer]:
        """The same question of several things, in their order."""
        wanted = list(items)
        if len(wanted) < 2:
            return [ask(item) for item in wanted]
        with ThreadPoolExecutor(min(self._concurrency, len(wanted))) as pool:
            return list(pool.map(ask, wanted))

    def remember(self, name: str, node: str) -> None:
        """Where a guest was made."""
        self._homes[name] = node

    def named(self, names: t.Collection[str]) -> Found:
        """The guests of these names. Where all are known, it is enough to ask their nodes, unless one has gone from there."""
        if names and all(name in self._homes for name in names):
            known = self._look(self.latest(), {self._homes[name] for name in names}, set(names))
            if set(known.guests) == set(names):
                return known.result(names)
        found = self._anywhere(names)
        self._homes.update({name: guest.node for name, guest in found.guests.items()})
        return found

    def _anywhere(self, names: t.Collection[str]) -> Found:
        there = self.resources()
        found = self._look(there, _homes(there, names), set(names))
        patience = found.unsettled(names)
        if not patience:
            return found.result(names)

        def look() -> Found | None:
            there = self.resources()
            seen = self._look(there, _homes(there, names), set(names))
            return None if seen.unsettled(names) else seen.result(names)

        return wait_for(look, patience, first=FIRST_LOOK, slowest=SLOWEST_LOOK) or found.result(names)

    def ours(self) -> Found:
        """The guests that bear our tag, whatever they are called; a template is none."""
        there = self.resources()
        found = self._look(there, {guest.node for guest in there.guests if mark.TAG in guest.tags or not guest.name}, None)
        return found.result(found.guests)

    def _look(self, there: Resources, nodes: t.Collection[str], names: set[str] | None) -> _Look:
        """What these nodes list of the names; of all that bears our tag where there are none."""
        look, silent = _Look(), set(nodes)
        asked = sorted(node for node in nodes if there.is_online(node))
        for node, answer in zip(asked, self.side_by_side(self._of_node, asked), strict=True):
            if answer is None:
                continue
            silent.remove(node)
            for entry in answer:
                known = there.guest(int(entry["vmid"]))
                look.add(_standing(entry, node, known.pool if known else ""), names)
        look.lose([guest for guest in there.guests if guest.node in silent and _matters(guest, names)])
        return look

    def _of_node(self, node: str) -> list[dict[str, t.Any]] | None:
        """A node's own list; None where it does not answer."""
        try:
            return list(self._api.get(f"nodes/{node}/qemu", full=1))
        except NodeError:
            return None


def _homes(there: Resources, names: t.Collection[str]) -> set[str]:
    """The nodes that may have guests of these names."""
    return {guest.node for guest in there.guests if guest.name in names or not guest.name}


def _matters(guest: Listed, names: set[str] | None) -> bool:
    return not guest.name or (mark.TAG in guest.tags if names is None else guest.name in names)


class _Look:
    """What one look at the nodes' own lists found."""

    def __init__(self) -> None:
        self.guests: dict[str, Standing] = {}
        self.errors: dict[str, RouterError] = {}
        self._unnamed = False  # some are being made
        self._doubled: set[str] = set()
        self._blind: list[Listed] = []  # on nodes that do not answer, and of unknown names

    def add(self, guest: Standing, names: set[str] | None) -> None:
        if guest.lock == "create" and guest.name == f"VM {guest.vmid}":
            self._unnamed = True
        elif names is None:
            if mark.TAG in guest.tags and not guest.is_template:
                self._take(guest)
        elif guest.name in names:
            self._take(guest)

    def _take(self, guest: Standing) -> None:
        other = self.guests.get(guest.name)
        if other is not None or guest.name in self.errors:
            places = f"{self.errors[guest.name].found if other is None else other.place}, {guest.place}"
            self.errors[guest.name] = HypervisorError(
                f"several guests are named {guest.name}", found=places, remedy="Rename or remove the one that is too many, and run again"
            )
            self.guests.pop(guest.name, None)
            self._doubled.add(guest.name)
        elif guest.is_template:
            self.errors[guest.name] = HypervisorError(
                f"{guest.name} is a template", found=guest.place, remedy="Choose another name; proxmox.template says what a guest is made from"
            )
        else:
            self.guests[guest.name] = guest

    def lose(self, guests: t.Iterable[Listed]) -> None:
        """Guests on nodes that do not answer."""
        for guest in guests:
            if guest.name:
                self.errors[guest.name] = HypervisorError(
                    f"the guest's node {guest.node} does not answer", found=f"VM {guest.vmid}", remedy="Run again when the node is back"
                )
                self.guests.pop(guest.name, None)
            else:
                self._blind.append(guest)

    def unsettled(self, names: t.Collection[str]) -> float:
        """For how many seconds it is worth to look again: a guest that is being made shows no name, and of several of one name, which runs made
        at once, all but one go away."""
        if any(name in self._doubled for name in names):
            return DOUBLED
        missing = set(names) - set(self.guests) - set(self.errors)
        return BEING_MADE if missing and self._unnamed else 0.0

    def result(self, names: t.Collection[str]) -> Found:
        """What was found of these names. One that was not found may be on a node that cannot be asked."""
        errors = {name: error for name, error in self.errors.items() if name in names}
        for name in names if self._blind else ():
            if name not in self.guests and name not in errors:
                places = ", ".join(f"VM {guest.vmid} on node {guest.node}" for guest in self._blind)
                errors[name] = HypervisorError(
                    "whether the guest exists is unknown: a node does not answer, and what its guests are called is not known",
                    found=places,
                    remedy="Run again when the node is back",
                )
        return Found({name: guest for name, guest in self.guests.items() if name in names}, errors)


def _node(entry: t.Mapping[str, t.Any]) -> Node:
    return Node(entry["node"], entry.get("status") == "online", int(entry.get("maxmem", 0)) - int(entry.get("mem", 0)))


def _storage(entry: t.Mapping[str, t.Any]) -> Storage:
    content = frozenset(filter(None, str(entry.get("content", "")).split(",")))
    free = int(entry.get("maxdisk", 0)) - int(entry.get("disk", 0))
    return Storage(entry["storage"], entry["node"], content, free, entry.get("status") == "available", bool(entry.get("shared")))


def _listed(entry: t.Mapping[str, t.Any]) -> Listed:
    name = str(entry.get("name", ""))
    return Listed(
        int(entry["vmid"]),
        entry["node"],
        "" if name == f"VM {entry['vmid']}" else name,
        bool(entry.get("template")),
        str(entry.get("pool", "")),
        tuple(tags(entry.get("tags"))),
    )


def _standing(entry: t.Mapping[str, t.Any], node: str, pool: str) -> Standing:
    return Standing(
        name=str(entry.get("name", "")),
        vmid=int(entry["vmid"]),
        node=node,
        status=str(entry.get("status", "")),
        qmpstatus=str(entry.get("qmpstatus", "")),
        lock=str(entry.get("lock", "")),
        pool=pool,
        is_template=bool(entry.get("template")),
        tags=tuple(tags(entry.get("tags"))),
    )
