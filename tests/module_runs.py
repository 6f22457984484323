# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run as Ansible runs them, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible_collections.vrouter.mikrotik.plugins.module_utils._module as anchor

from tests.waiting import PATIENCE

MODULES = "ansible_collections.vrouter.mikrotik.plugins.modules"
COLLECTIONS = Path(anchor.__file__).parents[5]  # the folder with ansible_collections

Json = dict[str, t.Any]


@dataclass(frozen=True)
class Ran:
    """How a module ended."""

    result: Json
    text: str  # everything that it printed

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def message(self) -> str:
        """Why it failed."""
        assert self.failed, self.result
        return str(self.result["msg"])

    @property
    def warnings(self) -> str:
        """All warnings in one text, whichever way this ansible-core writes them down."""
        return " ".join(entry if isinstance(entry, str) else entry["event"]["msg"] for entry in self.result.get("warnings", []))

    @property
    def objects(self) -> dict[str, Json]:
        """The entries by name."""
        kind = next(kind for kind in ("guests", "networks", "bridges", "routers") if kind in self.result)
        return t.cast(dict[str, Json], self.result[kind])

    def fields(self, name: str) -> list[str]:
        """The fields of one object that changed."""
        return [change["field"] for change in self.objects[name]["changes"]]

    def ok(self) -> Ran:
        """The same, if it did not fail."""
        assert not self.failed, self.message
        return self


class ModuleRun:
    """A module that runs, started as Ansible starts it: arguments on standard input, one JSON document on standard output."""

    def __init__(self, module: str, options: Json, check: bool = False, way: list[str] | None = None) -> None:
        options = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        self.process = subprocess.Popen(
            [sys.executable, *(way or ["-m", f"{MODULES}.{module}"])],
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        self.process.stdin.close()
        self.process.stdin = None

    def end(self) -> Ran:
        """Wait for it. Whatever became of it: no traceback, nothing on standard error, and a failure is one line that ends well."""
        out, err = self.process.communicate(timeout=PATIENCE)
        assert not err, err
        assert "Traceback" not in out, out
        result = json.loads(out)
        assert "exception" not in result, out
        if result.get("failed"):
            assert "\n" not in result["msg"], result["msg"]
            assert result["msg"].endswith("."), result["msg"]
        return Ran(result, out)
