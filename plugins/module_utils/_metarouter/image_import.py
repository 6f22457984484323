# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a MetaROUTER guest from an image, in a way that a killed run can be finished and no other guest is touched (private).

An item of /system script remembers the import while it lasts, and is its lock as well: RouterOS takes each name once. Imports of one board
go one after the other, as only so it can be told which guest came of which.
"""

from __future__ import annotations

import typing as t
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .._core.errors import GuestError, RefusedError, TrapError
from .._core.text import boolean
from .._core.waiting import wait_for
from .._routeros.api import Api
from .commands import name_guest
from .guest import VmSpec, VmState
from .import_record import (
    IMPORTED,
    IMPORTING,
    PREFIX,
    ImportRecord,
    as_imported,
    holds_image,
    left_by_import,
    parse_record,
    shown,
    strangers,
)
from .read import VM, observe

RECORDS: t.Final = "/system/script"
PATIENCE: t.Final = 30.0  # seconds after which an import that another run began counts as given up; not measured
SHOWS: t.Final = 30.0  # seconds that an imported guest may take to show; not measured
FIRST_LOOK: t.Final = 0.1  # seconds
SLOWEST_LOOK: t.Final = 1.0  # seconds
TAKEN: t.Final = ("already exists", "no such item")  # RouterOS's texts where another run added or removed the record

Say = t.Callable[[str], None]


@dataclass(frozen=True)
class Import:
    """One import. `described` are the names of all guests of this run; `timeout` is in seconds, for the import itself."""

    api: Api
    spec: VmSpec
    described: t.Collection[str]
    timeout: float
    say: Say


def import_guest(work: Import) -> tuple[str, list[str]]:
    """Import the image as a disabled guest and give it its name and sizes, from wherever an earlier run stopped. Its id, and warnings."""
    record = _claim(work)
    record, guest = _resume(work, record) or _import(work, record)
    warnings = name_guest(work.api, guest, work.spec)  # under its name it is whole
    _drop(work.api, record)
    return guest, warnings


def forget_imports(api: Api, guests: t.Collection[str], stage: str | None = None) -> None:
    """Drop the records of these guests, for example what a run left that was cut off at its very end."""
    for record in _records(api) if guests else ():
        if record.guest in guests and stage in (None, record.stage):
            _drop(api, record)


# The record


def _records(api: Api) -> list[ImportRecord]:
    """All imports of the board that did not end, in the order in which they began."""
    names = {row[".id"]: row["name"] for row in api.print(RECORDS, (".id", "name")) if row["name"].startswith(PREFIX)}
    rows = [row for item in names for row in api.print(RECORDS, (".id", "source"), f"?.id={item}")]
    return sorted((parse_record(names[row[".id"]], row.get("source", ""), row[".id"]) for row in rows), key=_place)


def _place(record: ImportRecord) -> int:
    return int(record.id.lstrip("*"), 16)


def _write(api: Api, record: ImportRecord, **changes: t.Any) -> ImportRecord:
    """The record with these changes, kept on the router too."""
    changed = replace(record, **changes)
    with _raced(record.guest):
        if record.id:
            api.set(RECORDS, record.id, {"source": changed.source})
            return changed
        return replace(changed, id=api.add(RECORDS, {"name": record.name, "source": changed.source}))


def _drop(api: Api, record: ImportRecord) -> None:
    """Whoever else finished the import dropped it too."""
    if any(row[".id"] == record.id for row in api.print(RECORDS, (".id",), f"?name={record.name}")):
        api.act(RECORDS, "remove", record.id)


@contextmanager
def _raced(guest: str) -> t.Iterator[None]:
    """A record that another run just made, or took over, says that it imports the same guest."""
    try:
        yield
    except TrapError as error:
        if not any(text in error.text for text in TAKEN):
            raise
        raise RefusedError(
            f"image: another run imports {guest} at the same time", found=error.text, remedy="Run again when it has ended"
        ) from error


def _claim(work: Import) -> ImportRecord:
    """This run's own record, once every import that began earlier has ended or nobody goes on with it."""
    api, name = work.api, work.spec.name
    _await(work, lambda record: record.guest == name)
    left = next((record for record in _records(api) if record.guest == name), ImportRecord(name))
    if left.id:
        with _raced(name):  # of two runs that waited, one can remove it
            api.act(RECORDS, "remove", left.id)
    record = _write(api, replace(left, id=""))
    _await(work, lambda other: other.guest != name and _place(other) < _place(record))
    if any(vm.name == name for vm in _guests(api)):
        _drop(api, record)
        raise RefusedError(f"another run made {name} meanwhile", remedy="Run again: what it did is found then")
    return record


def _await(work: Import, concerns: t.Callable[[ImportRecord], bool]) -> None:
    """Wait while such imports are under way, as far as one can see that of another run's."""

    def under_way() -> list[ImportRecord]:
        return [record for record in _records(work.api) if record.stage != IMPORTED and concerns(record)]

    begun = under_way()
    if begun:
        work.say(f"waiting for the import of {begun[0].guest} that another run began")
        wait_for(lambda: None if under_way() else True, PATIENCE, first=FIRST_LOOK, slowest=SLOWEST_LOOK)


# The import


def _resume(work: Import, record: ImportRecord) -> tuple[ImportRecord, str] | None:
    """The guest that an earlier run imported whole. What one left half-way is removed; what may be somebody's is not."""
    found = _guests(work.api)
    if record.stage == IMPORTED:
        guest = next((vm for vm in found if vm.id == record.imported), None)
        if guest is not None and not as_imported(record, guest):
            raise _unclear(record, [guest])
        return None if guest is None else (record, guest.id)
    if record.stage == IMPORTING:
        guest = left_by_import(record, found, work.described)
        if guest is not None and holds_image(guest):
            work.api.act(VM, "remove", guest.id)
        elif new := strangers(record, found, work.described):
            raise _unclear(record, new)
    return None


def _unclear(record: ImportRecord, found: t.Iterable[VmState]) -> RefusedError:
    return RefusedError(
        f"image: an import of {record.guest} was interrupted, and it cannot be told which guest came of it",
        wanted=f"only {record.expected_name} (disabled), as an import leaves it",
        found=shown(found),
        remedy=f"If none of these came of it, or whoever owns one keeps it, remove the item {record.name} of /system script and run again",
    )


def _import(work: Import, record: ImportRecord) -> tuple[ImportRecord, str]:
    api, spec = work.api, work.spec
    record = _write(api, record, stage=IMPORTING, before={vm.id: vm.name for vm in _guests(api)}, imported="")
    work.say(f"importing {spec.image_name}")
    arguments = {"file-name": spec.image_name or "", "memory-size": str(spec.new_memory), "enabled": boolean(False)}
    try:
        api.call(f"{VM}/import-image", arguments, timeout=work.timeout)
    except TrapError as error:
        _drop(api, record)
        raise GuestError(
            f"image: {spec.image_name} was not imported", found=error.text, remedy="See that the file is whole and made for MetaROUTER"
        ) from error
    guest = wait_for(lambda: left_by_import(record, _guests(api), work.described), SHOWS, first=FIRST_LOOK, slowest=SLOWEST_LOOK)
    if guest is None:
        raise _unclear(record, strangers(record, _guests(api), work.described))
    try:
        return _write(api, record, stage=IMPORTED, imported=guest.id), guest.id
    except RefusedError as error:
        remedy = f"Run again when it has ended, and remove {guest.name}, which came of this run's import"
        raise RefusedError(error.problem, found=shown([guest]), remedy=remedy) from error


def _guests(api: Api) -> list[VmState]:
    return list(observe(api, with_addresses=False)[0].values())
