# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: the table that ends a playbook, and the limit file of the routers that failed."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._phase import DESCRIPTION, REPORT, Values, host_values, rendered
from ..plugin_utils._table import FAILED, Row, left_of_segments, removal_notes, render, row
from ..plugin_utils._table_layouts import CHR, LAYOUTS


class ActionModule(ActionBase):
    """Runs once for all routers of the play, the failed ones included."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        check_mode = bool(variables.get("ansible_check_mode"))
        hosts = self._hosts(variables)
        self._layout = LAYOUTS[self._task.args.get("kind", CHR.prefix)]
        rows = [self._row(variables, host, check_mode) for host in hosts]
        segments_left = left_of_segments(host_values(variables, host).get(REPORT) or {} for host in hosts)
        lines = [*self._task.args.get("title", []), "", *render(self._layout, rows), *self._removals(variables, hosts, rows), *segments_left]
        failed = [item.router for item in rows if item.result == FAILED]
        display = Display()
        for line in ("", *lines):
            display.display(line)
        limit = self._task.args.get("limit_file")
        if limit and not check_mode:
            self._write_limit(Path(limit), failed, display)
        result.update(changed=False, table=lines, failed_routers=failed, segments_left=segments_left, _ansible_no_log=False)
        return result

    def _row(self, variables: Values, host: str, check_mode: bool) -> t.Any:
        values, prefix = host_values(variables, host), self._layout.prefix
        description = values.get(DESCRIPTION) or {}
        report = values.get(REPORT) or {}
        broken = None
        if description.get("failed"):
            broken = str(description.get("msg"))
        elif not report.get("results"):
            broken = "It failed before its first step; the reason is above."
        elif host not in variables["ansible_play_hosts"]:
            broken = "It failed between two steps; the reason is above."
        try:
            notes = rendered(self._templar, values.get(f"{prefix}_notes") or [], values)
            name = str(rendered(self._templar, values.get(f"{prefix}_guest_name", host), values))
        except AnsibleError as error:  # one router's variables must not cost the others their table
            notes, name = [f"{prefix}_notes: {error}".splitlines()[0]], host
        return row(self._layout, host, name, report, broken, notes, check_mode, self._task.args.get("confirmed"))

    def _removals(self, variables: Values, hosts: list[str], rows: list[Row]) -> list[str]:
        """What a playbook that removes says below its table."""
        confirmed = self._task.args.get("confirmed")
        if confirmed is None:
            return []
        reports = [host_values(variables, host).get(REPORT) or {} for host in hosts]
        notes = removal_notes(reports, confirmed, all_known=all(item.result != FAILED for item in rows))
        return ["", *notes] if notes else []

    @staticmethod
    def _hosts(variables: Values) -> list[str]:
        """All routers of this batch of the play, the failed ones included."""
        batch = variables["ansible_play_batch"]
        everyone = variables["ansible_play_hosts_all"]
        gone = [host for host in everyone if host not in variables["ansible_play_hosts"]]
        return [host for host in everyone if host in batch or host in gone]

    @staticmethod
    def _write_limit(path: Path, failed: list[str], display: Display) -> None:
        """A file for --limit @FILE with the routers that failed; none where all went well."""
        try:
            if not failed:
                path.unlink(missing_ok=True)
                return
            path.write_text("".join(f"{router}\n" for router in failed), encoding="utf-8")
        except OSError as error:
            display.warning(f"The limit file {path} cannot be written: {error.strerror}. Name another with chr_limit_file.")
            return
        display.display(f"\nTo run the failed ones again: --limit @{path}")
