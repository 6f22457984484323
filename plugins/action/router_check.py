# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: everything that can be said against a router's description before anything is touched."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.registry import DRIVERS

from ..plugin_utils._describe import Describer
from ..plugin_utils._parsers import Setting, problems, role_problems
from ..plugin_utils._phase import Values
from ..plugin_utils._variables import OWN, judge_names, known_names, role_options
from ..plugin_utils._wording import in_variables


class ActionModule(ActionBase):
    """Checks one router in its own scope: the names of its variables, the roles' arguments, and each module's own parser."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        variables = task_vars or {}
        self._describer = Describer(self._templar, self._loader, variables)
        roles = self._task.args.get("roles") or []
        errors, warnings = judge_names(variables, known_names(), self._describer.value(OWN) or ()) if roles else ([], [])
        for role in roles:
            errors += self._role_problems(role, variables)
        if not errors:
            for description in self._task.args.get("descriptions") or []:
                errors += self._problems(description)
        for warning in warnings:
            Display().warning(f"{variables['inventory_hostname']}: {warning}.")
        result.update(changed=False, failed=bool(errors))
        if errors:
            result["msg"] = "; ".join(text.removesuffix(".") for text in dict.fromkeys(errors)) + "."
        return result

    def _role_problems(self, role: str, variables: Values) -> list[str]:
        spec = role_options(role)
        given: Values = {}
        broken: list[str] = []
        for name in [name for name in spec if name in variables]:
            try:
                given[name] = self._describer.value(name)
            except AnsibleActionFail as error:
                broken.append(str(error))
        return broken or role_problems(spec, given)

    def _setting(self, arguments: Values) -> Setting:
        """The router's hypervisor is one that exists: the roles' own argument specification has said so before."""
        return Setting(arguments, DRIVERS[self._describer.value("chr_hypervisor") or next(iter(DRIVERS))].platform)

    def _problems(self, description: t.Mapping[str, t.Any]) -> list[str]:
        """What the module of a phase would refuse of this router."""
        if not description.get("wanted", True):
            return []
        names = description.get("entry") or {}
        entries = [*(description.get("entries") or []), *([self._describer.entry(names)] if names else [])]
        place, setting = description.get("variable"), self._setting(description.get("arguments") or {})
        found = [
            f"{place}: {entry.get('name')}: {text}" if place else text
            for entry in entries
            for text in problems(description["module"], entry, setting, new=bool(description.get("new")))
        ]
        return [in_variables(text, {**names, **(description.get("names") or {})}) for text in found]
