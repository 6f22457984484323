#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: the first boot of CHR guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_first_boot
short_description: Configure CHR guests once, behind closed links, then open them
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Gives new routers their passwords, users, addresses and services through the hypervisor's guest agent while all their links are down, and
    raises the links only after that succeeded.
  - First boot happens once in a guest's life. A record on the router decides; it holds the guest's UUID, so a clone, a reset router or a replaced
    disk counts as not configured. The links of such a router go down first.
  - A run that was cut short is taken up by the next one, from the top; nothing is done twice.
  - When the wanted settings changed afterwards, this is reported as drift, field by field, and applied only with O(guests[].reapply). What first
    boot made on the router (users, SSH keys, addresses, routes, DHCP clients) and is described no more goes then; what it did not make stays.
  - Where a hypervisor's agent gives no text back, only an exit code, first boot is the same, and the record is asked about instead of read. So drift
    is reported without its fields, and O(guests[].reapply) shows that settings change, not which ones.
  - On RouterOS 6 all SSH keys of a user that has O(guests[].users[].ssh_keys) are first boot's. Keys go there as files, which not every
    hypervisor's agent moves.
  - The factory's DHCP clients are removed.
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
      - Reads the record of running routers; a router that does not run is predicted to need its first boot.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  guests:
    description: The routers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The guest's name on the hypervisor.
        type: str
        required: true
      version:
        description: RouterOS version, quoted. It decides how some settings are written; RouterOS 7 if not given.
        type: str
      identity:
        description: The router's identity.
        type: str
      admin_password:
        description: New password of user admin. Either this or O(guests[].admin_disabled) is needed.
        type: str
      admin_disabled:
        description: Disables user admin, for which another user of group V(full) must exist.
        type: bool
        default: false
      users:
        description: Users to add.
        type: list
        elements: dict
        suboptions:
          name:
            description: The user's name.
            type: str
            required: true
          group:
            description: The user's group, V(full), V(read) or V(write); a new router has no others.
            type: str
            default: full
          password:
            description: The password. A user with SSH keys alone gets one that nobody knows.
            type: str
          ssh_keys:
            description: Public keys, in OpenSSH's format.
            type: list
            elements: str
      addresses:
        description: IP addresses.
        type: list
        elements: dict
        suboptions:
          address:
            description: The address with prefix length.
            type: str
            required: true
          interface:
            description: The interface.
            type: str
            required: true
      dhcp_clients:
        description: Interfaces that ask for an address.
        type: list
        elements: dict
        suboptions:
          interface:
            description: The interface.
            type: str
            required: true
          add_default_route:
            description: Whether to take the default route.
            type: bool
            default: true
          use_peer_dns:
            description: Whether to take the name servers.
            type: bool
            default: true
      routes:
        description: Static routes.
        type: list
        elements: dict
        suboptions:
          destination:
            description: The destination with prefix length.
            type: str
            required: true
          gateway:
            description: The gateway.
            type: str
            required: true
          distance:
            description: The route's distance.
            type: int
      dns:
        description: Name servers.
        type: list
        elements: str
      ntp:
        description: Time servers.
        type: list
        elements: str
      time_zone:
        description: The time zone, for example V(Europe/Riga).
        type: str
      services:
        description: RouterOS's own services.
        type: list
        elements: dict
        suboptions:
          name:
            description: The service.
            type: str
            required: true
          enabled:
            description: Whether it is on.
            type: bool
          addresses:
            description: Who may use it; an empty list means everybody.
            type: list
            elements: str
          port:
            description: Its TCP port.
            type: int
      scripts:
        description: RouterOS scripts of your own, run after everything else, each once in the router's life.
        type: list
        elements: dict
        suboptions:
          name:
            description: A name for the script's record.
            type: str
            required: true
          source:
            description: The script.
            type: str
            required: true
          repeatable:
            description:
              - Whether the script may run again although it began before and nobody knows how it ended, for example because the router lost its
                power. Without it, such a script is an error until O(guests[].scripts_again) names it.
              - A script that ended with an error runs again in any case.
            type: bool
            default: false
      scripts_again:
        description:
          - Names of scripts that may run again although they began before and nobody knows how they ended.
          - With O(guests[].reapply), also of those that ran before with another text; one that is not named here is not run again, and stays drift.
        type: list
        elements: str
      interfaces:
        description: The guest's interfaces, V(ether1) to V(ether24). The script waits for them, and their links are raised afterwards.
        type: list
        elements: str
      links_down:
        description: Those of O(guests[].interfaces) whose links stay down.
        type: list
        elements: str
      reapply:
        description: Makes a router that was configured with other settings as it is described now.
        type: bool
        default: false
      timeout:
        description: How long the script may take, in seconds.
        type: int
        default: 120
      secrets:
        description:
          - Further texts that must not appear in this guest's result, nor in the hash that is stored on the router.
          - Passwords are among them without being listed.
        type: list
        elements: str
  agent_timeout:
    description: How long a router's guest agent may take to open its channel, in seconds.
    type: int
    default: 30
seealso:
  - module: vrouter.mikrotik.chr_guest
  - module: vrouter.mikrotik.chr_script
