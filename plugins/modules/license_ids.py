#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: license_ids
short_description: Find the routers of a play that share a system-id
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Names the routers of the play whose system-id another one keeps, whichever hypervisors they are on.

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
  - This is the controller's part of the role C(chr_license). It may change in any release; use the role.
"""

EXAMPLES = r"""
- name: Find shared system-ids
  vrouter.mikrotik.license_ids:
  register: vrouter_license_ids
  run_once: true
"""

RETURN = r"""
duplicates:
  description: The routers whose system-id another one keeps.
  type: list
  elements: str
  returned: success
"""
