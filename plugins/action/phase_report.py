# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: one router's own share of the batch's result becomes its own failed, changed and diff."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._phase import (
    BATCH,
    DESCRIPTION,
    PLAN,
    Values,
    deferred,
    facts_of,
    host_values,
    invocation,
    known_before,
    own_result,
    results_of,
)
from ..plugin_utils._wording import in_variables


class ActionModule(ActionBase):
    """Also keeps the shares of earlier phases, by phase, for the phases and the table that follow."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = self._task.args
        host = variables["inventory_hostname"]
        results = results_of(variables)
        description = variables.get(DESCRIPTION) or {}
        leader = variables[PLAN]["members"].get(host) if description.get("id") == invocation(self._task) else None
        if leader is None:
            results.pop(args["phase"], None)
            result.update(changed=False, results=results)
            return result
        share = self._share(variables, leader, description)
        if share.get("msg"):
            share["msg"] = in_variables(str(share["msg"]), description.get("names") or {})
        share = deferred(share, args.get("defer", "none"))
        kept = {key: share.get(key) for key in ("failed", "changed", "left")}
        kept["entries"] = {name: facts_of(entry) for name, entry in share.pop("entries", {}).items()}
        if kept["failed"]:
            results = known_before(results)  # a failed task prints its whole result
        result.update(share, results={**results, args["phase"]: kept})
        return result

    def _share(self, variables: Values, leader: str, description: Values) -> Values:
        """This router's share, with the error of a contradiction before anything else."""
        register = host_values(variables, leader).get(BATCH) or {}
        host = variables["inventory_hostname"]
        batch = register.get("batch")
        if batch is None:
            return {"failed": True, "msg": f"The module did not run on {leader}: {register.get('msg', 'no result')}"}
        if host in batch.get("conflicts", {}):
            return {"failed": True, "msg": batch["conflicts"][host]}
        names = [str(entry["name"]) for entry in description["entries"]]
        option = self._task.args["result"]
        return own_result(batch, option, names, first=host not in variables[PLAN]["repeating"])
