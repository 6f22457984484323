# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed is named twice (private, pure)."""

from __future__ import annotations

from .errors import RefusedError


def require_confirm(kind: str, name: str, confirm: str | None, consequence: str = "") -> None:
    """Raise RefusedError unless `confirm` repeats the name of what would be removed. `consequence` says what would go with it."""
    if confirm != name:
        raise RefusedError(
            f"removing a {kind} needs its name twice",
            wanted=f"confirm: {name}",
            found=f"confirm: {confirm}" if confirm else "no confirm",
            remedy=consequence or "Say the name once more in confirm",
        )
