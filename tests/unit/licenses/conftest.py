# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated CHRs with an account server, reached through the API and through the guest agent."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timezone

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses import converge as converge_module
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.converge import Terms, converge
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.doors import AgentDoor, ApiDoor, LicenseDoor, Reading
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.license import LicenseSpec, parse_spec
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api import session
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api_options import ApiOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Ended

from tests.clones import Clone
from tests.simulators.routerboard.api_door import ApiDoor as ApiServer
from tests.simulators.routeros.account_server import AccountServer
from tests.simulators.routeros.agent import GuestAgent
from tests.unit.support import SimulatedWay
from tests.waiting import PATIENCE

WAYS = ("api", "guest_agent")


class DeafWay(SimulatedWay):
    """An agent that carries a renewal out and whose answer to it is lost."""

    def poll(self, job: int) -> Ended | None:
        ended = super().poll(job)
        if ended is not None and "license renew" in self.started[-1]:
            raise GuestError("the guest agent did not answer guest-exec-status")
        return ended


class Fleet:
    """Routers by name, the account server that they share, and our engine on them."""

    def __init__(self, way: str, stack: ExitStack) -> None:
        self.way = way
        self.server = AccountServer()
        self.clones: dict[str, Clone] = {}
        self._stack = stack
        self._ports: dict[str, int] = {}
        self.shown: list[tuple[str, str]] = []
        self.answers_are_lost = False
        self.gone_after = 1 << 30  # openings of doors, then no router is reached any more
        self.openings = 0
        self.reads = 0

    def add(self, name: str = "edge1", version: str = "7.20.8", uuid: str | None = None) -> Clone:
        clone = self.clones[name] = Clone(version, uuid or f"uuid of {name}", self.server)
        if self.way == "api":
            listener = ApiServer(clone).listener
            listener.open()
            self._stack.callback(listener.close)
            self._ports[name] = listener.port
        return clone

    @contextmanager
    def door(self, name: str) -> Iterator[LicenseDoor]:
        self.openings += 1
        if self.openings > self.gone_after:
            raise GuestError("no connection")
        if self.way == "guest_agent":
            kind = DeafWay if self.answers_are_lost else SimulatedWay
            yield self._counted(AgentDoor(kind(GuestAgent(self.clones[name].router))))
            return
        if self.answers_are_lost:
            self.clones[name].faults.drop_after("/system/license/renew")
        login = {"username": "admin", "password": "", "login": "auto"}
        given = {"host": "127.0.0.1", "port": self._ports[name], "tls": "none", "timeout": PATIENCE, **login}
        with session(ApiOptions.parse(given)) as api:
            yield self._counted(ApiDoor(api))

    def _counted(self, door: LicenseDoor) -> LicenseDoor:
        read = door.read

        def counted() -> Reading:
            self.reads += 1
            return read()

        door.read = counted  # type: ignore[method-assign]
        return door

    def now(self) -> datetime:
        clone = next(iter(self.clones.values()))
        return datetime.fromtimestamp(clone.platform.now(), timezone.utc).replace(tzinfo=None)

    def converge(
        self, check_mode: bool = False, password: str = "account-password", fresh: tuple[str, ...] = (), **wanted: t.Any
    ) -> dict[str, Outcome]:
        """All routers with the same wishes; the `fresh` ones are not made yet."""
        specs = {name: spec(name, **wanted) for name in self.clones}
        specs |= {name: spec(name, **wanted) for name in fresh}

        def enter(name: str) -> t.ContextManager[LicenseDoor | None]:
            return nullcontext() if name in fresh else self.door(name)

        terms = Terms(check_mode, 8, "lab@example.com", password, enter, fresh, now=self.now)
        return converge(specs, terms, lambda name, what: self.shown.append((name, what)))

    def one(self, **wanted: t.Any) -> Outcome:
        """The only router, which must not fail."""
        outcome = next(iter(self.converge(**wanted).values()))
        assert outcome.error is None, outcome.error
        return outcome


def spec(name: str = "edge1", **wanted: t.Any) -> LicenseSpec:
    defaults = {"source": "none", "generate_new_id": "never", "renew_before": 0, "renew_interval": 24, "wait": True, "timeout": PATIENCE}
    return parse_spec({"name": name, **defaults, **wanted})


Fleets = Callable[[str], Fleet]


@pytest.fixture(params=WAYS)
def fleet(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet without routers, once for each way in. None of them has just started: what the network lacks will not come."""
    monkeypatch.setattr(converge_module, "NETWORK_WITHIN", 0.1)
    with ExitStack() as stack:
        yield Fleet(request.param, stack)
