# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A board as a process of its own, as Molecule runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import librouteros
import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
Process = subprocess.Popen[str]


@contextmanager
def process(*arguments: str) -> Iterator[tuple[Process, dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.simulators.routerboard", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running, json.loads(running.stdout.readline())
        finally:
            running.kill()


def _close_input(running: Process) -> None:
    assert running.stdin is not None
    running.stdin.close()


@pytest.mark.parametrize("end", [_close_input, Process.terminate])
def test_it_serves_until_it_is_ended_and_leaves_nothing(end: Callable[[Process], None]) -> None:
    script = '/user set admin password="a secret"; /metarouter add name=a'
    with process("--model", "RB951G", "--version", "6.43", "--script", script) as (running, board):
        assert {"api", "api-ssl", "ssh", "ftp"} <= set(board["ports"])
        assert board["host_key"].startswith("ssh-rsa ")
        assert Path(board["ca_file"]).exists()
        api = librouteros.connect("127.0.0.1", "admin", "a secret", port=board["ports"]["api"], timeout=PATIENCE)
        assert [row["name"] for row in api.path("metarouter")] == ["a"]
        end(running)
        assert running.wait(PATIENCE) == 0
        assert not Path(board["ca_file"]).exists()
