#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: interfaces of MetaROUTER guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metarouter_interface
short_description: Create, change and remove interfaces of MetaROUTER guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes the wanted interfaces of existing MetaROUTER guests stand on one RouterBOARD, one or many, for one or many guests, in one run.
  - The same can be said in O(ignore:interfaces) of M(vrouter.mikrotik.metarouter_vm); this module is for guests that are described elsewhere.
  - The guest numbers its interfaces in the order in which they are made, so one is named by its slot. Interfaces that are not listed are left alone.
  - The first interface on a host switches off FastPath and FastTrack there, which is warned of once.
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
  interfaces:
    description: The wanted interfaces.
    type: list
    elements: dict
    required: true
    suboptions:
      guest:
        description: The guest's name on the host.
        type: str
        required: true
      name:
        description:
          - The interface's slot, V(ether1) to V(ether8), as a RouterOS guest names it. A new one takes the first that is free.
          - Where one that is not the last is removed, the others keep their slots here, but the guest may count them anew, which is warned of.
        type: str
        required: true
      state:
        description: Whether it is there.
        type: str
        choices: [present, absent]
        default: present
      type:
        description:
          - With V(dynamic) the host has an interface C(vifN) for it while the guest runs. With V(static) it is bound to one of the host's.
          - If not given, V(static) where O(interfaces[].static_interface) or O(interfaces[].host_name) is, else V(dynamic).
        type: str
        choices: [dynamic, static]
      dynamic_bridge:
        description: A bridge of the host that a dynamic interface joins by itself. An empty text takes it out.
        type: str
      dynamic_mac_address:
        description: MAC address of the host's side of a dynamic interface. If not given, the router's choice.
        type: str
      static_interface:
        description: The host's interface that a static one is bound to.
        type: str
      host_name:
        description: The same, a virtual-ethernet interface, which is made where it is missing. It keeps its name and its addresses.
        type: str
      vm_mac_address:
        description: MAC address inside the guest. If not given, the router's choice.
        type: str
      disabled:
        description: Whether the interface is disabled. See O(configured) for those that are kept so.
        type: bool
      comment:
        description: The interface's comment. Our mark is written after it.
        type: str
      host_addresses:
        description:
          - Addresses with prefix length that the host has on its side of the interface. Others there are left alone.
          - The host has a side of a dynamic interface only while the guest runs and the interface is not disabled; until then there are none.
        type: list
        elements: str
  adopt:
    description: Allows to change guests that do not bear this collection's mark.
    type: bool
    default: false
  configured:
    description:
      - Says that the guests have their passwords, and opens their interfaces that were kept closed for want of one.
      - Without it new interfaces are made disabled, whatever O(interfaces[].disabled) says. What is open already stays open.
    type: bool
    default: false
  allow_session_path:
    description: Allows changes that involve the interface, bridge or address by which this session itself reaches the router.
    type: bool
    default: false
seealso:
  - module: vrouter.mikrotik.metarouter_vm
  - module: vrouter.mikrotik.metarouter_bridge
"""

EXAMPLES = r"""
- name: Wire a guest to the host and to a bridge
  vrouter.mikrotik.metarouter_interface:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    configured: true
    interfaces:
      - {guest: client1, name: ether1, host_name: client1-uplink, host_addresses: [198.51.100.1/30]}
      - {guest: client1, name: ether2, dynamic_bridge: bridge1}

- name: Take the second one away again
  vrouter.mikrotik.metarouter_interface:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    interfaces:
      - {guest: client1, name: ether2, state: absent}
"""

RETURN = r"""
guests:
  description: An entry for each guest that is named, as M(vrouter.mikrotik.metarouter_vm) returns it.
  returned: always
  type: dict
  sample: {"client1": {"changed": true, "failed": false, "interfaces": [{"name": "ether1", "type": "dynamic", "host_interface": "vif1"}]}}
  contains:
    changed:
      description: Whether one of its interfaces changed, or would change.
      type: bool
      returned: always
    failed:
      description: Whether this guest failed; the others went on.
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
    closed:
      description: Its interfaces that are kept closed until it has its password; in check mode those that would be.
      type: list
      elements: str
      returned: always
    interfaces:
      description: All its interfaces, with RouterOS's properties; RV(ignore:host_interface) is the host's interface that stands for one.
      type: list
      elements: dict
      returned: when the guest exists
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._metarouter.converge import Terms, converge
from ..module_utils._metarouter.guest import NIC_ARGUMENTS, parse_wiring
from ..module_utils._module import api_module, planned, run_session
from ..module_utils._routeros.api import Api

INTERFACE: dict[str, t.Any] = {"guest": {"type": "str", "required": True}, **NIC_ARGUMENTS}


def main() -> None:
    """Run the module."""
    module = api_module(
        {
            "interfaces": {"type": "list", "elements": "dict", "required": True, "options": INTERFACE},
            "adopt": {"type": "bool", "default": False},
            "configured": {"type": "bool", "default": False},
            "allow_session_path": {"type": "bool", "default": False},
        }
    )
    params = module.params
    specs, errors = parse_wiring(params["interfaces"], adopt=params["adopt"], configured=params["configured"])
    terms = Terms(module.check_mode, allow_session_path=params["allow_session_path"], planned=planned(module))

    def work(api: Api, progress: Progress) -> dict[str, t.Any]:
        outcomes = converge(api, specs, terms, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "guests")

    run_session(module, work)


if __name__ == "__main__":
    main()
