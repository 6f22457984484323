# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's variables as one entry of a module's list, rendered in that router's own scope (private)."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.loader import lookup_loader

from ._phase import Phase, Values
from ._shares import group_key

SOURCES: t.Final = {"src": ("ansible.builtin.file", "files"), "template": ("ansible.builtin.template", "templates")}


class Describer:
    """Renders variables for one router, each once; what is undefined there fails that router alone."""

    def __init__(self, templar: t.Any, loader: t.Any, variables: t.Mapping[str, t.Any]) -> None:
        self.variables = variables
        self._templar = templar
        self._loader = loader
        self._values: Values = {}

    def value(self, variable: str) -> t.Any:
        """A variable's value; None for one that is not set. What is undefined in it is said with its name."""
        if variable not in self._values:
            self._values[variable] = self.render(self.variables[variable], variable) if variable in self.variables else None
        return self._values[variable]

    def render(self, template: t.Any, place: str) -> t.Any:
        """What a template, or a structure with templates, stands for; `place` is named where something in it is undefined."""
        try:
            return self._templar.template(template)
        except AnsibleError as error:
            raise AnsibleActionFail(f"{place}: {' '.join(str(error).split())}") from error

    def describe(self, phase: Phase) -> Values | None:
        """The router's part in a phase; None where it has none. `names` are the variables that hold its options."""

        def of(name: str) -> t.Any:
            given = getattr(phase, name)
            return self.render(given, f"phase {phase.name}, {name}") if given else given

        wanted = bool(of("wanted"))
        if not (wanted if phase.checked is None else wanted or of("checked")):
            return None
        names = of("entry")
        entries = list(self.value(phase.variable) or []) if phase.variable else []
        if names:
            entries.append({**self.entry(names), **of("fixed")})
        connection = without_unset(of("connection"))
        return {
            "wanted": wanted,
            "key": group_key(connection),
            "connection": connection,
            "entries": entries,
            "names": {**names, **phase.names},
            "arguments": without_unset(of("arguments")),
            **{name: of(name) for name in ("planned", "one_at_a_time", "defer", "if_found", "unless_found")},
        }

    def entry(self, names: t.Mapping[str, str]) -> Values:
        """The module's options from the variables of these names; a variable that is not set, or empty, leaves its option out."""
        found = {option: self.value(variable) for option, variable in names.items()}
        given = {option: value for option, value in found.items() if is_set(value)}
        if "scripts" in given:
            given["scripts"] = [self._script(dict(script), names["scripts"]) for script in given["scripts"]]
        return nested(given)

    def _script(self, script: Values, variable: str) -> Values:
        """A script with its source in place, from a file (`src`) or a template (`template`)."""
        for key, (lookup, folder) in SOURCES.items():
            if script.get(key):
                path = self._find(str(script.pop(key)), folder, f"{variable}: {script.get('name')}.{key}")
                plugin = lookup_loader.get(lookup, loader=self._loader, templar=self._templar)
                script["source"] = plugin.run([path], variables=self.variables)[0]
        return script

    def _find(self, name: str, folder: str, option: str) -> str:
        """The file's path: beside the inventory, beside the playbook, or where the command was typed, each with its own folder first."""
        bases = [self.variables.get("inventory_dir"), self.variables.get("playbook_dir"), os.getcwd()]
        tried = [os.path.join(base, *sub, name) for base in dict.fromkeys(filter(None, bases)) for sub in ((folder,), ())]
        candidates = [os.path.expanduser(name)] if os.path.isabs(os.path.expanduser(name)) else tried
        for path in candidates:
            if os.path.isfile(path):
                return path
        raise AnsibleActionFail(f"{option}: there is no file {name}. It was looked for at {', '.join(candidates)}.")


def is_set(value: t.Any) -> bool:
    """Whether a value counts as given. A template whose variable nobody set gives nothing, or, before ansible-core 2.19, an empty text."""
    return value is not None and value != ""


def without_unset(value: t.Any) -> t.Any:
    """Options, and their suboptions, without those that nobody set: the module's own default, or the environment, counts for them."""
    if not isinstance(value, Mapping):
        return value
    return {option: without_unset(item) for option, item in value.items() if is_set(item)}


def nested(options: t.Mapping[str, t.Any]) -> Values:
    """Options whose names hold a dot as suboptions of what stands before it."""
    found: Values = {}
    for name, value in options.items():
        option, dot, suboption = name.partition(".")
        if dot:
            found.setdefault(option, {})[suboption] = value
        else:
            found[name] = value
    return found
