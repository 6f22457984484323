# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at one router's licence, and at what speaks against its reaching the account server (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._core.dates import date_time
from .._core.errors import GuestError
from .doors import LicenseDoor, Network, Reading
from .license import License, Note, iso, parse_license, parse_note
from .rules import Holder, repeaters

CLOCK_TOLERANCE: t.Final = timedelta(days=2)  # between router and controller; time zones are within it, a clock without NTP is not


@dataclass(frozen=True)
class Seen:
    """One router's licence as found. `clock` is its own; `now` is the controller's where that clock is plainly wrong."""

    license: License
    clock: datetime
    now: datetime
    reading: Reading

    @property
    def note(self) -> Note:
        return parse_note(self.reading.note)

    @property
    def clock_is_wrong(self) -> bool:
        return self.now != self.clock


def read(door: LicenseDoor, controller: datetime) -> Seen:
    """A router's licence and clock; `controller` is this machine's."""
    reading = door.read()
    clock = date_time(reading.clock)
    if clock is None:
        raise GuestError("the router does not tell its time", remedy="Look at /system clock")
    return Seen(parse_license(reading.license), clock, clock if abs(clock - controller) <= CLOCK_TOLERANCE else controller, reading)


def duplicates(seen: t.Mapping[str, Seen]) -> set[str]:
    """Routers whose system-id another one of the batch keeps."""
    return repeaters(Holder(name, found.license.system_id, found.license.level) for name, found in seen.items())


def wrong_clock(found: Seen) -> GuestError:
    """Why a router whose clock is wrong is not let ask."""
    return GuestError(
        "the router's clock is wrong, so the account server's certificate would not verify",
        found=iso(found.clock) or "",
        wanted=f"about {iso(found.now)}",
        remedy="Give it an NTP server first",
    )


def doubts(network: Network) -> list[str]:
    """What speaks against the router's reaching the account server, as warnings."""
    found = []
    if not network.routes:
        found.append("the router shows no active default route (0.0.0.0/0); it may not reach the account server")
    if not network.dns:
        found.append("the router shows no DNS server; it may not find the account server")
    return found
