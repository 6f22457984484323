# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: one router's description for a phase, rendered in that router's own scope."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from ..plugin_utils._phase import STRATEGIES, Values, group_key, invocation, play_of, withhold


class ActionModule(ActionBase):
    """Everything is rendered for this router alone, so what is undefined or wrong fails here, and only here."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        args = self._task.args
        strategy = play_of(self._task).strategy
        if strategy not in STRATEGIES:
            raise AnsibleActionFail(f"strategy: {strategy} would run the phases of a batch out of step. Set strategy: linear in the play.")
        self._variables = task_vars or {}
        entries = list(args.get("entries") or [])
        if args.get("entry"):
            entries.append({**self._entry(args["entry"]), **(args.get("fixed") or {})})
        result.update(
            changed=False,
            id=invocation(self._task),
            key=group_key(args["connection"]),
            connection=args["connection"],
            entries=entries,
            planned=args.get("planned") or {},
        )
        return withhold(self._task, result)

    def _entry(self, names: t.Mapping[str, str]) -> Values:
        """The module's options from the variables of these names; a variable that is not set leaves its option out."""
        entry: Values = {}
        for option, variable in names.items():
            if variable not in self._variables:
                continue
            value = self._templar.template(self._variables[variable])
            if value is not None and value != "":
                entry[option] = self._scripts(value) if option == "scripts" else value
        return entry

    def _scripts(self, scripts: t.Sequence[t.Mapping[str, t.Any]]) -> list[Values]:
        """Scripts with their source in place, from a file (`src`) or a template (`template`) beside the playbook."""
        return [self._script(dict(script)) for script in scripts]

    def _script(self, script: Values) -> Values:
        for key, lookup in (("src", "ansible.builtin.file"), ("template", "ansible.builtin.template")):
            if key in script:
                plugin = lookup_loader.get(lookup, loader=self._loader, templar=self._templar)
                script["source"] = plugin.run([script.pop(key)], variables=self._variables)[0]
        return script
