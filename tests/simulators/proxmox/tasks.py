# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks (1.5): how they run and end, and what a test may do to them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import threading
import time
import typing as t
from dataclasses import dataclass

from fakepve import FakeVm, PveError, TaskError
from fakepve.model import lock_timeout
from fakepve.routing import die

from .asked import AskedPve
from .strict import Values

Body = t.Callable[[], t.Awaitable["str | None"]]

# A worker that died: its log has no last line, and the task's status says so (1.5).
_DIED = "unexpected status"
# PVE takes back what these began (1.2); the others fail before they do anything.
_TAKEN_BACK = frozenset({"qmcreate", "qmclone"})
_failing: contextvars.ContextVar[str | None] = contextvars.ContextVar("failing", default=None)


class Hold:
    """What stands still until it is let go: `reached` is set as soon as somebody stands there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._free: concurrent.futures.Future[None] = concurrent.futures.Future()

    async def stand(self) -> None:
        self.reached.set()
        await asyncio.shield(asyncio.wrap_future(self._free))

    def release(self) -> None:
        if not self._free.done():
            self._free.set_result(None)


@dataclass
class Fate:
    """How the next tasks of a kind end."""

    text: str
    times: int
    how: t.Literal["fails", "dies", "warns"]


class TasksPve(AskedPve):
    """`task_secs` are the seconds of PVE that tasks of a kind take, counted with `time_scale`."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.task_secs: dict[str, float] = {}
        self._fates: dict[str, Fate] = {}
        self._holds: dict[str, Hold] = {}
        self._contended: dict[int, tuple[str, int]] = {}
        self._running: set[asyncio.Future[None]] = set()

    # For tests

    def fail_task(self, kind: str, text: str, times: int = 1) -> None:
        """The next tasks of a kind, such as `qmstart`, end with TASK ERROR and have done nothing."""
        self._fates[kind] = Fate(text, times, "fails")

    def kill_task(self, kind: str, times: int = 1) -> None:
        """The worker of the next tasks of a kind dies: what was begun stays as it is, with its lock."""
        self._fates[kind] = Fate(_DIED, times, "dies")

    def warn_task(self, kind: str, text: str, times: int = 1) -> None:
        """The next tasks of a kind do their work and warn: their status is `WARNINGS: 1`."""
        self._fates[kind] = Fate(text, times, "warns")

    @contextlib.contextmanager
    def hold_tasks(self, kind: str) -> t.Iterator[Hold]:
        """Tasks of a kind stand still, until the end of the block at the latest: what asked for them has its answer."""
        hold = self._holds[kind] = Hold()
        try:
            yield hold
        finally:
            del self._holds[kind]
            hold.release()

    def contend(self, vmid: int, times: int, text: str | None = None) -> None:
        """Somebody has the guest's lock for so many attempts to take it, in answers and in tasks alike."""
        self._contended[vmid] = (text or lock_timeout(vmid), times)

    # The machinery

    async def stop(self) -> None:
        for running in self._running:
            running.cancel()
        await super().stop()

    async def task(
        self,
        node: str,
        ttype: str,
        tid: object,
        user: str,
        body: Body,
        vm: FakeVm | None = None,
        lock: bool = True,
        log: t.Iterable[str] = (),
    ) -> str:
        """Start a task; with a time scale of 0 it is over when its UPID is known, unless a test holds it."""
        upid, pid, start = self._upid(node, ttype, tid, user)
        about = {"upid": upid, "node": node, "pid": pid, "pstart": pid * 7, "starttime": start}
        record = {**about, "type": ttype, "id": str(tid), "user": user, "status": "running", "log": list(log)}
        self.tasks[upid] = record
        self.tasklog.append(record)
        run = self._run(record, body, vm if lock else None)
        if self.time_scale or ttype in self._holds:
            running = asyncio.ensure_future(run)
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        else:
            await run
        return t.cast(str, upid)

    async def _run(self, record: Values, body: Body, locked: FakeVm | None) -> None:
        fate = self._fate(record["type"])
        try:
            if record["type"] in self._holds:
                await self._holds[record["type"]].stand()
            await self._work(record, body, locked, fate)
            ended = "OK"
            if fate is not None and fate.how == "warns":
                ended = "WARNINGS: 1"
                record["log"].append(f"WARN: {fate.text}")
            record["log"].append(f"TASK {ended}")
        except (PveError, TaskError) as failed:  # what dies in a worker is the task's error, wherever it was found
            ended = str(failed)
            if ended != _DIED:
                record["log"] += [ended, f"TASK ERROR: {ended}"]
        record.update(status="stopped", exitstatus=ended, endtime=int(time.time()))

    async def _work(self, record: Values, body: Body, locked: FakeVm | None, fate: Fate | None) -> None:
        fails = fate is not None and fate.how == "fails"
        if fate is not None and (fate.how == "dies" or (fails and record["type"] not in _TAKEN_BACK)):
            raise TaskError(fate.text)
        if locked is not None:
            await self.acquire(locked, record["upid"])
        mark = _failing.set(fate.text if fate is not None and fails else None)
        try:
            await self.pause(self.task_secs.get(record["type"], 0))
            note = await body()
        finally:
            _failing.reset(mark)
            if locked is not None:
                self.release(locked, record["upid"])
        if note:
            record["log"].append(note)

    def _fate(self, kind: str) -> Fate | None:
        fate = self._fates.get(kind)
        if fate is not None:
            fate.times -= 1
            if fate.times <= 0:
                del self._fates[kind]
        return fate

    async def ceph_io(self, vm: FakeVm, keys: t.Iterable[str] | None = None) -> None:
        """Where a creation or a clone has made its disks: a failure from here on is taken back."""
        failing = _failing.get()
        if failing is not None:
            raise TaskError(failing)
        await super().ceph_io(vm, keys)

    # Locks

    async def acquire(self, vm: FakeVm, holder: str, wait: float | None = None) -> None:
        busy = self._busy(vm.vmid)
        if busy is not None:
            raise TaskError(busy)
        await super().acquire(vm, holder, wait)

    async def _qm_create(self, values: Values, user: str) -> str:
        """1.2: the lock of a new guest is taken before its task begins."""
        vmid = int(values["vmid"])
        busy = self._busy(vmid)
        if busy is not None:
            raise die(f"unable to create VM {vmid} - {busy}")
        return t.cast(str, await super()._qm_create(values, user))

    def _busy(self, vmid: int) -> str | None:
        text, times = self._contended.pop(vmid, (None, 0))
        if text is not None and times > 1:
            self._contended[vmid] = (text, times - 1)
        return text
