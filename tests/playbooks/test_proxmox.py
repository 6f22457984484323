# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same playbooks on Proxmox VE, over TLS: on the double, whose guests are simulated CHRs."""

from __future__ import annotations

import json
import sys
import typing as t
from contextlib import closing
from pathlib import Path

import pytest
from fakepve import FakeVm

from tests.playbooks.stage import Stage
from tests.simulators.proxmox import machine
from tests.simulators.proxmox.asked import without_polling, writes
from tests.simulators.proxmox.config import digest
from tests.simulators.proxmox.node_ssh import Node
from tests.simulators.proxmox.schemas import AbsentError, schema_of
from tests.simulators.proxmox.serving import ChrPve, certificate, serve
from tests.simulators.routeros.agent import GuestAgent

PASSWORD = "sesame-open-1"
TOKEN = "chr-tests-secret-of-the-token"
Hosts = dict[str, dict[str, t.Any]]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return certificate(tmp_path_factory.mktemp("proxmox"))


@pytest.fixture
def pve(request: pytest.FixtureRequest, files: tuple[str, str]) -> t.Iterator[ChrPve]:
    """The double, with another's guest, which is the same afterwards. A parameter is its release."""
    release = getattr(request, "param", "9.0")
    try:
        schema_of(release)
    except AbsentError as absent:
        pytest.skip(str(absent))
    with serve(ChrPve(release), files) as double:
        double.apitokens["root@pam!tests"] = TOKEN
        config = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1", "description": "theirs"}
        theirs = double.add_vm(900, "theirs", node="pve1", status="running", config=config)
        before = digest(theirs)
        yield double
        assert digest(theirs) == before


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def routers(stage: Stage, pve: ChrPve, ca: str, count: int = 2, **variables: t.Any) -> Hosts:
    """An inventory of routers."""
    image = stage.folder / "chr-7.20.8.img"
    image.write_bytes(b"vrouter.version=7.20.8 ".ljust(510, b"\0") + b"\x55\xaa" + bytes(65_024))
    common: dict[str, t.Any] = {
        "chr_hypervisor": "proxmox",
        "chr_proxmox_hosts": ["localhost.invalid", pve.host],
        "chr_proxmox_port": pve.port,
        "chr_proxmox_token_id": "root@pam!tests",
        "chr_proxmox_token_secret": TOKEN,
        "chr_proxmox_ca_path": ca,
        "chr_version": "7.20.8",
        "chr_image_path": str(image),
        "chr_networks": [{"name": "wan", "attach_to": "vmbr0"}, {"name": "lan", "attach_to": "vmbr0", "vlan_tag": 20}],
        "chr_interfaces": [{"name": "ether1", "network": "wan"}, {"name": "ether2", "network": "lan"}],
        "chr_first_boot_admin_password": PASSWORD,
        **variables,
    }
    return {f"r{number}": {**common, "chr_first_boot_identity": f"r{number}"} for number in range(1, count + 1)}


def vm(pve: ChrPve, name: str) -> FakeVm:
    found: FakeVm = next(vm for vm in pve.vms if vm.name == name)
    return found


