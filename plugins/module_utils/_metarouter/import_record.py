# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a RouterBOARD remembers of an import that is under way, and which guest can have come of it (private, pure: no I/O).

import-image gives the new guest a name of its own choice, so a guest that a killed run left looks like one that somebody else just made.
Nothing is touched that could be somebody's: see `left_by_import`.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .guest import STOPPED, VmState

PREFIX: t.Final = "vrouter-import-"
WAITING: t.Final = "waiting"  # for imports that began earlier
IMPORTING: t.Final = "importing"
IMPORTED: t.Final = "imported"  # and its guest is known, but does not bear its own name yet
EMPTY: t.Final = 1024  # kiB; a guest that was made without an image uses less of its disk (manual's samples: 3 to 377), an imported one more (7383)
GIVEN_NAME: t.Final = re.compile(r"mr\d+")  # what RouterOS calls a guest that nobody named: mr1, mr2 ...


@dataclass(frozen=True)
class ImportRecord:
    """An import for `guest`; on the router, a script of nothing but comments. `before` has the names of the guests that stood then, by id."""

    guest: str
    stage: str = WAITING
    before: t.Mapping[str, str] = field(default_factory=dict)
    imported: str = ""  # the id of the guest that came of it
    id: str = ""  # of the item that holds this

    @property
    def name(self) -> str:
        return PREFIX + self.guest

    @property
    def source(self) -> str:
        stood = (f"# stood {item} {name}" for item, name in self.before.items())
        lines = (f"# vrouter.mikrotik imports an image for {self.guest}", f"# stage {self.stage}", *stood, f"# came {self.imported}")
        return "\n".join(lines)

    @property
    def expected_name(self) -> str:
        """What RouterOS calls the guest that comes of it: the first free of its own names."""
        taken = set(self.before.values())
        return next(name for name in (f"mr{number}" for number in range(1, len(taken) + 2)) if name not in taken)


def parse_record(name: str, source: str, item: str) -> ImportRecord:
    """A record from an item of /system script."""
    lines = [line.removeprefix("# ").partition(" ") for line in source.splitlines()]
    said = {key: value for key, dummy, value in lines}
    stood = (value.partition(" ") for key, dummy, value in lines if key == "stood")
    before = {guest: called for guest, dummy, called in stood}
    return ImportRecord(name.removeprefix(PREFIX), said.get("stage", WAITING), before, said.get("came", ""), item)


def left_by_import(record: ImportRecord, found: t.Iterable[VmState], described: t.Collection[str]) -> VmState | None:
    """The one guest that can only have come of this import: new since it began, as it leaves one, and no other new one is named by RouterOS.

    `described` are the guests of this run, which are no strangers.
    """
    named = [vm for vm in strangers(record, found, described) if GIVEN_NAME.fullmatch(vm.name)]
    return named[0] if len(named) == 1 and as_imported(record, named[0]) else None


def as_imported(record: ImportRecord, vm: VmState) -> bool:
    """Whether a guest is as an import leaves it: the very name, no mark, disabled, nothing wired."""
    untouched = not vm.ours and not vm.comment and not vm.interfaces
    return untouched and vm.name == record.expected_name and vm.disabled and vm.state in STOPPED


def holds_image(vm: VmState) -> bool:
    """Whether its disk holds more than that of a guest which somebody made empty."""
    return vm.used_disk is not None and vm.used_disk > EMPTY


def strangers(record: ImportRecord, found: t.Iterable[VmState], described: t.Collection[str]) -> list[VmState]:
    """The guests that are new since the import began, and nobody knows whose they are."""
    stood = {*record.before.values(), *described}
    return [vm for vm in found if vm.id not in record.before and vm.name not in stood and not vm.ours]


def shown(vms: t.Iterable[VmState]) -> str:
    """Guests in a message, with what tells an imported one from others."""
    return ", ".join(f"{vm.name} ({', '.join(_traits(vm))})" for vm in vms) or "no new guest"


def _traits(vm: VmState) -> t.Iterator[str]:
    yield vm.state
    if not holds_image(vm):
        yield "empty"
    if vm.ours:
        yield "with our mark"
    if vm.comment:
        yield f"commented {vm.comment}"
    if vm.interfaces:
        yield f"interfaces: {len(vm.interfaces)}"
