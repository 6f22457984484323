# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: one module run for all routers of one hypervisor, with progress while it runs."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._phase import DESCRIPTION, PLAN, Values, host_values, merge, union, withhold
from ..plugin_utils._progress import progress


class ActionModule(ActionBase):
    """Never fails by itself: each router takes its own share of the result in the next step."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = self._task.args
        leader = variables["inventory_hostname"]
        hosts = variables[PLAN]["leaders"][leader]
        described = {host: host_values(variables, host)[DESCRIPTION] for host in hosts}
        entries, errors = merge(described)
        module_args: Values = {**described[leader]["connection"], **(args.get("arguments") or {})}
        module_args[args["option"]] = self._argument(args["option"], entries)
        planned = union(description["planned"] for description in described.values())
        if planned:
            module_args["planned"] = planned
        with progress() as path:
            module_args["progress_file"] = path
            try:
                batch = self._execute_module(module_name=args["module"], module_args=module_args, task_vars=variables)
            except AnsibleError as error:  # each router reports it for itself
                batch = {"msg": f"{args['module']} could not be run: {error}"}
        batch.pop("invocation", None)
        for warning in batch.pop("warnings", []):
            Display().warning(text_of(warning))  # ansible-core before 2.19 shows none of a result that is not to be logged
        result.update(changed=False, batch=dict(batch, conflicts=errors))
        return withhold(self._task, result)

    @staticmethod
    def _argument(option: str, entries: list[Values]) -> t.Any:
        """A module that only reads takes plain names."""
        return [entry["name"] for entry in entries] if option == "names" else entries


def text_of(warning: t.Any) -> str:
    """A module's warning, which ansible-core from 2.19 on wraps into an object."""
    return warning if isinstance(warning, str) else str(warning.event.msg)
