# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be said against a router's description before anything is touched (private)."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail

from ._describe import Describer
from ._parsers import problems, role_problems, setting_of
from ._phase import Phase, Values
from ._variables import OWN, judge_names, known_names, role_options
from ._wording import in_variables


def role_errors(roles: t.Sequence[str], describer: Describer) -> tuple[list[str], list[str]]:
    """Errors and warnings: the names of the router's variables, and the arguments of these roles."""
    if not roles:
        return [], []
    errors, warnings = judge_names(describer.variables, known_names(), describer.value(OWN) or ())
    for role in roles:
        errors += _of_role(role_options(role), describer)
    return errors, warnings


def _of_role(spec: Values, describer: Describer) -> list[str]:
    given: Values = {}
    broken: list[str] = []
    for name in (name for name in spec if name in describer.variables):
        try:
            given[name] = describer.value(name)
        except AnsibleActionFail as error:
            broken.append(str(error))
    return broken or role_problems(spec, given)


def phase_errors(phase: Phase, part: Values, hypervisor: str | None) -> list[str]:
    """What the module of a phase would refuse of this router's part in it, and what the phase itself does."""
    setting, names = setting_of(part, hypervisor), part["names"]
    found = [
        f"{phase.variable}: {entry.get('name')}: {text}" if phase.variable else text
        for entry in part["entries"]
        for text in problems(phase.module, entry, setting)
    ]
    missing = [
        f"{names[option]} is empty: {reason}"
        for option, reason in phase.required.items()
        for entry in part["entries"]
        if not str(entry.get(option) or "").strip()
    ]
    return [*missing, *(in_variables(text, names) for text in found)]
