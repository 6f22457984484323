# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot sectors: guests that cost nothing, for everything that needs a running guest and no router in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.simulators.chr_image.kernel import assemble

HALT = b"\xfa\xf4\xeb\xfd"  # cli, hlt, and again
SIGNATURE = b"\x55\xaa"
SECTOR = 512  # bytes
MIB = 1 << 20


def disk(path: Path, code: bytes, size: int = MIB) -> Path:
    """A raw disk of `size` bytes whose boot sector runs the code. The path is in the boot sector, so that no two disks are alike."""
    sector = code + path.name.encode()[: SECTOR - 2 - len(code)]
    with path.open("wb") as handle:
        handle.write(sector.ljust(SECTOR - 2, b"\0") + SIGNATURE)
        handle.truncate(size)
    path.chmod(0o644)
    return path


def silent_agent() -> bytes:
    """Code that opens the agent's port and never answers."""
    return _assembled("silent_agent.S")


def writer() -> bytes:
    """Code that fills its disk."""
    return _assembled("writer.S")


def _assembled(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return assemble(Path(__file__).with_name(name), Path(folder))
