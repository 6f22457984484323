# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way leads to a licence, and what is said where none does."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses import open_door
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.open_door import license_doors

from tests.contract.memory import MemoryHypervisor
from tests.unit.support import Chr, quiet, state


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("returns_text", [True, False])
def test_a_licence_needs_text_and_else_the_api(returns_text: bool, check_mode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    hypervisor = MemoryHypervisor(state("edge1", power="running", agent_connected=True), returns_text=returns_text)
    router = hypervisor.plug("edge1", Chr())
    monkeypatch.setattr(open_door, "connect", lambda params, concurrency: nullcontext(hypervisor))
    with license_doors({}, {}, ["edge1"], RunOptions(check_mode, 1, 1), quiet) as doors:
        if returns_text:
            with doors.enter("edge1") as door:
                assert door is not None and door.read().license["level"] == "free"
        else:
            with pytest.raises(UnsupportedError, match=r"a licence cannot be had here: guest_programs.*chr_license_api"):
                doors.enter("edge1")
            assert router.way.started == []
