# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: the steps of a batch, all routers of a play in one module run a phase and hypervisor, and the table that ends a playbook."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._batch import Batch, Router
from ..plugin_utils._check import phase_errors, role_errors
from ..plugin_utils._controller import Controller
from ..plugin_utils._describe import Describer
from ..plugin_utils._own_phases import new_objects, system_ids
from ..plugin_utils._phase import BATCH, DESCRIPTION, STRATEGIES, Values, host_values, invocation, outcome_of, phases_of, play_of, withhold
from ..plugin_utils._shares import joined
from ..plugin_utils._show import Show


class ActionModule(ActionBase):
    """One action for all steps, so that the collection shows one internal plugin."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        steps = {"describe": self._describe, "run": self._run, "report": self._report, "table": self._table}
        step = self._task.args.get("step")
        if step not in steps:
            raise AnsibleActionFail(f"step: {step!r} is none of {', '.join(steps)}.")
        result.update(changed=False)
        result.update(steps[step](task_vars or {}))
        return result

    def _describe(self, variables: Values) -> Values:
        """One router, in its own scope: what is undefined or wrong in any of its phases fails here, alone, before anything begins."""
        strategy = play_of(self._task).strategy
        if strategy not in STRATEGIES:
            raise AnsibleActionFail(f"strategy: {strategy} would run the steps of a batch out of order. Set strategy: linear in the play.")
        describer = Describer(self._templar, self._loader, variables)
        errors, warnings = role_errors(self._task.args.get("roles") or [], describer)
        if errors:
            raise AnsibleActionFail(joined(errors))
        hypervisor = describer.value("chr_hypervisor")
        described: Values = {}
        for phase in phases_of(self._task.args["phases"], variables):
            part = describer.describe(phase)
            if part is not None:
                errors += phase_errors(phase, part, hypervisor)
                described[phase.name] = part
        if errors:
            raise AnsibleActionFail(joined(errors))
        for warning in warnings:
            Display().warning(f"{variables['inventory_hostname']}: {warning}.")
        taken = {name: part for name, part in described.items() if part.pop("wanted")}
        return withhold(self._task, {"id": invocation(self._task), "hypervisor": hypervisor, "phases": taken})

    def _run(self, variables: Values) -> Values:
        """Once, for the routers of this batch of the play that were described: all phases."""
        phases = phases_of(self._task.args["phases"], variables)
        routers, others = self._routers(variables, {phase.name for phase in phases})
        finished = {host: outcome["results"] for host, outcome in others.items() if host not in variables["ansible_play_batch"]}
        batch = Batch(
            phases=phases,
            routers=routers,
            execute=Controller(self, variables).run,
            rules={"new_objects": new_objects, "system_ids": system_ids(finished)},
            say=lambda text: Display().display(f"   {text}"),
            at_once=int(variables.get("ansible_forks", 5)),
            check_mode=bool(variables.get("ansible_check_mode")),
        )
        return withhold(self._task, {"id": invocation(self._task), "routers": {**others, **batch.run()}})

    def _routers(self, variables: Values, names: t.Collection[str]) -> tuple[dict[str, Router], Values]:
        """Who takes part in phases of these names; and what earlier batches left of those who do not, which is kept."""
        hosts = set(variables["ansible_play_batch"])
        routers: dict[str, Router] = {}
        others: Values = {}
        for host in variables["ansible_play_hosts_all"]:
            values = host_values(variables, host)
            description, outcome = values.get(DESCRIPTION) or {}, outcome_of(values, host)
            if host in hosts and description.get("id") == invocation(self._task):
                earlier = {phase: share for phase, share in outcome.get("results", {}).items() if phase not in names}
                routers[host] = Router(host, description["phases"], earlier, description["hypervisor"])
            elif outcome:
                others[host] = outcome
        return routers, others

    def _report(self, variables: Values) -> Values:
        """One router's own part of what came of it."""
        batch = variables.get(BATCH) or {}
        if batch.get("id") != invocation(self._task):
            return {"failed": True, "msg": f"The batch came to no end: {batch.get('msg', 'it gave no result')}"}
        own = outcome_of(variables, variables["inventory_hostname"])
        shown: Values = {key: own[key] for key in ("failed", "changed", "msg", "diff") if key in own}
        if not own["failed"] and own.get("left") and self._task.args.get("final"):
            return {"failed": True, "changed": False, "msg": own["left"]}
        return shown

    def _table(self, variables: Values) -> Values:
        """Once, for all routers of the play, the failed ones included."""
        return Show(self._task.args, self._templar, variables).table()
