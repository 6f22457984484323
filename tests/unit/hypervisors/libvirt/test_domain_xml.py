# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router as libvirt's XML, and back: fixed PCI addresses, our mark, and no text that becomes markup."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import Mark
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import LOCAL
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt import domain_xml
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.domain_xml import Definition, NicDefinition
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support import UUID

MACHINES = pytest.mark.parametrize("machine", ["pc", "q35"])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


def nic(slot: int, **values: t.Any) -> NicDefinition:
    defaults: dict[str, t.Any] = {"model": "virtio", "network": f"net{slot}", "link": False, "portgroup": None, "mac_spoofing": True}
    return NicDefinition(slot, LOCAL.derive(UUID, slot), **{**defaults, **values})


def definition(**values: t.Any) -> Definition:
    defaults: dict[str, t.Any] = {
        "name": "edge1",
        "mark": Mark("7.20.8", "chr.img", disk_ready=False, disk_size=256),
        "cpus": 2,
        "memory": 512,
        "machine": "pc",
        "accelerator": "qemu",
        "cpu_model": None,
        "disk_bus": "virtio",
        "pool": "default",
        "volume": "edge1.qcow2",
        "serial_console": True,
        "agent": True,
        "description": "",
        "interfaces": (nic(1), nic(2)),
    }
    return Definition(uuid=UUID, **{**defaults, **values})


def read(guest: Definition) -> t.Any:
    """The definition as libvirt gives it back: it writes memory in KiB."""
    root = ET.fromstring(domain_xml.render(guest))
    memory = root.find("memory")
    assert memory is not None
    memory.attrib["unit"], memory.text = "KiB", str(int(str(memory.text)) * 1024)
    return domain_xml.parse(ET.tostring(root, encoding="unicode"), None, "stopped", True, "qemu:///system")


def pci_addresses(guest: Definition) -> list[tuple[str, ...]]:
    root = ET.fromstring(domain_xml.render(guest))
    return [tuple(str(item.get(key)) for key in ("domain", "bus", "slot", "function")) for item in root.iterfind(".//address[@type='pci']")]


GUESTS = st.builds(
    definition,
    cpus=st.integers(1, 64),
    memory=st.integers(128, 65536),
    machine=st.sampled_from(["pc", "q35"]),
    accelerator=st.sampled_from(["kvm", "qemu"]),
    disk_bus=st.sampled_from(["virtio", "sata"]),
    serial_console=st.booleans(),
    agent=st.booleans(),
    description=TEXT,
    mark=st.builds(Mark, TEXT, TEXT, st.booleans(), st.booleans(), st.integers(0, 2**20), st.sampled_from(["", "free", "p1"])),
    interfaces=st.sets(st.integers(1, 24)).map(lambda slots: tuple(nic(slot, link=slot % 2 == 0) for slot in sorted(slots))),
)


@given(GUESTS)
def test_what_was_rendered_reads_back(guest: Definition) -> None:
    found = read(guest)
    for key in ("name", "uuid", "mark", "cpus", "memory", "disk_bus", "serial_console", "agent", "description"):
        assert getattr(found, key) == getattr(guest, key), key
    for key in ("machine", "accelerator", "pool"):
        assert found.own[key] == getattr(guest, key), key
    wanted = [(f"ether{nic.slot}", nic.mac, nic.model, nic.network, nic.link) for nic in guest.interfaces]
    assert [(nic.name, nic.mac, nic.model, nic.network, nic.link) for nic in found.interfaces] == wanted
    assert (found.disks, found.disk_size) == ((guest.volume,), guest.mark.disk_size)


@given(GUESTS)
def test_no_two_devices_share_a_pci_address(guest: Definition) -> None:
    addresses = pci_addresses(guest)
    assert len(addresses) == len(set(addresses))


