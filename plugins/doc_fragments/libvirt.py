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
  - "for libvirt: libvirt-python (on the machine that runs the module, as a rule the controller)"
"""

    GUEST = r"""
options:
  libvirt:
    description: What only guests on libvirt have.
    type: dict
    suboptions:
      pool:
        description:
          - The storage pool of the base image and the guest's disk. It counts when the guest is made. A new guest gets V(default).
        type: str
      disk_clone:
        description:
          - How a new guest's disk is made. V(linked) is copy-on-write from the base image, V(full) an independent copy.
          - A new guest gets V(linked).
        type: str
        choices: [linked, full]
      machine:
        description: The machine type. A new guest gets V(pc).
        type: str
        choices: [pc, q35]
      accelerator:
        description:
          - V(kvm), V(qemu) (software emulation) or V(auto), which uses KVM where it really works and not where there is only its device node.
          - A new guest gets V(auto). A real CHR has a guest agent only under KVM.
        type: str
        choices: [auto, kvm, qemu]
      cpu_model:
        description:
          - V(host-passthrough), V(host-model), V(maximum) or a CPU model of the hypervisor.
          - A new guest gets V(host-passthrough) under KVM, and the hypervisor's own default otherwise.
        type: str
"""
