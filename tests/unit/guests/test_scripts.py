# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and files for many routers: order, failures, check mode, and which guests are entered at all."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Planned, parse_lists, summary
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.files import File, parse_file, transfer_files
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.scripts import NOT_PREDICTED, Job, parse_script, run_scripts
from ansible_collections.vrouter.mikrotik.plugins.module_utils._module import masks_of
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Files

from tests.contract.memory import MemoryHypervisor
from tests.unit.support import Chr, quiet, state

RUN = RunOptions(check_mode=False, agent_timeout=1, concurrency=4)
CHECK = RunOptions(check_mode=True, agent_timeout=1, concurrency=4)


def running(name: str, **values: t.Any) -> GuestState:
    return state(name, **{"power": "running", "agent_connected": True, **values})


def two_routers(*, returns_text: bool) -> MemoryHypervisor:
    memory = MemoryHypervisor(running("edge1"), running("edge2"), returns_text=returns_text)
    for name in memory.guests:
        memory.plug(name, Chr())
    return memory


@pytest.fixture(params=[True, False], ids=["text", "exit code"])
def hypervisor(request: pytest.FixtureRequest) -> MemoryHypervisor:
    return two_routers(returns_text=request.param)


@pytest.fixture
def talking() -> MemoryHypervisor:
    """Routers from which text comes back."""
    return two_routers(returns_text=True)


@pytest.fixture
def mute() -> MemoryHypervisor:
    """Routers from which no more than an exit code comes back."""
    return two_routers(returns_text=False)


def router_files(hypervisor: MemoryHypervisor, name: str) -> Files:
    moved = hypervisor.routers[name].way.files
    assert moved is not None
    return moved


def scripts(hypervisor: MemoryHypervisor, *jobs: Job, options: RunOptions = RUN) -> dict[str, Outcome]:
    return run_scripts(hypervisor, jobs, options, quiet)


def job(guest: str, source: str, **values: t.Any) -> Job:
    return Job(guest, Script(values.pop("name", "job"), source, **values))


def outputs(outcome: Outcome) -> list[str | None]:
    return [entry["output"] for entry in outcome.facts["scripts"]]


def printed(hypervisor: MemoryHypervisor, *texts: str) -> list[str | None]:
    """What scripts printed, as far as it comes back."""
    return [text if hypervisor.returns_text else None for text in texts]


def script_options(**given: t.Any) -> dict[str, t.Any]:
    return {"guest": "edge1", "timeout": 60, "read_only": False, **given}


def test_scripts_run_in_order_within_a_guest(hypervisor: MemoryHypervisor) -> None:
    done = scripts(hypervisor, job("edge1", ":global n 1"), job("edge2", ":put 7"), job("edge1", ":global n; :put $n"))
    assert (outputs(done["edge1"]), outputs(done["edge2"])) == (printed(hypervisor, "", "1"), printed(hypervisor, "7"))


def test_a_failing_script_ends_its_guests_list_and_no_other(hypervisor: MemoryHypervisor) -> None:
    done = scripts(hypervisor, job("edge1", ":put 1"), job("edge1", ':error "stop here"'), job("edge1", ":put 3"), job("edge2", ":put 4"))
    assert outputs(done["edge1"]) == printed(hypervisor, "1")
    assert ("stop here" if hypervisor.returns_text else "exit code -1") in str(done["edge1"].error)
    assert [change.field for change in done["edge1"].changes] == ["scripts.job"]
    assert (done["edge2"].error, outputs(done["edge2"])) == (None, printed(hypervisor, "4"))


@pytest.mark.parametrize(
    ("guest", "said"),
    [
        (None, "the guest does not exist.*Create it with chr_guest first"),
        (state("edge3"), "the guest is stopped.*Start it"),
        (running("edge3", power="suspended"), "the guest is suspended"),
        (running("edge3", mark=None), "the guest is not ours"),
    ],
)
def test_a_guest_that_cannot_be_entered_fails_alone(hypervisor: MemoryHypervisor, guest: GuestState | None, said: str) -> None:
    if guest is not None:
        hypervisor.guests["edge3"] = guest
    done = scripts(hypervisor, job("edge3", ":put 1"), job("edge1", ":put 1"))
    assert re.search(said, str(done["edge3"].error))
    assert done["edge1"].error is None


