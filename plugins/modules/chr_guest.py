#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: CHR guests on a hypervisor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_guest
short_description: Create, wire, start, stop and remove MikroTik CHR guests
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Makes the wanted CHR guests stand on one hypervisor, one or many in one run, side by side, and says for each what changed.
  - Guests are recognised by a mark that this collection writes on them. A guest without it is never touched.
  - A new guest has all its links down, and keeps them down until O(guests[].configured=true) says that its first boot succeeded. It is never on
    the network with the factory's empty password, unless O(guests[].link_before_first_boot) asks for it.
  - The mark holds the guest's UUID and the identity of its disk, which is written into the header of the disk. A clone, and a guest whose disk was
    replaced, do not count as configured - their links are closed in the stored definition before anything is started, and first boot runs anew.
    A clone that is off also gets MACs of its own where it has another guest's.
  - The CHR manual's limits are checked before anything is touched.
  - On an existing guest, power, links, autostart and description are changed. Any other difference is left as it is - everything else is done, and
    then that guest fails with an error that names what is left.
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
    support: full
  idempotent:
    support: partial
    details:
      - O(guests[].state=restarted) restarts a running guest in every run.
options:
  guests:
    description: The wanted guests.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The guest's name on the hypervisor.
          - That of a new guest, on libvirt, is 1 to 63 letters, digits, dots, underscores and dashes, beginning with a letter or digit.
        type: str
        required: true
      state:
        description:
          - V(present) means that it exists, running or not. V(started) and V(stopped) say which; V(restarted) restarts it if it runs.
          - V(absent) removes the guest and its disk; see O(guests[].confirm).
        type: str
        choices: [present, started, stopped, restarted, absent]
        default: present
      image:
        description:
          - Path of a raw CHR disk image on the machine that runs the module; M(vrouter.mikrotik.chr_image) gets one.
          - It is uploaded to the hypervisor once; guests are clones of it. Needed to create a guest.
          - An existing guest is never made anew because the image changed.
        type: path
      version:
        description:
          - RouterOS version of the image, quoted. It decides which limits of the CHR manual apply, and is written into the guest's mark.
        type: str
      cpus:
        description: Number of virtual CPUs. A new guest gets 1.
        type: int
      memory:
        description: Memory in MiB. A new guest gets 1024.
        type: int
      disk_size:
        description: Size of the disk in MiB; not below the image's own size. RouterOS grows into it at its first boot. Disks never shrink.
        type: int
      disk_bus:
        description: The bus of the system disk. A new guest gets the one that is best on its hypervisor, V(virtio) on libvirt.
        type: str
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
      serial_console:
        description: Whether the guest has a serial console. A new guest gets one.
        type: bool
      agent:
        description: Whether the guest has the guest agent's channel. A new guest gets it.
        type: bool
      autostart:
        description: Whether the guest starts with its host. A new guest does.
        type: bool
      description:
        description: A text for people.
        type: str
      interfaces:
        description:
          - The interfaces, by the names that a fresh RouterOS gives them. Interfaces that are not listed are left alone and reported.
          - C(etherN) has a fixed PCI address, so names stay when interfaces come and go. A new guest cannot have gaps.
        type: list
        elements: dict
        suboptions:
          name:
            description: V(ether1) to V(ether24).
            type: str
            required: true
          network:
            description: The segment that the interface is wired to; M(vrouter.mikrotik.chr_network) makes one.
            type: str
          mac:
            description:
              - The MAC address, quoted; YAML reads an unquoted one as a number.
              - If not given, it is derived from the guest's UUID, and stays.
            type: str
          model:
            description: The NIC model. A new interface gets the one that is best on its hypervisor, V(virtio) on libvirt.
            type: str
          link:
            description:
              - Whether the wire is plugged in. Until first boot succeeded it never is, whatever is given here.
            type: bool
      configured:
        description:
          - Whether the router's first boot has succeeded. The role P(vrouter.mikrotik.chr_first_boot#role) sets it.
          - V(true) raises the listed links, V(false) puts all links down.
        type: bool
      link_before_first_boot:
        description: Opens the links of a guest that is not configured. Anyone on its networks can then log in with the empty password.
        type: bool
        default: false
      confirm:
        description: For O(guests[].state=absent), the guest's name once more.
        type: str
      force_off:
        description: Allows to cut the power of a router that does not shut down within O(guests[].shutdown_timeout).
        type: bool
        default: false
      shutdown_timeout:
        description: How long a router may take to shut down, in seconds.
        type: int
        default: 60
      licensed:
        description:
          - A router with a paid or trial licence is not removed, unless this says V(released), since the licence would be lost with it.
          - A running router whose guest agent answers is asked for its level before it is removed. Else the level counts that was last seen,
            by whatever module looked at it; a configured router that nobody has looked at is not removed either.
        type: str
        choices: [released]
      secrets:
        description: Texts that must not appear in this guest's result; they are replaced wherever they would.
        type: list
        elements: str
seealso:
  - module: vrouter.mikrotik.chr_image
  - module: vrouter.mikrotik.chr_network
  - module: vrouter.mikrotik.chr_script
