# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role kvm_host on this machine's private libvirt."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from .conftest import Run, virsh

BRIDGE = "vr-snoop"
SNOOPING = Path(f"/sys/class/net/{BRIDGE}/bridge/multicast_snooping")


@pytest.fixture
def bridge(tmp_path: Path) -> t.Iterator[None]:
    """A network of libvirt's own."""
    definition = tmp_path / "network.xml"
    definition.write_text(f"<network><name>{BRIDGE}</name><bridge name='{BRIDGE}' stp='off' delay='0'/></network>")
    virsh("net-define", str(definition))
    virsh("net-start", BRIDGE)
    yield
    virsh("net-destroy", BRIDGE)
    virsh("net-undefine", BRIDGE)
    virsh("pool-destroy", "routers")
    virsh("pool-undefine", "routers")


def test_snooping_stays_off_and_the_second_run_changes_nothing(play: t.Callable[..., Run], bridge: None) -> None:
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "kvm_host_pool": "routers",
        "kvm_host_pool_path": "/var/lib/libvirt/routers",
        "kvm_host_igmp_snooping_off": [BRIDGE],
        "kvm_host_daemon_command": os.environ["VROUTER_LIBVIRTD"],
    }
    inventory = {"kvm": {"hosts": {"here": host}}}
    assert SNOOPING.read_text().strip() == "1"

    assert play("vrouter.mikrotik.kvm_host", inventory, "--check").code == 0
    assert SNOOPING.read_text().strip() == "1", "check mode touches nothing"

    first = play("vrouter.mikrotik.kvm_host", inventory)
    assert first.code == 0, first.output
    assert SNOOPING.read_text().strip() == "0"
    assert "routers" in virsh("pool-list", "--name")
    assert f'KERNEL=="{BRIDGE}"' in Path("/etc/udev/rules.d/90-vrouter-igmp-snooping.rules").read_text()

    virsh("net-destroy", BRIDGE)
    virsh("net-start", BRIDGE)
    assert SNOOPING.read_text().strip() == "0", "libvirt sets it back at every start of the network; its hook must not let it"

    again = play("vrouter.mikrotik.kvm_host", inventory)
    assert again.code == 0, again.output
    assert again.unchanged, again.output
