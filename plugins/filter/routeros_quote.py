# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a text as a RouterOS string."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote

DOCUMENTATION = r"""
name: routeros_quote
short_description: Write a text as a RouterOS string
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Puts a text between quotes so that a RouterOS script reads exactly this text. No C($) expands and no quote ends it early.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: A command with a name of any kind
  ansible.builtin.debug:
    msg: "/system identity set name={{ 'the $5 router' | vrouter.mikrotik.routeros_quote }}"
"""

RETURN = r"""
_value:
  description: The string, quotes included.
  type: str
"""


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[[t.Any], str]]:
        """The filters of this file by name."""
        return {"routeros_quote": lambda value: quote(str(value))}
