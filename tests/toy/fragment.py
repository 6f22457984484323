# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a toy hypervisor, and its words for a guest."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the O(toy) option, and in GUEST the option of that name that M(vrouter.mikrotik.chr_guest) has for each guest."""

    DOCUMENTATION = r"""
options:
  toy:
    description: The toy hypervisor. Exactly one hypervisor is named in a task.
    type: dict
    suboptions:
      socket:
        description: The socket of the process that holds it.
        type: path
        required: true
      room:
        description: The room that it stands in.
        type: str
"""

    GUEST = r"""
options:
  toy:
    description: What only guests on a toy hypervisor have.
    type: dict
    suboptions:
      shelf:
        description: The shelf that the guest is put on when it is made. A new guest gets V(upper).
        type: str
      template:
        description: A guest that is a template. It stands in for an image.
        type: str
      machine:
        description: The machine type. A new guest gets V(pc).
        type: str
      speed:
        description: How fast it is. A new guest gets V(auto).
        type: str
        choices: [auto, slow]
"""
