# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double on a port of this machine, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import typing as t
from pathlib import Path

from fakepve.certs import make_cert

from .looking import LookingPve
from .release import Release

_PATIENCE = 60  # seconds for starting and stopping, on a busy machine


class ChrPve(LookingPve):
    """Proxmox VE of a release, whose guests boot CHR.

    Log in as root@pam with the password "secret", or with a token of `apitokens`; `grant` limits everybody else. `url` says where it
    listens. Faults are fakepve's: `fail`, `hold_config_lock`, `lose_quorum`, `set_node_offline`, `slow_network`, `flaky_network`, ...,
    and ours: `fail_task`, `kill_task`, `warn_task`, `hold_tasks`, `contend`, `drop`, `lose_answer`, `hold`, `move`, `cut_after_reload`.
    """

    def __init__(self, release: str = "9.0") -> None:
        super().__init__(Release(release))


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1, which is its own CA, and its key: paths."""
    made = make_cert(str(folder), hosts=("127.0.0.1",))
    return made[0], made[1]


@contextlib.contextmanager
def serve(pve: ChrPve, files: tuple[str, str]) -> t.Iterator[ChrPve]:
    """Answer requests, on an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxmox", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(pve.start(*files), loop).result(_PATIENCE)
        yield pve
    finally:
        asyncio.run_coroutine_threadsafe(pve.stop(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()
