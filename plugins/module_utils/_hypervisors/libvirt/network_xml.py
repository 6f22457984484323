# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A segment as libvirt's network XML, and back (private, pure).

libvirt before 9.7 keeps no metadata on networks, so our mark is a port group: it is named `vrouter.mikrotik`, it is the network's default, and it
carries what belongs to each port of the segment. `vrouter.mikrotik.no-mac-spoofing` is the same with MAC spoofing refused.
"""

from __future__ import annotations

import ipaddress
import typing as t
import xml.etree.ElementTree as ET

from ..._core.errors import UnsupportedError
from ..._guests.segment import SegmentPlan, SegmentState

MARK: t.Final = "vrouter.mikrotik"
MARK_STRICT: t.Final = "vrouter.mikrotik.no-mac-spoofing"
VLAN_ON_LINUX_BRIDGES: t.Final = 11_000_000  # libvirt's version number, major * 1,000,000 + minor * 1,000 + release


def render(plan: SegmentPlan) -> str:
    """The network's XML."""
    spec = plan.spec
    root = ET.Element("network")
    ET.SubElement(root, "name").text = spec.name
    if plan.found is not None:
        ET.SubElement(root, "uuid").text = plan.found.uuid
    if spec.attach_to:
        ET.SubElement(root, "forward", mode="bridge")
        ET.SubElement(root, "bridge", name=spec.attach_to)
        if spec.open_vswitch:
            ET.SubElement(root, "virtualport", type="openvswitch")
    else:
        if spec.address:
            # "open" leaves the host's firewall alone; without an address the segment is isolated, and libvirt keeps it so
            ET.SubElement(root, "forward", mode="open")
        ET.SubElement(root, "bridge", name=plan.bridge, stp="off", delay="0")
        if spec.mtu:
            ET.SubElement(root, "mtu", size=str(spec.mtu))
        if spec.address:
            _address(root, spec.address)
    _vlan(root, plan)
    ET.SubElement(root, "portgroup", name=MARK_STRICT if spec.mac_spoofing is False else MARK, default="yes")
    return ET.tostring(root, encoding="unicode")


def _address(root: ET.Element, text: str) -> None:
    address = ipaddress.ip_interface(text)
    ET.SubElement(root, "dns", enable="no")
    family = {"family": "ipv6"} if address.version == 6 else {}
    ET.SubElement(root, "ip", {**family, "address": str(address.ip), "prefix": str(address.network.prefixlen)})


def _vlan(root: ET.Element, plan: SegmentPlan) -> None:
    tags = plan.spec.vlan_trunk or (() if plan.spec.vlan_tag is None else (plan.spec.vlan_tag,))
    if not tags:
        return
    vlan = ET.SubElement(root, "vlan", {"trunk": "yes"} if plan.spec.vlan_trunk else {})
    for tag in tags:
        ET.SubElement(vlan, "tag", id=str(tag))


def check_vlan(plan: SegmentPlan, library_version: int) -> None:
    """Raise UnsupportedError where this libvirt accepts the definition and then cannot start it (measured on 9.0)."""
    if plan.spec.vlan_tag is None and not plan.spec.vlan_trunk:
        return
    if plan.spec.open_vswitch or library_version >= VLAN_ON_LINUX_BRIDGES:
        return
    raise UnsupportedError(
        "vlan: this libvirt cannot tag the ports of a Linux bridge",
        wanted="libvirt 11.0 or later, or an Open vSwitch bridge",
        found=f"libvirt {library_version // 1_000_000}.{library_version // 1000 % 1000}",
        remedy="Make the VLAN on the host, for example bridge br0.100, and attach to it; on an Open vSwitch bridge say open_vswitch: true",
    )


def parse(xml: str, active: bool, guests: tuple[str, ...]) -> SegmentState:
    """One segment from its XML."""
    root = ET.fromstring(xml)
    groups = {group.get("name") for group in root.findall("portgroup")}
    forward = root.find("forward")
    vlan = root.find("vlan")
    tags = tuple(int(tag.get("id", "0")) for tag in root.findall("vlan/tag"))
    trunk = vlan is not None and (vlan.get("trunk") == "yes" or len(tags) > 1)
    mtu = root.find("mtu")
    bridge = root.find("bridge")
    return SegmentState(
        name=root.findtext("name", ""),
        uuid=root.findtext("uuid", ""),
        ours=bool(groups & {MARK, MARK_STRICT}),
        active=active,
        bridge="" if bridge is None else bridge.get("name", ""),
        attached=forward is not None and forward.get("mode") == "bridge",
        open_vswitch=root.find("virtualport[@type='openvswitch']") is not None,
        address=_host_address(root),
        mtu=None if mtu is None else int(mtu.get("size", "0")),
        vlan_tag=tags[0] if tags and not trunk else None,
        vlan_trunk=tags if trunk else None,
        mac_spoofing=MARK_STRICT not in groups,
        guests=guests,
    )


def _host_address(root: ET.Element) -> str | None:
    ip = root.find("ip")
    if ip is None:
        return None
    prefix = ip.get("prefix") or ip.get("netmask") or "32"
    return str(ipaddress.ip_interface(f"{ip.get('address')}/{prefix}"))


def networks_used(domain: str) -> set[str]:
    """The networks that a domain's interfaces are wired to."""
    return {source.get("network", "") for source in ET.fromstring(domain).findall("devices/interface/source")} - {""}
