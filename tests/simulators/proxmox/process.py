# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double in a process of its own, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import typing as t
from pathlib import Path

from .control import Remote

ROOT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def process(folder: Path, *options: str) -> t.Iterator[Remote]:
    """Options are those of `python -m tests.simulators.proxmox`; `about` of what is given says where it listens."""
    command = [sys.executable, "-m", "tests.simulators.proxmox", str(folder), *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdin is not None and running.stdout is not None
            if not running.stdout.readline():
                raise RuntimeError("the double did not start")
            yield Remote(folder)
        finally:
            running.terminate()
