# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens beside a session's own input: jobs that run meanwhile, and things that happen a while later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Worker(Protocol):
    """`run` hands the job's result to `done`; `after` calls `action` so many seconds later."""

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None: ...

    def after(self, seconds: float, action: Callable[[], None]) -> None: ...


class ThreadWorker:
    """Jobs run in threads. `done` and `action` are called with `lock` held, and no more once the worker is closed.

    `run` and `after` never wait for `lock`: they may be called by a thread that holds other locks.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._closed = False
        self._timers: set[threading.Timer] = set()
        self._timers_lock = threading.Lock()

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        def work() -> None:
            result = job()
            with self.lock:
                if not self._closed:
                    done(result)

        threading.Thread(target=work, daemon=True).start()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        def ring() -> None:
            with self._timers_lock:
                self._timers.discard(timer)
            with self.lock:
                if not self._closed:
                    action()

        with self._timers_lock:
            timer = threading.Timer(seconds, ring)
            timer.daemon = True
            self._timers.add(timer)
            timer.start()

    def close(self) -> None:
        """A job that still runs is left alone; nobody waits for it."""
        with self.lock:
            self._closed = True
        with self._timers_lock:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
