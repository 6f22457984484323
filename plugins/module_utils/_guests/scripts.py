# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and files for many routers: side by side over guests, in order within one (private)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._core.changes import Change, Outcome, run_batch
from .._core.errors import GuestError, InputError, RouterError
from .._core.text import quote
from .._routeros.script import Runner, Script, ScriptResult, Transport, holds, run
from .guest import GuestState
from .hypervisor import NOTHING_PLANNED, Hypervisor, Planned, Progress

IMPORTED: t.Final = "Script file loaded and executed successfully"  # /import reports failures as text and still exits 0
FLAT: t.Final = re.compile(r"[^/\\]{1,255}")  # CHR's agent takes no folders (measured)


@dataclass(frozen=True)
class Job:
    """One script for one guest; `read_only` ones also run in check mode."""

    guest: str
    script: Script
    read_only: bool = False


@dataclass(frozen=True)
class File:
    """One file on one guest: to be written with `content`, or, without, to be fetched to `dest`."""

    guest: str
    name: str
    content: bytes | None = None
    dest: Path | None = None


@dataclass(frozen=True)
class Batch:
    """How a batch of work inside routers is run."""

    check_mode: bool
    agent_timeout: float  # seconds that a router's agent may take to open its channel
    concurrency: int
    planned: Planned = NOTHING_PLANNED  # made by earlier tasks of a check-mode run


Item = t.TypeVar("Item", Job, File)


def parse_script(options: t.Mapping[str, t.Any], number: int) -> Job:
    """A Job from one entry of the module's `scripts`. Raises InputError."""
    marker = options.get("marker")
    if options.get("guest_file") is not None:
        check_flat(options["guest_file"], "guest_file")
        source, marker = f"/import file-name={quote(options['guest_file'])}", IMPORTED
    elif options.get("src") is not None:
        source = read_text(options["src"], "src")
    else:
        source = options["source"]
    if options["timeout"] <= 0:
        raise InputError(f"timeout: {options['timeout']} s is not above 0")
    name = options.get("name") or f"script {number}"
    script = Script(name, source, float(options["timeout"]), options.get("unless"), marker)
    return Job(options["guest"], script, options["read_only"])


def parse_file(options: t.Mapping[str, t.Any]) -> File:
    """A File from one entry of the module's `files`. Raises InputError."""
    check_flat(options["name"], "name")
    if options.get("dest") is not None:
        return File(options["guest"], options["name"], dest=Path(options["dest"]))
    content = read_local(options["src"], "src") if options.get("src") is not None else options["content"].encode()
    return File(options["guest"], options["name"], content)


def check_flat(name: str, option: str) -> None:
    """Raise InputError for a file name that CHR's agent refuses."""
    if not FLAT.fullmatch(name):
        raise InputError(f"{option}: {name!r} holds a folder", remedy="CHR's guest agent takes flat names only, for example setup.rsc")


def read_local(path: str, option: str) -> bytes:
    """The content of a file on the machine that runs the module. Raises InputError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{option}: {path} cannot be read", found=error.strerror or str(error), remedy="Check the path") from error


def read_text(path: str, option: str) -> str:
    """The text of a file on the machine that runs the module. Raises InputError."""
    try:
        return read_local(path, option).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{option}: {path} is no UTF-8 text", found=f"byte {error.start}", remedy="Save it as UTF-8") from error


def run_scripts(hypervisor: Hypervisor, jobs: t.Sequence[Job], batch: Batch, progress: Progress) -> dict[str, Outcome]:
    """Run every guest's scripts in their order; the first that fails ends that guest's list."""

    def act(transport: Transport | None, job: Job) -> tuple[dict[str, t.Any], Change | None]:
        script = job.script
        if transport is not None and (not batch.check_mode or job.read_only):
            progress(job.guest, f"running {script.name}")
            result = run(transport, script)
        else:
            result = predict(transport, script)
        change = Change(f"scripts.{script.name}", "not run", "run") if result.changed and not job.read_only else None
        return result.as_dict(), change

    return _each_guest(hypervisor, jobs, batch, progress, "scripts", act)


def predict(transport: Runner | None, script: Script) -> ScriptResult:
    """What check mode says of a script: its guard is asked where the router runs, else it would run."""
    if transport is not None and script.unless is not None and holds(transport, script.unless):
        return ScriptResult(script.name, ran=False, changed=False, transport=transport.name)
    return ScriptResult(script.name, ran=False, changed=True, transport="none", output="would run")


def transfer_files(hypervisor: Hypervisor, files: t.Sequence[File], batch: Batch, progress: Progress) -> dict[str, Outcome]:
    """Put and fetch every guest's files; only what differs is written, and what was written is read back."""

    def act(transport: Transport | None, file: File) -> tuple[dict[str, t.Any], Change | None]:
        there = None if transport is None else read_router_file(transport, file.name)
        progress(file.guest, f"file {file.name}")
        if file.content is None:
            return _fetch(file, there, batch.check_mode)
        change = None if there == file.content else Change(f"files.{file.name}", _size(there), _size(file.content))
        if change is not None and transport is not None and not batch.check_mode:
            transport.write_file(file.name, file.content)
            if read_router_file(transport, file.name) != file.content:
                raise GuestError(f"file {file.name}: what was read back differs", remedy="Check the router's free space and run again")
        return {"name": file.name, "size": len(file.content), "changed": change is not None}, change

    return _each_guest(hypervisor, files, batch, progress, "files", act)


