# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ways to a router's licence: its API, and its hypervisor's guest agent, which needs no address (private).

renew is a stream of statuses on both: rows over the API, lines `status: ...` in a script's output.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._core.errors import GuestError, LostError, RouterError, TrapError
from .._core.text import quote
from .._routeros.api import Api
from .._routeros.script import EXIT_DONE, EXIT_FAILED, follow
from .._routeros.statements import script_item
from .._routeros.way import Ended, Way

MENU: t.Final = "/system/license"
READ_TIMEOUT: t.Final = 30.0  # seconds
NOTE: t.Final = "vrouter-license"  # an item of /system/script; its source is a comment
STATUS: t.Final = re.compile(r"^\s*status: *(.*?)\s*$", re.MULTILINE)
FIELD: t.Final = re.compile(r"^\s*([a-z][a-z0-9-]*): *(.*?)\s*$", re.MULTILINE)
MARKER: t.Final = "vrouter.mikrotik: license end"


@dataclass(frozen=True)
class Reading:
    """What the router shows: its licence's properties and its clock."""

    license: dict[str, str]
    clock: str
    note: str = ""  # as written by `note`


@dataclass(frozen=True)
class Network:
    """What speaks for the router's reaching the account server; neither proves anything (a route may be 0.0.0.0/1, a resolver DoH)."""

    routes: int  # active default routes
    dns: str  # the resolvers that it knows, empty for none


class LicenseDoor(t.Protocol):
    """One way to one router's licence."""

    def read(self) -> Reading:
        """Everything that decisions need, in as few exchanges as the way allows. Never asks for routes: there may be a million."""

    def network(self) -> Network:
        """Only for a router that is to ask the account server."""

    def generate_new_id(self) -> None:
        """Ask for a new system-id; whether it came is seen by reading again."""

    def renew(self, account: str, password: str, level: str | None, timeout: float) -> list[str]:
        """The statuses that came within so many seconds, in order; the last one decides."""

    def note(self, text: str) -> None:
        """Keep a comment on the router, for later runs."""


class ApiDoor:
    """Through RouterOS's API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def read(self) -> Reading:
        clock = self._one("/system/clock", ("date", "time"))
        notes = self._api.print("/system/script", ("source",), f"?name={NOTE}")
        return Reading(
            license=self._one(MENU),
            clock=f"{clock.get('date', '')} {clock.get('time', '')}",
            note=notes[0].get("source", "") if notes else "",
        )

    def network(self) -> Network:
        dns = self._api.print("/ip/dns", ("servers", "dynamic-servers"))
        routes = self._api.print("/ip/route", (".id",), "?dst-address=0.0.0.0/0", "?active=true")
        return Network(len(routes), ",".join(value for row in dns for value in row.values() if value))

    def _one(self, menu: str, properties: tuple[str, ...] = ()) -> dict[str, str]:
        rows = self._api.print(menu, properties)
        if not rows:
            raise GuestError(f"the router shows nothing of {menu}", remedy="Look at it on the router")
        return rows[0]

    def generate_new_id(self) -> None:
        self._api.call(f"{MENU}/generate-new-id")

    def renew(self, account: str, password: str, level: str | None, timeout: float) -> list[str]:
        statuses: list[str] = []
        arguments = {"account": account, "password": password, **({"level": level} if level is not None else {})}
        try:
            self._api.call(f"{MENU}/renew", arguments, timeout=timeout, on_row=lambda row: statuses.append(row.get("status", "")))
        except TrapError as error:
            return [*statuses, f"ERROR: {error.text}"]
        except LostError:  # the last status that came decides; where none is final, what the router shows afterwards
            return statuses
        return statuses

    def note(self, text: str) -> None:
        rows = self._api.print("/system/script", (".id",), f"?name={NOTE}")
        if rows:
            self._api.set("/system/script", rows[0][".id"], {"source": text})
        else:
            self._api.add("/system/script", {"name": NOTE, "source": text})


_READ: t.Final = f"""
/system license print
/system clock print
:foreach i in=[/system script find where name={quote(NOTE)}] do={{:put ("note: " . [/system script get $i source])}}
:put {quote(MARKER)}
"""
_NETWORK: t.Final = f"""
:put ("routes: " . [:len [/ip route find where dst-address=0.0.0.0/0 active=yes]])
:put ("dns: " . [:tostr [/ip dns get servers]] . [:tostr [/ip dns get dynamic-servers]])
:put {quote(MARKER)}
"""


class AgentDoor:
    """Through the hypervisor's guest agent, by scripts. The password goes in a script that is handed over and kept nowhere on the router.

    `seen` is told the level at every look.
    """

    def __init__(self, way: Way, seen: t.Callable[[str], None] = lambda level: None) -> None:
        self._way = way
        self._seen = seen

    def read(self) -> Reading:
        found = dict(FIELD.findall(self._run(_READ, READ_TIMEOUT).output))
        self._seen(found.get("level", ""))
        return Reading(
            license={key: value for key, value in found.items() if key in _PROPERTIES and value},
            clock=f"{found.get('date', '')} {found.get('time', '')}",
            note=found.get("note", ""),
        )

    def network(self) -> Network:
        found = dict(FIELD.findall(self._run(_NETWORK, READ_TIMEOUT).output))
        return Network(int(found.get("routes", "0")), found.get("dns", ""))

    def generate_new_id(self) -> None:
        self._run(f"/system license generate-new-id\n:put {quote(MARKER)}", READ_TIMEOUT)

    def renew(self, account: str, password: str, level: str | None, timeout: float) -> list[str]:
        wish = f" level={level}" if level is not None else ""
        source = f"/system license renew account={quote(account)} password={quote(password)}{wish}"
        try:
            ended = follow(self._way, source, timeout)
        except RouterError:
            return []  # unknown; what the router shows afterwards decides
        statuses = STATUS.findall(ended.output)
        return [*statuses, f"ERROR: {ended.output.strip()}"] if ended.exit_code == EXIT_FAILED else statuses

    def note(self, text: str) -> None:
        self._run(f"{script_item(NOTE, text)}\n:put {quote(MARKER)}", READ_TIMEOUT)

    def _run(self, source: str, timeout: float) -> Ended:
        ended = follow(self._way, source, timeout)
        if ended.exit_code != EXIT_DONE or MARKER not in ended.output:
            raise GuestError("the licence cannot be read or changed", found=ended.output.strip() or "no output", remedy="Run again")
        return ended


_PROPERTIES: t.Final = ("system-id", "level", "limited-upgrades", "next-renewal-at", "deadline-at")
