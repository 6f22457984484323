# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: group the described routers by hypervisor, once for all."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._phase import DESCRIPTION, Values, host_values, invocation, repeaters


class ActionModule(ActionBase):
    """Looks at the hosts of this batch of the play; only those with a description of this invocation take part."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        groups: dict[str, dict[str, list[Values]]] = {}
        for host in variables["ansible_play_batch"]:
            description = host_values(variables, host).get(DESCRIPTION) or {}
            if description.get("id") == invocation(self._task) and description.get("entries"):
                groups.setdefault(description["key"], {})[host] = description["entries"]
        leaders = {next(iter(group)): list(group) for group in groups.values()}
        members = {host: leader for leader, hosts in leaders.items() for host in hosts}
        repeating = [host for group in groups.values() for host in repeaters(group)]
        result.update(changed=False, id=invocation(self._task), leaders=leaders, members=members, repeating=repeating)
        return result
