# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way leads to which router's licence: its own API where one is named, else the guest agent of the one hypervisor (private)."""

from __future__ import annotations

import typing as t
from contextlib import ExitStack, contextmanager, nullcontext

from ._drivers import connect
from ._guest import GuestState
from ._hypervisor import Hypervisor, Progress
from ._jobs import Batch, open_transport
from ._license_engine import Open
from ._routeros.api import session
from ._routeros.api_options import ApiOptions
from ._routeros.license import AgentDoor, ApiDoor, LicenseDoor


@contextmanager
def license_doors(
    params: t.Mapping[str, t.Any], apis: t.Mapping[str, ApiOptions], names: t.Collection[str], batch: Batch, progress: Progress
) -> t.Iterator[Open]:
    """The ways to the named routers. The hypervisor is connected once, and only if a router has no API of its own. Raises UnreachableError."""
    agents = [name for name in names if name not in apis]
    with ExitStack() as stack:
        hypervisor = stack.enter_context(connect(params, batch.concurrency)) if agents else None
        found = hypervisor.observe(agents) if hypervisor is not None else {}

        def enter(name: str) -> t.ContextManager[LicenseDoor | None]:
            if name in apis:
                return _api_door(apis[name])
            return nullcontext(_agent_door(hypervisor, name, found.get(name), batch, progress))

        yield enter


@contextmanager
def _api_door(options: ApiOptions) -> t.Iterator[LicenseDoor]:
    with session(options) as api:
        yield ApiDoor(api)


def _agent_door(
    hypervisor: Hypervisor | None, name: str, guest: GuestState | None, batch: Batch, progress: Progress
) -> LicenseDoor | None:
    if hypervisor is None:
        return None
    transport = open_transport(hypervisor, name, guest, batch, progress)
    return None if transport is None else AgentDoor(transport)
