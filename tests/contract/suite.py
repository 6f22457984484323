# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every driver must do, whatever its hypervisor. A driver's own tests subclass Contract and give it a world.

A world is a hypervisor with two segments, an image that boots and does nothing, and somebody else beside us.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError, RefusedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.facts import guest_facts
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestState, Mark, parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor

from .watched import KilledError, Watched

Options = dict[str, t.Any]
OTHER = "5f4a3c5e-0000-4000-8000-0000000000aa"


class World(t.Protocol):
    """One hypervisor, and what only its own tools can do to it."""

    def connect(self) -> t.ContextManager[Hypervisor]:
        """The driver, as a new process would open it."""

    def options(self, name: str, **more: t.Any) -> Options:
        """An entry of `guests`: a cheap guest with two interfaces."""

    def places(self) -> t.Sequence[Options]:
        """Suboptions that place a guest, each somewhere else."""

    def foreign(self, name: str) -> None:
        """A guest that somebody else made."""

    def fingerprint(self, name: str) -> str:
        """Everything about a guest, as text."""

    def plug_in(self, name: str) -> None:
        """Somebody puts all links of a guest up, by hand."""

    def replace_disk(self, name: str) -> None:
        """Somebody puts a new disk, which nobody has marked, into a guest that is off."""

    def spoil(self, name: str) -> None:
        """Something makes a guest of ours unreadable."""

    def move(self, name: str) -> bool:
        """Somebody moves a guest; False where guests of this hypervisor cannot move."""


def quiet(name: str, what: str) -> None:
    """Progress that nobody watches."""


def run(world: World, *wanted: Options, kill: int | None = None, check_mode: bool = False) -> tuple[dict[str, Outcome], Watched]:
    """One run of the engine over a driver of its own; a killed one has no outcomes."""
    with world.connect() as driver:
        watched = Watched(driver, kill)
        specs, errors = parse_guests(list(wanted), driver.platform)
        assert not errors, errors
        try:
            hypervisor = t.cast(Hypervisor, watched)
            outcomes = converge_guests(hypervisor, specs, check_mode=check_mode, concurrency=1, progress=quiet)
        except KilledError:
            outcomes = {}
    return outcomes, watched


def ok(world: World, *wanted: Options) -> dict[str, Outcome]:
    """A run in which nothing fails."""
    outcomes = run(world, *wanted)[0]
    assert {name: str(outcome.error) for name, outcome in outcomes.items() if outcome.error} == {}
    return outcomes


def state(world: World, name: str) -> GuestState | None:
    with world.connect() as driver:
        return driver.observe([name]).get(name)


def there(world: World, name: str) -> GuestState:
    found = state(world, name)
    assert found is not None
    return found


def exposed(world: World, *names: str) -> list[str]:
    """Guests with a link up that nobody has configured."""
    with world.connect() as driver:
        found = driver.observe(names).guests
    return [name for name, guest in found.items() if not guest.configured and any(nic.link for nic in guest.interfaces)]


def likeness(guest: GuestState) -> Options:
    """What two guests that were made from one description have in common."""
    facts = guest_facts(guest)
    own = ("uuid", "id", "disks", "console", "interfaces")
    return {**{key: value for key, value in facts.items() if key not in own}, "links": [nic.link for nic in guest.interfaces]}


