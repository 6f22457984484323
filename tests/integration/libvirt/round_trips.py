# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver in this process, and its remote calls counted."""

from __future__ import annotations

import math
import time
import typing as t
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import libvirtmod  # type: ignore[import-not-found]
import libvirtmod_qemu  # type: ignore[import-not-found]
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.registry import connect

from tests.module_runs import Json

from .support import URI

LINE = 0.2  # seconds there and back
# Before and after the work; what takes callbacks back is called on this host's own connections only.
HANDSHAKE = (
    "virConnectOpen",
    "virConnectSetKeepAlive",
    "virConnectRegisterCloseCallback",
    "virConnectUnregisterCloseCallback",
    "virConnectDomainEventDeregisterAny",
)
# Functions of the bindings that ask nobody: they read what the library holds, or are the library's own.
LOCAL = ("virEvent", "virError", "virGetLastError", "virRegisterErrorHandler", "virInitialize")
LOCAL_ENDS = ("GetName", "GetUUID", "GetUUIDString", "Free", "GetConnect", "IsAlive", "Close")


def driver(concurrency: int) -> t.ContextManager[Hypervisor]:
    """The driver on the private libvirt."""
    return connect({"libvirt": {"uri": URI}}, concurrency)


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def converge(hypervisor: Hypervisor, wanted: list[Json]) -> dict[str, Outcome]:
    """One pass of the engine over these guests; no error is let pass."""
    specs, errors = parse_guests(wanted, hypervisor.platform)
    assert not errors, errors
    outcomes = converge_guests(hypervisor, specs, check_mode=False, concurrency=8, progress=quiet)
    for outcome in outcomes.values():
        assert outcome.error is None, outcome.error
    return outcomes


@dataclass
class Call:
    """One remote call, and when it was under way."""

    name: str
    begun: float
    ended: float = math.inf


Function = t.Callable[..., t.Any]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The names of the remote calls that are made meanwhile."""
    calls: list[str] = []

    def counting(name: str, function: Function) -> Function:
        def call(*arguments: t.Any) -> t.Any:
            calls.append(name)
            return function(*arguments)

        return call

    with _in_the_way(counting):
        yield calls


@contextmanager
def long_line() -> Iterator[list[Call]]:
    """The calls that are made meanwhile, each of which takes as long as on a line around the world."""
    calls: list[Call] = []

    def delaying(name: str, function: Function) -> Function:
        def call(*arguments: t.Any) -> t.Any:
            if name in HANDSHAKE:
                return function(*arguments)
            made = Call(name, time.monotonic())
            calls.append(made)
            time.sleep(LINE)
            try:
                return function(*arguments)
            finally:
                made.ended = time.monotonic()

        return call

    with _in_the_way(delaying):
        yield calls


def round_trips(calls: Sequence[Call]) -> list[str]:
    """The calls that had to wait for one another: those that were under way at the same time cost the line's delay once."""
    chain: list[Call] = []
    for call in sorted(calls, key=lambda call: call.ended):
        if not chain or call.begun >= chain[-1].ended:
            chain.append(call)
    return [call.name for call in chain]


@contextmanager
def _in_the_way(wrap: t.Callable[[str, Function], Function]) -> Iterator[None]:
    modules = (libvirtmod, libvirtmod_qemu)
    kept = [(module, name, function) for module in modules for name, function in vars(module).items() if _is_remote(name) and callable(function)]
    for module, name, function in kept:
        setattr(module, name, wrap(name, function))
    try:
        yield
    finally:
        for module, name, function in kept:
            setattr(module, name, function)


def _is_remote(name: str) -> bool:
    return name.startswith("vir") and not name.startswith(LOCAL) and not name.endswith(LOCAL_ENDS)
