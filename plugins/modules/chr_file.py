#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: files on CHR guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_file
short_description: Put files on CHR guests and fetch them, without network or password
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Moves files through the hypervisor's guest agent. Contents are compared first, so that only what differs is written, and read back afterwards.
  - CHR's guest agent takes flat file names only.
  - Where a hypervisor's agent moves no files, this is refused before anything is touched. Use the router's API or SSH there.
extends_documentation_fragment:
  - vrouter.mikrotik.hypervisor
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details:
      - Names the files and their sizes; contents may be secret and are not shown.
  idempotent:
    support: full
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      guest:
        description: The guest's name on the hypervisor.
        type: str
        required: true
      name:
        description: The file's name on the router.
        type: str
        required: true
      content:
        description: What the file is to hold.
        type: str
      src:
        description: A file to put on the router, on the machine that runs the module.
        type: path
      dest:
        description: Where to fetch the router's file to, on the machine that runs the module.
        type: path
      secrets:
        description: Texts that must not appear in this guest's result; they are replaced wherever they would.
        type: list
        elements: str
  agent_timeout:
    description: How long a router's guest agent may take to open its channel, in seconds.
    type: int
    default: 30
seealso:
  - module: vrouter.mikrotik.chr_script
"""

EXAMPLES = r"""
- name: Put a script on a router and fetch its backup
  vrouter.mikrotik.chr_file:
    libvirt:
      uri: qemu:///system
    files:
      - {guest: edge1, name: setup.rsc, src: files/setup.rsc}
      - {guest: edge1, name: edge1.backup, dest: /var/backups/edge1.backup}
"""

RETURN = r"""
guests:
  description: An entry for each guest, by name.
  returned: always
  type: dict
  sample: {"edge1": {"changed": true, "failed": false, "files": [{"name": "setup.rsc", "size": 120, "changed": true}]}}
  contains:
    changed:
      description: Whether one of its files changed, or would.
      type: bool
      returned: always
    failed:
      description: Whether one of its files failed; other guests went on.
      type: bool
      returned: always
    msg:
      description: What failed and what to do.
      type: str
      returned: on failure
    files:
      description: Name, size in bytes and C(changed) of each file, in order.
      type: list
      elements: dict
      returned: always
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, parse_lists, summary
from ..module_utils._guests.enter import RunOptions
from ..module_utils._guests.files import parse_file, transfer_files
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._module import batch_module, masks_of, planned, run

FILE: dict[str, t.Any] = {
    "guest": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "content": {"type": "str"},
    "src": {"type": "path"},
    "dest": {"type": "path"},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
}


def main() -> None:
    """Run the module."""
    way = ["content", "src", "dest"]
    module = batch_module(
        {
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": FILE,
                "mutually_exclusive": [way],
                "required_one_of": [way],
            },
            "agent_timeout": {"type": "int", "default": 30},
        }
    )
    params = module.params
    masks, secrets = masks_of(params["files"], "guest")
    files, errors = parse_lists("guest", params["files"], lambda entry, dummy: parse_file(entry))
    options = RunOptions(module.check_mode, params["agent_timeout"], params["concurrency"], planned(module))

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        outcomes = transfer_files(hypervisor, files, options, progress)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, masks, "guests")

    run(module, work, secrets)


if __name__ == "__main__":
    main()
