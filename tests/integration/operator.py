# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary user, who lives in the private /etc as long as a test."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(os.environ.get("VROUTER_CHECKOUT", "."))
USER = "op"


def output(*command: str) -> str:
    """What a program prints that succeeds."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Operator:
    """An ordinary user with sudo."""

    home: Path

    def run(self, *command: str, code: int = 0, typed: str = "", **environment: str) -> str:
        """What a program prints, run to its end. Where the checkout and its Python lie may be closed to others than root."""
        reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *reading, "--"]
        python = (CHECKOUT / ".venv/made-with").read_text().split()[2]
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHON": python, **environment}
        done = subprocess.run(
            [*become, *command],
            cwd=self.home,
            env=variables,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{shlex.join(command)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def owns(self, *paths: str | Path) -> None:
        """Make files this user's own."""
        user = pwd.getpwnam(USER)
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


@contextmanager
def ordinary_user() -> Iterator[Operator]:
    """A user with a home and sudo, and then none."""
    home = Path("/run/home") / USER
    home.parent.mkdir(exist_ok=True)
    output("useradd", "--create-home", "--home-dir", str(home), USER)
    Path("/etc/sudoers.d", USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    try:
        yield Operator(home)
    finally:
        output("userdel", "--remove", USER)
