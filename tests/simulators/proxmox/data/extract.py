# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes api.json.xz: of Proxmox VE's official API schemas, the part that a request to a guest, a node or a storage can meet.

    python tests/simulators/proxmox/data/extract.py FOLDER    where FOLDER holds apidata-VERSION.json.gz

Kept are names, types, limits, permissions and the types of answers; every text for readers is left out.
"""

from __future__ import annotations

import gzip
import json
import lzma
import sys
import typing as t
from pathlib import Path

VERSIONS = ("7.4", "8.0", "8.4", "9.0")
KEPT: tuple[str, ...] = ("/version", "/access/ticket", "/access/permissions", "/pools", "/storage", "/nodes")
KEPT += tuple(f"/cluster/{part}" for part in ("nextid", "options", "resources", "sdn", "status", "tasks"))
LEFT_OUT: tuple[str, ...] = ("apt", "capabilities", "ceph", "certificates", "disks", "firewall", "hardware", "lxc", "replication", "scan", "services")
LEFT_OUT += ("subscription", "vzdump", "qemu/{vmid}/firewall")
TEXTS = ("description", "verbose_description", "typetext", "title", "format_description")
FILE = Path(__file__).parent / "api.json.xz"


def methods_by_path(nodes: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any]:
    """The tree as a dictionary of path templates."""
    found = {}
    for node in nodes:
        found[node["path"]] = node.get("info", {})
        found.update(methods_by_path(node.get("children", [])))
    return found


def without_texts(value: t.Any, names: bool = False) -> t.Any:
    """`names`: the keys are parameters' names, of which one is called "description"."""
    if isinstance(value, list):
        return [without_texts(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: one for key, one in value.items() if names or key not in TEXTS or not isinstance(one, str)}
    return {key: without_texts(one, names=key == "properties") for key, one in kept.items()}


def wanted(path: str) -> bool:
    return path.startswith(KEPT) and not path.startswith(tuple(f"/nodes/{{node}}/{part}" for part in LEFT_OUT))


def extract(folder: Path, version: str) -> dict[str, t.Any]:
    """One release: by path and method what a request may hold, who may send it and what comes back."""
    with gzip.open(folder / f"apidata-{version}.json.gz") as stream:
        tree = methods_by_path(json.load(stream))
    parts = ("parameters", "permissions", "returns", "protected")
    return {
        path: {method: {part: without_texts(info[part]) for part in parts if part in info} for method, info in methods.items()}
        for path, methods in tree.items()
        if wanted(path)
    }


def main(folder: Path) -> None:
    releases = {version: extract(folder, version) for version in VERSIONS}
    FILE.write_bytes(lzma.compress(json.dumps(releases, sort_keys=True, separators=(",", ":")).encode(), preset=9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
