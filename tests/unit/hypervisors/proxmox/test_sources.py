# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new guest is made from, by release: an image that is uploaded, a template, an image that lies on the node; and where it goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakepve import FakeVm

from tests.contract.watched import KilledError
from tests.simulators.proxmox.asked import writes
from tests.simulators.proxmox.config import digest
from tests.simulators.proxmox.serving import ChrPve

from .conftest import Start
from .support import Options, api, connection_options, converge, guest, image, state, tried, vm

ROOT = {"token_id": None, "token_secret": None, "user": "root@pam", "password": "secret"}
GIB = 1 << 30


@pytest.fixture
def path(tmp_path: Path) -> str:
    return image(tmp_path / "chr-7.20.8.img")


def uploads(pve: ChrPve) -> int:
    return sum(one.path.endswith("/upload") for one in pve.asked)


# Images


def test_an_image_is_uploaded_once_by_a_name_that_tells_its_content(pve: ChrPve, options: Options, path: str, tmp_path: Path) -> None:
    converge(options, guest("edge1", path), guest("edge2", path))
    converge(options, guest("edge3", path))
    assert uploads(pve) == 1
    [name] = pve.storages["local"]["volumes"]
    assert re.fullmatch(r"import/chr-7\.20\.8-[0-9a-f]{16}\.raw", name)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "chr-7.20.8.img"
    other.write_bytes(Path(path).read_bytes() + bytes(512))
    converge(options, guest("edge4", str(other)))
    assert uploads(pve) == 2 and len(pve.storages["local"]["volumes"]) == 2


def test_an_image_that_was_cut_short_is_uploaded_again(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path))
    [volume] = pve.storages["local"]["volumes"].values()
    volume["size"] -= 1
    converge(options, guest("edge2", path))
    assert uploads(pve) == 2


def test_each_node_gets_the_image_on_a_storage_of_its_own(pve: ChrPve, options: Options, path: str) -> None:
    pve.add_node("pve2")
    converge(options, *(guest(f"edge{number}", path, proxmox={"node": f"pve{number}"}) for number in (1, 2)))
    assert uploads(pve) == 2


@pytest.mark.parametrize("release", ["7.4", "8.0"])
def test_before_8_4_there_is_an_early_and_exact_message(start: Start, files: tuple[str, str], path: str, release: str) -> None:
    pve = start(release)
    options = connection_options(pve, files[0])
    for check_mode in (True, False):
        said = str(tried(options, guest("edge1", path), check_mode=check_mode)["edge1"].error)
        assert f"Proxmox VE {release} takes no raw images over its API" in said and "8.4 or later" in said and "proxmox.template" in said
    assert writes(pve.asked) == [] and pve.vms == []


@pytest.mark.parametrize("release", ["7.4", "8.0", "8.4", "9.0"])
def test_root_may_name_an_image_on_the_node(start: Start, files: tuple[str, str], path: str, release: str) -> None:
    pve = start(release)
    pve.host_files["/root/chr.raw"] = Path(path).read_bytes()
    wanted = guest("edge1", path, state="started", disk_size=256, proxmox={"template": "/root/chr.raw"})
    del wanted["image"]
    refused = str(tried(connection_options(pve, files[0]), wanted)["edge1"].error)
    assert "only root@pam, logged in with its password" in refused and "root@pam!tests" in refused
    assert pve.vms == [], "a token is refused before anything is done"
    converge(connection_options(pve, files[0], **ROOT), wanted)
    assert vm(pve, "edge1").status == "running" and "size=256M" in vm(pve, "edge1").config["virtio0"]


# Templates


@pytest.fixture
def golden(pve: ChrPve, options: Options, path: str) -> FakeVm:
    """A template that was a router of ours, with three interfaces and a link up."""
    nics = [{"name": f"ether{number}", "network": "vmbr0"} for number in (1, 2, 3)]
    converge(options, guest("golden", path, interfaces=nics, cpus=4, proxmox={"tags": ["old"]}))
    made = vm(pve, "golden")
    made.config["net0"] = made.config["net0"].replace(",link_down=1", "")
    with api(options) as proxmox:
        proxmox.post(f"nodes/pve1/qemu/{made.vmid}/template")
    pve.pvestatd()
    return made


