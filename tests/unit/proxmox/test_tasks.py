# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that fail, die, warn and take their time, and locks that somebody else has."""

from __future__ import annotations

import pytest
from fakepve.routing import die

from tests.simulators.proxmox.tasks import Hold

from .clients import IMPORTED, Client, Refused

TAKEN = "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"


@pytest.fixture
def guest(client: Client) -> Client:
    client.done(client.upload())
    client.done(client.create())
    return client


def log(client: Client, upid: str) -> list[str]:
    return [line["t"] for line in client.call("get", f"nodes/{upid.split(':')[1]}/tasks/{upid}/log")]


def test_a_task_that_fails_did_nothing_and_the_next_one_works(guest: Client) -> None:
    guest.pve.fail_task("qmstart", "start failed: QEMU exited with code 1")
    upid = guest.vm("post", "status/start")
    assert guest.ended(upid) == "start failed: QEMU exited with code 1"
    assert log(guest, upid)[-1] == "TASK ERROR: start failed: QEMU exited with code 1"
    assert guest.vm("get", "status/current")["status"] == "stopped"
    guest.done(guest.vm("post", "status/start"))


def test_a_creation_that_fails_is_taken_back_by_the_platform(client: Client) -> None:
    client.done(client.upload())
    client.pve.fail_task("qmcreate", "no space left on device", times=2)
    for dummy in range(2):
        assert client.ended(client.create()) == "unable to create VM 100 - no space left on device"
        assert client.call("get", "nodes/pve1/qemu") == []
        assert client.call("get", "nodes/pve1/storage/local-lvm/content") == []
    client.done(client.create())


def test_a_clone_that_fails_is_taken_back_too(guest: Client) -> None:
    guest.pve.fail_task("qmclone", "no space left on device")
    assert guest.ended(guest.vm("post", "clone", newid=101, full=1)) == "clone failed: no space left on device"
    assert [one["vmid"] for one in guest.call("get", "nodes/pve1/qemu")] == [100]


def test_what_a_worker_is_refused_is_the_task_s_error(client: Client) -> None:
    async def body() -> None:
        raise die("storage 'nfs' is not online")

    upid = client.pve.here(client.pve.task("pve1", "imgcopy", "", "root@pam!tests", body))
    assert client.ended(upid) == "storage 'nfs' is not online"


def test_a_worker_that_dies_leaves_what_it_began(client: Client) -> None:
    client.pve.kill_task("qmcreate")
    upid = client.create(virtio0="local-lvm:1")
    assert client.ended(upid) == "unexpected status"
    assert not any(line.startswith("TASK") for line in log(client, upid))
    [left] = client.call("get", "nodes/pve1/qemu")
    assert (left["vmid"], left["name"], left["lock"]) == (100, "VM 100", "create")
    assert "VM is locked (create)" in client.ended(client.vm("post", "status/start"))


def test_a_task_that_warns_did_its_work(guest: Client) -> None:
    guest.pve.warn_task("qmstart", "no QEMU agent")
    upid = guest.vm("post", "status/start")
    assert guest.ended(upid) == "WARNINGS: 1"
    assert log(guest, upid)[-2:] == ["WARN: no QEMU agent", "TASK WARNINGS: 1"]
    assert guest.vm("get", "status/current")["status"] == "running"


def test_while_a_guest_is_made_it_is_nothing_but_a_lock(client: Client) -> None:
    client.done(client.upload())
    with client.pve.hold_tasks("qmcreate") as hold:
        upid = client.create()
        assert hold.reached.wait(60)
        assert client.call("get", f"nodes/pve1/tasks/{upid}/status")["status"] == "running"
        [listed] = client.call("get", "nodes/pve1/qemu")
        assert (listed["name"], listed["lock"]) == ("VM 100", "create")
        assert set(client.vm("get", "config")) == {"lock", "digest"}
        assert {item["key"] for item in client.vm("get", "pending")} == {"lock", "digest"}
        with pytest.raises(Refused, match="500 unable to create VM 100 - VM 100 already exists on node 'pve1'"):
            client.create()
    finished(client, upid)
    assert client.vm("get", "config")["name"] == "edge1"


def test_while_a_clone_is_made_it_is_nothing_but_a_lock(guest: Client) -> None:
    with guest.pve.hold_tasks("qmclone"):
        upid = guest.vm("post", "clone", newid=101, name="edge2", full=1)
        assert guest.call("get", "nodes/pve1/qemu/101/config")["lock"] == "clone"
        assert [one["name"] for one in guest.call("get", "nodes/pve1/qemu")] == ["edge1", "VM 101"]
    finished(guest, upid)
    assert guest.call("get", "nodes/pve1/qemu/101/config")["name"] == "edge2"


def finished(client: Client, upid: str) -> None:
    """Wait for a task that was let go: its end is seen as any client sees it."""
    while client.call("get", f"nodes/pve1/tasks/{upid}/status")["status"] == "running":
        pass
    client.done(upid)


def test_what_is_let_go_twice_is_let_go() -> None:
    hold = Hold()
    hold.release()
    hold.release()
    assert not hold.reached.is_set()


def test_a_lock_that_somebody_has_for_a_while_is_told_by_answers(guest: Client) -> None:
    guest.pve.contend(100, times=2)
    for dummy in range(2):
        with pytest.raises(Refused) as refused:
            guest.vm("put", "config", cores=2)
        assert (refused.value.status, refused.value.text) == (500, TAKEN)
    guest.vm("put", "config", cores=2)


def test_a_lock_that_somebody_has_for_a_while_is_told_by_tasks(guest: Client) -> None:
    guest.pve.contend(100, times=1, text="VM is locked (backup)")
    assert guest.ended(guest.vm("post", "status/start")) == "VM is locked (backup)"
    guest.done(guest.vm("post", "status/start"))


def test_a_new_guest_s_lock_is_taken_before_its_task(client: Client) -> None:
    client.done(client.upload())
    client.pve.contend(100, times=1)
    with pytest.raises(Refused, match=r"500 unable to create VM 100 - can't lock file"):
        client.create(virtio0=IMPORTED)
    client.done(client.create())
