# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's official API schemas, by release, where they lie beside the checkout; of 9.0, fakepve's own where they do not."""

from __future__ import annotations

import functools
import gzip
import json
import re
import typing as t
from pathlib import Path

from fakepve import schema as fakepve

VERSIONS = ("7.4", "8.0", "8.4", "9.0")
LIKE_FAKEPVE = "9.0"  # fakepve's comes from a later 9.x, which takes what 9.0 takes


class AbsentError(Exception):
    """The schema of a release is not on this machine."""


@functools.cache
def schema_of(version: str) -> fakepve.Schema:
    """A release's schema. Raises AbsentError."""
    file = _beside(Path("shared", "data", "proxmox", f"apidata-{version}.json.gz"))
    if file is not None:
        with gzip.open(file) as stream:
            return fakepve.Schema(_translated(_methods_by_path(json.load(stream))))
    if version == LIKE_FAKEPVE:
        return fakepve.Schema(_translated(fakepve.load().paths))
    raise AbsentError(f"Proxmox VE's API schema is not here: shared/data/proxmox/apidata-{version}.json.gz")


def _beside(name: Path) -> Path | None:
    return next((folder.parent / name for folder in Path(__file__).resolve().parents if (folder.parent / name).exists()), None)


def _methods_by_path(nodes: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any]:
    """The tree as a dictionary of path templates."""
    found = {}
    for node in nodes:
        found[node["path"]] = node.get("info", {})
        found.update(_methods_by_path(node.get("children", [])))
    return found


def _translated(value: t.Any) -> t.Any:
    """Perl's `(?^:` is Python's `(?:` (section 3): untranslated, fakepve leaves the pattern unchecked (2.2)."""
    if isinstance(value, list):
        return [_translated(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _translated(one) for key, one in value.items()}
    pattern = found.get("pattern")
    return {**found, "pattern": re.sub(r"\(\?\^\w*:", "(?:", pattern)} if isinstance(pattern, str) else found
