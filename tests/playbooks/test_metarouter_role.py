# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role metarouter_guest hands its variables to the modules, and leaves out what nobody set."""

from __future__ import annotations

from tests.playbooks.stage import Stage

NOBODY = "127.0.0.9"  # nothing listens there


def test_what_is_not_set_is_left_to_the_modules_and_to_the_environment(stage: Stage) -> None:
    stage.environment = {"MIKROTIK_HOST": NOBODY}
    task = {"ansible.builtin.import_role": {"name": "vrouter.mikrotik.metarouter_guest"}}
    done = stage.play({"m1": {"metarouter_tls": "none", "metarouter_state": "present"}}, [task])
    assert f"no connection to {NOBODY} port 8728" in done.message("m1")
