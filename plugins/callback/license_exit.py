# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback: ansible-playbook ends with the status of the licence report, as monitoring plugins do."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._license_report import UNKNOWN, WORST_FIRST

DOCUMENTATION = r"""
name: license_exit
type: aggregate
short_description: End ansible-playbook with the status of the licence report
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Ends C(ansible-playbook) with 0 (ok), 1 (warning), 2 (critical) or 3 (unknown), as the playbook C(license_report) found the licences.
  - A run of that playbook that made no report ends with 3. Other playbooks end as always.
  - Callbacks that come after it in the list do not see the end of the playbook, so name it last.
requirements:
  - Name it in E(ANSIBLE_CALLBACKS_ENABLED), or in C(callbacks_enabled) of C(ansible.cfg).
"""

ACTION: t.Final = "vrouter.mikrotik.license_report"
PLAYBOOK: t.Final = "license_report"


class CallbackModule(CallbackBase):
    """Collects the statuses of all reports; the worst one counts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "vrouter.mikrotik.license_exit"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._expected = False
        self._statuses: set[int] = set()

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._expected = Path(playbook._file_name).stem == PLAYBOOK

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if result._task.action == ACTION and "exit_code" in result._result:
            self._statuses.add(int(result._result["exit_code"]))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        if result._task.action == ACTION:
            self._statuses.add(UNKNOWN)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        if self._statuses or self._expected:
            # Ansible's own status is not ours to set; what is no Exception passes through to the interpreter's end.
            raise SystemExit(next((status for status in WORST_FIRST if status in self._statuses), UNKNOWN))
