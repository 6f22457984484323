# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""chr_guest on a real libvirt and real QEMU: create, converge, remove. The guests only halt: no router is needed here."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import libvirt
import pytest

from tests.module_runs import Json

from .conftest import options
from .support import domain_names, domain_xml, everything, guest, host, links, run, volumes


def test_check_mode_predicts_a_new_guest_to_the_field_and_touches_nothing(cheap: Json) -> None:
    wanted = {**cheap, "state": "started", "description": "an <edge> & more", "autostart": True}
    before = everything()
    predicted = guest(check=True, **wanted).ok()
    assert everything() == before
    made = guest(**wanted).ok()
    assert made.changed
    assert made.objects["it-g1"]["diff"] == predicted.objects["it-g1"]["diff"]
    after = made.result["diff"][0]["after"]
    assert (after["exists"], after["power"], after["memory"], after["autostart"]) == (True, "running", 272, True)
    assert after["interfaces"]["ether2"] == {"network": "it-lan", "model": "virtio", "link": False}
    entry = made.objects["it-g1"]
    assert (entry["power"], entry["ours"], entry["configured"]) == ("running", True, False)
    assert domain_xml("it-g1").findtext("description") == "an <edge> & more"


def test_the_second_run_changes_nothing(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    before = everything()
    again = guest(**cheap, state="started").ok()
    assert not again.changed
    assert again.result["diff"] == []
    assert everything() == before


def test_a_new_guest_is_closed_and_its_ports_have_fixed_places_and_stable_macs(cheap: Json) -> None:
    entry = guest(**cheap, state="started").ok().objects["it-g1"]
    assert links("it-g1") == ["down"] * 4
    nics = domain_xml("it-g1").findall("devices/interface")
    assert [nic.find("address").get("slot") for nic in nics] == ["0x08", "0x09"]  # type: ignore[union-attr]
    shown = [nic.find("mac").get("address") for nic in nics]  # type: ignore[union-attr]
    assert [nic["mac"] for nic in entry["interfaces"]] == shown
    assert len(set(shown)) == 2
    assert all(str(mac).startswith("02:") for mac in shown)


def test_links_asked_up_stay_down_until_configured_and_then_follow(cheap: Json) -> None:
    nics = [{**nic, "link": True} for nic in cheap["interfaces"]]
    guest(**{**cheap, "interfaces": nics, "state": "started"}).ok()
    assert links("it-g1") == ["down"] * 4
    before = everything()
    predicted = guest(check=True, name="it-g1", interfaces=nics, configured=True).ok()
    assert everything() == before
    raised = guest(name="it-g1", interfaces=nics, configured=True).ok()
    assert raised.fields("it-g1") == predicted.fields("it-g1") == ["configured", "interfaces.ether1.link", "interfaces.ether2.link"]
    assert links("it-g1") == ["up"] * 4
    cut = guest(name="it-g1", interfaces=[{"name": "ether2", "link": False}]).ok()
    assert cut.fields("it-g1") == ["interfaces.ether2.link"]
    assert "left alone: ether1" in cut.warnings
    assert links("it-g1") == ["up", "down"] * 2
    closed = guest(name="it-g1", configured=False).ok()
    assert closed.fields("it-g1") == ["interfaces.ether1.link", "configured"]
    assert links("it-g1") == ["down"] * 4


def test_a_running_guest_whose_links_somebody_raised_is_closed(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    nic = domain_xml("it-g1").find("devices/interface")
    assert nic is not None
    nic.find("link").set("state", "up")  # type: ignore[union-attr]
    with host() as connection:
        xml = ET.tostring(nic, encoding="unicode")
        connection.lookupByName("it-g1").updateDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    assert links("it-g1") == ["up", "down", "down", "down"]
    assert guest(**cheap).ok().fields("it-g1") == ["interfaces.ether1.link"]
    assert links("it-g1") == ["down"] * 4


def test_the_gate_opens_before_first_boot_only_when_asked(cheap: Json) -> None:
    guest(**cheap, link_before_first_boot=True, state="started").ok()
    assert links("it-g1") == ["up"] * 4
    assert guest(**cheap).ok().changed
    assert links("it-g1") == ["down"] * 4


def test_power_autostart_and_description_are_converged_and_named(cheap: Json) -> None:
    guest(**cheap, description="first").ok()
    off = {"force_off": True, "shutdown_timeout": 0}
    steps: list[tuple[Json, list[str], str]] = [
        ({"state": "started"}, ["power"], "running"),
        ({"autostart": True, "description": "second"}, ["autostart", "description"], "running"),
        ({"state": "restarted", **off}, ["power"], "running"),
        ({"state": "stopped", **off}, ["power"], "stopped"),
        ({"state": "stopped"}, [], "stopped"),
    ]
    for wanted, fields, power in steps:
        before = everything()
        predicted = guest(check=True, **{**cheap, "autostart": None, **wanted}).ok()
        assert everything() == before
        ran = guest(**{**cheap, "autostart": None, **wanted}).ok()
        assert ran.fields("it-g1") == predicted.fields("it-g1") == fields
        assert ran.objects["it-g1"]["power"] == power
    with host() as connection:
        assert connection.lookupByName("it-g1").autostart()
    assert domain_xml("it-g1").findtext("description") == "second"


def test_a_suspended_guest_is_resumed_by_started(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    with host() as connection:
        connection.lookupByName("it-g1").suspend()
    ran = guest(name="it-g1", state="started").ok()
    assert ran.objects["it-g1"]["changes"][0]["before"] == "suspended"
    assert ran.objects["it-g1"]["power"] == "running"


def test_power_is_not_cut_unasked(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    refused = guest(name="it-g1", state="stopped", shutdown_timeout=0)
    assert "force_off" in refused.message
    assert refused.objects["it-g1"]["power"] == "running"
    assert not refused.changed
    kept = guest(name="it-g1", state="absent", confirm="it-g1", shutdown_timeout=0)
    assert "force_off" in kept.message
    assert "it-g1" in domain_names()


def test_a_guest_goes_with_its_disk_and_leaves_the_image(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    [disk] = guest(name="it-g1").ok().objects["it-g1"]["disks"]
    before = everything()
    for confirm in (None, "it-g2"):
        refused = guest(name="it-g1", state="absent", confirm=confirm)
        assert disk in refused.message
        assert "confirm: it-g1" in refused.message
    wanted: Json = {"name": "it-g1", "state": "absent", "confirm": "it-g1", "force_off": True, "shutdown_timeout": 0}
    predicted = guest(check=True, **wanted).ok()
    assert everything() == before
    gone = guest(**wanted).ok()
    assert gone.fields("it-g1") == predicted.fields("it-g1") == ["power", "exists"]
    assert gone.objects["it-g1"]["exists"] is False
    assert "it-g1" not in domain_names()
    assert disk not in volumes()
    assert any(volume.startswith("halting-") for volume in volumes())
    assert not guest(**wanted).ok().changed


def test_a_volume_that_is_not_the_guests_own_stays(cheap: Json) -> None:
    guest(**cheap).ok()
    with host() as connection:
        pool = connection.storagePoolLookupByName("default")
        pool.createXML("<volume><name>it-data.img</name><capacity>1048576</capacity></volume>")
        disk = "<disk type='volume' device='disk'><source pool='default' volume='it-data.img'/><target dev='vdb' bus='virtio'/></disk>"
        connection.lookupByName("it-g1").attachDeviceFlags(disk, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    guest(name="it-g1", state="absent", confirm="it-g1").ok()
    assert "it-data.img" in volumes()


@pytest.mark.parametrize(
    "hardware",
    [
        {"libvirt": {"machine": "q35"}, "disk_bus": "sata"},
        {"libvirt": {"machine": "q35"}},
        {"disk_bus": "ide"},
        {"disk_bus": "sata", "cpus": 2, "memory": 288},
        {"libvirt": {"disk_clone": "full"}, "disk_size": 256, "serial_console": False, "agent": False},
    ],
    ids=lambda hardware: "-".join(str(value) for value in hardware.values()),
)
def test_every_kind_of_hardware_starts_and_is_found_again(cheap: Json, hardware: Json) -> None:
    models = ("e1000", "vmxnet3")
    nics = [{**nic, "model": model} for nic, model in zip(cheap["interfaces"], models, strict=True)]
    wanted = {**cheap, **hardware, "interfaces": nics, "state": "started"}
    made = guest(**wanted).ok()
    assert [nic["name"] for nic in made.objects["it-g1"]["interfaces"]] == ["ether1", "ether2"]
    assert not guest(**wanted).ok().changed
    [disk] = made.objects["it-g1"]["disks"]
    with host() as connection:
        volume = connection.storagePoolLookupByName("default").storageVolLookupByName(disk)
        assert int(volume.info()[1]) >> 20 == hardware.get("disk_size", 1)
        assert ("backingStore" in volume.XMLDesc()) is (hardware.get("libvirt", {}).get("disk_clone") != "full")


def test_guests_of_one_image_share_one_base_and_fail_alone(halting: str) -> None:
    good = [options(f"it-g{number}", halting, state="started") for number in range(1, 4)]
    bad = options("it-bad", halting, interfaces=[{"name": "ether1", "network": "it-nowhere"}])
    ran = run("chr_guest", guests=[*good, bad])
    assert "it-bad: network it-nowhere does not exist" in ran.message
    assert "it-wan" in ran.message  # those there are
    assert {name for name, entry in ran.objects.items() if entry["failed"]} == {"it-bad"}
    assert all(ran.objects[entry["name"]]["power"] == "running" for entry in good)
    assert len([volume for volume in volumes() if volume.startswith("halting-")]) == 2  # the base and its seal


def test_guest_info_reads_many_and_asks_no_agent_that_is_not_there(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    before = everything()
    ran = run("chr_guest_info", names=["it-g1", "it-g2"]).ok()
    assert ran.objects["it-g1"]["power"] == "running"
    assert "router" not in ran.objects["it-g1"]
    assert (ran.objects["it-g2"]["exists"], ran.objects["it-g2"]["failed"]) == (False, False)
    assert everything() == before


def test_check_mode_believes_what_an_earlier_phase_planned(cheap: Json) -> None:
    nics = [{"name": "ether1", "network": "it-planned"}]
    wanted = {**cheap, "image": "/nowhere/chr.img", "interfaces": nics}
    assert "cannot be read" in guest(check=True, **wanted).message
    planned = {"networks": ["it-planned"], "images": ["/nowhere/chr.img"]}
    assert run("chr_guest", check=True, guests=[wanted], planned=planned).ok().changed
