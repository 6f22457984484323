#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: the segments that CHR guests are wired to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_network
short_description: Create, attach and remove the network segments of CHR guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes the wanted segments stand on one hypervisor, one or many in one run.
  - On KVM a segment is a libvirt network, with a Linux bridge of its own or on a bridge that the host already has.
  - A segment that this collection did not create can be attached to and is otherwise left alone.
  - What a segment cannot have on this host is refused before anything is made.
extends_documentation_fragment:
  - vrouter.mikrotik.hypervisor
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
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

EXAMPLES = r"""
- name: A segment of our own and one on the host's bridge
  vrouter.mikrotik.chr_network:
    libvirt:
      uri: qemu:///system
    networks:
      - {name: vr-lan, address: 198.51.100.1/24, mtu: 1500}
      - {name: uplink, attach_to: br0}

- name: Remove the first
  vrouter.mikrotik.chr_network:
    libvirt:
      uri: qemu:///system
    networks:
      - {name: vr-lan, state: absent, confirm: vr-lan}
"""

RETURN = r"""
networks:
  description: An entry for each wanted segment, by name.
  returned: always
  type: dict
  sample: {"vr-lan": {"changed": true, "failed": false, "exists": true, "ours": true, "active": true, "bridge": "vr-lan"}}
  contains:
    changed:
      description: Whether the segment changed, or would change.
      type: bool
      returned: always
    failed:
      description: Whether this segment failed; the others went on.
      type: bool
      returned: always
    msg:
      description: What is wrong, what was wanted and found, and what to do.
      type: str
      returned: on failure
    changes:
      description: Each field that changed, with both sides.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    exists:
      description: Whether the segment exists at the end.
      type: bool
      returned: always
    ours:
      description: Whether this collection created it.
      type: bool
      returned: when the segment exists
    active:
      description: Whether it runs.
      type: bool
      returned: when the segment exists
    attached:
      description: Whether it rides on a bridge of the host.
      type: bool
      returned: when the segment exists
    bridge:
      description: The bridge device.
      type: str
      returned: when the segment exists
    address:
      description: The host's own address on it.
      type: str
      returned: when the segment exists
    guests:
      description: The guests that are wired to it.
      type: list
      elements: str
      returned: when the segment exists
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._guests.converge import converge_segments
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._guests.segment import parse_segments
from ..module_utils._module import batch_module, planned, run

NETWORK: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "bridge": {"type": "str"},
    "attach_to": {"type": "str"},
    "open_vswitch": {"type": "bool"},
    "address": {"type": "str"},
    "mtu": {"type": "int"},
    "vlan_tag": {"type": "int"},
    "vlan_trunk": {"type": "list", "elements": "int"},
    "mac_spoofing": {"type": "bool"},
    "manage": {"type": "bool", "default": False},
    "confirm": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = batch_module({"networks": {"type": "list", "elements": "dict", "required": True, "options": NETWORK}})
    specs, errors = parse_segments(module.params["networks"])

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        concurrency = module.params["concurrency"]
        outcomes = converge_segments(hypervisor, specs, check_mode=module.check_mode, concurrency=concurrency, planned=planned(module))
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "networks")

    run(module, work)


if __name__ == "__main__":
    main()
