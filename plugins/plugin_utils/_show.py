# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that ends a playbook, and the limit file of the routers that failed, from what is registered of all routers (private)."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ._phase import DESCRIPTION, Values, host_values, outcome_of, renderer
from ._table import FAILED, Row, left_of_segments, removal_notes, render, row, ssh_command
from ._table_layouts import CHR, LAYOUTS


class Show:
    """Shows the routers of this batch of the play, with the arguments of the step."""

    def __init__(self, arguments: Values, templar: t.Any, variables: Values) -> None:
        self._arguments = arguments
        self._templar = templar
        self._check_mode = bool(variables.get("ansible_check_mode"))
        self._layout = LAYOUTS[arguments.get("kind", CHR.prefix)]
        batch, standing = set(variables["ansible_play_batch"]), set(variables["ansible_play_hosts"])
        hosts = [host for host in variables["ansible_play_hosts_all"] if host in batch or host not in standing]
        self._values = {host: host_values(variables, host) for host in hosts}
        self._outcomes = {host: outcome_of(values, host) for host, values in self._values.items()}
        self._standing = standing

    def table(self) -> Values:
        """Show it, write the limit file, and return the lines."""
        rows = [self._row(host) for host in self._values]
        segments_left = left_of_segments(self._outcomes.values())
        lines = [*self._arguments.get("title", []), "", *render(self._layout, rows), *self._removals(rows), *segments_left]
        failed = [item.router for item in rows if item.result == FAILED]
        display = Display()
        for line in ("", *lines):
            display.display(line)
        limit = self._arguments.get("limit_file")
        if limit and not self._check_mode:
            self._write_limit(Path(limit), list(self._values), failed, display)
        return {"table": lines, "failed_routers": failed, "segments_left": segments_left}

    def _row(self, host: str) -> Row:
        values, outcome, prefix = self._values[host], self._outcomes[host], self._layout.prefix
        description = values.get(DESCRIPTION) or {}
        broken = None
        if description.get("failed"):
            broken = str(description.get("msg"))
        elif host not in self._standing or not outcome.get("results"):
            broken = "A task of another kind failed for it; Ansible says above which, and why."
        render_own = renderer(self._templar, values)
        try:
            notes = render_own(values.get(f"{prefix}_notes") or [])
            name = str(render_own(values.get(f"{prefix}_guest_name", host)))
        except AnsibleError as error:  # one router's variables must not cost the others their table
            notes, name = [f"{prefix}_notes: {error}".splitlines()[0]], host
        login = self._login(values, render_own)
        return row(self._layout, host, name, outcome, broken, notes, self._check_mode, self._arguments.get("confirmed"), login)

    def _login(self, values: t.Mapping[str, t.Any], render_own: t.Callable[[t.Any], t.Any]) -> str:
        """The command that logs in to a CHR by SSH, with `{}` for its address; empty where nobody can."""
        if self._layout.prefix != CHR.prefix:
            return ""
        names = ("table_ssh", "first_boot_admin_disabled", "first_boot_users", "first_boot_services")
        try:
            given = [render_own(values.get(f"chr_{name}")) for name in names]
        except AnsibleError:  # said by the check of its description
            return ""
        return ssh_command(*given)

    def _removals(self, rows: list[Row]) -> list[str]:
        """What a playbook that removes says below its table."""
        confirmed = self._arguments.get("confirmed")
        if confirmed is None:
            return []
        notes = removal_notes(self._outcomes.values(), confirmed, rows)
        return ["", *notes] if notes else []

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
