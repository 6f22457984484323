# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays that the roles' READMEs show, as they stand there."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from .conftest import Run, inventory, virsh

Play = t.Callable[..., Run]
ROLES = Path(__file__).resolve().parents[3] / "roles"


def shown_in(role: str, folder: Path) -> str:
    """The play of a README, as a file."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROLES / role / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    [play] = [block for block in blocks if "hosts" in str(yaml.safe_load(block))]
    path = folder / f"{role}.yml"
    path.write_text(play, encoding="utf-8")
    return str(path)


def routers(image: Path, **variables: t.Any) -> dict[str, t.Any]:
    """Three routers, the second of which cannot be made, in the group that the READMEs name."""
    listed = inventory(3, image, prefix="own", chr_state="present", **variables)
    listed["all"]["hosts"]["own2"]["chr_interfaces"] = [{"name": "ether1", "network": "nowhere"}]
    return {"all": {**listed["all"], "children": {"routers": {"hosts": {name: {} for name in listed["all"]["hosts"]}}}}}


@pytest.mark.parametrize("role", ["chr_guest", "chr_first_boot"])
def test_a_play_of_ones_own(role: str, play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    run = play(shown_in(role, tmp_path), routers(halting_image))
    assert sorted(virsh("list", "--all", "--name").split()) == ["own1", "own3"]
    for name, stands in (("own1", True), ("own2", False), ("own3", True)):
        assert (f"{name} stands" in run.output) is stands, run.output
    assert "own2: interfaces" in run.output or "nowhere" in run.output
    again = play(shown_in(role, tmp_path), routers(halting_image))
    assert again.unchanged


def test_an_argument_of_a_role_that_stands_alone_is_validated(play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    run = play(shown_in("chr_first_boot", tmp_path), routers(halting_image, chr_first_boot_admin_password=""))
    assert run.code != 0
    assert "first boot would leave admin with the factory's empty password" in " ".join(run.output.split()), run.output


def test_a_play_for_licences(play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    run = play(shown_in("chr_license", tmp_path), routers(halting_image))
    assert run.code == 0, run.output
    assert "own1 has its licence" in run.output
    assert run.phases == [], "nothing was asked for"
