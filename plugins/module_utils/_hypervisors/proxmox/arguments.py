# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that bear Proxmox's name (private). No library is needed to know them.

The environment variables are those that users of proxmoxer and of other collections set already.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.parameters import env_fallback

CONNECTION: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "hosts": {"type": "list", "elements": "str", "fallback": (env_fallback, ["PROXMOX_HOST"])},
        "port": {"type": "int", "fallback": (env_fallback, ["PROXMOX_PORT"])},
        "user": {"type": "str", "fallback": (env_fallback, ["PROXMOX_USER"])},
        "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["PROXMOX_PASSWORD"])},
        "token_id": {"type": "str", "fallback": (env_fallback, ["PROXMOX_TOKEN_ID"])},
        "token_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["PROXMOX_TOKEN_SECRET"])},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "fingerprint": {"type": "str"},
        "connect_timeout": {"type": "int", "default": 10},
        "timeout": {"type": "int", "default": 60},
        "upload_timeout": {"type": "int", "default": 600},
        "task_timeout": {"type": "int", "default": 600},
        "ssh_user": {"type": "str"},
        "ssh_config": {"type": "path"},
    },
}

GUEST: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "node": {"type": "str"},
        "storage": {"type": "str"},
        "image_storage": {"type": "str"},
        "pool": {"type": "str"},
        "vmid": {"type": "int"},
        "tags": {"type": "list", "elements": "str"},
        "template": {"type": "str"},
        "disk_clone": {"type": "str", "choices": ["linked", "full"]},
        "machine": {"type": "str"},
        "cpu": {"type": "str"},
    },
}

NIC: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {"queues": {"type": "int"}, "rate": {"type": "float"}, "firewall": {"type": "bool"}},
}

SEGMENT: t.Final[dict[str, t.Any]] = {"type": "dict", "options": {"nodes": {"type": "list", "elements": "str"}}}
