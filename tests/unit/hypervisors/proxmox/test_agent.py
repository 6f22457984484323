# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts through the guest agent of Proxmox VE."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, InputError, LostError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script, ScriptError, run
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Ended

from tests.simulators.proxmox.asked import without_polling
from tests.waiting import PATIENCE, wait_until

from .routers import COUNT, RELEASES, Boot, said
from .support import TOKEN


@pytest.mark.parametrize("release", RELEASES)
def test_a_script_takes_one_request_and_its_output_is_its_own(booted: Boot, release: str) -> None:
    guest = booted(release)
    assert said(guest, ':put one; :put ""; :put two\n# the last') == "one\n\ntwo"
    assert [str(one) for one in without_polling(guest.pve.asked)] == ["GET /version", "POST /nodes/pve1/qemu/100/agent/exec"]


@pytest.mark.parametrize("release", RELEASES)
def test_the_exit_code_is_the_routers(booted: Boot, release: str) -> None:
    guest = booted(release)
    for source, code in ((":put before; :error oops", -1), (":delay 1000s", 1), (":nonsense", -1)):
        with pytest.raises(ScriptError) as failed:
            said(guest, source)
        assert failed.value.exit_code == code


def test_an_answer_is_kept_because_an_agent_may_give_it_once(booted: Boot) -> None:
    guest = booted()
    way = guest.way()
    job = way.start(":put hello")
    wait_until(lambda: way.poll(job) is not None, "the script's end")
    guest.pve.asked.clear()
    assert way.poll(job) == Ended(0, "hello\n")
    assert guest.pve.asked == []


@pytest.mark.parametrize("release", RELEASES)
def test_a_chr_that_takes_no_script_beside_a_null_path_executes_a_file(booted: Boot, release: str) -> None:
    guest = booted(release)
    guest.pve.takes_null_path = False
    guest.agent.runs_files = True
    if release == "7.4":  # a form has no path: that CHR is asked as it wants to be
        assert said(guest, COUNT) == "1" and len(guest.asked()) == 1
        return
    assert said(guest, COUNT) == "1"
    assert [one.path.rpartition("/")[2] for one in guest.asked()] == ["exec", "file-write", "exec", "file-write", "exec"]  # refused, probe, script
    assert said(guest, COUNT) == "2"
    assert [one.path.rpartition("/")[2] for one in guest.asked()] == ["file-write", "exec"]  # remembered, for another way, too
    assert said(guest, ":put [:len [/file find]]") == "0"


def test_a_rung_on_which_nothing_runs_is_left_and_the_script_runs_once(booted: Boot) -> None:
    guest = booted()
    guest.pve.takes_null_path = False
    guest.agent.ignores_null_path = guest.agent.runs_files = True
    assert said(guest, COUNT) == "1"
    assert said(guest, COUNT) == "2"


@pytest.mark.parametrize("ignores", [False, True])
def test_who_finds_the_rung_at_the_same_time_as_another_runs_a_script_once_too(booted: Boot, ignores: bool) -> None:
    guest = booted()
    guest.pve.takes_null_path = False
    guest.agent.runs_files = True
    guest.agent.ignores_null_path = ignores
    ready = threading.Barrier(4)

    def count(dummy: int) -> str:
        way = guest.way()
        ready.wait(PATIENCE)
        return run(way, Script("test", COUNT)).output or ""

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(count, range(4))) == ["1", "2", "3", "4"]


def test_where_no_rung_works_the_error_names_each_and_ssh(booted: Boot) -> None:
    guest = booted()
    guest.pve.takes_null_path = False
    for dummy in range(2):
        with pytest.raises(GuestError, match=r"input-data: Invalid parameter 'path'; .*of the file: Invalid parameter 'path'.*proxmox\.ssh_user"):
            said(guest, COUNT)


def test_a_syntax_error_in_a_file_leaves_no_file_behind(booted: Boot) -> None:
    guest = booted()
    guest.pve.takes_null_path = False
    guest.agent.runs_files = True
    with pytest.raises(ScriptError, match="syntax error"):
        said(guest, ":put (secret")
    assert said(guest, ":put [:len [/file find]]") == "0"


def test_a_script_that_ends_itself_early_has_an_unknown_end_and_is_not_run_again(booted: Boot) -> None:
    guest = booted()
    with pytest.raises(LostError):
        said(guest, COUNT + "; :return true")
    assert said(guest, COUNT) == "2"


def test_text_in_any_language_goes_in_and_comes_out(booted: Boot) -> None:
    guest = booted()
    assert said(guest, '# Straße\n:local x "Zürich €"; :put "Rīga $[:put "é"] $x"') == "é\nRīga  Zürich €"
    with pytest.raises(InputError, match="line 2 holds 'ü' outside of a string"):
        said(guest, "\n/system identity set name=Zürich")


def test_facts_take_two_requests(booted: Boot) -> None:
    guest = booted(version="7.12.2")
    said(guest, '/system identity set name="Zürich"; /ip address add address=192.0.2.1/24 interface=ether1')
    guest.asked()
    facts = guest.way().facts()
    assert (facts["identity"], facts["release"], facts["license_level"]) == ("Zürich", "RouterOS 7.12.2 (stable)", "free")
    assert facts["interfaces"] == [{"name": "ether1", "mac": "02:00:00:00:00:01", "addresses": ["192.0.2.1/24"]}]
    assert len(guest.asked()) == 2


