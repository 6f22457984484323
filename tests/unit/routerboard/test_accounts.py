# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in."""

from __future__ import annotations

from base64 import b64decode

import pytest

from tests.simulators.routerboard.accounts import LoginName, key_allowed, login_allowed, set_password
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIJ6JTyKRVKTwIRZyCTjJMJ2qUEqVxh0u0v0n2sJ6Ckqg"


@pytest.fixture
def router() -> Router:
    router = Router(MemoryPlatform(1, "6.49.10"))
    router.boot()
    return router


def run(router: Router, script: str) -> None:
    result = router.execute(script)
    assert result.exit_code == 0, result.output


def test_a_fresh_admin_has_an_empty_password_and_nobody_else_is_there(router: Router) -> None:
    assert login_allowed(router, "admin", "") == "admin"
    assert login_allowed(router, "admin", "x") is None
    assert login_allowed(router, "root", "") is None


def test_console_parameters_are_no_part_of_the_name(router: Router) -> None:
    assert login_allowed(router, "admin+cet1024w", "") == "admin"
    name = LoginName.parse("admin+cet1024w")
    assert (name.user, name.colours, name.detects, name.width) == ("admin", False, False, 1024)
    assert LoginName.parse("admin") == LoginName("admin", True, True, None)


def test_the_password_is_the_one_that_was_set_last_and_is_kept_over_a_restart(router: Router) -> None:
    set_password(router, "admin", "first")
    run(router, '/user set admin password="se+cond"')
    assert login_allowed(router, "admin", "first") is None
    assert login_allowed(router, "admin", "se+cond") == "admin"
    router.boot()
    assert login_allowed(router, "admin", "se+cond") == "admin"


def test_disabled_users_stay_outside_with_password_and_with_key(router: Router) -> None:
    run(router, f'/user add name=ops group=full password=secret; /user ssh-keys add user=ops key="ssh-ed25519 {_KEY} ops@example"')
    blob = b64decode(_KEY)
    assert login_allowed(router, "ops", "secret") == "ops"
    assert key_allowed(router, "ops+ct", blob) == "ops"
    assert key_allowed(router, "admin", blob) is None
    run(router, "/user disable ops")
    assert login_allowed(router, "ops", "secret") is None
    assert key_allowed(router, "ops", blob) is None
