# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch of phases: the right routers fail, all others finish, and a module runs once for each phase and hypervisor."""

from __future__ import annotations

import importlib.util
import typing as t

import pytest

from .stage import Stage

HAS_LIBVIRT = importlib.util.find_spec("libvirt") is not None


def routers(count: int, **each: t.Any) -> dict[str, dict[str, t.Any]]:
    """Inventory hosts r001 ..., each with these variables."""
    return {f"r{number:03}": dict(each) for number in range(1, count + 1)}


def first_fails(**task: t.Any) -> dict[str, t.Any]:
    return {"ansible.builtin.fail": {"msg": "before anything"}, "when": "inventory_hostname == 'r001'", **task}


def test_an_undefined_variable_fails_one_of_100_routers_alone(stage: Stage) -> None:
    hosts = routers(100, text="fine")
    hosts["r050"]["text"] = "{{ missing_here }}"
    done = stage.play(hosts, [stage.batch()])
    others = sorted(set(hosts) - {"r050"})
    assert done.stats("failures") == ["r050"]
    assert "missing_here" in done.message("r050")
    assert [run["names"] for run in done.runs] == [others]
    assert sorted(host for host, report in done.reports().items() if report["changed"]) == others
    assert done.stats("changed") == others


@pytest.mark.parametrize("where", ["already failed", "in a rescue block"])
def test_the_first_host_may_be_out_of_the_way(stage: Stage, where: str) -> None:
    if where == "already failed":
        tasks: list[t.Any] = [first_fails(), stage.batch()]
    else:
        tasks = [{"block": [first_fails(), stage.batch()], "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}]}]
    done = stage.play(routers(4), tasks)
    assert [run["names"] for run in done.runs] == [["r002", "r003", "r004"]]
    assert done.stats("changed") == ["r002", "r003", "r004"]
    assert done.stats("failures" if where == "already failed" else "rescued") == ["r001"]


def test_a_phase_in_a_rescue_block_is_for_the_rescued_alone(stage: Stage) -> None:
    done = stage.play(routers(3), [{"block": [first_fails()], "rescue": [stage.batch()]}])
    assert [run["names"] for run in done.runs] == [["r001"]]
    assert done.stats("changed") == ["r001"]
    assert done.stats("failures") == []


@pytest.mark.parametrize("connection", ["test.doubles.unused", "ansible.netcommon.network_cli"])
def test_routers_are_never_logged_in_to(stage: Stage, connection: str) -> None:
    hosts = routers(
        2,
        ansible_connection=connection,
        ansible_network_os="community.routeros.routeros",
        ansible_host="192.0.2.1",
        ansible_python_interpreter="/nonexistent/python",
    )
    done = stage.play(hosts, [stage.batch()])
    assert done.stats("changed") == ["r001", "r002"], done.output


def test_limit(stage: Stage) -> None:
    done = stage.play(routers(4), [stage.batch()], "--limit", "r002,r004")
    assert [run["names"] for run in done.runs] == [["r002", "r004"]]
    assert done.stats("changed") == ["r002", "r004"]


def test_serial(stage: Stage) -> None:
    done = stage.play(routers(5), [stage.batch()], serial=2)
    assert [run["names"] for run in done.runs] == [["r001", "r002"], ["r003", "r004"], ["r005"]]
    assert len(done.stats("changed")) == 5


def test_check_mode_hands_on_what_was_planned(stage: Stage) -> None:
    hosts = routers(2)
    hosts["r001"]["mine"], hosts["r002"]["mine"] = ["wan"], ["lan", "wan"]
    done = stage.play(hosts, [stage.batch(stage.phase(planned={"networks": "{{ mine }}"}))], "--check", "--diff")
    (run,) = done.runs
    assert (run["check"], run["planned"]["networks"]) == (True, ["lan", "wan"])
    assert done.stats("changed") == ["r001", "r002"]


def test_strategy_free_is_refused_before_anything_is_done(stage: Stage) -> None:
    done = stage.play(routers(2), [stage.batch()], strategy="free")
    assert done.runs == []
    assert done.stats("failures") == ["r001", "r002"]
    for host in ("r001", "r002"):
        assert "strategy: free would run the steps of a batch out of order. Set strategy: linear in the play." in done.message(host)


def test_a_hypervisor_that_is_down_and_a_router_that_is_bad_fail_for_themselves(stage: Stage) -> None:
    hosts = routers(7)
    for name, hub in (("r001", "down"), ("r003", "down"), ("r004", "crash")):
        hosts[name]["hub"] = hub
    hosts["r005"]["bad"] = True
    done = stage.play(hosts, [stage.batch()], "--diff")
    runs = {run["uri"]: run["names"] for run in done.runs}
    assert runs == {"down": ["r001", "r003"], "crash": ["r004"], "one": ["r002", "r005", "r006", "r007"]}
    assert done.stats("failures") == ["r001", "r003", "r004", "r005"]
    assert done.stats("changed") == ["r002", "r006", "r007"]
    assert done.message("r003") == "the hub cannot be reached"
    assert done.message("r004")
    assert done.message("r005") == "r005: it would not do it. Already done: power stopped -> running."
    assert done.reports()["r006"]["diff"] == [{"before": {"r006": 1}, "after": {"r006": 2}}]


def test_contradicting_descriptions_of_one_segment_fail_the_one_that_contradicts(stage: Stage) -> None:
    hosts = routers(3, segments=[{"name": "lan", "mtu": 1500}])
    hosts["r002"]["segments"] = [{"name": "lan", "mtu": 1400}]
    done = stage.play(hosts, [stage.batch(stage.phase(of="segments", entry={}, variable="segments"))])
    assert [run["guests"] for run in done.runs] == [[{"name": "lan", "mtu": 1500}]]
    assert done.stats("failures") == ["r002"]
    assert "lan is described otherwise by r001" in done.message("r002")
    assert done.stats("changed") == ["r001"], "a shared segment counts as changed once"


SHOW = {"ansible.builtin.debug": {"msg": "{{ vrouter_batch.routers[inventory_hostname].results | list }}"}}


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
def test_what_an_earlier_phase_left_behind_does_not_count(stage: Stage, together: bool) -> None:
    first = stage.phase()
    second = stage.phase(name="two", wanted="{{ inventory_hostname != 'r001' }}")
    nobody = stage.phase(name="three", wanted=False)
    batches = [stage.batch(first, second, nobody)] if together else [stage.batch(first), stage.batch(second), stage.batch(nobody)]
    done = stage.play(routers(3), [*batches, SHOW])
    assert [run["names"] for run in done.runs] == [["r001", "r002", "r003"], ["r002", "r003"]]
    shown = {event["host"]: event["result"]["msg"] for event in done.events if event.get("action") == "ansible.builtin.debug"}
    assert shown == {"r001": ["one"], "r002": ["one", "two"], "r003": ["one", "two"]}


def test_a_batch_is_two_tasks_a_router_and_one_for_all_whatever_its_phases(stage: Stage) -> None:
    done = stage.play(routers(3), [stage.batch(*(stage.phase(name=name) for name in ("one", "two", "three")))])
    assert len(done.runs) == 3
    assert sorted(event["step"] for event in done.events if event["end"] == "ok") == ["describe"] * 3 + ["report"] * 3 + ["run"]


def test_a_router_that_fails_in_a_phase_takes_no_part_in_the_next(stage: Stage) -> None:
    hosts = routers(4)
    hosts["r002"]["bad"], hosts["r003"]["hub"] = True, "down"
    done = stage.play(hosts, [stage.batch(stage.phase(), stage.phase(name="two"))], "--diff")
    runs = sorted((run["uri"], run["names"]) for run in done.runs)
    assert runs == [("down", ["r003"]), ("one", ["r001", "r002", "r004"]), ("one", ["r001", "r004"])]
    assert done.stats("failures") == ["r002", "r003"]
    assert done.reports()["r001"]["diff"] == [{"before": {"r001": 1}, "after": {"r001": 2}}] * 2


def test_a_later_phase_takes_what_an_earlier_one_returned(stage: Stage) -> None:
    second = stage.phase(name="two", filled={"text": "one.power"}, if_found={"one.exists": False})
    hosts = routers(3)
    hosts["r001"]["facts"] = {"power": "asleep", "exists": False}
    hosts["r002"]["facts"] = {"power": "running", "exists": True}
    entry = {"name": "chr_guest_name", "facts": "facts"}
    done = stage.play(hosts, [stage.batch(stage.phase(entry=entry), second)])
    assert [[guest.get("text") for guest in run["guests"]] for run in done.runs] == [[None] * 3, ["asleep"]]


def test_a_hypervisor_does_not_wait_for_another_one(stage: Stage) -> None:
    """Two phases: the first on one hub ends only after the second on the other one began."""
    hosts = routers(2)
    hosts["r001"]["hub"] = "waits for r002"
    done = stage.play(hosts, [stage.batch(stage.phase(), stage.phase(name="two"))])
    assert [run["names"] for run in done.runs if run["uri"] == "one"] == [["r002"], ["r002"]]
    assert done.stats("changed") == ["r001", "r002"], done.output


def test_many_hypervisors_at_once_mix_nothing_up(stage: Stage) -> None:
    hosts = routers(12)
    for number, values in enumerate(hosts.values()):
        values.update(hub=f"hub{number % 6}", text=f"text of {number}")
    done = stage.play(hosts, [stage.batch(stage.phase(), stage.phase(name="two"))], "--forks", "6")
    assert len(done.runs) == 12
    for run in done.runs:
        assert [guest["text"] for guest in run["guests"]] == [hosts[name]["text"] for name in run["names"]]
        assert {hosts[name]["hub"] for name in run["names"]} == {run["uri"]}
    assert done.stats("changed") == sorted(hosts)


def test_what_the_routers_left_that_the_play_is_done_with_is_kept(stage: Stage) -> None:
    count = {"ansible.builtin.debug": {"msg": "{{ vrouter_batch.routers | length }}"}, "run_once": True}
    done = stage.play(routers(5), [stage.batch(), count], serial=2)
    assert [int(event["result"]["msg"]) for event in done.events if event.get("action") == "ansible.builtin.debug"] == [2, 4, 5]


def test_progress_is_shown_and_secrets_are_not(stage: Stage) -> None:
    done = stage.play(routers(2, text="sesame-open"), [stage.batch()], "-vvv")
    assert [guest["text"] for guest in done.runs[0]["guests"]] == ["sesame-open"] * 2
    assert "   r002: making its disk" in done.output
    assert "   one, r001 and 1 more: begins" in done.output
    assert "   one, r001 and 1 more: 2 changed, 0 failed" in done.output
    assert "sesame-open" not in done.output


# The table


def test_the_table_and_the_limit_file_name_each_failed_router(stage: Stage) -> None:
    hosts = routers(4)
    hosts["r001"]["text"] = "{{ missing_here }}"
    hosts["r003"]["bad"] = True
    limit = stage.folder / "failed"
    table = {"vrouter.mikrotik.batch": {"step": "table", "limit_file": str(limit)}, "run_once": True}
    done = stage.play(hosts, [{"block": [stage.batch()], "always": [table]}])
    assert limit.read_text(encoding="utf-8") == "r001\nr003\n"
    assert "2 done, 0 unchanged, 2 failed" in done.output
    assert f"--limit @{limit}" in done.output
    stage.play(routers(1), [{"block": [stage.batch()], "always": [table]}])
    assert limit.read_text(encoding="utf-8") == "r003\n", "a limited run speaks only of its own routers"
    stage.play(routers(3), [{"block": [stage.batch()], "always": [table]}])
    assert not limit.exists(), "after a good run there is nobody to limit to"


# The real module, without a hypervisor


def info(uri: str) -> dict[str, t.Any]:
    return {
        "connection": {"libvirt": {"uri": uri}},
        "module": "vrouter.mikrotik.chr_guest_info",
        "option": "names",
        "result": "guests",
        "entry": {"name": "chr_guest_name"},
    }


@pytest.mark.skipif(not HAS_LIBVIRT, reason="needs libvirt-python")
def test_a_host_that_cannot_be_reached_fails_each_of_its_routers_in_one_line(stage: Stage) -> None:
    uri = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
    done = stage.play(routers(2), [stage.batch(stage.phase(**info(uri)))])
    assert done.stats("failures") == ["r001", "r002"]
    for host in ("r001", "r002"):
        assert done.message(host).startswith(f"libvirt at {uri} cannot be reached (found: ")
        assert "No libvirtd answers there" in done.message(host)
    assert "Traceback" not in done.output


@pytest.mark.skipif(HAS_LIBVIRT, reason="libvirt-python is installed")
def test_a_missing_library_is_one_line_with_the_command_that_installs_it(stage: Stage) -> None:
    done = stage.play(routers(1), [stage.batch(stage.phase(**info("qemu:///system")))])
    assert "python3 -m pip install libvirt-python" in done.message("r001")
    assert "Traceback" not in done.output
