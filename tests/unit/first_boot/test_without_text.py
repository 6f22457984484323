# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot where no more than an exit code comes back: what differs there. What is the same runs on both kinds of ways beside this file."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import DRIFT, JUST_DONE, STANDING
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import DONE_LINE, Run
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.script import script as boot_script

from tests.contract.memory import MemoryHypervisor
from tests.unit.first_boot.boots import CHECK, boot_scripts, one, running, wanted
from tests.unit.support import OTHER_UUID, Chr

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkAuVV6kxlLyTRVvkPJbJzTVEGKvsLdCdMDxM7dE6QJ"
OPS = {"name": "ops", "password": "battery-staple"}
BEFORE: dict[str, t.Any] = {"admin_disabled": True, "users": [OPS], "dns": ["192.0.2.53"], "ntp": ["192.0.2.123"]}


@pytest.fixture
def mute() -> MemoryHypervisor:
    hypervisor = MemoryHypervisor(running(), returns_text=False)
    hypervisor.plug("edge1", Chr())
    return hypervisor


def test_a_router_that_stands_as_described_takes_one_question(mute: MemoryHypervisor) -> None:
    one(mute)
    asked = len(mute.routers["edge1"].way.started)
    assert one(mute).facts["first_boot"] == STANDING
    assert len(mute.routers["edge1"].way.started) == asked + 1


def test_an_exit_code_that_nobody_gives_opens_no_link() -> None:
    hypervisor = MemoryHypervisor(running(), returns_text=False)
    router = hypervisor.plug("edge1", Chr(exit_codes=False))
    outcome = one(hypervisor, wanted(timeout=1))
    assert "the router did not answer within 1 s" in str(outcome.error) and "no exit code" in str(outcome.error)
    assert [nic.link for nic in hypervisor.guests["edge1"].interfaces] == [False, False]
    assert not any(DONE_LINE in source for source in router.way.started)


def test_an_exit_code_that_is_missing_for_the_script_alone_is_made_up_for_by_its_record(mute: MemoryHypervisor) -> None:
    way = mute.routers["edge1"].way
    start, poll, boots = way.start, way.poll, set[int]()

    def noted(source: str) -> int:
        job = start(source)
        if DONE_LINE in source:
            boots.add(job)
        return job

    def without(job: int) -> t.Any:
        ended = poll(job)
        return type(ended)(None) if ended is not None and job in boots else ended

    way.start, way.poll = noted, without  # type: ignore[method-assign]
    assert one(mute).facts["first_boot"] == JUST_DONE
    assert boot_scripts(mute) == 1


def test_a_script_that_ends_well_and_leaves_no_record_is_no_success(mute: MemoryHypervisor) -> None:
    """What takes a script and does not run it may say 0 all the same."""
    way = mute.routers["edge1"].way
    start = way.start
    way.start = lambda source: start(":put 1" if DONE_LINE in source else source)  # type: ignore[method-assign]
    outcome = one(mute, wanted(timeout=1))
    assert "how first boot ended is unknown" in str(outcome.error)
    assert [nic.link for nic in mute.guests["edge1"].interfaces] == [False, False]


def test_the_factorys_login_is_taken_first_and_the_new_one_as_soon_as_it_counts() -> None:
    hypervisor = MemoryHypervisor(running(), returns_text=False)
    hypervisor.plug("edge1", Chr(logs_in=True))
    assert one(hypervisor).facts["first_boot"] == JUST_DONE
    assert one(hypervisor).facts["first_boot"] == STANDING


def test_what_is_described_no_more_is_undone_by_what_the_router_knows(mute: MemoryHypervisor) -> None:
    one(mute, wanted(**BEFORE))
    router = mute.routers["edge1"]
    assert router.count("/user", 'name="admin" disabled=yes') == 1
    outcome = one(mute, wanted(reapply=True))
    assert (outcome.error, outcome.facts["first_boot"]) == (None, JUST_DONE)
    assert [(change.field, change.after) for change in outcome.changes] == [("first_boot", JUST_DONE), ("settings", "as described")]
    assert router.count("/user", 'name="admin" disabled=no') == 1 and router.count("/user", 'name="ops"') == 0
    assert (router.ask("[/ip dns get servers]"), router.ask("[/system ntp client get enabled]")) == ("", "false")


def test_what_first_boot_did_not_set_is_not_undone(mute: MemoryHypervisor) -> None:
    one(mute, wanted(time_zone="Europe/Riga"))
    router = mute.routers["edge1"]
    by_hand = '/ip dns set servers=192.0.2.99\n/user add name=eve group=full password=by-hand-1\n/user disable [find where name="admin"]'
    assert router.router.execute(by_hand).exit_code == 0
    assert one(mute, wanted(reapply=True)).error is None
    assert router.ask("[/ip dns get servers]") == "192.0.2.99"
    assert router.count("/user", 'name="admin" disabled=yes') == router.count("/user", 'name="eve"') == 1


def test_a_clone_loses_what_the_other_router_had(mute: MemoryHypervisor) -> None:
    router = mute.routers["edge1"]
    router.router.execute(boot_script(wanted(**BEFORE).wanted, Run("other", OTHER_UUID)))
    assert one(mute).facts["first_boot"] == JUST_DONE
    assert router.ask("[/ip dns get servers]") == ""
    assert router.count("/user", 'name="ops"') == 0 and router.count("/user", 'name="admin" disabled=no') == 1


def test_a_script_of_another_text_is_told_from_other_settings(mute: MemoryHypervisor) -> None:
    one(mute, wanted(scripts=[{"name": "note", "source": ":put 1"}]))
    other = [{"name": "note", "source": ":put 2"}]
    assert "chr_first_boot_scripts_again" in one(mute, wanted(scripts=other)).warnings[0]
    outcome = one(mute, wanted(scripts=other, identity="core1"))
    assert outcome.facts["first_boot"] == DRIFT and "chr_first_boot_reapply" in outcome.warnings[0]
    more = [*other, {"name": "new", "source": "/interface bridge add name=new"}]
    assert "chr_first_boot_reapply" in one(mute, wanted(scripts=more)).warnings[0]
    assert one(mute, wanted(scripts=more, reapply=True)).error is None
    assert mute.routers["edge1"].count("/interface bridge", 'name="new"') == 1


@pytest.mark.parametrize("options", [CHECK, None])
def test_keys_that_need_files_are_refused_where_none_move(mute: MemoryHypervisor, options: t.Any) -> None:
    item = wanted(version="6.49.18", users=[{**OPS, "ssh_keys": [KEY]}])
    outcome = one(mute, item, **({"options": options} if options else {}))
    assert isinstance(outcome.error, UnsupportedError)
    assert "RouterOS 6 takes SSH keys as files only, and guest_programs moves none" in str(outcome.error)
    assert boot_scripts(mute) == 0 and [nic.link for nic in mute.guests["edge1"].interfaces] == [False, False]
    assert one(mute, wanted(version="7.20.8", users=[{**OPS, "ssh_keys": [KEY]}])).facts["first_boot"] == JUST_DONE
