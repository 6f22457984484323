# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables in `tables/`: what a role's variables are called, and what no module says of them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from .documented import Options, drivers

FOLDER: t.Final = Path(__file__).parent / "tables"
SHARED: t.Final = "hypervisors"  # the table of what the roles on hypervisors share


@dataclass(frozen=True, eq=False)
class Take:
    """Options of a module that are variables of a role.

    option: the option whose suboptions are meant, with dots; empty: the module's own options.
    prefix: what their variables' names begin with, where `names` gives none. without: options that the role does not take.
    only: where given, the options that it takes. entry: the variable of the role that maps the options to the variables, if any.
    own: the same for the hypervisors' own suboptions, by driver. connection: the variable that holds a connection, made of the variables' values.
    """

    module: str
    option: str = ""
    prefix: str = ""
    names: t.Mapping[str, str] = field(default_factory=dict)
    without: t.Sequence[str] = ()
    only: t.Sequence[str] = ()
    entry: str = ""
    own: str = ""
    connection: str = ""

    def variable(self, option: str) -> str | None:
        """The name of the variable that holds an option; one with leading underscores is the role's own business."""
        if option in self.without or (self.only and option not in self.only):
            return None
        return self.names.get(option, f"{self.prefix}{option}")


@dataclass(frozen=True, eq=False)
class Role:
    """A role. changes: keys of its variables that differ from the module's (none: without it). adds: variables that no module has."""

    name: str
    short_description: str
    description: t.Sequence[str]
    on_hypervisors: bool = False
    takes: t.Sequence[Take] = ()
    changes: Options = field(default_factory=dict)
    adds: Options = field(default_factory=dict)


def roles() -> list[Role]:
    """Every role that has a table."""
    return [_read(path) for path in sorted(FOLDER.glob("*.yml")) if path.stem != SHARED]


def hypervisors() -> Role:
    """What the roles on hypervisors share, as if it were a role; the connections of the drivers are taken."""
    shared = _read(FOLDER / f"{SHARED}.yml")
    adds = {**shared.adds, "chr_hypervisor": {**shared.adds["chr_hypervisor"], "choices": drivers()}}
    takes = [Take("chr_guest", driver, f"chr_{driver}_", connection=driver) for driver in drivers()]
    return replace(shared, takes=[*takes, *shared.takes], adds=adds)


def _read(path: Path) -> Role:
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Role(path.stem, **{**table, "takes": [Take(**take) for take in table.get("takes", [])]})
