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

from ..plugin_utils._phase import CHECK, DESCRIPTION, REPORT, Values, host_values, rendered
from ..plugin_utils._table import FAILED, Row, left_of_segments, removal_notes, render, row, ssh_command
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
            self._write_limit(Path(limit), hosts, failed, display)
        result.update(changed=False, table=lines, failed_routers=failed, segments_left=segments_left, _ansible_no_log=False)
        return result

    def _row(self, variables: Values, host: str, check_mode: bool) -> t.Any:
        values, prefix = host_values(variables, host), self._layout.prefix
        description = values.get(DESCRIPTION) or {}
        report = values.get(REPORT) or {}
        failed = next((step for step in (description, values.get(CHECK) or {}) if step.get("failed")), None)
        broken = None
        if failed is not None:
            broken = str(failed.get("msg"))
        elif host not in variables["ansible_play_hosts"] or not report.get("results"):
            broken = "A task of another kind failed for it; Ansible says above which, and why."
        try:
            notes = rendered(self._templar, values.get(f"{prefix}_notes") or [], values)
            name = str(rendered(self._templar, values.get(f"{prefix}_guest_name", host), values))
        except AnsibleError as error:  # one router's variables must not cost the others their table
            notes, name = [f"{prefix}_notes: {error}".splitlines()[0]], host
        return row(self._layout, host, name, report, broken, notes, check_mode, self._task.args.get("confirmed"), self._login(values))

    def _login(self, values: t.Mapping[str, t.Any]) -> str:
        """The command that logs in to a CHR by SSH, with `{}` for its address; empty where nobody can."""
        if self._layout.prefix != CHR.prefix:
            return ""
        names = ("table_ssh", "first_boot_admin_disabled", "first_boot_users", "first_boot_services")
        try:
            given = [rendered(self._templar, values.get(f"chr_{name}"), values) for name in names]
        except AnsibleError:  # said by the check of its description
            return ""
        return ssh_command(*given)

    def _removals(self, variables: Values, hosts: list[str], rows: list[Row]) -> list[str]:
        """What a playbook that removes says below its table."""
        confirmed = self._task.args.get("confirmed")
        if confirmed is None:
            return []
        reports = [host_values(variables, host).get(REPORT) or {} for host in hosts]
        notes = removal_notes(reports, confirmed, rows)
        return ["", *notes] if notes else []

    @staticmethod
    def _hosts(variables: Values) -> list[str]:
        """All routers of this batch of the play, the failed ones included."""
        batch = variables["ansible_play_batch"]
        everyone = variables["ansible_play_hosts_all"]
        gone = [host for host in everyone if host not in variables["ansible_play_hosts"]]
        return [host for host in everyone if host in batch or host in gone]

    @staticmethod
    def _write_limit(path: Path, hosts: list[str], failed: list[str], display: Display) -> None:
        """A file for --limit @FILE with the routers that failed; those of earlier runs that were not in this one stay."""
        try:
            kept = [name for name in path.read_text(encoding="utf-8").splitlines() if name not in hosts] if path.exists() else []
            if kept or failed:
                path.write_text("".join(f"{router}\n" for router in (*kept, *failed)), encoding="utf-8")
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            display.warning(f"The limit file {path} cannot be written: {error.strerror}. Name another with chr_limit_file.")
            return
        if failed:
            display.display(f"\nTo run the failed ones again: --limit @{path}")
