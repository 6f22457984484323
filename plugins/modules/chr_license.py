#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: licences of CHR routers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_license
short_description: Verify, request and renew the licences of CHR routers
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Reads the licences of many routers side by side, judges them, and asks the vendor's account server for what is missing, one router at a time.
  - Reaches a router through its API, or, with no address at all, through the guest agent of its hypervisor.
  - With O(routers[].source=none), the default, the account server is never asked.
  - A licence is reported as changed only if one of its fields changed.
requirements:
  - librouteros, for routers with O(routers[].api)
extends_documentation_fragment:
  - vrouter.mikrotik.libvirt
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Reads the routers and asks the account server nothing.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  routers:
    description: The routers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The router's name; on a hypervisor, the guest's.
        type: str
        required: true
      api:
        description:
          - The session with the router's API. If not given, the guest agent of the hypervisor that the task names is used.
          - The options are those of O(ignore:api) of M(vrouter.mikrotik.metarouter_vm).
        type: dict
        suboptions:
          host:
            description: The router's name or address. If not given, the environment variable E(MIKROTIK_HOST) is used.
            type: str
            required: true
          port:
            description: The port. If not given, V(8729), or V(8728) with O(routers[].api.tls=none).
            type: int
          username:
            description: The user. If not given, the environment variable E(MIKROTIK_USER) is used, then V(admin).
            type: str
            default: admin
          password:
            description: The user's password. If not given, the environment variable E(MIKROTIK_PASSWORD) is used, then none.
            type: str
            default: ""
          tls:
            description: How the session is protected. V(anonymous) is for a router without certificate.
            type: str
            choices: [verified, pinned, unverified, anonymous, none]
            default: verified
          ca_path:
            description: A file with trusted authorities. If not given, the environment variable E(MIKROTIK_CA_CERTIFICATE) is used.
            type: path
          fingerprint:
            description: The certificate's SHA-256 fingerprint, for O(routers[].api.tls=pinned).
            type: str
          login:
            description: V(challenge) never sends the password itself, which only a RouterOS before 6.43 understands.
            type: str
            choices: [auto, challenge]
            default: auto
          timeout:
            description: How long connecting, and each answer, may take, in seconds.
            type: int
            default: 30
      minimum_level:
        description:
          - The level that the router must have at least; a higher one satisfies it.
          - With O(routers[].source=none) a lower one is judged V(below) and warned of, and is no failure.
        type: str
        choices: [free, p1, p10, p-unlimited]
      source:
        description:
          - V(none) only judges. V(trial) asks for a trial where the router has level free.
          - V(purchased) says that the licence is bought in the account; the router itself cannot tell a trial from a paid licence. It never
            spends a trial, so it is refused at level free, where the first licence of a router is one.
        type: str
        choices: [none, trial, purchased]
        default: none
      generate_new_id:
        description:
          - When the router gets a system-id of its own, which is possible only at level free.
          - V(if_free) does it once, just before its trial is asked for; with another O(routers[].source) than V(trial) it does nothing.
          - V(if_duplicate) does it where another router of this run has the same one, as clones have. One of them keeps it.
        type: str
        choices: [never, if_free, if_duplicate]
        default: never
      duplicate:
        description:
          - Says that a router which this task does not name has this one's system-id, and keeps it. Routers of one task are compared by the module.
        type: bool
        default: false
      renew_before:
        description: How many days before the next renewal one is asked for, with O(routers[].source=purchased).
        type: int
        default: 0
      renew_interval:
        description:
          - For how many hours a renewal that changed nothing is not tried again, so that a trial that nobody bought is not renewed in a loop.
        type: int
        default: 24
      wait:
        description: Whether to wait until the licence counts.
        type: bool
        default: true
      timeout:
        description: How long the account server may take, in seconds.
        type: int
        default: 120
  account:
    description: The account at the vendor's. Needed unless every O(routers[].source) is V(none).
    type: str
  password:
    description: The account's password. It goes to the router in the request alone.
    type: str
  agent_timeout:
    description: How long a router's guest agent may take to open its channel, in seconds.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Judge whether the routers have at least p1
  vrouter.mikrotik.chr_license:
    libvirt: {uri: qemu:///system}
    routers:
      - {name: edge1, minimum_level: p1}
      - {name: edge2, minimum_level: p1}
  register: licenses

- name: A verdict other than ok is a failure here
  ansible.builtin.assert:
    that: licenses.routers | dict2items | map(attribute='value.verdict') | unique == ['ok']

- name: Ask for trials for a lab of clones
  vrouter.mikrotik.chr_license:
    libvirt: {uri: qemu:///system}
    account: lab@example.com
    password: "{{ vault_mikrotik_account }}"
    routers:
      - {name: lab1, minimum_level: p1, source: trial, generate_new_id: if_duplicate}
      - {name: lab2, minimum_level: p1, source: trial, generate_new_id: if_duplicate}

- name: Renew a bought licence two weeks before it is due
  vrouter.mikrotik.chr_license:
    account: noc@example.com
    password: "{{ vault_mikrotik_account }}"
    routers:
      - name: edge1
        api: {host: 192.0.2.1, username: ops, password: "{{ vault_ops_password }}"}
        minimum_level: p10
        source: purchased
        renew_before: 14
"""

RETURN = r"""
routers:
  description: An entry for each router, by name.
  returned: always
  type: dict
  sample: {"edge1": {"changed": false, "failed": false, "level": "p1", "verdict": "ok", "deadline_at": "2026-07-11T10:55:29"}}
  contains:
    changed:
      description: Whether a field of its licence changed, or would change.
      type: bool
      returned: always
    failed:
      description: Whether this router failed; the others went on.
      type: bool
      returned: always
    msg:
      description: What is wrong, what was wanted and found, and what to do.
      type: str
      returned: on failure
    power:
      description: How the guest stands now, with the other fields of M(vrouter.mikrotik.chr_guest_info).
      type: str
      returned: on failure, of a router that was reached through its hypervisor
    changes:
      description: Each field that changed, with both sides.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    system_id:
      description: The licence's system-id.
      type: str
      returned: when the router was read
    level:
      description: The level.
      type: str
      returned: when the router was read
    limited_upgrades:
      description: Whether upgrades are limited; null where this RouterOS does not show it.
      type: bool
      returned: when the router was read
    next_renewal_at:
      description: When the router will ask the account server, in ISO format and the router's own time; null where there is none.
      type: str
      returned: when the router was read
    deadline_at:
      description: When the licence expires if it is not renewed.
      type: str
      returned: when the router was read
    days_left:
      description: Whole days until then, by the router's clock.
      type: int
      returned: when the router was read
    buy_before:
      description: Until when a trial can be bought before it goes from the account.
      type: str
      returned: when the router was read
    enforced:
      description: Whether the level counts already.
      type: bool
      returned: when the router was read
    reboot_needed:
      description: Whether it counts only after the router was restarted.
      type: bool
      returned: when the router was read
    verdict:
      description: V(ok), V(below), V(renewal_overdue), V(trial), V(expired), V(not_enforced), or V(unknown) in check mode.
      type: str
      returned: always
    status:
      description: What the account server said, in order, where it was asked.
      type: list
      elements: str
      returned: when the router was read
    router_time:
      description: The router's own time.
      type: str
      returned: when the router was read
    judged_at:
      description: The time by which the licence was judged; this machine's where the router's clock is plainly wrong.
      type: str
      returned: when the router was read
"""

import typing as t
from dataclasses import replace

from ..module_utils._core.batch import Outcome, Progress, parse_batch, summary
from ..module_utils._core.errors import RouterError
from ..module_utils._core.secrets import Mask
from ..module_utils._guests.enter import RunOptions
from ..module_utils._licenses.converge import Terms, converge
from ..module_utils._licenses.license import LEVELS, NEW_ID, SOURCES, LicenseSpec, check_account, parse_spec
from ..module_utils._licenses.open_door import Doors, license_doors
from ..module_utils._module import batch_module, check_concurrency, masks_of, planned, progress_writer, run_in
from ..module_utils._routeros.api_options import ApiOptions, api_arguments

ROUTER: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "api": {"type": "dict", "options": api_arguments()},
    "minimum_level": {"type": "str", "choices": list(LEVELS)},
    "source": {"type": "str", "choices": list(SOURCES), "default": "none"},
    "generate_new_id": {"type": "str", "choices": list(NEW_ID), "default": "never"},
    "duplicate": {"type": "bool", "default": False},
    "renew_before": {"type": "int", "default": 0},
    "renew_interval": {"type": "int", "default": 24},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 120},
}


def main() -> None:
    """Run the module."""
    module = batch_module(
        {
            "routers": {"type": "list", "elements": "dict", "required": True, "options": ROUTER},
            "account": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "agent_timeout": {"type": "int", "default": 30},
        }
    )
    params = module.params

    def parse(options: t.Mapping[str, t.Any]) -> tuple[LicenseSpec, ApiOptions | None]:
        spec = parse_spec(options)
        check_account(params["account"], params["password"], spec)
        return spec, None if options["api"] is None else ApiOptions.parse(options["api"])

    parsed, errors = parse_batch("routers", params["routers"], parse)
    specs = {name: spec for name, (spec, dummy) in parsed.items()}
    apis = {name: api for name, (dummy, api) in parsed.items() if api is not None}
    masks, secrets = masks_of([{"name": entry["name"], "secrets": secrets_of(entry, params["password"])} for entry in params["routers"]])
    options = RunOptions(module.check_mode, params["agent_timeout"], check_concurrency(module), planned(module))

    def work(doors: Doors, progress: Progress) -> dict[str, t.Any]:
        account, password = params["account"] or "", params["password"] or ""
        terms = Terms(module.check_mode, options.concurrency, account, password, doors.enter, doors.fresh)
        outcomes = {name: masked(outcome, masks[name]) for name, outcome in converge(specs, terms, progress).items()}
        failed = [name for name, outcome in outcomes.items() if outcome.error is not None]
        for name, facts in doors.standing(failed).items():
            outcomes[name] = replace(outcomes[name], facts={**facts, **outcomes[name].facts})
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, {}, "routers")

    run_in(module, lambda: license_doors(params, apis, specs, options, progress_writer(params["progress_file"])), work, secrets)


def secrets_of(entry: t.Mapping[str, t.Any], account_password: str | None) -> list[str]:
    """What must not be shown of one router's result."""
    api: t.Mapping[str, t.Any] = entry["api"] or {}
    return [secret for secret in (account_password, api.get("password")) if secret]


def masked(outcome: Outcome, mask: Mask) -> Outcome:
    """The outcome without secrets. Dates, levels and ids stay readable, even where a password is too short to be masked safely."""
    facts = {key: mask.apply(value) if key == "status" else value for key, value in outcome.facts.items()}
    error = None if outcome.error is None else RouterError(mask.text(str(outcome.error)))
    return replace(outcome, facts=facts, error=error)


if __name__ == "__main__":
    main()
