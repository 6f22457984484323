# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our mark in a comment, beside what the user wrote there."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.mark import CLOSED, Comment, marked, unmarked


@pytest.mark.parametrize("text", ["", "rack 4", "(vrouter.mikrotik)", "two\nlines", "a (b)"])
def test_the_users_comment_comes_back_from_beside_our_mark(text: str) -> None:
    assert unmarked(marked(text, "ether2")) == Comment(text, True, "ether2")
    assert unmarked(marked(text, "ether2", [CLOSED])) == Comment(text, True, "ether2", frozenset({CLOSED}))
    assert unmarked(marked(text, flags=[CLOSED])) == Comment(text, True, "", frozenset({CLOSED}))
    assert unmarked(marked(text)) == Comment(text, True)


def test_a_comment_of_somebody_else_is_not_ours() -> None:
    assert unmarked("see vrouter.mikrotik") == Comment("see vrouter.mikrotik")
