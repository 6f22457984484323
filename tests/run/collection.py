# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one folder equal to the tracked and unignored files of a checkout: `collection.py CHECKOUT COPY`.

Only changed files are written. What tools left in the copy goes, except their caches. The copy is an empty git
repository, so that tools which ask git for the files get this folder's, not the checkout's, where the copy is ignored.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

KEPT = {".ansible", ".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}


def wanted_files(checkout: Path) -> set[Path]:
    """The files that git tracks or would track, without those that are deleted but not yet committed."""
    command = ["git", "-C", str(checkout), "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    names = {Path(os.fsdecode(name)) for name in listed.split(b"\0") if name}
    return {name for name in names if os.path.lexists(checkout / name)}


def remove_others(folder: Path, copy: Path, wanted: set[Path]) -> None:
    """Remove what is in a folder of the copy and not wanted, and the folders that this empties."""
    for entry in folder.iterdir():
        if entry.name in KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove_others(entry, copy, wanted)
            if not any(entry.iterdir()):
                entry.rmdir()
        elif entry.relative_to(copy) not in wanted:
            entry.unlink()


def is_equal(source: Path, target: Path) -> bool:
    """Whether the copy of one file is up to date, by kind, mode, size and time of change."""
    if not os.path.lexists(target):
        return False
    old, new = source.lstat(), target.lstat()
    return (old.st_mode, old.st_size, old.st_mtime_ns) == (new.st_mode, new.st_size, new.st_mtime_ns)


def copy_changed(checkout: Path, copy: Path, wanted: set[Path]) -> None:
    """Copy the files that differ."""
    for name in sorted(wanted):
        source, target = checkout / name, copy / name
        if is_equal(source, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def main() -> None:
    """Bring the copy up to date."""
    checkout, copy = Path(sys.argv[1]), Path(sys.argv[2])
    copy.mkdir(parents=True, exist_ok=True)
    wanted = wanted_files(checkout)
    remove_others(copy, copy, wanted)
    copy_changed(checkout, copy, wanted)
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)


if __name__ == "__main__":
    main()
