#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: MetaROUTER guests of one RouterBOARD."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metarouter_vm
short_description: Create, change, start, stop and remove MetaROUTER guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes the wanted MetaROUTER guests stand on one RouterBOARD, one or many in one run.
  - RouterBOARDs host such guests with RouterOS 3.21 to 6.x. The guests are RouterOS themselves, or OpenWrt from an image.
  - What the board cannot do is refused before the first command that changes something.
  - A new guest is made disabled, wired, and enabled last. Guests that do not bear this collection's mark are not changed.
  - New interfaces of a RouterOS guest are made disabled, and stay so until O(guests[].configured=true) says that the guest has its password. So it
    is never on a client's wire with the factory's empty one, whatever else is on the bridge; M(vrouter.mikrotik.metarouter_console) sets and
    verifies it.
extends_documentation_fragment:
  - vrouter.mikrotik.api
  - vrouter.mikrotik.ssh
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.routeros
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(guests[].state=restarted) restarts in every run; all else changes nothing in a second run.
options:
  guests:
    description: The wanted guests.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The guest's name on the host.
        type: str
        required: true
      state:
        description:
          - V(present) leaves power alone; a new guest stays disabled.
          - V(started) enables and starts it. V(disabled) shuts it down and keeps the host from starting it.
          - V(stopped) shuts it down; a disabled guest counts as stopped. One that is enabled starts again with the host.
          - V(restarted) shuts it down and starts it, in every run.
          - V(absent) removes it, its interfaces and its disk; see O(guests[].confirm).
        type: str
        choices: [present, absent, started, stopped, restarted, disabled]
        default: present
      guest_os:
        description: What runs in it. RouterOS guests are made empty, OpenWrt guests from an image.
        type: str
        choices: [routeros, openwrt]
        default: routeros
      memory_size:
        description:
          - Memory in MiB, V(16) to V(256); a RouterOS guest needs V(24). If not given, a new RouterOS guest gets V(32), another V(16).
          - On a running guest the change is pending until the guest restarts.
        type: int
      disk_size:
        description:
          - Size of the disk in kiB, or V(unlimited) or V(0), RouterOS's default, with which a guest can fill the host's storage. A new guest that
            gets such a disk is warned of.
        type: str
      image:
        description: The image of a new OpenWrt guest, a file on the router. Needs RouterOS 3.24 or later.
        type: str
      image_src:
        description: The same, a file on the machine that runs the module, which is uploaded first. Needs O(ssh).
        type: path
      comment:
        description: The guest's comment. Our mark is written after it.
        type: str
      interfaces:
        description: Its interfaces. Others that it has are left alone.
        type: list
        elements: dict
        default: []
        suboptions:
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
              - If not given, V(static) where O(guests[].interfaces[].static_interface) or O(guests[].interfaces[].host_name) is, else V(dynamic).
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
            description: Whether the interface is disabled. See O(guests[].configured) for those that are kept so.
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
      confirm:
        description: For O(guests[].state=absent), the guest's name once more.
        type: str
      adopt:
        description:
          - Allows to change a guest that does not bear this collection's mark, and marks it.
          - Where such a guest does not run and is started, its interfaces are kept closed as those of a new one.
        type: bool
        default: false
      configured:
        description:
          - Says that the guest has its password, and opens the interfaces that were kept closed for want of it. Interfaces that are made later need
            it said again; what is open already stays open without.
          - An OpenWrt guest has the password that its image has, so its interfaces are never kept closed.
        type: bool
        default: false
      open_before_configured:
        description: Makes the interfaces of a guest that is not configured as they are described. Anyone on its bridges can then log in with the
          empty password.
        type: bool
        default: false
  timeout:
    description: How long a guest may take to start or to shut down, in seconds.
    type: int
    default: 120
  import_timeout:
    description: How long importing an image may take, in seconds.
    type: int
    default: 600
  allow_session_path:
    description: Allows changes that involve the interface, bridge or address by which this session itself reaches the router.
    type: bool
    default: false
seealso:
  - module: vrouter.mikrotik.metarouter_interface
  - module: vrouter.mikrotik.metarouter_bridge
  - module: vrouter.mikrotik.metarouter_console
  - module: vrouter.mikrotik.metarouter_info
"""

EXAMPLES = r"""
- name: A router for a client, with an interface to the host and one to the client's bridge
  vrouter.mikrotik.metarouter_vm:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    guests:
      - name: client1
        state: started
        memory_size: 32
        disk_size: 32000
        interfaces:
          - {name: ether1, host_name: client1-uplink, host_addresses: [198.51.100.1/30]}
          - {name: ether2, dynamic_bridge: bridge1}

