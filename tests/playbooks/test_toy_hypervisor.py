# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hypervisor that is added as docs/developing.md says: modules and whole playbooks run on it."""

from __future__ import annotations

import sys
import tempfile
import typing as t
from contextlib import closing
from pathlib import Path

import pytest

from tests.playbooks.stage import Stage
from tests.toy.host import Host
from tests.toy.recipe import add_module, add_toy
from tests.workshop import Workshop

PASSWORD = "sesame-open-1"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The collection with a hypervisor and a module more."""
    copy = Workshop(tmp_path_factory.mktemp("workshop"))
    add_toy(copy)
    add_module(copy)
    copy.generate()
    return copy


@pytest.fixture
def host(request: pytest.FixtureRequest) -> t.Iterator[Host]:
    """The hypervisor; a parameter says whether the ways into its routers give text back, or only an exit code."""
    returns_text = getattr(request, "param", True)
    with tempfile.TemporaryDirectory() as folder, closing(Host(f"{folder}/toy", returns_text=returns_text)) as host:  # its path must be short
        yield host


@pytest.fixture
def stage(tmp_path: Path, workshop: Workshop) -> Stage:
    return Stage(tmp_path, workshop.collections)


def routers(stage: Stage, host: Host, **variables: t.Any) -> dict[str, dict[str, t.Any]]:
    """An inventory of two routers on the toy hypervisor."""
    image = stage.folder / "chr-7.20.8.img"
    image.write_bytes(bytes(510) + b"\x55\xaa")  # it bears the signature of a disk that boots
    common: dict[str, t.Any] = {
        "chr_hypervisor": "toy",
        "chr_toy_socket": host.socket,
        "chr_toy_shelf": "lower",
        "chr_libvirt_machine": "q35",  # another hypervisor's word: it is for routers there
        "chr_version": "7.20.8",
        "chr_image_path": str(image),
        "chr_networks": [{"name": "lan"}],
        "chr_interfaces": [{"name": "ether1", "network": "lan"}],
        "chr_first_boot_admin_password": PASSWORD,
        **variables,
    }
    return {name: {**common, "chr_first_boot_identity": name} for name in ("r1", "r2")}


@pytest.mark.parametrize("host", [True, False], ids=["text", "no text"], indirect=True)
def test_a_playbook_runs_on_it(stage: Stage, host: Host) -> None:
    described = routers(stage, host)
    predicted = stage.provision(described, "--check")
    assert "2 pending" in predicted.output and host.toy.guests == {}

    done = stage.provision(described)
    assert "2 done" in done.output, done.output
    guest = host.toy.guests["r1"]
    assert guest.location == "lower" and guest.power == "running" and guest.configured
    assert [nic.link for nic in guest.interfaces] == [True]
    assert host.toy.routers["r1"].ask("[/system identity get name]") == "r1"

    host.toy.routers["r1"].router.execute("/system identity set name=by-hand")
    again = stage.provision(described)
    assert "Nothing changed: 0 done, 2 unchanged" in again.output, again.output
    described["r1"]["chr_first_boot_identity"] = "renamed"
    drifted = stage.provision(described)
    field = "identity" if host.toy.returns_text else "settings"  # which one cannot be read without text
    assert f"r1: drift. {field}: " in drifted.output
    assert host.toy.routers["r1"].ask("[/system identity get name]") == "by-hand", "first boot happens once"


def test_it_gets_images_in_its_own_format_or_none_where_a_template_stands_in(stage: Stage, host: Host) -> None:
    described = routers(stage, host)
    described["r2"].update(chr_toy_template="golden", chr_image_path="/nowhere/chr.img")
    done = stage.provision(described)
    assert "2 done" in done.output, done.output
    marks = [host.toy.guests[name].mark for name in ("r1", "r2")]
    assert marks[0] is not None and marks[0].image.endswith(".vmdk")
    assert marks[1] is not None and marks[1].image == "golden"


@pytest.mark.parametrize("host", [False], ids=["no text"], indirect=True)
def test_what_needs_text_is_refused_with_the_other_way_and_the_rest_works(stage: Stage, host: Host) -> None:
    described = routers(stage, host, chr_license_minimum_level="p1")
    assert "chr_license_api" in stage.provision(described).message("r1")
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    group = {"group/vrouter.mikrotik.hypervisor": {"toy": {"socket": host.socket}}}
    asked = (
        ("chr_script", {"scripts": [{"guest": "r1", "source": ":put 1", "read_only": True}]}),
        ("chr_file", {"files": [{"guest": "r1", "name": "a", "content": "b"}]}),
        ("chr_license", {"routers": [{"name": "r1"}]}),
    )
    refusals = [{f"vrouter.mikrotik.{module}": options, "ignore_errors": True} for module, options in asked]
    started = len(host.toy.routers["r1"].way.started)
    said = stage.play({"localhost": here}, refusals, module_defaults=group).message("localhost")
    for words in ("what a read_only script prints cannot be had here", "files cannot be moved here", "Give the router's API"):
        assert words in said
    assert len(host.toy.routers["r1"].way.started) == started, "refused before anything is touched"

    rename = {"guest": "r1", "source": "/system identity set name=renamed", "unless": '[/system identity get name] = "renamed"'}
    twice: list[dict[str, t.Any]] = [
        {"vrouter.mikrotik.chr_script": {"scripts": [rename]}, "register": "found", "failed_when": f"found is {other}changed"}
        for other in ("not ", "")
    ]
    assert stage.play({"localhost": here}, twice, module_defaults=group).stats("failures") == []
    assert host.toy.routers["r1"].ask("[/system identity get name]") == "renamed"


def test_modules_run_on_it(stage: Stage, host: Host) -> None:
    assert stage.provision(routers(stage, host)).stats("failures") == []
    ask = {"vrouter.mikrotik.chr_place_info": {}, "register": "found"}
    same = {"ansible.builtin.assert": {"that": ["found.places == {'r1': 'lower', 'r2': 'lower'}"]}}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    group = {"group/vrouter.mikrotik.hypervisor": {"toy": {"socket": host.socket}}}
    asked = stage.play({"localhost": here}, [ask, same], module_defaults=group)
    assert asked.stats("failures") == [], asked.output

    both = {**ask, "vrouter.mikrotik.chr_place_info": {"libvirt": {"uri": "qemu:///system"}}}
    refused = stage.play({"localhost": here}, [both], module_defaults=group)
    assert "mutually exclusive: libvirt|proxmox|toy" in refused.message("localhost")


def test_a_hypervisor_that_is_away_is_one_line(stage: Stage, host: Host) -> None:
    described = routers(stage, host)
    host.close()
    away = stage.provision(described)
    assert "toy.socket: nobody answers at" in away.message("r1")


def test_two_routers_of_one_guest_fail_before_anything_is_made(stage: Stage, host: Host) -> None:
    described = routers(stage, host)
    described["r2"]["chr_guest_name"] = "r1"
    done = stage.provision({**described, "r3": described["r1"] | {"chr_first_boot_identity": "r3"}})
    assert done.stats("failures") == ["r1", "r2"]
    for name in ("r1", "r2"):
        assert "r1 is the guest of r1 and of r2. Give each router a name of its own (chr_guest_name)" in done.message(name)
    assert list(host.toy.guests) == ["r3"]
