# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback: ansible-playbook ends with the status of the licence report, as monitoring plugins do.

It lies beside the playbook because Ansible loads callbacks from there without being told to.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._license_report import OK, UNKNOWN

DOCUMENTATION = r"""
name: license_exit
type: aggregate
short_description: End ansible-playbook with the status of the licence report
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Ends C(ansible-playbook vrouter.mikrotik.license_report) with 0 (ok), 1 (warning), 2 (critical) or 3 (unknown), as it found the licences.
  - A run of that playbook that made no report ends with 3. Other playbooks, those that import it too, end as always.
"""

ACTION: t.Final = "vrouter.mikrotik.license_report"
PLAYBOOK: t.Final = Path(__file__).resolve().parent.parent / "license_report.yml"


class CallbackModule(CallbackBase):
    """Keeps the status of the report until the playbook ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "license_exit"

    def __init__(self) -> None:
        super().__init__()
        self._status = OK

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._status = UNKNOWN if Path(playbook._file_name).resolve() == PLAYBOOK else OK

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if self._status and result._task.action == ACTION:
            self._status = int(result._result["exit_code"])

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        if self._status:
            # Ansible's own status is not ours to set; what is no Exception passes through to the interpreter's end.
            raise SystemExit(self._status)
