# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a role, and which module option each of them holds."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from .documented import Option, Options, drivers, options_of, ordered
from .table import Role, Take, hypervisors
from .tree import Tree

Entry = dict[str, str]  # option: variable

REFERENCE: t.Final = re.compile(r"\bO\((?P<option>[\w.\[\]]+)(?P<value>=[^)]*)?\)")


@dataclass(frozen=True)
class Item:
    """One option and its variable."""

    module: str
    path: str  # as descriptions name the option: guests[].memory
    name: str  # in an entry: memory
    variable: str
    option: Option
    driver: str = ""  # whose own word it is


@dataclass(frozen=True)
class Variables:
    """What a role takes.

    options: what its argument specification says of each variable. entries: the mappings of options to variables that it hands to its modules;
    own: those by driver. connections: the same for connections, which it hands over as values.
    """

    options: Options
    entries: dict[str, Entry]
    own: dict[str, dict[str, Entry]]
    connections: dict[str, Entry]


def variables_of(tree: Tree, role: Role) -> Variables:
    """Everything that a role takes. Raises ValueError for a table, or a description, that leads to nothing."""
    parts = [hypervisors(), role] if role.on_hypervisors else [role]
    changes = {name: option for part in parts for name, option in part.changes.items()}
    found = {take: _follow(tree, take) for part in parts for take in part.takes}
    items = [item for taken in found.values() for item in taken]
    options: Options = {}
    for item in items:
        if item.variable not in options and not item.variable.startswith("__"):
            options[item.variable] = _changed(_as_variable(item, items), changes.get(item.variable, {}))
    _check_changes(parts, options)
    for part in parts:
        options.update({name: ordered({"type": "str", **option}) for name, option in part.adds.items()})
    _check_references(role, options)
    return Variables(
        options,
        entries={take.entry: _entry(found[take]) for take in role.takes if take.entry},
        own={take.own: {driver: _entry(found[take], driver) for driver in drivers()} for take in role.takes if take.own},
        connections={take.connection: _entry(found[take]) for take in role.takes if take.connection},
    )


def _entry(items: t.Iterable[Item], driver: str = "") -> Entry:
    return {item.name: item.variable for item in items if item.driver == driver}


def _follow(tree: Tree, take: Take) -> list[Item]:
    """The items of one take. A driver's own suboptions of a guest are variables of their own: chr_libvirt_machine."""
    options, path = options_of(tree, take.module), ""
    for name in filter(None, take.option.split(".")):
        path += f"{name}[]." if options[name]["type"] == "list" else f"{name}."
        options = options[name]["options"]
    items: list[Item] = []
    for name, option in options.items():
        variable = take.variable(name)
        if variable and take.own and name in drivers():
            nested = _follow(tree, Take(take.module, f"{take.option}.{name}", f"chr_{name}_"))
            items += [replace(item, name=f"{name}.{item.name}", driver=name) for item in nested]
        elif variable:
            items.append(Item(take.module, path + name, name, variable, option))
    return items


def _as_variable(item: Item, items: t.Sequence[Item]) -> Option:
    """An option as a role's variable. Whether it must be given is the module's to say: most have a default, or belong to one hypervisor."""
    known = {other.path: other.variable for other in items if other.module == item.module}
    option = {key: value for key, value in item.option.items() if key != "required"}
    return dict(_in_variables(option, known))


def _in_variables(value: t.Any, known: t.Mapping[str, str]) -> t.Any:
    """Descriptions, of suboptions too, in the words of the role's user: O(guests[].memory) is O(chr_memory)."""
    if isinstance(value, dict):
        return {key: _in_variables(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_variables(item, known) for item in value]
    return REFERENCE.sub(lambda match: _reference(match, known), value) if isinstance(value, str) else value


def _reference(match: re.Match[str], known: t.Mapping[str, str]) -> str:
    """A mention of an option, or of a suboption of one that a variable holds. Others stay as they are."""
    words = match["option"].split(".")
    for count in range(len(words), 0, -1):
        place = ".".join(words[:count]).removesuffix("[]")
        if place in known:
            return f"O({known[place]}{match['option'].removeprefix(place)}{match['value'] or ''})"
    return match[0]


def _check_changes(parts: t.Iterable[Role], taken: Options) -> None:
    """A table changes only what is taken. Raises ValueError."""
    for part in parts:
        for name in part.changes:
            if name not in taken:
                raise ValueError(f"tables/{part.name}.yml: changes.{name}: no option that this role takes is this variable.")


def _check_references(role: Role, options: Options) -> None:
    """Descriptions mention variables of the role alone. Raises ValueError."""
    for name, option in options.items():
        for match in REFERENCE.finditer(str(option)):
            if re.split(r"[.\[]", match["option"])[0] not in options:
                raise ValueError(f"roles/{role.name}: what is said of {name} mentions {match[0]}, which is no variable of this role.")


def _changed(option: Option, changes: Option) -> Option:
    """An option with keys that differ, in suboptions too; none takes a key away."""
    result = dict(option)
    for key, value in changes.items():
        result[key] = _changed(option.get(key, {}), value) if isinstance(value, dict) else value
    return {key: value for key, value in result.items() if value is not None}
