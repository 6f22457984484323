# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting at what first boot keeps on a router: read as text where text comes back, else asked question by question (private)."""

from __future__ import annotations

import secrets
import typing as t

from .._routeros.script import Script, insist, probe, run
from .._routeros.statements import exists
from .._routeros.way import Runner
from . import record
from .record import BEGUN, DONE, Hold, Kept, Record, ScriptItem
from .wanted import FirstBoot, content_hash, reachable, settings

READING: t.Final = 30.0  # seconds that RouterOS may take for a script that only reads
AGAIN: t.Final = "Run again: what is already done is skipped"
OTHER_TEXT: t.Final = "another text"  # of a script; which one cannot be read


class Keeper(t.Protocol):
    """The records of one router."""

    def read(self, own: str | None = None) -> Kept:
        """What first boot keeps on the router; `own` is the run that is looking, where it has begun."""


class Reader:
    """All of it in one script."""

    def __init__(self, way: Runner, wanted: FirstBoot) -> None:
        self._way = way
        self._wanted = wanted
        self._script = Script("first boot record", record.read_script(wanted), READING, marker=record.READ_LINE, remedy=AGAIN)

    def read(self, own: str | None = None) -> Kept:
        return record.parse(insist(self._way, lambda: run(self._way, self._script).output, self._wanted.timeout))


class Asker:
    """The same by probes, the likeliest first: a router that stands as described takes one.

    The run that another hold belongs to cannot be read. So the hold gets a tag, by which it is known again; not in check mode, which writes
    nothing.
    """

    def __init__(self, way: Runner, wanted: FirstBoot, guest_uuid: str, check_mode: bool) -> None:
        self._way = way
        self._wanted = wanted
        self._uuid = guest_uuid
        self._check_mode = check_mode
        self._tag = ""

    def read(self, own: str | None = None) -> Kept:
        described = content_hash(settings(self._wanted))
        if self._is(f"{_any(record.recorded(self._uuid, described))} && !({_any(record.held())})"):
            return Kept(Record(self._uuid, described, {}, whole=False))
        hold = self._hold("run", own)
        if hold not in (None, Hold(own or "")) and not self._check_mode:
            return Kept(hold=hold)  # what else is there is about to change
        return Kept(self._record(described), hold, self._hold("cut"), self._scripts(own))

    def _hold(self, word: str, own: str | None = None) -> Hold | None:
        if not self._is(_any(record.held(word)), expected=False):
            return None
        if own is not None and self._is(_any(Hold(own).where)):
            return Hold(own)
        if not self._check_mode and not (self._tag and self._is(_any(Hold(self._tag, tagged=True).where))):
            self._tag = secrets.token_hex(4)
            note = Script("first boot that another run began", record.put_tag(self._tag), READING, remedy=AGAIN)
            insist(self._way, lambda: run(self._way, note), self._wanted.timeout)
        return Hold(self._tag, tagged=True)

    def _record(self, described: str) -> Record | None:
        if not self._is(_any(record.recorded(self._uuid)), expected=False):
            return None
        if self._is(_any(record.recorded(self._uuid, described)), expected=False):
            return Record(self._uuid, described, {}, whole=False)
        others = {f"scripts.{entry['name']}": OTHER_TEXT for entry in self._wanted.scripts if self._has_other_text(entry)}
        content = content_hash(reachable(self._wanted, others)) if others and self._differs_in_scripts_alone() else ""
        return Record(self._uuid, content, others, whole=False)

    def _has_other_text(self, entry: t.Mapping[str, t.Any]) -> bool:
        return self._is(_any(record.stands(entry["name"], DONE, record.of_other_text(self._wanted, entry))), expected=False)

    def _differs_in_scripts_alone(self) -> bool:
        """Whether only scripts differ, all of which ran and none of which is to run again."""
        names = [entry["name"] for entry in self._wanted.scripts]
        if set(names) & set(self._wanted.scripts_again):
            return False
        all_ran = " && ".join(f"({_any(record.stands(name, DONE))})" for name in names)
        same = _any(record.recorded(self._uuid) + record.with_fields(settings(self._wanted)))
        return self._is(f"({same}) && {all_ran}")

    def _scripts(self, own: str | None) -> dict[str, ScriptItem]:
        """The user's scripts that began and did not end, and whether it was this run that took them."""
        begun = [entry["name"] for entry in self._wanted.scripts if self._is(_any(record.stands(entry["name"], BEGUN)), expected=False)]
        mine = {name for name in begun if own is not None and self._is(_any(record.stands(name, BEGUN, record.run_by(own))))}
        return {name: ScriptItem(BEGUN, own or "" if name in mine else "") for name in begun}

    def _is(self, expression: str, *, expected: bool = True) -> bool:
        patience = self._wanted.timeout
        return insist(self._way, lambda: probe(self._way, expression, expected=expected, patience=patience), patience)


def _any(condition: str) -> str:
    return exists("/system script", condition)
