# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a phase is, and how the steps of a batch find what the others left (private).

A batch is three tasks of the role `batch`: describe (each router), run (once: all phases, on the controller), report (each router). They find each
other's results in registered variables; all carry the id of their common block, so that what an earlier batch left behind does not count.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

DESCRIPTION: t.Final = "vrouter_description"
BATCH: t.Final = "vrouter_batch"
GUESTS: t.Final = "guests"
SEGMENTS: t.Final = "segments"
KINDS: t.Final = (GUESTS, SEGMENTS, "images", "bridges")  # what a phase's entries can be
STRATEGIES: t.Final = ("linear", "ansible.builtin.linear", "debug", "ansible.builtin.debug")

Values = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import)
Found = t.Dict[str, t.Any]  # noqa: UP006  "phase.field" of what an earlier phase returned, and the value that is looked for


@dataclass(frozen=True)
class Phase:
    """One module run a hypervisor, or one rule of ours, as a role lists it.

    The first fields are the same for all routers. The second ones are templates, which each router renders for itself before the first phase begins.
    The last ones are filled in between the phases, by what earlier phases of the router returned.
    """

    name: str  # shown as progress; what the phase returns is kept under it
    of: str  # what its entries are, one of KINDS
    module: str = ""
    option: str = ""  # the module's option that takes the entries
    result: str = ""  # the key under which it returns them, where that is another name
    rule: str = ""  # instead of a module: a rule of _rules.RULES
    variable: str = ""  # holds the entries, ready as they are
    alone: bool = False  # an object is one router's alone: two that name the same one both fail
    names: Values = field(default_factory=dict)  # further options that messages name, and the variables that hold them
    required: t.Mapping[str, str] = field(default_factory=dict)  # options that must not be empty, and why

    wanted: t.Any = True  # whether the router takes part
    checked: t.Any = None  # whether its entries are checked even so; by default they are where it takes part
    connection: t.Any = field(default_factory=dict)  # routers of one connection are one module run
    entry: t.Any = field(default_factory=dict)  # the module's options and the names of the variables that hold their values
    fixed: t.Any = field(default_factory=dict)  # options of the entry with values of their own
    arguments: t.Any = field(default_factory=dict)  # the module's other arguments
    planned: t.Any = field(default_factory=dict)  # in check mode: what a run would have made by now
    one_at_a_time: t.Any = False  # its module run waits for those before it that say so, too
    defer: t.Any = "none"  # failures that do not keep the router from later phases: left (fields that cannot be changed), all, none
    if_found: t.Any = field(default_factory=dict)  # Found: only where one of these was found
    unless_found: t.Any = field(default_factory=dict)  # Found: not where one of these was found

    filled: t.Mapping[str, str] = field(default_factory=dict)  # options of the entry, and where their values are found
    dropped: t.Mapping[str, Found] = field(default_factory=dict)  # options of the entry that are left out where one of these was found
    planned_found: t.Mapping[str, str] = field(default_factory=dict)  # more of `planned`: what was found, where its entry says that it is planned

    def __post_init__(self) -> None:
        if self.of not in KINDS or bool(self.module) == bool(self.rule):
            raise ValueError(f"phase {self.name}: it needs `of`, one of {', '.join(KINDS)}, and a module or a rule")

    @property
    def returns(self) -> str:
        """The key under which the module returns its objects."""
        return self.result or self.option


def phases_of(lists: t.Iterable[str], variables: t.Mapping[str, t.Any]) -> list[Phase]:
    """The phases in variables of these names, in order, as their roles wrote them down."""
    return [Phase(**phase) for name in lists for phase in variables[name]]


def invocation(task: t.Any) -> str:
    """The id of this batch: its tasks lie in one block, and each inclusion of the role makes a new one."""
    return f"{task._parent._uuid}"


def play_of(task: t.Any) -> t.Any:
    """The play that a task belongs to."""
    return task._parent._play


def withhold(task: t.Any, result: Values) -> Values:
    """The result, of which nothing is shown at any verbosity. Its own word is not heard by ansible-core before 2.16.13, the task's is."""
    task.no_log = True
    return {**result, "_ansible_no_log": True}


def host_values(task_vars: t.Mapping[str, t.Any], host: str) -> t.Mapping[str, t.Any]:
    """Another host's variables, registered ones included, as they are: templating them for every reader would grow quadratically."""
    values = task_vars["hostvars"].raw_get(host)
    return t.cast("t.Mapping[str, t.Any]", values)


def outcome_of(values: t.Mapping[str, t.Any], host: str) -> Values:
    """What became of a host in its last batch, from its variables: failed, changed and msg, and its shares of all phases so far in `results`.

    It is registered once for all hosts, as one object: a copy for each of them would make every task after it dearer.
    """
    outcome = ((values.get(BATCH) or {}).get("routers") or {}).get(host) or {}
    return t.cast(Values, outcome)


def renderer(templar: t.Any, values: t.Mapping[str, t.Any]) -> t.Callable[[t.Any], t.Any]:
    """Renders variables of another host in that host's scope."""
    own = templar.copy_with_new_env(available_variables=dict(values))
    return lambda value: value if value is None else own.template(value)
