# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Check mode, diff and idempotence, described once."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and predict, to the field, what a run would do, without changing anything.
  diff_mode:
    description: Returns what changed, or would change, field by field, when in diff mode.
  idempotent:
    description: A second run with the same options changes nothing, as long as nobody else changed the object in between.
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/vrouter.mikrotik.all) in C(module_defaults) to set options for this module.
    support: full
    membership:
      - vrouter.mikrotik.all
"""

    ROUTEROS = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/vrouter.mikrotik.routeros) in C(module_defaults) to set the options for a RouterBOARD's session, and
        C(group/vrouter.mikrotik.all) for options that all modules have.
    support: full
    membership:
      - vrouter.mikrotik.all
      - vrouter.mikrotik.routeros
"""
