#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: phase_report
short_description: Give each router its own share of a batch
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Fails, changes and differs as the router's own objects did.
  - Last of the four steps of the role C(batch); runs on the controller.

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
  phase:
    description: The phase's name, under which its result is kept.
    type: str
    required: true
  result:
    description: The key under which the module returns its objects.
    type: str
    required: true
  defer:
    description:
      - Which failures do not keep the router from the later phases. Their message is kept with the results, for those that end the play.
      - V(left) means fields that an existing object cannot change; V(all) is for objects that are not the router's own.
    type: str
    choices: [none, left, all]
    default: none
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Report
  vrouter.mikrotik.phase_report:
    phase: guest
    result: guests
  register: vrouter_report
"""

RETURN = r"""
results:
  description: What the phases so far returned for this router, by phase.
  type: dict
  returned: always
"""
