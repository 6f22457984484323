# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: which routers of the play have a system-id that another one keeps."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._license_ids import Holder, repeaters
from ..plugin_utils._phase import REPORT, Values, host_values


class ActionModule(ActionBase):
    """Runs once for all routers of the play, those of its earlier batches (serial) included."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        holders = []
        for host in variables["ansible_play_hosts_all"]:
            now = host in variables["ansible_play_batch"]
            results: Values = (host_values(variables, host).get(REPORT) or {}).get("results") or {}
            for phase in ("license_read",) if now else ("license_read", "license"):  # what a finished router has now is the last that was read
                for facts in ((results.get(phase) or {}).get("entries") or {}).values():
                    if facts.get("system_id"):
                        holders.append(Holder(host, facts["system_id"], facts["level"], finished=not now))
        result.update(changed=False, duplicates=repeaters(holders))
        return result
