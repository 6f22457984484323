#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what a hypervisor and its routers say of themselves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_guest_info
short_description: Read CHR guests and what their routers report
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Returns what one hypervisor holds of the named guests and, where a router's guest agent answers, what the router says of itself.
  - Changes no router. The licence level that it sees is kept in the guest's mark, for the protection of licensed routers from removal.
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
    description: The guests to read. If not given, every guest that bears this collection's mark is.
    type: list
    elements: str
  agent:
    description: Whether to ask the routers' guest agents too. Only agents that have opened their channel are asked.
    type: bool
    default: true
  networks:
    description:
      - What the segments are, as in M(vrouter.mikrotik.chr_network). Where a segment is no object of the hypervisor, as on Proxmox VE, the
        interfaces are shown with these names, and without them with bridge and VLAN.
    required: false
"""

EXAMPLES = r"""
- name: Look at two routers
  vrouter.mikrotik.chr_guest_info:
    libvirt:
      uri: qemu:///system
    names: [edge1, edge2]
  register: routers
"""

RETURN = r"""
guests:
  description:
    - An entry for each guest that was read. One that cannot be read has C(failed) and C(msg), and the others come.
    - See M(vrouter.mikrotik.chr_guest) for the fields that both return.
  returned: always
  type: dict
  sample: {"edge1": {"exists": true, "power": "running", "router": {"identity": "edge1", "release": "RouterOS 7.20.8"}}}
  contains:
    exists:
      description: Whether the hypervisor has a guest of this name.
      type: bool
      returned: always
    router:
      description: What the router reports through its guest agent.
      type: dict
      returned: when its agent answers
      contains:
        identity:
          description: The router's identity.
          type: str
          returned: always
        release:
          description: The RouterOS release.
          type: str
          returned: always
        interfaces:
          description: Name, MAC and addresses of each interface.
          type: list
          elements: dict
          returned: always
        license_level:
          description: The licence level.
          type: str
          returned: always
    router_error:
      description: Why the router's agent gave no answer.
      type: str
      returned: when it was asked and did not answer
"""

import typing as t

from ..module_utils._core.batch import Progress, summary
from ..module_utils._guests.facts import read_guests
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._guests.segment import parse_segments
from ..module_utils._hypervisors.registry import segment_arguments
from ..module_utils._module import batch_module, run


def main() -> None:
    """Run the module."""
    module = batch_module(
        {
            "names": {"type": "list", "elements": "str"},
            "agent": {"type": "bool", "default": True},
            "networks": {"type": "list", "elements": "dict", "options": segment_arguments()},
        }
    )

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        params = module.params
        segments = parse_segments(params["networks"] or (), hypervisor.platform)[0]  # one that is wrong in itself names no interface
        outcomes = read_guests(
            hypervisor,
            params["names"],
            segments=segments,
            ask_agent=params["agent"],
            check_mode=module.check_mode,
            concurrency=params["concurrency"],
        )
        return summary(outcomes, {}, "guests")

    run(module, work)


if __name__ == "__main__":
    main()
