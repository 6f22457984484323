# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that come to nothing, guests that are slow to go, and a cluster without quorum."""

from __future__ import annotations

import threading

import pytest
import requests

from .clients import Client, Refused

CONFIG = "/nodes/pve1/qemu/100/config"


@pytest.fixture
def guest(client: Client) -> Client:
    client.done(client.upload())
    client.done(client.create())
    return client


def cores(client: Client) -> int:
    return int(client.vm("get", "config").get("cores", 1))


def test_a_request_that_is_dropped_was_not_carried_out(guest: Client) -> None:
    guest.pve.drop("PUT", CONFIG)
    with pytest.raises(requests.ConnectionError):
        guest.vm("put", "config", cores=2)
    assert cores(guest) == 1
    guest.vm("put", "config", cores=2)
    assert cores(guest) == 2


def test_an_answer_that_is_lost_leaves_what_was_done(guest: Client) -> None:
    guest.pve.lose_answer("PUT", "/nodes/*/qemu/*/config", times=2)
    for wanted in (2, 3):
        with pytest.raises(requests.ConnectionError):
            guest.vm("put", "config", cores=wanted)
        assert cores(guest) == wanted
    guest.vm("put", "config", cores=4)


def test_a_request_that_hangs_is_carried_out_when_it_is_let_go(guest: Client) -> None:
    with guest.pve.hold("PUT", CONFIG) as hold:
        writer = threading.Thread(target=guest.vm, args=("put", "config"), kwargs={"cores": 2})
        writer.start()
        assert hold.reached.wait(60)
        assert cores(guest) == 1
        assert [str(one) for one in guest.pve.asked[-2:]] == [f"PUT {CONFIG}", f"GET {CONFIG}"]
        hold.release()
        writer.join(60)
    assert cores(guest) == 2


def test_a_guest_that_shuts_down_slowly_is_off_after_the_task_gave_up(guest: Client) -> None:
    guest.done(guest.vm("post", "status/start"))
    guest.pve.vm(100).shutdown_secs = 90
    assert guest.ended(guest.vm("post", "status/shutdown", timeout=60)) == "VM quit/powerdown failed - got timeout"
    assert [guest.vm("get", "status/current")["status"] for dummy in range(3)] == ["running", "running", "stopped"]
    assert guest.pve.machines == {}


def test_a_guest_that_was_started_anew_is_not_on_its_way_out(guest: Client) -> None:
    guest.done(guest.vm("post", "status/start"))
    guest.pve.vm(100).shutdown_secs = 90
    guest.vm("post", "status/shutdown", timeout=60)
    guest.done(guest.vm("post", "status/stop"))
    guest.done(guest.vm("post", "status/start"))
    assert [guest.vm("get", "status/current")["status"] for dummy in range(4)] == ["running"] * 4


def test_without_quorum_nothing_is_written(guest: Client) -> None:
    guest.pve.lose_quorum()
    for path in ("config", "status/start"):
        with pytest.raises(Refused, match="500 cluster not ready - no quorum"):
            guest.vm("put" if path == "config" else "post", path, **({"cores": 2} if path == "config" else {}))
    assert guest.ended(guest.vm("delete", "")).endswith("- Permission denied")
    assert guest.ended(guest.vm("post", "template")).endswith("- Permission denied")
    assert guest.vm("get", "config")["name"] == "edge1"
    guest.pve.regain_quorum()
    guest.done(guest.vm("delete", ""))
