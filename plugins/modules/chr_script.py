#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: RouterOS scripts inside CHR guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_script
short_description: Run RouterOS scripts inside CHR guests, without network or password
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Runs RouterOS scripts through the hypervisor's guest agent, which needs neither an address nor a login on the router.
  - Many scripts for many guests go in one run, side by side over guests and in order within one. The first that fails ends that guest's list.
  - "A script that prints the line C(vrouter.mikrotik: changed=false) says that it changed nothing."
  - Only guests that bear this collection's mark are entered.
  - "Some hypervisors' agents give no text back, only an exit code. There a script counts as done by exit code 0, its output is not known, and it
    cannot say that it changed nothing. What needs text (O(scripts[].read_only), O(scripts[].marker), O(scripts[].guest_file)) is refused before any
    script of that guest runs; O(scripts[].unless) works all the same. Use the router's API or SSH for what is to be shown."
extends_documentation_fragment:
  - vrouter.mikrotik.hypervisor
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Only scripts with O(scripts[].read_only) are run; for others O(scripts[].unless) is asked, and they are reported as "would run".
      - Where O(scripts[].unless) cannot be asked because the router does not run yet, nothing is predicted.
  diff_mode:
    support: partial
    details:
      - Names the scripts that run; what they change inside the router is theirs to say.
  idempotent:
    support: partial
    details:
      - A script runs in every run, unless O(scripts[].unless) holds.
options:
  scripts:
    description: The scripts.
    type: list
    elements: dict
    required: true
    suboptions:
      guest:
        description: The guest's name on the hypervisor.
        type: str
        required: true
      name:
        description: A name for results and messages. If not given, the script's number in the list.
        type: str
      source:
        description: The script itself.
        type: str
      src:
        description: A file with the script, on the machine that runs the module.
        type: path
      guest_file:
        description: A file on the router, run with C(/import). Flat name. Needs an agent that gives text back, which tells how the import ended.
        type: str
      unless:
        description: A RouterOS expression, for example C([:len [/user find where name=ops]] > 0). Where it is true the script is not run.
        type: str
      timeout:
        description: How long to follow the script, in seconds. RouterOS has limits of its own.
        type: int
        default: 60
      read_only:
        description: Says that the script only reads. It then runs in check mode too and is never reported as a change. Needs an agent that gives
          text back.
        type: bool
        default: false
      marker:
        description: A line that the script's last statement prints. Without it in the output the script counts as failed. Needs an agent that
          gives text back.
        type: str
      secrets:
        description: Texts that must not appear in this guest's result; they are replaced wherever they would.
        type: list
        elements: str
  agent_timeout:
    description: How long a router's guest agent may take to open its channel, in seconds.
    type: int
    default: 30
seealso:
  - module: vrouter.mikrotik.chr_file
  - module: vrouter.mikrotik.chr_guest
"""

EXAMPLES = r"""
- name: Name two routers
  vrouter.mikrotik.chr_script:
    libvirt:
      uri: qemu:///system
    scripts:
      - {guest: edge1, name: identity, source: "/system identity set name=edge1", unless: '[/system identity get name] = "edge1"'}
      - {guest: edge2, name: identity, source: "/system identity set name=edge2", unless: '[/system identity get name] = "edge2"'}

- name: Read the routes of one
  vrouter.mikrotik.chr_script:
    libvirt:
      uri: qemu:///system
    scripts:
      - {guest: edge1, name: routes, source: "/ip route print terse", read_only: true}
  register: routes

- name: A play that names its Proxmox VE cluster once, for all its tasks
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/vrouter.mikrotik.hypervisor:
      proxmox:
        hosts: [pve1.example.com, pve2.example.com]
        ca_path: /etc/ssl/pve-root-ca.pem
        token_id: chr@pve!ansible
        token_secret: "{{ vault_proxmox_token_secret }}"
  tasks:
    - name: Name a router
      vrouter.mikrotik.chr_script:
        scripts:
          - {guest: edge1, name: identity, source: "/system identity set name=edge1", unless: '[/system identity get name] = "edge1"'}
"""

RETURN = r"""
guests:
  description: An entry for each guest, by name.
  returned: always
  type: dict
  sample: {"edge1": {"changed": true, "failed": false, "scripts": [{"name": "identity", "exit_code": 0, "output": ""}]}}
  contains:
    changed:
      description: Whether one of its scripts changed something, or would.
      type: bool
      returned: always
    failed:
      description: Whether one of its scripts failed; other guests went on.
      type: bool
      returned: always
    msg:
      description: What failed, with RouterOS's own words, and what to do.
      type: str
      returned: on failure
    scripts:
      description: The results of the scripts that ended well, in order.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The script's name.
          type: str
          returned: always
        ran:
          description: Whether it was run.
          type: bool
          returned: always
        changed:
          description: Whether it changed something, as far as it says.
          type: bool
          returned: always
        exit_code:
          description: V(0) for success; none where the script was not run. An end of which nobody gave an exit code is a failure.
          type: int
          returned: always
        output:
          description: What it printed; none where no text comes back.
          type: str
          returned: always
        output_lines:
          description: The same by line.
          type: list
          elements: str
          returned: always
        seconds:
          description: How long it took.
          type: float
          returned: always
        transport:
          description: The way into the router, for example V(guest_agent).
          type: str
          returned: always
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, parse_lists, summary
from ..module_utils._guests.enter import RunOptions
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._guests.scripts import parse_script, run_scripts
from ..module_utils._module import batch_module, masks_of, planned, run

SCRIPT: dict[str, t.Any] = {
    "guest": {"type": "str", "required": True},
    "name": {"type": "str"},
    "source": {"type": "str"},
    "src": {"type": "path"},
    "guest_file": {"type": "str"},
    "unless": {"type": "str"},
    "timeout": {"type": "int", "default": 60},
    "read_only": {"type": "bool", "default": False},
    "marker": {"type": "str"},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
}


def main() -> None:
    """Run the module."""
    way = ["source", "src", "guest_file"]
    module = batch_module(
        {
            "scripts": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": SCRIPT,
                "mutually_exclusive": [way],
                "required_one_of": [way],
            },
            "agent_timeout": {"type": "int", "default": 30},
        }
    )
    params = module.params
    masks, secrets = masks_of(params["scripts"], "guest")
    jobs, errors = parse_lists("guest", params["scripts"], parse_script)
    options = RunOptions(module.check_mode, params["agent_timeout"], params["concurrency"], planned(module))

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        outcomes = run_scripts(hypervisor, jobs, options, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, masks, "guests")

    run(module, work, secrets)


if __name__ == "__main__":
    main()