def from_template(name: str, path: str, **own: object) -> Options:
    wanted = guest(name, path, proxmox={"template": "golden", **own})
    del wanted["image"]
    return wanted


@pytest.mark.parametrize("clone", ["linked", "full"])
def test_a_clone_of_a_template_is_a_guest_of_its_own(pve: ChrPve, options: Options, path: str, golden: FakeVm, clone: str) -> None:
    before = digest(golden)
    wanted = from_template("edge1", path, disk_clone=clone)
    converge(options, {**wanted, "state": "started"})
    made, theirs = vm(pve, "edge1").config, golden.config
    assert made["smbios1"] != theirs["smbios1"] and "net2" not in made
    assert "serial=" in made["virtio0"] and made["virtio0"].split("serial=")[1] != theirs["virtio0"].split("serial=")[1]
    assert made["net0"].split(",")[0] != theirs["net0"].split(",")[0] and "link_down=1" in made["net0"], "closed, whatever the template was"
    assert (str(made["cores"]), made["tags"]) == ("1", "vrouter.mikrotik")
    seen = state(options, "edge1")
    assert seen.mark and seen.mark.guest_uuid == seen.uuid and seen.mark.image == "golden" and not seen.cloned
    assert not converge(options, wanted)["edge1"].has_changed
    assert digest(golden) == before


def test_a_clone_that_was_cut_short_is_finished(
    pve: ChrPve, options: Options, path: str, golden: FakeVm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*dummy: object) -> None:
        raise KilledError

    place = "ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.making.Maker._shape"
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(place, killed)
        tried(options, from_template("edge1", path))
    begun = vm(pve, "edge1")
    assert "net2" in begun.config, "it is as its template, but for the mark"
    converge(options, {**from_template("edge1", path), "state": "started"})
    assert [one.name for one in pve.vms].count("edge1") == 1 and "net2" not in begun.config and begun.status == "running"
    assert begun.config["net0"].split(",")[0] != golden.config["net0"].split(",")[0]


def test_templates_are_found_by_name_or_vmid_and_are_no_routers(pve: ChrPve, options: Options, path: str, golden: FakeVm) -> None:
    converge(options, from_template("edge1", path, template=str(golden.vmid)))
    assert "golden is a template" in str(tried(options, guest("golden", path))["golden"].error)
    said = str(tried(options, from_template("edge2", path, template="silver"))["edge2"].error)
    assert f"golden (VM {golden.vmid})" in said
    assert "a linked clone is where its template is" in str(tried(options, from_template("edge2", path, storage="local"))["edge2"].error)


# Places


def test_the_node_with_the_most_free_memory_that_has_everything_is_taken(pve: ChrPve, options: Options, path: str) -> None:
    for number, free in ((2, 40), (3, 60), (4, 90)):
        pve.add_node(f"pve{number}", mem=0, maxmem=free * GIB)
    pve.add_node("pve5", online=False, mem=0, maxmem=900 * GIB)
    for node in ("pve2", "pve3"):
        pve.interfaces(node).add_bridge("vmbr7")
    nics = [{"name": "ether1", "network": "vmbr7"}]
    converge(options, guest("edge1", path, interfaces=nics), guest("edge2", path))
    assert (vm(pve, "edge1").node, vm(pve, "edge2").node) == ("pve3", "pve4")


def test_guests_of_one_batch_are_spread(pve: ChrPve, options: Options, path: str) -> None:
    pve.nodes["pve1"].update(mem=0, maxmem=8 * GIB)
    pve.add_node("pve2", mem=0, maxmem=8 * GIB)
    converge(options, *(guest(f"edge{number}", path, memory=1024) for number in range(4)))
    assert sorted(one.node for one in pve.vms) == ["pve1", "pve1", "pve2", "pve2"]


def test_a_pool_and_an_id_are_the_guests(pve: ChrPve, options: Options, path: str) -> None:
    pve.pools["lab"] = set()
    made = converge(options, guest("edge1", path, proxmox={"pool": "lab", "vmid": 4711, "tags": ["x"]}))["edge1"]
    assert (made.facts["id"], made.facts["proxmox"]["pool"], made.facts["proxmox"]["tags"]) == ("4711", "lab", ["x"])
