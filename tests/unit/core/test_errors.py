# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error is one line that says what is wrong, both sides, and what to do."""

from __future__ import annotations

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


@given(problem=st.text(), wanted=st.text(), found=st.text(), remedy=st.text())
def test_an_error_is_always_one_line(problem: str, wanted: str, found: str, remedy: str) -> None:
    assert len(str(RouterError(problem, wanted=wanted, found=found, remedy=remedy)).splitlines()) == 1
