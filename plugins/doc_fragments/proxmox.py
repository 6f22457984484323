# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a Proxmox VE cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the O(proxmox) option."""

    DOCUMENTATION = r"""
options:
  proxmox:
    description:
      - One Proxmox VE cluster, or a node of its own, reached through its API. Exactly one hypervisor is named in a task.
      - An API token is best; it is used where one is given, else the user's password.
      - In C(module_defaults), give the complete dictionary; Ansible replaces it whole.
    type: dict
    suboptions:
      hosts:
        description:
          - Names or addresses of nodes of the cluster. They are tried in turn, and the one that answers is kept.
          - If not given, the environment variable E(PROXMOX_HOST) is used.
        type: list
        elements: str
      port:
        description:
          - The API's port, 8006 as a rule; a host may have its own, as in V(pve1.example.com:443).
          - If not given, the environment variable E(PROXMOX_PORT) is used.
        type: int
      user:
        description:
          - The user with its realm, for example V(root@pam). Not needed where O(proxmox.token_id) begins with it.
          - If not given, the environment variable E(PROXMOX_USER) is used.
        type: str
      password:
        description:
          - The user's password. Users with a second factor need an API token.
          - If not given, the environment variable E(PROXMOX_PASSWORD) is used.
        type: str
      token_id:
        description:
          - The API token's name, with its user as in V(ansible@pve!chr), or without.
          - If not given, the environment variable E(PROXMOX_TOKEN_ID) is used.
        type: str
      token_secret:
        description:
          - The API token's secret.
          - If not given, the environment variable E(PROXMOX_TOKEN_SECRET) is used.
        type: str
      validate_certs:
        description: Whether the server's certificate must be one that is trusted.
        type: bool
        default: true
      ca_path:
        description: A file with the authority that signed the certificate, on a node C(/etc/pve/pve-root-ca.pem).
        type: path
      fingerprint:
        description:
          - The certificate's SHA-256, with or without colons; C(pvenode cert info) shows it. The server is then trusted for this alone.
          - It fits one host; a cluster of several needs O(proxmox.ca_path).
        type: str
      connect_timeout:
        description: How long a host may take to be connected to, in seconds.
        type: int
        default: 10
      timeout:
        description: How long an answer may take, in seconds.
        type: int
        default: 60
      upload_timeout:
        description: How long the cluster may take to store an image that was sent, in seconds.
        type: int
        default: 600
      task_timeout:
        description: How long a task may take, in seconds. One that takes longer is not stopped.
        type: int
        default: 600
      ssh_user:
        description:
          - A user of the nodes, for routers whose guest agent takes a script in neither of the API's forms.
          - The node then hands it over, by C(qm guest exec) over SSH. Without a user, nothing is done over SSH.
          - V(root), or one who may run C(qm) with C(sudo) and no password. OpenSSH's client logs in, with a key, never a password.
          - A node is logged in to by its name in the cluster; where that is no name in the DNS, OpenSSH's configuration maps it (C(HostName)).
          - The node's host key must be known; it is checked whatever the configuration says.
        type: str
      ssh_config:
        description: OpenSSH's configuration for that, with addresses, ports, keys and known hosts. If not given, the user's own.
        type: path
requirements:
  - "for proxmox: proxmoxer, requests and requests-toolbelt (on the machine that runs the module, as a rule the controller)"
"""

    GUEST = r"""
options:
  proxmox:
    description: What only guests on Proxmox VE have. Where a guest is counts when it is made; one that moved is found where it is.
    type: dict
    suboptions:
      node:
        description: The node of a new guest. If not given, that with the most free memory of those that have its bridges and a storage for it.
        type: str
      storage:
        description: The storage of a new guest's disk. If not given, that with the most room of those that take disk images.
        type: str
      image_storage:
        description:
          - The storage that CHR images are uploaded to, once for each version. It takes content C(import).
          - If not given, that with the most room of those that do.
        type: str
      pool:
        description: The resource pool of a new guest.
        type: str
      vmid:
        description: The VMID of a new guest. If not given, the next that is free.
        type: int
      tags:
        description:
          - Tags of a new guest, beside V(vrouter.mikrotik).
          - Guests are found by their names; the tag V(vrouter.mikrotik) is what lists without names go by.
        type: list
        elements: str
      template:
        description:
          - Name or VMID of a template that a new guest is cloned from, instead of an image. The clone has a UUID and MACs of its own.
          - An absolute path is that of an image on the node; only V(root@pam), logged in with its password, may name one.
        type: str
      disk_clone:
        description:
          - How a template is cloned. V(linked) is copy-on-write from the template, V(full) an independent copy.
          - A new guest gets V(linked).
        type: str
        choices: [linked, full]
      machine:
        description: The machine type, for example V(pc) or V(q35). A new guest gets V(pc).
        type: str
      cpu:
        description:
          - The CPU type as Proxmox VE writes it, for example V(host) or V(x86-64-v2-AES). A new guest gets Proxmox VE's own default.
          - C(hidden=1) is refused, since CHR's guest agent runs only where it sees KVM.
        type: str
"""

    NIC = r"""
options:
  proxmox:
    description: What only interfaces on Proxmox VE have.
    type: dict
    suboptions:
      queues:
        description: How many queues a V(virtio) interface has, as a rule as many as the guest has CPUs. It counts when the guest is made.
        type: int
      rate:
        description:
          - A limit in megabytes per second, V(0) for none. It is changed on an existing guest too, while it runs.
          - If not given, a limit that is there stays.
        type: float
      firewall:
        description:
          - Whether Proxmox VE's firewall watches the interface. It is changed on an existing guest too, while it runs.
          - A new interface gets it where its segment forbids foreign MACs (C(mac_spoofing=false)).
        type: bool
"""

    SEGMENT = r"""
options:
  proxmox:
    description: What only segments on Proxmox VE have.
    type: dict
    suboptions:
      nodes:
        description:
          - The nodes whose bridge is meant, each of which has a bridge of its own. If not given, all nodes that are online.
          - One that is taken out of the list keeps its bridge; C(state=absent) with that node alone removes it.
        type: list
        elements: str
"""
