#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: phase_describe
short_description: Describe one router for a phase that works on many
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Renders one router's options in that router's own scope, so that a mistake fails this router alone.
  - First of the four steps of the role C(batch); runs on the controller.

extends_documentation_fragment:
  - vrouter.mikrotik.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  connection:
    description: The hypervisor, as the module that runs the phase takes it. Empty for a module that connects to none.
    type: dict
    required: true
  entries:
    description: Objects for the module's list, ready as they are.
    type: list
    elements: dict
    default: []
  entry:
    description: One object, as a dictionary of the module's options and the names of the variables that hold their values.
    type: dict
    default: {}
  fixed:
    description: Options of that object with values of their own.
    type: dict
    default: {}
  planned:
    description: What earlier phases of a check-mode run would have made.
    type: dict
    default: {}
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Describe
  vrouter.mikrotik.phase_describe:
    connection: {libvirt: {uri: "qemu:///system"}}
    entry: {name: chr_guest_name, memory: chr_memory}
  register: vrouter_description
"""

RETURN = r"""
id:
  description: The id of this invocation of the phase.
  type: str
  returned: success
entries:
  description: The rendered objects.
  type: list
  elements: dict
  returned: success
"""
