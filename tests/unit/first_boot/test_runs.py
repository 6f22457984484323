# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of several runs does it, and answers that are late or lost end nothing."""

from __future__ import annotations

import random
import threading
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import LostError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot import on_router
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import DRIFT, JUST_DONE, STANDING
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import DONE_LINE

from tests.contract.memory import MemoryHypervisor
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.unit.first_boot.boots import boot_scripts, go, one, running, said, wanted
from tests.unit.support import UUID, Chr
from tests.waiting import PATIENCE, wait_until

BRIDGE = "/interface bridge add name=mine"  # a second copy of it is an error
SLOW = {"name": "slow", "source": f"{BRIDGE}\n:delay 10s"}


class Paused(MemoryPlatform):
    """A router whose clock stands still in a `:delay` until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__(ports=2)
        self.in_delay, self.go_on = threading.Event(), threading.Event()

    def sleep(self, seconds: float) -> None:
        self.in_delay.set()
        assert self.go_on.wait(PATIENCE)
        super().sleep(seconds)


@pytest.fixture
def paused(hypervisor: MemoryHypervisor) -> t.Iterator[Paused]:
    platform = Paused()
    hypervisor.plug("edge1", Chr(platform))
    yield platform
    platform.go_on.set()


def begin(pool: ThreadPoolExecutor, hypervisor: MemoryHypervisor, **options: t.Any) -> Future[Outcome]:
    return pool.submit(one, hypervisor, wanted(scripts=[SLOW], **options))


# Two runs


def test_a_second_run_waits_for_the_copy_that_runs(hypervisor: MemoryHypervisor, paused: Paused) -> None:
    with ThreadPoolExecutor() as pool:
        first = begin(pool, hypervisor)
        assert paused.in_delay.wait(PATIENCE)
        second = begin(pool, hypervisor)
        wait_until(lambda: len(hypervisor.routers["edge1"].way.started) > 3, "the second one has looked, and looks on")
        paused.go_on.set()
        outcomes = [first.result(PATIENCE), second.result(PATIENCE)]
    assert [(outcome.error, outcome.facts["first_boot"]) for outcome in outcomes] == [(None, JUST_DONE), (None, STANDING)]
    assert boot_scripts(hypervisor) == 1
    assert [nic.link for nic in hypervisor.guests["edge1"].interfaces] == [True, True]


def test_two_runs_that_begin_at_once_are_one(hypervisor: MemoryHypervisor) -> None:
    """Both have read that nothing was done before either hands its script over."""
    router = hypervisor.routers["edge1"]
    both, start = threading.Barrier(2, timeout=PATIENCE), router.way.start

    def together(source: str) -> int:
        if DONE_LINE in source and not both.broken:
            both.wait()
        return start(source)

    router.way.start = together  # type: ignore[method-assign]
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(one, hypervisor, wanted(scripts=[{"name": "mine", "source": BRIDGE}], link=False)) for dummy in range(2)]
        outcomes = [run.result(PATIENCE) for run in runs]
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert router.count("/interface bridge", "") == 1


# Cut off


def test_a_runner_that_was_killed_leaves_its_script_to_the_next_run(hypervisor: MemoryHypervisor, paused: Paused) -> None:
    router = hypervisor.routers["edge1"]
    poll = router.way.poll

    class KilledError(BaseException):
        """Stands for the runner's end."""

    def killed(job: int) -> t.Any:
        if paused.in_delay.is_set():
            raise KilledError
        return poll(job)

    router.way.poll = killed  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        one(hypervisor, wanted(scripts=[SLOW]))
    router.way.poll = poll  # type: ignore[method-assign]
    with ThreadPoolExecutor() as pool:
        second = begin(pool, hypervisor)
        wait_until(lambda: len(router.way.started) > 3, "the second one has looked, and looks on")
        paused.go_on.set()
        outcome = second.result(PATIENCE)
    assert (outcome.error, outcome.facts["first_boot"]) == (None, STANDING)
    assert boot_scripts(hypervisor) == 1


def cut_off(hypervisor: MemoryHypervisor, **options: t.Any) -> Chr:
    """A router that lost its power in the middle of the user's script."""
    router = Chr(Paused())
    hypervisor.plug("edge1", router)
    platform = t.cast(Paused, router.platform)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(one, hypervisor, wanted(scripts=[SLOW], timeout=1, **options))
        assert platform.in_delay.wait(PATIENCE)
        router.router.poll()  # as RouterOS does all the time, it writes down what has changed
        stored = platform.stored
        assert "unknown, it may still run" in str(first.result(PATIENCE).error)
    fresh = MemoryPlatform(ports=2)
    fresh.stored = stored
    hypervisor.plug("edge1", Chr(fresh))
    platform.go_on.set()
    return hypervisor.routers["edge1"]


def test_a_script_that_was_cut_off_is_unknown_and_is_not_run_again(hypervisor: MemoryHypervisor) -> None:
    cut_off(hypervisor)
    for dummy in range(2):
        outcome = one(hypervisor, wanted(scripts=[SLOW], timeout=1))
        assert "how the first-boot script slow ended is unknown" in str(outcome.error)
        assert "chr_first_boot_scripts_again" in str(outcome.error)
    assert [nic.link for nic in hypervisor.guests["edge1"].interfaces] == [False, False]
    assert boot_scripts(hypervisor) == 0


