# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver in this process, and its remote calls counted."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import libvirtmod  # type: ignore[import-not-found]
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.registry import connect

from tests.module_runs import Json

from .support import URI

# Functions of the bindings that ask nobody: they read what the library holds, or are the library's own.
LOCAL = ("virEvent", "virError", "virGetLastError", "virRegisterErrorHandler", "virInitialize")
LOCAL_ENDS = ("GetName", "GetUUID", "GetUUIDString", "Free", "GetConnect", "IsAlive", "Close")


def driver(concurrency: int) -> t.ContextManager[Hypervisor]:
    """The driver on the private libvirt."""
    return connect({"libvirt": {"uri": URI, "pool": "default"}}, concurrency)


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def converge(hypervisor: Hypervisor, wanted: list[Json]) -> dict[str, Outcome]:
    """One pass of the engine over these guests; no error is let pass."""
    specs, errors = parse_guests(wanted)
    assert not errors, errors
    outcomes = converge_guests(hypervisor, specs, check_mode=False, concurrency=8, progress=quiet)
    for outcome in outcomes.values():
        assert outcome.error is None, outcome.error
    return outcomes


@contextmanager
def counted() -> Iterator[list[str]]:
    """The names of the remote calls that are made meanwhile."""
    calls: list[str] = []

    def counting(name: str, function: t.Any) -> t.Any:
        def call(*arguments: t.Any) -> t.Any:
            calls.append(name)
            return function(*arguments)

        return call

    kept = {name: function for name, function in vars(libvirtmod).items() if _is_remote(name) and callable(function)}
    for name, function in kept.items():
        setattr(libvirtmod, name, counting(name, function))
    try:
        yield calls
    finally:
        for name, function in kept.items():
            setattr(libvirtmod, name, function)


def _is_remote(name: str) -> bool:
    return name.startswith("vir") and not name.startswith(LOCAL) and not name.endswith(LOCAL_ENDS)
