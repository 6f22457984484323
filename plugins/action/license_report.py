# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: the report on all routers' licences, on the terminal and in files."""

from __future__ import annotations

import os
import tempfile
import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._license_formats import as_json, html, prometheus, text
from ..plugin_utils._license_report import Report, Row, Thresholds, assemble, judge, misconfigured, misspelt, off, unreachable
from ..plugin_utils._phase import DESCRIPTION, Values, host_values, outcome_of, renderer

FORMATS: t.Final = {"json": as_json, "html": html, "prometheus": prometheus}
READABLE: t.Final = 0o644  # a report holds no secret, and whoever serves it is another user


class ActionModule(ActionBase):
    """Runs once for all routers of the play. A router that could not be read is a row like any other."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        thresholds = self._thresholds()
        self._guests: dict[tuple[str, str], str] = {}  # which host named a guest of a hypervisor first
        rows = [self._row(variables, host, thresholds) for host in variables["ansible_play_hosts_all"]]
        report = assemble(rows, datetime.now(timezone.utc), thresholds)
        display = Display()
        for line in ("", *text(report)):
            display.display(line)
        if not variables.get("ansible_check_mode"):
            self._write_all(report)
        result.update(changed=False, **report.as_dict())
        return result

    def _write_all(self, report: Report) -> None:
        """Every file that is named; one that cannot be written does not cost the others."""
        problems = []
        for name, render in FORMATS.items():
            path = self._task.args.get(name)
            if not path:
                continue
            if name == "prometheus" and not path.endswith(".prom"):
                problems.append(f"license_report_prometheus: {path} does not end in .prom, so no collector would read it.")
                continue
            try:
                write(Path(path), render(report))
            except OSError as error:
                problems.append(f"license_report_{name}: {path} cannot be written: {error.strerror}.")
        if problems:
            raise AnsibleActionFail(" ".join(problems))

    def _thresholds(self) -> Thresholds:
        given = {name: str(self._task.args.get(f"{name}_days", "")) for name in ("warning", "critical")}
        for name, value in given.items():
            if value and not value.isdecimal():
                raise AnsibleActionFail(f"license_report_{name}_days: {value!r} is no number of days.")
        try:
            return Thresholds(**{name: int(value) for name, value in given.items() if value})
        except ValueError as error:
            problem = str(error)
        raise AnsibleActionFail(f"license_report: {problem}.")

    def _row(self, variables: Values, host: str, thresholds: Thresholds) -> Row:
        """One router's row, from what its phase left."""
        values = host_values(variables, host)
        description, outcome, phase = values.get(DESCRIPTION) or {}, outcome_of(values, host), self._task.args["phase"]
        share = (outcome.get("results") or {}).get(phase) or {}
        part = (description.get("phases") or {}).get(phase)
        if description.get("failed"):
            return misconfigured(host, str(description.get("msg")))
        twin = self._named_before(host, part) if part else ""
        if twin:
            return misconfigured(host, f"{twin} names the same guest. One router is one host of the inventory.")
        if not share and not part:
            return off(host)
        facts: Values = next(iter((share.get("entries") or {}).values()), {})
        if "system_id" not in facts:
            return unreachable(host, str(outcome.get("msg") or "") or "A task of another kind failed for it; Ansible says above which, and why.")
        try:
            render = renderer(self._templar, values)
            source, level = (str(render(values.get(name)) or "") for name in ("chr_license_source", "chr_license_minimum_level"))
        except AnsibleError as error:  # one router's variables must not cost the others their report
            return misconfigured(host, str(error))
        wrong = misspelt(source, level)
        if wrong:
            return misconfigured(host, wrong)
        try:
            return judge(host, facts, source or "none", level or None, thresholds)
        except ValueError as error:  # a date that is none: one router must not cost the others their report
            return unreachable(host, f"What it shows cannot be judged: {error}.")

    def _named_before(self, host: str, part: Values) -> str:
        """An earlier host that names the same guest of the same hypervisor."""
        first = self._guests.setdefault((part["key"], str(part["entries"][0]["name"])), host)
        return "" if first == host else first


def write(path: Path, content: str) -> None:
    """Put a whole file in the old one's place at once: a collector never reads half of it. Raises OSError."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(draft, READABLE)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
