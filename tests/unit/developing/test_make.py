# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages tell people to type is there, once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RULES = re.findall(r"^([a-z-]+):.*\n\t(.*)", MAKEFILE, re.MULTILINE)


def test_each_target_has_one_rule() -> None:
    phony = re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)[0].split()
    assert sorted(name for name, dummy in RULES) == sorted(phony)


def test_every_target_that_a_page_names_has_a_rule() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:^|`|\$ )make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "demo-clean", "test"} <= named
    assert named <= {name for name, dummy in RULES}


def test_the_demo_is_removed_by_its_own_target() -> None:
    assert dict(RULES)["demo-clean"] == "@tests/run/demo --clean"
