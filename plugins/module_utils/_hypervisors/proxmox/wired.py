# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which guests are wired to bridges and VNets: everybody's, containers too, as they run and as they will start (private)."""

from __future__ import annotations

import typing as t

from .cluster import Cluster
from .connection import Api, NodeError, PveError
from .properties import NET, parse
from .reading import GONE


class Wired:
    """Asks every guest of the cluster, one question each."""

    def __init__(self, api: Api, cluster: Cluster) -> None:
        self._api = api
        self._cluster = cluster

    def to(self, carriers: t.Collection[str]) -> dict[str, tuple[str, ...]]:
        """Guests by bridge or VNet. One whose node does not answer may be wired to any, and says so."""
        found: dict[str, set[str]] = {carrier: set() for carrier in carriers}
        for name, used in self._cluster.side_by_side(self._of, self._api.get("cluster/resources", type="vm")):
            for carrier in found.keys() & used if used is not None else found:
                found[carrier].add(name)
        return {carrier: tuple(sorted(names)) for carrier, names in found.items()}

    def _of(self, entry: t.Mapping[str, t.Any], again: bool = True) -> tuple[str, set[str] | None]:
        """A guest's name, and what it is wired to; None where nobody can say."""
        kind, node, vmid = entry["type"], entry["node"], entry["vmid"]
        try:
            items = self._api.get(f"nodes/{node}/{kind}/{vmid}/pending")
        except NodeError:
            return f"VM {vmid} on node {node}, which does not answer", None
        except PveError as error:
            if GONE not in error.text:
                raise
            moved = [other for other in self._api.get("cluster/resources", type="vm") if other["vmid"] == vmid and other["node"] != node]
            return self._of(moved[0], again=False) if moved and again else (f"VM {vmid}", set())
        values = {item["key"]: [str(item[side]) for side in ("value", "pending") if side in item] for item in items}
        name = (values.get("name") or values.get("hostname") or [str(entry.get("name", f"VM {vmid}"))])[-1]
        nets = (parse(text) for key, texts in values.items() if NET.fullmatch(key) for text in texts)
        return name, {net["bridge"] for net in nets if "bridge" in net}
