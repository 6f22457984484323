# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router as libvirt's domain XML, and back (private, pure).

PCI addresses are fixed so that RouterOS's ether1, ether2 ... stay what they are when interfaces come and go: libvirt would give a new one the
lowest free slot (measured). On `pc` etherN sits in slot 7 + N; on `q35` behind a root port of its own, which also makes it pluggable.
"""

from __future__ import annotations

import shlex
import typing as t
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from ..._core.errors import HypervisorError
from ..._guests.guest import GuestState, Mark, NicState, Power
from .platform import PLATFORM, SLOTS

MARK_URI: t.Final = "https://github.com/vrouter/vrouter.mikrotik"
MARK_PREFIX: t.Final = "vrouter"
AGENT_CHANNEL: t.Final = "org.qemu.guest_agent.0"
SERIAL_SLOT: t.Final = 3  # virtio-serial controller; slots 0 to 2 are the chipset's and a display's
DISK_SLOT: t.Final = 4
SATA_SLOT: t.Final = 5
PC_FIRST_SLOT: t.Final = 7  # etherN on pc: slot 7 + N, so ether24 sits in the last slot, 31
Q35_FIRST_BUS: t.Final = 2  # etherN on q35: bus 2 + N; buses 1 and 2 carry disk and serial
Q35_SPARE_PORTS: t.Final = 4  # root ports left free, so that interfaces can be added to a running guest
NO_SPOOFING: t.Final = "no-mac-spoofing"  # libvirt's own filter
DISK_TARGETS: t.Final = {"virtio": "vda", "ide": "hda", "sata": "sda"}
KIB_PER_MIB: t.Final = 1024


@dataclass(frozen=True)
class NicDefinition:
    """One interface, with everything decided."""

    slot: int
    mac: str
    model: str
    network: str
    link: bool
    portgroup: str | None
    mac_spoofing: bool


@dataclass(frozen=True)
class Definition:
    """One domain, with everything decided. Memory in MiB."""

    name: str
    uuid: str
    mark: Mark
    cpus: int
    memory: int
    machine: str
    accelerator: str
    cpu_model: str | None
    disk_bus: str
    pool: str
    volume: str
    serial_console: bool
    agent: bool
    description: str
    interfaces: tuple[NicDefinition, ...]


def render(guest: Definition) -> str:
    """The domain's XML. Every text goes through the XML library: nothing that a name holds can become markup."""
    domain = ET.Element("domain", type=guest.accelerator)
    _text(domain, "name", guest.name)
    _text(domain, "uuid", guest.uuid)
    if guest.description:
        _text(domain, "description", guest.description)
    _sub(domain, "metadata").append(mark_element(guest.mark))
    _text(domain, "memory", str(guest.memory), unit="MiB")
    _text(domain, "vcpu", str(guest.cpus))
    system = _sub(domain, "os")
    _text(system, "type", "hvm", arch="x86_64", machine=guest.machine)
    _sub(system, "boot", dev="hd")
    features = _sub(domain, "features")
    _sub(features, "acpi")
    _sub(features, "apic")
    _cpu(domain, guest)
    _sub(domain, "clock", offset="utc")
    devices = _sub(domain, "devices")
    _controllers(devices, guest)
    _disk(devices, guest)
    for nic in guest.interfaces:
        devices.append(_interface(guest.machine, nic))
    if guest.serial_console:
        _sub(_sub(devices, "serial", type="pty"), "target", port="0")
    if guest.agent:
        _sub(_sub(devices, "channel", type="unix"), "target", type="virtio", name=AGENT_CHANNEL)
    _sub(_sub(devices, "video"), "model", type="none")
    _sub(devices, "memballoon", model="none")
    return ET.tostring(domain, encoding="unicode")


