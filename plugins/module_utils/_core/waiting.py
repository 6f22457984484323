# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what tells nobody when it comes: looks with a growing pause until a deadline (private).

Where the other side has events, wait for these instead.
"""

from __future__ import annotations

import time
import typing as t


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.left == 0.0

    def looks(self, first: float, slowest: float) -> t.Iterator[None]:
        """Yield at once, then again after pauses that double from `first` to `slowest` seconds; once more at the deadline, and then no more."""
        pause = first
        while True:
            last = self.passed
            yield
            if last:
                return
            time.sleep(min(pause, self.left))
            pause = min(pause * 2, slowest)


Seen = t.TypeVar("Seen")


def wait_for(look: t.Callable[[], Seen | None], timeout: float, *, first: float, slowest: float) -> Seen | None:
    """What a look found, as soon as it finds something; None where it found nothing within `timeout` seconds."""
    for dummy in Deadline(timeout).looks(first, slowest):
        seen = look()
        if seen is not None:
            return seen
    return None
