# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way leads to which router's licence: its own API where one is named, else the guest agent of the one hypervisor (private)."""

from __future__ import annotations

import typing as t
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from .._core.batch import Progress
from .._core.errors import InputError, RouterError
from .._guests.enter import RunOptions, needs_text, open_guest
from .._guests.facts import guest_facts
from .._guests.guest import GuestState
from .._guests.hypervisor import Hypervisor, Observed
from .._guests.license_mark import note_level
from .._hypervisors.registry import connect
from .._routeros.api import session
from .._routeros.api_options import ApiOptions
from .converge import Open
from .doors import AgentDoor, ApiDoor, LicenseDoor

GIVE_API: t.Final = "Give the router's API (chr_license_api in the role, api in the module), which needs an address and a login"


@dataclass(frozen=True)
class Doors:
    """The ways to the routers. `fresh` are those that an earlier task of a check-mode run would have made."""

    enter: Open
    fresh: frozenset[str]
    standing: t.Callable[[t.Collection[str]], dict[str, dict[str, t.Any]]]  # how the guests of routers that failed stand now


@contextmanager
def license_doors(
    params: t.Mapping[str, t.Any], apis: t.Mapping[str, ApiOptions], names: t.Collection[str], options: RunOptions, progress: Progress
) -> t.Iterator[Doors]:
    """The ways to the named routers. The hypervisor is connected once, and only if a router has no API of its own; else only its own fail."""
    agents = [name for name in names if name not in apis]
    trouble: RouterError | None = None
    hypervisor: Hypervisor | None = None
    found = Observed()
    with ExitStack() as stack:
        try:
            if agents:
                hypervisor = stack.enter_context(connect(params, options.concurrency))
                found = hypervisor.observe(agents)
        except InputError as error:
            trouble = InputError(f"no way to the router is named: {error.problem}", remedy="Name its hypervisor in the task, or give it an api")
        except RouterError as error:
            trouble = error

        def enter(name: str) -> t.ContextManager[LicenseDoor | None]:
            if name in apis:
                return _api_door(apis[name])
            if trouble is not None:
                raise trouble
            return nullcontext(_agent_door(hypervisor, name, found.get(name), options, progress))

        def standing(failed: t.Collection[str]) -> dict[str, dict[str, t.Any]]:
            asked = [name for name in failed if name not in apis]
            with suppress(RouterError):
                if hypervisor is not None and asked:
                    return {name: guest_facts(guest) for name, guest in hypervisor.observe(asked).guests.items()}
            return {}

        yield Doors(enter, options.planned.guests & set(agents) - set(found.guests), standing)


@contextmanager
def _api_door(options: ApiOptions) -> t.Iterator[LicenseDoor]:
    with session(options) as api:
        yield ApiDoor(api)


def _agent_door(
    hypervisor: Hypervisor | None, name: str, guest: GuestState | None, options: RunOptions, progress: Progress
) -> LicenseDoor | None:
    if hypervisor is None:
        return None
    way = open_guest(hypervisor, name, guest, options, progress, needs_text("a licence", GIVE_API))
    if way is None or guest is None:
        return None
    kept, marked = hypervisor, guest

    def seen(level: str) -> None:
        """Every look at a licence is kept in the guest's mark: it decides whether the guest may be removed while nobody can ask."""
        if not options.check_mode:
            note_level(kept, marked, level)

    return AgentDoor(way, seen)
