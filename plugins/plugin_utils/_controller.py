# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run on the controller, several at once (private)."""

from __future__ import annotations

import copy
import typing as t

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ._phase import Values
from ._progress import progress


class Controller:
    """Runs modules from several threads: each run has an action and a connection of its own, and shows its progress meanwhile.

    The task is delegated to this machine and pipelined, so an action writes nothing, and of what they share (task, variables, the connection's
    options) it only reads.
    """

    def __init__(self, action: t.Any, variables: Values) -> None:
        self._action = action
        self._variables = variables

    def run(self, module: str, arguments: Values) -> Values:
        """What the module returned. Never fails: each router takes its own share of the failure."""
        action = copy.copy(self._action)
        action._connection = copy.copy(self._action._connection)
        with progress() as path:
            try:
                batch: Values = action._execute_module(
                    module_name=module, module_args={**arguments, "progress_file": path}, task_vars=self._variables
                )
            except (AnsibleError, OSError) as error:
                batch = {"msg": f"{module} could not be run: {error}"}
        for warning in batch.pop("warnings", []):
            Display().warning(text_of(warning))  # ansible-core before 2.19 shows none of a result that is not to be logged
        return batch


def text_of(warning: t.Any) -> str:
    """A module's warning, which ansible-core from 2.19 on wraps into an object."""
    return warning if isinstance(warning, str) else str(warning.event.msg)
