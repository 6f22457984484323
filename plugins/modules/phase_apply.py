#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: phase_apply
short_description: Run one module for all routers of a hypervisor
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Hands the objects of all its routers to one module run, and shows progress while it runs.
  - Third of the four steps of the role C(batch); runs on the leaders, delegated to the controller.

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
  module:
    description: The module to run.
    type: str
    required: true
  option:
    description: The module's option that takes the objects.
    type: str
    required: true
  arguments:
    description: Further arguments of the module.
    type: dict
    default: {}
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Apply
  vrouter.mikrotik.phase_apply:
    module: vrouter.mikrotik.chr_guest
    option: guests
  register: vrouter_batch
  when: inventory_hostname in vrouter_plan.leaders
  delegate_to: localhost
"""

RETURN = r"""
batch:
  description: The module's result.
  type: dict
  returned: success
"""
