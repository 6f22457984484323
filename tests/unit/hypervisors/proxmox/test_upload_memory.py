# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image goes to the cluster piece by piece: the module never holds it. The double does, so it is a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

from tests.module_runs import MODULES, ModuleRun
from tests.simulators.proxmox.process import process

from .support import guest, image, process_options

MIB = 1 << 20
IMAGE = 128 * MIB
LIMIT = 80 * MIB  # of the whole process, Python and libraries included

# Runs the module as Ansible does, and writes the most memory down that it ever had, in KiB: the kernel's own count for this process alone.
WATCHED = """
import atexit, pathlib, re, runpy

def note():
    status = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path({note!r}).write_text(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1])

atexit.register(note)
runpy.run_module({module!r}, run_name="__main__")
"""


def test_an_upload_of_128_mib_takes_less_than_80(tmp_path: Path) -> None:
    path, note = image(tmp_path / "chr-7.20.8.img"), tmp_path / "peak"
    os.truncate(path, IMAGE)
    with process(tmp_path / "pve") as remote:
        given = {name: value for name, value in process_options(remote).items() if value is not None}
        watched = WATCHED.format(note=str(note), module=f"{MODULES}.chr_guest")
        ran = ModuleRun("chr_guest", {"proxmox": given, "guests": [guest("edge1", path)]}, way=["-c", watched]).end().ok()
        assert ran.changed
        assert list(remote.volumes()["local"].values()) == [IMAGE], "it went there whole"
    assert int(note.read_text()) << 10 < LIMIT
