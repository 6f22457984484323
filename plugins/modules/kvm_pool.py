#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: the storage pool of a KVM host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kvm_pool
short_description: Create and remove the libvirt storage pool of CHR guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes a storage pool of directory type stand on a libvirt host, started and with autostart.
  - A pool of the same name and another folder or type is refused and left alone.
extends_documentation_fragment:
  - vrouter.mikrotik.libvirt
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  libvirt:
    required: true
  name:
    description: The pool's name.
    type: str
    required: true
  path:
    description: The pool's folder, absolute. User C(libvirt-qemu) must be able to enter it and the folders above.
    type: str
    required: true
  state:
    description: V(absent) removes the pool with the base images in it and its folder; other volumes in it are refused.
    type: str
    choices: [present, absent]
    default: present
  confirm:
    description: For O(state=absent), the pool's name once more.
    type: str
"""

EXAMPLES = r"""
- name: A pool for routers
  vrouter.mikrotik.kvm_pool:
    libvirt:
      uri: qemu:///system
    name: routers
    path: /var/lib/libvirt/routers
"""

RETURN = r"""
changes:
  description: Each field that changed, with both sides.
  type: list
  elements: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.changes import diff
from ..module_utils._core.errors import RouterError
from ..module_utils._hypervisors.libvirt import pools
from ..module_utils._hypervisors.libvirt.arguments import CONNECTION
from ..module_utils._hypervisors.libvirt.connection import Connections


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "libvirt": {**CONNECTION, "required": True},
            "name": {"type": "str", "required": True},
            "path": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "confirm": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        spec = pools.parse_pool(module.params)
        connections = Connections(module.params["libvirt"]["uri"], workers=1)
        try:
            changes = pools.plan(spec, pools.observe(connections, spec.name))
            if not module.check_mode:
                pools.apply(connections, spec, changes)
        finally:
            connections.close()
    except RouterError as error:
        module.fail_json(msg=str(error))
    listed = [change.as_dict() for change in changes]
    module.exit_json(changed=bool(changes), changes=listed, diff=diff(spec.name, changes))


if __name__ == "__main__":
    main()
