# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network segment is."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents O(networks)."""

    DOCUMENTATION = r"""
options:
  networks:
    description: The wanted segments.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The segment's name, which interfaces of guests refer to.
        type: str
        required: true
      state:
        description: V(absent) removes a segment of ours to which no guest is wired; see O(networks[].confirm).
        type: str
        choices: [present, absent]
        default: present
      bridge:
        description: Name of the new bridge device, at most 15 characters. A new segment gets its own name.
        type: str
      attach_to:
        description:
          - An existing bridge of the host to ride on; it is never changed. Excludes O(networks[].bridge).
          - A libvirt network that exists already is attached to by naming it in O(networks[].name) alone.
        type: str
      open_vswitch:
        description: Says that the bridge in O(networks[].attach_to) is one of Open vSwitch, which libvirt cannot find out by itself.
        type: bool
      address:
        description:
          - The host's own address on the segment, with prefix length. Without it the segment is isolated from the host.
          - With it libvirt switches the host's IP forwarding on, for all its interfaces, and never off again. No firewall rule is added.
        type: str
      mtu:
        description: The segment's MTU in bytes.
        type: int
      vlan_tag:
        description: Tags the ports of the segment with one VLAN, where libvirt and the bridge can (libvirt 11.0 on Linux bridges).
        type: int
      vlan_trunk:
        description: Lets these VLANs pass tagged, where libvirt and the bridge can (libvirt 11.0 on Linux bridges).
        type: list
        elements: int
      mac_spoofing:
        description:
          - Whether a guest may send from MAC addresses other than its own, as bridges, VRRP and VLANs inside RouterOS do.
          - A new segment allows it. V(false) applies to guests that are made afterwards.
        type: bool
      manage:
        description: Allows to start a segment that this collection did not create.
        type: bool
        default: false
      confirm:
        description: For O(networks[].state=absent), the segment's name once more.
        type: str
"""

    GUEST = r"""
options:
  networks:
    description:
      - What the segments are that interfaces name, as in M(vrouter.mikrotik.chr_network).
      - Needed where a segment is no object of the hypervisor - on Proxmox VE, where bridge and VLAN are the interface's own.
      - There, a name that is not described is that of a bridge or a VNet. Elsewhere it is of no account.
    type: list
    elements: dict
"""
