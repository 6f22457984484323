# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runner that is killed while a module works leaves no password behind."""

from __future__ import annotations

import os
import signal
import typing as t

import pytest

from tests.waiting import wait_until

from .stage import Stage

PASSWORD = "sesame-open-7"


@pytest.fixture
def hanging(stage: Stage) -> t.Iterator[Stage]:
    """A stage whose module works until the test ends."""
    end = stage.folder / "runs.end"
    yield stage
    end.touch()


def test_a_killed_runner_leaves_no_file_with_a_password(hanging: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = hanging.folder / "tmp"
    temporary.mkdir()
    for variable in ("TMPDIR", "HOME"):
        monkeypatch.setenv(variable, str(temporary))
    monkeypatch.setattr(hanging, "environment", {"ANSIBLE_LOCAL_TEMP": str(temporary), "ANSIBLE_REMOTE_TEMP": str(temporary / "remote")})
    runner = hanging.begin({"r001": {"hub": "hang", "text": PASSWORD}}, [hanging.batch()])
    try:
        wait_until(lambda: PASSWORD in (hanging.folder / "runs").read_text(encoding="utf-8"), "the module works")
    finally:
        os.killpg(runner.pid, signal.SIGKILL)
        runner.communicate()
    kept = [path for path in temporary.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert kept == []
