# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: one router's description for a phase, in that router's own scope."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._phase import STRATEGIES, Values, group_key, invocation


class ActionModule(ActionBase):
    """Ansible renders the arguments for this router alone, so what is undefined or wrong fails here, and only here."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result = t.cast(Values, super().run(tmp, task_vars))
        args = self._task.args
        strategy = self._task._parent._play.strategy
        if strategy not in STRATEGIES:
            raise AnsibleActionFail(f"strategy: {strategy} would run the phases of a batch out of step. Set strategy: linear in the play.")
        result.update(
            changed=False,
            id=invocation(self._task),
            key=group_key(args["connection"]),
            connection=args["connection"],
            entries=args["entries"],
            planned=args.get("planned") or {},
            _ansible_no_log=True,
        )
        return result
