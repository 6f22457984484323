#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what a hypervisor says of its segments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_network_info
short_description: Read the network segments of CHR guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Returns what one hypervisor holds of the named segments, and which guests are wired to them.
  - On Proxmox VE names are those of bridges and VNets, unless O(networks) describes them.
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
    support: none
  idempotent:
    support: full
options:
  names:
    description: The segments to read.
    type: list
    elements: str
    required: true
  networks:
    description:
      - What the segments are, as in M(vrouter.mikrotik.chr_network). Where a segment is no object of the hypervisor, as on Proxmox VE, a name
        that is not described is that of a bridge or VNet.
    required: false
"""

EXAMPLES = r"""
- name: See who is wired to a segment
  vrouter.mikrotik.chr_network_info:
    libvirt:
      uri: qemu:///system
    names: [vr-lan]
  register: segments
"""

RETURN = r"""
networks:
  description: An entry for each named segment. See M(vrouter.mikrotik.chr_network) for the fields that both return.
  returned: always
  type: dict
  sample: {"vr-lan": {"exists": true, "ours": true, "active": true, "bridge": "vr-lan", "guests": ["edge1", "edge2"]}}
  contains:
    exists:
      description: Whether the hypervisor has a segment of this name.
      type: bool
      returned: always
    guests:
      description: The guests that are wired to it, and on Proxmox VE the containers too, whatever their VLAN.
      type: list
      elements: str
      returned: when the segment exists
"""

import typing as t

from ..module_utils._core.batch import Progress
from ..module_utils._guests.facts import segment_facts
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._guests.segment import SegmentSpec, parse_segments
from ..module_utils._hypervisors.registry import segment_arguments
from ..module_utils._module import batch_module, run


def main() -> None:
    """Run the module."""
    module = batch_module(
        {
            "names": {"type": "list", "elements": "str", "required": True},
            "networks": {"type": "list", "elements": "dict", "options": segment_arguments()},
        }
    )

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        names = module.params["names"]
        described = parse_segments(module.params["networks"] or (), hypervisor.platform)[0]  # one that is wrong in itself is only a name
        found = hypervisor.observe_segments({name: described.get(name) or SegmentSpec(name) for name in names}, with_guests=True)
        return {"networks": {name: segment_facts(found.get(name), hypervisor.platform) for name in names}, "changed": False}

    run(module, work)


if __name__ == "__main__":
    main()
