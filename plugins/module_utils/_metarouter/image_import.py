# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a MetaROUTER guest from an image, in a way that a killed run can be finished (private).

import-image gives the new guest a name of its own choice (mr1, mr2 ...), so a run that ends before the renaming leaves a guest that nobody
can tell from another. A record on the router, kept while the import lasts, says which guests were there before. It is an item of
/system script whose source is nothing but comments.
"""

from __future__ import annotations

import tarfile
import typing as t

from .._core.errors import GuestError, InputError
from .._core.text import boolean
from .._routeros.api import Api, Row
from .commands import mark_guest, words
from .guest import STOPPED, VmSpec
from .read import VM, state_of

RECORDS: t.Final = "/system/script"
BEGUN: t.Final = "import begun"
DONE: t.Final = "import done"
ELF: t.Final = b"\x7fELF"
MACHINES: t.Final = {8: "mips", 20: "powerpc"}  # ELF's e_machine
HEADER: t.Final = 20  # bytes of an ELF file up to e_machine
LOOKED_AT: t.Final = 500  # files of an image; its programs come early

Say = t.Callable[[str], None]


def import_guest(api: Api, spec: VmSpec, timeout: float, say: Say) -> list[str]:
    """Import the image as a disabled guest and give it its name and sizes, from wherever an earlier run stopped. Returns warnings."""
    guest = _imported(api, spec) or _import(api, spec, timeout, say)
    values: dict[str, t.Any] = {"name": spec.name, "memory_size": spec.new_memory}
    if spec.disk_size is not None:
        values["disk_size"] = spec.disk_size
    warnings = mark_guest(api, guest, spec, spec.comment or "")
    api.set(VM, guest, words(values))  # renamed last: under its name it is whole
    for row in _records(api, spec):
        api.act(RECORDS, "remove", row[".id"])
    return warnings


def _name(spec: VmSpec) -> str:
    return f"vrouter-import-{spec.name}"


def _records(api: Api, spec: VmSpec) -> list[Row]:
    return api.print(RECORDS, (".id", "source"), f"?name={_name(spec)}")


def _imported(api: Api, spec: VmSpec) -> str | None:
    """The id of the guest that an earlier run imported whole. What one left half-way is removed."""
    for record in _records(api, spec):
        stage, *before = [line.removeprefix("# ") for line in record.get("source", "").splitlines()]
        left = [row for row in _guests(api) if row["name"] not in before]
        if len(left) > 1:
            raise GuestError(
                f"image: an earlier import of {spec.name} was interrupted, and it cannot be told which guest came of it",
                found=", ".join(row["name"] for row in left),
                remedy=f"Remove it, and the item {_name(spec)} of /system script",
            )
        if left and stage == DONE:
            return left[0][".id"]
        for row in left:
            if state_of(row) not in STOPPED:
                raise GuestError(f"image: guest {row['name']} of an interrupted import runs", remedy="Shut it down and run again")
            api.act(VM, "remove", row[".id"])
    return None


def _import(api: Api, spec: VmSpec, timeout: float, say: Say) -> str:
    before = [row["name"] for row in _guests(api)]
    _keep_record(api, spec, BEGUN, before)
    say(f"importing {spec.image_name}")
    api.call(
        f"{VM}/import-image",
        {"file-name": spec.image_name or "", "memory-size": str(spec.new_memory), "enabled": boolean(False)},
        timeout=timeout,
    )
    new = [row for row in _guests(api) if row["name"] not in before]
    if len(new) != 1:
        found = ", ".join(row["name"] for row in new) or "no new guest"
        raise GuestError(f"image: {spec.image_name} was imported, and no guest can be told to come of it", found=found, remedy="Run again")
    _keep_record(api, spec, DONE, before)
    return new[0][".id"]


def _keep_record(api: Api, spec: VmSpec, stage: str, before: list[str]) -> None:
    source = "\n".join(f"# {line}" for line in (stage, *before))
    records = _records(api, spec)
    if records:
        api.set(RECORDS, records[0][".id"], {"source": source})
    else:
        api.add(RECORDS, {"name": _name(spec), "source": source})


def _guests(api: Api) -> list[Row]:
    return api.print(VM, (".id", "name", "state", "disabled"))


def local_architecture(path: str) -> str | None:
    """`mips` or `powerpc` of a local image: what its first program is built for. Raises InputError for what is no image."""
    try:
        with tarfile.open(path) as archive:
            for number, member in enumerate(archive):
                head = _head(archive, member)
                if head.startswith(ELF):
                    return MACHINES.get(int.from_bytes(head[18:20], "big" if head[5] == 2 else "little"))
                if number > LOOKED_AT:
                    break
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"image_src: {path} is no image", found=str(error), wanted="a tar archive of a root file system") from error
    return None


def _head(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isfile() else None
    return stream.read(HEADER) if stream is not None else b""
