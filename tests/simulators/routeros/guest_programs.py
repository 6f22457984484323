# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How VMware's tools run scripts in a CHR, as MikroTik documents it: a job's number, and afterwards an exit code and nothing else.

A job that has ended is told to the first who asks for it, and forgotten. Who runs or asks logs in as a user of the router's.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from .router import Router


class LoginRefusedError(Exception):
    """The router knows no such user, or the password is another one."""


@dataclass
class Program:
    """A script that runs, or ran."""

    pid: int
    began: int  # whole seconds, as the interface tells them
    end: int = 0
    ended: bool = False
    exit_code: int | None = None


class GuestPrograms:
    """StartProgramInGuest and ListProcessesInGuest of one router.

    `open_port=False` is a router whose tools never answer; `logs_in=False` takes every login; `exit_codes=False` leaves the exit code out, which
    the interface allows.
    """

    def __init__(
        self, router: Router, *, open_port: bool = True, script_timeout: float = 120.0, logs_in: bool = False, exit_codes: bool = True
    ) -> None:
        self._router = router
        self.script_timeout = script_timeout
        self._programs: dict[int, Program] = {}
        self._started = 0
        self._lock = threading.Lock()
        self.open_port = open_port
        self.logs_in = logs_in
        self.exit_codes = exit_codes

    def start(self, source: str, username: str, password: str) -> int:
        self._check(username, password)
        with self._lock:
            self._started += 1
            program = self._programs[self._started] = Program(self._started, math.floor(self._router.platform.now()))
        threading.Thread(target=self._work, args=(program, source), name=f"program-{program.pid}", daemon=True).start()
        return program.pid

    def list(self, pid: int, username: str, password: str) -> list[Program]:
        """The job of that number, or nothing where it never was or was told before."""
        self._check(username, password)
        with self._lock:
            program = self._programs.get(pid)
            if program is not None and program.ended:
                del self._programs[pid]
        return [] if program is None else [program]

    def _work(self, program: Program, source: str) -> None:
        code = -1  # what a defect of the simulator itself leaves behind
        try:
            code = self._router.execute(source, self.script_timeout).exit_code
        finally:
            program.exit_code = (0 if code == 0 else -1) if self.exit_codes else None
            program.end = math.ceil(self._router.platform.now())
            program.ended = True

    def _check(self, username: str, password: str) -> None:
        if not self.logs_in:
            return
        users = [item.values for item in self._router.table("/user").items()]
        if not any((user["name"], user.get("password", ""), user.get("disabled", False)) == (username, password, False) for user in users):
            raise LoginRefusedError(f"login of {username} refused")
