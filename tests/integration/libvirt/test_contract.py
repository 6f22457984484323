# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt driver keeps the contract, on a real libvirtd."""

from __future__ import annotations

import typing as t
from pathlib import Path

import libvirt
import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.domain_xml import MARK_PREFIX, MARK_URI

from tests.contract.suite import Contract, Options, World

from .conftest import options
from .round_trips import driver
from .support import host, replace_disk, run

FOREIGN = """
<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><interface type='network'><source network='it-wan'/></interface></devices></domain>
"""
SECOND_POOL = "it-second"


class Libvirt:
    """The private libvirtd, with a second pool. Its guests halt at once, and listen to nobody."""

    def __init__(self, image: str, folder: Path) -> None:
        self._image = image
        run("kvm_pool", name=SECOND_POOL, path=str(folder)).ok()

    def connect(self) -> t.ContextManager[Hypervisor]:
        return driver(2)

    def options(self, name: str, **more: t.Any) -> Options:
        return options(name, self._image, **more)

    def places(self) -> t.Sequence[Options]:
        return [{"pool": "default"}, {"pool": SECOND_POOL}]

    def foreign(self, name: str) -> None:
        with host() as connection:
            connection.defineXML(FOREIGN.format(name=name))

    def fingerprint(self, name: str) -> str:
        with host() as connection:
            domain = connection.lookupByName(name)
            return f"{domain.state()} {domain.autostart()} {domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}"

    def plug_in(self, name: str) -> None:
        with host() as connection:
            domain = connection.lookupByName(name)
            stored = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
            connection.defineXML(stored.replace("<link state='down'/>", "<link state='up'/>"))

    def replace_disk(self, name: str) -> None:
        replace_disk(name)

    def spoil(self, name: str) -> None:
        mark = "<guest disk-size='many'/>"
        with host() as connection:
            domain = connection.lookupByName(name)
            domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, mark, MARK_PREFIX, MARK_URI, libvirt.VIR_DOMAIN_AFFECT_CONFIG)

    def move(self, name: str) -> bool:
        return False


class TestLibvirt(Contract):
    """The contract, on libvirt."""

    @pytest.fixture
    def world(self, halting: str, leave_nothing: None) -> t.Iterator[World]:
        folder = Path("/var/lib/libvirt/second")
        yield Libvirt(halting, folder)
        with host() as connection:
            for volume in connection.storagePoolLookupByName(SECOND_POOL).listAllVolumes():
                volume.delete()
