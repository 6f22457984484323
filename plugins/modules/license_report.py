#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: license_report
short_description: INTERNAL Report on the licences of all routers of a play
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Says for each router of the play what its licence is worth, who must act and how, the most urgent first, and which routers share a system-id.
  - Shows it on the terminal, with a first line as a monitoring plugin writes it, and writes it to the files that are named.
  - A router that could not be read is a row like any other.

extends_documentation_fragment:
  - vrouter.mikrotik.attributes
attributes:
  check_mode:
    support: full
    details:
      - Shows the report and writes no file.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  phase:
    description: The phase of the role C(batch) that read the licences with M(vrouter.mikrotik.chr_license).
    type: str
    required: true
  json:
    description: File for the report as JSON.
    type: path
  html:
    description: File for the report as an HTML page that stands alone.
    type: path
  prometheus:
    description: File for the report as the textfile collector of Prometheus's node_exporter reads it; its name ends in C(.prom).
    type: path
  warning_days:
    description: So many days before a deadline, or fewer, a trial or an overdue renewal is a warning.
    type: int
    default: 30
  critical_days:
    description: So many days before a deadline, or fewer, it is critical.
    type: int
    default: 7
notes:
  - This is the controller's part of the playbook C(license_report). It may change in any release; use the playbook.
"""

EXAMPLES = r"""
- name: Report on all licences
  vrouter.mikrotik.license_report:
    phase: license_read
    html: /var/www/html/licenses.html
  run_once: true
"""

RETURN = r"""
status:
  description: V(OK), V(WARNING), V(CRITICAL) or V(UNKNOWN), the worst of all routers.
  type: str
  returned: success
exit_code:
  description: The same as 0, 1, 2 or 3.
  type: int
  returned: success
headline:
  description: The first line of the report.
  type: str
  returned: success
  sample: "LICENSES CRITICAL: 1 expired, 2 trials, 7 ok"
made_at:
  description: When the report was made, in UTC.
  type: str
  returned: success
warning_days:
  description: The threshold for a warning.
  type: int
  returned: success
critical_days:
  description: The threshold for a critical status.
  type: int
  returned: success
counts:
  description: How many routers have each verdict.
  type: dict
  returned: success
duplicate_system_ids:
  description: The names of the routers that share a system-id, by system-id.
  type: dict
  returned: success
routers:
  description: The routers, the most urgent first.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The router's name in the inventory.
      type: str
    verdict:
      description: V(ok), V(below), V(renewal_overdue), V(trial), V(expired), V(not_enforced), V(unreachable), V(misconfigured), or
        V(off) where it is not meant to run.
      type: str
    status:
      description: V(OK), V(WARNING), V(CRITICAL) or V(UNKNOWN).
      type: str
    who:
      description: Who must act, V(nobody), V(buyer), V(operator) or V(router's network).
      type: str
    todo:
      description: What they must do.
      type: str
    level:
      description: The level; null where the router could not be read, as in all that follow.
      type: str
    system_id:
      description: The system-id.
      type: str
    days_left:
      description: Whole days until the deadline, by the router's clock.
      type: int
    next_renewal_at:
      description: When the router will ask the account server.
      type: str
    deadline_at:
      description: When the licence expires if it is not renewed.
      type: str
    buy_before:
      description: Until when the licence can be bought, where the buyer must act.
      type: str
    source:
      description: The user's word on the licence, C(chr_license_source).
      type: str
    minimum_level:
      description: The level that the router must have at least, C(chr_license_minimum_level).
      type: str
    reason:
      description: Why the router could not be read.
      type: str
    shares_id_with:
      description: The other routers that have its system-id.
      type: list
      elements: str
"""
