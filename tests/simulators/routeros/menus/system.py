# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system: identity, clock, note, resources, restarting."""

from __future__ import annotations

import calendar
import re
import time
from typing import TYPE_CHECKING

from ..errors import invalid_value, no_match
from ..fields import Field, Flag, Kind, Stored
from ..menu import Command, Invocation, Menu
from ..settings import Settings
from ..table import Table
from ..values import Time, Value

if TYPE_CHECKING:
    from ..router import Router

_BOARD = "CHR QEMU Standard PC (i440FX + PIIX, 1996)"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Date(Kind):
    """2026-01-31, or jan/31/2026 as RouterOS wrote it before 7.10."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        old = re.fullmatch(r"([a-z]{3})/(\d\d)/(\d{4})", text.lower())
        if old and old[1] in _MONTHS:
            text = f"{old[3]}-{_MONTHS.index(old[1]) + 1:02}-{old[2]}"
        try:
            time.strptime(text, "%Y-%m-%d")
        except ValueError as error:
            raise invalid_value(name) from error
        return text


class TimeOfDay(Kind):
    def parse(self, router: Router, name: str, text: str) -> Stored:
        try:
            time.strptime(text, "%H:%M:%S")
        except ValueError as error:
            raise invalid_value(name) from error
        return text


class StartTime(TimeOfDay):
    """A time of day, or the router's start."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        return text if text == "startup" else super().parse(router, name, text)


class ZoneName(Kind):
    """A name from the time zone database, by its form: the simulator has no such database and counts in UTC."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if not re.fullmatch(r"manual|UTC|GMT|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]*[A-Za-z0-9]*)+|[A-Z]{3,4}", text):
            raise no_match(name)
        return text


class Clock(Settings):
    def computed(self) -> dict[str, Value]:
        now = time.gmtime(self.router.platform.now())
        return {"time": time.strftime("%H:%M:%S", now), "date": time.strftime("%Y-%m-%d", now), "gmt-offset": "+00:00"}

    def changed(self) -> None:
        """A given date and time go to the machine's clock and are not kept."""
        shown = self.computed()
        date, moment = self.stored.pop("date", shown["date"]), self.stored.pop("time", shown["time"])
        if (date, moment) != (shown["date"], shown["time"]):
            wanted = time.strptime(f"{date} {moment}", "%Y-%m-%d %H:%M:%S")
            self.router.platform.set_clock(float(calendar.timegm(wanted)))


class Resource(Settings):
    def computed(self) -> dict[str, Value]:
        uptime = self.router.platform.now() - self.router.booted
        return {
            "uptime": Time(int(max(uptime, 0)) * 1_000_000_000),
            "version": f"{self.router.platform.version} (stable)",
            "free-memory": 134217728,
            "total-memory": 268435456,
            "cpu": "QEMU",
            "cpu-count": 1,
            "cpu-load": 1,
            "free-hdd-space": 67108864,
            "total-hdd-space": 98566144,
            "architecture-name": "x86_64",
            "board-name": _BOARD,
            "platform": "MikroTik",
        }


class Packages(Table):
    columns = ("name", "version", "size")
    can_add = False
    can_set = False
    can_remove = False


def _reboot(call: Invocation) -> Value:
    call.interpreter.router.persist()
    call.interpreter.router.platform.reboot()
    return None


def _shutdown(call: Invocation) -> Value:
    call.interpreter.router.persist()
    call.interpreter.router.platform.power_off()
    return None


def commands() -> tuple[Command, ...]:
    return Command("reboot", _reboot), Command("shutdown", _shutdown)


def factory(router: Router) -> None:
    router.table("/system/package").store.new({"name": "routeros", "version": router.platform.version})


def menus(router: Router) -> dict[str, Menu]:
    clock = [
        Field("date", Date()),
        Field("time", TimeOfDay()),
        Field("time-zone-autodetect", Flag(), True),
        Field("time-zone-name", ZoneName(), "UTC"),
    ]
    note = [Field("show-at-login", Flag(), True), Field("show-at-cli-login", Flag(), False), Field("note", default="")]
    return {
        "system/identity": Settings(router, [Field("name", default="MikroTik")]),
        "system/clock": Clock(router, clock),
        "system/note": Settings(router, note),
        "system/resource": Resource(router, [], writable=False),
        "system/package": Packages(router, [Field("name", read_only=True), Field("version", read_only=True)]),
    }
