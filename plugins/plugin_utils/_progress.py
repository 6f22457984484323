# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is waiting for, shown while it runs on the controller (private)."""

from __future__ import annotations

import os
import tempfile
import threading
import typing as t
from contextlib import contextmanager

from ansible.utils.display import Display

LOOK: t.Final = 0.3  # seconds between looks at the progress file


@contextmanager
def progress() -> t.Iterator[str]:
    """A private file whose new lines are shown as they come, one for each change of what is waited for."""
    handle, path = tempfile.mkstemp(prefix="vrouter-progress-")  # mode 0600
    os.close(handle)
    done = threading.Event()
    reader = threading.Thread(target=_show, args=(path, done), daemon=True)
    reader.start()
    try:
        yield path
    finally:
        done.set()
        reader.join()
        os.unlink(path)


def _show(path: str, done: threading.Event) -> None:
    display = Display()
    last: dict[str, str] = {}
    with open(path, encoding="utf-8") as lines:
        finished = False
        while not finished:
            finished = done.wait(LOOK)
            for line in lines.readlines():
                name, dummy, what = line.rstrip("\n").partition("\t")
                if last.get(name) != what:
                    last[name] = what
                    display.display(f"   {name}: {what}")
