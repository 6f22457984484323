# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences of guests on real libvirt, through their guest agent: in provision, and in the report."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .conftest import Run, inventory, virsh

Play = t.Callable[..., Run]


def test_provision_verifies_and_the_report_names_a_router_that_is_off(play: Play, pool: str, chr_image: Path, tmp_path: Path) -> None:
    routers = inventory(2, chr_image, prefix="lic", chr_license_minimum_level="p1")
    predicted = play("vrouter.mikrotik.provision", routers, "--check")
    assert predicted.code == 0, predicted.output
    assert "license" in predicted.phases
    made = play("vrouter.mikrotik.provision", routers)
    assert made.code == 0, made.output
    assert made.output.count("free (below)") == 2, made.output
    assert made.phases.count("license") == 1
    again = play("vrouter.mikrotik.provision", routers)
    assert again.unchanged, again.output

    virsh("destroy", "lic2")
    routers["all"]["hosts"]["alias"] = {"chr_guest_name": "lic1"}
    found = tmp_path / "licenses.json"
    report = play("vrouter.mikrotik.license_report", routers, "--extra-vars", f"license_report_json={found}")
    assert report.code == 2, report.output
    assert "LICENSES CRITICAL: 1 below its level, 1 unreachable, 1 misconfigured" in report.output
    rows = json.loads(found.read_text(encoding="utf-8"))["routers"]
    assert [(row["name"], row["verdict"]) for row in rows] == [("lic1", "below"), ("lic2", "unreachable"), ("alias", "misconfigured")]
    assert "the guest is stopped" in rows[1]["reason"]
    assert "lic1 names the same guest" in rows[2]["reason"]


def test_a_router_whose_variables_a_later_role_refuses_failed(play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    routers = inventory(2, halting_image, prefix="v", chr_state="present")
    routers["all"]["hosts"]["v2"]["chr_license_minimum_level"] = "p2"
    limit = tmp_path / "failed"
    run = play("vrouter.mikrotik.provision", routers, "--extra-vars", f"chr_limit_file={limit}")
    assert run.code != 0
    assert "1 done, 0 unchanged, 1 failed" in run.output
    assert "v2: value of chr_license_minimum_level must be one of" in " ".join(run.output.split())
    assert virsh("list", "--all", "--name").split() == ["v1"], "nothing was made for it"
    assert limit.read_text() == "v2\n"


def test_a_trial_without_a_way_to_the_account_server_fails_and_says_what_spoke_against_it(play: Play, pool: str, chr_image: Path) -> None:
    asked = {"chr_license_source": "trial", "chr_license_account": "lab@example.com", "chr_license_password": "the account's password"}
    routers = inventory(1, chr_image, prefix="try", chr_license_minimum_level="p1", chr_license_timeout=5, **asked)
    run = play("vrouter.mikrotik.provision", routers, "-vvv")
    assert run.code != 0
    assert "no active default route" in run.output
    assert "the account's password" not in run.output
