# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what the role metarouter_guest sets inside a guest, as console commands."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.configuration import Command, commands

DOCUMENTATION = r"""
name: metarouter_commands
short_description: Write a MetaROUTER guest's settings as console commands
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes entries for the option O(vrouter.mikrotik.metarouter_console#module:guests[].commands), each with the question whether it is so already.
  - Used by the role P(vrouter.mikrotik.metarouter_guest#role). It may change in any release; use the role.
positional: _input
options:
  _input:
    description: The settings, with the keys V(identity), V(interface_names), V(addresses), V(routes) and V(masquerade).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: The commands for an identity
  ansible.builtin.debug:
    msg: "{{ {'identity': 'Client1'} | vrouter.mikrotik.metarouter_commands }}"
"""

RETURN = r"""
_value:
  description: Commands with their name, source and C(unless).
  type: list
  elements: dict
"""


def metarouter_commands(settings: t.Mapping[str, t.Any]) -> list[Command]:
    """The commands. Raises AnsibleFilterError for what RouterOS would refuse."""
    try:
        return commands(settings)
    except InputError as error:
        raise AnsibleFilterError(f"metarouter_{error}") from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters of this file by name."""
        return {"metarouter_commands": metarouter_commands}