def test_two_threads_ask_one_guest_in_turns(booted: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = booted()
    inside: list[int] = []
    crowds: list[int] = []
    real = guest.pve._agent_call

    async def counted(*args: t.Any) -> object:
        inside.append(1)
        await asyncio.sleep(0.01)
        crowds.append(len(inside))
        inside.pop()
        return await real(*args)

    monkeypatch.setattr(guest.pve, "_agent_call", counted)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda number: said(guest, f":put {number}"), range(8))) == [str(number) for number in range(8)]
    assert set(crowds) == {1}


class TestWaiting:
    """What speaks against an agent, and whether it is waited for."""

    def test_an_agent_that_answers(self, booted: Boot) -> None:
        booted().way().wait(0)

    @pytest.mark.parametrize(("config", "found"), [({"cpu": "host,hidden=1"}, "cpu: host,hidden=1"), ({"kvm": 0}, "kvm: 0")])
    def test_a_guest_that_sees_no_kvm_is_waited_for_in_vain(self, booted: Boot, config: dict[str, t.Any], found: str) -> None:
        with pytest.raises(GuestError, match=rf"did not answer within 0\.01 s.*{found}.*sees KVM"):
            booted(**config).way().wait(0.01)

    def test_one_that_never_answers_is_told_with_what_proxmox_says(self, booted: Boot) -> None:
        with pytest.raises(GuestError, match=r"did not answer within 0\.01 s.*agent is not running.*only under KVM"):
            booted(boot="order=net0").way().wait(0.01)

    def test_whether_it_answers_now_is_one_ping(self, booted: Boot) -> None:
        guest = booted(kvm=0)
        with pytest.raises(GuestError, match="did not answer"):
            guest.way().wait(0)
        assert [one.path for one in guest.pve.asked] == ["/nodes/pve1/qemu/100/agent/ping"]

    def test_one_that_comes_later_is_waited_for(self, booted: Boot) -> None:
        guest = booted()
        guest.pve.fail("POST", "/agent/ping", 500, "QEMU guest agent is not running", times=2)
        guest.way().wait(PATIENCE)
        assert len([one for one in guest.pve.asked if one.path.endswith("/ping")]) == 3

    def test_without_an_agent_nothing_is_waited_for(self, booted: Boot) -> None:
        with pytest.raises(GuestError, match=r"has no agent.*agent: true"):
            booted(agent=0).way().wait(PATIENCE)

    def test_a_guest_that_is_off_is_not_waited_for(self, booted: Boot) -> None:
        guest = booted()
        guest.agent.receive(b'{"execute": "guest-shutdown"}\n')
        with pytest.raises(GuestError, match=r"not running.*Start it first"):
            guest.way().wait(PATIENCE)

    @pytest.mark.parametrize(("release", "privilege"), [("8.4", "VM.Monitor"), ("9.0", "VM.GuestAgent.Audit")])
    def test_a_missing_privilege_is_named_at_once(self, booted: Boot, release: str, privilege: str) -> None:
        guest = booted(release, connection={"token_id": "chr@pve!tests"})
        guest.pve.acl = {}
        guest.pve.apitokens["chr@pve!tests"] = TOKEN["token_secret"]
        with pytest.raises(UnsupportedError, match=f"{privilege}.*ChrGuests"):
            guest.way().wait(PATIENCE)


class TestLost:
    """Answers that do not come."""

    def test_an_end_that_was_not_told_is_asked_for_again(self, booted: Boot) -> None:
        guest = booted()
        unheard = "VM 100 qga command 'guest-exec-status' failed - got timeout"
        for status, text in ((500, "QEMU guest agent is not running"), (500, unheard), (596, "Broken pipe")):
            guest.pve.fail("GET", "/agent/exec-status", status, text, times=1)
            assert said(guest, ":put hello") == "hello"

    @pytest.mark.parametrize(("status", "text"), [(500, "VM 100 qga command 'guest-exec' failed - got timeout"), (596, "Connection timed out")])
    def test_a_start_that_was_not_confirmed_is_unknown_and_not_done_again(self, booted: Boot, status: int, text: str) -> None:
        guest = booted()
        guest.pve.fail("POST", "/agent/exec", status, text)
        with pytest.raises(LostError, match=r"unknown|did not answer"):
            said(guest, COUNT)
        assert [str(one) for one in guest.asked()] == ["POST /nodes/pve1/qemu/100/agent/exec"]

    def test_an_agent_that_is_away_ran_nothing(self, booted: Boot) -> None:
        guest = booted()
        guest.pve.vm(100).agent_hangs = True
        with pytest.raises(GuestError, match="does not answer") as failed:
            said(guest, COUNT)
        assert not isinstance(failed.value, LostError)

    def test_an_answer_that_the_network_lost_is_unknown(self, booted: Boot) -> None:
        guest = booted()
        said(guest, COUNT)
        guest.pve.flaky_network(drop_rate=1.0)
        with pytest.raises(LostError, match="unknown"):
            guest.way().start(COUNT)
