#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: router_table
short_description: Show the table that ends a playbook
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Shows for each router of the play what became of it and what now stands, and why a failed one failed.
  - Can write the names of the failed routers to a file for C(--limit).

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
  kind:
    description: What the play's hosts are, which names the variables and picks the columns.
    type: str
    choices: [chr, metarouter]
    default: chr
  limit_file:
    description: File for the names of the failed routers; removed when none failed.
    type: path
  confirmed:
    description: For a playbook that removes, the names of what may be removed. A router that still stands and is not among them is pending.
    type: list
    elements: str
  title:
    description: Lines to show before the table.
    type: list
    elements: str
    default: []
notes:
  - This is the controller's part of the collection's roles. It may change in any release; use the roles.
"""

EXAMPLES = r"""
- name: Show what stands now
  vrouter.mikrotik.router_table:
    limit_file: provision.failed
  run_once: true
"""

RETURN = r"""
table:
  description: The lines.
  type: list
  elements: str
  returned: always
segments_left:
  description: Why segments were not removed, each once.
  type: list
  elements: str
  returned: always
failed_routers:
  description: The routers that failed.
  type: list
  elements: str
  returned: always
"""
