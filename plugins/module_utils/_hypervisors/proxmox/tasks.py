# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that Proxmox VE does in tasks: waited for, with what the task said where it failed (private).

Facts on Proxmox VE, 1.5: a task ends with OK, WARNINGS: n or its error; its log's last lines say more. Nothing tells when it ends, so it is asked.
"""

from __future__ import annotations

import re
import typing as t

from ..._core.waiting import Deadline
from .connection import Api, NodeError, PveError, UnansweredError

CONTENTION: t.Final = re.compile(r"can't lock file '[^']+' - got timeout|VM is locked \([a-z0-9-]+\)")  # 1.4; nothing was done then
LOCK_PATIENCE: t.Final = 60.0  # seconds until what holds a guest's lock is told instead of waited for
FIRST_LOOK: t.Final = 0.1  # seconds between two looks at a task, growing
SLOWEST_LOOK: t.Final = 2.0
LAST_LINES: t.Final = 5  # of a failed task's log
LOG: t.Final = 500  # lines of a log that are read

Begin = t.Callable[[], t.Any]  # sends a request; a task's UPID, or nothing where it is done already
Warn = t.Callable[[str], None]


def unheard(text: str) -> None:
    """Warnings that nobody asked for."""


class TaskError(PveError):
    """A task ended with an error."""


class Tasks:
    """Carries out what takes a task, and what finds a guest locked."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def carry_out(self, begin: Begin, what: str, *, warn: Warn = unheard, timeout: float | None = None) -> None:
        """Begin something, and wait until it is done. Where a guest's lock is held it is begun again, for a while."""
        self.unlocked(lambda: self.wait(begin(), what, warn=warn, timeout=timeout), what)

    def unlocked(self, act: t.Callable[[], t.Any], what: str) -> t.Any:
        """Do something that needs a guest's lock, again and again while somebody else has it."""
        deadline = Deadline(LOCK_PATIENCE)
        for dummy in deadline.looks(FIRST_LOOK, SLOWEST_LOOK):
            try:
                return act()
            except (UnansweredError, NodeError):
                raise
            except PveError as error:
                if not CONTENTION.search(error.text):
                    raise
                if deadline.passed:
                    remedy = f"Something else holds the guest's lock for {LOCK_PATIENCE:g} s already: run again when that is done"
                    raise error.about(what, remedy) from None
        return None

    def wait(self, upid: str | None, what: str, *, warn: Warn = unheard, timeout: float | None = None) -> None:
        """Wait until a task has ended well; its warnings are told. Raises TaskError, and UnansweredError for one that goes on."""
        if not upid:
            return
        path = f"nodes/{upid.split(':')[1]}/tasks/{upid}"  # 1.3: not always the node that was asked
        patience = self._api.task_timeout if timeout is None else timeout
        for dummy in Deadline(patience).looks(FIRST_LOOK, SLOWEST_LOOK):
            ended = self._ended(path)
            if ended is None:
                continue
            if ended == "OK":
                return
            if not ended.startswith("WARNINGS"):
                raise TaskError(what, _last(ended, self._log(path)))
            for line in self._log(path):
                if line.startswith("WARN"):
                    warn(line.partition(":")[2].strip())
            return
        raise UnansweredError(
            what, f"the task goes on after {patience:g} s: {upid}", remedy="Raise proxmox.task_timeout, or run again when the task is done"
        )

    def _ended(self, path: str) -> str | None:
        """How a task ended; None while it works, and where its node does not answer just now."""
        try:
            status = self._api.get(f"{path}/status")
        except NodeError:
            return None
        return str(status.get("exitstatus", "")) if status["status"] == "stopped" else None

    def _log(self, path: str) -> list[str]:
        try:
            return [str(line["t"]) for line in self._api.get(f"{path}/log", start=0, limit=LOG)]
        except PveError:
            return []


def _last(ended: str, log: t.Sequence[str]) -> str:
    """How the task ended, and the lines before that."""
    said = [line for line in log if not line.startswith("TASK ") and line.strip() and ended not in line]
    return f"{ended}{'; its last lines: ' if said else ''}{' | '.join(said[-LAST_LINES:])}"
