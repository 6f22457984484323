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
  - On Proxmox VE a segment is a bridge or VNet of the nodes, with a VLAN or a trunk on it. With O(networks[].manage=true) a bridge of its own is
    made on each node, which reloads the node's network; what cuts a node off is taken back where another host still reaches it.
  - A segment that this collection did not create can be attached to and is otherwise left alone.
  - What a segment cannot have on this host is refused before anything is made.
extends_documentation_fragment:
  - vrouter.mikrotik.hypervisor
  - vrouter.mikrotik.segment
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
"""

EXAMPLES = r"""
- name: A segment of our own and one on the host's bridge
  vrouter.mikrotik.chr_network:
    libvirt:
      uri: qemu:///system
    networks:
      - {name: vr-lan, address: 198.51.100.1/24, mtu: 1500}
      - {name: uplink, attach_to: br0}

- name: Two segments on a bridge that the nodes of a Proxmox VE cluster have, one of them in a VLAN
  vrouter.mikrotik.chr_network:
    proxmox:
      hosts: [pve1.example.com, pve2.example.com]
      token_id: chr@pve!ansible
      token_secret: "{{ vault_proxmox_token_secret }}"
    networks:
      - {name: uplink, attach_to: vmbr0}
      - {name: office, attach_to: vmbr0, vlan_tag: 20}

- name: Two segments on a bridge of our own on two nodes of a Proxmox VE cluster
  vrouter.mikrotik.chr_network:
    proxmox:
      hosts: [pve1.example.com, pve2.example.com]
      token_id: chr@pve!ansible
      token_secret: "{{ vault_proxmox_token_secret }}"
    networks:
      - {name: lan, bridge: vmbr9, manage: true, address: 198.51.100.1/24, proxmox: {nodes: [pve1, pve2]}}
      - {name: dmz, bridge: vmbr9, manage: true, vlan_tag: 20, proxmox: {nodes: [pve1, pve2]}}

- name: Remove the first, on KVM
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
      description: The guests that are wired to it. On Proxmox VE they are looked for only to remove a bridge.
      type: list
      elements: str
      returned: when the segment exists
    proxmox:
      description: C(nodes) are the nodes on which its bridge or VNet is up, of those that are meant.
      type: dict
      returned: when the segment exists, on Proxmox VE
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._guests.converge import converge_segments
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._guests.segment import parse_segments
from ..module_utils._hypervisors.registry import segment_arguments
from ..module_utils._module import batch_module, hypervisor_of, planned, run


def main() -> None:
    """Run the module."""
    module = batch_module({"networks": {"type": "list", "elements": "dict", "required": True, "options": segment_arguments()}})
    specs, errors = parse_segments(module.params["networks"], *hypervisor_of(module))

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        concurrency = module.params["concurrency"]
        outcomes = converge_segments(hypervisor, specs, check_mode=module.check_mode, concurrency=concurrency, planned=planned(module))
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "networks")

    run(module, work)


if __name__ == "__main__":
    main()