- name: Its password
  vrouter.mikrotik.metarouter_console:
    ssh: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    guests:
      - {name: client1, new_password: "{{ vault_client1_password }}"}

- name: Its interfaces, which were kept closed until now
  vrouter.mikrotik.metarouter_vm:
    api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
    guests:
      - {name: client1, configured: true}

- name: OpenWrt from a local image
  vrouter.mikrotik.metarouter_vm:
    api: {host: 192.0.2.1, tls: anonymous}
    ssh: {host: 192.0.2.1}
    guests:
      - {name: wrt1, state: started, guest_os: openwrt, image_src: files/openwrt-mr-mips-rootfs.tgz, interfaces: [{name: ether1}]}
"""

RETURN = r"""
guests:
  description: An entry for each wanted guest, by name.
  returned: always
  type: dict
  sample: {"client1": {"changed": true, "failed": false, "exists": true, "state": "running", "interfaces": [{"host_interface": "vif1"}]}}
  contains:
    changed:
      description: Whether the guest changed, or would change.
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
      description: Each field that changed, with both sides and when it takes effect.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    restart_needed:
      description:
        - Whether a change is pending until the guest restarts; the router remembers it in the guest's comment, or that of an interface.
        - A restart by somebody else is not seen, so it stays true until the guest is stopped, started or restarted by this collection.
      type: bool
      returned: always
    closed:
      description: Its interfaces that are kept closed until it has its password; in check mode those that would be.
      type: list
      elements: str
      returned: always
    exists:
      description: Whether the guest exists at the end.
      type: bool
      returned: always
    ours:
      description: Whether it, or one of its interfaces, bears this collection's mark.
      type: bool
      returned: when the guest exists
    state:
      description: RouterOS's word for its state.
      type: str
      returned: when the guest exists
    disabled:
      description: Whether it is disabled.
      type: bool
      returned: when the guest exists
    memory_size:
      description: Memory in MiB.
      type: int
      returned: when the guest exists
    disk_size:
      description: Size of the disk in kiB, or V(unlimited).
      type: raw
      returned: when the guest exists
    used_disk:
      description: What it uses of it, in kiB.
      type: int
      returned: when the guest exists
    disk_reads:
      description: How often it read from it, as the router counts.
      type: int
      returned: when the guest exists
    disk_writes:
      description: How often it wrote to it, as the router counts.
      type: int
      returned: when the guest exists
    comment:
      description: Its comment, without our mark. What is no UTF-8 in it is shown as question marks, and kept as it is.
      type: str
      returned: when the guest exists
    interfaces:
      description: Its interfaces with RouterOS's properties; RV(ignore:host_interface) is the host's interface that stands for one.
      type: list
      elements: dict
      returned: when the guest exists
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._metarouter.converge import Terms, converge
from ..module_utils._metarouter.guest import NIC_ARGUMENTS, STATES, parse_guests
from ..module_utils._module import api_module, planned, run_session
from ..module_utils._routeros.api import Api
from ..module_utils._routeros.ssh import ssh_arguments
from ..module_utils._routeros.upload import uploader

GUEST: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "guest_os": {"type": "str", "choices": ["routeros", "openwrt"], "default": "routeros"},
    "memory_size": {"type": "int"},
    "disk_size": {"type": "str"},
    "image": {"type": "str"},
    "image_src": {"type": "path"},
    "comment": {"type": "str"},
    "interfaces": {"type": "list", "elements": "dict", "default": [], "options": NIC_ARGUMENTS},
    "confirm": {"type": "str"},
    "adopt": {"type": "bool", "default": False},
    "configured": {"type": "bool", "default": False},
    "open_before_configured": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = api_module(
        {
            "guests": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": GUEST,
                "mutually_exclusive": [["image", "image_src"]],
            },
            "ssh": {"type": "dict", "options": ssh_arguments()},
            "timeout": {"type": "int", "default": 120},
            "import_timeout": {"type": "int", "default": 600},
            "allow_session_path": {"type": "bool", "default": False},
        }
    )
    params = module.params
    specs, errors = parse_guests(params["guests"])
    terms = Terms(
        check_mode=module.check_mode,
        timeout=params["timeout"],
        import_timeout=params["import_timeout"],
        allow_session_path=params["allow_session_path"],
        planned=planned(module),
        upload=uploader(params["ssh"]) if params["ssh"] else None,
    )

    def work(api: Api, progress: Progress) -> dict[str, t.Any]:
        outcomes = converge(api, specs, terms, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "guests")

    run_session(module, work)


if __name__ == "__main__":
    main()
