# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's account server, as a router sees it when it renews its licence.

What it answers was measured on RouterOS 7.22; the rules are those of the vendor's page on CHR licensing: a trial of 60 days for each
system-id, a level that only the account can raise, a deadline about 30 days after the next renewal.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

DAY = 86400
TRIAL = 60 * DAY  # seconds
PERIOD = 60 * DAY  # between two renewals of what was bought
GRACE = 30 * DAY  # between the next renewal and the deadline
UNAUTHORIZED = "ERROR: Unauthorized"
NO_TRIALS = "ERROR: Licensing Error: too many trial licences"
NOTHING_BOUGHT = "ERROR: Licensing Error: no licence"  # nobody published this text
DONE = "done"


@dataclass(frozen=True)
class Grant:
    """What the server gives: a level and, in seconds since the epoch, the next renewal and the deadline."""

    level: str
    next_renewal: float
    deadline: float


@dataclass
class AccountServer:
    """One account. `reachable` False: it never answers; `pauses` are the seconds between two of its statuses."""

    account: str = "lab@example.com"
    password: str = "account-password"
    trials_left: int = 100
    reachable: bool = True
    pauses: float = 0.0
    enforce_after_reboot: bool = False
    purchased: dict[str, str] = field(default_factory=dict)  # the level bought for a system-id
    asked: list[tuple[str, str]] = field(default_factory=list)  # (system-id, level asked for), in order
    overlapping: bool = False  # whether two routers ever asked at the same time
    _trials: dict[str, Grant] = field(default_factory=dict)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, system_id: str, level: str) -> None:
        """A router connects."""
        self.overlapping = self.overlapping or not self._busy.acquire(blocking=False)
        self.asked.append((system_id, level))

    def end(self) -> None:
        if self._busy.locked():
            self._busy.release()

    def answer(self, system_id: str, account: str, password: str, level: str, now: float) -> Grant | str:
        """What the router gets, or the text of the error that ends its wish."""
        if (account, password) != (self.account, self.password):
            return UNAUTHORIZED
        if system_id in self.purchased:
            return Grant(self.purchased[system_id], now + PERIOD, now + PERIOD + GRACE)
        if system_id not in self._trials and not level:
            return NOTHING_BOUGHT
        if system_id not in self._trials:
            if self.trials_left <= 0:
                return NO_TRIALS
            self.trials_left -= 1
            self._trials[system_id] = Grant(level, now + TRIAL - GRACE, now + TRIAL)
        return self._trials[system_id]
