# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a libvirt host."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the O(libvirt) option."""

    DOCUMENTATION = r"""
options:
  libvirt:
    description:
      - The KVM or QEMU host, reached through libvirt. Exactly one hypervisor is named in a task.
      - In C(module_defaults), give the complete dictionary; Ansible replaces it whole.
    type: dict
    suboptions:
      uri:
        description:
          - The libvirt URI, for example V(qemu:///system) or V(qemu+ssh://root@kvm1.example.com/system).
          - If not given, the environment variable E(LIBVIRT_DEFAULT_URI) is used.
        type: str
        required: true
requirements:
  - libvirt-python (on the machine that runs the module, as a rule the controller)
"""