def test_an_agent_that_never_answers_fails_its_guest_alone(hypervisor: MemoryHypervisor) -> None:
    hypervisor.guests["edge1"] = running("edge1", agent_connected=False)
    hypervisor.plug("edge1", Chr(open_port=False))
    done = scripts(hypervisor, job("edge1", ":put 1"), job("edge2", ":put 1"))
    assert (done["edge1"].error is None, done["edge2"].error) == (False, None)
    assert hypervisor.routers["edge1"].way.started == []


def test_check_mode_runs_only_what_reads(talking: MemoryHypervisor) -> None:
    reading = Job("edge1", Script("look", ":put [/system identity get name]"), read_only=True)
    done = scripts(talking, reading, job("edge1", '/system identity set name="x"', name="rename"), options=CHECK)["edge1"]
    assert outputs(done) == ["MikroTik", "would run"]
    assert [change.field for change in done.changes] == ["scripts.rename"]
    assert talking.routers["edge1"].router.identity == "MikroTik"


def test_check_mode_asks_the_guard(hypervisor: MemoryHypervisor) -> None:
    done = scripts(hypervisor, job("edge1", ":put 1", unless="true"), job("edge2", ":put 1", unless="false"), options=CHECK)
    assert (done["edge1"].has_changed, done["edge2"].has_changed) == (False, True)


def test_check_mode_predicts_nothing_where_the_guard_cannot_be_asked(hypervisor: MemoryHypervisor) -> None:
    planned = RunOptions(True, 1, 4, Planned(guests=frozenset({"edge9"})))
    done = scripts(hypervisor, job("edge9", ":put 1", unless="true"), options=planned)["edge9"]
    assert (done.changes, outputs(done)) == ((), [NOT_PREDICTED])


def test_a_script_that_only_reads_is_no_change(talking: MemoryHypervisor) -> None:
    reading = Job("edge1", Script("look", ":put 1"), read_only=True)
    later = Job("edge9", Script("look", ":put 1"), read_only=True)
    planned = RunOptions(True, 1, 4, Planned(guests=frozenset({"edge9"})))
    for outcome in (scripts(talking, reading)["edge1"], scripts(talking, later, options=planned)["edge9"]):
        assert (outcome.has_changed, [entry["changed"] for entry in outcome.facts["scripts"]]) == (False, [False])


def test_check_mode_counts_a_guest_that_would_be_made(hypervisor: MemoryHypervisor) -> None:
    planned = RunOptions(True, 1, 4, Planned(guests=frozenset({"edge9"})))
    assert outputs(scripts(hypervisor, job("edge9", ":put 1"), options=planned)["edge9"]) == ["would run"]
    assert scripts(hypervisor, job("edge9", ":put 1"), options=CHECK)["edge9"].error is not None


# Where no text comes back


def test_a_script_counts_as_done_by_its_exit_code_and_its_output_is_said_to_be_unknown(mute: MemoryHypervisor) -> None:
    done = scripts(mute, job("edge1", ':put "hello"'), job("edge1", '/system identity set name="edge1"'))["edge1"]
    assert (done.error, mute.routers["edge1"].router.identity) == (None, "edge1")
    shown = [(entry["exit_code"], entry["output"], entry["output_lines"], entry["transport"]) for entry in done.facts["scripts"]]
    assert shown == [(0, None, [], "guest_programs")] * 2


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"source": ":put 1", "read_only": True}, "what a read_only script prints"),
        ({"source": ":put 1", "marker": "1"}, "its marker"),
        ({"guest_file": "setup.rsc"}, "how an /import ended"),
    ],
)
@pytest.mark.parametrize("options", [RUN, CHECK])
def test_a_script_that_needs_text_is_refused_before_any_of_its_guest_runs(
    mute: MemoryHypervisor, wanted: dict[str, t.Any], what: str, options: RunOptions
) -> None:
    first = job("edge1", '/system identity set name="edge1"')
    done = scripts(mute, first, parse_script(script_options(**wanted), 2), job("edge2", ":put 1"), options=options)
    said = str(done["edge1"].error)
    assert f"script 2: {what} cannot be had here" in said and "API or SSH" in said
    assert (mute.routers["edge1"].way.started, done["edge1"].changes, done["edge2"].error) == ([], (), None)


@pytest.mark.parametrize("options", [RUN, CHECK])
def test_files_are_refused_where_none_move(mute: MemoryHypervisor, options: RunOptions, tmp_path: Path) -> None:
    done = files(mute, File("edge1", "a", b"1"), File("edge2", "a", dest=tmp_path / "a"), options=options)
    for outcome in done.values():
        assert "files cannot be moved here: guest_programs moves none" in str(outcome.error) and "API or SSH" in str(outcome.error)
    assert [router.way.started for router in mute.routers.values()] == [[], []]


