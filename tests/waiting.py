# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting in tests: for what will come, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 600  # seconds until something that never happens fails its test; ends what hangs, and measures nothing
PAUSE = 0.02  # seconds between two looks


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until it is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"in vain: {what}")
        time.sleep(PAUSE)
