# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists in docs/developing.md name the files that must be touched, no more and no fewer."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.toy.recipe import add_module, add_option, add_toy
from tests.workshop import ROOT, Workshop

STEPS: dict[str, tuple[str, t.Callable[[Workshop], None]]] = {
    "Adding a hypervisor": ("toy", add_toy),
    "Adding a module": ("chr_place_info", add_module),
    "Adding an option of a guest": ("watchdog", add_option),
}


def listed(title: str, name: str) -> list[str]:
    """The files and folders of a section's list."""
    page = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
    section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [path.replace("NAME", name) for path in re.findall(r"^- `([^`]+)`", section, re.MULTILINE)]


def place_of(file: str, places: t.Iterable[str]) -> str:
    """Under which of the listed places a file is."""
    return next((place for place in places if file == place or (place.endswith("/") and file.startswith(place))), file)


@pytest.mark.parametrize("title", STEPS)
def test_the_list_is_what_must_be_touched(tmp_path: Path, title: str) -> None:
    name, step = STEPS[title]
    workshop = Workshop(tmp_path)
    step(workshop)
    places = listed(title, name)
    assert {place_of(file, places) for file in workshop.touched} == set(places)


def test_every_public_module_is_in_the_readme() -> None:
    table = next(line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| modules |"))
    documented = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "plugins" / "modules").glob("*.py")}
    public = {name for name, text in documented.items() if not re.search(r"^short_description: INTERNAL ", text, re.MULTILINE)}
    assert set(re.findall(r"`(\w+)`", table)) == public


def test_every_module_of_a_group_is_in_the_group() -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "  - vrouter.mikrotik.attributes.actiongroup\n" in text:
            assert path.stem in groups["all"]
