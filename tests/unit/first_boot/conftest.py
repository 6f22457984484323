# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hypervisor with one running router that was never configured."""

from __future__ import annotations

import pytest

from tests.contract.memory import MemoryHypervisor
from tests.unit.first_boot.boots import running
from tests.unit.support import Chr


@pytest.fixture
def hypervisor() -> MemoryHypervisor:
    memory = MemoryHypervisor(running())
    memory.plug("edge1", Chr())
    return memory