class Contract:
    """The cases. `world` comes from the driver's own tests."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    def test_a_guest_is_made_closed_and_the_second_run_asks_once_and_does_nothing(self, world: World) -> None:
        wanted = [world.options(f"ct-{number}", state="started") for number in (1, 2)]
        made = ok(world, *wanted)
        assert all(outcome.facts["power"] == "running" for outcome in made.values())
        assert exposed(world, "ct-1", "ct-2") == []
        again, watched = run(world, *wanted)
        assert not [outcome for outcome in again.values() if outcome.has_changed or outcome.error]
        assert (watched.reads, watched.steps) == (["observe"], [])

    def test_check_mode_takes_no_step(self, world: World) -> None:
        ok(world, world.options("ct-1"))
        before = world.fingerprint("ct-1")
        wanted = (world.options("ct-1", state="started", autostart=True, description="new"), world.options("ct-2"))
        predicted, watched = run(world, *wanted, check_mode=True)
        assert watched.steps == []
        assert (world.fingerprint("ct-1"), state(world, "ct-2")) == (before, None)
        done = ok(world, *wanted)
        assert {name: outcome.changes for name, outcome in predicted.items()} == {name: outcome.changes for name, outcome in done.items()}

    def test_a_run_that_is_killed_at_any_step_of_making_a_guest_is_finished_by_the_next(self, world: World) -> None:
        world.foreign("ct-theirs")
        before = world.fingerprint("ct-theirs")
        whole = run(world, world.options("ct-whole", state="started"))[1]
        model = likeness(there(world, "ct-whole"))
        assert "create" in whole.names and whole.names[-1] == "start"
        for kill in range(len(whole.steps)):
            name = f"ct-k{kill}"
            wanted = world.options(name, state="started")
            assert len(run(world, wanted, kill=kill)[1].steps) == kill
            assert exposed(world, name) == []
            first = state(world, name)
            ok(world, wanted)
            after = there(world, name)
            assert likeness(after) == model, f"killed before {whole.names[kill]}"
            assert first is None or first.uuid == after.uuid, "the guest that was begun is the one that stands"
            assert not run(world, wanted)[0][name].has_changed
        assert world.fingerprint("ct-theirs") == before

    def test_links_close_before_anything_else_is_done(self, world: World) -> None:
        ok(world, world.options("ct-1"))
        world.plug_in("ct-1")
        assert exposed(world, "ct-1") == ["ct-1"]
        outcomes, watched = run(world, world.options("ct-1", state="started", description="new"))
        assert outcomes["ct-1"].error is None
        dummy, arguments = watched.steps[watched.names.index("set")]
        assert watched.names[0] == "prepare" and watched.names[1] == "set"
        assert {(change.field, change.after) for change in arguments[1]} >= {("interfaces.ether1.link", False), ("interfaces.ether2.link", False)}
        assert watched.names.index("set") < watched.names.index("start")
        assert exposed(world, "ct-1") == []

    def test_nobody_is_exposed_by_a_run_that_is_killed_while_the_gate_opens_or_closes(self, world: World) -> None:
        ok(world, world.options("ct-1", state="started"))
        opening = world.options("ct-1", configured=True)
        closing = world.options("ct-1", configured=False)
        for wanted, link in ((opening, True), (closing, False)) * 2:
            kill = 0
            while run(world, wanted, kill=kill)[1].steps[kill:] == [] and exposed(world, "ct-1") == []:
                guest = there(world, "ct-1")
                if guest.configured is link and all(nic.link is link for nic in guest.interfaces):
                    break
                kill += 1
                assert kill < 10, "the run comes to its end"
            assert exposed(world, "ct-1") == []
            ok(world, wanted)
            assert [nic.link for nic in there(world, "ct-1").interfaces] == [link, link]
            assert there(world, "ct-1").configured is link

    def test_a_licence_is_not_lost_unless_it_is_given_up(self, world: World) -> None:
        ok(world, world.options("ct-1"), world.options("ct-2"))
        ok(world, world.options("ct-1", configured=True))
        removal = {"state": "absent", "force_off": True, "shutdown_timeout": 1}
        refused = run(world, {"name": "ct-1", "confirm": "ct-1", **removal})[0]["ct-1"]
        assert isinstance(refused.error, RefusedError) and "nobody has read yet which licence" in str(refused.error)
        with world.connect() as driver:
            driver.write_mark(there(world, "ct-1").ref, lambda mark: replace(mark, license_level="p1"))
        refused = run(world, {"name": "ct-1", "confirm": "ct-1", **removal})[0]["ct-1"]
        assert "licence of level p1" in str(refused.error)
        unconfirmed = run(world, {"name": "ct-2", **removal})[0]["ct-2"]
        assert isinstance(unconfirmed.error, RefusedError)
        ok(world, {"name": "ct-1", "confirm": "ct-1", "licensed": "released", **removal}, {"name": "ct-2", "confirm": "ct-2", **removal})
        assert (state(world, "ct-1"), state(world, "ct-2")) == (None, None)

    def test_a_removal_that_is_killed_is_finished_by_the_next_run(self, world: World) -> None:
        removal: Options = {"name": "ct-1", "confirm": "ct-1", "state": "absent", "force_off": True, "shutdown_timeout": 1}
        for kill in range(9):
            ok(world, world.options("ct-1", state="started"), world.options("ct-2"))
            steps = run(world, removal, kill=kill)[1].steps
            ok(world, removal)
            assert state(world, "ct-1") is None
            assert state(world, "ct-2") is not None
            if len(steps) < kill:
                return
        raise AssertionError("a removal has few steps")

    def test_a_replaced_disk_closes_the_gate_before_the_start_and_is_known_once_it_is_configured(self, world: World) -> None:
        ok(world, world.options("ct-1"))
        ok(world, world.options("ct-1", configured=True))
        assert there(world, "ct-1").configured
        world.replace_disk("ct-1")
        started, watched = run(world, world.options("ct-1", state="started"))
        assert started["ct-1"].error is None
        assert watched.names.index("set") < watched.names.index("start")
        assert exposed(world, "ct-1") == []
        ok(world, world.options("ct-1", configured=True))
        ok(world, world.options("ct-1", state="stopped", force_off=True, shutdown_timeout=1))
        assert there(world, "ct-1").configured, "the new disk is known now"
        assert [change.field for change in ok(world, world.options("ct-1", state="started"))["ct-1"].changes] == ["power"]

    def test_what_is_not_ours_is_never_touched(self, world: World) -> None:
        world.foreign("ct-theirs")
        before = world.fingerprint("ct-theirs")
        for wanted in (
            world.options("ct-theirs", state="started", configured=True),
            {"name": "ct-theirs", "state": "absent", "confirm": "ct-theirs", "licensed": "released", "force_off": True},
        ):
            outcomes, watched = run(world, wanted, world.options("ct-1"))
            assert "is not ours" in str(outcomes["ct-theirs"].error) and outcomes["ct-1"].error is None
            assert not [name for name, arguments in watched.steps if arguments and getattr(arguments[0], "name", "") == "ct-theirs"]
        assert world.fingerprint("ct-theirs") == before

    def test_one_that_cannot_be_read_fails_alone(self, world: World) -> None:
        ok(world, world.options("ct-1"), world.options("ct-2"), world.options("ct-3"))
        world.spoil("ct-2")
        outcomes, watched = run(world, *(world.options(f"ct-{number}", description="new") for number in (1, 2, 3, 4)))
        assert [name for name, outcome in outcomes.items() if outcome.error] == ["ct-2"]
        assert all(outcomes[name].has_changed for name in ("ct-1", "ct-3", "ct-4"))
        assert "create" in watched.names and watched.names.count("create") == 1, "it is not made a second time"
        with world.connect() as driver:
            assert {"ct-1", "ct-3", "ct-4"} <= set(driver.list().guests)

    def test_ours_are_listed_with_id_and_place_and_others_are_not(self, world: World) -> None:
        world.foreign("ct-theirs")
        ok(world, world.options("ct-1"))
        with world.connect() as driver:
            found = driver.list().guests
            assert found["ct-1"] == driver.observe(["ct-1"]).get("ct-1")
        assert "ct-theirs" not in found
        facts = guest_facts(found["ct-1"])
        assert facts["id"] and facts["location"] and facts["exists"] and facts["ours"]

    def test_places_are_the_guests_and_one_run_serves_them_all(self, world: World) -> None:
        places = world.places()
        with world.connect() as driver:
            key = driver.platform.key
        wanted = [world.options(f"ct-{number}", **{key: place}) for number, place in enumerate(places)]
        ok(world, *wanted)
        assert not [outcome for outcome in run(world, *wanted)[0].values() if outcome.has_changed or outcome.error]
        swapped = [world.options(f"ct-{number}", **{key: place}) for number, place in enumerate(reversed(places))]
        outcomes = run(world, *swapped)[0]
        assert not [outcome for outcome in outcomes.values() if outcome.has_changed or outcome.error], "a place counts when a guest is made"

    def test_a_guest_that_moved_is_found_and_worked_on_where_it_is(self, world: World) -> None:
        ok(world, world.options("ct-1"))
        before = there(world, "ct-1")
        if not world.move("ct-1"):
            pytest.skip("guests of this hypervisor do not move")
        ok(world, world.options("ct-1", description="new"))
        after = there(world, "ct-1")
        assert (after.uuid, after.description) == (before.uuid, "new")
        assert after.location != before.location, "nobody moves it back"

    def test_the_power_is_cut_only_where_that_was_allowed(self, world: World) -> None:
        ok(world, world.options("ct-1", state="started"))
        stop = world.options("ct-1", state="stopped", shutdown_timeout=1)
        refused, watched = run(world, stop)
        assert "did not shut down within 1 s" in str(refused["ct-1"].error)
        assert (there(world, "ct-1").power, "power_off" in watched.names) == ("running", False)
        ok(world, {**stop, "force_off": True})
        assert there(world, "ct-1").power == "stopped"

    def test_a_guest_that_was_replaced_meanwhile_is_not_taken_for_the_one_that_was_seen(self, world: World) -> None:
        ok(world, world.options("ct-1"))
        before = world.fingerprint("ct-1")
        stale = replace(there(world, "ct-1").ref, uuid=OTHER)
        with world.connect() as driver, pytest.raises(HypervisorError):
            driver.write_mark(stale, lambda mark: Mark())
        assert world.fingerprint("ct-1") == before

    def test_two_runs_at_once_make_one_guest(self, world: World) -> None:
        wanted = world.options("ct-1", state="started")
        with ThreadPoolExecutor(2) as pool:
            both = [outcomes["ct-1"] for outcomes, dummy in pool.map(lambda dummy: run(world, wanted), range(2))]
        assert [outcome for outcome in both if outcome.error is None], [str(outcome.error) for outcome in both]
        ok(world, wanted)
        guest = there(world, "ct-1")
        assert guest.power == "running" and guest.mark is not None and guest.mark.disk_ready
        assert exposed(world, "ct-1") == []