def _sub(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    _sub(parent, tag, **attributes).text = text


def _cpu(domain: ET.Element, guest: Definition) -> None:
    model = guest.cpu_model or ("host-passthrough" if guest.accelerator == "kvm" else None)
    if model is None:
        return
    if model in ("host-passthrough", "host-model", "maximum"):
        _sub(domain, "cpu", mode=model)
    else:
        cpu = _sub(domain, "cpu", mode="custom", match="exact")
        _text(cpu, "model", model, fallback="forbid")


def _controllers(devices: ET.Element, guest: Definition) -> None:
    _sub(devices, "controller", type="usb", model="none")
    if guest.machine == "q35":
        highest = max((nic.slot for nic in guest.interfaces), default=0)
        for index in range(1, min(Q35_FIRST_BUS + highest + Q35_SPARE_PORTS, Q35_FIRST_BUS + SLOTS) + 1):
            _sub(devices, "controller", type="pci", index=str(index), model="pcie-root-port")
    elif guest.disk_bus == "sata":
        _address(_sub(devices, "controller", type="sata", index="0"), 0, SATA_SLOT)
    serial = _sub(devices, "controller", type="virtio-serial", index="0")
    if guest.machine == "q35":
        _address(serial, 2, 0)
    else:
        _address(serial, 0, SERIAL_SLOT)


def _disk(devices: ET.Element, guest: Definition) -> None:
    disk = _sub(devices, "disk", type="volume", device="disk")
    _sub(disk, "driver", name="qemu", type="qcow2")
    _sub(disk, "source", pool=guest.pool, volume=guest.volume)
    _sub(disk, "target", dev=DISK_TARGETS[guest.disk_bus], bus=guest.disk_bus)
    if guest.disk_bus == "virtio":
        if guest.machine == "q35":
            _address(disk, 1, 0)
        else:
            _address(disk, 0, DISK_SLOT)


def _interface(machine: str, nic: NicDefinition) -> ET.Element:
    element = ET.Element("interface", type="network")
    _sub(element, "mac", address=nic.mac)
    source = _sub(element, "source", network=nic.network)
    if nic.portgroup:
        source.set("portgroup", nic.portgroup)
    _sub(element, "model", type=nic.model)
    if not nic.mac_spoofing:
        _sub(element, "filterref", filter=NO_SPOOFING)
    _sub(element, "link", state="up" if nic.link else "down")
    if machine == "q35":
        _address(element, Q35_FIRST_BUS + nic.slot, 0)
    else:
        _address(element, 0, PC_FIRST_SLOT + nic.slot)
    return element


def _address(device: ET.Element, bus: int, slot: int) -> None:
    _sub(device, "address", type="pci", domain="0x0000", bus=f"0x{bus:02x}", slot=f"0x{slot:02x}", function="0x0")


def mark_element(mark: Mark, tag: str = f"{{{MARK_URI}}}guest") -> ET.Element:
    """Our mark as an element of the domain's metadata."""
    ET.register_namespace(MARK_PREFIX, MARK_URI)
    return ET.Element(
        tag,
        {
            "version": mark.version,
            "image": mark.image,
            "configured": _yes_no(mark.configured),
            "disk": "ready" if mark.disk_ready else "unfinished",
            "disk-size": str(mark.disk_size),
            "license-level": mark.license_level,
            "guest-uuid": mark.guest_uuid,
            "disk-id": mark.disk_id,
        },
    )


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def parse_mark(domain: ET.Element) -> Mark | None:
    """Our mark on a domain, or None."""
    element = domain.find(f"metadata/{{{MARK_URI}}}guest")
    if element is None:
        return None
    return Mark(
        version=element.get("version", ""),
        image=element.get("image", ""),
        configured=element.get("configured") == "yes",
        disk_ready=element.get("disk") != "unfinished",
        disk_size=_number(element.get("disk-size", "0")),
        license_level=element.get("license-level", ""),
        guest_uuid=element.get("guest-uuid", ""),
        disk_id=element.get("disk-id", ""),
    )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise HypervisorError("the guest's mark cannot be read", found=f"disk-size {text!r}", remedy="Mend it with virsh metadata, or remove it")
    return int(text)


def parse(stored: str, live: str | None, power: Power, autostart: bool, uri: str) -> GuestState:
    """One guest from its XML: `stored` is its definition, `live` what runs, given where both were read."""
    root = _root(stored)
    running = _root(live) if live is not None else None
    machine = _machine(root)
    name = root.findtext("name", "")
    channel = (root if running is None else running).find(f"devices/channel/target[@name='{AGENT_CHANNEL}']")
    mark = parse_mark(root)
    volumes = parse_volumes(root)
    return GuestState(
        name=name,
        hypervisor=PLATFORM.key,
        uuid=root.findtext("uuid", ""),
        id=root.findtext("uuid", ""),
        location=uri,
        power=power,
        mark=mark,
        cpus=int(root.findtext("vcpu", "0")),
        memory=int(root.findtext("memory", "0")) // KIB_PER_MIB,
        disk_bus=_attribute(root, "devices/disk[@device='disk']/target", "bus"),
        own={
            "machine": machine,
            "accelerator": root.get("type", ""),
            "cpu_model": _cpu_model(root),
            "pool": next((pool for pool, dummy in volumes), ""),
        },
        serial_console=root.find("devices/serial") is not None,
        agent=root.find(f"devices/channel/target[@name='{AGENT_CHANNEL}']") is not None,
        autostart=autostart,
        description=root.findtext("description", ""),
        interfaces=_interfaces(root, running, machine),
        disk_size=mark.disk_size if mark else 0,
        agent_connected=channel is not None and channel.get("state") == "connected",
        console=f"virsh -c {shlex.quote(uri)} console {shlex.quote(name)}",
        disks=tuple(volume for dummy, volume in volumes),
    )


def _root(xml: str) -> ET.Element:
    try:
        return ET.fromstring(xml)
    except ET.ParseError as error:
        raise HypervisorError("libvirt gave XML that cannot be read", found=str(error)) from error


def _attribute(root: ET.Element, path: str, name: str) -> str:
    element = root.find(path)
    return "" if element is None else element.get(name, "")


def _machine(root: ET.Element) -> str:
    """`pc` or `q35`, whatever version of it libvirt has written down."""
    full = _attribute(root, "os/type", "machine")
    return "q35" if "q35" in full else "pc" if full.startswith("pc") else full


def _cpu_model(root: ET.Element) -> str:
    cpu = root.find("cpu")
    if cpu is None:
        return ""
    return cpu.findtext("model") or str(cpu.get("mode", ""))


def mark_of(xml: str) -> Mark:
    """Our mark on a domain that is known to be ours."""
    return parse_mark(_root(xml)) or Mark()


def volumes_of(xml: str) -> list[tuple[str, str]]:
    """(pool, volume) of each disk that is a volume."""
    return parse_volumes(_root(xml))


@dataclass(frozen=True)
class SystemDisk:
    """Where a domain's first disk lies: a volume of a pool, or a file as cloning tools name it."""

    pool: str
    volume: str
    path: str


def system_disk(xml: str) -> SystemDisk:
    """The disk that the guest boots from. All empty where there is none."""
    source = _root(xml).find("devices/disk[@device='disk']/source")
    values = {} if source is None else source.attrib
    return SystemDisk(values.get("pool", ""), values.get("volume", ""), values.get("file", ""))


def macs(xml: str) -> list[str]:
    """The MACs of all interfaces, in lower case."""
    return [_mac(element) for element in _root(xml).findall("devices/interface")]


def parse_volumes(root: ET.Element) -> list[tuple[str, str]]:
    """(pool, volume) of each disk that is one."""
    sources = root.findall("devices/disk[@device='disk']/source")
    return [(source.get("pool", ""), source.get("volume", "")) for source in sources if source.get("volume")]


def _interfaces(root: ET.Element, running: ET.Element | None, machine: str) -> tuple[NicState, ...]:
    live = {_mac(element): _link(element) for element in running.findall("devices/interface")} if running is not None else {}
    nics = []
    for element in root.findall("devices/interface"):
        slot = _slot(element, machine)
        if slot is None:
            continue
        nics.append(
            NicState(
                name=f"ether{slot}",
                mac=_mac(element),
                model=_attribute(element, "model", "type"),
                network=_attribute(element, "source", "network"),
                # A link that is up in either definition counts as up: the gate must not overlook the other one.
                link=_link(element) or live.get(_mac(element), False),
            )
        )
    return tuple(sorted(nics, key=lambda nic: int(nic.name.removeprefix("ether"))))


def _mac(element: ET.Element) -> str:
    return _attribute(element, "mac", "address").lower()


def _link(element: ET.Element) -> bool:
    return _attribute(element, "link", "state") != "down"


def _slot(element: ET.Element, machine: str) -> int | None:
    """N of etherN, from the PCI address; None for a device that is not where we put ours."""
    address = element.find("address[@type='pci']")
    if address is None:
        return None
    place, first = ("bus", Q35_FIRST_BUS) if machine == "q35" else ("slot", PC_FIRST_SLOT)
    slot = int(address.get(place, "0"), 16) - first
    return slot if 1 <= slot <= SLOTS else None


def with_macs(stored: str, slots: t.Mapping[int, str]) -> str:
    """The domain's XML with other MACs; everything else as it was read."""
    root = _root(stored)
    machine = _machine(root)
    for element in root.findall("devices/interface"):
        mac, slot = element.find("mac"), _slot(element, machine)
        if mac is not None and slot is not None and slot in slots:
            mac.set("address", slots[slot])
    return ET.tostring(root, encoding="unicode")


def with_link(stored: str, slots: t.Mapping[int, bool]) -> list[str]:
    """The XML of each named interface, with its link set; everything else as it was read, so that nothing else changes."""
    root = _root(stored)
    machine = _machine(root)
    found = []
    for element in root.findall("devices/interface"):
        slot = _slot(element, machine)
        if slot is None or slot not in slots:
            continue
        link = element.find("link")
        link = _sub(element, "link") if link is None else link
        link.set("state", "up" if slots[slot] else "down")
        found.append(ET.tostring(element, encoding="unicode"))
    return found


def marked(mark: Mark) -> str:
    """Our mark as the text that libvirt's metadata call takes: it adds the name space itself."""
    return ET.tostring(mark_element(mark, "guest"), encoding="unicode")
