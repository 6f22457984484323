# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option is described once: what repeats it is generated, and up to date."""

from __future__ import annotations

from pathlib import Path

from tests.options.files import COMMAND, generate
from tests.options.tree import Tree

ROOT = Path(__file__).resolve().parents[2]


def test_what_repeats_the_options_is_up_to_date() -> None:
    tree = Tree(ROOT)
    generate(tree)
    assert tree.stale() == [], f"run {COMMAND}"
