# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the Proxmox driver begin with."""

from __future__ import annotations

import typing as t
from contextlib import closing

from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.arguments import CONNECTION
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.connection import Api

from tests.simulators.proxmox.serving import ChrPve
from tests.waiting import PATIENCE

Options = dict[str, t.Any]
TOKEN = {"token_id": "root@pam!tests", "token_secret": "s3cret-s3cret"}


def connection_options(pve: ChrPve, ca: str, **more: t.Any) -> Options:
    """The options of a connection as the module gets them: those that are left out are None, or their default."""
    known = {name: option.get("default") for name, option in CONNECTION["options"].items()}
    given = {"hosts": [pve.host], "port": pve.port, "ca_path": ca, "timeout": PATIENCE, "task_timeout": PATIENCE, **TOKEN}
    return {**known, **given, **more}


def api(options: Options, concurrency: int = 2) -> t.ContextManager[Api]:
    """An open connection."""
    return closing(Api(options, concurrency))
