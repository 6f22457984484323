#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: phase_plan
short_description: Group the described routers by hypervisor
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Names one leader for each hypervisor among the hosts of this batch of the play; the leader runs the module for all.
  - Second of the four steps of the role C(batch); runs once, on the controller.

extends_documentation_fragment:
  - vrouter.mikrotik.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Plan
  vrouter.mikrotik.phase_plan:
  register: vrouter_plan
  run_once: true
"""

RETURN = r"""
leaders:
  description: The routers of each leader.
  type: dict
  returned: success
repeating:
  description: The routers that name an object which a router of the same leader before them names too.
  type: list
  elements: str
  returned: success
members:
  description: The leader of each router.
  type: dict
  returned: success
"""
