# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router on a machine in memory, for each test a fresh one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Result, Router


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform(ports=2)


@pytest.fixture
def router(platform: MemoryPlatform) -> Router:
    fresh = Router(platform, "5f4a3c5e-0000-4000-8000-000000000001")
    fresh.boot()
    return fresh


@pytest.fixture
def run(router: Router) -> Callable[[str], str]:
    """Run a script that must succeed; its output, with plain line ends and without the last one."""

    def execute(source: str) -> str:
        result = router.execute(source)
        assert result.exit_code == 0, result.output
        return result.output.replace("\r\n", "\n").rstrip("\n")

    return execute


@pytest.fixture
def fail(router: Router) -> Callable[[str], str]:
    """Run a script that must fail; the last line of its output."""

    def execute(source: str) -> str:
        result: Result = router.execute(source)
        assert result.exit_code == -1, result.output
        return result.output.split("\r\n")[-2]

    return execute