"""

EXAMPLES = r"""
- name: First boot of a router
  vrouter.mikrotik.chr_first_boot:
    libvirt:
      uri: qemu:///system
    guests:
      - name: edge1
        identity: edge1
        admin_password: "{{ vault_admin_password }}"
        addresses:
          - {address: 192.0.2.2/24, interface: ether1}
        routes:
          - {destination: 0.0.0.0/0, gateway: 192.0.2.1}
        services:
          - {name: telnet, enabled: false}
          - {name: ssh, enabled: true, addresses: [192.0.2.0/24]}
        interfaces: [ether1]
"""

RETURN = r"""
guests:
  description: An entry for each router, by name. See M(vrouter.mikrotik.chr_guest) for the fields that both return.
  returned: always
  type: dict
  sample: {"edge1": {"changed": true, "failed": false, "first_boot": "done", "configured": true}}
  contains:
    changed:
      description: Whether the router or its links changed, or would.
      type: bool
      returned: always
    failed:
      description: Whether this router failed; the others went on.
      type: bool
      returned: always
    msg:
      description: What failed, with RouterOS's own words, and what to do.
      type: str
      returned: on failure
    first_boot:
      description: V(done) by this run, V(standing) since an earlier one, V(drift), V(would run) in check mode, V(waiting) while the
        guest does not run, or V(failed).
      type: str
      returned: always
    drift:
      description: Where RV(guests.first_boot) is V(drift), each field that was set otherwise, as V(field), V(before) and V(after).
        No secret is among them. Where the record cannot be read, one field V(settings).
      type: list
      elements: dict
      returned: always
    changes:
      description: Each field that changed, with both sides.
      type: list
      elements: dict
      returned: always
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, parse_batch, summary
from ..module_utils._core.secrets import Mask
from ..module_utils._first_boot.converge import Boot, boot_routers
from ..module_utils._first_boot.wanted import parse, secrets_of
from ..module_utils._guests.enter import RunOptions
from ..module_utils._guests.guest import GuestSpec, Nic, slot_number
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._module import batch_module, planned, run

TEXTS: dict[str, t.Any] = {"type": "list", "elements": "str"}
NEEDED: dict[str, t.Any] = {"type": "str", "required": True}


def many(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """A list of dictionaries with these options."""
    return {"type": "list", "elements": "dict", "options": options}


GUEST: dict[str, t.Any] = {
    "name": NEEDED,
    "version": {"type": "str"},
    "identity": {"type": "str"},
    "admin_password": {"type": "str", "no_log": True},
    "admin_disabled": {"type": "bool", "default": False},
    "users": many(
        {
            "name": NEEDED,
            "group": {"type": "str", "default": "full"},
            "password": {"type": "str", "no_log": True},
            "ssh_keys": {**TEXTS, "no_log": False},
        }
    ),
    "addresses": many({"address": NEEDED, "interface": NEEDED}),
    "dhcp_clients": many(
        {
            "interface": NEEDED,
            "add_default_route": {"type": "bool", "default": True},
            "use_peer_dns": {"type": "bool", "default": True},
        }
    ),
    "routes": many({"destination": NEEDED, "gateway": NEEDED, "distance": {"type": "int"}}),
    "dns": TEXTS,
    "ntp": TEXTS,
    "time_zone": {"type": "str"},
    "services": many({"name": NEEDED, "enabled": {"type": "bool"}, "addresses": TEXTS, "port": {"type": "int"}}),
    "scripts": many({"name": NEEDED, "source": NEEDED, "repeatable": {"type": "bool", "default": False}}),
    "scripts_again": TEXTS,
    "interfaces": TEXTS,
    "links_down": TEXTS,
    "reapply": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 120},
    "secrets": {**TEXTS, "no_log": True},
}


def parse_boot(entry: t.Mapping[str, t.Any]) -> Boot:
    """A Boot from one entry of `guests`. Raises InputError."""
    names, down = entry["interfaces"] or (), entry["links_down"] or ()
    for name in (*names, *down):
        slot_number(name)
    nics = tuple(Nic(name, link=name not in down) for name in names)
    return Boot(parse(entry), GuestSpec(entry["name"], interfaces=nics), entry["reapply"])


def main() -> None:
    """Run the module."""
    module = batch_module({"guests": {**many(GUEST), "required": True}, "agent_timeout": {"type": "int", "default": 30}})
    params = module.params
    boots, errors = parse_batch("guests", params["guests"], parse_boot)
    names = [entry["name"] for entry in params["guests"]]
    masks = {entry["name"]: Mask.of(secrets_of(entry), names) for entry in params["guests"] if entry["name"] in errors}
    masks.update({name: Mask.of(item.wanted.secrets(), names) for name, item in boots.items()})
    options = RunOptions(module.check_mode, params["agent_timeout"], params["concurrency"], planned(module))

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        outcomes = boot_routers(hypervisor, boots, options, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, masks, "guests")

    run(module, work, [secret for item in boots.values() for secret in item.wanted.secrets()])


if __name__ == "__main__":
    main()
