# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: which routers of the play have a system-id that another one keeps."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.rules import Holder, repeaters

from ..plugin_utils._phase import Values, host_values, results_of


class ActionModule(ActionBase):
    """Runs once for all routers of the play, those of its earlier batches (serial) included."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        holders = []
        for host in variables["ansible_play_hosts_all"]:
            finished = host not in variables["ansible_play_batch"]
            facts = last_read(results_of(host_values(variables, host)), ("license_read", "license") if finished else ("license_read",))
            if facts:
                holders.append(Holder(host, facts["system_id"], facts["level"], finished))
        result.update(changed=False, duplicates=sorted(repeaters(holders)))
        return result


def last_read(results: t.Mapping[str, t.Any], phases: t.Iterable[str]) -> Values:
    """A router's licence as the last of these phases left it; empty where none read it."""
    shares = [results.get(phase) or {} for phase in phases]
    entries = [entry for share in shares for entry in (share.get("entries") or {}).values() if entry.get("system_id")]
    return entries[-1] if entries else {}
