# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and files for many routers: side by side over guests, in order within one (private)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .._core.batch import Outcome, Progress
from .._core.changes import Change
from .._core.errors import InputError
from .._core.local_files import read_text
from .._core.text import quote
from .._routeros.script import Script, ScriptResult, holds, run
from .._routeros.way import Runner, Way
from .enter import RunOptions, each_guest, needs_text
from .files import check_flat
from .hypervisor import Hypervisor

WOULD_RUN: t.Final = "would run"
NOT_PREDICTED: t.Final = "not predicted: unless cannot be asked before the router runs"
GIVE_SOURCE: t.Final = "Give the script itself with source or src, or import the file over the API or SSH"
IMPORTED: t.Final = "Script file loaded and executed successfully"  # /import reports failures as text and still exits 0


@dataclass(frozen=True)
class Job:
    """One script for one guest; `read_only` ones also run in check mode."""

    guest: str
    script: Script
    read_only: bool = False


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


def run_scripts(hypervisor: Hypervisor, jobs: t.Sequence[Job], options: RunOptions, progress: Progress) -> dict[str, Outcome]:
    """Run every guest's scripts in their order; the first that fails ends that guest's list."""

    def act(way: Way | None, job: Job) -> tuple[dict[str, t.Any], Change | None]:
        script = job.script
        if way is not None and (not options.check_mode or job.read_only):
            progress(job.guest, f"running {script.name}")
            result = run(way, script)
        else:
            result = predict(way, script)
        if job.read_only:
            result = replace(result, changed=False)
        change = Change(f"scripts.{script.name}", "not run", "run") if result.changed else None
        return result.as_dict(), change

    return each_guest(hypervisor, jobs, options, progress, "scripts", act, refuse)


def refuse(way: Way, job: Job) -> None:
    """Raise UnsupportedError for a script of which text is wanted where none comes back."""
    name = f"script {job.script.name}"
    if job.script.marker == IMPORTED:
        needs_text(f"{name}: how an /import ended", GIVE_SOURCE)(way)
    elif job.script.marker is not None:
        needs_text(f"{name}: its marker")(way)
    elif job.read_only:
        needs_text(f"{name}: what a read_only script prints")(way)


def predict(way: Runner | None, script: Script) -> ScriptResult:
    """What check mode says of a script: its guard is asked where the router runs. Where it cannot be asked, nothing is predicted."""
    if script.unless is not None and way is None:
        return ScriptResult(script.name, ran=False, changed=False, transport="none", output=NOT_PREDICTED)
    if script.unless is not None and way is not None and holds(way, script.unless):
        return ScriptResult(script.name, ran=False, changed=False, transport=way.name)
    return ScriptResult(script.name, ran=False, changed=True, transport="none", output=WOULD_RUN)
