# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hypervisor with one running router that was never configured."""

from __future__ import annotations

import pytest

from tests.contract.memory import MemoryHypervisor
from tests.unit.first_boot.boots import running
from tests.unit.support import Chr


@pytest.fixture(params=[True, False], ids=["text", "exit code"])
def returns_text(request: pytest.FixtureRequest) -> bool:
    """Whether text comes back from the routers: what first boot does is the same, what it can say is less without."""
    return bool(request.param)


@pytest.fixture
def hypervisor(returns_text: bool) -> MemoryHypervisor:
    memory = MemoryHypervisor(running(), returns_text=returns_text)
    memory.plug("edge1", Chr())
    return memory
