# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real RouterOS command trees, by version, where they lie beside the checkout."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def command_tree(version: str) -> dict[str, Any]:
    """One version's tree; the test is skipped where there is none."""
    for folder in Path(__file__).resolve().parents:
        file = folder.parent / "shared" / "data" / "routeros" / f"command-tree-{version}.json.gz"
        if file.exists():
            with gzip.open(file) as stream:
                tree: dict[str, Any] = json.load(stream)
            return tree
    pytest.skip(f"RouterOS's command tree is not here: shared/data/routeros/command-tree-{version}.json.gz")


def unknown(tree: dict[str, Any], path: Iterable[str], arguments: Iterable[str]) -> list[str]:
    """What RouterOS does not know of a menu or command and its arguments."""
    node: Any = tree
    for part in path:
        node = node.get(part, {})
    where = "/" + "/".join(path)
    return [*([] if node else [where]), *(f"{where} {argument}=" for argument in sorted(arguments) if argument not in node)]
