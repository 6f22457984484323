# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the machine that runs the module (private)."""

from __future__ import annotations

from pathlib import Path

from .errors import InputError


def read_local(path: str, option: str) -> bytes:
    """The content of a file on the machine that runs the module. Raises InputError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{option}: {path} cannot be read", found=error.strerror or str(error), remedy="Check the path") from error


def read_text(path: str, option: str) -> str:
    """The text of a file on the machine that runs the module. Raises InputError."""
    try:
        return read_local(path, option).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{option}: {path} is no UTF-8 text", found=f"byte {error.start}", remedy="Save it as UTF-8") from error
