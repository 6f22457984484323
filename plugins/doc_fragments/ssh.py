# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session with one router."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the O(ssh) option."""

    DOCUMENTATION = r"""
options:
  ssh:
    description:
      - The SSH session with the router, for its console and for uploads.
    type: dict
    suboptions:
      host:
        description:
          - The router's name or address.
          - If not given, the environment variable E(MIKROTIK_HOST) is used.
        type: str
        required: true
      port:
        description: The port.
        type: int
        default: 22
      username:
        description:
          - The user. Its group needs the policy C(ssh), and C(ftp) for uploads.
          - If not given, the environment variable E(MIKROTIK_USER) is used, then V(admin).
        type: str
        default: admin
      password:
        description:
          - The user's password.
          - If not given, the environment variable E(MIKROTIK_PASSWORD) is used, then none.
        type: str
        default: ""
      private_key:
        description: A file with the user's private key, which is used instead of the password.
        type: path
      passphrase:
        description: The private key's passphrase.
        type: str
      known_hosts:
        description: The file with known host keys.
        type: path
        default: ~/.ssh/known_hosts
      host_key:
        description: The fingerprint of the router's host key, for O(ssh.host_key_checking=pinned), as C(ssh-keygen -l) prints it.
        type: str
      host_key_checking:
        description:
          - V(verified) wants the host key in O(ssh.known_hosts). V(pinned) wants the one with O(ssh.host_key).
          - V(accept_new) adds the key of a router that is not known yet. V(off) accepts every key, so anybody on the way can read and change
            what passes.
        type: str
        choices: [verified, pinned, accept_new, "off"]
        default: verified
      timeout:
        description: How long connecting, and each answer, may take, in seconds.
        type: int
        default: 30
      ftp_port:
        description: The port of FTP, which uploads use where the router has no SFTP. It sends the password as plain text.
        type: int
        default: 21
requirements:
  - paramiko >= 3.2, < 5 for O(ssh) (on the machine that runs the module, as a rule the controller)
"""
