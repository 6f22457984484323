# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls go to libvirt, and how they wait for one another. The driver runs in this process here, so that its calls can be counted."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import libvirtmod
import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._converge import converge_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guest import GuestSpec, parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisor import Hypervisor, connect
from ansible_collections.vrouter.mikrotik.plugins.module_utils._reconcile import Outcome

from .conftest import options
from .support import URI, Json, guest, run

# Functions of the bindings that ask nobody: they read what the library holds, or are the library's own.
LOCAL = ("virEvent", "virError", "virGetLastError", "virRegisterErrorHandler", "virInitialize")
LOCAL_ENDS = ("GetName", "GetUUID", "GetUUIDString", "Free", "GetConnect", "Close")


def specs(wanted: list[Json]) -> dict[str, GuestSpec]:
    """The guests as the engine takes them."""
    parsed, errors = parse_guests(wanted)
    assert not errors
    return parsed


def driver(concurrency: int) -> t.ContextManager[Hypervisor]:
    """The driver on the private libvirt."""
    return connect({"libvirt": {"uri": URI, "pool": "default"}}, concurrency)


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def converge(hypervisor: Hypervisor, wanted: list[Json]) -> dict[str, Outcome]:
    """One pass of the engine."""
    outcomes = converge_guests(hypervisor, specs(wanted), check_mode=False, concurrency=8, progress=quiet)
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

    with pytest.MonkeyPatch.context() as patch:
        for name in dir(libvirtmod):
            if name.startswith("vir") and not name.startswith(LOCAL) and not name.endswith(LOCAL_ENDS):
                function = getattr(libvirtmod, name)
                if callable(function):
                    patch.setattr(libvirtmod, name, counting(name, function))
        yield calls


def test_a_pass_without_changes_makes_at_most_two_calls_a_guest(halting: str) -> None:
    stopped = [options(f"it-n{number}", halting) for number in range(16)]
    running = [options(f"it-n{number}", halting, state="started", configured=True) for number in range(16, 20)]
    fresh = [{key: value for key, value in entry.items() if key != "configured"} for entry in running]
    with driver(8) as hypervisor:
        converge(hypervisor, [*stopped, *fresh])
        converge(hypervisor, running)
        for wanted in ([*stopped, *running], [*stopped, *fresh]):
            with counted() as calls:
                outcomes = converge(hypervisor, wanted)
            assert not any(outcome.changes for outcome in outcomes.values())
            assert len(calls) <= 2 * len(wanted), calls
            assert calls.count("virConnectGetAllDomainStats") == 1
            assert calls.count("virDomainGetXMLDesc") == len(wanted)
        with counted() as calls:
            assert set(hypervisor.observe([])) == set()
        assert len(calls) == 2  # in bulk, however many guests there are


def test_waiting_for_an_agent_ends_with_its_event_and_looks_no_oftener_than_there_are_events(silent: str) -> None:
    with driver(1) as hypervisor:
        converge(hypervisor, [options("it-g1", silent)])
        hypervisor.transport(hypervisor.observe(["it-g1"])["it-g1"])
        converge(hypervisor, [options("it-g1", silent, state="started")])
        found = hypervisor.observe(["it-g1"])["it-g1"]
        assert not found.agent_connected
        with counted() as calls:
            hypervisor.transport(found).wait(60)
        assert hypervisor.observe(["it-g1"])["it-g1"].agent_connected
        looks = calls.count("virDomainGetXMLDesc")
        assert 2 <= looks <= 4, calls  # before, and after each of the few events of a start; somebody who polls looks far more often


def test_an_agent_that_never_opens_its_port_is_named_with_the_way_out(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    for module, what in (("chr_script", {"scripts": [{"guest": "it-g1", "source": ":put 1"}]}), ("chr_file", {"files": [{"guest": "it-g1", "name": "a", "content": "b"}]})):
        ran = run(module, agent_timeout=2, **what)
        assert "did not open its channel within 2 s" in ran.message
        assert "accelerator kvm" in ran.message
        assert "agent_timeout" in ran.message
        assert not ran.changed


def test_an_agent_that_hangs_is_named_and_success_is_not_guessed(silent: str) -> None:
    guest(**options("it-g1", silent, state="started")).ok()
    ran = run("chr_script", scripts=[{"guest": "it-g1", "source": ":put 1"}])
    assert "did not answer guest-exec; whether the script began is unknown" in ran.message
    assert not ran.changed
    ran = run("chr_guest_info", names=["it-g1"]).ok()
    assert "did not answer" in ran.objects["it-g1"]["router_error"]


def test_eight_agents_that_hang_hold_nobody_else_up(silent: str, halting: str) -> None:
    names = [f"it-g{number}" for number in range(8)]
    with driver(9) as hypervisor:
        converge(hypervisor, [options(name, silent, state="started") for name in names])
        converge(hypervisor, [options("it-other", halting)])
        for name in names:
            hypervisor.transport(hypervisor.observe([name])[name]).wait(60)
        found = hypervisor.observe(names)
        begun = threading.Barrier(len(names) + 1)
        ended: list[str] = []

        def ask(name: str) -> None:
            transport = hypervisor.transport(found[name])
            begun.wait()
            with pytest.raises(GuestError, match="did not answer"):
                transport.start(":put 1")
            ended.append(name)

        threads = [threading.Thread(target=ask, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        begun.wait()
        converge(hypervisor, [options("it-other", halting, description="changed meanwhile")])
        assert not ended
        for thread in threads:
            thread.join()
        assert sorted(ended) == names
