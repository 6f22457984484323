# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary user with a checkout of his own."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(os.environ.get("VROUTER_CHECKOUT", "."))
APART = [CHECKOUT / ".build" / name for name in ("home", "logs", "results", "python-*")]  # what no demo touches
USER = "op"


def output(*command: str) -> str:
    """What a program prints that succeeds."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def belongs_to_root() -> list[str]:
    """What in the checkout belongs to root."""
    apart = [word for path in APART for word in ("-path", str(path), "-prune", "-o")]
    return output("find", str(CHECKOUT), *apart, "-user", "root", "-print").splitlines()


@dataclass(frozen=True)
class Operator:
    """An ordinary user with sudo."""

    home: Path

    def run(self, *command: str, code: int = 0, **environment: str) -> str:
        """What a script of the checkout prints, run to its end. Where the checkout and its Python lie may be closed to others than root."""
        reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *reading, "--"]
        python = (CHECKOUT / ".venv/made-with").read_text().split()[2]
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHON": python, **environment}
        done = subprocess.run(
            [*become, *command], cwd="/", env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == code, f"{shlex.join(command)}: {done.returncode}\n{done.stdout}"
        return done.stdout


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """The checkout belongs to the user, in a layer above the real one, which stays as it is."""
    home = Path("/run/home") / USER
    home.parent.mkdir(exist_ok=True)
    output("useradd", "--create-home", "--home-dir", str(home), USER)
    Path("/etc/sudoers.d").mkdir(exist_ok=True)
    Path("/etc/sudoers.d", USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    layer = home.parent / "layer"
    for folder in ("changes", "work"):
        (layer / folder).mkdir(parents=True)
    places = f"lowerdir={CHECKOUT},upperdir={layer}/changes,workdir={layer}/work,metacopy=on"
    output("mount", "-t", "overlay", "-o", places, "overlay", str(CHECKOUT))
    user = pwd.getpwnam(USER)
    for path in belongs_to_root():
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    yield Operator(home)
    output("umount", "--lazy", str(CHECKOUT))
    output("rm", "-r", str(layer))
    output("userdel", "--remove", USER)