"""

EXAMPLES = r"""
- name: Two routers on the local KVM host
  vrouter.mikrotik.chr_guest:
    libvirt:
      uri: qemu:///system
    guests:
      - name: edge1
        state: started
        image: /var/cache/chr/chr-7.20.8.img
        version: "7.20.8"
        memory: 1024
        interfaces:
          - {name: ether1, network: wan}
          - {name: ether2, network: lan, mac: "52:54:00:12:34:56"}
      - name: edge2
        state: started
        image: /var/cache/chr/chr-7.20.8.img
        version: "7.20.8"
        interfaces:
          - {name: ether1, network: wan}

- name: Remove one of them
  vrouter.mikrotik.chr_guest:
    libvirt:
      uri: qemu:///system
    guests:
      - {name: edge2, state: absent, confirm: edge2}
"""

RETURN = r"""
guests:
  description: An entry for each wanted guest, by name.
  returned: always
  type: dict
  sample: {"edge1": {"changed": true, "failed": false, "exists": true, "power": "running", "uuid": "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"}}
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
      description: Each field that changed, with both sides and its effect (V(live), V(next_start) or V(restart)).
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    exists:
      description: Whether the guest exists at the end.
      type: bool
      returned: always
    ours:
      description: Whether it bears this collection's mark.
      type: bool
      returned: when the guest exists
    uuid:
      description: The guest's UUID.
      type: str
      returned: when the guest exists
    id:
      description: By what the hypervisor knows the guest. Names are not unique everywhere.
      type: str
      returned: when the guest exists
    location:
      description: Where on the hypervisor the guest is now.
      type: str
      returned: when the guest exists
    power:
      description: V(running), V(stopped) or V(suspended).
      type: str
      returned: when the guest exists
    suspended_for:
      description: Why the hypervisor suspended the guest, for example for want of space on its host.
      type: str
      returned: when it did so by itself
    cpus:
      description: Number of virtual CPUs.
      type: int
      returned: when the guest exists
    memory:
      description: Memory in MiB.
      type: int
      returned: when the guest exists
    libvirt:
      description: What only guests on libvirt have - C(machine), C(accelerator), C(cpu_model) and C(pool).
      type: dict
      returned: when the guest exists, on libvirt
    autostart:
      description: Whether the guest starts with its host.
      type: bool
      returned: when the guest exists
    agent_connected:
      description: Whether the router has opened its guest agent's channel.
      type: bool
      returned: when the guest exists
    disks:
      description: The guest's own disks, as the hypervisor names them.
      type: list
      elements: str
      returned: when the guest exists
    console:
      description: The command that opens the serial console.
      type: str
      returned: when the guest exists
    interfaces:
      description: Name, MAC, model, network and link of each interface.
      type: list
      elements: dict
      returned: when the guest exists
    version:
      description: RouterOS version of the image it was made from.
      type: str
      returned: when the guest is ours
    image:
      description: Name of that image.
      type: str
      returned: when the guest is ours
    configured:
      description: Whether first boot has succeeded on this very guest and the disk that it has.
      type: bool
      returned: when the guest is ours
    disk_ready:
      description: Whether its disk is whole; a run that was cut short leaves it unfinished.
      type: bool
      returned: when the guest is ours
    left:
      description: The fields that differ and cannot be changed on an existing guest. It failed for them alone; everything else was done.
      type: list
      elements: str
      returned: when there are such fields and nothing else failed
"""

import typing as t

from ..module_utils._core.batch import Outcome, Progress, summary
from ..module_utils._guests.converge import converge_guests
from ..module_utils._guests.guest import parse_guests
from ..module_utils._guests.hypervisor import Hypervisor
from ..module_utils._hypervisors.registry import guest_arguments
from ..module_utils._module import batch_module, hypervisor_of, masks_of, planned, run

NIC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "network": {"type": "str"},
    "mac": {"type": "str"},
    "model": {"type": "str"},
    "link": {"type": "bool"},
}

GUEST: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "started", "stopped", "restarted", "absent"], "default": "present"},
    "image": {"type": "path"},
    "version": {"type": "str"},
    "cpus": {"type": "int"},
    "memory": {"type": "int"},
    "disk_size": {"type": "int"},
    "disk_bus": {"type": "str"},
    "serial_console": {"type": "bool"},
    "agent": {"type": "bool"},
    "autostart": {"type": "bool"},
    "description": {"type": "str"},
    "interfaces": {"type": "list", "elements": "dict", "options": NIC},
    **guest_arguments(),
    "configured": {"type": "bool"},
    "link_before_first_boot": {"type": "bool", "default": False},
    "confirm": {"type": "str"},
    "force_off": {"type": "bool", "default": False},
    "shutdown_timeout": {"type": "int", "default": 60},
    "licensed": {"type": "str", "choices": ["released"]},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
}


def main() -> None:
    """Run the module."""
    module = batch_module({"guests": {"type": "list", "elements": "dict", "required": True, "options": GUEST}})
    guests = module.params["guests"]
    masks, secrets = masks_of(guests)
    platform, others = hypervisor_of(module)
    specs, errors = parse_guests(guests, platform, others)

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        outcomes = converge_guests(
            hypervisor,
            specs,
            check_mode=module.check_mode,
            concurrency=module.params["concurrency"],
            progress=progress,
            planned=planned(module),
        )
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        return summary(outcomes, masks, "guests")

    run(module, work, secrets)


if __name__ == "__main__":
    main()
