# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of libvirt's drivers are taken, and why others are not."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.host import refuse_other_drivers


def test_qemu_is_taken() -> None:
    refuse_other_drivers("QEMU")


@pytest.mark.parametrize("driver", ["Xen", "VBOX", "ESX", "Hyper-V", "VMware"])
def test_where_chr_runs_the_driver_is_only_not_supported_yet(driver: str) -> None:
    with pytest.raises(UnsupportedError, match=f"libvirt's {driver} driver is not supported yet .*qemu://") as caught:
        refuse_other_drivers(driver)
    assert "paravirtual" not in str(caught.value)


@pytest.mark.parametrize("driver", ["BHYVE", "LXC", "vz"])
def test_where_chr_does_not_run_the_manual_says_why(driver: str) -> None:
    with pytest.raises(UnsupportedError, match=f"libvirt's {driver} driver cannot run CHR: .*paravirtualization"):
        refuse_other_drivers(driver)
