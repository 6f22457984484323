#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: batch
short_description: INTERNAL The steps of the roles, and the table that ends a playbook
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - The controller's part of the collection's roles and playbooks. It may change in any release; use the roles.
  - O(step=describe) checks and renders one router's description in that router's own scope, so that a mistake fails this router alone.
  - O(step=run) takes all described routers through the phases, each of which is one module run a hypervisor, and shows what is done.
  - O(step=report) fails, changes and differs as the router's own objects did.
  - O(step=table) shows for each router of the play what became of it and what now stands, and why a failed one failed.

extends_documentation_fragment:
  - vrouter.mikrotik.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  step:
    description: What is to be done.
    type: str
    choices: [describe, run, report, table]
    required: true
  phases:
    description: For O(step=describe) and O(step=run), the names of the variables that hold the phases, in order.
    type: list
    elements: str
    default: []
  roles:
    description:
      - For O(step=describe), roles of this collection whose arguments are checked, and with them the names of the router's variables.
      - A variable that is nearly one of this collection's is an error, another one with its prefixes a warning. Names in the variable
        C(chr_own_variables) are the user's own.
    type: list
    elements: str
    default: []
  final:
    description: For O(step=report), whether a router fails of which something is left.
    type: bool
    default: false
  kind:
    description: For O(step=table), what the play's hosts are, which names the variables and picks the columns.
    type: str
    choices: [chr, metarouter]
    default: chr
  limit_file:
    description: For O(step=table), a file for the names of the failed routers, for C(--limit); removed when none failed.
    type: path
  confirmed:
    description:
      - For O(step=table) of a playbook that removes, the names of what may be removed. A router that still stands and is not among them is pending.
    type: list
    elements: str
  title:
    description: For O(step=table), lines to show before it.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what stands now
  vrouter.mikrotik.batch:
    step: table
    limit_file: provision.failed
  run_once: true
"""

RETURN = r"""
phases:
  description: The router's part in each phase. Never shown, as it may hold secrets.
  type: dict
  returned: with O(step=describe)
routers:
  description: What became of each router, by host, with what each phase so far returned for it in RV(ignore:results).
  type: dict
  returned: with O(step=run)
table:
  description: The lines.
  type: list
  elements: str
  returned: with O(step=table)
segments_left:
  description: Why segments were not removed, each once.
  type: list
  elements: str
  returned: with O(step=table)
failed_routers:
  description: The routers that failed.
  type: list
  elements: str
  returned: with O(step=table)
"""
