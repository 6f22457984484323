# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot: once in a router's life, behind closed links, and finished by the next run wherever it was cut."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Planned, summary
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import HypervisorError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.secrets import Mask
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import (
    DRIFT,
    JUST_DONE,
    STANDING,
    WAITING,
    WOULD_RUN,
    Boot,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import DONE_LINE, Run
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import script as boot_script
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import Mark

from tests.contract.memory import DISK, MemoryHypervisor
from tests.simulators.routeros.router import Result
from tests.unit.first_boot.boots import CHECK, PASSWORD, RUN, boot_scripts, go, one, running, said, wanted
from tests.unit.support import OTHER_UUID, UUID, Chr, nic, state

FAILING = ':put "half"\n:error "no such luck"'


def fields(outcome: Outcome) -> list[str]:
    """What changed on the hypervisor."""
    return [f"{change.field} {change.after}" for change in outcome.changes if change.field.startswith(("interfaces.", "configured"))]


def links(hypervisor: MemoryHypervisor) -> list[bool]:
    return [have.link for have in hypervisor.guests["edge1"].interfaces]


def configured(hypervisor: MemoryHypervisor) -> bool:
    mark = hypervisor.guests["edge1"].mark
    return mark is not None and mark.configured


class WatchedLinks(Chr):
    """Notes how its cables were when each script arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[bool]] = []
        execute = self.router.execute

        def watched(source: str, timeout: float | None = None) -> Result:
            if DONE_LINE in source:
                self.seen.append([port.running for port in self.platform.port_list])
            return execute(source, timeout)

        self.router.execute = watched  # type: ignore[method-assign]


# Once


def test_first_boot_runs_behind_closed_links_and_then_opens_them(hypervisor: MemoryHypervisor) -> None:
    router = WatchedLinks()
    hypervisor.plug("edge1", router)
    outcome = one(hypervisor)
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert router.seen == [[False, False]]
    assert links(hypervisor) == [True, True] and configured(hypervisor)
    assert router.router.identity == "edge1"
    links_up = ["interfaces.ether1.link", "interfaces.ether2.link"]
    assert [change.field for change in outcome.changes] == ["first_boot", "identity", "admin", "configured", *links_up]


def test_a_second_run_changes_nothing(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    log, kept = list(hypervisor.log), hypervisor.routers["edge1"].platform.stored
    again = one(hypervisor)
    assert (again.changes, again.warnings, again.error, again.facts["first_boot"]) == ((), (), None, STANDING)
    assert boot_scripts(hypervisor) == 1
    assert (hypervisor.log, hypervisor.routers["edge1"].platform.stored) == (log, kept)


def test_links_that_are_to_stay_down_stay_down(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor, wanted(link=False))
    assert links(hypervisor) == [False, False] and configured(hypervisor)


def test_the_factorys_dhcp_client_is_gone_before_a_link_is_up(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    assert hypervisor.routers["edge1"].count("/ip dhcp-client", "") == 0


def test_user_scripts_run_once_each(hypervisor: MemoryHypervisor) -> None:
    def item(*names: str, **values: t.Any) -> Boot:
        scripts = [{"name": name, "source": f"/interface bridge add name={quote(name)}"} for name in names]
        return wanted(scripts=scripts, **values)

    one(hypervisor, item("a"))
    assert one(hypervisor, item("a", "b"), options=RUN).facts["first_boot"] == DRIFT
    outcome = one(hypervisor, item("a", "b", reapply=True))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)  # a second bridge "a" would have been an error
    assert hypervisor.routers["edge1"].count("/interface bridge", "") == 2


# Cut short


def test_a_script_that_fails_in_the_middle_leaves_the_links_down(hypervisor: MemoryHypervisor) -> None:
    outcome = one(hypervisor, wanted(scripts=[{"name": "a", "source": FAILING}]))
    assert said(hypervisor, "no such luck") in str(outcome.error) and "in its script a" in str(outcome.error)
    assert outcome.facts["first_boot"] == "failed"
    assert links(hypervisor) == [False, False] and not configured(hypervisor)
    assert outcome.changes == ()


def test_a_run_that_was_cut_in_the_middle_is_taken_up(hypervisor: MemoryHypervisor) -> None:
    own = {"name": "mine", "source": "/interface bridge add name=mine"}
    one(hypervisor, wanted(scripts=[own, {"name": "a", "source": FAILING}]))
    outcome = one(hypervisor, wanted(scripts=[own, {"name": "a", "source": ":put whole"}]))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert links(hypervisor) == [True, True]
    assert hypervisor.routers["edge1"].count("/interface bridge", "") == 1


def test_a_run_that_was_cut_after_the_script_only_opens_the_links(hypervisor: MemoryHypervisor) -> None:
    hypervisor.broken["edge1"] = HypervisorError("the connection was lost")
    cut = one(hypervisor)
    assert [change.field for change in cut.changes] == ["first_boot", "identity", "admin"]
    hypervisor.broken.clear()
    assert fields(one(hypervisor)) == ["configured True", "interfaces.ether1.link True", "interfaces.ether2.link True"]
    assert boot_scripts(hypervisor) == 1


def test_a_broken_router_stops_no_other(hypervisor: MemoryHypervisor) -> None:
    hypervisor.guests["edge2"] = running("edge2")
    hypervisor.guests["edge3"] = running("edge3", agent_connected=False)
    hypervisor.plug("edge2", Chr())
    hypervisor.plug("edge3", Chr(open_port=False))
    done = go(hypervisor, wanted(scripts=[{"name": "a", "source": FAILING}]), wanted("edge2"), wanted("edge3"), wanted("edge4"))
    assert [name for name, outcome in done.items() if outcome.error is None] == ["edge2"]
    assert "Create it with chr_guest first" in str(done["edge4"].error)


# Not configured after all


def test_a_clone_closes_its_links_first_and_then_boots(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    router = WatchedLinks()
    router.router.execute(boot_script(wanted().wanted, Run("other", OTHER_UUID)))
    router.seen.clear()
    hypervisor.plug("edge1", router)
    outcome = one(hypervisor)
    assert fields(outcome) == [
        "interfaces.ether1.link False",
        "interfaces.ether2.link False",
        "configured False",
        "configured True",
        "interfaces.ether1.link True",
        "interfaces.ether2.link True",
    ]
    assert router.seen == [[False, False]]


def test_a_router_that_was_reset_closes_its_links_first_and_then_boots(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    router = WatchedLinks()
    hypervisor.plug("edge1", router)
    assert one(hypervisor).facts["first_boot"] == JUST_DONE
    assert router.seen == [[False, False]]
    assert links(hypervisor) == [True, True]


def test_a_reset_router_whose_script_fails_stays_behind_closed_links(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    hypervisor.plug("edge1", Chr())
    outcome = one(hypervisor, wanted(scripts=[{"name": "a", "source": FAILING}]))
    assert outcome.error is not None
    assert fields(outcome) == ["interfaces.ether1.link False", "interfaces.ether2.link False", "configured False"]
    assert links(hypervisor) == [False, False] and not configured(hypervisor)


def test_a_router_that_is_configured_under_a_lost_mark_gets_its_mark_back(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    hypervisor.guests["edge1"] = replace(hypervisor.guests["edge1"], mark=Mark())
    outcome = one(hypervisor)
    assert (fields(outcome), outcome.facts["first_boot"]) == (["configured True"], STANDING)


# Other settings


def test_other_settings_are_reported_and_not_applied(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    outcome = one(hypervisor, wanted(identity="core1"))
    assert (outcome.changes, outcome.facts["first_boot"]) == ((), DRIFT)
    assert "chr_first_boot_reapply" in outcome.warnings[0]
    assert hypervisor.routers["edge1"].router.identity == "edge1"


def test_other_settings_are_applied_where_that_was_asked_for_with_the_links_as_they_are(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    log = len(hypervisor.log)
    outcome = one(hypervisor, wanted(identity="core1", reapply=True))
    assert (outcome.error, outcome.facts["first_boot"], hypervisor.log[log:]) == (None, JUST_DONE, [])
    change = ("identity", "edge1", "core1") if hypervisor.returns_text else ("settings", "others", "as described")
    assert [(change.field, change.before, change.after) for change in outcome.changes][1:] == [change]
    assert hypervisor.routers["edge1"].router.identity == "core1"
    assert one(hypervisor, wanted(identity="core1", reapply=True)).facts["first_boot"] == STANDING


def test_another_password_alone_is_no_drift(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    assert one(hypervisor, wanted(admin_password="another-password")).facts["first_boot"] == STANDING


# Check mode


@pytest.mark.parametrize("situation", ["fresh", "standing", "clone", "reset", "opened by hand"])
def test_check_mode_touches_nothing_and_predicts_what_the_run_does(hypervisor: MemoryHypervisor, situation: str) -> None:
    if situation in ("standing", "clone", "reset"):
        one(hypervisor)
    if situation in ("clone", "reset"):
        other = hypervisor.plug("edge1", Chr())
        if situation == "clone":
            other.router.execute(boot_script(wanted().wanted, Run("other", OTHER_UUID)))
    if situation == "opened by hand":
        hypervisor.guests["edge1"] = running(interfaces=(nic(1, link=True), nic(2)))
    guest, log, kept = hypervisor.guests["edge1"], list(hypervisor.log), hypervisor.routers["edge1"].platform.stored
    predicted = one(hypervisor, options=CHECK)
    assert (hypervisor.guests["edge1"], hypervisor.log, hypervisor.routers["edge1"].platform.stored) == (guest, log, kept)
    done = one(hypervisor)
    assert (predicted.error, predicted.changes) == (done.error, done.changes)
    assert predicted.facts["first_boot"] == (STANDING if situation == "standing" else WOULD_RUN)


def test_check_mode_predicts_a_reapplied_first_boot(hypervisor: MemoryHypervisor) -> None:
    one(hypervisor)
    again = wanted(identity="zz", reapply=True)
    assert one(hypervisor, again, options=CHECK).changes == one(hypervisor, again).changes


def test_check_mode_says_what_would_run_in_a_guest_that_would_be_made() -> None:
    planned = RunOptions(True, 1, 4, Planned(guests=frozenset({"edge1"})))
    outcome = one(MemoryHypervisor(), options=planned)
    assert (outcome.error, outcome.facts["first_boot"], outcome.has_changed) == (None, WOULD_RUN, True)
    assert "does not exist" in str(one(MemoryHypervisor(), options=CHECK).error)


def test_check_mode_awaits_no_agent(returns_text: bool) -> None:
    hypervisor = MemoryHypervisor(running(agent_connected=False), returns_text=returns_text)
    router = hypervisor.plug("edge1", Chr(open_port=False))
    outcome = one(hypervisor, options=CHECK)
    assert (outcome.error, outcome.facts["first_boot"], outcome.has_changed) == (None, WOULD_RUN, True)
    assert (hypervisor.log, router.way.started) == ([], [])


# Guests that do not run, or are not ours


@pytest.mark.parametrize("options", [RUN, CHECK])
@pytest.mark.parametrize(("mark", "said"), [(Mark(), WAITING), (Mark(configured=True, guest_uuid=UUID, disk_id=DISK), STANDING)])
@pytest.mark.parametrize("power", ["stopped", "suspended"])
def test_a_guest_that_does_not_run_is_left_as_it_is(power: str, mark: Mark, said: str, options: RunOptions) -> None:
    hypervisor = MemoryHypervisor(state(power=power, mark=mark))
    router = hypervisor.plug("edge1", Chr())
    outcome = one(hypervisor, options=options)
    assert (outcome.error, outcome.changes, outcome.facts["first_boot"]) == (None, (), said)
    assert (hypervisor.log, router.way.started) == ([], [])


def test_check_mode_says_what_would_run_in_a_guest_that_would_be_started() -> None:
    planned = RunOptions(True, 1, 4, Planned(guests=frozenset({"edge1"})))
    outcome = one(MemoryHypervisor(state()), options=planned)
    assert (outcome.error, outcome.facts["first_boot"], outcome.has_changed) == (None, WOULD_RUN, True)


def test_a_guest_that_is_not_ours_is_never_entered(returns_text: bool) -> None:
    hypervisor = MemoryHypervisor(running(mark=None), returns_text=returns_text)
    router = hypervisor.plug("edge1", Chr())
    assert "the guest is not ours" in str(one(hypervisor).error)
    assert router.way.started == []


# Secrets


def test_no_secret_is_in_a_result_or_left_on_the_router(hypervisor: MemoryHypervisor) -> None:
    token, password = "tok$en-of-mine", "user-password"
    scripts = [{"name": "a", "source": f":put {quote(token)}\n:put {quote(PASSWORD)}\n:error {quote(token)}"}]
    bad = wanted(scripts=scripts, users=[{"name": "ops", "password": password}], secrets=[token])
    good = wanted("edge2", users=[{"name": "keys", "ssh_keys": []}, {"name": "ops", "password": password}][1:], secrets=[token])
    hypervisor.guests["edge2"] = running("edge2", uuid=UUID)
    hypervisor.plug("edge2", Chr())
    outcomes = go(hypervisor, bad, good)
    masks = {name: Mask.of(item.wanted.secrets(), outcomes) for name, item in (("edge1", bad), ("edge2", good))}
    shown = repr(summary(outcomes, masks, "guests"))
    assert "RouterOS reports an error" in shown
    assert not [secret for secret in (token, "tok\\$en-of-mine", password, PASSWORD, "correct") if secret in shown]
    for router in hypervisor.routers.values():
        kept = "".join(router.ask(f"[/system script get {number} source]") for number in range(router.count("/system script", "")))
        assert not [secret for secret in (token, password, PASSWORD) if secret in kept]
        assert router.count("/file", "") == Chr().count("/file", "")


@pytest.mark.parametrize("replaced", [True, False])
def test_a_silent_router_stays_on_its_wires_only_with_the_disk_that_was_configured(replaced: bool, returns_text: bool) -> None:
    mark = Mark(configured=True, guest_uuid=UUID, disk_id=DISK)
    guest = running(mark=mark, agent_connected=False, interfaces=(nic(1, link=True), nic(2, link=True)))
    hypervisor = MemoryHypervisor(guest, returns_text=returns_text)
    hypervisor.plug("edge1", Chr(open_port=False))
    if replaced:
        hypervisor.disks["edge1"] = "another"
    outcome = one(hypervisor)
    assert outcome.error is not None
    closed = ["interfaces.ether1.link", "interfaces.ether2.link", "configured"] if replaced else []
    assert [change.field for change in outcome.changes] == closed
    assert [have.link for have in hypervisor.guests["edge1"].interfaces] == [not replaced] * 2


def test_a_guest_that_cannot_be_read_fails_alone(hypervisor: MemoryHypervisor) -> None:
    hypervisor.unreadable["edge2"] = HypervisorError("the guest's mark cannot be read")
    done = go(hypervisor, wanted(), wanted("edge2"))
    assert (done["edge1"].error, done["edge1"].facts["first_boot"]) == (None, JUST_DONE)
    assert "mark cannot be read" in str(done["edge2"].error)
