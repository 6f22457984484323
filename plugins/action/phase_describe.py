# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: one router's description for a phase, rendered in that router's own scope."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._describe import Describer
from ..plugin_utils._phase import STRATEGIES, Values, group_key, invocation, play_of, withhold


class ActionModule(ActionBase):
    """Everything is rendered for this router alone, so what is undefined or wrong fails here, and only here."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        args = self._task.args
        strategy = play_of(self._task).strategy
        if strategy not in STRATEGIES:
            raise AnsibleActionFail(f"strategy: {strategy} would run the phases of a batch out of step. Set strategy: linear in the play.")
        names = args.get("entry") or {}
        entries = list(args.get("entries") or [])
        if names:
            entry = Describer(self._templar, self._loader, task_vars or {}).entry(names)
            entries.append({**entry, **(args.get("fixed") or {})})
        result.update(
            changed=False,
            id=invocation(self._task),
            key=group_key(args["connection"]),
            connection=args["connection"],
            entries=entries,
            names=names,
            planned=args.get("planned") or {},
        )
        return withhold(self._task, result)
