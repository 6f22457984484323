# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option is described once: what repeats it is generated, and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.options.files import COMMAND, generate
from tests.options.tree import Tree

ROOT = Path(__file__).resolve().parents[3]


def changed(name: str, old: str, new: str) -> Tree:
    """The tree with one text in one file replaced."""
    tree = Tree(ROOT)
    text = tree.read(name)
    assert old in text
    tree.generate(name, text.replace(old, new))
    return tree


def test_what_repeats_the_options_is_up_to_date() -> None:
    tree = Tree(ROOT)
    generate(tree)
    assert tree.stale() == [], f"run {COMMAND}"


def test_a_drivers_words_are_described_in_its_fragment_alone() -> None:
    tree = changed("plugins/doc_fragments/libvirt.py", "The machine type.", "The type of machine.")
    generate(tree)
    assert tree.stale()[1:] == ["plugins/modules/chr_guest.py", "roles/chr_guest/meta/argument_specs.yml"]
    assert "The type of machine." in tree.read("roles/chr_guest/meta/argument_specs.yml")


def test_the_sessions_options_are_described_in_their_fragment_alone() -> None:
    tree = changed("plugins/doc_fragments/api.py", ", in PEM.", ".")
    generate(tree)
    assert tree.stale()[1:] == [
        "plugins/modules/chr_license.py",
        "roles/chr_license/meta/argument_specs.yml",
        "roles/metarouter_guest/meta/argument_specs.yml",
    ]


def test_a_description_that_names_what_the_role_does_not_have_is_refused() -> None:
    mention = "Whether the guest has a serial console, as O(guests[].configured) says."
    tree = changed("plugins/modules/chr_guest.py", "Whether the guest has a serial console.", mention)
    with pytest.raises(ValueError, match=r"roles/chr_guest: what is said of chr_serial_console mentions O\(guests\[\]\.configured\)"):
        generate(tree)


def test_the_documentation_says_where_it_is_generated() -> None:
    tree = changed("plugins/modules/chr_license.py", "# End of what is generated.", "")
    with pytest.raises(ValueError, match=r"plugins/modules/chr_license\.py: the documentation needs the lines"):
        generate(tree)
