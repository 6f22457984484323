# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upload's form, read as pveproxy reads it: once, in one order (0, item 5)."""

from __future__ import annotations

import re

_FIELD = re.compile(rb'name="([^"]*)"(?:; *filename="([^"]*)")?')


def parse(body: bytes, content_type: str) -> tuple[dict[str, str] | None, bytes]:
    """The fields that were read, and the bytes that would be stored; no fields for a form that is refused.

    What follows the file's beginning belongs to the file, further fields too: they make it longer, and are not read.
    """
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    fields: dict[str, str] = {}
    rest = body.partition(boundary + b"\r\n")[2]
    while rest:
        head, dummy, rest = rest.partition(b"\r\n\r\n")
        found = _FIELD.search(head)
        if found is None:
            return None, b""
        name = found.group(1).decode()
        if found.group(2) is not None:
            return {**fields, "filename": found.group(2).decode()}, rest.rpartition(b"\r\n" + boundary + b"--")[0]
        if name == "checksum" and "checksum-algorithm" not in fields:
            return None, b""
        value, dummy, rest = rest.partition(b"\r\n" + boundary + b"\r\n")
        fields[name] = value.decode()
    return None, b""
