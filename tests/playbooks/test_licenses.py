# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role chr_license and the playbook license_report, as a user runs them. Every run checks that no password is printed, at -vvv."""

from __future__ import annotations

import json
import typing as t
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .sites import ACCOUNT, ACCOUNT_PASSWORD, ROUTER_PASSWORD, Site

TRIAL: dict[str, t.Any] = {"chr_license_source": "trial", "chr_license_minimum_level": "p1"}
REPORT = "vrouter.mikrotik.license_report"
FILES = {"json": "json", "html": "html", "prometheus": "prom"}
MOVE = "vrouter.mikrotik.license_move"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An inventory without routers."""
    with ExitStack() as stack:
        yield Site(tmp_path, stack)


# The role


def test_trials_for_clones_in_one_run_and_nothing_in_the_second(site: Site) -> None:
    for name in ("r1", "r2", "r3"):
        site.add(name, uuid="one and the same", **TRIAL, chr_license_generate_new_id="if_duplicate")
    predicted = site.apply("--check", "--diff", **ACCOUNT)
    assert predicted.code == 0, predicted.output
    assert [predicted.stats(name)["changed"] for name in site.hosts] == [1, 1, 1]
    assert site.server.asked == []
    done = site.apply("--diff", **ACCOUNT)
    assert done.code == 0, done.output
    assert [done.stats(name)["changed"] for name in site.hosts] == [1, 1, 1]
    assert len({site.system_id(name) for name in site.hosts}) == 3
    assert "asking for trial licences, one at a time: 3 (r1, r2, r3)" in done.output
    for arguments in ((), ("--check",)):
        again = site.apply(*arguments, **ACCOUNT)
        assert [again.stats(name)["changed"] for name in site.hosts] == [0, 0, 0]
    assert len(site.server.asked) == 3


def test_where_nothing_is_asked_for_no_module_runs(site: Site) -> None:
    site.add("r1")
    site.add("r2", **TRIAL, chr_state="stopped")
    done = site.apply(**ACCOUNT)
    assert done.code == 0, done.output
    assert all(clone.api_log == [] for clone in site.clones.values())


def test_one_bad_router_fails_alone(site: Site) -> None:
    site.add("r1", **TRIAL)
    site.add("r2", **{**TRIAL, "chr_license_minimum_level": "{{ nobody_defined_this }}"})
    site.add("r3", **TRIAL, chr_license_timeout=2).platform.clock -= 400 * 86400
    done = site.apply(**ACCOUNT)
    assert (site.level("r1"), site.level("r2"), site.level("r3")) == ("p1", "free", "free")
    assert [done.stats(name)["failed"] for name in site.hosts] == [0, 1, 1]
    assert done.said("r3: the router's clock is wrong")


def test_routers_of_another_account_are_asked_for_with_it(site: Site) -> None:
    site.add("r1", **TRIAL, **ACCOUNT)
    site.add("r2", **TRIAL, chr_license_account="other@example.com", chr_license_password="another account's password")
    done = site.apply()
    assert site.level("r1") == "p1"
    assert done.said("r2: the account server does not know account and password")
    assert "another account's password" not in done.output


def test_the_accounts_password_is_in_no_process_list_and_no_file_that_is_left(site: Site) -> None:
    password = site.server.password = f"password {uuid.uuid4()}"  # no other run of these tests has it in its command line
    site.add("r1", **TRIAL, **{**ACCOUNT, "chr_license_password": password})
    assert site.apply("--diff").stats("r1")["changed"] == 1
    assert len(site.server.asked) == 1
    assert site.server.told == []
    left = [file for file in site.folder.rglob("*") if file.is_file() and password.encode() in file.read_bytes()]
    assert left == [site.folder / "inventory.json"], "which is the user's own"
    assert password not in str(site.clones["r1"].platform.stored)


def test_without_an_account_nothing_is_asked_and_those_that_need_none_are_served(site: Site) -> None:
    site.add("r1", **TRIAL)
    site.add("r2", chr_license_minimum_level="p1")
    done = site.apply()
    assert done.said("chr_license_account: needed for chr_license_source: trial; chr_license_password: needed for chr_license_source: trial")
    assert [done.stats(name)["failed"] for name in site.hosts] == [1, 0]
    assert done.said("r2: level free is below p1: ask for its trial with source: trial")
    assert site.server.asked == []


def test_clones_that_different_module_runs_serve_get_ids_of_their_own(site: Site) -> None:
    for name, account in (("r1", ACCOUNT), ("r2", {"chr_license_account": "other@example.com", "chr_license_password": ACCOUNT_PASSWORD})):
        site.add(name, uuid="one and the same", **TRIAL, **account, chr_license_generate_new_id="if_duplicate")
    site.apply()
    assert site.system_id("r1") != site.system_id("r2")
    assert [system_id for system_id, dummy in site.server.asked] == [site.system_id("r1"), site.system_id("r2")]


@pytest.mark.parametrize("order", ["sorted", "reverse_sorted"])
def test_clones_that_are_served_one_after_the_other_get_ids_of_their_own(order: str, site: Site) -> None:
    for name in ("r1", "r2", "r3"):
        site.add(name, uuid="one and the same", chr_license_generate_new_id="if_duplicate")
    play = {"serial": 1, "order": order}
    assert site.apply(keywords=play).code == 0
    assert len({site.system_id(name) for name in site.hosts}) == 3
    again = site.apply(keywords=play)
    assert [again.stats(name)["changed"] for name in site.hosts] == [0, 0, 0]


def test_guests_of_one_name_on_several_hypervisors_are_told_apart(site: Site) -> None:
    for name in ("r1", "r2"):
        site.add(name, chr_guest_name="gw", chr_license_minimum_level="p1")
    site.license("r1", "p1")
    done = site.play(REPORT)
    assert done.said("LICENSES CRITICAL: 1 below its level, 1 ok"), done.output


@pytest.mark.parametrize("password", ["2026", "p1", "free"])
def test_a_password_that_is_also_a_part_of_a_licence_garbles_nothing(password: str, site: Site) -> None:
    site.add("r1").run(f'/user set [find name="admin"] password="{password}"')
    site.hosts["r1"]["chr_license_api"]["password"] = password
    site.license("r1", "p1")
    files = report_files(site)
    assert site.play(REPORT, **files).code == 0
    [row] = json.loads((site.folder / "report.json").read_text(encoding="utf-8"))["routers"]
    assert (row["level"], row["verdict"], "*" in str(row)) == ("p1", "ok", False)


# The module in a task of its own


def test_trials_are_announced_before_they_are_asked_for(site: Site) -> None:
    for name in ("r1", "r2"):
        site.add(name)
    wanted = {"source": "trial", "minimum_level": "p1"}
    done = site.task(r1=wanted, r2=wanted, account="lab@example.com", password=ACCOUNT_PASSWORD)
    assert done.code == 0, done.output
    assert "r1: asking for trial licences, one at a time: 2 (r1, r2)" in done.output
    assert (site.level("r1"), site.level("r2")) == ("p1", "p1")


def test_a_router_whose_options_are_wrong_fails_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("r1", "r2", "r3", "r4"):
        site.add(name)
    site.hosts["r2"]["chr_license_api"]["tls"] = "pinned"
    site.hosts["r3"]["chr_license_api"] = None
    monkeypatch.setattr(site.clones["r4"].license, "record", lambda: {"software-id": "a RouterBOARD's"})
    done = site.task()
    assert done.code == 2
    assert done.said("3 of 4 failed")
    assert done.said("r2: api.fingerprint and api.tls: pinned go together")
    assert done.said("r3: no way to the router is named")
    assert done.said("r4: this router has no CHR licence")


# The report


def report_files(site: Site) -> dict[str, t.Any]:
    return {f"license_report_{name}": str(site.folder / f"report.{end}") for name, end in FILES.items()}


def test_the_report_names_every_router_and_asks_the_account_server_nothing(site: Site) -> None:
    site.add("bought", chr_license_source="purchased")
    site.license("bought", "p1", bought=True)
    site.add("tried", chr_license_source="{{ 'trial' }}")
    site.license("tried", "p1", days_ago=56.5)
    site.add("over")
    site.license("over", "p1", days_ago=61)
    site.add("low", chr_license_minimum_level="p1")
    site.add("gone")
    site.hosts["gone"]["chr_license_api"]["port"] = 1
    site.add("undefined")
    site.hosts["undefined"]["chr_license_api"]["port"] = "{{ nobody_defined_this }}"
    site.add("misspelt", chr_license_source="perpetual")
    site.add("off", chr_state="stopped")
    site.add("astray", chr_license_source="trial")
    site.license("astray", "p1").platform.clock = 0.0
    done = site.play(REPORT, **report_files(site))
    assert done.code == 2, done.output
    found = json.loads((site.folder / "report.json").read_text(encoding="utf-8"))
    verdicts = {row["name"]: row["verdict"] for row in found["routers"]}
    assert list(verdicts.items()) == [
        ("over", "expired"),
        ("low", "below"),
        ("tried", "trial"),
        ("astray", "trial"),
        ("gone", "unreachable"),
        ("misspelt", "misconfigured"),
        ("undefined", "misconfigured"),
        ("off", "off"),
        ("bought", "ok"),
    ]
    assert "\nLICENSES CRITICAL: 1 expired, 1 below its level, 2 trials, 1 unreachable, 2 misconfigured, 1 off, 1 ok\n" in done.output
    reasons = {row["name"]: row["reason"] for row in found["routers"]}
    assert reasons["gone"].startswith("chr_license_api: no connection to 127.0.0.1 port 1")
    assert "nobody_defined_this" in reasons["undefined"]
    assert "its clock is wrong: 1970-01-01" in reasons["astray"]
    assert "'perpetual' is none of none, trial, purchased" in reasons["misspelt"]
    assert site.server.asked == []
    page, metrics = ((site.folder / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "prom"))
    assert "LICENSES CRITICAL" in page
    assert 'vrouter_license_days_left{router="tried"} 3\n' in metrics
    for text in (json.dumps(found), page, metrics):
        assert ROUTER_PASSWORD not in text
        assert ACCOUNT_PASSWORD not in text


@pytest.mark.parametrize(
    ("days", "unreachable", "code"),
    [(0, False, 0), (0, True, 3), (40, False, 1), (40, True, 1), (56, True, 2)],
)
def test_ansible_playbook_ends_as_a_monitoring_plugin(days: float, unreachable: bool, code: int, site: Site) -> None:
    site.add("r1", chr_license_source="trial")
    site.license("r1", "p1", days_ago=days)
    if unreachable:
        site.add("r2")
        site.hosts["r2"]["chr_license_api"]["port"] = 1
    assert site.play(REPORT).code == code


def test_a_report_that_was_not_made_is_unknown_and_other_playbooks_end_as_always(site: Site) -> None:
    assert site.play(REPORT).code == 3, "an inventory without routers"
    site.add("r1", chr_license_minimum_level="p1")
    unwritable = site.play(REPORT, license_report_html=str(site.folder / "nowhere" / "page.html"))
    assert unwritable.code == 3
    assert unwritable.said("license_report_html: ")
    half = site.play(REPORT, license_report_prometheus=str(site.folder / "report.txt"), license_report_json=str(site.folder / "report.json"))
    assert half.said("report.txt does not end in .prom")
    assert (site.folder / "report.json").exists()
    assert site.play(REPORT, license_report_warning_days="many").said("license_report_warning_days: 'many' is no number of days.")
    assert site.play(REPORT, license_report_warning_days=0).said("they are 7 and 0")
    assert site.play(REPORT, license_report_warning_days=3).said("0 <= critical_days <= warning_days must hold")
    mine = site.folder / "license_report.yml"
    mine.write_text(json.dumps([{"name": "Mine", "ansible.builtin.import_playbook": REPORT}]), encoding="utf-8")
    found = site.play(str(mine))
    assert found.said("LICENSES CRITICAL: 1 below its level")
    assert found.code == 0, "a playbook that imports it ends as always"


def test_the_check_of_the_documentation_prints_the_report_alone(site: Site) -> None:
    site.add("r1", chr_license_minimum_level="p1")
    found = site.check_of_the_documentation()
    assert found.code == 2
    assert found.output.splitlines()[:3] == ["LICENSES CRITICAL: 1 below its level", "", found.output.splitlines()[2]]
    assert found.output.splitlines()[2].startswith("ROUTER  STATUS")
    assert "PLAY" not in found.output and "ok:" not in found.output
    broken = site.check_of_the_documentation("no such inventory")
    assert broken.code == 3
    assert broken.output.startswith("LICENSES UNKNOWN: no report was made: ")
    assert len(broken.output.splitlines()) == 1


def test_clones_are_named_over_the_whole_inventory(site: Site) -> None:
    for name in ("r1", "r2"):
        site.add(name, uuid="one and the same")
    site.add("r3")
    done = site.play(REPORT, "--check", **report_files(site))
    assert done.code == 1, done.output
    assert "2 share a system-id" in done.output
    assert f"system-id {site.system_id('r1')} is shared by r1, r2" in done.output
    assert list(site.folder.glob("report.*")) == [], "check mode writes no file"


# Moving a licence


def moving(site: Site, level: str = "p1") -> dict[str, t.Any]:
    """A router with what was bought and one with a trial, and the variables that move the licence."""
    site.add("old")
    site.license("old", level, bought=True)
    site.add("new")
    site.license("new", "p1")
    return {"license_from": "old", "license_to": "new", **ACCOUNT}


def move_in_account(site: Site) -> None:
    site.server.purchased[site.system_id("new")] = site.server.purchased.pop(site.system_id("old"))


def test_the_accounts_step_comes_first_and_is_told(site: Site) -> None:
    wish = moving(site)
    for arguments in ((), ("--check",)):
        refused = site.play(MOVE, *arguments, **wish)
        assert refused.code == 2
        step = f"transfer the licence p1 from system-id {site.system_id('old')} (old) to system-id {site.system_id('new')} (new)"
        assert refused.said(step), refused.output
    assert site.server.asked == []


@pytest.mark.parametrize("level", ["p1", "p-unlimited"])
def test_a_licence_moves(level: str, site: Site) -> None:
    wish = moving(site, level)
    move_in_account(site)
    predicted = site.play(MOVE, "--check", license_moved_in_account=True, **wish)
    assert predicted.code == 0, predicted.output
    assert site.server.asked == []
    done = site.play(MOVE, license_moved_in_account=True, **wish)
    assert done.code == 0, done.output
    assert site.level("new") == level
    assert {system_id for system_id, dummy in site.server.asked} == {site.system_id("old"), site.system_id("new")}
    assert done.said(f"new: {level}, was p1"), done.output
    assert done.said(f"old: {level}, was {level}. old: the account server refused to renew the licence of old (found: Licensing Error: no licence)")


def test_a_licence_that_did_not_move_is_no_success(site: Site) -> None:
    wish = moving(site, "p10")
    failed = site.play(MOVE, license_moved_in_account=True, **wish)
    assert failed.code == 2
    assert failed.said("new did not get the licence. new: the account server decides the level"), failed.output


def test_a_trial_of_the_same_level_is_not_taken_for_the_licence(site: Site) -> None:
    wish = moving(site, "p1")
    for dummy in range(2):
        failed = site.play(MOVE, license_moved_in_account=True, **wish)
        assert failed.code == 2, failed.output
        assert failed.said("new did not get the licence. It was renewed, and its licence is as it was"), failed.output


def test_a_move_that_was_cut_short_is_finished(site: Site) -> None:
    wish = moving(site, "p10")
    move_in_account(site)
    site.clones["old"].license.stored["level"] = "free"
    done = site.play(MOVE, license_moved_in_account=True, **wish, chr_license_minimum_level="p10")
    assert done.code == 0, done.output
    assert site.level("new") == "p10"


def test_a_router_without_a_trial_is_not_in_the_account_and_none_is_spent_on_it(site: Site) -> None:
    wish = moving(site)
    site.clones["new"].license.stored["level"] = "free"
    refused = site.play(MOVE, license_moved_in_account=True, **wish)
    assert refused.said("new has level free, so the account does not list it. Ask for its trial first")
    assert site.server.asked == []


def test_a_router_that_is_gone_is_told_with_the_way_round(site: Site) -> None:
    wish = moving(site)
    site.hosts["old"]["chr_license_api"]["port"] = 1
    gone = site.play(MOVE, license_moved_in_account=True, **wish)
    assert gone.code == 2
    assert gone.said("run provision for new with chr_license_source: purchased"), gone.output
    assert site.server.asked == []


def test_what_cannot_move_is_refused(site: Site) -> None:
    for name in ("a", "b"):
        site.add(name, uuid="one and the same")
    assert site.play(MOVE, license_from="a", license_to="b").said("a has level free: there is nothing to move")
    site.license("a", "p1")
    assert site.play(MOVE, license_from="a", license_to="b").said("Both routers have system-id")
    assert site.play(MOVE, "--limit", "a,localhost", license_from="a", license_to="b").said("must both take part. Run it without --limit")
    assert site.play(MOVE, license_from="a").said("license_from and license_to must be two different hosts of the inventory (found: a and not given)")
