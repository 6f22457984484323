# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts through VMware's tools, as MikroTik documents them: an exit code, told once, to who may log in."""

from __future__ import annotations

import typing as t

import pytest

from tests.simulators.routeros.guest_programs import GuestPrograms, LoginRefusedError, Program
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router
from tests.waiting import wait_until

LOGIN = ("admin", "")


def programs(**options: t.Any) -> GuestPrograms:
    router = Router(MemoryPlatform(), "uuid")
    router.boot()
    return GuestPrograms(router, **options)


def ended(tools: GuestPrograms, source: str) -> Program:
    """How a script ended."""
    pid, last = tools.start(source, *LOGIN), list[Program]()

    def has_ended() -> bool:
        last[:] = tools.list(pid, *LOGIN)
        return last[0].ended

    wait_until(has_ended, "the script ends")
    assert tools.list(pid, *LOGIN) == [], "an end is told once"
    return last[0]


@pytest.mark.parametrize(("source", "code"), [(":put 1", 0), (":nonsense", -1), (":delay 10s", -1)])
def test_a_script_has_an_exit_code_and_nothing_else(source: str, code: int) -> None:
    program = ended(programs(script_timeout=5), source)
    assert (program.exit_code, program.end - program.began >= 5) == (code, "delay" in source)
    assert not hasattr(program, "output")


def test_an_exit_code_can_be_left_out() -> None:
    assert ended(programs(exit_codes=False), ":put 1").exit_code is None


def test_a_job_that_never_was_is_not_listed() -> None:
    assert programs().list(7, *LOGIN) == []


@pytest.mark.parametrize("login", [("admin", "wrong"), ("nobody", ""), ("ADMIN", "")])
def test_who_is_no_user_of_the_routers_runs_and_sees_nothing(login: tuple[str, str]) -> None:
    tools = programs(logs_in=True)
    pid = tools.start(":put 1", *LOGIN)
    with pytest.raises(LoginRefusedError):
        tools.start(":put 1", *login)
    with pytest.raises(LoginRefusedError):
        tools.list(pid, *login)


def test_a_user_who_was_disabled_is_let_in_no_more() -> None:
    tools = programs(logs_in=True)
    assert ended(tools, "/user add name=ops group=full password=battery-staple").exit_code == 0
    tools.start('/user disable [find where name="admin"]', *LOGIN)

    def is_out() -> bool:
        try:
            tools.list(0, *LOGIN)
        except LoginRefusedError:
            return True
        return False

    wait_until(is_out, "admin is disabled")
    assert tools.list(0, "ops", "battery-staple") == []
