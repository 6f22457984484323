# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: the module chr_license, with its announcements shown before and while the account server is asked."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._phase import Values
from ..plugin_utils._progress import progress


class ActionModule(ActionBase):
    """On another machine than the controller, or in the background, nothing can be shown while the module runs."""

    TRANSFERS_FILES = False
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        wait = self._task.async_val
        if wait or self._connection.transport != "local" or arguments.get("progress_file"):
            result.update(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=bool(wait)))
            return result
        with progress() as path:
            result.update(self._execute_module(module_args={**arguments, "progress_file": path}, task_vars=task_vars))
        return result