def test_two_routers_from_nothing_to_removed(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    described = routers(stage, pve, files[0])
    predicted = stage.provision(described, "--check", "--diff")
    assert "2 pending" in predicted.output, predicted.output
    assert writes(pve.asked) == []

    done = stage.provision(described, "-vvv")
    assert "2 done" in done.output, done.output
    assert TOKEN not in done.output and PASSWORD not in done.output
    assert " lan up" in done.output, "the table names segments"
    guest = vm(pve, "r1")
    assert guest.status == "running" and "link_down" not in guest.config["net0"]
    assert "tag=20" in guest.config["net1"] and guest.config["tags"] == "vrouter.mikrotik"
    assert pve.machines[guest.vmid].router is not None

    pve.pvestatd()
    for options in ((), ("--check", "--diff")):
        pve.asked.clear()
        again = stage.provision(described, *options)
        assert "Nothing changed: 0 done, 2 unchanged" in again.output, again.output
        assert writes(pve.asked) == []

    described["r1"].update(chr_first_boot_identity="renamed", chr_license_minimum_level="p1")
    drifted = stage.provision(described)
    assert "r1: drift. identity: " in drifted.output and "free (below)" in drifted.output, drifted.output
    confirmed = stage.run("destroy", described, "--extra-vars", json.dumps({"confirm": ["r1", "r2"]}))
    assert "2 done" in confirmed.output, confirmed.output
    assert [guest.name for guest in pve.vms] == ["theirs"]
    assert not pve.storages["local-lvm"].get("volumes"), "no disk is left"


@pytest.mark.parametrize("pve", ["7.4", "8.4"], indirect=True)
def test_older_releases(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    described = routers(stage, pve, files[0], 1)
    if pve.release_version == "7.4":
        early = stage.provision(described)
        assert "takes no raw images over its API" in early.output and writes(pve.asked) == [], early.output
        pve.host_files["/root/chr.img"] = (stage.folder / "chr-7.20.8.img").read_bytes()
        root = {"chr_proxmox_user": "root@pam", "chr_proxmox_password": "secret", "chr_proxmox_template": "/root/chr.img"}
        described["r1"] = {key: value for key, value in described["r1"].items() if "token" not in key and "image" not in key} | root
    done = stage.provision(described)
    assert "1 done" in done.output, done.output
    assert "Nothing changed: 0 done, 1 unchanged" in stage.provision(described).output


def test_a_run_without_change_asks_little(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    """Of each router that runs: one request by chr_guest, and at most six more by all else."""
    counts = []
    for count in (1, 3):
        described = routers(stage, pve, files[0], count)
        assert "0 failed" in stage.provision(described).output
        pve.pvestatd()
        pve.asked.clear()
        again = stage.provision(described)
        assert f"Nothing changed: 0 done, {count} unchanged" in again.output, again.output
        counts.append([str(one) for one in without_polling(pve.asked)])
    assert len(counts[1]) - len(counts[0]) <= (1 + 6) * 2, "\n".join(counts[1])


def test_scripts_and_files_get_to_a_router(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    described = routers(stage, pve, files[0], 1)
    assert "1 done" in stage.provision(described).output
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    connection = {
        "hosts": [pve.host],
        "port": pve.port,
        "token_id": "root@pam!tests",
        "token_secret": TOKEN,
        "ca_path": files[0],
    }
    group = {"group/vrouter.mikrotik.hypervisor": {"proxmox": connection}}
    tasks: list[dict[str, t.Any]] = [
        {"vrouter.mikrotik.chr_script": {"scripts": [{"guest": "r1", "source": ":put [/system/identity get name]"}]}, "register": "said"},
        {"vrouter.mikrotik.chr_file": {"files": [{"guest": "r1", "name": "a.txt", "content": "hello"}]}},
        {"vrouter.mikrotik.chr_file": {"files": [{"guest": "r1", "name": "a.txt", "dest": str(stage.folder / "back")}]}},
        {"ansible.builtin.assert": {"that": ["said.guests.r1.scripts[0].output == 'r1'"]}},
    ]
    played = stage.play({"localhost": here}, tasks, module_defaults=group)
    assert played.stats("failures") == [], played.output
    assert (stage.folder / "back").read_text() == "hello"


def test_a_cluster_that_is_away_is_one_line(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    described = routers(stage, pve, files[0], chr_proxmox_hosts=["127.0.0.1:9"])
    failed = stage.provision(described)
    assert failed.hosts("failed") == ["r1", "r2"] or failed.stats("failures") == ["r1", "r2"]
    assert "Proxmox VE cannot be reached at 127.0.0.1:9" in failed.output
    assert "Traceback" not in failed.output and TOKEN not in failed.output


class ExecutingAgent(GuestAgent):
    """A CHR that executes the file that a path names."""

    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        super().__init__(*args, **options)
        self.runs_files = True


def test_a_chr_that_executes_files_and_takes_no_script_beside_a_null_path(
    stage: Stage, pve: ChrPve, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pve.takes_null_path = False
    monkeypatch.setattr(machine, "GuestAgent", ExecutingAgent)
    described = routers(stage, pve, files[0], count=1)
    done = stage.provision(described, "-vvv")
    assert "1 done" in done.output and PASSWORD not in done.output, done.output
    router = pve.machines[vm(pve, "r1").vmid].router
    assert router is not None and router.identity == "r1"
    assert router.execute(":put [:len [/file find]]").output == "0\r\n", "no script is left"
    assert "1 unchanged" in stage.provision(described).output


def test_a_chr_that_only_its_node_can_give_a_script(stage: Stage, pve: ChrPve, files: tuple[str, str], tmp_path: Path) -> None:
    pve.takes_null_path = False
    described = routers(stage, pve, files[0], count=1)
    failed = stage.provision(described)
    assert "cannot hand scripts to this router's agent" in failed.output and "proxmox.ssh_user" in failed.output, failed.output
    assert "link_down=1" in vm(pve, "r1").config["net0"]
    with closing(Node(pve, tmp_path)) as node:
        described["r1"].update(chr_proxmox_ssh_user="root", chr_proxmox_ssh_config=node.config())
        done = stage.provision(described, "-vvv")
        assert "1 done" in done.output and PASSWORD not in done.output + "".join(node.commands), done.output
    assert "link_down" not in vm(pve, "r1").config["net0"]


def test_answers_of_agents_that_get_lost(stage: Stage, pve: ChrPve, files: tuple[str, str]) -> None:
    described = routers(stage, pve, files[0])
    pve.fail("POST", "/agent/exec", 596, "Broken pipe", times=1)
    pve.fail("GET", "/agent/exec-status", 500, "QEMU guest agent is not running", times=3)
    done = stage.provision(described)
    assert "2 done" in done.output, done.output
    for name in described:
        router = pve.machines[vm(pve, name).vmid].router
        assert router is not None and router.identity == name
