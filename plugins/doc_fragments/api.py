# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session with one router's API."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the O(api) option."""

    DOCUMENTATION = r"""
options:
  api:
    description:
      - The session with the router's API.
      - C(module_defaults) of the group C(vrouter.mikrotik.routeros) can hold it for many tasks; give the complete dictionary there, as
        Ansible replaces it whole. An empty dictionary takes everything from the environment.
    type: dict
    required: true
    suboptions:
      host:
        description:
          - The router's name or address.
          - If not given, the environment variable E(MIKROTIK_HOST) is used.
        type: str
        required: true
      port:
        description: The port. If not given, V(8729), or V(8728) with O(api.tls=none).
        type: int
      username:
        description:
          - The user. Its group needs the policies C(api), C(read), C(write) and C(test).
          - If not given, the environment variable E(MIKROTIK_USER) is used, then V(admin).
        type: str
        default: admin
      password:
        description:
          - The user's password.
          - If not given, the environment variable E(MIKROTIK_PASSWORD) is used, then none.
        type: str
        default: ""
      tls:
        description:
          - V(verified) checks the router's certificate against O(api.ca_path) or the machine's own list.
          - V(pinned) accepts the one certificate with O(api.fingerprint), whoever signed it.
          - V(unverified) accepts every certificate, so anybody on the way can read and change what passes.
          - V(anonymous) is for a router without certificate, which offers anonymous Diffie-Hellman only; it is no safer than V(unverified).
          - V(none) sends everything as plain text, the password too where RouterOS is 6.43 or newer.
        type: str
        choices: [verified, pinned, unverified, anonymous, none]
        default: verified
      ca_path:
        description:
          - A file with the certificates of trusted authorities, in PEM.
          - If not given, the environment variable E(MIKROTIK_CA_CERTIFICATE) is used.
        type: path
      fingerprint:
        description: The SHA-256 fingerprint of the router's certificate, for O(api.tls=pinned). 64 hex digits, with or without colons.
        type: str
      login:
        description:
          - V(auto) logs in as RouterOS since 6.43 wants it, and answers the challenge of an older one.
          - V(challenge) never sends the password itself, which only a RouterOS before 6.43 understands.
        type: str
        choices: [auto, challenge]
        default: auto
      timeout:
        description: How long connecting, and each answer, may take, in seconds.
        type: int
        default: 30
requirements:
  - librouteros >= 4.1.1 (on the machine that runs the module, as a rule the controller)
"""
