# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the name of each module that really ran, one a line, from the run's own events."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.callback import CallbackBase

# Actions that run on the controller without a module process.
OURS = ("phase_describe", "phase_plan", "phase_report", "router_check", "router_table")
WITHOUT_MODULE = (*OURS, "validate_argument_spec", "include_tasks", "set_fact", "fail")

DOCUMENTATION = """
name: module_runs
type: notification
short_description: Counts module runs
description: Writes the name of each module that ran to MODULE_RUNS_FILE.
"""


class CallbackModule(CallbackBase):
    """Sees every task's end; a skipped task runs nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "module_runs"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._note(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._note(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._note(result)

    def _note(self, result: t.Any) -> None:
        action = result._task.action.rsplit(".", 1)[-1]
        if action not in WITHOUT_MODULE:
            with open(os.environ["MODULE_RUNS_FILE"], "a", encoding="utf-8") as events:
                events.write(f"{result._task.args.get('module', action)}\n")
