#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what a RouterBOARD says of its MetaROUTER guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metarouter_info
short_description: Read MetaROUTER guests and what their host has left
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Reads the MetaROUTER guests of one RouterBOARD with their interfaces, what the board has left for more, and what is known to go wrong on it.
  - A board without MetaROUTER is an error that says why.
extends_documentation_fragment:
  - vrouter.mikrotik.api
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.routeros
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    description: This module changes nothing.
  idempotent:
    support: full
options:
  names:
    description: The guests to read. If not given, all.
    type: list
    elements: str
    default: []
seealso:
  - module: vrouter.mikrotik.metarouter_vm
"""

EXAMPLES = r"""
- name: Look at all guests of a board
  vrouter.mikrotik.metarouter_info:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
  register: board
"""

RETURN = r"""
host:
  description: The board.
  returned: success
  type: dict
  sample: {"board": "RB2011UiAS", "version": "6.49.10", "free_memory": 84, "guests_free": 7, "interfaces_free": 6, "issues": []}
  contains:
    board:
      description: Its name.
      type: str
      returned: always
    version:
      description: Its RouterOS version.
      type: str
      returned: always
    architecture:
      description: Its architecture, as RouterOS names it.
      type: str
      returned: always
    free_memory:
      description: Free memory in MiB.
      type: int
      returned: where the router says it
    guests_free:
      description: How many more guests it takes.
      type: int
      returned: always
    interfaces_free:
      description: How many more interfaces of guests it takes.
      type: int
      returned: always
    issues:
      description: What is known to go wrong with guests on this board, with the way out.
      type: list
      elements: str
      returned: always
    addresses:
      description: The host's own addresses, by interface.
      type: dict
      returned: always
guests:
  description: An entry for each guest, by name, as M(vrouter.mikrotik.metarouter_vm) returns it.
  returned: success
  type: dict
  sample: {"client1": {"name": "client1", "exists": true, "state": "running", "memory_size": 32}}
"""

import typing as t

from ..module_utils._core.batch import Progress
from ..module_utils._metarouter.facts import read_guests
from ..module_utils._module import api_module, run_session
from ..module_utils._routeros.api import Api


def main() -> None:
    """Run the module."""
    module = api_module({"names": {"type": "list", "elements": "str", "default": []}})

    def work(api: Api, progress: Progress) -> dict[str, t.Any]:
        return {"changed": False, **read_guests(api, module.params["names"])}

    run_session(module, work)


if __name__ == "__main__":
    main()
