# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What first boot keeps on the router, as items of `/system script` whose sources are comments (private, pure).

- The record decides whether first boot happened: whose it was (the guest's UUID) and what was set, field by field and without secrets.
  Where no text comes back it can only be asked about: whether it is this guest's, and whether it has this content.
- The hold is there while a first-boot script runs. Names of scripts are unique, so adding it is how one of two runs gets to be the only one.
  One that outlives its script's time was left by a run that was cut off, and is marked so.
- Each of the user's own scripts has an item that is made before its source runs and says how it ended.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field

from .._core.text import quote
from .._routeros.statements import find, pairs, script_item
from .wanted import FirstBoot, content_hash, fields_hash, script_digest

RECORD: t.Final = "vrouter-first-boot"
HOLD: t.Final = "vrouter-first-boot-runs"
SCRIPT_ITEM: t.Final = "vrouter-script-"
READ_LINE: t.Final = "vrouter.mikrotik: record read"
BEGUN: t.Final = "begun"  # it runs, or was cut off: how it ended is not known
DONE: t.Final = "done"
FAILED: t.Final = "failed"

_RECORD: t.Final = re.compile(r"# vrouter\.mikrotik uuid=(\S+) content=([0-9a-f]+) set=(\{.*\})")
_HOLD: t.Final = re.compile(r"# vrouter\.mikrotik (run|cut)=(\S+)")
_SCRIPT: t.Final = re.compile(r"# vrouter\.mikrotik content=[0-9a-f]+ state=(\w+) run=(\S+)")


@dataclass(frozen=True)
class Record:
    """A first boot that came to its end. `settings` as `wanted.settings` gives them.

    A record that is not `whole` was asked about and not read: its content is empty where it is none that was asked about, and of its settings
    only the scripts are known whose text was another one.
    """

    uuid: str
    content: str
    settings: t.Mapping[str, str]
    whole: bool = True


@dataclass(frozen=True)
class ScriptItem:
    """One of the user's own scripts: how it stands, and the run that took it."""

    state: str
    run: str


@dataclass(frozen=True)
class Hold:
    """A run's hold, known by that run, or by a tag that was put on it where its run could not be read."""

    name: str
    tagged: bool = False

    @property
    def where(self) -> str:
        if self.tagged:
            return f"{pairs(name=HOLD)} && comment~{quote(self.name)}"
        sources = " || ".join(pairs(source=_hold_source(word, self.name)) for word in ("run", "cut"))
        return f"{pairs(name=HOLD)} && ({sources})"


@dataclass(frozen=True)
class Kept:
    """All that first boot keeps on one router. `hold` is that of the run that is at work there; `cut` that of one that was cut off."""

    record: Record | None = None
    hold: Hold | None = None
    cut: Hold | None = None
    scripts: t.Mapping[str, ScriptItem] = field(default_factory=dict)

    def unknown_scripts(self) -> list[str]:
        """The user's scripts that began and of which nobody knows how they ended. Only to be asked while no other run is at work."""
        return [name for name, item in self.scripts.items() if item.state == BEGUN]


def item(name: str) -> str:
    """RouterOS's expression for the item of that name."""
    return find("/system script", pairs(name=name))


def take(run: str, cut: Hold | None) -> t.Iterator[str]:
    """Statements that end the script with an error where another run is at work; `cut` is one that was cut off."""
    if cut is not None:
        yield release(cut)
    yield f"/system script add {pairs(name=HOLD, source=_hold_source('run', run))}"


def _hold_source(word: str, run: str) -> str:
    return f"# vrouter.mikrotik {word}={run}"


def release(hold: Hold) -> str:
    """A statement that ends a hold, and no other's."""
    return f"/system script remove [find where {hold.where}]"


def mark_cut(hold: Hold) -> str:
    """A statement that says of a hold that its run was cut off. The run stays named: one that is only slow ends its hold itself."""
    run = f"[:pick [/system script get $item source] {len(_hold_source('run', ''))} 100]"
    source = f"({quote(_hold_source('cut', ''))} . {run})"
    at_work = find("/system script", f"{hold.where} && {held('run')}")
    return f":foreach item in={at_work} do={{/system script set $item source={source}}}"


def put_tag(name: str) -> str:
    """A statement that puts a tag on the hold that is there, beside the tags of others who wait for its end."""
    comment = f'([/system script get $item comment] . {quote(" " + name)})'
    return f":foreach item in={item(HOLD)} do={{/system script set $item comment={comment}}}"


def held(words: str = "run|cut") -> str:
    """The condition for a hold of a run that is at work, or was cut off."""
    return f"{pairs(name=HOLD)} && source~{quote(f'^# vrouter.mikrotik ({words})=')}"


def recorded(guest_uuid: str, content: str = "[0-9a-f]*") -> str:
    """The condition for a record of this guest, with this content."""
    return f"{pairs(name=RECORD)} && source~{quote(f'^# vrouter.mikrotik uuid={guest_uuid} content={content} ')}"


def with_fields(settings: t.Mapping[str, str]) -> str:
    """A further condition: but for the user's own scripts, that was set."""
    return f" && {pairs(comment=_fields(settings))}"


def recorded_setting(pattern: str) -> str:
    """The condition for a record, whosever it is, of which a setting matches, as JSON."""
    return f"{pairs(name=RECORD)} && source~{quote(pattern)}"


def stands(name: str, state: str, also: str = "") -> str:
    """The condition for one of the user's own scripts that stands so."""
    return f"{pairs(name=SCRIPT_ITEM + name)} && source~{quote(f' state={state} ')}{also}"


def run_by(run: str) -> str:
    """A further condition: it was that run that took the script."""
    return f" && source~{quote(f' run={run}$')}"


def of_other_text(wanted: FirstBoot, entry: t.Mapping[str, t.Any]) -> str:
    """A further condition: the script's text was another one than it is now."""
    return f" && !(source~{quote(f' content={script_digest(wanted, entry)} ')})"


def write_record(settings: t.Mapping[str, str], guest_uuid: str) -> str:
    """The statement that says that first boot has happened, and with which settings."""
    kept = json.dumps(settings, separators=(",", ":"))
    source = f"# vrouter.mikrotik uuid={guest_uuid} content={content_hash(settings)} set={kept}"
    return script_item(RECORD, source, comment=_fields(settings))


def _fields(settings: t.Mapping[str, str]) -> str:
    return f"vrouter.mikrotik: fields={fields_hash(settings)}"


def write_script(wanted: FirstBoot, entry: t.Mapping[str, t.Any], state: str, run: str) -> str:
    """The statement that says how one of the user's own scripts stands."""
    return script_item(SCRIPT_ITEM + entry["name"], f"# vrouter.mikrotik content={script_digest(wanted, entry)} state={state} run={run}")


def read_script(wanted: FirstBoot) -> str:
    """A script that prints all items, a line each, and only reads."""
    names = [RECORD, HOLD, *(SCRIPT_ITEM + entry["name"] for entry in wanted.scripts)]
    lines = [f":foreach item in={item(name)} do={{:put ({quote(name + ' ')} . [/system script get $item source])}}" for name in names]
    return "\n".join([*lines, f":put {quote(READ_LINE)}"]) + "\n"


def parse(output: str) -> Kept:
    """What that script printed. An item that is not ours, or broken, counts as not there."""
    found = dict(line.strip().split(" ", 1) for line in output.splitlines() if " " in line.strip())
    hold = _HOLD.fullmatch(found.get(HOLD, ""))
    scripts = {name.removeprefix(SCRIPT_ITEM): _SCRIPT.fullmatch(source) for name, source in found.items() if name.startswith(SCRIPT_ITEM)}
    items = {name: ScriptItem(match[1], match[2]) for name, match in scripts.items() if match}
    holds = {hold[1]: Hold(hold[2])} if hold else {}
    return Kept(_record(found.get(RECORD, "")), holds.get("run"), holds.get("cut"), items)


def _record(source: str) -> Record | None:
    match = _RECORD.fullmatch(source)
    if match is None:
        return None
    try:
        return Record(match[1], match[2], json.loads(match[3]))
    except ValueError:
        return None