# Arguments


def test_a_bad_entry_fails_its_guest_alone_and_shows_no_secret() -> None:
    secret = "open-sesame-1"
    entries = [script_options(guest="edge1", source=":put 1"), script_options(guest="edge2", src=f"/nowhere/{secret}", secrets=[secret])]
    jobs, errors = parse_lists("guest", [*entries, script_options(guest="edge2", source=":put 2")], parse_script)
    assert [item.guest for item in jobs] == ["edge1"]
    masks, dummy = masks_of(entries, "guest")
    shown = summary({name: Outcome(name, error=error) for name, error in errors.items()}, masks, "guests")
    assert "/nowhere/******** cannot be read" in shown["msg"] and secret not in repr(shown)


def test_a_local_script_is_read_where_the_module_runs(tmp_path: Path) -> None:
    (tmp_path / "a.rsc").write_text(":put 1", encoding="utf-8")
    assert parse_script(script_options(src=str(tmp_path / "a.rsc")), 1).script.source == ":put 1"
    with pytest.raises(InputError, match=r"^src: .*missing\.rsc cannot be read .*No such file"):
        parse_script(script_options(src=str(tmp_path / "missing.rsc")), 1)


def test_a_file_on_the_router_is_imported_and_its_failure_is_seen(talking: MemoryHypervisor) -> None:
    router_files(talking, "edge1").write("setup.rsc", b'/system identity set name="edge1"')
    router_files(talking, "edge2").write("setup.rsc", b":nonsense")
    jobs = [parse_script(script_options(guest=name, guest_file="setup.rsc"), 1) for name in ("edge1", "edge2")]
    done = scripts(talking, *jobs)
    assert (done["edge1"].error, talking.routers["edge1"].router.identity) == (None, "edge1")
    assert done["edge2"].error is not None


@pytest.mark.parametrize("name", ["disk1/setup.rsc", "/setup.rsc", "a\\b", "", "a" * 256])
def test_files_are_flat(name: str) -> None:
    with pytest.raises(InputError, match="holds a folder"):
        parse_script(script_options(guest_file=name), 1)
    with pytest.raises(InputError, match="holds a folder"):
        parse_file({"guest": "edge1", "name": name, "content": ""})


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_is_above_zero(timeout: int) -> None:
    with pytest.raises(InputError, match=r"^timeout: "):
        parse_script(script_options(source=":put 1", timeout=timeout), 1)


# Files


def files(hypervisor: MemoryHypervisor, *wanted: File, options: RunOptions = RUN) -> dict[str, Outcome]:
    return transfer_files(hypervisor, wanted, options, quiet)


CONTENT = bytes(range(256)) * 500  # more than one block of the agent's


def test_a_file_is_put_once(talking: MemoryHypervisor) -> None:
    wanted = File("edge1", 'we"ird $name.bin', CONTENT)
    assert files(talking, wanted, options=CHECK)["edge1"].has_changed
    assert files(talking, wanted)["edge1"].has_changed
    assert router_files(talking, "edge1").read(wanted.name) == CONTENT
    assert not files(talking, wanted)["edge1"].has_changed
    assert files(talking, File("edge1", wanted.name, b"other"))["edge1"].has_changed


def test_a_file_is_fetched_once(talking: MemoryHypervisor, tmp_path: Path) -> None:
    router_files(talking, "edge1").write("a.bin", CONTENT)
    wanted = File("edge1", "a.bin", dest=tmp_path / "a.bin")
    assert files(talking, wanted, options=CHECK)["edge1"].has_changed
    assert list(tmp_path.iterdir()) == []
    assert files(talking, wanted)["edge1"].has_changed
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert not files(talking, wanted)["edge1"].has_changed
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_what_cannot_be_fetched_is_an_error(talking: MemoryHypervisor, tmp_path: Path) -> None:
    router_files(talking, "edge2").write("a.bin", b"1")
    done = files(talking, File("edge1", "a.bin", dest=tmp_path / "a"), File("edge2", "a.bin", dest=tmp_path / "no" / "a"))
    assert "file a.bin does not exist on the router" in str(done["edge1"].error)
    assert "cannot be written" in str(done["edge2"].error)
