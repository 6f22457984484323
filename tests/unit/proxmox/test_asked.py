# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the double tells of the requests that came, by which the driver's are counted."""

from __future__ import annotations

import pytest

from tests.simulators.proxmox.asked import Asked, without_polling, writes

from .clients import Client, Refused

GUEST = "/nodes/pve1/qemu/100"
CURRENT = f"{GUEST}/status/current"


def test_each_request_is_kept_in_its_order_and_the_refused_ones_too(client: Client) -> None:
    client.call("get", "cluster/resources", type="vm")
    with pytest.raises(Refused):
        client.vm("get", "config")
    assert [str(one) for one in client.pve.asked] == ["GET /cluster/resources?type=vm", f"GET {GUEST}/config"]
    first, second = client.pve.asked
    assert first.user == "root@pam!tests" and first.at <= second.at


def test_a_login_that_fails_is_kept_without_a_user(client: Client) -> None:
    client.pve.apitokens.clear()
    with pytest.raises(Refused, match="401"):
        client.call("get", "version")
    assert [(str(one), one.user) for one in client.pve.asked] == [("GET /version", None)]


def test_waiting_for_tasks_scripts_and_agents_is_polling(client: Client) -> None:
    client.upload()
    client.done(client.create())
    client.done(client.vm("post", "status/start"))
    client.vm("post", "agent/ping")
    client.run(":put hello")
    assert [str(one) for one in without_polling(client.pve.asked)] == [
        "POST /nodes/pve1/storage/local/upload",
        "POST /nodes/pve1/qemu",
        f"POST {GUEST}/status/start",
        f"POST {GUEST}/agent/exec",
    ]
    assert len(client.pve.asked) == 8


def test_a_guest_s_status_counts_again_only_after_a_change() -> None:
    look, other, start = Asked("GET", CURRENT), Asked("GET", CURRENT.replace("100", "101")), Asked("POST", f"{GUEST}/status/start")
    script = Asked("POST", f"{GUEST}/agent/exec")
    assert without_polling([look, look, other, script, look, start, look, look]) == [look, other, script, start, look]


def test_what_changes_nothing_is_no_write() -> None:
    harmless = [Asked("POST", "/access/ticket"), Asked("POST", f"{GUEST}/agent/exec"), Asked("POST", f"{GUEST}/agent/ping"), Asked("GET", CURRENT)]
    harmful = [Asked("PUT", f"{GUEST}/config"), Asked("DELETE", GUEST), Asked("POST", f"{GUEST}/agent/file-write")]
    assert writes(harmless + harmful) == harmful
