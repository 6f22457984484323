# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error is one line that says what is wrong, both sides, and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RouterError
from hypothesis import given
from hypothesis import strategies as st


def test_all_parts_make_one_sentence_each() -> None:
    error = InputError("memory: too little.", wanted="256 MiB", found="64 MiB", remedy="Give it more.")
    assert str(error) == "memory: too little (wanted: 256 MiB, found: 64 MiB). Give it more."


def test_parts_that_are_missing_leave_no_trace() -> None:
    assert str(RouterError("it is gone")) == "it is gone."
    assert str(RouterError("it is gone", remedy="Run again")) == "it is gone. Run again."
    assert str(RouterError("it is gone", found="nothing")) == "it is gone (found: nothing)."


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("nothing came back but ...", "nothing came back but ..."),
        ("it asks: really?", "it asks: really?"),
        ("no file /srv/images/chr.img", "no file '/srv/images/chr.img'."),
        ("no folder /srv/images/..", "no folder '/srv/images/..'."),
        ("no folder ./", "no folder './'."),
        ("see group_vars/all.yml", "see 'group_vars/all.yml'."),
        ("it is KVM/QEMU", "it is KVM/QEMU."),
        ("its address is 192.0.2.1/24", "its address is 192.0.2.1/24."),
        ("see https://192.0.2.1/x (it moved)", "see https://192.0.2.1/x (it moved)."),
        ("the version is 6.49.10", "the version is 6.49.10."),
    ],
)
def test_dots_stay_and_a_path_at_the_end_can_be_copied(problem: str, said: str) -> None:
    assert str(RouterError(problem)) == said
    assert str(RouterError("x", remedy=problem)) == f"x. {said}"


def test_what_was_found_is_shown_as_it_is() -> None:
    assert str(RouterError("it is named otherwise", wanted="client.", found="client ...")) == (
        "it is named otherwise (wanted: client., found: client ...)."
    )
    assert str(RouterError("it is named otherwise", found="B\udcfcro")) == "it is named otherwise (found: B?ro)."


@given(problem=st.text(), wanted=st.text(), found=st.text(), remedy=st.text())
def test_an_error_is_always_one_line(problem: str, wanted: str, found: str, remedy: str) -> None:
    assert len(str(RouterError(problem, wanted=wanted, found=found, remedy=remedy)).splitlines()) == 1
