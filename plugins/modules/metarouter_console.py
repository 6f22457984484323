#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: commands inside MetaROUTER guests, through their host's consoles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metarouter_console
short_description: Run commands inside MetaROUTER guests through the console of their host
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Logs in at the consoles of MetaROUTER guests (C(/metarouter console) on their RouterBOARD, over SSH) and runs commands there. It is the only
    way into a guest that has no address.
  - Many guests of one host go in one run, side by side over guests and in order within one. The first command that fails ends that guest's list.
  - Answers the questions for login, licence and a new password. Whoever was left logged in at a console is logged out first, and nobody is left
    logged in afterwards.
  - "A command that prints the line C(vrouter.mikrotik: changed=false) says that it changed nothing."
extends_documentation_fragment:
  - vrouter.mikrotik.ssh
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.routeros
attributes:
  check_mode:
    support: full
    details:
      - Logs in to run commands with O(guests[].commands[].read_only) and to ask O(guests[].commands[].unless); others are reported as "would run".
      - A guest of O(planned) that is not there, or does not answer, is not asked; all its commands are reported so.
  diff_mode:
    support: partial
    details:
      - Names the commands that run; what they change inside the guest is theirs to say.
  idempotent:
    support: partial
    details:
      - A command runs in every run, unless O(guests[].commands[].unless) holds.
options:
  ssh:
    required: true
  guests:
    description: The guests.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The guest's name on the host, or its number there as C(/metarouter print) shows it, quoted.
        type: str
        required: true
      os:
        description: What runs in it.
        type: str
        choices: [routeros, openwrt]
        default: routeros
      credentials:
        description:
          - Logins to try, in this order. If not given, V(admin) without a password, as a new RouterOS has it; for OpenWrt V(root).
        type: list
        elements: dict
        suboptions:
          username:
            description: The user.
            type: str
            required: true
          password:
            description: The password.
            type: str
            default: ""
      new_password:
        description:
          - Gives the user of the login that worked this password before any command runs, where the login worked with another one.
          - Put the same password first in O(guests[].credentials), so that the next run logs in with it.
        type: str
      commands:
        description: The commands, each on one line.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: A name for results and messages. If not given, the command's number in the list.
            type: str
          source:
            description:
              - The command. RouterOS before 7 takes a question mark as a wish for help; write C(\?) within strings.
              - A command that asks a question, as C(/system reboot) does, fails; M(vrouter.mikrotik.metarouter_vm) restarts guests.
              - The console breaks lines of output that are longer than 1024 characters.
            type: str
            required: true
          unless:
            description:
              - A RouterOS expression, for example C([:len [/user find where name=ops]] > 0). Where it is true the command is not run.
              - Not for OpenWrt.
            type: str
          timeout:
            description: How long to follow the command, in seconds.
            type: int
            default: 60
          read_only:
            description: Says that the command only reads. It then runs in check mode too and is never reported as a change.
            type: bool
            default: false
      send_break:
        description: Sends a break first.
        type: bool
        default: false
      timeout:
        description: How long logging in may take, in seconds; a guest that boots answers late.
        type: int
        default: 120
      secrets:
        description: Further texts that must not appear in this guest's result; passwords never do.
        type: list
        elements: str
seealso:
  - module: vrouter.mikrotik.metarouter_vm
  - module: vrouter.mikrotik.chr_script
"""

EXAMPLES = r"""
- name: Give a new guest its password and its name
  vrouter.mikrotik.metarouter_console:
    ssh: {host: 192.0.2.1, username: ops, private_key: ~/.ssh/id_ed25519}
    guests:
      - name: client1
        credentials:
          - {username: admin, password: "{{ vault_client1_password }}"}
          - {username: admin}
        new_password: "{{ vault_client1_password }}"
        commands:
          - {name: identity, source: /system identity set name=Client1, unless: '[/system identity get name] = "Client1"'}

- name: Look into an OpenWrt guest
  vrouter.mikrotik.metarouter_console:
    ssh: {host: 192.0.2.1}
    guests:
      - {name: wrt1, os: openwrt, commands: [{source: ifconfig, read_only: true}]}
  register: console
"""

RETURN = r"""
guests:
  description: An entry for each guest, by name.
  returned: always
  type: dict
  sample: {"client1": {"changed": true, "failed": false, "commands": [{"name": "identity", "exit_code": 0, "output": ""}]}}
  contains:
    changed:
      description: Whether the password or a command changed something, or would.
      type: bool
      returned: always
    failed:
      description: Whether something failed for this guest; others went on.
      type: bool
      returned: always
    msg:
      description: What failed, with the guest's own words, and what to do.
      type: str
      returned: on failure
    changes:
      description: What was done, as fields.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    login:
      description: Where the login ended.
      type: dict
      returned: when a login worked
      contains:
        os:
          description: What answered.
          type: str
          returned: always
        credential:
          description: The place of the login that worked, from 0; null where none was asked for.
          type: int
          returned: always
        prompt:
          description: The prompt.
          type: str
          returned: always
    commands:
      description: The results of the commands that ended well, in order.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The command's name.
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
          description: V(0) for success.
          type: int
          returned: always
        output:
          description: What it printed.
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
          description: The way into the guest, V(console).
          type: str
          returned: always
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.batch import Outcome, Progress, parse_batch, summary
from ..module_utils._metarouter.consoles import Terms, parse_console, run_consoles
from ..module_utils._module import PHASE, check_concurrency, masks_of, planned, run_in
from ..module_utils._routeros.ssh import SshOptions, SshSession, ssh_arguments, ssh_session

COMMAND: dict[str, t.Any] = {
    "name": {"type": "str"},
    "source": {"type": "str", "required": True},
    "unless": {"type": "str"},
    "timeout": {"type": "int", "default": 60},
    "read_only": {"type": "bool", "default": False},
}
CREDENTIAL: dict[str, t.Any] = {
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "default": "", "no_log": True},
}
GUEST: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "os": {"type": "str", "choices": ["routeros", "openwrt"], "default": "routeros"},
    "credentials": {"type": "list", "elements": "dict", "options": CREDENTIAL},
    "new_password": {"type": "str", "no_log": True},
    "commands": {"type": "list", "elements": "dict", "default": [], "options": COMMAND},
    "send_break": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 120},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "ssh": {"type": "dict", "required": True, "options": ssh_arguments()},
            "guests": {"type": "list", "elements": "dict", "required": True, "options": GUEST},
            "concurrency": {"type": "int", "default": 8},
            **PHASE,
        },
        supports_check_mode=True,
    )
    params = module.params
    jobs, errors = parse_batch("guests", params["guests"], parse_console)
    masks, secrets = masks_of([{"name": entry["name"], "secrets": secrets_of(entry)} for entry in params["guests"]])
    terms = Terms(module.check_mode, check_concurrency(module), planned(module))

    def work(session: SshSession, progress: Progress) -> dict[str, t.Any]:
        outcomes = run_consoles(session, jobs, terms, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, masks, "guests")

    run_in(module, lambda: ssh_session(SshOptions.parse(params["ssh"])), work, secrets)


def secrets_of(entry: t.Mapping[str, t.Any]) -> list[str]:
    """Everything of one guest that must not be shown."""
    passwords = [credential["password"] for credential in entry["credentials"] or ()]
    return [text for text in (*passwords, entry["new_password"], *(entry["secrets"] or ())) if text]


if __name__ == "__main__":
    main()
