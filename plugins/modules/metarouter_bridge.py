#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: the host's bridges between MetaROUTER guests and physical ports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metarouter_bridge
short_description: Bridge MetaROUTER guests and physical ports on their host
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes bridges on a RouterBOARD and puts interfaces into them, so that guests reach the world through physical ports.
  - A guest's own interface joins a bridge by its O(ignore:dynamic_bridge); see M(vrouter.mikrotik.metarouter_vm).
  - Ports that are not listed are left alone. An interface that is a port of another bridge is refused.
extends_documentation_fragment:
  - vrouter.mikrotik.api
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.routeros
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  bridges:
    description: The wanted bridges.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The bridge's name.
        type: str
        required: true
      state:
        description: V(absent) removes a bridge of ours with its ports; see O(bridges[].confirm).
        type: str
        choices: [present, absent]
        default: present
      ports:
        description: Interfaces of the host that must be its ports.
        type: list
        elements: str
        default: []
      confirm:
        description: For O(bridges[].state=absent), the bridge's name once more.
        type: str
  allow_session_path:
    description: Allows changes that involve the interface, bridge or address by which this session itself reaches the router.
    type: bool
    default: false
seealso:
  - module: vrouter.mikrotik.metarouter_vm
"""

EXAMPLES = r"""
- name: Put the client's port into a bridge of its own
  vrouter.mikrotik.metarouter_bridge:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    bridges:
      - {name: bridge1, ports: [ether2]}
"""

RETURN = r"""
bridges:
  description: An entry for each wanted bridge, by name.
  returned: always
  type: dict
  sample: {"bridge1": {"changed": true, "failed": false, "exists": true, "ours": true, "ports": ["ether2"], "dynamic_ports": ["vif2"]}}
  contains:
    changed:
      description: Whether the bridge changed, or would change.
      type: bool
      returned: always
    failed:
      description: Whether this bridge failed; the others went on.
      type: bool
      returned: always
    msg:
      description: What is wrong, what was wanted and found, and what to do.
      type: str
      returned: on failure
    changes:
      description: Each field that changed, with both sides.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    exists:
      description: Whether the bridge exists at the end.
      type: bool
      returned: always
    ours:
      description: Whether this collection made it.
      type: bool
      returned: when the bridge exists
    ports:
      description: Its ports.
      type: list
      elements: str
      returned: when the bridge exists
    dynamic_ports:
      description: The ports that guests bring along while they run.
      type: list
      elements: str
      returned: when the bridge exists
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._metarouter.bridge import parse_bridges
from ..module_utils._metarouter.bridge_converge import converge_bridges
from ..module_utils._module import api_module, planned, run_session
from ..module_utils._routeros.api import Api

BRIDGE: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "ports": {"type": "list", "elements": "str", "default": []},
    "confirm": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = api_module(
        {
            "bridges": {"type": "list", "elements": "dict", "required": True, "options": BRIDGE},
            "allow_session_path": {"type": "bool", "default": False},
        }
    )
    specs, errors = parse_bridges(module.params["bridges"])

    def work(api: Api, progress: Progress) -> dict[str, t.Any]:
        outcomes = converge_bridges(
            api,
            specs,
            check_mode=module.check_mode,
            allow_session_path=module.params["allow_session_path"],
            planned=planned(module).networks,
        )
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "bridges")

    run_session(module, work)


if __name__ == "__main__":
    main()