def read_router_file(transport: Transport, name: str) -> bytes | None:
    """A file's content, or None where the router has none of that name."""
    if not holds(transport, f"[:len [/file find where name={quote(name)}]] > 0"):
        return None
    return transport.read_file(name)


def _fetch(file: File, there: bytes | None, check_mode: bool) -> tuple[dict[str, t.Any], Change | None]:
    dest = t.cast(Path, file.dest)
    if there is None:
        if check_mode:
            return {"name": file.name, "changed": True}, Change(f"files.{file.name}", None, str(dest))
        raise GuestError(f"file {file.name} does not exist on the router", remedy="Look at /file on the router")
    have = dest.read_bytes() if dest.is_file() else None
    change = None if have == there else Change(f"files.{file.name}", _size(have), _size(there))
    if change is not None and not check_mode:
        part = dest.with_name(dest.name + ".part")
        try:
            part.write_bytes(there)
            part.replace(dest)
        except OSError as error:
            raise InputError(f"dest: {dest} cannot be written", found=error.strerror or str(error)) from error
    return {"name": file.name, "size": len(there), "changed": change is not None}, change


def _size(content: bytes | None) -> str | None:
    return None if content is None else f"{len(content)} bytes"


def _each_guest(
    hypervisor: Hypervisor,
    items: t.Sequence[Item],
    batch: Batch,
    progress: Progress,
    what: str,
    act: t.Callable[[Transport | None, Item], tuple[dict[str, t.Any], Change | None]],
) -> dict[str, Outcome]:
    guests: dict[str, list[Item]] = {}
    for item in items:
        guests.setdefault(item.guest, []).append(item)
    found = hypervisor.observe(guests)

    def work(name: str) -> t.Callable[[], Outcome]:
        def go() -> Outcome:
            done: list[dict[str, t.Any]] = []
            changes: list[Change] = []
            error: RouterError | None = None
            try:
                transport = open_transport(hypervisor, name, found.get(name), batch, progress)
                for item in guests[name]:
                    entry, change = act(transport, item)
                    done.append(entry)
                    changes += [change] if change else []
            except RouterError as caught:
                error = caught
            return Outcome(name, tuple(changes), {what: done}, error=error)

        return go

    return run_batch({name: work(name) for name in guests}, batch.concurrency)


def open_transport(
    hypervisor: Hypervisor, name: str, guest: GuestState | None, batch: Batch, progress: Progress
) -> Transport | None:
    """The way into the router; None in check mode where it does not run, or would only be made."""
    if guest is None or guest.power != "running":
        if batch.check_mode and (guest is not None or name in batch.planned.guests):
            return None
        if guest is None:
            raise GuestError("the guest does not exist", remedy="Create it with chr_guest first")
        raise GuestError(f"the guest is {guest.power}", remedy="Start it with chr_guest first")
    if guest.mark is None:
        raise GuestError("the guest is not ours", remedy="Only guests that bear the mark of vrouter.mikrotik are entered")
    transport = hypervisor.transport(guest)
    if not guest.agent_connected:
        if batch.check_mode:
            return None
        progress(name, "waiting for its guest agent")
        transport.wait(batch.agent_timeout)
    return transport
