# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages by node (1.3): one that is not shared holds something else on each."""

from __future__ import annotations

import collections
import contextlib
import contextvars
import typing as t

from aiohttp import web
from fakepve import FakeVm
from fakepve.routing import die, split_list
from fakepve.schema import Match

from .doors import DoorsPve
from .strict import Values

Store = t.MutableMapping[str, t.Any]

FIRST_NODE = "pve1"
# The node that a request, and the task that it began, is carried out on.
_here: contextvars.ContextVar[str | None] = contextvars.ContextVar("here", default=None)


class Storages(collections.UserDict[str, Store]):
    """The storages as they are on the node at hand. Without one it is their configuration, with the contents of the first node."""

    def __init__(self, configured: dict[str, Store]) -> None:
        super().__init__(configured)
        self._own: dict[tuple[str, str], Store] = {}

    def __getitem__(self, name: str) -> Store:
        config, node = self.data[name], _here.get()
        if node is None or node == FIRST_NODE or config.get("shared"):
            return config
        if (node, name) not in self._own:
            self._own[node, name] = _empty(config)
        return collections.ChainMap(self._own[node, name], config)


def _empty(config: Store) -> Store:
    used = sum(int(volume.get("size") or 0) for volume in config.get("volumes", {}).values())
    own: Store = {"volumes": {}, "files": set()}
    return {**own, "avail": config["avail"] + used} if "avail" in config else own


class StoragesPve(DoorsPve):
    """`storages` are fakepve's, by node: `nodes` of one says where it is, `shared` that it is the same everywhere."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.storages: t.Any = Storages(t.cast("dict[str, Store]", self.storages))

    @contextlib.contextmanager
    def at(self, node: str | None) -> t.Iterator[None]:
        """What is done in the block is done on that node."""
        mark = _here.set(node)
        try:
            yield
        finally:
            _here.reset(mark)

    def storage(self, name: str, node: str = FIRST_NODE) -> Store:
        """A storage as it is on a node, for a test to look at and to change."""
        with self.at(node):
            return t.cast(Store, self.storages[name])

    async def _answer(self, request: web.Request, handler: t.Any, generic: Match | None, path_node: str | None) -> web.StreamResponse:
        with self.at(path_node):
            return await super()._answer(request, handler, generic, path_node)

    def _store(self, name: str) -> Store:
        store, node = t.cast(Store, super()._store(name)), _here.get()
        nodes = split_list(store.get("nodes"))
        if node is not None and nodes and node not in nodes:
            raise die(f"storage '{name}' is not available on node '{node}'")
        return store

    def _guest_volumes(self, guests: list[FakeVm], name: str) -> Values:  # type: ignore[override]  # a static method there
        """A guest's disks are where the guest is."""
        node, shared = _here.get(), self.storages[name].get("shared")
        return t.cast(Values, super()._guest_volumes([one for one in guests if shared or node in (None, one.node)], name))

    def _status_item(self, name: str, node: str, formats: bool = False) -> Values:
        with self.at(node):
            return t.cast(Values, super()._status_item(name, node, formats))

    def _storage_resource(self, node: str, name: str) -> Values | None:
        """An entry for each node that the storage is on; a node that is gone tells no sizes."""
        with self.at(node):
            item = t.cast("Values | None", super()._storage_resource(node, name))
            if item is None:
                return None
            sizes = {"disk": item.pop("disk"), "maxdisk": item.pop("maxdisk")}
            if not self.nodes[node].get("online", True) or not self.storages[name].get("active", 1):
                return {**item, "status": "unknown"}
            sizes["maxdisk"], sizes["disk"], dummy = self._space(self.storages[name])
            return {**item, "status": "available", **sizes}
