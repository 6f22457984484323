# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The toy driver: a thin client of a hypervisor that is only memory, in another process (private)."""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager
from multiprocessing.connection import Client

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Planned, Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RouterError, UnreachableError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestRef, GuestSpec, GuestState, Mark, NewGuest, Power
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor, Observed, Report
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import GuestPlan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentPlan, SegmentState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Credential, Ended, Files, Pace, Way

from .platform import PLATFORM


class Line:
    """The wire: one question, one answer."""

    def __init__(self, socket: str) -> None:
        try:
            self._connection = Client(socket, "AF_UNIX")
        except OSError as error:
            raise UnreachableError(f"toy.socket: nobody answers at {socket}", found=str(error)) from error
        self._lock = threading.Lock()

    def ask(self, *question: t.Any) -> t.Any:
        with self._lock:
            self._connection.send(question)
            answer = self._connection.recv()
        if isinstance(answer, RouterError):
            raise answer
        return answer

    def close(self) -> None:
        self._connection.close()


@contextmanager
def connect(options: t.Mapping[str, t.Any], concurrency: int) -> t.Iterator[Hypervisor]:
    """An open driver for the `toy` options. Raises InputError and UnreachableError."""
    if options["room"] not in (None, "hall"):
        raise InputError(f"toy.room: there is no {options['room']!r}", wanted="hall, or none")
    line = Line(options["socket"])
    try:
        yield ToyHypervisor(line, options["socket"])
    finally:
        line.close()


class ToyHypervisor:
    """One hypervisor in the memory of another process."""

    platform = PLATFORM

    def __init__(self, line: Line, socket: str) -> None:
        self.title = f"toy at {socket}"
        self._line = line

    def _ask(self, method: str, *arguments: t.Any) -> t.Any:
        return self._line.ask("hypervisor", method, *arguments)

    def _step(self, report: Report, method: str, *arguments: t.Any) -> t.Any:
        """A step that tells what it did, in its report."""
        value, changes = self._line.ask("step", method, *arguments)
        for change in changes:
            report.done(change)
        return value

    # Reading

    def observe(self, names: t.Collection[str]) -> Observed:
        return t.cast(Observed, self._ask("observe", list(names)))

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        return dict(self._ask("check", plans, planned))

    def power(self, guest: GuestRef) -> Power:
        return t.cast(Power, self._ask("power", guest))

    def disk_id(self, guest: GuestRef) -> str:
        return str(self._ask("disk_id", guest))

    # Steps

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        return dict(self._line.ask("prepare", plans))

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        return t.cast(GuestRef, self._step(report, "create", guest))

    def make_disk(self, guest: GuestRef, spec: GuestSpec, report: Report) -> str | None:
        return t.cast("str | None", self._step(report, "make_disk", guest, spec))

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        self._step(report, "set", guest, changes)

    def write_mark(self, guest: GuestRef, change: t.Callable[[Mark], Mark]) -> bool:
        while True:
            have = self._line.ask("mark", guest)
            wanted = change(have)
            if wanted == have or self._line.ask("replace_mark", guest, have, wanted):
                return bool(wanted != have)

    def identify(self, guest: GuestRef) -> str:
        return str(self._ask("identify", guest))

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        return bool(self._step(report, "start", guest))

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        return bool(self._ask("shut_down", guest, timeout))

    def power_off(self, guest: GuestRef) -> None:
        self._ask("power_off", guest)

    def remove(self, guest: GuestRef, report: Report) -> None:
        self._step(report, "remove", guest)

    # Segments

    def observe_segments(self, names: t.Collection[str], *, with_guests: bool = False) -> dict[str, SegmentState]:
        return dict(self._ask("observe_segments", list(names)))

    def check_segment(self, plan: SegmentPlan) -> None:
        self._ask("check_segment", plan)

    def apply_segment(self, plan: SegmentPlan) -> None:
        self._ask("apply_segment", plan)

    # Inside a guest

    def ways(self, guest: GuestState) -> t.Sequence[Way]:
        return [ToyWay(self._line, guest)]

    def list(self) -> Observed:
        return t.cast(Observed, self._ask("list"))


class ToyWay:
    """The way into one guest, in the other process."""

    def __init__(self, line: Line, guest: GuestState) -> None:
        self._line = line
        self._guest = guest
        self.is_open = guest.agent_connected
        self.name: str = self._own("name")
        self.returns_text: bool = self._own("returns_text")
        self.logs_in: bool = self._own("logs_in")
        self.pace: Pace = self._own("pace")

    def _own(self, attribute: str) -> t.Any:
        return self._line.ask("way_has", self._guest.name, attribute)

    def _ask(self, method: str, *arguments: t.Any) -> t.Any:
        return self._line.ask("way", self._guest.name, method, *arguments)

    @property
    def files(self) -> Files | None:
        return None

    def wait(self, timeout: float) -> None:
        self._ask("wait", timeout)
        self.is_open = True

    def log_in(self, credentials: t.Sequence[Credential]) -> None:
        self._ask("log_in", credentials)

    def start(self, source: str) -> int:
        return int(self._ask("start", source))

    def poll(self, job: int) -> Ended | None:
        return t.cast("Ended | None", self._ask("poll", job))

    def facts(self) -> dict[str, t.Any]:
        return dict(self._ask("facts"))