@pytest.mark.parametrize("said", [{"scripts": [{**SLOW, "repeatable": True}]}, {"scripts": [SLOW], "scripts_again": ["slow"]}])
def test_a_script_that_was_cut_off_runs_again_where_that_was_said(hypervisor: MemoryHypervisor, said: dict[str, t.Any]) -> None:
    router = cut_off(hypervisor)
    router.router.execute("/interface bridge remove [find]")
    outcome = one(hypervisor, wanted(timeout=2, **said))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert router.count("/interface bridge", "") == 1
    assert one(hypervisor, wanted(timeout=2, **said)).facts["first_boot"] == STANDING


def test_a_script_that_failed_runs_again(hypervisor: MemoryHypervisor) -> None:
    failing = {"name": "a", "source": f'{BRIDGE}\n:error "no such luck"'}
    assert said(hypervisor, "no such luck") in str(one(hypervisor, wanted(scripts=[failing])).error)
    mended = {"name": "a", "source": "/interface bridge set mine comment=mended"}
    outcome = one(hypervisor, wanted(scripts=[mended]))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert hypervisor.routers["edge1"].count("/interface bridge", 'comment="mended"') == 1


def test_what_routeros_ended_by_its_own_limit_was_cut_off(hypervisor: MemoryHypervisor) -> None:
    hypervisor.plug("edge1", Chr(MemoryPlatform(ports=2), script_timeout=5.0))
    first = one(hypervisor, wanted(scripts=[SLOW]))
    assert "own time limit" in str(first.error)
    assert "how the first-boot script slow ended is unknown" in str(one(hypervisor, wanted(scripts=[SLOW])).error)


def test_settings_that_were_cut_off_while_they_were_applied_again_are_drift(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted())
    router = hypervisor.routers["edge1"]
    router.router.execute('/system script add name="vrouter-first-boot-runs" source="# vrouter.mikrotik run=gone"')
    outcome = one(hypervisor, wanted(timeout=1))
    assert outcome.facts["first_boot"] == DRIFT
    assert one(hypervisor, wanted(timeout=1, reapply=True)).facts["first_boot"] == JUST_DONE
    assert one(hypervisor, wanted(timeout=1)).facts["first_boot"] == STANDING


# Answers that are late or lost


class Lossy:
    """Loses one in so many answers of a router's agent, after the router acted on the command."""

    def __init__(self, router: Chr, one_in: int) -> None:
        self._call, self._one_in, self._dice = router.way.call, one_in, random.Random(one_in)
        self._lock = threading.Lock()
        router.way.call = self.call  # type: ignore[method-assign]

    def call(self, command: str, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        answer = self._call(command, arguments)
        with self._lock:
            lost = self._dice.randrange(self._one_in) == 0
        if lost:
            raise LostError(f"the guest agent did not answer {command}")
        return answer


@pytest.mark.parametrize("one_in", [2, 3, 10])
def test_three_routers_come_through_first_boot_although_answers_are_lost(one_in: int, returns_text: bool) -> None:
    names = ("edge1", "edge2", "edge3")
    hypervisor = MemoryHypervisor(*(running(name) for name in names), returns_text=returns_text)
    for name in names:
        Lossy(hypervisor.plug(name, Chr()), one_in)
    outcomes = go(hypervisor, *(wanted(name, scripts=[{"name": "mine", "source": BRIDGE}], timeout=PATIENCE) for name in names))
    assert {name: (outcome.error, outcome.facts["first_boot"]) for name, outcome in outcomes.items()} == dict.fromkeys(names, (None, JUST_DONE))


def test_an_agent_that_never_answers_is_said_with_what_helps(hypervisor: MemoryHypervisor) -> None:
    hypervisor.plug("edge1", Chr(open_port=False))
    hypervisor.routers["edge1"].way.wait = lambda timeout: None  # type: ignore[method-assign]
    outcome = one(hypervisor, wanted(timeout=1))
    assert "the router did not answer within 1 s" in str(outcome.error)
    assert "Split the script" not in str(outcome.error)


def test_a_hold_that_changes_hands_gets_its_own_time(hypervisor: MemoryHypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs wait behind one that was cut off; the quicker of them, at work now, is not taken for the cut one by the other."""
    router = hypervisor.routers["edge1"].router
    hold = "/system script {}vrouter-first-boot-runs"
    meanwhile = [hold.format("remove "), f'{hold.format("remove ")}\n{hold.format("add name=")} source="# vrouter.mikrotik run=quicker"']
    assert router.execute(hold.format("add name=") + ' source="# vrouter.mikrotik run=gone"').exit_code == 0

    class Looks:
        """A time that is over after two looks, whatever the clock says; something happens just before the last."""

        def __init__(self, seconds: float) -> None:
            self.passed = False

        def looks(self, first: float, slowest: float) -> t.Iterator[None]:
            yield
            if meanwhile:
                assert router.execute(meanwhile.pop()).exit_code == 0
            self.passed = True
            yield

    monkeypatch.setattr(on_router, "Deadline", Looks)
    way = hypervisor.routers["edge1"].way
    kept = on_router.OnRouter(way, wanted().wanted, UUID, lambda what: None, check_mode=False).settled()
    assert (kept.hold, kept.cut) == (None, None)
    assert meanwhile == []
