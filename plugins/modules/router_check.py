#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: router_check
short_description: Check a router's whole description before anything is changed
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Checks the names of a router's variables, the arguments of roles, and what the modules of their phases would refuse, in that router's own scope.
  - A variable that is nearly one of this collection's is an error, another one with its prefixes a warning. Names in the variable
    C(chr_own_variables) are the user's own.
  - First task of the playbook C(provision); runs on the controller and touches nothing.
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
  roles:
    description: Roles of this collection whose arguments are checked, and with them the names of the router's variables.
    type: list
    elements: str
    default: []
  descriptions:
    description: What the phases of these roles would hand to their modules.
    type: list
    elements: dict
    default: []
    suboptions:
      module:
        description: The phase's module.
        type: str
        required: true
      wanted:
        description: Whether the phase is wanted for this router.
        type: bool
        default: true
      entries:
        description: Objects for the module's list, ready as they are.
        type: list
        elements: dict
        default: []
      entry:
        description: One object, as a dictionary of the module's options and the names of the variables that hold their values.
        type: dict
        default: {}
      arguments:
        description: The module's other arguments.
        type: dict
        default: {}
      new:
        description: Whether the object does not exist yet, so that what only new ones must keep to is checked too.
        type: bool
        default: false
      variable:
        description: The variable that holds O(descriptions[].entries).
        type: str
      names:
        description: The names of the variables that hold these.
        type: dict
        default: {}
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Check
  vrouter.mikrotik.router_check:
    roles: [chr_guest]
    descriptions:
      - module: vrouter.mikrotik.chr_guest
        entry: {name: chr_guest_name, memory: chr_memory}
"""

RETURN = r"""
msg:
  description: Everything that is wrong, in one line.
  type: str
  returned: on failure
"""
