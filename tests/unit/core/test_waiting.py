# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting with a deadline: what comes is seen, and what does not come ends the wait."""

from __future__ import annotations

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.waiting import Deadline, wait_for


def test_what_comes_later_is_found() -> None:
    answers = iter([None, None, "here"])
    assert wait_for(lambda: next(answers), 60, first=0.001, slowest=0.002) == "here"


def test_without_time_there_is_still_one_look() -> None:
    assert wait_for(lambda: "here", 0, first=1, slowest=1) == "here"
    assert len(list(Deadline(0).looks(1, 1))) == 1


def test_the_last_look_is_at_the_deadline() -> None:
    deadline = Deadline(0.05)
    looks = [deadline.passed for dummy in deadline.looks(0.01, 0.02)]
    assert looks[-1]
    assert wait_for(lambda: None, 0.01, first=0.001, slowest=0.001) is None