@MACHINES
def test_each_port_has_its_own_fixed_address_whatever_else_there_is(machine: str) -> None:
    def address(guest: Definition, slot: int) -> tuple[str, str]:
        root = ET.fromstring(domain_xml.render(guest))
        place = root.find(f".//interface/mac[@address='{LOCAL.derive(UUID, slot)}']/../address")
        assert place is not None
        return str(place.get("bus")), str(place.get("slot"))

    every = definition(machine=machine, interfaces=tuple(nic(slot) for slot in range(1, 25)))
    for slot in range(1, 25):
        alone = definition(machine=machine, interfaces=(nic(slot),), serial_console=False, agent=False)
        assert address(alone, slot) == address(every, slot)
    assert len(pci_addresses(every)) == len(set(pci_addresses(every)))


def test_on_pc_every_address_is_a_slot_that_the_bus_has() -> None:
    slots = [int(slot, 16) for dummy, dummy, slot, dummy in pci_addresses(definition(interfaces=tuple(nic(slot) for slot in range(1, 25))))]
    assert set(slots) <= set(range(1, 32))


@pytest.mark.parametrize("highest", [0, 1, 3, 24])
def test_on_q35_every_bus_that_is_used_has_a_root_port(highest: int) -> None:
    guest = definition(machine="q35", interfaces=tuple(nic(slot) for slot in range(1, highest + 1)))
    root = ET.fromstring(domain_xml.render(guest))
    ports = {int(str(port.get("index"))) for port in root.iterfind(".//controller[@model='pcie-root-port']")}
    assert {int(bus, 16) for dummy, bus, dummy, dummy in pci_addresses(guest)} <= ports


@given(TEXT.filter(str.strip), TEXT)
def test_nothing_in_a_text_becomes_markup(text: str, other: str) -> None:
    guest = definition(name=text, volume=text, pool=text, description=other, interfaces=(nic(1, network=text),))
    plain = definition(description=other and "x", interfaces=(nic(1),))
    tags, expected = ([item.tag for item in ET.fromstring(domain_xml.render(item)).iter()] for item in (guest, plain))
    assert tags == expected
    found = read(guest)
    assert (found.name, found.interfaces[0].network, found.disks) == (text, text, (text,))


def test_a_domain_without_our_mark_is_not_ours() -> None:
    found = domain_xml.parse("<domain type='kvm'><name>other</name></domain>", None, "running", False, "qemu:///system")
    assert found.mark is None


def test_a_link_that_is_up_in_either_definition_counts_as_up() -> None:
    down, up = (domain_xml.render(definition(interfaces=(nic(1, link=link),))) for link in (False, True))
    for stored, live, seen in ((down, down, False), (up, down, True), (down, up, True)):
        assert domain_xml.parse(stored, live, "running", True, "qemu:///system").interfaces[0].link is seen


@MACHINES
def test_setting_a_link_changes_nothing_else_of_the_interface(machine: str) -> None:
    stored = domain_xml.render(definition(machine=machine, interfaces=(nic(1), nic(2, mac_spoofing=False, portgroup="strict"))))
    (changed,) = domain_xml.with_link(stored, {2: True})
    (expected,) = [item for item in ET.fromstring(stored).iter("interface") if item.find("filterref") is not None]
    link = expected.find("link")
    assert link is not None
    link.set("state", "up")
    assert changed == ET.tostring(expected, encoding="unicode")
    assert domain_xml.with_link(stored, {3: True}) == []


@given(st.builds(Mark, TEXT, TEXT, st.booleans(), st.booleans(), st.integers(0, 2**20), TEXT))
def test_a_mark_reads_back_from_where_libvirt_puts_it(mark: Mark) -> None:
    element = ET.fromstring(domain_xml.marked(mark))
    element.tag = f"{{{domain_xml.MARK_URI}}}{element.tag}"
    domain = ET.Element("domain")
    ET.SubElement(domain, "metadata").append(element)
    assert domain_xml.mark_of(ET.tostring(domain, encoding="unicode")) == mark


def test_macs_and_volumes_are_found() -> None:
    xml = domain_xml.render(definition(interfaces=(replace(nic(1), mac="52:54:00:AB:CD:EF"),)))
    assert domain_xml.macs(xml) == ["52:54:00:ab:cd:ef"]
    assert domain_xml.volumes_of(xml) == [("default", "edge1.qcow2")]
