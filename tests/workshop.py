# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection in which a test works as a developer would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHES = shutil.ignore_patterns("__pycache__", ".git", ".*_cache", ".ansible", ".hypothesis")


class Workshop:
    """The copy, in the folders that Ansible wants. It knows which files were touched by hand."""

    def __init__(self, folder: Path) -> None:
        self.collections = folder
        self.root = folder / "ansible_collections" / "vrouter" / "mikrotik"
        self.touched: set[str] = set()
        shutil.copytree(ROOT, self.root, ignore=CACHES)

    def add(self, name: str, text: str) -> None:
        """Write a new file."""
        path = self.root / name
        assert not path.exists(), name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.touched.add(name)

    def insert(self, name: str, after: str, text: str) -> None:
        """Put lines below the one line of a file that ends with this text."""
        path = self.root / name
        before, found, behind = path.read_text(encoding="utf-8").partition(f"{after}\n")
        assert found and f"{after}\n" not in behind, f"{name}: {after}"
        path.write_text(f"{before}{found}{text}{behind}", encoding="utf-8")
        self.touched.add(name)

    def replace(self, name: str, old: str, new: str) -> None:
        """Put a text where another stands, once, in a file."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.touched.add(name)

    def generate(self) -> list[str]:
        """Run the developers' command, as tests/run/options does; the files that it wrote."""
        lines = self.python("-m", "tests.options").splitlines()
        return [line.removeprefix("Written: ") for line in lines]

    def python(self, *arguments: str) -> str:
        """Run Python with the collection of the copy; what it prints."""
        environment = {**os.environ, "PYTHONPATH": str(self.collections), "ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self.root, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
