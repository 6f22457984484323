# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads of a node's network after which its API is not reached any more: its address went, or what leads to it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from aiohttp import web
from fakepve.schema import Match
from fakepve.server import error

from .firewall import FirewallPve
from .interfaces import Interfaces
from .strict import Values

File = dict[str, Values]


@dataclass
class _Cut:
    """A node that is not reached since a reload; `before` is what its file was. `peers` still reach it, `requests` come to nothing first."""

    peers: bool = False
    requests: int | None = None
    before: File | None = None


class ReloadsPve(FirewallPve):
    """A reload that takes the node's address away cuts it off, and so does the next one after `cut_after_reload`."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._cuts: dict[str, _Cut] = {}

    def cut_after_reload(self, node: str = "pve1", peers: bool = False, requests: int | None = None) -> None:
        """After the node's next reload nothing reaches it but, with `peers`, what comes through other nodes.

        Until the change is undone, by another reload or at the node itself, or until so many `requests` came to nothing.
        """
        self._cuts[node] = _Cut(peers, requests)

    def undo_reload(self, node: str = "pve1") -> None:
        """What somebody does at the node itself: the file as it was before."""
        self.interfaces(node).staged = self._cuts[node].before
        self.reload(node)

    def reload(self, node: str) -> None:
        interfaces = self.interfaces(node)
        before, had = interfaces.applied, _addresses(interfaces)
        super().reload(node)
        cut = self._cuts.get(node)
        if cut is not None and cut.before is not None:
            if _plain(interfaces.applied) == _plain(cut.before):
                del self._cuts[node]
        elif cut is not None:
            cut.before = before
        elif had and not had & _addresses(interfaces):
            self._cuts[node] = _Cut(before=before)

    def _away(self, node: str | None) -> _Cut | None:
        cut = self._cuts.get(node or "")
        return cut if cut is not None and cut.before is not None else None

    def closed(self, door: str) -> bool:
        cut = self._away(door)
        if cut is None:
            return super().closed(door)
        if cut.requests is not None:
            cut.requests -= 1
            if cut.requests < 0:
                del self._cuts[door]
                return super().closed(door)
        return True

    async def _answer(self, request: web.Request, handler: t.Any, generic: Match | None, path_node: str | None) -> web.StreamResponse:
        cut = self._away(path_node)
        if cut is not None and not cut.peers:
            return t.cast(web.Response, error(595, "No route to host"))
        return await super()._answer(request, handler, generic, path_node)


def _addresses(interfaces: Interfaces) -> set[str]:
    return {entry["address"] for name, entry in interfaces.applied.items() if name in interfaces.up and "address" in entry}


def _plain(file: File) -> File:
    """Without the entries' order."""
    return {name: {key: value for key, value in entry.items() if key != "priority"} for name, entry in file.items()}
