# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our mark on a guest of Proxmox VE: the last line of its notes; a tag shows it in lists (private, pure)."""

from __future__ import annotations

import json
import typing as t
from dataclasses import MISSING, asdict, fields

from ..._core.errors import HypervisorError
from ..._guests.guest import Mark

TAG: t.Final = "vrouter.mikrotik"
LINE: t.Final = f"{TAG}: "
NOTES: t.Final = 8192  # characters that Proxmox keeps (1.2)
_TYPES: t.Final = {field.name: type(field.default) for field in fields(Mark) if field.default is not MISSING}


def split(notes: str) -> tuple[str, Mark | None]:
    """The description and the mark. Raises HypervisorError for a mark that cannot be read."""
    lines = notes.rstrip("\n").split("\n")
    found = [line for line in lines if line.startswith(LINE)]
    description = "\n".join(line for line in lines if not line.startswith(LINE)).rstrip("\n")
    return description, _parse(found[-1].removeprefix(LINE)) if found else None


def join(description: str, mark: Mark) -> str:
    """The notes of a guest of ours. What is as in a new mark is left out."""
    new = Mark()
    kept = {key: value for key, value in asdict(mark).items() if value != getattr(new, key)}
    return f"{description}\n\n{LINE}{json.dumps(kept)}".lstrip("\n")


def _parse(text: str) -> Mark:
    try:
        kept = json.loads(text)
        wrong = [key for key, value in kept.items() if value.__class__ is not _TYPES.get(key)]
    except (ValueError, AttributeError):
        kept, wrong = {}, [text]
    if wrong:
        raise HypervisorError(
            "the guest's mark cannot be read", found=f"{', '.join(wrong)} in its notes", remedy=f"Mend the line {LINE.strip()} of its notes"
        )
    return Mark(**kept)
