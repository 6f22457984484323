# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double in a process of its own, looked at and broken from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import requests
from proxmoxer import ProxmoxAPI

from tests.simulators.proxmox.control import ABOUT, Remote, RemoteError
from tests.simulators.proxmox.process import ROOT, process

from .clients import IMAGE


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Remote]:
    with process(tmp_path_factory.mktemp("process"), "--node", "pve2", "--pvestatd", "0.02") as started:
        yield started


def api(remote: Remote, node: str = "pve1") -> ProxmoxAPI:
    about = remote.about
    user, dummy, name = about["token_id"].partition("!")
    login = {"user": user, "token_name": name, "token_value": about["token_secret"]}
    return ProxmoxAPI(about["host"], port=about["ports"][node], verify_ssl=about["ca_path"], timeout=60, **login)


@pytest.fixture
def router(remote: Remote, tmp_path: Path) -> t.Iterator[ProxmoxAPI]:
    """A router that runs."""
    client = api(remote)
    image = tmp_path / "chr.raw"
    image.write_bytes(IMAGE)
    with image.open("rb") as file:
        client.nodes("pve1/storage/local/upload").post(content="import", filename=file)
    disk = {"virtio0": "local-lvm:0,import-from=local:import/chr.raw", "boot": "order=virtio0"}
    client.nodes("pve1/qemu").post(vmid=100, name="edge1", net0="virtio=02:00:00:00:00:01,bridge=vmbr0", **disk)
    client.nodes("pve1/qemu/100/status/start").post()
    yield client
    client.nodes("pve1/qemu/100/status/stop").post()
    client.nodes("pve1/qemu/100").delete()


def test_what_is_to_be_known_is_the_owner_s_alone(remote: Remote) -> None:
    file = Path(remote.about["ca_path"]).parent / ABOUT
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(remote.about) == {"host", "port", "ports", "user", "password", "token_id", "token_secret", "ca_path", "control"}


def test_each_node_answers_at_its_port(remote: Remote) -> None:
    assert [api(remote, node).version.get()["release"] for node in ("pve1", "pve2")] == ["9.0", "9.0"]


def test_guests_volumes_requests_and_routers_are_seen(remote: Remote, router: ProxmoxAPI) -> None:
    [guest] = remote.guests()
    assert (guest["vmid"], guest["node"], guest["status"], guest["config"]["name"]) == (100, "pve1", "running", "edge1")
    assert remote.volumes()["local-lvm"] == {"vm-100-disk-0": len(IMAGE)} and remote.volumes("pve2")["local-lvm"] == {}
    assert [(one["method"], one["path"]) for one in remote.asked()][-1] == ("POST", "/nodes/pve1/qemu/100/status/start")
    assert remote.ask(100, ":put [/interface get ether1 mac-address]") == "02:00:00:00:00:01\r\n"
    with pytest.raises(RemoteError, match=r"ValueError: .*oops"):
        remote.ask(100, ":error oops")
    with pytest.raises(RemoteError, match="no router runs in guest 999"):
        remote.ask(999, ":put hello")


def test_logins_are_tried(remote: Remote, router: ProxmoxAPI) -> None:
    assert [remote.logs_in(100, "admin", password) for password in ("", "guessed")] == [True, False], "the factory's"
    remote.ask(100, "/user set [find name=admin] password=guessed")
    assert [remote.logs_in(100, "admin", password) for password in ("", "guessed")] == [False, True]
    with pytest.raises(RemoteError, match="no router runs in guest 999"):
        remote.logs_in(999, "admin", "")


def test_nodes_tell_of_their_guests_by_themselves(router: ProxmoxAPI) -> None:
    while router.cluster.resources.get(type="vm")[0].get("name") != "edge1":
        pass


def test_it_is_broken_from_outside(remote: Remote, router: ProxmoxAPI) -> None:
    remote.fail_task("qmstop", "no")
    upid = router.nodes("pve1/qemu/100/status/stop").post()
    assert router.nodes(f"pve1/tasks/{upid}/status").get()["exitstatus"] == "no"
    remote.change(100, acpi=False)
    upid = router.nodes("pve1/qemu/100/status/shutdown").post()
    assert "got timeout" in router.nodes(f"pve1/tasks/{upid}/status").get()["exitstatus"]
    remote.lose_answer("GET", "/version")
    with pytest.raises(requests.ConnectionError):
        router.version.get()
    remote.move(100, "pve2")
    assert [guest["vmid"] for guest in router.nodes("pve2/qemu").get()] == [100]
    remote.move(100, "pve1")


def test_tasks_are_held_and_let_go(remote: Remote, router: ProxmoxAPI) -> None:
    remote.hold_tasks("qmreset")
    upid = router.nodes("pve1/qemu/100/status/reset").post()
    assert remote.reached("hold_tasks", "qmreset")
    task = router.nodes(f"pve1/tasks/{upid}/status")
    assert task.get()["status"] == "running"
    remote.release("hold_tasks", "qmreset")
    while task.get()["status"] == "running":
        pass
    assert task.get()["exitstatus"] == "OK"


def test_what_takes_time_is_begun_in_the_double_s_own_thread(remote: Remote, router: ProxmoxAPI) -> None:
    remote.hold_config_lock(100, None)
    with pytest.raises(Exception, match="can't lock file"):
        router.nodes("pve1/qemu/100/config").put(cores=2)
    remote.release_config_lock(100)
    router.nodes("pve1/qemu/100/config").put(cores=2)


def test_attributes_are_set_and_read(remote: Remote) -> None:
    remote.set(time_scale=0.5)
    assert remote.time_scale() == 0.5
    remote.set(time_scale=0)


@pytest.mark.parametrize(("name", "options"), [("bogus", {}), ("set", {"bogus": 1}), ("_told", {}), ("change", {"vmid": 100, "bogus": 1})])
def test_what_is_not_there_is_an_error(remote: Remote, router: ProxmoxAPI, name: str, options: dict[str, t.Any]) -> None:
    with pytest.raises(RemoteError, match="AttributeError"):
        remote.call(name, **options)


def test_without_the_key_nothing_is_done(remote: Remote) -> None:
    stranger = Remote(Path(remote.about["ca_path"]).parent)
    stranger.about["control"]["key"] = "guessed"
    with pytest.raises(RemoteError, match="wrong key"):
        stranger.guests()


def test_a_playbook_asks_by_a_command(remote: Remote, router: ProxmoxAPI) -> None:
    folder = str(Path(remote.about["ca_path"]).parent)
    command = [sys.executable, "-m", "tests.simulators.proxmox.control", folder, "ask", "100", '":put [/system/identity get name]"']
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout) == "MikroTik\r\n"


def test_it_ends_by_a_signal_and_with_its_standard_input(tmp_path: Path) -> None:
    for way in ("signal", "input"):
        command = [sys.executable, "-m", "tests.simulators.proxmox", str(tmp_path / way)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdin is not None and running.stdout is not None
            assert running.stdout.readline().strip() == str(tmp_path / way / ABOUT)
            if way == "signal":
                os.kill(running.pid, signal.SIGTERM)
            else:
                running.stdin.close()
            assert running.wait(600) == 0
