# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much one request to a guest's agent carries, by release (private, pure). Facts on Proxmox VE, 1.1 and 1.6."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import urlencode

Release = tuple[int, int]

TAKES_LISTS: t.Final[Release] = (8, 0)  # from here on `command` is a required list, before it is text that may be left out
_INPUT: t.Final = 65536  # characters of input-data
STDIN: t.Final = 1024 * 1024  # bytes that qm guest exec takes on a node
_CONTENT: t.Final = 61440  # characters of a file's content, which go as base64
_BODY: t.Final = 64 * 1024  # bytes of a request before 8.4, with everything encoded
_LARGE_BODY: t.Final = 512 * 1024
_LARGE_BODIES_FROM: t.Final[Release] = (8, 4)
_BESIDE: t.Final = 1024  # for the other fields
FILE: t.Final = _CONTENT // 4 * 3  # bytes of the largest file
_PART: t.Final = FILE // 3  # bytes that fit into a small body, however much of their base64 a form must write as %XX


def takes_input(release: Release, source: str) -> bool:
    """Whether a script goes as input-data."""
    encoded = len(json.dumps(source) if release >= TAKES_LISTS else urlencode({"": source}))
    return len(source) <= _INPUT and encoded <= _body(release) - _BESIDE


def takes_file(release: Release, content: bytes) -> bool:
    """Whether a file goes at once."""
    encoded = len(urlencode({"": base64.b64encode(content)}))
    return len(content) <= FILE and encoded <= _body(release) - _BESIDE


def part(release: Release) -> int:
    """Bytes of a file that certainly goes at once."""
    return FILE if _body(release) == _LARGE_BODY else _PART


def _body(release: Release) -> int:
    return _LARGE_BODY if release >= _LARGE_BODIES_FROM else _BODY
